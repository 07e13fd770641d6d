//! `RandomShear`: slanted pictures.
use super::arguments::{Factor, FillMode};
use super::sampling::{Affine, Between, Sampling};
use super::{Augmentation, uniform};
use crate::config::Choice;
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, slants each picture: a row at y comes from x + s·y, a column at x from y + t·x, with s
/// and t of its own, uniform within `x_factor` and `y_factor`, and both negative for half of the
/// pictures; otherwise pictures go through.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
///   with `channels_first`; floats.
/// - **Errors** at build: rank other than 4, a factor below 0 or above 1, unknown words.
/// - **Source** Keras 3 `layers.RandomShear`. Keras writes a number as ± that number and refuses to
///   read its own file; Ferras reads it.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([28, 28, 1]);
/// let model = Model::new(&x, &RandomShear::new().x_factor(0.2).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomShear {
    /// The largest slant of rows, or the two ends of the range; 0 by default.
    #[config(default = 0.0, written = self.x_factor.written_both_ways(-1.0))]
    x_factor: Factor,
    /// The largest slant of columns, or the two ends of the range; 0 by default.
    #[config(default = 0.0, written = self.y_factor.written_both_ways(-1.0))]
    y_factor: Factor,
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

impl Augmentation for RandomShear {
    /// s and t of each picture: `(batch, 1, 1, 1)` each.
    type Drawn = [Value; 2];

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, _: &Build) -> Result<()> {
        // Two numbers below 0 come from a file of Keras'.
        self.x_factor.check("x_factor", 0.0, 1.0)?;
        self.y_factor.check("y_factor", 0.0, 1.0)?;
        Sampling::unmirrored(&self.interpolation, &self.fill_mode, self.fill_value).map(|_| ())
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> [Value; 2] {
        let side = uniform(cx, images, (0.0, 1.0), self.seed).greater(0.5);
        let side = side.select(&images.full_like(-1.0).slice_axis(1, 0, 1).slice_axis(2, 0, 1), 1.0);
        let side = side.slice_axis(3, 0, 1);
        [&self.x_factor, &self.y_factor]
            .map(|factor| uniform(cx, images, factor.bounds(-1.0), self.seed) * &side)
    }

    fn transform(&self, images: &Value, [x, y]: &[Value; 2]) -> Value {
        let (x, y) = (x.squeeze(-1), y.squeeze(-1));
        let (zero, one) = (x.full_like(0.0), x.full_like(1.0));
        let map = Affine { a: [one.clone(), x, zero.clone()], b: [y, one, zero] };
        let sampling = Sampling::unmirrored(&self.interpolation, &self.fill_mode, self.fill_value);
        map.apply(images, sampling)
    }
}
