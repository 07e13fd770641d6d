//! A loss of the program itself, from a closure.
use super::{Loss, LossFn};
use crate::config::{Configured, Map};
use ferras_graph::Value;
use std::fmt;
use std::sync::Arc;

type Function = dyn Fn(&Value, &Value) -> Value + Send + Sync;

/// A closure over truth and prediction, with its name: a loss, or what a metric is the mean of.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) function: Box<Function>,
}

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "custom({:?})", self.name)
    }
}

impl Configured for Named {
    fn class_name(&self) -> &'static str {
        "function"
    }
    fn module(&self) -> Option<&'static str> {
        None
    }
    fn registered_name(&self) -> &'static str {
        "function"
    }
    fn get_config(&self) -> Map {
        [("name".to_string(), self.name.clone().into())].into_iter().collect()
    }
}

impl LossFn for Named {
    fn call(&self, y_true: &Value, y_pred: &Value) -> Value {
        (self.function)(y_true, y_pred)
    }
    fn name(&self) -> String {
        self.name.clone()
    }
}

impl Loss {
    /// A loss from a closure: `y_true` and `y_pred` `(batch, …, k)` to a loss for each sample
    /// `(batch, …)`. It cannot be written into a file; a class that derives
    /// [`Config`](crate::Config) can.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let loss = Loss::custom("quartic", |y_true, y_pred| {
    ///     let e = y_true - y_pred;
    ///     (&e * &e * &e * &e).mean(&[-1], false)
    /// });
    /// assert_eq!(loss.get()?.name(), "quartic");
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn custom(
        name: impl Into<String>,
        function: impl Fn(&Value, &Value) -> Value + Send + Sync + 'static,
    ) -> Loss {
        Loss::object(Arc::new(Named { name: name.into(), function: Box::new(function) }))
    }
}
