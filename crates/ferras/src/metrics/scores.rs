//! F scores and the coefficient of determination: a number for each class or output, and its mean.
use super::counts::added;
use super::{Direction, MetricFn};
use crate::config::{Choice, Vocabulary, epsilon};
use crate::layers::PartialShape;
use crate::losses::align;
use crate::losses::functions::same_rank;
use crate::{Error, Result};
use ferras_derive::Config;
use ferras_graph::{DType, TensorType, Value};

/// How the F scores of the classes become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FAverage {
    /// One score of the counts of all classes together.
    Micro,
    /// The mean of the classes' scores.
    Macro,
    /// The mean weighted by how often each class is true.
    Weighted,
}

impl Vocabulary for FAverage {
    const KIND: &'static str = "average";
    const WORDS: &'static [(&'static str, FAverage)] =
        &[("micro", FAverage::Micro), ("macro", FAverage::Macro), ("weighted", FAverage::Weighted)];
}

/// What both F scores do alike.
struct FRule<'a> {
    average: &'a Option<Choice<FAverage>>,
    beta: f64,
    threshold: Option<f64>,
}

impl FRule<'_> {
    fn average(&self) -> Result<Option<FAverage>> {
        self.average.as_ref().map(Choice::get).transpose()
    }

    fn check(&self) -> Result<()> {
        self.average()?;
        if !(self.beta > 0.0 && self.beta.is_finite()) {
            return Err(Error::argument("beta", format!("must be above 0, got {}", self.beta)));
        }
        match self.threshold {
            Some(t) if !(t > 0.0 && t <= 1.0) => {
                let problem = format!("must be above 0 and at most 1, got {t}");
                Err(Error::argument("threshold", problem))
            }
            _ => Ok(()),
        }
    }

    fn is_micro(&self) -> bool {
        matches!(self.average(), Ok(Some(FAverage::Micro)))
    }

    /// True and false positives, false negatives, and how often each class is true.
    fn state(&self, y_pred: &[Option<usize>]) -> Vec<TensorType> {
        let classes = y_pred.last().copied().flatten().filter(|_| !self.is_micro());
        vec![TensorType::new(DType::F64, classes.into_iter().collect::<Vec<usize>>()); 4]
    }

    fn update(&self, state: &[Value], t: &Value, p: &Value, weights: Option<&Value>) -> Vec<Value> {
        if t.rank() != 2 || p.rank() != 2 {
            let (t, p) = (t.shape(), p.shape());
            let problem =
                format!("expected truth and predictions (batch, classes), got {t} and {p}");
            return vec![state[0].error("f score", problem); state.len()];
        }
        let p = p.cast(DType::F32);
        let positive = match self.threshold {
            Some(threshold) => p.greater(threshold),
            None => p.greater_equal(p.max(&[-1], true)).and(p.abs().greater(1e-9)),
        };
        let (positive, truth) = (positive.cast(DType::F32), t.cast(DType::F32));
        let axes: &[isize] = if self.is_micro() { &[] } else { &[0] };
        let sum = |v: Value| {
            let v = match weights {
                Some(w) => &v * align(w, &v),
                None => v,
            };
            v.sum(axes, false).cast(DType::F64)
        };
        let counts = [
            sum(&positive * &truth),
            sum(&positive * (1.0 - &truth)),
            sum((1.0 - &positive) * &truth),
            sum(truth),
        ];
        added(state, counts)
    }

    fn result(&self, state: &[Value]) -> Value {
        let over = |a: &Value, b: Value| a / (b + epsilon());
        let (tp, weight) = (&state[0], &state[3]);
        let (precision, recall) = (over(tp, tp + &state[1]), over(tp, tp + &state[2]));
        let square = self.beta * self.beta;
        let scores = over(&(&precision * &recall), precision * square + &recall) * (1.0 + square);
        match self.average() {
            Ok(None) => scores,
            Ok(Some(FAverage::Weighted)) => {
                (scores * over(weight, weight.sum(&[], false))).sum(&[], false)
            }
            Ok(Some(_)) => scores.mean(&[], false),
            Err(e) => tp.error("f score", e.to_string()),
        }
    }
}

