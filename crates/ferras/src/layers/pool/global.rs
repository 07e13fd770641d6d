//! Pools over all places: `GlobalAveragePooling1D` … `GlobalMaxPooling3D`.
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

macro_rules! global_pools {
    ($($class:ident, $rank:literal, $reduce:expr, $what:literal, $input:literal;)*) => {
        $(#[doc = concat!($what, " of all places, for each channel.")]
        ///
        #[doc = concat!("- **Input** `(batch, ", $input, ", channels)`, or `(batch, channels, ",
            $input, ")` with `channels_first`.")]
        ///   **Output** `(batch, channels)`; with `keepdims` the other axes stay, of size 1.
        #[doc = concat!("- **Errors** at build: rank other than ", $rank, ".")]
        #[doc = concat!("- **Source** Keras 3 `layers.", stringify!($class), "`.")]
        ///
        /// ```
        /// use ferras::prelude::*;
        #[doc = concat!("let layer = ", stringify!($class), "::new().keepdims(true);")]
        /// # let _ = layer;
        /// ```
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.layers")]
        pub struct $class {
            /// `"channels_last"` or `"channels_first"`; that of the settings by default.
            #[config(default = DataFormat::configured())]
            data_format: DataFormat,
            /// Whether the reduced axes stay, of size 1; false by default.
            #[config(default = false)]
            keepdims: bool,
        }

        impl Layer for $class {
            fn build(&self, cx: &mut Build) -> Result<()> {
                self.data_format.get()?;
                cx.input()?.rank($rank).map(|_| ())
            }

            fn call(&self, cx: &mut Call) -> Value {
                let (x, reduce): (_, fn(&Value, &[isize], bool) -> Value) = (cx.input(), $reduce);
                match self.data_format.get() {
                    Ok(order) => reduce(&x, &order.spatial_axes($rank), self.keepdims),
                    Err(e) => x.error("data_format", e.to_string()),
                }
            }
        })*
    };
}

global_pools! {
    GlobalAveragePooling1D, 3, Value::mean, "Mean", "steps";
    GlobalAveragePooling2D, 4, Value::mean, "Mean", "rows, columns";
    GlobalAveragePooling3D, 5, Value::mean, "Mean", "depth, rows, columns";
    GlobalMaxPooling1D, 3, Value::max, "The largest", "steps";
    GlobalMaxPooling2D, 4, Value::max, "The largest", "rows, columns";
    GlobalMaxPooling3D, 5, Value::max, "The largest", "depth, rows, columns";
}
