//! Figures of a training run.
use super::axis::{drawable, short};
use super::figure::{Figure, Panel, Series};
use crate::config::suggest;
use crate::trainer::History;
use crate::{Error, Result};
use ndarray::{ArrayBase, Data, Ix2};
use std::collections::BTreeMap;

/// Values by epoch under Keras' names (`loss`, `accuracy`, `val_loss`): what a training leaves.
pub trait Curves {
    /// Names and values, in the order to show them in.
    fn curves(&self) -> Vec<(String, Vec<f64>)>;

    /// The epochs of a name's values, counted from 0, where they are not the first ones in a row.
    fn epochs(&self, name: &str) -> Option<&[usize]> {
        let _ = name;
        None
    }
}

impl Curves for [(String, Vec<f64>)] {
    fn curves(&self) -> Vec<(String, Vec<f64>)> {
        self.to_vec()
    }
}

impl Curves for Vec<(String, Vec<f64>)> {
    fn curves(&self) -> Vec<(String, Vec<f64>)> {
        self.clone()
    }
}

impl Curves for History {
    fn curves(&self) -> Vec<(String, Vec<f64>)> {
        self.history.clone()
    }

    fn epochs(&self, name: &str) -> Option<&[usize]> {
        History::epochs(self, name)
    }
}

impl Curves for BTreeMap<String, Vec<f64>> {
    fn curves(&self) -> Vec<(String, Vec<f64>)> {
        self.iter().map(|(n, v)| (n.clone(), v.clone())).collect()
    }
}

/// All that was measured, a panel each, training and validation together.
pub fn history<C: Curves + ?Sized>(curves: &C) -> Figure {
    let mut figure = Figure::new("Training");
    for name in metrics(&curves.curves()) {
        figure = figure.panel(panel(curves, &name).title(heading(&name)));
    }
    // Without a curve an empty pair of axes says so better than an empty page.
    if figure.panels.is_empty() { figure.panel(Panel::lines([]).x_label("epoch")) } else { figure }
}

/// One metric, training and validation: `metric(&history, "accuracy")`.
///
/// Errors: a name that was not measured.
pub fn metric<C: Curves + ?Sized>(curves: &C, name: &str) -> Result<Figure> {
    let known = metrics(&curves.curves());
    if !known.iter().any(|k| k == name) {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let hint = suggest(name, &known);
        return Err(Error::Unknown { kind: "metric of this history", name: name.into(), hint });
    }
    Ok(Figure::new(heading(name)).panel(panel(curves, name)))
}

/// Seconds that each epoch took, and their median.
pub fn epoch_times(seconds: &[f64]) -> Figure {
    let mut sorted: Vec<f64> = seconds.iter().copied().filter(|s| drawable(*s)).collect();
    sorted.sort_by(f64::total_cmp);
    let total: f64 = sorted.iter().sum();
    let (upper, lower) =
        (sorted.get(sorted.len() / 2), sorted.get(sorted.len().saturating_sub(1) / 2));
    let median = upper.zip(lower).map(|(a, b)| (a + b) / 2.0);
    let stated = format!("{} s in all", seconds_text(total));
    let series = Series::new("epochs", seconds).stated(stated);
    let panel = Panel::bars(series).x_label("epoch").y_label("seconds");
    Figure::new("Seconds per epoch").panel(match median {
        Some(median) => panel.level("median", median, format!("{} s", seconds_text(median))),
        None => panel,
    })
}

/// Seconds to a hundredth, or shorter where they are many or few.
fn seconds_text(seconds: f64) -> String {
    match seconds {
        s if (0.1..100.0).contains(&s) => format!("{s:.2}"),
        s => short(s),
    }
}

/// Counts of predictions, true classes down and predicted ones across; the darker a cell, the
/// larger its share of the class.
///
/// Errors: counts that are not square, names that are not one for each class, over 200 classes.
///
/// ```
/// use ferras::{plot, preprocessing::confusion_matrix};
/// let matrix = confusion_matrix(&["cat", "dog", "dog"], &["cat", "dog", "cat"])?;
/// let figure = plot::confusion_matrix(&matrix, &["cat", "dog"])?;
/// assert!(figure.to_svg().contains("predicted"));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn confusion_matrix<D: Data<Elem = usize>, S: AsRef<str>>(
    counts: &ArrayBase<D, Ix2>,
    names: &[S],
) -> Result<Figure> {
    const MOST: usize = 200;
    let (rows, columns) = counts.dim();
    if rows != columns || rows != names.len() || rows == 0 || rows > MOST {
        let names = names.len();
        return Err(Error::argument(
            "counts",
            format!(
                "must be square, with 1 to {MOST} classes and a name for each, got shape \
                 ({rows}, {columns}) and {names} names"
            ),
        ));
    }
    let names = names.iter().map(|n| n.as_ref().to_string()).collect();
    let panel = Panel::heat(counts.to_owned(), names).x_label("predicted").y_label("true");
    Ok(Figure::new("Confusion matrix").panel(panel))
}

/// The metrics without `val_`: accuracies first, then the rest in their order.
fn metrics(curves: &[(String, Vec<f64>)]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (name, _) in curves {
        let name = name.strip_prefix("val_").unwrap_or(name);
        if !names.iter().any(|n| n == name) {
            names.push(name.to_string());
        }
    }
    names.sort_by_key(|n| !grows(n));
    names
}

