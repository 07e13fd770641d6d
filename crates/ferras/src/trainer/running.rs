//! A metric on its own: fed with batches by hand, outside of a model.
use super::data::Data;
use crate::layers::PartialShape;
use crate::metrics::{self, Metric, MetricFn};
use crate::{Error, Result};
use ferras_graph::{
    Backend, Buffer, Builder, Executable, StateArg, Tensor, TensorType, TensorView, Value,
};
use std::sync::Arc;

/// A metric that is used without a model: batches go in, the number so far comes out.
///
/// ```
/// use ferras::RunningMetric;
/// use ferras::metrics::{BinaryAccuracy, Mean};
/// let mut accuracy = RunningMetric::new(BinaryAccuracy::new())?;
/// accuracy.update_state([1.0, 0.0, 1.0], [0.9, 0.2, 0.3])?;
/// accuracy.update_state([1.0], [0.8])?;
/// assert_eq!(accuracy.result()?.to_f64_vec(), [0.75]);
/// accuracy.reset_state()?;
/// accuracy.update_state_with([1.0, 0.0], [0.9, 0.8], [3.0, 1.0])?; // weights of the samples
/// assert_eq!(accuracy.result()?.to_f64_vec(), [0.75]);
///
/// let mut mean = RunningMetric::new(Mean::new())?; // a metric of values alone
/// mean.update_values([1.0, 2.0, 6.0])?;
/// assert_eq!(mean.result()?.to_f64_vec(), [3.0]);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Debug)]
pub struct RunningMetric {
    metric: Arc<dyn MetricFn>,
    backend: Arc<dyn Backend>,
    /// Empty before the first batch.
    state: Vec<(TensorType, Buffer)>,
    /// The update for batches of the last types.
    update: Option<(Vec<TensorType>, Box<dyn Executable>)>,
    /// What makes the number of a state, once there is one.
    number: Option<Box<dyn Executable>>,
    /// The shape of predictions, a batch's size left open, that the state is for.
    shape: PartialShape,
}

impl RunningMetric {
    /// The metric, nothing seen yet; an error for an unknown name or arguments out of range.
    pub fn new(metric: impl Into<Metric>) -> Result<RunningMetric> {
        let metric = metric.into().get()?;
        metric.check()?;
        let (backend, shape) = (crate::backend::default(), PartialShape::default());
        let (state, update, number) = (Vec::new(), None, None);
        Ok(RunningMetric { metric, backend, state, update, number, shape })
    }

    /// The name under which logs would show it.
    pub fn name(&self) -> String {
        self.metric.name()
    }

    /// Takes a batch of truth and predictions into account.
    pub fn update_state(&mut self, y_true: impl Into<Data>, y_pred: impl Into<Data>) -> Result<()> {
        self.take(&[one(y_true.into(), "y_true")?, one(y_pred.into(), "y_pred")?])
    }

    /// The same with a weight for each sample.
    pub fn update_state_with(
        &mut self,
        y_true: impl Into<Data>,
        y_pred: impl Into<Data>,
        sample_weight: impl Into<Data>,
    ) -> Result<()> {
        let data = [
            one(y_true.into(), "y_true")?,
            one(y_pred.into(), "y_pred")?,
            one(sample_weight.into(), "sample_weight")?,
        ];
        self.take(&data)
    }

    /// Takes values into account, for metrics without a truth, as `Mean` and `Sum`.
    pub fn update_values(&mut self, values: impl Into<Data>) -> Result<()> {
        let values = one(values.into(), "values")?;
        self.take(&[values.clone(), values])
    }

    /// The metric of all batches so far: a scalar, or a number for each threshold, class or output.
    pub fn result(&mut self) -> Result<Tensor> {
        self.prepare(None)?;
        let number = match self.number.take() {
            Some(number) => number,
            None => {
                let builder = Builder::new();
                let result = self.metric.result(&self.bind(&builder));
                self.backend.compile(&builder.finish(&[result], &[])?)?
            }
        };
        let mut arguments: Vec<StateArg<'_>> =
            self.state.iter().map(|(_, b)| StateArg::Read(b)).collect();
        let mut results = Vec::new();
        number.run(&[], &mut arguments, &mut results)?;
        self.number = Some(number);
        results.pop().ok_or_else(|| Error::Internal("a metric without result".into()))
    }

