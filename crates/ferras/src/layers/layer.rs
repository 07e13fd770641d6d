//! What a layer is, and the handle that shares it.
use super::{ArgumentValue, Build, Call, Host, LayerWith, PartialShape, RNN, Signature};
use crate::Result;
use crate::config::{Configured, DTypePolicy, Entry, FromConfig, dtype_policy, register};
use crate::models::{SymbolicInputs, SymbolicTensor};
use ferras_graph::{Shape, Value};
use std::any::Any;
use std::panic::Location;
use std::sync::Arc;

/// A layer: its configuration, the weights it wants, and its mathematics.
///
/// The struct holds arguments only; weights live in the model. `call` is traced over symbolic
/// values once, which gives shapes, gradient and compiled code.
///
/// ```
/// use ferras::prelude::*;
///
/// /// y = x · scale
/// #[derive(Clone, Debug, Config)]
/// struct Scale {
///     #[config(default = "ones")]
///     initializer: Initializer,
/// }
///
/// impl Layer for Scale {
///     fn build(&self, cx: &mut Build) -> Result<()> {
///         let features = cx.input()?.min_rank(2)?.known(-1)?;
///         cx.weight("scale", [features]).initializer(&self.initializer);
///         Ok(())
///     }
///     fn call(&self, cx: &mut Call) -> Value {
///         cx.input() * cx.weight("scale")
///     }
/// }
///
/// let x = Input::new([3]);
/// let model = Model::new(&x, &Scale::new().apply(&x))?;
/// assert_eq!(model.count_params(), 3);
/// # Ok::<(), ferras::Error>(())
/// ```
pub trait Layer: Configured {
    /// Asks for weights, and says what is wrong with the inputs.
    fn build(&self, cx: &mut Build) -> Result<()> {
        let _ = cx;
        Ok(())
    }

    /// The output for the inputs.
    fn call(&self, cx: &mut Call) -> Value;

    /// All outputs, for layers with several.
    fn call_all(&self, cx: &mut Call) -> Vec<Value> {
        vec![self.call(cx)]
    }

    /// Whether floating-point inputs are cast to the type that the layer computes in, as by default.
    fn autocast(&self) -> bool {
        true
    }

    /// For layers that compute on the host, in front of the model's graph, as those of texts do: that
    /// part of them. Other layers are in the graph.
    fn host(&self) -> Option<&dyn Host> {
        None
    }

    /// What a call takes besides its inputs; nothing by default.
    fn signature(&self) -> Signature {
        Signature::default()
    }

    /// For cells of recurrent layers: the shapes of what goes from step to step, batch axis left out,
    /// for a step of this shape. A cell is called with the step and its states, and gives its output
    /// and the new states. Other layers have none.
    fn state_shapes(&self, step: &PartialShape) -> Option<Vec<Shape>> {
        let _ = step;
        None
    }

    /// For recurrent layers: the same as a cell that is run over steps, whose cell computes in the
    /// layer's types. Other layers are none.
    fn as_rnn(&self, policy: &DTypePolicy) -> Option<RNN> {
        let _ = policy;
        None
    }

    /// Whether the layer knows what becomes of masks. Where it does not (as by default), they end
    /// at the layer, with a warning when the model is made.
    fn supports_masking(&self) -> bool {
        false
    }

    /// The mask of each output, in the outputs' order; those that are left out have none. By default
    /// the masks of the inputs. Asked after the call, if the layer supports masking and the call has
    /// not said itself what the masks are ([`Call::set_masks`]).
    fn compute_mask(&self, cx: &mut Call) -> Vec<Option<Value>> {
        cx.masks().to_vec()
    }
}

/// A shared layer: every use of one handle (and of its clones) uses the same weights.
///
/// ```
/// use ferras::prelude::*;
/// let shared = Dense::new(4).name("twin").layer();
/// let (a, b) = (Input::new([8]), Input::new([8]));
/// let sum = Add::new().apply([&shared.apply(&a), &shared.apply(&b)]);
/// assert_eq!(Model::new([&a, &b], &sum)?.count_params(), 8 * 4 + 4);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LayerRef(pub(crate) Arc<LayerInfo>);

/// A layer with what holds for layers of all classes.
#[derive(Clone, Debug)]
pub(crate) struct LayerInfo {
    pub(crate) layer: Arc<dyn Layer>,
    pub(crate) name: Option<String>,
    pub(crate) trainable: bool,
    pub(crate) dtype: DTypePolicy,
    pub(crate) input_shape: Option<PartialShape>,
    /// Where the program made it; none for layers of files.
    pub(crate) at: Option<&'static Location<'static>>,
}

impl LayerInfo {
    /// The layer's own struct, if it is an `L`.
    pub(crate) fn layer_as<L: Layer>(&self) -> Option<&L> {
        let any: &dyn Any = &*self.layer;
        any.downcast_ref()
    }
}

impl LayerRef {
    /// The handle of a layer.
    #[track_caller]
    pub fn new(layer: impl Layer) -> LayerRef {
        LayerRef::from_arc(Arc::new(layer))
    }

    #[track_caller]
    pub(crate) fn from_arc(layer: Arc<dyn Layer>) -> LayerRef {
        let at = Some(Location::caller());
        let (name, dtype, input_shape) = (None, dtype_policy(), None);
        LayerRef(Arc::new(LayerInfo { layer, name, trainable: true, dtype, input_shape, at }))
    }

