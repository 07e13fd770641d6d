//! The files of CIFAR-10 and CIFAR-100: pickled batches of small pictures, in a packed tape archive
//! or a folder; or all of them as an `.npz`.
use super::npz;
use crate::config::image_data_format;
use crate::containers::limits::{Budget, Limits};
use crate::containers::pickle::{self, Array, Data, List, Value};
use crate::{Error, Result, Tensor};
use flate2::read::GzDecoder;
use ndarray::{Array2, Array4, Axis, concatenate};
use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

/// Pictures `(samples, 32, 32, 3)`, and the class of each `(samples, 1)`.
pub(super) type Pictures = (Array4<u8>, Array2<u8>);

/// Bytes of a picture: three colours of 32 rows of 32.
const PICTURE: usize = 3 * 32 * 32;

/// Where the parts of a set are, and what its classes are called.
pub(super) struct Layout {
    /// The folder inside of the archive.
    pub(super) folder: &'static str,
    pub(super) train: &'static [&'static str],
    pub(super) test: &'static str,
    /// The entry of a batch that holds its classes.
    pub(super) labels: &'static str,
    pub(super) classes: u8,
}

impl Layout {
    /// Training and test pictures of an archive, a folder, or an `.npz` file.
    pub(super) fn load(&self, path: &Path) -> Result<(Pictures, Pictures)> {
        if path.is_dir() {
            let inside = path.join(self.folder);
            let folder = if inside.is_dir() { inside } else { path.to_path_buf() };
            return self.gather(path, |name| {
                let path = folder.join(name);
                let (bytes, budget) = Limits::new().read(&path)?;
                self.batch(&bytes, &budget).map_err(|problem| Error::file(&path, problem))
            });
        }
        let (bytes, budget) = Limits::new().read(path)?;
        if bytes.starts_with(b"PK") {
            return self.arrays(path);
        }
        let members = self.unpack(&bytes, &budget).map_err(|problem| Error::file(path, problem))?;
        self.gather(path, |name| {
            let member = members.iter().find(|(n, _)| *n == name);
            let problem = |p: String| Error::file(path, format!("{}/{name}: {p}", self.folder));
            let (_, bytes) = member.ok_or_else(|| problem("is not in the archive".into()))?;
            self.batch(bytes, &budget).map_err(problem)
        })
    }

    /// The members of a `.tar.gz` that are wanted.
    fn unpack(
        &self,
        packed: &[u8],
        budget: &Budget,
    ) -> Result<Vec<(&'static str, Vec<u8>)>, String> {
        let damaged = |e: std::io::Error| format!("is no .tar.gz archive, or damaged: {e}");
        let mut archive = tar::Archive::new(GzDecoder::new(packed));
        let mut members = Vec::new();
        for entry in archive.entries().map_err(damaged)? {
            let mut entry = entry.map_err(damaged)?;
            budget.count(1)?;
            let found = entry.path().ok().and_then(|path| {
                let mut wanted = self.train.iter().chain([&self.test]);
                wanted.find(|name| path == Path::new(self.folder).join(name)).copied()
            });
            let Some(name) = found else { continue };
            let size = entry.size();
            budget.take(size, || format!("{name:?}"))?;
            let mut bytes = Vec::new();
            entry.by_ref().take(size).read_to_end(&mut bytes).map_err(damaged)?;
            members.push((name, bytes));
        }
        Ok(members)
    }

