//! Layers that move elements and leave them as they are.
mod borders;
mod cropping;
mod flatten;
mod permute;
mod repeat_vector;
#[allow(clippy::module_inception)]
mod reshape;
mod up_sampling;
mod zero_padding;

pub use borders::Borders;
pub use cropping::{Cropping1D, Cropping2D, Cropping3D};
pub use flatten::Flatten;
pub use permute::Permute;
pub use repeat_vector::RepeatVector;
pub use reshape::Reshape;
pub use up_sampling::{Interpolation, UpSampling1D, UpSampling2D, UpSampling3D};
pub use zero_padding::{ZeroPadding1D, ZeroPadding2D, ZeroPadding3D};
