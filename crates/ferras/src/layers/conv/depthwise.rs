//! `DepthwiseConv1D`, `DepthwiseConv2D`: each channel has filters of its own.
use super::convolution::convolve;
use crate::config::Sizes;
use crate::layers::spatial::{DataFormat, Padding, Windows};
use crate::layers::{prelude::*, weights::WeightRule};

macro_rules! depthwise_convolutions {
    ($($(#[$doc:meta])* $class:ident, $rank:literal;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.layers")]
        pub struct $class {
            /// Extent of a filter.
            kernel_size: Sizes<$rank>,
            /// Steps between places; 1 by default.
            #[config(default = 1)]
            strides: Sizes<$rank>,
            /// `"valid"` (default) or `"same"`.
            #[config(default = "valid")]
            padding: Padding,
            /// Filters for each channel; 1 by default.
            #[config(default = 1)]
            depth_multiplier: usize,
            /// `"channels_last"` or `"channels_first"`; that of the settings by default.
            #[config(default = DataFormat::configured())]
            data_format: DataFormat,
            /// Steps between the taps of a filter; 1 by default.
            #[config(default = 1)]
            dilation_rate: Sizes<$rank>,
            /// What the convolution is put through; linear by default.
            #[config(default = "linear")]
            activation: Activation,
            /// Whether a bias is added; true by default.
            #[config(default = true)]
            use_bias: bool,
            /// Initial kernel; `glorot_uniform` by default.
            #[config(default = "glorot_uniform")]
            depthwise_initializer: Initializer,
            /// Initial bias; zeros by default.
            #[config(default = "zeros")]
            bias_initializer: Initializer,
            /// Penalty on the kernel.
            #[config(default)]
            depthwise_regularizer: Option<Regularizer>,
            /// Penalty on the bias.
            #[config(default)]
            bias_regularizer: Option<Regularizer>,
            /// Penalty on the output.
            #[config(default)]
            activity_regularizer: Option<Regularizer>,
            /// Projection of the kernel after each update.
            #[config(default)]
            depthwise_constraint: Option<Constraint>,
            /// Projection of the bias after each update.
            #[config(default)]
            bias_constraint: Option<Constraint>,
        }

        impl $class {
            fn windows(&self) -> Windows<'_> {
                windows!(self, false)
            }
        }

        impl Layer for $class {
            fn build(&self, cx: &mut Build) -> Result<()> {
                self.activation.get()?;
                cx.at_least("depth_multiplier", self.depth_multiplier, 1)?;
                let channels = self.windows().check(cx)?;
                let shape = [&self.kernel_size.0[..], &[channels, self.depth_multiplier]].concat();
                WeightRule(
                    &self.depthwise_initializer,
                    &self.depthwise_regularizer,
                    &self.depthwise_constraint,
                )
                .add(cx, "kernel", shape);
                if self.use_bias {
                    WeightRule(
                        &self.bias_initializer,
                        &self.bias_regularizer,
                        &self.bias_constraint,
                    )
                    .add(cx, "bias", [channels.saturating_mul(self.depth_multiplier)]);
                }
                Ok(())
            }

            fn call(&self, cx: &mut Call) -> Value {
                let bias = self.use_bias.then(|| cx.weight("bias"));
                let kernel = cx.weight("kernel");
                let y = convolve_depthwise(&self.windows(), &cx.input(), &kernel, bias);
                let y = self.activation.apply(&y);
                cx.penalize(&self.activity_regularizer, &y);
                y
            }
        })*
    };
}

depthwise_convolutions! {
    /// Convolution over one axis that leaves channels apart.
    ///
    /// - **Input** `(batch, steps, channels)`. **Output** `(batch, steps', channels · depth_multiplier)`,
    ///   steps' as for [`Conv1D`](super::Conv1D).
    /// - **Weights** `kernel (size, channels, depth_multiplier)`; `bias (channels · depth_multiplier)`.
    /// - **Errors** at build: rank other than 3, channels unknown, a size of 0, an empty output.
    /// - **Source** Keras 3 `layers.DepthwiseConv1D`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([100, 8]);
    /// let model = Model::new(&x, &DepthwiseConv1D::new(5).apply(&x))?;
    /// assert_eq!(model.count_params(), 5 * 8 + 8);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    DepthwiseConv1D, 1;
    /// Convolution over images that leaves channels apart.
    ///
    /// - **Input** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
    ///   `channels_first`. **Output** `(batch, rows', columns', channels · depth_multiplier)`, sizes
    ///   as for [`Conv2D`](super::Conv2D).
    /// - **Weights** `kernel (height, width, channels, depth_multiplier)`;
    ///   `bias (channels · depth_multiplier)` if `use_bias`.
    /// - **Errors** at build: rank other than 4, channels unknown, a size of 0, an empty output.
    /// - **Source** Keras 3 `layers.DepthwiseConv2D`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([32, 32, 3]);
    /// let model = Model::new(&x, &DepthwiseConv2D::new(3).depth_multiplier(2).apply(&x))?;
    /// assert_eq!(model.count_params(), 9 * 3 * 2 + 6);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    DepthwiseConv2D, 2;
}

/// As many groups as channels. Channel c's filters are outputs c · m to c · m + m − 1, so that the
/// kernel (field…, channels, m) is that of a grouped convolution, (field…, 1, channels · m).
pub(in crate::layers) fn convolve_depthwise(
    windows: &Windows<'_>,
    x: &Value,
    kernel: &Value,
    bias: Option<Value>,
) -> Value {
    let (channels, multiplier) = (kernel.dim(-2), kernel.dim(-1));
    let shape = [windows.size, &[1, channels * multiplier]].concat();
    convolve(windows, x, &kernel.reshape(shape), channels, bias)
}
