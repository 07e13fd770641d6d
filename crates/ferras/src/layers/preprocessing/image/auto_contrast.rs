//! `AutoContrast`: pictures that use their whole range.
use super::arguments::Range;
use super::color::change_range;
use super::FULL;
use crate::config::floatx;
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// Stretches each channel of each picture, so that its darkest place gets the least and its brightest
/// the greatest value of `value_range`; a channel of one value stays. In training and otherwise.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
///   with `channels_first`; floats.
/// - **Errors** at build: rank other than 4.
/// - **Source** Keras 3 `layers.AutoContrast`, which looks at axes 1 and 2 whatever the
///   `data_format`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([28, 28, 1]);
/// let model = Model::new(&x, &AutoContrast::new().value_range((0, 1)).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct AutoContrast {
    /// The least and the greatest value of a picture; 0 and 255 by default.
    #[config(default = (0, 255), written = self.value_range.sorted())]
    value_range: Range,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

impl AutoContrast {
    /// The stretched pictures.
    pub(super) fn transform(&self, images: &Value) -> Value {
        let range = self.value_range.bounds();
        let x = change_range(images, range, FULL);
        let (low, high) = (x.min(&[1, 2], true), x.max(&[1, 2], true));
        let extent = &high - &low;
        let flat = extent.equal(0.0);
        let scale = 255.0 / flat.select(&extent.full_like(1.0), &extent);
        let offset = -&low * &scale;
        let stretched = (x * scale + offset).clip(0.0, 255.0);
        flat.select(images, change_range(&stretched, FULL, range))
    }
}

impl Layer for AutoContrast {
    fn build(&self, cx: &mut Build) -> Result<()> {
        self.data_format.get()?;
        self.value_range.check()?;
        cx.input()?.rank(4).map(|_| ())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        let x = if x.dtype().is_float() { x } else { x.cast(floatx()) };
        self.transform(&x)
    }
}
