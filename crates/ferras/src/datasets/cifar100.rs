//! Small pictures of a hundred kinds of things, in twenty groups: 50,000 to learn from and 10,000 to
//! test with.
//!
//! Source: Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images", in the authors'
//! file `cifar-100-python.tar.gz`.
use super::cifar::Layout;
use super::origin::{Origin, Place};
use crate::Result;
use crate::config::{Choice, Vocabulary};
use ndarray::{Array2, Array4};
use std::path::{Path, PathBuf};

const ORIGIN: Origin = Origin {
    name: "cifar-100-python.tar.gz",
    folder: "https://www.cs.toronto.edu/~kriz/",
    sha256: Some("85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"),
};

/// Which classes the labels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// The hundred kinds of things.
    Fine,
    /// The twenty groups of them.
    Coarse,
}

impl Vocabulary for Labels {
    const KIND: &'static str = "label_mode";
    const WORDS: &'static [(&'static str, Labels)] =
        &[("fine", Labels::Fine), ("coarse", Labels::Coarse)];
}

/// Colours uint8 `(samples, 32, 32, 3)`, red, green and blue from 0 to 255 (`(samples, 3, 32, 32)`
/// if [`image_data_format`](crate::config::image_data_format) is `"channels_first"`), and the class
/// of each picture, uint8 `(samples, 1)`.
pub type Pictures = (Array4<u8>, Array2<u8>);

/// `((x_train, y_train), (x_test, y_test))`, downloaded once (169 MB) into
/// [`config::home`](crate::config::home)`/datasets` and checked.
///
/// `label_mode` is `"fine"` (0 to 99, Keras' default) or `"coarse"` (0 to 19).
///
/// - **Errors**: an unknown `label_mode`, no connection and no file, no permission or space for it.
/// - **Source** Keras `datasets.cifar100.load_data`.
///
/// Compiled but not run, as it may need the network:
///
/// ```no_run
/// let ((x_train, y_train), _) = ferras::datasets::cifar100::load_data("fine")?;
/// assert_eq!((x_train.dim(), y_train.dim()), ((50_000, 32, 32, 3), (50_000, 1)));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn load_data(label_mode: impl Into<Choice<Labels>>) -> Result<(Pictures, Pictures)> {
    load(Place::Cache, label_mode.into())
}

/// The same with another folder than [`config::home`](crate::config::home) to keep the file in.
///
/// Compiled but not run, for the same reason:
///
/// ```no_run
/// let (train, test) = ferras::datasets::cifar100::load_data_in("/var/cache/ferras", "coarse")?;
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn load_data_in(
    cache_dir: impl Into<PathBuf>,
    label_mode: impl Into<Choice<Labels>>,
) -> Result<(Pictures, Pictures)> {
    load(Place::CacheIn(cache_dir.into()), label_mode.into())
}

/// The same from what is at hand: the archive, the folder that comes out of it, or an `.npz` file of
/// `x_train`, `y_train`, `x_test` and `y_test`; any number of pictures.
///
/// ```
/// use ferras::datasets::cifar100;
/// # let archive = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/files/datasets/cifar-100.tar.gz");
/// let ((_, y_train), _) = cifar100::load_data_from(archive, "coarse")?;
/// assert_eq!(y_train, ndarray::array![[19], [0], [7]]);
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn load_data_from(
    path: impl AsRef<Path>,
    label_mode: impl Into<Choice<Labels>>,
) -> Result<(Pictures, Pictures)> {
    load(Place::File(path.as_ref().to_path_buf()), label_mode.into())
}

fn load(place: Place, label_mode: Choice<Labels>) -> Result<(Pictures, Pictures)> {
    let (labels, classes) = match label_mode.get()? {
        Labels::Fine => ("fine_labels", 100),
        Labels::Coarse => ("coarse_labels", 20),
    };
    let folder = "cifar-100-python";
    let layout = Layout { folder, train: &["train"], test: "test", labels, classes };
    layout.load(&place.find(&ORIGIN, "datasets")?)
}
