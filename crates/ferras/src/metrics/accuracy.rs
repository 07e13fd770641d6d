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
    |m, t, p| p.greater(m.threshold).cast(p.dtype()).equal(t).cast(p.dtype()), direction = UP;

    /// Share of rows whose largest prediction is where the one-hot truth's is.
    CategoricalAccuracy "categorical_accuracy", {}
    |_, t, p| t.argmax(-1).equal(p.argmax(-1)).cast(p.dtype()), direction = UP;

    /// Share of rows whose largest prediction is at the class number of the truth.
    SparseCategoricalAccuracy "sparse_categorical_accuracy", {}
    |_, t, p| functions::class_numbers(t, p, -1).equal(p.argmax(-1)).cast(p.dtype()),
    class_numbers = true, direction = UP;

    /// Share of rows where the one-hot truth is among the `k` largest predictions.
    TopKCategoricalAccuracy "top_k_categorical_accuracy", {
        /// How many predictions count; 5 by default.
        #[config(default = 5)]
        k: usize,
    }
    |m, t, p| in_top_k(&t.argmax(-1), p, m.k), direction = UP;

    /// Share of rows where the class number of the truth is among the `k` largest predictions.
    SparseTopKCategoricalAccuracy "sparse_top_k_categorical_accuracy", {
        /// How many predictions count; 5 by default.
        #[config(default = 5)]
        k: usize,
        /// Whether predictions are class numbers already, the likeliest first.
        #[config(default = false, omit_default)]
        from_sorted_ids: bool,
    }
    |m, t, p| match m.from_sorted_ids {
        false => in_top_k(&functions::class_numbers(t, p, -1), p, m.k),
        true => {
            let first = p.slice_axis(-1, 0, m.k.min(p.dim(-1))).cast(DType::I32);
            let labels = functions::class_numbers(t, p, -1).expand_dims(-1);
            first.equal(labels).sum(&[-1], false).cast(p.dtype())
        }
    },
    class_numbers = true, direction = UP;
}

/// Whether fewer than `k` predictions are above that of the label; of a NaN, none is.
fn in_top_k(labels: &Value, p: &Value, k: usize) -> Value {
    let own = labels.one_hot(p.dim(-1), DType::Bool);
    let score = own.select(p, 0.0).sum(&[-1], true);
    let above = p.greater(&score).cast(DType::I32).sum(&[-1], false);
    let known = score.equal(&score).squeeze(-1);
    above.less(k as f64).and(known).cast(p.dtype())
}
