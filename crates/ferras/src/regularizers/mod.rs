//! Penalties on weights and outputs: `keras.regularizers`.
use crate::config::{Configured, family};
use ferras_derive::Config;
use ferras_graph::Value;

/// A penalty added to the loss.
pub trait RegularizerFn: Configured {
    /// The penalty of `x`, a scalar.
    fn call(&self, x: &Value) -> Value;
}

/// l2 · Σ x²
#[derive(Clone, Debug, Config)]
#[config(module = "keras.regularizers")]
pub struct L2 {
    /// The factor.
    #[config(default = 0.01)]
    l2: f64,
}

impl RegularizerFn for L2 {
    fn call(&self, x: &Value) -> Value {
        (x * x).sum(&[], false) * self.l2
    }
}

family! {
    /// A regularizer by name (`"l2"`) or object.
    Regularizer, RegularizerFn, "regularizer",
    [
        L2, "l2";
    ]
}
