//! Calling: a layer's mathematics over symbolic values.
use super::{CallArguments, LayerRef, Measured, WeightSpec, build::describe};
use crate::config::{DTypePolicy, floatx};
use crate::regularizers::Regularizer;
use ferras_graph::{Builder, DType, Shape, Tensor, Value};
use std::collections::{HashMap, HashSet};

/// A value with the mask that comes with it, if there is one: bool `(batch, …)`, true for the
/// places, as the steps of a sequence, that count.
#[derive(Clone, Debug)]
pub struct Masked {
    /// The value.
    pub value: Value,
    /// Its mask.
    pub mask: Option<Value>,
}

impl From<Value> for Masked {
    fn from(value: Value) -> Masked {
        Masked { value, mask: None }
    }
}

/// One trace of a whole model: the graph under construction and what layers leave in it.
#[derive(Debug)]
pub struct Trace {
    pub(crate) builder: Builder,
    /// Values of weights by path.
    pub(crate) weights: HashMap<String, Value>,
    /// Paths of weights that layers read in the type they are kept in.
    uncast: HashSet<String>,
    /// New values of weights that are not trained, by path.
    pub(crate) updates: Vec<(String, Value)>,
    /// What is added to the loss, each the sum of its elements.
    pub(crate) losses: Vec<Value>,
    /// What layers gave their metrics.
    pub(crate) measured: Vec<Measured>,
    pub(crate) training: bool,
    /// The random key, where the step has one.
    pub(crate) key: Option<Value>,
    streams: u32,
}

impl Trace {
    pub(crate) fn new(builder: Builder, training: bool, key: Option<Value>) -> Trace {
        let (weights, updates, losses) = (HashMap::new(), Vec::new(), Vec::new());
        let (uncast, measured) = (HashSet::new(), Vec::new());
        Trace { builder, weights, uncast, updates, losses, measured, training, key, streams: 0 }
    }

    /// The weight as a state of the graph.
    pub(crate) fn bind(&mut self, spec: &WeightSpec) -> Value {
        let value = self.builder.state(&spec.path, spec.ty.clone());
        self.weights.insert(spec.path.clone(), value.clone());
        if !spec.autocast {
            self.uncast.insert(spec.path.clone());
        }
        value
    }

    /// A key and a stream for random numbers, new ones at each step.
    pub(crate) fn random_key(&mut self) -> (Value, u32) {
        let key = match &self.key {
            Some(key) => key.clone(),
            None => self.builder.full(DType::I64, [2], 0.0),
        };
        self.streams += 1;
        (key, self.streams)
    }

    /// The outputs of a layer whose weights' paths begin with `path`.
    pub(crate) fn call(
        &mut self,
        layer: &LayerRef,
        name: &str,
        path: &str,
        trainable: bool,
        inputs: Vec<Masked>,
        arguments: &CallArguments,
    ) -> Vec<Masked> {
        let info = &layer.0;
        let builder = self.builder.clone();
        builder.enter(describe(name, &*info.layer));
        let trainable = trainable && info.trainable;
        let compute = info.dtype.compute_dtype();
        let compute = compute.unwrap_or_else(|e| {
            builder.error("dtype", e.to_string());
            DType::F32
        });
        let cast = |x: Value| match info.layer.autocast() && x.dtype().is_float() {
            true => x.cast(compute),
            false => x,
        };
        let (mut inputs, mut masks): (Vec<Value>, Vec<Option<Value>>) =
            inputs.into_iter().map(|m| (cast(m.value), m.mask)).unzip();
        let named = inputs.split_off(inputs.len().saturating_sub(arguments.tensors.len()));
        masks.truncate(inputs.len());
        for (argument, value) in arguments.tensors.iter().zip(&named) {
            match masks.get_mut(argument.place) {
                _ if argument.name != "mask" => {}
                Some(mask) => *mask = Some(value.cast(DType::Bool)),
                None => {
                    let problem = format!(
                        "expected a mask for each input, of which there are {}",
                        inputs.len()
                    );
                    builder.error("mask", problem);
                }
            }
        }
        let mut cx = Call {
            trace: self,
            path: path.into(),
            policy: info.dtype.clone(),
            compute,
            inputs,
            masks,
            tensors: arguments.tensors.iter().map(|own| own.name.clone()).zip(named).collect(),
            flags: arguments.flags.clone(),
            given: None,
            trainable,
        };
        let outputs = info.layer.call_all(&mut cx);
        let masks = match cx.given.take() {
            _ if !info.layer.supports_masking() => Vec::new(),
            Some(masks) => masks,
            None => info.layer.compute_mask(&mut cx),
        };
        builder.leave();
        let masks = masks.into_iter().chain(std::iter::repeat(None));
        outputs.into_iter().zip(masks).map(|(value, mask)| Masked { value, mask }).collect()
    }
}

