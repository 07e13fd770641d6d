//! `InputLayer`: where data enters a model.
use crate::config::{ConfigValue, ElementType, Scope};
use crate::layers::{PartialShape, prelude::*};
use ferras_graph::DType;
use serde_json::Value as Json;

/// The entry of a model, made by [`Input`](crate::models::Input).
///
/// - **Output** `(batch, …)`: the data as it is fed.
/// - **Source** Keras 3 `layers.InputLayer`.
///
/// ```
/// use ferras::layers::InputLayer;
/// use ferras::config::Configured;
/// let layer = InputLayer::new([None, Some(3)]);
/// assert_eq!(layer.get_config()["batch_shape"], serde_json::json!([null, 3]));
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct InputLayer {
    /// Sizes, batch axis first; open ones are `None`.
    batch_shape: PartialShape,
    /// Type of the elements; float32 by default.
    #[config(default = DType::F32)]
    dtype: ElementType,
    /// Keras' sparse inputs; there are none here.
    #[config(default)]
    sparse: Never,
    /// Keras' ragged inputs; there are none here.
    #[config(default)]
    ragged: Never,
    /// Keras' inputs that may be left out; there are none here.
    #[config(default)]
    optional: Never,
}

/// A switch of Keras that is always off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Never;

impl ConfigValue for Never {
    fn to_json(&self) -> Json {
        Json::Bool(false)
    }
    fn from_json(json: &Json, _: &Scope) -> Result<Self, String> {
        match json {
            Json::Null | Json::Bool(false) => Ok(Never),
            _ => Err(format!("Ferras has dense inputs only; expected false, got {json}")),
        }
    }
}

impl InputLayer {
    /// Sizes, batch axis first.
    pub(crate) fn batch_shape(&self) -> &PartialShape {
        &self.batch_shape
    }

    /// Type of the elements.
    pub(crate) fn element_type(&self) -> ElementType {
        self.dtype
    }
}

impl Layer for InputLayer {
    fn autocast(&self) -> bool {
        false
    }

    fn call(&self, cx: &mut Call) -> Value {
        cx.input()
    }

    fn supports_masking(&self) -> bool {
        true
    }
}
