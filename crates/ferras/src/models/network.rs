//! A network: the layers of a model in the order in which they are called, with their shapes.
use super::host::HostPart;
use super::infer::{Inferred, infer};
use super::{SymbolicInputs, SymbolicTensor};
use crate::layers::{
    Build, CallArguments, LayerMetric, LayerRef, Masked, PartialShape, TensorSpec, Trace,
    WeightSpec, describe, operation::Operation,
};
use crate::{Error, Result, console};
use ferras_graph::DType;
use std::collections::HashSet;
use std::collections::hash_map::{Entry, HashMap};
use std::ops::Range;
use std::sync::Arc;

/// The layers of a model and how they are connected.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Each layer once, in the order of the summary.
    pub(crate) layers: Vec<NetworkLayer>,
    /// Each use of a layer; operands before their users.
    pub(crate) calls: Vec<LayerCall>,
    /// The uses that stand for the model's inputs, in order.
    pub(crate) inputs: Vec<usize>,
    /// The model's outputs: use and which of its outputs.
    pub(crate) outputs: Vec<(usize, usize)>,
    /// What the layers ask for, in the layers' order.
    pub(crate) weights: Vec<WeightSpec>,
    /// What the layers carry from batch to batch besides.
    pub(crate) carried: Vec<WeightSpec>,
    /// Where each layer's weights stand in the list of weights.
    pub(crate) layer_weights: Vec<Range<usize>>,
    /// What is computed in front of the graph.
    pub(super) host: HostPart,
    /// What the layers follow in every step.
    pub(crate) metrics: Vec<LayerMetric>,
    /// Whether a layer adds to the loss.
    pub(crate) adds_loss: bool,
    /// The network of the file that it came from, where that has operations which make masks that
    /// layers find themselves here.
    pub(super) written: Option<Arc<Network>>,
}

/// A layer under its name in this network.
#[derive(Clone, Debug)]
pub(crate) struct NetworkLayer {
    pub(crate) name: String,
    pub(crate) layer: LayerRef,
}

/// One use of a layer.
#[derive(Clone, Debug)]
pub(crate) struct LayerCall {
    pub(crate) layer: usize,
    /// The inputs, then the tensors that `arguments` names.
    pub(crate) inputs: Vec<(usize, usize)>,
    pub(crate) arguments: CallArguments,
    pub(crate) outputs: Vec<TensorSpec>,
    /// What the layer gives on the host, where its call goes on with that.
    pub(crate) fronts: Vec<TensorSpec>,
    /// The shape of the mask of each output, where it has one.
    pub(crate) masks: Vec<Option<PartialShape>>,
}

impl LayerCall {
    /// The inputs, without the tensors that the call names.
    pub(crate) fn positional(&self) -> &[(usize, usize)] {
        let own = self.inputs.len().saturating_sub(self.arguments.tensors.len());
        &self.inputs[..own]
    }
}

impl Network {
    /// The network between these symbolic tensors; every layer is built and its shapes inferred.
    pub fn new(
        inputs: impl Into<SymbolicInputs>,
        outputs: impl Into<SymbolicInputs>,
    ) -> Result<Network> {
        let network = Network::between(&inputs.into().0, &outputs.into().0)?;
        network.warn_of_lost_masks();
        Ok(network)
    }

    /// The same without a word of warning; its calls are in the [`order`] of the outputs.
    pub(crate) fn between(
        inputs: &[SymbolicTensor],
        outputs: &[SymbolicTensor],
    ) -> Result<Network> {
        check_inputs(inputs, outputs)?;
        let uses = order(outputs);
        let place: HashMap<_, _> = uses.iter().enumerate().map(|(i, u)| (key(u), i)).collect();
        let find = |t: &SymbolicTensor| place.get(&key(t)).copied();
        let layers = name_layers(sort_layers(&uses, &place))?;
        let index: HashMap<_, _> =
            layers.iter().enumerate().map(|(i, l)| (Arc::as_ptr(&l.layer.0), i)).collect();
        let mut network = Network { layers, ..Network::default() };
        let mut built: HashMap<usize, Vec<WeightSpec>> = HashMap::new();
        for tensor in &uses {
            let lost = || Error::Internal("a layer without a place".into());
            let layer = *index.get(&Arc::as_ptr(&tensor.node.layer.0)).ok_or_else(lost)?;
            let operands = tensor.node.inputs.iter().map(|t| find(t).map(|i| (i, t.output)));
            let operands = operands.collect::<Option<Vec<_>>>().ok_or_else(lost)?;
            let is_input = inputs.iter().any(|t| key(t) == key(tensor));
            let name = &network.layers[layer].name;
            if tensor.input_layer().is_some() && !is_input {
                return Err(Error::Model(format!(
                    "the outputs depend on input {name:?}, which is not among the model's inputs; \
                     add it to Model::new"
                )));
            }
            network.add_call(layer, operands, tensor, &mut built)?;
        }
        let input = |t: &SymbolicTensor| {
            find(t).ok_or_else(|| {
                Error::Model("an input of the model is not connected to its outputs".into())
            })
        };
        network.inputs = inputs.iter().map(input).collect::<Result<_>>()?;
        network.outputs = outputs.iter().filter_map(|t| find(t).map(|i| (i, t.output))).collect();
        network.check_outputs()?;
        network.check_output_types()?;
        for i in 0..network.layers.len() {
            let start = network.weights.len();
            let own = built.remove(&i).unwrap_or_default();
            let (carried, weights): (Vec<_>, Vec<_>) = own.into_iter().partition(|s| s.carried);
            network.weights.extend(weights);
            network.carried.extend(carried);
            network.layer_weights.push(start..network.weights.len());
        }
        network.find_host()?;
        Ok(network)
    }

