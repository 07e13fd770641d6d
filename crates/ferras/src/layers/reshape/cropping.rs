//! `Cropping1D`, `Cropping2D`, `Cropping3D`: the data without its rim.
use super::Borders;
use crate::layers::prelude::*;
use crate::layers::spatial::{ChannelsOrder, DataFormat};

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
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Cropping1D {
    /// What is taken at each side; 1 by default.
    #[config(default = 1)]
    cropping: Borders<1>,
}

impl Layer for Cropping1D {
    fn build(&self, cx: &mut Build) -> Result<()> {
        check(cx, ChannelsOrder::Last, &self.cropping.0)
    }

    fn call(&self, cx: &mut Call) -> Value {
        crop(&cx.input(), ChannelsOrder::Last, &self.cropping.0)
    }
}

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
                check(cx, self.data_format.get()?, &self.cropping.0)
            }

            fn call(&self, cx: &mut Call) -> Value {
                match self.data_format.get() {
                    Ok(order) => crop(&cx.input(), order, &self.cropping.0),
                    Err(e) => cx.input().error("data_format", e.to_string()),
                }
            }
        })*
    };
}

croppings! {
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
    /// A volume without its rim.
    ///
    /// - **Input** `(batch, depth, rows, columns, channels)`, or `(batch, channels, …)` with
    ///   `channels_first`. **Output** the same with smaller depth, rows and columns.
    /// - **Errors** at build: rank other than 5, an empty output.
    /// - **Source** Keras 3 `layers.Cropping3D`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([8, 28, 28, 1]);
    /// let model = Model::new(&x, &Cropping3D::new().cropping([(0, 2), (4, 4), (3, 3)]).apply(&x))?;
    /// # Ok::<(), ferras::Error>(())
    /// ```
    Cropping3D, 3, 1;
}

/// An error unless something is left.
fn check(cx: &Build, order: ChannelsOrder, cropping: &[(usize, usize)]) -> Result<()> {
    let rank = cropping.len() + 2;
    let shape = cx.input()?.rank(rank)?.shape();
    for (axis, (before, after)) in order.spatial(rank).zip(cropping) {
        let size = shape.get(axis).copied().flatten();
        if size.is_some_and(|n| n <= before.saturating_add(*after)) {
            return Err(cx.error(format!(
                "the output would be empty: cropping takes {before} and {after} of axis {axis} of \
                 its input {shape}"
            )));
        }
    }
    Ok(())
}

fn crop(x: &Value, order: ChannelsOrder, cropping: &[(usize, usize)]) -> Value {
    let (mut start, mut limit) = (vec![0; x.rank()], x.shape().to_vec());
    for (axis, (before, after)) in order.spatial(x.rank()).zip(cropping) {
        (start[axis], limit[axis]) = (*before, limit[axis].saturating_sub(*after));
    }
    x.slice(&start, &limit, &vec![1; x.rank()])
}
