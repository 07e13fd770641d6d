//! Keras in Rust.
pub mod config;
mod error;

pub use error::{Error, Result};
pub use ferras_graph::{DType, Shape, Tensor};
