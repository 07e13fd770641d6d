//! `RandomRotation`: turned pictures.
use super::arguments::{Factor, FillMode};
use super::sampling::{Affine, Between, Sampling, center};
use super::{Augmentation, uniform};
use crate::config::Choice;
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, turns each picture around its middle by an angle of its own, uniform within
/// `factor`·2π; otherwise pictures go through.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
///   with `channels_first`; floats.
/// - **Errors** at build: rank other than 4, a factor beyond ±1, unknown words.
/// - **Source** Keras 3 `layers.RandomRotation`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([28, 28, 1]);
/// // Up to 18° either way.
/// let model = Model::new(&x, &RandomRotation::new(0.05).fill_mode("constant").apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomRotation {
    /// The largest share of a full turn, either way, or the two ends of the range; positive is
    /// counter-clockwise.
    #[config(written = self.factor.written(-1.0))]
    factor: Factor,
    /// What is seen beyond the edges: `"reflect"` (default), `"wrap"`, `"constant"` or
    /// `"nearest"`.
    #[config(default = "reflect")]
    fill_mode: FillMode,
    /// `"bilinear"` (default) or `"nearest"`.
    #[config(default = "bilinear")]
    interpolation: Choice<Between>,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
    /// What is seen beyond the edges with `"constant"`; 0 by default.
    #[config(default = 0.0)]
    fill_value: f64,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

impl Augmentation for RandomRotation {
    /// The angle of each picture, in degrees: `(batch, 1, 1, 1)`.
    type Drawn = Value;

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, _: &Build) -> Result<()> {
        self.factor.check("factor", -1.0, 1.0)?;
        Sampling::unmirrored(&self.interpolation, &self.fill_mode, self.fill_value).map(|_| ())
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> Value {
        let (low, high) = self.factor.bounds(-1.0);
        uniform(cx, images, (low * 360.0, high * 360.0), self.seed)
    }

    fn transform(&self, images: &Value, degrees: &Value) -> Value {
        let angle = degrees.squeeze(-1) * (std::f64::consts::PI / 180.0);
        let (sin, cos) = (angle.sin(), angle.cos());
        let (y, x) = center(images);
        let map = Affine {
            a: [cos.clone(), -&sin, x - &cos * x + &sin * y],
            b: [sin.clone(), cos.clone(), y - &sin * x - &cos * y],
        };
        let sampling = Sampling::unmirrored(&self.interpolation, &self.fill_mode, self.fill_value);
        map.apply(images, sampling)
    }
}
