//! The part of a network that is computed on the host, in front of its graph.
use super::Network;
use super::network::LayerCall;
use crate::array::Array;
use crate::config::ElementType;
use crate::layers::{Applied, Host, Layer, Masked, TensorSpec};
use crate::{Error, Result};
use ferras_graph::Tensor;
use std::collections::HashMap;
use std::sync::Arc;

/// Which calls of a network are computed on the host, and what its graph is fed with.
///
/// On the host are the calls of layers that say so, and everything that these read. A network without
/// such layers has none, and is fed with its inputs.
#[derive(Clone, Debug, Default)]
pub(super) struct HostPart {
    /// What is done, in order: the call, and how.
    steps: Vec<(usize, Step)>,
    feeds: Vec<Feed>,
}

#[derive(Clone, Debug)]
enum Step {
    /// A model's input, by its place.
    Input(usize),
    /// The whole layer.
    Layer(Arc<Applied>),
    /// What a layer does on the host, before the graph goes on with it.
    Front,
}

/// A value that the graph is fed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Feed {
    /// An output of a call.
    Output(usize, usize),
    /// A value of a layer that goes on in the graph.
    Front(usize, usize),
}

/// What a graph is fed with, while it is traced.
pub(super) struct Fed(HashMap<Feed, Masked>);

impl Fed {
    /// An output of a call that is on the host.
    pub(super) fn output(&self, (call, output): (usize, usize)) -> Option<Masked> {
        self.0.get(&Feed::Output(call, output)).cloned()
    }

    /// The operands of a call that goes on with what its layer gave on the host.
    pub(super) fn front(&self, call: usize) -> Option<Vec<Masked>> {
        let own = (0..).map_while(|i| self.0.get(&Feed::Front(call, i)).cloned());
        Some(own.collect::<Vec<_>>()).filter(|own| !own.is_empty())
    }
}

impl Network {
    /// Whether a part of it is computed on the host.
    pub(crate) fn has_host(&self) -> bool {
        !self.host.steps.is_empty()
    }

    /// Whether a call is computed on the host as a whole.
    pub(super) fn is_on_host(&self, call: usize) -> bool {
        self.host.steps.iter().any(|(at, step)| *at == call && !matches!(step, Step::Front))
    }

    /// Specifications of what the graph is fed with, in order: the inputs, unless a part of the network
    /// is computed on the host.
    pub(crate) fn feed_specs(&self) -> Vec<&TensorSpec> {
        if !self.has_host() {
            return self.input_specs();
        }
        let spec = |feed: &Feed| match *feed {
            Feed::Output(call, output) => self.calls[call].outputs.get(output),
            Feed::Front(call, output) => self.calls[call].fronts.get(output),
        };
        self.host.feeds.iter().filter_map(spec).collect()
    }

    /// Names of what the graph is fed with: those of the layers that give it.
    pub(crate) fn feed_names(&self) -> Vec<&str> {
        if !self.has_host() {
            return self.input_names();
        }
        let name = |feed: &Feed| match *feed {
            Feed::Output(call, _) | Feed::Front(call, _) => self.name_of(call),
        };
        self.host.feeds.iter().map(name).collect()
    }

    /// The values that the graph is fed with, by where they come from.
    pub(super) fn fed(&self, values: &[Masked]) -> Fed {
        Fed(self.host.feeds.iter().copied().zip(values.iter().cloned()).collect())
    }

    /// What the graph is fed with for these inputs.
    pub(crate) fn run_host(&self, inputs: &[Array]) -> Result<Vec<Tensor>> {
        let mut values: Vec<Vec<Array>> = vec![Vec::new(); self.calls.len()];
        let lost = || Error::Internal("a value of the host that is not there".into());
        for (call, step) in &self.host.steps {
            let LayerCall { layer, inputs: operands, outputs, .. } = &self.calls[*call];
            let own = operands.iter().map(|&(c, k)| values[c].get(k).cloned().ok_or_else(lost));
            let own = own.collect::<Result<Vec<_>>>()?;
            let entry = &self.layers[*layer];
            let given = match step {
                Step::Input(place) => {
                    let array = inputs.get(*place).ok_or_else(lost)?;
                    Ok(vec![as_input(array, outputs.first().ok_or_else(lost)?)])
                }
                Step::Layer(applied) => applied.run(&own, None),
                Step::Front => entry.layer.0.layer.host().ok_or_else(lost)?.run(&own),
            };
            values[*call] = given.map_err(|e| at(&entry.name, &*entry.layer.0.layer, e))?;
        }
        let value = |feed: &Feed| match *feed {
            Feed::Output(call, i) | Feed::Front(call, i) => {
                values[call].get(i).ok_or_else(lost)?.numbers().cloned()
            }
        };
        self.host.feeds.iter().map(value).collect()
    }

