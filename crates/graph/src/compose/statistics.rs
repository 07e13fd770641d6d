//! Means, variances and norms.
use crate::{DType, Value};

/// Means, variances and norms. Negative axes count from the end; no axes at all means all.
///
/// ```
/// use ferras_graph::{Builder, DType};
/// let x = Builder::new().full(DType::F32, [2, 3], 1.0);
/// let (mean, variance) = x.moments(&[0], true);
/// assert_eq!((mean.shape(), variance.shape()), ([1, 3].into(), [1, 3].into()));
/// assert_eq!(x.norm(&[-1], false).shape().to_string(), "(2,)");
/// ```
impl Value {
    /// Mean of (x − mean x)², over axes.
    #[track_caller]
    pub fn variance(&self, axes: &[isize], keepdims: bool) -> Value {
        (self - self.mean(axes, true)).square().mean(axes, keepdims)
    }

    /// Square root of the variance.
    #[track_caller]
    pub fn std(&self, axes: &[isize], keepdims: bool) -> Value {
        self.variance(axes, keepdims).sqrt()
    }

    /// Mean and variance over axes; of 16-bit floats computed in float32.
    #[track_caller]
    pub fn moments(&self, axes: &[isize], keepdims: bool) -> (Value, Value) {
        let dtype = self.dtype();
        let narrow = matches!(dtype, DType::F16 | DType::BF16);
        let x = if narrow { self.cast(DType::F32) } else { self.clone() };
        let mean = x.mean(axes, true);
        let variance = (&x - &mean).square().mean(axes, keepdims);
        let mean = mean.reshape(variance.shape());
        // Beyond float16's largest number the cast would give ∞.
        let back = |v: Value| if narrow { v.clip(-65504.0, 65504.0).cast(dtype) } else { v };
        (back(mean), back(variance))
    }

    /// Euclidean norm √Σ x², over axes.
    #[track_caller]
    pub fn norm(&self, axes: &[isize], keepdims: bool) -> Value {
        self.square().sum(axes, keepdims).sqrt()
    }

    /// x / √Σ x² over axes, with a divisor of at least `epsilon` (Keras: 1e-12).
    #[track_caller]
    pub fn l2_normalize(&self, axes: &[isize], epsilon: f64) -> Value {
        self * self.square().sum(axes, true).rsqrt().minimum(1.0 / epsilon)
    }
}