    /// The same network, which a file has in another form.
    pub(crate) fn written_as(self, written: Network) -> Network {
        Network { written: Some(Arc::new(written)), ..self }
    }

    /// Specifications of the model's inputs, in order.
    pub fn input_specs(&self) -> Vec<&TensorSpec> {
        self.inputs.iter().map(|&i| &self.calls[i].outputs[0]).collect()
    }

    /// Specifications of the model's outputs, in order.
    pub fn output_specs(&self) -> Vec<&TensorSpec> {
        self.outputs.iter().map(|&(i, k)| &self.calls[i].outputs[k]).collect()
    }

    /// Names of the model's inputs, in order.
    pub fn input_names(&self) -> Vec<&str> {
        self.inputs.iter().map(|&i| self.name_of(i)).collect()
    }

    /// Names of the layers that give the model's outputs, in order.
    pub fn output_names(&self) -> Vec<&str> {
        self.outputs.iter().map(|&(i, _)| self.name_of(i)).collect()
    }

    /// Says which layers end the masks of their inputs. Of operations Keras does not say it.
    pub(crate) fn warn_of_lost_masks(&self) {
        for call in &self.calls {
            let NetworkLayer { name, layer } = &self.layers[call.layer];
            let mut masks = call.inputs.iter().map(|&(c, k)| self.calls[c].masks.get(k));
            let is_masked = masks.any(|mask| matches!(mask, Some(Some(_))));
            let is_operation = layer.downcast::<Operation>().is_some();
            if is_masked && !is_operation && !layer.0.layer.supports_masking() {
                console::warn(&format!(
                    "{} does not know masks: the mask of its input ends there, and layers behind \
                     it take all steps as valid",
                    describe(name, &*layer.0.layer)
                ));
            }
        }
    }

    /// Calls every layer of the graph on what it is fed with; weights' paths begin with `prefix`.
    pub(crate) fn trace(
        &self,
        trace: &mut Trace,
        prefix: &str,
        trainable: bool,
        inputs: &[Masked],
    ) -> Vec<Masked> {
        self.trace_watched(trace, prefix, trainable, inputs, &mut |_, _| {})
    }

    /// The same, showing what each call is given.
    pub(crate) fn trace_watched(
        &self,
        trace: &mut Trace,
        prefix: &str,
        trainable: bool,
        inputs: &[Masked],
        watch: &mut dyn FnMut(usize, &[Masked]),
    ) -> Vec<Masked> {
        let fed = self.fed(inputs);
        let mut values: Vec<Vec<Masked>> = Vec::with_capacity(self.calls.len());
        for (i, call) in self.calls.iter().enumerate() {
            if self.is_on_host(i) {
                let value = |k: usize| fed.output((i, k)).unwrap_or_else(|| nothing(trace));
                values.push((0..call.outputs.len()).map(value).collect());
                continue;
            }
            let entry = &self.layers[call.layer];
            let input = self.inputs.iter().position(|&p| p == i);
            let operands: Vec<Masked> =
                match (input, call.outputs.first().and_then(|o| o.dtype.number())) {
                    // Data of another element type is cast to the input's in the step itself.
                    (Some(k), Some(dtype)) => {
                        let cast = |m: &Masked| Masked { value: m.value.cast(dtype), ..m.clone() };
                        inputs.get(k).map(cast).into_iter().collect()
                    }
                    _ => fed.front(i).unwrap_or_else(|| {
                        call.inputs.iter().map(|&(c, k)| values[c][k].clone()).collect()
                    }),
                };
            watch(i, &operands);
            let path = join(prefix, &entry.name);
            let mut outputs =
                trace.call(&entry.layer, &entry.name, &path, trainable, operands, &call.arguments);
            let (expected, found) = (call.outputs.len(), outputs.len());
            if found < expected {
                trace.builder.enter(describe(&entry.name, &*entry.layer.0.layer));
                let problem = format!(
                    "gave {expected} outputs when the model was built and {found} now; call_all \
                     must give as many in training as otherwise"
                );
                outputs.resize(expected, trace.builder.error("call_all", problem).into());
                trace.builder.leave();
            }
            values.push(outputs);
        }
        self.outputs.iter().map(|&(i, k)| values[i][k].clone()).collect()
    }

