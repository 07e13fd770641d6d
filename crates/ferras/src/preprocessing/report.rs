//! How good a classifier is, class by class.
use super::label::{Class, Label, collect, distinct, find, list};
use crate::{Error, Result};
use ndarray::Array2;
use std::fmt;

/// Precision, recall, their harmonic mean, and the number of samples.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassScores {
    /// The class, or what was averaged (`macro avg`).
    pub name: String,
    /// Share of the samples predicted as this class that are of it; 0 where none was predicted.
    pub precision: f64,
    /// Share of the samples of this class that were predicted as it; 0 where there are none.
    pub recall: f64,
    /// `2 · precision · recall / (precision + recall)`.
    pub f1_score: f64,
    /// Samples of this class.
    pub support: usize,
}

/// What [`classification_report`] found; shows as scikit-learn's text.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassificationReport {
    classes: Vec<ClassScores>,
    accuracy: f64,
    digits: usize,
}

/// Precision, recall and F1 of each class, accuracy, and the averages.
///
/// - **Input** `y_true`, `y_pred` `(samples,)`: labels of one kind, texts or numbers. Classes are
///   those that occur in either, in order.
/// - **Errors**: no samples, different lengths, NaN.
/// - **Source** scikit-learn `metrics.classification_report`, the text to the letter (with
///   `zero_division=0`, and no warning).
///
/// ```
/// use ferras::preprocessing::classification_report;
/// let report = classification_report(&[0, 1, 2, 2, 2], &[0, 0, 2, 2, 1])?;
/// let report = report.target_names(&["class 0", "class 1", "class 2"])?;
/// assert_eq!(report.accuracy(), 0.6);
/// assert_eq!(report.classes()[2].precision, 1.0);
/// assert_eq!(format!("\n{report}"), "
///               precision    recall  f1-score   support
///
///      class 0       0.50      1.00      0.67         1
///      class 1       0.00      0.00      0.00         1
///      class 2       1.00      0.67      0.80         3
///
///     accuracy                           0.60         5
///    macro avg       0.50      0.56      0.49         5
/// weighted avg       0.70      0.60      0.61         5
/// ");
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn classification_report<'a, L, P>(
    y_true: impl IntoIterator<Item = &'a L>,
    y_pred: impl IntoIterator<Item = &'a P>,
) -> Result<ClassificationReport>
where
    L: Label + ?Sized + 'a,
    P: Label<Class = L::Class> + ?Sized + 'a,
{
    let pairs = Pairs::new(y_true, y_pred)?;
    let counts = pairs.counts()?;
    let scores = |(i, class): (usize, &L::Class)| {
        let support = counts.row(i).sum();
        scores(class.name(), counts[[i, i]], counts.column(i).sum(), support)
    };
    let classes = pairs.classes.iter().enumerate().map(scores).collect();
    let accuracy = ratio(counts.diag().sum(), pairs.y_true.len());
    Ok(ClassificationReport { classes, accuracy, digits: 2 })
}

/// How often a sample of class `i` was predicted as class `j`.
///
/// - **Input** `y_true`, `y_pred` `(samples,)`: labels of one kind, texts or numbers.
/// - **Output** counts `(classes, classes)`, true classes down, predicted ones across; classes are
///   those that occur in either, in order.
/// - **Errors**: no samples, different lengths, NaN, too many classes to hold the table.
/// - **Source** scikit-learn `metrics.confusion_matrix`.
///
/// ```
/// use ferras::preprocessing::confusion_matrix;
/// use ndarray::array;
/// let matrix = confusion_matrix(&["cat", "ant", "cat"], &["ant", "ant", "cat"])?;
/// assert_eq!(matrix, array![[1, 0], [1, 1]]);
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn confusion_matrix<'a, L, P>(
    y_true: impl IntoIterator<Item = &'a L>,
    y_pred: impl IntoIterator<Item = &'a P>,
) -> Result<Array2<usize>>
where
    L: Label + ?Sized + 'a,
    P: Label<Class = L::Class> + ?Sized + 'a,
{
    Pairs::new(y_true, y_pred)?.counts()
}

/// True and predicted labels, and the classes that occur.
struct Pairs<C> {
    y_true: Vec<C>,
    y_pred: Vec<C>,
    classes: Vec<C>,
}

