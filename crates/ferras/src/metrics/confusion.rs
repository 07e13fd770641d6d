//! Metrics from the counts of right and wrong positives and negatives.
use super::counts::{Counting, Counts, added, one_or_all};
use super::{Direction, MetricFn, Thresholds};
use crate::Result;
use crate::layers::PartialShape;
use crate::losses::ratio;
use ferras_derive::Config;
use ferras_graph::{DType, TensorType, Value};

/// The thresholds that were given, or the usual one.
fn thresholds(given: &Option<Thresholds>, usual: f64) -> Vec<f64> {
    given.as_ref().map_or_else(|| vec![usual], |t| t.as_slice().to_vec())
}

/// Declares counts: name in logs, which of the four, which values are better.
macro_rules! tallies {
    ($($(#[$doc:meta])* $class:ident $name:literal, $which:ident;)*) => {
        $($(#[$doc])*
        /// A number for each threshold.
        ///
        /// - **Source** Keras 3, the class of the same name in `keras.metrics`.
        ///
        /// ```
        /// use ferras::RunningMetric;
        #[doc = concat!("use ferras::metrics::", stringify!($class), ";")]
        #[doc = concat!("let mut metric = RunningMetric::new(", stringify!($class), "::new())?;")]
        /// metric.update_state([1.0, 1.0, 0.0, 0.0], [0.9, 0.1, 0.9, 0.1])?;
        /// assert_eq!(metric.result()?.to_f64_vec(), [1.0]);
        /// # Ok::<(), ferras::Error>(())
        /// ```
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.metrics")]
        pub struct $class {
            /// Above it a prediction is positive; 0.5 by default.
            #[config(default)]
            thresholds: Option<Thresholds>,
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
                self.thresholds.iter().try_for_each(Thresholds::check)
            }
            fn state(&self, _: &PartialShape) -> Vec<TensorType> {
                let thresholds = thresholds(&self.thresholds, 0.5);
                vec![Counting { thresholds: &thresholds, ..Counting::default() }.state(None)]
            }
            fn update(
                &self,
                state: &[Value],
                y_true: &Value,
                y_pred: &Value,
                weights: Option<&Value>,
            ) -> Vec<Value> {
                let thresholds = thresholds(&self.thresholds, 0.5);
                let counting = Counting { thresholds: &thresholds, ..Counting::default() };
                added(state, [counting.count(y_true, y_pred, weights).$which])
            }
            fn result(&self, state: &[Value]) -> Value {
                one_or_all(state[0].clone())
            }
        })*
    };
}

tallies! {
    /// Number of positive predictions that are true, weighted.
    TruePositives "true_positives", true_positives;

    /// Number of positive predictions that are not true, weighted.
    FalsePositives "false_positives", false_positives;

    /// Number of negative predictions that are true, weighted.
    TrueNegatives "true_negatives", true_negatives;

    /// Number of negative predictions that are not true, weighted.
    FalseNegatives "false_negatives", false_negatives;
}

/// Declares a share of true positives among them and one other count.
macro_rules! shares {
    ($($(#[$doc:meta])* $class:ident $name:literal, $other:expr;)*) => {
        $($(#[$doc])*
        /// A number for each threshold.
        ///
        /// - **Source** Keras 3, the class of the same name in `keras.metrics`.
        ///
        /// ```
        /// use ferras::metrics::Metric;
        #[doc = concat!("use ferras::metrics::", stringify!($class), ";")]
        #[doc = concat!("let metric = Metric::from(", stringify!($class), "::new().class_id(2));")]
        #[doc = concat!("assert_eq!(metric.get()?.name(), \"", $name, "\");")]
        /// # Ok::<(), ferras::Error>(())
        /// ```
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.metrics")]
        pub struct $class {
            /// Above it a prediction is positive; 0.5 by default, none with `top_k`.
            #[config(default)]
            thresholds: Option<Thresholds>,
            /// Only the `k` largest predictions of a row can be positive.
            #[config(default)]
            top_k: Option<usize>,
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

        impl $class {
            fn thresholds_in_use(&self) -> Vec<f64> {
                // With top_k, below all predictions but those that are not among the largest.
                let usual = if self.top_k.is_some() { super::counts::LEAST } else { 0.5 };
                thresholds(&self.thresholds, usual)
            }
        }

        impl MetricFn for $class {
            fn name(&self) -> String {
                self.name.clone()
            }
            fn check(&self) -> Result<()> {
                self.thresholds.iter().try_for_each(Thresholds::check)
            }
            fn state(&self, _: &PartialShape) -> Vec<TensorType> {
                let thresholds = self.thresholds_in_use();
                vec![Counting { thresholds: &thresholds, ..Counting::default() }.state(None); 2]
            }
            fn update(
                &self,
                state: &[Value],
                y_true: &Value,
                y_pred: &Value,
                weights: Option<&Value>,
            ) -> Vec<Value> {
                let thresholds = self.thresholds_in_use();
                let (top_k, class_id) = (self.top_k, self.class_id);
                let counting =
                    Counting { thresholds: &thresholds, top_k, class_id, ..Counting::default() };
                let counts = counting.count(y_true, y_pred, weights);
                let other: fn(&Counts) -> &Value = $other;
                let other = other(&counts).clone();
                added(state, [counts.true_positives, other])
            }
            fn direction(&self) -> Option<Direction> {
                Some(Direction::Up)
            }
            fn result(&self, state: &[Value]) -> Value {
                one_or_all(ratio(&state[0], &(&state[0] + &state[1])))
            }
        })*
    };
}

shares! {
    /// Share of predicted positives that are true: tp / (tp + fp); 0 where none is predicted.
    Precision "precision", |counts| &counts.false_positives;

    /// Share of true positives that are found: tp / (tp + fn); 0 where there are none.
    Recall "recall", |counts| &counts.false_negatives;
}
