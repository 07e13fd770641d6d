//! The classes of `keras.losses`.
use super::functions::{self, CircleOptions, Crossentropy};
use super::{LossFn, Reduction, targets};
use crate::Result;
use crate::config::{Axes, floatx};
use crate::layers::PartialShape;
use ferras_derive::Config;
use ferras_graph::{DType, Tensor, Value};

/// Declares loss classes: name in logs, how targets are checked, own arguments, formula. The
/// arguments that all losses share are added.
macro_rules! losses {
    ($($(#[$doc:meta])* $class:ident $name:literal, $check:expr, { $($own:tt)* } $call:expr
        $(, class_numbers = $numbers:literal)? $(, mask = $mask:expr)?;)*) => {
        $($(#[$doc])*
        ///
        /// - **Source** Keras 3, the class of the same name in `keras.losses`.
        ///
        /// ```
        /// use ferras::losses::{Loss, Reduction};
        #[doc = concat!("use ferras::losses::", stringify!($class), ";")]
        #[doc = concat!("let loss = Loss::from(", stringify!($class), "::new().reduction(Reduction::Sum));")]
        #[doc = concat!("assert_eq!(loss.get()?.name(), \"", $name, "\");")]
        /// # Ok::<(), ferras::Error>(())
        /// ```
        #[derive(Clone, Debug, Config)]
        #[config(module = "keras.losses")]
        pub struct $class {
            $($own)*
            /// How the losses of a batch become one; their mean by default.
            #[config(default)]
            reduction: Reduction,
            /// The name under which logs show it.
            #[config(default = $name)]
            name: String,
            /// Element type of the computation; the program's default float by default.
            #[config(default, omit_default)]
            dtype: Option<DType>,
        }

        impl LossFn for $class {
            fn call(&self, y_true: &Value, y_pred: &Value) -> Value {
                let numbers = false $(|| $numbers)?;
                let (t, p) = functions::prepare(y_true, y_pred, Some(self.dtype.unwrap_or_else(floatx)), numbers);
                let formula: fn(&$class, &Value, &Value) -> Value = $call;
                formula(self, &t, &p)
            }
            fn name(&self) -> String {
                self.name.clone()
            }
            fn reduction(&self) -> Reduction {
                self.reduction
            }
            fn check(&self, y_true: &Tensor, y_pred: &PartialShape) -> Result<()> {
                let check: fn(&$class, &Tensor, &PartialShape) -> Result<()> = $check;
                check(self, y_true, y_pred)
            }
            $(fn mask(&self, y_true: &Value, y_pred: &Value) -> Option<Value> {
                let mask: fn(&$class, &Value, &Value) -> Option<Value> = $mask;
                mask(self, y_true, y_pred)
            })?
        })*
    };
}

losses! {
    /// −log of the probability that the steps of each sequence spell its labels
    /// ([`ctc_loss`](crate::ops::ctc_loss)). `y_true (batch, labels)`: class numbers, 0 behind the
    /// last one; `y_pred (batch, steps, classes)`: logits, of which class 0 is the blank.
    CTC "ctc",
    |l, t, p| targets::sequences(&l.name, t, p), {}
    |_, t, p| functions::ctc(t, p),
    class_numbers = true;

    /// mean((y_true − y_pred)²) over the last axis.
    MeanSquaredError "mean_squared_error",
    |l, t, p| targets::like_output(&l.name, t, p), {}
    |_, t, p| functions::mean_squared_error(t, p);

    /// mean(|y_true − y_pred|) over the last axis.
    MeanAbsoluteError "mean_absolute_error",
    |l, t, p| targets::like_output(&l.name, t, p), {}
    |_, t, p| functions::mean_absolute_error(t, p);

    /// 100 · mean(|y_true − y_pred| / max(|y_true|, ε)) over the last axis.
    MeanAbsolutePercentageError "mean_absolute_percentage_error",
    |l, t, p| targets::like_output(&l.name, t, p), {}
    |_, t, p| functions::mean_absolute_percentage_error(t, p);

    /// mean((log(1 + y_true) − log(1 + y_pred))²) over the last axis, both at least ε.
    MeanSquaredLogarithmicError "mean_squared_logarithmic_error",
    |l, t, p| targets::like_output(&l.name, t, p), {}
    |_, t, p| functions::mean_squared_logarithmic_error(t, p);

    /// mean of e²/2 where the error |e| ≤ δ, δ·|e| − δ²/2 beyond, over the last axis.
    Huber "huber_loss", |l, t, p| targets::like_output(&l.name, t, p), {
        /// Where the square becomes a line; 1 by default.
        #[config(default = 1.0, omit_default)]
        delta: f64,
    }
    |l, t, p| functions::huber(t, p, l.delta);

    /// mean(log cosh(y_pred − y_true)) over the last axis.
    LogCosh "log_cosh", |l, t, p| targets::like_output(&l.name, t, p), {}
    |_, t, p| functions::log_cosh(t, p);

    /// mean(max(1 − y_true · y_pred, 0)) over the last axis; labels −1 and 1, or 0 and 1.
    Hinge "hinge", |l, t, p| targets::like_output(&l.name, t, p), {}
    |_, t, p| functions::hinge(t, p);

    /// mean(max(1 − y_true · y_pred, 0)²) over the last axis; labels −1 and 1, or 0 and 1.
    SquaredHinge "squared_hinge", |l, t, p| targets::like_output(&l.name, t, p), {}
    |_, t, p| functions::squared_hinge(t, p);

    /// max(1 + max((1 − y_true) · y_pred) − Σ y_true · y_pred, 0) over the last axis.
    CategoricalHinge "categorical_hinge", |l, t, p| targets::per_class(&l.name, t, p), {}
    |_, t, p| functions::categorical_hinge(t, p);

    /// Σ y_true · log(y_true / y_pred) over the last axis, both clipped to [ε, 1].
    KLDivergence "kl_divergence", |l, t, p| targets::like_output(&l.name, t, p), {}
    |_, t, p| functions::kl_divergence(t, p);

    /// mean(y_pred − y_true · log(y_pred + ε)) over the last axis.
    Poisson "poisson", |l, t, p| targets::like_output(&l.name, t, p), {}
    |_, t, p| functions::poisson(t, p);

    /// −cos of the angle between y_true and y_pred along an axis: −1 for the same direction.
    CosineSimilarity "cosine_similarity", |l, t, p| targets::like_output(&l.name, t, p), {
        /// The axis of the vectors; the last by default.
        #[config(default = -1, omit_default)]
        axis: isize,
    }
    |l, t, p| functions::cosine_similarity(t, p, l.axis);

    /// mean(−y_true · log p − (1 − y_true) · log(1 − p)) over an axis: independent questions whose
    /// answers are no (0) or yes (1). Probabilities are clipped to [ε, 1 − ε].
    BinaryCrossentropy "binary_crossentropy", |l, t, p| targets::like_output(&l.name, t, p), {
        /// Whether predictions are logits, before the sigmoid; probabilities by default.
        #[config(default = false)]
        from_logits: bool,
        /// How far labels are moved towards 1/2, from 0 to 1.
        #[config(default = 0.0)]
        label_smoothing: f64,
        /// The axis that the mean is taken over; the last by default.
        #[config(default = -1)]
        axis: isize,
    }
    |l, t, p| functions::binary_crossentropy(t, p, l.options());

    /// Binary crossentropy, each term times (1 − probability of the right answer)^γ, so that easy
    /// samples count less: Lin et al. 2017, eq. 5.
    BinaryFocalCrossentropy "binary_focal_crossentropy",
    |l, t, p| targets::like_output(&l.name, t, p), {
        /// Whether terms are also weighted by `alpha` (yes) and 1 − `alpha` (no).
        #[config(default = false)]
        apply_class_balancing: bool,
        /// Weight of the answer yes; 0.25 by default.
        #[config(default = 0.25)]
        alpha: f64,
        /// The power γ; 2 by default.
        #[config(default = 2.0)]
        gamma: f64,
        /// Whether predictions are logits, before the sigmoid; probabilities by default.
        #[config(default = false)]
        from_logits: bool,
        /// How far labels are moved towards 1/2, from 0 to 1.
        #[config(default = 0.0)]
        label_smoothing: f64,
        /// The axis that the mean is taken over; the last by default.
        #[config(default = -1)]
        axis: isize,
    }
    |l, t, p| {
        let alpha = l.apply_class_balancing.then_some(l.alpha);
        functions::binary_focal_crossentropy(t, p, l.options(), (alpha, l.gamma))
    };

    /// −Σ y_true · log p along an axis of classes: one-hot rows or probabilities as truth.
    /// Predicted probabilities are divided by their sum and clipped to [ε, 1 − ε].
    CategoricalCrossentropy "categorical_crossentropy", |l, t, p| targets::per_class(&l.name, t, p), {
        /// Whether predictions are logits, before the softmax; probabilities by default.
        #[config(default = false)]
        from_logits: bool,
        /// How far labels are moved towards equal shares of all classes, from 0 to 1.
        #[config(default = 0.0)]
        label_smoothing: f64,
        /// The axis of the classes; the last by default.
        #[config(default = -1)]
        axis: isize,
    }
    |l, t, p| functions::categorical_crossentropy(t, p, l.options());

    /// −Σ α · (1 − p)^γ · y_true · log p along an axis of classes, so that easy samples count less:
    /// Lin et al. 2017, eq. 5.
    CategoricalFocalCrossentropy "categorical_focal_crossentropy",
    |l, t, p| targets::per_class(&l.name, t, p), {
        /// The factor α; 0.25 by default.
        #[config(default = 0.25)]
        alpha: f64,
        /// The power γ; 2 by default.
        #[config(default = 2.0)]
        gamma: f64,
        /// Whether predictions are logits, before the softmax; probabilities by default.
        #[config(default = false)]
        from_logits: bool,
        /// How far labels are moved towards equal shares of all classes, from 0 to 1.
        #[config(default = 0.0)]
        label_smoothing: f64,
        /// The axis of the classes; the last by default.
        #[config(default = -1)]
        axis: isize,
    }
    |l, t, p| functions::categorical_focal_crossentropy(t, p, l.options(), (l.alpha, l.gamma));

    /// −log of the predicted probability of each class number in y_true `(batch, …)` or
    /// `(batch, …, 1)`. Predicted probabilities `(batch, …, classes)` are divided by their sum and
    /// clipped to [ε, 1 − ε].
    SparseCategoricalCrossentropy "sparse_categorical_crossentropy",
    |l, t, p| targets::class_numbers(&l.name, t, p, l.axis, l.ignore_class), {
        /// Whether predictions are logits, before the softmax; probabilities by default.
        #[config(default = false)]
        from_logits: bool,
        /// A class number that does not count, neither in the sum nor in the mean.
        #[config(default)]
        ignore_class: Option<i64>,
        /// The axis of the classes; the last by default.
        #[config(default = -1, omit_default)]
        axis: isize,
    }
    |l, t, p| functions::sparse_categorical_crossentropy(
        t, p, l.from_logits, l.ignore_class, l.axis
    ),
    class_numbers = true,
    mask = |l, t, p| {
        let ignored = l.ignore_class?;
        let (t, p) = functions::same_rank(t, p);
        Some(functions::class_numbers(&t, &p, l.axis).not_equal(ignored as f64))
    };

    /// (1 − p^q) / q with the predicted probability p of each class number in y_true `(batch, …)`
    /// or `(batch, …, 1)`, robust to wrong labels: near 0, q gives crossentropy, near 1 the
    /// absolute error. Zhang & Sabuncu 2018.
    CategoricalGeneralizedCrossEntropy "categorical_generalized_cross_entropy",
    |l, t, p| {
        functions::check_exponent(l.q)?;
        targets::class_numbers(&l.name, t, p, -1, None)
    }, {
        /// The exponent, above 0 and below 1; 0.5 by default.
        #[config(default = 0.5)]
        q: f64,
    }
    |l, t, p| functions::categorical_generalized_cross_entropy(t, p, l.q),
    class_numbers = true;

    /// 1 − 2 · Σ y_true · y_pred / (Σ y_true + Σ y_pred + ε), with sums over some axes, or all: how
    /// little two areas overlap.
    Dice "dice", |l, t, p| targets::like_output(&l.name, t, p), {
        /// The axes that are summed over; all by default.
        #[config(default)]
        axis: Option<Axes>,
    }
    |l, t, p| functions::dice(t, p, l.axis.as_ref());

    /// 1 − c / (c + α·m + β·w + ε) with what two areas have in common c = Σ y_true · y_pred, what
    /// is missed m = Σ y_true · (1 − y_pred) and what is wrong w = Σ (1 − y_true) · y_pred, with
    /// sums over some axes, or all: Salehi et al. 2017.
    Tversky "tversky", |l, t, p| targets::like_output(&l.name, t, p), {
        /// The factor α of what is missed; 0.5 by default.
        #[config(default = 0.5)]
        alpha: f64,
        /// The factor β of what is wrong; 0.5 by default.
        #[config(default = 0.5)]
        beta: f64,
        /// The axes that are summed over; all by default.
        #[config(default)]
        axis: Option<Axes>,
    }
    |l, t, p| functions::tversky(t, p, (l.alpha, l.beta), l.axis.as_ref());

    /// softplus(log Σ exp(−γ·(m + d)·(m − d)) + log Σ exp(γ·(1 + m − d)·(1 − m − d))) with the
    /// cosine distances d of an embedding to those of the same label in the batch (first sum) and
    /// of others: Sun et al. 2020. Class numbers `(batch)` or `(batch, 1)` and embeddings
    /// `(batch, d)` of length 1. Samples without loss do not count in the mean.
    Circle "circle", |l, t, p| targets::labels(&l.name, t, p), {
        /// The factor γ; 80 by default.
        #[config(default = 80.0)]
        gamma: f64,
        /// The margin m; 0.4 by default.
        #[config(default = 0.4)]
        margin: f64,
        /// Whether a sample is not compared with itself; true by default.
        #[config(default = true)]
        remove_diagonal: bool,
    }
    |l, t, p| functions::circle(t, p, &l.circle_options()),
    class_numbers = true,
    mask = |l, t, p| Some(l.call(t, p).greater(0.0));
}

impl Circle {
    fn circle_options(&self) -> CircleOptions {
        let Self { gamma, margin, remove_diagonal, .. } = *self;
        CircleOptions { references: None, remove_diagonal, gamma, margin }
    }
}

macro_rules! options {
    ($($class:ident)*) => {
        $(impl $class {
            fn options(&self) -> Crossentropy {
                let Self { from_logits, label_smoothing, axis, .. } = *self;
                Crossentropy { from_logits, label_smoothing, axis }
            }
        })*
    };
}

options! {
    BinaryCrossentropy BinaryFocalCrossentropy
    CategoricalCrossentropy CategoricalFocalCrossentropy
}