    /// Gives the layer a name of its own instead of `dense`, `dense_1`, ….
    pub fn name(self, name: impl Into<String>) -> LayerRef {
        self.changed(|info| info.name = Some(name.into()))
    }

    /// Whether training changes the layer's weights; true by default.
    pub fn trainable(self, trainable: bool) -> LayerRef {
        self.changed(|info| info.trainable = trainable)
    }

    /// The element types of the layer's weights and arithmetic: a type for both, or the name of a
    /// [policy](DTypePolicy). By default that of the program when the layer was made.
    pub fn dtype(self, policy: impl Into<DTypePolicy>) -> LayerRef {
        self.changed(|info| info.dtype = policy.into())
    }

    /// The layer's dtype policy.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let layer = Dense::new(4).dtype("mixed_bfloat16");
    /// assert_eq!(layer.dtype_policy().compute_dtype()?, DType::BF16);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn dtype_policy(&self) -> &DTypePolicy {
        &self.0.dtype
    }

    /// Shape of one sample, for the first layer of a `Sequential`.
    pub fn input_shape(self, shape: impl Into<PartialShape>) -> LayerRef {
        self.changed(|info| info.input_shape = Some(shape.into()))
    }

    /// Number of features of one sample, for the first layer of a `Sequential`.
    pub fn input_dim(self, features: usize) -> LayerRef {
        self.input_shape([features])
    }

    /// The layer's output for these symbolic inputs.
    pub fn apply(&self, inputs: impl Into<SymbolicInputs>) -> SymbolicTensor {
        SymbolicTensor::applied(self.clone(), inputs.into())
    }

    /// The handle itself, so that both a description and a handle can be asked.
    pub fn layer(self) -> LayerRef {
        self
    }

    /// Adds a program's own layer class, so that files with it can be read.
    pub fn register<L: Layer + FromConfig>() {
        register(Entry::<dyn Layer> {
            names: const { &[L::REGISTERED_NAME] },
            make: |config, scope| Ok(Arc::new(L::from_config(config, scope)?)),
        });
    }

    /// The layer's own struct, if it is an `L`.
    pub fn downcast<L: Layer>(&self) -> Option<&L> {
        self.0.layer_as()
    }

    /// The handle of a layer of a file, which no line of a program made.
    pub(crate) fn of_file(layer: Arc<dyn Layer>) -> LayerRef {
        LayerRef::from_arc(layer).changed(|info| info.at = None)
    }

    /// The same handle of another layer of its class.
    pub(crate) fn with_class(&self, layer: Arc<dyn Layer>) -> LayerRef {
        self.clone().changed(|info| info.layer = layer)
    }

    fn changed(mut self, change: impl FnOnce(&mut LayerInfo)) -> LayerRef {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl<L: Layer> From<L> for LayerRef {
    #[track_caller]
    fn from(layer: L) -> LayerRef {
        LayerRef::new(layer)
    }
}

impl From<&LayerRef> for LayerRef {
    fn from(layer: &LayerRef) -> LayerRef {
        layer.clone()
    }
}

/// What can be said of layers of every class; each method gives the shareable handle.
///
/// A handle no longer knows the arguments of the class, so these come first:
/// `Dense::new(4).activation("relu").name("head")`. The other way round,
/// `Dense::new(4).name("head").activation("relu")`, the compiler finds no method `activation` for
/// `LayerRef`.
pub trait LayerExt: Layer + Sized {
    /// Gives the layer a name of its own instead of `dense`, `dense_1`, ….
    #[track_caller]
    fn name(self, name: impl Into<String>) -> LayerRef {
        LayerRef::new(self).name(name)
    }

    /// Whether training changes the layer's weights; true by default.
    #[track_caller]
    fn trainable(self, trainable: bool) -> LayerRef {
        LayerRef::new(self).trainable(trainable)
    }

    /// The element types of the layer's weights and arithmetic: a type for both, or the name of a
    /// [policy](DTypePolicy).
    #[track_caller]
    fn dtype(self, policy: impl Into<DTypePolicy>) -> LayerRef {
        LayerRef::new(self).dtype(policy)
    }

    /// Shape of one sample, for the first layer of a `Sequential`.
    #[track_caller]
    fn input_shape(self, shape: impl Into<PartialShape>) -> LayerRef {
        LayerRef::new(self).input_shape(shape)
    }

    /// Number of features of one sample, for the first layer of a `Sequential`.
    #[track_caller]
    fn input_dim(self, features: usize) -> LayerRef {
        LayerRef::new(self).input_dim(features)
    }

    /// The output for these symbolic inputs. Uses the description up: two uses of one layer need
    /// its handle, [`LayerExt::layer`].
    #[track_caller]
    fn apply(self, inputs: impl Into<SymbolicInputs>) -> SymbolicTensor {
        LayerRef::new(self).apply(inputs)
    }

    /// A call of the layer with an argument besides its inputs: [`LayerWith`].
    #[track_caller]
    fn with(self, name: &str, value: impl Into<ArgumentValue>) -> LayerWith {
        LayerWith::new(LayerRef::new(self)).with(name, value)
    }

    /// The handle that shares the layer.
    #[track_caller]
    fn layer(self) -> LayerRef {
        LayerRef::new(self)
    }
}

impl<L: Layer> LayerExt for L {}
