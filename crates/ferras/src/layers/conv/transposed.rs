//! `Conv1DTranspose`, `Conv2DTranspose`, `Conv3DTranspose`: convolutions the other way round.
use crate::config::Sizes;
use crate::layers::spatial::{DataFormat, Padding, PaddingMode, Windows};
use crate::layers::{prelude::*, weights::WeightRule};
use ferras_graph::ConvDims;

macro_rules! transposed_convolutions {
    ($($(#[$doc:meta])* $class:ident, $rank:literal;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.layers")]
        pub struct $class {
            /// Number of filters: channels of the output.
            filters: usize,
            /// Extent of a filter.
            kernel_size: Sizes<$rank>,
            /// Steps between the places of the output that neighbours of the input go to; 1 by
            /// default.
            #[config(default = 1)]
            strides: Sizes<$rank>,
            /// `"valid"` (default) or `"same"`.
            #[config(default = "valid")]
            padding: Padding,
            /// Places to add at the output's end, below `strides`; by default as many as the output
            /// needs to have the size that is told above.
            #[config(default)]
            output_padding: Option<Sizes<$rank>>,
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
            fn transposed(&self) -> Transposed<'_> {
                let windows = windows!(self, false);
                Transposed { windows, added: self.output_padding.as_ref().map(|p| &p.0[..]) }
            }
        }

        impl Layer for $class {
            fn build(&self, cx: &mut Build) -> Result<()> {
                self.activation.get()?;
                cx.at_least("filters", self.filters, 1)?;
                let channels = self.transposed().check(cx)?;
                let shape = [&self.kernel_size.0[..], &[self.filters, channels]].concat();
                WeightRule(
                    &self.kernel_initializer,
                    &self.kernel_regularizer,
                    &self.kernel_constraint,
                )
                .add(cx, "kernel", shape);
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
                let y = self.transposed().call(&cx.input(), &cx.weight("kernel"), bias);
                let y = self.activation.apply(&y);
                cx.penalize(&self.activity_regularizer, &y);
                y
            }
        })*
    };
}

transposed_convolutions! {
    /// Transposed convolution over one axis: `activation(kernel ᵀ∗ x + bias)`, where each step of the
    /// input adds the kernel, times its value, to the output.
    ///
    /// - **Input** `(batch, steps, channels)`. **Output** `(batch, steps', filters)`; with the extent
    ///   e = (kernel_size − 1) · dilation_rate + 1 of a filter, steps' is by default
    ///   (steps − 1) · stride + max(e, stride) (valid) or steps · stride (same); with an
    ///   `output_padding` p it is (steps − 1) · stride + e + p (valid) or
    ///   (steps − 1) · stride + e mod 2 + p (same).
    /// - **Weights** `kernel (size, filters, channels)`; `bias (filters)` if `use_bias`.
    /// - **Errors** at build: rank other than 3, channels unknown, a size of 0, an output padding not
    ///   below the stride, strides and dilation both above 1, an empty output.
    /// - **Source** Keras 3 `layers.Conv1DTranspose`; Zeiler et al. 2010.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([25, 8]);
    /// let y = Conv1DTranspose::new(16, 5).strides(2).padding("same").apply(&x);
    /// let model = Model::new(&x, &Flatten::new().apply(&y))?; // 50 steps
    /// assert_eq!(model.count_params(), 5 * 8 * 16 + 16);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    Conv1DTranspose, 1;
    /// Transposed convolution over images: `activation(kernel ᵀ∗ x + bias)`.
    ///
    /// - **Input** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
    ///   `channels_first`. **Output** `(batch, rows', columns', filters)`, sizes as for
    ///   [`Conv1DTranspose`].
    /// - **Weights** `kernel (height, width, filters, channels)`; `bias (filters)` if `use_bias`.
    /// - **Errors** at build: as for [`Conv1DTranspose`].
    /// - **Source** Keras 3 `layers.Conv2DTranspose`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([7, 7, 64]);
    /// let y = Conv2DTranspose::new(32, 3).strides(2).padding("same").activation("relu").apply(&x);
    /// assert_eq!(Model::new(&x, &y)?.count_params(), 9 * 64 * 32 + 32); // (14, 14, 32)
    /// # Ok::<(), ferras::Error>(())
    /// ```
    Conv2DTranspose, 2;
    /// Transposed convolution over volumes: `activation(kernel ᵀ∗ x + bias)`.
    ///
    /// - **Input** `(batch, depth, rows, columns, channels)`, or `(batch, channels, …)` with
    ///   `channels_first`. **Output** `(batch, depth', rows', columns', filters)`, sizes as for
    ///   [`Conv1DTranspose`].
    /// - **Weights** `kernel (depth, height, width, filters, channels)`; `bias (filters)` if
    ///   `use_bias`.
    /// - **Errors** at build: as for [`Conv1DTranspose`].
    /// - **Source** Keras 3 `layers.Conv3DTranspose`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([4, 8, 8, 2]);
    /// let model = Model::new(&x, &Conv3DTranspose::new(3, 2).strides(2).apply(&x))?;
    /// assert_eq!(model.count_params(), 8 * 2 * 3 + 3);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    Conv3DTranspose, 3;
}

