//! `RandomTranslation`: shifted pictures.
use super::arguments::{Factor, FillMode};
use super::sampling::{Affine, Between, Sampling};
use super::{Augmentation, uniform};
use crate::config::Choice;
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, shifts each picture by a way of its own, uniform within `height_factor`·rows and
/// `width_factor`·columns; otherwise pictures go through.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
///   with `channels_first`; floats.
/// - **Errors** at build: rank other than 4, a factor beyond ±1, unknown words.
/// - **Source** Keras 3 `layers.RandomTranslation`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([28, 28, 1]);
/// // Up to a tenth up or down, and only to the right.
/// let model = Model::new(&x, &RandomTranslation::new(0.1, (0.0, 0.2)).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomTranslation {
    /// The largest share of the rows, up or down, or the two ends of the range; positive is down.
    height_factor: Factor,
    /// The largest share of the columns, left or right, or the two ends of the range; positive is
    /// to the right.
    width_factor: Factor,
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

impl Augmentation for RandomTranslation {
    /// How far each picture goes down and to the right, in pixels: `(batch, 1, 1, 1)` each.
    type Drawn = [Value; 2];

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, _: &Build) -> Result<()> {
        self.height_factor.check_all("height_factor", -1.0, 1.0)?;
        self.width_factor.check_all("width_factor", -1.0, 1.0)?;
        Sampling::unmirrored(&self.interpolation, &self.fill_mode, self.fill_value).map(|_| ())
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> [Value; 2] {
        [(&self.height_factor, 1), (&self.width_factor, 2)].map(|(factor, axis)| {
            uniform(cx, images, factor.bounds(-1.0), self.seed) * images.dim(axis) as f64
        })
    }

    fn transform(&self, images: &Value, [down, right]: &[Value; 2]) -> Value {
        let (down, right) = (down.squeeze(-1), right.squeeze(-1));
        let (zero, one) = (down.full_like(0.0), down.full_like(1.0));
        let map = Affine { a: [one.clone(), zero.clone(), -right], b: [zero, one, -down] };
        let sampling = Sampling::unmirrored(&self.interpolation, &self.fill_mode, self.fill_value);
        map.apply(images, sampling)
    }
}
