//! Files of Keras 1, 2 and tf.keras in Keras 3's form: the one place that knows of them.
//!
//! Keras 3 writes a `DTypePolicy` with layers and a `batch_shape` with inputs, which no older version
//! does; a `module` tells nothing, as tf.keras 2.13 has it, and `.h5` files of Keras 3 have not.
mod compile;
mod rules;
#[cfg(test)]
mod tests;
mod tf_ops;

pub(super) use compile::training_config;
pub(super) use tf_ops::is_known as is_known_function;

use crate::config::{Map, find};
use crate::initializers::InitializerFn;
use crate::layers::Layer;
use crate::layers::operation::Operation;
use crate::{Error, Result, console};
use rules::{
    ARGUMENTS, CALLED_WITH_STATES, CLASSES, DROPPED, MERGES, OBJECTS, PYTHON, WITHOUT_FORMAT, WORDS,
};
use serde_json::{Value as Json, json};

/// A model's object in Keras 3's form; what is in it already stays as it is.
pub(crate) fn normalise(mut model: Json) -> Result<Json> {
    match is_new(&model) {
        true => modules(&mut model)?,
        false => self::model(&mut model)?,
    }
    Ok(model)
}

/// Whether Keras 3 wrote it.
fn is_new(json: &Json) -> bool {
    match json {
        Json::Object(map) => {
            map.contains_key("batch_shape")
                || class(json) == "DTypePolicy"
                || map.values().any(is_new)
        }
        Json::Array(list) => list.iter().any(is_new),
        _ => false,
    }
}

/// Adds what Keras 3 leaves out in `.h5` files: the modules of models inside, which say how their
/// uses are counted, and those of operations. Classes get the names that `.keras` files have.
fn modules(model: &mut Json) -> Result<()> {
    let layers = model.pointer_mut("/config/layers").and_then(Json::as_array_mut);
    for layer in layers.into_iter().flatten() {
        nodes(layer)?;
        if let Some((name, _)) = PYTHON.iter().find(|(_, python)| *python == class(layer)) {
            layer["class_name"] = json!(name);
        }
        if let Some(module) = Operation::module_of(layer, find::<dyn Layer>(class(layer)).is_ok()) {
            layer["module"] = json!(module);
        }
        if !is_model(layer) {
            continue;
        }
        modules(layer)?;
        if let Some(map) = layer.as_object_mut() {
            map.entry("module").or_insert_with(|| json!("keras"));
        }
    }
    Ok(())
}

/// The name of a class as `.h5` files of Keras 3 have it.
pub(crate) fn python_name(class: &str) -> &str {
    PYTHON.iter().find(|(name, _)| *name == class).map_or(class, |(_, python)| python)
}

fn is_model(json: &Json) -> bool {
    matches!(class(json), "Sequential" | "Functional" | "Model" | "Container")
}

fn class(json: &Json) -> &str {
    json.get("class_name").and_then(Json::as_str).unwrap_or_default()
}

fn model(json: &mut Json) -> Result<()> {
    let sequential = class(json) == "Sequential";
    if !sequential && is_model(json) {
        json["class_name"] = json!("Functional");
    }
    // Its uses are counted from 0, unlike those in Keras 3.
    if let Some(map) = json.as_object_mut() {
        map.shift_remove("module");
    }
    let Some(config) = json.get_mut("config") else { return Ok(()) };
    // Until Keras 2.2.2 a stack was no more than the list of its layers.
    if let Json::Array(layers) = config {
        *config = json!({"layers": std::mem::take(layers)});
    }
    let Some(layers) = config.get_mut("layers").and_then(Json::as_array_mut) else {
        return Ok(());
    };
    if sequential {
        input_of_stack(layers);
    }
    common_format(layers);
    let nested: Vec<(String, usize)> = layers.iter().filter_map(nested_base_name).collect();
    for layer in layers.iter_mut() {
        self::layer(layer)?;
        nodes(layer)?;
        tf_ops::layer(layer).map_err(|problem| {
            Error::Model(format!("the configuration cannot be read: {problem}"))
        })?;
    }
    if !sequential {
        ends(config);
        renumber(config, &nested);
    }
    Ok(())
}

/// A first layer that says what it is fed with has an input layer before it in Keras 3.
fn input_of_stack(layers: &mut Vec<Json>) {
    let Some(first) = layers.first().filter(|l| class(l) != "InputLayer" && !is_model(l)) else {
        return;
    };
    let Some(config) = first.get("config") else { return };
    let said = |key: &str| config.get(key).filter(|json| !json.is_null()).cloned();
    let Some(shape) = said("batch_input_shape") else { return };
    // A policy of a layer that computes in float16 does not hold for what it is fed with.
    let dtype = said("input_dtype").or_else(|| said("dtype")).filter(Json::is_string);
    let dtype = dtype.filter(|d| !d.as_str().is_some_and(|d| d.starts_with("mixed")));
    let input = json!({
        "class_name": "InputLayer",
        "config": {"batch_shape": shape, "dtype": dtype.unwrap_or_else(|| json!("float32"))},
    });
    layers.insert(0, input);
}

