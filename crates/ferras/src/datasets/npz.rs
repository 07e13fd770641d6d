//! NumPy's `.npz` files: named arrays in a zip container.
//!
//! ```
//! use ferras::{Tensor, datasets::npz};
//! let path = std::env::temp_dir().join(format!("ferras-doc-{}.npz", std::process::id()));
//! let (x, y) = (Tensor::scalar(1.5_f32), Tensor::new([2], vec![3_i64, 4])?);
//! npz::write_compressed(&path, &[("x", &x), ("y", &y)])?;
//! let arrays = npz::read(&path)?;
//! assert_eq!(arrays.names(), ["x", "y"]);
//! assert_eq!(arrays.get("y")?.as_slice::<i64>(), Some(&[3, 4][..]));
//! # std::fs::remove_file(&path).unwrap();
//! # Ok::<(), ferras::Error>(())
//! ```
use super::npy;
use crate::config::suggest;
use crate::containers::archive::{self, Archive};
use crate::containers::limits::{Budget, Limits};
use crate::files::write_atomic;
use crate::{Error, Result, Tensor};
use std::path::{Path, PathBuf};

/// The arrays of a file, by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Npz {
    path: PathBuf,
    arrays: Vec<(String, Tensor)>,
}

impl Npz {
    /// The names, in the order of the file.
    pub fn names(&self) -> Vec<&str> {
        self.arrays.iter().map(|(n, _)| n.as_str()).collect()
    }

    /// The array of this name; an error lists the names that there are.
    pub fn get(&self, name: &str) -> Result<&Tensor> {
        let found = self.arrays.iter().find(|(n, _)| n == name).map(|(_, t)| t);
        found.ok_or_else(|| {
            let hint = suggest(name, &self.names());
            Error::file(&self.path, format!("holds no array {name:?}{hint}"))
        })
    }

    /// Names and arrays, in the order of the file.
    pub fn into_arrays(self) -> Vec<(String, Tensor)> {
        self.arrays
    }
}

/// Reads all arrays of a file that stays within the default [`Limits`]: it may unpack to 16 times
/// its size, or 16 MiB.
pub fn read(path: impl AsRef<Path>) -> Result<Npz> {
    read_within(path, &Limits::new())
}

/// Reads all arrays of a file that stays within these limits.
pub fn read_within(path: impl AsRef<Path>, limits: &Limits) -> Result<Npz> {
    let path = path.as_ref();
    let (bytes, budget) = limits.read(path)?;
    let arrays = parse(&bytes, &budget).map_err(|problem| Error::file(path, problem))?;
    Ok(Npz { path: path.to_path_buf(), arrays })
}

/// The arrays of a file, by name, in its order.
pub(crate) fn parse(bytes: &[u8], budget: &Budget) -> Result<Vec<(String, Tensor)>, String> {
    // It is known as what it should be.
    let open = Archive::open(bytes, budget);
    let archive = open.map_err(|e| e.replace("is no zip archive", "is no .npz file"))?;
    let mut arrays: Vec<(String, Tensor)> = Vec::new();
    for full in archive.names() {
        let name = full.strip_suffix(".npy").unwrap_or(full);
        let array = npy::parse(&archive.read(full)?, budget);
        arrays.push((name.to_string(), array.map_err(|e| format!("array {name:?} {e}"))?));
    }
    // "x" and "x.npy" are two members, but one array.
    let mut names: Vec<&str> = arrays.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|w| matches!(w, [a, b] if a == b)) {
        Some(twice) => {
            Err(format!("holds two arrays named {:?}", twice.first().copied().unwrap_or_default()))
        }
        None => Ok(arrays),
    }
}

/// Writes named arrays to a file, in place of what it held, as NumPy's `savez`.
pub fn write(path: impl AsRef<Path>, arrays: &[(&str, &Tensor)]) -> Result<()> {
    save(path.as_ref(), arrays, false)
}

