//! `RepeatVector`: the same features at each of several steps.
use crate::layers::prelude::*;

/// The features of a sample, n times.
///
/// - **Input** `(batch, features)`. **Output** `(batch, n, features)`.
/// - **Errors** at build: rank other than 2.
/// - **Source** Keras 3 `layers.RepeatVector`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([32]);
/// let model = Model::new(&x, &RepeatVector::new(3).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RepeatVector {
    /// How often.
    n: usize,
}

impl Layer for RepeatVector {
    fn build(&self, cx: &mut Build) -> Result<()> {
        cx.input()?.rank(2).map(|_| ())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        x.expand_dims(1).broadcast_to([x.dim(0), self.n, x.dim(1)])
    }
}
