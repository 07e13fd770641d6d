//! `KerasFileEditor`: the weights of a file looked at, changed, and written again.
use super::editor_compare::{Comparison, compared};
use super::kind::Wanted;
use super::open::{Layout, Opened, open};
use super::{Format, keras3};
use crate::config::suggest;
use crate::containers::hdf5::{self, Attribute, Group, Member, Tree};
use crate::containers::{Limits, limits};
use crate::models::{Model, NAMES, is_harmless};
use crate::{Error, Result, files};
use ferras_graph::Tensor;
use serde_json::Value as Json;
use std::fmt;
use std::path::{Path, PathBuf};

/// Looks into a file of weights, changes what is in it, and writes it again: for weights of a model whose
/// architecture has changed since. The file itself stays as it is.
///
/// Its content is objects, mostly layers, which hold weights (`0`, `1`, …) and further objects. An object is
/// called by its path (`layers/dense_2`), or by its name alone where only one has it.
///
/// - **Errors** a file that is not of Keras 3; names that nothing has, or several; weights of a layer that is
///   no array.
/// - **Source** Keras 3 `saving.KerasFileEditor`. Unlike there, layers whose own list of weights is empty, as
///   of `LSTM` or `MultiHeadAttention`, keep what lies in the layers inside them, and so do their names.
///
/// ```
/// use ferras::KerasFileEditor;
/// use ferras::prelude::*;
/// let folder = std::env::temp_dir();
/// let path = folder.join(format!("ferras-doc-edit-{}.weights.h5", std::process::id()));
/// let stack = || Sequential::new().add(Dense::new(3).input_dim(2));
/// stack().add(Dense::new(4)).build()?.save_weights(&path)?;
/// // The last layer has become larger.
/// let mut model = stack().add(Dense::new(5)).build()?;
/// let mut editor = KerasFileEditor::open(&path)?;
/// assert_eq!(editor.compare(&model)?.differences().len(), 2);
/// editor.delete_object("dense_1")?;
/// let (kernel, bias) = (Tensor::new([3, 5], vec![0.0_f32; 15])?, Tensor::new([5], vec![0.0_f32; 5])?);
/// editor.add_object("layers/dense_1", [("0", kernel), ("1", bias)])?;
/// assert!(editor.compare(&model)?.is_success());
/// println!("{editor}");
/// editor.save(&path)?;
/// model.load_weights(&path)?;
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct KerasFileEditor {
    path: PathBuf,
    metadata: Json,
    config: Json,
    root: Object,
}

/// Weights and objects under their names, in the order in which they are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Object {
    attributes: Vec<(String, Attribute)>,
    pub(super) weights: Vec<(String, Tensor)>,
    pub(super) objects: Vec<(String, Object)>,
}

/// The group of an object's own weights.
const VARS: &str = "vars";

impl Object {
    /// What lies in a group; objects without anything are left out.
    fn read(group: &Group<'_>) -> limits::Result<Object> {
        let mut object = Object::default();
        object.take(group)?;
        Ok(object)
    }

    fn take(&mut self, group: &Group<'_>) -> limits::Result<()> {
        for name in group.attributes()? {
            let value = group.attribute(name)?;
            self.attributes.extend(value.map(|value| (name.to_string(), value)));
        }
        let mut names = group.names()?;
        names.sort_unstable();
        for name in names {
            if let Some(array) = group.array(name)? {
                self.weights.push((name.to_string(), array.read_any()?));
            } else if let Some(inner) = group.group(name)? {
                match name {
                    VARS => self.take(&inner)?,
                    _ => self.objects.push((name.to_string(), Object::read(&inner)?)),
                }
            }
        }
        self.objects.retain(|(_, object)| !object.is_empty());
        Ok(())
    }

