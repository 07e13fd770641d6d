//! Ops that make masks: Keras writes each of them as a layer, where a layer is called with a mask.
//! Layers of a traced model find their masks themselves, so ops that only make masks are left out.
use serde_json::Value as Json;
use std::collections::{HashMap, HashSet};

/// What Keras makes masks of.
const OPS: [&str; 8] = [
    "Any",
    "Concatenate",
    "ExpandDims",
    "LogicalOr",
    "NotEqual",
    "OnesLike",
    "Squeeze",
    "ZerosLike",
];

pub(super) fn name_of(json: &Json) -> Option<&str> {
    json.get("name").or_else(|| json.pointer("/config/name"))?.as_str()
}

/// The ops of a model's layers that can make masks.
pub(super) struct MaskOps<'a> {
    names: HashSet<&'a str>,
    /// Those whose values are used for something else too.
    used: HashSet<&'a str>,
}

impl<'a> MaskOps<'a> {
    /// Looks through layers; `ends` is where the model ends.
    pub(super) fn of(layers: &'a [Json], ends: &'a Json) -> MaskOps<'a> {
        let ops = layers.iter().filter(|json| makes_masks(json));
        let ops: HashMap<&str, &Json> = ops.filter_map(|op| Some((name_of(op)?, op))).collect();
        let mut masks = MaskOps { names: ops.keys().copied().collect(), used: HashSet::new() };
        let mut found = Vec::new();
        strings(ends, &mut found);
        for layer in layers.iter().filter(|json| !makes_masks(json)) {
            masks.operands(layer, &mut found);
        }
        while let Some(name) = found.pop() {
            if let Some(op) = ops.get(name)
                && masks.used.insert(name)
            {
                masks.operands(op, &mut found);
            }
        }
        masks
    }

    /// Whether an object of a file is such an op and nothing else needs it.
    pub(super) fn only(&self, json: &Json) -> bool {
        makes_masks(json) && name_of(json).is_some_and(|name| !self.used.contains(name))
    }

    /// Whether a tensor, or each of a list that is one, is the result of such an op.
    pub(super) fn give(&self, json: &Json) -> bool {
        match json {
            Json::Array(list) => list.iter().all(|json| json.is_null() || self.give(json)),
            _ => source(json).is_some_and(|name| self.names.contains(name)),
        }
    }

    /// The layers whose values go into one, masks left out.
    fn operands(&self, layer: &'a Json, found: &mut Vec<&'a str>) {
        let nodes = layer.get("inbound_nodes").and_then(Json::as_array);
        for node in nodes.into_iter().flatten() {
            sources(node.get("args").unwrap_or(&Json::Null), found);
            let options = node.get("kwargs").and_then(Json::as_object).into_iter().flatten();
            for (_, value) in options.filter(|(key, value)| !(is_mask(key) && self.give(value))) {
                sources(value, found);
            }
        }
    }
}

/// Whether an argument of a call is a mask by its name.
pub(super) fn is_mask(key: &str) -> bool {
    key.ends_with("mask")
}

fn makes_masks(json: &Json) -> bool {
    let text = |key: &str| json.get(key).and_then(Json::as_str).unwrap_or_default();
    let is_op = ["keras.src.ops", "keras.ops"].iter().any(|m| text("module").starts_with(m));
    is_op && OPS.contains(&text("class_name"))
}

/// The layer that gives a symbolic tensor.
fn source(json: &Json) -> Option<&str> {
    json.pointer("/config/keras_history/0")?.as_str()
}

/// The layers that give the tensors in an argument.
fn sources<'a>(json: &'a Json, found: &mut Vec<&'a str>) {
    match json {
        Json::Array(list) => list.iter().for_each(|json| sources(json, found)),
        _ => found.extend(source(json)),
    }
}

/// All strings in lists and objects.
fn strings<'a>(json: &'a Json, found: &mut Vec<&'a str>) {
    match json {
        Json::Array(list) => list.iter().for_each(|json| strings(json, found)),
        Json::Object(map) => map.values().for_each(|json| strings(json, found)),
        Json::String(text) => found.push(text),
        _ => {}
    }
}
