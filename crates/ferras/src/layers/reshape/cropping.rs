//! `Cropping1D`, `Cropping2D`: the data without its rim.
use super::Borders;
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

macro_rules! croppings {
    ($($(#[$doc:meta])* $class:ident, $rank:literal, $default:literal;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.layers")]
        pub struct $class {
            #[doc = concat!("What is taken at each side; ", $default, " by default.")]
            #[config(default = $default)]
            cropping: Borders<$rank>,
            /// `"channels_last"` or `"channels_first"`; that of the settings by default.
            #[config(default = DataFormat::configured())]
            data_format: DataFormat,
        }

        impl Layer for $class {
            fn build(&self, cx: &mut Build) -> Result<()> {
                let order = self.data_format.get()?;
                let shape = cx.input()?.rank($rank + 2)?.shape();
                for (axis, (before, after)) in order.spatial($rank + 2).zip(self.cropping.0) {
                    let size = shape.get(axis).copied().flatten();
                    if size.is_some_and(|n| n <= before.saturating_add(after)) {
                        return Err(cx.error(format!(
                            "the output would be empty: cropping takes {before} and {after} of \
                             axis {axis} of its input {shape}"
                        )));
                    }
                }
                Ok(())
            }

            fn call(&self, cx: &mut Call) -> Value {
                let x = cx.input();
                let Ok(order) = self.data_format.get() else { return x };
                let (mut start, mut limit) = (vec![0; x.rank()], x.shape().to_vec());
                for (axis, (before, after)) in order.spatial(x.rank()).zip(self.cropping.0) {
                    (start[axis], limit[axis]) = (before, limit[axis].saturating_sub(after));
                }
                x.slice(&start, &limit, &vec![1; x.rank()])
            }
        })*
    };
}

croppings! {
    /// The steps without the first and last ones.
    ///
    /// - **Input** `(batch, steps, channels)`. **Output** `(batch, steps − before − after, channels)`.
    /// - **Errors** at build: rank other than 3, an empty output.
    /// - **Source** Keras 3 `layers.Cropping1D`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([10, 4]);
    /// let model = Model::new(&x, &Cropping1D::new().cropping((2, 3)).apply(&x))?;
    /// # Ok::<(), ferras::Error>(())
    /// ```
    Cropping1D, 1, 1;
    /// An image without its rim.
    ///
    /// - **Input** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
    ///   `channels_first`. **Output** the same with smaller rows and columns.
    /// - **Errors** at build: rank other than 4, an empty output.
    /// - **Source** Keras 3 `layers.Cropping2D`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([28, 28, 1]);
    /// let model = Model::new(&x, &Cropping2D::new().cropping(((2, 2), (4, 4))).apply(&x))?;
    /// # Ok::<(), ferras::Error>(())
    /// ```
    Cropping2D, 2, 0;
}
