//! Penalties on weights and outputs: `keras.regularizers`.
mod norms;
mod orthogonal;

pub use norms::{L1, L1L2, L2};
pub use orthogonal::{OrthogonalMode, OrthogonalRegularizer};

use crate::config::{Configured, family};
use ferras_graph::Value;

/// A penalty added to the loss.
///
/// ```
/// use ferras::prelude::*;
/// /// factor · (Σ x)²
/// #[derive(Clone, Debug, Config)]
/// struct Balanced {
///     #[config(default = 0.01)]
///     factor: f64,
/// }
/// impl RegularizerFn for Balanced {
///     fn call(&self, x: &Value) -> Value {
///         let sum = x.sum(&[], false);
///         &sum * &sum * self.factor
///     }
/// }
/// let layer = Dense::new(4).kernel_regularizer(Balanced::new());
/// # let _ = layer;
/// ```
pub trait RegularizerFn: Configured {
    /// The penalty of `x`, a scalar.
    fn call(&self, x: &Value) -> Value;
}

family! {
    /// A regularizer by name (`"l2"`) or object.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// assert!(Regularizer::from("l2").get().is_ok());
    /// assert!(Regularizer::from(L1L2::new().l1(1e-4).l2(1e-3)).get().is_ok());
    /// ```
    Regularizer, RegularizerFn, "regularizer",
    [
        L1, "l1";
        L2, "l2";
        L1L2, "l1_l2", "l1l2";
        OrthogonalRegularizer, "orthogonal_regularizer";
    ]
}
