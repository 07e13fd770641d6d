//! `RandomPosterization`: pictures of few colours.
use super::arguments::{Factor, Range};
use super::color::change_range;
use super::{Augmentation, FULL, uniform};
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;
use ferras_graph::DType;

/// In training, keeps only the upper bits of each value: of the 8 bits that it takes within
/// `value_range`, as many as `factor` says, a number of its own for each picture; otherwise pictures
/// go through.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
///   with `channels_first`; floats.
/// - **Errors** at build: rank other than 4, a factor outside of 1 and 8.
/// - **Source** Keras 3 `layers.RandomPosterization`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([28, 28, 1]);
/// // Four to six bits; the upper end is not included.
/// let model = Model::new(&x, &RandomPosterization::new((4.0, 7.0)).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomPosterization {
    /// The number of bits: from 1 to below this number, or from the lower to below the upper of two,
    /// or that number if both are the same.
    #[config(written = self.factor.written(1.0))]
    factor: Factor,
    /// The least and the greatest value of a picture; 0 and 255 by default.
    #[config(default = (0, 255), written = self.value_range.sorted())]
    value_range: Range,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
}

impl Augmentation for RandomPosterization {
    /// How many bits of each picture are dropped: int32 `(batch, 1, 1, 1)`.
    type Drawn = Value;

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, _: &Build) -> Result<()> {
        self.value_range.check()?;
        self.factor.check("factor", 1.0, 8.0)
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> Value {
        let (low, high) = self.factor.bounds(1.0);
        let bits = uniform(cx, images, (low, high), self.seed).floor();
        (8.0 - bits.clip(low, (high - 1.0).max(low))).cast(DType::I32)
    }

    fn transform(&self, images: &Value, dropped: &Value) -> Value {
        let range = self.value_range.bounds();
        let bytes = change_range(images, range, FULL).cast(DType::U8).cast(DType::I32);
        let kept = bytes.shift_right(dropped).shift_left(dropped);
        change_range(&kept.cast(images.dtype()), FULL, range)
    }
}
