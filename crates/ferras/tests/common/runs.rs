//! Whole training runs of the golden files.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, which clippy.toml does not know
#![allow(dead_code)] // Each test uses its own part.
use super::common::{difference, list, number, tensor, tensor_difference, tensors, whole};
use ferras::config::{ConfigValue, Scope};
use ferras::data::Data;
use ferras::prelude::*;
use serde_json::{Value as Json, json};

/// Numbers that Keras computes in float32 over some steps agree to this share of the largest.
pub const TOLERANCE: f64 = 1e-4;

/// A name, `{"class": …, "args": …}`, or an object as files hold it.
fn made<T: ConfigValue>(spec: &Json) -> T {
    let json = match spec.get("class") {
        None => spec.clone(),
        Some(class) => json!({"class_name": class, "config": spec["args"]}),
    };
    T::from_json(&json, &Scope::default()).unwrap()
}

fn is_object(spec: &Json) -> bool {
    spec.get("class").or(spec.get("class_name")).is_some()
}

pub fn compiled(spec: &Json, outputs: &[&str]) -> Compile {
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
pub fn data(json: &Json) -> Data {
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

pub fn fit_arguments(arguments: &Json) -> Fit<'static> {
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

pub fn classes(json: &Json) -> Vec<(i64, f64)> {
    let row = |(class, weight): (&String, &Json)| (class.parse().unwrap(), number(weight));
    json.as_object().unwrap().iter().map(row).collect()
}

/// What differs from Keras when the model of a case is compiled, given its first weights, fitted,
/// evaluated and asked.
pub fn run(mut model: Model, case: &Json) -> Result<Vec<String>> {
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
    model.set_weights(&tensors(&case["initial_weights"]))?;
    let (x, y) = (data(&case["x"]), data(&case["y"]));
    let history = model.fit(&x, &y, fit_arguments(&case["fit"]))?;
    let expected = case["history"].as_object().unwrap();
    let own: Vec<&String> = history.history.iter().map(|(name, _)| name).collect();
    let keys: Vec<&String> = expected.keys().collect();
    check(format!("history {own:?} for {keys:?}"), if own == keys { 0.0 } else { 1.0 });
    // What a golden file leaves out is null.
    for (name, values) in expected.iter().filter(|(_, values)| !values.is_null()) {
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
    let batch_size = whole(&arguments["batch_size"]);
    let mut options = Evaluate::new().batch_size(batch_size).verbose(0);
    if let Some(weight) = arguments.get("sample_weight") {
        options = options.sample_weight(data(weight));
    }
    let logs = model.evaluate_with(&x, &y, options)?;
    for (name, value) in case["evaluate"]["logs"].as_object().unwrap() {
        let own = logs.get(name).unwrap_or(f64::NAN);
        check(format!("evaluate's {name}, {own}"), difference(&[own], &[number(value)]));
    }
    let outputs = model.predict_with(&x, Predict::new().batch_size(batch_size).verbose(0))?;
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
