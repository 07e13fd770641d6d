//! Verdicts with a score, judged at every threshold: ROC and precision-recall curves.
use crate::{Error, Result};

/// True against false positives at every threshold: [`roc_curve`].
#[derive(Clone, Debug, PartialEq)]
pub struct RocCurve {
    /// False positive rates, from 0 to 1, growing.
    pub fpr: Vec<f64>,
    /// True positive rates, from 0 to 1.
    pub tpr: Vec<f64>,
    /// Scores from which on a row counts as positive, falling; the first is infinite.
    pub thresholds: Vec<f64>,
}

impl RocCurve {
    /// The area under the curve, by trapezoids: 1 for a perfect ranking, 0.5 for chance.
    pub fn auc(&self) -> f64 {
        let points = self.fpr.windows(2).zip(self.tpr.windows(2));
        points
            .map(|(x, y)| match (x, y) {
                ([a, b], [c, d]) => (b - a) * (c + d) / 2.0,
                _ => 0.0,
            })
            .sum()
    }
}

/// Precision against recall at every threshold: [`precision_recall_curve`].
#[derive(Clone, Debug, PartialEq)]
pub struct PrecisionRecallCurve {
    /// True positives among what is called positive; the last is 1.
    pub precision: Vec<f64>,
    /// True positives among what is positive, falling; the last is 0.
    pub recall: Vec<f64>,
    /// Scores from which on a row counts as positive, growing; one fewer than there are points.
    pub thresholds: Vec<f64>,
}

impl PrecisionRecallCurve {
    /// Mean precision, weighted by the growth of recall: `Σ (Rₙ − Rₙ₋₁) Pₙ`.
    pub fn average_precision(&self) -> f64 {
        let steps = self.recall.windows(2).zip(&self.precision);
        steps.map(|(r, p)| if let [a, b] = r { (a - b) * p } else { 0.0 }).sum()
    }
}

/// Rates of true and false positives of a binary classifier for every threshold of its score, as
/// scikit-learn's `roc_curve`: points on a straight line between their neighbours are left out.
///
/// `y_true` holds 0 and 1, `y_score` a number for each that is larger for likelier ones.
///
/// Errors: other lengths or labels, scores that are no numbers, only one class.
///
/// ```
/// use ferras::preprocessing::roc_curve;
/// let curve = roc_curve(&[0, 0, 1, 1], &[0.1, 0.4, 0.35, 0.8])?;
/// assert_eq!(curve.fpr, [0.0, 0.0, 0.5, 0.5, 1.0]);
/// assert_eq!(curve.tpr, [0.0, 0.5, 0.5, 1.0, 1.0]);
/// assert_eq!(curve.auc(), 0.75);
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn roc_curve(y_true: &[i64], y_score: &[f64]) -> Result<RocCurve> {
    let counts = Counts::new(y_true, y_score)?;
    let origin = (0, 0, f64::INFINITY);
    let corners = (0..counts.at.len()).filter(|&i| is_corner(&counts.at, i));
    let points: Vec<_> =
        [origin].into_iter().chain(corners.filter_map(|i| counts.at.get(i).copied())).collect();
    let kept = || points.iter();
    let (positives, negatives) = (counts.positives as f64, counts.negatives as f64);
    Ok(RocCurve {
        fpr: kept().map(|p| p.1 as f64 / negatives).collect(),
        tpr: kept().map(|p| p.0 as f64 / positives).collect(),
        thresholds: kept().map(|p| p.2).collect(),
    })
}

/// Whether a point is not on the straight line between its neighbours in the list: whether the
/// steps before and after it differ.
fn is_corner(points: &[(usize, usize, f64)], i: usize) -> bool {
    let step = |a: usize, b: usize| {
        let (a, b) = (points.get(a)?, points.get(b)?);
        Some((b.0 - a.0, b.1 - a.1))
    };
    match i.checked_sub(1) {
        None => true,
        Some(before) => step(before, i) != step(i, i + 1),
    }
}

/// Precision and recall of a binary classifier for every threshold of its score, as scikit-learn's
/// `precision_recall_curve`.
///
/// Arguments and errors as for [`roc_curve`].
///
/// ```
/// use ferras::preprocessing::precision_recall_curve;
/// let curve = precision_recall_curve(&[0, 0, 1, 1], &[0.1, 0.4, 0.35, 0.8])?;
/// assert_eq!(curve.recall, [1.0, 1.0, 0.5, 0.5, 0.0]);
/// assert_eq!(curve.thresholds, [0.1, 0.35, 0.4, 0.8]);
/// assert!((curve.average_precision() - 0.8333).abs() < 1e-4);
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn precision_recall_curve(y_true: &[i64], y_score: &[f64]) -> Result<PrecisionRecallCurve> {
    let counts = Counts::new(y_true, y_score)?;
    let rising = || counts.at.iter().rev();
    let precision = rising().map(|&(t, f, _)| t as f64 / (t + f) as f64);
    let recall = rising().map(|&(t, ..)| t as f64 / counts.positives as f64);
    Ok(PrecisionRecallCurve {
        precision: precision.chain([1.0]).collect(),
        recall: recall.chain([0.0]).collect(),
        thresholds: rising().map(|p| p.2).collect(),
    })
}

/// True and false positives for each different score, the highest first.
struct Counts {
    at: Vec<(usize, usize, f64)>,
    positives: usize,
    negatives: usize,
}

impl Counts {
    fn new(y_true: &[i64], y_score: &[f64]) -> Result<Counts> {
        check(y_true, y_score)?;
        let mut rows: Vec<(f64, bool)> =
            y_score.iter().copied().zip(y_true.iter().map(|&y| y == 1)).collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut positives, mut negatives) = (0, 0);
        let mut at: Vec<(usize, usize, f64)> = Vec::new();
        for (score, positive) in rows {
            match positive {
                true => positives += 1,
                false => negatives += 1,
            }
            match at.last_mut() {
                Some(last) if last.2 == score => *last = (positives, negatives, score),
                _ => at.push((positives, negatives, score)),
            }
        }
        Ok(Counts { at, positives, negatives })
    }
}

fn check(y_true: &[i64], y_score: &[f64]) -> Result<()> {
    let (rows, scores) = (y_true.len(), y_score.len());
    if rows != scores {
        let problem =
            format!("must have a score for each label, got {rows} labels, {scores} scores");
        return Err(Error::argument("y_score", problem));
    }
    if let Some(other) = y_true.iter().find(|y| !matches!(y, 0 | 1)) {
        return Err(Error::argument("y_true", format!("must hold 0 and 1, got {other}")));
    }
    if let Some(row) = y_score.iter().position(|s| s.is_nan()) {
        return Err(Error::argument("y_score", format!("must hold numbers, got NaN in row {row}")));
    }
    match [0, 1].into_iter().find(|class| !y_true.contains(class)) {
        Some(class) => {
            let problem = format!("must hold both classes, got no {class} in {rows} labels");
            Err(Error::argument("y_true", problem))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong() {
        let text = |y: &[i64], s: &[f64]| roc_curve(y, s).unwrap_err().to_string();
        assert!(text(&[0, 1], &[0.5]).contains("got 2 labels, 1 scores"));
        assert!(text(&[0, 2], &[0.5, 0.1]).contains("must hold 0 and 1, got 2"));
        assert!(text(&[0, 1], &[0.5, f64::NAN]).contains("NaN in row 1"));
        assert!(text(&[1, 1], &[0.5, 0.1]).contains("got no 0 in 2 labels"));
        assert!(text(&[], &[]).contains("got no 0 in 0 labels"));
    }
}
