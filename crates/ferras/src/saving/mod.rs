//! Models and weights in files: Keras' own, both ways.
mod assets;
mod config;
mod editor;
mod editor_compare;
mod format;
#[cfg(test)]
mod golden;
mod groups;
mod inspect;
mod inspect_text;
mod keras3;
mod kind;
mod legacy;
mod legacy_config;
mod legacy_weights;
mod load;
mod open;
#[doc(hidden)]
pub mod probe;
mod state;
mod tree;

pub use editor::KerasFileEditor;
pub use editor_compare::{Comparison, Difference};
pub use format::Format;
pub use inspect::{
    InspectedLayer, InspectedModel, Inspection, StoredArray, inspect, inspect_within,
};
pub(crate) use load::restore_backup;
pub use load::{Load, LoadWeights};

use crate::containers::hdf5::{self, Attribute, Member, Tree};
use crate::containers::safetensors::{self, Tensors};
use crate::containers::{archive, json, limits};
use crate::datasets::npz;
use crate::date;
use crate::models::Model;
use crate::trainer::Place;
use crate::{Error, Result, files};
use ferras_graph::Tensor;

use std::path::Path;

/// The version of Keras whose files are written.
const KERAS_VERSION: &str = "3.15.1";
/// The back end that files name: one whose kernels are stored as ours.
const BACKEND: &str = "tensorflow";

/// An error unless a model (or its weights alone) can be written into a file of this name.
pub(crate) fn check_path(path: &Path, weights_only: bool) -> Result<()> {
    match weights_only {
        true => Format::of_weights(path).map(|_| ()),
        false => Format::of_model(path).map(|_| ()),
    }
}

impl Model {
    /// Writes the whole model into a file, in place of what it held: as a whole or not at all.
    /// Layers, weights, what it was compiled with, the optimizer's state: training goes on from it
    /// as if it had not stopped.
    ///
    /// A name that ends in `.keras` gives the format of Keras 3, `.h5` that of Keras 1 and 2; Keras
    /// opens both.
    ///
    /// - **Errors** another ending; a model that is not built; what the system refuses.
    /// - **Source** Keras 3 `Model.save`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let path = std::env::temp_dir().join(format!("ferras-doc-{}.keras", std::process::id()));
    /// let mut model = Sequential::new().add(Dense::new(1).input_dim(2));
    /// model.compile(Compile::new().optimizer("adam").loss("mse"))?;
    /// model.fit([[0.0_f32, 1.0], [1.0, 0.0]], [1.0_f32, 0.0], Fit::new().verbose(0))?;
    /// model.save(&path)?;
    /// let mut same = Model::load(&path)?;
    /// assert_eq!(same.get_weights()?, model.get_weights()?);
    /// same.fit([[0.0_f32, 1.0], [1.0, 0.0]], [1.0_f32, 0.0], Fit::new().verbose(0))?;
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let format = Format::of_model(path)?;
        let bytes = match format {
            Format::LegacyH5 => hdf5::write(&legacy_tree(self)?),
            _ => keras_file(self)?,
        };
        files::write_atomic(path, &bytes.map_err(|e| Error::file(path, e))?)
    }

    /// Writes the values of all weights into a file, in place of what it held: as a whole or not
    /// at all.
    ///
    /// | the name ends in | format |
    /// |---|---|
    /// | `.weights.h5` | Keras 3, the optimizer's state included |
    /// | `.h5` | Keras 1 and 2 |
    /// | `.npz` | NumPy, one array a weight under its path |
    /// | `.safetensors` | Hugging Face, one tensor a weight under its path |
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let path = std::env::temp_dir().join(format!("ferras-doc-{}.weights.h5", std::process::id()));
    /// let x = Input::new([3]);
    /// let model = Model::new(&x, &Dense::new(2).apply(&x))?;
    /// let mut other = Model::new(&x, &Dense::new(2).apply(&x))?;
    /// model.save_weights(&path)?;
    /// other.load_weights(&path)?;
    /// assert_eq!(model.get_weights()?, other.get_weights()?);
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn save_weights(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = match Format::of_weights(path)? {
            Format::LegacyH5 => {
                let mut tree = Tree::default();
                legacy::weights_tree(self, &mut tree)?;
                hdf5::write(&tree)
            }
            Format::Npz => {
                let weights = self.named_weights()?;
                let named: Vec<_> = weights.iter().map(|(n, value)| (n.as_str(), value)).collect();
                return npz::write(path, &named);
            }
            Format::Safetensors => {
                let tensors = self.named_weights()?;
                safetensors::write(&Tensors { tensors, ..Tensors::default() })
            }
            _ => hdf5::write(&keras3::tree(self, None)?),
        };
        files::write_atomic(path, &bytes.map_err(|e| Error::file(path, e))?)
    }

    fn named_weights(&self) -> Result<Vec<(String, Tensor)>> {
        self.network()?;
        let paths = self.weights().iter().map(|v| v.path().to_string());
        Ok(paths.zip(self.get_weights()?).collect())
    }
}

