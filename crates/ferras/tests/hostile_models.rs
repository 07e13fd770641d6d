//! No model file may harm the machine that opens it: each known attack as a whole file in every
//! container is an error that says why, within a second and 64 MiB, and nothing panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests are tests too
#[path = "common/measured.rs"]
mod measured;

use ferras::prelude::*;
use ferras::{Limits, probe};
use measured::{ALONE, measured, mutations, next};
use serde_json::{Value as Json, json};
use std::path::PathBuf;

/// How a model is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Container {
    Keras,
    H5,
    Json,
}
use Container::{H5, Keras};

const CONTAINERS: [Container; 3] = [Keras, H5, Container::Json];

/// A place for files of this process.
fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("ferras-hostile-{}-{name}", std::process::id()))
}

/// Removes a file when the test is over.
struct Removed(PathBuf);
impl Drop for Removed {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The bytes of a small trained model.
fn good(container: Container) -> Vec<u8> {
    let mut model = Sequential::new()
        .with_name("good")
        .add(Input::new([3]))
        .add(Dense::new(2).activation("relu").name("d"))
        .add(Dense::new(1).name("e"));
    model.compile(Compile::new().optimizer(SGD::new().momentum(0.5)).loss("mse")).unwrap();
    let x = Tensor::new([4, 3], vec![0.5_f32; 12]).unwrap();
    let y = Tensor::new([4, 1], vec![1.0_f32; 4]).unwrap();
    model.fit(x, y, Fit::new().verbose(0)).unwrap();
    let file = match container {
        Keras => Removed(path("good.keras")),
        H5 => Removed(path("good.h5")),
        Container::Json => return model.to_json().unwrap().into_bytes(),
    };
    model.save(&file.0).unwrap();
    std::fs::read(&file.0).unwrap()
}

/// What its configuration is called in each container.
const fn config_name(container: Container) -> &'static str {
    match container {
        Keras => "config.json",
        _ => "model_config",
    }
}

/// A good file, and its configuration.
struct Base {
    container: Container,
    bytes: Vec<u8>,
    config: Json,
}

impl Base {
    fn new(container: Container) -> Base {
        let bytes = good(container);
        let text = match container {
            Container::Json => String::from_utf8(bytes.clone()).unwrap(),
            _ => probe::text(&bytes, config_name(container)).unwrap(),
        };
        Base { container, bytes, config: serde_json::from_str(&text).unwrap() }
    }

    /// The file with another configuration.
    fn with(&self, config: &Json) -> Vec<u8> {
        match self.container {
            Container::Json => config.to_string().into_bytes(),
            container => {
                probe::with_text(&self.bytes, config_name(container), &config.to_string()).unwrap()
            }
        }
    }

    /// The same with a value in place of another one.
    fn with_value(&self, place: &str, value: &Json) -> Vec<u8> {
        let mut config = self.config.clone();
        let (parent, key) = place.rsplit_once('/').unwrap();
        match config.pointer_mut(parent).unwrap_or_else(|| panic!("{place}")) {
            Json::Array(list) => list[key.parse::<usize>().unwrap()] = value.clone(),
            parent => parent[key] = value.clone(),
        }
        self.with(&config)
    }
}

/// Loads a model within what it may cost.
fn load(container: Container, bytes: &[u8], what: &dyn Fn() -> String) -> Result<Model, String> {
    let what = || format!("{container:?}: {}", what());
    if container == Container::Json {
        let text = String::from_utf8_lossy(bytes);
        return measured(bytes.len(), &what, || Model::from_json(&text).map_err(|e| e.to_string()));
    }
    // The name tells nothing: the content does.
    let file = Removed(path("attack"));
    std::fs::write(&file.0, bytes).unwrap();
    measured(bytes.len(), &what, || Model::load(&file.0).map_err(|e| e.to_string()))
}

/// Loading fails and says so; what is refused as JSON is as YAML.
fn refused(base: &Base, bytes: &[u8], what: &str, says: &str) {
    if base.container == Container::Json {
        let text = String::from_utf8_lossy(bytes);
        assert!(Model::from_yaml(&text).is_err(), "YAML: {what} was loaded");
    }
    match load(base.container, bytes, &|| what.into()) {
        Ok(_) => panic!("{:?}: {what} was loaded", base.container),
        Err(error) => assert!(error.contains(says), "{:?}: {what}: {error}", base.container),
    }
}

