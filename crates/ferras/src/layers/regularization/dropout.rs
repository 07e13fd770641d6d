//! `Dropout`: in training, some inputs are 0.
use super::{check_rate, drop_out};
use crate::layers::{PartialShape, prelude::*};

/// In training, each input is 0 with probability `rate`, else divided by 1 − `rate`; otherwise
/// inputs go through.
///
/// - **Input, output** any shape.
/// - **Errors** at build: `rate` outside 0 and 1, `noise_shape` that does not broadcast to the
///   input, axis by axis.
/// - **Source** Keras 3 `layers.Dropout`; Srivastava et al. 2014.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([64]);
/// let model = Model::new(&x, &Dropout::new(0.5).apply(&x))?;
/// assert_eq!(model.count_params(), 0);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Dropout {
    /// The share of inputs that are dropped.
    rate: f64,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
    /// Shape of the choice, batch axis first; sizes of 1 drop a whole axis together, `None` takes
    /// the input's size.
    #[config(default)]
    noise_shape: Option<PartialShape>,
}

impl Layer for Dropout {
    fn build(&self, cx: &mut Build) -> Result<()> {
        check_rate(cx, self.rate)?;
        let shape = cx.input()?.shape();
        let fits = |noise: Option<usize>, size: Option<usize>| {
            noise.is_none_or(|n| n == 1 || size.is_none_or(|size| size == n))
        };
        match &self.noise_shape {
            Some(noise) if noise.len() != shape.len() => Err(cx.error(format!(
                "noise_shape must have as many axes as the input of shape {shape}, got {noise}"
            ))),
            Some(noise) if !noise.iter().zip(shape.iter()).all(|(n, s)| fits(*n, *s)) => {
                Err(cx.error(format!(
                    "noise_shape must have 1, None or the input's own size for each axis of \
                     {shape}, got {noise}"
                )))
            }
            _ => Ok(()),
        }
    }

    fn call(&self, cx: &mut Call) -> Value {
        let shape = cx.input().shape();
        let noise = match &self.noise_shape {
            Some(noise) => noise.iter().zip(shape.iter()).map(|(n, s)| n.unwrap_or(*s)).collect(),
            None => shape,
        };
        drop_out(cx, self.rate, self.seed, noise)
    }

    fn supports_masking(&self) -> bool {
        true
    }
}
