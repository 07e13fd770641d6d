//! Trackers: the running loss and the metrics of a model, whose states are part of the step.
use super::compile::Target;
use super::history::Logs;
use super::targets;
use crate::layers::{LayerMetric, Masked, Measured, PartialShape};
use crate::losses::{self, Reduction};
use crate::metrics::{self, Metric, MetricFn};
use crate::models::Model;
use crate::{Error, Result};
use ferras_graph::{Buffer, Builder, DType, Executable, StateArg, Tensor, TensorType, Value};
use std::sync::Arc;

/// Whether the word stands for a different metric by the shapes of target and output.
fn goes_by_shape(word: &str) -> bool {
    ["accuracy", "acc", "crossentropy", "ce"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// One number of the logs.
#[derive(Clone, Debug)]
pub(crate) struct Tracker {
    /// The key in the logs; with a number behind it, where there are several results.
    pub(crate) name: String,
    /// How many results there are, where it is no single number.
    pub(crate) several: Option<usize>,
    pub(crate) kind: TrackerKind,
    pub(crate) state: Vec<TensorType>,
}

/// What a tracker follows.
#[derive(Clone, Debug)]
pub(crate) enum TrackerKind {
    /// The loss that training minimizes.
    Loss,
    /// The loss of one output.
    OutputLoss(usize),
    /// A metric of one output.
    Metric { output: usize, metric: Arc<dyn MetricFn>, weighted: bool },
    /// A metric of a layer.
    Layer(LayerMetric),
}

impl TrackerKind {
    /// The metric, if it follows one.
    pub(crate) fn metric(&self) -> Option<&dyn MetricFn> {
        match self {
            TrackerKind::Loss | TrackerKind::OutputLoss(_) => None,
            TrackerKind::Metric { metric, .. } => Some(&**metric),
            TrackerKind::Layer(own) => Some(&*own.metric),
        }
    }
}

impl Tracker {
    /// The keys in the logs: `precision_0`, `precision_1`, … for a number for each threshold.
    pub(crate) fn names(&self) -> Vec<String> {
        match self.several {
            None => vec![self.name.clone()],
            Some(count) => (0..count).map(|i| format!("{}_{i}", self.name)).collect(),
        }
    }
}

/// All trackers of a model, and the program that reads them.
#[derive(Debug)]
pub(crate) struct Trackers {
    pub(crate) list: Vec<Tracker>,
    /// States to results, in the list's order.
    read: Box<dyn Executable>,
}

/// The trackers' states during one run of `fit` or `evaluate`.
#[derive(Debug)]
pub(crate) struct TrackerStates(pub(crate) Vec<Buffer>);

/// An error if the metric is given by a name that nothing has.
pub(crate) fn check_name(metric: &Metric) -> Result<()> {
    match metric.name() {
        Some(word) if goes_by_shape(word) => Ok(()),
        _ => metric.get()?.check(),
    }
}

impl Trackers {
    /// The trackers for targets of these shapes and the model's outputs.
    pub(crate) fn new(
        model: &Model,
        targets: &[Target],
        several: bool,
        y_true: &[Tensor],
        y_pred: &[PartialShape],
    ) -> Result<Trackers> {
        let mut list = vec![mean("loss".into(), TrackerKind::Loss)];
        let prefixed = |output: &str, name: &str| match several {
            true => format!("{output}_{name}"),
            false => name.to_string(),
        };
        if targets.iter().filter(|t| t.loss.is_some()).count() > 1 {
            for (i, target) in targets.iter().enumerate().filter(|(_, t)| t.loss.is_some()) {
                list.push(mean(prefixed(&target.name, "loss"), TrackerKind::OutputLoss(i)));
            }
        }
        for (output, target) in targets.iter().enumerate() {
            let plain = target.metrics.iter().map(|m| (m, false));
            for (metric, weighted) in plain.chain(target.weighted_metrics.iter().map(|m| (m, true)))
            {
                let (Some(truth), Some(shape)) = (y_true.get(output), y_pred.get(output)) else {
                    return Err(Error::Internal("a target without data".into()));
                };
                let (own, metric) = resolve(metric, truth, shape)?;
                let mut name = prefixed(&target.name, &own);
                if weighted && is_taken(&list, &name) {
                    name = prefixed(&target.name, &format!("weighted_{own}"));
                }
                let (name, state) = (free(&list, name), metric.state(shape));
                let kind = TrackerKind::Metric { output, metric, weighted };
                list.push(Tracker { name, several: None, kind, state });
            }
        }
        for own in &model.network()?.metrics {
            let (name, state) = (free(&list, own.metric.name()), own.metric.state(&own.shape));
            list.push(Tracker {
                name,
                several: None,
                kind: TrackerKind::Layer(own.clone()),
                state,
            });
        }
        let read = reader(model, &mut list)?;
        Ok(Trackers { list, read })
    }

    /// Fresh states: nothing seen yet.
    pub(crate) fn start(&self, model: &Model) -> Result<TrackerStates> {
        let types = self.list.iter().flat_map(|t| &t.state);
        let buffers = types.map(|ty| model.backend.upload(&Tensor::zeros(ty)));
        Ok(TrackerStates(buffers.collect::<ferras_graph::Result<_>>()?))
    }

    /// The numbers so far by name, in alphabetical order as Keras logs them.
    pub(crate) fn logs(&self, states: &TrackerStates) -> Result<Logs> {
        let mut arguments: Vec<StateArg<'_>> = states.0.iter().map(StateArg::Read).collect();
        let mut results = Vec::new();
        self.read.run(&[], &mut arguments, &mut results)?;
        let names = self.list.iter().flat_map(Tracker::names);
        Ok(names.zip(results.iter().flat_map(Tensor::to_f64_vec)).collect())
    }
}

fn is_taken(list: &[Tracker], name: &str) -> bool {
    list.iter().any(|tracker| tracker.name == name)
}

/// The name, or as in Keras the first of `mae_1`, `mae_2`, … that no other number has.
fn free(list: &[Tracker], name: String) -> String {
    let numbered = |n: usize| if n == 0 { name.clone() } else { format!("{name}_{n}") };
    (0..).map(numbered).find(|candidate| !is_taken(list, candidate)).unwrap_or_default()
}

fn mean(name: String, kind: TrackerKind) -> Tracker {
    Tracker { name, several: None, kind, state: metrics::mean_state() }
}

/// The metric for targets and outputs of these shapes, under the name the user gave it.
fn resolve(
    metric: &Metric,
    y_true: &Tensor,
    y_pred: &PartialShape,
) -> Result<(String, Arc<dyn MetricFn>)> {
    match metric.name() {
        Some(word) if goes_by_shape(word) => {
            let found = metrics::resolve_by_shape(word, y_true.shape(), y_pred)?;
            Ok((word.to_string(), found))
        }
        Some(word) => Ok((word.to_string(), metric.get()?)),
        None => metric.get().map(|m| (m.name(), m)),
    }
}

/// The program that turns states into results, whose numbers are noted in the list.
fn reader(model: &Model, list: &mut [Tracker]) -> Result<Box<dyn Executable>> {
    let builder = Builder::new();
    let mut results = Vec::new();
    for tracker in list {
        let states = bind(&builder, tracker);
        let result = match tracker.kind.metric() {
            Some(metric) => metric.result(&states),
            None => metrics::mean_result(&states),
        };
        tracker.several = (result.rank() > 0).then(|| result.shape().elements());
        results.push(result.cast(DType::F64));
    }
    let graph = builder.finish(&results, &[])?;
    Ok(model.backend.compile(&graph)?)
}

/// A tracker's states in a graph.
fn bind(builder: &Builder, tracker: &Tracker) -> Vec<Value> {
    let state =
        |(i, ty): (usize, &TensorType)| builder.state(format!("{}/{i}", tracker.name), ty.clone());
    tracker.state.iter().enumerate().map(state).collect()
}

/// The losses of a step, for the trackers.
#[derive(Clone, Debug)]
pub(crate) struct StepLosses {
    pub(crate) total: Value,
    pub(crate) outputs: Vec<Option<Value>>,
}

/// What the trackers see of a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) rows: usize,
    pub(crate) losses: &'a StepLosses,
    pub(crate) y_true: &'a [Value],
    pub(crate) y_pred: &'a [Masked],
    pub(crate) weights: &'a [Option<Value>],
    pub(crate) measured: &'a [Measured],
}

/// An error if a layer measures something that it did not when the model was made.
pub(crate) fn check_measured(trackers: &[Tracker], measured: &[Measured]) -> Result<()> {
    let follows = |tracker: &Tracker, own: &Measured| matches!(&tracker.kind, TrackerKind::Layer(known) if known.is_of(own));
    match measured.iter().find(|own| !trackers.iter().any(|tracker| follows(tracker, own))) {
        None => Ok(()),
        Some(own) => Err(Error::Model(format!(
            "layer {:?} follows metric {:?} in training alone: it must do so in every call; weights of \
             0 leave out what does not count",
            own.layer,
            own.metric.name()
        ))),
    }
}

/// The trackers' states in the graph of a step, with the new ones.
pub(crate) fn updates(
    builder: &Builder,
    trackers: &[Tracker],
    targets: &[Target],
    seen: Seen<'_>,
) -> Result<Vec<(Value, Value)>> {
    let mut all = Vec::new();
    for tracker in trackers {
        let states = bind(builder, tracker);
        let new = update(tracker, &states, seen).map_err(|e| match &tracker.kind {
            TrackerKind::Metric { output, .. } => {
                targets::named(targets.get(*output).map_or("", |t| &t.name), e)
            }
            TrackerKind::Layer(own) => Error::Model(format!("layer {:?}: {e}", own.layer)),
            TrackerKind::Loss | TrackerKind::OutputLoss(_) => e,
        })?;
        all.extend(states.into_iter().zip(new));
    }
    Ok(all)
}

/// The new states of a tracker after a batch.
fn update(tracker: &Tracker, states: &[Value], seen: Seen<'_>) -> Result<Vec<Value>> {
    let rows = seen.rows as f64;
    let add = |loss: &Value| vec![&states[0] + loss.cast(DType::F64) * rows, &states[1] + rows];
    match &tracker.kind {
        TrackerKind::Loss => Ok(add(&seen.losses.total)),
        TrackerKind::OutputLoss(i) => Ok(match &seen.losses.outputs[*i] {
            Some(loss) => add(loss),
            None => states.to_vec(),
        }),
        TrackerKind::Metric { output, metric, weighted } => {
            let weights = seen.weights[*output].as_ref().filter(|_| *weighted);
            let (y_true, y_pred) = (&seen.y_true[*output], &seen.y_pred[*output]);
            let mask = y_pred.mask.as_ref().filter(|_| metric.uses_mask());
            let weights = losses::masked(&y_pred.value, weights, mask, Reduction::Sum);
            metrics::updated(&**metric, states, y_true, &y_pred.value, weights.as_ref())
        }
        TrackerKind::Layer(own) => {
            let calls = seen.measured.iter().filter(|measured| own.is_of(measured));
            calls.into_iter().try_fold(states.to_vec(), |states, call| {
                let Measured { y_true, y_pred, weights, .. } = call;
                metrics::updated(&*own.metric, &states, y_true, y_pred, weights.as_ref())
            })
        }
    }
}
