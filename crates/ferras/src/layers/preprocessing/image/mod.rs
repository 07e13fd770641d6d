//! Layers that change pictures: what they share is here, one kind is one file.
mod arguments;
mod aug_mix;
mod auto_contrast;
mod blur;
mod center_crop;
mod clahe;
mod color;
#[cfg(test)]
mod crops;
mod cut_mix;
#[cfg(test)]
mod draws;
mod equalization;
mod frame;
#[cfg(test)]
mod golden;
mod max_num_bounding_boxes;
mod mix_up;
mod operations;
mod rand_augment;
mod random_brightness;
mod random_color_degeneration;
mod random_color_jitter;
mod random_contrast;
mod random_crop;
mod random_elastic_transform;
mod random_erasing;
mod random_flip;
mod random_gaussian_blur;
mod random_grayscale;
mod random_hue;
mod random_invert;
mod random_perspective;
mod random_posterization;
mod random_rotation;
mod random_saturation;
mod random_sharpness;
mod random_shear;
mod random_translation;
mod random_zoom;
mod region;
mod resizing;
mod sampling;
mod solarization;

pub use arguments::{Factor, Fill, FillMode, FillPlace, Range};
pub use aug_mix::AugMix;
pub use auto_contrast::AutoContrast;
pub use center_crop::CenterCrop;
pub use clahe::ContrastLimitedAdaptiveHistogramEqualization;
pub use cut_mix::CutMix;
pub use equalization::Equalization;
pub use max_num_bounding_boxes::MaxNumBoundingBoxes;
pub use mix_up::MixUp;
pub use rand_augment::RandAugment;
pub use random_brightness::RandomBrightness;
pub use random_color_degeneration::RandomColorDegeneration;
pub use random_color_jitter::RandomColorJitter;
pub use random_contrast::RandomContrast;
pub use random_crop::RandomCrop;
pub use random_elastic_transform::RandomElasticTransform;
pub use random_erasing::RandomErasing;
pub use random_flip::{FlipMode, RandomFlip};
pub use random_gaussian_blur::RandomGaussianBlur;
pub use random_grayscale::RandomGrayscale;
pub use random_hue::RandomHue;
pub use random_invert::RandomInvert;
pub use random_perspective::RandomPerspective;
pub use random_posterization::RandomPosterization;
pub use random_rotation::RandomRotation;
pub use random_saturation::RandomSaturation;
pub use random_sharpness::RandomSharpness;
pub use random_shear::RandomShear;
pub use random_translation::RandomTranslation;
pub use random_zoom::RandomZoom;
pub use resizing::Resizing;
pub use sampling::Between;
pub use solarization::Solarization;

use crate::config::{Configured, floatx};
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// The range that values are brought to where bytes are meant.
const FULL: (f64, f64) = (0.0, 255.0);

/// A layer with the given seed, if there is one.
macro_rules! seeded {
    ($layer:expr, $seed:expr) => {
        match $seed {
            Some(seed) => $layer.seed(seed),
            None => $layer,
        }
    };
}
use seeded;

/// A layer that does something else to each picture, in training alone.
///
/// What it does is drawn first, then done: so tests can do what Keras does with given numbers, and
/// other layers can draw for it. Both see pictures `(batch, rows, columns, channels)` of floats,
/// whatever the `data_format`.
pub(crate) trait Augmentation: Configured {
    /// What is drawn for the pictures of a batch.
    type Drawn;

    /// The order of the pictures' axes.
    fn data_format(&self) -> &DataFormat;

    /// Says what is wrong with the arguments.
    fn check(&self, cx: &Build) -> Result<()>;

    /// Draws what shall be done to these pictures.
    fn draw(&self, cx: &mut Call, images: &Value) -> Self::Drawn;

    /// Does it.
    fn transform(&self, images: &Value, drawn: &Self::Drawn) -> Value;
}

impl<A: Augmentation> Layer for A {
    fn build(&self, cx: &mut Build) -> Result<()> {
        self.data_format().get()?;
        self.check(cx)?;
        cx.input()?.rank(4).map(|_| ())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let training = cx.training();
        on_pictures(&cx.input(), self.data_format(), |images| match training {
            true => {
                let drawn = self.draw(cx, images);
                self.transform(images, &drawn)
            }
            false => images.clone(),
        })
    }
}

/// What `change` makes of the pictures as floats with their channels last, in their own order.
fn on_pictures(x: &Value, format: &DataFormat, change: impl FnOnce(&Value) -> Value) -> Value {
    let order = match format.get() {
        Ok(order) => order,
        Err(e) => return x.error("data_format", e.to_string()),
    };
    let x = if x.dtype().is_float() { x.clone() } else { x.cast(floatx()) };
    order.of_last(&change(&order.to_last(&x)))
}

/// Numbers uniform between two bounds, one for each picture: `(batch, 1, 1, 1)`.
fn uniform(cx: &mut Call, images: &Value, (low, high): (f64, f64), seed: Option<u64>) -> Value {
    let u = cx.random_uniform([images.dim(0), 1, 1, 1], seed).cast(images.dtype());
    u * (high - low) + low
}

/// An error if a number that sets how much is computed is beyond all use: it may come from a file.
fn at_most(cx: &Build, argument: &str, value: usize, most: usize) -> Result<()> {
    match value <= most {
        true => Ok(()),
        false => Err(cx.error(format!("{argument} must be at most {most}, got {value}"))),
    }
}

/// Whether something shall happen to each picture, bool `(batch, 1, 1, 1)`: with a probability of its
/// own, uniform within the factor.
fn chance(cx: &mut Call, images: &Value, factor: &Factor, seed: Option<u64>) -> Value {
    let probability = uniform(cx, images, factor.bounds(0.0), seed);
    uniform(cx, images, (0.0, 1.0), seed).less(probability)
}
