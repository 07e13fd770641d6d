//! `RandomFlip`: mirrored pictures.
use super::Augmentation;
use crate::config::{Choice, Vocabulary};
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// Which way pictures are mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlipMode {
    /// Left and right change places.
    Horizontal,
    /// Top and bottom change places.
    Vertical,
    /// Both at once.
    Both,
}

impl Vocabulary for FlipMode {
    const KIND: &'static str = "mode";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("horizontal", FlipMode::Horizontal),
        ("vertical", FlipMode::Vertical),
        ("horizontal_and_vertical", FlipMode::Both),
    ];
}

/// In training, mirrors each picture with probability ½; otherwise pictures go through.
///
/// With `"horizontal_and_vertical"` a picture is mirrored both ways or not at all, as in Keras; two
/// layers mirror each way on its own.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
///   with `channels_first`; floats.
/// - **Errors** at build: rank other than 4, an unknown mode.
/// - **Source** Keras 3 `layers.RandomFlip`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([28, 28, 1]);
/// let model = Model::new(&x, &RandomFlip::new().mode("horizontal").apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomFlip {
    /// `"horizontal"`, `"vertical"` or, by default, `"horizontal_and_vertical"`.
    #[config(default = "horizontal_and_vertical")]
    mode: Choice<FlipMode>,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

impl Augmentation for RandomFlip {
    /// Whether each picture is mirrored.
    type Drawn = Value;

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, _: &Build) -> Result<()> {
        self.mode.get().map(|_| ())
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> Value {
        cx.random_uniform([images.dim(0), 1, 1, 1], self.seed).less_equal(0.5)
    }

    fn transform(&self, images: &Value, flips: &Value) -> Value {
        let axes: &[usize] = match self.mode.get() {
            Ok(FlipMode::Horizontal) => &[2],
            Ok(FlipMode::Vertical) => &[1],
            Ok(FlipMode::Both) => &[1, 2],
            Err(e) => return images.error("mode", e.to_string()),
        };
        flips.select(&images.reverse(axes), images)
    }
}
