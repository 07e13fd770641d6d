//! A metric's part of a step, with an error that says which shapes it takes.
use super::MetricFn;
use crate::layers::PartialShape;
use crate::{Error, Result};
use ferras_graph::{Builder, Shape, TensorType, Value};

/// Rows of a trial, as no other axis has: what meets by chance must not seem to fit.
const ROWS: usize = 7919;

/// The metric's state after a batch; an error that names the metric and the shapes, where it cannot
/// be computed of them.
pub(crate) fn updated(
    metric: &dyn MetricFn,
    state: &[Value],
    y_true: &Value,
    y_pred: &Value,
    weights: Option<&Value>,
) -> Result<Vec<Value>> {
    let builder = y_pred.builder();
    // A mistake made before is not the metric's: whoever finishes the graph tells it.
    if builder.first_error().is_some() {
        return Ok(state.to_vec());
    }
    let new = metric.update(state, y_true, y_pred, weights);
    let Some(problem) = problem(builder, state, &new) else { return Ok(new) };
    let (found, output) = (open(y_true.shape()), open(y_pred.shape()));
    let shapes = match fitting(metric, state, y_true, y_pred, weights) {
        Some(expected) => format!("expected y_true of shape {}, got {found}", open(expected)),
        None => format!("cannot compare y_true of shape {found} with y_pred of shape {output}"),
    };
    Err(Error::Data(format!("metric {:?}: {shapes} ({problem})", metric.name())))
}

/// What is wrong with a new state, if anything is.
fn problem(builder: &Builder, state: &[Value], new: &[Value]) -> Option<String> {
    match builder.first_error() {
        Some(ferras_graph::Error::Op { op, problem, .. }) => {
            return Some(format!("{op}: {problem}"));
        }
        Some(other) => return Some(other.to_string()),
        None => {}
    }
    if state.len() != new.len() {
        return Some(format!("{} states cannot become {}", state.len(), new.len()));
    }
    let (old, new) = state.iter().zip(new).find(|(old, new)| old.ty() != new.ty())?;
    Some(format!("a state of type {} cannot become {}", old.ty(), new.ty()))
}

/// The shape of targets that the metric takes for these predictions: theirs, or that without classes.
fn fitting(
    metric: &dyn MetricFn,
    state: &[Value],
    y_true: &Value,
    y_pred: &Value,
    weights: Option<&Value>,
) -> Option<Shape> {
    let output = y_pred.shape();
    let rows = output.split_last().map_or(&[][..], |(_, rows)| rows);
    let found = y_true.shape();
    let others = [&output[..], rows].map(Shape::from).into_iter().filter(|shape| *shape != found);
    others.into_iter().find(|shape| {
        let builder = Builder::new();
        let feed = |name: &str, value: &Value, shape: &Shape| {
            let mut sizes = shape.to_vec();
            sizes.iter_mut().take(1).for_each(|rows| *rows = ROWS);
            builder.feed(name, TensorType::new(value.dtype(), sizes))
        };
        let number = |(i, value): (usize, &Value)| builder.state(format!("state{i}"), value.ty());
        let state: Vec<Value> = state.iter().enumerate().map(number).collect();
        let (t, p) = (feed("y_true", y_true, shape), feed("y_pred", y_pred, &output));
        let weights = weights.map(|w| feed("sample_weight", w, &w.shape()));
        let new = metric.update(&state, &t, &p, weights.as_ref());
        problem(&builder, &state, &new).is_none()
    })
}

/// A shape whose number of rows does not matter.
fn open(shape: Shape) -> PartialShape {
    let sizes = shape.iter().enumerate().map(|(axis, &size)| (axis > 0).then_some(size));
    PartialShape::from(sizes.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use crate::RunningMetric;
    use crate::metrics::{F1Score, SparseCategoricalAccuracy, TopKCategoricalAccuracy};
    use crate::prelude::*;

    #[test]
    fn shapes_that_a_metric_does_not_take() {
        let two = ndarray::Array2::<f32>::zeros((3, 2));
        let mut metric = RunningMetric::new(SparseCategoricalAccuracy::new()).unwrap();
        let p = ndarray::Array2::<f32>::zeros((3, 3));
        let error = metric.update_state(two.clone(), p.clone()).unwrap_err().to_string();
        let expected = "metric \"sparse_categorical_accuracy\": expected y_true of shape (None,), \
                        got (None, 2) (equal: cannot broadcast (3, 2) and (3,))";
        assert_eq!(error, expected);
        let mut best = RunningMetric::new(TopKCategoricalAccuracy::new()).unwrap();
        let classes = ndarray::Array1::<f32>::zeros(3);
        let error = best.update_state(classes, p.clone()).unwrap_err().to_string();
        assert!(error.contains("expected y_true of shape (None, 3), got (None,)"), "{error}");
        let mut score = RunningMetric::new(F1Score::new()).unwrap();
        let error = score.update_state(two, p).unwrap_err().to_string();
        assert!(error.contains("expected y_true of shape (None, 3), got (None, 2)"), "{error}");
        assert!(!error.contains(".rs"), "{error}");
    }

    #[test]
    fn training_names_the_output() {
        let metric = "sparse_top_k_categorical_accuracy";
        let mut model = Sequential::new().add(Dense::new(3).input_dim(2).name("answer"));
        model.compile(Compile::new().optimizer("sgd").loss("mse").metrics([metric])).unwrap();
        let (x, y) = (ndarray::Array2::<f32>::zeros((4, 2)), ndarray::Array2::<f32>::zeros((4, 3)));
        let error = model.fit(x, y, Fit::new().verbose(0)).unwrap_err().to_string();
        let start = "y of output \"answer\": metric \"sparse_top_k_categorical_accuracy\": expected \
                     y_true of shape (None,), got (None, 3)";
        assert!(error.starts_with(start) && !error.contains(".rs"), "{error}");
    }
}
