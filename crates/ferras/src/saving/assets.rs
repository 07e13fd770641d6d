//! What layers keep in files of their own inside a `.keras` file: vocabularies, and their weights.
use super::groups::paths;
use super::open::Weights;
use crate::containers::hdf5::{Attribute, Tree};
use crate::containers::limits::{self, Budget};
use crate::layers::{Assets, LayerRef};
use crate::models::{Nested, Network};
use crate::{Error, Result};
use ferras_graph::Tensor;
use std::collections::HashMap;
use std::sync::Arc;

/// The folder in the archive, and the file of a vocabulary in a layer's folder.
pub(super) const FOLDER: &str = "assets/";
const VOCABULARY: &str = "vocabulary.txt";
/// The variable of a vocabulary's weights.
const IDF_WEIGHTS: &str = "idf_weights";
/// Keras keeps what is of the lookup inside of a `TextVectorization` there too.
const INSIDE: &str = "_lookup_layer";

/// What the layers of a network keep, by the path of each layer's group.
pub(super) fn of(network: &Network, sequential: bool) -> Vec<(String, Assets)> {
    let mut list = Vec::new();
    add(&mut list, network, sequential, "");
    list
}

fn add(list: &mut Vec<(String, Assets)>, network: &Network, sequential: bool, prefix: &str) {
    for (entry, path) in network.layers.iter().zip(paths(network, sequential, prefix)) {
        let Some(path) = path else { continue };
        if let Some(nested) = entry.layer.downcast::<Nested>() {
            add(list, &nested.network, nested.sequential, &format!("{path}/"));
        } else if let Some(host) = entry.layer.0.layer.host() {
            let assets = host.assets();
            if assets != Assets::default() {
                if entry.layer.0.layer.class_name() == "TextVectorization" {
                    list.push((format!("{path}/{INSIDE}"), assets.clone()));
                }
                list.push((path, assets));
            }
        }
    }
}

/// The members of an archive that hold vocabularies: names and texts.
pub(super) fn members(assets: &[(String, Assets)]) -> Vec<(String, &str)> {
    let own = assets.iter().filter_map(|(path, assets)| {
        Some((format!("{FOLDER}{path}/{VOCABULARY}"), assets.vocabulary.as_deref()?))
    });
    own.collect()
}

/// Adds the weights of vocabularies to a file of weights.
pub(super) fn add_weights(root: &mut Tree, assets: &[(String, Assets)]) -> Result<()> {
    for (path, assets) in assets {
        let Some(weights) = &assets.idf_weights else { continue };
        let value = Tensor::new([weights.len()], weights.clone())?;
        root.group(&format!("{path}/vars"), |vars| {
            vars.attribute("name", Attribute::Text(path.rsplit('/').next().unwrap_or(path).into()));
            vars.array(IDF_WEIGHTS, value);
        });
    }
    Ok(())
}

/// The vocabularies of an archive, by the names of their members.
pub(super) type Vocabularies = HashMap<String, String>;

/// Whether a member of an archive is a vocabulary.
pub(super) fn is_vocabulary(name: &str) -> bool {
    name.starts_with(FOLDER) && name.ends_with(VOCABULARY)
}

/// What a token takes in memory, in the list and where it is looked up; measured, rounded up.
const TOKEN: u64 = 160;
/// How often the text of a vocabulary is there at a time.
const COPIES: u64 = 3;

/// Counts what a vocabulary will take: a few bytes of an archive can be any number of lines.
fn check_room(text: &str, path: &str, budget: &Budget) -> limits::Result<()> {
    let lines = text.bytes().filter(|byte| *byte == b'\n').count() as u64 + 1;
    let bytes = lines.saturating_mul(TOKEN).saturating_add(COPIES * text.len() as u64);
    budget.take(bytes, || format!("the vocabulary of {path}"))
}

/// What a file keeps of layers beside the configuration.
#[derive(Clone, Copy)]
pub(super) struct Kept<'a> {
    pub(super) vocabularies: &'a Vocabularies,
    pub(super) weights: &'a Weights<'a>,
    pub(super) budget: &'a Budget,
}

/// The network whose layers have what the file keeps of them; nothing where it keeps nothing.
pub(super) fn restored(
    network: &Network,
    sequential: bool,
    file: Kept<'_>,
    prefix: &str,
) -> Result<Option<Network>> {
    let mut changed: Option<Network> = None;
    for (i, path) in paths(network, sequential, prefix).into_iter().enumerate() {
        let (Some(path), layer) = (path, &network.layers[i].layer) else { continue };
        let new = match layer.downcast::<Nested>() {
            Some(nested) => {
                let inside = format!("{path}/");
                let inner = restored(&nested.network, nested.sequential, file, &inside)?;
                let new = |inner| Nested { network: Arc::new(inner), ..nested.clone() };
                inner.map(|inner| layer.with_class(Arc::new(new(inner))))
            }
            None => restored_layer(layer, file, &path)?,
        };
        if let Some(new) = new {
            changed.get_or_insert_with(|| network.clone()).layers[i].layer = new;
        }
    }
    changed.map(Network::with_new_layers).transpose()
}

fn restored_layer(layer: &LayerRef, file: Kept<'_>, path: &str) -> Result<Option<LayerRef>> {
    let Some(host) = layer.0.layer.host() else { return Ok(None) };
    let problem = |problem| Error::Model(format!("the file {problem}"));
    let vocabulary = file.vocabularies.get(&format!("{FOLDER}{path}/{VOCABULARY}"));
    if let Some(text) = vocabulary {
        check_room(text, path, file.budget).map_err(problem)?;
    }
    let vocabulary = vocabulary.cloned();
    let idf_weights = idf_weights(file.weights, path).map_err(problem)?;
    let new = host.with_assets(&Assets { vocabulary, idf_weights }).map_err(|e| Error::Layer {
        layer: layer.0.name.clone().unwrap_or_default(),
        class: layer.0.layer.class_name().into(),
        problem: e.to_string(),
    })?;
    Ok(new.map(|new| layer.with_class(new)))
}

fn idf_weights(weights: &Weights<'_>, path: &str) -> limits::Result<Option<Vec<f32>>> {
    let root = weights.file.root();
    let Some(vars) = root.group(&format!("{path}/vars"))? else { return Ok(None) };
    let Some(array) = vars.array(IDF_WEIGHTS)? else { return Ok(None) };
    let numbers = array.read_any()?.to_f64_vec();
    Ok(Some(numbers.into_iter().map(|v| v as f32).collect()))
}
