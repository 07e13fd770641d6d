//! `SeparableConv1D`, `SeparableConv2D`: each channel on its own, then the channels with each other.
use super::depthwise::convolve_depthwise;
use crate::config::Sizes;
use crate::layers::spatial::{DataFormat, Padding, Windows};
use crate::layers::{prelude::*, weights::WeightRule};

macro_rules! separable_convolutions {
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
            /// `"valid"` (default) or `"same"`.
            #[config(default = "valid")]
            padding: Padding,
            /// `"channels_last"` or `"channels_first"`; that of the settings by default.
            #[config(default = DataFormat::configured())]
            data_format: DataFormat,
            /// Steps between the taps of a filter; 1 by default.
            #[config(default = 1)]
            dilation_rate: Sizes<$rank>,
            /// Filters for each channel, before the channels are mixed; 1 by default.
            #[config(default = 1)]
            depth_multiplier: usize,
            /// What the convolution is put through; linear by default.
            #[config(default = "linear")]
            activation: Activation,
            /// Whether a bias is added; true by default.
            #[config(default = true)]
            use_bias: bool,
            /// Initial filters of the channels; `glorot_uniform` by default.
            #[config(default = "glorot_uniform")]
            depthwise_initializer: Initializer,
            /// Initial mixture of the channels; `glorot_uniform` by default.
            #[config(default = "glorot_uniform")]
            pointwise_initializer: Initializer,
            /// Initial bias; zeros by default.
            #[config(default = "zeros")]
            bias_initializer: Initializer,
            /// Penalty on the filters of the channels.
            #[config(default)]
            depthwise_regularizer: Option<Regularizer>,
            /// Penalty on the mixture of the channels.
            #[config(default)]
            pointwise_regularizer: Option<Regularizer>,
            /// Penalty on the bias.
            #[config(default)]
            bias_regularizer: Option<Regularizer>,
            /// Penalty on the output.
            #[config(default)]
            activity_regularizer: Option<Regularizer>,
            /// Projection of the filters of the channels after each update.
            #[config(default)]
            depthwise_constraint: Option<Constraint>,
            /// Projection of the mixture of the channels after each update.
            #[config(default)]
            pointwise_constraint: Option<Constraint>,
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
                cx.at_least("filters", self.filters, 1)?;
                cx.at_least("depth_multiplier", self.depth_multiplier, 1)?;
                let channels = self.windows().check(cx)?;
                let own = [&self.kernel_size.0[..], &[channels, self.depth_multiplier]].concat();
                WeightRule(
                    &self.depthwise_initializer,
                    &self.depthwise_regularizer,
                    &self.depthwise_constraint,
                )
                .add(cx, "depthwise_kernel", own);
                let between = channels.saturating_mul(self.depth_multiplier);
                let mixture = [&[1; $rank][..], &[between, self.filters]].concat();
                WeightRule(
                    &self.pointwise_initializer,
                    &self.pointwise_regularizer,
                    &self.pointwise_constraint,
                )
                .add(cx, "pointwise_kernel", mixture);
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
                let order = self.windows().order();
                let (own, mixture) = (cx.weight("depthwise_kernel"), cx.weight("pointwise_kernel"));
                let y = convolve_depthwise(&self.windows(), &cx.input(), &own, None);
                let mixture = mixture.reshape([mixture.dim(-2), mixture.dim(-1)]);
                let mut y = order.to_last(&y).matmul(&mixture);
                if self.use_bias {
                    y = y + cx.weight("bias");
                }
                let y = self.activation.apply(&order.of_last(&y));
                cx.penalize(&self.activity_regularizer, &y);
                y
            }
        })*
    };
}

separable_convolutions! {
    /// Convolution over one axis in two steps: filters of each channel on its own, then a mixture of
    /// the channels at each place. `activation(mixture · (x ∗ filters) + bias)`.
    ///
    /// - **Input** `(batch, steps, channels)`. **Output** `(batch, steps', filters)`, steps' as for
    ///   [`Conv1D`](super::Conv1D).
    /// - **Weights** `depthwise_kernel (size, channels, depth_multiplier)`;
    ///   `pointwise_kernel (1, channels · depth_multiplier, filters)`; `bias (filters)` if `use_bias`.
    /// - **Errors** at build: rank other than 3, channels unknown, a size of 0, strides and dilation
    ///   both above 1, an empty output.
    /// - **Source** Keras 3 `layers.SeparableConv1D`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([100, 8]);
    /// let model = Model::new(&x, &SeparableConv1D::new(16, 5).apply(&x))?;
    /// assert_eq!(model.count_params(), 5 * 8 + 8 * 16 + 16);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    SeparableConv1D, 1;
    /// Convolution over images in two steps: filters of each channel on its own, then a mixture of
    /// the channels at each place. `activation(mixture · (x ∗ filters) + bias)`.
    ///
    /// - **Input** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
    ///   `channels_first`. **Output** `(batch, rows', columns', filters)`, sizes as for
    ///   [`Conv2D`](super::Conv2D).
    /// - **Weights** `depthwise_kernel (height, width, channels, depth_multiplier)`;
    ///   `pointwise_kernel (1, 1, channels · depth_multiplier, filters)`; `bias (filters)` if
    ///   `use_bias`.
    /// - **Errors** at build: rank other than 4, channels unknown, a size of 0, strides and dilation
    ///   both above 1, an empty output.
    /// - **Source** Keras 3 `layers.SeparableConv2D`; Chollet 2017.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([32, 32, 3]);
    /// let model = Model::new(&x, &SeparableConv2D::new(8, 3).depth_multiplier(2).apply(&x))?;
    /// assert_eq!(model.count_params(), 9 * 3 * 2 + 6 * 8 + 8);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    SeparableConv2D, 2;
}
