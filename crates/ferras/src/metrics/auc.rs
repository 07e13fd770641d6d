//! `AUC`: the area under a curve of shares at many thresholds.
use super::counts::{Counting, added, numbers};
use super::{Direction, MetricFn, Thresholds};
use crate::config::{Choice, ConfigValue, Scope, Vocabulary};
use crate::layers::PartialShape;
use crate::losses::ratio;
use crate::{Error, Result};
use ferras_derive::Config;
use ferras_graph::{DType, TensorType, Value};
use serde_json::{Value as Json, json};

/// The curve whose area is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AucCurve {
    /// Share of positives found (up) over share of negatives taken for positives.
    Roc,
    /// Precision (up) over recall.
    Pr,
    /// Precision gain (up) over recall gain: Flach & Kull 2015.
    PrGain,
}

impl Vocabulary for AucCurve {
    const KIND: &'static str = "curve";
    const WORDS: &'static [(&'static str, AucCurve)] =
        &[("ROC", AucCurve::Roc), ("PR", AucCurve::Pr), ("PRGAIN", AucCurve::PrGain)];
}

/// How high the area is between two thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AucSummation {
    /// The mean of both heights; for precision over recall the interpolation of Davis & Goadrich
    /// 2006.
    Interpolation,
    /// The larger height.
    Majoring,
    /// The smaller height.
    Minoring,
}

impl Vocabulary for AucSummation {
    const KIND: &'static str = "summation method";
    const WORDS: &'static [(&'static str, AucSummation)] = &[
        ("interpolation", AucSummation::Interpolation),
        ("majoring", AucSummation::Majoring),
        ("minoring", AucSummation::Minoring),
    ];
}

/// Weights of labels, which Keras writes as a tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelWeights(Vec<f64>);

impl<T: Into<Vec<f64>>> From<T> for LabelWeights {
    fn from(list: T) -> LabelWeights {
        LabelWeights(list.into())
    }
}

impl ConfigValue for LabelWeights {
    fn to_json(&self) -> Json {
        json!(self.0)
    }
    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        let list = json.get("config").and_then(|tensor| tensor.get("value")).unwrap_or(json);
        Vec::from_json(list, scope).map(LabelWeights)
    }
}

/// The area under a curve through many thresholds: for ROC the probability that a positive sample
/// gets a larger prediction than a negative one.
///
/// Predictions from 0 to 1 (or logits), truth 0 and 1. With `multi_label` the truth is
/// `(batch, labels)`, each label has a curve of its own, and the result is the mean of the areas.
///
/// - **Errors** at compile: fewer than 2 thresholds, `thresholds` that are not from 0 to 1, an
///   unknown word, `num_labels` without `multi_label`.
/// - **Source** Keras 3, `keras.metrics.AUC`.
///
/// ```
/// use ferras::RunningMetric;
/// use ferras::metrics::AUC;
/// let mut auc = RunningMetric::new(AUC::new().num_thresholds(3))?;
/// auc.update_state([0.0, 0.0, 1.0, 1.0], [0.0, 0.5, 0.3, 0.9])?;
/// assert_eq!(auc.result()?.to_f64_vec(), [0.75]);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.metrics")]
pub struct AUC {
    /// How many thresholds are tried, evenly from just below 0 to just above 1; 200 by default.
    #[config(default = 200, written = self.all_thresholds().len())]
    num_thresholds: usize,
    /// `"ROC"` (default), `"PR"` or `"PRGAIN"`.
    #[config(default = "ROC")]
    curve: Choice<AucCurve>,
    /// `"interpolation"` (default), `"majoring"` or `"minoring"`.
    #[config(default = "interpolation")]
    summation_method: Choice<AucSummation>,
    /// The name under which logs show it.
    #[config(default = "auc")]
    name: String,
    /// Element type of the result in Keras; Ferras keeps sums in float64.
    #[config(default = crate::config::floatx())]
    dtype: DType,
    /// The thresholds between 0 and 1, in place of even ones.
    #[config(default, omit_default)]
    thresholds: Option<Thresholds>,
    /// Whether each label has its own curve; false by default.
    #[config(default = false)]
    multi_label: bool,
    /// Number of labels, with `multi_label`; that of the predictions by default.
    #[config(default)]
    num_labels: Option<usize>,
    /// A weight for each label: in the mean of areas with `multi_label`, else of its samples.
    #[config(default)]
    label_weights: Option<LabelWeights>,
    /// Whether predictions are logits, before the sigmoid; false by default.
    #[config(default = false)]
    from_logits: bool,
}

impl AUC {
    /// From just below 0 to just above 1.
    fn all_thresholds(&self) -> Vec<f64> {
        let epsilon = crate::config::epsilon();
        let mut inner = match &self.thresholds {
            Some(given) => given.as_slice().to_vec(),
            None => {
                let last = self.num_thresholds.saturating_sub(1) as f64;
                (1..self.num_thresholds.saturating_sub(1)).map(|i| i as f64 / last).collect()
            }
        };
        inner.sort_by(f64::total_cmp);
        [vec![-epsilon], inner, vec![1.0 + epsilon]].concat()
    }

