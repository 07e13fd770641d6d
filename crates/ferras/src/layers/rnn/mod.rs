//! Recurrent layers: what they keep goes from step to step.
mod bidirectional;
mod cells;
mod conv_lstm;
mod gru;
mod lstm;
mod recurrence;
mod rnn_layer;
mod simple_rnn;
mod stacked_rnn_cells;
mod time_distributed;

use super::{Call, Signature};
use ferras_graph::Value;

pub use bidirectional::{Bidirectional, MergeMode, Merging};
pub use cells::UseCudnn;
pub use conv_lstm::{ConvLSTM1D, ConvLSTM2D, ConvLSTM3D};
pub use gru::{GRU, GRUCell};
pub use lstm::{LSTM, LSTMCell};
pub use rnn_layer::RNN;
pub use simple_rnn::{SimpleRNN, SimpleRNNCell};
pub use stacked_rnn_cells::StackedRNNCells;
pub(crate) use recurrence::state_groups;
pub use time_distributed::TimeDistributed;

/// What a recurrent layer is called with.
const SIGNATURE: Signature =
    Signature { inputs: &["sequences"], tensors: &["initial_state", "mask"], flags: &[] };

/// The mask that a recurrent layer sees. As in Keras, that of its input is not seen where initial states
/// are given; one that the call is given is.
fn seen_mask(cx: &Call) -> Option<Value> {
    let is_given = cx.argument("mask").is_some();
    cx.mask().filter(|_| is_given || cx.argument("initial_state").is_none())
}

/// Declares a cell and the layer that runs it, which have the same arguments in common; the layer has
/// those of every recurrent layer besides.
macro_rules! recurrent {
    (
        $(#[$cell_doc:meta])* $cell:ident;
        $(#[$layer_doc:meta])* $layer:ident;
        penalized = $penalized:literal;
        both { $($(#[$attribute:meta])* $name:ident: $ty:ty,)* }
        layer { $($(#[$own_attribute:meta])* $own:ident: $own_ty:ty,)* }
    ) => {
        $(#[$cell_doc])*
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.layers")]
        pub struct $cell {
            $($(#[$attribute])* $name: $ty,)*
        }

        impl $cell {
            /// How the kernel of the input, that of the state and the bias are made and treated.
            fn rules(&self) -> [WeightRule<'_>; 3] {
                [
                    WeightRule(
                        &self.kernel_initializer,
                        &self.kernel_regularizer,
                        &self.kernel_constraint,
                    ),
                    WeightRule(
                        &self.recurrent_initializer,
                        &self.recurrent_regularizer,
                        &self.recurrent_constraint,
                    ),
                    WeightRule(
                        &self.bias_initializer,
                        &self.bias_regularizer,
                        &self.bias_constraint,
                    ),
                ]
            }
        }

        $(#[$layer_doc])*
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.layers")]
        pub struct $layer {
            $($(#[$attribute])* $name: $ty,)*
            /// Penalty on the output.
            #[config(default)]
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
            /// Whether each batch begins with the states that the last one ended with; false by default. It needs
            /// batches of a known size ([`Input::batch_shape`](crate::models::Input::batch_shape)), and goes on
            /// until [`Model::reset_states`](crate::models::Model::reset_states).
            #[config(default = false)]
            stateful: bool,
            /// Keras' wish to write every step out. Steps are a loop here all the same.
            #[config(default = false)]
            unroll: bool,
            /// Whether the output of a step that the mask leaves out is 0, not that before it.
            #[config(default = false)]
            zero_output_for_mask: bool,
            $($(#[$own_attribute])* $own: $own_ty,)*
        }

        impl $layer {
            fn rnn(&self, policy: &DTypePolicy) -> RNN {
                let cell = $cell { $($name: self.$name.clone(),)* };
                RNN {
                    cell: LayerRef::new(cell).dtype(policy.clone()),
                    return_sequences: self.return_sequences,
                    return_state: self.return_state,
                    go_backwards: self.go_backwards,
                    stateful: self.stateful,
                    unroll: self.unroll,
                    zero_output_for_mask: self.zero_output_for_mask,
                    activity_regularizer: self.activity_regularizer.clone().filter(|_| $penalized),
                }
            }
        }

        $crate::layers::rnn::runs_a_cell!($layer);
    };
}

/// A layer that is an `rnn`.
macro_rules! runs_a_cell {
    ($layer:ident) => {
        impl Layer for $layer {
            fn build(&self, cx: &mut Build) -> Result<()> {
                self.rnn(cx.policy()).build_loop(cx)
            }

            fn call(&self, cx: &mut Call) -> Value {
                self.call_all(cx).swap_remove(0)
            }

            fn call_all(&self, cx: &mut Call) -> Vec<Value> {
                self.rnn(cx.policy()).call_loop(cx)
            }

            fn signature(&self) -> Signature {
                SIGNATURE
            }

            fn as_rnn(&self, policy: &DTypePolicy) -> Option<RNN> {
                Some(self.rnn(policy))
            }

            fn supports_masking(&self) -> bool {
                true
            }

            fn compute_mask(&self, cx: &mut Call) -> Vec<Option<Value>> {
                vec![cx.mask().filter(|_| self.return_sequences)]
            }
        }
    };
}

use {recurrent, runs_a_cell};
