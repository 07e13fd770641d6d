//! The formulas of losses, as Keras has them on JAX: `keras.losses.mean_squared_error` and the
//! others. `y_true` and `y_pred` `(batch, …, k)` give a loss for each sample `(batch, …)`: the axis
//! that is reduced is lost. Truth is cast to the prediction's type unless it holds class numbers,
//! and ranks that differ by a last axis of size 1 are made equal.
use crate::config::{Axes, epsilon};
use crate::ops::ctc_loss;
use crate::{Error, Result};
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

/// Truth and prediction of one type and rank.
fn pair(y_true: &Value, y_pred: &Value) -> (Value, Value) {
    prepare(y_true, y_pred, None, false)
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

/// mean((y_true − y_pred)²) over the last axis.
#[track_caller]
pub fn mean_squared_error(y_true: &Value, y_pred: &Value) -> Value {
    let (t, p) = pair(y_true, y_pred);
    mean(&(t - p).square())
}

/// mean(|y_true − y_pred|) over the last axis.
#[track_caller]
pub fn mean_absolute_error(y_true: &Value, y_pred: &Value) -> Value {
    let (t, p) = pair(y_true, y_pred);
    mean(&(t - p).abs())
}

/// 100 · mean(|y_true − y_pred| / max(|y_true|, ε)) over the last axis.
#[track_caller]
pub fn mean_absolute_percentage_error(y_true: &Value, y_pred: &Value) -> Value {
    let (t, p) = pair(y_true, y_pred);
    mean(&((&t - p) / t.abs().maximum(epsilon())).abs()) * 100.0
}

/// mean((log(1 + y_true) − log(1 + y_pred))²) over the last axis, both at least ε.
#[track_caller]
pub fn mean_squared_logarithmic_error(y_true: &Value, y_pred: &Value) -> Value {
    let (t, p) = pair(y_true, y_pred);
    let log = |x: &Value| (x.maximum(epsilon()) + 1.0).log();
    mean(&(log(&p) - log(&t)).square())
}

/// mean of e²/2 where the error |e| ≤ `delta`, delta·|e| − delta²/2 beyond, over the last axis.
#[track_caller]
pub fn huber(y_true: &Value, y_pred: &Value, delta: f64) -> Value {
    let (t, p) = pair(y_true, y_pred);
    let error = p - t;
    let size = error.abs();
    let far = &size * delta - 0.5 * delta * delta;
    mean(&size.less_equal(delta).select(&(error.square() * 0.5), far))
}

/// mean(log cosh(y_pred − y_true)) over the last axis.
#[track_caller]
pub fn log_cosh(y_true: &Value, y_pred: &Value) -> Value {
    let (t, p) = pair(y_true, y_pred);
    let error = p - t;
    let inner = (&error * -2.0).softplus();
    mean(&(error + inner - std::f64::consts::LN_2))
}

/// mean(max(1 − y_true · y_pred, 0)) over the last axis; labels −1 and 1, or 0 and 1.
#[track_caller]
pub fn hinge(y_true: &Value, y_pred: &Value) -> Value {
    mean(&margin(y_true, y_pred))
}

/// mean(max(1 − y_true · y_pred, 0)²) over the last axis; labels −1 and 1, or 0 and 1.
#[track_caller]
pub fn squared_hinge(y_true: &Value, y_pred: &Value) -> Value {
    mean(&margin(y_true, y_pred).square())
}

/// max(1 − t·p, 0), where labels that are all 0 or 1 are taken for −1 and 1.
fn margin(y_true: &Value, y_pred: &Value) -> Value {
    let (t, p) = pair(y_true, y_pred);
    let binary = t.equal(0.0).or(t.equal(1.0)).prod(&[], false);
    let t = binary.select(&(&t * 2.0 - 1.0), &t);
    (1.0 - t * p).maximum(0.0)
}

/// max(1 + max((1 − y_true) · y_pred) − Σ y_true · y_pred, 0) over the last axis.
#[track_caller]
pub fn categorical_hinge(y_true: &Value, y_pred: &Value) -> Value {
    let (t, p) = pair(y_true, y_pred);
    let right = (&t * &p).sum(&[-1], false);
    let wrong = ((1.0 - t) * p).max(&[-1], false);
    (wrong - right + 1.0).maximum(0.0)
}

/// Σ y_true · log(y_true / y_pred) over the last axis, both clipped to [ε, 1].
#[track_caller]
pub fn kl_divergence(y_true: &Value, y_pred: &Value) -> Value {
    let (t, p) = pair(y_true, y_pred);
    let (t, p) = (t.clip(epsilon(), 1.0), p.clip(epsilon(), 1.0));
    (&t * (&t / p).log()).sum(&[-1], false)
}

/// mean(y_pred − y_true · log(y_pred + ε)) over the last axis.
#[track_caller]
pub fn poisson(y_true: &Value, y_pred: &Value) -> Value {
    let (t, p) = pair(y_true, y_pred);
    mean(&(&p - t * (&p + epsilon()).log()))
}

/// −cos of the angle between y_true and y_pred along an axis: −1 for the same direction.
#[track_caller]
pub fn cosine_similarity(y_true: &Value, y_pred: &Value, axis: isize) -> Value {
    let (t, p) = pair(y_true, y_pred);
    let unit = |x: &Value| x.l2_normalize(&[axis], epsilon());
    -(unit(&t) * unit(&p)).sum(&[axis], false)
}

/// Labels moved towards `uniform` by the share `smoothing`.
fn smooth(t: &Value, smoothing: f64, uniform: f64) -> Value {
    if smoothing == 0.0 { t.clone() } else { t * (1.0 - smoothing) + smoothing * uniform }
}

/// What crossentropies are told besides truth and prediction.
///
/// ```
/// use ferras::losses::Crossentropy;
/// let by = Crossentropy { from_logits: true, ..Crossentropy::default() };
/// assert_eq!((by.label_smoothing, by.axis), (0.0, -1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossentropy {
    /// Whether predictions are logits; probabilities by default.
    pub from_logits: bool,
    /// How far labels are moved towards equal shares, from 0 to 1; 0 by default.
    pub label_smoothing: f64,
    /// The axis of the classes, or the one that the mean is taken over; the last by default.
    pub axis: isize,
}