/// Whether larger is better.
fn grows(name: &str) -> bool {
    let better = ["acc", "auc", "precision", "recall", "f1", "iou", "r2"];
    better.iter().any(|b| name.contains(b))
}

/// `sparse_categorical_accuracy` as a heading.
fn heading(name: &str) -> String {
    // Abbreviations that are spelled, as Keras names these metrics for short.
    if ["mse", "mae", "mape", "msle", "rmse", "auc", "iou"].contains(&name) {
        return name.to_uppercase();
    }
    let spaced = name.replace('_', " ");
    let mut chars = spaced.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}

fn panel<C: Curves + ?Sized>(curves: &C, name: &str) -> Panel {
    let all = curves.curves();
    let find = |title: &str, wanted: &str| {
        let values = all.iter().find(|(n, _)| n == wanted).map(|(_, v)| v)?;
        let series = Series::new(title, values);
        Some(match curves.epochs(wanted) {
            Some(epochs) => series.at(epochs.iter().map(|epoch| epoch + 1)),
            None => series,
        })
    };
    let training = find("training", name);
    let validation = find("validation", &format!("val_{name}")).map(|series| best(series, name));
    Panel::lines(training.into_iter().chain(validation)).x_label("epoch")
}

/// With a ring around the best epoch, if it is not the last.
fn best(series: Series, name: &str) -> Series {
    let numbers = series.values.iter().copied().enumerate().filter(|(_, v)| drawable(*v));
    // Of equal values the first is the best: min_by keeps it, and so both kinds are sought by it.
    let sign = if grows(name) { -1.0 } else { 1.0 };
    let found = numbers.min_by(|a, b| (sign * a.1).total_cmp(&(sign * b.1)));
    match found {
        Some((place, value)) if place + 1 < series.values.len() => {
            let epoch = series.place(place);
            series.mark(place, format!("best {}, epoch {epoch}", short(value)))
        }
        _ => series,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curves() -> Vec<(String, Vec<f64>)> {
        let of = |n: &str, v: &[f64]| (n.to_string(), v.to_vec());
        vec![
            of("loss", &[0.9, 0.4, 0.3]),
            of("accuracy", &[0.7, 0.8, 0.9]),
            of("val_loss", &[0.5, 0.3, 0.4]),
            of("val_accuracy", &[0.8, 0.85, 0.85]),
        ]
    }

    #[test]
    fn accuracy_comes_first_and_names_the_best() {
        let figure = history(&curves());
        let titles: Vec<&str> = figure.panels.iter().map(|p| p.title.as_str()).collect();
        assert_eq!(titles, ["Accuracy", "Loss"]);
        let svg = figure.to_svg();
        assert!(svg.contains("best 0.3000, epoch 2"), "{svg}");
        assert!(svg.contains("best 0.8500, epoch 2"), "{svg}");
    }

    #[test]
    fn names_what_was_measured() {
        let error = metric(&curves(), "acuracy").unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown metric of this history \"acuracy\" (did you mean \"accuracy\"?); \
             known: accuracy, loss"
        );
    }

    #[test]
    fn refuses_matrices_that_do_not_fit() {
        let counts = ndarray::Array2::<usize>::zeros((2, 3));
        let error = confusion_matrix(&counts, &["a", "b"]).unwrap_err().to_string();
        assert!(error.contains("got shape (2, 3) and 2 names"), "{error}");
    }

    #[test]
    fn any_values_make_a_figure() {
        let odd = [f64::NAN, f64::INFINITY, 0.0, -1e308, 1e308, 5e-324];
        for values in [vec![], vec![f64::NAN; 4], odd.to_vec(), vec![0.5; 500], vec![1.0]] {
            let curves = vec![
                ("loss".to_string(), values.clone()),
                ("val_loss".to_string(), values.clone()),
            ];
            for figure in [history(&curves), epoch_times(&values)] {
                let svg = figure.to_svg();
                assert!(!svg.contains("=\"NaN") && !svg.contains("inf"), "{svg}");
                assert!(figure.size(300, 240).to_png().unwrap().len() > 500);
            }
        }
        assert!(history(&Vec::new()).to_svg().contains("no values"));
    }

    #[test]
    fn curves_stand_over_their_own_epochs() {
        // Goes on at the sixth epoch and validates after each second one.
        let mut history = History::default();
        for epoch in 5..9 {
            let mut logs = crate::Logs::default();
            logs.set("loss", 1.0 / epoch as f64);
            if epoch % 2 == 1 {
                logs.set("val_loss", if epoch == 5 { 0.25 } else { 0.5 });
            }
            history.record(epoch, &logs, 1.0);
        }
        assert_eq!(history.epochs("loss"), Some(&[5, 6, 7, 8][..]));
        assert_eq!(history.epochs("val_loss"), Some(&[5, 7][..]));
        assert_eq!(history.epochs("mae"), None);
        let svg = super::history(&history).to_svg();
        assert!(svg.contains("best 0.2500, epoch 6"), "{svg}");
        assert!(svg.contains(">9</text>") && !svg.contains(">1</text>"), "{svg}");
    }
}
