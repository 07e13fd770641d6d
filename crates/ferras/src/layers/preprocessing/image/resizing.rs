//! `Resizing`: pictures of another size.
use super::arguments::{FillMode, FillPlace};
use super::frame::{inner, padded, part, resized, size_of};
use super::{at_most, frame};
use crate::config::Choice;
use crate::layers::prelude::*;
use crate::layers::reshape::Interpolation;
use crate::layers::spatial::DataFormat;
use ferras_graph::DType;

/// The largest side of pictures that are made.
pub(super) const LARGEST: usize = 1 << 16;

/// Pictures with their pixels drawn anew in another size.
///
/// Pixels are taken to be squares, whose middles are looked at. Integers stay integers: they are
/// rounded, and held within their type.
///
/// - **Input** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
///   `channels_first`, of any type. **Output** the same with `height` rows and `width` columns.
/// - **Errors** at build: rank other than 4, a size of 0 or above 65,536, an unknown word, a
///   `fill_mode` other than `"constant"`, cropping and padding at once.
/// - **Source** Keras 3 `layers.Resizing`, less bounding boxes.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::of([2, 2, 1], DType::U8);
/// let model = Model::new(&x, &Resizing::new(2, 4).apply(&x))?;
/// let wide = model.predict(Tensor::new([1, 2, 2, 1], vec![0_u8, 100, 100, 200])?)?;
/// assert_eq!(wide.as_slice::<u8>(), Some(&[0, 25, 75, 100, 100, 125, 175, 200][..]));
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Resizing {
    /// Rows of the output.
    height: usize,
    /// Columns of the output.
    width: usize,
    /// `"bilinear"` (default), `"nearest"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`.
    #[config(default = "bilinear")]
    interpolation: Choice<Interpolation>,
    /// Whether to cut off what would be distorted, at both sides; false by default.
    #[config(default = false)]
    crop_to_aspect_ratio: bool,
    /// Whether to put a rim around pictures so that nothing is distorted; false by default.
    #[config(default = false)]
    pad_to_aspect_ratio: bool,
    /// What the rim is: `"constant"`, and nothing else.
    #[config(default = "constant")]
    fill_mode: FillMode,
    /// The value of the rim; 0 by default.
    #[config(default = 0.0)]
    fill_value: f64,
    /// Whether smaller pictures are made of means of all pixels; false by default.
    #[config(default = false)]
    antialias: bool,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

/// Says what is wrong with the size of a picture or with the rank of the input.
pub(super) fn check(cx: &Build, height: usize, width: usize, format: &DataFormat) -> Result<()> {
    format.get()?;
    for (name, size) in [("height", height), ("width", width)] {
        cx.at_least(name, size, 1)?;
        at_most(cx, name, size, LARGEST)?;
    }
    cx.input()?.rank(4).map(|_| ())
}

/// What `change` makes of pictures with their channels last, in their own order and type.
pub(super) fn in_order(x: &Value, format: &DataFormat, change: impl FnOnce(&Value) -> Value) -> Value {
    match format.get() {
        Ok(order) => order.of_last(&change(&order.to_last(x))),
        Err(e) => x.error("data_format", e.to_string()),
    }
}

impl Resizing {
    fn change(&self, images: &Value, between: Interpolation) -> Value {
        let target = [self.height, self.width];
        let images = match (self.crop_to_aspect_ratio, self.pad_to_aspect_ratio) {
            (true, _) => {
                let (start, size) = inner(size_of(images), target);
                part(images, start, size)
            }
            (_, true) => padded(images, target, self.fill_value),
            _ => images.clone(),
        };
        resized(&images, target, between, self.antialias)
    }
}

impl Layer for Resizing {
    fn build(&self, cx: &mut Build) -> Result<()> {
        self.interpolation.get()?;
        if self.fill_mode.get()? != FillPlace::Constant {
            return Err(cx.error("fill_mode must be \"constant\" here"));
        }
        if self.crop_to_aspect_ratio && self.pad_to_aspect_ratio {
            let both = "crop_to_aspect_ratio and pad_to_aspect_ratio exclude each other";
            return Err(cx.error(both));
        }
        check(cx, self.height, self.width, &self.data_format)
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        let between = match self.interpolation.get() {
            Ok(between) => between,
            Err(e) => return x.error("interpolation", e.to_string()),
        };
        in_order(&x, &self.data_format, |images| {
            let dtype = images.dtype();
            if dtype.is_float() {
                return self.change(images, between);
            }
            let whole = self.change(&images.cast(DType::F32), between).round();
            let whole = if dtype == DType::U8 { whole.clip(0.0, 255.0) } else { whole };
            whole.cast(dtype)
        })
    }
}

/// Pictures cut to the relation of the sides of `target`, and drawn anew in that size.
pub(super) fn cut_and_resized(images: &Value, target: frame::Size) -> Value {
    let (start, size) = inner(size_of(images), target);
    resized(&part(images, start, size), target, Interpolation::Bilinear, false)
}
