//! Losses: `keras.losses`.
use crate::Result;
use crate::config::{Configured, family};
use crate::layers::PartialShape;
use ferras_derive::Config;
use ferras_graph::{Tensor, Value};

/// How far predictions are from the truth.
pub trait LossFn: Configured {
    /// The loss of each sample: `y_true` and `y_pred` `(batch, …, k)` give `(batch, …)`. The truth
    /// has already been cast to the prediction's element type unless it holds class numbers.
    fn call(&self, y_true: &Value, y_pred: &Value) -> Value;

    /// The name under which logs show it.
    fn name(&self) -> String;

    /// How the losses of a batch become one.
    fn reduction(&self) -> Reduction {
        Reduction::SumOverBatchSize
    }

    /// Looks at the targets before training: an error says which value cannot be.
    fn check(&self, y_true: &Tensor, y_pred: &PartialShape) -> Result<()> {
        let _ = (y_true, y_pred);
        Ok(())
    }
}

/// How the losses of a batch become one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Reduction {
    /// Their mean: the sum divided by their number.
    #[default]
    SumOverBatchSize,
    /// Their sum.
    Sum,
    /// Their sum divided by the sum of the sample weights.
    MeanWithSampleWeight,
}

/// One number for the losses of a batch, weighted where there are weights: `values (batch, …)`,
/// `sample_weight` broadcasting to it from the left, as in Keras.
pub(crate) fn reduce(values: &Value, sample_weight: Option<&Value>, by: Reduction) -> Value {
    let weighted = match sample_weight {
        Some(w) => values * expand_right(&w.cast(values.dtype()), values.rank()),
        None => values.clone(),
    };
    let sum = weighted.sum(&[], false);
    let count = values.shape().elements() as f64;
    match (by, sample_weight) {
        (Reduction::Sum, _) => sum,
        (Reduction::MeanWithSampleWeight, Some(w)) => {
            let total = expand_right(&w.cast(values.dtype()), values.rank());
            sum / total.broadcast_to(values.shape()).sum(&[], false)
        }
        _ => sum / count.max(1.0),
    }
}

/// Axes of size 1 appended up to a rank.
fn expand_right(x: &Value, rank: usize) -> Value {
    let mut shape = x.shape().to_vec();
    shape.resize(rank.max(shape.len()), 1);
    x.reshape(shape)
}

/// mean((y_true − y_pred)²) over the last axis.
#[derive(Clone, Debug, Config)]
#[config(module = "keras.losses")]
pub struct MeanSquaredError {
    /// How the losses of a batch become one.
    #[config(default)]
    reduction: Reduction,
    /// The name under which logs show it.
    #[config(default = "mean_squared_error")]
    name: String,
}

impl LossFn for MeanSquaredError {
    fn call(&self, y_true: &Value, y_pred: &Value) -> Value {
        let error = y_true.cast(y_pred.dtype()) - y_pred;
        (&error * &error).mean(&[-1], false)
    }
    fn name(&self) -> String {
        self.name.clone()
    }
    fn reduction(&self) -> Reduction {
        self.reduction
    }
}

impl crate::config::ConfigValue for Reduction {
    fn to_json(&self) -> serde_json::Value {
        match self {
            Reduction::SumOverBatchSize => "sum_over_batch_size".into(),
            Reduction::Sum => "sum".into(),
            Reduction::MeanWithSampleWeight => "mean_with_sample_weight".into(),
        }
    }
    fn from_json(
        json: &serde_json::Value,
        _: &crate::config::Scope,
    ) -> std::result::Result<Self, String> {
        match json.as_str() {
            Some("sum_over_batch_size") => Ok(Reduction::SumOverBatchSize),
            Some("sum") => Ok(Reduction::Sum),
            Some("mean_with_sample_weight") => Ok(Reduction::MeanWithSampleWeight),
            _ => Err(format!("expected a reduction such as \"sum_over_batch_size\", got {json}")),
        }
    }
}

family! {
    /// A loss by name (`"mse"`) or object.
    Loss, LossFn, "loss",
    [
        MeanSquaredError, "mean_squared_error", "mse", "MSE";
    ]
}
