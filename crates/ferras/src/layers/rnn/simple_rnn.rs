//! `SimpleRNN`: the output of a step goes into the next one.
use super::cells::{check_cell, drop_mask, masked};
use super::{RNN, SIGNATURE, recurrent};
use crate::config::DTypePolicy;
use crate::layers::{LayerRef, PartialShape, prelude::*, weights::WeightRule};
use ferras_graph::Shape;

recurrent! {
    /// h′ = activation(x · kernel + h · recurrent_kernel + bias): one step of a [`SimpleRNN`].
    ///
    /// - **Inputs** one step x `(batch, features)` and the state h `(batch, units)`.
    ///   **Outputs** h, then the new states.
    /// - **Weights** `kernel (features, units)`, `recurrent_kernel (units, units)`; `bias (units)` if `use_bias`.
    /// - **Errors** at build: other numbers of inputs, unknown features, `units` 0.
    /// - **Source** Keras 3 `layers.SimpleRNNCell`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([10, 8]);
    /// let model = Model::new(&x, &RNN::new(SimpleRNNCell::new(4)).apply(&x))?;
    /// assert_eq!(model.weights()[0].path(), "rnn/cell/kernel");
    /// # Ok::<(), ferras::Error>(())
    /// ```
    SimpleRNNCell;
    /// h′ = activation(x · kernel + h · recurrent_kernel + bias) over the steps of a sequence.
    ///
    /// - **Input** `(batch, steps, features)`.
    /// - **Call** `initial_state`: h `(batch, units)` before the first step; zeros by default. `mask`: in
    ///   place of that of the input.
    /// - **Output** `(batch, units)`, of the last step; `(batch, steps, units)` with
    ///   `return_sequences`. With `return_state` the states are further outputs.
    /// - **Mask** `(batch, steps)`: a step that does not count leaves states and output as they were.
    ///   As in Keras, the mask is not seen where initial states are given. With `return_sequences`
    ///   the output has the input's mask.
    /// - **Weights** those of [`SimpleRNNCell`], under `cell`.
    /// - **Errors** at build: rank below 3, unknown features, `units` 0, other numbers or shapes of
    ///   states, `stateful` without a size of batches.
    /// - **Source** Keras 3 `layers.SimpleRNN`; Elman 1990. As there, `activity_regularizer`
    ///   is taken and written, but penalises nothing.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([10, 8]);
    /// let y = SimpleRNN::new(4).return_sequences(true).apply(&x);
    /// let model = Model::new(&x, &y)?;
    /// assert_eq!(model.network()?.output_specs()[0].shape.to_string(), "(None, 10, 4)");
    /// # Ok::<(), ferras::Error>(())
    /// ```
    SimpleRNN;
    penalized = false;
    both {
        /// Size of the output and of each state.
        units: usize,
        /// What the candidate is put through; `tanh` by default.
        #[config(default = "tanh")]
        activation: Activation,
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
    }
    layer {}
}

impl Layer for SimpleRNNCell {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let features = check_cell(cx, self.units, 1)?;
        self.activation.get()?;
        let [kernel, recurrent, bias] = self.rules();
        kernel.add(cx, "kernel", [features, self.units]);
        recurrent.add(cx, "recurrent_kernel", [self.units, self.units]);
        if self.use_bias {
            bias.add(
                cx,
                "bias",
                [self.units],
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
        let x_mask = drop_mask(cx, &x, self.dropout, self.seed);
        let h_mask = drop_mask(cx, &h, self.recurrent_dropout, self.seed);
        let mut y = masked(&x, x_mask.as_ref()).matmul(&cx.weight("kernel"));
        if self.use_bias {
            y = y + cx.weight("bias");
        }
        let y = y + masked(&h, h_mask.as_ref()).matmul(&cx.weight("recurrent_kernel"));
        let h = self.activation.apply(&y);
        vec![h.clone(), h]
    }
}
