//! What a model was compiled with, as Keras writes it.
use super::{gate, legacy, stack_keys, wrapped};
use crate::config::{ConfigValue, Family, Identifier, Map, Scope, mismatch, serialize};
use crate::losses::{Loss, LossFn};
use crate::metrics::{Metric, MetricFn};
use crate::models::Model;
use crate::optimizers::Optimizer;
use crate::trainer::{Compile, PerOutput};
use crate::{Error, Result};
use serde_json::{Value as Json, json};

/// The arguments of `compile` as Keras' `compile_config`; `{}` for a model that is not compiled.
///
/// The learning rate is the one of this moment. Losses and metrics of closures are written by
/// name, as Keras writes functions: reading them needs a registered class of that name.
pub(crate) fn compile_config(model: &Model) -> Result<Json> {
    let Some(compiled) = &model.training.compiled else { return Ok(json!({})) };
    let arguments = &compiled.arguments;
    let outputs = model.network().map_or(1, |n| n.outputs.len());
    let mut optimizer = serialize(&*compiled.optimizer);
    // That of an optimizer inside another one belongs to it; several keep their own.
    let config = match optimizer["config"].get("inner_optimizer") {
        Some(_) => &mut optimizer["config"]["inner_optimizer"]["config"],
        None => &mut optimizer["config"],
    };
    if config.get("learning_rate").is_some_and(|rate| !rate.is_object()) {
        config["learning_rate"] = json!(model.learning_rate()?);
    }
    let loss = |loss: &Option<Loss>| loss.as_ref().map_or(Json::Null, identifier::<dyn LossFn>);
    Ok(json!({
        "optimizer": optimizer,
        "loss": per_output(&arguments.losses, loss),
        "loss_weights": loss_weights(&arguments.loss_weights, &arguments.losses),
        "metrics": metrics(&arguments.metrics, outputs),
        "weighted_metrics": metrics(&arguments.weighted_metrics, outputs),
        "run_eagerly": arguments.run_eagerly,
        "steps_per_execution": arguments.steps_per_execution,
        "jit_compile": arguments.jit_compile.map_or(json!("auto"), |on| json!(on)),
    }))
}

/// By name where it was given so; functions as Keras writes them.
fn identifier<T: Family + ?Sized>(identifier: &Identifier<T>) -> Json {
    if let Some(name) = identifier.name() {
        return json!(name);
    }
    let json = identifier.to_json();
    match json["class_name"] == "function" {
        true => json!({
            "module": "builtins",
            "class_name": "function",
            "config": json["config"]["name"],
            "registered_name": "function",
        }),
        false => json,
    }
}

/// Where they have names Keras wants one for each loss.
fn loss_weights(weights: &PerOutput<f64>, losses: &PerOutput<Option<Loss>>) -> Json {
    let mut json = per_output(weights, |weight| json!(weight));
    if let (Json::Object(map), PerOutput::Named(losses)) = (&mut json, losses) {
        for (name, _) in losses {
            map.entry(name.clone()).or_insert(json!(1.0));
        }
    }
    json
}

fn per_output<T>(values: &PerOutput<T>, json: impl Fn(&T) -> Json) -> Json {
    match values {
        PerOutput::Unset => Json::Null,
        PerOutput::One(value) => json(value),
        PerOutput::List(list) => list.iter().map(json).collect(),
        PerOutput::Named(list) => {
            Json::Object(list.iter().map(|(name, value)| (name.clone(), json(value))).collect())
        }
    }
}

fn metrics(metrics: &PerOutput<Vec<Metric>>, outputs: usize) -> Json {
    let all = |list: &Vec<Metric>| -> Json {
        list.iter().map(|metric| wrapped::written(identifier::<dyn MetricFn>(metric))).collect()
    };
    match metrics {
        // One list stands for every output; Keras wants one for each.
        PerOutput::One(list) if outputs > 1 => Json::Array(vec![all(list); outputs]),
        other => per_output(other, all),
    }
}

