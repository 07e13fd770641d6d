//! The formulas of losses, as Keras has them on JAX. Truth and prediction have the same rank and,
//! but for class numbers, the same float type; the result has lost the axis that is reduced.
use crate::config::epsilon;
use ferras_graph::{DType, Value};

/// Truth and prediction made ready for a formula: the prediction a float of `dtype` (its own by
/// default), the truth of the same type unless it holds class numbers, and both of one rank.
pub(crate) fn prepare(
    y_true: &Value,
    y_pred: &Value,
    dtype: Option<DType>,
    class_numbers: bool,
) -> (Value, Value) {
    let own = y_pred.dtype();
    let own = if own.is_float() { own } else { crate::config::floatx() };
    let y_pred = y_pred.cast(dtype.unwrap_or(own));
    let y_true = if class_numbers { y_true.clone() } else { y_true.cast(y_pred.dtype()) };
    same_rank(&y_true, &y_pred)
}

/// Ranks that differ by a last axis of size 1 are made equal: the axis is dropped, or given to an
/// operand of rank 1.
pub(crate) fn same_rank(a: &Value, b: &Value) -> (Value, Value) {
    let fit = |long: &Value, short: &Value| {
        if long.rank() != short.rank() + 1 || long.dim(-1) != 1 {
            (long.clone(), short.clone())
        } else if short.rank() == 1 {
            (long.clone(), short.expand_dims(-1))
        } else {
            (long.squeeze(-1), short.clone())
        }
    };
    if a.rank() >= b.rank() {
        return fit(a, b);
    }
    let (b, a) = fit(b, a);
    (a, b)
}

/// Mean over the last axis.
fn mean(x: &Value) -> Value {
    x.mean(&[-1], false)
}

pub(crate) fn mean_squared_error(t: &Value, p: &Value) -> Value {
    mean(&(t - p).square())
}

pub(crate) fn mean_absolute_error(t: &Value, p: &Value) -> Value {
    mean(&(t - p).abs())
}

pub(crate) fn mean_absolute_percentage_error(t: &Value, p: &Value) -> Value {
    mean(&((t - p) / t.abs().maximum(epsilon())).abs()) * 100.0
}

pub(crate) fn mean_squared_logarithmic_error(t: &Value, p: &Value) -> Value {
    let log = |x: &Value| (x.maximum(epsilon()) + 1.0).log();
    mean(&(log(p) - log(t)).square())
}

pub(crate) fn huber(t: &Value, p: &Value, delta: f64) -> Value {
    let error = p - t;
    let size = error.abs();
    let far = &size * delta - 0.5 * delta * delta;
    mean(&size.less_equal(delta).select(&(error.square() * 0.5), far))
}

pub(crate) fn log_cosh(t: &Value, p: &Value) -> Value {
    let error = p - t;
    let inner = (&error * -2.0).softplus();
    mean(&(error + inner - std::f64::consts::LN_2))
}

pub(crate) fn hinge(t: &Value, p: &Value) -> Value {
    mean(&margin(t, p))
}

pub(crate) fn squared_hinge(t: &Value, p: &Value) -> Value {
    mean(&margin(t, p).square())
}

/// max(1 − t·p, 0), where labels that are all 0 or 1 are taken for −1 and 1.
fn margin(t: &Value, p: &Value) -> Value {
    let binary = t.equal(0.0).or(t.equal(1.0)).prod(&[], false);
    let t = binary.select(&(t * 2.0 - 1.0), t);
    (1.0 - t * p).maximum(0.0)
}

pub(crate) fn categorical_hinge(t: &Value, p: &Value) -> Value {
    let right = (t * p).sum(&[-1], false);
    let wrong = ((1.0 - t) * p).max(&[-1], false);
    (wrong - right + 1.0).maximum(0.0)
}

pub(crate) fn kl_divergence(t: &Value, p: &Value) -> Value {
    let (t, p) = (t.clip(epsilon(), 1.0), p.clip(epsilon(), 1.0));
    (&t * (&t / p).log()).sum(&[-1], false)
}

pub(crate) fn poisson(t: &Value, p: &Value) -> Value {
    mean(&(p - t * (p + epsilon()).log()))
}

/// The cosine itself, 1 for the same direction.
pub(crate) fn cosine(t: &Value, p: &Value, axis: isize) -> Value {
    let unit = |x: &Value| x.l2_normalize(&[axis], epsilon());
    (unit(t) * unit(p)).sum(&[axis], false)
}

/// Labels moved towards `uniform` by the share `smoothing`.
fn smooth(t: &Value, smoothing: f64, uniform: f64) -> Value {
    if smoothing == 0.0 { t.clone() } else { t * (1.0 - smoothing) + smoothing * uniform }
}

/// What crossentropies are told besides truth and prediction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) from_logits: bool,
    pub(crate) label_smoothing: f64,
    pub(crate) axis: isize,
}

