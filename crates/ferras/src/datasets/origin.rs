//! Where a data set comes from: Keras' own file in the cache, or one at hand.
use super::GetFile;
use crate::Result;
use std::path::PathBuf;

/// Keras' folder of data sets.
pub(super) const KERAS: &str = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/";

/// A file that Keras reads: its name, the folder it is fetched from, and its SHA-256 checksum
/// where Keras has one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) name: &'static str,
    pub(super) folder: &'static str,
    pub(super) sha256: Option<&'static str>,
}

/// Where to look for a file.
#[derive(Clone, Debug, Default)]
pub(super) enum Place {
    /// In the cache, [`config::home`](crate::config::home)`/datasets`; fetched if it is not there.
    #[default]
    Cache,
    /// In a cache elsewhere.
    CacheIn(PathBuf),
    /// At hand; nothing is fetched.
    File(PathBuf),
}

impl Place {
    /// The path of the file. `subdir` is its folder in the cache.
    pub(super) fn find(&self, origin: &Origin, subdir: &str) -> Result<PathBuf> {
        let mut file = GetFile::new(origin.name, format!("{}{}", origin.folder, origin.name));
        file = file.cache_subdir(subdir);
        if let Some(hash) = origin.sha256 {
            file = file.file_hash(hash);
        }
        match self {
            Place::Cache => file.get(),
            Place::CacheIn(folder) => file.cache_dir(folder).get(),
            Place::File(path) => Ok(path.clone()),
        }
    }
}
