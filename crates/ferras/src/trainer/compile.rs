//! `compile`: which optimizer, losses and metrics a model is trained with.
use super::TrainingState;
use super::per_output::PerOutput;
use super::step::StepCache;
use super::train_step::TrainStep;
use crate::losses::{Loss, LossFn};
use crate::metrics::Metric;
use crate::models::{Model, Variable};
use crate::optimizers::{self, Optimizer, OptimizerFn, Trained};
use crate::random::next_seed;
use crate::{Error, Result};
use ferras_graph::{Buffer, Tensor, TensorType};
use std::sync::Arc;

/// The arguments of [`Model::compile`], with Keras' names and defaults.
///
/// ```
/// use ferras::prelude::*;
/// let mut model = Sequential::new().add(Dense::new(1).activation("sigmoid").input_dim(2));
/// model.compile(
///     Compile::new().optimizer("adam").loss("binary_crossentropy").metrics(["accuracy"]),
/// )?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Compile {
    pub(crate) optimizer: Optimizer,
    pub(crate) losses: PerOutput<Option<Loss>>,
    pub(crate) loss_weights: PerOutput<f64>,
    pub(crate) metrics: PerOutput<Vec<Metric>>,
    pub(crate) weighted_metrics: PerOutput<Vec<Metric>>,
    pub(crate) run_eagerly: bool,
    pub(crate) steps_per_execution: usize,
    /// None is `"auto"`.
    pub(crate) jit_compile: Option<bool>,
    auto_scale_loss: bool,
    pub(crate) train_step: Option<Arc<dyn TrainStep>>,
}

impl Default for Compile {
    fn default() -> Compile {
        Compile::new()
    }
}

impl Compile {
    /// Keras' defaults: `rmsprop`, no loss, no metrics.
    pub fn new() -> Compile {
        Compile {
            optimizer: "rmsprop".into(),
            losses: PerOutput::Unset,
            loss_weights: PerOutput::Unset,
            metrics: PerOutput::Unset,
            weighted_metrics: PerOutput::Unset,
            run_eagerly: false,
            steps_per_execution: 1,
            jit_compile: None,
            auto_scale_loss: true,
            train_step: None,
        }
    }

    /// Accepted as in Keras, and kept in files: a step is compiled all the same.
    pub fn run_eagerly(mut self, run_eagerly: bool) -> Compile {
        self.run_eagerly = run_eagerly;
        self
    }

    /// Accepted as in Keras, and kept in files: a step is always compiled.
    pub fn jit_compile(mut self, jit_compile: bool) -> Compile {
        self.jit_compile = Some(jit_compile);
        self
    }

    /// Whether the optimizer of a model with the policy `mixed_float16` is put into a
    /// [`LossScaleOptimizer`](crate::optimizers::LossScaleOptimizer); true by default.
    pub fn auto_scale_loss(mut self, auto_scale_loss: bool) -> Compile {
        self.auto_scale_loss = auto_scale_loss;
        self
    }

    /// What a training step does, in place of the usual one; see [`TrainStep`]. Files do not keep
    /// it.
    pub fn train_step(mut self, step: impl TrainStep + 'static) -> Compile {
        self.train_step = Some(Arc::new(step));
        self
    }