    /// Finds out what is computed on the host.
    pub(super) fn find_host(&mut self) -> Result<()> {
        let hosts: Vec<Option<bool>> = (0..self.calls.len())
            .map(|call| self.host_of(call).map(|host| host.goes_on()))
            .collect();
        if hosts.iter().all(Option::is_none) {
            return Ok(());
        }
        let mut whole: Vec<bool> = hosts.iter().map(|host| *host == Some(false)).collect();
        for call in (0..self.calls.len()).rev() {
            if whole[call] || hosts[call].is_some() {
                self.calls[call].inputs.iter().for_each(|&(from, _)| whole[from] = true);
            }
        }
        self.inputs.iter().for_each(|&call| whole[call] = true);
        let mut part = HostPart::default();
        for call in 0..self.calls.len() {
            let step = match self.inputs.iter().position(|&input| input == call) {
                Some(place) => Step::Input(place),
                None if whole[call] => Step::Layer(Arc::new(self.on_host(call)?)),
                None if hosts[call].is_some() => Step::Front,
                None => continue,
            };
            part.steps.push((call, step));
        }
        let read_by = |(call, from): (usize, &LayerCall)| match hosts[call] {
            _ if whole[call] => Vec::new(),
            Some(_) => (0..from.fronts.len()).map(|i| Feed::Front(call, i)).collect(),
            None => from.inputs.iter().map(|&(c, k)| Feed::Output(c, k)).collect(),
        };
        let ends = self.outputs.iter().map(|&(call, output)| Feed::Output(call, output));
        let read = self.calls.iter().enumerate().flat_map(read_by).chain(ends);
        for feed in read {
            let fed = match feed {
                Feed::Output(call, _) => whole[call],
                Feed::Front(..) => true,
            };
            if fed && !part.feeds.contains(&feed) {
                part.feeds.push(feed);
            }
        }
        self.host = part;
        Ok(())
    }

    /// The network after some of its layers became others of their classes.
    pub(crate) fn with_new_layers(mut self) -> Result<Network> {
        self.host = HostPart::default();
        self.find_host()?;
        Ok(self)
    }

    fn host_of(&self, call: usize) -> Option<&dyn Host> {
        self.layers[self.calls[call].layer].layer.0.layer.host()
    }

    /// The layer of a call, to be run on the host.
    fn on_host(&self, call: usize) -> Result<Applied> {
        let place = self.calls[call].layer;
        let entry = &self.layers[place];
        match self.layer_weights.get(place).is_none_or(|weights| weights.is_empty()) {
            true => Ok(Applied::new(entry.layer.clone())),
            false => Err(Error::Layer {
                layer: entry.name.clone(),
                class: entry.layer.0.layer.class_name().into(),
                problem:
                    "has weights and stands in front of a layer that is computed on the host, \
                          where there are none; put that layer directly behind the inputs"
                        .into(),
            }),
        }
    }

    /// An error for outputs that are texts.
    pub(super) fn check_output_types(&self) -> Result<()> {
        let specs = self.output_specs().into_iter().zip(self.output_names());
        match specs.into_iter().find(|(spec, _)| spec.dtype == ElementType::Text) {
            None => Ok(()),
            Some((_, name)) => Err(Error::Model(format!(
                "the output of {name:?} are texts, and models give numbers; an inverse lookup is \
                 called on what the model predicts"
            ))),
        }
    }
}

/// An input in the type that the model says.
fn as_input(array: &Array, spec: &TensorSpec) -> Array {
    match (array, spec.dtype) {
        (Array::Numbers(tensor), ElementType::Number(dtype)) => tensor.cast(dtype).into(),
        _ => array.clone(),
    }
}

/// An error with the layer that it came from.
fn at(layer: &str, own: &dyn Layer, error: Error) -> Error {
    match error {
        Error::Layer { .. } => error,
        other => Error::Layer {
            layer: layer.into(),
            class: own.class_name().into(),
            problem: other.to_string(),
        },
    }
}
