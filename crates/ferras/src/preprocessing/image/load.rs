//! `load_img`: pictures out of files.
use super::img::{ColorMode, Colors, Img, Pixels, converted};
use super::resample::{Filter, resized};
use super::resize::Like;
use crate::config::{Choice, Sizes};
use crate::{Config, Error, Result};
use image::{DynamicImage, ImageError, ImageReader, Limits};
use std::io::Cursor;
use std::path::Path;

/// The longest side of a picture that is decoded, and the memory that decoding may take.
const LONGEST: u32 = 32_768;
const MEMORY: u64 = 1 << 30;

/// The options of [`load_img`]: Keras' arguments and defaults.
///
/// ```
/// use ferras::preprocessing::image::LoadImg;
/// let options = LoadImg::new().color_mode("grayscale").target_size((28, 28)).interpolation("bicubic");
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.preprocessing.image")]
pub struct LoadImg {
    /// `"rgb"` (default), `"rgba"` or `"grayscale"`; greys of 16 bits stay as they are then.
    #[config(default = "rgb")]
    color_mode: ColorMode,
    /// Rows and columns of the result; those of the file by default.
    #[config(default = None)]
    target_size: Option<Sizes<2>>,
    /// `"nearest"` (default), `"bilinear"`, `"bicubic"`, `"hamming"`, `"box"` or `"lanczos"`: Pillow's
    /// filters, which smooth what they make smaller.
    #[config(default = "nearest")]
    interpolation: Choice<Filter>,
    /// Whether to cut off what would be distorted, at both sides; false by default.
    #[config(default = false)]
    keep_aspect_ratio: bool,
}

/// Reads a picture: PNG, JPEG, WebP, GIF (its first frame), BMP, TIFF or PPM, told by its content.
///
/// - **Output** a picture of bytes; [`img_to_array`](super::img_to_array) makes numbers of it.
/// - **Errors**: no file; no picture, or one of more than 32,768 pixels a side; unknown words; a size
///   of 0.
/// - **Source** Keras 3 `utils.load_img`, with the pixels of Pillow (of JPEG, ±2: decoders round
///   differently).
///
/// ```
/// use ferras::preprocessing::image::*;
/// # let path = std::env::temp_dir().join("ferras-doc-load.png");
/// # let x = ferras::Tensor::new([2, 2, 3], (0..12_u8).map(|v| 20 * v).collect())?;
/// # save_img(&path, &x, SaveImg::new().scale(false))?;
/// let img = load_img(&path, LoadImg::new().target_size((4, 4)).interpolation("bilinear"))?;
/// let x = img_to_array(&img, ImgToArray::new())?;
/// assert_eq!(x.shape()[..], [4, 4, 3]);
/// let batch = x.reshape([1, 4, 4, 3])?; // for model.predict
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn load_img(path: impl AsRef<Path>, options: LoadImg) -> Result<Img> {
    let path = path.as_ref();
    let colors = options.color_mode.get()?;
    let bytes = crate::Limits::new().read_bytes(path)?;
    let img = in_colors(decode(&bytes, path)?, colors, Like::Keras);
    let Some(size) = &options.target_size else { return Ok(img) };
    let size = size.0;
    if size.contains(&0) {
        let problem = format!("must be at least 1 by 1, got {size:?}");
        return Err(Error::argument("target_size", problem));
    }
    if size == [img.height, img.width] {
        return Ok(img);
    }
    let part = match options.keep_aspect_ratio {
        true => inner([img.height, img.width], size),
        false => ([0, 0], [img.height, img.width]),
    };
    resized(&img, part, size, options.interpolation.get()?)
}

/// The part in the middle whose sides relate as those of `target`: where it begins, and its size.
fn inner(size: [usize; 2], target: [usize; 2]) -> ([usize; 2], [usize; 2]) {
    let height = (size[1].saturating_mul(target[0]) / target[1]).min(size[0]);
    let width = (size[0].saturating_mul(target[1]) / target[0]).min(size[1]);
    ([(size[0] - height) / 2, (size[1] - width) / 2], [height, width])
}

/// The picture that a file holds.
pub(crate) fn decode(bytes: &[u8], path: &Path) -> Result<DynamicImage> {
    let mut reader = ImageReader::new(Cursor::new(bytes));
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST);
    limits.max_image_height = Some(LONGEST);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let reader = reader.with_guessed_format().map_err(Error::io("read", path))?;
    if reader.format().is_none() {
        let known =
            "is no picture of a format that is known here: PNG, JPEG, WebP, GIF, BMP, TIFF, PPM";
        return Err(Error::file(path, known));
    }
    reader.decode().map_err(|e| match e {
        ImageError::Limits(e) => Error::file(path, format!("is too large a picture: {e}")),
        other => Error::file(path, format!("cannot be read as a picture: {other}")),
    })
}

/// A decoded picture in these colours.
pub(crate) fn in_colors(picture: DynamicImage, colors: Colors, like: Like) -> Img {
    let (height, width) = (picture.height() as usize, picture.width() as usize);
    if let (DynamicImage::ImageLuma16(grey), Colors::Grayscale) = (&picture, colors) {
        return Img { height, width, pixels: Pixels::Short(grey.as_raw().clone()) };
    }
    let (channels, values) = channel_bytes(picture);
    Img::bytes(height, width, colors.channels(), converted(values, channels, colors, like))
}

/// The channels of a picture, and their bytes.
fn channel_bytes(picture: DynamicImage) -> (usize, Vec<u8>) {
    // Of colours of 16 bits Pillow keeps the higher byte; greys it holds within the byte.
    let high = |values: Vec<u16>| values.into_iter().map(|v| (v >> 8) as u8).collect();
    match picture {
        DynamicImage::ImageLuma8(p) => (1, p.into_raw()),
        DynamicImage::ImageLumaA8(p) => (2, p.into_raw()),
        DynamicImage::ImageRgb8(p) => (3, p.into_raw()),
        DynamicImage::ImageRgba8(p) => (4, p.into_raw()),
        DynamicImage::ImageLuma16(p) => {
            (1, p.into_raw().into_iter().map(|v| v.min(255) as u8).collect())
        }
        DynamicImage::ImageLumaA16(p) => (2, high(p.into_raw())),
        DynamicImage::ImageRgb16(p) => (3, high(p.into_raw())),
        DynamicImage::ImageRgba16(p) => (4, high(p.into_raw())),
        other => (4, other.into_rgba8().into_raw()),
    }
}
