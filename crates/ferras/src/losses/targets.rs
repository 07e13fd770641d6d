//! What targets cannot be: looked at on the host, before training, so that an error can name the
//! value and its row.
use crate::layers::PartialShape;
use crate::{Error, Result};
use ferras_graph::{Element, Elements, Shape, Tensor};

/// Neither NaN nor infinite.
pub(crate) fn finite(loss: &str, y_true: &Tensor) -> Result<()> {
    match first(y_true, |v| !v.is_finite()) {
        None => Ok(()),
        Some((row, value)) => Err(problem(
            loss,
            format!("y_true holds {value} in row {row}; remove or replace such targets"),
        )),
    }
}

/// Finite, and of the output's shape.
pub(crate) fn like_output(loss: &str, y_true: &Tensor, y_pred: &PartialShape) -> Result<()> {
    expect_output_shape(loss, y_true, y_pred, "")?;
    finite(loss, y_true)
}

/// Finite, with an entry for each class.
pub(crate) fn per_class(loss: &str, y_true: &Tensor, y_pred: &PartialShape) -> Result<()> {
    let (shape, classes) = (y_true.shape(), y_pred.last().copied().flatten());
    let numbers = shape.rank() + 1 == y_pred.len() || shape.last() == Some(&1);
    let way_out = match classes {
        Some(k) if k > 1 && numbers => format!(
            "; for class numbers use \"sparse_{}\", or make rows of them by to_categorical(y, {k})",
            loss.trim_start_matches("sparse_")
        ),
        _ => "; the output needs one unit for each class".to_string(),
    };
    expect_output_shape(loss, y_true, y_pred, &way_out)?;
    finite(loss, y_true)
}

fn expect_output_shape(
    loss: &str,
    y_true: &Tensor,
    y_pred: &PartialShape,
    way_out: &str,
) -> Result<()> {
    if fits(y_true.shape(), y_pred) {
        return Ok(());
    }
    let found = y_true.shape();
    Err(problem(
        loss,
        format!("expected y_true of the output's shape {y_pred}, got {found}{way_out}"),
    ))
}

/// Whether targets of this shape meet the output element by element; a last axis of size 1 may be
/// there or not.
fn fits(y_true: &Shape, y_pred: &[Option<usize>]) -> bool {
    let plain = |shape: &[Option<usize>]| match shape {
        [rest @ .., Some(1)] if !rest.is_empty() => rest.to_vec(),
        all => all.to_vec(),
    };
    let truth: Vec<Option<usize>> = y_true.iter().map(|&d| Some(d)).collect();
    let same = |a: &[Option<usize>], b: &[Option<usize>]| {
        a.len() == b.len() && a.iter().zip(b).skip(1).all(|(a, b)| a == b || b.is_none())
    };
    same(&truth, y_pred) || same(&plain(&truth), &plain(y_pred))
}

/// Whole numbers from 0 below the number of classes, but for the one that does not count.
pub(crate) fn class_numbers(
    loss: &str,
    y_true: &Tensor,
    y_pred: &PartialShape,
    axis: isize,
    ignored: Option<i64>,
) -> Result<()> {
    let place = if axis < 0 { axis + y_pred.len() as isize } else { axis } as usize;
    let Some(&classes) = y_pred.get(place) else {
        return Err(problem(loss, format!("axis {axis} is beyond the output's shape {y_pred}")));
    };
    expect_class_shape(loss, y_true, y_pred, place)?;
    let end = classes.map_or(f64::INFINITY, |k| k as f64);
    let counts = |v: f64| ignored != Some(v as i64) || v.fract() != 0.0;
    let wrong = |v: f64| !(v >= 0.0 && v < end && v.fract() == 0.0) && counts(v);
    let Some((row, value)) = first(y_true, wrong) else { return Ok(()) };
    if !value.is_finite() {
        return finite(loss, y_true);
    }
    let expected = match classes {
        Some(k) => format!("class numbers from 0 to {}", k.saturating_sub(1)),
        None => "class numbers from 0".to_string(),
    };
    let way_out = match value.fract() == 0.0 && value >= end {
        true => "; the output needs one unit for each class",
        false => "; number the classes 0, 1, 2, …",
    };
    Err(problem(loss, format!("y_true holds {value} in row {row}, expected {expected}{way_out}")))
}

fn expect_class_shape(
    loss: &str,
    y_true: &Tensor,
    y_pred: &PartialShape,
    axis: usize,
) -> Result<()> {
    let mut expected = y_pred.to_vec();
    let classes = expected.remove(axis);
    let shape = y_true.shape();
    let mut with_one = expected.clone();
    with_one.insert(axis, Some(1));
    if fits(shape, &expected) || fits(shape, &with_one) {
        return Ok(());
    }
    let one_hot = shape.get(axis).is_some_and(|&k| Some(k) == classes);
    let way_out = match one_hot {
        true => "; for one-hot rows use \"categorical_crossentropy\"",
        false => "",
    };
    let expected = PartialShape::from(expected);
    Err(problem(
        loss,
        format!("expected class numbers of shape {expected} in y_true, got {shape}{way_out}"),
    ))
}

