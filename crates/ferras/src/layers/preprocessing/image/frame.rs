//! Pictures of another size: parts of them, and their pixels drawn anew.
use crate::layers::reshape::Interpolation;
use ferras_graph::{DType, Resample, Value};

/// Rows and columns of pictures.
pub(super) type Size = [usize; 2];

/// The sizes of pictures `(batch, rows, columns, channels)`.
pub(super) fn size_of(images: &Value) -> Size {
    [1, 2].map(|axis| images.dim(axis))
}

/// The part of this size that begins at these places.
pub(super) fn part(images: &Value, start: Size, size: Size) -> Value {
    let [row, column] = start;
    let rows = images.slice_axis(1, row, row + size[0]);
    rows.slice_axis(2, column, column + size[1])
}

/// The largest size within `size` whose sides relate as those of `target`, and where such a part
/// begins in the middle.
pub(super) fn inner(size: Size, target: Size) -> (Size, Size) {
    let largest = [0, 1].map(|i| fitted(size, target, i).min(size[i]).max(1));
    ([0, 1].map(|i| (size[i] - largest[i]) / 2), largest)
}

/// How much is missing at each side for the smallest size around `size` whose sides relate as those
/// of `target`.
fn missing(size: Size, target: Size) -> Size {
    [0, 1].map(|i| (fitted(size, target, i).max(size[i]) - size[i]) / 2)
}

/// The length that one side would have beside the other one, if both related as in `target`.
fn fitted(size: Size, target: Size, side: usize) -> usize {
    let other = 1 - side;
    size[other].saturating_mul(target[side]) / target[other].max(1)
}

/// Pictures with a rim of `value`, of sides that relate as those of `target`.
pub(super) fn padded(images: &Value, target: Size, value: f64) -> Value {
    let [rows, columns] = missing(size_of(images), target);
    // As in Keras, at one pair of sides alone.
    let rim = if rows > 0 { [0, rows, 0, 0] } else { [0, 0, columns, 0] };
    images.pad(&rim, &rim, value)
}

/// Pictures with their pixels drawn anew in this size.
pub(super) fn resized(images: &Value, size: Size, between: Interpolation, smooth: bool) -> Value {
    let mut images = images.clone();
    for (axis, places) in [1, 2].into_iter().zip(size) {
        if images.is_poisoned() || images.dim(axis) == places {
            continue;
        }
        images = match kernel(between) {
            Some(kernel) if smooth => images.resize_smooth(axis, places, kernel),
            Some(kernel) => images.resize(axis, places, kernel),
            None => nearest(&images, axis, places),
        };
    }
    images
}

fn kernel(between: Interpolation) -> Option<Resample> {
    match between {
        Interpolation::Nearest => None,
        Interpolation::Bilinear => Some(Resample::Linear),
        Interpolation::Bicubic => Some(Resample::Cubic),
        Interpolation::Lanczos3 => Some(Resample::Lanczos { radius: 3 }),
        Interpolation::Lanczos5 => Some(Resample::Lanczos { radius: 5 }),
    }
}

/// For each new place the old one below its middle.
fn nearest(images: &Value, axis: isize, places: usize) -> Value {
    let size = images.dim(axis) as f64;
    // In float32, as Keras counts: where a middle falls on an edge, rounding decides.
    let place = (images.builder().iota(DType::F32, [places], 0) + 0.5) * size / places as f64;
    images.gather(&place.floor().clip(0.0, size - 1.0).cast(DType::I32), axis)
}
