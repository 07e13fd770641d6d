//! Keras' JSON of models: what is in `config.json`, in `model_config` and `training_config` of
//! `.h5` files, and what `to_json` gives.
//!
//! Everything that comes from a file goes through one gate before a class is looked up: see
//! [`gate`].
pub(crate) mod compile;
mod functional;
mod gate;
mod layer;
pub(crate) mod legacy;
mod masks;
mod model;
mod read;
mod stack_keys;
mod survey;
#[cfg(test)]
mod tests;
mod wrapped;
mod write;
mod yaml;

pub(crate) use compile::{compile_config, compile_from};
pub(crate) use read::Architecture;
pub(crate) use survey::{Survey, survey};
pub(crate) use write::serialize_model;
pub(crate) use yaml::parse as parse_yaml;
