//! Values from nothing but numbers: they belong to the graph of a builder, which a value has
//! ([`Value::builder`]).
use ferras_graph::{Builder, DType, Shape, Tensor, Value};
use std::f64::consts::TAU;

/// A row of numbers as a value of this type.
fn row(builder: &Builder, numbers: Vec<f64>, dtype: DType) -> Value {
    match Tensor::new([numbers.len()], numbers) {
        Ok(tensor) => builder.constant(tensor.cast(dtype)),
        Err(e) => builder.error("ops", e.to_string()),
    }
}

/// Elements that a row of numbers may have.
const MOST: usize = 1 << 26;

/// 1 everywhere.
///
/// ```
/// use ferras::ops;
/// use ferras::prelude::*;
/// use ferras_graph::Builder;
/// assert_eq!(ops::ones(&Builder::new(), [2, 3], DType::F32).shape().to_string(), "(2, 3)");
/// ```
pub fn ones(builder: &Builder, shape: impl Into<Shape>, dtype: DType) -> Value {
    builder.full(dtype, shape, 1.0)
}

/// 0 everywhere.
pub fn zeros(builder: &Builder, shape: impl Into<Shape>, dtype: DType) -> Value {
    builder.full(dtype, shape, 0.0)
}

/// 0 everywhere: what is there does not count.
pub fn empty(builder: &Builder, shape: impl Into<Shape>, dtype: DType) -> Value {
    builder.full(dtype, shape, 0.0)
}

/// The same number everywhere.
pub fn full(builder: &Builder, shape: impl Into<Shape>, fill_value: f64, dtype: DType) -> Value {
    builder.full(dtype, shape, fill_value)
}

/// 1 on the diagonal `k` of `n` rows and `m` columns, 0 elsewhere.
pub fn eye(builder: &Builder, n: usize, m: usize, k: isize, dtype: DType) -> Value {
    let (row, column) = (builder.iota(DType::I64, [n, m], 0), builder.iota(DType::I64, [n, m], 1));
    (column - row).equal(k as f64).cast(dtype)
}

/// 1 on the diagonal of a square, 0 elsewhere.
pub fn identity(builder: &Builder, n: usize, dtype: DType) -> Value {
    eye(builder, n, n, 0, dtype)
}

/// 1 on the diagonal `k` and below it, 0 above.
pub fn tri(builder: &Builder, n: usize, m: usize, k: isize, dtype: DType) -> Value {
    let (row, column) = (builder.iota(DType::I64, [n, m], 0), builder.iota(DType::I64, [n, m], 1));
    (column - row).less_equal(k as f64).cast(dtype)
}

/// Numbers from `start` to before `stop` that are `step` apart.
///
/// ```
/// use ferras::ops;
/// use ferras::prelude::*;
/// use ferras_graph::Builder;
/// let b = Builder::new();
/// assert_eq!(ops::arange(&b, 0.0, 10.0, 3.0, DType::I32).shape().to_string(), "(4,)");
/// ```
#[track_caller]
pub fn arange(builder: &Builder, start: f64, stop: f64, step: f64, dtype: DType) -> Value {
    let count = ((stop - start) / step).ceil().max(0.0);
    if count.is_nan() || count > MOST as f64 {
        return builder.error("arange", format!("gives {count} numbers; at most {MOST} are made"));
    }
    row(builder, (0..count as usize).map(|i| start + i as f64 * step).collect(), dtype)
}

/// Where `num` numbers from one to the other stand, as shares of the way.
fn shares(num: usize, endpoint: bool) -> Vec<f64> {
    let parts = if endpoint { num.saturating_sub(1) } else { num }.max(1);
    (0..num).map(|i| i as f64 / parts as f64).collect()
}

/// `num` numbers from `start` to `stop`, equally far apart; the last one is `stop` with `endpoint`.
#[track_caller]
pub fn linspace(
    builder: &Builder,
    start: f64,
    stop: f64,
    num: usize,
    endpoint: bool,
    dtype: DType,
) -> Value {
    let at = |share: f64| start + (stop - start) * share;
    row(builder, shares(num, endpoint).into_iter().map(at).collect(), dtype)
}

/// `base` to the power of each of `num` numbers from `start` to `stop`.
#[track_caller]
pub fn logspace(
    builder: &Builder,
    start: f64,
    stop: f64,
    num: usize,
    endpoint: bool,
    base: f64,
    dtype: DType,
) -> Value {
    let at = |share: f64| base.powf(start + (stop - start) * share);
    row(builder, shares(num, endpoint).into_iter().map(at).collect(), dtype)
}

/// `num` numbers from `start` to `stop`, of which each is as many times the one before.
#[track_caller]
pub fn geomspace(
    builder: &Builder,
    start: f64,
    stop: f64,
    num: usize,
    endpoint: bool,
    dtype: DType,
) -> Value {
    let at = |share: f64| start * (stop / start).powf(share);
    row(builder, shares(num, endpoint).into_iter().map(at).collect(), dtype)
}

/// A symmetric window of `x` numbers: for each how far it is from the beginning, from 0 to 1.
fn window(builder: &Builder, x: usize, at: impl Fn(f64) -> f64) -> Value {
    let numbers = if x == 1 { vec![1.0] } else { shares(x, true).into_iter().map(at).collect() };
    row(builder, numbers, DType::F32)
}

/// Bartlett's window of `x` numbers: a triangle.
pub fn bartlett(builder: &Builder, x: usize) -> Value {
    window(builder, x, |t| 1.0 - (2.0 * t - 1.0).abs())
}

/// Blackman's window of `x` numbers.
pub fn blackman(builder: &Builder, x: usize) -> Value {
    window(builder, x, |t| 0.42 - 0.5 * (TAU * t).cos() + 0.08 * (2.0 * TAU * t).cos())
}

/// Hamming's window of `x` numbers.
pub fn hamming(builder: &Builder, x: usize) -> Value {
    window(builder, x, |t| 0.54 - 0.46 * (TAU * t).cos())
}

/// Hann's window of `x` numbers.
pub fn hanning(builder: &Builder, x: usize) -> Value {
    window(builder, x, |t| 0.5 - 0.5 * (TAU * t).cos())
}

/// Kaiser's window of `x` numbers; the larger `beta`, the narrower.
///
/// ```
/// use ferras::ops;
/// use ferras_graph::Builder;
/// assert_eq!(ops::kaiser(&Builder::new(), 8, 14.0).shape().to_string(), "(8,)");
/// ```
pub fn kaiser(builder: &Builder, x: usize, beta: f64) -> Value {
    // Σ ((y / 2)ᵏ / k!)², whose terms fall once k is above y / 2.
    let bessel = |y: f64| {
        let mut term = 1.0;
        let next = |k: usize| {
            term *= (y / 2.0 / k as f64).powi(2);
            term
        };
        1.0 + (1..=(y as usize + 40)).map(next).sum::<f64>()
    };
    let whole = bessel(beta);
    window(builder, x, |t| bessel(beta * (1.0 - (2.0 * t - 1.0).powi(2)).max(0.0).sqrt()) / whole)
}
