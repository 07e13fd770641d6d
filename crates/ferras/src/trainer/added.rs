//! What layers add to the loss and measure themselves, compared with the real Keras.
use crate::data::Data;
use crate::golden::{load, tensor};
use crate::prelude::*;
use serde_json::Value as Json;

/// Adds 0.1 · mean(x², last axis), one number a row, to the loss; follows two means.
#[derive(Clone, Debug, Config)]
struct Watched;

impl Layer for Watched {
    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        cx.add_loss(x.square().mean(&[-1], false) * 0.1);
        cx.add_metric("active", &x.greater(0.0).cast(DType::F32));
        cx.add_metric("size", &x.abs().mean(&[], false));
        x
    }
}

/// Logits and targets in, probabilities out; with a loss and an accuracy of its own.
#[derive(Clone, Debug, Config)]
struct Endpoint;

impl Layer for Endpoint {
    fn call(&self, cx: &mut Call) -> Value {
        let (logits, targets) = (cx.input_at(0), cx.input_at(1));
        cx.add_loss(crate::ops::binary_crossentropy(&targets, &logits, true).mean(&[], false));
        let probabilities = logits.sigmoid();
        let right = BinaryAccuracy::new().name("right");
        cx.update_metric(&right.into(), &targets, &probabilities, None);
        probabilities
    }
}

/// A model of its own: two layers, a shared one between, and a loss of what it computes.
#[derive(Clone, Debug, Config)]
struct Twice {
    hidden: LayerRef,
    shared: LayerRef,
    out: LayerRef,
}

impl Layer for Twice {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let specs = cx.inputs();
        let inside = [TensorSpec { shape: [None, Some(5)].into(), ..specs[0].clone() }];
        cx.child("hidden", &self.hidden, specs)?;
        cx.child("out", &self.out, &inside)?;
        cx.child("shared", &self.shared, &inside)
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        let h = cx.child("hidden", &self.hidden, vec![x]).remove(0);
        let h = cx.child("shared", &self.shared, vec![h]).remove(0).tanh();
        let h = cx.child("shared", &self.shared, vec![h]).remove(0);
        cx.add_loss(h.abs().mean(&[], false));
        cx.child("out", &self.out, vec![h]).remove(0)
    }
}

fn model(name: &str) -> Result<Model> {
    let x = Input::new([4]);
    let tanh = |units| Dense::new(units).activation("tanh");
    match name {
        "inside" => {
            let y = Watched::new().apply(tanh(5).apply(&x));
            Model::new(&x, Dense::new(2).apply(y))
        }
        "used_twice" => {
            let watched = Watched::new().layer();
            let y = watched.apply(tanh(4).apply(watched.apply(&x)));
            Model::new(&x, Dense::new(2).apply(y))
        }
        "in_a_model_inside" => {
            let inner = Sequential::new().add(Dense::new(3).input_dim(4)).add(Watched::new());
            Model::new(&x, Dense::new(2).apply(inner.build()?.apply(&x)?))
        }
        "endpoint" => {
            let targets = Input::new([1]);
            let y = Endpoint::new().apply([&Dense::new(1).apply(&x), &targets]);
            Model::new([&x, &targets], &y)
        }
        _ => {
            let own = Twice::new(tanh(5), Dense::new(5), Dense::new(2));
            Model::new(&x, own.apply(&x))
        }
    }
}

fn data(json: &Json) -> Data {
    match json {
        Json::Null => ().into(),
        Json::Array(list) => list.iter().map(tensor).collect::<Vec<_>>().into(),
        one => tensor(one).into(),
    }
}

fn near(found: f64, expected: &Json, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!(
        (found - expected).abs() <= 1e-4 * expected.abs().max(1e-2),
        "{what}: {found}, {expected}"
    );
}

fn check(case: &Json) -> Result<()> {
    let name = case["name"].as_str().unwrap();
    let list = |key: &str| case[key].as_array().unwrap().iter();
    let mut model = model(name)?;
    let mut compile = Compile::new().optimizer(SGD::new().learning_rate(0.1));
    if name != "endpoint" {
        compile = compile.loss("mse");
    }
    if case["metrics"].is_array() {
        compile = compile.metrics(["mae"]);
    }
    model.compile(compile)?;
    model.set_weights(&list("initial_weights").map(tensor).collect::<Vec<_>>())?;
    let fit = Fit::new().batch_size(5).epochs(3).shuffle(false).verbose(0);
    let fit = fit.validation_split(case["validation_split"].as_f64().unwrap());
    let (x, y) = (data(&case["x"]), data(&case["y"]));
    let history = model.fit(&x, &y, fit)?;
    let expected = case["history"].as_object().unwrap();
    let names: Vec<&String> = history.history.iter().map(|(name, _)| name).collect();
    assert_eq!(names, expected.keys().collect::<Vec<_>>(), "{name}");
    for (number, epochs) in expected {
        let found = history.get(number).unwrap();
        for (found, expected) in found.iter().zip(epochs.as_array().unwrap()) {
            near(*found, expected, &format!("{name}: {number}"));
        }
    }
    let logs = model.evaluate_with(&x, &y, Evaluate::new().batch_size(5).verbose(0))?;
    for (number, expected) in case["evaluated"].as_object().unwrap() {
        near(logs.get(number).unwrap(), expected, &format!("{name}: evaluated {number}"));
    }
    for (found, expected) in model.get_weights()?.iter().zip(list("final_weights")) {
        crate::golden::assert_close(found, expected, 1e-4, name);
    }
    Ok(())
}

#[test]
fn what_layers_add_counts_as_in_keras() {
    let file = load("added");
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        check(case).unwrap_or_else(|e| panic!("{}: {e}", case["name"]));
    }
}

/// Measures in training alone.
#[derive(Clone, Debug, Config)]
struct Secretive;

impl Layer for Secretive {
    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        if cx.training() {
            cx.add_metric("secret", &x);
        }
        x
    }
}

#[test]
fn metrics_of_layers_are_followed_in_every_call() {
    let mut model = Sequential::new().add(Dense::new(1).input_dim(2)).add(Secretive::new());
    model.compile(Compile::new().loss("mse")).unwrap();
    let error = model.fit([[1.0_f32, 2.0]], [[1.0_f32]], Fit::new().verbose(0)).unwrap_err();
    let expected = "\"secretive\" follows metric \"secret\" in training alone";
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn without_any_loss_there_is_nothing_to_train() {
    let mut model = Sequential::new().add(Dense::new(1).input_dim(2));
    model.compile(Compile::new()).unwrap();
    let error = model.fit([[1.0_f32, 2.0]], (), Fit::new().verbose(0)).unwrap_err();
    assert!(error.to_string().contains("has no loss to train with"), "{error}");
}
