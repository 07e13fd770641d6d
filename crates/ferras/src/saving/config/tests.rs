//! Configurations of real Keras, and those that nobody should load.
use super::{Architecture, gate};
use crate::config::{Map, Scope};
use crate::models::Model;
use crate::prelude::*;
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

fn cases() -> Vec<Json> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/configs.json");
    let file: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// A configuration without what Ferras and Keras write differently, and why that is no loss.
fn explained(json: &Json) -> Json {
    match json {
        Json::Array(list) => list.iter().map(explained).collect(),
        Json::Object(map) => {
            let spatial = map.get("class_name").and_then(Json::as_str);
            let spatial = spatial.is_some_and(|class| class.starts_with("SpatialDropout"));
            let mut map: Map = map.iter().map(|(k, v)| (k.clone(), explained(v))).collect();
            // Arguments of Keras 3.15 that Ferras does not have; left out, older ones read it too.
            for key in ["quantization_config", "renorm", "renorm_momentum", "renorm_clipping"] {
                map.shift_remove(key);
            }
            // Whether to compile is the reader's choice: "auto".
            map.shift_remove("jit_compile");
            // Keras notes the shapes of some layers without weights, where nothing is built, and
            // defaults of some calls.
            map.shift_remove("build_config");
            map.shift_remove("kwargs");
            // An activation that is a layer has no name in Ferras.
            let activation = map.get_mut("activation").and_then(|a| a.get_mut("config"));
            if let Some(Json::Object(config)) = activation {
                config.retain(|key, _| !["name", "trainable", "dtype"].contains(&key.as_str()));
            }
            // Keras writes its type by name there.
            if spatial && let Some(Json::Object(config)) = map.get_mut("config") {
                config.shift_remove("dtype");
            }
            Json::Object(map)
        }
        // 3 and 3.0 are one number to Python.
        Json::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}

#[test]
fn what_keras_wrote_is_written_again() {
    let cases = cases();
    let mut written = Vec::new();
    for case in &cases {
        let (name, json) = (&case["case"], &case["json"]);
        let model = Model::from_json(&json.to_string()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let again = model.get_config().unwrap();
        assert_eq!(explained(&again), explained(json), "{name}");
        written.push(json!({"case": name, "json": again}));
    }
    assert!(cases.len() > 80);
    // For tools/check_configs.py, which opens them in the real Keras.
    if let Some(path) = std::env::var_os("FERRAS_CONFIGS_OUT") {
        std::fs::write(path, Json::from(written).to_string()).unwrap();
    }
}

#[test]
fn handles_come_back() {
    let dense = Dense::new(2).name("mine").trainable(false).dtype(DType::F64);
    let model = Sequential::new().with_name("m").add(Input::new([3])).add(dense).build().unwrap();
    let again = Model::from_config(&model.get_config().unwrap()).unwrap();
    assert_eq!(again.name(), "m");
    let weight = &again.weights()[0];
    assert_eq!((weight.path(), weight.is_trainable()), ("mine/kernel", false));
    assert_eq!(weight.ty().dtype, DType::F64);
}

#[test]
fn a_stack_that_uses_a_layer_twice_becomes_functional() {
    let twin = Dense::new(3).layer();
    let model = Sequential::new().add(Input::new([3])).add(&twin).add(&twin).build().unwrap();
    let json = model.get_config().unwrap();
    assert_eq!(json["class_name"], "Functional");
    assert_eq!(Model::from_config(&json).unwrap().count_params(), 3 * 3 + 3);
}

/// Calls another layer twice.
#[derive(Clone, Debug, Config)]
struct Twice {
    /// The layer inside.
    layer: LayerRef,
}

impl Layer for Twice {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let inputs = cx.inputs();
        cx.child("layer", &self.layer, inputs)
    }
    fn call(&self, cx: &mut Call) -> Value {
        let once = cx.child("layer", &self.layer, vec![cx.input()]);
        cx.child("layer", &self.layer, once).swap_remove(0)
    }
}

#[test]
fn layers_of_a_program_hold_layers() {
    let inner = Dense::new(3).name("inner").trainable(false);
    let model = Sequential::new().add(Input::new([3])).add(Twice::new(inner)).build().unwrap();
    let json = model.get_config().unwrap();
    let error = refusal(&json);
    assert!(error.contains("(Twice): Ferras has no layer of this class"), "{error}");
    LayerRef::register::<Twice>();
    let again = Model::from_config(&json).unwrap();
    assert_eq!(again.get_config().unwrap(), json);
    assert!(!again.weights()[0].is_trainable());
}

#[test]
fn weights_are_given_or_drawn_anew() {
    let model = Model::from_json(&cases()[3]["json"].to_string()).unwrap();
    let scope = Scope::default();
    let architecture = Architecture::read(&model.get_config().unwrap(), &scope).unwrap();
    let values = model.get_weights().unwrap();
    let given =
        |values| Model::assemble(&architecture.name, architecture.topology.clone(), Some(values));
    let again = given(values.clone()).unwrap();
    assert_eq!(again.get_weights().unwrap(), values);
    let error = given(values[..1].to_vec()).unwrap_err().to_string();
    assert!(error.contains("expected 2 values of weights, got 1"), "{error}");
    assert_ne!(model.clone_model().unwrap().get_weights().unwrap(), values);
}

fn stack(layers: Json) -> Json {
    json!({"class_name": "Sequential", "config": {"name": "s", "layers": layers}})
}

fn refusal(json: &Json) -> String {
    Model::from_config(json).unwrap_err().to_string()
}

#[test]
fn code_is_refused_wherever_it_is() {
    let code = json!({"class_name": "__lambda__", "config": {"value": "4wEA"}});
    let lambda = json!({"class_name": "Lambda", "config": {"function": ["4wEA", null, null]}});
    let input = json!({"class_name": "InputLayer", "config": {"batch_input_shape": [null, 2]}});
    for (part, name) in [
        (lambda.clone(), "Lambda"),
        (json!({"class_name": "TimeDistributed", "config": {"layer": lambda}}), "Lambda"),
        (stack(json!([lambda])), "Lambda"),
        (json!({"class_name": "Dense", "config": {"units": 1, "activation": code}}), "__lambda__"),
        (json!({"class_name": "TorchModuleWrapper", "config": {}}), "TorchModuleWrapper"),
        (json!({"class_name": "TFSMLayer", "config": {"filepath": "x"}}), "TFSMLayer"),
        (json!({"class_name": "__typespec__", "spec_name": "x"}), "__typespec__"),
        (json!({"class_name": "TensorFlowOpLayer", "config": {}}), "TensorFlowOpLayer"),
    ] {
        let error = refusal(&stack(json!([input, part])));
        assert!(error.contains(&format!("holds a {name}, which")), "{error}");
    }
    let compile = json!({"optimizer": "sgd", "loss": code});
    assert!(super::compile_from(&compile, 1, None, &Scope::default()).is_err());
}

#[test]
fn a_loss_without_an_optimizer_is_compiled_with_the_default_one() {
    let compiled = |json: Json| super::compile_from(&json, 1, None, &Scope::default()).unwrap();
    let found = compiled(json!({"loss": "mse", "metrics": ["mae"], "jit_compile": true}));
    let found = format!("{:?}", found.unwrap().optimizer).to_ascii_lowercase();
    assert!(found.contains("rmsprop"), "{found}");
    assert!(compiled(json!({})).is_none());
    assert!(compiled(json!({"optimizer": null, "loss": "mse"})).is_none());
}

#[test]
fn gadgets_are_refused() {
    let dense = |more: Json| {
        let mut layer = json!({"module": "keras.layers", "class_name": "Dense",
                               "config": {"units": 1, "name": "d"}, "registered_name": null});
        layer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        refusal(&stack(json!([layer])))
    };
    let said = dense(json!({"module": "os"}));
    assert!(said.contains("\"module\" must be \"keras.layers\""), "{said}");
    assert!(dense(json!({"module": "keras.utils"})).contains("got \"keras.utils\""));
    let said = dense(json!({"registered_name": "Conv2D"}));
    assert!(said.contains("registered_name"), "{said}");
    let said = dense(json!({"registered_name": "evil>Dense"}));
    assert!(said.contains("registered none"), "{said}");
    let activation = |json: Json| dense(json!({"config": {"units": 1, "activation": json}}));
    let function = |module: &str, name: &str| {
        activation(json!({"module": module, "class_name": "function", "config": name,
                          "registered_name": name}))
    };
    assert!(function("os", "system").contains("function of module \"os\""));
    assert!(function("builtins", "eval").contains("unknown activation \"eval\""));
    assert!(function("keras.utils", "get_file").contains("unknown activation"));
    let said = dense(json!({"config": {"units": 1, "safe_mode": false}}));
    assert!(said.contains("safe_mode"), "{said}");
    let lookup = json!([{"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}}]);
    assert!(refusal(&stack(lookup)).contains("opens no other file"));
}

#[test]
fn harmful_names_are_refused() {
    let long = "n".repeat(501);
    for name in ["", ".", "..", "a\\b", "nul\0", "\u{1b}[2J", &long] {
        let layer = json!({"module": "keras.layers", "class_name": "Dense",
                           "config": {"units": 1, "name": name}});
        assert!(refusal(&stack(json!([layer]))).contains("a name must not be"), "{name:?}");
    }
    // Keras 2 named layers by scopes.
    let old = json!({"class_name": "Dense", "config": {"units": 1, "name": "conv1/bn",
                     "batch_input_shape": [null, 2]}});
    let model = Model::from_config(&stack(json!([old]))).unwrap();
    assert_eq!(model.weights()[0].path(), "conv1_bn/kernel");
}

#[test]
fn bombs_are_errors_in_time() {
    let clock = Instant::now();
    let activation = json!({"class_name": "ReLU", "config": {}});
    let many = vec![activation.clone(); 100_000];
    assert!(refusal(&stack(many.into())).contains("more than 10000 layers"));
    let mut deep = activation;
    for _ in 0..100 {
        deep = stack(json!([deep]));
    }
    assert!(refusal(&deep).contains("nested too deep"));
    let mut nested = json!(0);
    for _ in 0..300 {
        nested = json!([nested]);
    }
    assert!(gate::check(&nested).is_err());
    for units in [json!(1_u64 << 40), json!(u64::MAX), json!(1e300), json!(-1)] {
        let layer = json!({"class_name": "Dense", "config": {"units": units,
                           "batch_input_shape": [null, 1_000_000]}});
        refusal(&stack(json!([layer])));
    }
    assert!(Model::from_json(&"[".repeat(50_000)).is_err());
    assert!(clock.elapsed() < Duration::from_secs(20), "{:?}", clock.elapsed());
}

#[test]
fn a_model_used_again_and_again_inside_itself_is_an_error() {
    let input = json!({"class_name": "InputLayer", "name": "x", "inbound_nodes": [],
                       "config": {"batch_shape": [null, 2], "name": "x"}});
    let mut inner = json!({"class_name": "ReLU", "config": {"name": "f"}});
    for _ in 0..8 {
        let mut used = inner.clone();
        used["name"] = json!("f");
        used["config"]["name"] = json!("f");
        let node = |i: usize| match i {
            0 => json!([["x", 0, 0]]),
            i => json!([["f", i - 1, 0]]),
        };
        used["inbound_nodes"] = (0..10).map(node).collect();
        inner = json!({"class_name": "Functional", "config": {
            "name": "f", "layers": [input, used],
            "input_layers": [["x", 0, 0]], "output_layers": [["f", 9, 0]],
        }});
    }
    assert!(refusal(&inner).contains("used more than 50000 times"));
    // Its own output is its input.
    let mut circle = json!({"class_name": "ReLU", "name": "f", "config": {"name": "f"}});
    circle["inbound_nodes"] = json!([[["f", 0, 0]]]);
    let model = json!({"class_name": "Functional", "config": {
        "name": "m", "layers": [input, circle],
        "input_layers": [["x", 0, 0]], "output_layers": [["f", 0, 0]],
    }});
    assert!(refusal(&model).contains("depends on itself"), "{}", refusal(&model));
}

/// Every place in a value, as JSON pointers.
fn places(json: &Json, at: &str, list: &mut Vec<String>) {
    list.push(at.to_string());
    let inside: Vec<(String, &Json)> = match json {
        Json::Array(items) => items.iter().enumerate().map(|(i, v)| (i.to_string(), v)).collect(),
        Json::Object(map) => {
            let key = |k: &String| k.replace('~', "~0").replace('/', "~1");
            map.iter().map(|(k, v)| (key(k), v)).collect()
        }
        _ => Vec::new(),
    };
    for (key, value) in inside {
        places(value, &format!("{at}/{key}"), list);
    }
}

#[test]
fn every_value_may_be_of_every_type() {
    let cases = cases();
    let wanted = ["Dense", "Conv2D", "two inputs, shared layer, two outputs", "losses by name"];
    let others = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e308),
        json!(4_294_967_296_u64),
        json!("x"),
        json!([]),
        json!([[null]]),
        json!({}),
        json!({"class_name": "Dense", "config": {"units": 1}}),
    ];
    let clock = Instant::now();
    let (mut tried, mut loaded) = (0, 0);
    for name in wanted {
        let case = cases.iter().find(|c| c["case"] == name).unwrap();
        let mut list = Vec::new();
        places(&case["json"], "", &mut list);
        for place in list {
            for other in &others {
                let mut json = case["json"].clone();
                *json.pointer_mut(&place).unwrap() = other.clone();
                tried += 1;
                let scope = Scope::default();
                // Huge weights may fit this machine: what is asked for is not allocated here.
                let read = Architecture::read(&json, &scope);
                if let Some(compile) = json.get("compile_config") {
                    let _ = super::compile_from(compile, 1, None, &scope);
                }
                loaded += usize::from(read.is_ok());
            }
        }
    }
    assert!(tried > 5_000 && loaded > 100 && loaded < tried, "{loaded} of {tried}");
    assert!(clock.elapsed() < Duration::from_secs(60), "{:?}", clock.elapsed());
    assert!(Model::from_config(&json!({})).is_err());
}
