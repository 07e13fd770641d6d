//! What the two tables of houses share: one file of `x` and `y`, shuffled and cut in two.
use super::npz;
use super::origin::{Origin, Place};
use crate::preprocessing::mersenne::Mersenne;
use crate::{Error, Result, Tensor};
use ferras_graph::Element;
use ndarray::{Array1, Array2, Axis};
use std::path::Path;

/// Attributes `(samples, attributes)` and prices `(samples,)`.
pub(super) type Houses<T> = (Array2<T>, Array1<T>);

/// How the rows are parted.
#[derive(Clone, Debug)]
pub(super) struct Parting {
    pub(super) place: Place,
    pub(super) test_split: f64,
    pub(super) seed: u32,
    /// How many of the file's first rows are used.
    pub(super) rows: usize,
}

impl Parting {
    /// Keras' defaults.
    pub(super) fn new() -> Parting {
        Parting { place: Place::Cache, test_split: 0.2, seed: 113, rows: usize::MAX }
    }

    /// The table of a file, in the order of the seed, and cut where the test rows begin.
    pub(super) fn load<T: Element>(&self, origin: &Origin) -> Result<(Houses<T>, Houses<T>)> {
        if !(0.0..1.0).contains(&self.test_split) {
            let problem = format!("must be at least 0 and below 1, got {}", self.test_split);
            return Err(Error::argument("test_split", problem));
        }
        let path = self.place.find(origin, "datasets")?;
        let arrays = npz::read(&path)?;
        let x = floats(&path, "x", arrays.get("x")?, "(samples, attributes)", 2)?;
        let y = floats(&path, "y", arrays.get("y")?, "(samples,)", 1)?;
        let misfit = |e: ndarray::ShapeError| Error::file(&path, e.to_string());
        let x: Array2<T> = x.into_dimensionality().map_err(misfit)?;
        let y: Array1<T> = y.into_dimensionality().map_err(misfit)?;
        if x.nrows() != y.len() {
            let problem = format!("has {} rows in x and {} in y", x.nrows(), y.len());
            return Err(Error::file(&path, problem));
        }
        let order = Mersenne::new(self.seed).permutation(x.nrows().min(self.rows));
        let (train, test) = order.split_at(train_rows(order.len(), self.test_split));
        let part = |rows: &[usize]| (x.select(Axis(0), rows), y.select(Axis(0), rows));
        Ok((part(train), part(test)))
    }
}

/// Rows to learn from, rounded as Keras does.
pub(super) fn train_rows(rows: usize, test_split: f64) -> usize {
    (rows as f64 * (1.0 - test_split)) as usize
}

fn floats<T: Element>(
    path: &Path,
    name: &str,
    array: &Tensor,
    axes: &str,
    rank: usize,
) -> Result<ndarray::ArrayD<T>> {
    let fits = array.dtype().is_float() && array.shape().rank() == rank;
    let found = array.cast(T::DTYPE).to_array::<T>().filter(|_| fits);
    found.ok_or_else(|| {
        let (dtype, shape) = (array.dtype(), array.shape());
        Error::file(path, format!("must hold {name} as floats {axes}, got {dtype} {shape}"))
    })
}
