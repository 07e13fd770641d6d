//! Where a network's weights come from.
use crate::Result;
use crate::datasets::GetFile;
use std::path::{Path, PathBuf};

/// What a network's weights are: those learned from ImageNet, those of a file, or new ones.
///
/// ```
/// use ferras::applications::Weights;
/// assert_eq!(Weights::from("imagenet"), Weights::ImageNet);
/// assert_eq!(Weights::from(None), Weights::Random);
/// assert_eq!(Weights::from("my.weights.h5"), Weights::File("my.weights.h5".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weights {
    /// Those of Keras' own file, which is fetched once (`"imagenet"`).
    ImageNet,
    /// Those of a file.
    File(PathBuf),
    /// Drawn by the initializers (`None`).
    Random,
}

impl From<&str> for Weights {
    fn from(text: &str) -> Weights {
        match text {
            "imagenet" => Weights::ImageNet,
            path => Weights::File(path.into()),
        }
    }
}

impl From<&Path> for Weights {
    fn from(path: &Path) -> Weights {
        Weights::File(path.into())
    }
}

impl From<PathBuf> for Weights {
    fn from(path: PathBuf) -> Weights {
        Weights::File(path)
    }
}

impl From<Option<&str>> for Weights {
    fn from(text: Option<&str>) -> Weights {
        text.map_or(Weights::Random, Weights::from)
    }
}

/// A file of Keras' own with the weights of a network.
#[derive(Clone, Debug)]
pub struct KerasFile {
    /// Its name in the cache.
    name: String,
    origin: String,
    hash: &'static str,
}

/// Where most of them are.
const FOLDER: &str = "https://storage.googleapis.com/tensorflow/keras-applications";

impl KerasFile {
    /// A file of this name in a folder of Keras' own; without a checksum if that is empty.
    pub fn new(folder: &str, name: impl Into<String>, hash: &'static str) -> KerasFile {
        let name = name.into();
        let origin = match folder {
            "" => format!("https://storage.googleapis.com/keras-applications/{name}"),
            folder => format!("{FOLDER}/{folder}/{name}"),
        };
        KerasFile { name, origin, hash }
    }

    /// The same under another name in the cache.
    pub fn kept_as(self, name: &str) -> KerasFile {
        KerasFile { name: name.into(), ..self }
    }

    /// The name that most of the older files have.
    pub fn old(folder: &str, model: &str, top: bool, hashes: [&'static str; 2]) -> KerasFile {
        let end = if top { "" } else { "_notop" };
        let name = format!("{model}_weights_tf_dim_ordering_tf_kernels{end}.h5");
        KerasFile::new(folder, name, hashes[usize::from(!top)])
    }

    /// The file's path, after it was fetched if need be.
    pub fn fetch(&self) -> Result<PathBuf> {
        let file = GetFile::new(&self.name, &self.origin).cache_subdir("models");
        match self.hash {
            "" => file.get(),
            hash => file.file_hash(hash).get(),
        }
    }
}
