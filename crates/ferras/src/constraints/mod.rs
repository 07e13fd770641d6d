//! Projections of weights after each update: `keras.constraints`.
use crate::config::{Configured, family};
use ferras_derive::Config;
use ferras_graph::Value;

/// A projection that a weight is put through after each update.
pub trait ConstraintFn: Configured {
    /// The projected weight; the shape is kept.
    fn call(&self, w: &Value) -> Value;
}

/// max(w, 0)
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
    Constraint, ConstraintFn, "constraint",
    [
        NonNeg, "non_neg", "NonNeg";
    ]
}
