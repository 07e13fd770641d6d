//! `CenterCrop`: the middle of pictures.
use super::frame::{part, size_of};
use super::on_pictures;
use super::resizing::{check, cut_and_resized};
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// The middle of each picture. Of a picture that is smaller than asked for, the largest part with
/// sides that relate as asked for, drawn anew in that size.
///
/// - **Input** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
///   `channels_first`. **Output** floats, with `height` rows and `width` columns.
/// - **Errors** at build: rank other than 4, a size of 0 or above 65,536.
/// - **Source** Keras 3 `layers.CenterCrop`, less bounding boxes.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([1, 4, 1]);
/// let model = Model::new(&x, &CenterCrop::new(1, 2).apply(&x))?;
/// let middle = model.predict(Tensor::new([1, 1, 4, 1], vec![1.0_f32, 2.0, 3.0, 4.0])?)?;
/// assert_eq!(middle.to_f64_vec(), [2.0, 3.0]);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct CenterCrop {
    /// Rows of the output.
    height: usize,
    /// Columns of the output.
    width: usize,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

impl Layer for CenterCrop {
    fn build(&self, cx: &mut Build) -> Result<()> {
        check(cx, self.height, self.width, &self.data_format)
    }

    fn call(&self, cx: &mut Call) -> Value {
        let target = [self.height, self.width];
        on_pictures(&cx.input(), &self.data_format, |images| {
            let [rows, columns] = size_of(images);
            match (rows.checked_sub(self.height), columns.checked_sub(self.width)) {
                (Some(above), Some(left)) => part(images, [above / 2, left / 2], target),
                _ => cut_and_resized(images, target),
            }
        })
    }
}
