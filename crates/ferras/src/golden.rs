//! What the tests need to compare with the reference numbers in `tests/golden`.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, which clippy.toml does not know
use ferras_graph::{Backend, Builder, DType, Interpreter, Tensor, Value};
use serde_json::Value as Json;

/// A file of reference numbers.
pub(crate) fn load(topic: &str) -> Json {
    let path = format!("{}/../../tests/golden/{topic}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The array of a file.
pub(crate) fn tensor(json: &Json) -> Tensor {
    let shape: Vec<usize> =
        json["shape"].as_array().unwrap().iter().map(|d| d.as_u64().unwrap() as usize).collect();
    let number = |v: &Json| match v {
        Json::String(s) => s.parse().unwrap(),
        v => v.as_f64().unwrap(),
    };
    let data: Vec<f64> = json["data"].as_array().unwrap().iter().map(number).collect();
    let dtype = json["dtype"].as_str().map_or(DType::F32, |name| DType::parse(name).unwrap());
    Tensor::new(shape, data).unwrap().cast(dtype)
}

/// Results of a graph of constants.
pub(crate) fn run(builder: Builder, fetches: &[Value]) -> Result<Vec<Tensor>, ferras_graph::Error> {
    let graph = builder.finish(fetches, &[])?;
    let mut results = Vec::new();
    Interpreter.compile(&graph)?.run(&[], &mut [], &mut results)?;
    Ok(results)
}

/// Fails unless all numbers agree within `tolerance` of the largest.
pub(crate) fn assert_close(found: &Tensor, expected: &Json, tolerance: f64, what: &str) {
    let expected = tensor(expected);
    assert_eq!(found.shape(), expected.shape(), "{what}");
    let (found, expected) = (found.to_f64_vec(), expected.to_f64_vec());
    let largest = expected.iter().filter(|v| v.is_finite()).fold(1e-30_f64, |m, v| m.max(v.abs()));
    for (i, (a, e)) in found.iter().zip(&expected).enumerate() {
        let same = a == e || a.is_nan() && e.is_nan() || (a - e).abs() <= tolerance * largest;
        assert!(same, "{what}, element {i}: {a}, Keras has {e}\n{found:?}\n{expected:?}");
    }
}
