//! Training steps of a program's own, in place of Keras' `train_step`.
use super::compile::Target;
use super::metric::StepLosses;
use crate::layers::{Masked, Trace};
use crate::models::Model;
use crate::{Error, Result};
use ferras_graph::{Builder, Value};
use std::fmt;

/// What a training step minimizes, and what the optimizer is given: for programs whose training is
/// not that of `fit`, as with penalties on gradients, disturbed inputs or several looks at a batch.
/// All else stays: batches, metrics, callbacks, the optimizer. It is traced once into the graph of
/// the step.
///
/// ```
/// use ferras::prelude::*;
///
/// /// Learns from a batch and from the same with a little noise, as one.
/// #[derive(Debug)]
/// struct Calm {
///     noise: f64,
/// }
///
/// impl TrainStep for Calm {
///     fn loss(&self, cx: &mut StepCall) -> Result<Value> {
///         let outputs = cx.predict(&cx.x())?;
///         let loss = cx.compute_loss(&outputs)?;
///         let x = &cx.x()[0];
///         let noise = cx.random_normal(x.shape()) * self.noise;
///         let disturbed = cx.predict(&[x + noise])?;
///         let apart = (&outputs[0].value - &disturbed[0].value).square().mean(&[], false);
///         Ok(loss + apart)
///     }
/// }
///
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(2));
/// let compile = Compile::new().optimizer("sgd").loss("mse").metrics(["mae"]);
/// model.compile(compile.train_step(Calm { noise: 0.1 }))?;
/// let history = model.fit([[1.0_f32, 2.0], [0.0, 1.0]], [1.0_f32, 0.0], Fit::new().verbose(0))?;
/// assert!(history.get("mae").is_some());
/// # Ok::<(), ferras::Error>(())
/// ```
///
/// - **Source** Keras 3 `Model.train_step`.
pub trait TrainStep: fmt::Debug + Send + Sync {
    /// The number that the step minimizes, which logs show as `loss`.
    fn loss(&self, cx: &mut StepCall) -> Result<Value>;

    /// What the optimizer is given, for the gradients of the trained weights, whose paths are
    /// `names`; by default the gradients as they are. It must give as many, of the same shapes.
    /// They are those of the loss times its scale, where the optimizer has one.
    fn gradients(&self, names: &[&str], gradients: Vec<Value>) -> Vec<Value> {
        let _ = names;
        gradients
    }
}

/// What a training step of a program's own works with: the batch, the model, the compiled losses.
#[derive(Debug)]
pub struct StepCall<'a> {
    pub(super) model: &'a Model,
    pub(super) trace: &'a mut Trace,
    pub(super) targets: &'a [Target],
    pub(super) x: Vec<Masked>,
    pub(super) y: &'a [Value],
    pub(super) weights: &'a [Option<Value>],
    /// The first outputs, which metrics look at.
    pub(super) outputs: Option<Vec<Masked>>,
    /// The losses of the last look.
    pub(super) losses: Option<StepLosses>,
}

impl StepCall<'_> {
    /// The model's inputs in this batch, in order.
    pub fn x(&self) -> Vec<Value> {
        self.x.iter().map(|x| x.value.clone()).collect()
    }

    /// The targets in this batch, of each output that has a loss or a metric.
    pub fn y(&self) -> Vec<Value> {
        self.y.to_vec()
    }

    /// The sample weights of each target, where there are any.
    pub fn sample_weight(&self) -> Vec<Option<Value>> {
        self.weights.to_vec()
    }

    /// The outputs that have a target, for these inputs, as in training; each with its mask, if it
    /// has one. All outputs, where the model is compiled with neither loss nor metric. Metrics are
    /// those of the first call.
    pub fn predict(&mut self, x: &[Value]) -> Result<Vec<Masked>> {
        let expected = self.x.len();
        if x.len() != expected {
            let problem = format!("must be the {expected} inputs of the model, got {}", x.len());
            return Err(Error::argument("x", problem));
        }
        let x: Vec<Masked> = x.iter().cloned().map(Masked::from).collect();
        let all = self.model.network()?.trace(self.trace, "", self.model.trainable, &x);
        let wanted = self.targets.iter().filter_map(|t| all.get(t.output).cloned());
        let outputs: Vec<Masked> = if self.targets.is_empty() { all } else { wanted.collect() };
        self.outputs.get_or_insert_with(|| outputs.clone());
        Ok(outputs)
    }

    /// The sum of the compiled losses of these outputs with their weights, of the penalties on
    /// weights, and of what layers added to the loss since the last call.
    pub fn compute_loss(&mut self, outputs: &[Masked]) -> Result<Value> {
        let expected = self.targets.len();
        if outputs.len() != expected && expected > 0 {
            let problem = format!("must be {expected}, one for each target, got {}", outputs.len());
            return Err(Error::argument("outputs", problem));
        }
        let (targets, y, weights) = (self.targets, self.y, self.weights);
        let losses = self.model.trace_losses(self.trace, targets, y, outputs, weights)?;
        Ok(self.losses.insert(losses).total.clone())
    }

    /// The value of a weight, by its path, as `dense/kernel`.
    pub fn weight(&self, path: &str) -> Result<Value> {
        self.trace.weights.get(path).cloned().ok_or_else(|| {
            let names: Vec<&str> = self.trace.weights.keys().map(String::as_str).collect();
            let hint = crate::config::suggest(path, &names);
            Error::Unknown { kind: "weight", name: path.into(), hint }
        })
    }

    /// Normal numbers with mean 0 and deviation 1, new ones at each step.
    pub fn random_normal(&mut self, shape: impl Into<ferras_graph::Shape>) -> Value {
        let (key, stream) = self.trace.random_key();
        self.trace.builder.random_normal(&key, stream, shape)
    }

    /// Numbers uniform in [0, 1), new ones at each step.
    pub fn random_uniform(&mut self, shape: impl Into<ferras_graph::Shape>) -> Value {
        let (key, stream) = self.trace.random_key();
        self.trace.builder.random_uniform(&key, stream, shape)
    }

    /// The graph under construction, for constants.
    pub fn builder(&self) -> &Builder {
        &self.trace.builder
    }
}

impl Model {
    /// The losses and the outputs of a training step of the program's own.
    pub(super) fn trace_own(
        &self,
        step: &dyn TrainStep,
        cx: &mut StepCall<'_>,
    ) -> Result<(StepLosses, Vec<Masked>)> {
        let total = step.loss(cx)?;
        if total.rank() != 0 && !total.is_poisoned() {
            let problem = format!("must give one number as loss, got shape {}", total.shape());
            return Err(Error::argument("train_step", problem));
        }
        let Some(outputs) = cx.outputs.take() else {
            let problem = "must call predict at least once: metrics look at what it gives";
            return Err(Error::argument("train_step", problem));
        };
        let none = || StepLosses { total: total.clone(), outputs: vec![None; cx.targets.len()] };
        let losses = cx.losses.take().unwrap_or_else(none);
        Ok((StepLosses { total, ..losses }, outputs))
    }
}