    /// The same of what a file would hold.
    fn of_tree(tree: &Tree) -> Object {
        let mut object = Object::default();
        let mut trees = vec![tree];
        while let Some(tree) = trees.pop() {
            object.attributes.extend(tree.attributes.iter().cloned());
            for (name, member) in &tree.members {
                match member {
                    Member::Array(value) => object.weights.push((name.clone(), value.clone())),
                    Member::Group(vars) if name == VARS => trees.push(vars),
                    Member::Group(tree) => {
                        object.objects.push((name.clone(), Object::of_tree(tree)))
                    }
                }
            }
        }
        object.objects.retain(|(_, object)| !object.is_empty());
        object
    }

    fn write(&self, tree: &mut Tree, is_root: bool) {
        let own = |tree: &mut Tree| {
            tree.attributes.extend(self.attributes.iter().cloned());
            self.weights.iter().for_each(|(name, value)| tree.array(name, value.clone()));
        };
        match self.weights.is_empty() {
            true if is_root => own(tree),
            true => {}
            false => tree.group(VARS, own),
        }
        for (name, object) in &self.objects {
            tree.group(name, |tree| object.write(tree, false));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.weights.is_empty() && self.objects.is_empty()
    }

    /// The paths of all objects inside, `prefix` in front.
    fn paths(&self, prefix: &str, list: &mut Vec<String>) {
        for (name, object) in &self.objects {
            let path = format!("{prefix}{name}");
            list.push(path.clone());
            object.paths(&format!("{path}/"), list);
        }
    }

    /// The object that holds the one of this path, and its place in it.
    fn place(&mut self, path: &str) -> Option<(&mut Object, usize)> {
        let (first, rest) = match path.split_once('/') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        let place = self.objects.iter().position(|(name, _)| name == first)?;
        match rest {
            None => Some((self, place)),
            Some(rest) => self.objects.get_mut(place)?.1.place(rest),
        }
    }

    fn set(&mut self, name: String, value: Tensor) {
        match self.weights.iter_mut().find(|(own, _)| *own == name) {
            Some((_, own)) => *own = value,
            None => self.weights.push((name, value)),
        }
    }

    /// One line for each object and weight.
    fn lines(&self, f: &mut fmt::Formatter<'_>, prefix: &str, first: bool) -> fmt::Result {
        let count = self.weights.len() + self.objects.len();
        let connector = |i: usize| match (first && i == 0, i + 1 == count) {
            (true, _) => "> ",
            (_, true) => "└─ ",
            _ => "├─ ",
        };
        for (i, (name, value)) in self.weights.iter().enumerate() {
            let (shape, dtype) = (python(value.shape()), value.dtype());
            writeln!(f, "{prefix}{}{name}: shape={shape}, dtype={dtype}", connector(i))?;
        }
        for (i, (name, object)) in self.objects.iter().enumerate() {
            let i = i + self.weights.len();
            writeln!(f, "{prefix}{}{name}", connector(i))?;
            let more = if i + 1 == count { "    " } else { "│   " };
            object.lines(f, &format!("{prefix}{more}"), false)?;
        }
        Ok(())
    }
}

/// A shape as Python writes it: `(3,)`.
pub(super) fn python(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    let comma = if shape.len() == 1 { "," } else { "" };
    format!("({}{comma})", sizes.join(", "))
}

impl KerasFileEditor {
    /// The content of a `.weights.h5` or `.keras` file.
    pub fn open(path: impl AsRef<Path>) -> Result<KerasFileEditor> {
        KerasFileEditor::open_within(path, &Limits::default())
    }

