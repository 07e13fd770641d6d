//! `Dropout`: in training, some inputs are 0.
use super::{check_noise_shape, check_rate, drop_out, noise_shape};
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
        check_noise_shape(cx, self.noise_shape.as_ref())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let noise = noise_shape(cx, self.noise_shape.as_ref());
        drop_out(cx, self.rate, self.seed, noise)
    }

    fn supports_masking(&self) -> bool {
        true
    }
}
