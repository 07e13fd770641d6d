//! `RandomInvert`: negatives.
use super::arguments::{Factor, Range};
use super::{Augmentation, chance};
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, makes of each picture its negative, the greatest value − x, with a probability of its
/// own, uniform within `factor`; otherwise pictures go through.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
///   with `channels_first`; floats.
/// - **Errors** at build: rank other than 4, a factor outside of 0 and 1.
/// - **Source** Keras 3 `layers.RandomInvert`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([28, 28, 1]);
/// // For half of the pictures.
/// let model = Model::new(&x, &RandomInvert::new().factor((0.5, 0.5)).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomInvert {
    /// The largest probability, or the two ends of its range; 1 by default, which is ½ on average.
    #[config(default = 1.0, written = self.factor.written(0.0))]
    factor: Factor,
    /// The least and the greatest value of a picture; 0 and 255 by default.
    #[config(default = (0, 255))]
    value_range: Range,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

impl Augmentation for RandomInvert {
    /// Whether each picture is inverted: `(batch, 1, 1, 1)`.
    type Drawn = Value;

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, _: &Build) -> Result<()> {
        self.value_range.check()?;
        self.factor.check("factor", 0.0, 1.0)
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> Value {
        chance(cx, images, &self.factor, self.seed)
    }

    fn transform(&self, images: &Value, chosen: &Value) -> Value {
        let (_, high) = self.value_range.bounds();
        chosen.select(&(high - images), images)
    }
}
