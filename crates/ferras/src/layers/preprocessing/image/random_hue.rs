//! `RandomHue`: pictures in other colours.
use super::arguments::{Factor, Range};
use super::color::{change_range, check_channels, from_hsv, to_hsv};
use super::{Augmentation, uniform};
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, turns the hue of each picture by half of a number of its own, uniform within
/// `factor`, forwards or backwards; 1 is once around the circle of colours. Otherwise pictures go
/// through.
///
/// - **Input, output** `(batch, rows, columns, 3)`, or `(batch, 3, rows, columns)` with
///   `channels_first`: red, green and blue as floats within `value_range`.
/// - **Errors** at build: rank other than 4, other than 3 channels, a factor outside of 0 and 1.
/// - **Source** Keras 3 `layers.RandomHue`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([32, 32, 3]);
/// let model = Model::new(&x, &RandomHue::new(0.1).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomHue {
    /// The largest number, or the two ends of the range.
    #[config(written = self.factor.written(0.0))]
    factor: Factor,
    /// The least and the greatest value of a picture; 0 and 255 by default.
    #[config(default = (0, 255))]
    value_range: Range,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
}

impl Augmentation for RandomHue {
    /// By how much each hue is turned: `(batch, 1, 1, 1)`.
    type Drawn = Value;

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, cx: &Build) -> Result<()> {
        self.value_range.check()?;
        check_channels(cx, &self.data_format, &[3])?;
        self.factor.check("factor", 0.0, 1.0)
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> Value {
        let back = uniform(cx, images, (0.0, 1.0), self.seed).greater(0.5);
        let turn = uniform(cx, images, self.factor.bounds(0.0), self.seed) * 0.5;
        back.select(&-&turn, turn)
    }

    fn transform(&self, images: &Value, turn: &Value) -> Value {
        let (range, unit) = (self.value_range.bounds(), (0.0, 1.0));
        let [hue, saturation, value] = to_hsv(&change_range(images, range, unit));
        let hue = hue + turn.squeeze(-1);
        let hue = hue.greater(1.0).select(&(&hue - 1.0), &hue);
        let hue = hue.less(0.0).select(&(&hue + 1.0), &hue);
        let images = from_hsv(&[hue, saturation, value]).clip(0.0, 1.0);
        change_range(&images, unit, range)
    }
}
