//! The basic layers.
mod activation;
mod dense;
mod embedding;
mod identity;
mod input_layer;
mod masking;

pub use activation::Activation;
pub use dense::Dense;
pub use embedding::Embedding;
pub use identity::Identity;
pub use input_layer::InputLayer;
pub use masking::Masking;