/// Declares a class of F scores: name in logs, own arguments, β.
macro_rules! f_scores {
    ($($(#[$doc:meta])* $class:ident $name:literal, { $($own:tt)* } $beta:expr;)*) => {
        $($(#[$doc])*
        ///
        /// Truth 0 and 1 and predictions, both `(batch, classes)`. Without a threshold the largest
        /// prediction of a row is positive. Without `average` the result has a number a class.
        ///
        /// - **Errors** at compile: a threshold that is not above 0 and at most 1, β not above 0.
        /// - **Source** Keras 3, the class of the same name in `keras.metrics`.
        ///
        /// ```
        /// use ferras::RunningMetric;
        #[doc = concat!("use ferras::metrics::", stringify!($class), ";")]
        #[doc = concat!("let metric = ", stringify!($class), "::new().average(\"macro\");")]
        /// let mut metric = RunningMetric::new(metric)?;
        /// metric.update_state([[1.0, 0.0], [0.0, 1.0]], [[0.9, 0.1], [0.2, 0.8]])?;
        /// assert!(metric.result()?.to_f64_vec()[0] > 0.999);
        /// # Ok::<(), ferras::Error>(())
        /// ```
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.metrics")]
        pub struct $class {
            /// `"micro"`, `"macro"`, `"weighted"`; a number a class by default.
            #[config(default)]
            average: Option<Choice<FAverage>>,
            $($own)*
            /// Above it a prediction is positive; the largest of each row by default.
            #[config(default)]
            threshold: Option<f64>,
            /// The name under which logs show it.
            #[config(default = $name)]
            name: String,
            /// Element type of the result in Keras; Ferras keeps sums in float64.
            #[config(default = crate::config::floatx())]
            dtype: DType,
        }

        impl $class {
            fn rule(&self) -> FRule<'_> {
                let beta: fn(&$class) -> f64 = $beta;
                FRule { average: &self.average, beta: beta(self), threshold: self.threshold }
            }
        }

        impl MetricFn for $class {
            fn name(&self) -> String {
                self.name.clone()
            }
            fn check(&self) -> Result<()> {
                self.rule().check()
            }
            fn state(&self, y_pred: &PartialShape) -> Vec<TensorType> {
                self.rule().state(y_pred)
            }
            fn update(
                &self,
                state: &[Value],
                y_true: &Value,
                y_pred: &Value,
                weights: Option<&Value>,
            ) -> Vec<Value> {
                self.rule().update(state, y_true, y_pred, weights)
            }
            fn result(&self, state: &[Value]) -> Value {
                self.rule().result(state)
            }
            fn direction(&self) -> Option<Direction> {
                Some(Direction::Up)
            }
        })*
    };
}

f_scores! {
    /// (1 + β²) · precision · recall / (β² · precision + recall).
    FBetaScore "fbeta_score", {
        /// How much more recall counts than precision; 1 by default.
        #[config(default = 1.0)]
        beta: f64,
    }
    |m| m.beta;

    /// 2 · precision · recall / (precision + recall).
    F1Score "f1_score", {} |_| 1.0;
}

/// How the scores of several outputs become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassAggregation {
    /// Their mean.
    Uniform,
    /// Their mean weighted by the variance of each output's truth.
    VarianceWeighted,
}

impl Vocabulary for ClassAggregation {
    const KIND: &'static str = "class aggregation";
    const WORDS: &'static [(&'static str, ClassAggregation)] = &[
        ("uniform_average", ClassAggregation::Uniform),
        ("variance_weighted_average", ClassAggregation::VarianceWeighted),
    ];
}