    /// How many training steps `fit` takes between two calls of the callbacks' hooks of batches; 1
    /// by default. Hooks are given the numbers of the first and of the last step of such a group.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
    /// model.compile(Compile::new().optimizer("sgd").loss("mse").steps_per_execution(2))?;
    /// let mut ends = Vec::new();
    /// let note = LambdaCallback::new().on_train_batch_end(|batch, _| {
    ///     ends.push(batch);
    ///     Ok(())
    /// });
    /// let fit = Fit::new().batch_size(1).verbose(0).callback(note);
    /// model.fit([[1.0_f32], [2.0], [3.0]], [[1.0_f32], [0.0], [1.0]], fit)?;
    /// assert_eq!(ends, [1, 3]);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn steps_per_execution(mut self, steps: usize) -> Compile {
        self.steps_per_execution = steps;
        self
    }

    /// The optimizer, by name or object.
    pub fn optimizer(mut self, optimizer: impl Into<Optimizer>) -> Compile {
        self.optimizer = optimizer.into();
        self
    }

    /// The loss of every output.
    pub fn loss(mut self, loss: impl Into<Loss>) -> Compile {
        self.losses = PerOutput::One(Some(loss.into()));
        self
    }

    /// The losses of several outputs, in order.
    pub fn losses(mut self, losses: impl IntoIterator<Item = impl Into<Loss>>) -> Compile {
        self.losses = PerOutput::List(losses.into_iter().map(|l| Some(l.into())).collect());
        self
    }

    /// The loss of the output of this name; outputs without any take no part in training.
    pub fn loss_for(mut self, output: impl Into<String>, loss: impl Into<Loss>) -> Compile {
        self.losses.set(output.into(), Some(loss.into()));
        self
    }

    /// Factors of several outputs' losses in the sum, in order.
    pub fn loss_weights(mut self, weights: impl Into<Vec<f64>>) -> Compile {
        self.loss_weights = PerOutput::List(weights.into());
        self
    }

    /// Factor of the loss of the output of this name; 1 for others.
    pub fn loss_weight_for(mut self, output: impl Into<String>, weight: f64) -> Compile {
        self.loss_weights.set(output.into(), weight);
        self
    }

    /// Metrics of the output; of every output where there are several. Called again it adds more,
    /// so that names and objects can be mixed:
    /// `.metrics(["accuracy"]).metrics([Precision::new()])`.
    pub fn metrics(mut self, metrics: impl IntoIterator<Item = impl Into<Metric>>) -> Compile {
        self.metrics.extend(metrics.into_iter().map(Into::into));
        self
    }

    /// Metrics of the output of this name.
    pub fn metrics_for(
        mut self,
        output: impl Into<String>,
        metrics: impl IntoIterator<Item = impl Into<Metric>>,
    ) -> Compile {
        self.metrics.set(output.into(), metrics.into_iter().map(Into::into).collect());
        self
    }

    /// No metrics: to name others than those that a model was saved with.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let compile = Compile::new().loss("mse").metrics(["mae"]);
    /// let other = compile.clone().without_metrics().metrics(["mse"]);
    /// # let _ = other;
    /// ```
    pub fn without_metrics(mut self) -> Compile {
        self.metrics = PerOutput::Unset;
        self.weighted_metrics = PerOutput::Unset;
        self
    }

    /// The same with losses, weights and metrics by the names of a model's outputs, as
    /// [`Network::output_names`](crate::models::Network::output_names) has them: so that one
    /// output's can be changed and the others' stay.
    ///
    /// Errors: another number of losses than there are outputs, or names of others.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let saved = Compile::new().losses(["mse", "mae"]);
    /// // The loss of "price" is still mse.
    /// let changed = saved.by_output(&["price", "size"])?.loss_for("size", "huber");
    /// # let _ = changed;
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn by_output(mut self, outputs: &[&str]) -> Result<Compile> {
        self.losses = self.losses.by_name(outputs, "loss")?;
        self.loss_weights = self.loss_weights.by_name(outputs, "loss_weights")?;
        self.metrics = self.metrics.by_name(outputs, "metrics")?;
        self.weighted_metrics = self.weighted_metrics.by_name(outputs, "weighted_metrics")?;
        Ok(self)
    }

    /// No metrics of the output of this name, where they are given by names: see
    /// [`Compile::by_output`].
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let saved = Compile::new().loss("mse").metrics(["mae"]);
    /// let saved = saved.by_output(&["price", "size"])?;
    /// // That of "size" is still mae.
    /// let changed = saved.without_metrics_for("price").metrics_for("price", ["mape"]);
    /// # let _ = changed;
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn without_metrics_for(mut self, output: &str) -> Compile {
        self.metrics.remove(output);
        self.weighted_metrics.remove(output);
        self
    }

    /// Metrics that sample and class weights count in.
    pub fn weighted_metrics(
        mut self,
        metrics: impl IntoIterator<Item = impl Into<Metric>>,
    ) -> Compile {
        self.weighted_metrics.extend(metrics.into_iter().map(Into::into));
        self
    }

    /// Metrics of the output of this name that sample and class weights count in.
    pub fn weighted_metrics_for(
        mut self,
        output: impl Into<String>,
        metrics: impl IntoIterator<Item = impl Into<Metric>>,
    ) -> Compile {
        let metrics = metrics.into_iter().map(Into::into).collect();
        self.weighted_metrics.set(output.into(), metrics);
        self
    }
}

