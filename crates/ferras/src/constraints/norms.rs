//! Constraints on the Euclidean norm of a weight along axes.
use super::ConstraintFn;
use crate::config::{Axes, epsilon};
use crate::{Error, Result};
use ferras_derive::Config;
use ferras_graph::{Shape, Value};

/// Shortens vectors that are longer than `max_value`.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).kernel_constraint(MaxNorm::new().max_value(3.0));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.constraints")]
pub struct MaxNorm {
    /// The largest norm; 2 by default.
    #[config(default = 2.0)]
    max_value: f64,
    /// The axes that make a vector: 0 (default) for the weights into a unit of `Dense`,
    /// `[0, 1, 2]` for a filter of `Conv2D`.
    #[config(default = 0)]
    axis: Axes,
}

impl ConstraintFn for MaxNorm {
    fn call(&self, w: &Value) -> Value {
        let norm = norm(w, &self.axis);
        w * norm.clip(0.0, self.max_value) / (norm + epsilon())
    }

    fn check(&self, shape: &Shape) -> Result<()> {
        size("max_value", self.max_value)?;
        self.axis.resolve(shape.rank()).map(|_| ())
    }
}

/// Moves norms into `min_value` to `max_value`, by the share `rate` of the way.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).kernel_constraint(MinMaxNorm::new().min_value(0.5).rate(0.9));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.constraints")]
pub struct MinMaxNorm {
    /// The smallest norm; 0 by default.
    #[config(default = 0.0)]
    min_value: f64,
    /// The largest norm; 1 by default.
    #[config(default = 1.0)]
    max_value: f64,
    /// How much of the way is gone at each update; 1 by default: all of it.
    #[config(default = 1.0)]
    rate: f64,
    /// The axes that make a vector; 0 by default.
    #[config(default = 0)]
    axis: Axes,
}

impl ConstraintFn for MinMaxNorm {
    fn call(&self, w: &Value) -> Value {
        let norm = norm(w, &self.axis);
        let wanted =
            norm.clip(self.min_value, self.max_value) * self.rate + &norm * (1.0 - self.rate);
        w * wanted / (norm + epsilon())
    }

    fn check(&self, shape: &Shape) -> Result<()> {
        size("min_value", self.min_value)?;
        size("max_value", self.max_value)?;
        size("rate", self.rate)?;
        self.axis.resolve(shape.rank()).map(|_| ())
    }
}

/// Brings norms to 1.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).kernel_constraint(UnitNorm::new().axis([0, 1]));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.constraints")]
pub struct UnitNorm {
    /// The axes that make a vector; 0 by default.
    #[config(default = 0)]
    axis: Axes,
}

impl ConstraintFn for UnitNorm {
    fn call(&self, w: &Value) -> Value {
        w / (norm(w, &self.axis) + epsilon())
    }

    fn check(&self, shape: &Shape) -> Result<()> {
        self.axis.resolve(shape.rank()).map(|_| ())
    }
}

/// An error unless the argument is a number of at least 0.
fn size(argument: &str, value: f64) -> Result<()> {
    if value >= 0.0 {
        return Ok(());
    }
    Err(Error::argument(argument, format!("must be a number of at least 0, got {value}")))
}

fn norm(w: &Value, axis: &Axes) -> Value {
    (w * w).sum(axis.as_slice(), true).sqrt()
}
