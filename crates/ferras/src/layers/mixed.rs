//! Layers under dtype policies, against Keras' numbers.
use super::testing::{Run, build};
use super::{Layer, LayerRef};
use crate::config::{Map, Scope, find};
use crate::golden::{load, tensor};
use ferras_graph::{DType, Tensor, TensorType};
use serde_json::Value as Json;
use std::sync::Arc;

/// An array of a case in the type that it has in Keras.
fn typed(json: &Json) -> Tensor {
    tensor(json).cast(DType::parse(json["of"].as_str().unwrap()).unwrap())
}

fn list(json: &Json) -> Vec<Tensor> {
    json.as_array().unwrap().iter().map(typed).collect()
}

fn make(name: &str, args: &Json) -> Arc<dyn Layer> {
    let entry = find::<dyn Layer>(name).unwrap();
    let args: Map = args.as_object().unwrap().clone();
    (entry.make)(&args, &Scope::default()).unwrap()
}

/// What differs, if more than roundings of 16 bits, of which a few follow each other.
fn close(found: &Tensor, expected: &Json, what: &str) -> Result<(), String> {
    let (found, expected) = (found.to_f64_vec(), tensor(expected).to_f64_vec());
    let largest = expected.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let far = found.iter().zip(&expected).find(|(f, e)| (*f - *e).abs() > 2e-2 * largest);
    match far {
        None if found.len() == expected.len() => Ok(()),
        other => Err(format!("{what}: {other:?} of {largest}")),
    }
}

fn check(case: &Json) -> Result<(), String> {
    let layer = make(case["layer"].as_str().unwrap(), &case["args"]);
    let layer = LayerRef::from_arc(layer).dtype(case["policy"].as_str().unwrap());
    let (inputs, weights) = (list(&case["inputs"]), list(&case["weights"]));
    let types: Vec<TensorType> = inputs.iter().map(Tensor::ty).collect();
    for (spec, expected) in build(&layer, &types).unwrap().iter().zip(&weights) {
        assert_eq!(spec.ty(), &expected.ty(), "{}", spec.path());
    }
    let run = Run {
        layer: &layer,
        inputs: &inputs,
        weights: &weights,
        training: case["training"] == Json::Bool(true),
        cotangent: Some(&tensor(&case["cotangent"])),
    };
    let outcome = run.go().map_err(|e| e.to_string())?;
    let found = outcome.output.dtype().name();
    if found != case["output"]["of"] {
        return Err(format!("output {found} for {}", case["output"]["of"]));
    }
    close(&outcome.output, &case["output"], "output")?;
    for (name, value) in &outcome.updates {
        close(value, &case["updated"][name], name)?;
    }
    let gradients = case["input_gradients"].as_array().unwrap();
    for (found, expected) in outcome.input_gradients.iter().zip(gradients) {
        close(found, expected, "gradient of the input")?;
    }
    for (name, found) in &outcome.weight_gradients {
        close(found, &case["weight_gradients"][name], &format!("gradient of {name}"))?;
    }
    Ok(())
}

#[test]
fn layers_compute_in_their_policys_type() {
    let file = load("mixed");
    let cases = file["layers"].as_array().unwrap();
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let error = check(case).err()?;
            Some(format!("{} {} {}: {error}", case["policy"], case["layer"], case["training"]))
        })
        .collect();
    assert!(cases.len() > 40, "{}", cases.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