/// What `compile` leaves in a model.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) arguments: Compile,
    pub(crate) optimizer: Arc<dyn OptimizerFn>,
    /// Empty until the first training step.
    pub(crate) optimizer_states: Vec<OptimizerVariable>,
    /// Seed and number of steps: the key of everything random in a step.
    pub(crate) key: Buffer,
    /// Whether other weights are to be trained since.
    pub(crate) outdated: bool,
}

/// A variable of the optimizer.
#[derive(Debug)]
pub(crate) struct OptimizerVariable {
    pub(crate) path: String,
    pub(crate) ty: TensorType,
    pub(crate) buffer: Buffer,
}

/// What is trained and measured at one output.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The output's place among the model's.
    pub(crate) output: usize,
    pub(crate) name: String,
    pub(crate) loss: Option<Arc<dyn LossFn>>,
    pub(crate) loss_weight: f64,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) weighted_metrics: Vec<Metric>,
}

impl Compiled {
    /// What is trained and measured at the outputs of these names; outputs with neither loss nor
    /// metric are left out.
    pub(crate) fn targets(&self, names: &[&str]) -> Result<Vec<Target>> {
        let arguments = &self.arguments;
        let losses = arguments.losses.resolve(names, "loss")?;
        let weights = arguments.loss_weights.resolve(names, "loss_weights")?;
        let metrics = arguments.metrics.resolve(names, "metrics")?;
        let weighted = arguments.weighted_metrics.resolve(names, "weighted_metrics")?;
        let parts = names.iter().zip(losses).zip(weights).zip(metrics).zip(weighted);
        let mut targets = Vec::new();
        for (output, ((((name, loss), weight), metrics), weighted_metrics)) in parts.enumerate() {
            let target = Target {
                output,
                name: name.to_string(),
                loss: loss.flatten().map(|l| l.get()).transpose()?,
                loss_weight: Option::unwrap_or(weight, 1.0),
                metrics: Option::unwrap_or_default(metrics),
                weighted_metrics: Option::unwrap_or_default(weighted_metrics),
            };
            let measured = !target.metrics.is_empty() || !target.weighted_metrics.is_empty();
            if target.loss.is_some() || measured {
                targets.push(target);
            }
        }
        Ok(targets)
    }
}

impl Model {
    /// Sets the optimizer, the losses and the metrics; the optimizer begins anew.
    ///
    /// An unknown name is an error here, and the model stays as it was.
    pub fn compile(&mut self, arguments: Compile) -> Result<()> {
        crate::config::check()?;
        let mut optimizer = arguments.optimizer.get()?;
        optimizer.check()?;
        if arguments.auto_scale_loss && self.dtype.name() == "mixed_float16" {
            optimizer = optimizers::scaled(optimizer);
        }
        check_names(&arguments)?;
        if arguments.steps_per_execution == 0 {
            return Err(Error::argument("steps_per_execution", "must be at least 1, got 0"));
        }
        self.build_stack(None)?;
        let seed = next_seed();
        let key = Tensor::new([2], vec![seed as i64, 0])?;
        let key = self.backend.upload(&key)?;
        let optimizer_states = Vec::new();
        let compiled = Compiled { arguments, optimizer, optimizer_states, key, outdated: false };
        if let Ok(network) = self.network() {
            compiled.targets(&network.output_names())?;
        }
        self.training = TrainingState { compiled: Some(compiled), steps: StepCache::default() };
        Ok(())
    }

