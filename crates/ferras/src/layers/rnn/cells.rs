//! What cells of every kind share.
use crate::Result;
use crate::config::{ConfigValue, Scope, mismatch};
use crate::initializers::{Initializer, InitializerFn};
use crate::layers::{Build, Call};
use crate::random::Generator;
use ferras_derive::Config;
use ferras_graph::{Tensor, TensorType, Value};
use serde_json::Value as Json;

/// An error unless a cell is called with one step and so many states.
pub(super) fn check_cell(cx: &Build, units: usize, states: usize) -> Result<usize> {
    cx.at_least("units", units, 1)?;
    let step = match cx.inputs().split_first() {
        Some((step, given)) if given.len() == states => step,
        _ => {
            let (expected, found) = (states + 1, cx.inputs().len());
            return Err(cx.error(format!(
                "a cell expects one step and its states, {expected} inputs, got {found}"
            )));
        }
    };
    match step.shape[..] {
        [_, Some(features)] => Ok(features),
        _ => Err(cx.error(format!(
            "expected steps of shape (batch, features) with known features, got {}",
            step.shape
        ))),
    }
}

/// Factors of dropout for inputs of this shape, the same in every step of a sequence; none outside
/// of training, or for a rate of 0.
pub(super) fn drop_mask(cx: &mut Call, like: &Value, rate: f64, seed: Option<u64>) -> Option<Value> {
    if !cx.training() || rate <= 0.0 {
        return None;
    }
    let (key, stream) = cx.random_key(seed);
    let ones = like.full_like(1.0);
    Some(ones.dropout(rate.min(1.0), &key, stream, like.shape()))
}

/// x with a factor, if there is one.
pub(super) fn masked(x: &Value, mask: Option<&Value>) -> Value {
    mask.map_or_else(|| x.clone(), |mask| x * mask)
}

/// The bias of gates whose second one, that of forgetting, begins at 1.
#[derive(Clone, Debug, Config)]
pub(super) struct ForgetBias {
    /// The rule for all other gates.
    others: Initializer,
}

impl InitializerFn for ForgetBias {
    fn call(&self, ty: &TensorType, random: &mut Generator) -> Result<Tensor> {
        let units = ty.shape.elements() / 4;
        let rule = self.others.get()?;
        let mut part = |n: usize| -> Result<Vec<f64>> {
            Ok(rule.call(&TensorType::new(ty.dtype, [n]), random)?.to_f64_vec())
        };
        let (first, rest) = (part(units)?, part(2 * units)?);
        let all = first.into_iter().chain(vec![1.0; units]).chain(rest).collect();
        Ok(Tensor::new(ty.shape.clone(), all)?.cast(ty.dtype))
    }
}

/// Factors of dropout for input and state. Where the state has any, as in Keras, there is one for
/// each gate, of both; otherwise there is at most one of the input.
pub(super) fn gate_masks(
    cx: &mut Call,
    gates: usize,
    [x, h]: [&Value; 2],
    [rate, recurrent_rate]: [f64; 2],
    seed: Option<u64>,
) -> (Vec<Value>, Vec<Value>) {
    let count = if recurrent_rate > 0.0 { gates } else { 1 };
    // All of them dropped is none dropped.
    let mut masks = |like: &Value, rate: f64| -> Vec<Value> {
        (0..count).filter_map(|_| drop_mask(cx, like, rate, seed).filter(|_| rate < 1.0)).collect()
    };
    (masks(x, rate), masks(h, recurrent_rate))
}

/// The product with the kernels of all gates, side by side; each gate may have its own factors.
pub(super) fn gated(x: &Value, masks: &[Value], kernel: &Value, gates: usize) -> Value {
    if masks.len() < 2 {
        return masked(x, masks.first()).matmul(kernel);
    }
    let parts = masks.iter().zip(kernel.split(gates, -1));
    let parts: Vec<Value> = parts.map(|(mask, kernel)| (x * mask).matmul(&kernel)).collect();
    x.builder().concat(&parts, -1)
}

/// Whether Keras is to use cuDNN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UseCudnn(Option<bool>);

impl From<bool> for UseCudnn {
    fn from(wish: bool) -> UseCudnn {
        UseCudnn(Some(wish))
    }
}

impl From<&str> for UseCudnn {
    fn from(_: &str) -> UseCudnn {
        UseCudnn(None)
    }
}

impl ConfigValue for UseCudnn {
    fn to_json(&self) -> Json {
        self.0.map_or_else(|| "auto".into(), Json::Bool)
    }
    fn from_json(json: &Json, _: &Scope) -> Result<Self, String> {
        match json {
            Json::Bool(wish) => Ok(UseCudnn(Some(*wish))),
            Json::Null => Ok(UseCudnn(None)),
            Json::String(word) if word == "auto" => Ok(UseCudnn(None)),
            other => Err(mismatch("\"auto\", true or false", other)),
        }
    }
}
