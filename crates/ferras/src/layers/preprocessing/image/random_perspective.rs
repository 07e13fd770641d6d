//! `RandomPerspective`: pictures seen from aside.
use super::arguments::{Factor, FillPlace};
use super::sampling::{Between, Sampling};
use super::{Augmentation, chance};
use crate::config::Choice;
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, moves the corners of each picture, with a probability of its own, uniform within
/// `factor`; otherwise pictures go through.
///
/// A corner at (x, y), counted from the first pixel, goes to (x·(1 + p), y·(1 + q)), with p and q of
/// its own, uniform within ±`scale`/2; so the first corner stays.
///
/// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
///   with `channels_first`; floats. Pictures of one row or column go through.
/// - **Errors** at build: rank other than 4, factors outside of 0 and 1, unknown words.
/// - **Source** Keras 3 `layers.RandomPerspective`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([28, 28, 1]);
/// let model = Model::new(&x, &RandomPerspective::new().scale(0.3).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RandomPerspective {
    /// The largest probability, or the two ends of its range; 1 by default, which is ½ on average.
    #[config(default = 1.0, written = self.factor.written(0.0))]
    factor: Factor,
    /// How far corners go, as a share of their place; 1 by default.
    #[config(default = 1.0)]
    scale: f64,
    /// `"bilinear"` (default) or `"nearest"`.
    #[config(default = "bilinear")]
    interpolation: Choice<Between>,
    /// What is seen beyond the edges; 0 by default.
    #[config(default = 0.0)]
    fill_value: f64,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

/// Which pictures are seen from aside, `(batch, 1, 1, 1)`, and where their corners go, column and row
/// `(batch, 4, 2)`: upper left, upper right, lower left, lower right.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(super) chosen: Value,
    pub(super) corners: Value,
}

impl Augmentation for RandomPerspective {
    type Drawn = View;

    fn data_format(&self) -> &DataFormat {
        &self.data_format
    }

    fn check(&self, cx: &Build) -> Result<()> {
        self.factor.check("factor", 0.0, 1.0)?;
        Sampling::new(&self.interpolation, &FillPlace::Constant.into(), self.fill_value)?;
        match (0.0..=1.0).contains(&self.scale) {
            true => Ok(()),
            false => Err(cx.error(format!("scale must be within 0 and 1, got {}", self.scale))),
        }
    }

    fn draw(&self, cx: &mut Call, images: &Value) -> View {
        let chosen = chance(cx, images, &self.factor, self.seed);
        let u = cx.random_uniform([images.dim(0), 4, 2], self.seed).cast(images.dtype());
        let share = (u - 0.5) * self.scale + 1.0;
        // Columns of the right corners, rows of the lower ones.
        let corner = images.builder().iota(images.dtype(), [4], 0);
        let lower = corner.greater(1.5).cast(images.dtype());
        let right = &corner - &lower * 2.0;
        let (rows, columns) = (images.dim(1) as f64 - 1.0, images.dim(2) as f64 - 1.0);
        let places = images.builder().stack(&[right * columns, lower * rows], -1);
        View { chosen, corners: share * places }
    }

    fn transform(&self, images: &Value, view: &View) -> Value {
        let (rows, columns) = (images.dim(1), images.dim(2));
        let beyond = FillPlace::Constant.into();
        let sampling = match Sampling::new(&self.interpolation, &beyond, self.fill_value) {
            Ok(sampling) => sampling,
            Err(e) => return images.error("perspective", e.to_string()),
        };
        if rows < 2 || columns < 2 {
            return images.clone();
        }
        let [x, y, w] = back(&view.corners, images);
        let (x, y) = (x / &w * (columns as f64 - 1.0), y / w * (rows as f64 - 1.0));
        view.chosen.select(&sampling.at(images, &y, &x), images)
    }
}

/// Where in the unit square each pixel comes from if its corners have gone to these places:
/// homogeneous column, row and divisor, each `(batch, rows, columns)`.
///
/// The map from the square to four corners is Heckbert 1989, "Fundamentals of Texture Mapping and
/// Image Warping", eq. 2.14; its inverse is, but for a factor, its adjugate.
fn back(corners: &Value, images: &Value) -> [Value; 3] {
    let corner = |i: usize| {
        let point = corners.slice_axis(1, i, i + 1);
        [0, 1].map(|c| point.slice_axis(2, c, c + 1))
    };
    let ([x0, y0], [x1, y1], [x3, y3], [x2, y2]) = (corner(0), corner(1), corner(2), corner(3));
    let (dx1, dx2, dx3) = (&x1 - &x2, &x3 - &x2, &x0 - &x1 + &x2 - &x3);
    let (dy1, dy2, dy3) = (&y1 - &y2, &y3 - &y2, &y0 - &y1 + &y2 - &y3);
    let det = &dx1 * &dy2 - &dx2 * &dy1;
    let g = (&dx3 * &dy2 - &dx2 * &dy3) / &det;
    let h = (&dx1 * &dy3 - &dx3 * &dy1) / &det;
    let (a, b) = (&x1 - &x0 + &g * &x1, &x3 - &x0 + &h * &x3);
    let (d, e) = (&y1 - &y0 + &g * &y1, &y3 - &y0 + &h * &y3);
    let (c, f) = (x0, y0);
    let shape = [0, 1, 2].map(|axis| images.dim(axis));
    let along = |axis| images.builder().iota(images.dtype(), shape, axis);
    let (x, y) = (along(2), along(1));
    let line = |x_share: Value, y_share: Value, rest: Value| &x * x_share + &y * y_share + rest;
    [
        line(&e - &f * &h, &c * &h - &b, &b * &f - &c * &e),
        line(&f * &g - &d, &a - &c * &g, &c * &d - &a * &f),
        line(&d * &h - &e * &g, &b * &g - &a * &h, &a * &e - &b * &d),
    ]
}
