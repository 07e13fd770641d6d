//! Figures of predictions and weights.
use super::axis::short;
use super::figure::{Figure, Panel, Series};
use crate::models::Model;
use crate::preprocessing::{precision_recall_curve as precision_recall, roc_curve as roc};
use crate::{Error, Result};

/// True over false positives of a binary classifier at every threshold, beside those of chance;
/// the legend states the area under the curve.
///
/// Arguments and errors as for [`crate::preprocessing::roc_curve`].
///
/// ```
/// let figure = ferras::plot::roc_curve(&[0, 0, 1, 1], &[0.1, 0.4, 0.35, 0.8])?;
/// assert!(figure.to_svg().contains("area 0.7500"));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn roc_curve(y_true: &[i64], y_score: &[f64]) -> Result<Figure> {
    let curve = roc(y_true, y_score)?;
    let stated = format!("area {}", short(curve.auc()));
    let model = Series::new("model", &curve.tpr).over(&curve.fpr).stated(stated);
    let chance = Series::new("chance", &[0.0, 1.0]).over(&[0.0, 1.0]).dashed().stated("0.5");
    let panel = Panel::lines([model, chance]);
    let panel = panel.x_label("false positive rate").y_label("true positive rate");
    Ok(Figure::new("ROC curve").panel(panel).size(640, 600))
}

/// Precision over recall of a binary classifier at every threshold, beside that of chance; the
/// legend states the average precision.
///
/// Arguments and errors as for [`crate::preprocessing::precision_recall_curve`].
///
/// ```
/// let figure = ferras::plot::precision_recall_curve(&[0, 0, 1, 1], &[0.1, 0.4, 0.35, 0.8])?;
/// assert!(figure.to_svg().contains("average precision 0.8333"));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn precision_recall_curve(y_true: &[i64], y_score: &[f64]) -> Result<Figure> {
    let curve = precision_recall(y_true, y_score)?;
    let stated = format!("average precision {}", short(curve.average_precision()));
    let model = Series::new("model", &curve.precision).over(&curve.recall).stated(stated);
    let share = y_true.iter().sum::<i64>() as f64 / y_true.len() as f64;
    let chance = Series::new("chance", &[share, share]).over(&[0.0, 1.0]).dashed();
    let panel = Panel::lines([model, chance]).x_label("recall").y_label("precision");
    Ok(Figure::new("Precision and recall").panel(panel).size(640, 600))
}

/// A dot for each prediction over the truth, beside the line on which they would be equal; the
/// legend states the mean absolute error.
///
/// Errors: other lengths, nothing to show.
///
/// ```
/// let figure = ferras::plot::prediction_over_truth(&[1.0, 2.0, 3.0], &[1.1, 1.8, 3.3])?;
/// assert!(figure.to_svg().contains("mean absolute error 0.2000"));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn prediction_over_truth(y_true: &[f64], y_pred: &[f64]) -> Result<Figure> {
    let error = mean_absolute_error(y_true, y_pred)?;
    let stated = format!("mean absolute error {}", short(error));
    let dots = Series::new("predictions", y_pred).over(y_true).dots().stated(stated);
    let ends = [f64::INFINITY, f64::NEG_INFINITY];
    let [least, most] = y_true.iter().fold(ends, |[a, b], &v| [a.min(v), b.max(v)]);
    let equal = Series::new("equal", &[least, most]).over(&[least, most]).dashed().stated("");
    let panel = Panel::lines([dots, equal]).x_label("truth").y_label("prediction");
    Ok(Figure::new("Prediction over truth").panel(panel).size(640, 600))
}

/// A series over time with predictions of it: `parts` are names, the place of the first value
/// (counted from 1) and values.
///
/// Errors: no truth, a part that begins before 1.
///
/// ```
/// let truth = [1.0, 2.0, 3.0, 4.0];
/// let figure = ferras::plot::forecast(&truth, &[("test", 3, &[2.9, 4.2][..])])?;
/// assert!(figure.to_svg().contains("test"));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn forecast(truth: &[f64], parts: &[(&str, usize, &[f64])]) -> Result<Figure> {
    if truth.is_empty() {
        return Err(Error::argument("truth", "must have values, got none"));
    }
    let mut series = vec![Series::new("truth", truth).stated("")];
    for (name, first, values) in parts {
        if *first == 0 {
            let problem = format!("part {name:?} must begin at 1 or later, got 0");
            return Err(Error::argument("parts", problem));
        }
        series.push(Series::new(*name, values).at(*first..first + values.len()).stated(""));
    }
    Ok(Figure::new("Prediction and truth").panel(Panel::lines(series).x_label("time")))
}

fn mean_absolute_error(y_true: &[f64], y_pred: &[f64]) -> Result<f64> {
    let (expected, found) = (y_true.len(), y_pred.len());
    if expected != found || expected == 0 {
        return Err(Error::argument(
            "y_pred",
            format!("must have a number for each true one, got {found} for {expected}"),
        ));
    }
    let sum: f64 = y_true.iter().zip(y_pred).map(|(a, b)| (a - b).abs()).sum();
    Ok(sum / expected as f64)
}

/// How the values of each weight are spread, a panel each.
///
/// Errors: a model without weights.
///
/// ```
/// use ferras::prelude::*;
/// let model = Sequential::new().add(Dense::new(8).input_dim(4)).build()?;
/// assert!(ferras::plot::weight_histograms(&model)?.to_svg().contains("dense/kernel"));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn weight_histograms(model: &Model) -> Result<Figure> {
    let mut figure = Figure::new(format!("Weights of {}", model.name()));
    for weight in model.weights() {
        let values = weight.value()?.to_f64_vec();
        let panel = histogram(&values).title(weight.path()).y_label("values");
        figure = figure.panel(panel);
    }
    match model.weights().is_empty() {
        true => Err(Error::argument("model", "has no weights to show; build it first")),
        false => Ok(figure),
    }
}

/// Counts of values in ranges of one width; the legend states mean and deviation.
pub(super) fn histogram(values: &[f64]) -> Panel {
    let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let ends = [f64::INFINITY, f64::NEG_INFINITY];
    let [least, most] = finite.iter().fold(ends, |[a, b], &v| [a.min(v), b.max(v)]);
    let room = if most > least { 0.0 } else { least.abs().max(1.0) * 0.5 };
    let (low, high) = (least - room, most + room);
    let bins = ((finite.len() as f64).sqrt().ceil() as usize).clamp(5, 40);
    let width = (high - low) / bins as f64;
    let mut counts = vec![0.0; bins];
    for v in &finite {
        let bin = (((v - low) / width) as usize).min(bins - 1);
        if let Some(count) = counts.get_mut(bin) {
            *count += 1.0;
        }
    }
    let centres: Vec<f64> = (0..bins).map(|i| low + (i as f64 + 0.5) * width).collect();
    let mean = finite.iter().sum::<f64>() / finite.len() as f64;
    let variance = finite.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / finite.len() as f64;
    let stated = format!("mean {}, deviation {}", short(mean), short(variance.sqrt()));
    let name = format!("{} value{}", values.len(), if values.len() == 1 { "" } else { "s" });
    Panel::bars(Series::new(name, &counts).over(&centres).stated(stated))
}
