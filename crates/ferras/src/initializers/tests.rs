use super::*;
use crate::config::{Map, Scope};
use ferras_graph::DType;
use serde_json::Value as Json;

fn golden() -> Json {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/initializers.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn make(row: &Json) -> std::sync::Arc<dyn InitializerFn> {
    let none = Map::new();
    let args = row["args"].as_object().unwrap_or(&none);
    let entry = crate::config::find::<dyn InitializerFn>(row["name"].as_str().unwrap()).unwrap();
    (entry.make)(args, &Scope::default()).unwrap()
}

fn sizes(json: &Json) -> Vec<usize> {
    json.as_array().unwrap().iter().map(|d| d.as_u64().unwrap() as usize).collect()
}

fn sample(row: &Json, shape: &[usize]) -> Vec<f64> {
    let ty = TensorType::new(DType::F32, shape.to_vec());
    make(row).call(&ty, &mut Generator::new(5)).unwrap().to_f64_vec()
}

fn deviation(x: &[f64]) -> (f64, f64) {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    (mean, (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64).sqrt())
}

#[test]
fn those_without_chance_equal_keras() {
    for row in golden()["exact"].as_array().unwrap() {
        let data: Vec<f64> =
            row["output"]["data"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        assert_eq!(sample(row, &sizes(&row["output"]["shape"])), data, "{}", row["name"]);
    }
}

#[test]
fn transforms_have_keras_kernels() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/windows.json");
    let file: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for case in file["cases"].as_array().unwrap() {
        let row = serde_json::json!({"name": "STFT", "args": case["args"]});
        let found = sample(&row, &sizes(&case["output"]["shape"]));
        for (found, expected) in found.iter().zip(case["output"]["data"].as_array().unwrap()) {
            let expected = expected.as_f64().unwrap();
            assert!((found - expected).abs() < 2e-6, "{}: {found} for {expected}", case["args"]);
        }
    }
    let kernel = TensorType::new(DType::F32, [3, 1, 2]);
    let window = STFT::new().window(vec![1.0, 2.0]);
    let error = window.call(&kernel, &mut Generator::new(5)).unwrap_err().to_string();
    assert!(error.contains("has 2 numbers, the frame has 3 samples"), "{error}");
}

#[test]
fn rules_can_be_told_the_axes_of_a_unit() {
    let rule = GlorotUniform::new().with_axes(&[0, 1], &[2]).unwrap().get().unwrap();
    let config = rule.get_config();
    assert_eq!(config["input_axes"], serde_json::json!([0, 1]));
    assert_eq!(config["output_axes"], serde_json::json!([2]));
    // Those that it was given before stay, and others do not ask.
    assert!(rule.with_axes(&[2], &[0]).is_none());
    assert!(Orthogonal::new().with_axes(&[0], &[1]).is_none());
}

#[test]
fn scaled_ones_have_keras_deviation_and_bounds() {
    for row in golden()["scaled"].as_array().unwrap() {
        let shape = sizes(&row["shape"]);
        let data = sample(row, &shape);
        if let Some(limit) = row["limit"].as_f64() {
            assert!(data.iter().all(|v| v.abs() <= limit * (1.0 + 1e-6)), "{row}");
        }
        if data.len() > 1000 {
            let (mean, found) = deviation(&data);
            let expected = row["stddev"].as_f64().unwrap();
            assert!((found / expected - 1.0).abs() < 0.02, "{row}: {found}");
            assert!(mean.abs() < 0.02 * expected, "{row}: {mean}");
            // The sample fills its bounds.
            let largest = data.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            assert!(row["limit"].as_f64().is_none_or(|l| largest > 0.98 * l), "{row}: {largest}");
        }
    }
}

#[test]
fn plain_ones_have_keras_moments() {
    for row in golden()["plain"].as_array().unwrap() {
        let (mean, found) = deviation(&sample(row, &sizes(&row["shape"])));
        let moments = &row["sample"];
        let expected = moments["stddev"].as_f64().unwrap();
        assert!((found / expected - 1.0).abs() < 0.02, "{row}: {found}");
        assert!(
            (mean - moments["mean"].as_f64().unwrap()).abs() < 0.03 * expected,
            "{row}: {mean}"
        );
    }
}

#[test]
fn orthogonal_ones_keep_lengths() {
    for (shape, gain) in [(vec![4, 7], 1.0), (vec![9, 3], 2.0), (vec![2, 3, 5], 0.5)] {
        let ty = TensorType::new(DType::F64, shape.clone());
        let rule = Orthogonal::new().gain(gain);
        let data = rule.call(&ty, &mut Generator::new(1)).unwrap().to_f64_vec();
        let columns = shape[shape.len() - 1];
        let rows = data.len() / columns;
        for i in 0..rows.min(columns) {
            for j in 0..rows.min(columns) {
                let dot: f64 = match rows >= columns {
                    true => (0..rows).map(|r| data[r * columns + i] * data[r * columns + j]).sum(),
                    false => {
                        (0..columns).map(|c| data[i * columns + c] * data[j * columns + c]).sum()
                    }
                };
                let expected = if i == j { gain * gain } else { 0.0 };
                assert!((dot - expected).abs() < 1e-12, "{shape:?} {i} {j}: {dot}");
            }
        }
    }
}

#[test]
fn a_seed_makes_a_rule_repeatable_whatever_the_programs_is() {
    let ty = TensorType::new(DType::F32, [3, 4]);
    let draw = |rule: &dyn InitializerFn, program| {
        rule.call(&ty, &mut Generator::new(program)).unwrap().to_f64_vec()
    };
    let (own, none) = (GlorotNormal::new().seed(3), GlorotNormal::new());
    assert_eq!(draw(&own, 1), draw(&own, 2));
    assert_ne!(draw(&none, 1), draw(&none, 2));
    assert_eq!(draw(&none, 1), draw(&none, 1));
}

#[test]
fn wrong_shapes_and_words_are_errors() {
    let ty = TensorType::new(DType::F32, [3]);
    let fails =
        |rule: &dyn InitializerFn| rule.call(&ty, &mut Generator::new(1)).unwrap_err().to_string();
    assert!(fails(&Identity::new()).contains("rank 2, got a weight of shape (3,)"));
    assert!(fails(&Orthogonal::new()).contains("rank 2 or more, got shape (3,)"));
    assert!(fails(&VarianceScaling::new().mode("fan_inn")).contains("did you mean \"fan_in\"?"));
    assert!(fails(&VarianceScaling::new().scale(0.0)).contains("must be above 0, got 0"));
    let axes = VarianceScaling::new().input_axes([4]).output_axes([0]);
    assert!(fails(&axes).contains("names axis 4"));
}
