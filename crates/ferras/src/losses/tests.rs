//! Losses against the numbers, names and configurations of Keras.
use super::*;
use crate::config::{ConfigValue, Map, Scope, serialize};
use crate::golden::{assert_close, load, run, tensor};
use ferras_graph::Builder;
use serde_json::{Value as Json, json};

fn made(class: &str, args: &Json) -> Loss {
    let json = json!({"class_name": class, "config": args});
    Loss::from_json(&json, &Scope::default()).unwrap()
}

/// Per-sample losses, the reduced loss and its gradient by the prediction.
fn compute(loss: &Loss, case: &Json) -> Vec<Tensor> {
    let b = Builder::new();
    let (t, p) = (b.constant(tensor(&case["y_true"])), b.constant(tensor(&case["y_pred"])));
    let weight = case.get("sample_weight").map(|w| b.constant(tensor(w)));
    let class = loss.get().unwrap();
    let mut plain = class.get_config();
    plain.insert("reduction".into(), "none".into());
    let plain = made(class.class_name(), &Json::Object(plain)).get().unwrap();
    let value = total(&*class, &t, &p.clone().into(), weight.as_ref());
    let gradient = ferras_graph::gradients(&value.sum(&[], false), std::slice::from_ref(&p));
    let samples = total(&*plain, &t, &p.clone().into(), None);
    run(b, &[samples, value, gradient[0].clone()]).unwrap()
}

#[test]
fn values_and_gradients_are_those_of_keras() {
    let files = ["losses", "loss_settings", "ctc"].map(load);
    let cases = files.iter().flat_map(|file| file["cases"].as_array().unwrap());
    for (i, case) in cases.enumerate() {
        let what = format!("case {i}: {} {} {}", case["loss"], case["args"], case["note"]);
        let loss = made(case["loss"].as_str().unwrap(), &case["args"]);
        let found = compute(&loss, case);
        assert_close(&found[0], &case["per_sample"], 1e-5, &format!("{what}, per sample"));
        // A weight a sample counts for all of its losses here, where Keras refuses it or takes it
        // for the last axis.
        let note = case["note"].as_str().unwrap_or_default();
        if case.get("error").is_some() || note.contains("last axis") {
            continue;
        }
        assert_close(&found[1], &case["value"], 1e-5, &format!("{what}, value"));
        // At 0 the slope of |x| is anything from −1 to 1: JAX says 1, TensorFlow and we say 0.
        if note.contains("the kink") {
            continue;
        }
        let bound = if note.contains("rounded to 0.01") { 1e-2 } else { 1e-5 };
        assert_close(&found[2], &case["gradient"], bound, &format!("{what}, gradient"));
    }
}

#[test]
fn functions_have_the_values_and_defaults_of_keras() {
    for case in load("loss_settings")["functions"].as_array().unwrap() {
        let name = case["function"].as_str().unwrap();
        let b = Builder::new();
        let (t, p) = (b.constant(tensor(&case["y_true"])), b.constant(tensor(&case["y_pred"])));
        let value = match name {
            "mean_squared_error" => mean_squared_error(&t, &p),
            "mean_absolute_error" => mean_absolute_error(&t, &p),
            "mean_absolute_percentage_error" => mean_absolute_percentage_error(&t, &p),
            "mean_squared_logarithmic_error" => mean_squared_logarithmic_error(&t, &p),
            "huber" => huber(&t, &p, 1.0),
            "log_cosh" => log_cosh(&t, &p),
            "hinge" => hinge(&t, &p),
            "squared_hinge" => squared_hinge(&t, &p),
            "categorical_hinge" => categorical_hinge(&t, &p),
            "kl_divergence" => kl_divergence(&t, &p),
            "poisson" => poisson(&t, &p),
            "cosine_similarity" => cosine_similarity(&t, &p, -1),
            "dice" => dice(&t, &p, None),
            "tversky" => tversky(&t, &p, (0.5, 0.5), None),
            "circle" => circle(&t, &p, &CircleOptions::default()),
            other => panic!("{other}"),
        };
        assert_close(&run(b, &[value]).unwrap()[0], &case["value"], 1e-5, name);
    }
}

