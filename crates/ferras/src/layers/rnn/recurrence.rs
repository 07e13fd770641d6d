//! Running a cell over the steps of a sequence.
use super::{Bidirectional, RNN, StackedRNNCells, seen_mask};
use crate::Result;
use crate::layers::{Build, Call, LayerRef, PartialShape, TensorSpec};
use ferras_graph::{Shape, Value};

/// What a step begins with.
struct Step<'a> {
    old: &'a [Value],
    /// The output of the step before, where steps that do not count have that.
    before: Option<&'a Value>,
    /// The state that stands for the output before.
    place: usize,
}

/// Under what name a `stateful` layer carries a state to the next batch.
fn kept(state: usize) -> String {
    format!("state_{state}")
}

/// The shapes of a cell's states for steps of this shape, without the batch axis.
pub(super) fn state_shapes(cell: &LayerRef, step: &PartialShape) -> Option<Vec<Shape>> {
    cell.0.layer.state_shapes(step)
}

/// How many states each cell of a recurrent layer has, if its cell is a stack of several; those of both
/// directions for a layer that has two.
pub(crate) fn state_groups(layer: &LayerRef, sequence: &PartialShape) -> Option<Vec<usize>> {
    if let Some(both) = layer.downcast::<Bidirectional>() {
        let sides = both.sides().ok()?;
        let groups = sides.iter().map(|side| groups_of(side, sequence));
        return groups.collect::<Option<Vec<_>>>().map(|groups| groups.concat());
    }
    groups_of(layer.downcast::<RNN>()?, sequence)
}

fn groups_of(rnn: &RNN, sequence: &PartialShape) -> Option<Vec<usize>> {
    let cells = rnn.cell.downcast::<StackedRNNCells>()?;
    cells.state_counts(&sample(&step_shape(sequence)))
}

impl RNN {
    pub(super) fn build_loop(&self, cx: &mut Build) -> Result<()> {
        let [sequence] = cx.inputs() else {
            let found = cx.inputs().len();
            return Err(cx.error(format!(
                "expected one sequence, got {found} inputs; give initial states by \
                 .with(\"initial_state\", …)"
            )));
        };
        if sequence.shape.len() < 3 {
            let problem = "expected a sequence of shape (batch, steps, …), of rank 3 at least";
            return Err(cx.error(format!("{problem}, got {}", sequence.shape)));
        }
        let step = step_shape(&sequence.shape);
        let class = self.cell.0.layer.class_name();
        let Some(shapes) = state_shapes(&self.cell, &sample(&step)) else {
            return Err(cx.error(format!(
                "its cell, a {class}, has no states for steps of shape {step}: expected a cell \
                 (a layer with state_shapes) and an input of known sizes"
            )));
        };
        let dtype = sequence.dtype;
        let state = |shape: &Shape| TensorSpec { dtype, shape: PartialShape::from(shape).batched() };
        let first = TensorSpec { dtype, shape: step };
        let inputs: Vec<TensorSpec> = [first].into_iter().chain(shapes.iter().map(state)).collect();
        if self.stateful {
            let Some(batch) = sequence.shape.first().copied().flatten() else {
                return Err(cx.error(format!(
                    "stateful needs batches of a known size, got shape {}; begin the model with \
                     Input::batch_shape([batch, steps, …])",
                    sequence.shape
                )));
            };
            for (i, shape) in shapes.iter().enumerate() {
                cx.carry(&kept(i), [&[batch], &shape[..]].concat());
            }
        }
        cx.child("cell", &self.cell, &inputs)
    }

    /// The output, and the states if they are asked for.
    pub(super) fn call_loop(&self, cx: &mut Call) -> Vec<Value> {
        let x = cx.input();
        if x.is_poisoned() {
            return vec![x];
        }
        let given = cx.arguments("initial_state");
        let mask = seen_mask(cx);
        let start = match self.carried(cx, &x) {
            Ok(carried) if given.is_empty() => self.start(&x, carried),
            Ok(_) => self.start(&x, given),
            Err(problem) => Err(problem),
        };
        let (output, states) = match start {
            Ok(start) => self.run(cx, &x, mask, start),
            Err(problem) => (x.error("initial_state", problem), Vec::new()),
        };
        if self.stateful {
            states.iter().enumerate().for_each(|(i, state)| cx.update(&kept(i), state.clone()));
        }
        let states = if self.return_state { states } else { Vec::new() };
        let dtype = cx.compute_dtype();
        let results: Vec<Value> =
            [output].into_iter().chain(states).map(|y| y.cast(dtype)).collect();
        results.iter().for_each(|y| cx.penalize(&self.activity_regularizer, y));
        results
    }

    /// The states that the last batch ended with, where they are carried on.
    fn carried(&self, cx: &Call, x: &Value) -> Result<Vec<Value>, String> {
        let names = (0..).map(kept).take_while(|name| self.stateful && cx.has_weight(name));
        let states: Vec<Value> = names.map(|name| cx.weight(&name)).collect();
        match states.first().map(|state| state.dim(0)) {
            Some(batch) if batch != x.dim(0) => Err(format!(
                "the layer carries states of batches of {batch}, got one of {}; give batch_size({batch})",
                x.dim(0)
            )),
            _ => Ok(states),
        }
    }

