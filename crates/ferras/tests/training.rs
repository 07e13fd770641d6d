//! Whole training runs against Keras: the same start, data and arguments give the same history,
//! weights, evaluation and prediction.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, which clippy.toml does not know

mod common;
#[path = "common/runs.rs"]
mod runs;

use common::{difference, golden, list, number, tensor, tensor_difference, tensors, text, whole};
use ferras::prelude::*;
use runs::{TOLERANCE, classes, compiled, data};
use serde_json::Value as Json;

fn mlp(outputs: usize, activation: &str, hidden: &str) -> Sequential {
    Sequential::new()
        .add(Input::new([4]))
        .add(Dense::new(6).activation(hidden))
        .add(Dense::new(5).activation(hidden))
        .add(Dense::new(outputs).activation(activation))
}

fn regularized(rule: &str) -> Sequential {
    let layer = |units| {
        let dense = Dense::new(units).activation("relu");
        match rule {
            "kernel_l1" => dense.kernel_regularizer(l1(0.01)),
            "kernel_l2_bias_l1" => dense.kernel_regularizer(l2(0.02)).bias_regularizer(l1(0.03)),
            "kernel_l1_l2" => dense.kernel_regularizer(l1_l2(0.01, 0.02)),
            "activity_l1" => dense.activity_regularizer(l1(0.05)),
            "activity_l2" => dense.activity_regularizer(l2(0.05)),
            other => panic!("no rule is named {other}"),
        }
    };
    Sequential::new().add(Input::new([4])).add(layer(6)).add(layer(5)).add(Dense::new(2))
}

fn conv_net_batch_norm() -> Sequential {
    Sequential::new()
        .add(Input::new([7, 8, 2]))
        .add(Conv2D::new(3, 3).padding("same").activation("relu"))
        .add(BatchNormalization::new())
        .add(MaxPooling2D::new().pool_size(2))
        .add(Conv2D::new(4, 2).activation("relu"))
        .add(BatchNormalization::new().momentum(0.8))
        .add(Flatten::new())
        .add(Dense::new(3).activation("softmax"))
}

fn conv_net_average() -> Sequential {
    Sequential::new()
        .add(Input::new([7, 8, 2]))
        .add(Conv2D::new(4, 3).strides(2).padding("same").activation("tanh"))
        .add(AveragePooling2D::new(2).padding("same"))
        .add(GlobalAveragePooling2D::new())
        .add(Dense::new(3).activation("softmax"))
}

fn two_in_two_out() -> Result<Model> {
    let (image, numbers) = (Input::named("image", [7, 8, 2]), Input::named("numbers", [4]));
    let x = Conv2D::new(3, 3).activation("relu").name("look").apply(&image);
    let x = GlobalMaxPooling2D::new().name("peak").apply(&x);
    let both = Concatenate::new().name("both").apply([&x, &numbers]);
    let size = Dense::new(2).name("size").apply(&both);
    let kind = Dense::new(3).activation("softmax").name("kind").apply(&both);
    Model::new([&image, &numbers], [&size, &kind])
}

fn shared_layer() -> Result<Model> {
    let (a, b) = (Input::named("a", [4]), Input::named("b", [4]));
    let twice = Dense::new(3).activation("tanh").name("twice");
    let sum = Add::new().name("sum").apply([&twice.apply(&a), &twice.apply(&b)]);
    Model::new([&a, &b], Dense::new(2).name("out").apply(&sum))
}

fn nested_model() -> Result<Model> {
    let inner = Sequential::new()
        .add(Input::new([4]))
        .add(Dense::new(5).activation("relu"))
        .add(BatchNormalization::new())
        .build()?;
    let inner = Model::from(inner).with_name("inner");
    let x = Input::named("x", [4]);
    let y = Dense::new(2).name("head").apply(&inner.apply(&x)?);
    Ok(Model::new(&x, &y)?.with_name("outer"))
}

