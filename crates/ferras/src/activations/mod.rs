//! Activation functions: `keras.activations`.
mod custom;
mod functions;
mod parametric;

pub use custom::Custom;
pub use functions::Softmax as SoftmaxFunction;
pub use functions::{
    Celu, Elu, Exponential, Gelu, Glu, HardShrink, HardSigmoid, HardSigmoid2, HardSilu, HardTanh,
    LeakyRelu, Linear, LogSigmoid, LogSoftmax, Mish, Relu, Relu6, Selu, Sigmoid, Silu, SoftShrink,
    Softplus, Softsign, SparsePlus, SparseSigmoid, Sparsemax, Squareplus, Tanh, TanhShrink,
};
pub use parametric::{ELU, LeakyReLU, ReLU, Softmax, ThresholdedReLU};

use crate::config::{Configured, family};
use ferras_graph::Value;

/// An elementwise (or, as softmax, axiswise) function behind a layer's output.
///
/// ```
/// use ferras::prelude::*;
/// /// x / (1 + |x| / limit)
/// #[derive(Clone, Debug, Config)]
/// struct Squash {
///     #[config(default = 1.0)]
///     limit: f64,
/// }
/// impl ActivationFn for Squash {
///     fn call(&self, x: &Value) -> Value {
///         x / (x.abs() / self.limit + 1.0)
///     }
/// }
/// let layer = Dense::new(4).activation(Squash::new().limit(3.0));
/// # let _ = layer;
/// ```
pub trait ActivationFn: Configured {
    /// y = f(x); the shape of x is kept.
    fn call(&self, x: &Value) -> Value;
    /// The plain name under which Keras writes it, for functions without arguments.
    fn keyword(&self) -> Option<&'static str> {
        None
    }
}

family! {
    /// An activation by name (`"relu"`) or object.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let by_name = Activation::from("relu");
    /// let by_object = Activation::from(LeakyReLU::new().negative_slope(0.1));
    /// let by_closure = Activation::custom("cube", |x| x * x * x);
    /// assert!(by_name.get().is_ok() && by_object.get().is_ok() && by_closure.get().is_ok());
    /// let error = Activation::from("rleu").get().unwrap_err().to_string();
    /// assert!(error.starts_with("unknown activation \"rleu\" (did you mean \"relu\"?)"));
    /// ```
    Activation, ActivationFn, "activation",
    [
        Linear;
        Relu;
        functions::Softmax;
        Sigmoid;
        Tanh;
        Elu;
        Selu;
        Softplus;
        Softsign;
        HardSigmoid;
        HardSigmoid2;
        Exponential;
        Gelu;
        Silu, "swish", "silu";
        HardSilu, "hard_swish", "hard_silu";
        LeakyRelu;
        Relu6;
        Mish;
        LogSoftmax;
        LogSigmoid;
        Celu;
        Glu;
        HardTanh;
        HardShrink;
        SoftShrink;
        TanhShrink;
        Squareplus;
        SparsePlus;
        SparseSigmoid;
        Sparsemax;
        ReLU;
        LeakyReLU;
        ELU;
        parametric::Softmax;
        ThresholdedReLU;
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

    /// A function of a program as an activation, under the name that its layers are saved with.
    ///
    /// A file that names it can be read where the function is known; one that should be read
    /// elsewhere too wants a class of its own, see [`ActivationFn`].
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let layer = Dense::new(8).activation(Activation::custom("squared_relu", |x| {
    ///     let y = x.relu();
    ///     &y * &y
    /// }));
    /// assert_eq!(layer.get_config()["activation"], "squared_relu");
    /// ```
    pub fn custom(
        name: &'static str,
        function: impl Fn(&Value) -> Value + Send + Sync + 'static,
    ) -> Activation {
        Activation::from(Custom::new(name, function))
    }
}
