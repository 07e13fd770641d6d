//! The formats of files, told by their names when written.
use crate::{Error, Result};
use std::path::Path;

/// How a model or its weights are written into a file, as the end of the file's name tells.
///
/// ```
/// use ferras::Format;
/// assert_eq!(Format::of("runs/best.keras".as_ref()), Some(Format::Keras));
/// assert_eq!(Format::of("best.weights.h5".as_ref()), Some(Format::WeightsH5));
/// assert_eq!(Format::of("best.txt".as_ref()), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A zip of Keras 3 with everything: `.keras`.
    Keras,
    /// The weights as Keras 3 keeps them: `.weights.h5`.
    WeightsH5,
    /// A whole model, or weights, as Keras 1 and 2 kept them: `.h5`, `.hdf5`.
    LegacyH5,
    /// Named arrays of NumPy: `.npz`.
    Npz,
    /// Named arrays of Hugging Face: `.safetensors`.
    Safetensors,
}

impl Format {
    /// The format for a whole model under this name.
    pub fn of_model(path: &Path) -> Result<Format> {
        match Format::of(path) {
            Some(format @ (Format::Keras | Format::LegacyH5)) => Ok(format),
            Some(_) => Err(Error::file(
                path,
                "is a name for weights alone: a whole model goes into a file whose name ends in \
                 \".keras\" (or \".h5\"); for the weights call save_weights",
            )),
            None => Err(Error::file(
                path,
                "is no name for a model: it must end in \".keras\" (or \".h5\")",
            )),
        }
    }

    /// The format for weights under this name.
    pub fn of_weights(path: &Path) -> Result<Format> {
        match Format::of(path) {
            Some(Format::Keras) | None => Err(Error::file(
                path,
                "is no name for weights: it must end in \".weights.h5\" (or \".h5\", \".npz\", \
                 \".safetensors\")",
            )),
            Some(format) => Ok(format),
        }
    }

    /// The format under this name, of a model or of weights; none if it is not known.
    pub fn of(path: &Path) -> Option<Format> {
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        let ends = |ending: &str| name.ends_with(ending);
        Some(match () {
            () if ends(".keras") => Format::Keras,
            () if ends(".weights.h5") => Format::WeightsH5,
            () if ends(".h5") || ends(".hdf5") => Format::LegacyH5,
            () if ends(".npz") => Format::Npz,
            () if ends(".safetensors") => Format::Safetensors,
            () => return None,
        })
    }
}
