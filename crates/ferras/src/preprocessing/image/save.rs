//! `save_img`: pictures into files.
use super::array::{ArrayToImg, array_to_img};
use super::img::{Colors, Img, Pixels, converted};
use super::resize::Like;
use crate::config::DataFormat;
use crate::{Config, Error, Result, console, write_atomic};
use ferras_graph::Tensor;
use image::{DynamicImage, ImageBuffer, ImageFormat};
use std::io::Cursor;
use std::path::Path;

/// The options of [`save_img`]: Keras' arguments and defaults.
#[derive(Clone, Debug, Config)]
#[config(module = "keras.preprocessing.image")]
pub struct SaveImg {
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
    /// `"png"`, `"jpeg"`, `"bmp"`, `"gif"`, `"tiff"`, `"ppm"` or `"webp"`; by the name's ending by
    /// default.
    #[config(default = None)]
    file_format: Option<String>,
    /// Whether the least number becomes 0 and the largest 255; true by default.
    #[config(default = true)]
    scale: bool,
}

/// Writes an array `(rows, columns, channels)` as a picture. JPEG drops opacity, with a warning.
///
/// - **Errors** as for [`array_to_img`]; an unknown format; what the system refuses.
/// - **Source** Keras 3 `utils.save_img`; quality of JPEG 75, as Pillow's.
///
/// ```
/// use ferras::Tensor;
/// use ferras::preprocessing::image::*;
/// let path = std::env::temp_dir().join("ferras-doc-save.png");
/// let x = Tensor::new([1, 2, 1], vec![0.0_f32, 1.0])?;
/// save_img(&path, &x, SaveImg::new())?;
/// let img = load_img(&path, LoadImg::new().color_mode("grayscale"))?;
/// assert_eq!(img_to_array(&img, ImgToArray::new())?.to_f64_vec(), [0.0, 255.0]);
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn save_img(path: impl AsRef<Path>, x: &Tensor, options: SaveImg) -> Result<()> {
    let path = path.as_ref();
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let name = options.file_format.as_deref().unwrap_or(ending);
    let format = save_format(name)?;
    let to_img = ArrayToImg::new().data_format(options.data_format).scale(options.scale);
    write_img(path, array_to_img(x, to_img)?, format)
}

/// The format of a name.
pub(crate) fn save_format(name: &str) -> Result<ImageFormat> {
    ImageFormat::from_extension(name.to_lowercase()).filter(|f| f.writing_enabled()).ok_or_else(|| {
        let known = "must be png, jpeg, bmp, gif, tiff, ppm or webp, by the name's ending or as \
                     file_format";
        Error::argument("file_format", format!("{known}, got {name:?}"))
    })
}

/// Writes a picture in a format.
pub(crate) fn write_img(path: &Path, img: Img, format: ImageFormat) -> Result<()> {
    let picture = picture(img, format)?;
    let mut bytes = Cursor::new(Vec::new());
    let written = picture.write_to(&mut bytes, format);
    written.map_err(|e| Error::file(path, format!("cannot be written: {e}")))?;
    write_atomic(path, &bytes.into_inner())
}

fn picture(img: Img, format: ImageFormat) -> Result<DynamicImage> {
    let Img { height, width, pixels } = img;
    let misfit = || Error::Internal("a picture with other than its pixels".into());
    let (w, h) = (width as u32, height as u32);
    let (channels, values) = match pixels {
        // Pillow writes PNG of 16 bits, which the numbers of 32 are held within.
        Pixels::Long(values) => {
            let short = values.into_iter().map(|v| v.clamp(0, 65_535) as u16).collect();
            return ImageBuffer::from_raw(w, h, short)
                .ok_or_else(misfit)
                .map(DynamicImage::ImageLuma16);
        }
        Pixels::Short(values) => {
            return ImageBuffer::from_raw(w, h, values)
                .ok_or_else(misfit)
                .map(DynamicImage::ImageLuma16);
        }
        Pixels::Bytes { channels: 4, values } if format == ImageFormat::Jpeg => {
            console::warn("JPEG has no opacity: the picture is written without");
            (3, converted(values, 4, Colors::Rgb, Like::Keras))
        }
        Pixels::Bytes { channels, values } => (channels, values),
    };
    let picture = match channels {
        1 => ImageBuffer::from_raw(w, h, values).map(DynamicImage::ImageLuma8),
        3 => ImageBuffer::from_raw(w, h, values).map(DynamicImage::ImageRgb8),
        _ => ImageBuffer::from_raw(w, h, values).map(DynamicImage::ImageRgba8),
    };
    picture.ok_or_else(misfit)
}