/// The network of a case.
fn network(name: &str) -> Result<Model> {
    let stack = match name {
        "mlp_binary_adam" | "mlp_binary_flat_targets" | "strings_only" | "class_weight_binary" => {
            mlp(1, "sigmoid", "relu")
        }
        "mlp_sparse_rmsprop"
        | "metrics_not_alphabetical"
        | "class_weight_sparse"
        | "class_weight_one_hot" => mlp(3, "softmax", "relu"),
        "mlp_categorical_adam" => mlp(3, "softmax", "selu"),
        "mlp_logits_smoothing" => mlp(3, "linear", "elu"),
        "conv_net_batch_norm" => conv_net_batch_norm(),
        "conv_net_average" => conv_net_average(),
        "sequence_sample_weight" => Sequential::new()
            .add(Input::new([4, 3]))
            .add(Dense::new(5).activation("tanh"))
            .add(Dense::new(3).activation("softmax")),
        "shared_layer" => return shared_layer(),
        "nested_model" => return nested_model(),
        "frozen_layers" => Sequential::new()
            .add(Input::new([4]))
            .add(Dense::new(5).activation("relu").trainable(false))
            .add(BatchNormalization::new().trainable(false))
            .add(Dense::new(2)),
        _ if name.starts_with("two_") => return two_in_two_out(),
        _ => match name.strip_prefix("regularized_") {
            Some(rule) => regularized(rule),
            None => mlp(2, "linear", "relu"),
        },
    };
    Ok(stack.build()?.into())
}

/// What differs from Keras in a case.
fn run(case: &Json) -> Result<Vec<String>> {
    let model = network(text(&case["name"]))?;
    // Keras puts the name of a stack in front, Ferras only that of a model inside another one.
    let weights = list(&case["initial_weights"]).iter();
    let paths: Vec<&str> =
        weights.map(|w| text(&w["path"]).trim_start_matches("sequential/")).collect();
    let own: Vec<&str> = model.weights().iter().map(|v| v.path()).collect();
    let mut wrong = Vec::new();
    if own != paths {
        wrong.push(format!("paths {own:?} for {paths:?}"));
    }
    wrong.extend(runs::run(model, case)?);
    Ok(wrong)
}

#[test]
fn every_run_is_that_of_keras() {
    let file = golden("training");
    let cases = list(&file["cases"]);
    assert_eq!(cases.len(), 47);
    let mut wrong = Vec::new();
    for case in cases {
        let name = text(&case["name"]);
        match run(case) {
            Ok(differences) => wrong.extend(differences.iter().map(|d| format!("{name}: {d}"))),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn single_batches_are_those_of_keras() -> Result<()> {
    let case = &golden("training")["on_batch"];
    let mut model: Model = mlp(1, "sigmoid", "relu").build()?.into();
    model.compile(compiled(&case["compile"], &["dense_2"]))?;
    model.set_weights(&tensors(&case["initial_weights"]))?;
    let (x, y) = (tensor(&case["x"]), tensor(&case["y"]));
    let rows = |all: &Tensor, first: usize, last: usize| {
        all.rows(first..last, &mut Vec::new()).unwrap().to_tensor()
    };
    for call in list(&case["calls"]) {
        let (first, last) = (whole(&call["rows"][0]), whole(&call["rows"][1]));
        let (x, y) = (rows(&x, first, last), rows(&y, first, last));
        let arguments = &call["arguments"];
        let mut options = OnBatch::new();
        if let Some(weight) = arguments.get("sample_weight") {
            options = options.sample_weight(data(weight));
        }
        if let Some(weights) = arguments.get("class_weight") {
            options = options.class_weight(classes(weights));
        }
        let logs = match text(&call["call"]) {
            "train_on_batch" => model.train_on_batch_with(&x, &y, options)?,
            _ => model.test_on_batch(&x, &y)?,
        };
        let found = ["loss", "accuracy"].map(|name| logs.get(name).unwrap());
        let expected: Vec<f64> = list(&call["returns"]).iter().map(number).collect();
        assert!(difference(&found, &expected) < TOLERANCE, "{call}: {found:?}");
    }
    let outputs = model.predict_on_batch(rows(&x, 0, 3))?;
    assert!(tensor_difference(&outputs[0], &tensor(&case["predict_on_batch"])) < TOLERANCE);
    for (variable, expected) in model.weights().iter().zip(list(&case["final_weights"])) {
        assert!(tensor_difference(&variable.value()?, &tensor(expected)) < TOLERANCE);
    }
    Ok(())
}

#[test]
fn a_built_stack_can_grow() -> Result<()> {
    let mut stack = Sequential::new().add(Dense::new(3).input_dim(2)).build()?;
    stack.compile(Compile::new().loss("mse"))?;
    let before = stack.get_weights()?;
    let mut stack = stack.add(Dense::new(1)).build()?;
    assert_eq!(stack.count_params(), 3 * 2 + 3 + 3 + 1);
    assert_eq!(stack.get_weights()?[..2], before[..]);
    let (x, y) = ([[0.0_f32, 1.0]], [[1.0_f32]]);
    assert!(stack.fit(x, y, Fit::new().verbose(0)).is_err(), "it is to be compiled again");
    stack.compile(Compile::new().loss("mse"))?;
    stack.fit(x, y, Fit::new().verbose(0)).map(|_| ())
}
