//! Learning rates that depend on the step: `keras.optimizers.schedules`.
use crate::config::{ConfigValue, Configured, Scope, family};
use crate::{Error, Result};
use ferras_derive::Config;
use ferras_graph::Value;
use serde_json::{Value as Json, json};
use std::f64::consts::PI;

/// A learning rate for each step.
pub trait ScheduleFn: Configured {
    /// The float32 rate of a step; `step` is the number of steps before it, float32.
    fn call(&self, step: &Value) -> Value;

    /// The rate of the first step.
    fn initial(&self) -> f64;

    /// Whether the arguments make sense.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// A number of steps, which may be a fraction.
///
/// ```
/// use ferras::optimizers::schedules::Steps;
/// assert_eq!(Steps::from(100), Steps::from(100.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steps(f64);

macro_rules! steps_from {
    ($($ty:ty)*) => {
        $(impl From<$ty> for Steps {
            fn from(steps: $ty) -> Steps {
                Steps(steps as f64)
            }
        })*
    };
}
steps_from! { i32 i64 u32 u64 usize f64 }

impl ConfigValue for Steps {
    fn to_json(&self) -> Json {
        // As Keras writes what was given: mostly a whole number.
        match self.0.fract() == 0.0 && self.0.abs() < 9e15 {
            true => json!(self.0 as i64),
            false => json!(self.0),
        }
    }
    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        f64::from_json(json, scope).map(Steps)
    }
}

/// An error unless there are steps.
fn some_steps(name: &str, steps: Steps) -> Result<()> {
    match steps.0 > 0.0 && steps.0.is_finite() {
        true => Ok(()),
        false => Err(Error::argument(name, format!("must be above 0, got {}", steps.0))),
    }
}

/// The number of decays so far: a fraction, or only whole ones.
fn decays(step: &Value, steps: Steps, staircase: bool) -> Value {
    let decays = step / steps.0;
    if staircase { decays.floor() } else { decays }
}

/// A known number with the type of `like`.
fn number(like: &Value, value: f64) -> Value {
    like.builder().scalar(like.dtype(), value)
}

/// initial · rate^(step / decay_steps).
///
/// ```
/// use ferras::optimizers::{SGD, schedules::ExponentialDecay};
/// let rate = ExponentialDecay::new(0.1, 1000, 0.96).staircase(true);
/// let optimizer = SGD::new().learning_rate(rate);
/// # let _ = optimizer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.optimizers.schedules")]
pub struct ExponentialDecay {
    /// The rate of the first step.
    initial_learning_rate: f64,
    /// After how many steps the rate has decayed once.
    decay_steps: Steps,
    /// What the rate is multiplied by each time.
    decay_rate: f64,
    /// Whether it decays only each `decay_steps` steps.
    #[config(default = false)]
    staircase: bool,
    /// The name in files.
    #[config(default = "ExponentialDecay")]
    name: String,
}

impl ScheduleFn for ExponentialDecay {
    fn call(&self, step: &Value) -> Value {
        let power = decays(step, self.decay_steps, self.staircase);
        number(step, self.decay_rate).pow(power) * self.initial_learning_rate
    }
    fn initial(&self) -> f64 {
        self.initial_learning_rate
    }
    fn check(&self) -> Result<()> {
        some_steps("decay_steps", self.decay_steps)
    }
}

/// initial / (1 + rate · step / decay_steps).
///
/// ```
/// use ferras::optimizers::{LearningRate, schedules::InverseTimeDecay};
/// assert_eq!(LearningRate::from(InverseTimeDecay::new(0.1, 10, 0.5)).initial(), 0.1);
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.optimizers.schedules")]
pub struct InverseTimeDecay {
    /// The rate of the first step.
    initial_learning_rate: f64,
    /// After how many steps the denominator has grown by the decay rate.
    decay_steps: Steps,
    /// What the denominator grows by.
    decay_rate: f64,
    /// Whether it decays only each `decay_steps` steps.
    #[config(default = false)]
    staircase: bool,
    /// The name in files.
    #[config(default = "InverseTimeDecay")]
    name: String,
}

