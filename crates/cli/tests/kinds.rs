//! What files are is told by one sentence a kind, whatever the command.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
mod common;

use common::{Folder, keras_file, simple, two};
use serde_json::Value as Json;
use std::path::Path;
use std::process::Command;

/// A model with its architecture in JSON and YAML, and files that are something else.
fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    simple(&folder);
    folder.run("convert model.keras a.json").ok();
    folder.run("convert model.keras a.yaml").ok();
    folder.write("t.csv", "a,b\n1,2\n");
    let x = ferras::Tensor::new([2, 3], vec![1.0_f32; 6]).unwrap();
    ferras::datasets::npy::write(folder.join("x.npy"), &x).unwrap();
    ferras::datasets::npz::write(folder.join("x.npz"), &[("x0", &x), ("y0", &x)]).unwrap();
    folder
}

#[test]
fn an_empty_file_is_told_alike_everywhere() {
    let folder = Folder::new("empty");
    for name in ["e.keras", "e.h5", "e.json", "e.yaml", "e.npz", "e.weights.h5", "e.safetensors"] {
        folder.write(name, "");
        for command in ["summary", "inspect", "verify", "plot"] {
            let error = folder.run(&format!("{command} {name}")).error(1);
            assert_eq!(error, format!("{name}: is empty: it has 0 bytes"), "{command}");
        }
    }
}

#[test]
fn an_architecture_holds_no_weights() {
    let folder = folder("no-weights");
    for (name, kind) in [("a.json", "JSON"), ("a.yaml", "YAML")] {
        for architecture in ["a.json", "a.yaml", "model.keras"] {
            let words = format!("convert {name} out.keras --architecture {architecture}");
            let error = folder.run(&words).error(1);
            let expected =
                format!("{name}: is an architecture without weights, {kind}: weights are in ");
            assert!(error.starts_with(&expected), "{error}");
            assert!(!error.contains("from_"), "{error}");
        }
    }
    // The content tells: an architecture under another name, and a model under this one.
    std::fs::copy(folder.join("a.json"), folder.join("b.keras")).unwrap();
    let error = folder.run("summary b.keras").error(1);
    assert!(error.ends_with("an architecture without weights, JSON: let its name end in .json"));
    std::fs::copy(folder.join("model.keras"), folder.join("c.json")).unwrap();
    assert!(folder.run("summary c.json").ok().contains("Trainable params: 26"));
}

#[test]
fn half_an_architecture_is_none() {
    let folder = Folder::new("half");
    two(&folder);
    folder.run("convert two.keras two.yaml").ok();
    let text = std::fs::read_to_string(folder.join("two.yaml")).unwrap();
    let at = text.find("\"input_layers\"").unwrap();
    folder.write("half.yaml", &text[..at]);
    let error = folder.run("summary half.yaml").error(1);
    assert!(error.contains("of a Functional model lacks input_layers"), "{error}");
    let found = folder.run("inspect half.yaml").ok();
    assert!(
        found.contains("cannot be honoured") && found.contains("is the text complete?"),
        "{found}"
    );
    assert_eq!(folder.run("inspect half.yaml --json").json()["honoured"], false);
}

#[test]
fn zips_are_told_apart() {
    let folder = folder("zips");
    let model = std::fs::read(folder.join("model.keras")).unwrap();
    // Its configuration under another name, of as many letters.
    let mut other = model.clone();
    for at in 0..other.len() - 11 {
        if other[at..].starts_with(b"config.json") {
            other[at..at + 11].copy_from_slice(b"konfig.json");
        }
    }
    std::fs::write(folder.join("other.keras"), other).unwrap();
    for command in ["summary", "inspect", "verify"] {
        let error = folder.run(&format!("{command} other.keras")).error(1);
        assert!(error.contains("is a zip archive without config.json"), "{command}: {error}");
    }
}

#[test]
fn data_are_told_to_be_data() {
    let folder = folder("data");
    let found = folder.run("inspect x.npy").ok();
    assert!(found.contains("data: one array, NumPy (.npy)") && found.contains("(2, 3)"), "{found}");
    assert!(found.contains("it is data and no model"), "{found}");
    let found = folder.run("inspect x.npz").ok();
    assert!(found.contains("data: named arrays, NumPy (.npz)") && found.contains("y0"), "{found}");
    assert!(folder.run("inspect t.csv").ok().contains("data: a table of text (.csv)"));
    for (name, says) in [("x.npy", "one array of NumPy"), ("t.csv", "a table of text")] {
        let error = folder.run(&format!("summary {name}")).error(1);
        assert!(error.starts_with(&format!("{name}: is {says}")), "{error}");
    }
    folder.run("convert model.keras w.npz").ok();
    let found = folder.run("inspect w.npz").ok();
    assert!(found.contains("whether they fit a model shows when it loads them"), "{found}");
}

#[test]
fn inspect_says_what_it_looked_at() {
    let folder = folder("looked");
    let found = folder.run("inspect model.keras").ok();
    assert!(found.ends_with("the shapes that they ask for\n"), "{found}");
    assert!(folder.run("inspect a.json").ok().contains("there are no weights"));
    let text = std::fs::read_to_string(folder.join("a.json")).unwrap();
    let more = text.replacen("\"units\":4", "\"units\":1000000000000", 1);
    assert_ne!(text, more);
    folder.write("huge.json", &more);
    let found = folder.run("inspect huge.json").ok();
    assert!(found.contains("cannot be honoured\n") && found.contains("bytes"), "{found}");
    folder.run("convert model.keras model.h5").ok();
    for name in ["model.keras", "model.h5"] {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let member = if name == "model.keras" { "config.json" } else { "model_config" };
        let config = ferras::probe::text(&bytes, member).unwrap();
        let units = |from: &str, to: &str| config.replacen(from, to, 1);
        let other = units("\"units\":4", "\"units\":5");
        assert_ne!(other, config);
        let bytes = ferras::probe::with_text(&bytes, member, &other).unwrap();
        std::fs::write(folder.join("other.keras"), bytes).unwrap();
        let found = folder.run("inspect other.keras").ok();
        assert!(found.contains("cannot be honoured\n  the file "), "{found}");
        assert!(folder.run("summary other.keras").code() == 1);
    }
}

#[test]
fn summaries_are_those_of_keras() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/file_summaries.json");
    let golden: Json = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for case in golden["terminals"].as_array().unwrap() {
        let file = keras_file(case["file"].as_str().unwrap());
        let mut command = Command::new(env!("CARGO_BIN_EXE_ferras"));
        command.arg("summary").arg(file).env_remove("COLUMNS");
        let columns = case["columns"].as_u64().unwrap();
        // Where output goes into a pipe, 80 stand for it.
        if columns != 80 {
            command.env("COLUMNS", columns.to_string());
        }
        let output = command.output().unwrap();
        let lines = case["text"].as_array().unwrap().iter().map(|line| line.as_str().unwrap());
        let expected = lines.collect::<Vec<_>>().join("\n");
        let found = String::from_utf8(output.stdout).unwrap();
        assert_eq!(found.trim_end(), expected.trim_end(), "{found}");
    }
}