/// Gives layers that Keras 1 wrote without `dim_ordering` the one that the others agree on.
fn common_format(layers: &mut [Json]) {
    const KEY: &str = "/config/dim_ordering";
    let first = layers.iter().find_map(|layer| layer.pointer(KEY)).cloned();
    let Some(format) = first else { return };
    if layers.iter().filter_map(|layer| layer.pointer(KEY)).any(|other| *other != format) {
        return;
    }
    for layer in layers.iter_mut().filter(|layer| WITHOUT_FORMAT.contains(&class(layer))) {
        if let Some(config) = layer.get_mut("config").and_then(Json::as_object_mut) {
            config.entry("dim_ordering").or_insert_with(|| format.clone());
        }
    }
}

/// One layer, and those inside it.
fn layer(json: &mut Json) -> Result<()> {
    if is_model(json) {
        return self::model(json);
    }
    object(json)?;
    if let Some(name) = json.get_mut("name") {
        rename(name);
    }
    if let Some(name) = json.pointer_mut("/config/name") {
        rename(name);
    }
    Ok(())
}

/// Names of scopes, as `conv1/bn`, are no names of layers in Keras 3.
fn rename(name: &mut Json) {
    if let Json::String(text) = name
        && text.contains('/')
    {
        *text = layer_name(text);
    }
}

/// The name that a layer of an older file gets.
pub(crate) fn layer_name(name: &str) -> String {
    name.replace('/', "_")
}

/// An object of any class with `class_name` and `config`.
fn object(json: &mut Json) -> Result<()> {
    let old = class(json).to_string();
    let class = match CLASSES.iter().find(|(from, _)| *from == old) {
        Some((_, to)) => to.to_string(),
        None if old == "Merge" => merge(json)?,
        None => old.clone(),
    };
    if class != old {
        json["class_name"] = json!(class);
    }
    let Some(config) = json.get_mut("config").and_then(Json::as_object_mut) else {
        return Ok(());
    };
    arguments(config, &class, &old)
}

/// The arguments of a class in Keras 3's words.
fn arguments(config: &mut Map, class: &str, old: &str) -> Result<()> {
    let known = is_known(class);
    if known {
        // What says nothing is as good as left out, under whichever name.
        config.retain(|key, value| !value.is_null() || key == "merge_mode");
    }
    special(config, class, old)?;
    let holds = |classes: &[&str]| classes.contains(&class) || classes.is_empty() && known;
    for (classes, from, to) in ARGUMENTS {
        if holds(classes) && config.contains_key(*from) && !config.contains_key(*to) {
            let value = config.shift_remove(*from).unwrap_or_default();
            config.insert(to.to_string(), value);
        }
    }
    for (classes, key, _) in DROPPED {
        if holds(classes) {
            config.shift_remove(*key);
        }
    }
    for (key, value) in config.iter_mut() {
        let word = WORDS.iter().find(|(k, from, _)| k == key && value == from);
        if let Some((_, _, to)) = word {
            *value = json!(to);
        }
        inner(value)?;
    }
    if config.get("data_format") == Some(&json!("default")) {
        config.shift_remove("data_format");
    }
    Ok(())
}

/// Whether the rules for all classes hold for this one: not for those of a program.
fn is_known(class: &str) -> bool {
    find::<dyn Layer>(class).is_ok_and(|e| !e.names[0].contains('>'))
        || ARGUMENTS.iter().chain(DROPPED).any(|(classes, ..)| classes.contains(&class))
}

