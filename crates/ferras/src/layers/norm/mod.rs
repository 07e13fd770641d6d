//! Normalizations.
mod batch_normalization;
mod layer_normalization;

pub use batch_normalization::BatchNormalization;
pub use layer_normalization::LayerNormalization;

use ferras_graph::{DType, Value};

/// 16-bit floats as float32: statistics need its precision and its range.
fn widen(x: &Value) -> Value {
    match x.dtype() {
        DType::F32 | DType::F64 => x.clone(),
        _ => x.cast(DType::F32),
    }
}

/// The type of what goes out: the input's, or float32 for integers.
fn narrow(y: &Value, x: &Value) -> Value {
    if x.dtype().is_float() { y.cast(x.dtype()) } else { y.clone() }
}
