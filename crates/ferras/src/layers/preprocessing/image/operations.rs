//! The eleven ways that [`RandAugment`](super::RandAugment) and [`AugMix`](super::AugMix) change
//! pictures in.
use super::arguments::{Factor, Range};
use super::sampling::Between;
use super::{
    Augmentation, AutoContrast, Equalization, RandomBrightness, RandomColorDegeneration,
    RandomContrast, RandomPosterization, RandomRotation, RandomSharpness, RandomShear,
    RandomTranslation, Solarization, seeded,
};
use crate::config::Choice;
use crate::layers::Call;
use ferras_graph::Value;

/// What is done to pictures, with everything drawn.
pub(super) type Change = Box<dyn Fn(&Value) -> Value>;

/// What all of them are given.
#[derive(Clone, Debug)]
pub(super) struct Operations {
    pub(super) factor: Factor,
    pub(super) value_range: Range,
    pub(super) interpolation: Choice<Between>,
    pub(super) seed: Option<u64>,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Shear,
    Translation,
    Rotation,
    Brightness,
    ColorDegeneration,
    Contrast,
    Sharpness,
    Posterization,
    Solarization,
    AutoContrast,
    Equalization,
}

impl Operation {
    /// All of them.
    pub(super) const ALL: [Operation; 11] = [
        Operation::Shear,
        Operation::Translation,
        Operation::Rotation,
        Operation::Brightness,
        Operation::ColorDegeneration,
        Operation::Contrast,
        Operation::Sharpness,
        Operation::Posterization,
        Operation::Solarization,
        Operation::AutoContrast,
        Operation::Equalization,
    ];

    /// Whether it makes pictures lighter, darker or sharper.
    pub(super) fn is_light(self) -> bool {
        use Operation::{Brightness, ColorDegeneration, Contrast, Sharpness};
        matches!(self, Brightness | ColorDegeneration | Contrast | Sharpness)
    }
}

impl Operations {
    /// Draws what an operation shall do to these pictures.
    pub(super) fn draw(&self, operation: Operation, cx: &mut Call, images: &Value) -> Change {
        let (factor, range, seed) = (self.factor, self.value_range, self.seed);
        let between = || self.interpolation.clone();
        match operation {
            Operation::Shear => {
                let layer = RandomShear::new().x_factor(factor).y_factor(factor);
                drawn(seeded!(layer.interpolation(between()), seed), cx, images)
            }
            Operation::Translation => {
                let layer = RandomTranslation::new(factor, factor);
                drawn(seeded!(layer.interpolation(between()), seed), cx, images)
            }
            Operation::Rotation => {
                let layer = RandomRotation::new(factor);
                drawn(seeded!(layer.interpolation(between()), seed), cx, images)
            }
            Operation::Brightness => {
                drawn(seeded!(RandomBrightness::new(factor).value_range(range), seed), cx, images)
            }
            Operation::ColorDegeneration => {
                let layer = RandomColorDegeneration::new(factor).value_range(range);
                drawn(seeded!(layer, seed), cx, images)
            }
            Operation::Contrast => {
                drawn(seeded!(RandomContrast::new(factor).value_range(range), seed), cx, images)
            }
            Operation::Sharpness => {
                drawn(seeded!(RandomSharpness::new(factor).value_range(range), seed), cx, images)
            }
            Operation::Posterization => {
                let bits = (8.0 * factor.bounds(0.0).1).floor().max(1.0);
                let layer = RandomPosterization::new(bits).value_range(range);
                drawn(seeded!(layer, seed), cx, images)
            }
            Operation::Solarization => {
                let layer = Solarization::new().addition_factor(factor).threshold_factor(factor);
                drawn(seeded!(layer.value_range(range), seed), cx, images)
            }
            Operation::AutoContrast => {
                let layer = AutoContrast::new().value_range(range);
                Box::new(move |images| layer.transform(images))
            }
            Operation::Equalization => {
                let layer = Equalization::new().value_range(range);
                Box::new(move |images| layer.transform(images))
            }
        }
    }
}

fn drawn<A: Augmentation>(layer: A, cx: &mut Call, images: &Value) -> Change
where
    A::Drawn: 'static,
{
    let drawn = layer.draw(cx, images);
    Box::new(move |images| layer.transform(images, &drawn))
}
