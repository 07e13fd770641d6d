//! The numbers of Keras' own layers, activations and regularizers.
use super::testing::Run;
use super::{Layer, LayerRef};
use crate::activations::ActivationFn;
use crate::config::{Family, Map, Scope, find};
use crate::regularizers::RegularizerFn;
use ferras_graph::{Backend, Builder, Interpreter, Tensor, Value, gradients};
use serde_json::Value as Json;
use std::sync::Arc;

fn golden(topic: &str) -> Json {
    let path = format!("{}/../../tests/golden/{topic}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn tensor(json: &Json) -> Tensor {
    let sizes = json["shape"].as_array().unwrap().iter();
    let shape: Vec<usize> = sizes.map(|d| d.as_u64().unwrap() as usize).collect();
    let number = |v: &Json| match v.as_str() {
        Some(name) => name.parse::<f32>().unwrap(),
        None => v.as_f64().unwrap() as f32,
    };
    Tensor::new(shape, json["data"].as_array().unwrap().iter().map(number).collect()).unwrap()
}

fn tensors(json: &Json) -> Vec<Tensor> {
    json.as_array().unwrap().iter().map(tensor).collect()
}

fn make<T: Family + ?Sized>(name: &str, args: &Json) -> Arc<T> {
    let entry = find::<T>(name).unwrap();
    let args: Map = args.as_object().unwrap().clone();
    (entry.make)(&args, &Scope::default()).unwrap()
}

/// Within `tolerance` of the largest number that is expected.
fn close(found: &Tensor, expected: &Json, tolerance: f64, what: &str) -> Result<(), String> {
    let expected = tensor(expected);
    if found.shape() != expected.shape() {
        return Err(format!("{what}: shape {} for {}", found.shape(), expected.shape()));
    }
    let (a, b) = (found.to_f64_vec(), expected.to_f64_vec());
    let finite = b.iter().filter(|v| v.is_finite());
    // What is 0 but for rounding has nothing to be compared with.
    let scale = finite.fold(1e-2_f64, |m, v| m.max(v.abs()));
    for (i, (x, y)) in a.iter().zip(&b).enumerate() {
        let same = x == y || x.is_nan() && y.is_nan() || (x - y).abs() <= tolerance * scale;
        if !same {
            return Err(format!("{what} [{i}]: {x} for {y} (largest {scale})"));
        }
    }
    Ok(())
}

fn check_layer(case: &Json) -> Result<(), String> {
    let name = case["layer"].as_str().unwrap();
    let mut args = case["args"].clone();
    let trainable = args.as_object_mut().unwrap().shift_remove("trainable");
    let layer = LayerRef::from_arc(make::<dyn Layer>(name, &args));
    let layer = layer.trainable(trainable.as_ref().is_none_or(|t| *t == Json::Bool(true)));
    let run = Run {
        layer: &layer,
        inputs: &tensors(&case["inputs"]),
        weights: &tensors(&case["weights"]),
        training: case["training"] == Json::Bool(true),
        cotangent: Some(&tensor(&case["cotangent"])),
    };
    let outcome = run.go().map_err(|e| e.to_string())?;
    // There a float32 mean is off by a hundredth of the deviation; Keras rounds it, we need not.
    let rounded = case["note"] == "mean far larger than deviation";
    let (value_bound, gradient_bound) = if rounded { (1e-2, 1e-2) } else { (1e-5, 1e-4) };
    close(&outcome.output, &case["output"], value_bound, "output")?;
    for (name, value) in &outcome.updates {
        close(value, &case["updated"][name], value_bound, name)?;
    }
    let updated = case["updated"].as_object().map_or(0, Map::len);
    if updated != outcome.updates.len() && trainable.is_none() {
        return Err(format!("{updated} updates expected, got {}", outcome.updates.len()));
    }
    let gradients = case["input_gradients"].as_array().unwrap();
    for (i, (found, expected)) in outcome.input_gradients.iter().zip(gradients).enumerate() {
        close(found, expected, gradient_bound, &format!("gradient of input {i}"))?;
    }
    for (name, found) in &outcome.weight_gradients {
        close(
            found,
            &case["weight_gradients"][name],
            gradient_bound,
            &format!("gradient of {name}"),
        )?;
    }
    Ok(())
}

/// Checks all cases of a file, of which there must be so many.
fn check_topic(topic: &str, least: usize) {
    let file = golden(topic);
    let cases = file["cases"].as_array().unwrap();
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let error = check_layer(case).err()?;
            let (layer, args) = (&case["layer"], &case["args"]);
            Some(format!("{layer} {args} training {} {}: {error}", case["training"], case["note"]))
        })
        .collect();
    assert!(cases.len() >= least, "{} cases", cases.len());
    assert!(
        failed.is_empty(),
        "{} of {} failed:\n{}",
        failed.len(),
        cases.len(),
        failed.join("\n")
    );
}

