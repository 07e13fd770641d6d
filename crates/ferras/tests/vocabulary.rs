//! Words of the vocabulary that want a whole model to be compared with the real Keras.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too

mod common;

use common::{golden, list, number, tensor, tensor_difference, tensors};
use ferras::config::{ConfigValue, Scope};
use ferras::prelude::*;
use serde_json::{Value as Json, json};

/// An object of a class of Keras.
fn made<T: ConfigValue>(class: &str, args: &Json) -> T {
    T::from_json(&json!({"class_name": class, "config": args}), &Scope::default()).unwrap()
}

fn near(found: &[Tensor], expected: &Json, bound: f64, what: &str) {
    let expected = tensors(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let apart = tensor_difference(found, expected);
        assert!(apart < bound, "{what}, {i}: {apart}\n{found:?}\n{expected:?}");
    }
}

/// Numbers to vectors, and the vectors' squares back to scores.
fn there_and_back(case: &Json, x: &Tensor) -> Model {
    let layer: LayerRef = made("ReversibleEmbedding", &case["args"]);
    let words = Input::of(&x.shape()[1..], DType::I32);
    let hidden = layer.apply(&words);
    let squares = Multiply::new().apply([&hidden, &hidden]);
    let scores = layer.with("reverse", true).apply(squares);
    let mut model = Model::new(&words, [&hidden, &scores]).unwrap();
    model.set_weights(&tensors(&case["weights"])).unwrap();
    model
}

#[test]
fn numbers_become_vectors_and_scores_as_in_keras() {
    let path = std::env::temp_dir().join(format!("ferras-reversible-{}.keras", std::process::id()));
    for case in list(&golden("reversible_embedding")["cases"]) {
        let x = tensor(&case["x"]);
        let mut model = there_and_back(case, &x);
        // Sums of rounded numbers may be rounded once more or less.
        let rounded = case["args"]["reverse_dtype"] != Json::Null;
        let (bound, trained_bound) = if rounded { (1e-2, 1e-2) } else { (1e-5, 1e-4) };
        let predict = |model: &Model| {
            let found = model.predict_with(&x, Predict::new().verbose(0)).unwrap();
            found.into_iter().map(|y| y.cast(DType::F32)).collect::<Vec<_>>()
        };
        let what = case["args"].to_string();
        near(&predict(&model), &case["outputs"], bound, &what);
        model.save(&path).unwrap();
        near(&predict(&Model::load(&path).unwrap()), &case["outputs"], bound, &what);
        let sgd = SGD::new().learning_rate(0.3);
        model.compile(Compile::new().optimizer(sgd).losses(["mse", "mse"])).unwrap();
        let zeros: Vec<Tensor> =
            tensors(&case["outputs"]).iter().map(|y| Tensor::zeros(&y.ty())).collect();
        for _ in 0..2 {
            model.train_on_batch(&x, zeros.clone()).unwrap();
        }
        near(&model.get_weights().unwrap(), &case["trained"], trained_bound, &what);
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn averages_are_validated_as_in_keras() {
    for case in list(&golden("ema_swap")["cases"]) {
        let mut options = case["options"].clone();
        options["learning_rate"] = json!(0.2);
        options["use_ema"] = json!(true);
        let hidden = Dense::new(3).activation("tanh").input_dim(2);
        let mut model = Sequential::new().add(hidden).add(Dense::new(1)).build().unwrap();
        model.set_weights(&tensors(&case["weights"])).unwrap();
        let sgd: Optimizer = made("SGD", &options);
        model.compile(Compile::new().optimizer(sgd).loss("mse")).unwrap();
        let swap = case["swap_on_epoch"].as_bool().unwrap();
        let mut seen = Vec::new();
        let watch = LambdaCallback::new().on_epoch_end(|_, _, run| {
            seen.push(run.get_weights()?);
            Ok(())
        });
        let [held_x, held_y] = <[Tensor; 2]>::try_from(tensors(&case["validation"])).unwrap();
        let fit = Fit::new().epochs(3).batch_size(4).shuffle(false).verbose(0);
        let fit = fit.validation_data(held_x, held_y);
        let fit = fit.callback(SwapEMAWeights::new().swap_on_epoch(swap)).callback(watch);
        let history = model.fit(tensor(&case["x"]), tensor(&case["y"]), fit).unwrap();
        for (name, values) in case["history"].as_object().unwrap() {
            for (found, expected) in history.get(name).unwrap().iter().zip(list(values)) {
                let expected = number(expected);
                assert!((found - expected).abs() < 1e-4 * expected, "{name}: {found}, {expected}");
            }
        }
        for (found, expected) in seen.iter().zip(list(&case["after_epochs"])) {
            near(found, expected, 1e-4, "weights after an epoch");
        }
        near(&model.get_weights().unwrap(), &case["trained"], 1e-4, "weights after training");
    }
}

#[test]
fn averages_that_are_not_kept_are_missed() {
    let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
    model.compile(Compile::new().optimizer("sgd").loss("mse")).unwrap();
    let fit = Fit::new().verbose(0).validation_split(0.5).callback(SwapEMAWeights::new());
    let error = model.fit([[1.0_f32], [2.0]], [[1.0_f32], [0.0]], fit).unwrap_err().to_string();
    assert!(error.contains("give it .use_ema(true)"), "{error}");
    let options = Evaluate::new().verbose(0).callback(SwapEMAWeights::new());
    let error = model.evaluate_with([[1.0_f32]], [[1.0_f32]], options).unwrap_err().to_string();
    assert!(error.contains("only be changed while it is trained"), "{error}");
}
