//! A picture in memory, and its colours.
use super::resize::Like;
use crate::config::{Choice, Vocabulary};

/// Which channels a picture has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colors {
    /// One: brightness.
    Grayscale,
    /// Three: red, green, blue.
    Rgb,
    /// Four: these and opacity.
    Rgba,
}

/// `"grayscale"`, `"rgb"` or `"rgba"`.
pub type ColorMode = Choice<Colors>;

impl Vocabulary for Colors {
    const KIND: &'static str = "color_mode";
    const WORDS: &'static [(&'static str, Self)] =
        &[("grayscale", Colors::Grayscale), ("rgb", Colors::Rgb), ("rgba", Colors::Rgba)];
}

impl Colors {
    /// How many channels they are.
    pub(crate) fn channels(self) -> usize {
        match self {
            Colors::Grayscale => 1,
            Colors::Rgb => 3,
            Colors::Rgba => 4,
        }
    }
}

/// A picture of whole numbers in memory: what [`load_img`](super::load_img) reads,
/// [`img_to_array`](super::img_to_array) makes an array of and
/// [`array_to_img`](super::array_to_img) makes of one. Pillow's `Image`, as Keras uses it.
///
/// ```
/// use ferras::Tensor;
/// use ferras::preprocessing::image::{ArrayToImg, array_to_img};
/// let x = Tensor::new([2, 3, 1], vec![0_u8, 10, 20, 30, 40, 50])?;
/// let img = array_to_img(&x, ArrayToImg::new())?;
/// assert_eq!((img.height(), img.width(), img.channels()), (2, 3, 1));
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Img {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) pixels: Pixels,
}

/// Row by row, the channels of a pixel one after the other.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pixels {
    /// Of 1, 3 or 4 channels.
    Bytes { channels: usize, values: Vec<u8> },
    /// Brightness alone, of 16 bits: Pillow's mode `I;16`.
    Short(Vec<u16>),
    /// Brightness alone, of 32 bits: Pillow's mode `I`.
    Long(Vec<i32>),
}

impl Img {
    /// Rows of pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Pixels of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// 1 for grey, 3 for red, green and blue, 4 with opacity.
    pub fn channels(&self) -> usize {
        match &self.pixels {
            Pixels::Bytes { channels, .. } => *channels,
            Pixels::Short(_) | Pixels::Long(_) => 1,
        }
    }

    /// The same in bytes, of greys of 16 bits their higher ones.
    pub(crate) fn into_bytes(self) -> Img {
        let values = match self.pixels {
            Pixels::Bytes { .. } => return self,
            Pixels::Short(values) => values.into_iter().map(|v| (v >> 8) as u8).collect(),
            Pixels::Long(values) => values.into_iter().map(|v| (v >> 8) as u8).collect(),
        };
        Img::bytes(self.height, self.width, 1, values)
    }

    pub(super) fn bytes(height: usize, width: usize, channels: usize, values: Vec<u8>) -> Img {
        Img { height, width, pixels: Pixels::Bytes { channels, values } }
    }
}

/// Bytes of 1 (grey), 2 (with opacity), 3 or 4 channels as those of other colours.
pub(super) fn converted(values: Vec<u8>, channels: usize, to: Colors, like: Like) -> Vec<u8> {
    if channels == to.channels() {
        return values;
    }
    let pixels = values.chunks_exact(channels.max(1));
    let opacity =
        |p: &[u8]| if channels.is_multiple_of(2) { p.last().copied().unwrap_or(255) } else { 255 };
    let color = |p: &[u8]| match *p {
        [r, g, b, ..] => [r, g, b],
        [grey, ..] => [grey; 3],
        [] => [0; 3],
    };
    match to {
        Colors::Grayscale if channels == 2 => pixels.map(|p| color(p)[0]).collect(),
        Colors::Grayscale => pixels.map(|p| brightness(color(p), like)).collect(),
        Colors::Rgb => pixels.flat_map(color).collect(),
        Colors::Rgba => pixels
            .flat_map(|p| {
                let [r, g, b] = color(p);
                [r, g, b, opacity(p)]
            })
            .collect(),
    }
}

/// Brightness by ITU-R 601, in whole numbers: Pillow rounds, TensorFlow's libpng does not.
fn brightness(rgb: [u8; 3], like: Like) -> u8 {
    let [r, g, b] = rgb.map(u32::from);
    match like {
        Like::Keras => ((19_595 * r + 38_470 * g + 7_471 * b + 0x8000) >> 16) as u8,
        Like::TensorFlow => ((9_797 * r + 19_234 * g + 3_737 * b) >> 15) as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours() {
        let red = vec![255, 0, 0, 9];
        assert_eq!(converted(red.clone(), 4, Colors::Rgb, Like::Keras), [255, 0, 0]);
        assert_eq!(converted(red, 4, Colors::Grayscale, Like::Keras), [76]);
        assert_eq!(converted(vec![7, 9], 2, Colors::Rgba, Like::Keras), [7, 7, 7, 9]);
        assert_eq!(converted(vec![7, 9], 2, Colors::Grayscale, Like::Keras), [7]);
        assert_eq!(converted(vec![7], 1, Colors::Rgba, Like::Keras), [7, 7, 7, 255]);
    }
}
