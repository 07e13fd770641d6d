//! Pictures as a model's input.
use crate::failure::{Failure, Outcome};
use ferras::Tensor;
use ferras::applications::Preprocessing;
use ferras::layers::TensorSpec;
use image::imageops::FilterType;
use image::{DynamicImage, ImageReader, Limits};
use std::io::Cursor;

/// The longest side of a picture that is decoded, and the memory that decoding may take.
const LONGEST: u32 = 16_384;
const MEMORY: u64 = 256 << 20;
/// The longest side for a model that takes pictures of any size.
const LONGEST_OPEN: usize = 2048;

/// What is done with pixels, which lie between 0 and 255, before a model sees them.
///
/// ```
/// use ferras_serve::Preprocess;
/// assert_eq!("imagenet".parse(), Ok(Preprocess::Imagenet));
/// assert!("imagnet".parse::<Preprocess>().unwrap_err().contains("imagenet"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preprocess {
    /// Nothing.
    None,
    /// Divided by 255.
    Scale,
    /// Blue, green, red, each less its mean over ImageNet: `mode="caffe"`, the default of Keras'
    /// `imagenet_utils.preprocess_input`, as VGG and ResNet want it.
    Imagenet,
    /// Between -1 and 1: Keras' `mode="tf"`, as Inception and MobileNet want it.
    Tf,
    /// Divided by 255, less the mean over ImageNet, by its deviation: Keras' `mode="torch"`, as
    /// DenseNet wants it.
    Torch,
}

impl Preprocess {
    /// Every kind under its name.
    const ALL: [(&'static str, Preprocess); 5] = [
        ("none", Preprocess::None),
        ("scale", Preprocess::Scale),
        ("imagenet", Preprocess::Imagenet),
        ("tf", Preprocess::Tf),
        ("torch", Preprocess::Torch),
    ];

    /// Whether it is made for red, green and blue.
    pub(crate) fn needs_colour(self) -> bool {
        matches!(self, Preprocess::Imagenet | Preprocess::Torch)
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        Preprocess::ALL.iter().find(|(_, kind)| *kind == self).map_or("none", |(name, _)| name)
    }

    /// Applies it to pixels of so many channels.
    fn apply(self, pixels: &mut [f32], channels: usize) {
        match self {
            Preprocess::None => {}
            Preprocess::Scale => pixels.iter_mut().for_each(|v| *v /= 255.0),
            Preprocess::Tf => Preprocessing::Tf.apply_to(pixels, channels),
            Preprocess::Imagenet => Preprocessing::Caffe.apply_to(pixels, channels),
            Preprocess::Torch => Preprocessing::Torch.apply_to(pixels, channels),
        }
    }
}

impl std::str::FromStr for Preprocess {
    type Err = String;
    fn from_str(name: &str) -> Result<Preprocess, String> {
        let known = Preprocess::ALL.map(|(name, _)| name).join(", ");
        let found = Preprocess::ALL.iter().find(|(n, _)| *n == name);
        found
            .map(|(_, kind)| *kind)
            .ok_or(format!("unknown preprocessing {name:?}; known: {known}"))
    }
}

/// How a model takes pictures, if it does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Form {
    /// Open for models that take any size.
    pub(crate) height: Option<usize>,
    pub(crate) width: Option<usize>,
    pub(crate) channels: usize,
    layout: Layout,
}

/// The axes of a picture behind the batch's.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Layout {
    /// Rows, columns, channels.
    Last,
    /// Channels, rows, columns.
    First,
    /// Rows, columns.
    Grey,
    /// All pixels in one row.
    Flat,
}

impl Form {
    /// The form of an input whose shape is that of pictures.
    pub(crate) fn of(spec: &TensorSpec) -> Option<Form> {
        let (height, width, channels, layout) = match *spec.shape.get(1..)? {
            [h, w, Some(c @ (1 | 3))] => (h, w, c, Layout::Last),
            [Some(c @ (1 | 3)), h, w] => (h, w, c, Layout::First),
            [Some(h), Some(w)] if h == w && h >= 8 => (Some(h), Some(w), 1, Layout::Grey),
            // MNIST's digits, as networks of dense layers take them.
            [Some(784)] => (Some(28), Some(28), 1, Layout::Flat),
            _ => return None,
        };
        Some(Form { height, width, channels, layout })
    }

