//! Optimizers against the trajectories and configurations of Keras.
use super::*;
use crate::config::{ConfigValue, Scope, serialize};
use crate::golden::{assert_close, load, run, tensor};
use ferras_graph::{Builder, Tensor};
use serde_json::{Value as Json, json};
use std::sync::Arc;

fn made(class: &str, args: &Json) -> Arc<dyn OptimizerFn> {
    let json = json!({"class_name": class, "config": args});
    Optimizer::from_json(&json, &Scope::default()).unwrap().get().unwrap()
}

/// `{"schedule": name, "args": …}` as files write it.
fn revived(args: &Json) -> Json {
    let mut args = args.clone();
    let schedule = args["learning_rate"]["schedule"].clone();
    if schedule.is_string() {
        let config = args["learning_rate"]["args"].clone();
        args["learning_rate"] = json!({"class_name": schedule, "config": config});
    } else if args["learning_rate"].is_null() {
        args.as_object_mut().unwrap().remove("learning_rate");
    }
    args
}

/// States and weights after a step.
fn stepped(
    optimizer: &dyn OptimizerFn,
    trained: &[Trained],
    states: &[Tensor],
    weights: &[Tensor],
    gradients: &[Tensor],
) -> (Vec<Tensor>, Vec<Tensor>) {
    let b = Builder::new();
    let constants =
        |list: &[Tensor]| -> Vec<Value> { list.iter().map(|t| b.constant(t.clone())).collect() };
    let (s, w, g) = (constants(states), constants(weights), constants(gradients));
    let (mut all, weights) = apply(optimizer, trained, &s, &w, &g);
    let count = all.len();
    all.extend(weights);
    let mut results = run(b, &all).unwrap();
    let weights = results.split_off(count);
    (results, weights)
}

fn trained(names: &[&str], weights: &[Tensor]) -> Vec<Trained> {
    let pairs = names.iter().zip(weights);
    pairs.map(|(path, weight)| Trained { path: path.to_string(), ty: weight.ty() }).collect()
}

/// The values before the first step.
fn initial(kept: &[OptimizerState], weights: &[Tensor]) -> Vec<Tensor> {
    let value = |state: &OptimizerState| match &state.initial {
        Start::Known(value) => value.clone(),
        Start::Weight(place) => weights[*place].clone(),
    };
    kept.iter().map(value).collect()
}

fn tensors(list: &Json) -> Vec<Tensor> {
    list.as_array().unwrap().iter().map(tensor).collect()
}

/// Files do not keep which weights do not decay.
fn excluding(case: &Json, words: &Json) -> Arc<dyn OptimizerFn> {
    let words = words.as_array().unwrap().iter().map(|w| w.as_str().unwrap());
    let number = |name: &str| case["args"][name].as_f64().unwrap();
    let (rate, decay) = (number("learning_rate"), number("weight_decay"));
    macro_rules! made {
        ($($class:ident)*) => {
            match case["optimizer"].as_str().unwrap() {
                $(stringify!($class) => {
                    let optimizer = $class::new().learning_rate(rate).weight_decay(decay);
                    Arc::new(optimizer.exclude_from_weight_decay(words))
                })*
                other => panic!("{other}"),
            }
        };
    }
    made!(SGD AdamW Muon RMSprop)
}

