//! Small helpers around labels and probabilities, as `keras.utils`.
mod listed;
mod normalize;
mod pad_sequences;
mod printable;

use crate::{Error, Result};
use ferras_graph::Tensor;
use ndarray::{
    Array1, Array2, ArrayBase, ArrayD, Axis, Data, Ix0, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6, IxDyn,
};

pub use listed::listed;
pub use normalize::normalize;
pub use pad_sequences::{End, PadSequences, Step, pad_sequences};
pub use printable::printable;

/// An element that can stand for a class: an integer, or a float without fraction.
///
/// ```
/// use ferras::utils::ClassIndex;
/// assert_eq!((3_u8.class(), 2.0_f32.class()), (Some(3), Some(2)));
/// assert_eq!(((-1_i64).class(), 0.5_f64.class()), (None, None));
/// ```
pub trait ClassIndex: Copy + std::fmt::Display {
    /// The class, or none for a negative or broken number.
    fn class(self) -> Option<usize>;
}

macro_rules! class_index {
    ($($integer:ty)*; $($float:ty)*) => {
        $(impl ClassIndex for $integer {
            fn class(self) -> Option<usize> {
                usize::try_from(self).ok()
            }
        })*
        $(impl ClassIndex for $float {
            fn class(self) -> Option<usize> {
                // Beyond 2^53 not every integer is a float, so the number is no index.
                let whole = self >= 0.0 && self.fract() == 0.0 && f64::from(self) < 9.0e15;
                whole.then_some(self as usize)
            }
        })*
    };
}

class_index!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize; f32 f64);

/// What [`to_categorical`] takes: a slice, or an array of any rank.
pub trait ClassArray {
    /// The one-hot array: one axis more.
    type Output;
    /// One-hot rows of these classes; see [`to_categorical`].
    fn one_hot(self, num_classes: Option<usize>) -> Result<Self::Output>;
}

impl<T: ClassIndex, S: Data<Elem = T>> ClassArray for &ArrayBase<S, Ix1> {
    type Output = Array2<f32>;

    fn one_hot(self, num_classes: Option<usize>) -> Result<Self::Output> {
        one_hot(self.iter().copied(), num_classes)
    }
}

macro_rules! class_arrays {
    ($($dimension:ty)*) => {
        $(impl<T: ClassIndex, S: Data<Elem = T>> ClassArray for &ArrayBase<S, $dimension> {
            type Output = ArrayD<f32>;

            fn one_hot(self, num_classes: Option<usize>) -> Result<Self::Output> {
                let rows = one_hot(self.iter().copied(), num_classes)?;
                let mut shape = self.shape().to_vec();
                // A column of labels is what Keras' own data sets come with.
                if shape.len() > 1 && shape.last() == Some(&1) {
                    shape.pop();
                }
                shape.push(rows.ncols());
                let shaped = rows.into_shape_with_order(IxDyn(&shape));
                shaped.map_err(|e| Error::Internal(e.to_string()))
            }
        })*
    };
}

class_arrays!(Ix0 Ix2 Ix3 Ix4 Ix5 Ix6 IxDyn);

macro_rules! class_slices {
    ($([$($generic:tt)*] $slice:ty;)*) => {
        $(impl<$($generic)*> ClassArray for &$slice {
            type Output = Array2<f32>;

            fn one_hot(self, num_classes: Option<usize>) -> Result<Self::Output> {
                one_hot(self.iter().copied(), num_classes)
            }
        })*
    };
}

class_slices! {
    [T: ClassIndex] [T];
    [T: ClassIndex] Vec<T>;
    [T: ClassIndex, const N: usize] [T; N];
}

/// One-hot rows: class `i` becomes a row of `num_classes` zeros with a one at place `i`.
///
/// - **Input** class indices `(…)`: integers, or floats without fraction. `num_classes` is a
///   number, or `None` for the largest index + 1.
/// - **Output** float32 `(…, num_classes)`, where a last axis of size 1 gives way: labels `(samples,
///   1)` become `(samples, num_classes)`. It has a fixed rank for slices and arrays of rank 1.
/// - **Errors**: an index that is negative, broken, or not below `num_classes`; no index at all
///   while `num_classes` is `None`.
/// - **Source** Keras `utils.to_categorical`, where however -1 means the last class.
///
/// ```
/// use ferras::utils::to_categorical;
/// use ndarray::array;
/// let y = to_categorical(&[0_u8, 2], 3)?;
/// assert_eq!(y, array![[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]);
/// assert_eq!(to_categorical(&array![[0], [1]], None)?, array![[1.0, 0.0], [0.0, 1.0]].into_dyn());
/// let error = to_categorical(&[0, 3], 3).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "label 3 at place 1 is not a class from 0 to 2: num_classes is 3"
/// );
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn to_categorical<X: ClassArray>(
    x: X,
    num_classes: impl Into<Option<usize>>,
) -> Result<X::Output> {
    x.one_hot(num_classes.into())
}

