//! Pieces of clothing: 60,000 pictures to learn from and 10,000 to test with.
//!
//! Source: Xiao, Rasul & Vollgraf 2017 (MIT licence), in the four files that Keras fetches.
use super::origin::{KERAS, Origin, Place};
use crate::containers::limits::Limits;
use crate::{Error, Result};
use flate2::read::MultiGzDecoder;
use ndarray::{Array1, Array3};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Pictures uint8 `(samples, 28, 28)`, 0 for the background to 255, and the class of each, uint8
/// `(samples,)`: its name is in [`CLASSES`].
pub type Clothes = (Array3<u8>, Array1<u8>);

/// What the ten classes are.
pub const CLASSES: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

const FILES: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

/// `((x_train, y_train), (x_test, y_test))`, downloaded once (30 MB) into
/// [`config::home`](crate::config::home)`/datasets/fashion-mnist`. Keras has no checksums for
/// these files.
///
/// - **Errors**: no connection and no files, no permission or space for them.
/// - **Source** Keras `datasets.fashion_mnist.load_data`.
///
/// Compiled but not run, as it may need the network:
///
/// ```no_run
/// use ferras::datasets::fashion_mnist;
/// let ((x_train, y_train), _) = fashion_mnist::load_data()?;
/// assert_eq!(x_train.dim(), (60_000, 28, 28));
/// println!("the first picture shows: {}", fashion_mnist::CLASSES[usize::from(y_train[0])]);
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn load_data() -> Result<(Clothes, Clothes)> {
    load(|_| Place::Cache)
}

/// The same with another folder than [`config::home`](crate::config::home) to keep the files in.
///
/// Compiled but not run, for the same reason:
///
/// ```no_run
/// let (train, test) = ferras::datasets::fashion_mnist::load_data_in("/var/cache/ferras")?;
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn load_data_in(cache_dir: impl Into<PathBuf>) -> Result<(Clothes, Clothes)> {
    let folder = cache_dir.into();
    load(|_| Place::CacheIn(folder.clone()))
}

/// The same from the four files in a folder at hand (MNIST's own have the same form).
///
/// ```
/// let error = ferras::datasets::fashion_mnist::load_data_from("/no/such").unwrap_err();
/// assert!(error.to_string().starts_with("cannot read /no/such/train-images-idx3-ubyte.gz: "));
/// ```
pub fn load_data_from(folder: impl AsRef<Path>) -> Result<(Clothes, Clothes)> {
    load(|name| Place::File(folder.as_ref().join(name)))
}

fn load(place: impl Fn(&str) -> Place) -> Result<(Clothes, Clothes)> {
    let part = |images, labels| {
        let find = |name| {
            place(name)
                .find(&Origin { name, folder: KERAS, sha256: None }, "datasets/fashion-mnist")
        };
        clothes(&find(images)?, &find(labels)?)
    };
    let [x_train, y_train, x_test, y_test] = FILES;
    Ok((part(x_train, y_train)?, part(x_test, y_test)?))
}

fn clothes(images: &Path, labels: &Path) -> Result<Clothes> {
    let ([count, rows, columns], pixels) = idx::<3>(images)?;
    let ([labelled], classes) = idx::<1>(labels)?;
    if count != labelled {
        let problem =
            format!("has {labelled} labels for the {count} pictures of {}", images.display());
        return Err(Error::file(labels, problem));
    }
    if let Some(i) = classes.iter().position(|c| usize::from(*c) >= CLASSES.len()) {
        let problem = format!("holds class {} at place {i}; classes are 0 to 9", classes[i]);
        return Err(Error::file(labels, problem));
    }
    let shape = |e: ndarray::ShapeError| Error::file(images, e.to_string());
    let pictures = Array3::from_shape_vec((count, rows, columns), pixels).map_err(shape)?;
    Ok((pictures, Array1::from(classes)))
}

