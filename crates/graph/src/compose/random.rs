//! Random numbers of other distributions, from uniform ones.
use crate::{Builder, DType, Shape, Value};
use std::f64::consts::SQRT_2;

/// Random numbers. `key` is int64 (2,) and `stream` tells apart the uses of one key: see
/// [`Op::Random`](crate::Op::Random). All are float32 but where said.
///
/// ```
/// use ferras_graph::{Builder, DType, TensorType};
/// let b = Builder::new();
/// let key = b.feed("key", TensorType::new(DType::I64, [2]));
/// assert_eq!(b.random_normal(&key, 0, [2, 3]).shape().to_string(), "(2, 3)");
/// assert_eq!(b.random_integers(&key, 1, [2], 0, 10).dtype(), DType::I32);
/// assert_eq!(b.random_bernoulli(&key, 2, [2], 0.5).dtype(), DType::Bool);
/// ```
impl Builder {
    /// Normal with mean 0 and variance 1: √2·erf⁻¹(2u − 1).
    #[track_caller]
    pub fn random_normal(&self, key: &Value, stream: u32, shape: impl Into<Shape>) -> Value {
        // Half a step up: symmetric around 0, never ±1, and exact in float32.
        let u = self.random_uniform(key, stream, shape) * 2.0 - 1.0 + 0.5_f64.powi(24);
        u.erfinv() * SQRT_2
    }

    /// Normal with mean 0 and variance 1, conditional on |x| < 2: √2·erf⁻¹(u′) with u′ uniform
    /// in ±erf(√2).
    #[track_caller]
    pub fn random_truncated_normal(
        &self,
        key: &Value,
        stream: u32,
        shape: impl Into<Shape>,
    ) -> Value {
        const ERF_SQRT_2: f64 = 0.954_499_736_103_641_6;
        let u = self.random_uniform(key, stream, shape) * 2.0 - 1.0 + 0.5_f64.powi(24);
        // Rounding may reach 2 itself.
        ((u * ERF_SQRT_2).erfinv() * SQRT_2).clip(-2.0, 2.0)
    }

    /// True with a probability (bool).
    #[track_caller]
    pub fn random_bernoulli(
        &self,
        key: &Value,
        stream: u32,
        shape: impl Into<Shape>,
        probability: f64,
    ) -> Value {
        self.random_uniform(key, stream, shape).less(probability)
    }

    /// Integers from `low` to `high` (int32), `high` not included; at most 2²⁴ of them.
    #[track_caller]
    pub fn random_integers(
        &self,
        key: &Value,
        stream: u32,
        shape: impl Into<Shape>,
        low: i32,
        high: i32,
    ) -> Value {
        let count = i64::from(high) - i64::from(low);
        if !(1..=1 << 24).contains(&count) {
            let problem = format!("expected between 1 and 2^24 integers, got {low}..{high}");
            return self.error("random_integers", problem);
        }
        // The product is rounded, so that it may reach `count` itself.
        let u = (self.random_uniform(key, stream, shape) * count as f64).cast(DType::I32);
        u.minimum((count - 1) as f64) + f64::from(low)
    }
}

impl Value {
    /// x / (1 − rate) with probability 1 − rate, else 0: each element on its own.
    ///
    /// ```
    /// use ferras_graph::{Builder, DType, TensorType};
    /// let b = Builder::new();
    /// let key = b.feed("key", TensorType::new(DType::I64, [2]));
    /// let x = b.full(DType::F32, [4, 3], 1.0);
    /// assert_eq!(x.dropout(0.5, &key, 0, [4, 1]).shape(), x.shape()); // whole rows
    /// ```
    ///
    /// `noise_shape` broadcasts to x's shape; elements that share a place in it share their fate.
    #[track_caller]
    pub fn dropout(
        &self,
        rate: f64,
        key: &Value,
        stream: u32,
        noise_shape: impl Into<Shape>,
    ) -> Value {
        if !(0.0..=1.0).contains(&rate) {
            return self.error("dropout", format!("expected a rate within 0 and 1, got {rate}"));
        }
        if rate == 0.0 {
            return self.clone();
        }
        let keep = self.builder().random_uniform(key, stream, noise_shape).greater_equal(rate);
        let scaled = if rate < 1.0 { self / (1.0 - rate) } else { self.clone() };
        keep.select(&scaled, 0.0)
    }
}
