//! Weights as Keras 1 and 2 wrote them, and Keras 3 still does into `.h5`: lists of layers' names
//! and of their weights' names.
use super::config::legacy::layer_name;
use super::keras3::STANDING;
use super::legacy_weights::{Arrangement, Origin, arrange, join, part_of};
use super::open::text;
use super::state::{Kept, Standing, State};
use crate::containers::hdf5::{Array, Attribute, Group, Tree};
use crate::containers::limits::Result;
use crate::layers::InputLayer;
use crate::layers::operation::Operation;
use crate::models::{Model, Network, NetworkLayer};
use crate::{Error, console};
use ferras_graph::{Shape, Tensor, TensorType};
use std::ops::Range;

/// A layer of a model with the places of its weights in the order of these files: those that are
/// trained first.
struct Entry<'a> {
    name: &'a str,
    class: &'static str,
    channels_first: bool,
    weights: Vec<usize>,
}

fn entries<'a>(network: &'a Network, sequential: bool) -> Vec<Entry<'a>> {
    let layers = network.layers.iter().zip(&network.layer_weights);
    // The list of a stack's layers does not have its input, no list has operations.
    let listed = layers
        .filter(|(l, _)| !sequential || l.layer.downcast::<InputLayer>().is_none())
        .filter(|(l, _)| l.layer.downcast::<Operation>().is_none());
    let entry = |(layer, range): (&'a NetworkLayer, &Range<usize>)| {
        let (trained, others): (Vec<_>, Vec<_>) =
            range.clone().partition(|&i| network.weights[i].is_trainable());
        let own = &layer.layer.0.layer;
        Entry {
            name: &layer.name,
            class: own.class_name(),
            channels_first: own
                .get_config()
                .get("data_format")
                .is_some_and(|f| f == "channels_first"),
            weights: [trained, others].concat(),
        }
    };
    listed.map(entry).collect()
}

/// The group of a model's weights.
pub(super) fn weights_tree(model: &Model, tree: &mut Tree) -> Result<(), Error> {
    let network = model.network()?;
    let values = model.get_weights()?;
    let entries = entries(network, model.is_sequential());
    tree.attribute("backend", Attribute::Text(super::BACKEND.into()));
    tree.attribute("keras_version", Attribute::Text(super::KERAS_VERSION.into()));
    let names = entries.iter().map(|e| e.name.to_string()).collect();
    tree.attribute("layer_names", Attribute::Texts(names));
    for entry in entries {
        let paths: Vec<&str> = entry.weights.iter().map(|&i| network.weights[i].path()).collect();
        let own = paths.iter().zip(&entry.weights);
        tree.group(entry.name, |group| {
            let names = paths.iter().map(|p| p.to_string()).collect();
            group.attribute("weight_names", Attribute::Texts(names));
            own.for_each(|(path, &i)| group.array(path, values[i].clone()));
        });
    }
    let none = Attribute::Texts(Vec::new());
    tree.group("top_level_model_weights", |top| top.attribute("weight_names", none));
    Ok(())
}

/// The group of the optimizer's variables.
pub(super) fn optimizer_tree(model: &Model, tree: &mut Tree) -> Result<(), Error> {
    let Some(optimizer) = model.optimizer_name() else { return Ok(()) };
    let values = model.optimizer_values()?;
    let mut names: Vec<String> = Vec::new();
    for (path, value) in values {
        // Some keep several variables under one name; in a file each needs its own.
        let name = |n: usize| match n {
            0 => format!("{optimizer}/{path}"),
            n => format!("{optimizer}/{path}_{n}"),
        };
        let free = (0..).map(name).find(|name| !names.contains(name)).unwrap_or_default();
        tree.array(&free, value);
        names.push(free);
    }
    tree.attribute("weight_names", Attribute::Texts(names));
    Ok(())
}

/// How weights of a file find their layers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Matching {
    /// By the layers' names instead of their order; layers that are not in the file stay.
    pub(super) by_name: bool,
    /// What does not fit is left out, with a warning.
    pub(super) skip_mismatch: bool,
}