impl<C: Class> Pairs<C> {
    fn new<'a, L, P>(
        y_true: impl IntoIterator<Item = &'a L>,
        y_pred: impl IntoIterator<Item = &'a P>,
    ) -> Result<Pairs<C>>
    where
        L: Label<Class = C> + ?Sized + 'a,
        P: Label<Class = C> + ?Sized + 'a,
    {
        let (y_true, y_pred) = (collect("y_true", y_true)?, collect("y_pred", y_pred)?);
        let (t, p) = (y_true.len(), y_pred.len());
        if t != p {
            return Err(Error::Data(format!("y_true has {t} labels, but y_pred has {p}")));
        }
        let both: Vec<C> = distinct(&y_true).into_iter().chain(distinct(&y_pred)).collect();
        Ok(Pairs { classes: distinct(&both), y_true, y_pred })
    }

    fn counts(&self) -> Result<Array2<usize>> {
        // As many classes as this are not classes but numbers: a regression's predictions.
        const MOST: usize = 5000;
        let n = self.classes.len();
        if n > MOST {
            let some = list(&self.classes);
            return Err(Error::Data(format!(
                "{n} different labels ({some}) are too many for a table of classes, {MOST} at \
                 most; are y_true and y_pred classes?"
            )));
        }
        let mut counts = Array2::zeros((n, n));
        for (t, p) in self.y_true.iter().zip(&self.y_pred) {
            if let (Some(t), Some(p)) = (find(&self.classes, t), find(&self.classes, p)) {
                counts[[t, p]] += 1;
            }
        }
        Ok(counts)
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn scores(name: String, hits: usize, predicted: usize, support: usize) -> ClassScores {
    let f1_score = ratio(2 * hits, predicted + support);
    let (precision, recall) = (ratio(hits, predicted), ratio(hits, support));
    ClassScores { name, precision, recall, f1_score, support }
}

impl ClassificationReport {
    /// Shows the classes under these names, one for each, in order.
    pub fn target_names<S: AsRef<str>>(mut self, names: &[S]) -> Result<Self> {
        let (came, expected) = (names.len(), self.classes.len());
        if came != expected {
            let problem = format!(
                "must name the {expected} classes that occur in y_true or y_pred, got {came} names"
            );
            return Err(Error::argument("target_names", problem));
        }
        for (class, name) in self.classes.iter_mut().zip(names) {
            class.name = name.as_ref().to_string();
        }
        Ok(self)
    }

    /// Shows this many digits after the point; 2 by default, 17 at most.
    pub fn digits(mut self, digits: usize) -> Self {
        self.digits = digits.min(17);
        self
    }

    /// The classes in order.
    pub fn classes(&self) -> &[ClassScores] {
        &self.classes
    }

    /// Share of the samples that were predicted right.
    pub fn accuracy(&self) -> f64 {
        self.accuracy
    }

    /// The mean over classes, each counted once.
    pub fn macro_avg(&self) -> ClassScores {
        self.average("macro avg", |_| 1.0)
    }

    /// The mean over classes, each counted by its support.
    pub fn weighted_avg(&self) -> ClassScores {
        self.average("weighted avg", |c| c.support as f64)
    }

    fn average(&self, name: &str, weight: impl Fn(&ClassScores) -> f64) -> ClassScores {
        let total: f64 = self.classes.iter().map(&weight).sum();
        let mean = |score: fn(&ClassScores) -> f64| {
            self.classes.iter().map(|c| score(c) * weight(c)).sum::<f64>() / total
        };
        ClassScores {
            name: name.to_string(),
            precision: mean(|c| c.precision),
            recall: mean(|c| c.recall),
            f1_score: mean(|c| c.f1_score),
            support: self.classes.iter().map(|c| c.support).sum(),
        }
    }
}

impl fmt::Display for ClassificationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits;
        let averages = [self.macro_avg(), self.weighted_avg()];
        let names = self.classes.iter().map(|c| c.name.chars().count());
        let width = names.chain([averages[1].name.len(), digits]).max().unwrap_or_default();
        let column = |text: &str| format!(" {text:>9}");
        let line = |c: &ClassScores| {
            let scores = [c.precision, c.recall, c.f1_score];
            let scores: String = scores.iter().map(|s| column(&format!("{s:.digits$}"))).collect();
            format!("{:>width$} {scores}{}\n", c.name, column(&c.support.to_string()))
        };
        let heads: String = ["precision", "recall", "f1-score", "support"].map(column).concat();
        writeln!(f, "{:width$} {heads}\n", "")?;
        self.classes.iter().try_for_each(|c| f.write_str(&line(c)))?;
        let accuracy = column(&format!("{:.digits$}", self.accuracy));
        let support = column(&averages[0].support.to_string());
        let (gap, name) = (column("").repeat(2), "accuracy");
        writeln!(f, "\n{name:>width$} {gap}{accuracy}{support}")?;
        averages.iter().try_for_each(|c| f.write_str(&line(c)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `sklearn.metrics.classification_report(…, digits=4, zero_division=0)`.
    #[test]
    fn long_names_and_digits() {
        let y_true = ["bird", "a very long class name", "cat", "cat"];
        let report = classification_report(&y_true, &["bird", "cat", "cat", "dog"]).unwrap();
        let expected = "                        precision    recall  f1-score   support

a very long class name     0.0000    0.0000    0.0000         1
                  bird     1.0000    1.0000    1.0000         1
                   cat     0.5000    0.5000    0.5000         2
                   dog     0.0000    0.0000    0.0000         0

              accuracy                         0.5000         4
             macro avg     0.3750    0.3750    0.3750         4
          weighted avg     0.5000    0.5000    0.5000         4
";
        assert_eq!(report.digits(4).to_string(), expected);
    }

    #[test]
    fn refuses() {
        let nothing: [i32; 0] = [];
        let message = |r: Result<ClassificationReport>| r.unwrap_err().to_string();
        let error = message(classification_report(&nothing, &nothing));
        assert_eq!(error, "y_true holds no labels: at least one is needed");
        let error = message(classification_report(&[1, 2], &[1]));
        assert_eq!(error, "y_true has 2 labels, but y_pred has 1");
        let error = message(classification_report(&[1.0], &[f64::NAN]));
        assert!(error.starts_with("y_pred is NaN at place 0"), "{error}");
        let error = classification_report(&[1, 2], &[1, 2]).unwrap().target_names(&["a"]);
        assert!(message(error).contains("the 2 classes that occur"));
        let numbers: Vec<usize> = (0..6000).collect();
        let error = confusion_matrix(&numbers, &numbers).unwrap_err().to_string();
        assert!(error.starts_with("6000 different labels (0, 1, "), "{error}");
    }

    #[test]
    fn floats_show_their_point() {
        let report = classification_report(&[0.0, 1.0], &[0.0_f64, 1.0]).unwrap();
        assert_eq!(report.classes()[1].name, "1.0");
    }
}
