//! Activation functions, element by element, with the values and derivatives (at kinks too) that
//! Keras has on JAX.
use crate::Value;

/// Activation functions. Where a branch is not taken its operand is made harmless first, so that
/// no gradient becomes 0 · ∞.
///
/// ```
/// use ferras_graph::{Builder, DType};
/// let x = Builder::new().full(DType::F32, [2], -1.0);
/// for y in [x.relu(), x.leaky_relu(0.2), x.elu(1.0), x.gelu(false), x.silu(), x.softplus()] {
///     assert_eq!(y.ty(), x.ty());
/// }
/// ```
impl Value {
    /// max(x, 0); its gradient at 0 is 0, and NaN stays NaN.
    #[track_caller]
    pub fn relu(&self) -> Value {
        // The gradient knows this form: it is told by the result, x is not kept.
        self.less_equal(0.0).select(&self.number(0.0), self)
    }

    /// Keras' general `relu`: 0 up to the threshold (0), x above it, at most `max_value`; with
    /// `negative_slope`·(x − threshold) below the threshold.
    #[track_caller]
    pub fn relu_with(&self, negative_slope: f64, max_value: Option<f64>, threshold: f64) -> Value {
        if negative_slope != 0.0 && max_value.is_none() && threshold == 0.0 {
            return self.leaky_relu(negative_slope);
        }
        let y = match max_value {
            _ if threshold != 0.0 => self.threshold(threshold, 0.0),
            Some(6.0) => self.relu6(),
            _ => self.relu(),
        };
        let y = match max_value {
            Some(6.0) if threshold == 0.0 => y,
            Some(max) => y.clip(0.0, max),
            None => y,
        };
        match negative_slope {
            0.0 => y,
            slope => y - (threshold - self).relu() * slope,
        }
    }

    /// min(max(x, 0), 6); its gradient at 0 and 6 is 0.
    #[track_caller]
    pub fn relu6(&self) -> Value {
        let y = self.relu();
        y.greater_equal(6.0).select(&self.number(6.0), &y)
    }

    /// x where x ≥ 0, else `negative_slope`·x (Keras: 0.2).
    #[track_caller]
    pub fn leaky_relu(&self, negative_slope: f64) -> Value {
        self.greater_equal(0.0).select(self, self * negative_slope)
    }

    /// x where x > `threshold`, else `default_value`.
    #[track_caller]
    pub fn threshold(&self, threshold: f64, default_value: f64) -> Value {
        self.greater(threshold).select(self, default_value)
    }

    /// x where x > 0, else `alpha`·(eˣ − 1) (Keras: 1). Clevert et al. 2016.
    #[track_caller]
    pub fn elu(&self, alpha: f64) -> Value {
        let positive = self.greater(0.0);
        let below = positive.select(&self.number(0.0), self);
        positive.select(self, below.expm1() * alpha)
    }

    /// 1.0507…·elu(x, 1.6732…): activations keep mean 0 and variance 1. Klambauer et al. 2017.
    #[track_caller]
    pub fn selu(&self) -> Value {
        self.elu(1.673_263_242_354_377_2) * 1.050_700_987_355_480_5
    }

    /// max(x, 0) + `alpha`·(exp(min(x, 0) / alpha) − 1) (Keras: 1). Barron 2017.
    #[track_caller]
    pub fn celu(&self, alpha: f64) -> Value {
        self.maximum(0.0) + (self.minimum(0.0) / alpha).expm1() * alpha
    }

    /// log(1 + eˣ), stable for large |x|.
    #[track_caller]
    pub fn softplus(&self) -> Value {
        self.maximum(0.0) + (-self.abs()).exp().log1p()
    }

    /// x / (1 + |x|)
    #[track_caller]
    pub fn softsign(&self) -> Value {
        self / (self.abs() + 1.0)
    }

    /// (x + √(x² + `b`)) / 2 (Keras: 4).
    #[track_caller]
    pub fn squareplus(&self, b: f64) -> Value {
        (self + (self * self + b).sqrt()) / 2.0
    }

    /// 0 up to −1, (x + 1)² / 4 between, x from 1 on.
    #[track_caller]
    pub fn sparse_plus(&self) -> Value {
        let middle = (self + 1.0).square() / 4.0;
        let above = self.greater_equal(1.0).select(self, middle);
        self.less_equal(-1.0).select(&self.number(0.0), above)
    }

    /// 0 up to −1, (x + 1) / 2 between, 1 from 1 on.
    #[track_caller]
    pub fn sparse_sigmoid(&self) -> Value {
        (self + 1.0).clip(0.0, 2.0) * 0.5
    }

    /// x·Φ(x) with the normal distribution Φ; `approximate`:
    /// x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))). Hendrycks & Gimpel 2016.
    #[track_caller]
    pub fn gelu(&self, approximate: bool) -> Value {
        let cdf = if approximate {
            let inner = self + self * self * self * 0.044715;
            (inner * (2.0 / std::f64::consts::PI).sqrt()).tanh()
        } else {
            (self * std::f64::consts::FRAC_1_SQRT_2).erf()
        };
        self * ((cdf + 1.0) * 0.5)
    }

    /// x·sigmoid(x), also called swish.
    #[track_caller]
    pub fn silu(&self) -> Value {
        self * self.sigmoid()
    }

    /// x·tanh(softplus(x)). Misra 2019.
    #[track_caller]
    pub fn mish(&self) -> Value {
        self * self.softplus().tanh()
    }

    /// min(max(x + 3, 0), 6) / 6
    #[track_caller]
    pub fn hard_sigmoid(&self) -> Value {
        (self + 3.0).relu6() / 6.0
    }

    /// x·hard_sigmoid(x), also called hard_swish.
    #[track_caller]
    pub fn hard_silu(&self) -> Value {
        self * self.hard_sigmoid()
    }

    /// x within −1 and 1.
    #[track_caller]
    pub fn hard_tanh(&self) -> Value {
        let below = self.less(-1.0).select(&self.number(-1.0), self);
        self.greater(1.0).select(&self.number(1.0), below)
    }

    /// x − tanh(x)
    #[track_caller]
    pub fn tanh_shrink(&self) -> Value {
        self - self.tanh()
    }

    /// x moved towards 0 by `threshold` (Keras: 0.5), 0 within it.
    #[track_caller]
    pub fn soft_shrink(&self, threshold: f64) -> Value {
        let below = self.less(-threshold).select(&(self + threshold), 0.0);
        self.greater(threshold).select(&(self - threshold), below)
    }

    /// x where |x| > `threshold` (Keras: 0.5), else 0.
    #[track_caller]
    pub fn hard_shrink(&self, threshold: f64) -> Value {
        self.abs().greater(threshold).select(self, 0.0)
    }

    /// log(sigmoid(x)) = −softplus(−x)
    #[track_caller]
    pub fn log_sigmoid(&self) -> Value {
        -(-self).softplus()
    }

    /// a·sigmoid(b), where a and b are the two halves of x along an axis. Dauphin et al. 2017.
    #[track_caller]
    pub fn glu(&self, axis: isize) -> Value {
        let size = self.dim(axis);
        if !size.is_multiple_of(2) {
            let problem = format!("axis {axis} of {} must have an even size", self.shape());
            return self.error("glu", problem);
        }
        let half = |start| self.slice_axis(axis, start, start + size / 2);
        half(0) * half(size / 2).sigmoid()
    }
}
