//! Metrics that are means of values that losses also have.
use super::{Direction, MetricFn, mean_result, mean_state, mean_update, means};
use crate::config::epsilon;
use crate::layers::PartialShape;
use crate::losses::functions::{self, Crossentropy};
use crate::losses::{Reduction, masked};
use ferras_derive::Config;
use ferras_graph::{DType, TensorType, Value};

means! {
    /// Mean of the predictions themselves.
    Mean "mean", {} |_, _, p| p.clone(), direction = None, uses_mask = false;

    /// Mean of (y_true − y_pred)².
    MeanSquaredError "mean_squared_error", {}
    |_, t, p| functions::mean_squared_error(t, p);

    /// √ of the mean of (y_true − y_pred)².
    RootMeanSquaredError "root_mean_squared_error", {}
    |_, t, p| (p - t).square(),
    result = |mean| mean.sqrt(), uses_mask = false;

    /// Mean of |y_true − y_pred|.
    MeanAbsoluteError "mean_absolute_error", {}
    |_, t, p| functions::mean_absolute_error(t, p);

    /// 100 times the mean of |y_true − y_pred| / max(|y_true|, ε).
    MeanAbsolutePercentageError "mean_absolute_percentage_error", {}
    |_, t, p| functions::mean_absolute_percentage_error(t, p);

    /// Mean of (log(1 + y_true) − log(1 + y_pred))².
    MeanSquaredLogarithmicError "mean_squared_logarithmic_error", {}
    |_, t, p| functions::mean_squared_logarithmic_error(t, p);

    /// Mean of log cosh(y_pred − y_true).
    LogCoshError "logcosh", {} |_, t, p| functions::log_cosh(t, p);

    /// Mean of max(1 − y_true · y_pred, 0); labels −1 and 1, or 0 and 1.
    Hinge "hinge", {} |_, t, p| functions::hinge(t, p);

    /// Mean of max(1 − y_true · y_pred, 0)²; labels −1 and 1, or 0 and 1.
    SquaredHinge "squared_hinge", {} |_, t, p| functions::squared_hinge(t, p);

    /// Mean of max(1 + max((1 − y_true) · y_pred) − Σ y_true · y_pred, 0).
    CategoricalHinge "categorical_hinge", {} |_, t, p| functions::categorical_hinge(t, p);

    /// Mean of Σ y_true · log(y_true / y_pred).
    KLDivergence "kl_divergence", {} |_, t, p| functions::kl_divergence(t, p);

    /// Mean of y_pred − y_true · log(y_pred + ε).
    Poisson "poisson", {} |_, t, p| functions::poisson(t, p);

    /// Mean of the cosine of the angle between y_true and y_pred: 1 for the same direction.
    CosineSimilarity "cosine_similarity", {
        /// The axis of the vectors; the last by default.
        #[config(default = -1, omit_default)]
        axis: isize,
    }
    |m, t, p| -functions::cosine_similarity(t, p, m.axis),
    direction = Some(Direction::Up);

    /// Mean of Pearson's coefficient of correlation of y_true and y_pred along an axis: 1 where one
    /// rises as the other does, 0 where they have nothing to do with each other.
    PearsonCorrelation "pearson_correlation", {
        /// The axis along which is compared; the last by default.
        #[config(default = -1)]
        axis: isize,
    }
    |m, t, p| pearson_correlation(t, p, m.axis),
    direction = Some(Direction::Up);

    /// Mean of the concordance of y_true and y_pred along an axis, as Keras computes it: 1 where they
    /// are the same. Lin 1989.
    ConcordanceCorrelation "concordance_correlation", {
        /// The axis along which is compared; the last by default.
        #[config(default = -1)]
        axis: isize,
    }
    |m, t, p| concordance_correlation(t, p, m.axis),
    direction = Some(Direction::Up);

    /// Mean of −y_true · log p − (1 − y_true) · log(1 − p).
    BinaryCrossentropy "binary_crossentropy", {
        /// Whether predictions are logits, before the sigmoid; probabilities by default.
        #[config(default = false)]
        from_logits: bool,
        /// How far labels are moved towards 1/2, from 0 to 1.
        #[config(default = 0.0)]
        label_smoothing: f64,
    }
    |m, t, p| {
        let Self { from_logits, label_smoothing, .. } = *m;
        functions::binary_crossentropy(t, p, Crossentropy { from_logits, label_smoothing, axis: -1 })
    };

    /// Mean of −Σ y_true · log p along an axis of classes.
    CategoricalCrossentropy "categorical_crossentropy", {
        /// Whether predictions are logits, before the softmax; probabilities by default.
        #[config(default = false)]
        from_logits: bool,
        /// How far labels are moved towards equal shares of all classes, from 0 to 1.
        #[config(default = 0.0)]
        label_smoothing: f64,
        /// The axis of the classes; the last by default.
        #[config(default = -1)]
        axis: isize,
    }
    |m, t, p| {
        let Self { from_logits, label_smoothing, axis, .. } = *m;
        functions::categorical_crossentropy(t, p, Crossentropy { from_logits, label_smoothing, axis })
    };

    /// Mean of −log of the predicted probability of each class number.
    SparseCategoricalCrossentropy "sparse_categorical_crossentropy", {
        /// Whether predictions are logits, before the softmax; probabilities by default.
        #[config(default = false)]
        from_logits: bool,
        /// A class number that does not count: with sample weights its own are 0, without them its
        /// loss is 0 in the mean, as in Keras.
        #[config(default)]
        ignore_class: Option<i64>,
        /// The axis of the classes; the last by default.
        #[config(default = -1)]
        axis: isize,
    }
    |m, t, p| functions::sparse_categorical_crossentropy(
        t, p, m.from_logits, m.ignore_class, m.axis
    ),
    class_numbers = true,
    weights = |m, t, p, weights| {
        // As in Keras: without weights, what does not count is a 0 in the mean.
        let labels = functions::class_numbers(t, p, m.axis);
        let mask = m.ignore_class.map(|c| labels.not_equal(c as f64)).filter(|_| weights.is_some());
        masked(&labels.cast(p.dtype()), weights, mask.as_ref(), Reduction::Sum)
    };
}

