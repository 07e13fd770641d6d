//! `Model`: a network with the values of its weights.
use super::carried::Carried;
use super::network::Network;
use super::{SymbolicInputs, SymbolicTensor};
use crate::array::Array;
use crate::config::{Configured, DTypePolicy, ElementType, Map, dtype_policy};
use crate::containers::Limits;
use crate::layers::{Build, Call, Host, Layer, LayerRef, Signature, TensorSpec, WeightSpec};
use crate::random::{Generator, next_seed};
use crate::{Error, Result};
use ferras_graph::{Backend, Buffer, Tensor, TensorType, Value};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A model: layers with weights, ready to be compiled, trained, evaluated and asked.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([4]);
/// let hidden = Dense::new(8).activation("relu").apply(&x);
/// let model = Model::new(&x, &Dense::new(1).apply(&hidden))?;
/// assert_eq!(model.count_params(), 4 * 8 + 8 + 8 + 1);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Debug)]
pub struct Model {
    pub(crate) name: String,
    pub(crate) topology: Topology,
    pub(crate) variables: Vec<Variable>,
    /// What goes from batch to batch and is no weight.
    pub(crate) carried: Vec<Carried>,
    /// Whether training changes any of its weights.
    pub(crate) trainable: bool,
    pub(crate) dtype: DTypePolicy,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) training: crate::trainer::TrainingState,
    /// What a stack of a file may ask for when its input becomes known.
    pub(crate) limits: Option<Limits>,
}

/// What a model is made of.
#[derive(Clone, Debug)]
pub(crate) enum Topology {
    /// A stack of layers whose input is not known yet.
    Stack(Vec<LayerRef>),
    /// A built network; a stack of layers if `sequential`.
    Built { network: Arc<Network>, sequential: bool },
}

/// A weight with its value, where the back end keeps it.
#[derive(Debug)]
pub struct Variable {
    pub(crate) spec: WeightSpec,
    buffer: OnceLock<Buffer>,
    /// What the value is drawn from when it is first used.
    seed: u64,
    backend: Arc<dyn Backend>,
}

impl Variable {
    /// A weight whose initial value is drawn, from this seed, when it is first used.
    pub(crate) fn drawn_later(spec: WeightSpec, seed: u64, backend: Arc<dyn Backend>) -> Variable {
        Variable { spec, buffer: OnceLock::new(), seed, backend }
    }

    /// Where the back end keeps the value.
    pub(crate) fn buffer(&self) -> Result<&Buffer> {
        if let Some(buffer) = self.buffer.get() {
            return Ok(buffer);
        }
        check_room(std::slice::from_ref(&self.spec))?;
        let value = self.spec.initial(&mut Generator::new(self.seed))?;
        let buffer = self.backend.upload(&value)?;
        // Another thread draws the same.
        Ok(self.buffer.get_or_init(|| buffer))
    }

    /// Where the back end keeps the value, for writing.
    pub(crate) fn buffer_mut(&mut self) -> Result<&mut Buffer> {
        self.buffer()?;
        self.buffer.get_mut().ok_or_else(|| Error::Internal("a weight lost its value".into()))
    }

    /// Takes a value over.
    pub(crate) fn set_buffer(&mut self, buffer: Buffer) {
        self.buffer = OnceLock::from(buffer);
    }

    /// The same weight with this value.
    pub(crate) fn with_value(mut self, value: &Tensor) -> Result<Variable> {
        let buffer = self.backend.upload(value)?;
        self.set_buffer(buffer);
        Ok(self)
    }
    /// Layer path and weight name, as `dense/kernel`.
    pub fn path(&self) -> &str {
        &self.spec.path
    }

    /// Element type and shape.
    pub fn ty(&self) -> &TensorType {
        &self.spec.ty
    }

    /// Whether the optimizer changes it.
    pub fn is_trainable(&self) -> bool {
        self.spec.trainable
    }

    /// Its value.
    pub fn value(&self) -> Result<Tensor> {
        Ok(self.buffer()?.download()?)
    }
}