/// The sizes and bytes of a packed file in MNIST's form IDX: two zeros, 8 for bytes, the number of
/// axes, each size in four bytes, high ones first; then the bytes.
fn idx<const RANK: usize>(path: &Path) -> Result<([usize; RANK], Vec<u8>)> {
    let (packed, budget) = Limits::new().read(path)?;
    let problem = |problem: String| Error::file(path, problem);
    let mut reader = MultiGzDecoder::new(&packed[..]);
    let mut read = |buffer: &mut [u8]| {
        reader
            .read_exact(buffer)
            .map_err(|e| problem(format!("is no gzip file of IDX data, or ends too early: {e}")))
    };
    let mut magic = [0; 4];
    read(&mut magic)?;
    if magic != [0, 0, 8, RANK as u8] {
        let found = format!("begins with {magic:?}, expected bytes (8) with {RANK} axes");
        return Err(problem(found));
    }
    let mut sizes = [0; RANK];
    for size in &mut sizes {
        let mut bytes = [0; 4];
        read(&mut bytes)?;
        *size = u32::from_be_bytes(bytes) as usize;
    }
    let places = sizes.iter().try_fold(1_usize, |n, size| n.checked_mul(*size));
    let places = places.ok_or_else(|| problem(format!("claims the impossible sizes {sizes:?}")))?;
    budget.take(places as u64, || format!("an array of shape {sizes:?}")).map_err(problem)?;
    let mut bytes = vec![0; places];
    read(&mut bytes)?;
    match reader.read(&mut [0]) {
        Ok(0) => Ok((sizes, bytes)),
        _ => Err(problem(format!("holds more than its shape {sizes:?} says"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::tests::Folder;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn write(folder: &Folder, name: &str, sizes: &[u32], data: &[u8]) {
        let mut bytes = vec![0, 0, 8, sizes.len() as u8];
        bytes.extend(sizes.iter().flat_map(|s| s.to_be_bytes()));
        bytes.extend(data);
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(&bytes).unwrap();
        std::fs::write(folder.join(name), packer.finish().unwrap()).unwrap();
    }

    fn set(name: &str) -> Folder {
        let folder = Folder::new(name);
        write(&folder, FILES[0], &[2, 1, 3], &[1, 2, 3, 4, 5, 6]);
        write(&folder, FILES[1], &[2], &[9, 0]);
        write(&folder, FILES[2], &[1, 1, 3], &[7, 8, 9]);
        write(&folder, FILES[3], &[1], &[3]);
        folder
    }

    #[test]
    fn reads_the_four_files() {
        let folder = set("fashion");
        let ((x_train, y_train), (x_test, y_test)) = load_data_from(&folder.0).unwrap();
        assert_eq!(x_train, ndarray::array![[[1, 2, 3]], [[4, 5, 6]]]);
        assert_eq!((y_train, y_test), (ndarray::array![9, 0], ndarray::array![3]));
        assert_eq!(x_test.dim(), (1, 1, 3));
        assert_eq!(CLASSES[9], "Ankle boot");
    }

    #[test]
    fn says_what_does_not_fit() {
        let folder = set("fashion-wrong");
        let error = || load_data_from(&folder.0).unwrap_err().to_string();
        write(&folder, FILES[1], &[3], &[9, 0, 1]);
        assert!(error().contains("has 3 labels for the 2 pictures of"));
        write(&folder, FILES[1], &[2], &[9, 10]);
        assert!(error().ends_with("holds class 10 at place 1; classes are 0 to 9"));
        write(&folder, FILES[1], &[2, 1], &[9, 0]);
        assert!(error().contains("begins with [0, 0, 8, 2], expected bytes (8) with 1 axes"));
        write(&folder, FILES[0], &[2, 1, 3], &[1, 2, 3, 4, 5]);
        assert!(error().contains("ends too early"));
        write(&folder, FILES[0], &[2, 1, 3], &[1; 7]);
        assert!(error().contains("holds more than its shape [2, 1, 3] says"));
        write(&folder, FILES[0], &[u32::MAX, u32::MAX, 3], &[1]);
        assert!(error().contains("impossible sizes"));
        write(&folder, FILES[0], &[60_000, 280, 280], &[1]);
        assert!(error().contains("more than the"), "{}", error());
        std::fs::write(folder.join(FILES[0]), "plain").unwrap();
        assert!(error().contains("is no gzip file of IDX data"));
    }
}
