//! `L1`, `L2` and both.
use super::RegularizerFn;
use ferras_derive::Config;
use ferras_graph::Value;

/// l1 · Σ |x|
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).kernel_regularizer(L1::new().l1(1e-4));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.regularizers")]
pub struct L1 {
    /// The factor; 0.01 by default.
    #[config(default = 0.01)]
    l1: f64,
}

impl RegularizerFn for L1 {
    fn call(&self, x: &Value) -> Value {
        penalty(x, self.l1, 0.0)
    }
}

/// l2 · Σ x²
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).kernel_regularizer(L2::new().l2(1e-4));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.regularizers")]
pub struct L2 {
    /// The factor; 0.01 by default.
    #[config(default = 0.01)]
    l2: f64,
}

impl RegularizerFn for L2 {
    fn call(&self, x: &Value) -> Value {
        penalty(x, 0.0, self.l2)
    }
}

/// l1 · Σ |x| + l2 · Σ x²
///
/// Without arguments it does nothing, as in Keras; by its name (`"l1_l2"`) too.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).kernel_regularizer(L1L2::new().l1(1e-4).l2(1e-3));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.regularizers")]
pub struct L1L2 {
    /// The factor of Σ |x|; 0 by default.
    #[config(default = 0.0)]
    l1: f64,
    /// The factor of Σ x²; 0 by default.
    #[config(default = 0.0)]
    l2: f64,
}

impl RegularizerFn for L1L2 {
    fn call(&self, x: &Value) -> Value {
        penalty(x, self.l1, self.l2)
    }
}

/// l1 · Σ |x| + l2 · Σ x²; a term whose factor is 0 is left out.
pub(crate) fn penalty(x: &Value, l1: f64, l2: f64) -> Value {
    for (name, factor) in [("l1", l1), ("l2", l2)] {
        if !(factor >= 0.0 && factor.is_finite()) {
            let problem = format!("the factor {name} must be a number of at least 0, got {factor}");
            return x.error("regularizer", problem);
        }
    }
    let absolute = || x.abs().sum(&[], false) * l1;
    let square = || (x * x).sum(&[], false) * l2;
    match (l1 != 0.0, l2 != 0.0) {
        (true, true) => absolute() + square(),
        (true, false) => absolute(),
        (false, true) => square(),
        (false, false) => x.builder().scalar(x.dtype(), 0.0),
    }
}