fn each_container(check: impl Fn(&Base)) {
    let _alone = ALONE.lock();
    CONTAINERS.into_iter().map(Base::new).for_each(|base| check(&base));
}

/// The second layer, and the activation of it.
const LAYER: &str = "/config/layers/1";
const ACTIVATION: &str = "/config/layers/1/config/activation";

/// Python's byte code, as Keras writes it.
const CODE: &str = "4wEAAAAAAAAAAAAAAAEAAAACAAAAQwAAAHMIAAAAfABkARQAUwA=";

#[test]
fn good_files_are_loaded() {
    each_container(|base| {
        let bytes = base.with(&base.config);
        let model = load(base.container, &bytes, &|| "good".into()).unwrap();
        assert_eq!(model.count_params(), 3 * 2 + 2 + 3);
    });
}

#[test]
fn code_is_refused_wherever_it_is_nested() {
    let code = json!({"class_name": "__lambda__",
                      "config": {"value": CODE, "defaults": null, "closure": null}});
    let lambda = |function: Json| {
        json!({"module": "keras.layers", "class_name": "Lambda", "registered_name": null,
               "config": {"name": "evil", "function": function}, "name": "evil"})
    };
    let old = lambda(json!([CODE, null, null]));
    let new = lambda(code.clone());
    let inside = |layer: &Json| {
        json!({"class_name": "Sequential", "config": {"name": "s", "layers": [
            {"class_name": "Sequential", "config": {"name": "t", "layers": [layer]}}]}})
    };
    let wrapper = |layer: &Json| json!({"class_name": "TimeDistributed", "config": {"name": "w", "layer": layer}});
    let parts = [
        (LAYER, old.clone(), "holds a Lambda named \"evil\", which holds Python code"),
        (LAYER, new.clone(), "holds a "),
        (LAYER, inside(&old), "holds a Lambda"),
        (LAYER, wrapper(&inside(&old)), "holds a Lambda"),
        (LAYER, wrapper(&new), "Python code"),
        (ACTIVATION, code.clone(), "holds a __lambda__, which holds Python code"),
        (
            ACTIVATION,
            json!({"class_name": "Activation", "config": {"activation": code}}),
            "__lambda__",
        ),
        ("/config/layers/1/config/kernel_initializer", code.clone(), "__lambda__"),
        ("/config/layers/1/config/kernel_regularizer", code.clone(), "__lambda__"),
        ("/config/layers/1/config/dtype", code.clone(), "__lambda__"),
        ("/config/layers/1/config/never_heard_of", json!([[{"a": code}]]), "__lambda__"),
        ("/config/build_input_shape", code.clone(), "__lambda__"),
    ];
    each_container(|base| {
        for (place, part, says) in &parts {
            refused(base, &base.with_value(place, part), place, says);
        }
    });
}

#[test]
fn what_it_was_compiled_with_holds_no_code() {
    let code = json!({"class_name": "__lambda__", "config": {"value": CODE}});
    let function = json!({"module": "os", "class_name": "function", "config": "system",
                          "registered_name": "system"});
    let _alone = ALONE.lock();
    for container in [Keras, H5] {
        let base = Base::new(container);
        for part in [&code, &function] {
            for key in ["loss", "metrics", "weighted_metrics", "optimizer"] {
                let says = if part == &code { "__lambda__" } else { "module \"os\"" };
                let bytes = match container {
                    Keras => base.with_value(&format!("/compile_config/{key}"), part),
                    _ => {
                        let text = probe::text(&base.bytes, "training_config").unwrap();
                        let mut training: Json = serde_json::from_str(&text).unwrap();
                        let key = if key == "optimizer" { "optimizer_config" } else { key };
                        training[key] = part.clone();
                        let text = training.to_string();
                        probe::with_text(&base.bytes, "training_config", &text).unwrap()
                    }
                };
                refused(&base, &bytes, key, says);
            }
        }
    }
}

