//! Attention as the real Keras computes and trains it, and through files.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
use ferras::config::{ConfigValue, Scope};
use ferras::prelude::*;
use serde_json::{Value as Json, json};

fn cases() -> Vec<Json> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/attention.json");
    let file: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    file["cases"].as_array().unwrap().clone()
}

fn tensor(json: &Json) -> Tensor {
    let sizes = json["shape"].as_array().unwrap().iter();
    let shape: Vec<usize> = sizes.map(|d| d.as_u64().unwrap() as usize).collect();
    let data = json["data"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32);
    Tensor::new(shape, data.collect()).unwrap()
}

fn tensors(json: &Json) -> Vec<Tensor> {
    json.as_array().unwrap().iter().map(tensor).collect()
}

fn apart(found: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(found.shape(), expected.shape());
    let (a, b) = (found.to_f64_vec(), expected.to_f64_vec());
    let largest = b.iter().fold(1e-2_f64, |m, v| m.max(v.abs()));
    a.iter().zip(&b).fold(0.0_f64, |m, (x, y)| m.max((x - y).abs())) / largest
}

/// The model of a case, with all outputs or the first alone.
fn model(case: &Json, outputs: usize) -> Model {
    let object = json!({"class_name": case["layer"], "config": case["args"]});
    let layer = LayerRef::from_json(&object, &Scope::default()).unwrap();
    let masked = case["masked"] == json!(true);
    let given = tensors(&case["inputs"]);
    let input = |(i, x): (usize, &Tensor)| {
        let dtype = if masked && i + 1 == given.len() { DType::Bool } else { DType::F32 };
        Input::of(&x.shape()[1..], dtype)
    };
    let inputs: Vec<SymbolicTensor> = given.iter().enumerate().map(input).collect();
    let own = inputs.len() - usize::from(masked);
    let mut call = layer.with("return_attention_scores", false);
    for (name, on) in case["options"].as_object().unwrap() {
        call = call.with(name, on.as_bool().unwrap());
    }
    if masked {
        call = call.with("attention_mask", inputs.last().unwrap());
    }
    let y = call.apply(&inputs[..own]);
    let outputs: Vec<SymbolicTensor> = (0..outputs).map(|i| y.output(i)).collect();
    let mut model = Model::new(inputs, outputs).unwrap();
    model.set_weights(&tensors(&case["weights"])).unwrap();
    model
}

/// The data of a case, its mask as truth values.
fn data(case: &Json) -> Vec<Tensor> {
    let mut x = tensors(&case["inputs"]);
    if case["masked"] == json!(true) {
        let mask = x.pop().unwrap();
        x.push(mask.cast(DType::Bool));
    }
    x
}

fn check(model: &Model, case: &Json, what: &str) {
    let found = model.predict_with(data(case), Predict::new().verbose(0)).unwrap();
    for (found, expected) in found.iter().zip(tensors(&case["outputs"])) {
        let apart = apart(found, &expected);
        assert!(apart < 1e-5, "{what} {} {}: {apart}", case["layer"], case["args"]);
    }
}

#[test]
fn attention_gives_keras_numbers() {
    let cases = cases();
    assert!(cases.len() > 20, "{}", cases.len());
    for case in &cases {
        let outputs = case["outputs"].as_array().unwrap().len();
        check(&model(case, outputs), case, "outputs of");
    }
}

#[test]
fn attention_is_trained_as_in_keras() {
    for case in &cases() {
        let mut model = model(case, 1);
        let sgd = SGD::new().learning_rate(0.5);
        model.compile(Compile::new().optimizer(sgd).loss("mse")).unwrap();
        let zeros = Tensor::zeros(&tensor(&case["outputs"][0]).ty());
        for _ in 0..2 {
            model.train_on_batch(data(case), &zeros).unwrap();
        }
        let found = model.get_weights().unwrap();
        for (found, expected) in found.iter().zip(tensors(&case["trained"])) {
            let apart = apart(found, &expected);
            assert!(apart < 1e-4, "trained {} {}: {apart}", case["layer"], case["args"]);
        }
    }
}

#[test]
fn what_a_call_is_given_is_kept_in_files() {
    let path = std::env::temp_dir().join(format!("ferras-attention-{}.keras", std::process::id()));
    for case in &cases() {
        let outputs = case["outputs"].as_array().unwrap().len();
        model(case, outputs).save(&path).unwrap();
        check(&Model::load(&path).unwrap(), case, "after a file,");
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn unknown_arguments_of_a_call_are_named() {
    let x = Input::new([4, 3]);
    let y = MultiHeadAttention::new(2, 3).with("use_causal_msk", true).apply([&x, &x]);
    let error = Model::new(&x, &y).unwrap_err().to_string();
    let expected = "takes no argument \"use_causal_msk\" (did you mean \"use_causal_mask\"?)";
    assert!(error.contains(expected), "{error}");
    let y = Dense::new(2).with("mask", &x).apply(&x);
    let error = Model::new(&x, &y).unwrap_err().to_string();
    assert!(error.contains("its call takes no argument \"mask\""), "{error}");
}
