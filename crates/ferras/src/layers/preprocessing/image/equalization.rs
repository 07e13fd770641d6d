//! `Equalization`: pictures that use all values alike.
use super::{FULL, at_most, on_pictures};
use super::arguments::Range;
use super::color::change_range;
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;
use ferras_graph::DType;

/// In training, gives each channel other values, so that all are about as frequent; otherwise pictures
/// go through. A channel of one value stays.
///
/// The frequencies are those of the whole batch, as in Keras, in `bins` steps of `value_range`; each
/// value becomes the share of those that lie below it.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
///   with `channels_first`; floats.
/// - **Errors** at build: rank other than 4, an unknown number of channels, fewer than 2 bins.
/// - **Source** Keras 3 `layers.Equalization`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([28, 28, 1]);
/// let model = Model::new(&x, &Equalization::new().apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Equalization {
    /// The least and the greatest value of a picture; 0 and 255 by default.
    #[config(default = (0, 255), written = self.value_range.sorted())]
    value_range: Range,
    /// Number of steps; 256 by default.
    #[config(default = 256)]
    bins: usize,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

impl Equalization {
    /// The equalized pictures.
    pub(super) fn transform(&self, images: &Value) -> Value {
        let range = self.value_range.bounds();
        let channels: Vec<Value> = (0..images.dim(-1))
            .map(|c| {
                let x = change_range(&images.slice_axis(-1, c, c + 1), range, FULL);
                change_range(&self.channel(&x), FULL, range)
            })
            .collect();
        images.builder().concat(&channels, -1)
    }

    /// A channel with values from 0 to 255.
    fn channel(&self, x: &Value) -> Value {
        let last = self.bins as f64 - 1.0;
        let pixels = x.shape().elements();
        let bin = (x * last / 255.0).cast(DType::I32).clip(0.0, last).reshape([pixels]);
        let one = x.builder().full(DType::I64, [pixels], 1.0);
        let none = x.builder().full(DType::I64, [self.bins], 0.0);
        let frequency = none.scatter_add(&bin, &one, 0);
        let below = frequency.cumsum(0);
        let used = below.greater(0.0);
        let first = used.select(&below, pixels as f64).min(&[0], true);
        let others = pixels as f64 - &first;
        let others = others.equal(0.0).select(&others.full_like(1.0), &others).cast(x.dtype());
        let share = ((&below - &first) * 255.0).cast(x.dtype()) / others;
        let table = share.round().clip(0.0, 255.0);
        let place = (x / 255.0 * last).clip(0.0, last).cast(DType::I32);
        let plain = frequency.greater(0.0).cast(DType::I32).sum(&[0], false).less_equal(1.0);
        plain.select(x, table.gather(&place, 0))
    }
}

impl Layer for Equalization {
    fn build(&self, cx: &mut Build) -> Result<()> {
        self.value_range.check()?;
        cx.at_least("bins", self.bins, 2)?;
        at_most(cx, "bins", self.bins, 1 << 16)?;
        cx.input()?.rank(4)?.known(self.data_format.get()?.channels()).map(|_| ())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let training = cx.training();
        on_pictures(&cx.input(), &self.data_format, |images| match training {
            true => self.transform(images),
            false => images.clone(),
        })
    }
}
