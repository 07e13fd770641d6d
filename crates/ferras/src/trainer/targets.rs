//! Preparing what `fit` and `evaluate` are given: order, lengths, weights, values that cannot be.
use super::compile::Target;
use super::data::{Data, check_inputs, rows};
use super::dataset::Arrays;
use crate::array::Array;
use crate::models::Model;
use crate::{Error, Result};
use ferras_graph::{DType, Element, Elements, Tensor};

/// What the samples are weighted by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Weighting {
    pub(crate) sample_weight: Option<Data>,
    pub(crate) class_weight: Vec<(i64, f64)>,
}

impl Model {
    /// The arrays in the model's order, checked: shapes, lengths, targets that can be.
    pub(crate) fn arrays(
        &self,
        targets: &[Target],
        x: Data,
        y: Data,
        weighting: Weighting,
    ) -> Result<Arrays> {
        let network = self.network()?;
        let mut x = x.resolve_arrays(&network.input_names(), "x")?;
        check_inputs(&self.name, network, &mut x)?;
        let y = for_targets(y, targets, &network.output_names(), "y")?;
        let n = rows(x.iter().map(Array::shape), "x")?;
        let m = rows(y.iter().map(Tensor::shape), "y")?;
        if n != m && !y.is_empty() {
            return Err(Error::Data(format!(
                "x and y must have one row for each sample: x has {n} rows, y has {m}"
            )));
        }
        if n == 0 {
            return Err(Error::Data("x and y are empty: expected at least one row".into()));
        }
        let specs = network.output_specs();
        for (target, truth) in targets.iter().zip(&y) {
            let Some(spec) = specs.get(target.output) else { continue };
            if let Some(dtype) = spec.dtype.number() {
                check_finite(truth, dtype, "y", &target.name)?;
            }
            if let Some(loss) = &target.loss {
                loss.check(truth, &spec.shape).map_err(|e| named(&target.name, e))?;
            }
        }
        let weights = weights(targets, &y, n, weighting)?;
        Ok(Arrays { x, y, weights, rows: n, host: self.on_host()? })
    }
}

/// The arrays of the outputs that are trained or measured. Those of all outputs may be given too,
/// as Keras wants them.
fn for_targets(
    data: Data,
    targets: &[Target],
    outputs: &[&str],
    what: &str,
) -> Result<Vec<Tensor>> {
    let names: Vec<&str> = targets.iter().map(|t| t.name.as_str()).collect();
    if data.len() != outputs.len() || names.len() == outputs.len() {
        return data.resolve(&names, what);
    }
    let all = data.resolve(outputs, what)?;
    Ok(targets.iter().filter_map(|t| all.get(t.output).cloned()).collect())
}

/// The error of a loss or metric with the output it stands at.
pub(crate) fn named(output: &str, error: Error) -> Error {
    match error {
        Error::Data(problem) => Error::Data(format!("y of output {output:?}: {problem}")),
        other => other,
    }
}

/// An error that names the first number of an argument that is NaN or infinite, or would be in the
/// element type that the model computes in.
fn check_finite(data: &Tensor, dtype: DType, argument: &str, output: &str) -> Result<()> {
    fn beyond<T: Element>(values: &[T], largest: f64) -> Option<usize> {
        values.iter().map(|v| v.to_f64()).position(|v| v.is_nan() || v.abs() > largest)
    }
    let largest = largest(dtype);
    let bad = match data.elements() {
        Elements::F32(v) => beyond(v, largest),
        Elements::F64(v) => beyond(v, largest),
        Elements::F16(v) => beyond(v, largest),
        Elements::BF16(v) => beyond(v, largest),
        Elements::I64(v) if dtype == DType::F16 => beyond(v, largest),
        Elements::I32(v) if dtype == DType::F16 => beyond(v, largest),
        _ => None,
    };
    let Some(place) = bad else { return Ok(()) };
    let width = data.shape().iter().skip(1).product::<usize>().max(1);
    let value = data.to_f64_vec().get(place).copied().unwrap_or(f64::NAN);
    let problem = match value.is_finite() {
        true => format!("too large for {dtype}, in which the model computes; scale such numbers"),
        false => "expected finite numbers; drop or fill such rows first".into(),
    };
    let row = place / width;
    Err(Error::Data(format!(
        "{argument} of output {output:?} has {value:?} in row {row}: {problem}"
    )))
}

/// The largest number of an element type.
fn largest(dtype: DType) -> f64 {
    match dtype {
        DType::F16 => 65504.0,
        DType::BF16 => 3.3895313892515355e38,
        DType::F32 => f64::from(f32::MAX),
        _ => f64::MAX,
    }
}

fn weights(
    targets: &[Target],
    y: &[Tensor],
    rows_of_x: usize,
    weighting: Weighting,
) -> Result<Vec<Option<Tensor>>> {
    let Weighting { sample_weight, class_weight } = weighting;
    match (sample_weight, class_weight.is_empty()) {
        (None, true) => Ok(vec![None; targets.len()]),
        (Some(_), false) => Err(Error::argument(
            "class_weight",
            "cannot be given together with sample_weight; multiply them into one sample_weight",
        )),
        (None, false) if y.len() > 1 => Err(Error::argument(
            "class_weight",
            format!("is for models with one output, this one has {}; use sample_weight", y.len()),
        )),
        (None, false) => y.iter().map(|y| class_weights(y, &class_weight).map(Some)).collect(),
        (Some(given), true) => {
            let names: Vec<&str> = targets.iter().map(|t| t.name.as_str()).collect();
            // One array serves every output.
            let shared = given.len() == 1 && names.len() > 1;
            let resolved = given.resolve(if shared { &[""] } else { &names }, "sample_weight")?;
            let n = rows(resolved.iter().map(Tensor::shape), "sample_weight")?;
            if n != rows_of_x {
                return Err(Error::Data(format!(
                    "sample_weight must have one row for each sample: x has {rows_of_x} rows, \
                     sample_weight has {n}"
                )));
            }
            let mut each = resolved.iter().zip(targets);
            each.try_for_each(|(w, t)| check_finite(w, DType::F32, "sample_weight", &t.name))?;
            let copies = if shared { names.len() } else { 1 };
            Ok(vec![resolved; copies].concat().into_iter().map(Some).collect())
        }
    }
}

/// The weight of each row by its class: the number, or the place of the largest of one-hot.
fn class_weights(y: &Tensor, classes: &[(i64, f64)]) -> Result<Tensor> {
    if let Some((class, weight)) = classes.iter().find(|(_, w)| !w.is_finite()) {
        let problem = format!("must be finite, got {weight} for class {class}");
        return Err(Error::argument("class_weight", problem));
    }
    let rows = y.shape().first().copied().unwrap_or(0);
    let values = y.to_f64_vec();
    let width = values.len().checked_div(rows).unwrap_or(1).max(1);
    let largest = |row: &[f64]| {
        let best = row.iter().enumerate().fold(0, |b, (i, v)| if *v > row[b] { i } else { b });
        best as i64
    };
    let class = |row: &[f64]| match row {
        [number] => number.round() as i64,
        _ => largest(row),
    };
    let weight = |class: i64| classes.iter().find(|(c, _)| *c == class).map_or(1.0, |(_, w)| *w);
    let weights: Vec<f32> = values.chunks(width).map(|row| weight(class(row)) as f32).collect();
    Ok(Tensor::new([rows], weights)?)
}