impl Default for Crossentropy {
    fn default() -> Crossentropy {
        Crossentropy { from_logits: false, label_smoothing: 0.0, axis: -1 }
    }
}

/// mean(−y_true · log p − (1 − y_true) · log(1 − p)) over an axis; probabilities are clipped to
/// [ε, 1 − ε].
#[track_caller]
pub fn binary_crossentropy(y_true: &Value, y_pred: &Value, by: Crossentropy) -> Value {
    let (t, p) = pair(y_true, y_pred);
    let t = smooth(&t, by.label_smoothing, 0.5);
    if by.from_logits {
        // −t·log σ(p) − (1 − t)·log σ(−p) without cancellation: the first two terms are exact.
        let loss = p.maximum(0.0) - &t * &p + (-p.abs()).exp().log1p();
        return loss.mean(&[by.axis], false);
    }
    binary_terms(&t, &p).mean(&[by.axis], false)
}

/// −t·log p − (1 − t)·log(1 − p) of probabilities.
fn binary_terms(t: &Value, p: &Value) -> Value {
    let p = p.clip(epsilon(), 1.0 - epsilon());
    -(t * p.log() + (1.0 - t) * (1.0 - &p).log())
}

/// Binary crossentropy, each term times (1 − probability of the right answer)^γ, and times `alpha`
/// (yes) or 1 − `alpha` (no) where it is given: Lin et al. 2017, eq. 5.
#[track_caller]
pub fn binary_focal_crossentropy(
    y_true: &Value,
    y_pred: &Value,
    by: Crossentropy,
    (alpha, gamma): (Option<f64>, f64),
) -> Value {
    let (t, p) = pair(y_true, y_pred);
    let t = smooth(&t, by.label_smoothing, 0.5);
    let p = if by.from_logits { p.sigmoid() } else { p };
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

/// −Σ y_true · log p along an axis of classes; predicted probabilities are divided by their sum and
/// clipped to [ε, 1 − ε].
#[track_caller]
pub fn categorical_crossentropy(y_true: &Value, y_pred: &Value, by: Crossentropy) -> Value {
    let (t, p) = pair(y_true, y_pred);
    let t = smooth(&t, by.label_smoothing, 1.0 / t.dim(-1) as f64);
    let log = match by.from_logits {
        true => p.log_softmax(&[by.axis]),
        false => probabilities(&p, by.axis).log(),
    };
    -(t * log).sum(&[by.axis], false)
}

/// Divided by their sum, then kept away from 0 and 1.
fn probabilities(p: &Value, axis: isize) -> Value {
    (p / p.sum(&[axis], true)).clip(epsilon(), 1.0 - epsilon())
}

/// −Σ α · (1 − p)^γ · y_true · log p along an axis of classes: Lin et al. 2017, eq. 5.
#[track_caller]
pub fn categorical_focal_crossentropy(
    y_true: &Value,
    y_pred: &Value,
    by: Crossentropy,
    (alpha, gamma): (f64, f64),
) -> Value {
    let (t, p) = pair(y_true, y_pred);
    let t = smooth(&t, by.label_smoothing, 1.0 / t.dim(-1) as f64);
    let p = if by.from_logits { p.softmax(&[by.axis]) } else { p };
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

/// −log of the predicted probability of each class number in y_true `(batch, …)` or
/// `(batch, …, 1)`; 0 for the class number to ignore.
#[track_caller]
pub fn sparse_categorical_crossentropy(
    y_true: &Value,
    y_pred: &Value,
    from_logits: bool,
    ignore_class: Option<i64>,
    axis: isize,
) -> Value {
    let (t, p) = prepare(y_true, y_pred, None, true);
    // Only the label's own entry goes through the logarithm: the values are those of a sum over
    // one-hot labels.
    let mut labels = class_numbers(&t, &p, axis);
    let counts = ignore_class.map(|c| labels.not_equal(c as f64));
    let mut p = p;
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

/// (1 − p^q) / q with the predicted probability p of each class number in y_true `(batch, …)` or
/// `(batch, …, 1)`: near 0, q gives crossentropy, near 1 the absolute error. Zhang & Sabuncu 2018.
#[track_caller]
pub fn categorical_generalized_cross_entropy(y_true: &Value, y_pred: &Value, q: f64) -> Value {
    let (t, p) = prepare(y_true, y_pred, None, true);
    let own = class_numbers(&t, &p, -1).one_hot(p.dim(-1), DType::Bool);
    let own = own.select(&p, 0.0).sum(&[-1], false);
    (1.0 - own.pow(q)) / q
}

/// An error unless the exponent of [`categorical_generalized_cross_entropy`] makes sense.
pub(super) fn check_exponent(q: f64) -> Result<()> {
    match q > 0.0 && q < 1.0 {
        true => Ok(()),
        false => Err(Error::argument("q", format!("must be above 0 and below 1, got {q}"))),
    }
}

/// Σ over the axes that are given, or over all.
fn sum_over(x: &Value, axes: Option<&Axes>) -> Value {
    x.sum(axes.map_or(&[], Axes::as_slice), false)
}

/// 1 − 2 · Σ y_true · y_pred / (Σ y_true + Σ y_pred + ε), with sums over some axes, or all.
#[track_caller]
pub fn dice(y_true: &Value, y_pred: &Value, axis: Option<&Axes>) -> Value {
    let (t, p) = pair(y_true, y_pred);
    let sum = |x: &Value| sum_over(x, axis);
    1.0 - sum(&(&t * &p)) * 2.0 / (sum(&t) + sum(&p) + epsilon())
}

/// 1 − c / (c + α·m + β·w + ε) with c = Σ y_true · y_pred, m = Σ y_true · (1 − y_pred) and
/// w = Σ (1 − y_true) · y_pred, with sums over some axes, or all. Salehi et al. 2017.
#[track_caller]
pub fn tversky(
    y_true: &Value,
    y_pred: &Value,
    (alpha, beta): (f64, f64),
    axis: Option<&Axes>,
) -> Value {
    let (t, p) = pair(y_true, y_pred);
    let sum = |x: &Value| sum_over(x, axis);
    let (common, missed) = (sum(&(&t * &p)), sum(&((1.0 - &p) * &t)));
    let wrong = sum(&(p * (1.0 - t)));
    1.0 - &common / (&common + missed * alpha + wrong * beta + epsilon())
}

/// What [`circle`] is told besides labels and embeddings.
///
/// ```
/// use ferras::losses::CircleOptions;
/// assert_eq!(CircleOptions::default().gamma, 80.0);
/// ```
#[derive(Clone, Debug)]
pub struct CircleOptions {
    /// Labels and embeddings `(references, d)` to compare with; those of the batch by default.
    pub references: Option<(Value, Value)>,
    /// Whether a sample is not compared with itself; true by default.
    pub remove_diagonal: bool,
    /// The factor γ; 80 by default.
    pub gamma: f64,
    /// The margin m; 0.4 by default.
    pub margin: f64,
}

impl Default for CircleOptions {
    fn default() -> CircleOptions {
        CircleOptions { references: None, remove_diagonal: true, gamma: 80.0, margin: 0.4 }
    }
}

/// softplus(log Σ exp(−γ·(m + d)·(m − d)) + log Σ exp(γ·(1 + m − d)·(1 − m − d))) with the cosine
/// distances d = max(1 − a·b, 0) to embeddings of the same label (first sum) and of others, weights
/// at least 0: Sun et al. 2020. Class numbers `(batch)` or `(batch, 1)` and embeddings `(batch, d)`
/// of length 1 give `(batch)`.
#[track_caller]
pub fn circle(y_true: &Value, y_pred: &Value, by: &CircleOptions) -> Value {
    let (t, p) = prepare(y_true, y_pred, None, true);
    let column = |labels: &Value| {
        let rows = labels.dim(0);
        labels.cast(DType::I32).reshape([rows, 1])
    };
    let own = (t, p.clone());
    let (other_labels, others) = by.references.as_ref().unwrap_or(&own);
    let (a, b) = (column(&own.0), column(other_labels).transpose(&[1, 0]));
    let distance = (1.0 - p.matmul(&others.cast(p.dtype()).transpose(&[1, 0]))).maximum(0.0);
    let same = a.equal(&b);
    let alike = match by.remove_diagonal {
        true => {
            let place = |axis| p.builder().iota(DType::I32, same.shape(), axis);
            same.and(place(0).not_equal(place(1)))
        }
        false => same.clone(),
    };
    let (m, gamma) = (by.margin, by.gamma);
    let sum = |terms: Value, counts: &Value| {
        counts.select(&terms, f64::NEG_INFINITY).logsumexp(&[1], false)
    };
    let near = (&distance + m).maximum(0.0) * (m - &distance) * -gamma;
    let far = (1.0 + m - &distance).maximum(0.0) * (1.0 - m - &distance) * gamma;
    (sum(near, &alike) + sum(far, &same.logical_not())).softplus()
}

/// [`ctc_loss`](crate::ops::ctc_loss) of class numbers `y_true (batch, labels)`, 0 behind the last
/// one, and logits `y_pred (batch, steps, classes)`: all steps count, the blank is class 0.
#[track_caller]
pub fn ctc(y_true: &Value, y_pred: &Value) -> Value {
    if y_true.rank() != 2 || y_pred.rank() != 3 {
        let (truth, prediction) = (y_true.shape(), y_pred.shape());
        let problem = format!(
            "expected y_true (batch, labels) and y_pred (batch, steps, classes), got shapes {truth} and \
             {prediction}"
        );
        return y_pred.error("ctc", problem);
    }
    let labels = y_true.not_equal(0.0).cast(DType::I32).sum(&[-1], false);
    let steps = labels.full_like(y_pred.dim(1) as f64);
    ctc_loss(y_true, y_pred, &labels, &steps, 0)
}