impl WeightSpec {
    /// The value that it has before training.
    fn initial(&self, random: &mut Generator) -> Result<Tensor> {
        let value = match &self.value {
            Some(value) => value.clone(),
            None => self.initializer.get()?.call(&self.ty, random)?,
        };
        match value.ty() == self.ty {
            true => Ok(value),
            false => Err(Error::Internal(format!(
                "weight {:?} of type {} was initialized with {}",
                self.path,
                self.ty,
                value.ty()
            ))),
        }
    }
}

impl Model {
    /// The functional model between symbolic inputs and outputs.
    pub fn new(
        inputs: impl Into<SymbolicInputs>,
        outputs: impl Into<SymbolicInputs>,
    ) -> Result<Model> {
        let network = Arc::new(Network::new(inputs, outputs)?);
        let mut model = Model::of(Topology::Stack(Vec::new()), "functional");
        model.set_network(network, false)?;
        Ok(model)
    }

    pub(crate) fn of(topology: Topology, name: &str) -> Model {
        Model {
            name: name.into(),
            topology,
            variables: Vec::new(),
            carried: Vec::new(),
            trainable: true,
            dtype: dtype_policy(),
            backend: crate::backend::default(),
            training: crate::trainer::TrainingState::default(),
            limits: None,
        }
    }