    /// What the model was compiled with; none before `compile`, or where it was loaded from a file
    /// that does not tell.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(1).input_dim(2));
    /// assert!(model.compiled_with().is_none());
    /// model.compile(Compile::new().loss("mse"))?;
    /// assert!(model.compiled_with().is_some());
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn compiled_with(&self) -> Option<&Compile> {
        self.training.compiled.as_ref().map(|compiled| &compiled.arguments)
    }

    /// What `compile` left; an error before it.
    pub(crate) fn compiled(&self, action: &str) -> Result<&Compiled> {
        self.training.compiled.as_ref().ok_or_else(|| not_compiled(&self.name, action))
    }

    /// An error unless the model can be trained as it was compiled.
    pub(crate) fn can_train(&self, action: &str) -> Result<()> {
        match self.compiled(action)?.outdated {
            false => Ok(()),
            true => Err(Error::Model(format!(
                "other weights of model {:?} are trainable since it was compiled: call compile again \
                 before {action}",
                self.name
            ))),
        }
    }

    /// Gives the optimizer its variables, once the weights are known.
    pub(crate) fn prepare_optimizer(&mut self) -> Result<()> {
        let missing = || not_compiled(&self.name, "this");
        let compiled = self.training.compiled.as_mut().ok_or_else(missing)?;
        if !compiled.optimizer_states.is_empty() {
            return Ok(());
        }
        let weights: Vec<&Variable> = self.variables.iter().filter(|v| v.is_trainable()).collect();
        let upload = |state: optimizers::OptimizerState| -> Result<OptimizerVariable> {
            let lost = || Error::Internal("a slot of no weight".into());
            let value = match state.initial {
                optimizers::Start::Known(value) => value,
                optimizers::Start::Weight(place) => weights.get(place).ok_or_else(lost)?.value()?,
            };
            let buffer = self.backend.upload(&value)?;
            Ok(OptimizerVariable { path: state.path, ty: state.ty, buffer })
        };
        let trained: Vec<Trained> = weights.iter().map(|v| trained(v)).collect();
        optimizers::check_weights(&*compiled.optimizer, &trained)?;
        let states = optimizers::states(&*compiled.optimizer, &trained);
        compiled.optimizer_states = states.into_iter().map(upload).collect::<Result<_>>()?;
        Ok(())
    }

    /// Puts the optimizer's moving averages in place of the weights, where it keeps any: the end
    /// of `fit`.
    pub(crate) fn finalize_weights(&mut self) -> Result<()> {
        let backend = self.backend.clone();
        for (variable, average) in self.averages() {
            variable.set_buffer(backend.upload(&average.buffer.download()?)?);
        }
        Ok(())
    }

    /// Exchanges the weights with the optimizer's moving averages of them.
    pub(crate) fn swap_averages(&mut self) -> Result<()> {
        self.prepare_optimizer()?;
        let mut pairs = self.averages();
        if pairs.is_empty() {
            let problem = "the optimizer keeps no moving average of the weights: give it \
                           .use_ema(true)";
            return Err(Error::argument("SwapEMAWeights", problem));
        }
        for (variable, average) in &mut pairs {
            std::mem::swap(variable.buffer_mut()?, &mut average.buffer);
        }
        Ok(())
    }

    /// Makes the optimizer's moving averages what the weights are.
    pub(crate) fn set_averages(&mut self) -> Result<()> {
        let backend = self.backend.clone();
        for (variable, average) in self.averages() {
            average.buffer = backend.upload(&variable.value()?)?;
        }
        Ok(())
    }

