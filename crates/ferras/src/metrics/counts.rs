//! How often predictions are right and wrong, positive and negative, at some thresholds.
use crate::losses::align;
use crate::losses::functions::same_rank;
use ferras_graph::{DType, Tensor, TensorType, Value};

/// What is counted, and how.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counting<'a> {
    /// Above each a prediction is positive.
    pub(super) thresholds: &'a [f64],
    /// Only the `k` largest predictions of a row can be positive.
    pub(super) top_k: Option<usize>,
    /// The only class that counts.
    pub(super) class_id: Option<usize>,
    /// Whether the labels `(batch, labels)` are counted each on its own.
    pub(super) by_label: bool,
    /// A weight for each label.
    pub(super) label_weights: Option<&'a [f64]>,
}

/// Weighted counts for each threshold, in float64: `(thresholds)`, or `(thresholds, labels)` where
/// labels are counted each on its own.
pub(super) struct Counts {
    pub(super) true_positives: Value,
    pub(super) false_positives: Value,
    pub(super) true_negatives: Value,
    pub(super) false_negatives: Value,
}

/// What stands for "none of the k largest": below all thresholds.
pub(super) const LEAST: f64 = -1e10;

impl Counting<'_> {
    /// The type of a count.
    pub(super) fn state(&self, labels: Option<usize>) -> TensorType {
        match labels.filter(|_| self.by_label) {
            Some(labels) => TensorType::new(DType::F64, [self.thresholds.len(), labels]),
            None => TensorType::new(DType::F64, [self.thresholds.len()]),
        }
    }

    /// The counts of a batch.
    pub(super) fn count(&self, y_true: &Value, y_pred: &Value, weights: Option<&Value>) -> Counts {
        let (y_true, y_pred) = same_rank(y_true, y_pred);
        let p = self.candidates(&y_pred.cast(DType::F32));
        let [truth, p] = [y_true.cast(DType::Bool), p].map(|v| self.only(v));
        let mut weight = p.full_like(1.0);
        if let Some(given) = weights {
            weight = weight * align(given, &p);
        }
        if let Some(list) = self.label_weights {
            weight = weight * numbers(&p, list);
        }
        let columns = if self.by_label { p.dim(-1) } else { 1 };
        let rows = p.shape().elements() / columns.max(1);
        let [truth, p, weight] = [truth, p, weight].map(|v| v.reshape([rows, columns]));
        let counts = match is_even(self.thresholds) {
            true => self.by_bucket(&truth, &p, &weight),
            false => self.by_threshold(&truth, &p, &weight),
        };
        if self.by_label { counts } else { counts.map(|v| v.reshape([self.thresholds.len()])) }
    }

    /// Predictions, but for those that are not among the largest of their row.
    fn candidates(&self, p: &Value) -> Value {
        let Some(k) = self.top_k else { return p.clone() };
        // The place of each prediction among those of its row, the largest first.
        p.argsort(-1, true).argsort(-1, false).less(k as f64).select(p, LEAST)
    }

    /// One class of the last axis, if only it counts.
    fn only(&self, v: Value) -> Value {
        match self.class_id {
            Some(class) => v.slice_axis(-1, class, class + 1),
            None => v,
        }
    }

    /// Each prediction against each threshold: `(thresholds, rows, columns)` summed over rows.
    fn by_threshold(&self, truth: &Value, p: &Value, weight: &Value) -> Counts {
        let thresholds = numbers(p, self.thresholds).reshape([self.thresholds.len(), 1, 1]);
        let positive = p.expand_dims(0).greater(thresholds);
        let (negative, wrong) = (positive.logical_not(), truth.logical_not());
        let count = |label: &Value, predicted: &Value| {
            let hit = label.expand_dims(0).and(predicted);
            hit.select(&weight.expand_dims(0), 0.0).sum(&[1], false).cast(DType::F64)
        };
        Counts {
            true_positives: count(truth, &positive),
            false_positives: count(&wrong, &positive),
            true_negatives: count(&wrong, &negative),
            false_negatives: count(truth, &negative),
        }
    }

    /// Thresholds that divide 0 to 1 evenly: each prediction falls between two of them, and the
    /// counts are running sums over these places.
    fn by_bucket(&self, truth: &Value, p: &Value, weight: &Value) -> Counts {
        let (count, columns) = (self.thresholds.len(), p.dim(1));
        let mut bucket = (p.clip(0.0, 1.0) * (count - 1) as f64).ceil() - 1.0;
        let ends_outside = self.thresholds.first().is_some_and(|&t| t < 0.0)
            || self.thresholds.last().is_some_and(|&t| t > 1.0);
        if ends_outside {
            bucket = bucket.maximum(0.0);
        }
        let bucket = bucket.cast(DType::I32);
        let b = p.builder();
        let place = &bucket * columns as f64 + b.iota(DType::I32, p.shape(), 1);
        // What is above no threshold falls beyond the last place, where it is dropped.
        let place = bucket.less(0.0).select(&place.full_like((count * columns) as f64), &place);
        let empty = b.full(DType::F64, [count * columns], 0.0);
        let above = |label: &Value| {
            let values = label.select(weight, 0.0).cast(DType::F64);
            let flat = |v: &Value| v.reshape([v.shape().elements()]);
            let sums =
                empty.scatter_add(&flat(&place), &flat(&values), 0).reshape([count, columns]);
            (sums.cumulative(ferras_graph::Reduce::Sum, 0, true), values.sum(&[0], true))
        };
        let (true_positives, all_true) = above(truth);
        let (false_positives, all_false) = above(&truth.logical_not());
        Counts {
            true_negatives: all_false - &false_positives,
            false_negatives: all_true - &true_positives,
            true_positives,
            false_positives,
        }
    }
}

impl Counts {
    /// True and false positives, true and false negatives.
    pub(super) fn all(self) -> [Value; 4] {
        [self.true_positives, self.false_positives, self.true_negatives, self.false_negatives]
    }

    fn map(self, f: impl Fn(&Value) -> Value) -> Counts {
        Counts {
            true_positives: f(&self.true_positives),
            false_positives: f(&self.false_positives),
            true_negatives: f(&self.true_negatives),
            false_negatives: f(&self.false_negatives),
        }
    }
}

/// Known numbers of the element type of `like`.
pub(super) fn numbers(like: &Value, list: &[f64]) -> Value {
    match Tensor::new([list.len()], list.to_vec()) {
        Ok(tensor) => like.builder().constant(tensor.cast(like.dtype())),
        Err(e) => like.error("constant", e.to_string()),
    }
}

/// Whether thresholds are 0, 1/n, 2/n, …, 1, three at least. Predictions are then looked up as Keras
/// does it, which at the thresholds themselves rounds in its own way.
fn is_even(thresholds: &[f64]) -> bool {
    let last = thresholds.len().saturating_sub(1) as f64;
    let close = |(i, t): (usize, &f64)| {
        let even = f64::from(i as f32 / last as f32);
        (t - even).abs() <= crate::config::epsilon() + 1e-5 * even
    };
    thresholds.len() >= 3 && thresholds.iter().enumerate().all(close)
}

/// The state after a batch: each count added to what was there.
pub(super) fn added(state: &[Value], counts: impl IntoIterator<Item = Value>) -> Vec<Value> {
    state.iter().zip(counts).map(|(old, new)| old + new).collect()
}

/// One number for one threshold, else a number for each.
pub(super) fn one_or_all(values: Value) -> Value {
    if values.dim(0) == 1 { values.reshape([]) } else { values }
}