/// Initializers, regularizers, constraints, activations, layers of wrappers.
fn inner(json: &mut Json) -> Result<()> {
    match json {
        Json::Array(list) => list.iter_mut().try_for_each(inner),
        Json::Object(map) if map.contains_key("class_name") => {
            if is_model(json) {
                return self::model(json);
            }
            object(json)?;
            // tf.keras wrote the element type with initializers, which take it when called.
            if find::<dyn InitializerFn>(class(json)).is_ok()
                && let Some(config) = json.get_mut("config").and_then(Json::as_object_mut)
            {
                config.shift_remove("dtype");
            }
            Ok(())
        }
        // Keras 1: {"name": "MaxNorm", "m": 2}.
        Json::Object(map) => {
            let name = map.get("name").and_then(Json::as_str);
            let known = name.and_then(|n| OBJECTS.iter().find(|(from, _)| *from == n));
            if let Some((_, class)) = known {
                let mut config = std::mem::take(map);
                config.shift_remove("name");
                *json = json!({"class_name": class, "config": config});
                object(json)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// What no table can say.
fn special(config: &mut Map, class: &str, old: &str) -> Result<()> {
    sizes(config, &["nb_row", "nb_col"]);
    sizes(config, &["kernel_dim1", "kernel_dim2", "kernel_dim3"]);
    // tf.keras: {"class_name": "ListWrapper", "items": [3]}.
    if let Some(items) = config.get("axis").and_then(|axis| axis.get("items")).cloned() {
        config.insert("axis".into(), items);
    }
    // Of an Embedding the type of what it is fed with, which its input has by now.
    if class == "Embedding" {
        let whole = |d: &Json| d.as_str().is_some_and(|d| d.contains("int"));
        if config.get("dtype").is_some_and(whole) {
            config.shift_remove("dtype");
        }
    }
    if class == "BatchNormalization" {
        if let Some([axis]) = config.get("axis").and_then(Json::as_array).map(Vec::as_slice) {
            let axis = axis.clone();
            config.insert("axis".into(), axis);
        }
        unless(config, "mode", &json!(0), "other statistics than those of the batch")?;
        unless(config, "virtual_batch_size", &Json::Null, "statistics of parts of a batch")?;
    }
    if class == "Embedding"
        && let Some(rate) = config.shift_remove("dropout")
        && rate.as_f64() != Some(0.0)
    {
        console::warn(&format!(
            "an Embedding asks for whole words dropped in training at a rate of {rate}, which Keras 3 \
             does not have: training drops none"
        ));
    }
    unless(config, "time_major", &json!(false), "time as the first axis")?;
    config.shift_remove("time_major");
    if class == "LSTM"
        && let Some(rule) = config.shift_remove("forget_bias_init")
    {
        config.insert("unit_forget_bias".into(), json!(rule == "one" || rule == "ones"));
    }
    // Keras 3 lets the other direction always go backwards.
    if class == "Bidirectional"
        && !config.contains_key("backward_layer")
        && config.get("layer").and_then(|l| l.pointer("/config/go_backwards")) == Some(&json!(true))
    {
        let mut other = config["layer"].clone();
        other["config"]["go_backwards"] = json!(false);
        config.insert("backward_layer".into(), other);
    }
    // Until there was a choice, the gate came first.
    if class.starts_with("GRU") {
        config.entry("reset_after").or_insert(json!(false));
    }
    // The threshold of a ReLU, where 1 is the default of this class.
    if old == "ThresholdedReLU" && !config.contains_key("theta") {
        config.insert("theta".into(), json!(1.0));
    }
    Ok(())
}

/// An error where an argument asks for what Keras 3 no longer has.
fn unless(config: &Map, key: &str, plain: &Json, what: &str) -> Result<()> {
    match config.get(key) {
        Some(value) if !value.is_null() && value != plain => {
            let problem = format!("asks for {what}, which Keras 3 does not have; got {value}");
            Err(Error::argument(key, problem))
        }
        _ => Ok(()),
    }
}

/// Sizes of a kernel that Keras 1 gave one by one.
fn sizes(config: &mut Map, keys: &[&str]) {
    if keys.iter().all(|key| config.contains_key(*key)) {
        let sizes: Json = keys.iter().filter_map(|key| config.shift_remove(*key)).collect();
        config.insert("kernel_size".into(), sizes);
    }
}

/// Keras 1's one class for all merges.
fn merge(json: &mut Json) -> Result<String> {
    let config = json.get_mut("config").and_then(Json::as_object_mut);
    let empty = &mut Map::new();
    let config = config.unwrap_or(empty);
    if config.get("layers").is_some_and(|layers| !layers.is_null()) {
        let problem = "that holds its own branches; Ferras reads it between layers of a Model only";
        return Err(Error::Model(format!("the configuration has a Merge layer {problem}")));
    }
    let mode = config.get("mode").and_then(Json::as_str).unwrap_or_default();
    let known = MERGES.iter().find(|(name, _)| *name == mode);
    let Some((_, class)) = known else {
        let problem = format!("{mode:?} is no mode of Merge that Ferras reads");
        return Err(Error::Model(format!("the configuration has a Merge layer: {problem}")));
    };
    let kept: &[&str] = match *class {
        "Concatenate" => &["name", "trainable", "concat_axis"],
        "Dot" => &["name", "trainable", "dot_axes"],
        _ => &["name", "trainable"],
    };
    config.retain(|key, _| kept.contains(&key.as_str()));
    Ok(class.to_string())
}

/// A layer's uses: `[[["conv", 0, 0, {}]]]` becomes arguments and options.
fn nodes(layer: &mut Json) -> Result<()> {
    let recurrent = CALLED_WITH_STATES.contains(&class(layer));
    let Some(Json::Array(nodes)) = layer.get_mut("inbound_nodes") else { return Ok(()) };
    for node in nodes {
        let Json::Array(list) = node else { continue };
        // tf.keras leaves the list around a single tensor out.
        let flat = list.first().is_some_and(Json::is_string);
        let tensors =
            if flat { vec![Json::Array(std::mem::take(list))] } else { std::mem::take(list) };
        let mut options = Map::new();
        let mut arguments = Vec::new();
        for mut tensor in tensors {
            if let Some(Json::Object(more)) = tensor.get_mut(3) {
                options.extend(std::mem::take(more));
            }
            arguments.push(match tensor.get(0).and_then(Json::as_str) {
                Some("_CONSTANT_VALUE") => tensor.get(2).cloned().unwrap_or_default(),
                _ => keras_tensor(tensor),
            });
        }
        options.values_mut().for_each(further_tensors);
        // The states before the first step were inputs behind the sequence.
        if recurrent && arguments.len() > 1 {
            options.insert("initial_state".into(), arguments.split_off(1).into());
        }
        let arguments = match arguments.len() {
            1 => arguments,
            _ => vec![Json::Array(arguments)],
        };
        *node = json!({"args": arguments, "kwargs": options});
    }
    Ok(())
}

/// The tensor that stands as `["conv", 0, 0]`.
fn keras_tensor(mut tensor: Json) -> Json {
    if let Some(name) = tensor.get_mut(0) {
        rename(name);
    }
    let parts = tensor.as_array().map(|t| t.iter().take(3).cloned().collect::<Vec<_>>());
    json!({"class_name": "__keras_tensor__", "config": {"keras_history": parts}})
}

/// Tensors that a layer is called with by name.
fn further_tensors(json: &mut Json) {
    match json.as_array().map(Vec::as_slice) {
        Some([Json::String(_), Json::Number(_), Json::Number(_), ..]) => {
            *json = keras_tensor(json.take());
        }
        Some(_) => json.as_array_mut().into_iter().flatten().for_each(further_tensors),
        None => {}
    }
}

/// Names in `input_layers` and `output_layers`.
fn ends(config: &mut Json) {
    fn each(json: &mut Json) {
        match json {
            Json::Array(list) if list.first().is_some_and(Json::is_string) => {
                list.iter_mut().take(1).for_each(rename);
            }
            Json::Array(list) => list.iter_mut().for_each(each),
            Json::Object(map) => map.values_mut().for_each(each),
            _ => {}
        }
    }
    for key in ["input_layers", "output_layers"] {
        if let Some(json) = config.get_mut(key) {
            each(json);
        }
    }
}

/// The name of a model inside this one, and how often it is used.
fn nested_base_name(layer: &Json) -> Option<(String, usize)> {
    let name = layer.get("name").and_then(Json::as_str)?;
    let uses = layer.get("inbound_nodes").and_then(Json::as_array)?.len();
    (is_model(layer) && uses > 0).then(|| (layer_name(name), uses))
}

/// Keras 2 counts the inside of a model as its first use; each use is needed, so where the first
/// of them never is, counting began at 1.
fn renumber(config: &mut Json, nested: &[(String, usize)]) {
    fn each(json: &mut Json, visit: &mut dyn FnMut(&str, &mut Json)) {
        match json {
            Json::Array(list) => {
                if let [Json::String(name), node, ..] = list.as_mut_slice() {
                    visit(name, node);
                } else {
                    list.iter_mut().for_each(|json| each(json, visit));
                }
            }
            Json::Object(map) => map.values_mut().for_each(|json| each(json, visit)),
            _ => {}
        }
    }
    let mut references = |visit: &mut dyn FnMut(&str, &mut Json)| {
        for key in ["input_layers", "output_layers"] {
            each(&mut config[key], visit);
        }
        for layer in config["layers"].as_array_mut().into_iter().flatten() {
            each(&mut layer["inbound_nodes"], visit);
        }
    };
    for (name, _) in nested {
        let mut least = u64::MAX;
        references(&mut |n, node| {
            if n == name {
                least = least.min(node.as_u64().unwrap_or(0));
            }
        });
        if least == 1 {
            references(&mut |n, node| {
                if n == name {
                    *node = json!(node.as_u64().unwrap_or(1).saturating_sub(1));
                }
            });
        }
    }
}
