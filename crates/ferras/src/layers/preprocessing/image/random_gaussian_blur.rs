//! `RandomGaussianBlur`: blurred pictures.
use super::arguments::{Factor, Range};
use super::blur::{Bell, bell, filter};
use super::color::hold;
use super::{Augmentation, at_most, chance};
use crate::config::Sizes;
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, blurs each picture with a probability of its own, uniform within `factor`, and holds
/// all within `value_range`; otherwise pictures go through.
///
/// A pixel becomes the mean of those around, weighted by exp(−d² / 2σ²) in each direction, with two σ
/// for the whole batch, uniform within `sigma`. Beyond the edges is 0.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
///   with `channels_first`; floats.
/// - **Errors** at build: rank other than 4, factors outside of 0 and 1, an even size of the kernel.
/// - **Source** Keras 3 `layers.RandomGaussianBlur`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([28, 28, 1]);
/// let layer = RandomGaussianBlur::new().kernel_size(5).sigma((0.5, 1.0));
/// let model = Model::new(&x, &layer.apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomGaussianBlur {
    /// The largest probability, or the two ends of its range; 1 by default, which is ½ on average.
    #[config(default = 1.0, written = self.factor.written(0.0))]
    factor: Factor,
    /// How many pixels are looked at: columns and rows, odd; 3 by default.
    #[config(default = 3)]
    kernel_size: Sizes<2>,
    /// The largest σ in pixels, or the two ends of its range; 1 by default.
    #[config(default = 1.0, written = self.sigma.written(0.0))]
    sigma: Factor,
    /// The least and the greatest value of a picture; 0 and 255 by default.
    #[config(default = (0, 255))]
    value_range: Range,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
}

/// Which pictures are blurred, `(batch, 1, 1, 1)`, and σ along columns and rows, scalars.
#[derive(Clone, Debug)]
pub(crate) struct Blur {
    pub(super) chosen: Value,
    pub(super) sigma: [Value; 2],
}

impl Augmentation for RandomGaussianBlur {
    type Drawn = Blur;

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, cx: &Build) -> Result<()> {
        self.value_range.check()?;
        self.factor.check("factor", 0.0, 1.0)?;
        self.sigma.check("sigma", 0.0, 1.0)?;
        let [columns, rows] = self.kernel_size.0;
        at_most(cx, "kernel_size", columns.max(rows), 999)?;
        match columns % 2 == 1 && rows % 2 == 1 {
            true => Ok(()),
            false => Err(cx.error(format!("kernel_size must be odd, got ({columns}, {rows})"))),
        }
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> Blur {
        let chosen = chance(cx, images, &self.factor, self.seed);
        let (low, high) = self.sigma.bounds(0.0);
        let mut sigma = || {
            let u = cx.random_uniform([], self.seed).cast(images.dtype());
            u * (high - low) + (low + 1e-6)
        };
        Blur { chosen, sigma: [sigma(), sigma()] }
    }

    fn transform(&self, images: &Value, drawn: &Blur) -> Value {
        let side = |i: usize| Bell {
            size: self.kernel_size.0[i],
            sigma: drawn.sigma[i].clone(),
            reach: None,
        };
        let blurred = filter(images, &bell(images, &side(1), &side(0)));
        hold(&drawn.chosen.select(&blurred, images), self.value_range)
    }
}