fn check(file: &Json, case: &Json) {
    let what = format!("{} {}", case["optimizer"], case["args"]);
    let optimizer = match case.get("exclude_from_weight_decay") {
        Some(words) => excluding(case, words),
        None => made(case["optimizer"].as_str().unwrap(), &revived(&case["args"])),
    };
    optimizer.check().unwrap();
    let mut weights = tensors(&file["initial"]);
    let names: Vec<&str> =
        file["names"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
    let list = trained(&names, &weights);
    let kept = states(&*optimizer, &list);
    let mut states = initial(&kept, &weights);
    for (step, gradients) in file["gradients"].as_array().unwrap().iter().enumerate() {
        (states, weights) = stepped(&*optimizer, &list, &states, &weights, &tensors(gradients));
        for (weight, expected) in weights.iter().zip(case["after"][step].as_array().unwrap()) {
            assert_close(weight, expected, 2e-6, &format!("{what}, step {step}"));
        }
    }
    let expected = case["state"].as_array().unwrap();
    assert_eq!(expected.len(), states.len(), "{what}");
    for ((state, kept), expected) in states.iter().zip(&kept).zip(expected) {
        let path = expected["path"].as_str().unwrap();
        if path.contains('/') {
            assert_eq!(path.rsplit('/').next(), Some(kept.path.as_str()), "{what}");
        }
        assert_close(state, expected, 5e-6, &format!("{what}, {}", kept.path));
    }
    if let Some(finals) = case.get("finalized") {
        for ((_, place), expected) in
            averages(&*optimizer, &list).into_iter().zip(finals.as_array().unwrap())
        {
            assert_close(&states[place], expected, 2e-6, &format!("{what}, finalized"));
        }
    }
}

#[test]
fn trajectories_are_those_of_keras() {
    for file in ["optimizers", "optimizer_settings"].map(load) {
        for case in file["cases"].as_array().unwrap() {
            check(&file, case);
        }
    }
}

#[test]
fn configurations_are_those_of_keras() {
    let defaults = load("defaults");
    for row in defaults["optimizers"].as_array().unwrap() {
        let class = row["name"].as_str().unwrap();
        assert_eq!(Json::Object(made(class, &json!({})).get_config()), row["config"], "{class}");
    }
    for row in load("optimizer_settings")["defaults"].as_array().unwrap() {
        let (class, word) = (row["name"].as_str().unwrap(), row["word"].as_str().unwrap());
        let optimizer = Optimizer::from(word).get().unwrap();
        assert_eq!(optimizer.class_name(), class);
        let (found, expected) = (optimizer.get_config(), row["config"].as_object().unwrap());
        assert_eq!(found.len(), expected.len(), "{class}");
        for (key, value) in &found {
            // Keras writes a whole number where the default is one.
            let same = match value.as_f64() {
                Some(number) => {
                    (expected[key].as_f64().unwrap() - number).abs() <= 1e-12 * number.abs()
                }
                None => expected[key] == *value,
            };
            assert!(same, "{class}.{key}: {value}, Keras has {}", expected[key]);
        }
    }
    for row in defaults["serialized"].as_array().unwrap() {
        if row["module"] == "keras.optimizers" {
            let optimizer = Optimizer::from_json(row, &Scope::default()).unwrap();
            assert_eq!(serialize(&*optimizer.get().unwrap()), *row);
        }
    }
}

#[test]
fn a_name_stands_for_the_defaults() {
    let adam = Optimizer::from("adam").get().unwrap();
    assert_eq!(adam.get_config(), Adam::new().get_config());
    let error = Optimizer::from("adan").get().unwrap_err().to_string();
    assert!(error.contains("did you mean \"adam\"?"), "{error}");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let text = |optimizer: &dyn OptimizerFn| optimizer.check().unwrap_err().to_string();
    assert_eq!(
        text(&Adam::new().clipnorm(1.0).clipvalue(0.5)),
        "argument \"clipnorm\" excludes clipvalue and global_clipnorm: give one of the three, got \
         clipnorm = 1 and clipvalue = 0.5"
    );
    assert_eq!(
        text(&SGD::new().momentum(1.5)),
        "argument \"momentum\" must be from 0 to 1, got 1.5"
    );
    assert_eq!(
        text(&SGD::new().learning_rate(f64::NAN)),
        "argument \"learning_rate\" must be finite, got NaN"
    );
    assert!(text(&Adam::new().gradient_accumulation_steps(1_usize)).contains("at least 2, got 1"));
    assert!(text(&Adam::new().use_ema(true).ema_momentum(2.0)).contains("from 0 to 1, got 2"));
    let schedule = schedules::ExponentialDecay::new(0.1, 0, 0.5);
    assert!(text(&SGD::new().learning_rate(schedule)).contains("\"decay_steps\" must be above 0"));
}

#[test]
fn wrong_options_are_mistakes_of_the_step() {
    let sgd = SGD::new().momentum(2.0);
    let b = Builder::new();
    let values = [Tensor::scalar(1.0_f32)];
    let own = trained(&["w"], &values);
    let first = initial(&states(&sgd, &own), &values);
    let list: Vec<Value> = first.into_iter().map(|value| b.constant(value)).collect();
    let weight = b.constant(Tensor::scalar(1.0_f32));
    let one = std::slice::from_ref(&weight);
    let (_, weights) = apply(&sgd, &own, &list, one, one);
    let error = b.finish(&weights, &[]).unwrap_err().to_string();
    assert!(error.contains("\"momentum\" must be from 0 to 1, got 2"), "{error}");
}

/// Weights of several element types in one step, each with scalars of its own.
#[test]
fn weights_of_two_types_train_together() {
    let adam = Adam::new().learning_rate(0.5).global_clipnorm(10.0);
    let weights = [Tensor::scalar(1.0_f32), Tensor::scalar(1.0_f64)];
    let own = trained(&["a", "b"], &weights);
    let first = initial(&states(&adam, &own), &weights);
    let (states, weights) = stepped(&adam, &own, &first, &weights, &weights);
    assert_eq!(states[0].as_slice::<i64>(), Some(&[1][..]));
    // The first step of Adam is of the size of the learning rate.
    for weight in &weights {
        assert!((weight.to_f64_vec()[0] - 0.5).abs() < 1e-5, "{weight:?}");
    }
}

#[test]
fn optimizers_made_of_others_go_keras_way() {
    let file = load("compound_optimizers");
    let names = file["names"].as_array().unwrap().iter().map(|n| n.as_str().unwrap());
    let names: Vec<&str> = names.collect();
    for case in file["cases"].as_array().unwrap() {
        let what = case["object"]["config"].to_string();
        let optimizer = Optimizer::from_json(&case["object"], &Scope::default()).unwrap();
        let optimizer = optimizer.get().unwrap();
        optimizer.check().unwrap();
        let mut weights = tensors(&case["initial"]);
        let list = trained(&names, &weights);
        check_weights(&*optimizer, &list).unwrap();
        let kept = states(&*optimizer, &list);
        let mut values = initial(&kept, &weights);
        for (step, gradients) in case["gradients"].as_array().unwrap().iter().enumerate() {
            let gradients = tensors(gradients);
            (values, weights) = stepped(&*optimizer, &list, &values, &weights, &gradients);
            for (weight, expected) in weights.iter().zip(case["after"][step].as_array().unwrap()) {
                assert_close(weight, expected, 2e-6, &format!("{what}, step {step}"));
            }
        }
        let expected = case["state"].as_array().unwrap();
        assert_eq!(expected.len(), values.len(), "{what}");
        for ((state, kept), expected) in values.iter().zip(&kept).zip(expected) {
            assert_close(state, expected, 5e-6, &format!("{what}, {}", kept.path));
        }
        if let Some(finals) = case.get("finalized") {
            for (weight, place) in averages(&*optimizer, &list) {
                let expected = &finals.as_array().unwrap()[weight];
                assert_close(&values[place], expected, 2e-6, &format!("{what}, finalized"));
            }
        }
        let written = serialize(&*optimizer);
        assert_eq!(written["config"].get("name"), case["object"]["config"].get("name"));
        let again = Optimizer::from_json(&written, &Scope::default()).unwrap().get().unwrap();
        assert_eq!(serialize(&*again), written);
    }
}

#[test]
fn what_cannot_be_inside_an_optimizer_is_told() {
    let error = |optimizer: &dyn OptimizerFn| optimizer.check().unwrap_err().to_string();
    let scaled = LossScaleOptimizer::new(LossScaleOptimizer::new(SGD::new()));
    assert!(error(&scaled).contains("inner_optimizer") && error(&scaled).contains("LossScale"));
    assert!(error(&LossScaleOptimizer::new("sgd").initial_scale(0.0)).contains("above 0, got 0"));
    let map = OptimizerMap::new("sgd").with("a", MultiOptimizer::new(OptimizerMap::new("sgd")));
    assert!(error(&MultiOptimizer::new(map)).contains("cannot be a MultiOptimizer"));
    let map = OptimizerMap::new("sgd").with("(", "adam");
    assert!(error(&MultiOptimizer::new(map)).contains("no regular expression"));
    let map = OptimizerMap::new("sgd").with("a/.*", "adam").with(".*/kernel", "lion");
    let ty = ferras_graph::TensorType::new(ferras_graph::DType::F32, [1]);
    let weight = Trained { path: "a/kernel".into(), ty };
    let found = check_weights(&MultiOptimizer::new(map), &[weight]).unwrap_err().to_string();
    assert!(found.contains("several of its keys fit weight \"a/kernel\""), "{found}");
}
