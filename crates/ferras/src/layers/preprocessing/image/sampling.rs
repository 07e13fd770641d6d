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
        match self.between {
            Between::Nearest => self.pixel(images, &nearest(row), &nearest(column)),
            Between::Bilinear => {
                let ([top, bottom], [above, below]) = neighbours(row);
                let ([left, right], [before, behind]) = neighbours(column);
                let part = |row: &Value, column: &Value, weight: Value| {
                    self.pixel(images, row, column) * weight.expand_dims(-1)
                };
                part(&top, &left, &above * &before)
                    + part(&top, &right, &above * &behind)
                    + part(&bottom, &left, &below * &before)
                    + part(&bottom, &right, &below * &behind)
            }
        }
    }

    /// The pixels at whole places, within the picture or not.
    fn pixel(&self, images: &Value, row: &Value, column: &Value) -> Value {
        let [batch, rows, columns] = [0, 1, 2].map(|axis| images.dim(axis));
        let builder = images.builder();
        let whole = |place: &Value, size: usize| self.within(&place.cast(DType::I32), size);
        let picture = builder.iota(DType::I32, row.shape(), 0) * (rows * columns) as f64;
        let place = picture + whole(row, rows) * columns as f64 + whole(column, columns);
        let pixels = images.reshape([batch * rows * columns, images.dim(3)]);
        let seen = pixels.gather(&place, 0);
        if self.beyond != FillPlace::Constant {
            return seen;
        }
        let inside = |p: &Value, size: usize| p.greater_equal(0.0).and(p.less(size as f64));
        let inside = inside(row, rows).and(inside(column, columns)).expand_dims(-1);
        inside.select(&seen, self.fill_value)
    }

    /// The place within the picture that stands for one beyond.
    fn within(&self, place: &Value, size: usize) -> Value {
        let last = size as f64 - 1.0;
        match self.beyond {
            FillPlace::Constant | FillPlace::Nearest => place.clip(0.0, last),
            FillPlace::Wrap => modulo(place, size as f64),
            FillPlace::Mirror if size == 1 => place.full_like(0.0),
            FillPlace::Mirror => mirror(place, last),
            // As mirrored between the pixels: their borders lie at odd places of twice the size.
            FillPlace::Reflect => {
                let doubled = mirror(&(place * 2.0 + 1.0), 2.0 * size as f64);
                ((doubled - 1.0) / 2.0).clip(0.0, last)
            }
        }
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
