//! Reading all that a file holds and keeping nothing: what tests and fuzzing aim at.
use super::load::{self, Load};
use super::open::{CONFIG, WEIGHTS};
use crate::containers::hdf5::{Attribute, File, Group, Member, Tree};
use crate::containers::limits::{Budget, Limits, Result};
use crate::containers::{archive, hdf5, json, safetensors};
use crate::datasets::npz;
use crate::layers::{LayerExt, TextVectorization};
use crate::models::{Input, Model};
use ferras_graph::Tensor;
use std::path::Path;
use std::sync::OnceLock;

fn budget(bytes: &[u8]) -> Result<Budget> {
    Limits::new().budget(bytes.len() as u64)
}

/// Reads all members of a zip archive, and files that lie in it.
pub fn zip(bytes: &[u8]) -> Result<()> {
    let budget = budget(bytes)?;
    let archive = archive::Archive::open(bytes, &budget)?;
    for name in archive.names() {
        let data = archive.read(name)?;
        if name.ends_with(".json") {
            json::parse(&data, &budget)?;
        }
        if hdf5::is_hdf5(&data) {
            group(&File::open(data, &budget)?.root())?;
        }
    }
    Ok(())
}

/// Reads all groups, arrays and attributes of an HDF5 file.
pub fn hdf5(bytes: &[u8]) -> Result<()> {
    group(&File::open(bytes, &budget(bytes)?)?.root())
}

/// What cannot be read must not keep the rest from being tried.
fn group(group: &Group) -> Result<()> {
    for name in group.attributes()? {
        let _ = group.attribute(name);
        let _ = group.texts(name);
    }
    for name in group.names()? {
        if let Ok(Some(array)) = group.array(name) {
            let _ = array.attribute("dtype");
            let _ = array.read_any().map(drop);
            let _ = array.read_texts();
        } else if let Some(inner) = group.group(name)? {
            self::group(&inner)?;
        }
    }
    Ok(())
}

/// Reads JSON, and the model that it describes.
pub fn json(bytes: &[u8]) -> Result<()> {
    json::parse(bytes, &budget(bytes)?)?;
    let text = String::from_utf8_lossy(bytes);
    Model::from_json(&text).map(drop).map_err(|e| e.to_string())
}

/// Reads YAML, and the model that it describes.
pub fn yaml(bytes: &[u8]) -> Result<()> {
    let text = String::from_utf8_lossy(bytes);
    Model::from_yaml(&text).map(drop).map_err(|e| e.to_string())
}

/// Loads a whole model.
pub fn model(bytes: &[u8]) -> Result<()> {
    let model = load::from_bytes(bytes, &budget(bytes)?, Load::new(), Path::new("model"));
    model.map(drop).map_err(|e| e.to_string())
}

/// Loads the `.keras` file of this configuration and these weights, which a zero stands between.
pub fn keras(bytes: &[u8]) -> Result<()> {
    let middle = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (config, weights) = bytes.split_at(middle);
    let members = [(CONFIG, config), (WEIGHTS, weights.get(1..).unwrap_or_default())];
    model(&archive::write(&members, false)?)
}

/// Reads safetensors.
pub fn safetensors(bytes: &[u8]) -> Result<()> {
    safetensors::read(bytes, &budget(bytes)?).map(drop)
}

/// Reads NumPy's arrays by name.
pub fn npz(bytes: &[u8]) -> Result<()> {
    npz::parse(bytes, &budget(bytes)?).map(drop)
}

