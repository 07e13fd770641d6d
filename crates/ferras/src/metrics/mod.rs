//! Metrics: `keras.metrics`. Their state is part of the step's graph.
mod accuracy;
mod at;
mod auc;
mod confusion;
mod counts;
mod custom;
mod iou;
mod mean;
mod resolve;
mod scores;
#[cfg(test)]
mod tests;
mod thresholds;
mod updated;
mod wrapper;

pub use accuracy::{
    Accuracy, BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy, TopKCategoricalAccuracy, binary_accuracy, categorical_accuracy,
    sparse_categorical_accuracy, sparse_top_k_categorical_accuracy, top_k_categorical_accuracy,
};
pub use at::{
    PrecisionAtRecall, RecallAtPrecision, SensitivityAtSpecificity, SpecificityAtSensitivity,
};
pub use auc::{AUC, AucCurve, AucSummation, LabelWeights};
pub use confusion::{
    FalseNegatives, FalsePositives, Precision, Recall, TrueNegatives, TruePositives,
};
pub use iou::{BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU};
pub use mean::{
    BinaryCrossentropy, CategoricalCrossentropy, CategoricalHinge, ConcordanceCorrelation,
    CosineSimilarity, Hinge, KLDivergence, LogCoshError, Mean, MeanAbsoluteError,
    MeanAbsolutePercentageError, MeanSquaredError, MeanSquaredLogarithmicError, PearsonCorrelation,
    Poisson, RootMeanSquaredError, SparseCategoricalCrossentropy, SquaredHinge, Sum,
    concordance_correlation, pearson_correlation,
};
pub(crate) use resolve::resolve_by_shape;
pub use scores::{ClassAggregation, F1Score, FAverage, FBetaScore, R2Score};
pub use thresholds::Thresholds;
pub(crate) use updated::updated;
pub use wrapper::MeanMetricWrapper;

use crate::Result;
use crate::config::{Configured, family};
use crate::layers::PartialShape;
use crate::losses::{align, ratio};
use ferras_graph::{DType, TensorType, Value};

/// A number that is gathered over batches.
pub trait MetricFn: Configured {
    /// The name under which logs show it.
    fn name(&self) -> String;

    /// Whether the arguments make sense.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// What is kept between batches, all zeros at first; `y_pred` is the output's shape.
    fn state(&self, y_pred: &PartialShape) -> Vec<TensorType>;

    /// The state after a batch; `weights` `(batch, …)` broadcast over the values from the left.
    fn update(
        &self,
        state: &[Value],
        y_true: &Value,
        y_pred: &Value,
        weights: Option<&Value>,
    ) -> Vec<Value>;

    /// The metric of a state, of float type: a scalar, or a vector of several numbers.
    fn result(&self, state: &[Value]) -> Value;

    /// Which values are better, for callbacks that watch the metric; `None` leaves it to them.
    fn direction(&self) -> Option<Direction> {
        None
    }

    /// Whether places that the prediction's mask leaves out weigh nothing. As in Keras, that is so
    /// of means over a function of truth and prediction; other metrics (the default) see all places.
    fn uses_mask(&self) -> bool {
        false
    }
}

/// Which of two values of a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The smaller one, as of an error.
    Down,
    /// The larger one, as of an accuracy.
    Up,
}

/// The state of a weighted mean: sum and weight, in float64 so that millions of rows add up.
pub(crate) fn mean_state() -> Vec<TensorType> {
    vec![TensorType::new(DType::F64, []); 2]
}

/// The state of a weighted mean after more values `(batch, …)`. Each sample counts once: the mean
/// over all further axes is its value, and its weight.
pub(crate) fn mean_update(state: &[Value], values: &Value, weights: Option<&Value>) -> Vec<Value> {
    let (sum, weight) = batch_sum(values, weights);
    vec![&state[0] + sum, &state[1] + weight]
}

/// Sum and weight of a batch, in float64.
fn batch_sum(values: &Value, weights: Option<&Value>) -> (Value, Value) {
    let places = |v: &Value| v.shape().iter().skip(1).product::<usize>().max(1) as f64;
    // 16 bits do not count to 300.
    let wide = |v: &Value| if v.dtype().size() < 4 { v.cast(DType::F32) } else { v.clone() };
    let sum = |v: &Value| wide(v).sum(&[], false).cast(DType::F64) / places(v);
    let Some(weights) = weights else {
        let count = values.shape().first().copied().unwrap_or(1);
        return (sum(values), values.builder().scalar(DType::F64, count as f64));
    };
    let further: Vec<isize> = (weights.rank()..values.rank()).map(|a| a as isize).collect();
    let values = if further.is_empty() { values.clone() } else { values.mean(&further, false) };
    let weights = align(weights, &values).broadcast_to(values.shape());
    (sum(&(values * &weights)), sum(&weights))
}

/// The weighted mean of a state; 0 of nothing.
pub(crate) fn mean_result(state: &[Value]) -> Value {
    ratio(&state[0], &state[1])
}

