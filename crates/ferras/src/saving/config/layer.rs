//! Layers by their configuration, alone and as arguments of other layers.
use super::read::Reader;
use super::{gate, write::layer_object};
use crate::config::{ConfigValue, Map, Scope};
use crate::layers::LayerRef;
use crate::models::{NetworkLayer, snake_case};
use serde_json::Value as Json;

/// Keras' object of a layer that stands in no model: a name that was not given is its class'.
fn object(layer: &LayerRef) -> Json {
    let class = layer.0.layer.class_name();
    let name = layer.0.name.clone().unwrap_or_else(|| snake_case(class));
    layer_object(&NetworkLayer { name, layer: layer.clone() }, &[])
}

impl LayerRef {
    /// Keras' `get_config`: name, whether it is trained, element type, and the layer's own
    /// arguments.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let config = Dense::new(4).name("hidden").trainable(false).get_config();
    /// assert_eq!(config["name"], "hidden");
    /// assert_eq!((&config["trainable"], &config["units"]), (&false.into(), &4.into()));
    /// ```
    pub fn get_config(&self) -> Map {
        match object(self) {
            Json::Object(mut object) => match object.remove("config") {
                Some(Json::Object(config)) => config,
                _ => Map::new(),
            },
            _ => Map::new(),
        }
    }
}

/// A layer as an argument of another one, as in Keras' wrappers.
impl ConfigValue for LayerRef {
    fn to_json(&self) -> Json {
        object(self)
    }

    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        let scope = scope.deeper().map_err(|e| e.to_string())?;
        gate::check(json).map_err(|e| e.to_string())?;
        Reader::new().layer(json, &scope).map_err(|e| e.to_string())
    }
}
