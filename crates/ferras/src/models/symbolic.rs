//! The functional API's handles: what a layer will give for what goes in.
use crate::config::ElementType;
use crate::layers::{CallArguments, InputLayer, LayerRef, PartialShape};
use std::fmt;
use std::sync::Arc;

/// The entry of a functional model: a symbolic tensor for data of one shape.
///
/// ```
/// use ferras::prelude::*;
/// let image = Input::named("image", [28, 28, 1]);
/// let words = Input::of([None], DType::I32); // any number of int32 a sample
/// assert_eq!(image.shape().map(|s| s.to_string()).as_deref(), Some("(None, 28, 28, 1)"));
/// # let _ = words;
/// ```
#[derive(Debug)]
pub struct Input;

impl Input {
    /// Float data of this shape a sample; the batch axis comes in front.
    #[track_caller]
    #[allow(clippy::new_ret_no_self)]
    pub fn new(shape: impl Into<PartialShape>) -> SymbolicTensor {
        Input::of(shape, crate::config::floatx())
    }

    /// The same with a name, by which data can be given.
    #[track_caller]
    pub fn named(name: impl Into<String>, shape: impl Into<PartialShape>) -> SymbolicTensor {
        Input::named_of(name, shape, crate::config::floatx())
    }

    /// Float data whose batches have a size of their own: all sizes, batch axis first. `stateful`
    /// recurrent layers need it.
    ///
    /// - **Source** Keras 3 `Input(batch_shape=…)`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::batch_shape([32, 10, 8]);
    /// assert_eq!(x.shape().map(|s| s.to_string()).as_deref(), Some("(32, 10, 8)"));
    /// ```
    #[track_caller]
    pub fn batch_shape(shape: impl Into<PartialShape>) -> SymbolicTensor {
        let layer = InputLayer::new(shape.into()).dtype(crate::config::floatx());
        SymbolicTensor::applied(LayerRef::new(layer), SymbolicInputs(Vec::new()))
    }

    /// Data of an element type.
    #[track_caller]
    pub fn of(shape: impl Into<PartialShape>, dtype: impl Into<ElementType>) -> SymbolicTensor {
        let layer = InputLayer::new(shape.into().batched()).dtype(dtype);
        SymbolicTensor::applied(LayerRef::new(layer), SymbolicInputs(Vec::new()))
    }

    /// The same with a name, by which data can be given.
    #[track_caller]
    pub fn named_of(
        name: impl Into<String>,
        shape: impl Into<PartialShape>,
        dtype: impl Into<ElementType>,
    ) -> SymbolicTensor {
        let layer = InputLayer::new(shape.into().batched()).dtype(dtype);
        SymbolicTensor::applied(LayerRef::new(layer).name(name), SymbolicInputs(Vec::new()))
    }

    /// Texts, mostly one a sample, `[1]`: Keras' `Input(shape=(1,), dtype="string")`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let words = StringLookup::new().vocabulary(["good", "bad"]);
    /// let review = Input::text([1]);
    /// let model = Model::new(&review, &words.apply(&review))?;
    /// assert_eq!(model.predict(["bad", "good", "odd"])?.to_f64_vec(), [2.0, 1.0, 0.0]);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    #[track_caller]
    pub fn text(shape: impl Into<PartialShape>) -> SymbolicTensor {
        Input::of(shape, ElementType::Text)
    }
}

/// What a layer gives for what goes in: an edge of the functional graph. Cloning is cheap.
#[derive(Clone)]
pub struct SymbolicTensor {
    pub(crate) node: Arc<SymbolicNode>,
    pub(crate) output: usize,
}

/// One use of a layer.
pub(crate) struct SymbolicNode {
    pub(crate) layer: LayerRef,
    pub(crate) inputs: Vec<SymbolicTensor>,
    pub(crate) arguments: CallArguments,
}

