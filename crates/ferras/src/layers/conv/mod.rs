//! Convolutions.
mod convolution;
mod depthwise;

pub use convolution::{Conv1D, Conv2D, Conv3D};
pub use depthwise::{DepthwiseConv1D, DepthwiseConv2D};