#[test]
fn a_weight_a_sample_counts_for_all_its_losses() {
    let b = Builder::new();
    let values = b.constant(Tensor::new([2, 2], vec![1.0_f32, 2.0, 3.0, 4.0]).unwrap());
    let weight = b.constant(Tensor::new([2], vec![1.0_f32, 10.0]).unwrap());
    let found = reduce(&values, Some(&weight), Reduction::Sum);
    assert_eq!(run(b, &[found]).unwrap()[0].to_f64_vec(), [73.0]);
}

#[test]
fn names_mean_what_they_mean_in_keras() {
    for row in load("losses")["by_string"].as_array().unwrap() {
        let name = row["name"].as_str().unwrap();
        let Some(expected) = row["resolves_to"].as_str() else {
            assert!(Loss::from(name).get().is_err(), "{name}");
            continue;
        };
        let found = Loss::from(name).get().unwrap();
        assert!(
            [found.class_name().to_string(), found.name()].contains(&expected.into()),
            "{name}"
        );
    }
    let error = Loss::from("categorical_crossentrpy").get().unwrap_err().to_string();
    assert!(error.contains("did you mean \"categorical_crossentropy\"?"), "{error}");
}

#[test]
fn configurations_are_those_of_keras() {
    let defaults = load("defaults");
    for row in defaults["losses"].as_array().unwrap() {
        let class = row["name"].as_str().unwrap();
        let found = made(class, &json!({})).get().unwrap().get_config();
        assert_eq!(Json::Object(found), row["config"], "{class}");
    }
    let [settings, ctc] = ["loss_settings", "ctc"].map(|file| load(file)["defaults"].clone());
    for row in settings.as_array().unwrap().iter().chain(ctc.as_array().unwrap()) {
        let class = row["name"].as_str().unwrap();
        let found = made(class, &json!({})).get().unwrap().get_config();
        assert_eq!(Json::Object(found), row["config"], "{class}");
    }
    for row in defaults["serialized"].as_array().unwrap() {
        if row["module"] == "keras.losses" {
            let loss = Loss::from_json(row, &Scope::default()).unwrap();
            assert_eq!(serialize(&*loss.get().unwrap()), *row);
        }
    }
    let class: Map = Huber::new().delta(2.0).get_config();
    assert_eq!(class["delta"], 2.0);
}

/// Finite gradients even where predictions are 0, 1 or far away.
#[test]
fn gradients_are_finite_at_the_edges() {
    let b = Builder::new();
    let t = b.constant(Tensor::new([3, 2], vec![1.0_f32, 0.0, 0.0, 1.0, 1.0, 0.0]).unwrap());
    let p = b.constant(Tensor::new([3, 2], vec![0.0_f32, 1.0, 0.0, 1.0, 300.0, 0.0]).unwrap());
    let losses: Vec<Value> = ["bce", "categorical_crossentropy", "log_cosh"]
        .map(|name| total(&*Loss::from(name).get().unwrap(), &t, &p.clone().into(), None))
        .into();
    let mut fetches = Vec::new();
    for loss in &losses {
        fetches.extend(ferras_graph::gradients(loss, std::slice::from_ref(&p)));
    }
    for gradient in run(b, &fetches).unwrap() {
        assert!(gradient.to_f64_vec().iter().all(|g| g.is_finite()), "{gradient:?}");
    }
}

#[test]
fn a_closure_is_a_loss() {
    let b = Builder::new();
    let t = b.constant(Tensor::new([2, 1], vec![1.0_f32, 2.0]).unwrap());
    let p = b.constant(Tensor::new([2, 1], vec![3.0_f32, 2.0]).unwrap());
    let loss = Loss::custom("cubic", |t, p| {
        let e = p - t;
        (&e * &e * e).mean(&[-1], false)
    });
    let value = total(&*loss.get().unwrap(), &t, &p.clone().into(), None);
    assert_eq!(run(b, &[value]).unwrap()[0].to_f64_vec(), [4.0]);
}
