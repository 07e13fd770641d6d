//! Pools that give as many places as asked: `AdaptiveAveragePooling1D` … `AdaptiveMaxPooling3D`.
use crate::config::Sizes;
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;
use ferras_graph::{Tensor, Window};

/// Parts along an axis, each of which has its place in a table.
const MOST: usize = 65_536;

macro_rules! adaptive_pools {
    ($($class:ident, $rank:literal, $reduce:expr, $what:literal, $input:literal, $example:literal;)*) => {
        $(#[doc = concat!($what, " of each of `output_size` equal parts of the ", $input, ", for each channel.")]
        ///
        /// Of n places, part i of m reaches from place ⌊i · n / m⌋ to before place ⌈(i + 1) · n / m⌉: where
        /// m does not divide n, neighbours share a place.
        ///
        #[doc = concat!("- **Input** `(batch, ", $input, ", channels)`, or `(batch, channels, ",
            $input, ")` with `channels_first`.")]
        ///   **Output** alike, with `output_size` places.
        #[doc = concat!("- **Errors** at build: rank other than ", $rank, " + 2, a size of 0 or beyond 65,536.")]
        #[doc = concat!("- **Source** Keras 3 `layers.", stringify!($class), "`.")]
        ///
        /// ```
        /// use ferras::prelude::*;
        #[doc = concat!("let x = Input::new(", $example, ");")]
        #[doc = concat!("let y = Flatten::new().apply(&", stringify!($class), "::new(3).apply(&x));")]
        /// let model = Model::new(&x, &Dense::new(1).apply(&y))?;
        #[doc = concat!("assert_eq!(model.count_params(), 3_usize.pow(", $rank, ") * 4 + 1);")]
        /// # Ok::<(), ferras::Error>(())
        /// ```
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.layers")]
        pub struct $class {
            /// Places of the output along each axis.
            output_size: Sizes<$rank>,
            /// `"channels_last"` or `"channels_first"`; that of the settings by default.
            #[config(default = DataFormat::configured())]
            data_format: DataFormat,
        }

        impl Layer for $class {
            fn build(&self, cx: &mut Build) -> Result<()> {
                self.data_format.get()?;
                let sizes = &self.output_size.0;
                if sizes.iter().any(|size| !(1..=MOST).contains(size)) {
                    let problem = format!("output_size must be from 1 to {MOST}, got {sizes:?}");
                    return Err(cx.error(problem));
                }
                cx.input()?.rank($rank + 2).map(|_| ())
            }

            fn call(&self, cx: &mut Call) -> Value {
                let x = cx.input();
                let order = match self.data_format.get() {
                    Ok(order) => order,
                    Err(e) => return x.error("data_format", e.to_string()),
                };
                let axes = self.output_size.0.into_iter().enumerate();
                let y = axes.fold(order.to_last(&x), |y, (i, parts)| adapted(&y, i, parts, $reduce));
                order.of_last(&y)
            }
        })*
    };
}

adaptive_pools! {
    AdaptiveAveragePooling1D, 1, Value::average_pool, "Mean", "steps", "[7, 4]";
    AdaptiveAveragePooling2D, 2, Value::average_pool, "Mean", "rows, columns", "[9, 7, 4]";
    AdaptiveAveragePooling3D, 3, Value::average_pool, "Mean", "depth, rows, columns", "[3, 9, 7, 4]";
    AdaptiveMaxPooling1D, 1, Value::max_pool, "The largest", "steps", "[7, 4]";
    AdaptiveMaxPooling2D, 2, Value::max_pool, "The largest", "rows, columns", "[9, 7, 4]";
    AdaptiveMaxPooling3D, 3, Value::max_pool, "The largest", "depth, rows, columns", "[3, 9, 7, 4]";
}

/// Reduces the parts of spatial axis i of a channels-last value. A part has ⌈n / m⌉ places or one
/// more, so all of them stand among the windows of these two sizes.
pub(in crate::layers) fn adapted(x: &Value, i: usize, parts: usize, reduce: fn(&Value, Window) -> Value) -> Value {
    let (axis, spatial) = (i as isize + 1, x.rank().saturating_sub(2));
    let n = x.dim(axis);
    if x.is_poisoned() || n == 0 {
        return x.error("pool", format!("axis {axis} of {} has no places", x.shape()));
    }
    let windows = |size: usize, stride: usize| {
        let mut window =
            Window { size: vec![1; spatial], strides: vec![1; spatial], padding: vec![(0, 0); spatial] };
        (window.size[i], window.strides[i]) = (size, stride);
        reduce(x, window)
    };
    if n.is_multiple_of(parts) {
        return windows(n / parts, n / parts);
    }
    let small = n.div_ceil(parts);
    let part = |i: usize| (i * n / parts, ((i + 1) * n).div_ceil(parts));
    let is_small = |(start, end): (usize, usize)| end - start == small;
    let mut pooled = windows(small, 1);
    if !(0..parts).all(|i| is_small(part(i))) {
        pooled = x.builder().concat(&[pooled, windows(small + 1, 1)], axis);
    }
    let place = |i: usize| {
        let of_large = if is_small(part(i)) { 0 } else { n - small + 1 };
        (part(i).0 + of_large) as i64
    };
    match Tensor::new([parts], (0..parts).map(place).collect()) {
        Ok(places) => pooled.gather(&x.builder().constant(places), axis),
        Err(e) => x.error("pool", e.to_string()),
    }
}
