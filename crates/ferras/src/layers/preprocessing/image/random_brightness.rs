//! `RandomBrightness`: lighter and darker pictures.
use super::arguments::{Factor, Range};
use super::color::hold;
use super::{Augmentation, uniform};
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, adds to each picture a number of its own, uniform within `factor` times the extent
/// of `value_range`, and holds the result within that range; otherwise pictures go through.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
///   with `channels_first`; floats.
/// - **Errors** at build: rank other than 4, a factor beyond ±1.
/// - **Source** Keras 3 `layers.RandomBrightness`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([28, 28, 1]);
/// let layer = RandomBrightness::new(0.2).value_range((0.0, 1.0));
/// let model = Model::new(&x, &layer.apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomBrightness {
    /// The largest share of the range, up or down, or the two ends.
    #[config(written = self.factor.written(-1.0))]
    factor: Factor,
    /// The least and the greatest value of a picture; 0 and 255 by default.
    #[config(default = (0, 255), written = self.value_range.sorted())]
    value_range: Range,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

impl Augmentation for RandomBrightness {
    /// What is added to each picture: `(batch, 1, 1, 1)`.
    type Drawn = Value;

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, _: &Build) -> Result<()> {
        self.value_range.check()?;
        self.factor.check("factor", -1.0, 1.0)
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> Value {
        let (low, high) = self.value_range.bounds();
        uniform(cx, images, self.factor.bounds(-1.0), self.seed) * (high - low)
    }

    fn transform(&self, images: &Value, added: &Value) -> Value {
        hold(&(images + added), self.value_range)
    }
}
