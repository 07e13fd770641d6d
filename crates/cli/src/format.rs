//! What the new file of `convert` holds, told by the end of its name.
use crate::failure::{Failure, Outcome, usage};
use ferras::Format;
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Model,
    Weights(Format),
    Json,
    Yaml,
}

/// The architecture's format that a file's name tells.
pub(crate) fn architecture(path: &Path) -> Option<Target> {
    let ending = path.extension()?.to_string_lossy().to_ascii_lowercase();
    match ending.as_str() {
        "json" => Some(Target::Json),
        "yaml" | "yml" => Some(Target::Yaml),
        _ => None,
    }
}

impl Target {
    pub(crate) fn of(path: &Path, weights_only: bool) -> Outcome<Target> {
        if weights_only {
            return Format::of_weights(path).map(Target::Weights).map_err(usage);
        }
        if let Some(text) = architecture(path) {
            return Ok(text);
        }
        match Format::of(path) {
            Some(Format::Keras | Format::LegacyH5) => Ok(Target::Model),
            Some(format) => Ok(Target::Weights(format)),
            None => Err(Failure::Usage(format!(
                "{}: is of no known format: its name must end in .keras, .h5, .weights.h5, .npz, \
                 .safetensors, .json or .yaml",
                path.display()
            ))),
        }
    }
}

/// An error unless a whole model can be written under this name.
pub(crate) fn check_model(path: &Path) -> Outcome<()> {
    Format::of_model(path).map(drop).map_err(usage)
}
