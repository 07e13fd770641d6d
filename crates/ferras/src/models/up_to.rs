//! The part of a model up to some of its layers.
use super::network::Network;
use super::{Model, SymbolicInputs, SymbolicTensor};
use crate::config::suggest;
use crate::{Error, Result};

impl Model {
    /// The model from the inputs up to these layers, whose outputs it gives in this order; with a copy
    /// of the weights' values. For looking inside, and for building on what was learned. A layer that
    /// is used several times gives the output of its first use.
    ///
    /// Errors: no such layer, a stack that is not built.
    ///
    /// - **Source** the idiom `keras.Model(model.inputs, model.get_layer(name).output)`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let model = Sequential::new()
    ///     .add(Input::new([4]))
    ///     .add(Dense::new(8).activation("relu").name("features"))
    ///     .add(Dense::new(1))
    ///     .build()?;
    /// let features = model.up_to(["features"])?;
    /// assert_eq!(features.output_shape()?.to_string(), "(None, 8)");
    /// assert_eq!(features.get_weights()?[0], model.get_weights()?[0]);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn up_to(&self, layers: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Model> {
        let network = self.network()?;
        let tensors = symbolic(network);
        let place = |name: &str| {
            let found = network.calls.iter().position(|c| network.layers[c.layer].name == name);
            found.and_then(|call| tensors.get(call)).cloned().ok_or_else(|| {
                let names: Vec<&str> = network.layers.iter().map(|l| l.name.as_str()).collect();
                Error::Unknown { kind: "layer", name: name.into(), hint: suggest(name, &names) }
            })
        };
        let outputs = layers.into_iter().map(|l| place(l.as_ref())).collect::<Result<Vec<_>>>()?;
        let inputs = inputs_of(&outputs, network.inputs.iter().filter_map(|&i| tensors.get(i)));
        let mut part = Model::new(inputs, outputs)?.with_name(self.name());
        let value = |path: &str| self.weights().iter().find(|v| v.path() == path);
        let lost = || Error::Internal("a weight of a part that the whole does not have".into());
        let values = part.weights().iter().map(|v| value(v.path()).ok_or_else(lost)?.value());
        let values = values.collect::<Result<Vec<_>>>()?;
        part.set_weights(&values)?;
        Ok(part)
    }
}

/// Each use of a layer as a symbolic tensor again; all layers keep their names.
fn symbolic(network: &Network) -> Vec<SymbolicTensor> {
    let named = |l: &super::network::NetworkLayer| l.layer.clone().name(l.name.clone());
    let layers: Vec<_> = network.layers.iter().map(named).collect();
    let mut tensors: Vec<SymbolicTensor> = Vec::with_capacity(network.calls.len());
    for call in &network.calls {
        let operand = |&(from, output): &(usize, usize)| tensors[from].output(output);
        let inputs = SymbolicInputs(call.inputs.iter().map(operand).collect());
        let (layer, arguments) = (layers[call.layer].clone(), call.arguments.clone());
        tensors.push(SymbolicTensor::applied_with(layer, inputs, arguments));
    }
    tensors
}

/// The inputs that the outputs depend on.
fn inputs_of<'a>(
    outputs: &[SymbolicTensor],
    all: impl Iterator<Item = &'a SymbolicTensor>,
) -> Vec<SymbolicTensor> {
    let needed = super::network::order(outputs);
    let is = |a: &SymbolicTensor, b: &SymbolicTensor| std::sync::Arc::ptr_eq(&a.node, &b.node);
    all.filter(|input| needed.iter().any(|n| is(n, input))).cloned().collect()
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn what_a_call_was_given_is_kept() {
        let (steps, first) = (Input::new([3, 1]), Input::new([2]));
        let lstm = LSTM::new(2).with("initial_state", [&first, &first]).apply(&steps);
        let whole = Model::new([&steps, &first], Dense::new(1).apply(&lstm)).unwrap();
        let part = whole.up_to(["lstm"]).unwrap();
        let x = Tensor::new([1, 3, 1], vec![0.0_f32; 3]).unwrap();
        let start = Tensor::new([1, 2], vec![5.0_f32, -5.0]).unwrap();
        let seen = part.predict((&x, &start)).unwrap();
        let own = LSTM::new(2).with("initial_state", [&first, &first]).apply(&steps);
        let mut twin = Model::new([&steps, &first], own).unwrap();
        twin.set_weights(&part.get_weights().unwrap()).unwrap();
        assert_eq!(seen, twin.predict((&x, &start)).unwrap());
        let zeros = Tensor::new([1, 2], vec![0.0_f32; 2]).unwrap();
        assert_ne!(seen, part.predict((&x, &zeros)).unwrap());
    }
}
