//! `Permute`: the axes in another order.
use crate::layers::prelude::*;

/// The axes of a sample in another order; the batch axis stays first.
///
/// - **Input** `(batch, …)`. **Output** axis i of a sample is its input's axis `dims[i]`; the first
///   is 1.
/// - **Errors** at build: `dims` that do not name each axis once.
/// - **Source** Keras 3 `layers.Permute`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([10, 64]);
/// let y = Dense::new(1).apply(&Permute::new([2, 1]).apply(&x));
/// assert_eq!(Model::new(&x, &y)?.count_params(), 10 + 1);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Permute {
    /// The axes in order, the first axis of a sample being 1.
    dims: Vec<usize>,
}

impl Layer for Permute {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let mut named = self.dims.clone();
        named.sort_unstable();
        if !named.iter().copied().eq(1..=named.len()) {
            let dims = &self.dims;
            return Err(cx.error(format!("dims must name axes 1, 2, … once each, got {dims:?}")));
        }
        cx.input()?.rank(self.dims.len() + 1).map(|_| ())
    }

    fn call(&self, cx: &mut Call) -> Value {
        cx.input().transpose(&[&[0], &self.dims[..]].concat())
    }
}
