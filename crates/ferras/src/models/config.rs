//! Models from their parts, and by their configuration.
use super::carried::Carried;
use super::model::{Nested, Topology, Variable};
use super::{Model, Network};
use crate::layers::WeightSpec;
use crate::random::{Generator, next_seed};
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
                model.variables = model.drawn_later(&network)?;
                model.carried = Carried::all(&network, &model.backend);
                model.topology = Topology::Built { network, sequential };
            }
            (Topology::Built { network, sequential }, Some(values)) => {
                model.variables = model.uploaded(&network, &values)?;
                model.carried = Carried::all(&network, &model.backend);
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

    /// Weights of a network whose initial values are drawn when they are first used: perhaps they
    /// never are.
    fn drawn_later(&self, network: &Network) -> Result<Vec<Variable>> {
        let mut random = Generator::new(next_seed());
        let variable = |spec: &WeightSpec| {
            spec.initializer.get()?;
            let seed = random.next_u64();
            Ok(Variable::drawn_later(spec.clone(), seed, self.backend.clone()))
        };
        network.weights.iter().map(variable).collect()
    }

    /// Weights of a network with these values.
    fn uploaded(&self, network: &Network, values: &[Tensor]) -> Result<Vec<Variable>> {
        let (expected, found) = (network.weights.len(), values.len());
        if expected != found {
            let problem = format!("expected {expected} values of weights, got {found}");
            return Err(Error::Data(problem));
        }
        let variable = |(spec, value): (&WeightSpec, &Tensor)| {
            if value.ty() != spec.ty {
                let problem = format!("expected {} of {}, got {}", spec.path, spec.ty, value.ty());
                return Err(Error::Data(problem));
            }
            Variable::drawn_later(spec.clone(), 0, self.backend.clone()).with_value(value)
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
