//! Intersection over union of predicted and true areas, from a confusion matrix.
use super::{Direction, MetricFn};
use crate::layers::PartialShape;
use crate::losses::{align, ratio};
use crate::{Error, Result};
use ferras_derive::Config;
use ferras_graph::{DType, TensorType, Value};

/// What the metrics of this file have in common.
struct Overlap<'a> {
    classes: usize,
    /// The classes whose mean is the result; all by default.
    targets: Option<&'a [usize]>,
    ignored: Option<i64>,
    /// Whether truth and predictions are class numbers, and not a value for each class.
    sparse: [bool; 2],
    axis: isize,
    /// The type of the counts; whole ones cut the fraction of sample weights off.
    dtype: DType,
}

impl Overlap<'_> {
    fn check(&self) -> Result<()> {
        if self.classes == 0 {
            return Err(Error::argument("num_classes", "must be at least 1, got 0"));
        }
        match self.targets.unwrap_or_default().iter().find(|&&id| id >= self.classes) {
            None if self.targets.is_none_or(|ids| !ids.is_empty()) => Ok(()),
            None => Err(Error::argument("target_class_ids", "must name at least one class")),
            Some(id) => {
                let problem = format!("must be below num_classes {}, got {id}", self.classes);
                Err(Error::argument("target_class_ids", problem))
            }
        }
    }

    /// How often each true class (rows) was predicted as each class (columns).
    fn state(&self) -> Vec<TensorType> {
        vec![TensorType::new(DType::F64, [self.classes, self.classes])]
    }

    fn update(
        &self,
        state: &[Value],
        y_true: &Value,
        y_pred: &Value,
        weights: Option<&Value>,
    ) -> Vec<Value> {
        let labels = |v: &Value, sparse| if sparse { v.clone() } else { v.argmax(self.axis) };
        let flat = |v: &Value| v.reshape([v.shape().elements()]).cast(DType::I32);
        let (truth, predicted) = (labels(y_true, self.sparse[0]), labels(y_pred, self.sparse[1]));
        let weight = match weights {
            None => truth.full_like(1.0).cast(DType::F32),
            Some(w) => {
                let w = align(w, &truth.cast(DType::F32)).broadcast_to(truth.shape());
                if self.dtype.is_float() { w } else { w.cast(DType::I64) }
            }
        };
        let weight = weight.cast(DType::F64).reshape([truth.shape().elements()]);
        let (truth, predicted) = (flat(&truth), flat(&predicted));
        let inside = |v: &Value| v.greater_equal(0.0).and(v.less(self.classes as f64));
        let mut counts = inside(&truth).and(inside(&predicted));
        if let Some(class) = self.ignored {
            counts = counts.and(truth.not_equal(class as f64));
        }
        let count = self.classes * self.classes;
        let place = counts.select(&(truth * self.classes as f64 + predicted), count as f64);
        let matrix = state[0].reshape([count]).scatter_add(&place, &weight, 0);
        vec![matrix.reshape([self.classes, self.classes])]
    }

    fn result(&self, state: &[Value]) -> Value {
        let matrix = &state[0];
        let (rows, columns) = (matrix.sum(&[1], false), matrix.sum(&[0], false));
        let b = matrix.builder();
        let place = |axis| b.iota(DType::I32, matrix.shape(), axis);
        let common = place(0).equal(place(1)).select(matrix, 0.0).sum(&[1], false);
        let all = rows + columns - &common;
        let (common, all) = match self.targets {
            None => (common, all),
            Some(ids) => {
                let pick = |v: &Value| {
                    let parts: Vec<Value> =
                        ids.iter().map(|&id| v.slice_axis(0, id, id + 1)).collect();
                    b.concat(&parts, 0)
                };
                (pick(&common), pick(&all))
            }
        };
        // Classes that occur nowhere do not count.
        let there = all.greater(1e-9).cast(DType::F64);
        ratio(&ratio(&common, &all).sum(&[], false), &there.sum(&[], false))
    }
}

