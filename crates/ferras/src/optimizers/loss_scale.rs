//! `LossScaleOptimizer`: a loss so large that gradients of 16 bits do not vanish.
use super::compound;
use super::step::OptimizerState;
use super::{Common, Optimizer, OptimizerFn, Trained, Update};
use crate::{Error, Result};
use ferras_derive::Config;
use ferras_graph::{DType, Tensor, Value};
use std::sync::Arc;

/// What it keeps before the states of the optimizer inside.
const OWN: usize = 4;

/// Multiplies the loss, and divides the gradients, by a scale that it finds: the optimizer inside
/// is given the gradients.
///
/// A step whose gradients are not all finite is left out, and the scale halved. After
/// `dynamic_growth_steps` steps in a row that were taken it is doubled. `compile` puts it around
/// the optimizer of a model with the policy `mixed_float16`, unless
/// [`Compile::auto_scale_loss`](crate::Compile::auto_scale_loss) is off.
///
/// - **Errors** a scale that is not above 0, 0 steps, a `LossScaleOptimizer` inside.
/// - **Source** Keras 3 `optimizers.LossScaleOptimizer`; Micikevicius et al. 2018.
///
/// ```
/// use ferras::optimizers::LossScaleOptimizer;
/// use ferras::prelude::*;
/// let optimizer = LossScaleOptimizer::new(Adam::new().learning_rate(0.01)).initial_scale(1024.0);
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(2));
/// model.compile(Compile::new().optimizer(optimizer).loss("mse"))?;
/// assert_eq!(model.learning_rate()?, f64::from(0.01_f32));
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.optimizers")]
pub struct LossScaleOptimizer {
    /// The optimizer inside; its own `loss_scale_factor` does not count.
    inner_optimizer: Optimizer,
    /// The scale before the first step; 32,768 by default.
    #[config(default = 32768.0)]
    initial_scale: f64,
    /// Steps in a row after which the scale is doubled; 2,000 by default.
    #[config(default = 2000)]
    dynamic_growth_steps: usize,
    /// The name in files.
    #[config(default = "loss_scale_optimizer")]
    name: String,
}

impl LossScaleOptimizer {
    pub(super) fn inner(&self) -> Result<Arc<dyn OptimizerFn>> {
        self.inner_optimizer.get()
    }

    pub(super) fn states(&self, weights: &[Trained]) -> Vec<OptimizerState> {
        let own =
            |name: &str, value: Tensor| OptimizerState::known(&format!("scaled_{name}"), value);
        let mut list = vec![
            own("iteration", Tensor::scalar(0_i64)),
            own("learning_rate", Tensor::scalar(0.0_f32)),
            own("step_counter", Tensor::scalar(0_i32)),
            own("dynamic_scale", Tensor::scalar(self.initial_scale as f32)),
        ];
        if let Ok(inner) = self.inner() {
            list.extend(compound::states(&*inner, weights));
        }
        list
    }

    pub(super) fn averages(&self, weights: &[Trained]) -> Vec<(usize, usize)> {
        let inner = self.inner().map(|inner| compound::averages(&*inner, weights));
        inner.unwrap_or_default().into_iter().map(|(weight, place)| (weight, place + OWN)).collect()
    }

    pub(super) fn rate(&self) -> Option<usize> {
        compound::rate(&*self.inner().ok()?).map(|place| place + OWN)
    }

    pub(super) fn iteration(&self) -> usize {
        OWN + self.inner().map_or(0, |inner| compound::iteration(&*inner))
    }

    pub(super) fn scale_loss(&self, states: &[Value], loss: &Value) -> Value {
        match states.get(3) {
            Some(scale) => loss * scale.cast(loss.dtype()),
            None => loss.clone(),
        }
    }

    pub(super) fn apply(
        &self,
        trained: &[Trained],
        states: &[Value],
        weights: &[Value],
        gradients: &[Value],
    ) -> (Vec<Value>, Vec<Value>) {
        let ([iteration, rate, counter, scale, kept @ ..], Ok(inner)) = (states, self.inner())
        else {
            return (states.to_vec(), weights.to_vec());
        };
        let all_finite = |g: &Value| g.is_finite().prod(&[], false);
        let finite = gradients.iter().map(all_finite).reduce(|a, b| a.and(b));
        let finite = finite.unwrap_or_else(|| scale.builder().full(DType::Bool, [], 1.0));
        let unscaled: Vec<Value> = gradients.iter().map(|g| g / scale.cast(g.dtype())).collect();
        let (new_states, new_weights) =
            compound::apply_scaled(&*inner, None, trained, kept, weights, &unscaled);
        let grows = counter.equal(self.dynamic_growth_steps as f64 - 1.0);
        let counted = grows.select(&counter.full_like(0.0), counter + 1.0);
        let counted = finite.select(&counted, 0.0);
        let taken = grows.select(&(scale * 2.0), scale);
        let next_scale = finite.select(&taken, &(scale * 0.5));
        let mut all = vec![iteration.clone(), rate.clone(), counted, next_scale];
        let chosen = |(new, old): (&Value, &Value)| finite.select(new, old);
        all.extend(new_states.iter().zip(kept).map(chosen));
        (all, new_weights.iter().zip(weights).map(chosen).collect())
    }
}

impl OptimizerFn for LossScaleOptimizer {
    /// Those of the optimizer inside, but for its scale.
    fn common(&self) -> Common {
        let inner = self.inner().map(|inner| inner.common());
        Common { loss_scale_factor: None, ..inner.unwrap_or_else(|_| Common::new(0.0)) }
    }

    fn slots(&self) -> Vec<&'static [&'static str]> {
        self.inner().map(|inner| inner.slots()).unwrap_or_default()
    }

    /// Never asked: the optimizer inside takes the step.
    fn update(
        &self,
        _: &Update,
        weight: &Value,
        _: &Value,
        slots: &[Value],
    ) -> (Value, Vec<Value>) {
        (weight.clone(), slots.to_vec())
    }

    fn check(&self) -> Result<()> {
        if !(self.initial_scale > 0.0 && self.initial_scale.is_finite()) {
            let problem = format!("must be a number above 0, got {}", self.initial_scale);
            return Err(Error::argument("initial_scale", problem));
        }
        if self.dynamic_growth_steps == 0 {
            return Err(Error::argument("dynamic_growth_steps", "must be at least 1, got 0"));
        }
        compound::check_inside(&*self.inner()?, "inner_optimizer", true)
    }
}
