//! `RandomCrop`: a part of pictures, at a random place.
use super::frame::{inner, part, resized, size_of};
use super::on_pictures;
use super::resizing::check;
use crate::layers::prelude::*;
use crate::layers::reshape::Interpolation;
use crate::layers::spatial::DataFormat;
use ferras_graph::DType;

/// In training, a part of the pictures of a batch at a place drawn for all of them; otherwise
/// pictures go through as they are.
///
/// Where pictures are not larger than the part in both directions, nothing is drawn: the part
/// begins where a middle part with such sides would, and what is missing is drawn anew.
///
/// - **Input** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
///   `channels_first`. **Output** floats; in training, with `height` rows and `width` columns.
/// - **Errors** at build: rank other than 4, a size of 0 or above 65,536.
/// - **Source** Keras 3 `layers.RandomCrop`, whose symbolic output has the size of the part also
///   where its true one has not. A network that needs one size in both cases takes a
///   [`CenterCrop`](super::CenterCrop) behind it.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([32, 32, 3]);
/// let part = CenterCrop::new(28, 28).apply(&RandomCrop::new(28, 28).apply(&x));
/// let model = Model::new(&x, &part)?;
/// assert_eq!(model.output_shape()?.to_string(), "(None, 28, 28, 3)");
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomCrop {
    /// Rows of the part.
    height: usize,
    /// Columns of the part.
    width: usize,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

impl RandomCrop {
    /// The part that begins at these places, int32 `()` each.
    pub(super) fn drawn(&self, images: &Value, [row, column]: [&Value; 2]) -> Value {
        let places = |start: &Value, count: usize| {
            images.builder().iota(DType::I32, [count], 0) + start
        };
        let rows = images.gather(&places(row, self.height), 1);
        rows.gather(&places(column, self.width), 2)
    }

    /// The part of pictures that are not larger.
    fn middle(&self, images: &Value) -> Value {
        let (size, target) = (size_of(images), [self.height, self.width]);
        let (start, _) = inner(size, target);
        let length = [0, 1].map(|i| target[i].min(size[i] - start[i]));
        resized(&part(images, start, length), target, Interpolation::Bilinear, false)
    }
}

impl Layer for RandomCrop {
    fn build(&self, cx: &mut Build) -> Result<()> {
        check(cx, self.height, self.width, &self.data_format)
    }

    fn call(&self, cx: &mut Call) -> Value {
        let training = cx.training();
        on_pictures(&cx.input(), &self.data_format, |images| {
            let [rows, columns] = size_of(images);
            match (rows.checked_sub(self.height), columns.checked_sub(self.width)) {
                _ if !training => images.clone(),
                (Some(more @ 1..), Some(wider @ 1..)) => {
                    let mut draw = |places: usize| {
                        let u = cx.random_uniform([], self.seed);
                        (u * places as f64).floor().clip(0.0, places as f64 - 1.0).cast(DType::I32)
                    };
                    let (row, column) = (draw(more + 1), draw(wider + 1));
                    self.drawn(images, [&row, &column])
                }
                _ => self.middle(images),
            }
        })
    }
}
