//! A metric of the program itself, from a closure.
use super::{Metric, MetricFn, mean_result, mean_state, mean_update};
use crate::layers::PartialShape;
use crate::losses::Named;
use crate::losses::functions::same_rank;
use ferras_graph::{TensorType, Value};
use std::sync::Arc;

impl MetricFn for Named {
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
        let (y_true, y_pred) = same_rank(y_true, y_pred);
        mean_update(state, &(self.function)(&y_true, &y_pred), weights)
    }
    fn result(&self, state: &[Value]) -> Value {
        mean_result(state)
    }
    fn uses_mask(&self) -> bool {
        true
    }
}

impl Metric {
    /// The weighted mean of what a closure gives for each sample: `y_true` and `y_pred`
    /// `(batch, …, k)` to floats `(batch, …)`. It cannot be written into a file; a class that
    /// derives [`Config`](crate::Config) can.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let metric = Metric::custom("largest_error", |y_true, y_pred| {
    ///     (y_true - y_pred).abs().max(&[-1], false)
    /// });
    /// assert_eq!(metric.get()?.name(), "largest_error");
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn custom(
        name: impl Into<String>,
        function: impl Fn(&Value, &Value) -> Value + Send + Sync + 'static,
    ) -> Metric {
        Metric::object(Arc::new(Named { name: name.into(), function: Box::new(function) }))
    }
}
