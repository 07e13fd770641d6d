//! Metrics from the counts of right and wrong positives.
use super::{Direction, MetricFn, mean_state};
use crate::layers::PartialShape;
use crate::losses::functions::same_rank;
use crate::losses::{align, ratio};
use ferras_derive::Config;
use ferras_graph::{DType, TensorType, Value};

/// Declares a share of true positives among them and one other count.
macro_rules! shares {
    ($($(#[$doc:meta])* $class:ident $name:literal, $other:expr;)*) => {
        $($(#[$doc])*
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
            thresholds: Option<f64>,
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

        impl MetricFn for $class {
            fn name(&self) -> String {
                self.name.clone()
            }
            fn state(&self, _: &PartialShape) -> Vec<TensorType> {
                mean_state()
            }
            fn update(
                &self,
                state: &[Value],
                y_true: &Value,
                y_pred: &Value,
                weights: Option<&Value>,
            ) -> Vec<Value> {
                let (y_true, y_pred) = same_rank(y_true, y_pred);
                let threshold = match self.top_k {
                    Some(_) => self.thresholds,
                    None => Some(self.thresholds.unwrap_or(0.5)),
                };
                let positive = positive(&y_pred, threshold, self.top_k);
                let truth = y_true.cast(DType::Bool);
                let [positive, truth] = [positive, truth].map(|v| only(v, self.class_id));
                let other: fn(&Value, &Value) -> Value = $other;
                let other = other(&truth, &positive);
                let counts = [truth.and(positive), other].map(|hit| count(&hit, weights));
                counts.into_iter().zip(state).map(|(count, old)| old + count).collect()
            }
            fn direction(&self) -> Option<Direction> {
                Some(Direction::Up)
            }
            fn result(&self, state: &[Value]) -> Value {
                ratio(&state[0], &(&state[0] + &state[1]))
            }
        })*
    };
}

shares! {
    /// Share of predicted positives that are true: tp / (tp + fp); 0 where none is predicted.
    Precision "precision", |truth, positive| truth.logical_not().and(positive);

    /// Share of true positives that are found: tp / (tp + fn); 0 where there are none.
    Recall "recall", |truth, positive| truth.and(positive.logical_not());
}

/// Which predictions are positive.
fn positive(p: &Value, threshold: Option<f64>, top_k: Option<usize>) -> Value {
    let above = threshold.map(|t| p.greater(t));
    // The place of each prediction among those of its row, the largest first.
    let first = top_k.map(|k| p.argsort(-1, true).argsort(-1, false).less(k as f64));
    match (above, first) {
        (Some(a), Some(b)) => a.and(b),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => p.greater(f64::NEG_INFINITY),
    }
}

/// One class of the last axis, if only it counts.
fn only(v: Value, class: Option<usize>) -> Value {
    match class {
        Some(class) => v.slice_axis(-1, class, class + 1),
        None => v,
    }
}

/// How often it is true, weighted.
fn count(hit: &Value, weights: Option<&Value>) -> Value {
    let hit = hit.cast(DType::F32);
    let hit = match weights {
        Some(w) => &hit * align(w, &hit),
        None => hit,
    };
    hit.sum(&[], false).cast(DType::F64)
}