impl ScheduleFn for InverseTimeDecay {
    fn call(&self, step: &Value) -> Value {
        let decays = decays(step, self.decay_steps, self.staircase);
        self.initial_learning_rate / (decays * self.decay_rate + 1.0)
    }
    fn initial(&self) -> f64 {
        self.initial_learning_rate
    }
    fn check(&self) -> Result<()> {
        some_steps("decay_steps", self.decay_steps)
    }
}

/// The first value up to and with the first boundary, then the second, and so on.
///
/// ```
/// use ferras::optimizers::{LearningRate, schedules::PiecewiseConstantDecay};
/// let rate = PiecewiseConstantDecay::new([1000.0, 2000.0], [0.1, 0.05, 0.01]);
/// assert_eq!(LearningRate::from(rate).initial(), 0.1);
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.optimizers.schedules")]
pub struct PiecewiseConstantDecay {
    /// The last step of each value but the last, ascending.
    boundaries: Vec<f64>,
    /// One rate more than there are boundaries.
    values: Vec<f64>,
    /// The name in files.
    #[config(default = "PiecewiseConstant")]
    name: String,
}

impl ScheduleFn for PiecewiseConstantDecay {
    fn call(&self, step: &Value) -> Value {
        let last = number(step, self.values.last().copied().unwrap_or(f64::NAN));
        let parts = self.boundaries.iter().zip(&self.values).rev();
        parts.fold(last, |later, (&boundary, &value)| {
            step.less_equal(boundary).select(&number(step, value), later)
        })
    }
    fn initial(&self) -> f64 {
        self.values.first().copied().unwrap_or(f64::NAN)
    }
    fn check(&self) -> Result<()> {
        let (boundaries, values) = (self.boundaries.len(), self.values.len());
        if boundaries + 1 != values {
            let problem = format!("must be one fewer than values, got {boundaries} for {values}");
            return Err(Error::argument("boundaries", problem));
        }
        match self.boundaries.is_sorted() {
            true => Ok(()),
            false => Err(Error::argument("boundaries", "must be in ascending order")),
        }
    }
}

/// (initial − end) · (1 − step / decay_steps)^power + end; at the end it stays, or cycles.
///
/// ```
/// use ferras::optimizers::{LearningRate, schedules::PolynomialDecay};
/// let rate = PolynomialDecay::new(0.1, 1000).end_learning_rate(0.01).power(2.0);
/// assert_eq!(LearningRate::from(rate).initial(), 0.1);
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.optimizers.schedules")]
pub struct PolynomialDecay {
    /// The rate of the first step.
    initial_learning_rate: f64,
    /// After how many steps the end is reached.
    decay_steps: Steps,
    /// The rate at the end; 0.0001 by default.
    #[config(default = 0.0001)]
    end_learning_rate: f64,
    /// The power; 1, a straight line, by default.
    #[config(default = 1.0)]
    power: f64,
    /// Whether it begins again beyond the end, over twice, three times, … the steps.
    #[config(default = false)]
    cycle: bool,
    /// The name in files.
    #[config(default = "PolynomialDecay")]
    name: String,
}

impl ScheduleFn for PolynomialDecay {
    fn call(&self, step: &Value) -> Value {
        let span = number(step, self.decay_steps.0);
        let done = match self.cycle {
            true => {
                let cycles = (step / self.decay_steps.0).ceil().maximum(1.0);
                step / (span * cycles)
            }
            false => step.minimum(&span) / span,
        };
        let range = self.initial_learning_rate - self.end_learning_rate;
        (1.0 - done).pow(self.power) * range + self.end_learning_rate
    }
    fn initial(&self) -> f64 {
        self.initial_learning_rate
    }
    fn check(&self) -> Result<()> {
        some_steps("decay_steps", self.decay_steps)
    }
}

