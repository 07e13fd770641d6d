//! The compute graph of Ferras. It knows nothing of Keras, nor of any device.
mod dtype;
mod error;
mod shape;
mod tensor;

pub use dtype::DType;
pub use error::{Error, Result};
pub use shape::{Shape, TensorType};
pub use tensor::{Element, Elements, Tensor, TensorData, TensorView};
