//! The one gate for configurations: it looks at everything, wherever it is nested, before any of
//! it is understood, and refuses what could do more than describe a model.
use super::legacy::is_known_function;
use crate::config::Map;
use crate::models::{NAMES, is_harmless};
use crate::{Error, Result};
use serde_json::Value as Json;

/// Values nested deeper than this are refused: Keras' deepest own files have a tenth of it.
const MAX_DEPTH: usize = 256;

/// Classes that carry code, load something else, or stand for arbitrary Python objects, and why
/// each of them is refused.
const REFUSED: &[(&str, &str)] = &[
    ("Lambda", "holds Python code"),
    ("__lambda__", "holds Python code"),
    ("__typespec__", "names a Python class to be made"),
    ("TypeSpec", "names a Python class to be made"),
    ("CompositeTensor", "names a Python class to be made"),
    ("TorchModuleWrapper", "holds a pickle, which is Python code"),
    ("TFSMLayer", "loads another model from a path"),
    ("FlaxLayer", "holds Python code"),
    ("JaxLayer", "holds Python code"),
    ("TensorFlowOpLayer", "holds a function of TensorFlow that Ferras does not have"),
    ("TFOpLambda", "holds a function of TensorFlow that Ferras does not have"),
    ("SlicingOpLambda", "holds a function of TensorFlow that Ferras does not have"),
    ("ClassMethod", "holds a Python method instead of a layer"),
    ("InstanceMethod", "holds a Python method instead of a layer"),
    ("InstanceProperty", "holds a Python property instead of a layer"),
];

/// Refuses configurations with code, foreign modules, or files to be opened.
pub(crate) fn check(json: &Json) -> Result<()> {
    let mut stack = vec![(json, 0)];
    while let Some((json, depth)) = stack.pop() {
        if depth > MAX_DEPTH {
            return Err(refused("is nested too deep"));
        }
        match json {
            Json::Object(map) => {
                if let Some(class) = map.get("class_name").and_then(Json::as_str) {
                    check_class(class, map)?;
                }
                check_keys(map)?;
                stack.extend(map.values().map(|value| (value, depth + 1)));
            }
            Json::Array(list) => stack.extend(list.iter().map(|value| (value, depth + 1))),
            _ => {}
        }
    }
    Ok(())
}

fn check_class(class: &str, object: &Map) -> Result<()> {
    let refused_class = REFUSED.iter().find(|(name, _)| *name == class);
    if let Some((name, why)) = refused_class.filter(|_| !is_known_function(object)) {
        let own = object.get("config").and_then(|config| config.get("name"));
        let own = own.or_else(|| object.get("name")).and_then(Json::as_str).unwrap_or_default();
        let own: String = own.chars().take(40).collect();
        let called = if own.is_empty() { own } else { format!(" named {own:?}") };
        return Err(refused(&format!(
            "holds a {name}{called}, which {why}; Ferras does not load it: write that part as a layer of \
             its own and register it"
        )));
    }
    // Functions come as {"class_name": "function", "config": "relu"}, and Keras' own only.
    let module = object.get("module").and_then(Json::as_str);
    match module {
        Some(module) if class == "function" && !is_keras(module) && module != "builtins" => Err(
            refused(&format!("names a function of module {module:?}; Keras' own are read only")),
        ),
        _ => Ok(()),
    }
}

fn is_keras(module: &str) -> bool {
    module == "keras" || module.starts_with("keras.") || module.starts_with("tf_keras.")
}

/// Arguments that would open a file, or switch a check off.
fn check_keys(object: &Map) -> Result<()> {
    for (key, value) in object {
        match (key.as_str(), value) {
            ("safe_mode", value) if *value != Json::Bool(true) && !value.is_null() => {
                return Err(refused("sets safe_mode, which no file decides"));
            }
            ("vocabulary" | "vocabulary_file" | "idf_weights", Json::String(path)) => {
                let path: String = path.chars().take(80).collect();
                return Err(refused(&format!(
                    "names a file {path:?} as {key}; Ferras opens no other file than the model's"
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A name of a layer or model, if it is harmless to show and to write.
pub(super) fn check_name(name: &str) -> Result<String> {
    match is_harmless(name) {
        true => Ok(name.to_string()),
        false => {
            let start: String = name.chars().take(40).collect();
            Err(refused(&format!("names something {start:?}; a name {NAMES}")))
        }
    }
}

fn refused(problem: &str) -> Error {
    Error::Model(format!("the configuration {problem}"))
}
