//! Prices of houses around Boston: 506 rows of 13 attributes.
//!
//! One attribute, `B`, is built on the belief that the colour of one's neighbours sets a price:
//! the set is here to repeat old results, not to learn about houses. Take
//! [`california_housing`](super::california_housing) for that.
//!
//! Source: Harrison & Rubinfeld 1978, StatLib, in Keras' file `boston_housing.npz`.
use super::housing::Parting;
use super::origin::{KERAS, Origin, Place};
use crate::Result;
use ndarray::{Array1, Array2};
use std::path::PathBuf;

const ORIGIN: Origin = Origin {
    name: "boston_housing.npz",
    folder: KERAS,
    sha256: Some("f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"),
};

/// Attributes float64 `(samples, 13)`, and the median price of a house in thousands of dollars,
/// float64 `(samples,)`.
pub type Houses = (Array2<f64>, Array1<f64>);

/// `((x_train, y_train), (x_test, y_test))` with Keras' defaults: [`LoadData`] takes others.
///
/// Compiled but not run, as it may need the network:
///
/// ```no_run
/// let ((x_train, _), (x_test, _)) = ferras::datasets::boston_housing::load_data()?;
/// assert_eq!((x_train.dim(), x_test.dim()), ((404, 13), (102, 13)));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn load_data() -> Result<(Houses, Houses)> {
    LoadData::new().load()
}

/// The arguments of Keras' `datasets.boston_housing.load_data`. The rows, their order and where
/// they are cut are Keras'.
///
/// - **Errors**: `test_split` outside of 0 to 1, no connection and no file, a file that holds
///   something else.
///
/// ```
/// use ferras::datasets::boston_housing::LoadData;
/// # use ferras::{Tensor, datasets::npz};
/// # let path = std::env::temp_dir().join(format!("ferras-boston-{}.npz", std::process::id()));
/// # let (x, y) = (Tensor::new([4, 13], vec![1.0_f64; 52])?, Tensor::new([4], vec![9.0_f64; 4])?);
/// # npz::write(&path, &[("x", &x), ("y", &y)])?;
/// let ((x_train, _), (x_test, _)) = LoadData::new().path(&path).test_split(0.25).load()?;
/// assert_eq!((x_train.dim(), x_test.dim()), ((3, 13), (1, 13)));
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LoadData(Parting);

impl Default for LoadData {
    fn default() -> LoadData {
        LoadData::new()
    }
}

impl LoadData {
    /// Keras' defaults.
    pub fn new() -> LoadData {
        LoadData(Parting::new())
    }

    /// A file at hand, in Keras' layout: arrays `x` and `y`. Its checksum is not looked at.
    pub fn path(mut self, path: impl Into<PathBuf>) -> Self {
        self.0.place = Place::File(path.into());
        self
    }

    /// The folder to keep the downloaded file in; [`config::home`](crate::config::home) by default.
    pub fn cache_dir(mut self, cache_dir: impl Into<PathBuf>) -> Self {
        self.0.place = Place::CacheIn(cache_dir.into());
        self
    }

    /// The share of rows to test with; 0.2 by default.
    pub fn test_split(mut self, test_split: f64) -> Self {
        self.0.test_split = test_split;
        self
    }

    /// What the order of rows follows from; 113 by default.
    pub fn seed(mut self, seed: u32) -> Self {
        self.0.seed = seed;
        self
    }

    /// `((x_train, y_train), (x_test, y_test))`.
    pub fn load(&self) -> Result<(Houses, Houses)> {
        self.0.load(&ORIGIN)
    }
}
