//! Keys of a `MultiOptimizer`: in Keras the paths of a stack's weights begin with the stack's name.
use crate::config::Map;
use regex_lite::escape;
use serde_json::Value as Json;

/// Takes the name of the stack away from the keys of a file.
pub(super) fn read(optimizer: &mut Json, stack: &str) {
    let before = |name: &str| format!("{name}/");
    let (plain, escaped) = (before(stack), before(&escape(stack)));
    change(optimizer, |key| {
        let rest = key.strip_prefix(&plain[..]).or_else(|| key.strip_prefix(&escaped[..]));
        rest.unwrap_or(key).to_string()
    });
}

/// Puts it in front of the keys for a file.
pub(super) fn write(optimizer: &mut Json, stack: &str) {
    change(optimizer, |key| match escape(key) == key {
        true => format!("{stack}/{key}"),
        false if key.contains('|') => format!("{}/(?:{key})", escape(stack)),
        false => format!("{}/{key}", escape(stack)),
    });
}

fn change(optimizer: &mut Json, key: impl Fn(&str) -> String) {
    const MAP: &str = "/config/optimizer_map/config/optimizer_map";
    if optimizer["class_name"] == "MultiOptimizer"
        && let Some(map) = optimizer.pointer_mut(MAP).and_then(Json::as_object_mut)
    {
        let entries = std::mem::take(map).into_iter();
        *map = entries.map(|(own, optimizer)| (key(&own), optimizer)).collect::<Map>();
    }
}

#[cfg(test)]
mod tests {
    use crate::optimizers::{MultiOptimizer, OptimizerMap};
    use crate::prelude::*;

    #[test]
    fn keys_of_a_stack_begin_with_its_name_in_files() {
        let own = ["head/bias", "head/kern.*", "first/kernel|first/bias"];
        let map = own.iter().fold(OptimizerMap::new("sgd"), |map, key| map.with(*key, "adam"));
        let stack = Sequential::new()
            .with_name("a+b")
            .add(Dense::new(2).name("first").input_dim(1))
            .add(Dense::new(1).name("head"));
        let mut model: Model = stack.into();
        model.compile(Compile::new().optimizer(MultiOptimizer::new(map)).loss("mse")).unwrap();
        let keys = |model: &Model| {
            let config = model.get_config().unwrap();
            let map = &config["compile_config"]["optimizer"]["config"]["optimizer_map"];
            let map = map["config"]["optimizer_map"].as_object().unwrap();
            map.keys().cloned().collect::<Vec<_>>()
        };
        let written = keys(&model);
        assert_eq!(written[..2], ["a+b/head/bias", r"a\+b/head/kern.*"]);
        let again = Model::from_json(&model.to_json().unwrap()).unwrap();
        assert_eq!(keys(&again)[..2], written[..2]);
        // In a model that is no stack they stay as they are.
        let x = Input::new([1]);
        let mut model = Model::new(&x, Dense::new(1).name("head").apply(&x)).unwrap();
        let map = OptimizerMap::new("sgd").with("head/bias", "adam");
        model.compile(Compile::new().optimizer(MultiOptimizer::new(map)).loss("mse")).unwrap();
        assert_eq!(keys(&model), ["head/bias"]);
    }
}
