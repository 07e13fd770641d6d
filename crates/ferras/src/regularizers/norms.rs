//! `L1`, `L2` and both.
use super::{RegularizerFn, factor};
use crate::Result;
use ferras_derive::Config;
use ferras_graph::Value;

/// l1 · Σ |x|
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).kernel_regularizer(l1(1e-4));
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

    fn check(&self) -> Result<()> {
        factor("l1", self.l1)
    }
}

/// l2 · Σ x²
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).kernel_regularizer(l2(1e-4));
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

    fn check(&self) -> Result<()> {
        factor("l2", self.l2)
    }
}

/// l1 · Σ |x| + l2 · Σ x²
///
/// Without arguments it does nothing, as in Keras; by its name (`"l1_l2"`) too.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).kernel_regularizer(l1_l2(1e-4, 1e-3));
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

    fn check(&self) -> Result<()> {
        factor("l1", self.l1)?;
        factor("l2", self.l2)
    }
}

/// l1 · Σ |x| + l2 · Σ x²; a term whose factor is 0 is left out.
fn penalty(x: &Value, l1: f64, l2: f64) -> Value {
    let absolute = || x.abs().sum(&[], false) * l1;
    let square = || (x * x).sum(&[], false) * l2;
    match (l1 != 0.0, l2 != 0.0) {
        (true, true) => absolute() + square(),
        (true, false) => absolute(),
        (false, true) => square(),
        (false, false) => x.builder().scalar(x.dtype(), 0.0),
    }
}