#[test]
fn names_of_python_are_not_looked_up() {
    let layer = |module: &str, class: &str, registered: Json| {
        json!({"module": module, "class_name": class, "registered_name": registered,
               "config": {"name": "evil", "units": 1}, "name": "evil"})
    };
    let none = Json::Null;
    let function = |module: &str, name: &str| json!({"module": module, "class_name": "function", "config": name, "registered_name": name});
    let parts = [
        (LAYER, layer("os", "system", none.clone()), "no layer of this class"),
        (LAYER, layer("subprocess", "Popen", none.clone()), "no layer of this class"),
        (LAYER, layer("os", "Dense", none.clone()), "\"module\" must be"),
        (LAYER, layer("keras.utils", "get_file", none.clone()), "no layer of this class"),
        (LAYER, layer("keras.models", "load_model", none.clone()), "no layer of this class"),
        (LAYER, layer("keras.saving", "enable_unsafe_deserialization", none.clone()), "no layer"),
        (
            LAYER,
            layer("keras.src.utils.torch_utils", "TorchModuleWrapper", none.clone()),
            "a pickle",
        ),
        (LAYER, layer("keras.layers", "TorchModuleWrapper", none.clone()), "a pickle"),
        (LAYER, layer("keras.layers", "TFSMLayer", none.clone()), "from a path"),
        (LAYER, layer("keras.layers", "JaxLayer", none.clone()), "Python code"),
        (LAYER, layer("keras.layers", "FlaxLayer", none.clone()), "Python code"),
        (LAYER, layer("keras.layers", "Dense", json!("Conv2D")), "registered_name"),
        (LAYER, layer("keras.layers", "Dense", json!("evil>Dense")), "registered none"),
        (LAYER, layer("builtins", "evil>Dense", json!("evil>Dense")), "registered none"),
        (ACTIVATION, function("os", "system"), "module \"os\""),
        (ACTIVATION, function("builtins", "eval"), "unknown activation"),
        (ACTIVATION, function("keras.utils", "get_file"), "unknown activation"),
        (
            ACTIVATION,
            function("keras.config", "enable_unsafe_deserialization"),
            "unknown activation",
        ),
        (ACTIVATION, json!("os.system"), "unknown activation"),
        (
            ACTIVATION,
            json!({"class_name": "__typespec__", "spec_name": "os.system"}),
            "__typespec__",
        ),
        (
            LAYER,
            json!({"class_name": "TensorFlowOpLayer", "config": {"node_def": "ReadFile"}}),
            "TensorFlow",
        ),
    ];
    each_container(|base| {
        for (place, part, says) in &parts {
            refused(base, &base.with_value(place, part), &part.to_string(), says);
        }
    });
}

#[test]
fn no_file_opens_another_or_switches_a_check_off() {
    let lookup = |key: &str, value: &str| {
        json!({"module": "keras.layers", "class_name": "StringLookup", "registered_name": null,
               "config": {"name": "words", key: value}, "name": "words"})
    };
    let parts = [
        (LAYER, lookup("vocabulary", "/etc/passwd"), "opens no other file"),
        (LAYER, lookup("vocabulary", "https://example.com/words.txt"), "opens no other file"),
        (LAYER, lookup("vocabulary", "gs://bucket/words"), "opens no other file"),
        (LAYER, lookup("idf_weights", "/etc/passwd"), "opens no other file"),
        ("/config/layers/1/config/vocabulary", json!("/etc/passwd"), "opens no other file"),
        ("/safe_mode", json!(false), "safe_mode"),
        ("/config/safe_mode", json!(false), "safe_mode"),
        ("/config/layers/1/config/safe_mode", json!(0), "safe_mode"),
    ];
    each_container(|base| {
        for (place, part, says) in &parts {
            refused(base, &base.with_value(place, part), place, says);
        }
    });
}

