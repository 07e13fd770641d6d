//! What a layer gives for inputs of some shapes, told by tracing it.
use crate::layers::{
    CallArguments, LayerMetric, LayerRef, Masked, Measured, PartialShape, TensorSpec, Trace,
    WeightSpec,
};
use crate::{Error, Result};
use ferras_graph::{Builder, DType, TensorType, Value};

/// Open sizes are tried out with these two; what differs in the result is open there too. They are
/// so large and so far apart that windows and strides of hundreds of places tell them apart.
const PROBES: [usize; 2] = [997, 1511];
/// Where these are too small for a layer, as for one that crops a thousand places.
const LARGE_PROBES: [usize; 2] = [65_521, 131_071];

/// What a layer gives: its outputs, the shapes of their masks, and what it adds to a step.
#[derive(Default)]
pub(super) struct Inferred {
    pub(super) outputs: Vec<TensorSpec>,
    pub(super) fronts: Vec<TensorSpec>,
    pub(super) masks: Vec<Option<PartialShape>>,
    /// What it follows in every step.
    pub(super) metrics: Vec<LayerMetric>,
    /// Whether it adds to the loss.
    pub(super) adds_loss: bool,
}

/// What a layer gives: on the host, as it says itself, in the graph, as tracing tells.
pub(super) fn infer(
    layer: &LayerRef,
    name: &str,
    inputs: &[TensorSpec],
    masks: &[Option<PartialShape>],
    arguments: &CallArguments,
    weights: &[WeightSpec],
) -> Result<Inferred> {
    let Some(host) = layer.0.layer.host() else {
        return infer_shapes(layer, name, inputs, masks, arguments, weights);
    };
    let specs = host.specs(inputs).map_err(|e| problem(layer, name, e.to_string()))?;
    if !host.goes_on() {
        let masks = vec![None; specs.len()];
        return Ok(Inferred { outputs: specs, masks, ..Inferred::default() });
    }
    let masks = vec![None; specs.len()];
    let inferred = infer_shapes(layer, name, &specs, &masks, arguments, weights)?;
    Ok(Inferred { fronts: specs, ..inferred })
}

fn problem(layer: &LayerRef, name: &str, problem: String) -> Error {
    Error::Layer { layer: name.into(), class: layer.0.layer.class_name().into(), problem }
}

/// What a layer gives for inputs of these shapes: it is traced twice, with the open sizes filled
/// differently.
fn infer_shapes(
    layer: &LayerRef,
    name: &str,
    inputs: &[TensorSpec],
    masks: &[Option<PartialShape>],
    arguments: &CallArguments,
    weights: &[WeightSpec],
) -> Result<Inferred> {
    let numbers = |spec: &TensorSpec| {
        let texts = "expected numbers, got texts: they go through TextVectorization, StringLookup or \
                     Hashing first";
        spec.dtype.number().ok_or_else(|| problem(layer, name, texts.into()))
    };
    let dtypes = inputs.iter().map(numbers).collect::<Result<Vec<DType>>>()?;
    let probe = |inputs: &[TensorSpec], size: usize| {
        let builder = Builder::new();
        let feed = |((s, dtype), mask): ((&TensorSpec, &DType), &Option<PartialShape>)| Masked {
            value: builder.feed("x", TensorType::new(*dtype, s.shape.fill(size))),
            mask: mask
                .as_ref()
                .map(|m| builder.feed("mask", TensorType::new(DType::Bool, m.fill(size)))),
        };
        let feeds: Vec<Masked> = inputs.iter().zip(&dtypes).zip(masks).map(feed).collect();
        let mut trace = Trace::new(builder.clone(), false, None);
        for spec in weights {
            trace.bind(spec);
        }
        let outputs = trace.call(layer, name, name, true, feeds, arguments);
        match builder.first_error() {
            Some(e) => Err(layer_error(layer, name, inputs, e)),
            None => Ok((outputs, trace)),
        }
    };
    let both = |inputs: &[TensorSpec], [a, b]: [usize; 2]| -> Result<_> {
        Ok((probe(inputs, a)?, probe(inputs, b)?))
    };
    let ((first, trace), (second, again)) = both(inputs, PROBES)
        .or_else(|e| both(inputs, LARGE_PROBES).map_err(|_| e))
        .or_else(|e| both(&agreed(inputs), PROBES).map_err(|_| e))?;
    if first.len() != second.len() {
        let text = "the number of its outputs depends on the sizes of its inputs";
        return Err(problem(layer, name, text.into()));
    }
    let common = |a: &Value, b: &Value| PartialShape::common(&a.shape(), &b.shape());
    let pairs = || first.iter().zip(&second);
    let spec = |(a, b): (&Masked, &Masked)| TensorSpec {
        dtype: a.value.dtype().into(),
        shape: common(&a.value, &b.value),
    };
    let mask = |(a, b): (&Masked, &Masked)| Some(common(a.mask.as_ref()?, b.mask.as_ref()?));
    let (outputs, masks) = (pairs().map(spec).collect(), pairs().map(mask).collect());
    let metrics = trace.measured.iter().zip(&again.measured);
    let metric = |(a, b): (&Measured, &Measured)| LayerMetric {
        layer: a.layer.clone(),
        metric: a.metric.clone(),
        shape: common(&a.y_pred, &b.y_pred),
    };
    let adds_loss = !trace.losses.is_empty();
    let metrics = metrics.map(metric).collect();
    Ok(Inferred { outputs, masks, metrics, adds_loss, ..Inferred::default() })
}

/// The inputs where what is open in one has the size that another one of its rank has there, as merges
/// need it; the batch axis stays open.
fn agreed(inputs: &[TensorSpec]) -> Vec<TensorSpec> {
    let size = |axis: usize, own: &TensorSpec| {
        let alike = inputs.iter().filter(|spec| spec.shape.len() == own.shape.len());
        own.shape[axis].or_else(|| alike.filter(|_| axis > 0).find_map(|spec| spec.shape[axis]))
    };
    let shape = |own: &TensorSpec| -> PartialShape {
        (0..own.shape.len()).map(|axis| size(axis, own)).collect::<Vec<_>>().into()
    };
    inputs.iter().map(|own| TensorSpec { shape: shape(own), dtype: own.dtype }).collect()
}

/// An error of the graph as an error of the layer, in the user's terms.
fn layer_error(
    layer: &LayerRef,
    name: &str,
    inputs: &[TensorSpec],
    error: ferras_graph::Error,
) -> Error {
    let shapes: Vec<String> = inputs.iter().map(|s| s.shape.to_string()).collect();
    let made = layer.0.at.map(|at| format!(", layer made at {}:{}", at.file(), at.line()));
    let cause = match error {
        ferras_graph::Error::Op { op, problem, .. } => format!("{op}: {problem}"),
        other => other.to_string(),
    };
    Error::Layer {
        layer: name.into(),
        class: layer.0.layer.class_name().into(),
        problem: format!("{cause} (input {}{})", shapes.join(" and "), made.unwrap_or_default()),
    }
}
