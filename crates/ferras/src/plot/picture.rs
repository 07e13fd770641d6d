//! A picture of pixels, as figures show them.
use crate::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ndarray::{ArrayBase, ArrayView3, Axis, Data, Ix3};
use std::sync::Arc;
use tiny_skia::Pixmap;

/// Pixels in grey or colour.
///
/// ```
/// use ferras::plot::Picture;
/// let ramp = ndarray::Array3::from_shape_fn((4, 8, 1), |(_, x, _)| x as f32);
/// assert_eq!(Picture::new(&ramp)?.size(), (8, 4));
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    width: usize,
    height: usize,
    /// Red, green and blue of each pixel, row by row.
    rgb: Arc<Vec<u8>>,
}

impl Picture {
    /// A picture of `(height, width, channels)` numbers, with one channel (grey) or three (red, green,
    /// blue). The least number becomes black, the greatest white; numbers that are not finite, black.
    ///
    /// Errors: no pixels, another number of channels.
    pub fn new<S: Data<Elem = f32>>(pixels: &ArrayBase<S, Ix3>) -> Result<Picture> {
        let finite = || pixels.iter().copied().filter(|v| v.is_finite());
        let (least, greatest) =
            (finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max));
        Picture::in_range(pixels, least, greatest)
    }

    /// The same with the numbers given that become black and white.
    pub fn in_range<S: Data<Elem = f32>>(
        pixels: &ArrayBase<S, Ix3>,
        black: f32,
        white: f32,
    ) -> Result<Picture> {
        let (height, width, channels) = pixels.dim();
        if width == 0 || height == 0 || !matches!(channels, 1 | 3) {
            return Err(Error::argument(
                "pixels",
                format!(
                    "must be (height, width, 1) or (height, width, 3) with at least one pixel, got \
                     ({height}, {width}, {channels})"
                ),
            ));
        }
        let span = f64::from(white) - f64::from(black);
        let byte = |v: &f32| {
            let share = (f64::from(*v) - f64::from(black)) / span;
            // What is not a number becomes 0.
            (share.clamp(0.0, 1.0) * 255.0).round() as u8
        };
        let rgb = pixels.lanes(Axis(2)).into_iter().flat_map(|pixel| {
            let channel = |c: usize| pixel.get(c).or_else(|| pixel.first()).map_or(0, byte);
            [channel(0), channel(1), channel(2)]
        });
        Ok(Picture { width, height, rgb: Arc::new(rgb.collect()) })
    }

    /// A picture of one channel of `(height, width, channels)` numbers, in grey.
    pub(super) fn of_channel(pixels: ArrayView3<f32>, channel: usize) -> Result<Picture> {
        match channel < pixels.len_of(Axis(2)) {
            true => Picture::new(&pixels.slice(ndarray::s![.., .., channel..=channel])),
            false => Err(Error::Internal(format!("there is no channel {channel}"))),
        }
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    pub(super) fn pixmap(&self) -> Option<Pixmap> {
        let mut pixmap = Pixmap::new(self.width as u32, self.height as u32)?;
        for (to, from) in pixmap.data_mut().chunks_exact_mut(4).zip(self.rgb.chunks_exact(3)) {
            if let (Some(colour), Some(opaque)) = (to.get_mut(..3), from.get(..3)) {
                colour.copy_from_slice(opaque);
            }
            if let Some(alpha) = to.last_mut() {
                *alpha = u8::MAX;
            }
        }
        Some(pixmap)
    }

    /// The picture as text that an SVG can hold.
    pub(super) fn data_uri(&self) -> String {
        let png = self.pixmap().and_then(|pixmap| pixmap.encode_png().ok()).unwrap_or_default();
        format!("data:image/png;base64,{}", STANDARD.encode(png))
    }
}