/// The geometry: that of the convolution from output to input, and what is added at the end.
pub(in crate::layers) struct Transposed<'a> {
    pub(in crate::layers) windows: Windows<'a>,
    pub(in crate::layers) added: Option<&'a [usize]>,
}

/// One axis of the output, and the padding of the convolution that leads back from it.
struct Axis {
    places: usize,
    padding: (usize, usize),
}

impl Transposed<'_> {
    /// Checks the arguments; gives the number of channels.
    fn check(&self, cx: &Build) -> Result<usize> {
        self.windows.check_arguments(cx)?;
        let strides = self.windows.strides;
        if let Some(added) = self.added
            && added.iter().zip(strides).any(|(added, stride)| added >= stride)
        {
            return Err(cx.error(format!(
                "output_padding must be below strides, got output_padding {added:?} and strides \
                 {strides:?}"
            )));
        }
        let order = self.windows.format.get()?;
        let rank = self.windows.size.len() + 2;
        let input = cx.input()?.rank(rank)?;
        for (i, axis) in order.spatial(rank).enumerate() {
            let size = input.shape().get(axis).copied().flatten();
            if size.is_some_and(|n| n == 0 || self.axis(i, n).places == 0) {
                let shape = input.shape();
                return Err(cx.error(format!(
                    "the output would be empty along axis {axis} of its input of shape {shape}; use \
                     another output_padding, or none"
                )));
            }
        }
        input.known(order.channels())
    }

    /// What becomes of n places of spatial axis i.
    fn axis(&self, i: usize, n: usize) -> Axis {
        let windows = &self.windows;
        let (size, stride, dilation) = (windows.size[i], windows.strides[i], windows.dilation[i]);
        let extent = size.saturating_sub(1).saturating_mul(dilation).saturating_add(1);
        let same = windows.padding.get().is_ok_and(|mode| mode == PaddingMode::Same);
        // Places of the output from the first tap of the input's last place on.
        let end = match (same, self.added.map(|added| added[i])) {
            (false, None) => extent.max(stride),
            (false, Some(added)) => extent.saturating_add(added),
            (true, None) => stride,
            (true, Some(added)) => (extent % 2).saturating_add(added),
        };
        // Taps that reach out of the output: of "same" as many before as after, the odd one after.
        let inside = end.saturating_add(extent).saturating_sub(2).div_ceil(2);
        let before = if same { (extent - 1).saturating_sub(inside) } else { 0 };
        Axis {
            places: n.saturating_sub(1).saturating_mul(stride).saturating_add(end),
            padding: (before, (extent - before).saturating_sub(end)),
        }
    }

    pub(in crate::layers) fn call(&self, x: &Value, kernel: &Value, bias: Option<Value>) -> Value {
        let order = self.windows.order();
        let x = order.to_last(x);
        let shape = x.shape();
        let sizes = shape.iter().skip(1).take(self.windows.size.len()).enumerate();
        let axes: Vec<Axis> = sizes.map(|(i, &n)| self.axis(i, n)).collect();
        let dims = ConvDims {
            strides: self.windows.strides.to_vec(),
            padding: axes.iter().map(|axis| axis.padding).collect(),
            dilation: self.windows.dilation.to_vec(),
            groups: 1,
        };
        let places = axes.iter().map(|axis| axis.places);
        let shape = [x.dim(0)].into_iter().chain(places).chain([kernel.dim(-2)]).collect();
        let y = x.conv_input_grad(kernel, dims, shape);
        order.of_last(&bias.map_or_else(|| y.clone(), |b| &y + b))
    }
}
