//! `Wrapper`: a layer inside a layer.
use crate::layers::{LayerRef, prelude::*};

/// Calls the layer that it holds: the simplest layer with a layer as an argument.
///
/// Keras' class of this name is the base of its wrappers. Here a wrapper of your own is a layer with a
/// [`LayerRef`] among its arguments, which it builds with [`Build::child`] and calls with
/// [`Call::child`], as this one does.
///
/// - **Inputs, outputs** those of the layer.
/// - **Weights** those of the layer.
/// - **Source** Keras 3 `layers.Wrapper`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([4]);
/// let model = Model::new(&x, &Wrapper::new(Dense::new(3)).apply(&x))?;
/// assert_eq!(model.weights()[0].path(), "wrapper/layer/kernel");
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Wrapper {
    /// The layer inside.
    layer: LayerRef,
}

impl Layer for Wrapper {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let inputs = cx.inputs();
        cx.child("layer", &self.layer, inputs)
    }

    fn call(&self, cx: &mut Call) -> Value {
        match self.call_all(cx).into_iter().next() {
            Some(output) => output,
            None => cx.input().error("wrapper", "the layer inside gave no output"),
        }
    }

    fn call_all(&self, cx: &mut Call) -> Vec<Value> {
        let inputs = cx.inputs().to_vec();
        cx.child("layer", &self.layer, inputs)
    }
}