    pub(super) fn name_of(&self, call: usize) -> &str {
        &self.layers[self.calls[call].layer].name
    }

    fn add_call(
        &mut self,
        layer: usize,
        inputs: Vec<(usize, usize)>,
        tensor: &SymbolicTensor,
        built: &mut HashMap<usize, Vec<WeightSpec>>,
    ) -> Result<()> {
        let NetworkLayer { name, layer: handle } = &self.layers[layer];
        let arguments = tensor.node.arguments.clone();
        let Inferred { outputs, fronts, masks, metrics, adds_loss } = match tensor.input_layer() {
            Some(input) => {
                let (dtype, shape) = (input.element_type(), input.batch_shape().clone());
                let outputs = vec![TensorSpec { dtype, shape }];
                Inferred { outputs, masks: vec![None], ..Inferred::default() }
            }
            None => {
                let spec = |&(c, k): &(usize, usize)| self.calls[c].outputs.get(k).cloned();
                let specs = inputs.iter().map(spec).collect::<Option<Vec<_>>>();
                let specs = specs.ok_or_else(|| missing_output(name))?;
                let mask = |&(c, k): &(usize, usize)| self.calls[c].masks.get(k).cloned().flatten();
                let masks: Vec<_> = inputs.iter().map(mask).collect();
                let own = specs.len().saturating_sub(arguments.tensors.len());
                if let Some(problem) = arguments.problem(&handle.0.layer.signature()) {
                    let (layer, class) = (name.clone(), handle.0.layer.class_name().into());
                    return Err(Error::Layer { layer, class, problem });
                }
                let weights = match built.entry(layer) {
                    Entry::Occupied(weights) => weights.into_mut(),
                    Entry::Vacant(slot) => {
                        slot.insert(Build::run(handle, name, name, true, &specs[..own])?)
                    }
                };
                infer(handle, name, &specs, &masks, &arguments, weights)?
            }
        };
        self.calls.push(LayerCall { layer, inputs, arguments, outputs, fronts, masks });
        self.adds_loss |= adds_loss;
        for metric in metrics {
            // One that is used again goes on with its number.
            if !self.metrics.iter().any(|known| known.is_same(&metric)) {
                self.metrics.push(metric);
            }
        }
        Ok(())
    }

    fn check_outputs(&self) -> Result<()> {
        for &(call, output) in &self.outputs {
            if output >= self.calls[call].outputs.len() {
                return Err(missing_output(self.name_of(call)));
            }
        }
        Ok(())
    }
}

fn missing_output(name: &str) -> Error {
    Error::Model(format!("layer {name:?} does not have that many outputs"))
}

pub(crate) fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_string() } else { format!("{prefix}/{name}") }
}

fn key(tensor: &SymbolicTensor) -> *const super::symbolic::SymbolicNode {
    Arc::as_ptr(&tensor.node)
}

fn check_inputs(inputs: &[SymbolicTensor], outputs: &[SymbolicTensor]) -> Result<()> {
    if inputs.is_empty() || outputs.is_empty() {
        return Err(Error::Model("a model needs at least one input and one output".into()));
    }
    if let Some(other) = inputs.iter().find(|t| t.input_layer().is_none()) {
        let class = other.node.layer.0.layer.class_name();
        return Err(Error::Model(format!(
            "the inputs of a model must come from Input, got the output of a {class}"
        )));
    }
    let mut seen = HashSet::new();
    match inputs.iter().all(|t| seen.insert(key(t))) {
        true => Ok(()),
        false => Err(Error::Model("an input of the model is listed twice".into())),
    }
}

/// The uses that the outputs need, operands first. Iterative: a chain may be thousands deep.
pub(crate) fn order(outputs: &[SymbolicTensor]) -> Vec<SymbolicTensor> {
    let (mut done, mut list) = (HashSet::new(), Vec::new());
    let mut stack: Vec<(SymbolicTensor, bool)> =
        outputs.iter().rev().map(|t| (t.clone(), false)).collect();
    while let Some((tensor, operands_done)) = stack.pop() {
        if done.contains(&key(&tensor)) {
            continue;
        }
        if operands_done {
            done.insert(key(&tensor));
            list.push(tensor);
            continue;
        }
        stack.push((tensor.clone(), true));
        stack.extend(tensor.node.inputs.iter().rev().map(|t| (t.clone(), false)));
    }
    list
}

