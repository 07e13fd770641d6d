//! Configurations of real Keras, and those that nobody should load.
use crate::models::Model;
use serde_json::json;

#[test]
fn code_is_refused_wherever_it_is() {
    let lambda = json!({"class_name": "Lambda", "config": {"function": ["4wEA", null, null]}});
    let wrapper = json!({"class_name": "TimeDistributed", "config": {"layer": lambda}});
    for layer in [lambda, wrapper] {
        let model = json!({"class_name": "Sequential", "config": {"layers": [layer]}});
        let error = Model::from_config(&model).unwrap_err().to_string();
        assert!(error.contains("Lambda, which holds Python code"), "{error}");
    }
}
