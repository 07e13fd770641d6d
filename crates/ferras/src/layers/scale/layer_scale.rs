//! `LayerScale`: a weight for each channel that begins small.
use crate::initializers::Constant;
use crate::layers::prelude::*;

/// x · γ, with a γ for each place of the last axis.
///
/// - **Input, output** `(batch, …, projection_dim)`.
/// - **Weight** `variable (projection_dim)`, which is γ, at first `init_values`.
/// - **Errors** at build: a last axis of another size.
/// - **Source** Keras 3 `applications.convnext`; Touvron et al. 2021, equation 4.
///
/// ```
/// use ferras::prelude::*;
/// use ferras::layers::LayerScale;
/// let x = Input::new([2]);
/// let model = Model::new(&x, &LayerScale::new(0.5, 2).apply(&x))?;
/// let y = model.predict(&Tensor::new([1, 2], vec![2.0_f32, 4.0])?)?;
/// assert_eq!(y.as_slice(), Some(&[1.0_f32, 2.0][..]));
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.src.applications.convnext")]
pub struct LayerScale {
    /// γ at first.
    init_values: f64,
    /// The size of the last axis.
    projection_dim: usize,
}

impl Layer for LayerScale {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let found = cx.input()?.min_rank(2)?.known(-1)?;
        if found != self.projection_dim {
            let n = self.projection_dim;
            return Err(cx.error(format!("expected a last axis of projection_dim {n}, got {found}")));
        }
        let initial = Constant::new().value(self.init_values);
        cx.weight("variable", [self.projection_dim]).initializer(&initial.into());
        Ok(())
    }

    fn call(&self, cx: &mut Call) -> Value {
        cx.input() * cx.weight("variable")
    }
}