    /// Takes a network as the model's own. Weights that the model has already keep their values, the
    /// others get their initial ones.
    pub(crate) fn set_network(&mut self, network: Arc<Network>, sequential: bool) -> Result<()> {
        let mut random = Generator::new(next_seed());
        let had = |spec: &WeightSpec| {
            self.variables.iter().find(|v| v.spec.path == spec.path && v.spec.ty == spec.ty)
        };
        check_room(&network.weights)?;
        let variable = |spec: &WeightSpec| {
            let value = match had(spec) {
                Some(variable) => variable.value()?,
                None => spec.initial(&mut random)?,
            };
            Variable::drawn_later(spec.clone(), 0, self.backend.clone()).with_value(&value)
        };
        self.variables = network.weights.iter().map(variable).collect::<Result<_>>()?;
        self.carried = Carried::all(&network, &self.backend);
        self.topology = Topology::Built { network, sequential };
        Ok(())
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same model under another name.
    pub fn with_name(mut self, name: impl Into<String>) -> Model {
        self.name = name.into();
        self
    }

    /// The program's dtype policy when the model was made; that of its layers may differ.
    pub fn dtype_policy(&self) -> &DTypePolicy {
        &self.dtype
    }

    /// All weights, layer by layer.
    pub fn weights(&self) -> &[Variable] {
        &self.variables
    }

    /// Whether shapes are known and weights have values.
    pub fn is_built(&self) -> bool {
        matches!(self.topology, Topology::Built { .. })
    }

    /// Whether it is a stack of layers.
    pub(crate) fn is_sequential(&self) -> bool {
        matches!(self.topology, Topology::Stack(_) | Topology::Built { sequential: true, .. })
    }

    /// Values of all weights, in order.
    pub fn get_weights(&self) -> Result<Vec<Tensor>> {
        self.variables.iter().map(Variable::value).collect()
    }

    /// Replaces the values of all weights; nothing changes unless all fit. Those of one layer:
    /// [`Model::set_layer_weights`].
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([2]);
    /// let mut model = Model::new(&x, &Dense::new(1).apply(&x))?;
    /// let weights = model.get_weights()?;
    /// model.set_weights(&weights)?;
    /// let error = model.set_weights(&weights[..1]).unwrap_err();
    /// assert!(error.to_string().contains("expected 2 arrays"), "{error}");
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn set_weights(&mut self, values: &[Tensor]) -> Result<()> {
        self.network()?;
        self.set_values(0..self.variables.len(), values)
    }

    /// Replaces the values of the weights in these places.
    pub(super) fn set_values(&mut self, places: Range<usize>, values: &[Tensor]) -> Result<()> {
        let variables = self.variables.get_mut(places).unwrap_or_default();
        let (expected, found) = (variables.len(), values.len());
        if expected != found {
            return Err(Error::Data(format!(
                "set_weights expected {expected} arrays, one for each weight, got {found}"
            )));
        }
        let mut buffers = Vec::with_capacity(found);
        for (variable, value) in variables.iter().zip(values) {
            if variable.spec.ty.shape != *value.shape() {
                return Err(Error::Data(format!(
                    "set_weights expected shape {} for {:?}, got {}",
                    variable.spec.ty.shape,
                    variable.path(),
                    value.shape()
                )));
            }
            buffers.push(self.backend.upload(&value.cast(variable.spec.ty.dtype))?);
        }
        for (variable, buffer) in variables.iter_mut().zip(buffers) {
            variable.set_buffer(buffer);
        }
        Ok(())
    }

    /// The network; an error while the model's input is not known.
    pub fn network(&self) -> Result<&Arc<Network>> {
        match &self.topology {
            Topology::Built { network, .. } => Ok(network),
            Topology::Stack(_) => Err(Error::Model(format!(
                "model {:?} is not built: call .build()? or compile, after it begins with an \
                 Input or its first layer has .input_shape(…); or fit it on data first (only fit \
                 builds a stack from its data)",
                self.name
            ))),
        }
    }

    /// The network, if a part of it is computed on the host.
    pub(crate) fn on_host(&self) -> Result<Option<Arc<Network>>> {
        Ok(Some(self.network()?.clone()).filter(|network| network.has_host()))
    }

    /// The model as a layer of another one, with a copy of its weights' values.
    pub fn layer(&self) -> Result<LayerRef> {
        let network = self.network()?.clone();
        let sequential = matches!(self.topology, Topology::Built { sequential: true, .. });
        let values = self.get_weights()?;
        let layer = LayerRef::new(Nested { network, sequential, values }).trainable(self.trainable);
        // A name that was not given leaves the choice to the larger model: `sequential_1`, ….
        let given = !matches!(self.name.as_str(), "sequential" | "functional");
        Ok(if given { layer.name(&self.name) } else { layer })
    }

    /// The model's output for symbolic inputs: the model as a layer of another one.
    pub fn apply(&self, inputs: impl Into<SymbolicInputs>) -> Result<SymbolicTensor> {
        Ok(self.layer()?.apply(inputs))
    }
}

/// An error instead of an abort for weights that this machine has no memory for.
pub(super) fn check_room(specs: &[WeightSpec]) -> Result<()> {
    let places = |spec: &WeightSpec| {
        spec.ty.shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d)).unwrap_or(usize::MAX)
    };
    let bytes = |spec: &WeightSpec| places(spec).saturating_mul(spec.ty.dtype.size());
    let Some(largest) = specs.iter().max_by_key(|spec| places(spec)) else { return Ok(()) };
    let kept = specs.iter().map(bytes).fold(0, usize::saturating_add);
    // Initial values are drawn as float64, one weight after the other.
    let drawn = places(largest).saturating_mul(size_of::<f64>());
    match Vec::<u8>::new().try_reserve_exact(kept.saturating_add(drawn)) {
        Ok(()) => Ok(()),
        Err(_) => Err(Error::Model(format!(
            "there is no memory for weight {:?} of type {}: the model's weights are {kept} bytes in \
             all; give its layer fewer units or filters, or a smaller input",
            largest.path, largest.ty
        ))),
    }
}

/// A model inside another one.
#[derive(Clone, Debug)]
pub(crate) struct Nested {
    pub(crate) network: Arc<Network>,
    /// Whether it is a stack of layers.
    pub(crate) sequential: bool,
    /// Where it has weights already.
    pub(crate) values: Vec<Tensor>,
}

impl Configured for Nested {
    fn class_name(&self) -> &'static str {
        "Functional"
    }
    fn module(&self) -> Option<&'static str> {
        Some("keras")
    }
    fn registered_name(&self) -> &'static str {
        "Functional"
    }
    fn get_config(&self) -> Map {
        Map::new()
    }
}

