//! `Rescaling`: another range.
use crate::layers::prelude::*;

/// x · scale + offset; integers become floats.
///
/// - **Input, output** any shape.
/// - **Source** Keras 3 `layers.Rescaling`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::of([28, 28, 1], DType::U8);
/// let model = Model::new(&x, &Rescaling::new(1.0 / 255.0).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Rescaling {
    /// The factor.
    scale: f64,
    /// What is added; 0 by default.
    #[config(default = 0.0)]
    offset: f64,
}

impl Layer for Rescaling {
    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        let x = x.cast(cx.compute_dtype());
        x * self.scale + self.offset
    }

    fn supports_masking(&self) -> bool {
        true
    }
}