/// The values of a network's weights in a group that lists `layer_names`.
pub(super) fn weights(
    group: &Group<'_>,
    network: &Network,
    sequential: bool,
    matching: Matching,
) -> Result<Vec<Option<Tensor>>> {
    let mut values = vec![None; network.weights.len()];
    each_layer(group, network, sequential, matching, |entry, found| {
        let read = |(parts, &i): (Vec<Part<'_>>, &usize)| weight(parts, &network.weights[i].ty);
        let found = found.into_iter().zip(&entry.weights).map(read).collect::<Result<Vec<_>>>()?;
        entry.weights.iter().zip(found).for_each(|(&i, value)| values[i] = Some(value));
        Ok(())
    })?;
    Ok(values)
}

/// An error unless every weight of a network is there in a shape that fits.
pub(super) fn check(group: &Group<'_>, network: &Network, sequential: bool) -> Result<()> {
    each_layer(group, network, sequential, Matching::default(), |_, _| Ok(()))
}

/// Does something with the arrays of each layer's weights, which fit it.
fn each_layer<'a>(
    group: &Group<'a>,
    network: &Network,
    sequential: bool,
    matching: Matching,
    mut take: impl FnMut(&Entry<'_>, Vec<Vec<Part<'a>>>) -> Result<()>,
) -> Result<()> {
    let origin = Origin::read(group)?;
    let names = group.texts("layer_names")?;
    let names = names.ok_or("holds no weights: it has no attribute \"layer_names\"")?;
    let mut stored = Vec::new();
    for name in names {
        let Some(layer) = group.group(&name)? else {
            return Err(format!("lists the layer {name:?} but does not hold it"));
        };
        let weights = layer.texts("weight_names")?.unwrap_or_default();
        if !weights.is_empty() {
            stored.push((name, layer, weights));
        }
    }
    let entries = entries(network, sequential);
    let entries: Vec<Entry> = entries.into_iter().filter(|e| !e.weights.is_empty()).collect();
    if !matching.by_name && stored.len() != entries.len() {
        return Err(format!(
            "holds weights of {} layers, the model has {} layers with weights",
            stored.len(),
            entries.len()
        ));
    }
    for (at, (name, layer, paths)) in stored.iter().enumerate() {
        let entry = match matching.by_name {
            // Models that are read from older configurations have no slashes in their names.
            true => entries.iter().find(|e| e.name == name || e.name == layer_name(name)),
            false => entries.get(at),
        };
        let Some(entry) = entry else { continue };
        let found = find_layer(layer, paths, network, entry, &origin);
        match found.and_then(|found| take(entry, found)) {
            Ok(()) => {}
            Err(problem) if matching.skip_mismatch => {
                console::warn(&format!("the file {problem}; the layer keeps its weights"));
            }
            Err(problem) => return Err(problem),
        }
    }
    Ok(())
}

/// An array of a file that is a weight of a layer, or one of the parts of it.
struct Part<'a> {
    array: Array<'a>,
    how: Arrangement,
    shape: Shape,
}

/// The arrays that make up each of a layer's weights.
fn find_layer<'a>(
    group: &Group<'a>,
    paths: &[String],
    network: &Network,
    entry: &Entry<'_>,
    origin: &Origin,
) -> Result<Vec<Vec<Part<'a>>>> {
    let (name, expected, found) = (entry.name, entry.weights.len(), paths.len());
    let parts = origin.parts(entry.class, expected, found);
    let parts = parts
        .ok_or_else(|| format!("holds {found} weights for layer {name:?}, which has {expected}"))?;
    let find = |path: &String, shape: Shape| {
        let array = group.array(path)?;
        let array = array.ok_or_else(|| format!("lists the weight {path:?} but lacks it"))?;
        let (class, first) = (entry.class, entry.channels_first);
        let how = origin.arrangement(class, first, &shape, array.shape()).ok_or_else(|| {
            format!(
                "holds {path:?} of shape {}, but the weight of layer {name:?} has shape {shape}",
                array.shape()
            )
        })?;
        Ok(Part { array, how, shape })
    };
    let weight = |(parts, &i): (&Vec<usize>, &usize)| {
        let whole = &network.weights[i].ty.shape;
        let shape = if parts.len() == 1 { whole.clone() } else { part_of(whole, parts.len()) };
        parts.iter().map(|&part| find(&paths[part], shape.clone())).collect()
    };
    parts.iter().zip(&entry.weights).map(weight).collect()
}