    /// The same within these limits.
    pub fn open_within(path: impl AsRef<Path>, limits: &Limits) -> Result<KerasFileEditor> {
        let path = path.as_ref();
        let (bytes, budget) = limits.read(path)?;
        let problem = |e: String| Error::file(path, e);
        let (weights, metadata, config) = match open(&bytes, path, &budget, Wanted::Weights)? {
            Opened::Model(stored) => (stored.weights, stored.metadata, stored.config),
            Opened::Weights(weights) => (weights, Json::Null, Json::Null),
            Opened::Arrays(_) => {
                return Err(problem(
                    "holds plain arrays: a .weights.h5 or .keras file is edited".into(),
                ));
            }
        };
        if weights.layout == Layout::Legacy {
            let problem = "keeps its weights as Keras 1 and 2 did: load it into its model and write the \
                           weights into a .weights.h5 file, which can be edited";
            return Err(Error::file(path, problem));
        }
        let root = Object::read(&weights.file.root()).map_err(problem)?;
        Ok(KerasFileEditor { path: path.to_path_buf(), metadata, config, root })
    }

    /// The file that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What a `.keras` file says of its origin: version and date; null for weights alone.
    pub fn metadata(&self) -> &Json {
        &self.metadata
    }

    /// Keras' object of the model in a `.keras` file; null for weights alone.
    pub fn config(&self) -> &Json {
        &self.config
    }

    /// The paths of all objects, those inside others behind them.
    ///
    /// ```
    /// use ferras::{KerasFileEditor, prelude::*};
    /// let path = std::env::temp_dir().join(format!("ferras-doc-paths-{}.keras", std::process::id()));
    /// Sequential::new().add(LSTM::new(3).input_shape([4, 2])).build()?.save(&path)?;
    /// let editor = KerasFileEditor::open(&path)?;
    /// assert_eq!(editor.objects(), ["layers", "layers/lstm", "layers/lstm/cell"]);
    /// assert_eq!(editor.weights("cell")?[0].1.shape(), &[2, 12].into());
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn objects(&self) -> Vec<String> {
        let mut list = Vec::new();
        self.root.paths("", &mut list);
        list
    }

    /// The weights of an object, by their names.
    pub fn weights(&self, object_name: &str) -> Result<&[(String, Tensor)]> {
        let path = self.resolve(object_name)?;
        let mut object = &self.root;
        for name in path.split('/') {
            let found = object.objects.iter().find(|(own, _)| own == name);
            object = found.map(|(_, object)| object).ok_or_else(|| self.unknown(object_name))?;
        }
        Ok(&object.weights)
    }

    /// Gives an object another name.
    pub fn rename_object(&mut self, object_name: &str, new_name: &str) -> Result<()> {
        check_name("new_name", new_name)?;
        let (parent, place) = self.find(object_name)?;
        if parent.objects.iter().any(|(name, _)| name == new_name) {
            return Err(Error::argument(
                "new_name",
                format!("is that of another object: {new_name:?}"),
            ));
        }
        let (_, object) = parent.objects.remove(place);
        parent.objects.push((new_name.into(), object));
        Ok(())
    }

    /// Takes an object out, with all that is in it.
    pub fn delete_object(&mut self, object_name: &str) -> Result<()> {
        let (parent, place) = self.find(object_name)?;
        parent.objects.remove(place);
        Ok(())
    }

    /// Adds an object under a full path, whose other parts are there, in place of one of the same path.
    pub fn add_object<N: Into<String>>(
        &mut self,
        object_path: &str,
        weights: impl IntoIterator<Item = (N, Tensor)>,
    ) -> Result<()> {
        let (parent, name) = match object_path.rsplit_once('/') {
            Some((parent, name)) => (Some(parent), name),
            None => (None, object_path),
        };
        check_name("object_path", name)?;
        let mut object = Object::default();
        add(&mut object, weights)?;
        let unknown = self.unknown(parent.unwrap_or_default());
        let parent = match parent {
            None => &mut self.root,
            Some(path) => {
                let (above, place) = self.root.place(path).ok_or(unknown)?;
                &mut above.objects[place].1
            }
        };
        parent.objects.retain(|(own, _)| own != name);
        parent.objects.push((name.into(), object));
        Ok(())
    }