/// Writes named arrays to a file, packed, as NumPy's `savez_compressed`.
pub fn write_compressed(path: impl AsRef<Path>, arrays: &[(&str, &Tensor)]) -> Result<()> {
    save(path.as_ref(), arrays, true)
}

fn save(path: &Path, arrays: &[(&str, &Tensor)], packed: bool) -> Result<()> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for (i, (name, tensor)) in arrays.iter().enumerate() {
        if arrays.iter().take(i).any(|(n, _)| n == name) {
            return Err(Error::argument(
                "arrays",
                format!("must have different names, got {name:?} twice"),
            ));
        }
        files.push((format!("{name}.npy"), npy::to_bytes(tensor)));
    }
    let members: Vec<(&str, &[u8])> = files.iter().map(|(n, d)| (n.as_str(), &d[..])).collect();
    let bytes = archive::write(&members, packed).map_err(|problem| Error::file(path, problem))?;
    write_atomic(path, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::tests::Folder;

    fn bytes(packed: bool) -> (Folder, Vec<u8>) {
        static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let n = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = Folder::new(&format!("npz-{n}"));
        let (x, y) = (Tensor::new([40], vec![1.0_f64; 40]), Tensor::new([2], vec![true, false]));
        let path = folder.join("a.npz");
        save(&path, &[("x", &x.unwrap()), ("y", &y.unwrap())], packed).unwrap();
        let bytes = std::fs::read(path).unwrap();
        (folder, bytes)
    }

    const BUDGET: u64 = 1 << 20;

    fn parsed(bytes: &[u8], budget: u64) -> Result<Vec<(String, Tensor)>, String> {
        parse(bytes, &Limits::new().decoded_bytes(budget).budget(bytes.len() as u64)?)
    }

    #[test]
    fn stored_and_packed() {
        let (_folder, stored) = bytes(false);
        let (_folder, packed) = bytes(true);
        assert!(packed.len() < stored.len());
        assert_eq!(parsed(&stored, BUDGET).unwrap(), parsed(&packed, BUDGET).unwrap());
    }

    #[test]
    fn names_what_is_there() {
        let (folder, _) = bytes(false);
        let arrays = read(folder.join("a.npz")).unwrap();
        let error = arrays.get("X").unwrap_err().to_string();
        assert!(
            error.ends_with("holds no array \"X\" (did you mean \"x\"?); known: x, y"),
            "{error}"
        );
        assert_eq!(arrays.into_arrays().len(), 2);
        let x = Tensor::scalar(1_u8);
        let error = write(folder.join("b.npz"), &[("x", &x), ("x", &x)]).unwrap_err();
        assert!(error.to_string().contains("got \"x\" twice"));
        assert!(!folder.join("b.npz").exists());
    }

    #[test]
    fn budget_and_bombs() {
        let (_folder, packed) = bytes(true);
        let error = parsed(&packed, 500).unwrap_err();
        assert!(error.contains("which takes"), "{error}");
        // A size that both headers claim, of an array of zeros.
        let mut bomb = packed.clone();
        let entry = packed.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        for place in [entry + 24, 22] {
            bomb[place..place + 4].copy_from_slice(&u32::to_le_bytes(0x7fff_ffff));
        }
        let error = parsed(&bomb, BUDGET).unwrap_err();
        assert!(error.contains("claims to unpack"), "{error}");
    }

    #[test]
    fn damage_is_an_error() {
        for packed in [false, true] {
            let (_folder, good) = bytes(packed);
            for n in 0..good.len() {
                assert!(parsed(&good[..n], BUDGET).is_err());
            }
            for place in 0..good.len() {
                let mut bad = good.clone();
                bad[place] ^= 0x15;
                let _ = parsed(&bad, BUDGET);
            }
        }
        let error = read("/no/such.npz").unwrap_err().to_string();
        assert!(error.starts_with("cannot read /no/such.npz"), "{error}");
    }
}
