//! Layers that prepare data, inside the model or on a data set.
mod image;
mod rescaling;

pub use image::*;
pub use rescaling::Rescaling;