/// Declares a metric of intersection over union: name in logs, own arguments, and how they make an
/// [`Overlap`].
macro_rules! overlaps {
    ($($(#[$doc:meta])* $class:ident $name:literal, $example:literal, { $($own:tt)* }
        $overlap:expr $(, update = $update:expr)?;)*) => {
        $($(#[$doc])*
        ///
        /// - **Errors** at compile: a class number that is not below the number of classes.
        /// - **Source** Keras 3, the class of the same name in `keras.metrics`.
        ///
        /// ```
        /// use ferras::metrics::Metric;
        #[doc = concat!("use ferras::metrics::", stringify!($class), ";")]
        #[doc = concat!("let metric = Metric::from(", stringify!($class), "::new", $example, ");")]
        #[doc = concat!("assert_eq!(metric.get()?.name(), \"", $name, "\");")]
        /// # Ok::<(), ferras::Error>(())
        /// ```
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.metrics")]
        pub struct $class {
            $($own)*
            /// The name under which logs show it.
            #[config(default = $name)]
            name: String,
            /// Element type of the counts: with a whole one (int32 by default), as in Keras, sample
            /// weights lose their fractions.
            #[config(default = DType::I32)]
            dtype: DType,
        }

        impl $class {
            fn overlap(&self) -> Overlap<'_> {
                let overlap: fn(&$class) -> Overlap<'_> = $overlap;
                overlap(self)
            }
        }

        impl MetricFn for $class {
            fn name(&self) -> String {
                self.name.clone()
            }
            fn check(&self) -> Result<()> {
                self.overlap().check()
            }
            fn state(&self, _: &PartialShape) -> Vec<TensorType> {
                self.overlap().state()
            }
            fn update(
                &self,
                state: &[Value],
                y_true: &Value,
                y_pred: &Value,
                weights: Option<&Value>,
            ) -> Vec<Value> {
                $(
                    let prepare: fn(&$class, &Value) -> Value = $update;
                    let y_pred = &prepare(self, y_pred);
                )?
                self.overlap().update(state, y_true, y_pred, weights)
            }
            fn result(&self, state: &[Value]) -> Value {
                self.overlap().result(state)
            }
            fn direction(&self) -> Option<Direction> {
                Some(Direction::Up)
            }
        })*
    };
}

overlaps! {
    /// Mean over some classes of tp / (tp + fp + fn).
    IoU "io_u", "(2, [0])", {
        /// Number of classes; labels beyond them do not count.
        num_classes: usize,
        /// The classes whose mean is the result.
        target_class_ids: Vec<usize>,
        /// A true class that does not count.
        #[config(default)]
        ignore_class: Option<i64>,
        /// Whether the truth is class numbers (default), and not a value for each class.
        #[config(default = true)]
        sparse_y_true: bool,
        /// Whether predictions are class numbers (default), and not a value for each class.
        #[config(default = true)]
        sparse_y_pred: bool,
        /// The axis of the classes, where there is one; the last by default.
        #[config(default = -1)]
        axis: isize,
    }
    |m| Overlap {
        classes: m.num_classes,
        targets: Some(&m.target_class_ids),
        ignored: m.ignore_class,
        sparse: [m.sparse_y_true, m.sparse_y_pred],
        axis: m.axis,
        dtype: m.dtype,
    };

    /// Mean over all classes of tp / (tp + fp + fn); classes that occur nowhere do not count.
    MeanIoU "mean_io_u", "(2)", {
        /// Number of classes; labels beyond them do not count.
        num_classes: usize,
        /// A true class that does not count.
        #[config(default)]
        ignore_class: Option<i64>,
        /// Whether the truth is class numbers (default), and not a value for each class.
        #[config(default = true)]
        sparse_y_true: bool,
        /// Whether predictions are class numbers (default), and not a value for each class.
        #[config(default = true)]
        sparse_y_pred: bool,
        /// The axis of the classes, where there is one; the last by default.
        #[config(default = -1)]
        axis: isize,
    }
    |m| Overlap {
        classes: m.num_classes,
        targets: None,
        ignored: m.ignore_class,
        sparse: [m.sparse_y_true, m.sparse_y_pred],
        axis: m.axis,
        dtype: m.dtype,
    };

    /// tp / (tp + fp + fn) of two classes told apart by a threshold, as the mean over some of them.
    BinaryIoU "binary_io_u", "()", {
        /// The classes whose mean is the result; both by default.
        #[config(default = vec![0, 1])]
        target_class_ids: Vec<usize>,
        /// From it on a prediction means class 1; 0.5 by default.
        #[config(default = 0.5)]
        threshold: f64,
    }
    |m| Overlap {
        classes: 2,
        targets: Some(&m.target_class_ids),
        ignored: None,
        sparse: [true, true],
        axis: -1,
        dtype: m.dtype,
    },
    update = |m, y_pred| y_pred.cast(DType::F32).greater_equal(m.threshold).cast(DType::I32);

    /// [`IoU`] of one-hot truth, and of predictions with a value for each class.
    OneHotIoU "one_hot_io_u", "(2, [0])", {
        /// Number of classes.
        num_classes: usize,
        /// The classes whose mean is the result.
        target_class_ids: Vec<usize>,
        /// A true class that does not count.
        #[config(default)]
        ignore_class: Option<i64>,
        /// Whether predictions are class numbers, and not a value for each class (default).
        #[config(default = false)]
        sparse_y_pred: bool,
        /// The axis of the classes; the last by default.
        #[config(default = -1)]
        axis: isize,
    }
    |m| Overlap {
        classes: m.num_classes,
        targets: Some(&m.target_class_ids),
        ignored: m.ignore_class,
        sparse: [false, m.sparse_y_pred],
        axis: m.axis,
        dtype: m.dtype,
    };

    /// [`MeanIoU`] of one-hot truth, and of predictions with a value for each class.
    OneHotMeanIoU "one_hot_mean_io_u", "(2)", {
        /// Number of classes.
        num_classes: usize,
        /// A true class that does not count.
        #[config(default)]
        ignore_class: Option<i64>,
        /// Whether predictions are class numbers, and not a value for each class (default).
        #[config(default = false)]
        sparse_y_pred: bool,
        /// The axis of the classes; the last by default.
        #[config(default = -1)]
        axis: isize,
    }
    |m| Overlap {
        classes: m.num_classes,
        targets: None,
        ignored: m.ignore_class,
        sparse: [false, m.sparse_y_pred],
        axis: m.axis,
        dtype: m.dtype,
    };
}