    /// Puts the batches together.
    fn gather(
        &self,
        path: &Path,
        mut batch: impl FnMut(&'static str) -> Result<Pictures>,
    ) -> Result<(Pictures, Pictures)> {
        let parts = self.train.iter().map(|name| batch(name)).collect::<Result<Vec<_>>>()?;
        let misfit = |e: ndarray::ShapeError| Error::file(path, e.to_string());
        let x: Vec<_> = parts.iter().map(|p| p.0.view()).collect();
        let y: Vec<_> = parts.iter().map(|p| p.1.view()).collect();
        let x = concatenate(Axis(0), &x).map_err(misfit)?;
        let train = (x, concatenate(Axis(0), &y).map_err(misfit)?);
        Ok((ordered(train), ordered(batch(self.test)?)))
    }

    /// The pictures and classes of a pickled batch.
    fn batch(&self, bytes: &[u8], budget: &Budget) -> Result<Pictures, String> {
        let Value::Dict(entries) = pickle::parse(bytes, budget)? else {
            return Err("must hold a dictionary".to_string());
        };
        let entry = |key: &str| {
            let found = entries.iter().find(|(k, _)| **k == *key.as_bytes());
            found.map(|(_, value)| value).ok_or_else(|| format!("must hold an entry {key:?}"))
        };
        let pixels = match entry("data")? {
            Value::Array(array) => pixels(array)?,
            _ => return Err("must hold an array as \"data\"".to_string()),
        };
        let labels = match entry(self.labels)? {
            Value::List(List::Ints(labels)) => labels,
            _ => return Err(format!("must hold a list of numbers as {:?}", self.labels)),
        };
        let (rows, count) = (pixels.len() / PICTURE, labels.len());
        if rows != count {
            return Err(format!("has {rows} pictures, but {count} classes"));
        }
        let class = |&label: &i64| {
            let class = u8::try_from(label).ok().filter(|c| *c < self.classes);
            class.ok_or_else(|| {
                format!("holds class {label}; classes are 0 to {}", self.classes - 1)
            })
        };
        let classes: Vec<u8> = labels.iter().map(class).collect::<Result<_, _>>()?;
        let misfit = |e: ndarray::ShapeError| e.to_string();
        let x = Array4::from_shape_vec((rows, 3, 32, 32), pixels.to_vec()).map_err(misfit)?;
        Ok((x, Array2::from_shape_vec((rows, 1), classes).map_err(misfit)?))
    }

    /// The arrays `x_train`, `y_train`, `x_test`, `y_test` of an `.npz` file, channels last.
    fn arrays(&self, path: &Path) -> Result<(Pictures, Pictures)> {
        let arrays = npz::read(path)?;
        let part = |x: &str, y: &str| {
            let (pictures, classes) = (arrays.get(x)?, arrays.get(y)?);
            let sizes = pictures.shape().to_vec();
            let [rows, 32, 32, 3] = sizes[..] else {
                return Err(unfit(path, x, "(samples, 32, 32, 3)", pictures));
            };
            let all: Option<Vec<u8>> = pictures.as_slice().map(<[u8]>::to_vec);
            let all = all.ok_or_else(|| unfit(path, x, "(samples, 32, 32, 3)", pictures))?;
            let labels: Option<Vec<u8>> = classes.as_slice().map(<[u8]>::to_vec);
            let labels = labels.filter(|l| l.len() == rows && l.iter().all(|c| *c < self.classes));
            let labels = labels.ok_or_else(|| unfit(path, y, "(samples, 1)", classes))?;
            let misfit = |e: ndarray::ShapeError| Error::file(path, e.to_string());
            let x = Array4::from_shape_vec((rows, 32, 32, 3), all).map_err(misfit)?;
            let x = x.permuted_axes([0, 3, 1, 2]);
            let y = Array2::from_shape_vec((rows, 1), labels).map_err(misfit)?;
            Ok(ordered((x, y)))
        };
        Ok((part("x_train", "y_train")?, part("x_test", "y_test")?))
    }
}

fn unfit(path: &Path, name: &str, axes: &str, found: &Tensor) -> Error {
    let (dtype, shape) = (found.dtype(), found.shape());
    Error::file(
        path,
        format!("must hold {name} as uint8 {axes}, classes in range, got {dtype} {shape}"),
    )
}

/// The bytes of an array of pictures, one a row.
fn pixels<'a>(array: &'a Array<'_>) -> Result<&'a [u8], String> {
    let fits = matches!(array.shape[..], [_, PICTURE]) && !array.fortran;
    let bytes: Option<&Cow<[u8]>> = match &array.data {
        Some(Data::Bytes(bytes)) if *array.dtype == *b"u1" => Some(bytes),
        _ => None,
    };
    let whole = |b: &&Cow<[u8]>| Some(b.len()) == array.shape[0].checked_mul(PICTURE);
    bytes.filter(|_| fits).filter(whole).map(|b| &b[..]).ok_or_else(|| {
        format!("must hold \"data\" as uint8 (samples, {PICTURE}), got shape {:?}", array.shape)
    })
}

/// The pictures with their axes in the order of `image_data_format`.
fn ordered((x, y): Pictures) -> Pictures {
    match image_data_format() {
        "channels_first" => (x.as_standard_layout().into_owned(), y),
        _ => (x.permuted_axes([0, 2, 3, 1]).as_standard_layout().into_owned(), y),
    }
}
