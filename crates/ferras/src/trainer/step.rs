//! One step is one graph: tracing, compiling and caching of training, evaluation and prediction.
use super::compile::{Compiled, Target};
use super::metric::{self, Seen, StepLosses, Tracker, TrackerStates, Trackers};
use super::train_step::StepCall;
use crate::layers::{Masked, Trace};
use crate::losses;
use crate::models::{Held, Model, Variable};
use crate::optimizers;
use crate::{Error, Result};
use ferras_graph::{
    Builder, DType, Executable, Graph, StateArg, Tensor, TensorType, TensorView, Value,
};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mode {
    Train,
    Evaluate,
    Predict,
}

/// For what a step is compiled: mode, and the types of everything that is fed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct StepKey {
    mode: Mode,
    x: Vec<TensorType>,
    y: Vec<TensorType>,
    /// Sample weights of each target, where there are any.
    weights: Vec<Option<TensorType>>,
}

/// Compiled steps that are kept: batches of ever new sizes must not fill the memory.
const MOST_STEPS: usize = 32;

/// Compiled steps by what they were compiled for, those used last; shared by threads that predict.
#[derive(Debug, Default)]
pub(crate) struct StepCache(Mutex<Steps>);

#[derive(Debug, Default)]
struct Steps {
    /// Each with the time of its last use.
    entries: HashMap<StepKey, (Arc<Step>, u64)>,
    /// Counts uses.
    time: u64,
}

impl StepCache {
    fn get(&self, key: &StepKey) -> Option<Arc<Step>> {
        let mut steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        steps.time += 1;
        let now = steps.time;
        let (step, used) = steps.entries.get_mut(key)?;
        *used = now;
        Some(step.clone())
    }

    /// Keeps a step, in place of the one that was not used for longest where there are too many.
    fn insert(&self, key: StepKey, step: Arc<Step>) {
        let mut steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        steps.time += 1;
        let now = steps.time;
        steps.entries.insert(key, (step, now));
        if steps.entries.len() > MOST_STEPS {
            let oldest = steps.entries.iter().min_by_key(|(_, (_, used))| *used);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                steps.entries.remove(&oldest);
            }
        }
    }
}

/// A compiled step.
#[derive(Debug)]
pub(crate) struct Step {
    executable: Box<dyn Executable>,
    /// Which states the step replaces, in the graph's order.
    writes: Vec<bool>,
}

impl Step {
    /// What goes from batch to batch as the states that follow those that are there.
    fn extend_carried<'a>(
        &self,
        states: &mut Vec<StateArg<'a>>,
        held: &'a mut [Held<'_>],
    ) -> Result<()> {
        let writes = self.writes.iter().skip(states.len());
        for (held, &write) in held.iter_mut().zip(writes) {
            let buffer = held.buffer()?;
            states.push(if write { StateArg::Write(buffer) } else { StateArg::Read(buffer) });
        }
        Ok(())
    }
}

/// A batch, as it is fed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchView<'a> {
    pub(crate) x: &'a [TensorView<'a>],
    pub(crate) y: &'a [TensorView<'a>],
    pub(crate) weights: &'a [Option<TensorView<'a>>],
}

impl BatchView<'_> {
    fn key(&self, mode: Mode) -> StepKey {
        StepKey {
            mode,
            x: self.x.iter().map(TensorView::ty).collect(),
            y: self.y.iter().map(TensorView::ty).collect(),
            weights: self.weights.iter().map(|w| w.as_ref().map(TensorView::ty)).collect(),
        }
    }

    fn feeds(&self) -> Vec<TensorView<'_>> {
        let weights = self.weights.iter().flatten();
        self.x.iter().chain(self.y).chain(weights).copied().collect()
    }
}