#[test]
fn names_lead_nowhere_on_load() {
    let long = "n".repeat(600);
    let names = ["..", ".", "", "..\\x", "a\0b", "\u{1b}[2J", "\u{202e}x\n", &long];
    each_container(|base| {
        for name in names {
            for place in ["/config/layers/1/config/name", "/config/name"] {
                let bytes = base.with_value(place, &json!(name));
                refused(base, &bytes, &format!("{name:?}"), "a name must not be");
            }
        }
        // Keras 2 named layers by scopes: slashes in its files are replaced, in Keras 3's refused.
        let bytes = base.with_value("/config/layers/1/config/name", &json!("../../tmp/evil"));
        match load(base.container, &bytes, &|| "slashes".into()) {
            Ok(model) => assert_eq!(model.weights()[0].path(), ".._.._tmp_evil/kernel"),
            Err(error) => assert!(error.contains("a name must not be"), "{error}"),
        }
    });
}

#[test]
fn names_lead_nowhere_on_save() {
    let _alone = ALONE.lock();
    let long = "n".repeat(70_000);
    for name in ["..", ".", "", "../evil", "/evil", "..\\evil", "a\0b", &long] {
        for ending in [".keras", ".h5", ".weights.h5"] {
            let file = Removed(path(&format!("names{ending}")));
            let stack = Sequential::new().add(Input::new([2])).add(Dense::new(1).name(name));
            let written = stack.build().and_then(|model| match ending {
                ".weights.h5" => model.save_weights(&file.0),
                _ => model.save(&file.0),
            });
            let is_safe = match &written {
                Ok(()) => ending == ".weights.h5" || Model::load(&file.0).is_ok(),
                Err(_) => !file.0.exists(),
            };
            let short: String = name.chars().take(20).collect();
            assert!(is_safe, "{short:?} in {ending}: {written:?}");
        }
    }
}

#[test]
fn sizes_of_weights_are_checked_before_memory_is_taken() {
    let huge = [
        json!(1_u64 << 31),
        json!(1_u64 << 40),
        json!(1_u64 << 62),
        json!(u64::MAX),
        json!(-1),
        json!(1e300),
    ];
    let input = "/config/layers/0/config/batch_shape";
    each_container(|base| {
        for size in &huge {
            let units = base.with_value("/config/layers/1/config/units", size);
            let shape = base.with_value(input, &json!([null, size]));
            for bytes in [units, shape] {
                refused(base, &bytes, &size.to_string(), "");
            }
        }
    });
    // What a large network needs is there for whoever uses it.
    let base = Base::new(Container::Json);
    let large = base.with_value("/config/layers/1/config/units", &json!(100_000_000));
    let mut model = load(Container::Json, &large, &|| "large".into()).unwrap();
    assert_eq!(model.count_params(), 500_000_001);
    let error = measured(0, &|| "weights".into(), || model.load_weights("none.h5")).unwrap_err();
    assert!(error.to_string().starts_with("cannot read none.h5"), "{error}");
    let more = base.with_value("/config/layers/1/config/units", &json!(200_000_000));
    refused(&base, &more, "more", "raise Limits::initial_bytes");
    let how = Load::new().limits(Limits::new().initial_bytes(1000));
    let text = base.config.to_string();
    let error = Model::from_json_with(&text, how.limits(Limits::new().initial_bytes(43)));
    assert!(error.unwrap_err().to_string().contains("asks for 44 bytes of weights"));
    assert!(Model::from_json_with(&text, how).is_ok());
    // What needs no weights but room.
    let layers = [
        json!({"class_name": "RepeatVector", "config": {"name": "big", "n": 1_u64 << 40}}),
        json!({"class_name": "Reshape", "config": {"name": "big", "target_shape": [1_u64 << 40, -1]}}),
        json!({"class_name": "Conv1D", "config": {"name": "big", "filters": 1_u64 << 33, "kernel_size": 1_u64 << 33}}),
    ];
    each_container(|base| {
        for layer in &layers {
            let mut layer = layer.clone();
            layer["name"] = json!("big");
            let bytes = base.with_value(LAYER, &layer);
            let _ = load(base.container, &bytes, &|| layer.to_string());
        }
    });
}

