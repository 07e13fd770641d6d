//! Small pictures of ten kinds of things: 50,000 to learn from and 10,000 to test with.
//!
//! Some of the labels are wrong in the original. Source: Krizhevsky 2009, "Learning Multiple Layers
//! of Features from Tiny Images", in the authors' file `cifar-10-python.tar.gz`.
use super::cifar::Layout;
use super::origin::{Origin, Place};
use crate::Result;
use ndarray::{Array2, Array4};
use std::path::{Path, PathBuf};

const ORIGIN: Origin = Origin {
    name: "cifar-10-python.tar.gz",
    folder: "https://www.cs.toronto.edu/~kriz/",
    sha256: Some("6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"),
};

const LAYOUT: Layout = Layout {
    folder: "cifar-10-batches-py",
    train: &["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"],
    test: "test_batch",
    labels: "labels",
    classes: 10,
};

/// What the ten classes are.
pub const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// Colours uint8 `(samples, 32, 32, 3)`, red, green and blue from 0 to 255 (`(samples, 3, 32, 32)`
/// if [`image_data_format`](crate::config::image_data_format) is `"channels_first"`), and the class
/// of each picture, uint8 `(samples, 1)`: its name is in [`CLASSES`].
pub type Pictures = (Array4<u8>, Array2<u8>);

/// `((x_train, y_train), (x_test, y_test))`, downloaded once (170 MB) into
/// [`config::home`](crate::config::home)`/datasets` and checked. The archive is read as it is; Keras
/// unpacks it beside.
///
/// - **Errors**: no connection and no file, no permission or space for the file.
/// - **Source** Keras `datasets.cifar10.load_data`.
///
/// Compiled but not run, as it may need the network:
///
/// ```no_run
/// let ((x_train, y_train), _) = ferras::datasets::cifar10::load_data()?;
/// assert_eq!((x_train.dim(), y_train.dim()), ((50_000, 32, 32, 3), (50_000, 1)));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn load_data() -> Result<(Pictures, Pictures)> {
    load_data_from(Place::Cache.find(&ORIGIN, "datasets")?)
}

/// The same with another folder than [`config::home`](crate::config::home) to keep the file in.
///
/// Compiled but not run, for the same reason:
///
/// ```no_run
/// let (train, test) = ferras::datasets::cifar10::load_data_in("/var/cache/ferras")?;
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn load_data_in(cache_dir: impl Into<PathBuf>) -> Result<(Pictures, Pictures)> {
    load_data_from(Place::CacheIn(cache_dir.into()).find(&ORIGIN, "datasets")?)
}

/// The same from what is at hand: the archive, the folder that comes out of it, or an `.npz` file of
/// `x_train`, `y_train`, `x_test` and `y_test`; any number of pictures.
///
/// The batches are Python's pickles. Plain data are read out of them, and nothing is run.
///
/// ```
/// use ferras::datasets::cifar10;
/// # let archive = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/files/datasets/cifar-10.tar.gz");
/// let ((x_train, y_train), _) = cifar10::load_data_from(archive)?;
/// assert_eq!((x_train.dim(), y_train.dim()), ((10, 32, 32, 3), (10, 1)));
/// assert_eq!(cifar10::CLASSES[usize::from(y_train[[0, 0]])], "automobile");
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn load_data_from(path: impl AsRef<Path>) -> Result<(Pictures, Pictures)> {
    LAYOUT.load(path.as_ref())
}
