//! `SpatialDropout1D`, `SpatialDropout2D`, `SpatialDropout3D`: in training, some channels are 0.
use super::{check_rate, drop_out};
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// [`Dropout`](super::Dropout) of whole channels of a sequence.
///
/// - **Input, output** `(batch, steps, channels)`.
/// - **Errors** at build: rank other than 3, `rate` outside 0 and 1.
/// - **Source** Keras 3 `layers.SpatialDropout1D`; Tompson et al. 2014.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([10, 4]);
/// let model = Model::new(&x, &SpatialDropout1D::new(0.2).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct SpatialDropout1D {
    /// The share of channels that are dropped.
    rate: f64,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
}

impl Layer for SpatialDropout1D {
    fn build(&self, cx: &mut Build) -> Result<()> {
        check_rate(cx, self.rate)?;
        cx.input()?.rank(3).map(|_| ())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        drop_out(cx, self.rate, self.seed, [x.dim(0), 1, x.dim(-1)].into())
    }

    fn supports_masking(&self) -> bool {
        true
    }
}

macro_rules! spatial_dropouts {
    ($($(#[$doc:meta])* $class:ident, $rank:literal;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.layers")]
        pub struct $class {
            /// The share of channels that are dropped.
            rate: f64,
            /// Own seed; none follows the program's.
            #[config(default)]
            seed: Option<u64>,
            /// `"channels_last"` or `"channels_first"`; that of the settings by default.
            #[config(default = DataFormat::configured())]
            data_format: DataFormat,
        }

        impl Layer for $class {
            fn build(&self, cx: &mut Build) -> Result<()> {
                check_rate(cx, self.rate)?;
                self.data_format.get()?;
                cx.input()?.rank($rank).map(|_| ())
            }

            fn call(&self, cx: &mut Call) -> Value {
                let mut shape = cx.input().shape().to_vec();
                let spatial = self.data_format.get().map(|order| order.spatial(shape.len()));
                spatial.into_iter().flatten().for_each(|axis| shape[axis] = 1);
                drop_out(cx, self.rate, self.seed, shape.into())
            }

            fn supports_masking(&self) -> bool {
                true
            }
        })*
    };
}

spatial_dropouts! {
    /// [`Dropout`](super::Dropout) of whole channels of an image.
    ///
    /// - **Input, output** `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)`
    ///   with `channels_first`.
    /// - **Errors** at build: rank other than 4, `rate` outside 0 and 1.
    /// - **Source** Keras 3 `layers.SpatialDropout2D`; Tompson et al. 2014.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([8, 8, 4]);
    /// let model = Model::new(&x, &SpatialDropout2D::new(0.2).apply(&x))?;
    /// # Ok::<(), ferras::Error>(())
    /// ```
    SpatialDropout2D, 4;
    /// [`Dropout`](super::Dropout) of whole channels of a volume.
    ///
    /// - **Input, output** `(batch, depth, rows, columns, channels)`, or `(batch, channels, …)` with
    ///   `channels_first`.
    /// - **Errors** at build: rank other than 5, `rate` outside 0 and 1.
    /// - **Source** Keras 3 `layers.SpatialDropout3D`; Tompson et al. 2014.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([4, 8, 8, 4]);
    /// let model = Model::new(&x, &SpatialDropout3D::new(0.2).apply(&x))?;
    /// # Ok::<(), ferras::Error>(())
    /// ```
    SpatialDropout3D, 5;
}