    /// Forgets all batches.
    pub fn reset_state(&mut self) -> Result<()> {
        for (ty, buffer) in &mut self.state {
            *buffer = self.backend.upload(&Tensor::zeros(ty))?;
        }
        Ok(())
    }

    /// What is kept between batches.
    pub fn variables(&mut self) -> Result<Vec<Tensor>> {
        self.prepare(None)?;
        self.state.iter().map(|(_, buffer)| Ok(buffer.download()?)).collect()
    }

    fn bind(&self, builder: &Builder) -> Vec<Value> {
        let state = |(i, (ty, _)): (usize, &(TensorType, Buffer))| {
            builder.state(format!("state{i}"), ty.clone())
        };
        self.state.iter().enumerate().map(state).collect()
    }

    /// Makes the state for predictions of this shape; an error where it was made for another one.
    fn prepare(&mut self, y_pred: Option<&Tensor>) -> Result<()> {
        let shape = match y_pred {
            Some(tensor) => {
                let sizes = tensor.shape().iter().enumerate();
                PartialShape::from(sizes.map(|(i, &d)| (i > 0).then_some(d)).collect::<Vec<_>>())
            }
            None if self.state.is_empty() => PartialShape::from([None]),
            None => return Ok(()),
        };
        let types = self.metric.state(&shape);
        let known = self.state.iter().map(|(ty, _)| ty);
        if !self.state.is_empty() && !known.eq(types.iter()) {
            return Err(Error::Data(format!(
                "metric {:?} was begun with predictions of shape {}, got {shape}",
                self.name(),
                self.shape
            )));
        }
        if self.state.is_empty() {
            let fresh = |ty: TensorType| {
                let buffer = self.backend.upload(&Tensor::zeros(&ty))?;
                Ok((ty, buffer))
            };
            self.state = types.into_iter().map(fresh).collect::<Result<_>>()?;
            self.shape = shape;
        }
        Ok(())
    }

    /// Truth, predictions, and perhaps weights.
    fn take(&mut self, data: &[Tensor]) -> Result<()> {
        self.prepare(data.get(1))?;
        let types: Vec<TensorType> = data.iter().map(Tensor::ty).collect();
        if self.update.as_ref().is_none_or(|(known, _)| *known != types) {
            let executable = self.trace(&types)?;
            self.update = Some((types, executable));
        }
        let Some((_, update)) = &self.update else { return Ok(()) };
        let feeds: Vec<TensorView<'_>> = data.iter().map(Tensor::view).collect();
        let mut states: Vec<StateArg<'_>> =
            self.state.iter_mut().map(|(_, b)| StateArg::Write(b)).collect();
        Ok(update.run(&feeds, &mut states, &mut Vec::new())?)
    }

    fn trace(&self, types: &[TensorType]) -> Result<Box<dyn Executable>> {
        let builder = Builder::new();
        let names = ["y_true", "y_pred", "sample_weight"];
        let feeds: Vec<Value> =
            types.iter().zip(names).map(|(ty, name)| builder.feed(name, ty.clone())).collect();
        let state = self.bind(&builder);
        let [y_true, y_pred, weights @ ..] = &feeds[..] else {
            return Err(Error::Internal("a metric without data".into()));
        };
        let new = metrics::updated(&*self.metric, &state, y_true, y_pred, weights.first())?;
        let updates: Vec<(Value, Value)> = state.into_iter().zip(new).collect();
        let graph = builder.finish(&[], &updates)?;
        Ok(self.backend.compile(&graph)?)
    }
}