/// Writes everything that training needs to go on from `place`.
pub(crate) fn save_backup(model: &Model, place: Place, path: &Path) -> Result<()> {
    let bytes = hdf5::write(&keras3::tree(model, Some(place))?);
    files::write_atomic(path, &bytes.map_err(|e| Error::file(path, e))?)
}

/// The bytes of a `.keras` file.
fn keras_file(model: &Model) -> Result<limits::Result<Vec<u8>>> {
    let metadata = serde_json::json!({
        "keras_version": KERAS_VERSION,
        "date_saved": date::stamp(),
        "ferras_version": env!("CARGO_PKG_VERSION"),
    });
    let config = config::serialize_model(model)?;
    let tree = keras3::tree(model, None)?;
    let assets = assets::of(model.network()?, model.is_sequential());
    Ok(hdf5::write(&tree).and_then(|weights| {
        let (metadata, config) = (metadata.to_string(), json::text(&config));
        let vocabularies = assets::members(&assets);
        let mut members: Vec<(&str, &[u8])> = vec![
            (open::METADATA, metadata.as_bytes()),
            (open::CONFIG, config.as_bytes()),
            (open::WEIGHTS, &weights),
        ];
        members.extend(vocabularies.iter().map(|(name, text)| (&name[..], text.as_bytes())));
        archive::write(&members, false)
    }))
}

/// The content of a whole-model `.h5` file.
fn legacy_tree(model: &Model) -> Result<Tree> {
    if !assets::of(model.network()?, model.is_sequential()).is_empty() {
        let problem = "a model with a vocabulary that was learned, or with its weights, is kept in \
                       \".keras\" files alone: give the file such a name";
        return Err(Error::Model(problem.into()));
    }
    let mut tree = Tree::default();
    let text = |value: String| Attribute::Text(value);
    tree.attribute("backend", text(BACKEND.into()));
    tree.attribute("keras_version", text(KERAS_VERSION.into()));
    tree.attribute("model_config", text(json::text(&legacy_config::model_config(model)?)));
    if let Some(training) = legacy_config::training_config(model)? {
        tree.attribute("training_config", text(training.to_string()));
    }
    if let Some(random) = model.random_state()? {
        let standing = state::Standing { random: Some(random), place: None };
        tree.attribute(keras3::STANDING, text(standing.to_text()));
    }
    let mut weights = Tree::default();
    legacy::weights_tree(model, &mut weights)?;
    tree.members.push((open::MODEL_WEIGHTS.into(), Member::Group(weights)));
    if model.optimizer_name().is_some() {
        let mut optimizer = Tree::default();
        legacy::optimizer_tree(model, &mut optimizer)?;
        tree.members.push(("optimizer_weights".into(), Member::Group(optimizer)));
    }
    Ok(tree)
}
