//! `LocallyConnected1D`, `LocallyConnected2D`: a convolution whose filters are others at each place.
use crate::config::Sizes;
use crate::layers::spatial::{ChannelsOrder, DataFormat, Padding, PaddingMode, Windows};
use crate::layers::{prelude::*, weights::WeightRule};

macro_rules! locally_connected {
    ($($(#[$doc:meta])* $class:ident, $rank:literal;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.layers")]
        pub struct $class {
            /// Number of filters at each place: channels of the output.
            filters: usize,
            /// Extent of a filter.
            kernel_size: Sizes<$rank>,
            /// Steps between places; 1 by default.
            #[config(default = 1)]
            strides: Sizes<$rank>,
            /// `"valid"`, as windows lie within the input.
            #[config(default = "valid")]
            padding: Padding,
            /// `"channels_last"` or `"channels_first"`; that of the settings by default.
            #[config(default = DataFormat::configured())]
            data_format: DataFormat,
            /// What the sums are put through; linear by default.
            #[config(default = "linear")]
            activation: Activation,
            /// Whether a bias, another one at each place, is added; true by default.
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
                Windows {
                    argument: "kernel_size",
                    size: &self.kernel_size.0,
                    strides: &self.strides.0,
                    dilation: &[1; $rank],
                    padding: &self.padding,
                    in_time: false,
                    format: &self.data_format,
                }
            }
        }

        impl Layer for $class {
            fn build(&self, cx: &mut Build) -> Result<()> {
                self.activation.get()?;
                cx.at_least("filters", self.filters, 1)?;
                let (channels, places) = check(&self.windows(), cx)?;
                let inputs: usize = self.kernel_size.0.iter().product::<usize>() * channels;
                WeightRule(
                    &self.kernel_initializer,
                    &self.kernel_regularizer,
                    &self.kernel_constraint,
                )
                .add(cx, "kernel", [places.iter().product(), inputs, self.filters]);
                if self.use_bias {
                    WeightRule(
                        &self.bias_initializer,
                        &self.bias_regularizer,
                        &self.bias_constraint,
                    )
                    .add(cx, "bias", [&places[..], &[self.filters]].concat());
                }
                Ok(())
            }

            fn call(&self, cx: &mut Call) -> Value {
                let bias = self.use_bias.then(|| cx.weight("bias"));
                let kernel = cx.weight("kernel");
                let y = connect(&self.windows(), &cx.input(), &kernel, bias);
                let y = self.activation.apply(&y);
                cx.penalize(&self.activity_regularizer, &y);
                y
            }
        })*
    };
}

locally_connected! {
    /// `Σ x · kernel[place] + bias[place]` over one axis: a [`Conv1D`](super::Conv1D) whose filters are
    /// others at each step. Keras 3 no longer has it: its files are read, and Keras 3 does not open
    /// those written with it.
    ///
    /// - **Input** `(batch, steps, channels)`. **Output** `(batch, steps', filters)` with
    ///   steps' = ⌊(steps − size) / stride⌋ + 1.
    /// - **Weights** `kernel (steps', size · channels, filters)`; `bias (steps', filters)` if `use_bias`.
    /// - **Errors** at build: rank other than 3, steps or channels unknown, a size of 0, padding other
    ///   than `"valid"`, an empty output.
    /// - **Source** Keras 2 `layers.LocallyConnected1D`, `implementation=1`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([10, 3]);
    /// let model = Model::new(&x, &LocallyConnected1D::new(4, 3).apply(&x))?;
    /// assert_eq!(model.count_params(), 8 * (3 * 3 * 4 + 4));
    /// # Ok::<(), ferras::Error>(())
    /// ```
    LocallyConnected1D, 1;
    /// `Σ x · kernel[place] + bias[place]` over images: a [`Conv2D`](super::Conv2D) whose filters are
    /// others at each place. Keras 3 no longer has it: its files are read, and Keras 3 does not open
    /// those written with it.
    ///
    /// - **Input** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
    ///   `channels_first`. **Output** `(batch, rows', columns', filters)` with
    ///   rows' = ⌊(rows − height) / stride⌋ + 1.
    /// - **Weights** `kernel (rows' · columns', height · width · channels, filters)`, with
    ///   `channels_first` `(…, channels · height · width, …)`; `bias (rows', columns', filters)` if
    ///   `use_bias`.
    /// - **Errors** at build: rank other than 4, a size of the input unknown, a size of 0, padding
    ///   other than `"valid"`, an empty output.
    /// - **Source** Keras 2 `layers.LocallyConnected2D`, `implementation=1`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([8, 6, 1]);
    /// let model = Model::new(&x, &LocallyConnected2D::new(4, 3).activation("tanh").apply(&x))?;
    /// assert_eq!(model.count_params(), 6 * 4 * (9 * 4 + 4));
    /// # Ok::<(), ferras::Error>(())
    /// ```
    LocallyConnected2D, 2;
}

/// Checks the arguments; gives the channels and how many places there are along each axis.
fn check(windows: &Windows<'_>, cx: &Build) -> Result<(usize, Vec<usize>)> {
    if windows.padding.get()? != PaddingMode::Valid {
        return Err(cx.error("padding must be \"valid\": filters of places outside are not there"));
    }
    let channels = windows.check(cx)?;
    let axes = windows.order().spatial(windows.size.len() + 2);
    let sizes = axes.map(|axis| cx.input()?.known(axis as isize));
    Ok((channels, places(windows, &sizes.collect::<Result<Vec<_>>>()?)))
}

