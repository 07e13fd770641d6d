//! Activations with arguments, as layers; those without weights are activations themselves.
mod functions;
mod prelu;

pub use crate::activations::{ELU, LeakyReLU, ReLU, Softmax, ThresholdedReLU};
pub use prelu::PReLU;