impl Model {
    /// The compiled step for batches of this form.
    pub(crate) fn step(
        &self,
        mode: Mode,
        batch: &BatchView<'_>,
        targets: &[Target],
        trackers: &[Tracker],
    ) -> Result<Arc<Step>> {
        let key = batch.key(mode);
        if let Some(step) = self.training.steps.get(&key) {
            return Ok(step);
        }
        let graph = match mode {
            Mode::Predict => self.trace_predict(&key.x)?,
            _ => self.trace_step(&key, targets, trackers)?,
        };
        let writes = graph.states.iter().map(|s| s.update.is_some()).collect();
        let step = Arc::new(Step { executable: self.backend.compile(&graph)?, writes });
        self.training.steps.insert(key, step.clone());
        Ok(step)
    }

    /// The graph of a prediction.
    pub(super) fn trace_predict(&self, x: &[TensorType]) -> Result<Graph> {
        let builder = Builder::new();
        let inputs = self.feed_inputs(&builder, x)?;
        let mut trace = Trace::new(builder.clone(), false, None);
        self.bind_states(&mut trace);
        let outputs = self.network()?.trace(&mut trace, "", self.trainable, &inputs);
        let outputs: Vec<Value> = outputs.into_iter().map(|m| m.value).collect();
        Ok(builder.finish(&outputs, &self.trace_carried(&trace))?)
    }

    /// The graph of a training or evaluation step.
    fn trace_step(&self, key: &StepKey, targets: &[Target], trackers: &[Tracker]) -> Result<Graph> {
        let training = key.mode == Mode::Train;
        let compiled = self.compiled("fit")?;
        let builder = Builder::new();
        let x = self.feed_inputs(&builder, &key.x)?;
        let rows = x.first().and_then(|x| x.value.shape().first().copied()).unwrap_or(0);
        let feed =
            |what: &str, i: usize, ty: &TensorType| builder.feed(format!("{what}{i}"), ty.clone());
        let y: Vec<Value> = key.y.iter().enumerate().map(|(i, ty)| feed("y", i, ty)).collect();
        let weight = |(i, ty): (usize, &Option<TensorType>)| {
            ty.as_ref().map(|ty| feed("sample_weight", i, ty))
        };
        let weights: Vec<Option<Value>> = key.weights.iter().enumerate().map(weight).collect();
        let random = builder.state("random", TensorType::new(DType::I64, [2]));
        let mut trace = Trace::new(builder.clone(), training, training.then(|| random.clone()));
        self.bind_states(&mut trace);
        let own = compiled.arguments.train_step.as_deref().filter(|_| training);
        let (losses, outputs) = {
            let (trace, y, weights) = (&mut trace, &y[..], &weights[..]);
            let (outputs, losses) = (None, None);
            let mut cx = StepCall { model: self, trace, targets, x, y, weights, outputs, losses };
            match own {
                Some(step) => self.trace_own(step, &mut cx)?,
                None => {
                    let outputs = cx.predict(&cx.x())?;
                    (self.trace_losses(cx.trace, targets, y, &outputs, weights)?, outputs)
                }
            }
        };
        let mut updates = Vec::new();
        if training {
            updates.extend(self.trace_update(&trace, compiled, &losses.total)?);
            let counted = random.slice_axis(0, 1, 2) + 1.0;
            let next = builder.concat(&[random.slice_axis(0, 0, 1), counted], 0);
            updates.push((random, next));
        } else {
            updates.extend(self.trace_carried(&trace));
        }
        metric::check_measured(trackers, &trace.measured)?;
        let (y_true, y_pred, weights) = (&y[..], &outputs[..], &weights[..]);
        let (losses, measured) = (&losses, &trace.measured[..]);
        let seen = Seen { rows, losses, y_true, y_pred, weights, measured };
        updates.extend(metric::updates(&builder, trackers, targets, seen)?);
        Ok(builder.finish(&[], &updates)?)
    }

    /// The values of weights, and what goes from batch to batch, as states of the graph.
    fn bind_states(&self, trace: &mut Trace) {
        let weights = self.variables.iter().map(|v| &v.spec);
        let carried = self.carried.iter().map(|c| &c.spec);
        weights.chain(carried).for_each(|spec| {
            trace.bind(spec);
        });
    }

