//! `GaussianNoise`, `GaussianDropout`: in training, inputs are disturbed.
use crate::layers::prelude::*;

/// In training, x + `stddev` · n with normal n; otherwise x.
///
/// - **Input, output** any shape.
/// - **Errors** at build: `stddev` below 0.
/// - **Source** Keras 3 `layers.GaussianNoise`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([64]);
/// let model = Model::new(&x, &GaussianNoise::new(0.1).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct GaussianNoise {
    /// Standard deviation of the noise.
    stddev: f64,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
}

impl Layer for GaussianNoise {
    fn build(&self, cx: &mut Build) -> Result<()> {
        match self.stddev >= 0.0 && self.stddev.is_finite() {
            true => Ok(()),
            false => Err(cx.error(format!("stddev must be at least 0, got {}", self.stddev))),
        }
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        if !cx.training() || self.stddev == 0.0 {
            return x;
        }
        let noise = cx.random_normal(x.shape(), self.seed) * self.stddev;
        &x + noise.cast(x.dtype())
    }

    fn supports_masking(&self) -> bool {
        true
    }
}

/// In training, x · n with n normal around 1 with variance rate / (1 − rate); otherwise x.
///
/// - **Input, output** any shape.
/// - **Errors** at build: `rate` outside 0 and 1.
/// - **Source** Keras 3 `layers.GaussianDropout`; Srivastava et al. 2014.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([64]);
/// let model = Model::new(&x, &GaussianDropout::new(0.1).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct GaussianDropout {
    /// The noise has the deviation of a [`Dropout`](super::Dropout) of this rate.
    rate: f64,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
}

impl Layer for GaussianDropout {
    fn build(&self, cx: &mut Build) -> Result<()> {
        match (0.0..1.0).contains(&self.rate) {
            true => Ok(()),
            false => {
                Err(cx.error(format!("rate must be at least 0 and below 1, got {}", self.rate)))
            }
        }
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        if !cx.training() || self.rate == 0.0 {
            return x;
        }
        let deviation = (self.rate / (1.0 - self.rate)).sqrt();
        let noise = cx.random_normal(x.shape(), self.seed) * deviation + 1.0;
        &x * noise.cast(x.dtype())
    }

    fn supports_masking(&self) -> bool {
        true
    }
}