    /// Takes a weight out of an object.
    pub fn delete_weight(&mut self, object_name: &str, weight_name: &str) -> Result<()> {
        let (parent, place) = self.find(object_name)?;
        let weights = &mut parent.objects[place].1.weights;
        let Some(weight) = weights.iter().position(|(name, _)| name == weight_name) else {
            let names: Vec<&str> = weights.iter().map(|(name, _)| &name[..]).collect();
            let hint = suggest(weight_name, &names);
            return Err(Error::Unknown { kind: "weight", name: weight_name.into(), hint });
        };
        weights.remove(weight);
        Ok(())
    }

    /// Adds weights to an object, in place of those of the same names.
    pub fn add_weights<N: Into<String>>(
        &mut self,
        object_name: &str,
        weights: impl IntoIterator<Item = (N, Tensor)>,
    ) -> Result<()> {
        let (parent, place) = self.find(object_name)?;
        add(&mut parent.objects[place].1, weights)
    }

    /// What the file and a model do not have in common: paths, and shapes of weights. The model's optimizer
    /// is compared too.
    ///
    /// - **Source** Keras 3 `KerasFileEditor.compare`, which counts matches of inner objects several times.
    pub fn compare(&self, reference_model: &Model) -> Result<Comparison> {
        let reference = Object::of_tree(&keras3::tree(reference_model, None)?);
        Ok(compared(&self.root, &reference))
    }

    /// Writes all of it into a `.weights.h5` file, in place of what that held; what was compiled stays out.
    ///
    /// - **Source** Keras 3 `KerasFileEditor.save` and `resave_weights`.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        if Format::of(path) != Some(Format::WeightsH5) {
            return Err(Error::file(
                path,
                "is no name for edited weights: it must end in \".weights.h5\"",
            ));
        }
        let mut tree = Tree::default();
        self.root.write(&mut tree, true);
        files::write_atomic(path, &hdf5::write(&tree).map_err(|e| Error::file(path, e))?)
    }

    /// The object that holds the one of this name or path, and its place in it.
    fn find(&mut self, name: &str) -> Result<(&mut Object, usize)> {
        let path = self.resolve(name)?;
        let unknown = self.unknown(name);
        self.root.place(&path).ok_or(unknown)
    }

    /// The full path of the object of this name or path.
    fn resolve(&self, name: &str) -> Result<String> {
        let paths = self.objects();
        let is_meant = |path: &&String| match name.contains('/') {
            true => *path == name,
            false => path.rsplit('/').next() == Some(name),
        };
        let found: Vec<&String> = paths.iter().filter(is_meant).collect();
        match found[..] {
            [only] => Ok(only.clone()),
            [] => Err(self.unknown(name)),
            _ => {
                let found: Vec<&str> = found.iter().map(|path| &path[..]).collect();
                let problem =
                    format!("{name:?} is several: give the path of one, {}", found.join(", "));
                Err(Error::argument("object_name", problem))
            }
        }
    }

    fn unknown(&self, name: &str) -> Error {
        let paths = self.objects();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        Error::Unknown { kind: "object", name: name.into(), hint: suggest(name, &paths) }
    }
}

/// Adds weights, whose names are checked.
fn add<N: Into<String>>(
    object: &mut Object,
    weights: impl IntoIterator<Item = (N, Tensor)>,
) -> Result<()> {
    for (name, value) in weights {
        let name = name.into();
        check_name("weights", &name)?;
        object.set(name, value);
    }
    Ok(())
}

/// An error unless a name can stand in a path of a file.
fn check_name(argument: &str, name: &str) -> Result<()> {
    match is_harmless(name) && name != VARS {
        true => Ok(()),
        false => {
            let start: String = name.chars().take(40).collect();
            Err(Error::argument(argument, format!("names something {start:?}; a name {NAMES}")))
        }
    }
}

/// Keras' `summary`: the structure of the weights.
impl fmt::Display for KerasFileEditor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Weights structure")?;
        self.root.lines(f, "  ", true)
    }
}
