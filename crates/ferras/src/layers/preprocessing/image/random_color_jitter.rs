//! `RandomColorJitter`: brightness, contrast, saturation and hue at once.
use super::arguments::{Factor, Range};
use super::random_brightness::RandomBrightness;
use super::random_contrast::RandomContrast;
use super::random_hue::RandomHue;
use super::random_saturation::RandomSaturation;
use super::{Augmentation, on_pictures, seeded};
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, [`RandomBrightness`], [`RandomContrast`], [`RandomSaturation`] and [`RandomHue`] one
/// after the other, those whose factor is given; otherwise pictures go through.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
///   `channels_first`; 3 channels for saturation and hue; floats.
/// - **Errors** at build: those of the four layers.
/// - **Source** Keras 3 `layers.RandomColorJitter`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([32, 32, 3]);
/// let layer = RandomColorJitter::new().brightness_factor(0.1).hue_factor(0.05);
/// let model = Model::new(&x, &layer.apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomColorJitter {
    /// The least and the greatest value of a picture; 0 and 255 by default.
    #[config(default = (0, 255))]
    value_range: Range,
    /// The factor of [`RandomBrightness`].
    #[config(default)]
    brightness_factor: Option<Factor>,
    /// The factor of [`RandomContrast`].
    #[config(default)]
    contrast_factor: Option<Factor>,
    /// The factor of [`RandomSaturation`].
    #[config(default)]
    saturation_factor: Option<Factor>,
    /// The factor of [`RandomHue`].
    #[config(default)]
    hue_factor: Option<Factor>,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

impl RandomColorJitter {
    fn brightness(&self) -> Option<RandomBrightness> {
        let layer = RandomBrightness::new(self.brightness_factor?).value_range(self.value_range);
        Some(seeded!(layer, self.seed))
    }

    fn contrast(&self) -> Option<RandomContrast> {
        let layer = RandomContrast::new(self.contrast_factor?).value_range(self.value_range);
        Some(seeded!(layer, self.seed))
    }

    fn saturation(&self) -> Option<RandomSaturation> {
        let layer = RandomSaturation::new(self.saturation_factor?).value_range(self.value_range);
        Some(seeded!(layer.data_format(self.data_format.clone()), self.seed))
    }

    fn hue(&self) -> Option<RandomHue> {
        let layer = RandomHue::new(self.hue_factor?).value_range(self.value_range);
        Some(seeded!(layer.data_format(self.data_format.clone()), self.seed))
    }
}

/// What a layer, if it is there, makes of pictures.
fn changed<A: Augmentation>(layer: Option<A>, cx: &mut Call, images: Value) -> Value {
    let Some(layer) = layer else { return images };
    let drawn = layer.draw(cx, &images);
    layer.transform(&images, &drawn)
}

impl Layer for RandomColorJitter {
    fn build(&self, cx: &mut Build) -> Result<()> {
        self.data_format.get()?;
        self.value_range.check()?;
        self.brightness().map_or(Ok(()), |layer| layer.check(cx))?;
        self.contrast().map_or(Ok(()), |layer| layer.check(cx))?;
        self.saturation().map_or(Ok(()), |layer| layer.check(cx))?;
        self.hue().map_or(Ok(()), |layer| layer.check(cx))?;
        cx.input()?.rank(4).map(|_| ())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let training = cx.training();
        on_pictures(&cx.input(), &self.data_format, |images| {
            if !training {
                return images.clone();
            }
            let images = changed(self.brightness(), cx, images.clone());
            let images = changed(self.contrast(), cx, images);
            let images = changed(self.saturation(), cx, images);
            changed(self.hue(), cx, images)
        })
    }
}