/// What is before it is left out: written in full, a graph of shared inputs has no end.
impl fmt::Debug for SymbolicTensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = &self.node.layer.0;
        f.debug_struct("SymbolicTensor")
            .field("layer", &info.layer.class_name())
            .field("name", &info.name)
            .field("inputs", &self.node.inputs.len())
            .field("output", &self.output)
            .finish()
    }
}

/// One after the other: a chain may be thousands deep.
impl Drop for SymbolicNode {
    fn drop(&mut self) {
        let mut rest = std::mem::take(&mut self.inputs);
        while let Some(tensor) = rest.pop() {
            if let Ok(mut node) = Arc::try_unwrap(tensor.node) {
                rest.append(&mut node.inputs);
            }
        }
    }
}

impl SymbolicTensor {
    pub(crate) fn applied(layer: LayerRef, inputs: SymbolicInputs) -> SymbolicTensor {
        SymbolicTensor::applied_with(layer, inputs, CallArguments::default())
    }

    /// The same for a call with arguments, whose tensors stand after the inputs.
    pub(crate) fn applied_with(
        layer: LayerRef,
        inputs: SymbolicInputs,
        arguments: CallArguments,
    ) -> SymbolicTensor {
        SymbolicTensor {
            node: Arc::new(SymbolicNode { layer, inputs: inputs.0, arguments }),
            output: 0,
        }
    }

    /// Another output of the same layer, for layers with several.
    pub fn output(&self, index: usize) -> SymbolicTensor {
        SymbolicTensor { node: self.node.clone(), output: index }
    }

    /// The shape with the batch axis, for an input; others are known in a model.
    pub fn shape(&self) -> Option<PartialShape> {
        self.input_layer().map(|l| l.batch_shape().clone())
    }

    /// The layer that gives this tensor.
    pub fn layer(&self) -> &LayerRef {
        &self.node.layer
    }

    pub(crate) fn input_layer(&self) -> Option<&InputLayer> {
        self.node.layer.downcast()
    }
}

/// The symbolic inputs of a layer or model: one or several.
#[derive(Clone, Debug)]
pub struct SymbolicInputs(pub(crate) Vec<SymbolicTensor>);

impl From<&SymbolicTensor> for SymbolicInputs {
    fn from(x: &SymbolicTensor) -> SymbolicInputs {
        SymbolicInputs(vec![x.clone()])
    }
}

impl From<SymbolicTensor> for SymbolicInputs {
    fn from(x: SymbolicTensor) -> SymbolicInputs {
        SymbolicInputs(vec![x])
    }
}

impl<const N: usize> From<[&SymbolicTensor; N]> for SymbolicInputs {
    fn from(x: [&SymbolicTensor; N]) -> SymbolicInputs {
        SymbolicInputs(x.into_iter().cloned().collect())
    }
}

impl<const N: usize> From<[SymbolicTensor; N]> for SymbolicInputs {
    fn from(x: [SymbolicTensor; N]) -> SymbolicInputs {
        SymbolicInputs(x.to_vec())
    }
}

impl From<&[SymbolicTensor]> for SymbolicInputs {
    fn from(x: &[SymbolicTensor]) -> SymbolicInputs {
        SymbolicInputs(x.to_vec())
    }
}

impl From<Vec<SymbolicTensor>> for SymbolicInputs {
    fn from(x: Vec<SymbolicTensor>) -> SymbolicInputs {
        SymbolicInputs(x)
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn shared_inputs_are_written_once() {
        let mut x = Input::named("x", [2]);
        for _ in 0..64 {
            x = Add::new().apply([&x, &x]);
        }
        let text = format!("{x:?}");
        assert_eq!(text, "SymbolicTensor { layer: \"Add\", name: None, inputs: 2, output: 0 }");
    }

    #[test]
    fn a_long_chain_is_let_go() {
        let relu = ReLU::new().layer();
        let mut x = Input::new([2]);
        for _ in 0..200_000 {
            x = relu.apply(&x);
        }
    }
}
