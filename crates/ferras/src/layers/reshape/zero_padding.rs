//! `ZeroPadding1D`, `ZeroPadding2D`, `ZeroPadding3D`: zeros around the data.
use super::Borders;
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

macro_rules! zero_paddings {
    ($($(#[$doc:meta])* $class:ident, $rank:literal;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.layers")]
        pub struct $class {
            /// Zeros at each side; 1 by default.
            #[config(default = 1)]
            padding: Borders<$rank>,
            /// `"channels_last"` or `"channels_first"`; that of the settings by default.
            #[config(default = DataFormat::configured())]
            data_format: DataFormat,
        }

        impl Layer for $class {
            fn build(&self, cx: &mut Build) -> Result<()> {
                self.data_format.get()?;
                cx.input()?.rank($rank + 2).map(|_| ())
            }

            fn call(&self, cx: &mut Call) -> Value {
                let x = cx.input();
                let order = match self.data_format.get() {
                    Ok(order) => order,
                    Err(e) => return x.error("data_format", e.to_string()),
                };
                let (mut low, mut high) = (vec![0; x.rank()], vec![0; x.rank()]);
                for (axis, (before, after)) in order.spatial(x.rank()).zip(self.padding.0) {
                    (low[axis], high[axis]) = (before, after);
                }
                x.pad(&low, &high, 0.0)
            }
        })*
    };
}

zero_paddings! {
    /// Zeros before and after the steps.
    ///
    /// - **Input** `(batch, steps, channels)`. **Output** `(batch, before + steps + after, channels)`.
    /// - **Errors** at build: rank other than 3.
    /// - **Source** Keras 3 `layers.ZeroPadding1D`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([10, 4]);
    /// let model = Model::new(&x, &ZeroPadding1D::new().padding((0, 2)).apply(&x))?;
    /// # Ok::<(), ferras::Error>(())
    /// ```
    ZeroPadding1D, 1;
    /// Zeros around an image.
    ///
    /// - **Input** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
    ///   `channels_first`. **Output** the same with the zeros added to rows and columns.
    /// - **Errors** at build: rank other than 4.
    /// - **Source** Keras 3 `layers.ZeroPadding2D`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([28, 28, 1]);
    /// let model = Model::new(&x, &ZeroPadding2D::new().padding(((0, 1), (0, 1))).apply(&x))?;
    /// # Ok::<(), ferras::Error>(())
    /// ```
    ZeroPadding2D, 2;
    /// Zeros around a volume.
    ///
    /// - **Input** `(batch, depth, rows, columns, channels)`, or `(batch, channels, …)` with
    ///   `channels_first`. **Output** the same with the zeros added to depth, rows and columns.
    /// - **Errors** at build: rank other than 5.
    /// - **Source** Keras 3 `layers.ZeroPadding3D`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([4, 8, 8, 1]);
    /// let model = Model::new(&x, &ZeroPadding3D::new().padding((0, 1, 2)).apply(&x))?;
    /// # Ok::<(), ferras::Error>(())
    /// ```
    ZeroPadding3D, 3;
}
