//! What a call of a layer takes besides its inputs.
use super::LayerRef;
use crate::config::suggest;
use crate::models::{SymbolicInputs, SymbolicTensor};

/// The arguments of a layer's call, as Keras' `call` has them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signature {
    /// Names of the inputs, for layers that take them one by one; without names they are one list.
    pub inputs: &'static [&'static str],
    /// Names of further tensors, or lists of them. A `mask`, or a list of one for each input, stands in
    /// the place of those that come with the inputs.
    pub tensors: &'static [&'static str],
    /// Names of switches, which are off unless they are given.
    pub flags: &'static [&'static str],
}

impl Signature {
    /// That of layers which may be called with a mask.
    pub(crate) const WITH_MASK: Signature =
        Signature { inputs: &[], tensors: &["mask"], flags: &[] };
}

/// The arguments of one call, in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CallArguments {
    /// What the last tensors of the call are, one each.
    pub(crate) tensors: Vec<NamedTensor>,
    pub(crate) flags: Vec<(String, bool)>,
}

/// A tensor that a call is given by name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NamedTensor {
    pub(crate) name: String,
    /// Where it stands in a list of that name.
    pub(crate) place: usize,
}

impl CallArguments {
    /// One more tensor, behind those of its name.
    pub(crate) fn add(&mut self, name: &str) {
        let place = self.tensors.iter().filter(|earlier| earlier.name == name).count();
        self.tensors.push(NamedTensor { name: name.to_string(), place });
    }

    /// What is wrong with the arguments for a layer of this signature, if anything.
    pub(crate) fn problem(&self, signature: &Signature) -> Option<String> {
        let unknown =
            |name: &String, known: &[&str]| (!known.contains(&&name[..])).then(|| name.clone());
        let tensor = self.tensors.iter().find_map(|own| unknown(&own.name, signature.tensors));
        let flag = || self.flags.iter().find_map(|(name, _)| unknown(name, signature.flags));
        let name = tensor.or_else(flag)?;
        let known = [signature.tensors, signature.flags].concat();
        Some(format!("its call takes no argument {name:?}{}", suggest(&name, &known)))
    }
}

/// A call of a layer that is being described: the layer, and arguments besides the inputs.
///
/// ```
/// use ferras::prelude::*;
/// let (words, allowed) = (Input::new([10, 16]), Input::of([10, 10], DType::Bool));
/// let attention = MultiHeadAttention::new(2, 8);
/// let y = attention
///     .with("attention_mask", &allowed)
///     .with("use_causal_mask", true)
///     .apply([&words, &words]);
/// let model = Model::new([&words, &allowed], &y)?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LayerWith {
    layer: LayerRef,
    tensors: Vec<(String, SymbolicTensor)>,
    flags: Vec<(String, bool)>,
}

/// The value of an argument of a call: a tensor or several, or whether a switch is on.
#[derive(Clone, Debug)]
pub enum ArgumentValue {
    /// A tensor, or a list of them.
    Tensors(SymbolicInputs),
    /// Whether a switch is on.
    Flag(bool),
}

impl From<bool> for ArgumentValue {
    fn from(flag: bool) -> ArgumentValue {
        ArgumentValue::Flag(flag)
    }
}

impl<T: Into<SymbolicInputs>> From<T> for ArgumentValue {
    fn from(tensors: T) -> ArgumentValue {
        ArgumentValue::Tensors(tensors.into())
    }
}

impl LayerWith {
    pub(crate) fn new(layer: LayerRef) -> LayerWith {
        LayerWith { layer, tensors: Vec::new(), flags: Vec::new() }
    }

    /// One more argument of the call.
    pub fn with(mut self, name: &str, value: impl Into<ArgumentValue>) -> LayerWith {
        match value.into() {
            ArgumentValue::Tensors(SymbolicInputs(tensors)) => {
                self.tensors.extend(tensors.into_iter().map(|tensor| (name.into(), tensor)));
            }
            ArgumentValue::Flag(flag) => self.flags.push((name.into(), flag)),
        }
        self
    }

    /// The layer's output for these symbolic inputs.
    pub fn apply(self, inputs: impl Into<SymbolicInputs>) -> SymbolicTensor {
        let SymbolicInputs(mut inputs) = inputs.into();
        let signature = self.layer.0.layer.signature();
        let mut tensors = self.tensors;
        // An input may be given by its name too.
        while let Some(name) = signature.inputs.get(inputs.len())
            && let Some(at) = tensors.iter().position(|(own, _)| own == name)
        {
            inputs.push(tensors.remove(at).1);
        }
        let mut arguments = CallArguments { tensors: Vec::new(), flags: self.flags };
        for (name, tensor) in tensors {
            arguments.add(&name);
            inputs.push(tensor);
        }
        SymbolicTensor::applied_with(self.layer, SymbolicInputs(inputs), arguments)
    }
}

impl LayerRef {
    /// A call of the layer with an argument besides its inputs.
    pub fn with(&self, name: &str, value: impl Into<ArgumentValue>) -> LayerWith {
        LayerWith::new(self.clone()).with(name, value)
    }
}
