//! Optimizers: `keras.optimizers`. An update is part of the step's graph.
//!
//! A step goes as in Keras: gradients are divided by `loss_scale_factor`, gathered over
//! `gradient_accumulation_steps`, clipped; the weights decay; the class's own rule follows; then
//! the moving average of the weights.
mod adafactor;
mod adaptive;
mod classes;
mod common;
mod compound;
mod ftrl;
mod lamb;
mod loss_scale;
mod multi;
mod muon;
mod rate;
mod schedule_free;
pub mod schedules;
mod step;
#[cfg(test)]
mod tests;

pub use adafactor::Adafactor;
pub use adaptive::{Adadelta, Adagrad, RMSprop};
pub use classes::{Adam, AdamW, Adamax, Lion, Nadam, SGD};
pub use common::Common;
pub(crate) use compound::{
    apply, averages, check_weights, initial_rate, iteration, rate, scale_loss, scaled, states,
};
pub use ftrl::Ftrl;
pub use lamb::Lamb;
pub use loss_scale::LossScaleOptimizer;
pub use multi::{MultiOptimizer, OptimizerMap};
pub use muon::Muon;
pub use rate::LearningRate;
pub use schedule_free::ScheduleFreeAdamW;
pub(crate) use step::{OptimizerState, Start};

use crate::Result;
use crate::config::{Configured, family};
use ferras_graph::{Shape, TensorType, Value};

/// A rule that turns gradients into new weights.
pub trait OptimizerFn: Configured {
    /// The options that all optimizers share.
    fn common(&self) -> Common;

    /// Names of what is kept for each weight, of its shape. Files hold the first group for all
    /// weights, then the next.
    fn slots(&self) -> Vec<&'static [&'static str]> {
        Vec::new()
    }

    /// What a slot is at first: zeros by default.
    fn initial_slot(&self, name: &str) -> Initial {
        let _ = name;
        Initial::Number(0.0)
    }

    /// The slots of one weight, group by group: by default those of [`OptimizerFn::slots`], each of
    /// the weight's shape. A group may be empty for some weights.
    fn slots_of(&self, weight: &Trained) -> Vec<Vec<Slot>> {
        let slot = |name: &&'static str| Slot {
            path: weight.slot_path(name),
            shape: weight.ty.shape.clone(),
            initial: self.initial_slot(name),
        };
        self.slots().iter().map(|group| group.iter().map(slot).collect()).collect()
    }

    /// The share of a weight that is taken away at each step, times the learning rate.
    fn weight_decay_of(&self, weight: &Trained) -> Option<f64> {
        let common = self.common();
        common.weight_decay.filter(|_| !common.excludes(weight))
    }

    /// Scalars that are kept besides, by name, with what they are at first.
    fn scalars(&self) -> &'static [(&'static str, f64)] {
        &[]
    }

    /// Scalars of this step that all weights share, for [`Update::shared`], and the new values of
    /// the kept ones.
    fn shared(&self, cx: &Update, kept: &[Value]) -> (Vec<Value>, Vec<Value>) {
        let _ = cx;
        (Vec::new(), kept.to_vec())
    }

    /// The new weight and slots.
    fn update(
        &self,
        cx: &Update,
        weight: &Value,
        gradient: &Value,
        slots: &[Value],
    ) -> (Value, Vec<Value>);

    /// Whether the options make sense.
    fn check(&self) -> Result<()> {
        self.common().check()
    }
}

/// A weight that is trained, before it has a value.
#[derive(Clone, Debug)]
pub struct Trained {
    /// Layer path and weight name, as `dense/kernel`.
    pub path: String,
    /// Element type and shape.
    pub ty: TensorType,
}

impl Trained {
    /// What files call a slot of the weight: `dense_kernel_momentum`.
    pub fn slot_path(&self, slot: &str) -> String {
        format!("{}_{slot}", self.path.replace('/', "_"))
    }
}

/// Something that is kept for a weight, of the weight's element type.
#[derive(Clone, Debug)]
pub struct Slot {
    /// What files call it.
    pub path: String,
    /// Its shape.
    pub shape: Shape,
    /// What it is at first.
    pub initial: Initial,
}

/// What a slot is at first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initial {
    /// The same number everywhere.
    Number(f64),
    /// The weight's value before the first step.
    Weight,
}

/// What an update may use besides weight, gradient and slots: scalars of the weight's element type.
#[derive(Clone, Debug)]
pub struct Update {
    /// The learning rate of this step.
    pub learning_rate: Value,
    /// Number of this update, from 1.
    pub step: Value,
    /// Number of updates before this one, int64.
    pub iterations: Value,
    /// What [`OptimizerFn::shared`] gave.
    pub shared: Vec<Value>,
}

impl Update {
    /// A number of the weight's element type.
    pub fn number(&self, value: f64) -> Value {
        self.step.builder().scalar(self.step.dtype(), value)
    }

    /// A number to the power of [`Update::step`].
    pub fn to_the_step(&self, base: f64) -> Value {
        self.number(base).pow(&self.step)
    }
}

family! {
    /// An optimizer by name (`"sgd"`) or object.
    Optimizer, OptimizerFn, "optimizer",
    [
        SGD, "sgd";
        RMSprop, "rmsprop";
        Adam, "adam";
        AdamW, "adamw";
        Adagrad, "adagrad";
        Adadelta, "adadelta";
        Adamax, "adamax";
        Nadam, "nadam";
        Lion, "lion";
        Adafactor, "adafactor";
        Ftrl, "ftrl";
        Lamb, "lamb";
        Muon, "muon";
        ScheduleFreeAdamW, "schedulefreeadamw";
        LossScaleOptimizer, "lossscaleoptimizer";
        MultiOptimizer, "multioptimizer";
    ]
}
