//! The basic layers.
mod dense;
mod input_layer;

pub use dense::Dense;
pub use input_layer::InputLayer;
