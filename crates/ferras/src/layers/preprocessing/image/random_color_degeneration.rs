//! `RandomColorDegeneration`: pictures with paler colours.
use super::arguments::{Factor, Range};
use super::color::{check_channels, grayscale, hold};
use super::{Augmentation, uniform};
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, takes each picture a part of the way to grey, x + f·(grey − x) with an f of its own,
/// uniform within `factor`, and holds the result within `value_range`; otherwise pictures go
/// through.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
///   `channels_first`; 1 or 3 channels; floats.
/// - **Errors** at build: rank other than 4, other numbers of channels, a factor beyond ±1.
/// - **Source** Keras 3 `layers.RandomColorDegeneration`. As there, a number f stands for −f to f, and
///   below 0 the colours become stronger.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([32, 32, 3]);
/// let model = Model::new(&x, &RandomColorDegeneration::new((0.0, 0.5)).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomColorDegeneration {
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

impl Augmentation for RandomColorDegeneration {
    /// f of each picture: `(batch, 1, 1, 1)`.
    type Drawn = Value;

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, cx: &Build) -> Result<()> {
        self.value_range.check()?;
        check_channels(cx, &self.data_format, &[1, 3])?;
        self.factor.check("factor", -1.0, 1.0)
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> Value {
        uniform(cx, images, self.factor.bounds(-1.0), self.seed)
    }

    fn transform(&self, images: &Value, factor: &Value) -> Value {
        hold(&(images + factor * (grayscale(images) - images)), self.value_range)
    }
}
