//! What a file holds, told without building a model.
use super::assets;
use super::config::{Architecture, Survey, parse_yaml, survey};
use super::kind::{Kind, Wanted};
use super::open::{self, Layout, Opened, Stored, Weights, open};
use crate::config::Scope;
use crate::containers::archive::{self, Archive};
use crate::containers::hdf5::{Attribute, Group};
use crate::containers::{Limits, json};
use crate::datasets::npy;
use crate::models::Topology;
use crate::{Error, Result};
use ferras_graph::{Shape, Tensor};
use serde_json::Value as Json;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// What a file holds; printing it gives a page of text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Inspection {
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// What it is, told by its content: `"a whole model, Keras 3 (.keras)"`.
    pub format: &'static str,
    /// Names and values of what it says of its origin: versions, back end, date.
    pub versions: Vec<(String, String)>,
    /// The model it describes; none for weights alone.
    pub model: Option<InspectedModel>,
    /// What the model was compiled with, as it stands in the file; null if nothing.
    pub compiled: Json,
    /// The arrays of weights, in the order of the file.
    pub weights: Vec<StoredArray>,
    /// The arrays of an optimizer's state.
    pub optimizer: Vec<StoredArray>,
    /// What cannot be honoured, besides single layers.
    pub problems: Vec<String>,
    /// What was looked at to find that out.
    pub checked: &'static str,
}

/// A model that a file describes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InspectedModel {
    /// `Sequential` or `Functional`.
    pub class: String,
    /// Its name.
    pub name: String,
    /// Its layers, those of a model inside behind that.
    pub layers: Vec<InspectedLayer>,
}

/// A layer that a file describes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InspectedLayer {
    /// How many models it lies in, the outermost not counted.
    pub depth: usize,
    /// Its class, by Keras 3's name.
    pub class: String,
    /// Its name.
    pub name: String,
    /// Why it cannot be honoured; none if it can.
    pub problem: Option<String>,
}

/// An array of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredArray {
    /// Where it lies in the file.
    pub path: String,
    /// The layer it belongs to, if the file tells.
    pub layer: Option<String>,
    /// Its shape.
    pub shape: Shape,
    /// What its elements are, as `float32`.
    pub dtype: String,
}

impl StoredArray {
    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().fold(1, |n, &d| n.saturating_mul(d))
    }
}

/// What the file at `path` holds: format, versions, layers, arrays, and what of it cannot be
/// honoured. No numbers of weights are read, and each layer is looked at on its own first, so a file whose
/// layers are unknown can be looked into.
///
/// Read are all formats that models, weights and architectures are kept in, told by their content; of data
/// it says that they are. The default [`Limits`] hold.
///
/// - **Errors** a file that is none of them, or is damaged.
///
/// ```
/// use ferras::prelude::*;
/// let path = std::env::temp_dir().join(format!("ferras-doc-look-{}.keras", std::process::id()));
/// Sequential::new().add(Dense::new(3).name("head").input_dim(2)).build()?.save(&path)?;
/// let found = ferras::inspect(&path)?;
/// assert_eq!(found.format, "a whole model, Keras 3 (.keras)");
/// let head = &found.model.as_ref().unwrap().layers[1];
/// assert_eq!((&head.name[..], &head.class[..], &head.problem), ("head", "Dense", &None));
/// assert_eq!(found.weights[0].shape, [2, 3].into());
/// assert!(found.is_honoured());
/// println!("{found}");
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn inspect(path: impl AsRef<Path>) -> Result<Inspection> {
    inspect_within(path, &Limits::default())
}

/// [`inspect`] within these limits.
pub fn inspect_within(path: impl AsRef<Path>, limits: &Limits) -> Result<Inspection> {
    let path = path.as_ref();
    let (bytes, budget) = limits.read(path)?;
    let mut found = Inspection {
        path: path.to_path_buf(),
        bytes: bytes.len() as u64,
        format: "",
        versions: Vec::new(),
        model: None,
        compiled: Json::Null,
        weights: Vec::new(),
        optimizer: Vec::new(),
        problems: Vec::new(),
        checked: "",
    };
    let problem = |e: String| Error::file(path, e);
    match Kind::of(&bytes, path) {
        Kind::Json => {
            let text = bytes.trim_ascii_start();
            let config = json::parse(text, &budget).map_err(problem)?;
            found.architecture(&config, "an architecture without weights, JSON", limits);
        }
        Kind::Yaml => {
            let text = std::str::from_utf8(&bytes).map_err(|_| problem("is no text".into()))?;
            let config = parse_yaml(text, &budget).map_err(|e| problem(e.to_string()))?;
            found.architecture(&config, "an architecture without weights, YAML", limits);
        }
        Kind::Npy => {
            let array = npy::parse(&bytes, &budget).map_err(problem)?;
            found.data("data: one array, NumPy (.npy)", vec![named("", &array)]);
        }
        Kind::Csv => found.data("data: a table of text (.csv)", Vec::new()),
        _ => {
            let opened = open(&bytes, path, &budget, Wanted::Weights)?;
            found.opened(opened, &bytes, limits).map_err(problem)?;
        }
    }
    Ok(found)
}

