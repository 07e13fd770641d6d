//! Pools over all places: `GlobalAveragePooling1D` … `GlobalMaxPooling3D`.
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// What a pool does instead where its input has a mask, if it knows masks: input, mask, axis of the
/// steps, whether it stays.
type Masked = Option<fn(&Value, &Value, isize, bool) -> Value>;

macro_rules! global_pools {
    ($($class:ident, $rank:literal, $reduce:expr, $what:literal, $input:literal, $masked:expr;)*) => {
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
                let order = match self.data_format.get() {
                    Ok(order) => order,
                    Err(e) => return x.error("data_format", e.to_string()),
                };
                let (axes, masked): (_, Masked) = (order.spatial_axes($rank), $masked);
                match (masked, cx.mask()) {
                    (Some(masked), Some(mask)) => masked(&x, &mask, axes[0], self.keepdims),
                    _ => reduce(&x, &axes, self.keepdims),
                }
            }

            fn signature(&self) -> Signature {
                match self.supports_masking() {
                    true => Signature::WITH_MASK,
                    false => Signature::default(),
                }
            }

            fn supports_masking(&self) -> bool {
                let masked: Masked = $masked;
                masked.is_some()
            }

            fn compute_mask(&self, _: &mut Call) -> Vec<Option<Value>> {
                Vec::new()
            }
        })*
    };
}

global_pools! {
    GlobalAveragePooling1D, 3, Value::mean, "Mean", "steps", Some(masked_mean);
    GlobalAveragePooling2D, 4, Value::mean, "Mean", "rows, columns", None;
    GlobalAveragePooling3D, 5, Value::mean, "Mean", "depth, rows, columns", None;
    GlobalMaxPooling1D, 3, Value::max, "The largest", "steps", None;
    GlobalMaxPooling2D, 4, Value::max, "The largest", "rows, columns", None;
    GlobalMaxPooling3D, 5, Value::max, "The largest", "depth, rows, columns", None;
}

/// The mean of the steps that count; NaN where none does, as in Keras.
fn masked_mean(x: &Value, mask: &Value, steps: isize, keepdims: bool) -> Value {
    let mask = mask.expand_dims(3 - steps);
    let count = mask.cast(x.dtype()).sum(&[steps], keepdims);
    mask.select(x, 0.0).sum(&[steps], keepdims) / count
}
