//! `LSTM`: a memory that gates write, keep and read.
use super::cells::{ForgetBias, UseCudnn, check_cell, gate_masks, gated};
use super::{RNN, SIGNATURE, recurrent};
use crate::config::DTypePolicy;
use crate::layers::{LayerRef, PartialShape, prelude::*, weights::WeightRule};
use ferras_graph::Shape;

recurrent! {
    /// c′ = f·c + i·g and h′ = o·activation(c′): one step of an [`LSTM`], whose gates i, f, o (through
    /// `recurrent_activation`) and candidate g (through `activation`) are those of z = x · kernel +
    /// h · recurrent_kernel + bias, in the order i, f, g, o.
    ///
    /// - **Inputs** one step x `(batch, features)` and the states h and c `(batch, units)`.
    ///   **Outputs** h, then the new states.
    /// - **Weights** `kernel (features, 4 units)`, `recurrent_kernel (units, 4 units)`; `bias (4 units)` if
    ///   `use_bias`.
    /// - **Errors** at build: other numbers of inputs, unknown features, `units` 0.
    /// - **Source** Keras 3 `layers.LSTMCell`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([10, 8]);
    /// let model = Model::new(&x, &RNN::new(LSTMCell::new(4)).apply(&x))?;
    /// assert_eq!(model.weights()[0].path(), "rnn/cell/kernel");
    /// # Ok::<(), ferras::Error>(())
    /// ```
    LSTMCell;
    /// c′ = f·c + i·g and h′ = o·activation(c′) over the steps of a sequence.
    ///
    /// - **Input** `(batch, steps, features)`.
    /// - **Call** `initial_state`: h and c `(batch, units)` before the first step; zeros by default. `mask`: in
    ///   place of that of the input.
    /// - **Output** `(batch, units)`, of the last step; `(batch, steps, units)` with
    ///   `return_sequences`. With `return_state` the states are further outputs.
    /// - **Mask** `(batch, steps)`: a step that does not count leaves states and output as they were.
    ///   As in Keras, the mask is not seen where initial states are given. With `return_sequences`
    ///   the output has the input's mask.
    /// - **Weights** those of [`LSTMCell`], under `cell`.
    /// - **Errors** at build: rank below 3, unknown features, `units` 0, other numbers or shapes of
    ///   states, `stateful` without a size of batches.
    /// - **Source** Keras 3 `layers.LSTM`; Hochreiter & Schmidhuber 1997.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([10, 8]);
    /// let y = LSTM::new(4).return_sequences(true).apply(&x);
    /// let model = Model::new(&x, &y)?;
    /// assert_eq!(model.network()?.output_specs()[0].shape.to_string(), "(None, 10, 4)");
    /// # Ok::<(), ferras::Error>(())
    /// ```
    LSTM;
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
        /// Whether the bias of the gate that forgets begins at 1; true by default.
        #[config(default = true)]
        unit_forget_bias: bool,
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
    }
    layer {
        /// Keras' wish for cuDNN; the result is the same.
        #[config(default = "auto", omit_default)]
        use_cudnn: UseCudnn,
    }
}

impl Layer for LSTMCell {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let features = check_cell(cx, self.units, 2)?;
        self.activation.get()?;
        self.recurrent_activation.get()?;
        let [kernel, recurrent, bias] = self.rules();
        kernel.add(cx, "kernel", [features, 4 * self.units]);
        recurrent.add(cx, "recurrent_kernel", [self.units, 4 * self.units]);
        if self.use_bias {
            let initializer = match self.unit_forget_bias {
                true => ForgetBias::new(self.bias_initializer.clone()).into(),
                false => self.bias_initializer.clone(),
            };
            WeightRule(&initializer, bias.1, bias.2).add(
                cx,
                "bias",
                [4 * self.units],
            );
        }
        Ok(())
    }

    fn state_shapes(&self, _: &PartialShape) -> Option<Vec<Shape>> {
        Some(vec![Shape::from([self.units]); 2])
    }

    fn call(&self, cx: &mut Call) -> Value {
        self.call_all(cx).swap_remove(0)
    }

    fn call_all(&self, cx: &mut Call) -> Vec<Value> {
        let (x, h, c) = (cx.input_at(0), cx.input_at(1), cx.input_at(2));
        let (kernel, recurrent) = (cx.weight("kernel"), cx.weight("recurrent_kernel"));
        let (x_masks, h_masks) =
            gate_masks(cx, 4, [&x, &h], [self.dropout, self.recurrent_dropout], self.seed);
        let mut z = gated(&x, &x_masks, &kernel, 4);
        if self.use_bias {
            z = z + cx.weight("bias");
        }
        let z = (z + gated(&h, &h_masks, &recurrent, 4)).split(4, -1);
        let gate = |z: &Value| self.recurrent_activation.apply(z);
        let c = gate(&z[1]) * c + gate(&z[0]) * self.activation.apply(&z[2]);
        let h = gate(&z[3]) * self.activation.apply(&c);
        vec![h.clone(), h, c]
    }
}
