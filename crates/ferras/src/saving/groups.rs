//! Where a weights file of Keras 3 keeps the weights of each layer.
use crate::layers::InputLayer;
use crate::layers::operation::Operation;
use crate::models::{Nested, Network, NetworkLayer, snake_case};
use std::collections::HashMap;

/// A group of a weights file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LayerGroup {
    /// Its path, as `layers/conv2d_1`: the class and a number, whatever the layer is called.
    pub(super) path: String,
    /// The layer's name, which files tell too.
    pub(super) name: String,
    /// The weights there, by their place in the model's list, in the order of the file.
    pub(super) weights: Vec<usize>,
}

/// The groups of a model's layers, those without weights included.
pub(super) fn layer_groups(network: &Network, sequential: bool) -> Vec<LayerGroup> {
    let mut list = Vec::new();
    add(&mut list, network, sequential, "", 0);
    list
}

/// Adds the layers of a network whose first weight has place `first` in the outermost one.
fn add(
    list: &mut Vec<LayerGroup>,
    network: &Network,
    sequential: bool,
    prefix: &str,
    first: usize,
) {
    let layers = network.layers.iter().zip(&network.layer_weights);
    for ((entry, range), group) in layers.zip(paths(network, sequential, prefix)) {
        let Some(group) = group else { continue };
        let (start, name) = (first + range.start, entry.name.clone());
        let Some(model) = entry.layer.downcast::<Nested>() else {
            let own = name.len() + 1;
            let weights = network.weights[range.clone()].iter().zip(start..);
            let paths = weights.flat_map(|(spec, at)| {
                spec.stored.iter().map(move |path| (at, path.get(own..).unwrap_or(path)))
            });
            add_layer(list, LayerGroup { path: group, name, weights: Vec::new() }, paths);
            continue;
        };
        list.push(LayerGroup { path: group.clone(), name, weights: Vec::new() });
        add(list, &model.network, model.sequential, &format!("{group}/"), start);
    }
}

/// The path of each layer's group, `prefix` in front; those that files leave out have none.
pub(super) fn paths(network: &Network, sequential: bool, prefix: &str) -> Vec<Option<String>> {
    let mut used: HashMap<String, usize> = HashMap::new();
    let mut path = |entry: &NetworkLayer| {
        let is_input = entry.layer.downcast::<InputLayer>().is_some();
        // The list of a stack's layers does not have its input, no list has operations.
        if sequential && is_input || entry.layer.downcast::<Operation>().is_some() {
            return None;
        }
        let class = match entry.layer.downcast::<Nested>() {
            Some(model) if model.sequential => "sequential".into(),
            Some(_) => "functional".into(),
            None => snake_case(entry.layer.0.layer.class_name()),
        };
        Some(format!("{prefix}layers/{}", unique(class, &mut used)))
    };
    network.layers.iter().map(&mut path).collect()
}

/// Adds a layer and the layers inside it, as the paths of their weights in files tell: `kernel` is its
/// own, `cell/kernel` that of the layer it keeps as `cell`.
fn add_layer<'a>(
    list: &mut Vec<LayerGroup>,
    own: LayerGroup,
    paths: impl Iterator<Item = (usize, &'a str)>,
) {
    let (base, start) = (own.path.clone(), list.len());
    list.push(own);
    for (weight, path) in paths {
        let at = match path.rsplit_once('/') {
            None => start,
            Some((inside, _)) => {
                let group = format!("{base}/{inside}");
                let known = list[start..].iter().position(|p| p.path == group);
                known.map_or_else(
                    || {
                        let name = inside.rsplit('/').next().unwrap_or(inside).to_string();
                        list.push(LayerGroup { path: group, name, weights: Vec::new() });
                        list.len() - 1
                    },
                    |k| start + k,
                )
            }
        };
        list[at].weights.push(weight);
    }
}

/// `dense`, `dense_1`, …, as Keras counts classes in a list.
fn unique(class: String, used: &mut HashMap<String, usize>) -> String {
    match used.get_mut(&class) {
        Some(count) => {
            *count += 1;
            format!("{class}_{count}")
        }
        None => {
            used.insert(class.clone(), 0);
            class
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    fn groups(model: &Model, sequential: bool) -> Vec<(String, Vec<usize>)> {
        let list = layer_groups(model.network().unwrap(), sequential);
        list.into_iter().map(|p| (p.path, p.weights)).collect()
    }

    #[test]
    fn groups_are_counted_by_class_and_models_inside_have_their_own() {
        let inner = Sequential::new()
            .add(Input::new([4]))
            .add(Dense::new(3).name("other"))
            .add(Dense::new(2))
            .build()
            .unwrap();
        let x = Input::new([4]);
        let hidden = inner.apply(Dense::new(4).name("b").apply(&x)).unwrap();
        let y = BatchNormalization::new().apply(Dense::new(1).name("a").apply(&hidden));
        let model = Model::new(&x, &y).unwrap();
        let expected: &[(&str, &[usize])] = &[
            ("layers/input_layer", &[]),
            ("layers/dense", &[0, 1]),
            ("layers/sequential", &[]),
            ("layers/sequential/layers/dense", &[2, 3]),
            ("layers/sequential/layers/dense_1", &[4, 5]),
            ("layers/dense_1", &[6, 7]),
            ("layers/batch_normalization", &[8, 9, 10, 11]),
        ];
        let expected: Vec<_> = expected.iter().map(|(g, w)| (g.to_string(), w.to_vec())).collect();
        assert_eq!(groups(&model, false), expected);
        assert_eq!(groups(&inner, true)[0].0, "layers/dense");
    }

    #[test]
    fn layers_inside_layers_follow_from_the_paths() {
        let mut list = Vec::new();
        let own =
            LayerGroup { path: "layers/bidirectional".into(), name: "b".into(), weights: vec![] };
        let paths = ["forward_layer/cell/kernel", "forward_layer/cell/bias", "scale"];
        add_layer(&mut list, own, (5..).zip(paths));
        let found: Vec<_> = list.iter().map(|p| (p.path.as_str(), &p.weights[..])).collect();
        let cell = "layers/bidirectional/forward_layer/cell";
        assert_eq!(found, [("layers/bidirectional", &[7][..]), (cell, &[5, 6][..])]);
    }
}