    /// The weights of which the optimizer keeps moving averages, with these.
    fn averages(&mut self) -> Vec<(&mut Variable, &mut OptimizerVariable)> {
        let Some(compiled) = &mut self.training.compiled else { return Vec::new() };
        let weights: Vec<_> = self.variables.iter_mut().filter(|v| v.is_trainable()).collect();
        let list: Vec<Trained> = weights.iter().map(|v| trained(v)).collect();
        let places = optimizers::averages(&*compiled.optimizer, &list);
        let mut weights: Vec<_> = weights.into_iter().map(Some).collect();
        let states = compiled.optimizer_states.iter_mut().enumerate();
        let pair = |(place, state): (usize, _)| {
            let (weight, _) = places.iter().find(|(_, average)| *average == place)?;
            Some((weights.get_mut(*weight)?.take()?, state))
        };
        states.filter_map(pair).collect()
    }

    /// The optimizer's learning rate at this moment.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(1).input_dim(2));
    /// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
    /// assert_eq!(model.learning_rate()?, f64::from(0.01_f32));
    /// model.set_learning_rate(0.1)?;
    /// assert_eq!(model.learning_rate()?, f64::from(0.1_f32));
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn learning_rate(&self) -> Result<f64> {
        let compiled = self.compiled("learning_rate")?;
        match self.rate_place().and_then(|place| compiled.optimizer_states.get(place)) {
            Some(state) => {
                Ok(state.buffer.download()?.to_f64_vec().first().copied().unwrap_or(0.0))
            }
            None => match optimizers::initial_rate(&*compiled.optimizer) {
                Some(rate) => Ok(f64::from(rate as f32)),
                None => {
                    let problem = "is not one: each of the optimizers inside has its own";
                    Err(Error::argument("learning_rate", problem))
                }
            },
        }
    }

    /// Where the learning rate stands among the optimizer's variables.
    fn rate_place(&self) -> Option<usize> {
        optimizers::rate(&*self.training.compiled.as_ref()?.optimizer)
    }

    /// How many updates the optimizer has made.
    pub(crate) fn iterations(&self) -> Result<usize> {
        let compiled = self.compiled("iterations")?;
        let place = optimizers::iteration(&*compiled.optimizer);
        let Some(state) = compiled.optimizer_states.get(place) else { return Ok(0) };
        Ok(state.buffer.download()?.to_f64_vec().first().map_or(0, |&n| n as usize))
    }

    /// Sets the optimizer's learning rate from the next step on; an error if it follows a schedule.
    pub fn set_learning_rate(&mut self, rate: f64) -> Result<()> {
        if !rate.is_finite() {
            return Err(Error::argument("learning_rate", format!("must be finite, got {rate}")));
        }
        self.build_stack(None)?;
        self.prepare_optimizer()?;
        let buffer = self.backend.upload(&Tensor::scalar(rate as f32))?;
        let place = self.rate_place();
        let states = self.training.compiled.as_mut().map(|c| &mut c.optimizer_states);
        let state = states.and_then(|states| states.get_mut(place?)).ok_or_else(|| {
            let problem = "follows a schedule, or is that of several optimizers; compile with one \
                           optimizer and a number to set it by hand";
            Error::argument("learning_rate", problem)
        })?;
        state.buffer = buffer;
        Ok(())
    }
}

/// A weight as optimizers see it.
pub(super) fn trained(variable: &Variable) -> Trained {
    Trained { path: variable.path().to_string(), ty: variable.ty().clone() }
}

fn not_compiled(model: &str, action: &str) -> Error {
    Error::Model(format!(
        "model {model:?} is not compiled: call compile(Compile::new().loss(…)) before {action}"
    ))
}

/// Looks up every name, so that a wrong one is told at once.
fn check_names(arguments: &Compile) -> Result<()> {
    for loss in arguments.losses.values().into_iter().flatten() {
        loss.get()?;
    }
    let metrics = [&arguments.metrics, &arguments.weighted_metrics];
    for metric in metrics.into_iter().flat_map(PerOutput::values).flatten() {
        super::metric::check_name(metric)?;
    }
    for weight in arguments.loss_weights.values() {
        if !weight.is_finite() {
            let problem = format!("must be finite, got {weight}");
            return Err(Error::argument("loss_weights", problem));
        }
    }
    Ok(())
}
