//! `RNN`: any cell over the steps of a sequence.
use super::recurrence::Recurrence;
use super::{SIGNATURE, runs_a_cell};
use crate::config::DTypePolicy;
use crate::layers::{LayerRef, Signature, prelude::*};

/// A cell over the steps of a sequence: one of Keras', several of them
/// ([`StackedRNNCells`](super::StackedRNNCells)), or a layer of your own that has
/// [`state_shapes`](crate::layers::Layer::state_shapes).
///
/// - **Input** `(batch, steps, …)`.
/// - **Call** `initial_state`: all states before the first step; zeros by default.
/// - **Output** that of the last step; of all, `(batch, steps, …)`, with `return_sequences`. With
///   `return_state` the states are further outputs.
/// - **Mask** `(batch, steps)`: a step that does not count leaves states and output as they were.
///   As in Keras, the mask is not seen where initial states are given.
/// - **Weights** those of the cell, under `cell`.
/// - **Errors** at build: a layer that is no cell, rank below 3, other numbers or shapes of states,
///   `stateful`.
/// - **Source** Keras 3 `layers.RNN`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([10, 8]);
/// let y = RNN::new(GRUCell::new(4)).go_backwards(true).apply(&x);
/// assert_eq!(Model::new(&x, &y)?.network()?.output_specs()[0].shape.to_string(), "(None, 4)");
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RNN {
    /// What is done in each step.
    cell: LayerRef,
    /// Penalty on the output.
    #[config(default, omit_default)]
    activity_regularizer: Option<Regularizer>,
    /// Whether the outputs of all steps are given, not the last alone; false by default.
    #[config(default = false)]
    return_sequences: bool,
    /// Whether the states after the last step are given as further outputs; false by default.
    #[config(default = false)]
    return_state: bool,
    /// Whether steps are done from the last to the first, and outputs come in that order.
    #[config(default = false)]
    go_backwards: bool,
    /// Keras' wish that each batch begins where the last one ended; must be false.
    #[config(default = false)]
    stateful: bool,
    /// Keras' wish to write every step out. Steps are a loop here all the same.
    #[config(default = false)]
    unroll: bool,
    /// Whether the output of a step that the mask leaves out is 0, not that before it.
    #[config(default = false)]
    zero_output_for_mask: bool,
}

impl RNN {
    fn recurrence(&self, _: &DTypePolicy) -> Recurrence {
        Recurrence {
            cell: self.cell.clone(),
            return_sequences: self.return_sequences,
            return_state: self.return_state,
            go_backwards: self.go_backwards,
            stateful: self.stateful,
            unroll: self.unroll,
            zero_output_for_mask: self.zero_output_for_mask,
            penalty: self.activity_regularizer.clone(),
        }
    }
}

runs_a_cell!(RNN);
