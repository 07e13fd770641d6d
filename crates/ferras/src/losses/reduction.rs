//! From the losses of a batch to one number.
use crate::config::{ConfigValue, Scope};
use ferras_graph::Value;
use serde_json::Value as Json;

/// How the losses of a batch become one number.
///
/// ```
/// use ferras::prelude::*;
/// use ferras::losses::{MeanSquaredError, Reduction};
/// let loss = MeanSquaredError::new().reduction(Reduction::Sum);
/// assert_eq!(loss.get_config()["reduction"], "sum");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Reduction {
    /// Their mean: the sum divided by their number.
    #[default]
    SumOverBatchSize,
    /// The same under its other name.
    Mean,
    /// Their sum.
    Sum,
    /// Their sum divided by the sum of the sample weights.
    MeanWithSampleWeight,
    /// All of them, weighted: for own training steps, not for `fit`.
    None,
}

/// In the order of Keras' documentation.
const NAMES: [(&str, Reduction); 5] = [
    ("sum_over_batch_size", Reduction::SumOverBatchSize),
    ("mean", Reduction::Mean),
    ("sum", Reduction::Sum),
    ("mean_with_sample_weight", Reduction::MeanWithSampleWeight),
    ("none", Reduction::None),
];

impl ConfigValue for Reduction {
    fn to_json(&self) -> Json {
        NAMES.iter().find(|(_, r)| r == self).map_or(Json::Null, |(name, _)| (*name).into())
    }
    fn from_json(json: &Json, _: &Scope) -> Result<Self, String> {
        if json.is_null() {
            return Ok(Reduction::None);
        }
        let found = NAMES.iter().find(|(name, _)| json.as_str() == Some(*name));
        found.map(|(_, reduction)| *reduction).ok_or_else(|| {
            let known: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            crate::config::mismatch(&format!("one of {}", known.join(", ")), json)
        })
    }
}

/// One number for the losses of a batch, weighted where there are weights: `values (batch, …)`;
/// `sample_weight` broadcasts to it from the left, a weight for each sample.
pub(crate) fn reduce(values: &Value, sample_weight: Option<&Value>, by: Reduction) -> Value {
    let weights = sample_weight.map(|w| align(w, values));
    let weighted = match &weights {
        Some(w) => values * w,
        None => values.clone(),
    };
    let count = weighted.shape().elements() as f64;
    match (by, weights) {
        (Reduction::None, _) => weighted,
        (Reduction::Sum, _) => weighted.sum(&[], false),
        (Reduction::MeanWithSampleWeight, Some(w)) => {
            ratio(&weighted.sum(&[], false), &w.sum(&[], false))
        }
        _ => weighted.sum(&[], false) / count.max(1.0),
    }
}

/// a / b; 0 where b is 0.
pub(crate) fn ratio(a: &Value, b: &Value) -> Value {
    let none = b.equal(0.0);
    none.select(&b.full_like(0.0), a / none.select(&b.full_like(1.0), b))
}

/// Weights of the element type and the rank of `values`: axes of size 1 are put behind those that
/// they have, or taken away there.
pub(crate) fn align(weights: &Value, values: &Value) -> Value {
    let mut shape = weights.shape().to_vec();
    while shape.len() > values.rank() && shape.last() == Some(&1) {
        shape.pop();
    }
    shape.resize(values.rank().max(shape.len()), 1);
    weights.cast(values.dtype()).reshape(shape)
}

/// Weights in which samples that do not count have none. The others make up for them where the
/// sum is divided by the number of all.
pub(crate) fn masked(
    values: &Value,
    weights: Option<&Value>,
    mask: Option<&Value>,
    by: Reduction,
) -> Option<Value> {
    let Some(mask) = mask else { return weights.cloned() };
    let mut own = align(mask, values);
    if matches!(by, Reduction::SumOverBatchSize | Reduction::Mean) {
        let total = own.full_like(1.0).sum(&[], false);
        own = &own * ratio(&total, &own.sum(&[], false));
    }
    Some(match weights {
        Some(w) => own * align(w, values),
        None => own,
    })
}
