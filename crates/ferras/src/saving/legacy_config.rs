//! Configurations as whole-model `.h5` files have them: Keras' objects without their modules.
use super::config;
use crate::layers::operation::Operation;
use crate::models::Model;
use crate::{Result, console};
use serde_json::{Map, Value as Json, json};

/// The attribute `model_config`.
pub(super) fn model_config(model: &Model) -> Result<Json> {
    let network = model.network().ok();
    let mut layers = network.iter().flat_map(|network| &network.layers);
    if layers.any(|entry| entry.layer.downcast::<Operation>().is_some()) {
        console::warn(
            "the model has operations between its layers, which Ferras reads from .h5 files and Keras \
             does not: save it as .keras for Keras",
        );
    }
    let object = config::serialize_model(model)?;
    if let Some((name, class)) = several_axes(&object) {
        console::warn(&format!(
            "layer {name:?} ({class}) has several axes, of which Keras reads the last alone from .h5 \
             files, and Ferras all: save the model as .keras for Keras"
        ));
    }
    Ok(plain(object))
}

/// Name and class of the first layer with a list of axes, wherever it is.
fn several_axes(json: &Json) -> Option<(&str, &str)> {
    match json {
        Json::Array(list) => list.iter().find_map(several_axes),
        Json::Object(map) => {
            let (class, config) = (map.get("class_name"), map.get("config"));
            let axes = config.and_then(|config| config.get("axis")?.as_array());
            match axes.is_some_and(|axes| axes.len() > 1) {
                true => Some((config?.get("name")?.as_str()?, class?.as_str()?)),
                false => map.values().find_map(several_axes),
            }
        }
        _ => None,
    }
}

/// The attribute `training_config`; none for a model that is not compiled.
pub(super) fn training_config(model: &Model) -> Result<Option<Json>> {
    let Json::Object(mut compiled) = config::compile_config(model)? else { return Ok(None) };
    let Some(optimizer) = compiled.remove("optimizer") else { return Ok(None) };
    compiled.insert("optimizer_config".into(), plain(optimizer));
    if let Some(loss) = compiled.get_mut("loss") {
        write_out(loss);
    }
    Ok(Some(Json::Object(compiled)))
}

/// Class and configuration alone, of the layers inside too.
fn plain(object: Json) -> Json {
    let Json::Object(mut object) = object else { return object };
    let mut own = object.remove("config").unwrap_or_else(|| json!({}));
    if let Some(Json::Array(layers)) = own.get_mut("layers") {
        layers.iter_mut().for_each(|layer| *layer = plain(layer.take()));
    }
    let class = object.remove("class_name");
    let class = match &class {
        Some(Json::String(name)) => Some(json!(config::legacy::python_name(name))),
        _ => class,
    };
    let mut kept = Map::new();
    for (key, value) in [("class_name", class), ("config", Some(own))] {
        kept.extend(value.map(|value| (key.to_string(), value)));
    }
    for key in ["name", "inbound_nodes"] {
        kept.extend(object.remove(key).map(|value| (key.to_string(), value)));
    }
    Json::Object(kept)
}

/// Puts the whole name in place of a loss' short one: Keras does not read the short ones from such
/// files.
fn write_out(loss: &mut Json) {
    const SHORT: [(&str, &str); 7] = [
        ("mse", "mean_squared_error"),
        ("mae", "mean_absolute_error"),
        ("mape", "mean_absolute_percentage_error"),
        ("msle", "mean_squared_logarithmic_error"),
        ("bce", "binary_crossentropy"),
        ("kld", "kl_divergence"),
        ("logcosh", "log_cosh"),
    ];
    match loss {
        Json::String(name) => {
            let known = SHORT.iter().find(|(short, _)| name.eq_ignore_ascii_case(short));
            known.into_iter().for_each(|(_, long)| *name = long.to_string());
        }
        Json::Array(list) => list.iter_mut().for_each(write_out),
        Json::Object(map) if !map.contains_key("class_name") => {
            map.values_mut().for_each(write_out);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_axes_are_warned_of() {
        use crate::console::tests::captured;
        use crate::prelude::*;
        let warned = |layer: LayerRef| {
            let inner = Sequential::new().add(Input::new([3, 4])).add(layer).build().unwrap();
            let x = Input::new([3, 4]);
            let inside = inner.layer().unwrap().apply(&x);
            let model = Model::new(&x, &inside).unwrap();
            captured(|| model_config(&model).unwrap()).2
        };
        let text = warned(Softmax::new().axis([1, 2]).name("s"));
        assert!(text.contains("layer \"s\" (Softmax) has several axes"), "{text}");
        let text = warned(LayerNormalization::new().axis([1, 2]).name("n"));
        assert!(text.contains("layer \"n\" (LayerNormalization) has several axes"), "{text}");
        assert_eq!(warned(LayerNormalization::new().axis([2]).name("n")), "");
        assert_eq!(warned(Softmax::new().axis(1).name("s")), "");
    }

    #[test]
    fn classes_are_called_as_in_python() {
        let object = |class: &str| {
            json!({"module": "keras.layers", "class_name": class, "config": {"name": "a"},
                                          "registered_name": null, "name": "a", "inbound_nodes": []})
        };
        let own = plain(object("GroupQueryAttention"));
        assert_eq!(own["class_name"], "GroupedQueryAttention");
        assert_eq!(
            plain(object("Dense")),
            json!({"class_name": "Dense", "config": {"name": "a"}, "name": "a",
                                                  "inbound_nodes": []})
        );
    }
}
