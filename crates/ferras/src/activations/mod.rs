//! Activation functions: `keras.activations`.
use crate::config::{Configured, family};
use ferras_graph::Value;

/// An elementwise (or, as softmax, axiswise) function behind a layer's output.
pub trait ActivationFn: Configured {
    /// y = f(x); the shape of x is kept.
    fn call(&self, x: &Value) -> Value;
    /// The plain name under which Keras writes it, for functions without arguments.
    fn keyword(&self) -> Option<&'static str> {
        None
    }
}

macro_rules! functions {
    ($($(#[$doc:meta])* $class:ident $keyword:literal $call:expr;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug, ferras_derive::Config)]
        #[config(module = "keras.activations")]
        #[config(class = $keyword)]
        pub struct $class;

        impl ActivationFn for $class {
            fn call(&self, x: &Value) -> Value {
                let f: fn(&Value) -> Value = $call;
                f(x)
            }
            fn keyword(&self) -> Option<&'static str> {
                Some($keyword)
            }
        })*
    };
}

functions! {
    /// x
    Linear "linear" Value::clone;
    /// max(x, 0)
    Relu "relu" Value::relu;
    /// tanh x
    Tanh "tanh" Value::tanh;
    /// 1 / (1 + e⁻ˣ)
    Sigmoid "sigmoid" Value::sigmoid;
}

family! {
    /// An activation by name (`"relu"`) or object.
    Activation, ActivationFn, "activation",
    [
        Linear;
        Relu;
        Tanh;
        Sigmoid;
    ],
    fn to_json(&self) -> serde_json::Value {
        self.keyword().map_or_else(|| crate::config::serialize(self), Into::into)
    }
}

impl Activation {
    /// The activation of `x`; an unknown name is kept as a mistake of the graph.
    #[track_caller]
    pub fn apply(&self, x: &Value) -> Value {
        match self.get() {
            Ok(function) => function.call(x),
            Err(e) => x.error("activation", e.to_string()),
        }
    }
}