/// Mean of the products of y_true and y_pred along an axis, each with mean 0 and deviation 1.
#[track_caller]
pub fn pearson_correlation(y_true: &Value, y_pred: &Value, axis: isize) -> Value {
    let (t, p) = functions::prepare(y_true, y_pred, None, false);
    let unit = |x: &Value| {
        let x = x - x.mean(&[axis], true);
        &x / x.std(&[axis], true)
    };
    (unit(&t) * unit(&p)).mean(&[axis], false)
}

/// Mean along an axis of 2·(y_true − mean y_pred)·(y_pred − mean y_pred) over the sum of both
/// variances and the square of the difference of both means.
#[track_caller]
pub fn concordance_correlation(y_true: &Value, y_pred: &Value, axis: isize) -> Value {
    let (t, p) = functions::prepare(y_true, y_pred, None, false);
    let (t_mean, p_mean) = (t.mean(&[axis], true), p.mean(&[axis], true));
    let spread = t.variance(&[axis], true) + p.variance(&[axis], true);
    let spread = spread + (t_mean - &p_mean).square() + epsilon();
    // Both from the mean of y_pred: so it stands in Keras, and the mean is the same.
    let product = (t - &p_mean) * (p - p_mean);
    (product * 2.0 / spread).mean(&[axis], false)
}

/// Sum of the predictions themselves.
///
/// - **Source** Keras 3, `keras.metrics.Sum`.
///
/// ```
/// use ferras::metrics::{Metric, Sum};
/// assert_eq!(Metric::from(Sum::new()).get()?.name(), "sum");
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.metrics")]
pub struct Sum {
    /// The name under which logs show it.
    #[config(default = "sum")]
    name: String,
    /// Element type of the result in Keras; Ferras keeps sums in float64.
    #[config(default = crate::config::floatx())]
    dtype: DType,
}

impl MetricFn for Sum {
    fn name(&self) -> String {
        self.name.clone()
    }
    fn state(&self, _: &PartialShape) -> Vec<TensorType> {
        vec![TensorType::new(DType::F64, [])]
    }
    fn update(
        &self,
        state: &[Value],
        _: &Value,
        y_pred: &Value,
        weights: Option<&Value>,
    ) -> Vec<Value> {
        let values = match weights {
            Some(w) => y_pred * crate::losses::align(w, y_pred),
            None => y_pred.clone(),
        };
        vec![&state[0] + values.sum(&[], false).cast(DType::F64)]
    }
    fn result(&self, state: &[Value]) -> Value {
        state[0].clone()
    }
}
