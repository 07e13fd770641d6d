//! What a file is: told by its content, and by its name where any text may be it. One sentence a kind
//! says so wherever something else was wanted.
use crate::containers::{archive, hdf5};
use std::path::Path;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// HDF5: models and weights of Keras.
    Hdf5,
    /// A zip archive: models of Keras 3, arrays of NumPy.
    Zip,
    /// Named arrays of Hugging Face.
    Safetensors,
    /// An object in JSON: an architecture.
    Json,
    /// A text whose name says that it is YAML: an architecture.
    Yaml,
    /// One array of NumPy.
    Npy,
    /// A text whose name says that it is a table.
    Csv,
    /// Anything else.
    Unknown,
}

/// What is looked for in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A whole model.
    Model,
    /// Weights, alone or in a model.
    Weights,
}

/// What else a zip archive would hold.
pub(super) const OTHER_ZIP: &str = "is a zip archive without config.json and without arrays (.npy): neither \
                                    a whole model of Keras (.keras) nor arrays of NumPy (.npz)";

impl Kind {
    /// The kind of the file at `path` that holds these bytes.
    pub(super) fn of(bytes: &[u8], path: &Path) -> Kind {
        let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        let ending = ending.unwrap_or_default();
        // It begins with the length of its header, in eight bytes of which the last is 0.
        let safetensors = bytes.get(7..9) == Some(b"\0{");
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match () {
            () if hdf5::is_hdf5(bytes) => Kind::Hdf5,
            () if archive::is_zip(bytes) => Kind::Zip,
            () if safetensors => Kind::Safetensors,
            () if text.trim_ascii_start().starts_with(b"{") => Kind::Json,
            () if bytes.starts_with(b"\x93NUMPY") => Kind::Npy,
            () if ["yaml", "yml"].contains(&&ending[..]) => Kind::Yaml,
            () if ending == "csv" => Kind::Csv,
            () => Kind::Unknown,
        }
    }

    /// Why a file of this kind is not what is wanted, in words that go on from its name.
    pub(super) fn refused(self, wanted: Wanted) -> String {
        let architecture = |reader| match wanted {
            Wanted::Model => format!("read it with Model::{reader}"),
            Wanted::Weights => {
                "weights are in .weights.h5, .h5, .keras, .npz or .safetensors".into()
            }
        };
        match self {
            Kind::Json => {
                format!("is an architecture without weights, JSON: {}", architecture("from_json"))
            }
            Kind::Yaml => {
                format!("is an architecture without weights, YAML: {}", architecture("from_yaml"))
            }
            Kind::Npy => "is one array of NumPy (.npy): data, no model".into(),
            Kind::Csv => "is a table of text (.csv): data, no model".into(),
            _ => "is none of the formats that are read: .keras, .h5, .weights.h5, .npz, .safetensors, \
                  and architectures in JSON or, in files named .yaml, in YAML"
                .into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_before_the_name() {
        let of = |bytes: &[u8], name: &str| Kind::of(bytes, Path::new(name));
        assert_eq!(of(b"PK\x03\x04", "a.h5"), Kind::Zip);
        assert_eq!(of(b"\x89HDF\r\n\x1a\n", "a.keras"), Kind::Hdf5);
        assert_eq!(of(b"\x10\0\0\0\0\0\0\0{\"a\"", "a"), Kind::Safetensors);
        // Byte for byte as long a name as makes it look like the one before.
        assert_eq!(of(b"{\"name\":{}}", "a.yaml"), Kind::Json);
        assert_eq!(of(b"\n {}", "a"), Kind::Json);
        assert_eq!(of(b"{\0\0\0\0\0\0\0{}", "a.safetensors"), Kind::Safetensors);
        assert_eq!(of(b"\x93NUMPY\x01\0", "a.npz"), Kind::Npy);
        assert_eq!(of(b"a: 1", "a.YAML"), Kind::Yaml);
        assert_eq!(of(b"1,2", "a.csv"), Kind::Csv);
        assert_eq!(of(b"1,2", "a.keras"), Kind::Unknown);
    }
}
