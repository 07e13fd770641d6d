//! Opening files: what they are is told by their content, not by their names.
use super::assets::{self, Vocabularies};
use super::keras3;
use super::kind::{Kind, OTHER_ZIP, Wanted};
use super::legacy::{self, Matching};
use super::state::{Kept, State};
use crate::Error;
use crate::containers::archive::Archive;
use crate::containers::hdf5::{self, Attribute, Group};
use crate::containers::limits::{Budget, Result};
use crate::containers::{json, safetensors};
use crate::datasets::npz;
use crate::models::Network;
use ferras_graph::Tensor;
use serde_json::Value as Json;
use std::path::Path;

/// The members of a `.keras` file.
pub(super) const CONFIG: &str = "config.json";
pub(super) const METADATA: &str = "metadata.json";
pub(super) const WEIGHTS: &str = "model.weights.h5";

/// The groups of a legacy whole-model file.
pub(super) const MODEL_WEIGHTS: &str = "model_weights";

/// A file whose kind is known.
pub(super) enum Opened<'a> {
    /// A whole model.
    Model(Box<Stored<'a>>),
    /// Weights in HDF5.
    Weights(Weights<'a>),
    /// Named arrays.
    Arrays(Vec<(String, Tensor)>),
}

/// A whole model as it lies in a file; nothing of it is built.
pub(super) struct Stored<'a> {
    /// Keras' object of the model.
    pub(super) config: Json,
    /// What it was compiled with; null if nothing.
    pub(super) compiled: Json,
    /// Who wrote it and when, as far as it tells.
    pub(super) metadata: Json,
    /// Its weights and its optimizer's state.
    pub(super) weights: Weights<'a>,
    /// The vocabularies of its layers.
    pub(super) vocabularies: Vocabularies,
}

/// An HDF5 file of weights.
pub(super) struct Weights<'a> {
    pub(super) file: hdf5::File<'a>,
    pub(super) layout: Layout,
}

/// How weights are arranged in groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// A group for each layer, variables by number.
    Keras3,
    /// Lists of names, the model's in the group `model_weights` if there is one.
    Legacy,
}

impl<'a> Weights<'a> {
    fn new(file: hdf5::File<'a>) -> Result<Weights<'a>> {
        let root = file.root();
        let legacy = root.attribute("layer_names")?.is_some()
            || root.attribute("layer_names0")?.is_some()
            || root.group(MODEL_WEIGHTS)?.is_some();
        let layout = if legacy { Layout::Legacy } else { Layout::Keras3 };
        Ok(Weights { file, layout })
    }

    /// The values of a network's weights.
    pub(super) fn read(
        &self,
        network: &Network,
        sequential: bool,
        matching: Matching,
    ) -> Result<Vec<Option<Tensor>>> {
        let root = self.file.root();
        match self.layout {
            Layout::Keras3 if matching.by_name => {
                Err("keeps its weights by the layers' order; by_name is for \".h5\" files of \
                     Keras 1 and 2"
                    .into())
            }
            Layout::Keras3 => keras3::weights(&root, network, sequential, matching.skip_mismatch),
            Layout::Legacy => {
                let group = root.group(MODEL_WEIGHTS)?.unwrap_or(root);
                legacy::weights(&group, network, sequential, matching)
            }
        }
    }

    /// An error unless the file has every weight of a network, in a shape that fits; no number is read.
    pub(super) fn check(&self, network: &Network, sequential: bool) -> Result<()> {
        let root = self.file.root();
        match self.layout {
            Layout::Keras3 => keras3::check(&root, network, sequential),
            Layout::Legacy => {
                let group = root.group(MODEL_WEIGHTS)?.unwrap_or(root);
                legacy::check(&group, network, sequential)
            }
        }
    }

    /// The state of training, as far as the file has it.
    pub(super) fn training(&self, kept: &[Kept], slots: &[usize], state: &mut State) -> Result<()> {
        let root = self.file.root();
        match self.layout {
            Layout::Keras3 => keras3::training(&root, kept, state),
            Layout::Legacy => legacy::training(&root, kept, slots, state),
        }
    }
}

/// What the file at `path` holds, whose bytes and budget these are.
pub(super) fn open<'a>(
    bytes: &'a [u8],
    path: &Path,
    budget: &Budget,
    wanted: Wanted,
) -> Result<Opened<'a>, Error> {
    let opened = match Kind::of(bytes, path) {
        Kind::Hdf5 => hdf5::File::open(bytes, budget).and_then(|file| from_hdf5(file, budget)),
        Kind::Zip => from_zip(bytes, budget),
        Kind::Safetensors => {
            safetensors::read(bytes, budget).map(|file| Opened::Arrays(file.tensors))
        }
        other => Err(other.refused(wanted)),
    };
    opened.map_err(|e| Error::file(path, e))
}

fn from_zip<'a>(bytes: &'a [u8], budget: &Budget) -> Result<Opened<'a>> {
    let archive = Archive::open(bytes, budget)?;
    if !archive.contains(CONFIG) {
        let mut names = archive.names();
        return match names.next().is_none() || archive.names().any(|name| name.ends_with(".npy")) {
            true => Ok(Opened::Arrays(npz::parse(bytes, budget)?)),
            false => Err(OTHER_ZIP.into()),
        };
    }
    let parse =
        |name: &str| json::parse(&archive.read(name)?, budget).map_err(|e| format!("{name} {e}"));
    let config = parse(CONFIG)?;
    let metadata = match archive.contains(METADATA) {
        true => parse(METADATA)?,
        false => Json::Null,
    };
    let weights = hdf5::File::open(archive.read(WEIGHTS)?, budget);
    let weights = weights.and_then(Weights::new).map_err(|e| format!("{WEIGHTS} {e}"))?;
    let compiled = config.get("compile_config").cloned().unwrap_or(Json::Null);
    let mut vocabularies = Vocabularies::new();
    for name in archive.names().filter(|name| assets::is_vocabulary(name)) {
        let text = String::from_utf8(archive.read(name)?.into_owned());
        let text = text.map_err(|_| format!("{name} is no text in UTF-8"))?;
        vocabularies.insert(name.into(), text);
    }
    Ok(Opened::Model(Box::new(Stored { config, compiled, metadata, weights, vocabularies })))
}

fn from_hdf5<'a>(file: hdf5::File<'a>, budget: &Budget) -> Result<Opened<'a>> {
    let root = file.root();
    let parse = |name: &str| match text(&root, name)? {
        Some(text) => json::parse(text.as_bytes(), budget).map_err(|e| format!("{name} {e}")),
        None => Ok(Json::Null),
    };
    let config = parse("model_config")?;
    if config.is_null() {
        return Ok(Opened::Weights(Weights::new(file)?));
    }
    let compiled = parse("training_config")?;
    let version = text(&root, "keras_version")?;
    let metadata = serde_json::json!({ "keras_version": version });
    let weights = Weights::new(file)?;
    let vocabularies = Vocabularies::new();
    Ok(Opened::Model(Box::new(Stored { config, compiled, metadata, weights, vocabularies })))
}

/// The text of an attribute; none if there is no such text.
pub(super) fn text(group: &Group<'_>, name: &str) -> Result<Option<String>> {
    Ok(match group.attribute(name)? {
        Some(Attribute::Text(text)) => Some(text),
        _ => None,
    })
}
