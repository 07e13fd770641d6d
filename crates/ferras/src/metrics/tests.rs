//! Metrics against the numbers, names and configurations of Keras.
use super::*;
use crate::config::{ConfigValue, Scope, serialize};
use crate::golden::{assert_close, load, run, tensor};
use ferras_graph::{Builder, Tensor};
use serde_json::{Value as Json, json};
use std::sync::Arc;

fn made(class: &str, args: &Json) -> Arc<dyn MetricFn> {
    let json = json!({"class_name": class, "config": args});
    Metric::from_json(&json, &Scope::default()).unwrap().get().unwrap()
}

/// The state after one more batch, as data between the batches.
fn updated(metric: &dyn MetricFn, state: &[Tensor], batch: &Json) -> Vec<Tensor> {
    let b = Builder::new();
    let state: Vec<Value> = state.iter().map(|t| b.constant(t.clone())).collect();
    let p = b.constant(tensor(batch.get("y_pred").unwrap_or(&batch["values"])));
    let t = batch.get("y_true").map_or_else(|| p.clone(), |t| b.constant(tensor(t)));
    let weights = batch.get("sample_weight").map(|w| b.constant(tensor(w)));
    let state = metric.update(&state, &t, &p, weights.as_ref());
    run(b, &state).unwrap()
}

/// The state for predictions of the first batch's shape.
fn zeros_for(metric: &dyn MetricFn, case: &Json) -> Vec<Tensor> {
    let first = &case["updates"][0];
    let p = tensor(first.get("y_pred").unwrap_or(&first["values"]));
    let sizes = p.shape().iter().enumerate().map(|(i, &d)| (i > 0).then_some(d));
    let types = metric.state(&sizes.collect::<Vec<_>>().into());
    types.iter().map(Tensor::zeros).collect()
}

fn zeros(metric: &dyn MetricFn) -> Vec<Tensor> {
    let types = metric.state(&PartialShape::from([None, Some(1)]));
    types.iter().map(Tensor::zeros).collect()
}

fn result(metric: &dyn MetricFn, state: &[Tensor]) -> Tensor {
    let b = Builder::new();
    let state: Vec<Value> = state.iter().map(|t| b.constant(t.clone())).collect();
    let result = metric.result(&state);
    run(b, &[result]).unwrap().remove(0)
}

#[test]
fn sequences_of_updates_give_the_results_of_keras() {
    let files = ["metrics", "metric_settings"].map(load);
    let cases = files.iter().flat_map(|file| file["sequences"].as_array().unwrap());
    for (i, case) in cases.enumerate() {
        let metric = made(case["metric"].as_str().unwrap(), &case["args"]);
        let what = format!("case {i}: {} {} {}", case["metric"], case["args"], case["note"]);
        assert_eq!(metric.name(), case["name"].as_str().unwrap(), "{what}");
        metric.check().unwrap();
        let mut state = zeros_for(&*metric, case);
        // Before the first batch Keras may not know of how many classes.
        if !case["result_before"].is_null() {
            assert_close(&result(&*metric, &state), &case["result_before"], 0.0, &what);
        }
        for update in case["updates"].as_array().unwrap() {
            state = updated(&*metric, &state, update);
            if let Some(expected) = update.get("result") {
                assert_close(&result(&*metric, &state), expected, 1e-5, &what);
            }
        }
    }
}

/// The rows of an array from `start`, at most `count`.
fn rows(array: &Json, start: usize, count: usize) -> Json {
    let shape: Vec<usize> =
        array["shape"].as_array().unwrap().iter().map(|d| d.as_u64().unwrap() as usize).collect();
    let end = shape[0].min(start + count);
    let row: usize = shape[1..].iter().product();
    let mut part = array.clone();
    part["shape"][0] = (end - start).into();
    part["data"] = array["data"].as_array().unwrap()[start * row..end * row].to_vec().into();
    part
}

