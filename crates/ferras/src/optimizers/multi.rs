//! `MultiOptimizer`: weights that are trained by several optimizers.
use super::compound;
use super::step::{self, OptimizerState};
use super::{Common, Optimizer, OptimizerFn, Trained, Update};
use crate::config::{ConfigValue, Map, Scope, mismatch};
use crate::{Error, Result};
use ferras_derive::Config;
use ferras_graph::{Tensor, Value};
use regex_lite::Regex;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// What it keeps before the states of the optimizers inside: its steps, and a learning rate that
/// nobody reads.
const OWN: usize = 2;

/// Which optimizer trains which weight.
///
/// A weight's path, as `dense/kernel`, is looked up among the keys; where none is the same, the
/// keys are regular expressions for the whole path. A weight that none fits belongs to the default.
///
/// ```
/// use ferras::optimizers::OptimizerMap;
/// use ferras::prelude::*;
/// let map = OptimizerMap::new(SGD::new()).with("encoder/.*", Adam::new()).with("head/bias", "lion");
/// # let _ = map;
/// ```
#[derive(Clone, Debug)]
pub struct OptimizerMap {
    default_optimizer: Optimizer,
    entries: Vec<(String, Optimizer)>,
}

impl OptimizerMap {
    /// The optimizer of all weights.
    pub fn new(default_optimizer: impl Into<Optimizer>) -> OptimizerMap {
        OptimizerMap { default_optimizer: default_optimizer.into(), entries: Vec::new() }
    }

    /// The optimizer of the weights whose path is `key`, or fits it as a regular expression.
    pub fn with(mut self, key: impl Into<String>, optimizer: impl Into<Optimizer>) -> OptimizerMap {
        self.entries.push((key.into(), optimizer.into()));
        self
    }

    /// The place among the entries of what trains a weight; that behind the last one is the
    /// default.
    fn place(&self, path: &str) -> Result<usize> {
        if let Some(place) = self.entries.iter().position(|(key, _)| key == path) {
            return Ok(place);
        }
        let mut found = None;
        for (place, (key, _)) in self.entries.iter().enumerate() {
            if whole(key)?.is_match(path) && found.replace(place).is_some() {
                let problem = format!("several of its keys fit weight {path:?}; one must");
                return Err(Error::argument("optimizer_map", problem));
            }
        }
        Ok(found.unwrap_or(self.entries.len()))
    }

    /// The optimizers in the order of their states: the entries, then the default.
    fn optimizers(&self) -> impl Iterator<Item = &Optimizer> {
        self.entries.iter().map(|(_, optimizer)| optimizer).chain([&self.default_optimizer])
    }
}

/// A key as a regular expression for a whole path.
fn whole(key: &str) -> Result<Regex> {
    Regex::new(&format!(r"\A(?:{key})\z")).map_err(|e| {
        let problem = format!("key {key:?} is no regular expression: {e}");
        Error::argument("optimizer_map", problem)
    })
}

impl ConfigValue for OptimizerMap {
    fn to_json(&self) -> Json {
        let entries =
            self.entries.iter().map(|(key, optimizer)| (key.clone(), optimizer.to_json()));
        json!({
            "module": "keras.optimizers",
            "class_name": "OptimizerMap",
            "config": {
                "default_optimizer": self.default_optimizer.to_json(),
                "optimizer_map": entries.collect::<Map>(),
            },
            "registered_name": null,
        })
    }

    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        let config = json.get("config").filter(|_| json["class_name"] == "OptimizerMap");
        let expected = || mismatch("an OptimizerMap", json);
        let config = config.and_then(Json::as_object).ok_or_else(expected)?;
        let default = config.get("default_optimizer").ok_or_else(expected)?;
        let mut map = OptimizerMap::new(Optimizer::from_json(default, scope)?);
        for (key, optimizer) in
            config.get("optimizer_map").and_then(Json::as_object).into_iter().flatten()
        {
            map = map.with(key, Optimizer::from_json(optimizer, scope)?);
        }
        Ok(map)
    }
}

/// Gives each weight to one of several optimizers, as a map says.
///
/// It has no learning rate of its own: those of the optimizers inside are set when they are made.
///
/// - **Errors** a key that is no regular expression, several that fit a weight, a `MultiOptimizer`
///   or `LossScaleOptimizer` inside.
/// - **Source** Keras 3 `optimizers.MultiOptimizer`.
///
/// ```
/// use ferras::optimizers::{MultiOptimizer, OptimizerMap};
/// use ferras::prelude::*;
/// let map = OptimizerMap::new(SGD::new().learning_rate(0.1)).with("head/.*", Adam::new());
/// let mut model = Sequential::new()
///     .add(Dense::new(4).input_dim(2))
///     .add(Dense::new(1).name("head"));
/// model.compile(Compile::new().optimizer(MultiOptimizer::new(map)).loss("mse"))?;
/// model.train_on_batch([[1.0_f32, 2.0]], [[1.0_f32]])?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.optimizers")]
pub struct MultiOptimizer {
    /// Which optimizer trains which weight.
    optimizer_map: OptimizerMap,
    /// Multiplies the loss; gradients are divided by it, in place of those of the optimizers
    /// inside.
    #[config(default)]
    loss_scale_factor: Option<f64>,
    /// The name in files.
    #[config(default = "multi_optimizer")]
    name: String,
}

