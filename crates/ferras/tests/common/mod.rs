//! Reading the reference numbers of `tests/golden`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests are tests too
#![allow(dead_code)] // Each test uses its own part.
use ferras::models::{Model, Summary};
use ferras::{DType, Tensor};
use serde_json::Value as Json;

/// A file of reference numbers.
pub fn golden(topic: &str) -> Json {
    let path = format!("{}/../../tests/golden/{topic}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub fn list(json: &Json) -> &[Json] {
    json.as_array().unwrap()
}

pub fn text(json: &Json) -> &str {
    json.as_str().unwrap()
}

pub fn whole(json: &Json) -> usize {
    json.as_u64().unwrap() as usize
}

/// A number; what JSON cannot write is a string.
pub fn number(json: &Json) -> f64 {
    json.as_f64().unwrap_or_else(|| text(json).parse().unwrap())
}

/// The array of a file.
pub fn tensor(json: &Json) -> Tensor {
    let shape: Vec<usize> = list(&json["shape"]).iter().map(whole).collect();
    let data: Vec<f64> = list(&json["data"]).iter().map(number).collect();
    let dtype = json["dtype"].as_str().map_or(DType::F32, |name| DType::parse(name).unwrap());
    Tensor::new(shape, data).unwrap().cast(dtype)
}

pub fn tensors(json: &Json) -> Vec<Tensor> {
    list(json).iter().map(tensor).collect()
}

/// The largest difference, as a share of the largest expected number; infinite where shapes or
/// NaN differ.
pub fn difference(found: &[f64], expected: &[f64]) -> f64 {
    if found.len() != expected.len() {
        return f64::INFINITY;
    }
    let largest = expected.iter().fold(1e-3_f64, |m, v| m.max(v.abs()));
    let apart = |(a, b): (&f64, &f64)| match a == b || a.is_nan() && b.is_nan() {
        true => 0.0,
        false if (a - b).is_nan() => f64::INFINITY,
        false => (a - b).abs() / largest,
    };
    found.iter().zip(expected).map(apart).fold(0.0, f64::max)
}

/// The same for arrays.
pub fn tensor_difference(found: &Tensor, expected: &Tensor) -> f64 {
    if found.shape() != expected.shape() {
        return f64::INFINITY;
    }
    difference(&found.to_f64_vec(), &expected.to_f64_vec())
}

/// The table of a model for these arguments; what Keras takes from the terminal is given.
pub fn printed(model: &Model, case: &Json) -> String {
    let rule = text(&case["text"][1]).chars().count();
    let mut summary: Summary<'_> = model.summary().line_length(rule);
    for (name, value) in case["arguments"].as_object().unwrap() {
        summary = match name.as_str() {
            "line_length" => summary.line_length(whole(value)),
            "expand_nested" => summary.expand_nested(true),
            "show_trainable" => summary.show_trainable(true),
            "layer_range" => summary.layer_range(text(&value[0]), text(&value[1])),
            other => panic!("no argument is named {other}"),
        };
    }
    summary.to_string()
}