/// Whether a file of weights has one of the groups that Keras 3 makes.
fn is_of_keras(weights: &Weights<'_>) -> bool {
    let root = weights.file.root();
    let groups = ["layers", "_layer_checkpoint_dependencies", "vars"].map(|name| root.group(name));
    groups.iter().any(|group| matches!(group, Ok(Some(_))))
}

/// An array of a file that has no groups: what stands before the last slash is its layer.
fn named(name: &str, value: &Tensor) -> StoredArray {
    StoredArray {
        path: name.to_string(),
        layer: name.rsplit_once('/').map(|(layer, _)| layer.to_string()),
        shape: value.shape().clone(),
        dtype: value.dtype().to_string(),
    }
}

impl Inspection {
    /// Whether nothing was found that cannot be honoured.
    pub fn is_honoured(&self) -> bool {
        self.problems.is_empty() && self.refused_layers().next().is_none()
    }

    /// The layers that cannot be honoured.
    pub fn refused_layers(&self) -> impl Iterator<Item = &InspectedLayer> {
        let layers = self.model.iter().flat_map(|model| &model.layers);
        layers.filter(|layer| layer.problem.is_some())
    }

    /// A configuration alone.
    fn architecture(&mut self, config: &Json, format: &'static str, limits: &Limits) {
        self.format = format;
        self.versions(config);
        let compiled = config.get("compile_config").cloned().unwrap_or(Json::Null);
        self.describe(config, compiled);
        self.put_together(config, None, limits);
    }

    /// Arrays that belong to no model.
    fn data(&mut self, format: &'static str, arrays: Vec<StoredArray>) {
        (self.format, self.weights) = (format, arrays);
        self.checked = "it is data and no model: there is nothing to be honoured";
    }

    /// A file of models or weights.
    fn opened(&mut self, opened: Opened<'_>, bytes: &[u8], limits: &Limits) -> Result<(), String> {
        const LATER: &str =
            "its arrays can be read; whether they fit a model shows when it loads them";
        let zip = archive::is_zip(bytes);
        match opened {
            Opened::Model(stored) => {
                self.format = match zip {
                    true => "a whole model, Keras 3 (.keras)",
                    false => "a whole model, HDF5 (.h5)",
                };
                self.versions(&stored.metadata);
                let Stored { config, compiled, weights, .. } = *stored;
                self.describe(&config, compiled);
                self.groups(&weights)?;
                self.members(bytes, limits)?;
                self.put_together(&config, Some(&weights), limits);
            }
            Opened::Weights(weights) => {
                self.format = match (weights.layout, is_of_keras(&weights)) {
                    (Layout::Legacy, _) => "weights, Keras 1 and 2 (.h5)",
                    (Layout::Keras3, true) => "weights, Keras 3 (.weights.h5)",
                    (Layout::Keras3, false) => "HDF5, not of Keras",
                };
                self.groups(&weights)?;
                self.checked = LATER;
            }
            Opened::Arrays(arrays) => {
                let list = arrays.iter().map(|(name, value)| named(name, value)).collect();
                // Weights have the paths of their layers for names.
                if zip && !arrays.iter().any(|(name, _)| name.contains('/')) {
                    self.data("data: named arrays, NumPy (.npz)", list);
                    return Ok(());
                }
                self.format = match zip {
                    true => "named arrays, NumPy (.npz)",
                    false => "named arrays (.safetensors)",
                };
                (self.weights, self.checked) = (list, LATER);
            }
        }
        Ok(())
    }

    /// Puts the layers together, where each of them can be made, and compares the weights' shapes with
    /// what they ask for.
    fn put_together(&mut self, config: &Json, weights: Option<&Weights<'_>>, limits: &Limits) {
        if !self.is_honoured() {
            self.checked = "each layer was looked at on its own; how they fit together was not";
            return;
        }
        let architecture = match Architecture::read(config, &Scope::default()) {
            Ok(architecture) => architecture,
            Err(problem) => {
                self.checked = "each layer was looked at, and how they fit together";
                return self.problems.push(format!("put together: {problem}"));
            }
        };
        self.checked = match (architecture.network(), weights) {
            (None, _) => {
                "each of its layers; its input is not known, so that no shapes were compared"
            }
            (_, None) => "its layers fit together; there are no weights",
            (_, Some(_)) => {
                "its layers fit together, and the weights can be read and have the shapes that they \
                 ask for"
            }
        };
        let room = architecture.check_values(limits).err();
        let initial = architecture.network().filter(|_| weights.is_none());
        let initial = initial.and_then(|network| network.check_initial(limits).err());
        let apart = weights.and_then(|weights| match &architecture.topology {
            Topology::Built { network, sequential } => weights.check(network, *sequential).err(),
            Topology::Stack(_) => None,
        });
        self.problems.extend(room.or(initial).map(|problem| problem.to_string()));
        self.problems.extend(apart.map(|problem| format!("the file {problem}")));
    }