/// Where a trace stood.
#[derive(Debug)]
pub(crate) struct Mark {
    updates: Vec<(String, Value)>,
    losses: usize,
    measured: usize,
}

/// What a layer's `call` works with: inputs, weights, mode, randomness.
#[derive(Debug)]
pub struct Call<'a> {
    trace: &'a mut Trace,
    path: String,
    policy: DTypePolicy,
    compute: DType,
    inputs: Vec<Value>,
    masks: Vec<Option<Value>>,
    /// Further tensors by name.
    tensors: Vec<(String, Value)>,
    flags: Vec<(String, bool)>,
    /// The outputs' masks, where the call says what they are.
    given: Option<Vec<Option<Value>>>,
    trainable: bool,
}

impl Call<'_> {
    /// The only input; an error if there are several.
    #[track_caller]
    pub fn input(&self) -> Value {
        match &self.inputs[..] {
            [x] => x.clone(),
            other => {
                let problem = format!("expected one input, got {}", other.len());
                self.trace.builder.error("call", problem)
            }
        }
    }

    /// An input by its number; an error if there are fewer.
    #[track_caller]
    pub fn input_at(&self, index: usize) -> Value {
        self.inputs.get(index).cloned().unwrap_or_else(|| {
            let found = self.inputs.len();
            let problem = format!("expected more than {index} inputs, got {found}");
            self.trace.builder.error("call", problem)
        })
    }

    /// What is traced within the body of a loop, whose graph is `builder`.
    pub(crate) fn inside<R>(&mut self, builder: &Builder, trace: impl FnOnce(&mut Self) -> R) -> R {
        let outer = std::mem::replace(&mut self.trace.builder, builder.clone());
        let result = trace(self);
        self.trace.builder = outer;
        result
    }

    /// All inputs.
    pub fn inputs(&self) -> &[Value] {
        &self.inputs
    }

    /// A tensor that the call was given besides its inputs; the first one of a list.
    pub fn argument(&self, name: &str) -> Option<Value> {
        self.arguments(name).into_iter().next()
    }

    /// The list of tensors that the call was given under this name; empty without one.
    pub fn arguments(&self, name: &str) -> Vec<Value> {
        let named = self.tensors.iter().filter(|(own, _)| own == name);
        named.map(|(_, value)| value.clone()).collect()
    }

    /// Whether the call switches something on.
    pub fn flag(&self, name: &str) -> bool {
        self.flags.iter().any(|(own, on)| own == name && *on)
    }

    /// The mask of the first input: bool, true for the places that count.
    pub fn mask(&self) -> Option<Value> {
        self.masks.first().cloned().flatten()
    }

    /// The masks of all inputs.
    pub fn masks(&self) -> &[Option<Value>] {
        &self.masks
    }

    /// Says what the outputs' masks are, for layers that find them while they compute the outputs;
    /// [`Layer::compute_mask`](super::Layer::compute_mask) is then not asked.
    pub fn set_masks(&mut self, masks: Vec<Option<Value>>) {
        self.given = Some(masks);
    }

    /// The type that the layer computes in; its floating-point inputs and weights have it.
    pub fn compute_dtype(&self) -> DType {
        self.compute
    }

    /// A weight that `build` asked for, in the type that the layer computes in, with what
    /// [`Call::update`] made of it earlier in this step: a layer that is used twice updates its
    /// statistics twice.
    #[track_caller]
    pub fn weight(&self, name: &str) -> Value {
        let path = format!("{}/{name}", self.path);
        let updated = self.trace.updates.iter().find(|(p, _)| *p == path).map(|(_, value)| value);
        match updated.or_else(|| self.trace.weights.get(&path)) {
            Some(value) if self.casts(&path, value) => value.cast(self.compute),
            Some(value) => value.clone(),
            None => {
                let problem = format!("build did not ask for a weight {name:?}");
                self.trace.builder.error("weight", problem)
            }
        }
    }

    /// Whether `build` asked for a weight of this name.
    pub(crate) fn has_weight(&self, name: &str) -> bool {
        self.trace.weights.contains_key(&format!("{}/{name}", self.path))
    }

    /// Takes another value for a weight from here on; the weight itself stays as it is.
    pub(crate) fn replace_weight(&mut self, name: &str, value: Value) {
        self.trace.weights.insert(format!("{}/{name}", self.path), value);
    }

    fn casts(&self, path: &str, weight: &Value) -> bool {
        weight.dtype().is_float() && self.compute.is_float() && !self.trace.uncast.contains(path)
    }

    /// Whether this is a training step.
    pub fn training(&self) -> bool {
        self.trace.training
    }

    /// Whether the layer's weights are trained.
    pub fn trainable(&self) -> bool {
        self.trainable
    }

    /// The new value of a weight that is not trained, from this training step on, or of a value that
    /// goes from batch to batch ([`Build::carry`](super::Build::carry)), from any step on; it is cast to
    /// the type that the weight is kept in.
    pub fn update(&mut self, name: &str, value: Value) {
        let path = format!("{}/{name}", self.path);
        let value = match self.trace.weights.get(&path) {
            Some(weight) => value.cast(weight.dtype()),
            None => value,
        };
        match self.trace.updates.iter_mut().find(|(p, _)| *p == path) {
            Some((_, earlier)) => *earlier = value,
            None => self.trace.updates.push((path, value)),
        }
    }

    /// Adds to the loss, in training and evaluation: the sum of all elements, which may be of any
    /// shape. Integers are taken as floats.
    ///
    /// - **Source** Keras 3 `Layer.add_loss`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// /// Keeps its input small: 0.1 · Σ x² is added to the loss.
    /// #[derive(Clone, Debug, Config)]
    /// struct Small;
    /// impl Layer for Small {
    ///     fn call(&self, cx: &mut Call) -> Value {
    ///         let x = cx.input();
    ///         cx.add_loss(x.square() * 0.1);
    ///         x
    ///     }
    /// }
    /// let mut model = Sequential::new().add(Input::new([2])).add(Small::new());
    /// model.compile(Compile::new())?; // no other loss
    /// let logs = model.test_on_batch([[1.0_f32, 3.0]], ())?;
    /// assert_eq!(logs.get("loss"), Some(1.0));
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn add_loss(&mut self, loss: Value) {
        let loss = if loss.dtype().is_float() { loss } else { loss.cast(floatx()) };
        self.trace.losses.push(loss.sum(&[], false));
    }

    /// Adds the penalty of a layer's output to the loss, as Keras does: divided by the batch size.
    pub fn penalize(&mut self, regularizer: &Option<Regularizer>, output: &Value) {
        let Some(regularizer) = regularizer else { return };
        let rule = regularizer.get().and_then(|rule| rule.check().map(|()| rule));
        let penalty = match rule {
            Ok(rule) => rule.call(output),
            Err(e) => output.error("activity_regularizer", e.to_string()),
        };
        let batch = output.dim(0) as f64;
        self.add_loss(penalty / batch);
    }

    /// A key and a stream for random numbers, new ones at each step. A seed makes them a stream
    /// of their own that does not depend on the program's seed.
    pub fn random_key(&mut self, seed: Option<u64>) -> (Value, u32) {
        let builder = self.trace.builder.clone();
        let (key, stream) = self.trace.random_key();
        let key = match seed.map(|s| Tensor::new([1], vec![s as i64])) {
            Some(Ok(seed)) => builder.concat(&[builder.constant(seed), key.slice_axis(0, 1, 2)], 0),
            _ => key,
        };
        (key, stream)
    }

    /// Numbers uniform in [0, 1), new ones at each step.
    pub fn random_uniform(&mut self, shape: impl Into<Shape>, seed: Option<u64>) -> Value {
        let (key, stream) = self.random_key(seed);
        self.trace.builder.random_uniform(&key, stream, shape)
    }

    /// Normal numbers with mean 0 and deviation 1, new ones at each step.
    pub fn random_normal(&mut self, shape: impl Into<Shape>, seed: Option<u64>) -> Value {
        let (key, stream) = self.random_key(seed);
        self.trace.builder.random_normal(&key, stream, shape)
    }

    /// A known number of the first input's type.
    pub fn scalar(&self, value: f64) -> Value {
        let dtype = self.inputs.first().map_or(DType::F32, Value::dtype);
        self.trace.builder.scalar(dtype, value)
    }

    /// The outputs of a layer inside this one that `build` built under `name`.
    pub fn child(&mut self, name: &str, layer: &LayerRef, inputs: Vec<Value>) -> Vec<Value> {
        let inputs = inputs.into_iter().map(Masked::from).collect();
        self.child_masked(name, layer, inputs).into_iter().map(|m| m.value).collect()
    }

    /// As [`Call::child`], with masks.
    pub fn child_masked(
        &mut self,
        name: &str,
        layer: &LayerRef,
        inputs: Vec<Masked>,
    ) -> Vec<Masked> {
        let path = format!("{}/{name}", self.path);
        let none = CallArguments::default();
        self.trace.call(layer, name, &path, self.trainable, inputs, &none)
    }

    /// As [`Call::child`], with further tensors by the names of arguments.
    pub(crate) fn child_with(
        &mut self,
        name: &str,
        layer: &LayerRef,
        inputs: Vec<Value>,
        named: Vec<(&str, Value)>,
    ) -> Vec<Value> {
        let path = format!("{}/{name}", self.path);
        let mut arguments = CallArguments::default();
        let mut inputs: Vec<Masked> = inputs.into_iter().map(Masked::from).collect();
        for (name, tensor) in named {
            arguments.add(name);
            inputs.push(tensor.into());
        }
        let outputs = self.trace.call(layer, name, &path, self.trainable, inputs, &arguments);
        outputs.into_iter().map(|m| m.value).collect()
    }

    /// Where the trace stands, to go back there.
    pub(crate) fn mark(&self) -> Mark {
        let (losses, measured) = (self.trace.losses.len(), self.trace.measured.len());
        Mark { updates: self.trace.updates.clone(), losses, measured }
    }

    /// Whether a weight got a new value since then.
    pub(crate) fn updated_since(&self, mark: &Mark) -> bool {
        let now = &self.trace.updates;
        let same = |(a, b): (&(String, Value), &(String, Value))| a.1.is_same(&b.1);
        now.len() != mark.updates.len() || !now.iter().zip(&mark.updates).all(same)
    }

    /// Forgets updates, losses and metrics since then.
    pub(crate) fn go_back(&mut self, mark: Mark) {
        self.trace.updates = mark.updates;
        self.trace.losses.truncate(mark.losses);
        self.trace.measured.truncate(mark.measured);
    }

    /// All inputs with their masks.
    pub fn masked_inputs(&self) -> Vec<Masked> {
        let pairs = self.inputs.iter().cloned().zip(self.masks.iter().cloned());
        pairs.map(|(value, mask)| Masked { value, mask }).collect()
    }

    /// The layer's dtype policy, for layers that it makes itself.
    pub(crate) fn policy(&self) -> &DTypePolicy {
        &self.policy
    }

    /// The same layer with its weights in a trace of other inputs; for composite layers.
    pub(crate) fn parts(&mut self) -> (&mut Trace, &str, bool) {
        (self.trace, &self.path, self.trainable)
    }
}