/// One of the optimizers inside.
struct Part {
    optimizer: Arc<dyn OptimizerFn>,
    /// The places of its weights.
    places: Vec<usize>,
    trained: Vec<Trained>,
}

impl Part {
    /// Before it has weights it keeps no more than its steps and its learning rate.
    fn states(&self) -> Vec<OptimizerState> {
        let mut states = step::states(&*self.optimizer, &self.trained);
        if self.places.is_empty() {
            let own = 1 + usize::from(!self.optimizer.common().learning_rate.is_schedule());
            states.truncate(own);
        }
        states
    }
}

impl MultiOptimizer {
    pub(super) fn factor(&self) -> Option<f64> {
        self.loss_scale_factor
    }

    /// The optimizers inside with their weights; those of mistakes, which `check` tells, have none.
    fn parts(&self, weights: &[Trained]) -> Vec<Part> {
        let places: Vec<Option<usize>> =
            weights.iter().map(|w| self.optimizer_map.place(&w.path).ok()).collect();
        let part = |(number, optimizer): (usize, &Optimizer)| {
            let own =
                |(place, part): (usize, &Option<usize>)| (*part == Some(number)).then_some(place);
            let places: Vec<usize> = places.iter().enumerate().filter_map(own).collect();
            let trained = places.iter().filter_map(|&place| weights.get(place).cloned()).collect();
            Some(Part { optimizer: optimizer.get().ok()?, places, trained })
        };
        self.optimizer_map.optimizers().enumerate().filter_map(part).collect()
    }

    pub(super) fn states(&self, weights: &[Trained]) -> Vec<OptimizerState> {
        let mut list = vec![
            OptimizerState::known("iteration", Tensor::scalar(0_i64)),
            OptimizerState::known("learning_rate", Tensor::scalar(0.0_f32)),
        ];
        for (number, part) in self.parts(weights).iter().enumerate() {
            list.extend(part.states().into_iter().map(|state| OptimizerState {
                path: format!("optimizer_{number}_{}", state.path),
                initial: state.initial.moved(&part.places),
                ..state
            }));
        }
        list
    }

    pub(super) fn averages(&self, weights: &[Trained]) -> Vec<(usize, usize)> {
        let (mut start, mut all) = (OWN, Vec::new());
        for part in self.parts(weights) {
            let places = step::averages(&*part.optimizer, &part.trained).into_iter().flatten();
            all.extend(part.places.iter().copied().zip(places.map(|place| place + start)));
            start += part.states().len();
        }
        all
    }

    pub(super) fn check_weights(&self, weights: &[Trained]) -> Result<()> {
        weights.iter().try_for_each(|weight| self.optimizer_map.place(&weight.path).map(drop))
    }

    pub(super) fn apply(
        &self,
        factor: Option<f64>,
        trained: &[Trained],
        states: &[Value],
        weights: &[Value],
        gradients: &[Value],
    ) -> (Vec<Value>, Vec<Value>) {
        let (mut new_states, mut new_weights) = (states.to_vec(), weights.to_vec());
        if let Some(iteration) = new_states.first_mut() {
            *iteration = &*iteration + 1.0;
        }
        let mut start = OWN;
        for part in self.parts(trained) {
            let range = start..start + part.states().len();
            start = range.end;
            let (true, Some(own)) = (!part.places.is_empty(), states.get(range.clone())) else {
                continue;
            };
            let of = |list: &[Value]| -> Vec<Value> {
                part.places.iter().filter_map(|&place| list.get(place).cloned()).collect()
            };
            let (weights, gradients) = (of(weights), of(gradients));
            let (kept, updated) =
                step::apply(&*part.optimizer, factor, &part.trained, own, &weights, &gradients);
            new_states.splice(range, kept);
            for (&place, weight) in part.places.iter().zip(updated) {
                if let Some(old) = new_weights.get_mut(place) {
                    *old = weight;
                }
            }
        }
        (new_states, new_weights)
    }
}

impl OptimizerFn for MultiOptimizer {
    /// It has none of its own but the scale.
    fn common(&self) -> Common {
        Common { loss_scale_factor: self.loss_scale_factor, ..Common::new(0.0) }
    }

    /// Never asked: the optimizers inside take the step.
    fn update(
        &self,
        _: &Update,
        weight: &Value,
        _: &Value,
        slots: &[Value],
    ) -> (Value, Vec<Value>) {
        (weight.clone(), slots.to_vec())
    }

    /// As many as the optimizer inside that keeps most.
    fn slots(&self) -> Vec<&'static [&'static str]> {
        let slots = self.optimizer_map.optimizers().filter_map(|o| Some(o.get().ok()?.slots()));
        slots
            .max_by_key(|slots| slots.iter().map(|group| group.len()).sum::<usize>())
            .unwrap_or_default()
    }

    fn check(&self) -> Result<()> {
        self.common().check()?;
        self.optimizer_map.entries.iter().try_for_each(|(key, _)| whole(key).map(drop))?;
        self.optimizer_map.optimizers().try_for_each(|optimizer| {
            compound::check_inside(&*optimizer.get()?, "optimizer_map", false)
        })
    }
}
