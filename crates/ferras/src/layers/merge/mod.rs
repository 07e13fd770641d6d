//! Layers that make one of several.
mod concatenate;
mod dot;
mod elementwise;

pub use concatenate::Concatenate;
pub use dot::Dot;
pub use elementwise::{Add, Average, Maximum, Minimum, Multiply, Subtract};
