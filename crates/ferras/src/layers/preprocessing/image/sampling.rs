//! Pictures seen at other places: between the pixels, and beyond the edges.
use super::arguments::{FillMode, FillPlace};
use crate::config::{Choice, Vocabulary};
use crate::{Error, Result};
use ferras_graph::{DType, Value};

/// What is seen between pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// The pixel nearest by.
    Nearest,
    /// The mean of the four around, by distance.
    Bilinear,
}

impl Vocabulary for Between {
    const KIND: &'static str = "interpolation";
    const WORDS: &'static [(&'static str, Self)] =
        &[("nearest", Between::Nearest), ("bilinear", Between::Bilinear)];
}

/// What is seen between pixels and beyond edges.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sampling {
    between: Between,
    beyond: FillPlace,
    fill_value: f64,
}

impl Sampling {
    pub(super) fn new(
        between: &Choice<Between>,
        beyond: &FillMode,
        fill_value: f64,
    ) -> Result<Sampling> {
        Ok(Sampling { between: between.get()?, beyond: beyond.get()?, fill_value })
    }

    /// The same for layers that do not know the fill mode `"mirror"`.
    pub(super) fn unmirrored(
        between: &Choice<Between>,
        beyond: &FillMode,
        fill_value: f64,
    ) -> Result<Sampling> {
        let sampling = Sampling::new(between, beyond, fill_value)?;
        match sampling.beyond {
            FillPlace::Mirror => {
                let known = "must be \"reflect\", \"wrap\", \"constant\" or \"nearest\" here";
                Err(Error::argument("fill_mode", format!("{known}, got \"mirror\"")))
            }
            _ => Ok(sampling),
        }
    }

    /// The pictures `(batch, rows, columns, channels)` at places `(batch, rows, columns)`, counted
    /// in pixels from the first one.
    pub(super) fn at(&self, images: &Value, row: &Value, column: &Value) -> Value {
        let pixels = Pixels::new(self, images);
        match self.between {
            Between::Nearest => pixels.seen(&nearest(row), &nearest(column)),
            Between::Bilinear => {
                let ([top, bottom], [above, below]) = neighbours(row);
                let ([left, right], [before, behind]) = neighbours(column);
                let part = |row: &Value, column: &Value, weight: Value| {
                    pixels.seen(row, column) * weight.expand_dims(-1)
                };
                part(&top, &left, &above * &before)
                    + part(&top, &right, &above * &behind)
                    + part(&bottom, &left, &below * &before)
                    + part(&bottom, &right, &below * &behind)
            }
        }
    }

    /// The place within the picture that stands for a whole one beyond, int32; a rim of one pixel counts.
    fn within(&self, place: &Value, size: usize) -> Value {
        let last = size as f64 - 1.0;
        // Held in before it is an integer: one step with what the place is made by.
        let held = |low: f64, high: f64| place.cast(DType::F32).clip(low, high).cast(DType::I32);
        let whole = || place.cast(DType::I32);
        match self.beyond {
            // All that lies beyond is the rim.
            FillPlace::Constant => held(-1.0, last + 1.0) + 1.0,
            FillPlace::Nearest => held(0.0, last),
            FillPlace::Wrap => modulo(&whole(), size as f64),
            FillPlace::Mirror if size == 1 => whole().full_like(0.0),
            FillPlace::Mirror => mirror(&whole(), last),
            // As mirrored between the pixels: their borders lie at odd places of twice the size.
            FillPlace::Reflect => {
                let doubled = mirror(&(whole() * 2.0 + 1.0), 2.0 * size as f64);
                ((doubled - 1.0) / 2.0).clip(0.0, last)
            }
        }
    }
}

/// The pixels of all pictures in a row, with a rim around each picture where a value lies beyond.
struct Pixels<'a> {
    sampling: &'a Sampling,
    /// Of the pictures themselves.
    size: [usize; 2],
    width: usize,
    /// For each picture the number of its first pixel, `(batch, 1, 1)`.
    first: Value,
    all: Value,
}

impl Pixels<'_> {
    fn new<'a>(sampling: &'a Sampling, images: &Value) -> Pixels<'a> {
        let [batch, rows, columns, channels] = [0, 1, 2, 3].map(|axis| images.dim(axis));
        let rim = usize::from(sampling.beyond == FillPlace::Constant);
        let framed = match rim {
            0 => images.clone(),
            _ => images.pad(&[0, 1, 1, 0], &[0, 1, 1, 0], sampling.fill_value),
        };
        let (height, width) = (rows + 2 * rim, columns + 2 * rim);
        let pictures = images.builder().iota(DType::I32, [batch, 1, 1], 0);
        Pixels {
            sampling,
            size: [rows, columns],
            width,
            first: pictures * (height * width) as f64,
            all: framed.reshape([batch * height * width, channels]),
        }
    }

    /// The pixels at whole places, within the picture or not.
    fn seen(&self, row: &Value, column: &Value) -> Value {
        let row = self.sampling.within(row, self.size[0]);
        let column = self.sampling.within(column, self.size[1]);
        self.all.gather(&(&self.first + row * self.width as f64 + column), 0)
    }
}

/// The rest of a division by `n`, at least 0.
fn modulo(place: &Value, n: f64) -> Value {
    (place.rem(n) + n).rem(n)
}

/// There and back between 0 and `last`.
fn mirror(place: &Value, last: f64) -> Value {
    (modulo(&(place + last), 2.0 * last) - last).abs()
}

/// The whole place nearest by, halves away from zero.
fn nearest(place: &Value) -> Value {
    (place.abs() + 0.5).floor() * place.sign()
}

/// The whole places before and after, and the weight of each.
fn neighbours(place: &Value) -> ([Value; 2], [Value; 2]) {
    let lower = place.floor();
    let share = place - &lower;
    let upper = &lower + 1.0;
    ([lower, upper], [1.0 - &share, share])
}

/// A map of the plane that keeps straight lines, for each picture `(batch, 1, 1)`: what is seen at
/// column x and row y comes from column `a[0]·x + a[1]·y + a[2]` and row `b[0]·x + b[1]·y + b[2]`.
#[derive(Clone, Debug)]
pub(crate) struct Affine {
    pub(super) a: [Value; 3],
    pub(super) b: [Value; 3],
}

impl Affine {
    /// The pictures as they are seen through the map.
    pub(super) fn apply(&self, images: &Value, sampling: Result<Sampling>) -> Value {
        let sampling = match sampling {
            Ok(sampling) => sampling,
            Err(e) => return images.error("affine", e.to_string()),
        };
        let [batch, rows, columns] = [0, 1, 2].map(|axis| images.dim(axis));
        let builder = images.builder();
        let along = |axis| builder.iota(images.dtype(), [batch, rows, columns], axis);
        let (x, y) = (along(2), along(1));
        let place = |[x_share, y_share, offset]: &[Value; 3]| {
            &x * x_share + &y * y_share + offset
        };
        sampling.at(images, &place(&self.b), &place(&self.a))
    }
}

/// Row and column of the middle of pictures.
pub(super) fn center(images: &Value) -> (f64, f64) {
    let half = |axis| (images.dim(axis) as f64 - 1.0) / 2.0;
    (half(1), half(2))
}
