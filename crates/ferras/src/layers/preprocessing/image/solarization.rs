//! `Solarization`: pictures whose lights are inverted.
use super::arguments::{Factor, Range};
use super::color::change_range;
use super::{Augmentation, FULL, uniform};
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, adds a number to each picture and inverts what is then not below a threshold: x
/// becomes 255 − x. Both numbers are its own: uniform within `addition_factor` and
/// `threshold_factor`, whose upper ends count 255 each. Otherwise pictures go through.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
///   with `channels_first`; floats within `value_range`, which stands for 0 to 255.
/// - **Errors** at build: rank other than 4, a factor outside of 0 and 1.
/// - **Source** Keras 3 `layers.Solarization`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([28, 28, 1]);
/// let model = Model::new(&x, &Solarization::new().threshold_factor((0.5, 0.5)).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Solarization {
    /// What is added: up to this share, or between two; 0 by default.
    #[config(default = 0.0, written = self.addition_factor.written(0.0))]
    addition_factor: Factor,
    /// Where inversion begins: up to this share, or between two; 0 by default.
    #[config(default = 0.0, written = self.threshold_factor.written(0.0))]
    threshold_factor: Factor,
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

impl Augmentation for Solarization {
    /// What is added to each picture, and its threshold: `(batch, 1, 1, 1)` each.
    type Drawn = [Value; 2];

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, _: &Build) -> Result<()> {
        self.value_range.check()?;
        self.addition_factor.check_all("addition_factor", 0.0, 1.0)?;
        self.threshold_factor.check_all("threshold_factor", 0.0, 1.0)
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> [Value; 2] {
        [&self.addition_factor, &self.threshold_factor].map(|factor| {
            let (low, high) = factor.bounds(0.0);
            uniform(cx, images, (low, high * 255.0), self.seed)
        })
    }

    fn transform(&self, images: &Value, [added, threshold]: &[Value; 2]) -> Value {
        let range = self.value_range.bounds();
        let lit = (change_range(images, range, FULL) + added).clip(0.0, 255.0);
        let inverted = lit.less(threshold).select(&lit, 255.0 - &lit);
        change_range(&inverted, FULL, range)
    }
}
