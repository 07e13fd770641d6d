//! `RMSNormalization`: each sample with a root mean square of 1 over its features.
use super::{sizes_along, widen};
use crate::config::Axes;
use crate::layers::prelude::*;

/// scale · x / √(mean x² + ε), with the mean over `axis` for each sample.
///
/// - **Input, output** any shape of rank ≥ 2.
/// - **Weights** `scale`, of the axes' sizes. As in Keras it lies along the last axes of x, whatever
///   `axis` names.
/// - **Errors** at build: no such axis, its size unknown, sizes that do not fit the last axes.
/// - **Source** Keras 3 `layers.RMSNormalization`; Zhang & Sennrich 2019. Computed in float32 at least.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([10, 16]);
/// let model = Model::new(&x, &RMSNormalization::new().apply(&x))?;
/// assert_eq!(model.count_params(), 16);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RMSNormalization {
    /// The axes to normalize over; the last by default.
    #[config(default = -1)]
    axis: Axes,
    /// What keeps the division finite; 1e-6 by default.
    #[config(default = 1e-6)]
    epsilon: f64,
}

impl Layer for RMSNormalization {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let input = cx.input()?.min_rank(2)?;
        let shape = input.shape();
        let sizes = sizes_along(&self.axis, input)?;
        let fits = |(size, of_input): (&usize, &Option<usize>)| {
            *size == 1 || of_input.is_none_or(|n| n == 1 || n == *size)
        };
        if !sizes.iter().rev().zip(shape.iter().rev()).all(fits) {
            return Err(cx.error(format!(
                "scale has the sizes {sizes:?} of axis {:?} and must fit the last axes of its input \
                 {shape}; normalize over the last axes",
                self.axis.as_slice()
            )));
        }
        cx.weight("scale", sizes).initializer(&"ones".into());
        Ok(())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let input = cx.input();
        let x = widen(&input);
        let square = x.square().mean(self.axis.as_slice(), true);
        let y = &x * (square + self.epsilon).rsqrt() * widen(&cx.weight("scale"));
        y.cast(cx.compute_dtype())
    }
}
