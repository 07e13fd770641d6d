//! Arguments, defaults and configurations of every class against the real Keras.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
use ferras::config::{ConfigValue, Family, Identifier, Map, Scope};
use ferras::constraints::ConstraintFn;
use ferras::initializers::InitializerFn;
use ferras::layers::Layer;
use ferras::regularizers::RegularizerFn;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// The files of classes, of which each has some of some families.
const FILES: [&str; 8] = [
    "crops",
    "defaults",
    "layer_defaults",
    "lookups",
    "preprocessing_defaults",
    "recurrent_defaults",
    "reversible_embedding",
    "spectrograms",
];

/// Classes of Keras 2 that Keras 3 does not have.
const OLD: [&str; 2] = ["LocallyConnected1D", "LocallyConnected2D"];

fn golden(file: &str) -> Json {
    let path = format!("{}/../../tests/golden/{file}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The classes of a family.
fn rows(family: &str) -> Vec<Json> {
    FILES
        .iter()
        .flat_map(|file| golden(file)[family].as_array().cloned().unwrap_or_default())
        .collect()
}

fn config_of<T: Family + ?Sized>(class: &str, args: &Json) -> Result<Map, String> {
    let object = json!({"class_name": class, "config": args});
    let identifier = Identifier::<T>::from_json(&object, &Scope::default())?;
    Ok(identifier.get().map_err(|e| e.to_string())?.get_config())
}

/// Equal but for the last bits of a number: Keras rounds some to float32 on the way.
fn alike(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= 1e-6 * a.abs().max(b.abs())
        }
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            let keys = |m: &Map| m.keys().cloned().collect::<BTreeSet<_>>();
            keys(a) == keys(b) && a.iter().all(|(k, v)| alike(v, &b[k]))
        }
        _ => a == b,
    }
}

/// Differences of our configuration from Keras', by key.
fn differences(class: &str, ours: &Map, keras: &Map) -> Vec<String> {
    let keys: BTreeSet<&String> = ours.keys().chain(keras.keys()).collect();
    let mut found = Vec::new();
    for key in keys {
        let (a, b) = (ours.get(key), keras.get(key));
        let known = match (class, key.as_str()) {
            // The handle's; an input layer's own is the type of its data.
            (_, "name" | "trainable") => true,
            (class, "dtype") => class != "InputLayer",
            // Keras leaves it out where there is none.
            ("Dense", "activity_regularizer") => b.is_none() && a == Some(&Json::Null),
            // What Ferras has no option for, and Keras leaves unset.
            (
                "Dense" | "EinsumDense" | "Embedding" | "ReversibleEmbedding",
                "quantization_config",
            )
            | ("BatchNormalization", "renorm_clipping") => a.is_none() && b == Some(&Json::Null),
            // Left out while they are Keras' defaults, so that an older Keras 3 reads them too.
            ("BatchNormalization", "renorm") => a.is_none() && b == Some(&json!(false)),
            ("BatchNormalization", "renorm_momentum") => a.is_none() && b == Some(&json!(0.99)),
            // Keras forgets it.
            ("Identity", "gain") | ("SimpleRNN", "seed") => b.is_none(),
            _ => false,
        };
        let same = matches!((a, b), (Some(a), Some(b)) if alike(a, b));
        if !known && !same {
            found.push(format!("{class}.{key}: {a:?} here, {b:?} in Keras"));
        }
    }
    found
}

/// Checks the classes of a family, all of which the file must have.
fn check<T: Family + ?Sized>(family: &str, failed: &mut Vec<String>) {
    let rows = rows(family);
    for row in &rows {
        let class = row["name"].as_str().unwrap();
        let args = match class {
            "InputLayer" => json!({"batch_shape": [null, 3]}),
            _ => row["made_with"].clone(),
        };
        match config_of::<T>(class, &args) {
            Ok(ours) => {
                failed.extend(differences(class, &ours, row["config"].as_object().unwrap()));
            }
            Err(e) => failed.push(format!("{class}: {e}")),
        }
    }
    for entry in T::table() {
        let is_compared = rows.iter().any(|row| row["name"] == entry.names[0]);
        if !is_compared && !OLD.contains(&entry.names[0]) {
            failed.push(format!("{} is not compared with Keras", entry.names[0]));
        }
    }
}

#[test]
fn defaults_are_those_of_keras() {
    let mut failed = Vec::new();
    check::<dyn Layer>("layers", &mut failed);
    check::<dyn InitializerFn>("initializers", &mut failed);
    check::<dyn RegularizerFn>("regularizers", &mut failed);
    check::<dyn ConstraintFn>("constraints", &mut failed);
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn what_keras_writes_is_read_and_written_the_same() {
    let file = golden("defaults");
    let (mut failed, mut read) = (Vec::new(), 0);
    for object in file["serialized"].as_array().unwrap() {
        let class = object["class_name"].as_str().unwrap();
        let config = match object["module"].as_str() {
            Some("keras.layers") => config_of::<dyn Layer>(class, &object["config"]),
            Some("keras.initializers") => config_of::<dyn InitializerFn>(class, &object["config"]),
            Some("keras.regularizers") => config_of::<dyn RegularizerFn>(class, &object["config"]),
            _ => continue,
        };
        read += 1;
        match config {
            Ok(ours) => {
                failed.extend(differences(class, &ours, object["config"].as_object().unwrap()));
            }
            Err(e) => failed.push(format!("{class}: {e}")),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(read > 20, "{read}");
}

#[test]
fn wrong_configurations_say_what_is_wrong() {
    let error = |class: &str, args: Json| config_of::<dyn Layer>(class, &args).unwrap_err();
    assert_eq!(error("Dense", json!({})), "argument \"units\" of Dense: is missing");
    assert!(error("Dense", json!({"units": "many"})).contains("got \"many\""));
    let unknown = error("Dense", json!({"units": 2, "unit": 3}));
    assert!(unknown.contains("is unknown to Dense (did you mean \"units\"?)"), "{unknown}");
    let padding = error("Conv2D", json!({"filters": 2, "kernel_size": 3, "padding": "smae"}));
    assert!(padding.contains("unknown padding \"smae\" (did you mean \"same\"?)"), "{padding}");
    assert!(error("InputLayer", json!({"batch_shape": [null], "sparse": true})).contains("sparse"));
    assert!(error("Densee", json!({})).contains("did you mean \"Dense\"?"));
}
