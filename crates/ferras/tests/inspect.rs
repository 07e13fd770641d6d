//! What files hold, told without building a model.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are tests too
use ferras::prelude::*;
use ferras::{Inspection, inspect};
use std::path::PathBuf;

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("ferras-inspect-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn model() -> Model {
    let inner = Sequential::new()
        .add(Dense::new(3).name("inside").input_dim(4))
        .add(Dropout::new(0.5))
        .build()
        .unwrap();
    let x = Input::named("facts", [4]);
    let hidden = inner.with_name("encoder").apply(&x).unwrap();
    let mut model = Model::new(&x, Dense::new(1).name("age").apply(&hidden)).unwrap();
    model.compile(Compile::new().optimizer("adam").loss("mse").metrics(["mae"])).unwrap();
    model
}

fn layers(found: &Inspection) -> Vec<(usize, &str, &str)> {
    let layers = &found.model.as_ref().unwrap().layers;
    layers.iter().map(|l| (l.depth, &l.name[..], &l.class[..])).collect()
}

#[test]
fn whole_models_of_both_formats() {
    let folder = folder("models");
    for name in ["m.keras", "m.h5"] {
        let path = folder.join(name);
        model().save(&path).unwrap();
        let found = inspect(&path).unwrap();
        let listed = layers(&found);
        assert_eq!(listed[0], (0, "facts", "InputLayer"));
        assert_eq!(listed[1], (0, "encoder", "Sequential"));
        assert!(listed.contains(&(1, "inside", "Dense")), "{listed:?}");
        assert_eq!(*listed.last().unwrap(), (0, "age", "Dense"));
        assert!(found.is_honoured(), "{found}");
        assert_eq!(found.weights.iter().map(|w| w.elements()).sum::<usize>(), 15 + 4);
        assert!(!found.optimizer.is_empty());
        let text = found.to_string();
        assert!(text.contains("compiled with   Adam, loss m"), "{text}");
        assert!(text.contains(", metrics mae\n"), "{text}");
        assert!(text.contains("keras version   3."), "{text}");
        assert_eq!(found.to_json()["honoured"], true);
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn weights_and_architectures() {
    let folder = folder("parts");
    let model = model();
    for (name, format) in [
        ("w.weights.h5", "weights, Keras 3 (.weights.h5)"),
        ("w.h5", "weights, Keras 1 and 2 (.h5)"),
        ("w.npz", "named arrays, NumPy (.npz)"),
        ("w.safetensors", "named arrays (.safetensors)"),
    ] {
        let path = folder.join(name);
        model.save_weights(&path).unwrap();
        let found = inspect(&path).unwrap();
        assert_eq!(found.format, format);
        assert!(found.model.is_none() && found.is_honoured(), "{found}");
        assert_eq!(found.weights.iter().map(|w| w.elements()).sum::<usize>(), 15 + 4);
        assert!(found.weights.iter().any(|w| w.layer.as_deref() == Some("age")), "{found}");
    }
    let texts = [("a.json", model.to_json().unwrap()), ("a.yaml", model.to_yaml().unwrap())];
    for (name, text) in texts {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        let found = inspect(&path).unwrap();
        assert!(found.format.starts_with("an architecture without weights"));
        assert_eq!(layers(&found).len(), 6);
        assert!(!found.compiled.is_null() && found.is_honoured(), "{found}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_cannot_be_honoured_is_named_with_its_layer() {
    let folder = folder("unknown");
    let path = folder.join("a.json");
    let text = model().to_json().unwrap();
    let text = text.replace("\"class_name\":\"Dropout\"", "\"class_name\":\"Foo\"");
    let text = text.replace("\"registered_name\":\"Dropout\"", "\"registered_name\":null");
    std::fs::write(&path, &text).unwrap();
    let found = inspect(&path).unwrap();
    let refused: Vec<_> = found.refused_layers().collect();
    assert_eq!((refused.len(), &refused[0].class[..], refused[0].depth), (1, "Foo", 1));
    assert!(refused[0].problem.as_deref().unwrap().contains("no layer of this class"), "{found}");
    assert!(!found.is_honoured());
    assert!(found.to_string().contains("cannot be honoured\n  layer "), "{found}");
    std::fs::write(&path, text.replace("\"class_name\":\"Foo\"", "\"class_name\":\"Lambda\""))
        .unwrap();
    let found = inspect(&path).unwrap();
    let problem = found.refused_layers().next().unwrap().problem.clone().unwrap();
    assert!(problem.contains("Python code"), "{problem}");
    let other = text.replace("\"Foo\"", "\"Dropout\"");
    let other = other.replace("\"class_name\":\"Adam\"", "\"class_name\":\"Adm\"");
    std::fs::write(&path, other).unwrap();
    let found = inspect(&path).unwrap();
    assert!(found.refused_layers().next().is_none());
    assert!(found.problems[0].starts_with("what it was compiled with: "), "{found}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn files_of_other_programs() {
    let file = |name: &str| {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/files")).join(name)
    };
    for name in ["model.keras", "model.h5", "model.weights.h5"] {
        let found = inspect(file(name)).unwrap();
        assert!(found.is_honoured(), "{found}");
        assert_eq!(found.weights.len(), 4);
        assert_eq!(found.optimizer.len(), 10);
    }
    let found = inspect(file("plain.h5")).unwrap();
    assert_eq!(found.format, "HDF5, not of Keras");
    assert!(found.problems.iter().any(|p| p.contains("holds texts")), "{found}");
    let error = inspect("no/such.keras").unwrap_err().to_string();
    assert!(error.starts_with("cannot read no/such.keras"), "{error}");
    let error = inspect(file("../README.md")).unwrap_err().to_string();
    assert!(error.contains("is none of the formats that are read"), "{error}");
}

#[test]
fn arrays_that_cannot_be_read_are_told() {
    for (name, part) in [("external.h5", "in another file"), ("virtual.h5", "virtual data set")] {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/hostile/").to_string() + name;
        let found = ferras::inspect(file).unwrap();
        assert!(!found.is_honoured() && found.to_string().contains(part), "{found}");
    }
}

#[test]
fn a_group_within_itself_is_listed_once() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/hostile/cycle.h5");
    let found = ferras::inspect(file).unwrap();
    let paths: Vec<&str> = found.weights.iter().map(|array| &array.path[..]).collect();
    assert_eq!(paths, ["a/data"]);
}
