//! Optimizers: `keras.optimizers`. An update is part of the step's graph.
//!
//! A step goes as in Keras: gradients are divided by `loss_scale_factor`, gathered over
//! `gradient_accumulation_steps`, clipped; the weights decay; the class's own rule follows; then
//! the moving average of the weights.
mod adaptive;
mod classes;
mod common;
mod rate;
pub mod schedules;
mod step;
#[cfg(test)]
mod tests;

pub use adaptive::{Adadelta, Adagrad, RMSprop};
pub use classes::{Adam, AdamW, Adamax, Lion, Nadam, SGD};
pub use common::Common;
pub use rate::LearningRate;
pub(crate) use step::{OptimizerState, apply, averages, scale_loss, states};

use crate::Result;
use crate::config::{Configured, family};
use ferras_graph::Value;

/// A rule that turns gradients into new weights.
pub trait OptimizerFn: Configured {
    /// The options that all optimizers share.
    fn common(&self) -> Common;

    /// Names of what is kept for each weight, of its shape. Files hold the first group for all
    /// weights, then the next.
    fn slots(&self) -> Vec<&'static [&'static str]> {
        Vec::new()
    }

    /// What the slots are at first.
    fn initial_slot(&self) -> f64 {
        0.0
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
    ]
}
