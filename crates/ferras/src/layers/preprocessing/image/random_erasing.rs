//! `RandomErasing`: pictures with a hole.
use super::arguments::{Factor, Fill, Range};
use super::color::hold;
use super::region::Region;
use super::{Augmentation, chance, uniform};
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;
use ferras_graph::Tensor;

/// In training, fills a rectangle of each picture, with a probability of its own, uniform within
/// `factor`; otherwise pictures go through.
///
/// Its height and width are √s of the picture's, each with an s uniform within `scale`, and it lies
/// anywhere inside. Without a `fill_value`, each pixel in it is normal noise whose deviation is the
/// greatest value of `value_range`, held within that range.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
///   with `channels_first`; floats.
/// - **Errors** at build: rank other than 4, factors outside of 0 and 1, a colour for other than 3
///   channels.
/// - **Source** Keras 3 `layers.RandomErasing`; Zhong et al. 2020.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([32, 32, 3]);
/// let layer = RandomErasing::new().scale((0.1, 0.2)).fill_value(0.0);
/// let model = Model::new(&x, &layer.apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomErasing {
    /// The largest probability, or the two ends of its range; 1 by default, which is ½ on average.
    #[config(default = 1.0, written = self.factor.written(0.0))]
    factor: Factor,
    /// The range of s; 0.02 to 0.33 by default. A number stands for the range from 0.
    #[config(default = (0.02, 0.33), written = self.scale.written(0.0))]
    scale: Factor,
    /// What the rectangle holds: a number, or three for the colours; noise by default.
    #[config(default)]
    fill_value: Option<Fill>,
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

/// Which pictures have a hole, where, and what fills it.
#[derive(Clone, Debug)]
pub(crate) struct Hole {
    pub(super) chosen: Value,
    pub(super) region: Region,
    pub(super) fill: Value,
}

impl RandomErasing {
    fn fill(&self, cx: &mut Call, images: &Value) -> Value {
        let fill = match &self.fill_value {
            None => {
                let noise = cx.random_normal(images.shape(), self.seed).cast(images.dtype());
                noise * self.value_range.bounds().1
            }
            Some(fill) => {
                let channels = fill.channels();
                match Tensor::new([channels.len()], channels.to_vec()) {
                    Ok(color) => images.builder().constant(color.cast(images.dtype())),
                    Err(e) => images.error("fill_value", e.to_string()),
                }
            }
        };
        hold(&fill, self.value_range)
    }
}

impl Augmentation for RandomErasing {
    type Drawn = Hole;

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, cx: &Build) -> Result<()> {
        self.value_range.check()?;
        self.factor.check("factor", 0.0, 1.0)?;
        self.scale.check("scale", 0.0, 1.0)?;
        match self.fill_value.as_ref().map(|f| f.channels().len()) {
            Some(3) => super::color::check_channels(cx, &self.data_format, &[3]),
            _ => Ok(()),
        }
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> Hole {
        let mut share = || uniform(cx, images, self.scale.bounds(0.0), self.seed).sqrt();
        let (width, height) = (share(), share());
        let region = Region::draw(cx, images, [&width, &height], self.seed);
        let chosen = chance(cx, images, &self.factor, self.seed);
        Hole { chosen, region, fill: self.fill(cx, images) }
    }

    fn transform(&self, images: &Value, hole: &Hole) -> Value {
        hole.region.mask(images).and(&hole.chosen).select(&hole.fill, images)
    }
}
