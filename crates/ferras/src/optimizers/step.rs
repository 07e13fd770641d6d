//! One step of an optimizer: what it keeps, and how gradients become new weights.
use super::{Common, Initial, OptimizerFn, Trained, Update};
use ferras_graph::{DType, Tensor, TensorType, Value};
use std::ops::Range;

/// A variable that the optimizer keeps.
#[derive(Clone, Debug)]
pub(crate) struct OptimizerState {
    /// Its name as in Keras' files: `iteration`, `learning_rate`, or the weight's path with the
    /// slot's name (`dense_kernel_momentum`).
    pub(crate) path: String,
    /// Its element type and shape.
    pub(crate) ty: TensorType,
    /// Its value before the first step.
    pub(crate) initial: Start,
}

/// The value of a variable before the first step.
#[derive(Clone, Debug)]
pub(crate) enum Start {
    Known(Tensor),
    /// That of the trained weight of this place.
    Weight(usize),
}

impl Start {
    /// The same where the weights of a list have these places in another one.
    pub(super) fn moved(self, places: &[usize]) -> Start {
        match self {
            Start::Weight(place) => Start::Weight(places.get(place).copied().unwrap_or(place)),
            known => known,
        }
    }
}

impl OptimizerState {
    pub(super) fn known(path: &str, value: Tensor) -> OptimizerState {
        OptimizerState { path: path.into(), ty: value.ty(), initial: Start::Known(value) }
    }
}

/// Everything the optimizer keeps for weights of these paths and types, in Keras' order:
/// `iteration`; `learning_rate`, unless a schedule tells it; moving averages; gathered gradients;
/// the slots group by group; scalars.
pub(super) fn states(optimizer: &dyn OptimizerFn, weights: &[Trained]) -> Vec<OptimizerState> {
    let common = optimizer.common();
    let mut list = vec![OptimizerState::known("iteration", Tensor::scalar(0_i64))];
    if !common.learning_rate.is_schedule() {
        let rate = common.learning_rate.initial() as f32;
        list.push(OptimizerState::known("learning_rate", Tensor::scalar(rate)));
    }
    let zeros = |w: &Trained, name| OptimizerState::known(&w.slot_path(name), Tensor::zeros(&w.ty));
    if common.use_ema {
        list.extend(weights.iter().map(|w| zeros(w, "average")));
    }
    if accumulation(&common).is_some() {
        list.extend(weights.iter().map(|w| zeros(w, "gradient_accumulator")));
    }
    let slots: Vec<_> = weights.iter().map(|w| optimizer.slots_of(w)).collect();
    let groups = slots.iter().map(Vec::len).max().unwrap_or(0);
    for group in 0..groups {
        for (place, (weight, own)) in weights.iter().zip(&slots).enumerate() {
            for slot in own.get(group).into_iter().flatten() {
                let ty = TensorType::new(weight.ty.dtype, slot.shape.clone());
                let initial = match slot.initial {
                    Initial::Number(value) => Start::Known(Tensor::full(&ty, value)),
                    Initial::Weight => Start::Weight(place),
                };
                list.push(OptimizerState { path: slot.path.clone(), ty, initial });
            }
        }
    }
    let scalars = optimizer.scalars().iter();
    list.extend(scalars.map(|(n, value)| OptimizerState::known(n, Tensor::scalar(*value as f32))));
    list
}

/// Where the moving averages stand among the states; training ends with them as the weights.
pub(super) fn averages(optimizer: &dyn OptimizerFn, weights: &[Trained]) -> Option<Range<usize>> {
    Layout::of(optimizer, weights).averages
}

/// Where each kind of state stands.
struct Layout {
    rate: Option<usize>,
    averages: Option<Range<usize>>,
    accumulators: Option<Range<usize>>,
    /// The places of each weight's slots.
    slots: Vec<Vec<usize>>,
    scalars: Range<usize>,
}

impl Layout {
    fn of(optimizer: &dyn OptimizerFn, weights: &[Trained]) -> Layout {
        let common = optimizer.common();
        let mut end = 1;
        let mut next = |count: usize| {
            end += count;
            end - count..end
        };
        let rate = (!common.learning_rate.is_schedule()).then(|| next(1).start);
        let averages = common.use_ema.then(|| next(weights.len()));
        let accumulators = accumulation(&common).map(|_| next(weights.len()));
        let groups: Vec<_> = weights.iter().map(|w| optimizer.slots_of(w)).collect();
        let mut slots = vec![Vec::new(); weights.len()];
        for group in 0..groups.iter().map(Vec::len).max().unwrap_or(0) {
            for (own, places) in groups.iter().zip(&mut slots) {
                places.extend(next(own.get(group).map_or(0, Vec::len)));
            }
        }
        let scalars = next(optimizer.scalars().len());
        Layout { rate, averages, accumulators, slots, scalars }
    }
}

