//! Training under Keras' dtype policies, and configurations that carry them.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, which clippy.toml does not know

mod common;

use common::{golden, list, tensor, text};
use ferras::prelude::*;
use serde_json::{Value as Json, json};

/// A model of a case, from what Keras wrote, with the case's weights.
fn model(case: &Json) -> Result<Model> {
    let mut model = Model::from_json(&case["model"].to_string())?;
    let values: Vec<Tensor> = list(&case["initial_weights"]).iter().map(tensor).collect();
    model.set_weights(&values)?;
    Ok(model)
}

/// The policies of all layers, by their names.
fn policies(config: &Json) -> Vec<(String, Json)> {
    let layers = list(&config["config"]["layers"]).iter();
    layers.map(|l| (text(&l["class_name"]).to_string(), l["config"]["dtype"].clone())).collect()
}

#[test]
fn training_is_that_of_keras_to_the_precision_of_16_bits() -> Result<()> {
    let file = golden("mixed");
    for case in list(&file["training"]) {
        let name = format!("{} {}", text(&case["name"]), text(&case["policy"]));
        let mut model = model(case)?;
        let written: Json = serde_json::from_str(&model.to_json()?).unwrap();
        assert_eq!(policies(&written), policies(&case["model"]), "{name}");

        let optimizer = SGD::new().learning_rate(0.02).momentum(0.9);
        let compile = Compile::new().optimizer(optimizer).loss("categorical_crossentropy");
        model.compile(compile.metrics(["accuracy", "mae"]))?;
        let fit = Fit::new().batch_size(8).epochs(4).shuffle(false).verbose(0);
        let history = model.fit(tensor(&case["x"]), tensor(&case["y"]), fit)?;

        // Roundings differ in their order; weights are float32 and stay close.
        for key in ["loss", "mae"] {
            let found = history.get(key).unwrap();
            for (found, expected) in found.iter().zip(list(&case["history"][key])) {
                let expected = expected.as_f64().unwrap();
                assert!(
                    (found - expected).abs() < 1e-2 * expected,
                    "{name}: {key} {found} {expected}"
                );
            }
        }
        for (variable, expected) in model.weights().iter().zip(list(&case["final_weights"])) {
            assert_eq!(variable.ty().dtype.name(), text(&expected["of"]), "{name}");
            let (found, expected) = (variable.value()?.to_f64_vec(), tensor(expected).to_f64_vec());
            let largest = expected.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            for (f, e) in found.iter().zip(&expected) {
                let path = variable.path();
                assert!((f - e).abs() <= 2e-2 * largest, "{name}: {path} {f} {e} of {largest}");
            }
        }
        let predicted = model.predict(tensor(&case["x"]))?;
        assert_eq!(predicted.dtype().name(), text(&case["predict"]["of"]), "{name}");
    }
    Ok(())
}

#[test]
fn a_policy_goes_through_a_file_and_back() -> Result<()> {
    let x = Input::new([3]);
    let hidden = Dense::new(4).activation("relu").dtype("mixed_bfloat16").name("hidden").apply(&x);
    let model = Model::new(&x, Dense::new(2).dtype(DType::F32).name("head").apply(&hidden))?;
    let path = std::env::temp_dir().join(format!("ferras-policy-{}.keras", std::process::id()));
    model.save(&path)?;
    let again = Model::load(&path)?;
    std::fs::remove_file(&path).unwrap();
    assert_eq!(again.get_layer("hidden")?.dtype_policy().name(), "mixed_bfloat16");
    assert_eq!(again.get_layer("head")?.dtype_policy().name(), "float32");
    let data = [[1.0_f32, -2.0, 0.5]];
    assert_eq!(again.predict(data)?, model.predict(data)?);
    Ok(())
}

#[test]
fn a_policy_that_nobody_has_is_an_error_of_its_layer() {
    let x = Input::new([3]);
    let error = Model::new(&x, Dense::new(4).dtype("mixed_bfloat61").name("d").apply(&x));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("layer \"d\" (Dense)"), "{error}");
    assert!(error.contains("did you mean \"mixed_bfloat16\"?"), "{error}");
}

#[test]
fn policies_of_quantization_are_named() {
    let config = json!({"class_name": "Sequential", "config": {"name": "s", "layers": [
        {"class_name": "InputLayer", "config": {"batch_shape": [null, 2]}},
        {"class_name": "Dense", "config": {"units": 1, "name": "d", "dtype": {
            "module": "keras", "class_name": "QuantizedDTypePolicy",
            "config": {"mode": "int8", "source_name": "float32"}}}}]}});
    let error = Model::from_json(&config.to_string()).unwrap_err().to_string();
    assert!(error.contains("QuantizedDTypePolicy"), "{error}");
}
