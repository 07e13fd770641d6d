//! Models as Keras writes them into `config.json`.
use super::compile::compile_config;
use crate::config::{ConfigValue, DTypePolicy, Map, serialize};
use crate::layers::operation::Operation;
use crate::layers::{InputLayer, NamedTensor, PartialShape, TensorSpec, state_groups};
use crate::models::{
    LayerCall, Model, NAMES, Nested, Network, NetworkLayer, Topology, is_harmless, name_layers,
    stack_network,
};
use crate::{Error, Result};
use serde_json::{Value as Json, json};

/// The whole object: class, layers, how they are connected, and what was compiled.
pub(crate) fn serialize_model(model: &Model) -> Result<Json> {
    if !is_harmless(&model.name) {
        let start: String = model.name.chars().take(40).collect();
        let problem = format!("the model is named {start:?} and cannot be written: a name {NAMES}");
        return Err(Error::Model(problem));
    }
    let mut object = match &model.topology {
        Topology::Built { network, sequential } => {
            network_object(network, *sequential, &model.name, model.trainable, &model.dtype)
        }
        Topology::Stack(layers) => match stack_network(layers, None) {
            Some(network) => {
                network_object(&network?, true, &model.name, model.trainable, &model.dtype)
            }
            None => {
                let layers = name_layers(layers.clone())?;
                let layers = layers.iter().map(|entry| layer_object(entry, &[])).collect();
                sequential_object(&model.name, model.trainable, &model.dtype, layers)
            }
        },
    };
    object.insert("compile_config".into(), compile_config(model)?);
    Ok(Json::Object(object))
}

/// An object in Keras' form without a configuration.
fn object(module: &str, class: &str, registered: Json, config: Map) -> Map {
    let mut map = Map::new();
    map.insert("module".into(), json!(module));
    map.insert("class_name".into(), json!(class));
    map.insert("config".into(), Json::Object(config));
    map.insert("registered_name".into(), registered);
    map
}

fn sequential_object(name: &str, trainable: bool, dtype: &DTypePolicy, layers: Vec<Json>) -> Map {
    let mut config = handle(name, trainable);
    config.insert("dtype".into(), dtype.to_json());
    config.insert("layers".into(), layers.into());
    object("keras", "Sequential", Json::Null, config)
}

/// What stands first in the configuration of every layer.
fn handle(name: &str, trainable: bool) -> Map {
    [("name".to_string(), json!(name)), ("trainable".to_string(), json!(trainable))]
        .into_iter()
        .collect()
}

/// A built model, at the top or inside another one.
fn network_object(
    network: &Network,
    sequential: bool,
    name: &str,
    trainable: bool,
    dtype: &DTypePolicy,
) -> Map {
    if is_stack(network, sequential) {
        let layers = network.calls.iter().map(|call| layer_of(network, call));
        let mut map = sequential_object(name, trainable, dtype, layers.collect());
        let shape = network.input_specs().first().map(|spec| shape_json(&spec.shape));
        if let (Some(shape), Some(Json::Object(config))) = (shape, map.get_mut("config")) {
            config.insert("build_input_shape".into(), shape.clone());
            map.insert("build_config".into(), json!({"input_shape": shape}));
        }
        return map;
    }
    let uses = Uses::of(network);
    let mut config = handle(name, trainable);
    let layers: Vec<Json> = (0..network.layers.len()).map(|i| uses.layer(i)).collect();
    config.insert("layers".into(), layers.into());
    let inputs: Vec<Json> = network.inputs.iter().map(|&call| uses.end((call, 0))).collect();
    let outputs: Vec<Json> = network.outputs.iter().map(|&at| uses.end(at)).collect();
    config.insert("input_layers".into(), one_or_all(inputs));
    config.insert("output_layers".into(), one_or_all(outputs));
    let mut map = object("keras.src.models.functional", "Functional", json!("Functional"), config);
    map.insert("build_config".into(), json!({"input_shape": null}));
    map
}

/// Whether a network is a stack to Keras, which uses no layer twice.
pub(super) fn is_stack(network: &Network, sequential: bool) -> bool {
    sequential && network.calls.len() == network.layers.len()
}

