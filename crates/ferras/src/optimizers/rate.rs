//! The learning rate: a number, or a schedule.
use super::schedules::{Schedule, ScheduleFn};
use crate::config::{ConfigValue, Scope};
use crate::{Error, Result};
use ferras_graph::{DType, Value};
use serde_json::{Value as Json, json};

/// The learning rate: a number, or a schedule that tells it for each step.
///
/// ```
/// use ferras::optimizers::{LearningRate, schedules::ExponentialDecay};
/// assert_eq!(LearningRate::from(0.01).initial(), 0.01);
/// assert_eq!(LearningRate::from(ExponentialDecay::new(0.1, 100, 0.9)).initial(), 0.1);
/// ```
#[derive(Clone, Debug)]
pub struct LearningRate(Rate);

#[derive(Clone, Debug)]
enum Rate {
    Number(f64),
    Schedule(Schedule),
}

impl LearningRate {
    /// The rate before the first step.
    pub fn initial(&self) -> f64 {
        match &self.0 {
            Rate::Number(rate) => *rate,
            Rate::Schedule(schedule) => schedule.get().map_or(f64::NAN, |s| s.initial()),
        }
    }

    /// Whether it is a schedule, which cannot be set from outside.
    pub fn is_schedule(&self) -> bool {
        matches!(self.0, Rate::Schedule(_))
    }

    /// Whether it makes sense: an error for NaN, infinities and schedules without steps.
    pub fn check(&self) -> Result<()> {
        match &self.0 {
            Rate::Schedule(schedule) => schedule.get()?.check(),
            Rate::Number(rate) if rate.is_finite() => Ok(()),
            Rate::Number(rate) => {
                Err(Error::argument("learning_rate", format!("must be finite, got {rate}")))
            }
        }
    }

    /// The float32 rate of a step, if a schedule tells it; `iterations` steps came before.
    pub(super) fn scheduled(&self, iterations: &Value) -> Option<Value> {
        let Rate::Schedule(schedule) = &self.0 else { return None };
        Some(match schedule.get() {
            Ok(schedule) => schedule.call(&iterations.cast(DType::F32)),
            Err(e) => iterations.error("learning_rate", e.to_string()).cast(DType::F32),
        })
    }
}

impl From<f64> for LearningRate {
    fn from(rate: f64) -> LearningRate {
        LearningRate(Rate::Number(rate))
    }
}

impl<S: ScheduleFn> From<S> for LearningRate {
    fn from(schedule: S) -> LearningRate {
        LearningRate(Rate::Schedule(schedule.into()))
    }
}

impl ConfigValue for LearningRate {
    fn to_json(&self) -> Json {
        match &self.0 {
            // Keras reads it back from a float32 variable.
            Rate::Number(rate) => json!(f64::from(*rate as f32)),
            Rate::Schedule(schedule) => schedule.to_json(),
        }
    }
    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        Ok(LearningRate(match json {
            Json::Object(_) => Rate::Schedule(Schedule::from_json(json, scope)?),
            _ => Rate::Number(f64::from_json(json, scope)?),
        }))
    }
}
