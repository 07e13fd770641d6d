//! `MixUp`: two pictures in one.
use crate::config::floatx;
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, makes each picture a mean of itself and another one of its batch, λ·x + (1 − λ)·x′,
/// with a λ of its own from the beta distribution of `alpha` and `alpha`; otherwise pictures go
/// through.
///
/// - **Inputs, outputs** pictures `(batch, rows, columns, channels)`, or `(batch, channels, rows,
///   columns)` with `channels_first`; and, if given, their labels `(batch, classes)`, which are
///   mixed alike. Floats.
/// - **Errors** at build: ranks other than 4 and 2, more than two inputs, an `alpha` not above 0.
/// - **Source** Keras 3 `layers.MixUp`; Zhang et al. 2018.
///
/// ```
/// use ferras::prelude::*;
/// let (x, y) = (Input::new([32, 32, 3]), Input::new([10]));
/// let mixed = MixUp::new().alpha(0.4).apply([&x, &y]);
/// let model = Model::new([&x, &y], [&mixed, &mixed.output(1)])?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct MixUp {
    /// Small values leave most pictures nearly alone, 1 makes every λ as likely; 0.2 by default.
    #[config(default = 0.2)]
    alpha: f64,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
}

impl MixUp {
    /// The others that pictures are mixed with, and λ `(batch)`.
    pub(super) fn draw(&self, cx: &mut Call, images: &Value) -> [Value; 2] {
        let batch = images.dim(0);
        let order = partners(cx, batch, self.seed);
        let (key, stream) = cx.random_key(self.seed);
        let alpha = images.builder().scalar(images.dtype(), self.alpha);
        [order, images.builder().random_beta(&key, stream, [batch], &alpha, &alpha)]
    }

    /// Pictures, or labels, mixed.
    pub(super) fn mix(x: &Value, [order, share]: &[Value; 2]) -> Value {
        let mut along = vec![1; x.rank()];
        along[0] = x.dim(0);
        let share = share.cast(x.dtype()).reshape(along);
        &share * x + (1.0 - &share) * x.gather(order, 0)
    }
}

/// Which other picture of the batch each is joined with: all of them in random order.
pub(super) fn partners(cx: &mut Call, batch: usize, seed: Option<u64>) -> Value {
    cx.random_uniform([batch], seed).argsort(0, false)
}

/// Checks the inputs of a layer that takes pictures and, perhaps, their labels.
pub(super) fn check_pair(cx: &Build) -> Result<()> {
    match cx.inputs() {
        [images] if images.shape.len() == 4 => Ok(()),
        [images, labels] if images.shape.len() == 4 && labels.shape.len() == 2 => Ok(()),
        other => {
            let found: Vec<String> = other.iter().map(|spec| spec.shape.to_string()).collect();
            let expected = "expected pictures of rank 4 and, perhaps, labels of rank 2";
            Err(cx.error(format!("{expected}, got {}", found.join(" and "))))
        }
    }
}

/// A value as floats.
pub(super) fn floats(x: &Value) -> Value {
    if x.dtype().is_float() { x.clone() } else { x.cast(floatx()) }
}

impl Layer for MixUp {
    fn build(&self, cx: &mut Build) -> Result<()> {
        self.data_format.get()?;
        match self.alpha > 0.0 && self.alpha.is_finite() {
            true => check_pair(cx),
            false => Err(cx.error(format!("alpha must be above 0, got {}", self.alpha))),
        }
    }

    fn call(&self, cx: &mut Call) -> Value {
        self.call_all(cx).swap_remove(0)
    }

    fn call_all(&self, cx: &mut Call) -> Vec<Value> {
        let inputs: Vec<Value> = cx.inputs().iter().map(floats).collect();
        let Some(images) = inputs.first().filter(|_| cx.training()) else { return inputs };
        let drawn = self.draw(cx, images);
        inputs.iter().map(|x| MixUp::mix(x, &drawn)).collect()
    }
}
