//! Recurrent layers that carry their states from batch to batch.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too

mod common;
#[path = "common/runs.rs"]
mod runs;

use common::{golden, list, tensor, tensor_difference, tensors, text};
use ferras::prelude::*;
use serde_json::Value as Json;

const BATCH: usize = 4;

fn asked(model: &Model, x: &Tensor) -> Tensor {
    model.predict_with(x, Predict::new().batch_size(BATCH).verbose(0)).unwrap().remove(0)
}

/// A model with trained weights begins anew, goes on, and begins anew when it is told to.
fn begins_and_goes_on(case: &Json) -> Vec<String> {
    let mut model = Model::from_json(&case["model"].to_string()).unwrap();
    model.set_weights(&tensors(&case["final_weights"])).unwrap();
    let (x, expected) = (tensor(&case["x"]), tensor(&case["fresh"]));
    let first = asked(&model, &x);
    let second = asked(&model, &x);
    model.reset_states();
    let third = asked(&model, &x);
    let mut wrong = Vec::new();
    let difference = tensor_difference(&first, &expected);
    if difference > 1e-5 {
        wrong.push(format!("fresh: {difference:.2e}"));
    }
    if first == second || first != third {
        wrong.push("states are not carried on, or not reset".to_string());
    }
    wrong
}

#[test]
fn states_are_carried_as_in_keras() {
    let file = golden("stateful");
    let mut wrong = Vec::new();
    for case in list(&file["cases"]) {
        let name = text(&case["name"]);
        let model = Model::from_json(&case["model"].to_string());
        let again = model.and_then(|model| Model::from_json(&model.to_json()?));
        match again.and_then(|model| runs::run(model, case)) {
            Ok(differences) => wrong.extend(differences.iter().map(|d| format!("{name}: {d}"))),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
        wrong.extend(begins_and_goes_on(case).iter().map(|d| format!("{name}: {d}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn lstm() -> Model {
    let x = Input::batch_shape([2, 3, 1]);
    Model::new(&x, LSTM::new(4).stateful(true).apply(&x)).unwrap()
}

#[test]
fn states_are_no_weights_and_stay_with_their_model() {
    let model = lstm();
    assert_eq!((model.weights().len(), model.count_params()), (3, 4 * 4 * (1 + 4 + 1)));
    assert_eq!(model.layer_states("lstm").unwrap()[0].to_f64_vec(), [0.0; 8]);
    let x = Tensor::new([2, 3, 1], vec![0.5_f32; 6]).unwrap();
    let first = model.predict(&x).unwrap();
    let states = model.layer_states("lstm").unwrap();
    assert_eq!((states.len(), &states[0]), (2, &first)); // an LSTM's output is its first state
    // A model with this one inside has states of its own, which begin anew.
    let outer = Input::batch_shape([2, 3, 1]);
    let whole = Model::new(&outer, model.with_name("inner").apply(&outer).unwrap()).unwrap();
    assert_eq!(whole.predict(&x).unwrap(), first);
    assert_eq!(whole.layer_states("inner/lstm").unwrap()[0], first);
    whole.reset_layer_states("inner/lstm").unwrap();
    assert_eq!(whole.predict(&x).unwrap(), first);
    let error = whole.reset_layer_states("lstm").unwrap_err().to_string();
    assert!(error.contains("no layer \"lstm\"") && error.contains("carries states"), "{error}");
}

#[test]
fn threads_wait_for_each_other() {
    // Each batch adds its sum to the state, so that the last state tells whether any was lost.
    let x = Input::batch_shape([1, 2, 1]);
    let sum = SimpleRNN::new(1).activation("linear").stateful(true).kernel_initializer("ones");
    let model = Model::new(&x, sum.recurrent_initializer("ones").apply(&x)).unwrap();
    let ones = Tensor::new([1, 2, 1], vec![1.0_f32; 2]).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..50).for_each(|_| drop(model.predict(&ones).unwrap())));
        }
    });
    assert_eq!(model.layer_states("simple_rnn").unwrap()[0].to_f64_vec(), [400.0]);
}

#[test]
fn batches_of_another_size_are_told() {
    let x = Input::new([3, 1]);
    let open = Model::new(&x, LSTM::new(4).stateful(true).apply(&x)).unwrap_err().to_string();
    assert!(open.contains("batches of a known size, got shape (None, 3, 1)"), "{open}");
    let four = Tensor::new([4, 3, 1], vec![0.5_f32; 12]).unwrap();
    let error = lstm().predict(&four).unwrap_err().to_string();
    assert!(error.contains("carries states of batches of 2, got one of 4"), "{error}");
}
