//! Optimizers: `keras.optimizers`. An update is part of the step's graph.
use crate::config::{ConfigValue, Configured, Scope, family};
use ferras_derive::Config;
use ferras_graph::{DType, Tensor, TensorType, Value};
use serde_json::Value as Json;

/// A rule that turns gradients into new weights.
pub trait OptimizerFn: Configured {
    /// The options that all optimizers share.
    fn common(&self) -> Common;

    /// Names of what is kept for each weight, of its shape and zero at first.
    fn slots(&self) -> &'static [&'static str];

    /// The new weight and slots. `step` is the number of updates before this one.
    fn update(
        &self,
        cx: &Update,
        weight: &Value,
        gradient: &Value,
        slots: &[Value],
    ) -> (Value, Vec<Value>);
}

/// What an update may use besides weight, gradient and slots.
#[derive(Clone, Debug)]
pub struct Update {
    /// The learning rate of this step, of the weight's element type.
    pub learning_rate: Value,
    /// Number of updates before this one, int64.
    pub iterations: Value,
}

/// Options that all optimizers share.
#[derive(Clone, Debug)]
pub struct Common {
    /// The learning rate.
    pub learning_rate: LearningRate,
}

/// The learning rate: a number.
#[derive(Clone, Debug, PartialEq)]
pub struct LearningRate(f64);

impl LearningRate {
    /// The rate before the first step.
    pub fn initial(&self) -> f64 {
        self.0
    }
}

impl From<f64> for LearningRate {
    fn from(rate: f64) -> LearningRate {
        LearningRate(rate)
    }
}

impl ConfigValue for LearningRate {
    fn to_json(&self) -> Json {
        self.0.to_json()
    }
    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        f64::from_json(json, scope).map(LearningRate)
    }
}

/// A variable that the optimizer keeps.
#[derive(Clone, Debug)]
pub(crate) struct OptimizerState {
    /// Its name: `iterations`, `learning_rate`, or the weight's path and the slot's name.
    pub(crate) path: String,
    /// Its value before the first step.
    pub(crate) initial: Tensor,
}

/// Everything the optimizer keeps for weights of these paths and types: `iterations`,
/// `learning_rate`, then the slots in Keras' order.
pub(crate) fn states(
    optimizer: &dyn OptimizerFn,
    weights: &[(&str, &TensorType)],
) -> Vec<OptimizerState> {
    let rate = optimizer.common().learning_rate.initial();
    let state = |path: &str, initial| OptimizerState { path: path.into(), initial };
    let mut list = vec![
        state("iterations", Tensor::scalar(0_i64)),
        state("learning_rate", Tensor::scalar(rate as f32)),
    ];
    for (path, ty) in weights {
        for slot in optimizer.slots() {
            list.push(state(&format!("{path}/{slot}"), Tensor::zeros(ty)));
        }
    }
    list
}

/// One step: new states and new weights. `states` are in the order of [`states`].
pub(crate) fn apply(
    optimizer: &dyn OptimizerFn,
    states: &[Value],
    weights: &[Value],
    gradients: &[Value],
) -> (Vec<Value>, Vec<Value>) {
    let [iterations, learning_rate, slots @ ..] = states else { return Default::default() };
    let cx = Update { learning_rate: learning_rate.clone(), iterations: iterations.clone() };
    let mut new_states = vec![iterations + 1.0, learning_rate.clone()];
    let mut new_weights = Vec::with_capacity(weights.len());
    let count = optimizer.slots().len();
    for (i, (weight, gradient)) in weights.iter().zip(gradients).enumerate() {
        let own = &slots[i * count..(i + 1) * count];
        let (weight, own) = optimizer.update(&cx, weight, gradient, own);
        new_weights.push(weight);
        new_states.extend(own);
    }
    (new_states, new_weights)
}

/// Gradient descent: w − learning_rate · g.
#[derive(Clone, Debug, Config)]
#[config(module = "keras.optimizers")]
pub struct SGD {
    /// The learning rate; 0.01 by default.
    #[config(default = 0.01)]
    learning_rate: LearningRate,
}

impl OptimizerFn for SGD {
    fn common(&self) -> Common {
        Common { learning_rate: self.learning_rate.clone() }
    }
    fn slots(&self) -> &'static [&'static str] {
        &[]
    }
    fn update(&self, cx: &Update, w: &Value, g: &Value, _: &[Value]) -> (Value, Vec<Value>) {
        (w - &cx.learning_rate.cast(DType::F32) * g, Vec::new())
    }
}

family! {
    /// An optimizer by name (`"sgd"`) or object.
    Optimizer, OptimizerFn, "optimizer",
    [
        SGD, "sgd";
    ]
}
