//! Functional models: layers, their uses, and the tensors between them.
use super::masks::{self, is_mask};
use super::read::{Reader, layer_error, list};
use crate::config::{Map, Scope, mismatch};
use crate::layers::operation::Operation;
use crate::layers::{CallArguments, InputLayer, LayerRef, NamedTensor, Signature};
use crate::models::{Nested, Network, SymbolicInputs, SymbolicTensor};
use crate::{Error, Result};
use serde_json::Value as Json;
use std::collections::HashMap;

/// Uses of layers in a file, those of nested models counted each time the model is used.
const MAX_CALLS: usize = 50_000;

/// Where a tensor comes from: layer by its place, use, output.
type Source = (usize, usize, usize);

/// One use of a layer.
#[derive(Default)]
struct Node {
    /// The inputs, then the tensors that `arguments` names.
    inputs: Vec<Source>,
    arguments: CallArguments,
}

/// The layers of a file and their uses.
struct Graph<'a> {
    place: HashMap<&'a str, usize>,
    layers: Vec<LayerRef>,
    nodes: Vec<Vec<Node>>,
}

/// The network of a functional model's configuration.
pub(super) fn read(
    reader: &mut Reader,
    config: &Map,
    scope: &Scope,
    freeze: impl Fn(LayerRef) -> LayerRef,
) -> Result<Network> {
    let objects = list(config, "layers")?;
    let mut graph = Graph { place: HashMap::new(), layers: Vec::new(), nodes: Vec::new() };
    for (i, json) in objects.iter().enumerate() {
        let layer = freeze(reader.layer(json, scope)?);
        let own = layer.0.name.clone();
        let name = name_of(json).ok_or_else(|| invalid("a layer has no name"))?;
        if graph.place.insert(name, i).is_some() {
            return Err(invalid(&format!("two layers are named {name:?}")));
        }
        graph.layers.push(if own.is_none() { layer.name(name) } else { layer });
    }
    for json in objects {
        let nodes = graph.read_nodes(json)?;
        graph.nodes.push(nodes);
    }
    graph.check_size()?;
    let offsets: Vec<usize> = objects.iter().map(own_inside).collect();
    let ends = |key| graph.ends(config.get(key).unwrap_or(&Json::Null), key, &offsets);
    let (inputs, outputs) = (ends("input_layers")?, ends("output_layers")?);
    let tensors = graph.connect()?;
    let find = |ends: Vec<Source>| -> Result<Vec<SymbolicTensor>> {
        ends.iter().map(|source| graph.tensor(&tensors, source)).collect()
    };
    masks::network(find(inputs)?, find(outputs)?)
}

/// What a layer is called in a file.
fn name_of(json: &Json) -> Option<&str> {
    json.get("name").or_else(|| json.pointer("/config/name"))?.as_str()
}

fn invalid(problem: &str) -> Error {
    Error::Model(format!("the configuration does not describe a model: {problem}"))
}

/// Keras 3 counts a functional model's own inside as its first use where a model ends.
fn own_inside(json: &Json) -> usize {
    let sequential = json.get("class_name") == Some(&"Sequential".into());
    usize::from(json.get("module").is_some() && !sequential)
}

impl<'a> Graph<'a> {
    /// How a layer is used.
    fn read_nodes(&self, layer: &'a Json) -> Result<Vec<Node>> {
        let none = Vec::new();
        let nodes = match layer.get("inbound_nodes") {
            None | Some(Json::Null) => &none,
            Some(Json::Array(nodes)) => nodes,
            Some(other) => return Err(invalid(&mismatch("a list of inbound_nodes", other))),
        };
        let signature = self.place_of(layer).and_then(|i| self.layers.get(i));
        let signature = signature.map(|l| l.0.layer.signature()).unwrap_or_default();
        let node = |json: &Json| match Operation::is_meant(layer) {
            true => self.read_operands(json),
            false => self.read_node(json, &signature),
        };
        let mut nodes = nodes.iter().map(node).collect::<Result<Vec<Node>>>()?;
        let input = self.place_of(layer).is_some_and(|i| self.is_input(i));
        if input && nodes.is_empty() {
            nodes.push(Node::default());
        }
        Ok(nodes)
    }

