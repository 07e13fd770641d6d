//! Pictures of numbers in another size: Keras' and TensorFlow's `resize`, and `smart_resize`.
use super::kernel::{Kernel, Window, plain_windows};
use super::pixels::Grid;
use crate::config::{ChannelsOrder, Choice, DataFormat, Sizes, Vocabulary};
use crate::{Config, Error, Result};
use ferras_graph::Tensor;

/// What is seen between pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResizeMethod {
    /// The pixel nearest by.
    Nearest,
    /// The mean of the two nearest pixels along each axis, by how near they are.
    Bilinear,
    /// Keys' cubic through four pixels along each axis.
    Bicubic,
    /// The mean of what the new pixel covers.
    Area,
    /// Lanczos' window over six pixels along each axis.
    Lanczos3,
    /// Lanczos' window over ten pixels along each axis.
    Lanczos5,
    /// A bell over three pixels along each axis.
    Gaussian,
    /// Mitchell and Netravali's cubic over four pixels along each axis.
    MitchellCubic,
}

impl Vocabulary for ResizeMethod {
    const KIND: &'static str = "interpolation";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("bilinear", ResizeMethod::Bilinear),
        ("nearest", ResizeMethod::Nearest),
        ("bicubic", ResizeMethod::Bicubic),
        ("area", ResizeMethod::Area),
        ("lanczos3", ResizeMethod::Lanczos3),
        ("lanczos5", ResizeMethod::Lanczos5),
        ("gaussian", ResizeMethod::Gaussian),
        ("mitchellcubic", ResizeMethod::MitchellCubic),
    ];
}

/// Whose rounding is matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Like {
    /// Keras' own, and Pillow's.
    Keras,
    /// TensorFlow's, which `image_dataset_from_directory` calls.
    TensorFlow,
}

impl ResizeMethod {
    /// Whether Keras' own `resize` has it, too.
    pub(crate) fn is_common(self) -> bool {
        use ResizeMethod::{Area, Gaussian, MitchellCubic};
        !matches!(self, Area | Gaussian | MitchellCubic)
    }

    fn windows(self, size: usize, places: usize, like: Like) -> Vec<Window> {
        let kernel = match self {
            ResizeMethod::Nearest => return nearest(size, places, like),
            ResizeMethod::Area => return areas(size, places),
            ResizeMethod::Bicubic if like == Like::TensorFlow => return cubics(size, places),
            ResizeMethod::Bicubic => Kernel::Cubic,
            ResizeMethod::Bilinear => Kernel::Triangle,
            ResizeMethod::Lanczos3 => Kernel::Lanczos(3.0),
            ResizeMethod::Lanczos5 => Kernel::Lanczos(5.0),
            ResizeMethod::Gaussian => Kernel::Gaussian,
            ResizeMethod::MitchellCubic => Kernel::Mitchell,
        };
        plain_windows(kernel, size, places, like == Like::TensorFlow)
    }
}

/// For each new place the old one below its middle, reckoned in float32: where a middle falls on an
/// edge, rounding decides.
fn nearest(size: usize, places: usize, like: Like) -> Vec<Window> {
    let (s, n) = (size as f32, places as f32);
    let place = |i: usize| {
        let middle = i as f32 + 0.5;
        let place = if like == Like::Keras { middle * s / n } else { middle * (s / n) };
        Window::of_one((place.floor() as usize).min(size.saturating_sub(1)))
    };
    (0..places).map(place).collect()
}

/// What each new pixel covers of the old ones.
fn areas(size: usize, places: usize) -> Vec<Window> {
    let scale = size as f64 / places as f64;
    let window = |place: usize| {
        let (from, to) = (place as f64 * scale, (place as f64 + 1.0) * scale);
        let first = from.floor() as usize;
        let end = (to.ceil() as usize).min(size);
        let covered = |p: usize| ((p as f64 + 1.0).min(to) - (p as f64).max(from)) / scale;
        Window { first, weights: (first..end).map(covered).collect() }
    };
    (0..places).map(window).collect()
}

/// Cubics as TensorFlow has them: places between two pixels are counted in steps of 1/1024.
fn cubics(size: usize, places: usize) -> Vec<Window> {
    const STEPS: f32 = 1024.0;
    let scale = size as f32 / places as f32;
    let window = |place: usize| {
        let center = (place as f32 + 0.5) * scale - 0.5;
        let before = center.floor();
        let share = f64::from(((center - before) * STEPS).round_ties_even() / STEPS);
        let taps =
            (-1..=2_i64).map(|tap| (before as i64 + tap, Kernel::Cubic.at(share - tap as f64)));
        let inside: Vec<(i64, f64)> = taps.filter(|(p, _)| (0..size as i64).contains(p)).collect();
        let sum: f64 = inside.iter().map(|tap| tap.1).sum();
        let first = inside.first().map_or(0, |tap| tap.0 as usize);
        Window { first, weights: inside.iter().map(|tap| tap.1 / sum).collect() }
    };
    (0..places).map(window).collect()
}

impl Grid {
    /// The pixels in another size.
    pub(crate) fn resized(self, size: [usize; 2], method: ResizeMethod, like: Like) -> Grid {
        let [rows, columns, channels] = self.size;
        // These two blur also where nothing else is to be done.
        let blurs = matches!(method, ResizeMethod::Gaussian | ResizeMethod::MitchellCubic);
        let wide = match columns == size[1] && !blurs {
            true => self.values,
            false => {
                let windows = method.windows(columns, size[1], like);
                along(&self.values, rows, columns, channels, &windows)
            }
        };
        let high = match rows == size[0] && !blurs {
            true => wide,
            false => {
                along(&wide, 1, rows, size[1] * channels, &method.windows(rows, size[0], like))
            }
        };
        Grid { size: [size[0], size[1], channels], values: high }
    }

