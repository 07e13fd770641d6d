//! `AlphaDropout`: in training, some inputs are at the floor of SELU.
use super::{check_noise_shape, check_rate, noise_shape};
use crate::layers::{PartialShape, prelude::*};

/// SELU's limit for inputs towards −∞: −1.0507… · 1.6732….
const FLOOR: f64 = -1.050_700_987_355_480_5 * 1.673_263_242_354_377_2;

/// In training, each input is α = −1.7581… with probability `rate`, and then all are put through a · x + b
/// so that inputs of mean 0 and variance 1 keep both; otherwise inputs go through.
///
/// a = ((1 − rate) · (1 + rate · α²))^−½ and b = −a · α · rate. For networks of SELU activations.
///
/// - **Input, output** any shape.
/// - **Errors** at build: `rate` outside 0 and 1 or 1 itself, `noise_shape` that does not broadcast to the
///   input, axis by axis.
/// - **Source** Keras 3 `layers.AlphaDropout`; Klambauer et al. 2017.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([64]);
/// let y = AlphaDropout::new(0.1).apply(&Dense::new(32).activation("selu").apply(&x));
/// let model = Model::new(&x, &y)?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct AlphaDropout {
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

impl Layer for AlphaDropout {
    fn build(&self, cx: &mut Build) -> Result<()> {
        check_rate(cx, self.rate)?;
        if self.rate == 1.0 {
            return Err(cx.error("rate must be below 1: of nothing no variance can be kept"));
        }
        check_noise_shape(cx, self.noise_shape.as_ref())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        if !cx.training() || self.rate == 0.0 {
            return x;
        }
        let noise = noise_shape(cx, self.noise_shape.as_ref());
        let keep = cx.random_uniform(noise, self.seed).greater_equal(self.rate);
        let a = ((1.0 - self.rate) * (1.0 + self.rate * FLOOR * FLOOR)).powf(-0.5);
        let b = -a * FLOOR * self.rate;
        keep.select(&x, FLOOR) * a + b
    }

    fn supports_masking(&self) -> bool {
        true
    }
}
