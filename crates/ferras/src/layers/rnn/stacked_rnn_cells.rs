//! `StackedRNNCells`: the output of a cell is the input of the next.
use super::recurrence::state_shapes;
use crate::layers::{LayerRef, PartialShape, TensorSpec, prelude::*};
use crate::models::snake_case;
use ferras_graph::Shape;

/// Cells one on top of the other, as one cell.
///
/// - **Inputs** one step and the states of all cells, cell by cell. **Outputs** that of the last cell,
///   then the new states of all.
/// - **Weights** those of the cells, under `cells/0`, `cells/1`, ….
/// - **Errors** at build: no cells, a layer that is no cell.
/// - **Source** Keras 3 `layers.StackedRNNCells`.
///
/// ```
/// use ferras::prelude::*;
/// let cells: Vec<LayerRef> = vec![LSTMCell::new(8).into(), GRUCell::new(4).into()];
/// let x = Input::new([10, 3]);
/// let y = RNN::new(StackedRNNCells::new(cells)).apply(&x);
/// assert_eq!(Model::new(&x, &y)?.network()?.output_specs()[0].shape.to_string(), "(None, 4)");
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct StackedRNNCells {
    /// The cells, from the input on.
    cells: Vec<LayerRef>,
}

impl StackedRNNCells {
    /// The shapes of the states of each cell.
    fn states(&self, step: &PartialShape) -> Option<Vec<Vec<Shape>>> {
        let mut input = step.clone();
        let mut all = Vec::new();
        for cell in &self.cells {
            let shapes = state_shapes(cell, &input)?;
            // Its output has the shape of its first state.
            input = PartialShape::from(shapes.first()?);
            all.push(shapes);
        }
        Some(all).filter(|all| !all.is_empty())
    }

    /// How many states each cell has.
    pub(super) fn state_counts(&self, step: &PartialShape) -> Option<Vec<usize>> {
        self.states(step).map(|all| all.iter().map(Vec::len).collect())
    }

    /// The number of the last cell's first state.
    pub(super) fn first_of_last(&self, step: &PartialShape) -> usize {
        let states = self.states(step).unwrap_or_default();
        states.iter().rev().skip(1).map(Vec::len).sum()
    }

    fn name(i: usize) -> String {
        format!("cells/{i}")
    }

    /// Where Keras' weights files keep each cell: by class, those of one class numbered.
    fn stored(&self) -> Vec<String> {
        let class = |cell: &LayerRef| snake_case(cell.0.layer.class_name());
        let name = |(i, cell): (usize, &LayerRef)| {
            let own = class(cell);
            let before = self.cells[..i].iter().filter(|c| class(c) == own).count();
            if before == 0 { format!("cells/{own}") } else { format!("cells/{own}_{before}") }
        };
        self.cells.iter().enumerate().map(name).collect()
    }
}

impl Layer for StackedRNNCells {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let Some((step, states)) = cx.inputs().split_first() else {
            return Err(cx.error("expected one step and states, got no input"));
        };
        let sample: Vec<Option<usize>> = step.shape.iter().skip(1).copied().collect();
        let Some(shapes) = self.states(&sample.into()) else {
            return Err(cx.error("expected cells (layers with state_shapes), at least one"));
        };
        let stored = self.stored();
        let (mut input, mut first) = (step.clone(), 0);
        for (i, (cell, own)) in self.cells.iter().zip(&shapes).enumerate() {
            let Some(given) = states.get(first..first + own.len()) else {
                let expected: usize = shapes.iter().map(Vec::len).sum();
                let found = states.len();
                return Err(cx.error(format!("expected {expected} states, got {found}")));
            };
            let inputs: Vec<TensorSpec> = [input].into_iter().chain(given.iter().cloned()).collect();
            let name = StackedRNNCells::name(i);
            cx.child_stored(&name, &stored[i], cell, &inputs)?;
            first += own.len();
            input = given.first().cloned().unwrap_or_else(|| step.clone());
        }
        Ok(())
    }

    fn state_shapes(&self, step: &PartialShape) -> Option<Vec<Shape>> {
        self.states(step).map(|all| all.concat())
    }

    fn call(&self, cx: &mut Call) -> Value {
        self.call_all(cx).swap_remove(0)
    }

    fn call_all(&self, cx: &mut Call) -> Vec<Value> {
        let mut x = cx.input_at(0);
        let shapes = self.states(&x.shape()[1..].into()).unwrap_or_default();
        let (mut states, mut first) = (Vec::new(), 1);
        for (i, (cell, own)) in self.cells.iter().zip(&shapes).enumerate() {
            let given = (first..first + own.len()).map(|k| cx.input_at(k));
            let inputs = [x.clone()].into_iter().chain(given).collect();
            let mut outputs = cx.child(&StackedRNNCells::name(i), cell, inputs).into_iter();
            x = outputs.next().unwrap_or_else(|| x.error("cells", "a cell gave no output"));
            states.extend(outputs);
            first += own.len();
        }
        [x].into_iter().chain(states).collect()
    }
}