    /// What the file says of its origin.
    fn versions(&mut self, json: &Json) {
        for key in ["keras_version", "ferras_version", "backend", "date_saved"] {
            if let Some(value) = json.get(key).and_then(Json::as_str)
                && self.versions.iter().all(|(known, _)| known != key)
            {
                self.versions.push((key.into(), value.chars().take(100).collect()));
            }
        }
    }

    fn describe(&mut self, config: &Json, compiled: Json) {
        let Survey { class, name, layers, problems } = survey(config, &compiled);
        let layers = layers.into_iter().map(|layer| InspectedLayer {
            depth: layer.depth,
            class: layer.class,
            name: layer.name,
            problem: layer.problem,
        });
        self.model = Some(InspectedModel { class, name, layers: layers.collect() });
        self.problems.extend(problems);
        let nothing = compiled.as_object().is_none_or(|map| map.is_empty());
        self.compiled = if nothing { Json::Null } else { compiled };
    }

    /// The arrays of an HDF5 file.
    fn groups(&mut self, weights: &Weights<'_>) -> Result<(), String> {
        let root = weights.file.root();
        for key in ["keras_version", "backend"] {
            if let Some(text) = open::text(&root, key)? {
                self.versions(&serde_json::json!({ key: text }));
            }
        }
        self.walk(&root, weights.layout, None, &mut HashSet::new())
    }

    /// The arrays of a group and of those in it; what cannot be read does not hide the rest. A group
    /// of several names is listed under its first: it may lie within itself.
    fn walk(
        &mut self,
        group: &Group<'_>,
        layout: Layout,
        layer: Option<&str>,
        seen: &mut HashSet<u64>,
    ) -> Result<(), String> {
        if !seen.insert(group.address()) {
            return Ok(());
        }
        for name in group.names()? {
            let path = format!("{}/{name}", group.path());
            match (group.group(name), group.array(name)) {
                (Ok(Some(inner)), _) => {
                    let own = layer_of(&inner, layout, &path)?;
                    self.walk(&inner, layout, own.as_deref().or(layer), seen)?;
                }
                (_, Ok(Some(array))) => {
                    // Read as well: what lies elsewhere or is damaged shows only then.
                    let read = array.read_any().map(|value| value.dtype().to_string());
                    let dtype = read.unwrap_or_else(|problem| {
                        self.problems.push(problem);
                        array.kind()
                    });
                    let list = match path.starts_with("/optimizer") {
                        true => &mut self.optimizer,
                        false => &mut self.weights,
                    };
                    list.push(StoredArray {
                        path: path.trim_start_matches('/').to_string(),
                        layer: layer.map(String::from),
                        shape: array.shape().clone(),
                        dtype,
                    });
                }
                (Err(problem), _) | (_, Err(problem)) => self.problems.push(problem),
                _ => {}
            }
        }
        Ok(())
    }

    /// Members of a `.keras` file that are not read.
    fn members(&mut self, bytes: &[u8], limits: &Limits) -> Result<(), String> {
        if !archive::is_zip(bytes) {
            return Ok(());
        }
        let archive = Archive::open(bytes, &limits.budget(bytes.len() as u64)?)?;
        let own = [open::CONFIG, open::METADATA, open::WEIGHTS];
        let read = |name: &&str| own.contains(name) || assets::is_vocabulary(name);
        for name in archive.names().filter(|name| !read(name) && !name.ends_with('/')) {
            let name: String = name.chars().take(100).collect();
            self.problems.push(format!("member {name:?} is not read"));
        }
        Ok(())
    }
}

/// The layer that a group is for, if it tells.
fn layer_of(group: &Group<'_>, layout: Layout, path: &str) -> Result<Option<String>, String> {
    match layout {
        Layout::Keras3 => match group.attribute("name")? {
            Some(Attribute::Text(name)) if !path.starts_with("/optimizer") => Ok(Some(name)),
            _ => Ok(None),
        },
        Layout::Legacy => {
            let listed = group.attribute("weight_names")?.is_some();
            let name = path.rsplit('/').next().unwrap_or_default();
            Ok((listed && !path.starts_with("/optimizer")).then(|| name.to_string()))
        }
    }
}
