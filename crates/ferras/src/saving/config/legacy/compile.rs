//! What older files were compiled with.
use super::super::wrapped;
use crate::config::find;
use crate::losses::LossFn;
use crate::metrics::MetricFn;
use crate::optimizers::OptimizerFn;
use serde_json::{Value as Json, json};

/// The `training_config` of an `.h5` file, of any version, as a `compile_config`.
pub(in crate::saving::config) fn training_config(mut json: Json) -> Json {
    let Some(map) = json.as_object_mut() else { return json };
    if let Some(optimizer) = map.shift_remove("optimizer_config") {
        map.insert("optimizer".into(), optimizer);
    }
    if let Some(json) = map.get_mut("optimizer") {
        optimizer(json);
    }
    for key in ["loss", "metrics", "weighted_metrics"] {
        if let Some(json) = map.get_mut(key) {
            functions(json);
        }
    }
    json
}

/// Arguments of older optimizers: old name, Keras 3's.
const ARGUMENTS: &[(&str, &str)] = &[("lr", "learning_rate"), ("beta1", "beta_1")];

/// Arguments of older optimizers that Keras 3 does not have.
const DROPPED: &[&str] = &["schedule_decay", "is_legacy_optimizer", "jit_compile", "decay"];

fn optimizer(json: &mut Json) {
    let Some(map) = json.as_object_mut() else { return };
    // tf.keras 2.11 registered its own new optimizers as if they were a program's.
    for key in ["class_name", "registered_name"] {
        let name =
            map.get(key).and_then(Json::as_str).filter(|n| find::<dyn OptimizerFn>(n).is_err());
        if let Some(class) = name.and_then(|name| name.strip_prefix("Custom>")) {
            let class = json!(class);
            map.insert(key.into(), class);
        }
    }
    let modern = map.contains_key("module");
    let Some(config) = map.get_mut("config").and_then(Json::as_object_mut) else { return };
    // Where there is a module, None is what was asked for.
    config.retain(|_, value| modern || !value.is_null());
    for (from, to) in ARGUMENTS {
        if let Some(value) = config.shift_remove(*from) {
            config.entry(*to).or_insert(value);
        }
    }
    let decay = config.get("decay").and_then(Json::as_f64).unwrap_or(0.0);
    let rate = config.get("learning_rate").filter(|rate| rate.is_number()).cloned();
    if let Some(rate) = rate.filter(|_| decay > 0.0) {
        // rate / (1 + decay · step)
        let schedule = json!({
            "class_name": "InverseTimeDecay",
            "config": {
                "initial_learning_rate": rate, "decay_steps": 1, "decay_rate": decay,
            },
        });
        config.insert("learning_rate".into(), schedule);
    }
    DROPPED.iter().for_each(|key| {
        config.shift_remove(*key);
    });
}

/// Losses and metrics, alone, in lists or by output.
fn functions(json: &mut Json) {
    match json {
        Json::Array(list) => list.iter_mut().for_each(functions),
        Json::Object(map) if map.contains_key("class_name") => function(json),
        Json::Object(map) => map.values_mut().for_each(functions),
        _ => {}
    }
}

fn function(json: &mut Json) {
    let class = json["class_name"].as_str().unwrap_or_default().to_string();
    let modern = json.get("module").is_some();
    let Some(config) = json.get_mut("config").and_then(Json::as_object_mut) else { return };
    config.retain(|_, value| modern || !value.is_null());
    if config.get("reduction") == Some(&json!("auto")) {
        config.insert("reduction".into(), json!("sum_over_batch_size"));
    }
    let name = config.get("fn").and_then(wrapped::function_name);
    let metric = name.and_then(|name| find::<dyn MetricFn>(name).ok()).map(|e| e.names[0]);
    let loss = name.and_then(|name| find::<dyn LossFn>(name).ok()).map(|e| e.names[0]);
    match &class[..] {
        "MeanMetricWrapper" if metric.is_none() => wrapped::take_in(config),
        "MeanMetricWrapper" | "LossFunctionWrapper" => {
            config.shift_remove("fn");
            if let Some(class) = metric.or(loss) {
                json["class_name"] = json!(class);
            }
        }
        // tf.keras wrote it with the classes too.
        _ => drop(config.shift_remove("fn")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decay_becomes_a_schedule() {
        let old = json!({"optimizer_config": {"class_name": "SGD",
                         "config": {"lr": 0.5, "decay": 0.1, "momentum": 0.0}}});
        let new = training_config(old);
        let rate = &new["optimizer"]["config"]["learning_rate"];
        assert_eq!(rate["class_name"], "InverseTimeDecay");
        assert_eq!(rate["config"]["initial_learning_rate"], 0.5);
    }
}
