//! `RandAugment`: some of eleven changes.
use super::arguments::{Factor, Range};
use super::color::check_channels;
use super::{at_most, on_pictures};
use super::operations::{Change, Operation, Operations};
use super::sampling::Between;
use crate::config::Choice;
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;
use ferras_graph::DType;

/// In training, changes pictures `num_ops` times, each time in one of eleven ways, drawn for the whole
/// batch; otherwise pictures go through.
///
/// The ways: shear, translation, rotation, brightness, degenerated colours, contrast, sharpness,
/// posterization, solarization, auto contrast and equalization, each with `factor` as its strength.
/// All eleven are computed and one is taken, as in Keras: it costs accordingly.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
///   `channels_first`; 1 or 3 channels; floats within `value_range`.
/// - **Errors** at build: rank other than 4, other numbers of channels, a factor outside of 0 and 1.
/// - **Source** Keras 3 `layers.RandAugment`; Cubuk et al. 2020.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([32, 32, 3]);
/// let model = Model::new(&x, &RandAugment::new().factor(0.3).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandAugment {
    /// The least and the greatest value of a picture; 0 and 255 by default.
    #[config(default = (0, 255))]
    value_range: Range,
    /// How many changes follow one another; 2 by default.
    #[config(default = 2)]
    num_ops: usize,
    /// The largest strength, or the two ends of its range; ½ by default.
    #[config(default = 0.5, written = self.factor.written(0.0))]
    factor: Factor,
    /// `"bilinear"` (default) or `"nearest"`.
    #[config(default = "bilinear")]
    interpolation: Choice<Between>,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

impl Layer for RandAugment {
    fn build(&self, cx: &mut Build) -> Result<()> {
        self.value_range.check()?;
        self.interpolation.get()?;
        self.factor.check("factor", 0.0, 1.0)?;
        at_most(cx, "num_ops", self.num_ops, 50)?;
        check_channels(cx, &self.data_format, &[1, 3])
    }

    fn call(&self, cx: &mut Call) -> Value {
        let training = cx.training();
        let operations = Operations {
            factor: Factor::from(self.factor.bounds(0.0)),
            value_range: self.value_range,
            interpolation: self.interpolation.clone(),
            seed: self.seed,
        };
        on_pictures(&cx.input(), &self.data_format, |images| {
            if !training {
                return images.clone();
            }
            let count = Operation::ALL.len();
            let u = cx.random_uniform([self.num_ops], self.seed);
            let chosen = (u * count as f64).cast(DType::I32);
            let changes = Operation::ALL.map(|o| operations.draw(o, cx, images));
            (0..self.num_ops).fold(images.clone(), |images, i| {
                let chosen = chosen.slice_axis(0, i, i + 1).reshape([1, 1, 1, 1]);
                one_of(&changes, &images, &chosen)
            })
        })
    }
}

/// What the chosen one of the changes makes of pictures; beyond the last, they stay.
pub(super) fn one_of(changes: &[Change], images: &Value, chosen: &Value) -> Value {
    changes.iter().enumerate().fold(images.clone(), |result, (i, change)| {
        chosen.equal(i as f64).select(&change(images), result)
    })
}
