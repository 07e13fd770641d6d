//! Models from their parts, and by their configuration.
use super::model::{Nested, Topology, Variable};
use super::{Model, Network};
use crate::{Error, Result};
use ferras_graph::Tensor;
use std::sync::Arc;

impl Model {
    /// A model of these parts, with initial weights unless their values are given.
    pub(crate) fn assemble(
        name: &str,
        topology: Topology,
        values: Option<Vec<Tensor>>,
    ) -> Result<Model> {
        let mut model = Model::of(Topology::Stack(Vec::new()), name);
        match (topology, values) {
            (Topology::Built { network, sequential }, None) => {
                model.set_network(network, sequential)?;
            }
            (Topology::Built { network, sequential }, Some(values)) => {
                model.variables = model.uploaded(&network, &values)?;
                model.topology = Topology::Built { network, sequential };
            }
            (stack, None) => model.topology = stack,
            (stack, Some(_)) => {
                model.topology = stack;
                model.network()?;
            }
        }
        Ok(model)
    }

    /// Weights of a network with these values.
    fn uploaded(&self, network: &Network, values: &[Tensor]) -> Result<Vec<Variable>> {
        let (expected, found) = (network.weights.len(), values.len());
        if expected != found {
            let problem = format!("expected {expected} values of weights, got {found}");
            return Err(Error::Data(problem));
        }
        let variable = |(spec, value): (&crate::layers::WeightSpec, &Tensor)| {
            if value.ty() != spec.ty {
                let problem = format!("expected {} of {}, got {}", spec.path, spec.ty, value.ty());
                return Err(Error::Data(problem));
            }
            let buffer = self.backend.upload(value)?;
            Ok(Variable { spec: spec.clone(), buffer })
        };
        network.weights.iter().zip(values).map(variable).collect()
    }
}

impl Nested {
    /// A model inside another one whose weights have no values yet.
    pub(crate) fn new(network: Arc<Network>, sequential: bool) -> Nested {
        Nested { network, sequential, values: Vec::new() }
    }
}
