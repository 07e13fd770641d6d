//! `Sequential`: a stack of layers.
use super::model::{Model, Topology};
use super::{Input, Network, SymbolicTensor};
use crate::config::ElementType;
use crate::layers::{InputLayer, LayerRef, PartialShape};
use crate::{Error, Result};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A linear stack of layers; everything a [`Model`] can do, it can do too.
///
/// Where the input is known, from an `Input` or a first layer with `input_shape` or `input_dim`,
/// it is built by `compile` or [`Sequential::build`]; otherwise by `fit` at the first data.
///
/// ```
/// use ferras::prelude::*;
/// let model = Sequential::new()
///     .add(Dense::new(6).activation("relu").input_dim(11))
///     .add(Dense::new(6).activation("relu"))
///     .add(Dense::new(1).activation("sigmoid"))
///     .build()?;
/// assert_eq!(model.count_params(), 121);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Debug)]
pub struct Sequential(Model);

impl Default for Sequential {
    fn default() -> Sequential {
        Sequential::new()
    }
}

impl Sequential {
    /// An empty stack.
    pub fn new() -> Sequential {
        Sequential(Model::of(Topology::Stack(Vec::new()), "sequential"))
    }

    /// The same stack under another name.
    pub fn with_name(self, name: impl Into<String>) -> Sequential {
        Sequential(self.0.with_name(name))
    }

    /// Puts a layer (or an [`Input`]) on top. On a built stack the weights that are there keep their
    /// values, and the model is to be compiled again.
    #[track_caller]
    #[must_use = "add returns the stack with the layer: write `model = model.add(…)`"]
    #[allow(clippy::should_implement_trait)]
    pub fn add(mut self, layer: impl Into<LayerRef>) -> Sequential {
        if let Topology::Built { network, .. } = &self.0.topology {
            let calls = network.calls.iter();
            let layers = calls.map(|c| network.layers[c.layer].layer.clone()).collect();
            self.0.topology = Topology::Stack(layers);
            self.0.training = Default::default();
        }
        if let Topology::Stack(layers) = &mut self.0.topology {
            layers.push(layer.into());
        }
        self
    }

    /// Infers shapes and gives weights their initial values; the first mistake in the stack is
    /// returned, and so is an input that is not known.
    pub fn build(mut self) -> Result<Sequential> {
        self.0.build_stack(None)?;
        self.0.network()?;
        Ok(self)
    }
}

impl Deref for Sequential {
    type Target = Model;
    fn deref(&self) -> &Model {
        &self.0
    }
}

impl DerefMut for Sequential {
    fn deref_mut(&mut self) -> &mut Model {
        &mut self.0
    }
}

impl From<Sequential> for Model {
    fn from(stack: Sequential) -> Model {
        stack.0
    }
}

impl Model {
    /// Builds a stack whose input is known, or is that of the given data, a shape and the type of the
    /// elements where that matters; a built model stays.
    pub(crate) fn build_stack(&mut self, data: Option<FirstData>) -> Result<()> {
        let Topology::Stack(layers) = &self.topology else { return Ok(()) };
        if layers.is_empty() {
            return Err(Error::Model(format!(
                "model {:?} has no layers; add some before it is used",
                self.name
            )));
        }
        let Some(network) = stack_network(layers, data).transpose()? else { return Ok(()) };
        if let Some(limits) = &self.limits {
            network.check_values(limits)?;
            network.check_initial(limits)?;
        }
        self.set_network(Arc::new(network), true)
    }
}

/// The shape of a sample of the first data, and their type where the first layer does not decide.
type FirstData = (PartialShape, Option<ElementType>);

/// The network of a stack; `None` where neither it nor the data tells the input.
pub(crate) fn stack_network(
    layers: &[LayerRef],
    data: Option<FirstData>,
) -> Option<Result<Network>> {
    let first = layers.first()?;
    let own = first.downcast::<InputLayer>().is_some();
    let input = match (own, &first.0.input_shape, data) {
        (true, _, _) => SymbolicTensor::applied(first.clone(), Vec::new().into()),
        (false, Some(shape), _) => Input::new(shape.clone()),
        (false, None, Some((shape, Some(elements)))) => Input::of(shape, elements),
        // As in Keras, where nobody says what the input is: what its first layer computes in.
        (false, None, Some((shape, None))) => match first.0.dtype.compute_dtype() {
            Ok(dtype) => Input::of(shape, dtype),
            Err(e) => return Some(Err(e)),
        },
        (false, None, None) => return None,
    };
    let layers = layers.iter().skip(usize::from(own));
    let output = layers.fold(input.clone(), |x, layer| layer.apply(&x));
    Some(Network::new(&input, &output))
}

impl From<SymbolicTensor> for LayerRef {
    fn from(tensor: SymbolicTensor) -> LayerRef {
        tensor.node.layer.clone()
    }
}
