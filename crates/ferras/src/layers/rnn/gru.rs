//! `GRU`: a state that a gate lets go and another one renews.
use super::cells::{UseCudnn, check_cell, gate_masks, gated, masked};
use super::{RNN, SIGNATURE, recurrent};
use crate::config::DTypePolicy;
use crate::layers::{LayerRef, PartialShape, prelude::*, weights::WeightRule};
use ferras_graph::Shape;

recurrent! {
    /// h′ = z·h + (1 − z)·g: one step of a [`GRU`], with gates z and r (through `recurrent_activation`)
    /// and the candidate g = activation(x·k + r·(h·k′ + b′) + b), or, unless `reset_after`,
    /// activation(x·k + (r·h)·k′ + b).
    ///
    /// - **Inputs** one step x `(batch, features)` and the state h `(batch, units)`.
    ///   **Outputs** h, then the new states.
    /// - **Weights** `kernel (features, 3 units)`, `recurrent_kernel (units, 3 units)`, in the order z, r, g; if
    ///   `use_bias` `bias (2, 3 units)`, for the input and for the state, or `(3 units)` unless
    ///   `reset_after`.
    /// - **Errors** at build: other numbers of inputs, unknown features, `units` 0.
    /// - **Source** Keras 3 `layers.GRUCell`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([10, 8]);
    /// let model = Model::new(&x, &RNN::new(GRUCell::new(4)).apply(&x))?;
    /// assert_eq!(model.weights()[0].path(), "rnn/cell/kernel");
    /// # Ok::<(), ferras::Error>(())
    /// ```
    GRUCell;
    /// h′ = z·h + (1 − z)·g over the steps of a sequence.
    ///
    /// - **Input** `(batch, steps, features)`.
    /// - **Call** `initial_state`: h `(batch, units)` before the first step; zeros by default. `mask`: in
    ///   place of that of the input.
    /// - **Output** `(batch, units)`, of the last step; `(batch, steps, units)` with
    ///   `return_sequences`. With `return_state` the states are further outputs.
    /// - **Mask** `(batch, steps)`: a step that does not count leaves states and output as they were.
    ///   As in Keras, the mask is not seen where initial states are given. With `return_sequences`
    ///   the output has the input's mask.
    /// - **Weights** those of [`GRUCell`], under `cell`.
    /// - **Errors** at build: rank below 3, unknown features, `units` 0, other numbers or shapes of
    ///   states, `stateful` without a size of batches.
    /// - **Source** Keras 3 `layers.GRU`; Cho et al. 2014.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([10, 8]);
    /// let y = GRU::new(4).return_sequences(true).apply(&x);
    /// let model = Model::new(&x, &y)?;
    /// assert_eq!(model.network()?.output_specs()[0].shape.to_string(), "(None, 10, 4)");
    /// # Ok::<(), ferras::Error>(())
    /// ```
    GRU;
    penalized = true;
    both {
        /// Size of the output and of each state.
        units: usize,
        /// What the candidate is put through; `tanh` by default.
        #[config(default = "tanh")]
        activation: Activation,
        /// What gates are put through; `sigmoid` by default.
        #[config(default = "sigmoid")]
        recurrent_activation: Activation,
        /// Whether a bias is added; true by default.
        #[config(default = true)]
        use_bias: bool,
        /// Initial kernel of the input; `glorot_uniform` by default.
        #[config(default = "glorot_uniform")]
        kernel_initializer: Initializer,
        /// Initial kernel of the state; `orthogonal` by default.
        #[config(default = "orthogonal")]
        recurrent_initializer: Initializer,
        /// Initial bias; zeros by default.
        #[config(default = "zeros")]
        bias_initializer: Initializer,
        /// Penalty on the kernel of the input.
        #[config(default)]
        kernel_regularizer: Option<Regularizer>,
        /// Penalty on the kernel of the state.
        #[config(default)]
        recurrent_regularizer: Option<Regularizer>,
        /// Penalty on the bias.
        #[config(default)]
        bias_regularizer: Option<Regularizer>,
        /// Projection of the kernel of the input after each update.
        #[config(default)]
        kernel_constraint: Option<Constraint>,
        /// Projection of the kernel of the state after each update.
        #[config(default)]
        recurrent_constraint: Option<Constraint>,
        /// Projection of the bias after each update.
        #[config(default)]
        bias_constraint: Option<Constraint>,
        /// Share of the inputs that training drops, the same ones in all steps; 0 by default.
        #[config(default = 0.0)]
        dropout: f64,
        /// Share of the state's places that training drops, the same ones in all steps.
        #[config(default = 0.0)]
        recurrent_dropout: f64,
        /// Own seed; none follows the program's.
        #[config(default)]
        seed: Option<u64>,
        /// Whether the gate r is applied behind the product with the kernel; true by default.
        #[config(default = true)]
        reset_after: bool,
    }
    layer {
        /// Keras' wish for cuDNN; the result is the same.
        #[config(default = "auto", omit_default)]
        use_cudnn: UseCudnn,
    }
}