/// Over how many steps gradients are gathered, if so; 0 means not, as in Keras.
fn accumulation(common: &Common) -> Option<usize> {
    common.gradient_accumulation_steps.filter(|&steps| steps > 0)
}

/// One step: new states and new weights. `states` are in the order of [`states`]; gradients are
/// divided by `factor`, by which the loss was multiplied.
pub(super) fn apply(
    optimizer: &dyn OptimizerFn,
    factor: Option<f64>,
    trained: &[Trained],
    states: &[Value],
    weights: &[Value],
    gradients: &[Value],
) -> (Vec<Value>, Vec<Value>) {
    let layout = Layout::of(optimizer, trained);
    if let (Err(e), Some(iteration)) = (optimizer.check(), states.first()) {
        iteration.error("optimizer", e.to_string());
    }
    if states.len() != layout.scalars.end || weights.len() != gradients.len() {
        let problem = format!(
            "expected {} states and a gradient for each weight, got {} and {} for {}",
            layout.scalars.end,
            states.len(),
            gradients.len(),
            weights.len()
        );
        weights.iter().chain(states).take(1).for_each(|v| {
            v.error("optimizer", problem.as_str());
        });
        return (states.to_vec(), weights.to_vec());
    }
    Step::new(optimizer, factor, trained, layout, states).run(weights, gradients)
}

/// A step being traced.
struct Step<'a> {
    optimizer: &'a dyn OptimizerFn,
    trained: &'a [Trained],
    common: Common,
    layout: Layout,
    old: &'a [Value],
    /// The new states as far as they are known.
    new: Vec<Value>,
    /// Updates before this one, int64.
    updates: Value,
    /// Whether this step is one that updates; always if none.
    due: Option<Value>,
    /// Shared scalars for each element type of weights.
    shared: Vec<(DType, Update)>,
}

