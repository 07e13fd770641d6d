//! Operations of networks: convolutions, pools, attention, cross-entropies.
use super::arguments::{Given, floated, promoted};
use super::table::{Outcome, operations};
use crate::config::{ConfigValue, Scope, epsilon};
use crate::layers::conv::{Transposed, convolve};
use crate::layers::pool::{adapted, pool};
use crate::layers::spatial::{ChannelsOrder, DataFormat, Padding, PaddingMode, Windows};
use ferras_graph::{DType, Value, Window};
use serde_json::Value as Json;

type Result<T> = std::result::Result<T, String>;

operations! {
    "ops.nn" {
        Conv(inputs, kernel)[strides, padding, data_format, dilation_rate] => |g| {
            let (x, kernel) = both(g, "inputs", "kernel")?;
            let sliding = Sliding::of_kernel(g, &x, &kernel, 2)?;
            let windows = sliding.windows();
            let channels = windows.order().to_last(&x).dim(-1);
            let groups = channels / kernel.dim(-2).max(1);
            Ok(vec![convolve(&windows, &x, &kernel, groups.max(1), None)])
        };
        DepthwiseConv(inputs, kernel)[strides, padding, data_format, dilation_rate] => |g| {
            let (x, kernel) = both(g, "inputs", "kernel")?;
            let sliding = Sliding::of_kernel(g, &x, &kernel, 2)?;
            Ok(vec![depthwise(&sliding, &x, &kernel)])
        };
        SeparableConv(inputs, depthwise_kernel, pointwise_kernel)
            [strides, padding, data_format, dilation_rate] => |g| {
            let (x, kernel) = both(g, "inputs", "depthwise_kernel")?;
            let mut sliding = Sliding::of_kernel(g, &x, &kernel, 2)?;
            let between = depthwise(&sliding, &x, &kernel);
            let points = floated(g.value("pointwise_kernel")?).cast(between.dtype());
            let ones = vec![1; sliding.size.len()];
            (sliding.size, sliding.strides, sliding.dilation) = (ones.clone(), ones.clone(), ones);
            Ok(vec![convolve(&sliding.windows(), &between, &points, 1, None)])
        };
        ConvTranspose(inputs, kernel)
            [strides, padding, output_padding, data_format, dilation_rate] => |g| {
            let (x, kernel) = both(g, "inputs", "kernel")?;
            let sliding = Sliding::of_kernel(g, &x, &kernel, 2)?;
            let added = match g.own("output_padding") {
                Json::Null => None,
                _ => Some(sizes(g, "output_padding", sliding.size.len(), 0)?),
            };
            let transposed = Transposed { windows: sliding.windows(), added: added.as_deref() };
            Ok(vec![transposed.call(&x, &kernel, None)])
        };
        MaxPool(inputs)[pool_size, strides, padding, data_format] => |g| pooled(g, Value::max_pool);
        AveragePool(inputs)[pool_size, strides, padding, data_format] => |g| {
            pooled(g, Value::average_pool)
        };
        AdaptiveMaxPool(inputs)[output_size, data_format] => |g| adaptive(g, Value::max_pool);
        AdaptiveAveragePool(inputs)[output_size, data_format] => |g| adaptive(g, Value::average_pool);
        DotProductAttention(query, key, value, bias, mask, scale)
            [is_causal, flash_attention, attn_logits_soft_cap] => attention;
        // Cross-entropies of each element or row
        BinaryCrossentropy(target, output)[from_logits] => |g| {
            let (target, output) = both(g, "target", "output")?;
            let [yes, no] = match g.flag("from_logits") {
                true => [output.log_sigmoid(), output.negative().log_sigmoid()],
                false => {
                    let output = output.clip(epsilon(), 1.0 - epsilon());
                    [output.log(), (output.full_like(1.0) - output).log()]
                }
            };
            Ok(vec![(&target * yes + (target.full_like(1.0) - &target) * no).negative()])
        };
        CategoricalCrossentropy(target, output)[from_logits, axis] => |g| {
            let (target, output) = both(g, "target", "output")?;
            let axis = g.own("axis").as_i64().unwrap_or(-1) as isize;
            Ok(vec![(target * logarithms(g, &output, axis)).sum(&[axis], false).negative()])
        };
        SparseCategoricalCrossentropy(target, output)[from_logits, axis] => |g| {
            let (target, output) = (g.value("target")?, floated(g.value("output")?));
            let axis = g.own("axis").as_i64().unwrap_or(-1) as isize;
            let axis = super::arrange::axis_of(&output, axis)? as isize;
            let target = match target.rank() == output.rank() && target.dim(-1) == 1 {
                true => target.squeeze(-1),
                false => target,
            };
            let hot = target.cast(DType::I32).one_hot(output.dim(axis), output.dtype());
            let hot = super::arrange::move_axes(&hot, &[-1], &[axis])?;
            Ok(vec![(hot * logarithms(g, &output, axis)).sum(&[axis], false).negative()])
        };
        // Normalized
        LayerNorm(x, gamma, beta)[axis, epsilon] => |g| {
            let x = floated(g.value("x")?);
            let axes = g.ints("axis")?.unwrap_or_else(|| vec![-1]);
            let apart = &x - x.mean(&axes, true);
            let variance = apart.square().mean(&axes, true);
            let y = apart * (variance + g.own("epsilon").as_f64().unwrap_or(epsilon())).rsqrt();
            let scaled = g.optional("gamma", Some(&x))?.map_or(y.clone(), |gamma| &y * gamma);
            Ok(vec![g.optional("beta", Some(&x))?.map_or(scaled.clone(), |beta| &scaled + beta)])
        };
    }
}