impl Layer for GRUCell {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let features = check_cell(cx, self.units, 1)?;
        self.activation.get()?;
        self.recurrent_activation.get()?;
        let [kernel, recurrent, bias] = self.rules();
        kernel.add(cx, "kernel", [features, 3 * self.units]);
        recurrent.add(cx, "recurrent_kernel", [self.units, 3 * self.units]);
        if self.use_bias {
            let shape = match self.reset_after {
                true => Shape::from([2, 3 * self.units]),
                false => Shape::from([3 * self.units]),
            };
            bias.add(
                cx, "bias", shape,
            );
        }
        Ok(())
    }

    fn state_shapes(&self, _: &PartialShape) -> Option<Vec<Shape>> {
        Some(vec![Shape::from([self.units]); 1])
    }

    fn call(&self, cx: &mut Call) -> Value {
        self.call_all(cx).swap_remove(0)
    }

    fn call_all(&self, cx: &mut Call) -> Vec<Value> {
        let (x, h) = (cx.input_at(0), cx.input_at(1));
        let (kernel, recurrent) = (cx.weight("kernel"), cx.weight("recurrent_kernel"));
        let (x_masks, h_masks) =
            gate_masks(cx, 3, [&x, &h], [self.dropout, self.recurrent_dropout], self.seed);
        let (input_bias, state_bias) = self.biases(cx);
        let add = |z: Value, bias: Option<Value>| match bias {
            Some(bias) => z + bias,
            None => z,
        };
        let from_input = add(gated(&x, &x_masks, &kernel, 3), input_bias).split(3, -1);
        let gate = |z: &Value| self.recurrent_activation.apply(z);
        let units = self.units;
        let (z, candidate) = if self.reset_after {
            let from_state = add(gated(&h, &h_masks, &recurrent, 3), state_bias).split(3, -1);
            let r = gate(&(&from_input[1] + &from_state[1]));
            let z = gate(&(&from_input[0] + &from_state[0]));
            (z, &from_input[2] + r * &from_state[2])
        } else {
            let first = recurrent.slice_axis(-1, 0, 2 * units);
            let last = recurrent.slice_axis(-1, 2 * units, 3 * units);
            let both = gated(&h, h_masks.get(..2).unwrap_or_default(), &first, 2).split(2, -1);
            let r = gate(&(&from_input[1] + &both[1]));
            let z = gate(&(&from_input[0] + &both[0]));
            let reset = r * masked(&h, h_masks.get(2));
            (z, &from_input[2] + reset.matmul(&last))
        };
        let h = &z * h + (1.0 - &z) * self.activation.apply(&candidate);
        vec![h.clone(), h]
    }
}

impl GRUCell {
    /// The biases of the products with the input and with the state.
    fn biases(&self, cx: &Call) -> (Option<Value>, Option<Value>) {
        match (self.use_bias, self.reset_after) {
            (false, _) => (None, None),
            (true, false) => (Some(cx.weight("bias")), None),
            (true, true) => {
                let bias = cx.weight("bias");
                let row = |i: usize| Some(bias.slice_axis(0, i, i + 1).squeeze(0));
                (row(0), row(1))
            }
        }
    }
}
