//! The functions of `keras.random`.
use super::{Generator, Parameter, Seed};
use crate::config::floatx;
use crate::{Error, Result};
use ferras_graph::{DType, Shape, Tensor};

/// Numbers above 0.
const POSITIVE: (&str, fn(f64) -> bool) = ("above 0 and finite", |n| n > 0.0 && n.is_finite());
/// Whole numbers that float64 counts to.
const WHOLE: (&str, fn(f64) -> bool) = ("whole numbers from 0 to 2^53", |n| {
    n.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&n)
});
/// Probabilities.
const SHARE: (&str, fn(f64) -> bool) = ("from 0 to 1", |n| (0.0..=1.0).contains(&n));

/// A tensor of numbers of a type, drawn one after the other.
fn made(shape: Shape, dtype: DType, draw: impl FnMut(usize) -> f64) -> Result<Tensor> {
    let data: Vec<f64> = (0..shape.elements()).map(draw).collect();
    Ok(Tensor::new(shape, data)?.cast(dtype))
}

/// A float type, by default that of the settings.
fn float(dtype: Option<DType>) -> Result<DType> {
    let dtype = dtype.unwrap_or_else(floatx);
    match dtype.is_float() {
        true => Ok(dtype),
        false => Err(Error::argument("dtype", format!("must be a float type, got {dtype}"))),
    }
}

/// An error unless the number is finite, and not negative where it must not be.
fn finite(argument: &str, value: f64, least: f64) -> Result<()> {
    match value.is_finite() && value >= least {
        true => Ok(()),
        false if least == 0.0 => {
            Err(Error::argument(argument, format!("must be at least 0 and finite, got {value}")))
        }
        false => Err(Error::argument(argument, format!("must be finite, got {value}"))),
    }
}

/// Normal numbers.
///
/// - **Errors** a deviation below 0, a type that is not float.
/// - **Source** Keras 3 `random.normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None)`.
pub fn normal<'a>(
    shape: impl Into<Shape>,
    mean: f64,
    stddev: f64,
    dtype: Option<DType>,
    seed: impl Into<Seed<'a>>,
) -> Result<Tensor> {
    finite("mean", mean, f64::MIN)?;
    finite("stddev", stddev, 0.0)?;
    let mut random = seed.into().generator();
    made(shape.into(), float(dtype)?, |_| mean + stddev * random.normal())
}

/// Normal numbers, those beyond two deviations drawn anew.
///
/// - **Errors** a deviation below 0, a type that is not float.
/// - **Source** Keras 3 `random.truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None)`.
pub fn truncated_normal<'a>(
    shape: impl Into<Shape>,
    mean: f64,
    stddev: f64,
    dtype: Option<DType>,
    seed: impl Into<Seed<'a>>,
) -> Result<Tensor> {
    finite("mean", mean, f64::MIN)?;
    finite("stddev", stddev, 0.0)?;
    let mut random = seed.into().generator();
    made(shape.into(), float(dtype)?, |_| {
        let near = std::iter::repeat_with(|| random.normal()).find(|n| n.abs() < 2.0);
        mean + stddev * near.unwrap_or_default()
    })
}

/// Numbers uniform in [minval, maxval).
///
/// - **Errors** bounds that are not finite, a type that is not float ([`randint`] draws integers).
/// - **Source** Keras 3 `random.uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None)`.
pub fn uniform<'a>(
    shape: impl Into<Shape>,
    minval: f64,
    maxval: f64,
    dtype: Option<DType>,
    seed: impl Into<Seed<'a>>,
) -> Result<Tensor> {
    finite("minval", minval, f64::MIN)?;
    finite("maxval", maxval, f64::MIN)?;
    let mut random = seed.into().generator();
    made(shape.into(), float(dtype)?, |_| minval + (maxval - minval) * random.next_f64())
}

/// Integers (int32) uniform in minval..maxval.
///
/// - **Errors** `maxval` not above `minval`.
/// - **Source** Keras 3 `random.randint(shape, minval, maxval, dtype="int32", seed=None)`.
pub fn randint<'a>(
    shape: impl Into<Shape>,
    minval: i32,
    maxval: i32,
    seed: impl Into<Seed<'a>>,
) -> Result<Tensor> {
    let count = i64::from(maxval) - i64::from(minval);
    let count = u64::try_from(count).ok().filter(|count| *count > 0).ok_or_else(|| {
        Error::argument("maxval", format!("must be above minval {minval}, got {maxval}"))
    })?;
    let (shape, mut random) = (shape.into(), seed.into().generator());
    let draw = |_| (i64::from(minval) + random.below(count) as i64) as i32;
    let data: Vec<i32> = (0..shape.elements()).map(draw).collect();
    Ok(Tensor::new(shape, data)?)
}

