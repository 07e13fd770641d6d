//! Products of tensors, norms, and what normalises.
use super::arguments::{Given, floated};
use super::arrange::axis_of;
use ferras_graph::{DType, DotDims, Value};
use serde_json::Value as Json;

type Result<T> = std::result::Result<T, String>;

/// NumPy's `dot`: the last axis of one with the last but one of the other.
pub(super) fn dot(x: &Value, y: &Value) -> Value {
    if x.rank() == 0 || y.rank() == 0 {
        return x * y;
    }
    contracted(x, y, vec![x.rank() - 1], vec![y.rank().saturating_sub(2)])
}

/// The sum of products over these axes; what is left of one, then what is left of the other.
fn contracted(x: &Value, y: &Value, of_x: Vec<usize>, of_y: Vec<usize>) -> Value {
    let dtype = x.dtype().promote(y.dtype());
    let dims = DotDims { lhs_contract: of_x, rhs_contract: of_y, ..DotDims::default() };
    x.cast(dtype).dot_general(&y.cast(dtype), dims)
}

/// The last axis of both.
pub(super) fn inner(x: &Value, y: &Value) -> Value {
    if x.rank() == 0 || y.rank() == 0 {
        return x * y;
    }
    contracted(x, y, vec![x.rank() - 1], vec![y.rank() - 1])
}

/// So many axes, or these of both.
pub(super) fn tensordot(x: &Value, y: &Value, axes: &Json) -> Result<Value> {
    let wrong = || format!("axes {axes} do not fit {} and {}", x.shape(), y.shape());
    if let Some(count) = axes.as_u64() {
        let count = usize::try_from(count).ok().filter(|n| *n <= x.rank().min(y.rank()));
        let count = count.ok_or_else(wrong)?;
        return Ok(contracted(x, y, (x.rank() - count..x.rank()).collect(), (0..count).collect()));
    }
    let Some([of_x, of_y]) = axes.as_array().map(Vec::as_slice) else { return Err(wrong()) };
    let places = |v: &Value, json: &Json| -> Result<Vec<usize>> {
        let single = std::slice::from_ref(json);
        let list = json.as_array().map_or(single, Vec::as_slice);
        list.iter().map(|n| axis_of(v, n.as_i64().ok_or_else(wrong)? as isize)).collect()
    };
    Ok(contracted(x, y, places(x, of_x)?, places(y, of_y)?))
}

/// Keras' norms of vectors; without axes that of all elements.
pub(super) fn norm(given: &Given<'_>) -> Result<Value> {
    let x = floated(given.value("x")?);
    let axes = given.ints("axis")?.unwrap_or_default();
    let order = given.own("ord");
    let keep = given.flag("keepdims");
    if order.is_null() || order == 2 && axes.len() == 1 || order == "fro" && axes.len() != 1 {
        return Ok(x.square().sum(&axes, keep).sqrt());
    }
    if axes.len() != 1 {
        return Err(format!("a norm of order {order} over axes {axes:?} is not read"));
    }
    match (order.as_f64(), order.as_str()) {
        (Some(1.0), _) => Ok(x.abs().sum(&axes, keep)),
        (Some(0.0), _) => Ok(x.not_equal(0.0).cast(x.dtype()).sum(&axes, keep)),
        (Some(p), _) if p.is_finite() => Ok(x.abs().pow(p).sum(&axes, keep).pow(1.0 / p)),
        (_, Some("inf" | "Infinity")) => Ok(x.abs().max(&axes, keep)),
        (_, Some("-inf" | "-Infinity")) => Ok(x.abs().min(&axes, keep)),
        _ => Err(format!("a norm of order {order} is not read")),
    }
}

/// x over its norm along an axis, which counts as `epsilon` at least.
pub(super) fn normalize(given: &Given<'_>) -> Result<Value> {
    let x = floated(given.value("x")?);
    let axes = given.ints("axis")?.unwrap_or_else(|| vec![-1]);
    let epsilon = given.own("epsilon").as_f64().unwrap_or(1e-7);
    match given.own("order").as_f64() {
        Some(2.0) => Ok(&x * x.square().sum(&axes, true).maximum(epsilon * epsilon).rsqrt()),
        Some(p) if p >= 1.0 => {
            let norm = x.abs().pow(p).sum(&axes, true).pow(1.0 / p);
            Ok(&x / norm.maximum(epsilon))
        }
        _ => Err(format!("a norm of order {} is not read", given.own("order"))),
    }
}

/// x over the root of its mean square along axes, times `scale`.
pub(super) fn rms_norm(given: &Given<'_>) -> Result<Value> {
    let x = floated(given.value("x")?);
    let axes = given.ints("axis")?.unwrap_or_else(|| vec![-1]);
    let epsilon = given.own("epsilon").as_f64().unwrap_or(1e-7);
    let y = &x * (x.square().mean(&axes, true) + epsilon).rsqrt();
    Ok(match given.optional("scale", Some(&y))? {
        Some(scale) => y * scale,
        None => y,
    })
}

/// The mean of x along axes, weighted.
pub(super) fn average(given: &Given<'_>) -> Result<Value> {
    let x = floated(given.value("x")?);
    let axes = given.ints("axis")?.unwrap_or_default();
    let Some(weights) = given.optional("weights", Some(&x))? else {
        return Ok(x.mean(&axes, false));
    };
    let weights = match (weights.rank(), &axes[..]) {
        (1, [axis]) if x.rank() > 1 => {
            let mut shape = vec![1; x.rank()];
            shape[axis_of(&x, *axis)?] = weights.dim(0);
            weights.reshape(shape)
        }
        _ => weights,
    };
    let weights = weights.cast(x.dtype()).broadcast_to(x.shape());
    Ok((&x * &weights).sum(&axes, false) / weights.sum(&axes, false))
}

/// 1 at each index along an axis of its own.
pub(super) fn one_hot(given: &Given<'_>) -> Result<Value> {
    let x = given.value("x")?;
    let depth = given.own("num_classes").as_u64().ok_or("num_classes must be a number")?;
    let depth = usize::try_from(depth).ok().filter(|n| *n <= 1 << 31);
    let depth = depth.ok_or("num_classes is too large")?;
    let dtype = given.dtype()?.unwrap_or_else(crate::config::floatx);
    let whole = if x.dtype() == DType::I64 { x } else { x.cast(DType::I32) };
    let y = whole.one_hot(depth, dtype);
    let axis = axis_of(&y, given.int("axis")?)?;
    super::arrange::move_axes(&y, &[-1], &[axis as isize])
}