/// The weight of this type that arrays make up.
fn weight(parts: Vec<Part<'_>>, ty: &TensorType) -> Result<Tensor> {
    let read = |Part { array, how, shape }: Part<'_>| {
        arrange(array.read_any()?.cast(ty.dtype), &how, &shape)
    };
    let mut arrays = parts.into_iter().map(read).collect::<Result<Vec<_>>>()?;
    match arrays.len() {
        1 => Ok(arrays.swap_remove(0)),
        _ => join(&arrays, ty.shape.len().saturating_sub(1)),
    }
}

/// The optimizer's variables in a file of any version; a warning where they are another
/// optimizer's. `slots` tells how many variables each weight has in each group of the optimizer's.
pub(super) fn training(
    root: &Group<'_>,
    kept: &[Kept],
    slots: &[usize],
    state: &mut State,
) -> Result<()> {
    if let Some(text) = text(root, STANDING)? {
        state.standing = Standing::from_text(&text);
    }
    let Some(group) = root.group("optimizer_weights")? else { return Ok(()) };
    let names = group.texts("weight_names")?.unwrap_or_default();
    let missing = |name: &str| format!("lists {name:?} but does not hold it");
    let array = |name: &String| group.array(name)?.ok_or_else(|| missing(name));
    let arrays = names.iter().map(array).collect::<Result<Vec<_>>>()?;
    let shapes: Vec<&Shape> = arrays.iter().map(|a| a.shape()).collect();
    let Some(order) = optimizer_order(&shapes, kept, slots) else {
        // Two and less: saved before its first step, so there is nothing to lose.
        if arrays.len() > 2 {
            console::warn(
                "the file's variables of the optimizer are not those of the model's: it begins anew",
            );
        }
        return Ok(());
    };
    let read = |((_, ty), at): (&Kept, Option<usize>)| match at.and_then(|at| arrays.get(at)) {
        Some(array) => Ok(Some(array.read(&ty.shape)?.cast(ty.dtype))),
        None => Ok(None),
    };
    state.optimizer = kept.iter().zip(order).map(read).collect::<Result<_>>()?;
    Ok(())
}

/// Where each variable that is kept stands in a file: in today's order; or as it was before, without
/// the learning rate and with the first slot of all weights before the second. `None` where neither
/// fits.
fn optimizer_order(found: &[&Shape], kept: &[Kept], slots: &[usize]) -> Option<Vec<Option<usize>>> {
    let fits = |order: &[Option<usize>]| {
        let same = |((_, ty), at): (&Kept, &Option<usize>)| {
            at.is_none_or(|at| found.get(at).is_some_and(|shape| **shape == ty.shape))
        };
        kept.iter().zip(order).all(same)
    };
    let today: Vec<Option<usize>> = (0..kept.len()).map(Some).collect();
    if found.len() == kept.len() && fits(&today) {
        return Some(today);
    }
    let scalars = kept.iter().take_while(|(_, ty)| ty.shape.is_empty()).count();
    let per_weight: usize = slots.iter().sum();
    let weights = (kept.len() - scalars).checked_div(per_weight)?;
    let mut before = vec![Some(0)];
    before.resize(scalars, None);
    let mut first = 1;
    for &size in slots {
        for weight in 0..weights {
            before.extend((0..size).map(|slot| Some(first + slot * weights + weight)));
        }
        first += size * weights;
    }
    (found.len() >= first && fits(&before)).then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferras_graph::DType;

    #[test]
    fn slots_of_keras_2_came_one_after_the_other() {
        let ty = |shape: &[usize]| TensorType::new(DType::F32, Shape::from(shape.to_vec()));
        let kept: Vec<Kept> = [&[][..], &[], &[2, 3], &[2, 3], &[3], &[3]]
            .iter()
            .map(|shape| (String::new(), ty(shape)))
            .collect();
        let shape = |shape: &[usize]| Shape::from(shape.to_vec());
        let [scalar, kernel, bias] = [shape(&[]), shape(&[2, 3]), shape(&[3])];
        let today = [&scalar, &scalar, &kernel, &kernel, &bias, &bias];
        let order: Vec<Option<usize>> = (0..6).map(Some).collect();
        assert_eq!(optimizer_order(&today, &kept, &[2]), Some(order));
        let before = [&scalar, &kernel, &bias, &kernel, &bias];
        let order = vec![Some(0), None, Some(1), Some(3), Some(2), Some(4)];
        assert_eq!(optimizer_order(&before, &kept, &[2]), Some(order));
        assert_eq!(optimizer_order(&before[..3], &kept, &[2]), None);
    }
}
