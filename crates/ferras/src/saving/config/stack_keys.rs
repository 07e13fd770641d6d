//! Keys of a `MultiOptimizer`: in Keras the paths of a stack's weights begin with the stack's name.
//!
//! They are written without it: in a stack that Keras loads from `.keras` the paths have no name in front,
//! so that Keras does not train on from its own file of such a model.
use crate::config::Map;
use regex_lite::escape;
use serde_json::Value as Json;

/// Takes the name of the stack away from the keys of a file.
pub(super) fn read(optimizer: &mut Json, stack: &str) {
    const MAP: &str = "/config/optimizer_map/config/optimizer_map";
    let (plain, escaped) = (format!("{stack}/"), format!("{}/", escape(stack)));
    let own = |key: String| {
        let rest = key.strip_prefix(&plain).or_else(|| key.strip_prefix(&escaped));
        rest.map_or_else(|| key.clone(), String::from)
    };
    if optimizer["class_name"] == "MultiOptimizer"
        && let Some(map) = optimizer.pointer_mut(MAP).and_then(Json::as_object_mut)
    {
        let entries = std::mem::take(map).into_iter();
        *map = entries.map(|(key, optimizer)| (own(key), optimizer)).collect::<Map>();
    }
}

#[cfg(test)]
mod tests {
    use crate::optimizers::{MultiOptimizer, OptimizerMap};
    use crate::prelude::*;

    #[test]
    fn keys_of_a_stack_are_read_with_and_without_its_name() {
        let keys = ["a+b/head/bias", r"a\+b/head/kern.*", "first/.*"];
        let map = keys.iter().fold(OptimizerMap::new("sgd"), |map, key| map.with(*key, "adam"));
        let stack = Sequential::new()
            .with_name("a+b")
            .add(Dense::new(2).name("first").input_dim(1))
            .add(Dense::new(1).name("head"));
        let mut model: Model = stack.into();
        model.compile(Compile::new().optimizer(MultiOptimizer::new(map)).loss("mse")).unwrap();
        let again = Model::from_json(&model.to_json().unwrap()).unwrap();
        let config = again.get_config().unwrap();
        let map = &config["compile_config"]["optimizer"]["config"]["optimizer_map"];
        let found: Vec<&String> =
            map["config"]["optimizer_map"].as_object().unwrap().keys().collect();
        assert_eq!(found, ["head/bias", "head/kern.*", "first/.*"]);
    }
}
