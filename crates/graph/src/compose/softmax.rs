//! Functions of a whole axis: softmax and its kin.
use crate::{DType, Value};

/// Softmax and its kin. Negative axes count from the end; no axes at all means all of them.
///
/// ```
/// use ferras_graph::{Builder, DType};
/// let x = Builder::new().full(DType::F32, [2, 3], -1.0);
/// assert_eq!(x.softmax(&[-1]).shape().to_string(), "(2, 3)");
/// assert_eq!(x.logsumexp(&[-1], false).shape().to_string(), "(2,)");
/// ```
impl Value {
    /// exp(x − m) / Σ exp(x − m) with m = max x, over axes.
    #[track_caller]
    pub fn softmax(&self, axes: &[isize]) -> Value {
        // The result does not depend on m, so no gradient need pass through it.
        let e = (self - self.max(axes, true).stop_gradient()).exp();
        let sum = e.sum(axes, true);
        e / sum
    }

    /// x − m − log Σ exp(x − m) with m = max x, over axes.
    #[track_caller]
    pub fn log_softmax(&self, axes: &[isize]) -> Value {
        let shifted = self - self.max(axes, true).stop_gradient();
        let sum = shifted.exp().sum(axes, true);
        shifted - sum.log()
    }

    /// log Σ exp(x) over axes, stable; −∞ of nothing but −∞, ∞ where one is.
    #[track_caller]
    pub fn logsumexp(&self, axes: &[isize], keepdims: bool) -> Value {
        let max = self.max(axes, true).stop_gradient();
        // Infinities would give ∞ − ∞.
        let max = max.is_finite().select(&max, 0.0);
        let sum = (self - &max).exp().sum(axes, keepdims);
        let max = max.reshape(sum.shape());
        sum.log() + max
    }

    /// max(x − τ, 0) along an axis with τ = (Σ s − 1) / k, where s are the running sums of the k
    /// largest elements that exceed their own τ; after Martins & Astudillo 2016, algorithm 1.
    ///
    /// The paper takes the last of the running sums; Keras adds them up, and so does this.
    #[track_caller]
    pub fn sparsemax(&self, axis: isize) -> Value {
        let sorted = self.sort(axis, true);
        let Some(place) = self.shape().axis(axis) else { return sorted };
        let sums = sorted.cumsum(axis);
        let rank = self.builder().iota(DType::I32, self.shape(), place).cast(self.dtype()) + 1.0;
        let support = (&sorted - (&sums - 1.0) / rank).greater(0.0);
        let count = support.cast(self.dtype()).sum(&[axis], true);
        let tau = (support.select(&sums, 0.0).sum(&[axis], true) - 1.0) / count;
        (self - tau).maximum(0.0)
    }
}
