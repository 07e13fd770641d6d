//! `UpSampling1D`, `UpSampling2D`, `UpSampling3D`: more places than before.
use crate::config::{Choice, Sizes, Vocabulary};
use crate::layers::prelude::*;
use crate::layers::spatial::{ChannelsOrder, DataFormat};
use ferras_graph::Resample;

/// Each step several times.
///
/// - **Input** `(batch, steps, channels)`. **Output** `(batch, steps · size, channels)`.
/// - **Errors** at build: rank other than 3, a size of 0.
/// - **Source** Keras 3 `layers.UpSampling1D`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([10, 4]);
/// let model = Model::new(&x, &UpSampling1D::new().size(3).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct UpSampling1D {
    /// How often; 2 by default.
    #[config(default = 2)]
    size: usize,
}

impl Layer for UpSampling1D {
    fn build(&self, cx: &mut Build) -> Result<()> {
        check(cx, &[self.size])
    }

    fn call(&self, cx: &mut Call) -> Value {
        spread(&cx.input(), ChannelsOrder::Last, &[self.size], repeat)
    }
}

/// What stands at a new place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// The value of the place that it comes from.
    Nearest,
    /// The mean of the two nearest places along each axis, weighted by how near they are.
    Bilinear,
    /// A cubic through four places along each axis: Keys 1981, with a = −½.
    Bicubic,
    /// Lanczos' window over six places along each axis.
    Lanczos3,
    /// Lanczos' window over ten places along each axis.
    Lanczos5,
}

impl Vocabulary for Interpolation {
    const KIND: &'static str = "interpolation";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("nearest", Interpolation::Nearest),
        ("bilinear", Interpolation::Bilinear),
        ("bicubic", Interpolation::Bicubic),
        ("lanczos3", Interpolation::Lanczos3),
        ("lanczos5", Interpolation::Lanczos5),
    ];
}

/// An image with several times as many rows and columns.
///
/// - **Input** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
///   `channels_first`. **Output** `(batch, rows · size, columns · size, channels)`.
/// - **Errors** at build: rank other than 4, a size of 0.
/// - **Source** Keras 3 `layers.UpSampling2D`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([7, 7, 64]);
/// let y = UpSampling2D::new().size((2, 3)).interpolation("bilinear").apply(&x);
/// let model = Model::new(&x, &y)?; // (14, 21, 64)
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct UpSampling2D {
    /// How often; 2 by default.
    #[config(default = 2)]
    size: Sizes<2>,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
    /// `"nearest"` (default), `"bilinear"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`.
    #[config(default = "nearest")]
    interpolation: Choice<Interpolation>,
}

impl Layer for UpSampling2D {
    fn build(&self, cx: &mut Build) -> Result<()> {
        self.interpolation.get()?;
        self.data_format.get()?;
        check(cx, &self.size.0)
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        let (order, interpolation) = match (self.data_format.get(), self.interpolation.get()) {
            (Ok(order), Ok(interpolation)) => (order, interpolation),
            (Err(e), _) | (_, Err(e)) => return x.error("up_sampling", e.to_string()),
        };
        let kernel = match interpolation {
            Interpolation::Nearest => return spread(&x, order, &self.size.0, repeat),
            Interpolation::Bilinear => Resample::Linear,
            Interpolation::Bicubic => Resample::Cubic,
            Interpolation::Lanczos3 => Resample::Lanczos { radius: 3 },
            Interpolation::Lanczos5 => Resample::Lanczos { radius: 5 },
        };
        spread(&x, order, &self.size.0, |x, axis, times| {
            let places = x.dim(axis as isize).saturating_mul(times);
            x.resize(axis as isize, places, kernel)
        })
    }
}

/// A volume with several times as many planes, rows and columns: each several times.
///
/// - **Input** `(batch, depth, rows, columns, channels)`, or `(batch, channels, …)` with
///   `channels_first`. **Output** alike, each size times its factor.
/// - **Errors** at build: rank other than 5, a size of 0.
/// - **Source** Keras 3 `layers.UpSampling3D`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([4, 7, 7, 8]);
/// let model = Model::new(&x, &UpSampling3D::new().size((1, 2, 2)).apply(&x))?; // (4, 14, 14, 8)
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct UpSampling3D {
    /// How often; 2 by default.
    #[config(default = 2)]
    size: Sizes<3>,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

impl Layer for UpSampling3D {
    fn build(&self, cx: &mut Build) -> Result<()> {
        self.data_format.get()?;
        check(cx, &self.size.0)
    }

    fn call(&self, cx: &mut Call) -> Value {
        match self.data_format.get() {
            Ok(order) => spread(&cx.input(), order, &self.size.0, repeat),
            Err(e) => cx.input().error("data_format", e.to_string()),
        }
    }
}

/// An error unless the input has the rank for these factors, and none of them is 0.
fn check(cx: &Build, sizes: &[usize]) -> Result<()> {
    cx.at_least("size", sizes.iter().copied().min().unwrap_or(1), 1)?;
    cx.input()?.rank(sizes.len() + 2).map(|_| ())
}

/// Applies `more` to each spatial axis, with its factor.
fn spread(
    x: &Value,
    order: ChannelsOrder,
    sizes: &[usize],
    more: impl Fn(&Value, usize, usize) -> Value,
) -> Value {
    let axes = order.spatial(sizes.len() + 2).zip(sizes);
    axes.fold(x.clone(), |x, (axis, &times)| more(&x, axis, times))
}

/// Each place of an axis several times in a row.
fn repeat(x: &Value, axis: usize, times: usize) -> Value {
    if x.is_poisoned() {
        return x.clone();
    }
    let mut shape = x.shape().to_vec();
    let mut apart = shape.clone();
    apart.insert(axis + 1, times);
    // Too large a size is told by the graph.
    shape[axis] = shape[axis].saturating_mul(times);
    x.expand_dims(axis as isize + 1).broadcast_to(apart).reshape(shape)
}