/// Two values as floats of one type.
fn both(g: &Given<'_>, first: &str, second: &str) -> Result<(Value, Value)> {
    let mut pair = promoted(vec![floated(g.value(first)?), floated(g.value(second)?)]);
    match (pair.pop(), pair.pop()) {
        (Some(second), Some(first)) => Ok((first, second)),
        _ => Err(format!("{first} and {second} are needed")),
    }
}

/// One size for each of so many axes, or one for all.
fn sizes(g: &Given<'_>, name: &str, axes: usize, least: usize) -> Result<Vec<usize>> {
    let given = g.ints(name)?.ok_or_else(|| format!("{name} is missing"))?;
    let given = if given.len() == 1 { vec![given[0]; axes] } else { given };
    let sizes: Option<Vec<usize>> = given.iter().map(|n| usize::try_from(*n).ok()).collect();
    sizes.filter(|all| all.len() == axes && all.iter().all(|n| *n >= least)).ok_or_else(|| {
        format!("{name} must be {axes} numbers of at least {least}, or one, got {given:?}")
    })
}

/// Windows and how they slide.
struct Sliding {
    size: Vec<usize>,
    strides: Vec<usize>,
    dilation: Vec<usize>,
    padding: Padding,
    format: DataFormat,
}

impl Sliding {
    /// Windows as large as a kernel, behind whose sizes so many axes of channels stand.
    fn of_kernel(g: &Given<'_>, x: &Value, kernel: &Value, channels: usize) -> Result<Sliding> {
        let axes = x.rank().saturating_sub(2);
        if axes == 0 || kernel.rank() != axes + channels {
            let (x, kernel) = (x.shape(), kernel.shape());
            return Err(format!("a kernel {kernel} does not fit inputs {x}"));
        }
        let one = |name: &str| match g.own(name) {
            Json::Null => Ok(vec![1; axes]),
            _ => sizes(g, name, axes, 1),
        };
        let size = kernel.shape()[..axes].to_vec();
        Sliding {
            size,
            strides: one("strides")?,
            dilation: one("dilation_rate")?,
            ..Sliding::words(g)?
        }
        .checked(x)
    }

    /// Windows of a pool.
    fn of_pool(g: &Given<'_>, x: &Value) -> Result<Sliding> {
        let axes = x.rank().saturating_sub(2);
        let size = sizes(g, "pool_size", axes, 1)?;
        let strides = match g.own("strides") {
            Json::Null => size.clone(),
            _ => sizes(g, "strides", axes, 1)?,
        };
        Sliding { dilation: vec![1; axes], size, strides, ..Sliding::words(g)? }.checked(x)
    }

    fn words(g: &Given<'_>) -> Result<Sliding> {
        let padding = match g.own("padding") {
            Json::Null => "valid".into(),
            word => Padding::from_json(word, &Scope::default())?,
        };
        padding.get().map_err(|e| e.to_string())?;
        let (size, strides, dilation) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Sliding { size, strides, dilation, padding, format: format(g)? })
    }

    fn checked(self, x: &Value) -> Result<Sliding> {
        let windows = self.windows();
        let last = windows.order().to_last(x);
        let valid = self.padding.get().is_ok_and(|mode| mode == PaddingMode::Valid);
        let reach = self.size.iter().zip(&self.dilation).map(|(size, d)| (size - 1) * d + 1);
        let is_within = reach.zip(last.shape().iter().skip(1)).all(|(reach, n)| reach <= *n);
        match self.size.contains(&0) || valid && !is_within && self.size.iter().any(|n| *n > 1) {
            true => Err(format!("windows {:?} do not fit {}", self.size, x.shape())),
            false => Ok(self),
        }
    }

    fn windows(&self) -> Windows<'_> {
        Windows {
            argument: "kernel_size",
            size: &self.size,
            strides: &self.strides,
            dilation: &self.dilation,
            padding: &self.padding,
            in_time: true,
            format: &self.format,
        }
    }
}