/// Numbers of classes (int32), `(batch, num_samples)`, each with the probability that its logit says:
/// softmax of `logits (batch, classes)`.
///
/// - **Errors** logits of another rank, without classes or NaN.
/// - **Source** Keras 3 `random.categorical(logits, num_samples, dtype="int32", seed=None)`.
///
/// ```
/// use ferras::Tensor;
/// let logits = Tensor::new([1, 3], vec![0.0, f64::NEG_INFINITY, f64::NEG_INFINITY])?;
/// let drawn = ferras::random::categorical(&logits, 4, 1)?;
/// assert_eq!(drawn.to_f64_vec(), [0.0; 4]);
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn categorical<'a>(
    logits: &Tensor,
    num_samples: usize,
    seed: impl Into<Seed<'a>>,
) -> Result<Tensor> {
    let &[rows, classes] = &logits.shape()[..] else {
        let problem = format!("expected shape (batch, classes), got {}", logits.shape());
        return Err(Error::argument("logits", problem));
    };
    let numbers = logits.to_f64_vec();
    if classes == 0 || numbers.iter().any(|n| n.is_nan() || *n == f64::INFINITY) {
        let problem = "expected at least one class, and logits that are neither NaN nor infinite";
        return Err(Error::argument("logits", problem));
    }
    let mut random = seed.into().generator();
    let mut drawn: Vec<i32> = Vec::new();
    for row in numbers.chunks(classes) {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = row.iter().map(|n| (n - largest).exp()).collect();
        let total: f64 = weights.iter().sum();
        if total.is_nan() {
            return Err(Error::argument("logits", "a row gives every class the probability 0"));
        }
        let last = weights.iter().rposition(|w| *w > 0.0).unwrap_or_default();
        drawn.extend((0..num_samples).map(|_| {
            let mut left = total * random.next_f64();
            let passed = weights.iter().position(|weight| {
                left -= weight;
                left < 0.0
            });
            // What rounding leaves falls to the last class that there can be.
            passed.unwrap_or(last) as i32
        }));
    }
    Ok(Tensor::new([rows, num_samples], drawn)?)
}

/// Numbers of the gamma distribution with shape `alpha` and scale 1.
///
/// - **Errors** `alpha` not above 0, or not of a shape that can be repeated to the result's.
/// - **Source** Keras 3 `random.gamma(shape, alpha, dtype=None, seed=None)`; Marsaglia & Tsang 2000.
pub fn gamma<'a>(
    shape: impl Into<Shape>,
    alpha: impl Into<Parameter>,
    dtype: Option<DType>,
    seed: impl Into<Seed<'a>>,
) -> Result<Tensor> {
    let shape = shape.into();
    let alpha = alpha.into().along("alpha", &shape, POSITIVE)?;
    let mut random = seed.into().generator();
    made(shape, float(dtype)?, |i| log_gamma(&mut random, alpha[i]).exp())
}

/// Numbers of the beta distribution with shapes `alpha` and `beta`.
///
/// - **Errors** `alpha` or `beta` not above 0, or not of a shape that can be repeated to the result's.
/// - **Source** Keras 3 `random.beta(shape, alpha, beta, dtype=None, seed=None)`.
pub fn beta<'a>(
    shape: impl Into<Shape>,
    alpha: impl Into<Parameter>,
    beta: impl Into<Parameter>,
    dtype: Option<DType>,
    seed: impl Into<Seed<'a>>,
) -> Result<Tensor> {
    let shape = shape.into();
    let alpha = alpha.into().along("alpha", &shape, POSITIVE)?;
    let beta = beta.into().along("beta", &shape, POSITIVE)?;
    let mut random = seed.into().generator();
    made(shape, float(dtype)?, |i| share(&mut random, alpha[i], beta[i]))
}

/// How often something of this probability comes true in so many trials: the binomial distribution.
///
/// - **Errors** counts that are not whole or negative, probabilities beyond 0 and 1, either of a shape
///   that cannot be repeated to the result's.
/// - **Source** Keras 3 `random.binomial(shape, counts, probabilities, dtype=None, seed=None)`.
///
/// ```
/// let tosses = ferras::random::binomial([3], 1000.0, 0.5, None, 2)?.to_f64_vec();
/// assert!(tosses.iter().all(|n| (400.0..600.0).contains(n)));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn binomial<'a>(
    shape: impl Into<Shape>,
    counts: impl Into<Parameter>,
    probabilities: impl Into<Parameter>,
    dtype: Option<DType>,
    seed: impl Into<Seed<'a>>,
) -> Result<Tensor> {
    let shape = shape.into();
    let counts = counts.into().along("counts", &shape, WHOLE)?;
    let shares = probabilities.into().along("probabilities", &shape, SHARE)?;
    let mut random = seed.into().generator();
    made(shape, float(dtype)?, |i| successes(&mut random, counts[i] as u64, shares[i]))
}

