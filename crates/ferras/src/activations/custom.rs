//! A program's function as an activation.
use super::ActivationFn;
use crate::config::{Configured, Map};
use ferras_graph::Value;
use std::fmt;
use std::sync::Arc;

/// A function with a name; made by [`Activation::custom`](super::Activation::custom).
#[derive(Clone)]
pub struct Custom {
    name: &'static str,
    function: Arc<dyn Fn(&Value) -> Value + Send + Sync>,
}

impl Custom {
    pub(crate) fn new(
        name: &'static str,
        function: impl Fn(&Value) -> Value + Send + Sync + 'static,
    ) -> Custom {
        Custom { name, function: Arc::new(function) }
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Custom({:?})", self.name)
    }
}

impl Configured for Custom {
    fn class_name(&self) -> &'static str {
        self.name
    }
    fn module(&self) -> Option<&'static str> {
        None
    }
    fn registered_name(&self) -> &'static str {
        self.name
    }
    fn get_config(&self) -> Map {
        Map::new()
    }
}

impl ActivationFn for Custom {
    fn call(&self, x: &Value) -> Value {
        (self.function)(x)
    }
    fn keyword(&self) -> Option<&'static str> {
        Some(self.name)
    }
}
