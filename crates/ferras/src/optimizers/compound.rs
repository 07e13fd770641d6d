//! Optimizers made of others: what they keep, and how a step goes through them. An optimizer of any
//! other class is a step of its own.
use super::loss_scale::LossScaleOptimizer;
use super::multi::MultiOptimizer;
use super::step::{self, OptimizerState};
use super::{OptimizerFn, Trained};
use crate::{Error, Result};
use ferras_graph::Value;
use std::any::Any;
use std::sync::Arc;

/// What an optimizer does with a step.
enum Kind<'a> {
    /// It takes it.
    Own(&'a dyn OptimizerFn),
    /// It scales loss and gradients for the one inside.
    Scaled(&'a LossScaleOptimizer),
    /// It gives each weight to one of those inside.
    Each(&'a MultiOptimizer),
}

impl<'a> Kind<'a> {
    fn of(optimizer: &'a dyn OptimizerFn) -> Kind<'a> {
        let any: &dyn Any = optimizer;
        match (any.downcast_ref(), any.downcast_ref()) {
            (Some(scaled), _) => Kind::Scaled(scaled),
            (None, Some(each)) => Kind::Each(each),
            (None, None) => Kind::Own(optimizer),
        }
    }
}

/// Everything the optimizer keeps for weights of these paths and types, in Keras' order.
pub(crate) fn states(optimizer: &dyn OptimizerFn, weights: &[Trained]) -> Vec<OptimizerState> {
    match Kind::of(optimizer) {
        Kind::Own(own) => step::states(own, weights),
        Kind::Scaled(scaled) => scaled.states(weights),
        Kind::Each(each) => each.states(weights),
    }
}

/// The weights, by place, of which moving averages are kept, with the places of these among the
/// states; training ends with them as the weights.
pub(crate) fn averages(optimizer: &dyn OptimizerFn, weights: &[Trained]) -> Vec<(usize, usize)> {
    match Kind::of(optimizer) {
        Kind::Own(own) => step::averages(own, weights).into_iter().flatten().enumerate().collect(),
        Kind::Scaled(scaled) => scaled.averages(weights),
        Kind::Each(each) => each.averages(weights),
    }
}

/// The place of the learning rate among the states, where there is one that no schedule tells.
pub(crate) fn rate(optimizer: &dyn OptimizerFn) -> Option<usize> {
    match Kind::of(optimizer) {
        Kind::Own(own) => (!own.common().learning_rate.is_schedule()).then_some(1),
        Kind::Scaled(scaled) => scaled.rate(),
        Kind::Each(_) => None,
    }
}

/// The learning rate before the first step; none where several optimizers have theirs.
pub(crate) fn initial_rate(optimizer: &dyn OptimizerFn) -> Option<f64> {
    match Kind::of(optimizer) {
        Kind::Own(own) => Some(own.common().learning_rate.initial()),
        Kind::Scaled(scaled) => initial_rate(&*scaled.inner().ok()?),
        Kind::Each(_) => None,
    }
}

/// The place of the number of updates so far among the states.
pub(crate) fn iteration(optimizer: &dyn OptimizerFn) -> usize {
    match Kind::of(optimizer) {
        Kind::Own(_) | Kind::Each(_) => 0,
        Kind::Scaled(scaled) => scaled.iteration(),
    }
}

/// The loss as gradients are taken of it.
pub(crate) fn scale_loss(optimizer: &dyn OptimizerFn, states: &[Value], loss: &Value) -> Value {
    let factor = match Kind::of(optimizer) {
        Kind::Own(own) => own.common().loss_scale_factor,
        Kind::Scaled(scaled) => return scaled.scale_loss(states, loss),
        Kind::Each(each) => each.factor(),
    };
    factor.map_or_else(|| loss.clone(), |factor| loss * factor)
}

/// One step: new states and new weights. `states` are in the order of [`states`].
pub(crate) fn apply(
    optimizer: &dyn OptimizerFn,
    trained: &[Trained],
    states: &[Value],
    weights: &[Value],
    gradients: &[Value],
) -> (Vec<Value>, Vec<Value>) {
    let factor = match Kind::of(optimizer) {
        Kind::Own(own) => own.common().loss_scale_factor,
        Kind::Scaled(_) => None,
        Kind::Each(each) => each.factor(),
    };
    apply_scaled(optimizer, factor, trained, states, weights, gradients)
}

/// The same where gradients are to be divided by `factor`, whatever the optimizer itself says.
pub(super) fn apply_scaled(
    optimizer: &dyn OptimizerFn,
    factor: Option<f64>,
    trained: &[Trained],
    states: &[Value],
    weights: &[Value],
    gradients: &[Value],
) -> (Vec<Value>, Vec<Value>) {
    match Kind::of(optimizer) {
        Kind::Own(own) => step::apply(own, factor, trained, states, weights, gradients),
        Kind::Scaled(scaled) => scaled.apply(trained, states, weights, gradients),
        Kind::Each(each) => each.apply(factor, trained, states, weights, gradients),
    }
}

/// An error where it is not clear what trains one of these weights.
pub(crate) fn check_weights(optimizer: &dyn OptimizerFn, weights: &[Trained]) -> Result<()> {
    match Kind::of(optimizer) {
        Kind::Own(_) => Ok(()),
        Kind::Scaled(scaled) => check_weights(&*scaled.inner()?, weights),
        Kind::Each(each) => each.check_weights(weights),
    }
}

/// The optimizer with a dynamic scale of the loss around it, unless it has one.
pub(crate) fn scaled(optimizer: Arc<dyn OptimizerFn>) -> Arc<dyn OptimizerFn> {
    match Kind::of(&*optimizer) {
        Kind::Scaled(_) => optimizer,
        _ => Arc::new(LossScaleOptimizer::new(super::Optimizer::object(optimizer))),
    }
}

/// Errors of an optimizer inside another one, which may not itself be one of those with others
/// inside; but one that gives each weight to another may be, where `each` says so.
pub(super) fn check_inside(optimizer: &dyn OptimizerFn, argument: &str, each: bool) -> Result<()> {
    match Kind::of(optimizer) {
        Kind::Own(_) => optimizer.check(),
        Kind::Each(_) if each => optimizer.check(),
        _ => {
            let problem = format!("cannot be a {}", optimizer.class_name());
            Err(Error::argument(argument, problem))
        }
    }
}
