//! The compute graph of Ferras: shapes, element types, a closed set of ops, their shapes and
//! gradients, passes over graphs, and the two traits that make a back end. It knows nothing of
//! Keras, nor of any device.
mod backend;
mod builder;
mod compose;
pub mod conformance;
mod dtype;
mod error;
mod grad;
mod infer;
mod interpret;
mod ir;
pub mod pass;
mod print;
pub mod random;
mod shape;
mod tensor;
mod value;

pub use backend::{Backend, Buffer, DeviceMemory, Executable, Signature, StateArg};
pub use builder::{Builder, Value};
pub use compose::{Resample, same_padding};
pub use dtype::DType;
pub use error::{Error, Result};
pub use grad::{gradients, gradients_with};
pub use infer::infer;
pub use interpret::{Interpreter, evaluate};
pub use ir::{
    Binary, Compare, ConvDims, DotDims, Feed, Graph, Node, NodeId, Op, Reduce, Scan, State, Unary,
    Window,
};
pub use shape::{Shape, TensorType};
pub use tensor::{Element, Elements, Tensor, TensorData, TensorView};
pub use value::Operand;