    /// The states before the first step: those given, or zeros.
    fn start(&self, x: &Value, given: Vec<Value>) -> Result<Vec<Value>, String> {
        let dtype = self.cell.0.dtype.compute_dtype().map_err(|e| e.to_string())?;
        let shapes = state_shapes(&self.cell, &x.shape()[2..].into()).unwrap_or_default();
        let batched = |shape: &Shape| Shape::from([&[x.dim(0)], &shape[..]].concat());
        if given.is_empty() {
            let zeros = |shape| x.builder().full(dtype, batched(shape), 0.0);
            return Ok(shapes.iter().map(zeros).collect());
        }
        if given.len() != shapes.len() {
            let (expected, found) = (shapes.len(), given.len());
            return Err(format!("expected {expected} states, got {found}"));
        }
        for (i, (state, shape)) in given.iter().zip(&shapes).enumerate() {
            let (expected, found) = (batched(shape), state.shape());
            if expected != found && !state.is_poisoned() {
                return Err(format!("expected state {i} of shape {expected}, got {found}"));
            }
        }
        Ok(given.into_iter().map(|state| state.cast(dtype)).collect())
    }

    /// The output and the states after the last step.
    fn run(
        &self,
        cx: &mut Call,
        x: &Value,
        mask: Option<Value>,
        mut start: Vec<Value>,
    ) -> (Value, Vec<Value>) {
        let (steps, states) = (x.dim(1), start.len());
        let place = self.output_state(&x.shape()[2..].into());
        // Written out, Keras begins with an output of 0 before the first step that counts.
        let keeps_output = mask.is_some() && self.unroll;
        if keeps_output {
            start.extend(start.get(place).map(|state| state.full_like(0.0)));
        }
        let sequences: Vec<Value> =
            [Some(x.swap_first()), mask.map(|m| every_step(&m).swap_first())]
                .into_iter()
                .flatten()
                .collect();
        let mut end = None;
        let (mut last, outputs) =
            x.builder().scan(steps, self.go_backwards, &start, &sequences, |carried, slices| {
                let (old, before) = carried.split_at(states);
                let step = Step { old, before: before.first(), place };
                let (mut new, output, state) = self.step(cx, slices, &step);
                end = state;
                if keeps_output {
                    new.push(output.clone());
                    end = Some(states);
                }
                (new, vec![output])
            });
        let all = outputs[0].clone();
        let output = match (self.return_sequences, self.go_backwards, end) {
            (true, false, _) => all.swap_first(),
            (true, true, _) => all.reverse(&[0]).swap_first(),
            (false, _, Some(state)) => last[state].clone(),
            (false, backwards, None) => {
                let end = if backwards { 0 } else { steps.saturating_sub(1) };
                all.slice_axis(0, end, end + 1).squeeze(0)
            }
        };
        last.truncate(states);
        (output, last)
    }

    /// The new states and the output of a step, and the number of the state that the output is.
    fn step(
        &self,
        cx: &mut Call,
        slices: &[Value],
        step: &Step<'_>,
    ) -> (Vec<Value>, Value, Option<usize>) {
        let x = &slices[0];
        let inputs = [x].into_iter().chain(step.old).cloned().collect();
        let mut new = cx.inside(x.builder(), |cx| cx.child("cell", &self.cell, inputs));
        let output = match new.is_empty() {
            true => x.error("rnn", "the cell gave no output"),
            false => new.remove(0),
        };
        let state = new.iter().position(|state| state.is_same(&output));
        let Some(counts) = slices.get(1) else { return (new, output, state) };
        let choose = |(new, old): (&Value, &Value)| {
            let axes = vec![1; new.rank().saturating_sub(1)];
            counts.reshape([&[counts.dim(0)], &axes[..]].concat()).select(new, old)
        };
        let new: Vec<Value> = new.iter().zip(step.old).map(choose).collect();
        let zero = output.full_like(0.0);
        let before = match step.before {
            Some(before) => before,
            None if self.zero_output_for_mask => &zero,
            // Where the output is this state, what was chosen for it is the output.
            None if state == Some(step.place) => {
                return (new.clone(), new[step.place].clone(), state);
            }
            None => &step.old[step.place],
        };
        let output = choose((&output, before));
        (new, output, None)
    }

    /// The state that is the output of a step, as Keras takes it: the first one of the last cell.
    fn output_state(&self, step: &PartialShape) -> usize {
        self.cell.downcast::<StackedRNNCells>().map_or(0, |cells| cells.first_of_last(step))
    }
}

/// Whether each step counts, `(batch, steps)`: that any of the further axes of a mask says so.
fn every_step(mask: &Value) -> Value {
    let axes: Vec<isize> = (2..mask.rank()).map(|a| a as isize).collect();
    if axes.is_empty() { mask.clone() } else { mask.max(&axes, false) }
}

/// One step of a sequence, batch axis first.
fn step_shape(sequence: &PartialShape) -> PartialShape {
    let sizes: Vec<Option<usize>> =
        sequence.iter().enumerate().filter(|(axis, _)| *axis != 1).map(|(_, size)| *size).collect();
    sizes.into()
}

/// A shape without its batch axis.
fn sample(shape: &PartialShape) -> PartialShape {
    shape.iter().skip(1).copied().collect::<Vec<_>>().into()
}

trait SwapFirst {
    /// Batch and steps change places.
    fn swap_first(&self) -> Value;
}

impl SwapFirst for Value {
    fn swap_first(&self) -> Value {
        let perm: Vec<usize> = [1, 0].into_iter().chain(2..self.rank()).collect();
        self.transpose(&perm)
    }
}
