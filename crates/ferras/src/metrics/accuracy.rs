//! Accuracies: the share of predictions that are right.
use super::{Direction, MetricFn, mean_result, mean_state, mean_update, means};
use crate::layers::PartialShape;
use crate::losses::functions;
use ferras_derive::Config;
use ferras_graph::{DType, TensorType, Value};

const UP: Option<Direction> = Some(Direction::Up);

means! {
    /// Share of predictions equal to the truth. The *word* `"accuracy"` in `compile` stands for
    /// the binary, categorical or sparse one, as the shapes tell.
    Accuracy "accuracy", {} |_, t, p| t.equal(p).cast(p.dtype()), direction = UP;

    /// Share of predictions on the right side of a threshold; labels 0 and 1.
    BinaryAccuracy "binary_accuracy", {
        /// Above it a prediction means 1; 0.5 by default.
        #[config(default = 0.5)]
        threshold: f64,
    }
    |m, t, p| binary_accuracy(t, p, m.threshold), direction = UP;

    /// Share of rows whose largest prediction is where the one-hot truth's is.
    CategoricalAccuracy "categorical_accuracy", {}
    |_, t, p| categorical_accuracy(t, p), direction = UP;

    /// Share of rows whose largest prediction is at the class number of the truth.
    SparseCategoricalAccuracy "sparse_categorical_accuracy", {}
    |_, t, p| sparse_categorical_accuracy(t, p),
    class_numbers = true, direction = UP;

    /// Share of rows where the one-hot truth is among the `k` largest predictions.
    TopKCategoricalAccuracy "top_k_categorical_accuracy", {
        /// How many predictions count; 5 by default.
        #[config(default = 5)]
        k: usize,
    }
    |m, t, p| top_k_categorical_accuracy(t, p, m.k), direction = UP;

    /// Share of rows where the class number of the truth is among the `k` largest predictions.
    SparseTopKCategoricalAccuracy "sparse_top_k_categorical_accuracy", {
        /// How many predictions count; 5 by default.
        #[config(default = 5)]
        k: usize,
        /// Whether predictions are class numbers already, the likeliest first.
        #[config(default = false, omit_default)]
        from_sorted_ids: bool,
    }
    |m, t, p| sparse_top_k_categorical_accuracy(t, p, m.k, m.from_sorted_ids),
    class_numbers = true, direction = UP;
}

/// 1 where a prediction is on the right side of a threshold, else 0; labels 0 and 1.
#[track_caller]
pub fn binary_accuracy(y_true: &Value, y_pred: &Value, threshold: f64) -> Value {
    let (t, p) = functions::prepare(y_true, y_pred, None, false);
    p.greater(threshold).cast(p.dtype()).equal(t).cast(p.dtype())
}

/// 1 where the largest prediction of a row is where the one-hot truth's is, else 0.
#[track_caller]
pub fn categorical_accuracy(y_true: &Value, y_pred: &Value) -> Value {
    let (t, p) = functions::prepare(y_true, y_pred, None, false);
    t.argmax(-1).equal(p.argmax(-1)).cast(p.dtype())
}

/// 1 where the largest prediction of a row is at the class number of the truth, else 0.
#[track_caller]
pub fn sparse_categorical_accuracy(y_true: &Value, y_pred: &Value) -> Value {
    let (t, p) = functions::prepare(y_true, y_pred, None, true);
    functions::class_numbers(&t, &p, -1).equal(p.argmax(-1)).cast(p.dtype())
}

/// 1 where the one-hot truth is among the `k` largest predictions of a row, else 0.
#[track_caller]
pub fn top_k_categorical_accuracy(y_true: &Value, y_pred: &Value, k: usize) -> Value {
    let (t, p) = functions::prepare(y_true, y_pred, None, false);
    if t.rank() != p.rank() {
        return p
            .builder()
            .error("top k", "y_true must be one-hot; use the sparse metric for numbers");
    }
    in_top_k(&t.argmax(-1), &p, k)
}

/// 1 where the class number of the truth is among the `k` largest predictions of a row, else 0;
/// `from_sorted_ids` where predictions are class numbers already, the likeliest first.
#[track_caller]
pub fn sparse_top_k_categorical_accuracy(
    y_true: &Value,
    y_pred: &Value,
    k: usize,
    from_sorted_ids: bool,
) -> Value {
    let (t, p) = functions::prepare(y_true, y_pred, None, true);
    let labels = functions::class_numbers(&t, &p, -1);
    if !from_sorted_ids {
        return in_top_k(&labels, &p, k);
    }
    let first = p.slice_axis(-1, 0, k.min(p.dim(-1))).cast(DType::I32);
    first.equal(labels.expand_dims(-1)).sum(&[-1], false).cast(p.dtype())
}

/// Whether fewer than `k` predictions are above that of the label; of a NaN, none is.
fn in_top_k(labels: &Value, p: &Value, k: usize) -> Value {
    let own = labels.one_hot(p.dim(-1), DType::Bool);
    let score = own.select(p, 0.0).sum(&[-1], true);
    let above = p.greater(&score).cast(DType::I32).sum(&[-1], false);
    let known = score.equal(&score).squeeze(-1);
    above.less(k as f64).and(known).cast(p.dtype())
}
