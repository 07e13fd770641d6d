//! `RandomSharpness`: sharper and softer pictures.
use super::arguments::{Factor, Range};
use super::blur::around;
use super::color::hold;
use super::{Augmentation, uniform};
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, makes each picture x + (1 − 2f)·(soft − x), with an f of its own, uniform within
/// `factor`, and holds the result within `value_range`; otherwise pictures go through.
///
/// `soft` is the mean of the 9 pixels around, the middle one counting five times: f = 0 gives it, ½
/// leaves the picture, 1 sharpens it.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
///   with `channels_first`; floats.
/// - **Errors** at build: rank other than 4, a factor outside of 0 and 1.
/// - **Source** Keras 3 `layers.RandomSharpness`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([28, 28, 1]);
/// let model = Model::new(&x, &RandomSharpness::new((0.4, 0.8)).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomSharpness {
    /// The largest f, or the two ends of the range.
    #[config(written = self.factor.written(0.0))]
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

impl Augmentation for RandomSharpness {
    /// f of each picture: `(batch, 1, 1, 1)`.
    type Drawn = Value;

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, _: &Build) -> Result<()> {
        self.value_range.check()?;
        self.factor.check("factor", 0.0, 1.0)
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> Value {
        uniform(cx, images, self.factor.bounds(0.0), self.seed)
    }

    fn transform(&self, images: &Value, factor: &Value) -> Value {
        let (side, middle) = (1.0 / 13.0, 5.0 / 13.0);
        let row = [side, side, side];
        let soft = around(images, &[row, [side, middle, side], row].map(|r| r.to_vec()));
        hold(&(images + (1.0 - factor * 2.0) * (soft - images)), self.value_range)
    }
}