/// 1 − Σ (y_true − y_pred)² / Σ (y_true − mean)²: the share of the truth's variance that predictions
/// explain. With `num_regressors` p and n numbers of truth, adjusted:
/// 1 − (1 − R²)·(n − 1) / (n − p − 1).
///
/// Truth and predictions `(batch, outputs)`.
///
/// - **Source** Keras 3, `keras.metrics.R2Score`.
///
/// ```
/// use ferras::RunningMetric;
/// use ferras::metrics::R2Score;
/// let mut metric = RunningMetric::new(R2Score::new())?;
/// metric.update_state([[1.0], [2.0], [3.0]], [[1.0], [2.0], [2.0]])?;
/// assert_eq!(metric.result()?.to_f64_vec(), [0.5]);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.metrics")]
pub struct R2Score {
    /// `"uniform_average"` (default), `"variance_weighted_average"`; null in a file gives a number an
    /// output, as [`R2Score::for_each_output`] does.
    #[config(default = "uniform_average")]
    class_aggregation: Option<Choice<ClassAggregation>>,
    /// Number of inputs that the model has, for the adjusted score; none by default.
    #[config(default = 0)]
    num_regressors: usize,
    /// The name under which logs show it.
    #[config(default = "r2_score")]
    name: String,
    /// Element type of the result in Keras; Ferras keeps sums in float64.
    #[config(default = crate::config::floatx())]
    dtype: DType,
}

impl R2Score {
    /// A number for each output, instead of their mean: Keras' `class_aggregation=None`.
    pub fn for_each_output(mut self) -> R2Score {
        self.class_aggregation = None;
        self
    }

    fn aggregation(&self) -> Result<Option<ClassAggregation>> {
        self.class_aggregation.as_ref().map(Choice::get).transpose()
    }
}

impl MetricFn for R2Score {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<()> {
        self.aggregation().map(|_| ())
    }

    /// Numbers so far; then for each output the sums of y², y, the squared errors and the weights.
    fn state(&self, y_pred: &PartialShape) -> Vec<TensorType> {
        let outputs = match &y_pred[..] {
            [_, .., Some(outputs)] => *outputs,
            _ => 1,
        };
        let mut types = vec![TensorType::new(DType::F64, [])];
        types.extend(vec![TensorType::new(DType::F64, [outputs]); 4]);
        types
    }

    fn update(
        &self,
        state: &[Value],
        y_true: &Value,
        y_pred: &Value,
        weights: Option<&Value>,
    ) -> Vec<Value> {
        let (t, p) = same_rank(y_true, y_pred);
        if t.rank() != 2 || p.rank() != 2 {
            let (t, p) = (t.shape(), p.shape());
            let problem =
                format!("expected truth and predictions (batch, outputs), got {t} and {p}");
            return vec![state[0].error("r2_score", problem); state.len()];
        }
        let (t, p) = (t.cast(DType::F64), p.cast(DType::F64));
        let weight = match weights {
            Some(w) => align(w, &t).broadcast_to(t.shape()),
            None => t.full_like(1.0),
        };
        let sum = |v: Value| v.sum(&[0], false);
        let count = t.builder().scalar(DType::F64, t.shape().elements() as f64);
        let weighted = &t * &weight;
        let squares = sum(&t * &weighted);
        let errors = sum((&t - p).square() * &weight);
        added(state, [count, squares, sum(weighted), errors, sum(weight)])
    }

    fn result(&self, state: &[Value]) -> Value {
        let [count, squares, sums, errors, weights] =
            [&state[0], &state[1], &state[2], &state[3], &state[4]];
        let total = squares - sums * (sums / weights);
        let raw = 1.0 - errors / &total;
        let raw = raw.abs().equal(f64::INFINITY).select(&raw.full_like(0.0), &raw);
        let score = match self.aggregation() {
            Ok(None) => raw,
            Ok(Some(ClassAggregation::Uniform)) => raw.mean(&[], false),
            Ok(Some(ClassAggregation::VarianceWeighted)) => {
                (&total * raw).sum(&[], false) / total.sum(&[], false)
            }
            Err(e) => return count.error("r2_score", e.to_string()),
        };
        if self.num_regressors == 0 {
            return score;
        }
        // Without more numbers than regressors the score is not adjusted.
        let free = count - (self.num_regressors as f64 + 1.0);
        let adjusted = 1.0 - (1.0 - &score) * (count - 1.0) / &free;
        free.greater(0.0).select(&adjusted, &score)
    }

    fn direction(&self) -> Option<Direction> {
        Some(Direction::Up)
    }
}
