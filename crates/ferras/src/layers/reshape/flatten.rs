//! `Flatten`: all features of a sample in one row.
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// All features of a sample in one row; the batch axis stays.
///
/// - **Input** `(batch, …)`, rank ≥ 1. **Output** `(batch, features)`, `(batch, 1)` for rank 1.
///   With `channels_first` the channels go last first, so that the order is that of channels last.
/// - **Source** Keras 3 `layers.Flatten`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([28, 28]);
/// let y = Dense::new(1).apply(&Flatten::new().apply(&x));
/// assert_eq!(Model::new(&x, &y)?.count_params(), 784 + 1);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Flatten {
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

impl Layer for Flatten {
    fn build(&self, cx: &mut Build) -> Result<()> {
        self.data_format.get()?;
        cx.input()?.min_rank(1).map(|_| ())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = match self.data_format.get() {
            Ok(order) => order.to_last(&cx.input()),
            Err(e) => return cx.input().error("data_format", e.to_string()),
        };
        let features = x.shape().iter().skip(1).product::<usize>();
        x.reshape([x.dim(0), features])
    }
}
