//! `ConvLSTM1D`, `ConvLSTM2D`, `ConvLSTM3D`: an LSTM whose products are convolutions.
use super::cells::{ForgetBias, drop_mask};
use super::{RNN, SIGNATURE, recurrent};
use crate::config::{DTypePolicy, Sizes};
use crate::layers::spatial::{ChannelsOrder, DataFormat, Padding, PaddingMode, Windows};
use crate::layers::{LayerRef, PartialShape, prelude::*, weights::WeightRule};
use ferras_graph::{ConvDims, Shape, same_padding};

macro_rules! conv_lstm {
    ($($(#[$doc:meta])* $class:ident, $cell:ident, $rank:literal;)*) => {
        $(recurrent! {
            /// c′ = f·c + i·g and h′ = o·activation(c′): one step of the layer.
            $cell;
            $(#[$doc])*
            $class;
            penalized = true;
            both {
                /// Number of filters: channels of output and states.
                filters: usize,
                /// Extent of a filter.
                kernel_size: Sizes<$rank>,
                /// Steps between places of the input; 1 by default.
                #[config(default = 1)]
                strides: Sizes<$rank>,
                /// `"valid"` (default) or `"same"`, for the input. The state is padded as `"same"`.
                #[config(default = "valid")]
                padding: Padding,
                /// `"channels_last"` or `"channels_first"`; that of the settings by default.
                #[config(default = DataFormat::configured())]
                data_format: DataFormat,
                /// Steps between the taps of a filter of the input; 1 by default.
                #[config(default = 1)]
                dilation_rate: Sizes<$rank>,
                /// What candidate and memory are put through; `tanh` by default.
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
            layer {}
        }

        impl $cell {
            fn windows(&self) -> Windows<'_> {
                Windows {
                    argument: "kernel_size",
                    size: &self.kernel_size.0,
                    strides: &self.strides.0,
                    dilation: &self.dilation_rate.0,
                    padding: &self.padding,
                    in_time: false,
                    format: &self.data_format,
                }
            }
        }

        impl Layer for $cell {
            fn build(&self, cx: &mut Build) -> Result<()> {
                self.activation.get()?;
                self.recurrent_activation.get()?;
                cx.at_least("filters", self.filters, 1)?;
                self.windows().check_arguments(cx)?;
                let step = cx.inputs().first().map(|spec| spec.shape.clone()).unwrap_or_default();
                let channels = self.windows().order().channels();
                let place = if channels < 0 { step.len().checked_sub(1) } else { Some(1) };
                let Some(channels) = place.and_then(|i| step.get(i).copied().flatten()) else {
                    return Err(cx.error(format!("the channels of its input must be known, got {step}")));
                };
                let kernel = |from: usize| {
                    [&self.kernel_size.0[..], &[from, 4 * self.filters]].concat()
                };
                let [own, recurrent, bias] = self.rules();
                own.add(cx, "kernel", kernel(channels));
                recurrent.add(cx, "recurrent_kernel", kernel(self.filters));
                if self.use_bias {
                    let initializer = match self.unit_forget_bias {
                        true => ForgetBias::new(self.bias_initializer.clone()).into(),
                        false => self.bias_initializer.clone(),
                    };
                    WeightRule(&initializer, bias.1, bias.2).add(cx, "bias", [4 * self.filters]);
                }
                Ok(())
            }

            fn state_shapes(&self, step: &PartialShape) -> Option<Vec<Shape>> {
                let shape = state_shape(&self.windows(), self.filters, step)?;
                Some(vec![shape.clone(), shape])
            }

            fn call(&self, cx: &mut Call) -> Value {
                self.call_all(cx).swap_remove(0)
            }

            fn call_all(&self, cx: &mut Call) -> Vec<Value> {
                let (x, h, c) = (cx.input_at(0), cx.input_at(1), cx.input_at(2));
                let windows = self.windows();
                let rates = [self.dropout, self.recurrent_dropout];
                let own = Convolved { windows: &windows, rates, seed: self.seed };
                let [i, f, g, o] = own.gates(cx, &x, &h, self.use_bias);
                let gate = |z: &Value| self.recurrent_activation.apply(z);
                let c = gate(&f) * c + gate(&i) * self.activation.apply(&g);
                let h = gate(&o) * self.activation.apply(&c);
                vec![h.clone(), h, c]
            }
        })*
    };
}

conv_lstm! {
    /// An LSTM over steps that have places along one axis: its products are convolutions.
    ///
    /// - **Input** `(batch, steps, places, channels)`, or `(batch, steps, channels, places)` with
    ///   `channels_first`. **Call** `initial_state`: h and c before the first step; zeros by default. `mask`: in
    ///   place of that of the input.
    /// - **Output** `(batch, places', filters)`, of the last step, with places' as for
    ///   [`Conv1D`](crate::layers::Conv1D); `(batch, steps, places', filters)` with `return_sequences`.
    ///   With `return_state` the states are further outputs.
    /// - **Mask** `(batch, steps)`, as for [`LSTM`](crate::layers::LSTM).
    /// - **Weights** under `cell`: `kernel (size, channels, 4 filters)`, `recurrent_kernel (size, filters,
    ///   4 filters)`; `bias (4 filters)` if `use_bias`; gates in the order i, f, g, o.
    /// - **Errors** at build: other ranks, unknown sizes, `filters` or a size 0, strides and dilation both
    ///   above 1, an empty output.
    /// - **Source** Keras 3 `layers.ConvLSTM1D`; Shi et al. 2015.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([10, 32, 2]);
    /// let y = ConvLSTM1D::new(4, 3).padding("same").apply(&x);
    /// assert_eq!(Model::new(&x, &y)?.network()?.output_specs()[0].shape.to_string(), "(None, 32, 4)");
    /// # Ok::<(), ferras::Error>(())
    /// ```
    ConvLSTM1D, ConvLSTM1DCell, 1;
    /// An LSTM over images: its products are convolutions.
    ///
    /// - **Input** `(batch, steps, rows, columns, channels)`, or `(batch, steps, channels, rows, columns)`
    ///   with `channels_first`. **Call, mask, weights, errors** as for [`ConvLSTM1D`], kernels with an axis
    ///   more.
    /// - **Output** `(batch, rows', columns', filters)`; `(batch, steps, …)` with `return_sequences`.
    /// - **Source** Keras 3 `layers.ConvLSTM2D`; Shi et al. 2015.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let video = Input::new([10, 32, 32, 3]);
    /// let y = ConvLSTM2D::new(4, 3).return_sequences(true).apply(&video);
    /// let model = Model::new(&video, &y)?;
    /// assert_eq!(model.network()?.output_specs()[0].shape.to_string(), "(None, 10, 30, 30, 4)");
    /// # Ok::<(), ferras::Error>(())
    /// ```
    ConvLSTM2D, ConvLSTM2DCell, 2;
    /// An LSTM over volumes: its products are convolutions.
    ///
    /// - **Input** `(batch, steps, depth, rows, columns, channels)`, or `(batch, steps, channels, …)` with
    ///   `channels_first`. **Call, mask, weights, errors** as for [`ConvLSTM1D`], kernels with two axes more.
    /// - **Output** `(batch, depth', rows', columns', filters)`; `(batch, steps, …)` with
    ///   `return_sequences`.
    /// - **Source** Keras 3 `layers.ConvLSTM3D`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([5, 8, 8, 8, 1]);
    /// let model = Model::new(&x, &ConvLSTM3D::new(2, 3).apply(&x))?;
    /// assert_eq!(model.count_params(), 27 * 8 + 27 * 2 * 8 + 8);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    ConvLSTM3D, ConvLSTM3DCell, 3;
}

/// The shape of a state for steps of this shape, both without the batch axis.
fn state_shape(windows: &Windows<'_>, filters: usize, step: &PartialShape) -> Option<Shape> {
    let rank = windows.size.len();
    let (padding, order) = (windows.padding.get().ok()?, windows.order());
    let first = usize::from(order == ChannelsOrder::First);
    let spatial = step.get(first..first + rank).filter(|_| step.len() == rank + 1)?;
    let place = |(i, size): (usize, &Option<usize>)| {
        let (size, stride) = ((*size)?, *windows.strides.get(i)?);
        let extent = (windows.size.get(i)? - 1) * windows.dilation.get(i)? + 1;
        match padding {
            PaddingMode::Same => Some(size.div_ceil(stride)),
            _ => Some(size.checked_sub(extent)? / stride + 1),
        }
    };
    let mut shape = spatial.iter().enumerate().map(place).collect::<Option<Vec<usize>>>()?;
    shape.insert(if first == 1 { 0 } else { rank }, filters);
    Some(shape.into())
}

/// The products of a cell.
struct Convolved<'a> {
    windows: &'a Windows<'a>,
    rates: [f64; 2],
    seed: Option<u64>,
}

impl Convolved<'_> {
    /// What the four gates are made of.
    fn gates(&self, cx: &mut Call, x: &Value, h: &Value, bias: bool) -> [Value; 4] {
        let order = self.windows.order();
        let (x_masks, h_masks) = (self.masks(cx, x, self.rates[0]), self.masks(cx, h, self.rates[1]));
        let input = order.to_last(x);
        let dims = ConvDims {
            strides: self.windows.strides.to_vec(),
            padding: self.windows.padding(&input),
            dilation: self.windows.dilation.to_vec(),
            groups: 1,
        };
        let from_input = self.convolve(x, &x_masks, &cx.weight("kernel"), &dims);
        let rank = self.windows.size.len();
        let shape = order.to_last(h).shape();
        let same = |(i, &size): (usize, &usize)| same_padding(shape.get(i + 1).copied().unwrap_or(1), size, 1, 1);
        let dims = ConvDims {
            strides: vec![1; rank],
            padding: self.windows.size.iter().enumerate().map(same).collect(),
            dilation: vec![1; rank],
            groups: 1,
        };
        let from_state = self.convolve(h, &h_masks, &cx.weight("recurrent_kernel"), &dims);
        let from_input = if bias { from_input + cx.weight("bias") } else { from_input };
        let parts = (from_input + from_state).split(4, -1);
        [0, 1, 2, 3].map(|i| order.of_last(&parts[i]))
    }

    /// Factors of dropout, one for each gate.
    fn masks(&self, cx: &mut Call, like: &Value, rate: f64) -> Vec<Value> {
        // All of them dropped is none dropped.
        (0..4).filter_map(|_| drop_mask(cx, like, rate, self.seed).filter(|_| rate < 1.0)).collect()
    }

    /// x ∗ kernel with channels last; each gate may have its own factors.
    fn convolve(&self, x: &Value, masks: &[Value], kernel: &Value, dims: &ConvDims) -> Value {
        let order = self.windows.order();
        if masks.is_empty() {
            return order.to_last(x).conv(kernel, dims.clone());
        }
        let parts = masks.iter().zip(kernel.split(4, -1));
        let parts: Vec<Value> = parts
            .map(|(mask, kernel)| order.to_last(&(x * mask)).conv(&kernel, dims.clone()))
            .collect();
        x.builder().concat(&parts, -1)
    }
}
