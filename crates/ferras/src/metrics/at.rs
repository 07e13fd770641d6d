//! The best value of one share where another one is at least what is asked for.
use super::counts::{Counting, added};
use super::{Direction, MetricFn};
use crate::layers::PartialShape;
use crate::losses::ratio;
use crate::{Error, Result};
use ferras_derive::Config;
use ferras_graph::{DType, TensorType, Value};

/// 0, 1/n, 2/n, …, 1; the middle alone where there is one.
fn even(count: usize) -> Vec<f64> {
    match count {
        1 => vec![0.5],
        n => (0..n).map(|i| i as f64 / (n - 1) as f64).collect(),
    }
}

/// Shares of the four counts: true and false positives, true and false negatives.
struct Shares<'a>(&'a [Value]);

impl Shares<'_> {
    fn sensitivity(&self) -> Value {
        ratio(&self.0[0], &(&self.0[0] + &self.0[3]))
    }
    fn specificity(&self) -> Value {
        ratio(&self.0[2], &(&self.0[2] + &self.0[1]))
    }
    fn precision(&self) -> Value {
        ratio(&self.0[0], &(&self.0[0] + &self.0[1]))
    }
}

macro_rules! best_at {
    ($($(#[$doc:meta])* $class:ident $name:literal, $wanted:ident: $(#[$wanted_doc:meta])*
        $held:ident, $best:ident;)*) => {
        $($(#[$doc])*
        ///
        /// - **Errors** at compile: a share that is not from 0 to 1, no thresholds.
        /// - **Source** Keras 3, the class of the same name in `keras.metrics`.
        ///
        /// ```
        /// use ferras::RunningMetric;
        #[doc = concat!("use ferras::metrics::", stringify!($class), ";")]
        #[doc = concat!("let mut metric = RunningMetric::new(", stringify!($class), "::new(0.5))?;")]
        /// metric.update_state([0.0, 0.0, 1.0, 1.0], [0.1, 0.4, 0.6, 0.9])?;
        /// assert_eq!(metric.result()?.to_f64_vec(), [1.0]);
        /// # Ok::<(), ferras::Error>(())
        /// ```
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.metrics")]
        pub struct $class {
            $(#[$wanted_doc])*
            $wanted: f64,
            /// How many thresholds are tried, evenly from 0 to 1; 200 by default.
            #[config(default = 200)]
            num_thresholds: usize,
            /// The only class that counts.
            #[config(default)]
            class_id: Option<usize>,
            /// The name under which logs show it.
            #[config(default = $name)]
            name: String,
            /// Element type of the result in Keras; Ferras keeps sums in float64.
            #[config(default = crate::config::floatx())]
            dtype: DType,
        }

        impl MetricFn for $class {
            fn name(&self) -> String {
                self.name.clone()
            }
            fn check(&self) -> Result<()> {
                check(stringify!($wanted), self.$wanted, self.num_thresholds)
            }
            fn state(&self, _: &PartialShape) -> Vec<TensorType> {
                let thresholds = even(self.num_thresholds);
                vec![Counting { thresholds: &thresholds, ..Counting::default() }.state(None); 4]
            }
            fn update(
                &self,
                state: &[Value],
                y_true: &Value,
                y_pred: &Value,
                weights: Option<&Value>,
            ) -> Vec<Value> {
                let thresholds = even(self.num_thresholds);
                let class_id = self.class_id;
                let counting =
                    Counting { thresholds: &thresholds, class_id, ..Counting::default() };
                added(state, counting.count(y_true, y_pred, weights).all())
            }
            fn result(&self, state: &[Value]) -> Value {
                let shares = Shares(state);
                let enough = shares.$held().greater_equal(self.$wanted);
                enough.select(&shares.$best(), 0.0).max(&[], false)
            }
            fn direction(&self) -> Option<Direction> {
                Some(Direction::Up)
            }
        })*
    };
}

fn check(name: &str, share: f64, num_thresholds: usize) -> Result<()> {
    if !(0.0..=1.0).contains(&share) {
        return Err(Error::argument(name, format!("must be from 0 to 1, got {share}")));
    }
    match num_thresholds {
        0 => Err(Error::argument("num_thresholds", "must be at least 1, got 0")),
        _ => Ok(()),
    }
}

best_at! {
    /// The largest sensitivity tp / (tp + fn) of all thresholds at which the specificity
    /// tn / (tn + fp) is at least what is asked for.
    SensitivityAtSpecificity "sensitivity_at_specificity",
    specificity: /** The least specificity, from 0 to 1. */ specificity, sensitivity;

    /// The largest specificity tn / (tn + fp) of all thresholds at which the sensitivity
    /// tp / (tp + fn) is at least what is asked for.
    SpecificityAtSensitivity "specificity_at_sensitivity",
    sensitivity: /** The least sensitivity, from 0 to 1. */ sensitivity, specificity;

    /// The largest precision tp / (tp + fp) of all thresholds at which the recall tp / (tp + fn) is
    /// at least what is asked for.
    PrecisionAtRecall "precision_at_recall",
    recall: /** The least recall, from 0 to 1. */ sensitivity, precision;

    /// The largest recall tp / (tp + fn) of all thresholds at which the precision tp / (tp + fp) is
    /// at least what is asked for.
    RecallAtPrecision "recall_at_precision",
    precision: /** The least precision, from 0 to 1. */ precision, sensitivity;
}
