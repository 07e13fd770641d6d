//! `Conv1D`, `Conv2D`, `Conv3D`: one filter for all places.
use crate::config::Sizes;
use crate::layers::spatial::{DataFormat, Padding, Windows};
use crate::layers::{prelude::*, weights::WeightRule};
use ferras_graph::ConvDims;

macro_rules! convolutions {
    ($($(#[$doc:meta])* $class:ident, $rank:literal;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.layers")]
        pub struct $class {
            /// Number of filters: channels of the output.
            filters: usize,
            /// Extent of a filter.
            kernel_size: Sizes<$rank>,
            /// Steps between places; 1 by default.
            #[config(default = 1)]
            strides: Sizes<$rank>,
            /// `"valid"` (default) or `"same"`; over one axis `"causal"` too.
            #[config(default = "valid")]
            padding: Padding,
            /// `"channels_last"` or `"channels_first"`; that of the settings by default.
            #[config(default = DataFormat::configured())]
            data_format: DataFormat,
            /// Steps between the taps of a filter; 1 by default.
            #[config(default = 1)]
            dilation_rate: Sizes<$rank>,
            /// Groups of channels that are convolved on their own; 1 by default.
            #[config(default = 1)]
            groups: usize,
            /// What the convolution is put through; linear by default.
            #[config(default = "linear")]
            activation: Activation,
            /// Whether a bias is added; true by default.
            #[config(default = true)]
            use_bias: bool,
            /// Initial kernel; `glorot_uniform` by default.
            #[config(default = "glorot_uniform")]
            kernel_initializer: Initializer,
            /// Initial bias; zeros by default.
            #[config(default = "zeros")]
            bias_initializer: Initializer,
            /// Penalty on the kernel.
            #[config(default)]
            kernel_regularizer: Option<Regularizer>,
            /// Penalty on the bias.
            #[config(default)]
            bias_regularizer: Option<Regularizer>,
            /// Penalty on the output.
            #[config(default)]
            activity_regularizer: Option<Regularizer>,
            /// Projection of the kernel after each update.
            #[config(default)]
            kernel_constraint: Option<Constraint>,
            /// Projection of the bias after each update.
            #[config(default)]
            bias_constraint: Option<Constraint>,
        }

        impl $class {
            fn windows(&self) -> Windows<'_> {
                windows!(self, $rank == 1)
            }
        }

        impl Layer for $class {
            fn build(&self, cx: &mut Build) -> Result<()> {
                self.activation.get()?;
                cx.at_least("filters", self.filters, 1)?;
                cx.at_least("groups", self.groups, 1)?;
                let channels = self.windows().check(cx)?;
                check_groups(cx, self.groups, channels, self.filters)?;
                let shape = [&self.kernel_size.0[..], &[channels / self.groups, self.filters]];
                WeightRule(
                    &self.kernel_initializer,
                    &self.kernel_regularizer,
                    &self.kernel_constraint,
                )
                .add(cx, "kernel", shape.concat());
                if self.use_bias {
                    WeightRule(
                        &self.bias_initializer,
                        &self.bias_regularizer,
                        &self.bias_constraint,
                    )
                    .add(cx, "bias", [self.filters]);
                }
                Ok(())
            }

            fn call(&self, cx: &mut Call) -> Value {
                let bias = self.use_bias.then(|| cx.weight("bias"));
                let kernel = cx.weight("kernel");
                let y = convolve(&self.windows(), &cx.input(), &kernel, self.groups, bias);
                let y = self.activation.apply(&y);
                cx.penalize(&self.activity_regularizer, &y);
                y
            }
        })*
    };
}

convolutions! {
    /// Convolution over one axis: `activation(x ∗ kernel + bias)`.
    ///
    /// - **Input** `(batch, steps, channels)`. **Output** `(batch, steps', filters)` with
    ///   steps' = ⌈(steps − extent + 1) / stride⌉ (valid) or ⌈steps / stride⌉ (same, and causal: no
    ///   output sees a later step); the extent of a filter is (kernel_size − 1) · dilation_rate + 1.
    /// - **Weights** `kernel (size, channels / groups, filters)`; `bias (filters)` if `use_bias`.
    /// - **Errors** at build: rank other than 3, channels unknown, a size of 0, groups that do not
    ///   divide channels and filters, strides and dilation both above 1, an empty output.
    /// - **Source** Keras 3 `layers.Conv1D`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([100, 8]);
    /// let y = Conv1D::new(16, 5).strides(2).padding("same").activation("relu").apply(&x);
    /// assert_eq!(Model::new(&x, &y)?.count_params(), 5 * 8 * 16 + 16);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    Conv1D, 1;
    /// Convolution over images: `activation(x ∗ kernel + bias)`.
    ///
    /// - **Input** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
    ///   `channels_first`. **Output** `(batch, rows', columns', filters)` with
    ///   rows' = ⌈(rows − extent + 1) / stride⌉ (valid) or ⌈rows / stride⌉ (same); the extent of a
    ///   filter is (kernel_size − 1) · dilation_rate + 1.
    /// - **Weights** `kernel (height, width, channels / groups, filters)`; `bias (filters)` if
    ///   `use_bias`.
    /// - **Errors** at build: rank other than 4, channels unknown, a size of 0, groups that do not
    ///   divide channels and filters, strides and dilation both above 1, an empty output.
    /// - **Source** Keras 3 `layers.Conv2D`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([28, 28, 1]);
    /// let y = Conv2D::new(32, (3, 5)).activation("relu").apply(&x);
    /// assert_eq!(Model::new(&x, &y)?.count_params(), 3 * 5 * 32 + 32);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    Conv2D, 2;
    /// Convolution over volumes: `activation(x ∗ kernel + bias)`.
    ///
    /// - **Input** `(batch, depth, rows, columns, channels)`, or `(batch, channels, …)` with
    ///   `channels_first`. **Output** `(batch, depth', rows', columns', filters)`, sizes as for
    ///   [`Conv2D`].
    /// - **Weights** `kernel (depth, height, width, channels / groups, filters)`; `bias (filters)`
    ///   if `use_bias`.
    /// - **Errors** at build: as for [`Conv2D`].
    /// - **Source** Keras 3 `layers.Conv3D`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([8, 16, 16, 1]);
    /// let model = Model::new(&x, &Conv3D::new(4, 3).apply(&x))?;
    /// assert_eq!(model.count_params(), 27 * 4 + 4);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    Conv3D, 3;
}

fn check_groups(cx: &Build, groups: usize, channels: usize, filters: usize) -> Result<()> {
    for (what, count) in [("the channels of its input", channels), ("filters", filters)] {
        if !count.is_multiple_of(groups) {
            return Err(cx.error(format!("groups {groups} must divide {what}, of which are {count}")));
        }
    }
    Ok(())
}

/// x ∗ kernel + bias, in the order of axes that the windows say.
pub(in crate::layers) fn convolve(
    windows: &Windows<'_>,
    x: &Value,
    kernel: &Value,
    groups: usize,
    bias: Option<Value>,
) -> Value {
    let x = windows.order().to_last(x);
    let dims = ConvDims {
        strides: windows.strides.to_vec(),
        padding: windows.padding(&x),
        dilation: windows.dilation.to_vec(),
        groups,
    };
    let y = x.conv(kernel, dims);
    windows.order().of_last(&bias.map_or_else(|| y.clone(), |b| &y + b))
}
