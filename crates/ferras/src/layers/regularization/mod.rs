//! Layers that keep a network from learning by heart.
mod activity_regularization;
mod alpha_dropout;
mod dropout;
mod gaussian;
mod spatial_dropout;

pub use activity_regularization::ActivityRegularization;
pub use alpha_dropout::AlphaDropout;
pub use dropout::Dropout;
pub use gaussian::{GaussianDropout, GaussianNoise};
pub use spatial_dropout::{SpatialDropout1D, SpatialDropout2D, SpatialDropout3D};

use super::{Build, Call, PartialShape};
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

/// An error unless the shape of the choice, if there is one, broadcasts to the input's.
fn check_noise_shape(cx: &Build, noise: Option<&PartialShape>) -> Result<()> {
    let shape = cx.input()?.shape();
    let fits = |noise: Option<usize>, size: Option<usize>| {
        noise.is_none_or(|n| n == 1 || size.is_none_or(|size| size == n))
    };
    match noise {
        Some(noise) if noise.len() != shape.len() => Err(cx.error(format!(
            "noise_shape must have as many axes as the input of shape {shape}, got {noise}"
        ))),
        Some(noise) if !noise.iter().zip(shape.iter()).all(|(n, s)| fits(*n, *s)) => {
            Err(cx.error(format!(
                "noise_shape must have 1, None or the input's own size for each axis of {shape}, got \
                 {noise}"
            )))
        }
        _ => Ok(()),
    }
}

/// The shape of the choice, with the input's sizes where it leaves them open.
fn noise_shape(cx: &Call, noise: Option<&PartialShape>) -> Shape {
    let shape = cx.input().shape();
    match noise {
        Some(noise) => noise.iter().zip(shape.iter()).map(|(n, s)| n.unwrap_or(*s)).collect(),
        None => shape,
    }
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
