//! `Activation`: a function as a layer.
use crate::activations::Activation as Function;
use crate::layers::prelude::{Build, Call, Config, Layer, Result, Value};

/// Applies an activation function to its input.
///
/// - **Input, output** any shape.
/// - **Errors** at build: an unknown name.
/// - **Source** Keras 3 `layers.Activation`.
///
/// The prelude's `Activation` is the identifier that other layers take; its `new` makes this layer.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([9, 9]);
/// let model = Model::new(&x, &Activation::new("softmax").apply(&x))?;
/// assert_eq!(model.count_params(), 0);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Activation {
    /// The function, by name or object.
    activation: Function,
}

impl Layer for Activation {
    fn build(&self, _: &mut Build) -> Result<()> {
        self.activation.get().map(|_| ())
    }

    fn call(&self, cx: &mut Call) -> Value {
        self.activation.apply(&cx.input())
    }

    fn supports_masking(&self) -> bool {
        true
    }
}

impl Function {
    /// The layer that applies an activation: Keras' `layers.Activation`.
    #[allow(clippy::new_ret_no_self)]
    #[track_caller]
    pub fn new(activation: impl Into<Function>) -> Activation {
        Activation::new(activation)
    }
}
