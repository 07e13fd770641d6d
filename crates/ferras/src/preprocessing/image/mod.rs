//! Pictures: read, written, brought to one size, changed at random. Keras' `preprocessing.image`.
//!
//! ```
//! use ferras::preprocessing::image::*;
//! # let folder = std::env::temp_dir();
//! # let path = folder.join("ferras-doc-image.png");
//! # let x = ferras::Tensor::new([4, 4, 3], (0..48_u8).map(|v| 5 * v).collect())?;
//! # save_img(&path, &x, SaveImg::new().scale(false))?;
//! let img = load_img(&path, LoadImg::new().target_size((2, 2)))?;
//! let x = img_to_array(&img, ImgToArray::new())?;
//! let changed = ImageDataGenerator::new().rotation_range(20.0).horizontal_flip(true);
//! let x = changed.random_transform(&x, Some(7))?;
//! assert_eq!(x.shape()[..], [2, 2, 3]);
//! # std::fs::remove_file(path).unwrap();
//! # Ok::<(), ferras::Error>(())
//! ```
mod affine;
mod arguments;
mod array;
mod fill;
mod generator;
mod img;
mod kernel;
mod load;
mod pixels;
mod resample;
mod resize;
mod save;
mod statistics;
#[cfg(test)]
mod tests;
mod transform;
mod whitening;

pub use arguments::{ShiftRange, ZoomRange};
pub use array::{ArrayToImg, ImgToArray, array_to_img, img_to_array};
pub use fill::{FillMode, FillPlace};
pub use generator::ImageDataGenerator;
pub use img::{ColorMode, Colors, Img};
pub use load::{LoadImg, load_img};
pub use resample::Filter;
pub use resize::{ResizeMethod, SmartResize, smart_resize};
pub use save::{SaveImg, save_img};
pub use statistics::FitImages;
pub use transform::Transform;

pub(crate) use array::array_to_img_of;
pub(crate) use load::{decode, in_colors};
pub(crate) use pixels::Grid;
pub(crate) use resize::Like;
pub(crate) use save::{save_format, write_img};
pub(crate) use statistics::grids;
