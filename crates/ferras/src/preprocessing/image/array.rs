//! Pictures as arrays and back.
use super::img::{Img, Pixels};
use super::pixels::Grid;
use crate::config::{ChannelsOrder, DataFormat, floatx};
use crate::{Config, Error, Result};
use ferras_graph::{DType, Tensor};

/// The options of [`img_to_array`]: Keras' arguments and defaults.
#[derive(Clone, Debug, Config)]
#[config(module = "keras.preprocessing.image")]
pub struct ImgToArray {
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
    /// The type of the numbers; that of the settings (float32) by default.
    #[config(default = None)]
    dtype: Option<DType>,
}

/// The pixels of a picture as numbers: `(rows, columns, channels)`, or `(channels, rows, columns)`.
///
/// - **Output** numbers from 0 to 255; greys of 16 bits from 0 to 65,535.
/// - **Errors**: an unknown `data_format`.
/// - **Source** Keras 3 `utils.img_to_array`.
///
/// ```
/// use ferras::Tensor;
/// use ferras::preprocessing::image::*;
/// let x = Tensor::new([1, 2, 1], vec![0_u8, 200])?;
/// let img = array_to_img(&x, ArrayToImg::new().scale(false))?;
/// assert_eq!(img_to_array(&img, ImgToArray::new())?.to_f64_vec(), [0.0, 200.0]);
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn img_to_array(img: &Img, options: ImgToArray) -> Result<Tensor> {
    let order = options.data_format.get()?;
    let dtype = options.dtype.unwrap_or_else(floatx);
    if let Pixels::Long(values) = &img.pixels {
        // Not all of them are float32.
        let shape = match order {
            ChannelsOrder::Last => [img.height, img.width, 1],
            ChannelsOrder::First => [1, img.height, img.width],
        };
        return Ok(Tensor::new(shape, values.clone())?.cast(dtype));
    }
    Ok(Grid::of_img(img).into_tensor(order)?.cast(dtype))
}

/// The options of [`array_to_img`]: Keras' arguments and defaults.
#[derive(Clone, Debug, Config)]
#[config(module = "keras.preprocessing.image")]
pub struct ArrayToImg {
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
    /// Whether the least number becomes 0 and the largest 255; true by default.
    #[config(default = true)]
    scale: bool,
    /// The type that is reckoned in: float32 whatever it says, as pixels are bytes.
    #[config(default = None)]
    dtype: Option<DType>,
}

/// The picture whose pixels an array `(rows, columns, channels)` holds.
///
/// Fractions are cut off. Of one channel, numbers above 255 make a picture of 32 bits.
///
/// - **Errors**: a rank other than 3; other than 1, 3 or 4 channels; no pixels.
/// - **Source** Keras 3 `utils.array_to_img`.
///
/// ```
/// use ferras::Tensor;
/// use ferras::preprocessing::image::*;
/// let x = Tensor::new([1, 3, 1], vec![-1.0_f32, 0.0, 1.0])?;
/// let img = array_to_img(&x, ArrayToImg::new())?;
/// assert_eq!(img_to_array(&img, ImgToArray::new())?.to_f64_vec(), [0.0, 127.0, 255.0]);
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn array_to_img(x: &Tensor, options: ArrayToImg) -> Result<Img> {
    let grid = Grid::of(x, options.data_format.get()?)?;
    to_img(grid, options.scale)
}

/// The picture of pixels, scaled to bytes.
pub(crate) fn array_to_img_of(grid: Grid) -> Result<Img> {
    to_img(grid, true)
}

/// The picture of pixels, scaled to bytes or as they are.
pub(super) fn to_img(mut grid: Grid, scale: bool) -> Result<Img> {
    let [height, width, channels] = grid.size;
    if ![1, 3, 4].contains(&channels) || height * width == 0 {
        let problem = format!(
            "must have 1, 3 or 4 channels and at least one pixel, got {height} by {width} with {channels}"
        );
        return Err(Error::argument("x", problem));
    }
    if scale {
        let (least, _) = grid.extent();
        grid.values.iter_mut().for_each(|v| *v -= least);
        let (_, most) = grid.extent();
        if most != 0.0 {
            grid.values.iter_mut().for_each(|v| *v /= most);
        }
        grid.values.iter_mut().for_each(|v| *v *= 255.0);
    }
    if channels == 1 && grid.extent().1 > 255.0 {
        let values = grid.values.iter().map(|v| *v as i32).collect();
        return Ok(Img { height, width, pixels: Pixels::Long(values) });
    }
    // As NumPy on this processor: whole numbers beyond the byte begin anew.
    let byte = |v: &f32| *v as i64 as u8;
    Ok(Img::bytes(height, width, channels, grid.values.iter().map(byte).collect()))
}