/// A half cosine from the initial rate to `alpha` times it, after a straight warm-up to
/// `warmup_target` if there is one: Loshchilov & Hutter 2016.
///
/// ```
/// use ferras::optimizers::{LearningRate, schedules::CosineDecay};
/// let rate = CosineDecay::new(0.0, 1000).warmup_target(0.1).warmup_steps(100);
/// assert_eq!(LearningRate::from(rate).initial(), 0.0);
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.optimizers.schedules")]
pub struct CosineDecay {
    /// The rate of the first step.
    initial_learning_rate: f64,
    /// After how many steps the end is reached, without the warm-up.
    decay_steps: Steps,
    /// Share of the rate that is left at the end; none by default.
    #[config(default = 0.0)]
    alpha: f64,
    /// The name in files.
    #[config(default = "CosineDecay")]
    name: String,
    /// The rate at the end of the warm-up; no warm-up by default.
    #[config(default)]
    warmup_target: Option<f64>,
    /// Number of steps of the warm-up.
    #[config(default = 0)]
    warmup_steps: Steps,
}

impl CosineDecay {
    fn decay(&self, step: &Value, from: f64) -> Value {
        let cosine = (step / self.decay_steps.0 * PI).cos();
        ((cosine + 1.0) * 0.5 * (1.0 - self.alpha) + self.alpha) * from
    }
}

impl ScheduleFn for CosineDecay {
    fn call(&self, step: &Value) -> Value {
        let Some(target) = self.warmup_target else {
            return self.decay(&step.minimum(self.decay_steps.0), self.initial_learning_rate);
        };
        let warmup = self.warmup_steps.0;
        let step = step.minimum(self.decay_steps.0 + warmup);
        let risen = &step / warmup.max(f64::MIN_POSITIVE);
        let rising = risen * (target - self.initial_learning_rate) + self.initial_learning_rate;
        step.less(warmup).select(&rising, self.decay(&(&step - warmup), target))
    }
    fn initial(&self) -> f64 {
        match self.warmup_target {
            Some(target) if self.warmup_steps.0 <= 0.0 => target,
            _ => self.initial_learning_rate,
        }
    }
    fn check(&self) -> Result<()> {
        some_steps("decay_steps", self.decay_steps)
    }
}

/// Half cosines one after the other, each `t_mul` times as long and from `m_mul` times the rate:
/// Loshchilov & Hutter 2016.
///
/// ```
/// use ferras::optimizers::{LearningRate, schedules::CosineDecayRestarts};
/// assert_eq!(LearningRate::from(CosineDecayRestarts::new(0.1, 1000)).initial(), 0.1);
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.optimizers.schedules")]
pub struct CosineDecayRestarts {
    /// The rate of the first step.
    initial_learning_rate: f64,
    /// Number of steps of the first cosine.
    first_decay_steps: Steps,
    /// How much longer each cosine is than the one before; 2 by default.
    #[config(default = 2.0)]
    t_mul: f64,
    /// How much higher each cosine begins than the one before; 1 by default.
    #[config(default = 1.0)]
    m_mul: f64,
    /// Share of the rate that is left at each end; none by default.
    #[config(default = 0.0)]
    alpha: f64,
    /// The name in files.
    #[config(default = "SGDRDecay")]
    name: String,
}

impl ScheduleFn for CosineDecayRestarts {
    fn call(&self, step: &Value) -> Value {
        let done = step / self.first_decay_steps.0;
        let (restart, done) = if self.t_mul == 1.0 {
            (done.floor(), &done - done.floor())
        } else {
            // After i restarts (1 − tⁱ) / (1 − t) first lengths are over.
            let t = self.t_mul;
            let restart = ((1.0 - &done * (1.0 - t)).log() / number(step, t).log()).floor();
            let length = number(step, t).pow(&restart);
            let over = (1.0 - &length) / (1.0 - t);
            (restart, (done - over) / length)
        };
        let height = number(step, self.m_mul).pow(restart) * 0.5;
        let cosine = height * ((done * PI).cos() + 1.0);
        (cosine * (1.0 - self.alpha) + self.alpha) * self.initial_learning_rate
    }
    fn initial(&self) -> f64 {
        self.initial_learning_rate
    }
    fn check(&self) -> Result<()> {
        some_steps("first_decay_steps", self.first_decay_steps)
    }
}

family! {
    /// A schedule by name or object.
    Schedule, ScheduleFn, "learning rate schedule",
    [
        ExponentialDecay;
        InverseTimeDecay;
        PiecewiseConstantDecay;
        PolynomialDecay;
        CosineDecay;
        CosineDecayRestarts;
    ]
}
