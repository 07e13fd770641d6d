//! `RandomZoom`: pictures from nearer by or farther away.
use super::arguments::{Factor, FillMode};
use super::sampling::{Affine, Between, Sampling, center};
use super::{Augmentation, uniform};
use crate::config::Choice;
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, shows each picture from nearer by or farther away: what is seen is 1 + z times as
/// high and wide, z of its own and uniform within `height_factor` and `width_factor`; otherwise
/// pictures go through.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
///   with `channels_first`; floats.
/// - **Errors** at build: rank other than 4, a factor of −1 or beyond ±1, unknown words.
/// - **Source** Keras 3 `layers.RandomZoom`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([28, 28, 1]);
/// // Up to 20 % nearer, never farther away.
/// let model = Model::new(&x, &RandomZoom::new((-0.2, 0.0)).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomZoom {
    /// The largest z, either way, or the two ends of the range: 0.2 makes things smaller by 20 %,
    /// −0.2 larger.
    height_factor: Factor,
    /// The same for the width; by default each picture keeps its proportions.
    #[config(default)]
    width_factor: Option<Factor>,
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

impl Augmentation for RandomZoom {
    /// 1 + z of each picture's height and width: `(batch, 1, 1, 1)` each.
    type Drawn = [Value; 2];

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, _: &Build) -> Result<()> {
        let width = self.width_factor.iter().map(|f| ("width_factor", f));
        for (name, factor) in [("height_factor", &self.height_factor)].into_iter().chain(width) {
            // At -1 the whole picture is a point.
            factor.check_all(name, (-1.0_f64).next_up(), 1.0)?;
        }
        Sampling::unmirrored(&self.interpolation, &self.fill_mode, self.fill_value).map(|_| ())
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> [Value; 2] {
        let mut one = |factor: &Factor| {
            let (low, high) = factor.bounds(-1.0);
            uniform(cx, images, (1.0 + low, 1.0 + high), self.seed)
        };
        let height = one(&self.height_factor);
        let width = self.width_factor.as_ref().map_or_else(|| height.clone(), one);
        [height, width]
    }

    fn transform(&self, images: &Value, [height, width]: &[Value; 2]) -> Value {
        let (height, width) = (height.squeeze(-1), width.squeeze(-1));
        let (y, x) = center(images);
        let zero = height.full_like(0.0);
        let map = Affine {
            a: [width.clone(), zero.clone(), (1.0 - &width) * x],
            b: [zero, height.clone(), (1.0 - &height) * y],
        };
        let sampling = Sampling::unmirrored(&self.interpolation, &self.fill_mode, self.fill_value);
        map.apply(images, sampling)
    }
}
