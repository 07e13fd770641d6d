//! Whole training runs against Keras: the same start, data and arguments give the same history,
//! weights, evaluation and prediction.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, which clippy.toml does not know

mod common;

use common::{difference, golden, list, number, tensor, tensor_difference, tensors, text, whole};
use ferras::config::{ConfigValue, Scope};
use ferras::data::Data;
use ferras::prelude::*;
use serde_json::{Value as Json, json};

/// Numbers that Keras computes in float32 over some steps agree to this share of the largest.
const TOLERANCE: f64 = 1e-4;

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

/// A name or `{"class": …, "args": …}`.
fn made<T: ConfigValue>(spec: &Json) -> T {
    let json = match spec.as_object() {
        None => spec.clone(),
        Some(object) => json!({"class_name": object["class"], "config": object["args"]}),
    };
    T::from_json(&json, &Scope::default()).unwrap()
}

fn is_object(spec: &Json) -> bool {
    spec.get("class").is_some()
}

fn compiled(spec: &Json, outputs: &[&str]) -> Compile {
    let mut compile = Compile::new().optimizer(made::<Optimizer>(&spec["optimizer"]));
    compile = match &spec["loss"] {
        Json::Object(by_name) if !is_object(&spec["loss"]) => by_name
            .iter()
            .fold(compile, |compile, (name, loss)| compile.loss_for(name, made::<Loss>(loss))),
        Json::Array(losses) if losses.iter().any(Json::is_null) => outputs
            .iter()
            .zip(losses)
            .filter(|(_, loss)| !loss.is_null())
            .fold(compile, |compile, (name, loss)| compile.loss_for(*name, made::<Loss>(loss))),
        Json::Array(losses) => compile.losses(losses.iter().map(made::<Loss>)),
        loss => compile.loss(made::<Loss>(loss)),
    };
    compile = match &spec["loss_weights"] {
        Json::Array(weights) => {
            compile.loss_weights(weights.iter().map(number).collect::<Vec<_>>())
        }
        Json::Object(by_name) => by_name
            .iter()
            .fold(compile, |compile, (name, w)| compile.loss_weight_for(name, number(w))),
        _ => compile,
    };
    let metrics = |json: &Json| list(json).iter().map(made::<Metric>).collect::<Vec<_>>();
    compile = match &spec["metrics"] {
        Json::Null => compile,
        Json::Object(by_name) => by_name
            .iter()
            .fold(compile, |compile, (name, list)| compile.metrics_for(name, metrics(list))),
        Json::Array(lists) if lists[0].is_array() => outputs
            .iter()
            .zip(lists)
            .fold(compile, |compile, (name, list)| compile.metrics_for(*name, metrics(list))),
        list => compile.metrics(metrics(list)),
    };
    match &spec["weighted_metrics"] {
        Json::Null => compile,
        Json::Array(lists) if lists[0].is_array() => {
            outputs.iter().zip(lists).fold(compile, |compile, (name, list)| {
                compile.weighted_metrics_for(*name, metrics(list))
            })
        }
        list => compile.weighted_metrics(metrics(list)),
    }
}

/// One array, a list of them, or two by name.
fn data(json: &Json) -> Data {
    match json {
        Json::Array(arrays) => Data::from(arrays.iter().map(tensor).collect::<Vec<_>>()),
        Json::Object(object) if object.contains_key("data") => Data::from(tensor(json)),
        Json::Object(object) => {
            let named: Vec<(&str, Tensor)> =
                object.iter().map(|(name, array)| (name.as_str(), tensor(array))).collect();
            let [first, second] = <[_; 2]>::try_from(named).unwrap();
            Data::from([first, second])
        }
        other => panic!("no data: {other}"),
    }
}