/// Declares metrics that are weighted means: name in logs, own arguments, the values of a batch
/// `(batch, …)`. Name and element type are added. Smaller is better unless said otherwise.
macro_rules! means {
    ($($(#[$doc:meta])* $class:ident $name:literal, { $($own:tt)* } $values:expr
        $(, class_numbers = $numbers:literal)? $(, weights = $weights:expr)?
        $(, result = $result:expr)? $(, direction = $direction:expr)?
        $(, uses_mask = $uses_mask:literal)?;)*) => {
        $($(#[$doc])*
        ///
        /// - **Source** Keras 3, the class of the same name in `keras.metrics`.
        ///
        /// ```
        /// use ferras::metrics::Metric;
        #[doc = concat!("use ferras::metrics::", stringify!($class), ";")]
        #[doc = concat!("let metric = Metric::from(", stringify!($class), "::new());")]
        #[doc = concat!("assert_eq!(metric.get()?.name(), \"", $name, "\");")]
        /// # Ok::<(), ferras::Error>(())
        /// ```
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.metrics")]
        pub struct $class {
            /// The name under which logs show it.
            #[config(default = $name)]
            name: String,
            /// Element type of the result in Keras; Ferras keeps sums in float64.
            #[config(default = crate::config::floatx())]
            dtype: DType,
            $($own)*
        }

        impl MetricFn for $class {
            fn name(&self) -> String {
                self.name.clone()
            }
            fn state(&self, _: &PartialShape) -> Vec<TensorType> {
                mean_state()
            }
            fn update(
                &self,
                state: &[Value],
                y_true: &Value,
                y_pred: &Value,
                weights: Option<&Value>,
            ) -> Vec<Value> {
                let numbers = false $(|| $numbers)?;
                let (t, p) = functions::prepare(y_true, y_pred, None, numbers);
                let values: fn(&$class, &Value, &Value) -> Value = $values;
                let values = values(self, &t, &p);
                $(
                    let own: fn(&$class, &Value, &Value, Option<&Value>) -> Option<Value> = $weights;
                    let own = own(self, &t, &p, weights);
                    let weights = own.as_ref();
                )?
                mean_update(state, &values, weights)
            }
            fn result(&self, state: &[Value]) -> Value {
                $(
                    let result: fn(Value) -> Value = $result;
                    return result(mean_result(state));
                )?
                #[allow(unreachable_code)]
                mean_result(state)
            }
            fn direction(&self) -> Option<Direction> {
                $(return $direction;)?
                #[allow(unreachable_code)]
                Some(Direction::Down)
            }
            fn uses_mask(&self) -> bool {
                $(return $uses_mask;)?
                #[allow(unreachable_code)]
                true
            }
        })*
    };
}
use means;

family! {
    /// A metric by name (`"mse"`) or object.
    Metric, MetricFn, "metric",
    [
        Accuracy, "acc", "accuracy";
        BinaryAccuracy, "binary_accuracy";
        CategoricalAccuracy, "categorical_accuracy";
        SparseCategoricalAccuracy, "sparse_categorical_accuracy";
        TopKCategoricalAccuracy, "top_k_categorical_accuracy";
        SparseTopKCategoricalAccuracy, "sparse_top_k_categorical_accuracy";
        MeanSquaredError, "mse", "MSE", "mean_squared_error";
        RootMeanSquaredError, "root_mean_squared_error";
        MeanAbsoluteError, "mae", "MAE", "mean_absolute_error";
        MeanAbsolutePercentageError, "mape", "MAPE", "mean_absolute_percentage_error";
        MeanSquaredLogarithmicError, "msle", "MSLE", "mean_squared_logarithmic_error";
        LogCoshError, "log_cosh_error";
        Hinge, "hinge";
        SquaredHinge, "squared_hinge";
        CategoricalHinge, "categorical_hinge";
        KLDivergence, "kl_divergence";
        Poisson, "poisson";
        CosineSimilarity, "cosine_similarity";
        BinaryCrossentropy, "bce", "BCE", "binary_crossentropy";
        CategoricalCrossentropy, "categorical_crossentropy";
        SparseCategoricalCrossentropy, "sparse_categorical_crossentropy";
        Precision, "precision";
        Recall, "recall";
        TruePositives, "true_positives";
        FalsePositives, "false_positives";
        TrueNegatives, "true_negatives";
        FalseNegatives, "false_negatives";
        AUC, "auc";
        SensitivityAtSpecificity, "sensitivity_at_specificity";
        SpecificityAtSensitivity, "specificity_at_sensitivity";
        PrecisionAtRecall, "precision_at_recall";
        RecallAtPrecision, "recall_at_precision";
        F1Score, "f1_score";
        FBetaScore, "f_beta_score";
        R2Score, "r2_score";
        PearsonCorrelation, "pearson_correlation";
        ConcordanceCorrelation, "concordance_correlation";
        IoU, "io_u";
        MeanIoU, "mean_io_u";
        BinaryIoU, "binary_io_u";
        OneHotIoU, "one_hot_io_u";
        OneHotMeanIoU, "one_hot_mean_io_u";
        Mean, "mean";
        Sum, "sum";
        MeanMetricWrapper, "mean_metric_wrapper";
    ]
}