    fn labels(&self, y_pred: &[Option<usize>]) -> Option<usize> {
        self.num_labels.or(y_pred.last().copied().flatten()).filter(|_| self.multi_label)
    }

    /// The area of a curve given by its points, in the order of falling x.
    fn area(&self, x: &Value, y: &Value, method: AucSummation) -> Value {
        let (left, right) = neighbours(y);
        let heights = match method {
            AucSummation::Interpolation => (left + right) / 2.0,
            AucSummation::Minoring => left.minimum(right),
            AucSummation::Majoring => left.maximum(right),
        };
        let (from, to) = neighbours(x);
        ((from - to) * heights).sum(&[0], false)
    }

    /// Precision is no straight line between two points; this is what lies between them.
    fn interpolated(&self, [tp, fp, _, negatives]: [&Value; 4]) -> Value {
        let positives = tp + fp;
        let ((tp_0, tp_1), (p_0, p_1)) = (neighbours(tp), neighbours(&positives));
        let rise = &tp_0 - &tp_1;
        let slope = ratio(&rise, &(&p_0 - &p_1).maximum(0.0));
        let intercept = &tp_1 - &slope * &p_1;
        let both = p_0.greater(0.0).and(p_1.greater(0.0));
        let share = both.select(&ratio(&p_0, &p_1.maximum(0.0)), 1.0);
        let area = &slope * (rise + intercept * share.log());
        let all = (tp_1 + neighbours(negatives).1).maximum(0.0);
        ratio(&area, &all).sum(&[0], false)
    }
}

/// All but the last along the thresholds, and all but the first.
fn neighbours(v: &Value) -> (Value, Value) {
    let count = v.dim(0);
    (v.slice_axis(0, 0, count - 1), v.slice_axis(0, 1, count))
}

impl MetricFn for AUC {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<()> {
        self.curve.get()?;
        self.summation_method.get()?;
        if self.thresholds.is_none() && self.num_thresholds < 2 {
            let problem = format!("must be at least 2, got {}", self.num_thresholds);
            return Err(Error::argument("num_thresholds", problem));
        }
        if self.num_labels.is_some() && !self.multi_label {
            return Err(Error::argument("num_labels", "needs multi_label(true)"));
        }
        self.thresholds.iter().try_for_each(Thresholds::check)
    }

    fn state(&self, y_pred: &PartialShape) -> Vec<TensorType> {
        let thresholds = self.all_thresholds();
        let by_label = self.multi_label;
        let counting = Counting { thresholds: &thresholds, by_label, ..Counting::default() };
        vec![counting.state(self.labels(y_pred)); 4]
    }

    fn update(
        &self,
        state: &[Value],
        y_true: &Value,
        y_pred: &Value,
        weights: Option<&Value>,
    ) -> Vec<Value> {
        if self.multi_label && y_pred.rank() != 2 {
            let shape = y_pred.shape();
            let problem = format!("multi_label needs predictions (batch, labels), got {shape}");
            return vec![y_pred.error("auc", problem); state.len()];
        }
        let p = y_pred.cast(DType::F32);
        let p = if self.from_logits { p.sigmoid() } else { p };
        let thresholds = self.all_thresholds();
        let weighted = self.label_weights.as_ref().filter(|_| !self.multi_label);
        let counting = Counting {
            thresholds: &thresholds,
            by_label: self.multi_label,
            label_weights: weighted.map(|w| &w.0[..]),
            ..Counting::default()
        };
        added(state, counting.count(y_true, &p, weights).all())
    }

    fn result(&self, state: &[Value]) -> Value {
        let [tp, fp, tn, negatives] = [&state[0], &state[1], &state[2], &state[3]];
        let (curve, method) = match (self.curve.get(), self.summation_method.get()) {
            (Ok(curve), Ok(method)) => (curve, method),
            (Err(e), _) | (_, Err(e)) => return tp.error("auc", e.to_string()),
        };
        let recall = || ratio(tp, &(tp + negatives));
        let areas = match (curve, method) {
            (AucCurve::Pr, AucSummation::Interpolation) => {
                self.interpolated([tp, fp, tn, negatives])
            }
            (AucCurve::Pr, _) => self.area(&recall(), &ratio(tp, &(tp + fp)), method),
            (AucCurve::Roc, _) => self.area(&ratio(fp, &(fp + tn)), &recall(), method),
            (AucCurve::PrGain, _) => {
                let odds = ratio(&(tp + negatives), &(tn + fp));
                let gain = |wrong: &Value| 1.0 - &odds * ratio(wrong, tp);
                let none = tp.equal(0.0);
                let x = none.select(&tp.full_like(0.0), gain(negatives)).maximum(0.0);
                self.area(&x, &none.select(&tp.full_like(1.0), gain(fp)), method)
            }
        };
        match &self.label_weights {
            _ if !self.multi_label => areas,
            None => areas.mean(&[], false),
            Some(LabelWeights(list)) => {
                let weights = numbers(&areas, list);
                ratio(&(areas * &weights).sum(&[], false), &weights.sum(&[], false))
            }
        }
    }

    fn direction(&self) -> Option<Direction> {
        Some(Direction::Up)
    }
}