/// Keras writes a single one without the list around it.
fn one_or_all(mut list: Vec<Json>) -> Json {
    if list.len() == 1 { list.swap_remove(0) } else { Json::Array(list) }
}

/// The uses of each layer of a network, which Keras calls its nodes.
struct Uses<'a> {
    network: &'a Network,
    /// The calls of each layer.
    of_layer: Vec<Vec<usize>>,
    /// Which use of its layer each call is.
    index: Vec<usize>,
}

impl Uses<'_> {
    fn of(network: &Network) -> Uses<'_> {
        let mut of_layer = vec![Vec::new(); network.layers.len()];
        let mut index = Vec::with_capacity(network.calls.len());
        for (i, call) in network.calls.iter().enumerate() {
            index.push(of_layer[call.layer].len());
            of_layer[call.layer].push(i);
        }
        Uses { network, of_layer, index }
    }

    fn entry(&self, call: usize) -> &NetworkLayer {
        &self.network.layers[self.network.calls[call].layer]
    }

    /// Where a model begins or ends: layer, use, output.
    fn end(&self, (call, output): (usize, usize)) -> Json {
        let entry = self.entry(call);
        // A functional model counts its own inside as its first use here, but not between layers.
        let nested =
            entry.layer.downcast::<Nested>().is_some_and(|n| !is_stack(&n.network, n.sequential));
        json!([entry.name, self.index[call] + usize::from(nested), output])
    }

    /// A layer with its uses as nodes.
    fn layer(&self, layer: usize) -> Json {
        let entry = &self.network.layers[layer];
        let calls: Vec<_> =
            self.of_layer[layer].iter().map(|&call| &self.network.calls[call]).collect();
        let mut json = calls.first().map_or(Json::Null, |call| layer_of(self.network, call));
        let nested = entry.layer.downcast::<Nested>().is_some();
        // Inputs with names of their own are arguments of their own.
        let one_by_one = !entry.layer.0.layer.signature().inputs.is_empty();
        let several = !one_by_one && calls.iter().any(|call| call.positional().len() > 1);
        let node = |call: &&LayerCall| {
            if let Some(operation) = entry.layer.downcast::<Operation>() {
                let tensors: Vec<Json> = call.inputs.iter().map(|&at| self.tensor(at)).collect();
                return operation.node(&tensors);
            }
            let own = call.positional().len();
            let mut tensors = call.inputs.iter().map(|&at| self.tensor(at));
            let positional: Vec<Json> = tensors.by_ref().take(own).collect();
            let arguments = if several { vec![Json::Array(positional)] } else { positional };
            let mut options = Map::new();
            if nested {
                options.insert("mask".into(), Json::Null);
            }
            let named: Vec<(&NamedTensor, Json)> =
                call.arguments.tensors.iter().zip(tensors).collect();
            for group in named.chunk_by(|a, b| a.0.name == b.0.name) {
                let name = &group[0].0.name;
                options.insert(name.clone(), self.argument(entry, call, name, group));
            }
            let flags = call.arguments.flags.iter();
            options.extend(flags.map(|(name, on)| (name.clone(), json!(on))));
            json!({"args": arguments, "kwargs": options})
        };
        let used = calls.iter().filter(|call| !call.inputs.is_empty());
        let nodes: Vec<Json> = used.map(node).collect();
        if let Json::Object(map) = &mut json {
            map.insert("name".into(), json!(entry.name));
            map.insert("inbound_nodes".into(), nodes.into());
        }
        json
    }

    /// Tensors under one name: one, or a list of them.
    fn argument(
        &self,
        entry: &NetworkLayer,
        call: &LayerCall,
        name: &str,
        group: &[(&NamedTensor, Json)],
    ) -> Json {
        let inputs = call.positional();
        let mut tensors: Vec<Json> = group.iter().map(|(_, tensor)| tensor.clone()).collect();
        // One mask for each of several inputs, null where there is none.
        if name == "mask" && inputs.len() > 1 {
            let mut masks = vec![Json::Null; inputs.len()];
            for (named, tensor) in group {
                if let Some(mask) = masks.get_mut(named.place) {
                    *mask = tensor.clone();
                }
            }
            return masks.into();
        }
        // Keras wants a list for each of several cells.
        let first = inputs.first().map(|&(c, k)| &self.network.calls[c].outputs[k].shape);
        let cells = first.and_then(|sequence| state_groups(&entry.layer, sequence));
        match cells.filter(|_| name == "initial_state") {
            Some(cells) => cells
                .into_iter()
                .map(|n| Json::from(tensors.drain(..n.min(tensors.len())).collect::<Vec<_>>()))
                .collect(),
            None => one_or_all(tensors),
        }
    }

    /// A symbolic tensor: what it is and where it comes from.
    fn tensor(&self, (call, output): (usize, usize)) -> Json {
        let spec = &self.network.calls[call].outputs[output];
        json!({
            "class_name": "__keras_tensor__",
            "config": {
                "shape": shape_json(&spec.shape),
                "dtype": spec.dtype.name(),
                "keras_history": [self.entry(call).name, self.index[call], output],
            },
        })
    }
}

