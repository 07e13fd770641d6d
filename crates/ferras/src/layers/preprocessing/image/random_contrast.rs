//! `RandomContrast`: pictures with more or less contrast.
use super::arguments::{Factor, Range};
use super::color::hold;
use super::{Augmentation, uniform};
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, makes of each picture (x − mean)·c + mean, with the mean of each of its channels and
/// a contrast c of its own, and holds the result within `value_range`; otherwise pictures go through.
///
/// c is uniform in [1, 1 + f) for a number f, in [1 − a, 1 + b) for two numbers, as in Keras.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
///   with `channels_first`; floats.
/// - **Errors** at build: rank other than 4, a factor outside of 0 and 1.
/// - **Source** Keras 3 `layers.RandomContrast`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([28, 28, 1]);
/// let model = Model::new(&x, &RandomContrast::new((0.3, 0.3)).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomContrast {
    /// f, or a and b.
    #[config(written = self.factor.written(0.0))]
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

impl Augmentation for RandomContrast {
    /// c of each picture: `(batch, 1, 1, 1)`.
    type Drawn = Value;

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, _: &Build) -> Result<()> {
        self.value_range.check()?;
        self.factor.check("factor", 0.0, 1.0)
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> Value {
        let (less, more) = self.factor.bounds(0.0);
        uniform(cx, images, (1.0 - less, 1.0 + more), self.seed)
    }

    fn transform(&self, images: &Value, contrast: &Value) -> Value {
        let mean = images.mean(&[1], true).mean(&[2], true);
        hold(&((images - &mean) * contrast + mean), self.value_range)
    }
}
