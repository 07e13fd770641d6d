//! `CutMix`: a piece of another picture.
use super::arguments::Factor;
use super::mix_up::{check_pair, floats, partners};
use super::region::Region;
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// In training, puts into each picture a rectangle of another one of its batch, from the same place;
/// otherwise pictures go through.
///
/// The rectangle covers 1 − λ of the picture, with a λ of its own from the beta distribution of α and
/// α, and one α for the batch, uniform within `factor`.
///
/// - **Inputs, outputs** pictures `(batch, rows, columns, channels)`, or `(batch, channels, rows,
///   columns)` with `channels_first`; and, if given, their labels `(batch, classes)`, which are mixed
///   by the share that each picture has. Floats.
/// - **Errors** at build: ranks other than 4 and 2, more than two inputs, a factor outside of 0 and 1.
/// - **Source** Keras 3 `layers.CutMix`; Yun et al. 2019.
///
/// ```
/// use ferras::prelude::*;
/// let (x, y) = (Input::new([32, 32, 3]), Input::new([10]));
/// let mixed = CutMix::new().apply([&x, &y]);
/// let model = Model::new([&x, &y], [&mixed, &mixed.output(1)])?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct CutMix {
    /// The largest α, or the two ends of its range; 1 by default.
    #[config(default = 1.0, written = self.factor.written(0.0))]
    factor: Factor,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

/// Which picture the rectangle is taken from, and where it lies.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    pub(super) order: Value,
    pub(super) region: Region,
}

impl CutMix {
    fn draw(&self, cx: &mut Call, images: &Value) -> Cut {
        let (low, high) = self.factor.bounds(0.0);
        let u = cx.random_uniform([], self.seed).cast(images.dtype());
        let alpha = u * (high - low) + (low + 1e-6);
        let (key, stream) = cx.random_key(self.seed);
        let batch = images.dim(0);
        let kept = images.builder().random_beta(&key, stream, [batch], &alpha, &alpha);
        let side = (1.0 - kept.cast(images.dtype())).sqrt().reshape([batch, 1, 1, 1]);
        let region = Region::draw(cx, images, [&side, &side], self.seed);
        Cut { order: partners(cx, batch, self.seed), region }
    }

    /// Pictures with their rectangles.
    pub(super) fn cut(images: &Value, cut: &Cut) -> Value {
        cut.region.mask(images).select(&images.gather(&cut.order, 0), images)
    }

    /// Labels, mixed by the share of each picture.
    pub(super) fn mix(images: &Value, labels: &Value, cut: &Cut) -> Value {
        let other = cut.region.share(images).reshape([images.dim(0), 1]).cast(labels.dtype());
        (1.0 - &other) * labels + other * labels.gather(&cut.order, 0)
    }
}

impl Layer for CutMix {
    fn build(&self, cx: &mut Build) -> Result<()> {
        self.data_format.get()?;
        self.factor.check("factor", 0.0, 1.0)?;
        check_pair(cx)
    }

    fn call(&self, cx: &mut Call) -> Value {
        self.call_all(cx).swap_remove(0)
    }

    fn call_all(&self, cx: &mut Call) -> Vec<Value> {
        let inputs: Vec<Value> = cx.inputs().iter().map(floats).collect();
        let (Some(x), true) = (inputs.first(), cx.training()) else { return inputs };
        let order = match self.data_format.get() {
            Ok(order) => order,
            Err(e) => return vec![x.error("data_format", e.to_string())],
        };
        let images = order.to_last(x);
        let cut = self.draw(cx, &images);
        let labels = inputs.iter().skip(1).map(|labels| CutMix::mix(&images, labels, &cut));
        [order.of_last(&CutMix::cut(&images, &cut))].into_iter().chain(labels).collect()
    }
}