#[test]
fn an_optimizer_keeps_no_more_than_its_file_may_cost() {
    let _alone = ALONE.lock();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/hostile/slots.h5");
    let bytes = std::fs::read(path).unwrap();
    let error = load(H5, &bytes, &|| "slots".into()).unwrap_err();
    assert!(
        error.contains("holds what its optimizer keeps, which takes 18000000 bytes"),
        "{error}"
    );
    let bare = || Model::load_with(path, Load::new().compile(false));
    assert_eq!(measured(bytes.len(), &|| "bare".into(), bare).unwrap().count_params(), 1_500_000);
}

#[test]
fn models_that_contain_themselves() {
    let input = json!({"class_name": "InputLayer", "name": "x", "inbound_nodes": [],
                       "config": {"batch_shape": [null, 3], "name": "x", "dtype": "float32"}});
    let model = |layers: Json, last: u64| {
        json!({"class_name": "Functional", "config": {"name": "f", "layers": layers,
               "input_layers": [["x", 0, 0]], "output_layers": [["f", last, 0]]}})
    };
    let mut circle = json!({"class_name": "ReLU", "name": "f", "config": {"name": "f"}});
    circle["inbound_nodes"] = json!([[["f", 0, 0, {}]]]);
    let circle = model(json!([input, circle]), 0);
    let mut used = json!({"class_name": "ReLU", "config": {"name": "f"}});
    for _ in 0..8 {
        used["name"] = json!("f");
        let node = |i: usize| match i {
            0 => json!([["x", 0, 0, {}]]),
            i => json!([["f", i - 1, 0, {}]]),
        };
        used["inbound_nodes"] = (0..10).map(node).collect();
        used = model(json!([input, used]), 9);
    }
    let mut deep = json!({"class_name": "ReLU", "config": {"name": "r"}});
    for _ in 0..60 {
        deep = json!({"class_name": "Sequential", "config": {"name": "s", "layers": [deep]}});
    }
    let many = vec![json!({"class_name": "ReLU", "config": {}}); 20_000];
    let many = json!({"class_name": "Sequential", "config": {"name": "s", "layers": many}});
    each_container(|base| {
        refused(base, &base.with(&circle), "a circle", "depends on itself");
        refused(base, &base.with(&used), "used again and again", "used more than 50000 times");
        refused(base, &base.with(&deep), "deep", "deep");
        if base.container != H5 {
            refused(base, &base.with(&many), "many", "more than 10000 layers");
        }
    });
}

/// Every place in a value, as JSON pointers.
fn places(json: &Json, at: &str, list: &mut Vec<String>) {
    list.push(at.to_string());
    let inside: Vec<(String, &Json)> = match json {
        Json::Array(items) => items.iter().enumerate().map(|(i, v)| (i.to_string(), v)).collect(),
        Json::Object(map) => map.iter().map(|(k, v)| (k.clone(), v)).collect(),
        _ => Vec::new(),
    };
    for (key, value) in inside {
        places(value, &format!("{at}/{key}"), list);
    }
}

#[test]
fn every_value_may_be_of_every_type() {
    let others = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e308),
        json!(1_u64 << 32),
        json!("x"),
        json!([]),
        json!([[null]]),
        json!({}),
    ];
    let _alone = ALONE.lock();
    for container in [Keras, H5] {
        let base = Base::new(container);
        let mut list = Vec::new();
        places(&base.config, "", &mut list);
        for place in list.iter().filter(|place| !place.is_empty()) {
            for other in &others {
                let bytes = base.with_value(place, other);
                let _ = load(container, &bytes, &|| format!("{place} = {other}"));
            }
        }
    }
}

#[test]
fn files_that_end_too_early() {
    let _alone = ALONE.lock();
    for container in [Keras, H5] {
        let bytes = good(container);
        for length in 0..bytes.len() {
            let model = load(container, &bytes[..length], &|| format!("the first {length} bytes"));
            assert!(model.is_err(), "{container:?}: {length} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn flipped_bits() {
    let _alone = ALONE.lock();
    for container in CONTAINERS {
        let bytes = good(container);
        for round in 0..mutations() {
            let (mut state, mut bytes) = (round, bytes.clone());
            let (at, bit) = (next(&mut state) % bytes.len(), next(&mut state) % 8);
            bytes[at] ^= 1 << bit;
            let _ = load(container, &bytes, &|| format!("bit {bit} of byte {at}"));
        }
    }
}
