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
use crate::files::write_atomic;
use crate::{Error, Result, Tensor};
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, Write};
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// What a file may unpack to unless said otherwise: 4 GiB.
const BUDGET: u64 = 4 << 30;
/// Arrays that a file may hold.
const MOST_ARRAYS: usize = 10_000;
/// Deflate packs no better than this, so a member that claims to is a bomb or damaged.
const BEST_RATIO: u64 = 1040;

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

/// Reads all arrays of a file that unpacks to 4 GiB at most.
pub fn read(path: impl AsRef<Path>) -> Result<Npz> {
    read_within(path, BUDGET)
}

/// Reads all arrays of a file that unpacks to `budget` bytes at most.
pub fn read_within(path: impl AsRef<Path>, budget: u64) -> Result<Npz> {
    let path = path.as_ref();
    let file = File::open(path).map_err(Error::io("read", path))?;
    let length = file.metadata().map_err(Error::io("read", path))?.len();
    let arrays = parse(BufReader::new(file), length, budget);
    let arrays = arrays.map_err(|problem| Error::file(path, problem))?;
    Ok(Npz { path: path.to_path_buf(), arrays })
}

fn parse(
    stream: impl Read + Seek,
    length: u64,
    mut budget: u64,
) -> Result<Vec<(String, Tensor)>, String> {
    let damaged = |e: zip::result::ZipError| {
        format!("is no .npz file, or a truncated or damaged one ({e}); fetch or save it again")
    };
    let mut archive = ZipArchive::new(stream).map_err(damaged)?;
    let count = archive.len();
    if count > MOST_ARRAYS {
        return Err(format!("holds {count} arrays; at most {MOST_ARRAYS} are read"));
    }
    let mut arrays: Vec<(String, Tensor)> = Vec::new();
    for i in 0..count {
        let member = archive.by_index(i).map_err(damaged)?;
        let full = String::from_utf8_lossy(member.name_raw()).into_owned();
        let name = full.strip_suffix(".npy").unwrap_or(&full).to_string();
        let (size, packed) = (member.size(), member.compressed_size());
        if packed > length || size > packed.saturating_mul(BEST_RATIO) {
            return Err(format!(
                "array {name:?} claims to unpack from {packed} to {size} bytes, which the \
                 {length} bytes of the file cannot hold"
            ));
        }
        budget = budget.checked_sub(size).ok_or_else(|| {
            format!("array {name:?} of {size} bytes exceeds what is left of the budget, {budget}")
        })?;
        if arrays.iter().any(|(n, _)| *n == name) {
            return Err(format!("holds two arrays named {name:?}"));
        }
        let array = npy::parse(member, size).map_err(|e| format!("array {name:?} {e}"))?;
        arrays.push((name, array));
    }
    Ok(arrays)
}

/// Writes named arrays to a file, in place of what it held, as NumPy's `savez`.
pub fn write(path: impl AsRef<Path>, arrays: &[(&str, &Tensor)]) -> Result<()> {
    save(path.as_ref(), arrays, CompressionMethod::Stored)
}

/// Writes named arrays to a file, packed, as NumPy's `savez_compressed`.
pub fn write_compressed(path: impl AsRef<Path>, arrays: &[(&str, &Tensor)]) -> Result<()> {
    save(path.as_ref(), arrays, CompressionMethod::Deflated)
}

fn save(path: &Path, arrays: &[(&str, &Tensor)], method: CompressionMethod) -> Result<()> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (i, (name, tensor)) in arrays.iter().enumerate() {
        if arrays.iter().take(i).any(|(n, _)| n == name) {
            return Err(Error::argument(
                "arrays",
                format!("must have different names, got {name:?} twice"),
            ));
        }
        let bytes = npy::to_bytes(tensor);
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .large_file(bytes.len() > u32::MAX as usize);
        let begun = writer.start_file(format!("{name}.npy"), options);
        begun.map_err(std::io::Error::from).map_err(Error::io("write", path))?;
        writer.write_all(&bytes).map_err(Error::io("write", path))?;
    }
    let done = writer.finish().map_err(std::io::Error::from).map_err(Error::io("write", path))?;
    write_atomic(path, done.get_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::tests::Folder;

    fn bytes(method: CompressionMethod) -> (Folder, Vec<u8>) {
        static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let n = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = Folder::new(&format!("npz-{n}"));
        let (x, y) = (Tensor::new([40], vec![1.0_f64; 40]), Tensor::new([2], vec![true, false]));
        let path = folder.join("a.npz");
        save(&path, &[("x", &x.unwrap()), ("y", &y.unwrap())], method).unwrap();
        let bytes = std::fs::read(path).unwrap();
        (folder, bytes)
    }

    fn parsed(bytes: &[u8], budget: u64) -> Result<Vec<(String, Tensor)>, String> {
        parse(Cursor::new(bytes), bytes.len() as u64, budget)
    }

    #[test]
    fn stored_and_packed() {
        let (_folder, stored) = bytes(CompressionMethod::Stored);
        let (_folder, packed) = bytes(CompressionMethod::Deflated);
        assert!(packed.len() < stored.len());
        assert_eq!(parsed(&stored, BUDGET).unwrap(), parsed(&packed, BUDGET).unwrap());
    }

    #[test]
    fn names_what_is_there() {
        let (folder, _) = bytes(CompressionMethod::Stored);
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
        let (_folder, packed) = bytes(CompressionMethod::Deflated);
        let error = parsed(&packed, 500).unwrap_err();
        assert!(error.starts_with("array \"y\" of 130 bytes exceeds"), "{error}");
        // The size that the directory claims for the first member: bytes 24 to 28 of its entry.
        let mut bomb = packed.clone();
        let entry = packed.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        bomb[entry + 24..entry + 28].copy_from_slice(&u32::to_le_bytes(0x7fff_ffff));
        let error = parsed(&bomb, BUDGET).unwrap_err();
        assert!(error.contains("claims to unpack"), "{error}");
    }

    #[test]
    fn damage_is_an_error() {
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let (_folder, good) = bytes(method);
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