fn one_hot<T: ClassIndex>(
    labels: impl ExactSizeIterator<Item = T> + Clone,
    num_classes: Option<usize>,
) -> Result<Array2<f32>> {
    let count = match num_classes {
        Some(0) => return Err(Error::argument("num_classes", "must be at least 1, got 0")),
        Some(n) => n,
        None => largest(labels.clone())?.saturating_add(1),
    };
    let refused = |place: usize, label: T| {
        let last = count - 1;
        Error::Data(format!(
            "label {label} at place {place} is not a class from 0 to {last}: num_classes is {count}"
        ))
    };
    let size = labels.len().checked_mul(count).filter(|n| *n <= isize::MAX as usize / 4);
    let mut flat: Vec<f32> = Vec::new();
    if size.is_none_or(|n| flat.try_reserve_exact(n).is_err()) {
        let rows = labels.len();
        let problem = format!("{count} is too large: {rows} rows of it do not fit in memory");
        return Err(Error::argument("num_classes", problem));
    }
    for (place, label) in labels.clone().enumerate() {
        let class = label.class().filter(|c| *c < count).ok_or_else(|| refused(place, label))?;
        flat.extend((0..count).map(|c| if c == class { 1.0 } else { 0.0 }));
    }
    Array2::from_shape_vec((labels.len(), count), flat).map_err(|e| Error::Internal(e.to_string()))
}

/// The largest class index.
fn largest<T: ClassIndex>(labels: impl Iterator<Item = T>) -> Result<usize> {
    let mut largest = None;
    for (place, label) in labels.enumerate() {
        let class = label.class().ok_or_else(|| {
            Error::Data(format!("label {label} at place {place} is not a class: 0, 1, 2, …"))
        })?;
        largest = largest.max(Some(class));
    }
    let empty = "cannot be counted where there are no labels: say how many classes there are";
    largest.ok_or_else(|| Error::argument("num_classes", empty))
}

/// Rows of values in which [`argmax`] finds the largest: an array of rank 2, or a tensor.
pub trait Rows {
    /// The place of the largest value of each row; see [`argmax`].
    fn largest(&self) -> Result<Array1<usize>>;
}

impl<T: PartialOrd + Copy, S: Data<Elem = T>> Rows for ArrayBase<S, Ix2> {
    fn largest(&self) -> Result<Array1<usize>> {
        if self.ncols() == 0 {
            return Err(Error::Data("no largest value: the rows are empty".to_string()));
        }
        let is_nan = |v: T| v.partial_cmp(&v).is_none();
        let of_row = |row: ndarray::ArrayView1<T>| {
            let mut best: Option<(usize, T)> = None;
            for (i, &v) in row.iter().enumerate() {
                let larger = best.is_none_or(|(_, b)| !is_nan(b) && (v > b || is_nan(v)));
                best = if larger { Some((i, v)) } else { best };
            }
            best.map_or(0, |(i, _)| i)
        };
        Ok(self.map_axis(Axis(1), of_row))
    }
}

impl Rows for Tensor {
    fn largest(&self) -> Result<Array1<usize>> {
        let &[rows, columns] = &self.shape()[..] else {
            let shape = self.shape();
            return Err(Error::Data(format!(
                "argmax expected shape (samples, classes), got {shape}"
            )));
        };
        let values = Array2::from_shape_vec((rows, columns), self.to_f64_vec());
        values.map_err(|e| Error::Internal(e.to_string()))?.largest()
    }
}

/// The place of the largest value of each row: the class that a row of probabilities means.
///
/// Of equal values the first counts; NaN counts as larger than every number, as in NumPy, so a
/// broken prediction is not taken for class 0 by accident.
///
/// - **Input** `(samples, classes)`: what `predict` gives, or an array. **Output** `(samples,)`.
/// - **Errors**: another rank, no classes.
///
/// ```
/// use ferras::{Tensor, utils::argmax};
/// use ndarray::array;
/// let probabilities = array![[0.1_f32, 0.9], [0.7, 0.3]];
/// assert_eq!(argmax(&probabilities)?, array![1, 0]);
/// assert_eq!(argmax(&Tensor::from(&probabilities))?, array![1, 0]);
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn argmax<X: Rows + ?Sized>(x: &X) -> Result<Array1<usize>> {
    x.largest()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn any_rank_and_type() {
        let x = array![[0_i64, 1], [2, 1]];
        let y: ArrayD<f32> = to_categorical(&x, 4).unwrap();
        assert_eq!(y.shape(), [2, 2, 4]);
        assert_eq!(y.sum(), 4.0);
        assert_eq!(y[[1, 0, 2]], 1.0);
        assert_eq!(to_categorical(&x.t(), 3).unwrap()[[1, 0, 1]], 1.0);
        assert_eq!(to_categorical(&vec![1.0_f32], None).unwrap(), array![[0.0, 1.0]]);
        assert_eq!(to_categorical(&[0_u8; 0], 3).unwrap().shape(), [0, 3]);
    }

    #[test]
    fn refuses_what_is_no_class() {
        let message = |r: Result<Array2<f32>>| r.unwrap_err().to_string();
        assert!(message(to_categorical(&[-1], None)).starts_with("label -1 at place 0"));
        assert!(message(to_categorical(&[f64::NAN], 2)).starts_with("label NaN at place 0"));
        assert!(message(to_categorical(&[0.5], 2)).starts_with("label 0.5 at place 0"));
        assert!(message(to_categorical(&[0], 0)).contains("must be at least 1"));
        assert!(message(to_categorical(&[0_u8; 0], None)).contains("say how many classes"));
        assert!(message(to_categorical(&[0], usize::MAX)).contains("too large"));
        assert!(message(to_categorical(&[u64::MAX], None)).contains("too large"));
    }

    #[test]
    fn argmax_prefers_the_first_and_shows_nan() {
        let x = array![[1.0, 1.0, 0.0], [0.0, f64::NAN, 2.0]];
        assert_eq!(argmax(&x).unwrap(), array![0, 1]);
        assert!(argmax(&Array2::<f32>::zeros((2, 0))).is_err());
    }
}