pub(crate) fn binary_crossentropy(t: &Value, p: &Value, by: Options) -> Value {
    let t = smooth(t, by.label_smoothing, 0.5);
    if by.from_logits {
        // −t·log σ(p) − (1 − t)·log σ(−p) without cancellation: the first two terms are exact.
        let loss = p.maximum(0.0) - &t * p + (-p.abs()).exp().log1p();
        return loss.mean(&[by.axis], false);
    }
    binary_terms(&t, p).mean(&[by.axis], false)
}

/// −t·log p − (1 − t)·log(1 − p) of probabilities.
fn binary_terms(t: &Value, p: &Value) -> Value {
    let p = p.clip(epsilon(), 1.0 - epsilon());
    -(t * p.log() + (1.0 - t) * (1.0 - &p).log())
}

pub(crate) fn binary_focal_crossentropy(
    t: &Value,
    p: &Value,
    by: Options,
    (alpha, gamma): (Option<f64>, f64),
) -> Value {
    let t = smooth(t, by.label_smoothing, 0.5);
    let p = if by.from_logits { p.sigmoid() } else { p.clone() };
    let right = &t * &p + (1.0 - &t) * (1.0 - &p);
    let mut loss = power(&(1.0 - right), gamma) * binary_terms(&t, &p);
    if let Some(alpha) = alpha {
        loss = (&t * alpha + (1.0 - &t) * (1.0 - alpha)) * loss;
    }
    loss.mean(&[by.axis], false)
}

/// x to a known power; the usual 2 needs no logarithm.
fn power(x: &Value, exponent: f64) -> Value {
    if exponent == 2.0 { x.square() } else { x.pow(exponent) }
}

pub(crate) fn categorical_crossentropy(t: &Value, p: &Value, by: Options) -> Value {
    let t = smooth(t, by.label_smoothing, 1.0 / t.dim(-1) as f64);
    let log = match by.from_logits {
        true => p.log_softmax(&[by.axis]),
        false => probabilities(p, by.axis).log(),
    };
    -(t * log).sum(&[by.axis], false)
}

/// Divided by their sum, then kept away from 0 and 1.
fn probabilities(p: &Value, axis: isize) -> Value {
    (p / p.sum(&[axis], true)).clip(epsilon(), 1.0 - epsilon())
}

pub(crate) fn categorical_focal_crossentropy(
    t: &Value,
    p: &Value,
    by: Options,
    (alpha, gamma): (f64, f64),
) -> Value {
    let t = smooth(t, by.label_smoothing, 1.0 / t.dim(-1) as f64);
    let p = if by.from_logits { p.softmax(&[by.axis]) } else { p.clone() };
    let p = probabilities(&p, by.axis);
    let focus = power(&(1.0 - &p), gamma) * alpha;
    -(focus * t * p.log()).sum(&[by.axis], false)
}

/// Class numbers `(batch, …)` as int32 for predictions with classes along `axis`; an axis of size 1
/// in its place is dropped.
pub(crate) fn class_numbers(t: &Value, p: &Value, axis: isize) -> Value {
    let t = if t.rank() == p.rank() && t.dim(axis) == 1 { t.squeeze(axis) } else { t.clone() };
    t.cast(DType::I32)
}

/// −log of the probability of each label. Only the label's own entry goes through the logarithm:
/// the values are those of a sum over one-hot labels.
pub(crate) fn sparse_categorical_crossentropy(
    t: &Value,
    p: &Value,
    from_logits: bool,
    ignore_class: Option<i64>,
    axis: isize,
) -> Value {
    let mut labels = class_numbers(t, p, axis);
    let counts = ignore_class.map(|c| labels.not_equal(c as f64));
    let mut p = p.clone();
    if let Some(counts) = &counts {
        // Harmless entries where the loss does not count, for no NaN in the gradient.
        labels = counts.select(&labels, 0.0);
        p = counts.expand_dims(axis).select(&p, 1.0);
    }
    let Some(place) = p.shape().axis(axis) else {
        let problem = format!("axis {axis} is beyond the rank of {}", p.shape());
        return p.error("sparse_categorical_crossentropy", problem);
    };
    let classes = p.builder().iota(DType::I32, p.shape(), place);
    let own = labels.expand_dims(axis).equal(classes);
    let loss = if from_logits {
        let shifted = &p - p.max(&[axis], true).stop_gradient();
        shifted.exp().sum(&[axis], false).log() - own.select(&shifted, 0.0).sum(&[axis], false)
    } else {
        let share = own.select(&p, 0.0).sum(&[axis], false) / p.sum(&[axis], false);
        -share.clip(epsilon(), 1.0 - epsilon()).log()
    };
    match counts {
        Some(counts) => counts.select(&loss, 0.0),
        None => loss,
    }
}
