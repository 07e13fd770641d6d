//! The network as Keras lists it. There a layer that takes the mask of its input is called with it, and
//! what makes the mask are operations of the model: `not_equal` behind an `Embedding` with `mask_zero`.
use super::model::Nested;
use super::network::{LayerCall, Network};
use super::symbolic::{SymbolicInputs, SymbolicTensor};
use crate::layers::operation::{Argument, Operation};
use crate::layers::{CallArguments, LayerRef, PartialShape, TensorSpec};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The mask of each output of a call, where it has one.
type Masks = Vec<Option<SymbolicTensor>>;

impl Network {
    /// The network with the operations that make masks, as Keras lists it: that of the file, if it
    /// came from one that has them; none where no mask is taken.
    pub(super) fn listed(&self) -> Option<Arc<Network>> {
        let masked = |call: &LayerCall| call.masks.iter().any(Option::is_some);
        match &self.written {
            Some(written) => Some(written.clone()),
            None if self.calls.iter().any(masked) => Steps::of(self).network().map(Arc::new),
            None => None,
        }
    }
}

/// The calls of a network made again, those so far.
struct Steps<'a> {
    network: &'a Network,
    handles: Vec<LayerRef>,
    outputs: Vec<SymbolicTensor>,
    masks: Vec<Masks>,
}

impl Steps<'_> {
    fn of(network: &Network) -> Steps<'_> {
        let named = network.layers.iter().map(|entry| entry.layer.clone().name(&entry.name));
        let (outputs, masks) = (Vec::new(), Vec::new());
        Steps { network, handles: named.collect(), outputs, masks }
    }

    fn network(mut self) -> Option<Network> {
        for call in &self.network.calls {
            self.add(call)?;
        }
        let tensor =
            |&(call, output): &(usize, usize)| Some(self.outputs.get(call)?.output(output));
        let inputs = self.network.inputs.iter().map(|&call| tensor(&(call, 0)));
        let inputs = inputs.collect::<Option<Vec<_>>>()?;
        let outputs = self.network.outputs.iter().map(tensor).collect::<Option<Vec<_>>>()?;
        Network::between(&inputs, &outputs).ok()
    }

    /// One more call; nothing where the network is none.
    fn add(&mut self, call: &LayerCall) -> Option<()> {
        let own = call.positional();
        let operand = |&(call, k): &(usize, usize)| Some(self.outputs.get(call)?.output(k));
        let mut operands = call.inputs.iter().map(operand).collect::<Option<Vec<_>>>()?;
        let own_masks: Masks =
            own.iter().map(|&(call, k)| self.masks.get(call)?.get(k)?.clone()).collect();
        let mut arguments = call.arguments.clone();
        let handle = self.handles.get(call.layer)?.clone();
        let spec = |&(call, k): &(usize, usize)| self.network.calls.get(call)?.outputs.get(k);
        let specs = own.iter().map(spec).collect::<Option<Vec<_>>>()?;
        if let Some(mask) = taken(&handle, &arguments, &specs, &own_masks) {
            arguments.add("mask");
            operands.push(mask);
        }
        let inputs = operands.get(..own.len())?;
        let masks = match call.masks.iter().any(Option::is_some) {
            true => self.given(call, &handle, inputs, &own_masks, &operands),
            false => Vec::new(),
        };
        let output = match operands.is_empty() {
            // An input stands for itself.
            true => SymbolicTensor::applied(handle, SymbolicInputs(Vec::new())),
            false => SymbolicTensor::applied_with(handle, SymbolicInputs(operands), arguments),
        };
        self.outputs.push(output);
        self.masks.push(masks);
        Some(())
    }

    /// The masks of a call's outputs, of which one has one at least.
    fn given(
        &self,
        call: &LayerCall,
        layer: &LayerRef,
        inputs: &[SymbolicTensor],
        masks: &Masks,
        operands: &[SymbolicTensor],
    ) -> Masks {
        let setting = |key: &str| layer.0.layer.get_config().get(key).cloned().unwrap_or_default();
        let unequal = |number: Json| {
            let places = vec![Argument::Input(0), Argument::Constant(number)];
            operation("NotEqual", places, &[], &[inputs.first()?])
        };
        let mask = match layer.class_name() {
            // Known when the model is run only.
            _ if layer.downcast::<Nested>().is_some() => None,
            "Embedding" | "ReversibleEmbedding" => unequal(json!(0)),
            "Masking" => unequal(setting("mask_value")).and_then(|mask| any(&mask)),
            "Concatenate" => self.joined(call, setting("axis"), inputs, masks),
            "Add" | "Subtract" | "Multiply" | "Average" | "Maximum" | "Minimum" => either(masks),
            // Every other layer hands on what it was given.
            _ => {
                let named = &call.arguments.tensors;
                let own = named.iter().position(|named| named.name == "mask");
                let own = own.and_then(|at| operands.get(inputs.len() + at)).cloned();
                own.or_else(|| masks.first().cloned().flatten())
            }
        };
        let one = |shape: &Option<PartialShape>| shape.as_ref().and(mask.clone());
        call.masks.iter().map(one).collect()
    }

    /// The mask of inputs one after the other.
    fn joined(
        &self,
        call: &LayerCall,
        axis: Json,
        inputs: &[SymbolicTensor],
        masks: &Masks,
    ) -> Option<SymbolicTensor> {
        let ranks = call.positional().iter().map(|&(call, k)| {
            let call = self.network.calls.get(call)?;
            Some((call.outputs.get(k)?.shape.len(), call.masks.get(k)?.as_ref().map(|m| m.len())))
        });
        let bool_like = |class, x: &SymbolicTensor| {
            operation(class, vec![Argument::Input(0)], &[("dtype", json!("bool"))], &[x])
        };
        let mut list = Vec::new();
        for ((x, mask), ranks) in inputs.iter().zip(masks).zip(ranks) {
            list.push(match (mask, ranks?) {
                (None, _) => bool_like("OnesLike", x)?,
                (Some(mask), (rank, Some(own))) if own < rank => {
                    let axis = [("axis", json!(-1))];
                    let wide = operation("ExpandDims", vec![Argument::Input(0)], &axis, &[mask])?;
                    let zeros = bool_like("ZerosLike", x)?;
                    operation("LogicalOr", two(), &[], &[&wide, &zeros])?
                }
                (Some(mask), _) => mask.clone(),
            });
        }
        let places = vec![Argument::List((0..list.len()).map(Argument::Input).collect())];
        let parts: Vec<&SymbolicTensor> = list.iter().collect();
        any(&operation("Concatenate", places, &[("axis", axis)], &parts)?)
    }
}

