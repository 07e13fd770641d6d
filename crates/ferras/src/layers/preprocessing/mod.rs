//! Layers that prepare data, inside the model or on a data set.
mod audio;
mod category_encoding;
mod discretization;
mod encoding;
mod image;
mod normalization;
mod numbers;
mod rescaling;
mod text;
#[cfg(test)]
mod tests;

pub use audio::*;
pub use category_encoding::CategoryEncoding;
pub use discretization::Discretization;
pub use encoding::OutputMode;
pub use image::*;
pub use normalization::Normalization;
pub use numbers::Numbers;
pub use rescaling::Rescaling;
pub use text::*;
