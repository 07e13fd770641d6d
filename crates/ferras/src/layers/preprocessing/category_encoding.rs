//! `CategoryEncoding`: numbers of categories as vectors.
use super::encoding::{OutputMode, allowed, integers, refuse_sparse};
use crate::config::Choice;
use crate::layers::prelude::*;

/// Vectors of `num_tokens` places for categories from 0 to `num_tokens` − 1; others have no place.
///
/// - **Input** integers `(batch, …)`; for `"count"` perhaps a second one of the same shape with the
///   weight of each. **Output** `(batch, …, num_tokens)`, where `"multi_hot"` and `"count"` join the
///   categories of axis 1 and `"one_hot"` drops a last axis of size 1.
/// - **Errors** at build: `num_tokens` 0, `sparse`, weights for another mode, an unknown mode.
/// - **Source** Keras 3 `layers.CategoryEncoding`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::of([3], DType::I32);
/// let model = Model::new(&x, &CategoryEncoding::new(4).output_mode("count").apply(&x))?;
/// assert_eq!(model.predict([[1_i32, 1, 3]])?.to_f64_vec(), [0.0, 2.0, 0.0, 1.0]);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct CategoryEncoding {
    /// Number of categories.
    num_tokens: usize,
    /// `"multi_hot"` (default), `"one_hot"` or `"count"`.
    #[config(default = "multi_hot")]
    output_mode: Choice<OutputMode>,
    /// Not supported: only false.
    #[config(default = false, omit_default)]
    sparse: bool,
}

impl Layer for CategoryEncoding {
    fn build(&self, cx: &mut Build) -> Result<()> {
        cx.at_least("num_tokens", self.num_tokens, 1)?;
        refuse_sparse(cx, self.sparse)?;
        let mode = allowed(cx, &self.output_mode, OutputMode::Int)?;
        match cx.inputs() {
            [x] => mode.check(cx, &x.shape),
            [x, weights] if mode == OutputMode::Count && x.shape == weights.shape => {
                mode.check(cx, &x.shape)
            }
            other => Err(cx.error(format!(
                "expected categories, and for output_mode \"count\" perhaps weights of the same \
                 shape, got {} inputs",
                other.len()
            ))),
        }
    }

    fn call(&self, cx: &mut Call) -> Value {
        let (mode, inputs) = (self.output_mode.get(), cx.inputs());
        match (mode, inputs) {
            (Ok(mode), [x, weights @ ..]) => {
                mode.encode(&integers(x), self.num_tokens, weights.first())
            }
            (Err(e), [x, ..]) => x.error("output_mode", e.to_string()),
            (_, []) => cx.input(),
        }
    }
}