fn format(g: &Given<'_>) -> Result<DataFormat> {
    let format = match g.own("data_format") {
        Json::Null => DataFormat::configured(),
        word => DataFormat::from_json(word, &Scope::default())?,
    };
    format.get().map_err(|e| e.to_string())?;
    Ok(format)
}

fn depthwise(sliding: &Sliding, x: &Value, kernel: &Value) -> Value {
    crate::layers::conv::convolve_depthwise(&sliding.windows(), x, kernel, None)
}

fn pooled(g: &Given<'_>, reduce: fn(&Value, Window) -> Value) -> Outcome {
    let x = floated(g.value("inputs")?);
    Ok(vec![pool(&Sliding::of_pool(g, &x)?.windows(), &x, reduce)])
}

fn adaptive(g: &Given<'_>, reduce: fn(&Value, Window) -> Value) -> Outcome {
    let x = floated(g.value("inputs")?);
    let axes = x.rank().saturating_sub(2);
    let parts = sizes(g, "output_size", axes, 1)?;
    let order = format(g)?.get().unwrap_or(ChannelsOrder::Last);
    let parts = parts.into_iter().enumerate();
    let y = parts.fold(order.to_last(&x), |y, (i, parts)| adapted(&y, i, parts, reduce));
    Ok(vec![order.of_last(&y)])
}

/// Logarithms of probabilities along an axis, from scores or from what adds up to them.
fn logarithms(g: &Given<'_>, output: &Value, axis: isize) -> Value {
    if g.flag("from_logits") {
        return output.log_softmax(&[axis]);
    }
    let shares = output / output.sum(&[axis], true);
    shares.clip(epsilon(), 1.0 - epsilon()).log()
}

/// softmax(q · kᵀ · scale + bias) · v, heads on the last but one axis; each of fewer heads of key and
/// value serves as many of the query.
fn attention(g: &Given<'_>) -> Outcome {
    let query = floated(g.value("query")?);
    let [key, value] = ["key", "value"].map(|name| g.value(name));
    let (key, value) = (floated(key?).cast(query.dtype()), floated(value?).cast(query.dtype()));
    let (&[batch, steps, heads, size], &[_, sources, fewer, _]) =
        (&query.shape()[..], &key.shape()[..])
    else {
        let (query, key) = (query.shape(), key.shape());
        return Err(format!("expected (batch, steps, heads, size), got query {query}, key {key}"));
    };
    if fewer == 0 || !heads.is_multiple_of(fewer) {
        return Err(format!("the heads of key, {fewer}, must divide those of query, {heads}"));
    }
    let scale = match g.optional("scale", Some(&query))? {
        Some(scale) => scale,
        None => query.builder().scalar(query.dtype(), 1.0 / (size as f64).sqrt()),
    };
    let wide = |v: &Value| {
        let each = v.expand_dims(3).broadcast_to([batch, sources, fewer, heads / fewer, v.dim(-1)]);
        each.reshape([batch, sources, heads, v.dim(-1)]).transpose(&[0, 2, 1, 3])
    };
    let (key, value) = (wide(&key), wide(&value));
    let scores = query.transpose(&[0, 2, 1, 3]).matmul(&key.transpose(&[0, 1, 3, 2])) * scale;
    let scores = match g.own("attn_logits_soft_cap").as_f64() {
        Some(cap) => (scores / cap).tanh() * cap,
        None => scores,
    };
    let scores = match g.optional("bias", Some(&query))? {
        Some(bias) => scores + bias,
        None => scores,
    };
    let mut allowed = g.optional("mask", None)?.map(|mask| super::table::truth(&mask));
    if g.flag("is_causal") {
        let b = query.builder();
        let shape = [1, 1, steps, sources];
        let before = b.iota(DType::I32, shape, 3).less_equal(b.iota(DType::I32, shape, 2));
        allowed = Some(allowed.map_or(before.clone(), |mask| mask.and(before)));
    }
    let scores = match allowed {
        Some(allowed) => allowed.select(&scores, super::elementwise::range(scores.dtype()).0 * 0.7),
        None => scores,
    };
    let mixed = scores.softmax(&[-1]).matmul(&value);
    Ok(vec![mixed.transpose(&[0, 2, 1, 3])])
}