/// What a `compile_config`, or an `.h5` file's `training_config` of any version, says for a model of
/// so many outputs; none where nothing was compiled.
///
/// `stack` is the name of a model that is a stack.
pub(crate) fn compile_from(
    json: &Json,
    outputs: usize,
    stack: Option<&str>,
    scope: &Scope,
) -> Result<Option<Compile>> {
    gate::check(json)?;
    let mut json = legacy::training_config(json.clone());
    if let (Some(stack), Some(optimizer)) = (stack, json.get_mut("optimizer")) {
        stack_keys::read(optimizer, stack);
    }
    let map = match &json {
        Json::Null => return Ok(None),
        Json::Object(map) => map,
        other => return Err(wrong("compile_config", mismatch("an object", other))),
    };
    let compile = match map.get("optimizer") {
        Some(Json::Null) => return Ok(None),
        Some(json) => Optimizer::from_json(json, scope).map(|o| Compile::new().optimizer(o)),
        // Keras reads such ones with its default, and sometimes writes them.
        None if map.contains_key("loss") => Ok(Compile::new()),
        None => return Ok(None),
    };
    let mut compile = compile.map_err(|e| wrong("optimizer", e))?;
    compile.losses = read(map, "loss", |json| match json {
        Json::Null => Ok(None),
        json => Loss::from_json(json, scope).map(Some),
    })?;
    compile.loss_weights = read(map, "loss_weights", |json| match json {
        Json::Null => Ok(1.0),
        json => f64::from_json(json, scope),
    })?;
    compile.metrics = read_metrics(map, "metrics", outputs, scope)?;
    compile.weighted_metrics = read_metrics(map, "weighted_metrics", outputs, scope)?;
    compile.run_eagerly = map.get("run_eagerly").and_then(Json::as_bool).unwrap_or(false);
    let steps = map.get("steps_per_execution").and_then(Json::as_u64).unwrap_or(1);
    compile.steps_per_execution = usize::try_from(steps).unwrap_or(1).max(1);
    compile.jit_compile = map.get("jit_compile").and_then(Json::as_bool);
    Ok(Some(compile))
}

fn wrong(argument: &str, problem: String) -> Error {
    Error::argument(argument, format!("of compile: {problem}"))
}

/// An argument that is there and says something.
fn given<'a>(map: &'a Map, key: &str) -> Option<&'a Json> {
    map.get(key).filter(|json| !json.is_null())
}

/// Whether a value stands for one thing, not for several outputs.
fn single(json: &Json) -> bool {
    match json {
        Json::Array(_) => false,
        Json::Object(map) => map.contains_key("class_name"),
        _ => true,
    }
}

/// One value, one for each output, or some by name.
fn read<T>(
    map: &Map,
    key: &str,
    value: impl Fn(&Json) -> Result<T, String>,
) -> Result<PerOutput<T>> {
    let named = |(name, json): (&String, &Json)| Ok((name.clone(), value(json)?));
    let read = match given(map, key) {
        None => Ok(PerOutput::Unset),
        Some(Json::Array(list)) => {
            list.iter().map(&value).collect::<Result<_, _>>().map(PerOutput::List)
        }
        Some(Json::Object(by_name)) if !single(&map[key]) => {
            by_name.iter().map(named).collect::<Result<_, String>>().map(PerOutput::Named)
        }
        Some(json) => value(json).map(PerOutput::One),
    };
    read.map_err(|problem| wrong(key, problem))
}

/// Metrics: a list for the only output, a list of lists, or lists by name.
fn read_metrics(
    map: &Map,
    key: &str,
    outputs: usize,
    scope: &Scope,
) -> Result<PerOutput<Vec<Metric>>> {
    let metric = |json: &Json| match json {
        // "accuracy" and the like name no class before shapes are known.
        Json::String(name) => Ok(Metric::from(name.as_str())),
        json => Metric::from_json(json, scope),
    };
    let list = |json: &Json| match json {
        Json::Null => Ok(Vec::new()),
        Json::Array(list) => list.iter().filter(|m| !m.is_null()).map(metric).collect(),
        json => metric(json).map(|metric| vec![metric]),
    };
    match given(map, key) {
        Some(all @ Json::Array(items)) => {
            let flat = items.iter().all(|item| single(item) && !item.is_null());
            // Keras 3 takes a flat list of several outputs as one metric for each of them.
            if flat && (outputs == 1 || items.len() != outputs) {
                return list(all).map(PerOutput::One).map_err(|problem| wrong(key, problem));
            }
        }
        Some(json) if single(json) => {
            return list(json).map(PerOutput::One).map_err(|problem| wrong(key, problem));
        }
        _ => {}
    }
    read(map, key, list)
}