/// Rows of class numbers for sequences of classes.
pub(crate) fn sequences(loss: &str, y_true: &Tensor, y_pred: &PartialShape) -> Result<()> {
    let (shape, &[_, _, classes]) = (y_true.shape(), &y_pred[..]) else {
        let text = format!("expected an output of shape (batch, steps, classes), got {y_pred}");
        return Err(problem(loss, text));
    };
    if shape.rank() != 2 {
        let text = format!("expected class numbers (batch, labels) in y_true, got {shape}");
        return Err(problem(loss, text));
    }
    let end = classes.map_or(f64::INFINITY, |k| k as f64);
    match first(y_true, |v| !(v >= 0.0 && v < end && v.fract() == 0.0)) {
        None => Ok(()),
        Some((row, value)) => {
            let most = classes.map_or("the last class".into(), |k| k.saturating_sub(1).to_string());
            let text = format!(
                "y_true holds {value} in row {row}, expected class numbers from 1 to {most}, and 0 behind \
                 the last one; the output needs one unit for each class and one for the blank"
            );
            Err(problem(loss, text))
        }
    }
}

/// A whole number for each row.
pub(crate) fn labels(loss: &str, y_true: &Tensor, y_pred: &PartialShape) -> Result<()> {
    let shape = y_true.shape();
    if !matches!(&shape[..], [_] | [_, 1]) || y_pred.len() != 2 {
        let text = format!(
            "expected labels of shape (batch,) in y_true and embeddings (batch, d) as output, got \
             {shape} and {y_pred}"
        );
        return Err(problem(loss, text));
    }
    match first(y_true, |v| v.is_finite() && v.fract() != 0.0) {
        None => finite(loss, y_true),
        Some((row, value)) => {
            Err(problem(loss, format!("y_true holds {value} in row {row}, expected whole numbers")))
        }
    }
}

fn problem(loss: &str, text: String) -> Error {
    Error::Data(format!("loss {loss:?}: {text}"))
}

/// The first element that is `wrong`, with its row.
fn first(y_true: &Tensor, wrong: impl Fn(f64) -> bool) -> Option<(usize, f64)> {
    fn find<T: Element>(data: &[T], wrong: impl Fn(f64) -> bool) -> Option<(usize, f64)> {
        data.iter().map(|v| v.to_f64()).enumerate().find(|&(_, v)| wrong(v))
    }
    let found = match y_true.elements() {
        Elements::Bool(v) => find(v, wrong),
        Elements::U8(v) => find(v, wrong),
        Elements::I32(v) => find(v, wrong),
        Elements::I64(v) => find(v, wrong),
        Elements::F16(v) => find(v, wrong),
        Elements::BF16(v) => find(v, wrong),
        Elements::F32(v) => find(v, wrong),
        Elements::F64(v) => find(v, wrong),
    };
    let row = y_true.shape().iter().skip(1).product::<usize>().max(1);
    found.map(|(i, v)| (i / row, v))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(result: Result<()>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn wrong_class_numbers_are_named_with_row_and_range() {
        let output = PartialShape::from([None, Some(3)]);
        let check = |labels: Vec<f32>| {
            let n = labels.len();
            class_numbers("scce", &Tensor::new([n], labels).unwrap(), &output, -1, Some(-1))
        };
        assert!(check(vec![0.0, 2.0, -1.0]).is_ok());
        assert_eq!(
            text(check(vec![0.0, 3.0])),
            "loss \"scce\": y_true holds 3 in row 1, expected class numbers from 0 to 2; \
             the output needs one unit for each class"
        );
        assert!(text(check(vec![0.5])).contains("holds 0.5 in row 0"));
        assert!(text(check(vec![-2.0])).contains("number the classes 0, 1, 2"));
        assert!(text(check(vec![0.0, f32::NAN])).contains("holds NaN in row 1"));
        let one_hot = Tensor::new([2, 3], vec![0.0_f32; 6]).unwrap();
        let error = text(class_numbers("scce", &one_hot, &output, -1, None));
        assert_eq!(
            error,
            "loss \"scce\": expected class numbers of shape (None,) in y_true, got (2, 3); \
             for one-hot rows use \"categorical_crossentropy\""
        );
    }

    #[test]
    fn targets_have_the_shape_of_the_output() {
        let output = PartialShape::from([None, Some(1)]);
        let column =
            |shape: &[usize]| Tensor::new(shape, vec![0.0_f32; shape.iter().product()]).unwrap();
        assert!(like_output("mse", &column(&[4]), &output).is_ok());
        assert!(like_output("mse", &column(&[4, 1]), &output).is_ok());
        assert_eq!(
            text(like_output("mse", &column(&[4, 2]), &output)),
            "loss \"mse\": expected y_true of the output's shape (None, 1), got (4, 2)"
        );
        let output = PartialShape::from([None, Some(3)]);
        let error = text(per_class("categorical_crossentropy", &column(&[4]), &output));
        assert_eq!(
            error,
            "loss \"categorical_crossentropy\": expected y_true of the output's shape (None, 3), \
             got (4,); for class numbers use \"sparse_categorical_crossentropy\", or make rows of \
             them by to_categorical(y, 3)"
        );
        let infinite = Tensor::new([2, 1], vec![0.0_f32, f32::INFINITY]).unwrap();
        assert_eq!(
            text(finite("mse", &infinite)),
            "loss \"mse\": y_true holds inf in row 1; remove or replace such targets"
        );
    }
}