/// Each layer once, as Keras lists them: by distance from the outputs, farthest first, then in
/// the order of first use.
fn sort_layers(
    uses: &[SymbolicTensor],
    place: &HashMap<*const super::symbolic::SymbolicNode, usize>,
) -> Vec<LayerRef> {
    let mut depth = vec![0_usize; uses.len()];
    for (i, tensor) in uses.iter().enumerate().rev() {
        for operand in &tensor.node.inputs {
            if let Some(&p) = place.get(&key(operand)) {
                depth[p] = depth[p].max(depth[i] + 1);
            }
        }
    }
    let mut layers: Vec<(usize, LayerRef)> = Vec::new();
    let mut index: HashMap<_, usize> = HashMap::new();
    for (tensor, depth) in uses.iter().zip(depth) {
        let next = layers.len();
        let at = *index.entry(Arc::as_ptr(&tensor.node.layer.0)).or_insert(next);
        match at == next {
            true => layers.push((depth, tensor.node.layer.clone())),
            false => layers[at].0 = layers[at].0.max(depth),
        }
    }
    layers.sort_by_key(|(depth, _)| std::cmp::Reverse(*depth));
    layers.into_iter().map(|(_, layer)| layer).collect()
}

/// What names of layers and models must not be: they are shown, and written into files.
pub(crate) const NAMES: &str = "must not be empty, \".\" or \"..\", longer than 500 bytes, or contain \
                                '/', '\\' or control characters";

/// Whether a name is what [`NAMES`] says. HDF5 stores a list of all of them in 64 KiB.
pub(crate) fn is_harmless(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 500
        && !matches!(name, "." | "..")
        && !name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\'))
}

/// Gives unnamed layers `dense`, `dense_1`, …; a name given twice is an error.
pub(crate) fn name_layers(layers: Vec<LayerRef>) -> Result<Vec<NetworkLayer>> {
    let mut taken: HashSet<String> = HashSet::new();
    for name in layers.iter().filter_map(|l| l.0.name.as_deref()) {
        if !is_harmless(name) {
            let start: String = name.chars().take(40).collect();
            let problem = format!("{start:?} cannot be a layer's name: it {NAMES}");
            return Err(Error::Model(problem));
        }
        if !taken.insert(name.to_string()) {
            return Err(Error::Model(format!(
                "two layers are named {name:?}; names must be unique in a model, give one of them \
                 another with .name(…)"
            )));
        }
    }
    let mut next: HashMap<String, usize> = HashMap::new();
    let name = |layer: LayerRef| {
        let given = layer.0.name.clone();
        let name = given.unwrap_or_else(|| {
            let base = snake_case(layer.0.layer.class_name());
            loop {
                let n = next.entry(base.clone()).or_insert(0);
                let name = if *n == 0 { base.clone() } else { format!("{base}_{n}") };
                *n += 1;
                if taken.insert(name.clone()) {
                    return name;
                }
            }
        });
        NetworkLayer { name, layer }
    };
    Ok(layers.into_iter().map(name).collect())
}

/// `MaxPooling2D` becomes `max_pooling2d`, as Keras names layers.
pub(crate) fn snake_case(class: &str) -> String {
    // Keras' class of that name is called so inside.
    if class == "GroupQueryAttention" {
        return "grouped_query_attention".into();
    }
    let letters: Vec<char> = class.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
    let mut name = String::new();
    for (i, &c) in letters.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|j| letters.get(j));
        let after = letters.get(i + 1);
        let word_begins = c.is_ascii_uppercase()
            && before.is_some_and(|b| {
                b.is_ascii_lowercase() || after.is_some_and(|a| a.is_ascii_lowercase())
            });
        if word_begins && !name.ends_with('_') {
            name.push('_');
        }
        name.extend(c.to_lowercase());
    }
    name
}

/// A value in the place of one that the graph does not read.
fn nothing(trace: &Trace) -> Masked {
    Masked::from(trace.builder.full(DType::Bool, [1], 0.0))
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn class_names_become_layer_names_as_in_keras() {
        for (class, name) in [
            ("Dense", "dense"),
            ("Conv2D", "conv2d"),
            ("MaxPooling2D", "max_pooling2d"),
            ("GlobalAveragePooling2D", "global_average_pooling2d"),
            ("LSTM", "lstm"),
            ("ReLU", "re_lu"),
            ("PReLU", "p_re_lu"),
            ("ConvLSTM2D", "conv_lstm2d"),
            ("BatchNormalization", "batch_normalization"),
        ] {
            assert_eq!(snake_case(class), name);
        }
    }
}
