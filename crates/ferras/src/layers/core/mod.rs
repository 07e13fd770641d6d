//! The basic layers.
mod activation;
mod dense;
mod identity;
mod input_layer;

pub use activation::Activation;
pub use dense::Dense;
pub use identity::Identity;
pub use input_layer::InputLayer;