/// Elements set to 0 with probability `rate`, the others divided by 1 − rate. Elements that share a
/// place in `noise_shape`, which is repeated to the shape of the inputs, share their fate; `None` is
/// each on its own.
///
/// - **Errors** a rate beyond 0 and 1, a noise shape that cannot be repeated.
/// - **Source** Keras 3 `random.dropout(inputs, rate, noise_shape=None, seed=None)`.
pub fn dropout<'a>(
    inputs: &Tensor,
    rate: f64,
    noise_shape: Option<Shape>,
    seed: impl Into<Seed<'a>>,
) -> Result<Tensor> {
    if !SHARE.1(rate) {
        return Err(Error::argument("rate", format!("must be {}, got {rate}", SHARE.0)));
    }
    let noise = noise_shape.unwrap_or_else(|| inputs.shape().clone());
    let mut random = seed.into().generator();
    let fates = made(noise, DType::F64, |_| f64::from(u8::from(random.next_f64() >= rate)))?;
    let fates = Parameter::from(fates).along("noise_shape", inputs.shape(), SHARE)?;
    let scale = if rate < 1.0 { 1.0 / (1.0 - rate) } else { 0.0 };
    let numbers = inputs.to_f64_vec();
    let kept = |i: usize| if fates[i] > 0.0 { numbers[i] * scale } else { 0.0 };
    made(inputs.shape().clone(), inputs.dtype(), kept)
}

/// The elements in random order along an axis (negative: from the end); each line along it in an
/// order of its own, as in Keras on JAX.
///
/// - **Errors** an axis that is not there.
/// - **Source** Keras 3 `random.shuffle(x, axis=0, seed=None)`.
pub fn shuffle<'a>(x: &Tensor, axis: isize, seed: impl Into<Seed<'a>>) -> Result<Tensor> {
    let shape = x.shape();
    let Some(axis) = shape.axis(axis) else {
        let problem = format!("an array of shape {shape} has no axis {axis}");
        return Err(Error::argument("axis", problem));
    };
    let (n, stride) = (shape[axis], shape.strides()[axis]);
    let mut random = seed.into().generator();
    let mut numbers = x.to_f64_vec();
    let starts = (0..numbers.len()).filter(|i| i / stride % n.max(1) == 0);
    for start in starts {
        let mut line: Vec<f64> = (0..n).map(|i| numbers[start + i * stride]).collect();
        random.shuffle(&mut line);
        line.into_iter().enumerate().for_each(|(i, v)| numbers[start + i * stride] = v);
    }
    Ok(Tensor::new(shape.clone(), numbers)?.cast(x.dtype()))
}

/// The logarithm of a number of the gamma distribution: of a small `alpha` the number itself would
/// often be 0.
fn log_gamma(random: &mut Generator, alpha: f64) -> f64 {
    if alpha < 1.0 {
        let u = 1.0 - random.next_f64();
        return log_gamma(random, alpha + 1.0) + u.ln() / alpha;
    }
    let d = alpha - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let normal = random.normal();
        let cube = 1.0 + c * normal;
        if cube > 0.0 {
            let v = cube.powi(3);
            let u = 1.0 - random.next_f64();
            if u.ln() < 0.5 * normal * normal + d * (1.0 - v + v.ln()) {
                return d.ln() + v.ln();
            }
        }
    }
}

/// A number of the beta distribution.
fn share(random: &mut Generator, alpha: f64, beta: f64) -> f64 {
    let apart = log_gamma(random, beta) - log_gamma(random, alpha);
    1.0 / (1.0 + apart.exp())
}

/// A number of the binomial distribution. Of many trials the middle one in order of size is drawn, a
/// number of the beta distribution, which leaves half of them to look at (Relles 1972).
fn successes(random: &mut Generator, mut count: u64, mut probability: f64) -> f64 {
    const FEW: u64 = 32;
    let mut found = 0;
    while count > FEW {
        let middle = count / 2 + 1;
        let place = share(random, middle as f64, (count + 1 - middle) as f64);
        if place <= probability {
            found += middle;
            count -= middle;
            probability = ((probability - place) / (1.0 - place)).clamp(0.0, 1.0);
        } else {
            count = middle - 1;
            probability = (probability / place).clamp(0.0, 1.0);
        }
    }
    let rest = (0..count).filter(|_| random.next_f64() < probability).count() as u64;
    (found + rest) as f64
}
