//! Convolutions.

/// How a layer's filters go over its input, of the arguments that all convolutions have.
macro_rules! windows {
    ($layer:expr, $in_time:expr) => {
        Windows {
            argument: "kernel_size",
            size: &$layer.kernel_size.0,
            strides: &$layer.strides.0,
            dilation: &$layer.dilation_rate.0,
            padding: &$layer.padding,
            in_time: $in_time,
            format: &$layer.data_format,
        }
    };
}

mod convolution;
mod depthwise;
mod locally_connected;
mod separable;
mod transposed;

pub(super) use convolution::convolve;
pub use convolution::{Conv1D, Conv2D, Conv3D};
pub(super) use depthwise::convolve_depthwise;
pub use depthwise::{DepthwiseConv1D, DepthwiseConv2D};
pub use locally_connected::{LocallyConnected1D, LocallyConnected2D};
pub use separable::{SeparableConv1D, SeparableConv2D};
pub(super) use transposed::Transposed;
pub use transposed::{Conv1DTranspose, Conv2DTranspose, Conv3DTranspose};
