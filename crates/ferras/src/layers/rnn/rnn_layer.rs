//! `RNN`: any cell over the steps of a sequence.
use super::{SIGNATURE, runs_a_cell};
use crate::config::DTypePolicy;
use crate::layers::{LayerRef, prelude::*};

/// A cell over the steps of a sequence: one of Keras', several of them
/// ([`StackedRNNCells`](super::StackedRNNCells)), or a layer of your own that has
/// [`state_shapes`](crate::layers::Layer::state_shapes).
///
/// - **Input** `(batch, steps, …)`.
/// - **Call** `initial_state`: all states before the first step; zeros by default. `mask`: in place of that
///   of the input.
/// - **Output** that of the last step; of all, `(batch, steps, …)`, with `return_sequences`. With
///   `return_state` the states are further outputs.
/// - **Mask** `(batch, steps)`: a step that does not count leaves states and output as they were.
///   As in Keras, the mask is not seen where initial states are given.
/// - **Weights** those of the cell, under `cell`.
/// - **Errors** at build: a layer that is no cell, rank below 3, other numbers or shapes of states,
///   `stateful` without a size of batches.
/// - **Source** Keras 3 `layers.RNN`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([10, 8]);
/// let y = RNN::new(GRUCell::new(4)).go_backwards(true).apply(&x);
/// assert_eq!(Model::new(&x, &y)?.network()?.output_specs()[0].shape.to_string(), "(None, 4)");
///
/// /// h′ = x + h / 2: a cell of your own.
/// #[derive(Clone, Debug, Config)]
/// struct Fading {}
///
/// impl Layer for Fading {
///     fn state_shapes(&self, step: &PartialShape) -> Option<Vec<Shape>> {
///         Some(vec![step.known()?])
///     }
///     fn call(&self, cx: &mut Call) -> Value {
///         self.call_all(cx).swap_remove(0)
///     }
///     fn call_all(&self, cx: &mut Call) -> Vec<Value> {
///         let h = cx.input_at(0) + cx.input_at(1) * 0.5;
///         vec![h.clone(), h] // the output, and the new state
///     }
/// }
///
/// let x = Input::new([3, 1]);
/// let model = Model::new(&x, &RNN::new(Fading::new()).apply(&x))?;
/// let sequence = Tensor::new([1, 3, 1], vec![1.0_f32, 2.0, 4.0])?;
/// assert_eq!(model.predict(sequence)?.to_f64_vec(), [5.25]);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct RNN {
    /// What is done in each step.
    pub(super) cell: LayerRef,
    /// Penalty on the output.
    #[config(default, omit_default)]
    pub(super) activity_regularizer: Option<Regularizer>,
    /// Whether the outputs of all steps are given, not the last alone; false by default.
    #[config(default = false)]
    pub(super) return_sequences: bool,
    /// Whether the states after the last step are given as further outputs; false by default.
    #[config(default = false)]
    pub(super) return_state: bool,
    /// Whether steps are done from the last to the first, and outputs come in that order.
    #[config(default = false)]
    pub(super) go_backwards: bool,
    /// Whether each batch begins with the states that the last one ended with; false by default. It needs
    /// batches of a known size ([`Input::batch_shape`](crate::models::Input::batch_shape)), and goes on
    /// until [`Model::reset_states`](crate::models::Model::reset_states).
    #[config(default = false)]
    pub(super) stateful: bool,
    /// Keras' wish to write every step out. Steps are a loop here all the same.
    #[config(default = false)]
    pub(super) unroll: bool,
    /// Whether the output of a step that the mask leaves out is 0, not that before it.
    #[config(default = false)]
    pub(super) zero_output_for_mask: bool,
}

impl RNN {
    fn rnn(&self, _: &DTypePolicy) -> RNN {
        self.clone()
    }
}

runs_a_cell!(RNN);