#[test]
fn words_mean_what_they_mean_in_keras() {
    for case in load("metrics")["words"].as_array().unwrap() {
        let word = case["metrics"][0].as_str().unwrap();
        if case.get("error").is_some() {
            continue; // These, Ferras understands as older versions of Keras did.
        }
        let (t, p) = (tensor(&case["y_true"]), tensor(&case["y_pred"]));
        let metric = match word.to_lowercase().as_str() {
            "accuracy" | "acc" => {
                let shape = PartialShape::from(&p.shape()[..]);
                resolve_by_shape(word, t.shape(), &shape).unwrap()
            }
            _ => Metric::from(word).get().unwrap(),
        };
        assert_eq!(metric.class_name(), case["becomes"].as_str().unwrap(), "{word}");
        let size = case["batch_size"].as_u64().unwrap() as usize;
        let mut state = zeros(&*metric);
        for start in (0..t.shape()[0]).step_by(size) {
            let batch = json!({
                "y_true": rows(&case["y_true"], start, size),
                "y_pred": rows(&case["y_pred"], start, size),
            });
            state = updated(&*metric, &state, &batch);
        }
        let logged = &case["logs"][case["logged_as"].as_str().unwrap()];
        assert_close(&result(&*metric, &state), logged, 1e-5, word);
    }
}

#[test]
fn configurations_are_those_of_keras() {
    let defaults = load("defaults");
    for row in defaults["metrics"].as_array().unwrap() {
        let class = row["name"].as_str().unwrap();
        assert_eq!(Json::Object(made(class, &json!({})).get_config()), row["config"], "{class}");
    }
    for row in load("metric_settings")["defaults"].as_array().unwrap() {
        let class = row["name"].as_str().unwrap();
        let metric = made(class, &row["args"]);
        let (found, expected) = (metric.get_config(), row["config"].as_object().unwrap());
        assert_eq!(found.len(), expected.len(), "{class}");
        for (key, value) in &found {
            // Keras writes a whole 0 where the default is one.
            let same = match value.as_f64() {
                Some(number) => expected[key].as_f64() == Some(number),
                None => expected[key] == *value,
            };
            assert!(same, "{class}.{key}: {value}, Keras has {}", expected[key]);
        }
        let word = Metric::from(row["word"].as_str().unwrap());
        match row["args"].as_object().unwrap().is_empty() {
            true => assert_eq!(word.get().unwrap().class_name(), class),
            false => assert!(word.get().unwrap_err().to_string().contains("is missing"), "{class}"),
        }
    }
    for row in defaults["serialized"].as_array().unwrap() {
        if row["module"] == "keras.metrics" {
            let metric = Metric::from_json(row, &Scope::default()).unwrap();
            assert_eq!(serialize(&*metric.get().unwrap()), *row);
        }
    }
}

#[test]
fn precision_and_recall_count_positives() {
    // Of the predictions above 0.5 one of two is true; of three true ones one is found.
    let batch = json!({
        "y_true": {"shape": [4], "data": [0, 1, 1, 1]},
        "y_pred": {"shape": [4], "data": [0.9, 0.8, 0.5, 0.1]},
    });
    let value = |metric: &dyn MetricFn, batch: &Json| {
        result(metric, &updated(metric, &zeros(metric), batch)).to_f64_vec()[0]
    };
    assert_eq!(value(&Precision::new(), &batch), 0.5);
    assert_eq!(value(&Recall::new(), &batch), 1.0 / 3.0);
    assert_eq!(value(&Recall::new().thresholds(0.4), &batch), 2.0 / 3.0);
    let mut weighted = batch.clone();
    weighted["sample_weight"] = json!({"shape": [4], "data": [3, 1, 1, 1]});
    assert_eq!(value(&Precision::new(), &weighted), 0.25);
    let rows = json!({
        "y_true": {"shape": [2, 3], "data": [0, 1, 0, 1, 0, 0]},
        "y_pred": {"shape": [2, 3], "data": [0.2, 0.3, 0.5, 0.9, 0.8, 0.1]},
    });
    assert_eq!(value(&Precision::new().top_k(1), &rows), 0.5);
    assert_eq!(value(&Recall::new().top_k(2).class_id(1), &rows), 1.0);
    assert_eq!(value(&Precision::new().top_k(2).class_id(1), &rows), 0.5);
}

#[test]
fn a_class_that_is_ignored_has_no_weight() {
    let metric = SparseCategoricalCrossentropy::new().ignore_class(-1);
    let batch = json!({
        "y_true": {"shape": [2], "dtype": "int32", "data": [0, -1]},
        "y_pred": {"shape": [2, 2], "data": [0.5, 0.5, 0.9, 0.1]},
        "sample_weight": {"shape": [2], "data": [1, 1]},
    });
    let state = updated(&metric, &zeros(&metric), &batch);
    assert_eq!(state[1].to_f64_vec(), [1.0]);
    assert!((result(&metric, &state).to_f64_vec()[0] - 2.0_f64.ln()).abs() < 1e-6);
}
