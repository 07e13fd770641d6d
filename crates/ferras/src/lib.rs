//! Keras in Rust.
mod error;

pub use error::{Error, Result};
pub use ferras_graph::{DType, Shape, Tensor};
