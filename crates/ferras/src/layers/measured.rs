//! What layers measure while they compute: numbers for the logs.
use super::{Call, PartialShape};
use crate::metrics::{Mean, Metric, MetricFn};
use ferras_graph::Value;
use std::sync::Arc;

/// A metric of a layer, and what a call gave it.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// The layer's path.
    pub(crate) layer: String,
    pub(crate) metric: Arc<dyn MetricFn>,
    pub(crate) y_true: Value,
    pub(crate) y_pred: Value,
    pub(crate) weights: Option<Value>,
}

/// A metric that a layer follows in every step.
#[derive(Clone, Debug)]
pub(crate) struct LayerMetric {
    /// The layer's path.
    pub(crate) layer: String,
    pub(crate) metric: Arc<dyn MetricFn>,
    /// The shape of predictions.
    pub(crate) shape: PartialShape,
}

impl LayerMetric {
    /// Whether both are one: the same name in the same layer.
    pub(crate) fn is_same(&self, other: &LayerMetric) -> bool {
        self.layer == other.layer && self.metric.name() == other.metric.name()
    }

    /// Whether a call gave it something.
    pub(crate) fn is_of(&self, measured: &Measured) -> bool {
        self.layer == measured.layer && self.metric.name() == measured.metric.name()
    }
}

impl Call<'_> {
    /// Logs the mean of values `(batch, …)` over the rows of an epoch, or of a number over its
    /// batches, under this name: in training and in evaluation (`val_…`), beside the metrics that
    /// the model is compiled with. Where two layers use one name, the second is logged as `name_1`.
    ///
    /// It must be called whenever the layer is called, in training or not.
    ///
    /// - **Source** Keras 2 `Layer.add_metric`; Keras 3 has a `metrics.Mean` in the layer instead.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// /// Logs which share of its input is above 0.
    /// #[derive(Clone, Debug, Config)]
    /// struct Watch;
    /// impl Layer for Watch {
    ///     fn call(&self, cx: &mut Call) -> Value {
    ///         let x = cx.input();
    ///         cx.add_metric("active", &x.greater(0.0).cast(DType::F32));
    ///         x
    ///     }
    /// }
    /// let mut model = Sequential::new().add(Input::new([2])).add(Watch::new());
    /// model.compile(Compile::new().loss("mse"))?;
    /// let logs = model.test_on_batch([[1.0_f32, 3.0], [-1.0, 2.0]], [[0.0_f32; 2]; 2])?;
    /// assert_eq!(logs.get("active"), Some(0.75));
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn add_metric(&mut self, name: &str, values: &Value) {
        self.update_metric(&Mean::new().name(name).into(), values, values, None);
    }

    /// Logs any metric of truth and prediction, with weights of the rows where there are some; as
    /// [`Call::add_metric`]. For layers that are given the targets, as the last one of a model that
    /// computes its loss itself.
    ///
    /// - **Source** Keras 3: `update_state` of a metric that a layer holds.
    ///
    /// ```
    /// use ferras::metrics::BinaryAccuracy;
    /// use ferras::prelude::*;
    /// /// Logits and targets in, probabilities out; loss and accuracy are its own.
    /// #[derive(Clone, Debug, Config)]
    /// struct LogisticEndpoint;
    /// impl Layer for LogisticEndpoint {
    ///     fn call(&self, cx: &mut Call) -> Value {
    ///         let (logits, targets) = (cx.input_at(0), cx.input_at(1));
    ///         let loss = ferras::ops::binary_crossentropy(&targets, &logits, true);
    ///         cx.add_loss(loss.mean(&[], false));
    ///         let probabilities = logits.sigmoid();
    ///         cx.update_metric(&BinaryAccuracy::new().into(), &targets, &probabilities, None);
    ///         probabilities
    ///     }
    /// }
    /// let (x, targets) = (Input::new([3]), Input::new([1]));
    /// let y = LogisticEndpoint::new().apply([&Dense::new(1).apply(&x), &targets]);
    /// let mut model = Model::new([&x, &targets], &y)?;
    /// model.compile(Compile::new().optimizer("adam"))?;
    /// let (x, y) = ([[1.0_f32, 0.0, 2.0], [0.0, 1.0, 1.0]], [[1.0_f32], [0.0]]);
    /// let history = model.fit((&x, &y), (), Fit::new().verbose(0))?;
    /// assert!(history.get("loss").is_some() && history.get("binary_accuracy").is_some());
    /// # Ok::<(), ferras::Error>(())
    /// ```
    #[track_caller]
    pub fn update_metric(
        &mut self,
        metric: &Metric,
        y_true: &Value,
        y_pred: &Value,
        sample_weight: Option<&Value>,
    ) {
        let found = metric.get().and_then(|metric| metric.check().map(|()| metric));
        let (trace, path, _) = self.parts();
        match found {
            Ok(metric) => {
                let (layer, weights) = (path.to_string(), sample_weight.cloned());
                let (y_true, y_pred) = (y_true.clone(), y_pred.clone());
                let measured = Measured { layer, metric, y_true, y_pred, weights };
                trace.measured.push(measured);
            }
            Err(e) => {
                trace.builder.error("metric", e.to_string());
            }
        }
    }
}