/// The layer of a call, with the shapes it was built for where Keras builds something: weights, or
/// a merge.
fn layer_of(network: &Network, call: &LayerCall) -> Json {
    let inputs = call.positional();
    let specs = inputs.iter().map(|&(call, output)| &network.calls[call].outputs[output]);
    let weights = network.layer_weights.get(call.layer).is_some_and(|range| !range.is_empty());
    let built = if weights || inputs.len() > 1 { specs.collect() } else { Vec::new() };
    layer_object(&network.layers[call.layer], &built)
}

fn shape_json(shape: &PartialShape) -> Json {
    json!(shape.to_vec())
}

/// One layer with its name, and the shapes it was built for.
pub(super) fn layer_object(entry: &NetworkLayer, inputs: &[&TensorSpec]) -> Json {
    let info = &entry.layer.0;
    if let Some(nested) = info.layer_as::<Nested>() {
        let (network, sequential) = (&nested.network, nested.sequential);
        let mut map = network_object(network, sequential, &entry.name, info.trainable, &info.dtype);
        map.insert("compile_config".into(), json!({}));
        return Json::Object(map);
    }
    let mut json = serialize(&*info.layer);
    if let Some(Json::Object(config)) = json.get_mut("config") {
        let own = std::mem::take(config);
        if info.layer_as::<Operation>().is_some() {
            config.insert("name".into(), json!(entry.name));
            config.extend(own);
            json["registered_name"] = json!(info.layer.class_name());
            return json;
        }
        if info.layer_as::<InputLayer>().is_some() {
            config.extend(own);
            config.insert("name".into(), json!(entry.name));
        } else {
            config.extend(handle(&entry.name, info.trainable));
            config.insert("dtype".into(), info.dtype.to_json());
            let class = info.layer.class_name();
            if matches!(class, "Hashing" | "HashedCrossing")
                && own.get("output_mode") == Some(&json!("int"))
            {
                // Keras takes nothing else where places are numbers.
                config.insert("dtype".into(), json!("int64"));
            }
            config.extend(own);
            // Keras' classes take no more; they have no weights that training changes.
            if class.starts_with("SpatialDropout") || class == "Discretization" {
                config.shift_remove("trainable");
            }
        }
    }
    let shape = match inputs {
        [] => return json,
        [only] => shape_json(&only.shape),
        several => several.iter().map(|spec| shape_json(&spec.shape)).collect(),
    };
    let names = info.layer.signature().inputs;
    let shapes = match (inputs, names) {
        ([_, _, ..], [_, ..]) => {
            let pairs = names.iter().zip(inputs);
            let pairs =
                pairs.map(|(name, spec)| (format!("{name}_shape"), shape_json(&spec.shape)));
            json!({"shapes_dict": pairs.collect::<Map>()})
        }
        _ => json!({"input_shape": shape}),
    };
    if let Json::Object(map) = &mut json {
        map.insert("build_config".into(), shapes);
    }
    json
}
