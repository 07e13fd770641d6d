//! Layers that keep a network from learning by heart.
mod activity_regularization;
mod dropout;
mod gaussian;
mod spatial_dropout;

pub use activity_regularization::ActivityRegularization;
pub use dropout::Dropout;
pub use gaussian::{GaussianDropout, GaussianNoise};
pub use spatial_dropout::{SpatialDropout1D, SpatialDropout2D};

use super::{Build, Call};
use crate::Result;
use ferras_graph::{Shape, Value};

/// An error unless the share lies within 0 and 1.
fn check_rate(cx: &Build, rate: f64) -> Result<()> {
    if (0.0..=1.0).contains(&rate) {
        return Ok(());
    }
    Err(cx.error(format!(
        "rate must be a share of at least 0 and at most 1, got {rate}{}",
        if rate > 1.0 && rate <= 100.0 { "; 25 % is 0.25" } else { "" }
    )))
}

/// In training, x with a share of its elements at 0 and the others larger in turn; elements that
/// share a place in `noise_shape` share their fate.
fn drop_out(cx: &mut Call, rate: f64, seed: Option<u64>, noise_shape: Shape) -> Value {
    let x = cx.input();
    if !cx.training() || rate == 0.0 {
        return x;
    }
    let (key, stream) = cx.random_key(seed);
    x.dropout(rate, &key, stream, noise_shape)
}
