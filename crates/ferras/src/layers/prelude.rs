//! What a layer file needs.
pub(crate) use super::{Build, Call, Layer, Signature};
pub(crate) use crate::Result;
pub(crate) use crate::activations::Activation;
pub(crate) use crate::constraints::Constraint;
pub(crate) use crate::initializers::Initializer;
pub(crate) use crate::regularizers::Regularizer;
pub(crate) use ferras_derive::Config;
pub(crate) use ferras_graph::Value;
