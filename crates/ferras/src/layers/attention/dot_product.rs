//! What layers with attention share: masks, scores, weighted means.
use crate::layers::prelude::*;
use ferras_graph::{Builder, DType};

/// The call of an attention over query, value and key.
pub(super) const SIGNATURE: Signature = Signature {
    inputs: &["query", "value", "key"],
    tensors: &["query_mask", "value_mask", "key_mask", "attention_mask"],
    flags: &["return_attention_scores", "use_causal_mask"],
};

/// The score of a place that a mask excludes.
fn excluded(dtype: DType) -> f64 {
    if dtype == DType::F16 { -3e4 } else { -1e9 }
}

/// The softmax over axes of what a bool mask leaves in. A query that sees nothing has weights of 0 with
/// `zeros`, else equal ones: Keras differs too, between the paths with and without scores.
pub(super) fn masked_softmax(
    scores: &Value,
    axes: &[isize],
    mask: Option<&Value>,
    zeros: bool,
) -> Value {
    let Some(mask) = mask else { return scores.softmax(axes) };
    let mask = mask.broadcast_to(scores.shape());
    let y = mask.select(scores, excluded(scores.dtype())).softmax(axes);
    if zeros { mask.select(&y, 0.0) } else { y }
}

/// Places of query (rows) and value (columns), int32 (1, queries, values) each.
fn places(b: &Builder, queries: usize, values: usize) -> (Value, Value) {
    let shape = [1, queries, values];
    (b.iota(DType::I32, shape, 1), b.iota(DType::I32, shape, 2))
}

/// No query sees a later value: bool (1, queries, values).
pub(super) fn causal_mask(b: &Builder, queries: usize, values: usize) -> Value {
    let (row, column) = places(b, queries, values);
    row.greater_equal(column)
}

/// All that restricts which values a query sees, as bool (batch or 1, …, queries, values).
pub(super) fn attention_mask(
    cx: &Call,
    own: [Option<Value>; 3],
    window: Option<usize>,
) -> Option<Value> {
    let [query, value, ..] = cx.inputs() else { return None };
    let (b, queries, values) = (query.builder(), query.dim(1), value.dim(1));
    let as_bool = |mask: Value| mask.cast(DType::Bool);
    let [query_mask, value_mask, key_mask] = own;
    let banded = window.map(|size| {
        let (row, column) = places(b, queries, values);
        (row - column).abs().less(size as f64)
    });
    let causal = cx.flag("use_causal_mask").then(|| causal_mask(b, queries, values));
    let along_query = query_mask.map(|m| as_bool(m).expand_dims(-1));
    let along_value = |mask: Option<Value>| mask.map(|m| as_bool(m).expand_dims(-2));
    let masks = [along_query, along_value(value_mask), along_value(key_mask), causal, banded];
    let given = cx.argument("attention_mask").map(as_bool);
    masks.into_iter().flatten().chain(given).reduce(|a, b| a.and(b))
}

/// The mask of each input, or the one that the call gives for it.
pub(super) fn own_masks(cx: &Call) -> [Option<Value>; 3] {
    ["query_mask", "value_mask", "key_mask"].map(|name| {
        let at = SIGNATURE.tensors.iter().position(|own| *own == name).unwrap_or(0);
        cx.argument(name).or_else(|| cx.masks().get(at).cloned().flatten())
    })
}

/// In training, some of the weights at 0 and the others larger in turn.
pub(super) fn drop_out(cx: &mut Call, weights: &Value, rate: f64, seed: Option<u64>) -> Value {
    if !cx.training() || rate == 0.0 {
        return weights.clone();
    }
    let (key, stream) = cx.random_key(seed);
    weights.dropout(rate, &key, stream, weights.shape())
}

/// An error unless the share lies within 0 and 1.
pub(super) fn check_dropout(cx: &Build, rate: f64) -> Result<()> {
    match (0.0..=1.0).contains(&rate) {
        true => Ok(()),
        false => Err(cx.error(format!("dropout must be a share within 0 and 1, got {rate}"))),
    }
}
