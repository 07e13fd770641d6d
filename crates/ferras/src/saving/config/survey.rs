//! The layers of a configuration one by one: what is there and what of it can be honoured, without
//! a model being put together.
use super::read::{check_layer, class_name, config_of, is_model};
use super::{compile_from, gate, legacy};
use crate::Error;
use crate::config::Scope;
use serde_json::Value as Json;

/// Layers that are looked at.
const MAX_LAYERS: usize = 10_000;

/// What a configuration holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Survey {
    /// Class and name of the model.
    pub(crate) class: String,
    pub(crate) name: String,
    /// Its layers, those of models inside behind them.
    pub(crate) layers: Vec<Surveyed>,
    /// What is wrong with the whole of it.
    pub(crate) problems: Vec<String>,
}

/// A layer of a configuration.
#[derive(Clone, Debug)]
pub(crate) struct Surveyed {
    /// In how many models of the model it lies.
    pub(crate) depth: usize,
    pub(crate) class: String,
    pub(crate) name: String,
    /// Why it cannot be honoured.
    pub(crate) problem: Option<String>,
}

/// Looks at Keras' object of a model, of any version, and at what it was compiled with.
pub(crate) fn survey(config: &Json, compiled: &Json) -> Survey {
    let scope = Scope::default();
    let mut survey = Survey::default();
    let refused = gate::check(config).err();
    let (json, known) = match legacy::normalise(config.clone()) {
        Ok(json) => (json, true),
        Err(problem) => {
            survey.problems.push(words(problem));
            (config.clone(), false)
        }
    };
    survey.class = text(&json, "class_name");
    survey.name = text(json.get("config").unwrap_or(&Json::Null), "name");
    if !is_model(&survey.class) {
        let problem = "is the configuration of no model: expected a Sequential or Functional one";
        survey.problems.push(problem.into());
    }
    survey.add(&json, 0, known);
    // What the gate refuses is told with its layer where it lies in one.
    if let Some(problem) = refused
        && survey.layers.iter().all(|layer| layer.problem.is_none())
    {
        survey.problems.push(words(problem));
    }
    let outputs = json.pointer("/config/output_layers").and_then(Json::as_array);
    let outputs = outputs.map_or(1, |list| list.iter().filter(|o| o.is_array()).count().max(1));
    if let Err(problem) = compile_from(compiled, outputs, None, &scope) {
        survey.problems.push(format!("what it was compiled with: {}", words(problem)));
    }
    survey
}

impl Survey {
    /// Adds the layers of a model; `known` if its configuration is in today's form.
    fn add(&mut self, model: &Json, depth: usize, known: bool) {
        let none = Vec::new();
        let layers = model.pointer("/config/layers").and_then(Json::as_array).unwrap_or(&none);
        for json in layers {
            if self.layers.len() >= MAX_LAYERS {
                self.problems.push(format!("has more than {MAX_LAYERS} layers"));
                return;
            }
            let class = text(json, "class_name");
            let name = text(json.get("config").unwrap_or(&Json::Null), "name");
            let inside = is_model(&class);
            let problem = match inside {
                true => None,
                false if known => problem(json),
                false => gate::check(json).err().map(words),
            };
            self.layers.push(Surveyed { depth, class, name, problem });
            if inside {
                self.add(json, depth + 1, known);
            }
        }
    }
}

/// Why no layer can be made of its configuration.
fn problem(json: &Json) -> Option<String> {
    let checks = [
        gate::check(json).err(),
        class_name(json).err(),
        config_of(json).err(),
        check_layer(json, &Scope::default()).err(),
    ];
    checks.into_iter().flatten().next().map(words)
}

/// What is wrong, without the layer's name, which stands beside it.
fn words(error: Error) -> String {
    match error {
        Error::Layer { problem, .. } => problem,
        other => other.to_string(),
    }
}

/// A text of an object, cut where it is too long to show.
fn text(json: &Json, key: &str) -> String {
    json.get(key).and_then(Json::as_str).unwrap_or_default().chars().take(200).collect()
}