impl<'a> Step<'a> {
    fn new(
        optimizer: &'a dyn OptimizerFn,
        factor: Option<f64>,
        trained: &'a [Trained],
        layout: Layout,
        old: &'a [Value],
    ) -> Step<'a> {
        let common = Common { loss_scale_factor: factor, ..optimizer.common() };
        let iteration = &old[0];
        let mut new = old.to_vec();
        new[0] = iteration + 1.0;
        let every = accumulation(&common).map(|n| n as f64);
        let updates = every.map_or_else(|| iteration.clone(), |n| iteration / n);
        let due = every.map(|n| new[0].rem(n).equal(0.0));
        let shared = Vec::new();
        let mut step = Step { optimizer, trained, common, layout, old, new, updates, due, shared };
        for weight in trained {
            step.share(weight.ty.dtype);
        }
        step
    }

    /// Traces the scalars of an element type, unless that was done.
    fn share(&mut self, dtype: DType) {
        if self.shared.iter().any(|(known, _)| *known == dtype) {
            return;
        }
        let rate = match (self.common.learning_rate.scheduled(&self.old[0]), self.layout.rate) {
            (Some(rate), _) => rate,
            (None, place) => self.old[place.unwrap_or(0)].clone(),
        };
        let step = (&self.updates + 1.0).cast(dtype);
        let (iterations, learning_rate) = (self.updates.clone(), rate.cast(dtype));
        let mut cx = Update { learning_rate, step, iterations, shared: Vec::new() };
        let scalars = self.layout.scalars.clone();
        let kept: Vec<Value> = self.old[scalars.clone()].iter().map(|k| k.cast(dtype)).collect();
        let (shared, kept) = self.optimizer.shared(&cx, &kept);
        if self.shared.is_empty() {
            for (place, kept) in scalars.zip(kept) {
                self.new[place] = self.if_due(&kept.cast(DType::F32), &self.old[place]);
            }
        }
        cx.shared = shared;
        self.shared.push((dtype, cx));
    }

    fn run(mut self, weights: &[Value], gradients: &[Value]) -> (Vec<Value>, Vec<Value>) {
        let gradients = weights.iter().zip(gradients).map(|(w, g)| self.unscaled(w, g)).collect();
        let gradients = self.accumulate(gradients);
        let gradients = clip(&self.common, gradients);
        let updated = weights.iter().zip(&gradients).enumerate();
        let updated: Vec<Value> = updated.map(|(i, (w, g))| self.update(i, w, g)).collect();
        let weights = self.average(updated);
        (self.new, weights)
    }

    fn unscaled(&self, weight: &Value, gradient: &Value) -> Value {
        let gradient = gradient.cast(weight.dtype());
        match self.common.loss_scale_factor {
            Some(factor) => gradient / factor,
            None => gradient,
        }
    }

    /// `new` in a step that updates, else `old`.
    fn if_due(&self, new: &Value, old: &Value) -> Value {
        match &self.due {
            Some(due) => due.select(new, old),
            None => new.clone(),
        }
    }

    /// The mean of the gradients since the last update, where one is due.
    fn accumulate(&mut self, gradients: Vec<Value>) -> Vec<Value> {
        let Some(places) = self.layout.accumulators.clone() else { return gradients };
        let steps = accumulation(&self.common).unwrap_or(1) as f64;
        let sums = places.zip(gradients).map(|(place, gradient)| {
            let sum = &self.old[place] + gradient;
            self.new[place] = self.if_due(&sum.full_like(0.0), &sum);
            sum / steps
        });
        sums.collect::<Vec<_>>()
    }

    /// One weight after decay and the optimizer's rule.
    fn update(&mut self, index: usize, weight: &Value, gradient: &Value) -> Value {
        let Some((_, cx)) = self.shared.iter().find(|(d, _)| *d == weight.dtype()) else {
            return weight.error("optimizer", "no scalars of the weight's element type");
        };
        let decay = self.trained.get(index).and_then(|w| self.optimizer.weight_decay_of(w));
        let decayed = match decay {
            Some(decay) => weight - weight * (&cx.learning_rate * decay),
            None => weight.clone(),
        };
        let places = self.layout.slots.get(index).cloned().unwrap_or_default();
        let slots: Vec<Value> = places.iter().map(|&p| self.old[p].clone()).collect();
        let (updated, slots) = self.optimizer.update(cx, &decayed, gradient, &slots);
        if slots.len() != places.len() {
            let problem = format!("an update gave {} of {} slots", slots.len(), places.len());
            return weight.error("optimizer", problem);
        }
        for (place, slot) in places.into_iter().zip(slots) {
            self.new[place] = self.if_due(&slot, &self.old[place]);
        }
        self.if_due(&updated, weight)
    }

    /// Moves the averages; where they are due to become the weights, returns them.
    fn average(&mut self, weights: Vec<Value>) -> Vec<Value> {
        let Some(places) = self.layout.averages.clone() else { return weights };
        let overwrite = self
            .common
            .ema_overwrite_frequency
            .map(|every| (&self.updates + 1.0).rem(every as f64).equal(0.0));
        // The first average is the weights themselves.
        let later = self.updates.not_equal(0.0);
        let averaged = places.zip(weights).map(|(place, weight)| {
            let momentum = later.cast(weight.dtype()) * self.common.ema_momentum;
            let average = &momentum * &self.old[place] + (1.0 - &momentum) * &weight;
            self.new[place] = average.clone();
            match &overwrite {
                Some(now) => now.select(&average, &weight),
                None => weight,
            }
        });
        averaged.collect::<Vec<_>>()
    }
}

/// Gradients within the bounds, if there are any; a bound of 0 is none, as in Keras.
fn clip(common: &Common, gradients: Vec<Value>) -> Vec<Value> {
    let bound = |value: Option<f64>| value.filter(|&v| v > 0.0);
    let squares = |g: &Value| g.square().sum(&[], false);
    if let Some(most) = bound(common.clipnorm) {
        let shorten = |g: &Value| g * (most / squares(g).sqrt().maximum(most));
        return gradients.iter().map(shorten).collect();
    }
    if let Some(most) = bound(common.global_clipnorm) {
        // Summed in the widest type among them.
        let Some(sum) = gradients.iter().map(squares).reduce(|a, b| a + b) else {
            return gradients;
        };
        // NaN and infinite norms make everything NaN: not a silent zero.
        let norm = sum.sqrt();
        let scale = norm.is_finite().select(&(most / norm.maximum(most)), f64::NAN);
        return gradients.iter().map(|g| g * scale.cast(g.dtype())).collect();
    }
    match bound(common.clipvalue) {
        Some(most) => gradients.iter().map(|g| g.clip(-most, most)).collect(),
        None => gradients,
    }
}
