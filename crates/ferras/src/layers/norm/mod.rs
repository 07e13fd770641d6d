//! Normalizations.
mod batch_normalization;
mod group_normalization;
mod layer_normalization;
mod renorm;
mod rms_normalization;
mod spectral_normalization;
mod unit_normalization;

pub use batch_normalization::BatchNormalization;
pub use group_normalization::GroupNormalization;
pub use layer_normalization::LayerNormalization;
pub use renorm::RenormClipping;
pub use rms_normalization::RMSNormalization;
pub use spectral_normalization::SpectralNormalization;
pub use unit_normalization::UnitNormalization;

use super::ShapeCheck;
use crate::Result;
use crate::config::Axes;
use ferras_graph::{DType, Value};

/// The sizes of a weight along axes of the input, in Keras' order: that of the numbers that name the
/// axes, so that those counted from the end come first.
fn sizes_along(axes: &Axes, input: ShapeCheck<'_>) -> Result<Vec<usize>> {
    axes.resolve(input.shape().len())?;
    let mut axes = axes.as_slice().to_vec();
    axes.sort_unstable();
    axes.into_iter().map(|axis| input.known(axis)).collect()
}

/// 16-bit floats as float32: statistics need its precision and its range.
fn widen(x: &Value) -> Value {
    match x.dtype() {
        DType::F32 | DType::F64 => x.clone(),
        _ => x.cast(DType::F32),
    }
}
