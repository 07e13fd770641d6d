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
/// let one = b.scalar(DType::F32, 1.0);
/// assert_eq!(b.random_beta(&key, 3, [2, 3], &one, &one).shape().to_string(), "(2, 3)");
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

    /// Logarithms of numbers of the gamma distribution with shape `alpha` (above 0, broadcast) and
    /// scale 1. Of a small `alpha` the numbers themselves would often be 0.
    ///
    /// Marsaglia & Tsang 2000: of eight tries, of which each fails with probability below 0.05, the
    /// first that does not; for `alpha` below 1 by that of `alpha` + 1 times u^(1/alpha).
    #[track_caller]
    pub fn random_log_gamma(
        &self,
        key: &Value,
        stream: u32,
        shape: impl Into<Shape>,
        alpha: &Value,
    ) -> Value {
        const TRIES: usize = 8;
        let shape: Shape = shape.into();
        let all = [&[2 * TRIES + 1], &shape[..]].concat();
        // Half a step up: never 0.
        let u = self.random_uniform(key, stream, all) + 0.5_f64.powi(25);
        let draw = |i: usize| u.slice_axis(0, i, i + 1).squeeze(0);
        let alpha = alpha.cast(DType::F32);
        let d = alpha.less(1.0).select(&(&alpha + 1.0), &alpha) - 1.0 / 3.0;
        let c = (&d * 9.0).rsqrt();
        let tries = (0..TRIES).rev().map(|i| {
            let normal = (draw(2 * i) * 2.0 - 1.0).erfinv() * SQRT_2;
            let cube = &normal * &c + 1.0;
            let v = &cube * &cube * &cube;
            let inside = cube.greater(0.0);
            let log_v = inside.select(&v, 1.0).log();
            let bound = normal.square() * 0.5 + &d * (1.0 - &v + &log_v);
            (inside.and(draw(2 * i + 1).log().less(bound)), log_v)
        });
        let zero = &d * 0.0;
        let log_v = tries.fold(zero, |later, (good, log_v)| good.select(&log_v, later));
        let small = draw(2 * TRIES).log() / &alpha;
        d.log() + log_v + alpha.less(1.0).select(&small, 0.0)
    }

    /// Numbers of the beta distribution with two shapes (above 0, broadcast): x / (x + y) of two
    /// gamma distributions.
    #[track_caller]
    pub fn random_beta(
        &self,
        key: &Value,
        stream: u32,
        shape: impl Into<Shape>,
        alpha: &Value,
        beta: &Value,
    ) -> Value {
        let shape: Shape = shape.into();
        let both =
            self.stack(&[alpha, beta].map(|a| a.cast(DType::F32).broadcast_to(shape.clone())), 0);
        let logs = self.random_log_gamma(key, stream, both.shape(), &both);
        let log = |i: usize| logs.slice_axis(0, i, i + 1).squeeze(0);
        (log(0) - log(1)).sigmoid()
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
