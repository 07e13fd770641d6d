//! `RandomElasticTransform`: pictures as if printed on rubber.
use super::arguments::{Factor, FillMode, Range};
use super::blur::{Bell, bell, filter};
use super::color::hold;
use super::sampling::{Between, Sampling};
use super::{Augmentation, chance};
use crate::config::Choice;
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, distorts each picture with a probability of its own, uniform within `factor`, and
/// holds all within `value_range`; otherwise pictures go through.
///
/// For a strength s of the whole batch, uniform within `scale`, each pixel comes from
/// 0.1·s·max(rows, columns)·d away, in rows and columns alike; d is normal noise of deviation σ,
/// blurred by a bell of width σ = 0.05·s·min(rows, columns).
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
///   with `channels_first`; floats.
/// - **Errors** at build: rank other than 4, factors outside of 0 and 1, unknown words.
/// - **Source** Keras 3 `layers.RandomElasticTransform`; Simard et al. 2003. As in Keras the noise of
///   rows and of columns is the same.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([28, 28, 1]);
/// let model = Model::new(&x, &RandomElasticTransform::new().scale(0.5).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomElasticTransform {
    /// The largest probability, or the two ends of its range; 1 by default, which is ½ on average.
    #[config(default = 1.0, written = self.factor.written(0.0))]
    factor: Factor,
    /// The largest strength, or the two ends of its range; 1 by default.
    #[config(default = 1.0, written = self.scale.written(0.0))]
    scale: Factor,
    /// `"bilinear"` (default) or `"nearest"`.
    #[config(default = "bilinear")]
    interpolation: Choice<Between>,
    /// What is seen beyond the edges: `"reflect"` (default), `"wrap"`, `"constant"`, `"nearest"` or
    /// `"mirror"`.
    #[config(default = "reflect")]
    fill_mode: FillMode,
    /// What is seen beyond the edges with `"constant"`; 0 by default.
    #[config(default = 0.0)]
    fill_value: f64,
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

/// Which pictures are distorted, how strongly, and the noise `(batch, rows, columns)`.
#[derive(Clone, Debug)]
pub(crate) struct Distortion {
    pub(super) chosen: Value,
    pub(super) strength: Value,
    pub(super) noise: Value,
}

impl Augmentation for RandomElasticTransform {
    type Drawn = Distortion;

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, _: &Build) -> Result<()> {
        self.value_range.check()?;
        self.factor.check("factor", 0.0, 1.0)?;
        self.scale.check("scale", 0.0, 1.0)?;
        Sampling::new(&self.interpolation, &self.fill_mode, self.fill_value).map(|_| ())
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> Distortion {
        let chosen = chance(cx, images, &self.factor, self.seed);
        let (low, high) = self.scale.bounds(0.0);
        let u = cx.random_uniform([], self.seed).cast(images.dtype());
        let shape = [0, 1, 2].map(|axis| images.dim(axis));
        let noise = cx.random_normal(shape, self.seed).cast(images.dtype());
        Distortion { chosen, strength: u * (high - low) + low, noise }
    }

    fn transform(&self, images: &Value, drawn: &Distortion) -> Value {
        let sampling = match Sampling::new(&self.interpolation, &self.fill_mode, self.fill_value) {
            Ok(sampling) => sampling,
            Err(e) => return images.error("elastic", e.to_string()),
        };
        let (rows, columns) = (images.dim(1), images.dim(2));
        let widest = 0.05 * rows.min(columns) as f64;
        let sigma = (&drawn.strength * widest).maximum(1e-6);
        // The kernel has ⌊6σ⌋ | 1 places, and room for those of the largest σ.
        let largest = (6.0 * widest * self.scale.bounds(0.0).1).floor() as usize | 1;
        let reach = ((&sigma * 6.0).floor() / 2.0).floor();
        let side = || Bell { size: largest, sigma: sigma.clone(), reach: Some(reach.clone()) };
        let noise = (&drawn.noise * &sigma).expand_dims(-1);
        let soft = filter(&noise, &bell(images, &side(), &side())).squeeze(-1);
        let away = soft * &drawn.strength * (0.1 * rows.max(columns) as f64);
        let along = |axis| images.builder().iota(images.dtype(), drawn.noise.shape(), axis);
        let distorted = sampling.at(images, &(along(1) + &away), &(along(2) + &away));
        hold(&drawn.chosen.select(&distorted, images), self.value_range)
    }
}
