//! `UnitNormalization`: each vector with norm 1.
use crate::config::Axes;
use crate::layers::prelude::*;

/// x / √Σ x², with the sum over `axis` for each sample; 0 stays 0.
///
/// - **Input, output** any shape.
/// - **Errors** at build: no such axis.
/// - **Source** Keras 3 `layers.UnitNormalization`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([3]);
/// let model = Model::new(&x, &UnitNormalization::new().apply(&x))?;
/// let y = model.predict([[3.0_f32, 0.0, 4.0]])?;
/// assert!((y.to_f64_vec()[0] - 0.6).abs() < 1e-6);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct UnitNormalization {
    /// The axes that make a vector; the last by default.
    #[config(default = -1)]
    axis: Axes,
}

impl Layer for UnitNormalization {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let rank = cx.input()?.shape().len();
        self.axis.resolve(rank).map(|_| ())
    }

    fn call(&self, cx: &mut Call) -> Value {
        cx.input().l2_normalize(self.axis.as_slice(), 1e-12)
    }

    fn supports_masking(&self) -> bool {
        true
    }
}