    /// The part of this size that begins at these places.
    pub(crate) fn part(&self, start: [usize; 2], size: [usize; 2]) -> Grid {
        let [_, columns, channels] = self.size;
        let mut values = Vec::with_capacity(size[0] * size[1] * channels);
        for row in start[0]..start[0] + size[0] {
            let first = (row * columns + start[1]) * channels;
            values.extend_from_slice(
                self.values.get(first..first + size[1] * channels).unwrap_or(&[]),
            );
        }
        Grid { size: [size[0], size[1], channels], values }
    }

    /// The largest part in the middle whose sides relate as those of `target`.
    pub(crate) fn inner(&self, target: [usize; 2]) -> Grid {
        let [rows, columns, _] = self.size;
        let height = (columns.saturating_mul(target[0]) / target[1].max(1)).clamp(1, rows.max(1));
        let width = (rows.saturating_mul(target[1]) / target[0].max(1)).clamp(1, columns.max(1));
        self.part([(rows - height) / 2, (columns - width) / 2], [height, width])
    }
}

/// New values along the middle axis of `(outer, places, inner)`.
fn along(
    values: &[f32],
    outer: usize,
    places: usize,
    inner: usize,
    windows: &[Window],
) -> Vec<f32> {
    let mut out = vec![0.0; outer * windows.len() * inner];
    let blocks = values.chunks_exact((places * inner).max(1));
    for (block, new) in blocks.zip(out.chunks_exact_mut((windows.len() * inner).max(1))) {
        for (window, new) in windows.iter().zip(new.chunks_exact_mut(inner.max(1))) {
            let old = block.chunks_exact(inner.max(1)).skip(window.first);
            for (weight, old) in window.weights.iter().zip(old) {
                let weight = *weight as f32;
                new.iter_mut().zip(old).for_each(|(n, o)| *n += weight * o);
            }
        }
    }
    out
}

/// The options of [`smart_resize`]: Keras' arguments and defaults.
#[derive(Clone, Debug, Config)]
#[config(module = "keras.preprocessing.image")]
pub struct SmartResize {
    /// `"bilinear"` (default), `"nearest"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`.
    #[config(default = "bilinear")]
    interpolation: Choice<ResizeMethod>,
    /// `"channels_last"` (default) or `"channels_first"`.
    #[config(default = "channels_last")]
    data_format: DataFormat,
}

/// Pictures of another size without distortion: what does not fit is cut off at both sides.
///
/// - **Input** one picture `(rows, columns, channels)` or several `(batch, rows, columns, channels)`, of
///   any type; with `"channels_first"` the channels before the rows. `size` is rows and columns.
///   **Output** the same of that size, float32.
/// - **Errors**: another rank, a size of 0, pictures without pixels, an unknown word.
/// - **Source** Keras 3 `preprocessing.image.smart_resize`.
///
/// ```
/// use ferras::Tensor;
/// use ferras::preprocessing::image::{SmartResize, smart_resize};
/// // Of four columns the two in the middle fit.
/// let x = Tensor::new([2, 4, 1], vec![9.0_f32, 1.0, 3.0, 9.0, 9.0, 5.0, 7.0, 9.0])?;
/// let y = smart_resize(&x, (1, 1), SmartResize::new())?;
/// assert_eq!(y.to_f64_vec(), [4.0]);
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn smart_resize(x: &Tensor, size: impl Into<Sizes<2>>, options: SmartResize) -> Result<Tensor> {
    let Sizes(size) = size.into();
    let method = options.interpolation.get()?;
    let order = options.data_format.get()?;
    if size.contains(&0) {
        return Err(Error::argument("size", format!("must be at least 1 by 1, got {size:?}")));
    }
    if !method.is_common() {
        let known = "must be bilinear, nearest, bicubic, lanczos3 or lanczos5 here";
        return Err(Error::argument("interpolation", known));
    }
    let shape = x.shape();
    if !(3..=4).contains(&shape.len()) || shape.contains(&0) {
        let problem = "must be one picture of rank 3 or several of rank 4, with pixels";
        return Err(Error::argument("x", format!("{problem}, got {}", x.ty())));
    }
    if shape.len() == 3 {
        return one(x, size, method, order);
    }
    let sample: Vec<usize> = shape.iter().skip(1).copied().collect();
    let mut all: Option<Tensor> = None;
    for row in 0..shape[0] {
        let mut kept = Vec::new();
        let picture = x.rows(row..row + 1, &mut kept)?.to_tensor().reshape(sample.clone())?;
        let new = one(&picture, size, method, order)?;
        let new = new.reshape([&[1], &new.shape()[..]].concat())?;
        match &mut all {
            None => all = Some(new),
            Some(all) => all.append(&new)?,
        }
    }
    all.ok_or_else(|| Error::Internal("no pictures".into()))
}

fn one(x: &Tensor, size: [usize; 2], method: ResizeMethod, order: ChannelsOrder) -> Result<Tensor> {
    Grid::of(x, order)?.inner(size).resized(size, method, Like::Keras).into_tensor(order)
}