impl Layer for Nested {
    /// Its inputs have types of their own.
    fn autocast(&self) -> bool {
        false
    }

    fn build(&self, cx: &mut Build) -> Result<()> {
        let expected = self.network.input_specs();
        let fits = |a: &TensorSpec, b: &TensorSpec| {
            a.shape.len() == b.shape.len()
                && a.shape.iter().zip(b.shape.iter()).all(|(a, b)| a.is_none() || a == b)
                && (a.dtype == ElementType::Text) == (b.dtype == ElementType::Text)
        };
        let found = cx.inputs();
        if expected.len() != found.len() || !expected.iter().zip(found).all(|(a, b)| fits(a, b)) {
            let list = |specs: &[&TensorSpec]| {
                let one = |s: &&TensorSpec| match s.dtype {
                    ElementType::Text => format!("{} of texts", s.shape),
                    ElementType::Number(_) => s.shape.to_string(),
                };
                specs.iter().map(one).collect::<Vec<_>>().join(" and ")
            };
            let found: Vec<&TensorSpec> = found.iter().collect();
            let (expected, found) = (list(&expected), list(&found));
            return Err(cx.error(format!("expected input {expected}, got {found}")));
        }
        let trainable = cx.trainable();
        let carried = self.network.carried.iter();
        for (i, spec) in self.network.weights.iter().chain(carried).enumerate() {
            let own = cx.weight(&spec.path, spec.ty.shape.clone());
            let path = std::mem::take(&mut own.path);
            let value = self.values.get(i).or(spec.value.as_ref()).cloned();
            *own = WeightSpec { path, value, ..spec.clone() };
            own.trainable &= trainable;
        }
        Ok(())
    }

    fn call(&self, cx: &mut Call) -> Value {
        self.call_all(cx).swap_remove(0)
    }

    fn call_all(&self, cx: &mut Call) -> Vec<Value> {
        let inputs = cx.masked_inputs();
        let (trace, path, trainable) = cx.parts();
        let path = path.to_string();
        let outputs = self.network.trace(trace, &path, trainable, &inputs);
        cx.set_masks(outputs.iter().map(|m| m.mask.clone()).collect());
        outputs.into_iter().map(|m| m.value).collect()
    }

    fn signature(&self) -> Signature {
        Signature::WITH_MASK
    }

    fn supports_masking(&self) -> bool {
        true
    }

    fn host(&self) -> Option<&dyn Host> {
        self.network.has_host().then_some(self)
    }
}

/// Where a part of the model inside is computed on the host, its graph goes on with that.
impl Host for Nested {
    fn specs(&self, _: &[TensorSpec]) -> Result<Vec<TensorSpec>> {
        Ok(self.network.feed_specs().into_iter().cloned().collect())
    }

    fn run(&self, inputs: &[Array]) -> Result<Vec<Array>> {
        Ok(self.network.run_host(inputs)?.into_iter().map(Array::from).collect())
    }

    fn goes_on(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_must_fit_together() {
        let spec = |n: usize| {
            let dtype = ferras_graph::DType::F32;
            let inputs = [TensorSpec { dtype: dtype.into(), shape: [None, Some(1)].into() }];
            let layer = LayerRef::new(crate::layers::Dense::new(n).use_bias(false));
            Build::run(&layer, "dense", "dense", true, &inputs).unwrap().remove(0)
        };
        // The largest one that is accepted alone, by halving.
        let (mut fits, mut fails) = (1_usize, 1_usize << 60);
        while fails - fits > 1 << 20 {
            let middle = fits + (fails - fits) / 2;
            match check_room(&[spec(middle)]) {
                Ok(()) => fits = middle,
                Err(_) => fails = middle,
            }
        }
        let many = vec![spec(fits / 2); 32];
        let error = check_room(&many).unwrap_err().to_string();
        assert!(error.contains("bytes in all"), "{error}");
    }
}