    /// The picture in these bytes as one row of the model's input.
    pub(crate) fn read(&self, bytes: &[u8], preprocess: Preprocess) -> Outcome<Tensor> {
        let picture = decode(bytes)?;
        let (height, width) = self.size(&picture)?;
        let mut pixels = self.pixels(&picture, height, width);
        preprocess.apply(&mut pixels, self.channels);
        let channels = self.channels;
        let shape = match self.layout {
            Layout::Last => vec![1, height, width, channels],
            Layout::First => vec![1, channels, height, width],
            Layout::Grey => vec![1, height, width],
            Layout::Flat => vec![1, height * width],
        };
        if self.layout == Layout::First {
            let plane = |c| pixels.iter().skip(c).step_by(channels).copied();
            pixels = (0..channels).flat_map(plane).collect();
        }
        Tensor::new(shape, pixels).map_err(|e| Failure::internal(e.to_string()))
    }

    /// The size in which the model sees it.
    fn size(&self, picture: &DynamicImage) -> Outcome<(usize, usize)> {
        let own = (picture.height() as usize, picture.width() as usize);
        let size = (self.height.unwrap_or(own.0), self.width.unwrap_or(own.1));
        let open = [(self.height, size.0), (self.width, size.1)];
        if open.iter().any(|(fixed, size)| fixed.is_none() && *size > LONGEST_OPEN) {
            return Err(Failure::too_large(format!(
                "the picture is {} by {} pixels: at most {LONGEST_OPEN} by {LONGEST_OPEN} are taken",
                own.1, own.0
            )));
        }
        Ok(size)
    }

    /// Pixels row by row, channels last: colours first, then the size, as Pillow does it.
    fn pixels(&self, picture: &DynamicImage, height: usize, width: usize) -> Vec<f32> {
        let (h, w) = (height as u32, width as u32);
        let own = (picture.height(), picture.width()) == (h, w);
        let bytes = match self.channels {
            1 => {
                let grey = grey(picture);
                if own {
                    grey
                } else {
                    image::imageops::resize(&grey, w, h, FilterType::CatmullRom)
                }
                .into_raw()
            }
            _ => {
                let colour = picture.to_rgb8();
                let resized = |c| image::imageops::resize(c, w, h, FilterType::CatmullRom);
                if own { colour } else { resized(&colour) }.into_raw()
            }
        };
        bytes.into_iter().map(f32::from).collect()
    }
}

/// Whether bytes begin as a picture does.
pub(crate) fn is_picture(bytes: &[u8]) -> bool {
    image::guess_format(bytes).is_ok()
}

fn decode(bytes: &[u8]) -> Outcome<DynamicImage> {
    let unread =
        |e: &dyn std::fmt::Display| Failure::bad(format!("the picture cannot be read: {e}"));
    let mut reader = ImageReader::new(Cursor::new(bytes));
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST);
    limits.max_image_height = Some(LONGEST);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    reader = reader.with_guessed_format().map_err(|e| unread(&e))?;
    if reader.format().is_none() {
        return Err(Failure::bad(
            "the picture is of no format that is known here: send PNG, JPEG, WebP, GIF or BMP",
        ));
    }
    reader.decode().map_err(|e| match e {
        image::ImageError::Limits(e) => {
            Failure::too_large(format!("the picture is too large: {e}"))
        }
        other => unread(&other),
    })
}

/// Brightness by ITU-R 601, as Pillow and Keras reckon it.
fn grey(picture: &DynamicImage) -> image::GrayImage {
    if let DynamicImage::ImageLuma8(grey) = picture {
        return grey.clone();
    }
    let colour = picture.to_rgb8();
    let mut grey = image::GrayImage::new(colour.width(), colour.height());
    for (to, from) in grey.pixels_mut().zip(colour.pixels()) {
        let [r, g, b] = from.0.map(u32::from);
        to.0 = [((19595 * r + 38470 * g + 7471 * b + 0x8000) >> 16) as u8];
    }
    grey
}