    /// One use: what the layer is called with, by place and by name.
    fn read_node(&self, json: &Json, signature: &Signature) -> Result<Node> {
        let (mut node, mut further) = (Node::default(), Vec::new());
        let arguments = json.get("args").and_then(Json::as_array);
        let arguments = arguments.ok_or_else(|| invalid(&mismatch("a node", json)))?;
        for (i, argument) in arguments.iter().enumerate() {
            // Those after the inputs have names, which stand in the signature in their order. Where the
            // inputs are one list, only a mask can follow.
            let named = i.checked_sub(signature.inputs.len().max(1));
            let name = match signature.inputs.is_empty() {
                false => named.and_then(|i| signature.tensors.get(i)).copied(),
                true => named.and(signature.tensors.first()).copied(),
            };
            match name {
                // The switch `training` may stand before a mask.
                Some(_) if is_nothing(argument) || argument.is_boolean() => {}
                Some(name) => further.push((name.to_string(), argument)),
                None if !signature.inputs.is_empty() && argument.is_null() => {}
                None => self.read_tensors(argument, &mut node.inputs)?,
            }
        }
        let options = match json.get("kwargs") {
            None | Some(Json::Null) => &Map::new(),
            Some(Json::Object(map)) => map,
            Some(other) => return Err(invalid(&mismatch("an object of kwargs", other))),
        };
        while let Some(argument) =
            signature.inputs.get(node.inputs.len()).and_then(|n| options.get(*n))
            && !argument.is_null()
        {
            self.read_tensors(argument, &mut node.inputs)?;
        }
        for (key, value) in options {
            match value {
                Json::Null => {}
                _ if signature.inputs.contains(&&key[..]) => {}
                // Keras gives layers also the masks that no input has.
                _ if is_mask(key) && is_nothing(value) => {}
                // It has no effect in Keras 3: `fit` and `predict` tell every layer anew.
                Json::Bool(_) | Json::Number(_) if key == "training" => {}
                Json::Bool(on) if signature.flags.contains(&&key[..]) => {
                    node.arguments.flags.push((key.clone(), *on));
                }
                Json::Object(_) | Json::Array(_) if signature.tensors.contains(&&key[..]) => {
                    further.push((key.clone(), value));
                }
                other => {
                    let problem = mismatch("nothing but inputs", other);
                    return Err(invalid(&format!("a layer is called with {key}: {problem}")));
                }
            }
        }
        for (name, argument) in further {
            let (mut list, mut place) = (vec![argument], 0);
            while let Some(json) = list.pop() {
                match json {
                    Json::Array(several) => list.extend(several.iter().rev()),
                    Json::Null if is_mask(&name) => place += 1,
                    json => {
                        self.read_tensors(json, &mut node.inputs)?;
                        node.arguments.tensors.push(NamedTensor { name: name.clone(), place });
                        place += 1;
                    }
                }
            }
        }
        Ok(node)
    }

    /// The use of an operation, which knows itself what else it is called with.
    fn read_operands(&self, json: &Json) -> Result<Node> {
        let mut node = Node::default();
        let options = json.get("kwargs").and_then(Json::as_object).into_iter().flatten();
        let arguments = json.get("args").and_then(Json::as_array).into_iter().flatten();
        let mut all = arguments.chain(options.map(|(_, argument)| argument));
        all.try_for_each(|json| self.find_tensors(json, &mut node.inputs))?;
        Ok(node)
    }

    fn place_of(&self, json: &Json) -> Option<usize> {
        self.place.get(name_of(json)?).copied()
    }

    fn is_input(&self, layer: usize) -> bool {
        self.layers[layer].downcast::<InputLayer>().is_some()
    }

    /// The tensors of a call's argument: one, or a list of them.
    fn read_tensors(&self, json: &Json, inputs: &mut Vec<Source>) -> Result<()> {
        match json {
            Json::Array(list) => list.iter().try_for_each(|json| self.read_tensors(json, inputs)),
            Json::Object(map) if map.get("class_name") == Some(&"__keras_tensor__".into()) => {
                let history = json.pointer("/config/keras_history").unwrap_or(&Json::Null);
                inputs.push(self.source(history)?);
                Ok(())
            }
            other => Err(invalid(&mismatch("a tensor that a layer is called with", other))),
        }
    }

    /// The tensors among whatever an operation is called with.
    fn find_tensors(&self, json: &Json, inputs: &mut Vec<Source>) -> Result<()> {
        match json {
            Json::Array(list) => list.iter().try_for_each(|json| self.find_tensors(json, inputs)),
            Json::Object(map) if map.get("class_name") == Some(&"__keras_tensor__".into()) => {
                self.read_tensors(json, inputs)
            }
            _ => Ok(()),
        }
    }