/// All arrays of numbers in an HDF5 file with their paths, such as `outputs/dense_1`.
pub fn arrays(bytes: &[u8]) -> Result<Vec<(String, Tensor)>> {
    fn collect(group: &Group, prefix: &str, found: &mut Vec<(String, Tensor)>) -> Result<()> {
        for name in group.names()? {
            let path = format!("{prefix}{name}");
            if let Some(array) = group.array(name)? {
                found.push((path, array.read_any()?));
            } else if let Some(inner) = group.group(name)? {
                collect(&inner, &format!("{path}/"), found)?;
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    collect(&File::open(bytes, &budget(bytes)?)?.root(), "", &mut found)?;
    Ok(found)
}

/// A member of an archive, or an attribute of an HDF5 file, as text.
pub fn text(bytes: &[u8], name: &str) -> Result<String> {
    let budget = budget(bytes)?;
    let found = match archive::is_zip(bytes) {
        true => {
            let data = archive::Archive::open(bytes, &budget)?.read(name)?.into_owned();
            String::from_utf8(data).ok()
        }
        false => super::open::text(&File::open(bytes, &budget)?.root(), name)?,
    };
    found.ok_or_else(|| format!("holds no text {name:?}"))
}

/// The same file with another text in place of that member or attribute: good files made hostile.
pub fn with_text(bytes: &[u8], name: &str, text: &str) -> Result<Vec<u8>> {
    let budget = budget(bytes)?;
    if !archive::is_zip(bytes) {
        let mut tree = copy(&File::open(bytes, &budget)?.root())?;
        tree.attributes.retain(|(own, _)| own != name);
        tree.attribute(name, Attribute::Text(text.into()));
        return hdf5::write(&tree);
    }
    rewritten(bytes, name, Some(text.as_bytes()), false)
}

/// The same zip archive with other bytes in that member, packed; or without it.
pub fn with_member(bytes: &[u8], name: &str, new: Option<&[u8]>) -> Result<Vec<u8>> {
    rewritten(bytes, name, new, true)
}

fn rewritten(bytes: &[u8], name: &str, new: Option<&[u8]>, packed: bool) -> Result<Vec<u8>> {
    let archive = archive::Archive::open(bytes, &budget(bytes)?)?;
    let names: Vec<&str> = archive.names().filter(|own| *own != name).collect();
    let data = names.iter().map(|own| archive.read(own)).collect::<Result<Vec<_>>>()?;
    let mut members: Vec<(&str, &[u8])> =
        names.into_iter().zip(data.iter().map(|d| &**d)).collect();
    members.extend(new.map(|new| (name, new)));
    archive::write(&members, packed)
}

/// Loads a model of words whose vocabularies are these bytes, and asks it for a text.
pub fn vocabulary(bytes: &[u8]) -> Result<()> {
    static GOOD: OnceLock<Result<Vec<u8>>> = OnceLock::new();
    let file = GOOD.get_or_init(words).as_ref().map_err(String::clone)?;
    let file = with_member(file, WORDS, Some(bytes))?;
    let model = load::from_bytes(&file, &budget(&file)?, Load::new(), Path::new("model"));
    model.and_then(|model| model.predict(["a b"]).map(drop)).map_err(|e| e.to_string())
}

/// The member that has the vocabulary of the model of words.
const WORDS: &str = "assets/layers/text_vectorization/vocabulary.txt";

/// The file of a good model of words.
fn words() -> Result<Vec<u8>> {
    let problem = |e: crate::Error| e.to_string();
    let layer = TextVectorization::new().adapt(["a b c"]).map_err(problem)?;
    let input = Input::text([1]);
    let model = Model::new(&input, layer.apply(&input)).map_err(problem)?;
    super::keras_file(&model).map_err(problem)?
}

/// All that a group holds.
fn copy(group: &Group) -> Result<Tree> {
    let mut tree = Tree::default();
    for name in group.attributes()? {
        let value = match group.texts(name) {
            Ok(Some(texts)) if texts.is_empty() => Some(Attribute::Texts(texts)),
            _ => group.attribute(name)?,
        };
        tree.attributes.extend(value.map(|value| (name.to_string(), value)));
    }
    for name in group.names()? {
        let member = match (group.array(name)?, group.group(name)?) {
            (Some(array), _) => Member::Array(array.read_any()?),
            (None, Some(inner)) => Member::Group(copy(&inner)?),
            (None, None) => continue,
        };
        tree.members.push((name.to_string(), member));
    }
    Ok(tree)
}
