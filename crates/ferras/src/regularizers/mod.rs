//! Penalties on weights and outputs: `keras.regularizers`.
mod norms;
mod orthogonal;

pub use norms::{L1, L1L2, L2};
pub use orthogonal::{OrthogonalMode, OrthogonalRegularizer};

use crate::config::{Configured, family};
use crate::{Error, Result};
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

    /// Whether the arguments make sense; asked when a layer is built.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// An error unless the factor is a finite number of at least 0.
fn factor(argument: &str, value: f64) -> Result<()> {
    if value >= 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::argument(argument, format!("must be a number of at least 0, got {value}")))
}

/// An [`L1`] of this factor, as Keras' `l1(1e-4)`.
///
/// ```
/// use ferras::prelude::*;
/// assert_eq!(l1(1e-4).get_config(), L1::new().l1(1e-4).get_config());
/// ```
pub fn l1(l1: f64) -> L1 {
    L1::new().l1(l1)
}

/// An [`L2`] of this factor, as Keras' `l2(1e-4)`.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).kernel_regularizer(l2(1e-4));
/// # let _ = layer;
/// ```
pub fn l2(l2: f64) -> L2 {
    L2::new().l2(l2)
}

/// An [`L1L2`] of these factors, as Keras' `l1_l2(1e-4, 1e-3)`.
///
/// ```
/// use ferras::prelude::*;
/// assert_eq!(l1_l2(1e-4, 1e-3).get_config()["l2"], 1e-3);
/// ```
pub fn l1_l2(l1: f64, l2: f64) -> L1L2 {
    L1L2::new().l1(l1).l2(l2)
}

family! {
    /// A regularizer by name (`"l2"`) or object.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// assert!(Regularizer::from("l2").get().is_ok());
    /// assert!(Regularizer::from(l1_l2(1e-4, 1e-3)).get().is_ok());
    /// ```
    Regularizer, RegularizerFn, "regularizer",
    [
        L1, "l1";
        L2, "l2";
        L1L2, "l1_l2", "l1l2";
        OrthogonalRegularizer, "orthogonal_regularizer";
    ]
}
