//! Projections of weights after each update: `keras.constraints`.
mod norms;

pub use norms::{MaxNorm, MinMaxNorm, UnitNorm};

use crate::Result;
use crate::config::{Configured, family};
use ferras_derive::Config;
use ferras_graph::{Shape, Value};

/// A projection that a weight is put through after each update.
///
/// ```
/// use ferras::prelude::*;
/// /// Weights within ±limit.
/// #[derive(Clone, Debug, Config)]
/// struct Within {
///     limit: f64,
/// }
/// impl ConstraintFn for Within {
///     fn call(&self, w: &Value) -> Value {
///         w.minimum(self.limit).maximum(-self.limit)
///     }
/// }
/// let layer = Dense::new(4).kernel_constraint(Within::new(1.0));
/// # let _ = layer;
/// ```
pub trait ConstraintFn: Configured {
    /// The projected weight; the shape is kept.
    fn call(&self, w: &Value) -> Value;

    /// Whether the arguments make sense for a weight of this shape; asked when a layer is built.
    fn check(&self, shape: &Shape) -> Result<()> {
        let _ = shape;
        Ok(())
    }
}

/// max(w, 0)
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).kernel_constraint(NonNeg::new());
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.constraints")]
pub struct NonNeg;

impl ConstraintFn for NonNeg {
    fn call(&self, w: &Value) -> Value {
        w.maximum(0.0)
    }
}

family! {
    /// A constraint by name (`"non_neg"`) or object.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// assert!(Constraint::from("unit_norm").get().is_ok());
    /// assert!(Constraint::from(MaxNorm::new().max_value(3.0)).get().is_ok());
    /// ```
    Constraint, ConstraintFn, "constraint",
    [
        MaxNorm, "max_norm";
        MinMaxNorm, "min_max_norm";
        NonNeg, "non_neg";
        UnitNorm, "unit_norm";
    ]
}
