//! `MeanMetricWrapper` in files: Keras keeps the arguments of the function that it wraps beside the
//! function, where Ferras' loss has them inside.
use crate::config::{Map, find};
use crate::losses::LossFn;
use serde_json::{Value as Json, json};

/// What the wrapper itself has.
const OWN: [&str; 3] = ["name", "dtype", "fn"];

/// A wrapped function of Keras as the loss that it is, if it is one.
pub(super) fn take_in(config: &mut Map) {
    let Some(name) = config.get("fn").and_then(function_name) else { return };
    let Ok(loss) = find::<dyn LossFn>(name) else { return };
    let is_own = |key: &String| OWN.contains(&&key[..]);
    let (own, arguments): (Map, Map) =
        std::mem::take(config).into_iter().partition(|(key, _)| is_own(key));
    *config = own;
    config.insert("fn".into(), json!({"class_name": loss.names[0], "config": arguments}));
}

/// A wrapper as Keras writes it. Losses of a program stay objects.
pub(super) fn written(mut metric: Json) -> Json {
    if metric["class_name"] != "MeanMetricWrapper" {
        return metric;
    }
    let function = &metric["config"]["fn"];
    let class = function.as_str().or_else(|| function["class_name"].as_str()).unwrap_or_default();
    let entry = find::<dyn LossFn>(class).ok().filter(|entry| !entry.names[0].contains('>'));
    let Some(name) = entry.and_then(|entry| entry.names.last().copied()) else { return metric };
    let arguments = function["config"].as_object().cloned().unwrap_or_default();
    if let Some(config) = metric["config"].as_object_mut() {
        let function = json!({"module": "builtins", "class_name": "function", "config": name,
                              "registered_name": "function"});
        config.insert("fn".into(), function);
        let beside = |key: &String| !["name", "reduction", "dtype"].contains(&&key[..]);
        config.extend(arguments.into_iter().filter(|(key, _)| beside(key)));
    }
    metric
}

/// The name of a function: alone, or in Keras 3's object of one.
pub(super) fn function_name(function: &Json) -> Option<&str> {
    function.as_str().or_else(|| function.get("config")?.as_str())
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;
    use serde_json::json;

    /// As `keras.metrics.MeanMetricWrapper(keras.losses.huber, name="h", delta=0.5)` is written.
    #[test]
    fn arguments_of_the_function_are_read_and_written() {
        let function = |name: &str| {
            json!({"module": "builtins", "class_name": "function", "config": name,
                   "registered_name": "function"})
        };
        let wrapper = |mut config: serde_json::Value, name: &str| {
            config["fn"] = function(name);
            config["dtype"] = json!("float32");
            json!({"module": "keras.metrics", "class_name": "MeanMetricWrapper", "config": config,
                   "registered_name": null})
        };
        let mut model = Sequential::new().add(Dense::new(1).input_dim(1)).build().unwrap();
        model.compile(Compile::new().optimizer("sgd").loss("mse")).unwrap();
        let mut json = model.get_config().unwrap();
        let huber = wrapper(json!({"name": "h", "delta": 0.5}), "huber");
        let bits = wrapper(json!({"name": "b", "threshold": 0.3}), "binary_accuracy");
        json["compile_config"]["metrics"] = json!([huber, bits]);
        let mut model = Model::from_json(&json.to_string()).unwrap();
        let written = model.get_config().unwrap();
        let metrics = &written["compile_config"]["metrics"];
        assert_eq!(metrics[0], huber);
        assert_eq!(metrics[1]["class_name"], "BinaryAccuracy");
        assert_eq!(metrics[1]["config"]["threshold"], 0.3);
        let zeros = |shape: &[usize]| Tensor::new(shape.to_vec(), vec![0.0_f32]).unwrap();
        model.set_weights(&[zeros(&[1, 1]), zeros(&[1])]).unwrap();
        let logs = model.evaluate([[1.0_f32]], [[2.0_f32]]).unwrap();
        assert_eq!(logs.get("h"), Some(0.875));
    }
}