fn fit_arguments(arguments: &Json) -> Fit<'static> {
    let mut fit = Fit::new().verbose(0);
    for (name, value) in arguments.as_object().unwrap() {
        fit = match name.as_str() {
            "batch_size" if value.is_null() => fit,
            "batch_size" => fit.batch_size(whole(value)),
            "epochs" => fit.epochs(whole(value)),
            "shuffle" => fit.shuffle(value.as_bool().unwrap()),
            "validation_split" => fit.validation_split(number(value)),
            "validation_data" => {
                let with = fit.validation_data(data(&value[0]), data(&value[1]));
                match value.get(2) {
                    Some(weight) => with.validation_sample_weight(data(weight)),
                    None => with,
                }
            }
            "validation_batch_size" => fit.validation_batch_size(whole(value)),
            "validation_steps" => fit.validation_steps(whole(value)),
            "validation_freq" => fit.validation_freq(match value {
                Json::Array(epochs) => ValidationFreq::Epochs(epochs.iter().map(whole).collect()),
                every => ValidationFreq::Every(whole(every)),
            }),
            "sample_weight" => fit.sample_weight(data(value)),
            "class_weight" => fit.class_weight(classes(value)),
            "initial_epoch" => fit.initial_epoch(whole(value)),
            "steps_per_epoch" => fit.steps_per_epoch(whole(value)),
            other => panic!("no argument is named {other}"),
        };
    }
    fit
}

fn classes(json: &Json) -> Vec<(i64, f64)> {
    let row = |(class, weight): (&String, &Json)| (class.parse().unwrap(), number(weight));
    json.as_object().unwrap().iter().map(row).collect()
}

/// What differs from Keras in a case.
fn run(case: &Json) -> Result<Vec<String>> {
    let mut model = network(text(&case["name"]))?;
    let names: Vec<String> =
        model.network()?.output_names().iter().map(|name| name.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    model.compile(compiled(&case["compile"], &names))?;
    let mut wrong = Vec::new();
    let mut check = |what: String, difference: f64| {
        if difference > TOLERANCE {
            wrong.push(format!("{what}: {difference:.2e}"));
        }
    };
    // Keras puts the name of a stack in front, Ferras only that of a model inside another one.
    let weights = list(&case["initial_weights"]).iter();
    let paths: Vec<&str> =
        weights.map(|w| text(&w["path"]).trim_start_matches("sequential/")).collect();
    let own: Vec<&str> = model.weights().iter().map(|v| v.path()).collect();
    check(format!("paths {own:?} for {paths:?}"), if own == paths { 0.0 } else { 1.0 });
    model.set_weights(&tensors(&case["initial_weights"]))?;
    let (x, y) = (data(&case["x"]), data(&case["y"]));
    let history = model.fit(&x, &y, fit_arguments(&case["fit"]))?;
    let expected = case["history"].as_object().unwrap();
    let own: Vec<&String> = history.history.iter().map(|(name, _)| name).collect();
    let keys: Vec<&String> = expected.keys().collect();
    check(format!("history {own:?} for {keys:?}"), if own == keys { 0.0 } else { 1.0 });
    for (name, values) in expected {
        let values: Vec<f64> = list(values).iter().map(number).collect();
        let own = history.get(name).unwrap_or_default();
        check(format!("history of {name}, {own:?} for {values:?}"), difference(own, &values));
    }
    let epochs: Vec<usize> = list(&case["epochs_run"]).iter().map(whole).collect();
    check("epochs".into(), if history.epoch == epochs { 0.0 } else { 1.0 });
    for (variable, expected) in model.weights().iter().zip(list(&case["final_weights"])) {
        let apart = tensor_difference(&variable.value()?, &tensor(expected));
        check(format!("weight {}", variable.path()), apart);
    }
    let arguments = &case["evaluate"]["arguments"];
    let mut options = Evaluate::new().batch_size(whole(&arguments["batch_size"])).verbose(0);
    if let Some(weight) = arguments.get("sample_weight") {
        options = options.sample_weight(data(weight));
    }
    let logs = model.evaluate_with(&x, &y, options)?;
    for (name, value) in case["evaluate"]["logs"].as_object().unwrap() {
        let own = logs.get(name).unwrap_or(f64::NAN);
        check(format!("evaluate's {name}, {own}"), difference(&[own], &[number(value)]));
    }
    let outputs = model.predict_with(&x, Predict::new().batch_size(5).verbose(0))?;
    let expected = match &case["predict"] {
        Json::Array(several) => several.clone(),
        one => vec![one.clone()],
    };
    assert_eq!(outputs.len(), expected.len());
    for (output, expected) in outputs.iter().zip(&expected) {
        check("predict".into(), tensor_difference(output, &tensor(expected)));
    }
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
