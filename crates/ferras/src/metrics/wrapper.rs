//! `MeanMetricWrapper`: the mean of a loss as a metric.
use super::{Direction, MetricFn, mean_result, mean_state, mean_update};
use crate::Result;
use crate::layers::PartialShape;
use crate::losses::functions::same_rank;
use crate::losses::{Loss, masked};
use ferras_derive::Config;
use ferras_graph::{DType, TensorType, Value};

/// The weighted mean of what a loss gives for each sample. For closures there is
/// [`Metric::custom`](super::Metric::custom).
///
/// - **Source** Keras 3, `keras.metrics.MeanMetricWrapper`.
///
/// ```
/// use ferras::RunningMetric;
/// use ferras::losses::Huber;
/// use ferras::metrics::MeanMetricWrapper;
/// let metric = MeanMetricWrapper::new(Huber::new().delta(0.5)).name("small_huber");
/// let mut metric = RunningMetric::new(metric)?;
/// metric.update_state([[0.0]], [[2.0]])?;
/// assert_eq!(metric.result()?.to_f64_vec(), [0.875]);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.metrics")]
pub struct MeanMetricWrapper {
    /// The loss; its reduction does not count.
    #[config(key = "fn")]
    function: Loss,
    /// The name under which logs show it.
    #[config(default = "mean_metric_wrapper")]
    name: String,
    /// Element type of the result in Keras; Ferras keeps sums in float64.
    #[config(default = crate::config::floatx())]
    dtype: DType,
}

impl MetricFn for MeanMetricWrapper {
    fn name(&self) -> String {
        self.name.clone()
    }
    fn check(&self) -> Result<()> {
        self.function.get().map(|_| ())
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
        let loss = match self.function.get() {
            Ok(loss) => loss,
            Err(e) => return vec![y_pred.error("metric", e.to_string()); state.len()],
        };
        let (t, p) = same_rank(y_true, y_pred);
        let values = loss.call(&t, &p);
        // As in Keras: without weights, what does not count is a 0 in the mean.
        let mask = loss.mask(&t, &p).filter(|_| weights.is_some());
        let weights = masked(&values, weights, mask.as_ref(), crate::losses::Reduction::Sum);
        mean_update(state, &values, weights.as_ref())
    }
    fn result(&self, state: &[Value]) -> Value {
        mean_result(state)
    }
    fn direction(&self) -> Option<Direction> {
        Some(Direction::Down)
    }
}
