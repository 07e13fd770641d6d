//! What training has made of a model: its weights, its optimizer, and where its randomness stands.
use crate::models::Model;
use crate::optimizers;
use crate::trainer::Place;
use crate::{Error, Result};
use ferras_graph::{Buffer, Tensor, TensorType};
use serde_json::{Value as Json, json};

/// The state of a model, as files hold it.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// For each weight its value; `None` leaves it.
    pub(super) weights: Vec<Option<Tensor>>,
    /// The optimizer's variables in Keras' order; what is not there begins anew.
    pub(super) optimizer: Vec<Option<Tensor>>,
    /// Where training stands, if the file tells.
    pub(super) standing: Standing,
}

/// The name and type of a variable that a compiled model's optimizer keeps.
pub(super) type Kept = (String, TensorType);

impl Model {
    /// How many variables each weight has in each group of the optimizer's.
    pub(super) fn optimizer_slots(&self) -> Vec<usize> {
        let compiled = self.training.compiled.as_ref();
        let slots = compiled.map(|c| c.optimizer.slots()).unwrap_or_default();
        slots.iter().map(|group| group.len()).collect()
    }

    /// How many bytes the compiled optimizer keeps for the weights that it trains.
    pub(super) fn optimizer_bytes(&self) -> u64 {
        let trained = self.variables.iter().filter(|v| v.is_trainable());
        let bytes = trained.map(|v| v.ty().bytes() as u64).sum::<u64>();
        bytes.saturating_mul(self.optimizer_slots().iter().sum::<usize>() as u64)
    }

    /// What files call the optimizer; none before `compile`.
    pub(super) fn optimizer_name(&self) -> Option<String> {
        let compiled = self.training.compiled.as_ref();
        compiled.map(|c| c.optimizer.class_name().to_lowercase())
    }

    /// The optimizer's variables with their names in files; none before `compile`.
    pub(super) fn optimizer_values(&self) -> Result<Vec<(String, Tensor)>> {
        let Some(compiled) = &self.training.compiled else { return Ok(Vec::new()) };
        if compiled.optimizer_states.is_empty() {
            // Not one step was taken: it has what does not belong to a weight.
            let fresh = optimizers::states(&*compiled.optimizer, &[]);
            let value = |s: optimizers::OptimizerState| match s.initial {
                optimizers::Start::Known(value) => Some((s.path, value)),
                optimizers::Start::Weight(_) => None,
            };
            return Ok(fresh.into_iter().filter_map(value).collect());
        }
        let value =
            |s: &crate::trainer::OptimizerVariable| Ok((s.path.clone(), s.buffer.download()?));
        compiled.optimizer_states.iter().map(value).collect()
    }

    /// What the compiled optimizer will keep; none before `compile`.
    pub(super) fn optimizer_kept(&mut self) -> Result<Vec<Kept>> {
        if self.training.compiled.is_none() {
            return Ok(Vec::new());
        }
        self.prepare_optimizer()?;
        let states = self.training.compiled.iter().flat_map(|c| &c.optimizer_states);
        Ok(states.map(|s| (s.path.clone(), s.ty.clone())).collect())
    }

    /// Seed and number of steps of everything random in training; none before `compile`.
    pub(super) fn random_state(&self) -> Result<Option<[i64; 2]>> {
        let Some(compiled) = &self.training.compiled else { return Ok(None) };
        Ok(compiled.key.download()?.as_slice::<i64>().and_then(|key| key.try_into().ok()))
    }

    /// Takes a state over; nothing changes unless all of it fits.
    pub(super) fn restore(&mut self, state: State) -> Result<()> {
        let weights = state.weights.iter().zip(&self.variables);
        let weights: Vec<Option<Buffer>> = weights
            .map(|(value, v)| value.as_ref().map(|t| self.fitting(t, v.ty(), v.path())).transpose())
            .collect::<Result<_>>()?;
        let compiled = self.training.compiled.as_ref();
        let kept = compiled.map_or(&[][..], |c| &c.optimizer_states);
        let optimizer: Vec<Option<Buffer>> = kept
            .iter()
            .zip(&state.optimizer)
            .map(|(s, value)| value.as_ref().map(|t| self.fitting(t, &s.ty, &s.path)).transpose())
            .collect::<Result<_>>()?;
        let random = state.standing.random.filter(|_| compiled.is_some());
        let key = random.map(|key| Ok(self.backend.upload(&Tensor::new([2], key.to_vec())?)?));
        let key = key.transpose().map_err(|e: Error| e)?;
        for (variable, value) in self.variables.iter_mut().zip(weights) {
            if let Some(buffer) = value {
                variable.set_buffer(buffer);
            }
        }
        let Some(compiled) = &mut self.training.compiled else { return Ok(()) };
        for (variable, value) in compiled.optimizer_states.iter_mut().zip(optimizer) {
            if let Some(buffer) = value {
                variable.buffer = buffer;
            }
        }
        if let Some(key) = key {
            compiled.key = key;
        }
        Ok(())
    }

    /// A value where the back end keeps it, if it has the shape that is needed.
    fn fitting(&self, value: &Tensor, ty: &TensorType, path: &str) -> Result<Buffer> {
        if *value.shape() != ty.shape {
            return Err(Error::Model(format!(
                "{path:?} has shape {}, got a value of shape {}",
                ty.shape,
                value.shape()
            )));
        }
        Ok(self.backend.upload(&value.cast(ty.dtype))?)
    }
}

/// Where a training stands, as an attribute of a file: Keras has no place for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Seed and number of steps of everything random in training.
    pub(super) random: Option<[i64; 2]>,
    /// How far training has come, in a backup.
    pub(super) place: Option<Place>,
}

impl Standing {
    pub(super) fn to_text(self) -> String {
        let place =
            self.place.map(|p| json!({"epoch": p.epoch, "batch": p.batch, "order": p.order}));
        json!({"random": self.random, "place": place}).to_string()
    }

    /// Reads it back; what is not understood counts as not there.
    pub(super) fn from_text(text: &str) -> Standing {
        let json: Json = serde_json::from_str(text).unwrap_or_default();
        let random = || {
            let pair = json["random"].as_array()?;
            Some([pair.first()?.as_i64()?, pair.get(1)?.as_i64()?])
        };
        let place = || {
            let place = json["place"].as_object()?;
            let number = |key: &str| place.get(key)?.as_u64().map(|n| n as usize);
            let order = place
                .get("order")?
                .as_array()
                .and_then(|pair| Some((pair.first()?.as_u64()?, pair.get(1)?.as_u64()? as usize)));
            Some(Place { epoch: number("epoch")?, batch: number("batch")?, order })
        };
        Standing { random: random(), place: place() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_training_stands_comes_back() {
        let place = Place { epoch: 3, batch: 7, order: Some((u64::MAX, 64)) };
        let standing = Standing { random: Some([-5, 12]), place: Some(place) };
        assert_eq!(Standing::from_text(&standing.to_text()), standing);
        assert_eq!(Standing::from_text(&Standing::default().to_text()), Standing::default());
        assert_eq!(Standing::from_text("{\"random\": 3, \"place\": []}"), Standing::default());
        assert_eq!(Standing::from_text("nonsense"), Standing::default());
    }
}