    /// `[layer, use, output]`.
    fn source(&self, json: &Json) -> Result<Source> {
        let wrong = || invalid(&mismatch("[layer, node, tensor]", json));
        let number = |json: &Json| json.as_u64().and_then(|n| usize::try_from(n).ok());
        let Some([Json::String(name), node, output, ..]) = json.as_array().map(Vec::as_slice)
        else {
            return Err(wrong());
        };
        let layer = self.place.get(name.as_str());
        let layer = *layer.ok_or_else(|| invalid(&format!("there is no layer {name:?}")))?;
        let (node, output) = (number(node).ok_or_else(wrong)?, number(output).ok_or_else(wrong)?);
        Ok((layer, node, output))
    }

    /// The tensors that a model begins or ends with: one, several, or some by name.
    fn ends(&self, json: &Json, key: &str, offsets: &[usize]) -> Result<Vec<Source>> {
        match json {
            Json::Array(list) if list.first().is_some_and(Json::is_string) => {
                let (layer, node, output) = self.source(json)?;
                let nested = self.layers[layer].downcast::<Nested>().is_some();
                let offset = if nested { offsets[layer].min(node) } else { 0 };
                Ok(vec![(layer, node - offset, output)])
            }
            Json::Array(list) => {
                let ends = list.iter().map(|json| self.ends(json, key, offsets));
                Ok(ends.collect::<Result<Vec<_>>>()?.concat())
            }
            Json::Object(map) => {
                // Keras feeds what is given by name in the order of the names.
                let mut entries: Vec<(&String, &Json)> = map.iter().collect();
                entries.sort_by_key(|(name, _)| *name);
                let ends = entries.into_iter().map(|(_, json)| self.ends(json, key, offsets));
                Ok(ends.collect::<Result<Vec<_>>>()?.concat())
            }
            other => Err(invalid(&mismatch(&format!("a list of {key}"), other))),
        }
    }

    /// Bounds the work of building: nested models are traced at each use.
    fn check_size(&self) -> Result<()> {
        let uses = self.layers.iter().zip(&self.nodes);
        let total = uses.fold(0, |sum: usize, (layer, nodes)| {
            sum.saturating_add(size(layer).saturating_mul(nodes.len()))
        });
        match total <= MAX_CALLS {
            true => Ok(()),
            false => Err(invalid(&format!("its layers are used more than {MAX_CALLS} times"))),
        }
    }

    /// Calls every layer once its inputs are there.
    fn connect(&self) -> Result<HashMap<(usize, usize), SymbolicTensor>> {
        let mut waiting: HashMap<(usize, usize), usize> = HashMap::new();
        let mut users: HashMap<(usize, usize), Vec<(usize, usize)>> = HashMap::new();
        let mut ready = Vec::new();
        for (layer, nodes) in self.nodes.iter().enumerate() {
            for (use_, node) in nodes.iter().enumerate() {
                waiting.insert((layer, use_), node.inputs.len());
                for &(source, source_use, _) in &node.inputs {
                    users.entry((source, source_use)).or_default().push((layer, use_));
                }
                if node.inputs.is_empty() {
                    ready.push((layer, use_));
                }
            }
        }
        ready.reverse();
        let mut tensors = HashMap::new();
        while let Some((layer, use_)) = ready.pop() {
            let node = &self.nodes[layer][use_];
            let inputs = node.inputs.iter().map(|source| self.tensor(&tensors, source));
            let inputs = SymbolicInputs(inputs.collect::<Result<_>>()?);
            let handle = self.layers[layer].clone();
            let tensor = SymbolicTensor::applied_with(handle, inputs, node.arguments.clone());
            tensors.insert((layer, use_), tensor);
            for user in users.remove(&(layer, use_)).unwrap_or_default() {
                if let Some(open) = waiting.get_mut(&user) {
                    *open -= 1;
                    if *open == 0 {
                        ready.push(user);
                    }
                }
            }
        }
        Ok(tensors)
    }

    fn tensor(
        &self,
        tensors: &HashMap<(usize, usize), SymbolicTensor>,
        &(layer, node, output): &Source,
    ) -> Result<SymbolicTensor> {
        let found = tensors.get(&(layer, node)).map(|tensor| tensor.output(output));
        found.ok_or_else(|| {
            let handle = &self.layers[layer].0;
            let problem = format!("its use number {node} is not there or depends on itself");
            layer_error(handle.name.as_deref(), handle.layer.class_name(), &problem)
        })
    }
}

/// Whether an argument is null, or a list of nothing else.
fn is_nothing(json: &Json) -> bool {
    json.as_array().map_or(json.is_null(), |list| list.iter().all(Json::is_null))
}

/// Uses of layers that one use of this layer comes to.
fn size(layer: &LayerRef) -> usize {
    let Some(nested) = layer.downcast::<Nested>() else { return 1 };
    let calls = nested.network.calls.iter().map(|c| size(&nested.network.layers[c.layer].layer));
    calls.fold(1, usize::saturating_add)
}
