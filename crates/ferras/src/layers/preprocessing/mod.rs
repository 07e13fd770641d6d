//! Layers that prepare data inside the model.
mod rescaling;

pub use rescaling::Rescaling;
