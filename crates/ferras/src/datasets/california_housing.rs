//! Prices of houses in California, 1990: 20,640 rows of 8 attributes.
//!
//! Source: Pace & Barry 1997, StatLib, in Keras' file `california_housing.npz`.
use super::housing::Parting;
use super::origin::{KERAS, Origin, Place};
use crate::Result;
use crate::config::{Choice, Vocabulary};
use ndarray::{Array1, Array2};
use std::path::PathBuf;

const ORIGIN: Origin = Origin {
    name: "california_housing.npz",
    folder: KERAS,
    sha256: Some("1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"),
};

/// Attributes float32 `(samples, 8)`: longitude, latitude, median age of the houses, rooms,
/// bedrooms, people, households, median income (in 10,000 dollars); and the median price of a
/// house in dollars, float32 `(samples,)`.
pub type Houses = (Array2<f32>, Array1<f32>);

/// How many of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// The first 600.
    Small,
    /// All.
    Large,
}

impl Vocabulary for Size {
    const KIND: &'static str = "version";
    const WORDS: &'static [(&'static str, Size)] =
        &[("small", Size::Small), ("large", Size::Large)];
}

/// `((x_train, y_train), (x_test, y_test))` with Keras' defaults: [`LoadData`] takes others.
///
/// Compiled but not run, as it may need the network:
///
/// ```no_run
/// let ((x_train, _), (x_test, _)) = ferras::datasets::california_housing::load_data()?;
/// assert_eq!((x_train.dim(), x_test.dim()), ((16_512, 8), (4_128, 8)));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn load_data() -> Result<(Houses, Houses)> {
    LoadData::new().load()
}

/// The arguments of Keras' `datasets.california_housing.load_data`. The rows, their order and
/// where they are cut are Keras'.
///
/// - **Errors**: an unknown `version`, `test_split` outside of 0 to 1, no connection and no file,
///   a file that holds something else.
///
/// ```
/// use ferras::datasets::california_housing::LoadData;
/// # use ferras::{Tensor, datasets::npz};
/// # let path = std::env::temp_dir().join(format!("ferras-calif-{}.npz", std::process::id()));
/// # let x = Tensor::new([900, 8], vec![1.0_f32; 7200])?;
/// # npz::write(&path, &[("x", &x), ("y", &Tensor::new([900], vec![9.0_f32; 900])?)])?;
/// let ((x_train, _), (x_test, _)) = LoadData::new().path(&path).version("small").load()?;
/// assert_eq!((x_train.dim(), x_test.dim()), ((480, 8), (120, 8)));
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LoadData {
    parting: Parting,
    version: Choice<Size>,
}

impl Default for LoadData {
    fn default() -> LoadData {
        LoadData::new()
    }
}

impl LoadData {
    /// Keras' defaults.
    pub fn new() -> LoadData {
        LoadData { parting: Parting::new(), version: "large".into() }
    }

    /// `"large"`, all rows, by default; `"small"` for the first 600.
    pub fn version(mut self, version: impl Into<Choice<Size>>) -> Self {
        self.version = version.into();
        self
    }

    /// A file at hand, in Keras' layout: arrays `x` and `y`. Its checksum is not looked at.
    pub fn path(mut self, path: impl Into<PathBuf>) -> Self {
        self.parting.place = Place::File(path.into());
        self
    }

    /// The folder to keep the downloaded file in; [`config::home`](crate::config::home) by default.
    pub fn cache_dir(mut self, cache_dir: impl Into<PathBuf>) -> Self {
        self.parting.place = Place::CacheIn(cache_dir.into());
        self
    }

    /// The share of rows to test with; 0.2 by default.
    pub fn test_split(mut self, test_split: f64) -> Self {
        self.parting.test_split = test_split;
        self
    }

    /// What the order of rows follows from; 113 by default.
    pub fn seed(mut self, seed: u32) -> Self {
        self.parting.seed = seed;
        self
    }

    /// `((x_train, y_train), (x_test, y_test))`.
    pub fn load(&self) -> Result<(Houses, Houses)> {
        let rows = match self.version.get()? {
            Size::Small => 600,
            Size::Large => usize::MAX,
        };
        Parting { rows, ..self.parting.clone() }.load(&ORIGIN)
    }
}