/// The only array.
fn one(data: Data, what: &str) -> Result<Tensor> {
    data.resolve(&[what], what)?.pop().ok_or_else(|| Error::Internal("data without array".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConfigValue, Scope};
    use crate::golden::{assert_close, load, tensor};
    use crate::metrics::{AUC, MeanIoU, MeanMetricWrapper, Precision, R2Score, TruePositives};
    use crate::prelude::*;
    use serde_json::json;

    fn running(case: &serde_json::Value) -> RunningMetric {
        let json = json!({"class_name": case["metric"], "config": case["args"]});
        RunningMetric::new(Metric::from_json(&json, &Scope::default()).unwrap()).unwrap()
    }

    #[test]
    fn results_are_those_of_keras_and_begin_anew_after_a_reset() {
        let file = load("metric_settings");
        for case in file["sequences"].as_array().unwrap() {
            let what = format!("{} {} {}", case["metric"], case["args"], case["note"]);
            let mut metric = running(case);
            for _ in 0..2 {
                for update in case["updates"].as_array().unwrap() {
                    let data = |name: &str| update.get(name).map(tensor);
                    match (data("values"), data("y_true"), data("y_pred"), data("sample_weight")) {
                        (Some(v), .., None) => metric.update_values(v).unwrap(),
                        (Some(v), .., Some(w)) => metric.update_state_with(&v, &v, w).unwrap(),
                        (_, Some(t), Some(p), None) => metric.update_state(t, p).unwrap(),
                        (_, Some(t), Some(p), Some(w)) => {
                            metric.update_state_with(t, p, w).unwrap();
                        }
                        _ => panic!("{what}"),
                    }
                    assert_close(&metric.result().unwrap(), &update["result"], 1e-5, &what);
                }
                metric.reset_state().unwrap();
            }
        }
    }

    #[test]
    fn a_state_has_one_shape() {
        let mut score = RunningMetric::new(R2Score::new()).unwrap();
        score.update_state([[1.0, 2.0]], [[1.0, 2.0]]).unwrap();
        let error = score.update_state([[1.0]], [[1.0]]).unwrap_err().to_string();
        assert_eq!(
            error,
            "metric \"r2_score\" was begun with predictions of shape (None, 2), got (None, 1)"
        );
        let deep = Tensor::new([1, 1, 2], vec![1.0_f32, 2.0]).unwrap();
        let error = score.update_state([[1.0, 2.0]], deep).unwrap_err().to_string();
        assert!(error.contains("expected truth and predictions (batch, outputs)"), "{error}");
    }

    #[test]
    fn arguments_out_of_range_are_named() {
        let text = |metric: Metric| RunningMetric::new(metric).unwrap_err().to_string();
        let out = text(Precision::new().thresholds(1.5).into());
        assert_eq!(out, "argument \"thresholds\" must be from 0 to 1, got 1.5");
        let few = text(AUC::new().num_thresholds(1).into());
        assert_eq!(few, "argument \"num_thresholds\" must be at least 2, got 1");
        let curve = text(AUC::new().curve("ROK").into());
        assert!(curve.contains("unknown curve \"ROK\" (did you mean \"ROC\"?)"), "{curve}");
        let mut compiled = Sequential::new().add(Dense::new(1).input_dim(1));
        let compile = Compile::new().loss("mse").metrics([MeanIoU::new(0)]);
        let error = compiled.compile(compile).unwrap_err().to_string();
        assert!(error.contains("\"num_classes\" must be at least 1"), "{error}");
        let unknown = text(MeanMetricWrapper::new("hubert").into());
        assert!(unknown.contains("unknown loss \"hubert\""), "{unknown}");
    }

    #[test]
    fn fit_logs_metrics_as_keras_and_each_of_several_results() {
        let file = load("metric_settings");
        let case = &file["compiled"];
        let data = |name: &str| tensor(&case[name]);
        let mut model =
            Sequential::new().add(Activation::new("linear").input_dim(3)).build().unwrap();
        let metrics: Vec<Metric> = vec![
            AUC::new().into(),
            crate::metrics::F1Score::new().average("macro").into(),
            R2Score::new().into(),
            TruePositives::new().thresholds([0.2, 0.6]).into(),
        ];
        let compile = Compile::new().loss("mse").metrics(metrics).weighted_metrics(["recall"]);
        model.compile(compile).unwrap();
        let options = Evaluate::new().batch_size(4).verbose(0).sample_weight(data("sample_weight"));
        let logs = model.evaluate_with(data("x"), data("y"), options).unwrap();
        for (name, expected) in case["logs"].as_object().unwrap() {
            let (found, expected) = (logs.get(name).unwrap(), expected.as_f64().unwrap());
            assert!((found - expected).abs() < 1e-5, "{name}: {found}, Keras has {expected}");
        }
        assert!(logs.get("true_positives_0").unwrap() >= logs.get("true_positives_1").unwrap());
        assert_eq!(logs.iter().count(), case["logs"].as_object().unwrap().len() + 2);
    }
}
