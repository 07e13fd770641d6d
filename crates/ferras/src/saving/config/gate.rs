//! The one gate for configurations: it looks at everything, wherever it is nested, before any of
//! it is understood, and refuses what could do more than describe a model.
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
    ("__numpy__", "holds data outside of Keras' format"),
    ("__tensor__", "holds data outside of Keras' format"),
    ("TypeSpec", "names a Python class to be made"),
    ("CompositeTensor", "names a Python class to be made"),
    ("TorchModuleWrapper", "holds a pickle, which is Python code"),
    ("TFSMLayer", "loads another model from a path"),
    ("FlaxLayer", "holds Python code"),
    ("JaxLayer", "holds Python code"),
    ("TensorFlowOpLayer", "holds a TensorFlow operation instead of a layer"),
    ("TFOpLambda", "holds a TensorFlow operation instead of a layer"),
    ("SlicingOpLambda", "holds a TensorFlow operation instead of a layer"),
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
                    check_class(class)?;
                }
                stack.extend(map.values().map(|value| (value, depth + 1)));
            }
            Json::Array(list) => stack.extend(list.iter().map(|value| (value, depth + 1))),
            _ => {}
        }
    }
    Ok(())
}

fn check_class(class: &str) -> Result<()> {
    match REFUSED.iter().find(|(name, _)| *name == class) {
        Some((name, why)) => Err(refused(&format!(
            "holds a {name}, which {why}; Ferras does not load it: write that part as a layer of \
             its own and register it"
        ))),
        None => Ok(()),
    }
}

fn refused(problem: &str) -> Error {
    Error::Model(format!("the configuration {problem}"))
}