/// The mask that Keras writes into a call that was not given one: where nothing but one tensor of the layer's
/// own type is given. All other calls find theirs anew each time that they compute.
fn taken(
    layer: &LayerRef,
    arguments: &CallArguments,
    inputs: &[&TensorSpec],
    masks: &Masks,
) -> Option<SymbolicTensor> {
    let [input] = inputs else { return None };
    let own = layer.dtype_policy().compute_dtype().ok()?;
    let takes = layer.0.layer.signature().tensors.contains(&"mask");
    let alone = *arguments == CallArguments::default() && input.dtype.number() == Some(own);
    masks.first().cloned().flatten().filter(|_| takes && alone)
}

fn two() -> Vec<Argument> {
    vec![Argument::Input(0), Argument::Input(1)]
}

/// Where one of the masks holds; none where an input has none.
fn either(masks: &Masks) -> Option<SymbolicTensor> {
    let all: Option<Vec<SymbolicTensor>> = masks.iter().cloned().collect();
    let mut all = all?.into_iter();
    let first = all.next()?;
    all.try_fold(first, |a, b| operation("LogicalOr", two(), &[], &[&a, &b]))
}

/// Whether a mask holds anywhere along the last axis.
fn any(mask: &SymbolicTensor) -> Option<SymbolicTensor> {
    operation("Any", vec![Argument::Input(0)], &[("axis", json!(-1))], &[mask])
}

/// An operation between symbolic tensors.
fn operation(
    class: &'static str,
    places: Vec<Argument>,
    settings: &[(&str, Json)],
    inputs: &[&SymbolicTensor],
) -> Option<SymbolicTensor> {
    let layer = LayerRef::of_file(Arc::new(Operation::of(class, places, settings).ok()?));
    let inputs = inputs.iter().map(|&tensor| tensor.clone()).collect();
    Some(SymbolicTensor::applied(layer, SymbolicInputs(inputs)))
}