    /// What goes on to the next batch outside of training, too.
    fn trace_carried(&self, trace: &Trace) -> Vec<(Value, Value)> {
        let carried = |path: &str| self.carried.iter().any(|c| c.spec.path == path);
        let new = trace.updates.iter().filter(|(path, _)| carried(path));
        new.filter_map(|(path, new)| Some((trace.weights.get(path)?.clone(), new.clone())))
            .collect()
    }

    /// What goes from batch to batch, held for the time of one.
    fn hold_carried(&self) -> Result<Vec<Held<'_>>> {
        self.carried.iter().map(|carried| carried.hold()).collect()
    }

    fn feed_inputs(&self, builder: &Builder, types: &[TensorType]) -> Result<Vec<Masked>> {
        let network = self.network()?;
        let named = types.iter().zip(network.feed_names());
        Ok(named.map(|(ty, name)| Masked::from(builder.feed(name, ty.clone()))).collect())
    }

    /// The error of a model that was compiled without a loss.
    pub(crate) fn no_loss(&self) -> Error {
        Error::Model(format!(
            "model {:?} has no loss to train with: give compile one, as .loss(\"mse\")",
            self.name
        ))
    }

    /// Every loss of a step: of each output, and the sum that training minimizes.
    pub(super) fn trace_losses(
        &self,
        trace: &mut Trace,
        targets: &[Target],
        y_true: &[Value],
        y_pred: &[Masked],
        weights: &[Option<Value>],
    ) -> Result<StepLosses> {
        let builder = trace.builder.clone();
        let mut parts: Vec<Value> = Vec::new();
        let mut outputs = Vec::new();
        for (i, target) in targets.iter().enumerate() {
            let Some(loss) = &target.loss else {
                outputs.push(None);
                continue;
            };
            builder.enter(format!("loss {:?} of output {:?}", loss.name(), target.name));
            let own = losses::total(&**loss, &y_true[i], &y_pred[i], weights[i].as_ref());
            builder.leave();
            parts.push(if target.loss_weight == 1.0 {
                own.clone()
            } else {
                &own * target.loss_weight
            });
            outputs.push(Some(own));
        }
        for variable in self.variables.iter().filter(|v| v.is_trainable()) {
            let Some(regularizer) = &variable.spec.regularizer else { continue };
            if let Some(weight) = trace.weights.get(variable.path()) {
                parts.push(regularizer.get()?.call(weight));
            }
        }
        parts.append(&mut trace.losses);
        let total = parts.into_iter().reduce(|a, b| a + b);
        let total = total.ok_or_else(|| self.no_loss())?;
        Ok(StepLosses { total, outputs })
    }

    /// New weights, optimizer states and statistics.
    fn trace_update(
        &self,
        trace: &Trace,
        compiled: &Compiled,
        loss: &Value,
    ) -> Result<Vec<(Value, Value)>> {
        let builder = &trace.builder;
        let state = |s: &super::compile::OptimizerVariable| builder.state(&s.path, s.ty.clone());
        let states: Vec<Value> = compiled.optimizer_states.iter().map(state).collect();
        let trained: Vec<&Variable> = self.variables.iter().filter(|v| v.is_trainable()).collect();
        let value = |v: &&Variable| {
            let lost = || Error::Internal(format!("weight {:?} was not bound", v.path()));
            trace.weights.get(v.path()).cloned().ok_or_else(lost)
        };
        let weights: Vec<Value> = trained.iter().map(value).collect::<Result<_>>()?;
        let loss = optimizers::scale_loss(&*compiled.optimizer, &states, loss);
        let mut gradients = ferras_graph::gradients(&loss, &weights);
        if let Some(step) = &compiled.arguments.train_step {
            let names: Vec<&str> = trained.iter().map(|v| v.path()).collect();
            gradients = step.gradients(&names, gradients);
            if gradients.len() != weights.len() {
                let (expected, found) = (weights.len(), gradients.len());
                let problem = format!("must give {expected} gradients, gave {found}");
                return Err(Error::argument("train_step", problem));
            }
        }
        let list: Vec<_> = trained.iter().map(|v| super::compile::trained(v)).collect();
        let (new_states, new_weights) =
            optimizers::apply(&*compiled.optimizer, &list, &states, &weights, &gradients);
        let mut updates: Vec<(Value, Value)> = states.into_iter().zip(new_states).collect();
        for ((variable, weight), new) in trained.iter().zip(weights).zip(new_weights) {
            let new = match &variable.spec.constraint {
                Some(constraint) => constraint.get()?.call(&new),
                None => new,
            };
            updates.push((weight, new));
        }
        for (path, new) in &trace.updates {
            let lost = || Error::Internal(format!("there is no weight {path:?} to update"));
            updates.push((trace.weights.get(path).cloned().ok_or_else(lost)?, new.clone()));
        }
        Ok(updates)
    }

    /// Runs a training step.
    pub(crate) fn run_train(
        &mut self,
        step: &Step,
        batch: &BatchView<'_>,
        trackers: &mut TrackerStates,
    ) -> Result<()> {
        let missing = || Error::Internal("a training step before compile".into());
        let compiled = self.training.compiled.as_mut().ok_or_else(missing)?;
        let held = self.carried.iter().map(|carried| carried.hold());
        let mut held = held.collect::<Result<Vec<_>>>()?;
        let variables = self.variables.iter_mut().map(Variable::buffer_mut);
        let carried = held.iter_mut().map(Held::buffer);
        let optimizer = compiled.optimizer_states.iter_mut().map(|s| &mut s.buffer);
        let random = std::iter::once(&mut compiled.key);
        let rest = optimizer.chain(trackers.0.iter_mut()).map(Ok);
        let all = random.map(Ok).chain(variables).chain(carried).chain(rest);
        // Room for all at once: a step of some microseconds notices how a list grows.
        let mut states = Vec::with_capacity(step.writes.len());
        for (buffer, &write) in all.zip(&step.writes) {
            let buffer = buffer?;
            states.push(if write { StateArg::Write(buffer) } else { StateArg::Read(buffer) });
        }
        Ok(step.executable.run(&batch.feeds(), &mut states, &mut Vec::new())?)
    }

    /// Runs an evaluation step; the weights are only read.
    pub(crate) fn run_evaluate(
        &self,
        step: &Step,
        batch: &BatchView<'_>,
        trackers: &mut TrackerStates,
    ) -> Result<()> {
        let key = &self.compiled("evaluate")?.key;
        let mut held = self.hold_carried()?;
        let variables = self.variables.iter().map(Variable::buffer);
        let fixed = std::iter::once(Ok(key)).chain(variables);
        let mut states = fixed.map(|b| Ok(StateArg::Read(b?))).collect::<Result<Vec<_>>>()?;
        step.extend_carried(&mut states, &mut held)?;
        states.extend(trackers.0.iter_mut().map(StateArg::Write));
        Ok(step.executable.run(&batch.feeds(), &mut states, &mut Vec::new())?)
    }

    /// The outputs for a batch.
    pub(crate) fn run_predict(
        &self,
        x: &[TensorView<'_>],
        outputs: &mut Vec<Tensor>,
    ) -> Result<()> {
        let batch = BatchView { x, y: &[], weights: &[] };
        let step = self.step(Mode::Predict, &batch, &[], &[])?;
        let variables = self.variables.iter().map(Variable::buffer);
        let mut held = self.hold_carried()?;
        let mut states = variables.map(|b| Ok(StateArg::Read(b?))).collect::<Result<Vec<_>>>()?;
        step.extend_carried(&mut states, &mut held)?;
        Ok(step.executable.run(x, &mut states, outputs)?)
    }
}