/// How many windows fit along each axis.
fn places(windows: &Windows<'_>, sizes: &[usize]) -> Vec<usize> {
    let each = sizes.iter().zip(windows.size).zip(windows.strides);
    each.map(|((&n, &size), &stride)| n.saturating_sub(size) / stride.max(1) + 1).collect()
}

/// What each window holds times the kernel of its place, plus the bias.
fn connect(windows: &Windows<'_>, x: &Value, kernel: &Value, bias: Option<Value>) -> Value {
    let order = windows.order();
    let x = order.to_last(x);
    let (rank, batch) = (windows.size.len(), x.dim(0));
    if x.is_poisoned() || x.rank() != rank + 2 {
        return x.error("locally_connected", "expected an input of its rank");
    }
    let places = places(windows, &x.shape()[1..=rank]);
    let channels = x.dim(-1);
    // One piece for each place within the window: (batch, places…, 1, channels).
    let count: usize = windows.size.iter().product();
    let piece = |at: usize| {
        let (mut rest, mut start) = (at, vec![0; rank]);
        for axis in (0..rank).rev() {
            (start[axis], rest) = (rest % windows.size[axis], rest / windows.size[axis]);
        }
        let end = |axis: usize| start[axis] + (places[axis] - 1) * windows.strides[axis] + 1;
        let ends: Vec<usize> = (0..rank).map(end).collect();
        let piece = x.slice(
            &[&[0], &start[..], &[0]].concat(),
            &[&[batch], &ends[..], &[channels]].concat(),
            &[&[1], windows.strides, &[1]].concat(),
        );
        piece.expand_dims(-2)
    };
    let pieces: Vec<Value> = (0..count).map(piece).collect();
    let mut held = x.builder().concat(&pieces, -2);
    if order == ChannelsOrder::First {
        let mut swapped: Vec<usize> = (0..rank + 3).collect();
        swapped.swap(rank + 1, rank + 2);
        held = held.transpose(&swapped);
    }
    let held = held.reshape([batch, places.iter().product(), count * channels]);
    let y = held.transpose(&[1, 0, 2]).matmul(kernel).transpose(&[1, 0, 2]);
    let y = y.reshape([&[batch], &places[..], &[kernel.dim(-1)]].concat());
    order.of_last(&bias.map_or_else(|| y.clone(), |bias| &y + bias))
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    /// Where every place has the same filters it is a convolution.
    #[test]
    fn equal_filters_are_a_convolution() {
        for format in ["channels_last", "channels_first"] {
            let shape = if format == "channels_last" { [6, 5, 2] } else { [2, 6, 5] };
            let x = Input::new(shape);
            let conv = Conv2D::new(3, (3, 2)).strides((2, 1)).data_format(format).name("conv");
            let local = LocallyConnected2D::new(3, (3, 2)).strides((2, 1)).data_format(format);
            let outputs = [conv.apply(&x), local.name("local").apply(&x)];
            let mut model = Model::new(&x, outputs).unwrap();
            let kernel = Tensor::new([3, 2, 2, 3], (0..36).map(|i| (i % 7) as f32 - 2.5).collect());
            let kernel = kernel.unwrap();
            let bias = Tensor::new([3], vec![0.5_f32, -1.0, 2.0]).unwrap();
            model.set_layer_weights("conv", &[kernel.clone(), bias.clone()]).unwrap();
            // (rows, columns, channels, filters), or (channels, rows, columns, filters) by places.
            let numbers = kernel.to_f64_vec();
            let of = |k: usize, c: usize, f: usize| numbers[(k * 2 + c) * 3 + f] as f32;
            let mut one = Vec::new();
            for i in 0..12 {
                let (k, c) = if format == "channels_last" { (i / 2, i % 2) } else { (i % 6, i / 6) };
                one.extend((0..3).map(|f| of(k, c, f)));
            }
            let places = 2 * 4;
            let kernels = Tensor::new([places, 12, 3], one.repeat(places)).unwrap();
            let bias = bias.to_f64_vec().iter().map(|&b| b as f32).collect::<Vec<_>>();
            let biases = Tensor::new([2, 4, 3], bias.repeat(places)).unwrap();
            model.set_layer_weights("local", &[kernels, biases]).unwrap();
            let shape = [&[2], &shape[..]].concat();
            let data = (0..120).map(|i| ((i * 31) % 17) as f32 / 4.0).collect();
            let x = Tensor::new(shape, data).unwrap();
            let both = model.predict_with(vec![x], Predict::new().verbose(0)).unwrap();
            assert_eq!(both[0].shape(), both[1].shape());
            for (a, b) in both[0].to_f64_vec().iter().zip(both[1].to_f64_vec()) {
                assert!((a - b).abs() < 1e-4, "{format}: {a} {b}");
            }
        }
    }

    /// Two windows of two steps, each with a filter of its own.
    #[test]
    fn each_place_has_its_own_filter() {
        let x = Input::new([4, 1]);
        let layer = LocallyConnected1D::new(1, 2).strides(2).name("local");
        let mut model = Model::new(&x, layer.apply(&x)).unwrap();
        let kernel = Tensor::new([2, 2, 1], vec![1.0_f32, 10.0, 100.0, 1000.0]).unwrap();
        let bias = Tensor::new([2, 1], vec![0.5_f32, 0.25]).unwrap();
        model.set_layer_weights("local", &[kernel, bias]).unwrap();
        let x = Tensor::new([1, 4, 1], vec![1.0_f32, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(model.predict(x).unwrap().to_f64_vec(), [21.5, 4300.25]);
        let x = Input::new([4, 1]);
        let same = LocallyConnected1D::new(1, 2).padding("same").apply(&x);
        let error = Model::new(&x, &same).unwrap_err().to_string();
        assert!(error.contains("padding must be \"valid\""), "{error}");
    }
}
