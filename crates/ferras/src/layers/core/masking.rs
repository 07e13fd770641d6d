//! `Masking`: steps of a sequence that do not count.
use crate::layers::prelude::*;

/// Marks the steps whose features all equal `mask_value` as not counting, and sets them to 0. Layers
/// behind it that know masks pass over them.
///
/// - **Input, output** `(batch, …, features)`. **Mask** `(batch, …)`: false where every feature is
///   `mask_value`.
/// - **Errors** at build: rank below 2.
/// - **Source** Keras 3 `layers.Masking`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([3, 1]);
/// let model = Model::new(&x, &Masking::new().mask_value(-1.0).apply(&x))?;
/// let y = model.predict(Tensor::new([1, 3, 1], vec![5.0_f32, -1.0, 7.0])?)?;
/// assert_eq!(y.to_f64_vec(), [5.0, 0.0, 7.0]);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Masking {
    /// What stands in steps that do not count; 0 by default.
    #[config(default = 0.0)]
    mask_value: f64,
}

impl Layer for Masking {
    fn build(&self, cx: &mut Build) -> Result<()> {
        cx.input()?.min_rank(2).map(|_| ())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        let counts = x.not_equal(self.mask_value).max(&[-1], true);
        cx.set_masks(vec![Some(counts.squeeze(-1))]);
        counts.select(&x, 0.0)
    }

    fn supports_masking(&self) -> bool {
        true
    }
}
