//! Losses: `keras.losses`.
//!
//! `y_true` and `y_pred` `(batch, …, k)` give a loss for each sample `(batch, …)`; the reduction
//! and the sample weights make one number of them. ε is [`crate::config::epsilon`].
//!
//! Each class has its formula as a function too, for losses of a program's own:
//!
//! ```
//! use ferras::losses::{Loss, huber, log_cosh};
//! let both = Loss::custom("both", |y_true, y_pred| {
//!     huber(y_true, y_pred, 0.5) + log_cosh(y_true, y_pred)
//! });
//! assert_eq!(both.get()?.name(), "both");
//! # Ok::<(), ferras::Error>(())
//! ```
mod classes;
mod custom;
pub(crate) mod functions;
mod reduction;
pub(crate) mod targets;
#[cfg(test)]
mod tests;

pub use classes::{
    BinaryCrossentropy, BinaryFocalCrossentropy, CTC, CategoricalCrossentropy,
    CategoricalFocalCrossentropy, CategoricalGeneralizedCrossEntropy, CategoricalHinge, Circle,
    CosineSimilarity, Dice, Hinge, Huber, KLDivergence, LogCosh, MeanAbsoluteError,
    MeanAbsolutePercentageError, MeanSquaredError, MeanSquaredLogarithmicError, Poisson,
    SparseCategoricalCrossentropy, SquaredHinge, Tversky,
};
pub(crate) use custom::Named;
pub use functions::{
    CircleOptions, Crossentropy, binary_crossentropy, binary_focal_crossentropy,
    categorical_crossentropy, categorical_focal_crossentropy,
    categorical_generalized_cross_entropy, categorical_hinge, circle, cosine_similarity, ctc, dice,
    hinge, huber, kl_divergence, log_cosh, mean_absolute_error, mean_absolute_percentage_error,
    mean_squared_error, mean_squared_logarithmic_error, poisson, sparse_categorical_crossentropy,
    squared_hinge, tversky,
};
pub use reduction::Reduction;
pub(crate) use reduction::{align, masked, ratio, reduce};

use crate::Result;
use crate::config::{Configured, family};
use crate::layers::{Masked, PartialShape};
use ferras_graph::{Tensor, Value};

/// How far predictions are from the truth.
pub trait LossFn: Configured {
    /// The loss of each sample: `y_true` and `y_pred` `(batch, …, k)` give `(batch, …)`. The truth
    /// has already been cast to the prediction's element type unless it holds class numbers.
    fn call(&self, y_true: &Value, y_pred: &Value) -> Value;

    /// The name under which logs show it.
    fn name(&self) -> String;

    /// How the losses of a batch become one.
    fn reduction(&self) -> Reduction {
        Reduction::SumOverBatchSize
    }

    /// Looks at the targets before training: an error says which value cannot be. By default they
    /// must be finite.
    fn check(&self, y_true: &Tensor, y_pred: &PartialShape) -> Result<()> {
        let _ = y_pred;
        targets::finite(&self.name(), y_true)
    }

    /// Which samples count, as bool of the losses' shape; all of them by default.
    fn mask(&self, y_true: &Value, y_pred: &Value) -> Option<Value> {
        let _ = (y_true, y_pred);
        None
    }
}

/// The loss of a batch: one number, unless the reduction is none. Places that the prediction's mask
/// leaves out do not count.
pub(crate) fn total(
    loss: &dyn LossFn,
    y_true: &Value,
    y_pred: &Masked,
    sample_weight: Option<&Value>,
) -> Value {
    let (y_true, prediction) = functions::same_rank(y_true, &y_pred.value);
    let values = loss.call(&y_true, &prediction);
    let own = loss.mask(&y_true, &prediction);
    let mask = match (&y_pred.mask, own) {
        (Some(a), Some(b)) => Some(a.and(b)),
        (a, b) => a.clone().or(b),
    };
    let weights = masked(&values, sample_weight, mask.as_ref(), loss.reduction());
    reduce(&values, weights.as_ref(), loss.reduction())
}

family! {
    /// A loss by name (`"mse"`) or object.
    Loss, LossFn, "loss",
    [
        MeanSquaredError, "mse", "MSE", "mean_squared_error";
        MeanAbsoluteError, "mae", "MAE", "mean_absolute_error";
        BinaryCrossentropy, "bce", "BCE", "binary_crossentropy";
        CategoricalCrossentropy, "categorical_crossentropy";
        SparseCategoricalCrossentropy, "sparse_categorical_crossentropy";
        MeanAbsolutePercentageError, "mape", "MAPE", "mean_absolute_percentage_error";
        MeanSquaredLogarithmicError, "msle", "MSLE", "mean_squared_logarithmic_error";
        Huber, "huber";
        LogCosh, "logcosh", "log_cosh";
        Hinge, "hinge";
        SquaredHinge, "squared_hinge";
        CategoricalHinge, "categorical_hinge";
        KLDivergence, "kld", "KLD", "kullback_leibler_divergence", "kl_divergence";
        Poisson, "poisson";
        CosineSimilarity, "cosine_similarity";
        BinaryFocalCrossentropy, "binary_focal_crossentropy";
        CategoricalFocalCrossentropy, "categorical_focal_crossentropy";
        CategoricalGeneralizedCrossEntropy, "categorical_generalized_cross_entropy";
        Circle, "circle";
        Dice, "dice";
        Tversky, "tversky";
        CTC, "ctc";
    ]
}