#[test]
fn layers_give_keras_numbers() {
    check_topic("layers", 80);
}

#[test]
fn pools_give_keras_numbers() {
    check_topic("pools", 50);
}

#[test]
fn normalizations_give_keras_numbers() {
    check_topic("normalizations", 30);
}

#[test]
fn layers_that_move_and_merge_give_keras_numbers() {
    check_topic("shaping", 60);
}

#[test]
fn spectrograms_give_keras_numbers() {
    check_topic("spectrograms", 18);
}

#[test]
fn convolutions_give_keras_numbers() {
    check_topic("convolutions", 120);
}

/// The value and its gradient, of a function on the reference back end.
fn evaluate(x: &Tensor, weight: Option<&Tensor>, f: impl Fn(&Value) -> Value) -> [Tensor; 2] {
    let builder = Builder::new();
    let feed = builder.feed("x", x.ty());
    let y = f(&feed);
    let weighted = match weight {
        Some(w) => {
            let columns = y.dim(-1);
            &y * builder.constant(w.clone()).slice_axis(-1, 0, columns)
        }
        None => y.clone(),
    };
    let gradient = gradients(&weighted.sum(&[], false), &[feed]).remove(0);
    let graph = builder.finish(&[y, gradient], &[]).unwrap();
    let mut results = Vec::new();
    let executable = Interpreter.compile(&graph).unwrap();
    executable.run(&[x.view()], &mut [], &mut results).unwrap();
    let gradient = results.pop().unwrap();
    [results.pop().unwrap(), gradient]
}

#[test]
fn activations_give_keras_numbers() {
    let file = golden("activations");
    let (x, weight) = (tensor(&file["input"]), tensor(&file["weight"]));
    let mut failed = Vec::new();
    let mut tried = 0;
    for case in file["cases"].as_array().unwrap() {
        // Arguments of functions are those of the engine's own tests.
        if !case["args"].as_object().unwrap().is_empty() {
            continue;
        }
        let name = case["name"].as_str().unwrap();
        let function = make::<dyn ActivationFn>(name, &case["args"]);
        let [y, gradient] = evaluate(&x, Some(&weight), |x| function.call(x));
        failed.extend(close(&y, &case["output"], 1e-5, name).err());
        failed.extend(close(&gradient, &case["gradient"], 1e-5, name).err());
        tried += 1;
    }
    let far = tensor(&file["extremes_input"]);
    for case in file["extremes"].as_array().unwrap() {
        if case["args"].as_object().unwrap().is_empty() {
            let name = case["name"].as_str().unwrap();
            let function = make::<dyn ActivationFn>(name, &case["args"]);
            let [y, _] = evaluate(&far, None, |x| function.call(x));
            failed.extend(close(&y, &case["output"], 1e-5, &format!("{name} far out")).err());
        }
    }
    assert!(tried > 25, "{tried}");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn regularizers_give_keras_numbers() {
    let file = golden("regularizers");
    let x = tensor(&file["input"]);
    for case in file["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let rule = make::<dyn RegularizerFn>(name, &case["args"]);
        let [value, gradient] = evaluate(&x, None, |x| rule.call(x));
        close(&value, &case["value"], 1e-5, name).unwrap();
        // At 0 the slope of |x| is anything from -1 to 1: JAX says 1, TensorFlow and we say 0.
        let mut expected = case["gradient"].clone();
        let zero = x.to_f64_vec().iter().position(|&v| v == 0.0).unwrap();
        if name.starts_with("L1") {
            expected["data"][zero] = 0.0.into();
        }
        close(&gradient, &expected, 1e-5, name).unwrap();
    }
    for case in file["by_string"].as_array().unwrap() {
        assert!(find::<dyn RegularizerFn>(case["name"].as_str().unwrap()).is_ok(), "{case}");
    }
}
