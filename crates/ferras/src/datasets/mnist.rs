//! Handwritten digits: 60,000 pictures to learn from and 10,000 to test with.
//!
//! Source: LeCun, Cortes & Burges, in Keras' file `mnist.npz`.
use super::{GetFile, npz};
use crate::{Error, Result};
use ndarray::{Array1, Array3, ArrayD, Axis, Dimension, Ix1, Ix3};
use std::path::{Path, PathBuf};

/// Where Keras keeps it.
const ORIGIN: &str = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz";
const SHA256: &str = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1";

/// Pictures uint8 `(samples, 28, 28)`, 0 for paper to 255 for ink, and the digit that each shows,
/// uint8 `(samples,)`.
pub type Digits = (Array3<u8>, Array1<u8>);

/// `((x_train, y_train), (x_test, y_test))`, downloaded once (11 MB) into
/// [`config::home`](crate::config::home)`/datasets` and checked.
///
/// - **Errors**: no connection and no file, no permission or space for the file.
/// - **Source** Keras `datasets.mnist.load_data`.
///
/// The example is compiled but not run, as it may need the network:
///
/// ```no_run
/// let ((x_train, y_train), (x_test, _)) = ferras::datasets::mnist::load_data()?;
/// assert_eq!((x_train.dim(), y_train.len()), ((60_000, 28, 28), 60_000));
/// assert_eq!(x_test.dim(), (10_000, 28, 28));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn load_data() -> Result<(Digits, Digits)> {
    load_data_from(file().get()?)
}

/// The same with another folder than [`config::home`](crate::config::home) to keep the file in.
///
/// Compiled but not run, for the same reason:
///
/// ```no_run
/// let (train, test) = ferras::datasets::mnist::load_data_in("/var/cache/ferras")?;
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn load_data_in(cache_dir: impl Into<PathBuf>) -> Result<(Digits, Digits)> {
    load_data_from(file().cache_dir(cache_dir).get()?)
}

fn file() -> GetFile {
    GetFile::new("mnist.npz", ORIGIN).file_hash(SHA256)
}

/// The same from a file at hand, in Keras' layout: arrays `x_train`, `y_train`, `x_test`,
/// `y_test`; any number of pictures of any size.
///
/// ```
/// use ferras::datasets::mnist;
/// # let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/mnist.npz");
/// let ((x_train, y_train), _) = mnist::load_data_from(data)?;
/// assert_eq!((x_train.dim(), y_train[0]), ((60_000, 28, 28), 5));
/// let error = mnist::load_data_from("mnist.npy").unwrap_err();
/// assert!(error.to_string().starts_with("cannot read mnist.npy: "));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn load_data_from(path: impl AsRef<Path>) -> Result<(Digits, Digits)> {
    let path = path.as_ref();
    // Sixteen times MNIST itself.
    let arrays = npz::read(path)?;
    let train = digits(path, &arrays, "x_train", "y_train")?;
    let test = digits(path, &arrays, "x_test", "y_test")?;
    if train.0.shape().get(1..) != test.0.shape().get(1..) {
        return Err(Error::file(path, "has pictures of different sizes in x_train and x_test"));
    }
    Ok((train, test))
}

fn digits(path: &Path, arrays: &npz::Npz, x: &str, y: &str) -> Result<Digits> {
    let images = array::<Ix3>(path, arrays, x, "(samples, rows, columns)")?;
    let labels = array::<Ix1>(path, arrays, y, "(samples,)")?;
    let (pictures, count) = (images.len_of(Axis(0)), labels.len());
    if pictures != count || count == 0 {
        let problem = format!(
            "must hold as many pictures as labels, at least one, got {pictures} in {x} and {count} in {y}"
        );
        return Err(Error::file(path, problem));
    }
    match labels.iter().position(|l| *l > 9) {
        Some(i) => {
            let label = labels[i];
            Err(Error::file(
                path,
                format!("holds label {label} at place {i} of {y}; digits are 0 to 9"),
            ))
        }
        None => Ok((images, labels)),
    }
}

fn array<D: Dimension>(
    path: &Path,
    arrays: &npz::Npz,
    name: &str,
    axes: &str,
) -> Result<ndarray::Array<u8, D>> {
    let tensor = arrays.get(name)?;
    let array: Option<ArrayD<u8>> = tensor.to_array();
    array.and_then(|a| a.into_dimensionality().ok()).ok_or_else(|| {
        let (dtype, shape) = (tensor.dtype(), tensor.shape());
        Error::file(path, format!("must hold {name} as uint8 {axes}, got {dtype} {shape}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;
    use crate::files::tests::Folder;

    fn load(x: Tensor, y: Tensor) -> String {
        static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let n = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = Folder::new(&format!("mnist-{n}"));
        let path = folder.join("m.npz");
        npz::write(&path, &[("x_train", &x), ("y_train", &y), ("x_test", &x), ("y_test", &y)])
            .unwrap();
        load_data_from(&path).map_or_else(|e| e.to_string(), |_| "fine".to_string())
    }

    #[test]
    fn says_what_does_not_fit() {
        let x = || Tensor::new([2, 3, 3], vec![1_u8; 18]).unwrap();
        let y = |labels: &[u8]| Tensor::new([labels.len()], labels.to_vec()).unwrap();
        assert_eq!(load(x(), y(&[0, 9])), "fine");
        assert!(load(x(), y(&[0])).ends_with("got 2 in x_train and 1 in y_train"));
        assert!(
            load(x(), y(&[0, 10])).ends_with("label 10 at place 1 of y_train; digits are 0 to 9")
        );
        let flat = Tensor::new([2, 9], vec![1.0_f32; 18]).unwrap();
        let error = load(flat, y(&[0, 1]));
        assert!(
            error.contains("must hold x_train as uint8 (samples, rows, columns), got float32"),
            "{error}"
        );
    }
}
