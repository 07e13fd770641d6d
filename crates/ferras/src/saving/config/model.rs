//! Models by their configuration: `get_config`, `from_config`, `to_json`, `from_json`,
//! `clone_model`; the same as YAML.
use super::{Architecture, compile_from, serialize_model, yaml};
use crate::config::Scope;
use crate::containers::json;
use crate::containers::limits::Budget;
use crate::models::{Model, Topology};
use crate::saving::Load;
use crate::{Error, Result};
use serde_json::Value as Json;
use std::sync::Arc;

impl Model {
    /// Keras' object of the model: class, layers and how they are connected, and what it was
    /// compiled with; no weights.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let x = Input::new([4]);
    /// let model = Model::new(&x, &Dense::new(1).name("y").apply(&x))?;
    /// let config = model.get_config()?;
    /// assert_eq!(config["class_name"], "Functional");
    /// assert_eq!(config["config"]["output_layers"], serde_json::json!(["y", 0, 0]));
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn get_config(&self) -> Result<Json> {
        serialize_model(self)
    }

    /// The model of an object that [`Model::get_config`] or Keras gave, of any version: with
    /// initial weights, and not compiled.
    ///
    /// Nothing but layers that Ferras has, or that the program registered, is ever made; what
    /// holds code is an error.
    pub fn from_config(config: &Json) -> Result<Model> {
        from_object(config, Load::new().compile(false))
    }

    /// [`Model::get_config`] as text: Keras' `to_json`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(1).input_dim(3)).build()?;
    /// model.compile(Compile::new().optimizer("adam").loss("mse"))?;
    /// let again = Model::from_json(&model.to_json()?)?;
    /// assert_eq!(again.count_params(), 3 + 1);
    /// assert_eq!(again.get_config()?, model.get_config()?);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn to_json(&self) -> Result<String> {
        Ok(json::text(&self.get_config()?))
    }

    /// The model of a text that [`Model::to_json`] or Keras gave: Keras' `model_from_json`. It has
    /// initial weights, and is compiled if it was.
    ///
    /// Initial weights are drawn when they are first used: where others are loaded, they take neither
    /// time nor memory.
    pub fn from_json(text: &str) -> Result<Model> {
        Model::from_json_with(text, Load::new())
    }

    /// [`Model::from_json`] with the arguments of [`Model::load_with`].
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let large = Sequential::new().add(Dense::new(1_000_000).input_dim(1_000)).get_config()?;
    /// let error = Model::from_json(&large.to_string()).unwrap_err().to_string();
    /// assert!(error.contains("raise Limits::initial_bytes"), "{error}");
    /// let how = Load::new().limits(ferras::Limits::new().initial_bytes(8 << 30));
    /// let model = Model::from_json_with(&large.to_string(), how)?;
    /// assert_eq!(model.count_params(), 1_001_000_000);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn from_json_with(text: &str, how: Load) -> Result<Model> {
        let json = budget(text, &how)
            .and_then(|budget| json::parse(text.as_bytes(), &budget))
            .map_err(|e| Error::Model(format!("the configuration {e}")))?;
        from_object(&json, how)
    }

    /// [`Model::get_config`] as YAML: Keras 2's `to_yaml`.
    pub fn to_yaml(&self) -> Result<String> {
        Ok(yaml::write(&self.get_config()?))
    }

    /// The model of a text that [`Model::to_yaml`] or Keras 1 or 2 gave: Keras 2's
    /// `model_from_yaml`. A text that asks for any type of Python but a tuple is an error.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let model = Sequential::new().add(Dense::new(1).input_dim(3)).build()?;
    /// let again = Model::from_yaml(&model.to_yaml()?)?;
    /// assert_eq!(again.get_config()?, model.get_config()?);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn from_yaml(text: &str) -> Result<Model> {
        Model::from_yaml_with(text, Load::new())
    }

    /// [`Model::from_yaml`] with the arguments of [`Model::load_with`].
    pub fn from_yaml_with(text: &str, how: Load) -> Result<Model> {
        let budget = budget(text, &how)
            .map_err(|e| Error::Model(format!("the configuration in YAML {e}")))?;
        from_object(&yaml::parse(text, &budget)?, how)
    }

    /// The same layers with new initial weights, not compiled: Keras' `clone_model`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let model = Sequential::new().add(Dense::new(2).input_dim(3)).build()?;
    /// let clone = model.clone_model()?;
    /// assert_eq!(clone.count_params(), model.count_params());
    /// assert_ne!(clone.get_weights()?, model.get_weights()?);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn clone_model(&self) -> Result<Model> {
        let topology = match &self.topology {
            Topology::Built { network, sequential } => {
                let mut network = (**network).clone();
                for weight in &mut network.weights {
                    weight.value = None;
                }
                Topology::Built { network: Arc::new(network), sequential: *sequential }
            }
            stack => stack.clone(),
        };
        let mut clone = Model::assemble(&self.name, topology, None)?;
        clone.limits = self.limits;
        Ok(clone)
    }
}

/// What reading a text may cost.
fn budget(text: &str, how: &Load) -> Result<Budget, String> {
    how.limits.budget(text.len() as u64)
}

/// The model of an object, compiled if it was and that is wanted.
fn from_object(json: &Json, how: Load) -> Result<Model> {
    let scope = Scope::default();
    let architecture = Architecture::read(json, &scope)?;
    architecture.check_values(&how.limits)?;
    let compile = match json.get("compile_config").filter(|_| how.compile) {
        Some(json) => {
            compile_from(json, architecture.outputs(), architecture.stack_name(), &scope)?
        }
        None => None,
    };
    let mut model = architecture.model(&how.limits)?;
    if let Some(compile) = compile {
        model.compile(compile)?;
    }
    Ok(model)
}
