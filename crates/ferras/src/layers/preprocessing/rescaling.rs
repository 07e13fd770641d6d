//! `Rescaling`: another range.
use super::Numbers;
use crate::layers::prelude::*;
use crate::layers::spatial::{ChannelsOrder, DataFormat};
use ferras_graph::Tensor;

/// x · scale + offset; integers become floats.
///
/// - **Input, output** any shape.
/// - **Source** Keras 3 `layers.Rescaling`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::of([28, 28, 1], DType::U8);
/// let model = Model::new(&x, &Rescaling::new(1.0 / 255.0).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Rescaling {
    /// The factor, or one for each channel.
    scale: Numbers,
    /// What is added, or one for each channel; 0 by default.
    #[config(default = 0.0)]
    offset: Numbers,
}

/// One number, or one for each channel, where those of `x` are.
fn spread(x: &Value, numbers: &Numbers) -> Value {
    let mut shape = numbers.shape().to_vec();
    if !shape.is_empty() && matches!(DataFormat::configured().get(), Ok(ChannelsOrder::First)) {
        shape.resize(shape.len().max(3), 1);
    }
    match Tensor::new(shape, numbers.list().to_vec()) {
        Ok(tensor) => x.builder().constant(tensor.cast(x.dtype())),
        Err(e) => x.error("scale", e.to_string()),
    }
}

impl Layer for Rescaling {
    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        let x = x.cast(cx.compute_dtype());
        let (scale, offset) = (spread(&x, &self.scale), spread(&x, &self.offset));
        x * scale + offset
    }

    fn supports_masking(&self) -> bool {
        true
    }
}