/// The trackers of a model for these targets' data.
pub(crate) fn trackers(model: &Model, targets: &[Target], y: &[Tensor]) -> Result<Trackers> {
    let shapes = model.network()?.output_specs();
    let several = shapes.len() > 1;
    let shapes: Vec<_> =
        targets.iter().filter_map(|t| shapes.get(t.output).map(|s| s.shape.clone())).collect();
    Trackers::new(model, targets, several, y, &shapes)
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn ever_new_batch_sizes_keep_few_steps() {
        let x = Input::new([None, Some(2)]);
        let y = Dense::new(1).apply(GlobalAveragePooling1D::new().apply(&x));
        let mut model = Model::new(&x, &y).unwrap();
        model.compile(Compile::new().optimizer("sgd").loss("mse")).unwrap();
        for length in 1..=100 {
            let x = ndarray::Array3::<f32>::ones((2, length, 2));
            model.train_on_batch(&x, [1.0_f32, 2.0]).unwrap();
            // One in use all the time is never thrown out.
            model.predict(ndarray::Array3::<f32>::ones((1, 1, 2))).unwrap();
        }
        let steps = model.training.steps.0.lock().unwrap();
        assert_eq!(steps.entries.len(), super::MOST_STEPS);
        assert!(steps.entries.keys().any(|key| key.mode == super::Mode::Predict));
    }

    /// How many products a training step of the model has.
    fn products(model: &mut Model) -> usize {
        model.compile(Compile::new().optimizer("sgd").loss("mse")).unwrap();
        model.prepare_optimizer().unwrap();
        let targets = model.compiled("").unwrap().targets(&["dense_2"]).unwrap();
        let ty = |n: usize| ferras_graph::TensorType::new(DType::F32, [4, n]);
        let (x, y, weights) = (vec![ty(3)], vec![ty(1)], vec![None]);
        let key = super::StepKey { mode: super::Mode::Train, x, y, weights };
        let graph = model.trace_step(&key, &targets, &[]).unwrap();
        let dots = |n: &&ferras_graph::Node| matches!(n.op, ferras_graph::Op::Dot(_));
        graph.nodes.iter().filter(dots).count()
    }

    #[test]
    fn frozen_layers_cost_no_gradients() {
        let stack = Sequential::new().add(Dense::new(4).input_dim(3));
        let stack = stack.add(Dense::new(4)).add(Dense::new(1)).build().unwrap();
        let mut model = Model::from(stack);
        // Forward, by weights, by inputs but for the first layer's.
        assert_eq!(products(&mut model), 3 + 3 + 2);
        model.set_layer_trainable("dense", false).unwrap();
        assert_eq!(products(&mut model), 3 + 2 + 1);
        model.set_layer_trainable("dense_1", false).unwrap();
        assert_eq!(products(&mut model), 3 + 1);
        // A frozen head passes gradients on.
        model.set_trainable(true).unwrap();
        model.set_layer_trainable("dense_2", false).unwrap();
        assert_eq!(products(&mut model), 3 + 2 + 2);
    }

    #[test]
    fn the_loss_of_16_bits_is_scaled() {
        let made = |auto: bool| {
            let x = Input::new([2]);
            let y = Dense::new(1).dtype("mixed_float16").apply(&x);
            let mut model = Model::new(&x, &y).unwrap();
            model.dtype = "mixed_float16".into();
            let compile = Compile::new().optimizer("sgd").loss("mse").auto_scale_loss(auto);
            model.compile(compile).unwrap();
            model
        };
        // 32,768 times this loss is beyond float16: the step is left out.
        let mut scaled = made(true);
        let before = scaled.get_weights().unwrap();
        scaled.train_on_batch([[100.0_f32, 100.0]], [[500.0_f32]]).unwrap();
        assert_eq!(scaled.get_weights().unwrap(), before);
        assert!(scaled.to_json().unwrap().contains("\"initial_scale\":32768.0"));
        let mut plain = made(false);
        plain.train_on_batch([[1.0_f32, 1.0]], [[5.0_f32]]).unwrap();
        assert!(!plain.to_json().unwrap().contains("LossScale"));
    }
}
