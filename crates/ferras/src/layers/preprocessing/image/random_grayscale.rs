//! `RandomGrayscale`: grey pictures.
use super::Augmentation;
use super::color::{check_channels, grayscale};
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, makes each picture grey with probability `factor`; otherwise pictures go through.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
///   `channels_first`; 1 or 3 channels, which stay; floats.
/// - **Errors** at build: rank other than 4, other numbers of channels, a factor outside of 0 and 1.
/// - **Source** Keras 3 `layers.RandomGrayscale`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([32, 32, 3]);
/// let model = Model::new(&x, &RandomGrayscale::new().factor(0.2).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomGrayscale {
    /// The probability; ½ by default.
    #[config(default = 0.5)]
    factor: f64,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
    /// Own seed; none follows the program's.
    #[config(default, omit_default)]
    seed: Option<u64>,
}

impl Augmentation for RandomGrayscale {
    /// Whether each picture becomes grey: `(batch, 1, 1, 1)`.
    type Drawn = Value;

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, cx: &Build) -> Result<()> {
        check_channels(cx, &self.data_format, &[1, 3])?;
        match (0.0..=1.0).contains(&self.factor) {
            true => Ok(()),
            false => Err(cx.error(format!("factor must be within 0 and 1, got {}", self.factor))),
        }
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> Value {
        cx.random_uniform([images.dim(0), 1, 1, 1], self.seed).less(self.factor)
    }

    fn transform(&self, images: &Value, chosen: &Value) -> Value {
        chosen.select(&grayscale(images), images)
    }
}
