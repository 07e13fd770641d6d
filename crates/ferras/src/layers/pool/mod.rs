//! Pools: what is typical of a neighbourhood.
mod adaptive;
mod average;
mod global;
mod max;

pub(super) use adaptive::adapted;
pub use adaptive::{
    AdaptiveAveragePooling1D, AdaptiveAveragePooling2D, AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D, AdaptiveMaxPooling2D, AdaptiveMaxPooling3D,
};
pub use average::{AveragePooling1D, AveragePooling2D, AveragePooling3D};
pub use global::{
    GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D, GlobalMaxPooling1D,
    GlobalMaxPooling2D, GlobalMaxPooling3D,
};
pub use max::{MaxPooling1D, MaxPooling2D, MaxPooling3D};

use crate::layers::spatial::Windows;
use ferras_graph::{Value, Window};

/// Makes pools of one kind: a class for each number of spatial axes. `pool_size` may have a
/// default; `$pool` reduces windows of a channels-last value.
macro_rules! pools {
    ($pool:expr; $($(#[$doc:meta])* $class:ident, $rank:literal $(, $(#[$size:meta])*)?;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.layers")]
        pub struct $class {
            /// Extent of a window.
            $($(#[$size])*)?
            pool_size: Sizes<$rank>,
            /// Steps between windows; `pool_size` by default.
            #[config(default, written = self.strides.unwrap_or(self.pool_size))]
            strides: Option<Sizes<$rank>>,
            /// `"valid"` (default) or `"same"`.
            #[config(default = "valid")]
            padding: Padding,
            /// `"channels_last"` or `"channels_first"`; that of the settings by default.
            #[config(default = DataFormat::configured())]
            data_format: DataFormat,
        }

        impl $class {
            fn windows(&self) -> Windows<'_> {
                Windows {
                    argument: "pool_size",
                    size: &self.pool_size.0,
                    strides: &self.strides.as_ref().unwrap_or(&self.pool_size).0,
                    dilation: &[1; $rank],
                    padding: &self.padding,
                    in_time: false,
                    format: &self.data_format,
                }
            }
        }

        impl Layer for $class {
            fn build(&self, cx: &mut Build) -> Result<()> {
                self.windows().check(cx).map(|_| ())
            }

            fn call(&self, cx: &mut Call) -> Value {
                pool(&self.windows(), &cx.input(), $pool)
            }
        })*
    };
}
use pools;

/// Reduces windows, in the order of axes that they say.
pub(super) fn pool(windows: &Windows<'_>, x: &Value, reduce: fn(&Value, Window) -> Value) -> Value {
    let x = windows.order().to_last(x);
    let (size, strides) = (windows.size.to_vec(), windows.strides.to_vec());
    let padding = windows.padding(&x);
    windows.order().of_last(&reduce(&x, Window { size, strides, padding }))
}
