//! `ActivityRegularization`: a penalty on what passes.
use crate::layers::prelude::*;
use crate::regularizers::L1L2;

/// Gives what it gets, and adds (l1 · Σ |x| + l2 · Σ x²) / batch to the loss.
///
/// - **Input, output** any shape.
/// - **Source** Keras 3 `layers.ActivityRegularization`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([64]);
/// let model = Model::new(&x, &ActivityRegularization::new().l1(1e-3).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct ActivityRegularization {
    /// The factor of Σ |x|; 0 by default.
    #[config(default = 0.0)]
    l1: f64,
    /// The factor of Σ x²; 0 by default.
    #[config(default = 0.0)]
    l2: f64,
}

impl Layer for ActivityRegularization {
    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        cx.penalize(&Some(L1L2::new().l1(self.l1).l2(self.l2).into()), &x);
        x
    }

    fn supports_masking(&self) -> bool {
        true
    }
}
