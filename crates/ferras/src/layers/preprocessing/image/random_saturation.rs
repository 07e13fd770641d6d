//! `RandomSaturation`: pictures with stronger or weaker colours.
use super::arguments::{Factor, Range};
use super::color::{check_channels, from_hsv, to_hsv};
use super::{Augmentation, uniform};
use crate::config::epsilon;
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, multiplies the saturation of each picture with f / (1 − f), for an f of its own,
/// uniform within `factor`: 0 is grey, ½ leaves it, 1 makes it full. Otherwise pictures go through.
///
/// - **Input, output** `(batch, rows, columns, 3)`, or `(batch, 3, rows, columns)` with
///   `channels_first`: red, green and blue as floats within `value_range`.
/// - **Errors** at build: rank other than 4, other than 3 channels, a factor beyond ±1.
/// - **Source** Keras 3 `layers.RandomSaturation`. As there, a number f stands for −f to f, and what
///   is below 0 for 0; two numbers around ½ are what one wants.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([32, 32, 3]);
/// let model = Model::new(&x, &RandomSaturation::new((0.4, 0.6)).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomSaturation {
    /// The largest f, or the two ends of the range.
    #[config(written = self.factor.written(-1.0))]
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

impl Augmentation for RandomSaturation {
    /// What each saturation is multiplied with: `(batch, 1, 1, 1)`.
    type Drawn = Value;

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, cx: &Build) -> Result<()> {
        self.value_range.check()?;
        check_channels(cx, &self.data_format, &[3])?;
        self.factor.check("factor", -1.0, 1.0)
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> Value {
        let factor = uniform(cx, images, self.factor.bounds(-1.0), self.seed);
        &factor / (1.0 - &factor + epsilon())
    }

    fn transform(&self, images: &Value, factor: &Value) -> Value {
        let [hue, saturation, value] = to_hsv(images);
        let (low, high) = self.value_range.bounds();
        let saturation = (saturation * factor.squeeze(-1)).clip(low, high);
        from_hsv(&[hue, saturation, value])
    }
}
