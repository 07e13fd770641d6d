//! Masks that calls are given. Keras writes those that layers find themselves in the same way as those
//! that a program gave: as operations of their own, whose result the layer is called with.
use crate::Result;
use crate::layers::{CallArguments, LayerRef, Masked, Signature, Trace};
use crate::models::{Network, SymbolicTensor, order};
use ferras_graph::{Builder, TensorType, Value, pass};
use std::collections::{HashMap, HashSet};

/// A tensor of a call: the call's number, the tensor's among those with a name.
type Place = (usize, usize);

/// Open sizes while masks are compared.
const SIZE: usize = 97;

/// Whether an argument of a call is a mask by its name.
pub(super) fn is_mask(key: &str) -> bool {
    key == "mask" || key.ends_with("_mask")
}

/// The network between these tensors. Calls are not given what they find themselves: masks that are
/// those of their inputs anyway go, and with them the operations that only made them.
pub(super) fn network(
    inputs: Vec<SymbolicTensor>,
    outputs: Vec<SymbolicTensor>,
) -> Result<Network> {
    let network = Network::between(&inputs, &outputs)?;
    let found = found(&network);
    if found.is_empty() {
        network.warn_of_lost_masks();
        return Ok(network);
    }
    let mut kept: HashMap<_, SymbolicTensor> = HashMap::new();
    let key = |tensor: &SymbolicTensor| std::sync::Arc::as_ptr(&tensor.node);
    let find = |kept: &HashMap<_, SymbolicTensor>, tensor: &SymbolicTensor| {
        kept.get(&key(tensor)).unwrap_or(tensor).output(tensor.output)
    };
    for (call, tensor) in order(&outputs).iter().enumerate() {
        let node = &tensor.node;
        let own = node.inputs.len().saturating_sub(node.arguments.tensors.len());
        let stays = |i: &usize| *i < own || !found.contains(&(call, i - own));
        let stay: Vec<usize> = (0..node.inputs.len()).filter(stays).collect();
        let operands: Vec<_> = stay.iter().map(|&i| find(&kept, &node.inputs[i])).collect();
        let named = stay.iter().filter_map(|&i| node.arguments.tensors.get(i.checked_sub(own)?));
        let arguments = CallArguments {
            tensors: named.cloned().collect(),
            flags: node.arguments.flags.clone(),
        };
        let same = match node.inputs.is_empty() {
            true => tensor.clone(),
            false => SymbolicTensor::applied_with(node.layer.clone(), operands.into(), arguments),
        };
        kept.insert(key(tensor), same);
    }
    let outputs: Vec<SymbolicTensor> = outputs.iter().map(|tensor| find(&kept, tensor)).collect();
    Ok(Network::new(inputs, outputs)?.written_as(network))
}

/// The masks that are, number for number, those that come with the inputs.
fn found(network: &Network) -> HashSet<Place> {
    let is_given = |call: &CallArguments| call.tensors.iter().any(|own| is_mask(&own.name));
    if !network.calls.iter().any(|call| is_given(&call.arguments)) {
        return HashSet::new();
    }
    let builder = Builder::new();
    let feed = |spec: &&crate::layers::TensorSpec| {
        let ty = TensorType::new(spec.dtype.number()?, spec.shape.fill(SIZE));
        Some(Masked::from(builder.feed("x", ty)))
    };
    let inputs: Vec<Masked> = network.feed_specs().iter().filter_map(feed).collect();
    let mut trace = Trace::new(builder.clone(), false, None);
    network.weights.iter().for_each(|weight| drop(trace.bind(weight)));
    let (mut places, mut pairs) = (Vec::new(), Vec::new());
    network.trace_watched(&mut trace, "", true, &inputs, &mut |number, operands| {
        let call = &network.calls[number];
        let (own, named) = operands.split_at(call.positional().len().min(operands.len()));
        for (i, given) in named.iter().enumerate() {
            let layer = &network.layers[call.layer].layer;
            let input = input_of(layer, &call.arguments, i).and_then(|i| own.get(i));
            if let Some(mask) = input.and_then(|input| input.mask.clone()) {
                places.push((number, i));
                pairs.extend([mask, given.value.clone()]);
            }
        }
    });
    let equal = equal(builder, &pairs);
    places.into_iter().zip(equal).filter(|(_, equal)| *equal).map(|(place, _)| place).collect()
}

/// The input whose mask an argument stands for. Beside other tensors Keras looks for no masks.
fn input_of(layer: &LayerRef, arguments: &CallArguments, i: usize) -> Option<usize> {
    let argument = arguments.tensors.get(i)?;
    if argument.name == "mask" {
        let alone = arguments.tensors.iter().all(|other| other.name == "mask");
        return alone.then_some(argument.place);
    }
    let Signature { inputs, .. } = layer.0.layer.signature();
    inputs.iter().position(|input| argument.name.strip_suffix("_mask") == Some(*input))
}

/// Of each pair whether one value is computed as the other is.
fn equal(builder: Builder, pairs: &[Value]) -> Vec<bool> {
    let Ok(mut graph) = builder.finish(pairs, &[]) else { return Vec::new() };
    pass::remove_dead(&mut graph);
    let graph = pass::optimize(&graph);
    graph.fetches.chunks(2).map(|pair| pair.first() == pair.last()).collect()
}
