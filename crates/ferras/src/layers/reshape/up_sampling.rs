//! `UpSampling1D`, `UpSampling2D`: each place several times.
use crate::config::{Choice, Sizes, Vocabulary};
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// Each step several times.
///
/// - **Input** `(batch, steps, channels)`. **Output** `(batch, steps · size, channels)`.
/// - **Errors** at build: rank other than 3, a size of 0.
/// - **Source** Keras 3 `layers.UpSampling1D`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([10, 4]);
/// let model = Model::new(&x, &UpSampling1D::new().size(3).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct UpSampling1D {
    /// How often; 2 by default.
    #[config(default = 2)]
    size: usize,
}

impl Layer for UpSampling1D {
    fn build(&self, cx: &mut Build) -> Result<()> {
        cx.at_least("size", self.size, 1)?;
        cx.input()?.rank(3).map(|_| ())
    }

    fn call(&self, cx: &mut Call) -> Value {
        repeat(&cx.input(), 1, self.size)
    }
}

/// What stands at a new place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// The value of the place that it comes from.
    Nearest,
}

impl Vocabulary for Interpolation {
    const KIND: &'static str = "interpolation";
    const WORDS: &'static [(&'static str, Self)] = &[("nearest", Interpolation::Nearest)];
}

/// Each row and column of an image several times.
///
/// - **Input** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
///   `channels_first`. **Output** `(batch, rows · size, columns · size, channels)`.
/// - **Errors** at build: rank other than 4, a size of 0, an interpolation other than `"nearest"`.
/// - **Source** Keras 3 `layers.UpSampling2D`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([7, 7, 64]);
/// let model = Model::new(&x, &UpSampling2D::new().size((2, 3)).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct UpSampling2D {
    /// How often; 2 by default.
    #[config(default = 2)]
    size: Sizes<2>,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
    /// `"nearest"`.
    #[config(default = "nearest")]
    interpolation: Choice<Interpolation>,
}

impl Layer for UpSampling2D {
    fn build(&self, cx: &mut Build) -> Result<()> {
        self.interpolation.get()?;
        self.data_format.get()?;
        let [rows, columns] = self.size.0;
        cx.at_least("size", rows.min(columns), 1)?;
        cx.input()?.rank(4).map(|_| ())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        let order = match self.data_format.get() {
            Ok(order) => order,
            Err(e) => return x.error("data_format", e.to_string()),
        };
        let axes = order.spatial(4).zip(self.size.0);
        axes.fold(x, |x, (axis, times)| repeat(&x, axis, times))
    }
}

/// Each place of an axis several times in a row.
fn repeat(x: &Value, axis: usize, times: usize) -> Value {
    if x.is_poisoned() {
        return x.clone();
    }
    let mut shape = x.shape().to_vec();
    let mut apart = shape.clone();
    apart.insert(axis + 1, times);
    // Too large a size is told by the graph.
    shape[axis] = shape[axis].saturating_mul(times);
    x.expand_dims(axis as isize + 1).broadcast_to(apart).reshape(shape)
}
