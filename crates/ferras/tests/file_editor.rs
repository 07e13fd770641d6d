//! `KerasFileEditor` against Keras' own.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are tests too
mod common;

use common::{golden, list, text, whole};
use ferras::prelude::*;
use ferras::{Difference, KerasFileEditor};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/files").join(name)
}

fn lines(case: &Json) -> String {
    list(&case["text"]).iter().map(text).collect::<Vec<_>>().join("\n")
}

#[test]
fn weights_are_listed_as_in_keras() {
    let (mut whole, mut wrong) = (0, Vec::new());
    for case in list(&golden("file_editor")["files"]) {
        let name = text(&case["file"]);
        let found = KerasFileEditor::open(file(name)).unwrap().to_string();
        if case["note"].is_string() {
            // What Keras lists is there, and more.
            let there = |line: &&Json| {
                found.contains(text(line).trim_start_matches(['│', ' ', '├', '└', '─', '>']))
            };
            let missing = list(&case["text"]).iter().find(|line| !there(line));
            wrong.extend(missing.map(|line| format!("{name}: lacks {line}")));
        } else {
            whole += 1;
            let expected = lines(case);
            if found != expected {
                wrong.push(format!("{name}:\n{found}\n{expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(whole > 10, "{whole}");
}

#[test]
fn edits_leave_what_they_leave_in_keras() {
    let mut editor = KerasFileEditor::open(file("model.keras")).unwrap();
    for case in list(&golden("file_editor")["edits"]) {
        let args = list(&case["args"]);
        let words: Vec<&str> = args.iter().filter_map(Json::as_str).collect();
        let zeros = |pair: &Json| {
            let shape: Vec<usize> = list(&pair[1]).iter().map(whole).collect();
            let count = shape.iter().product();
            (text(&pair[0]).to_string(), Tensor::new(shape, vec![0.0_f32; count]).unwrap())
        };
        let weights: Vec<_> =
            args.iter().filter(|a| a.is_array()).flat_map(list).map(zeros).collect();
        let done = match (text(&case["call"]), &words[..]) {
            ("rename_object", [object, new]) => editor.rename_object(object, new),
            ("delete_object", [object]) => editor.delete_object(object),
            ("delete_weight", [object, weight]) => editor.delete_weight(object, weight),
            ("add_object", [path]) => editor.add_object(path, weights),
            ("add_weights", [object]) => editor.add_weights(object, weights),
            other => panic!("no edit {other:?}"),
        };
        done.unwrap();
        assert_eq!(editor.to_string(), lines(case), "{case}");
    }
}

/// Every file comes out as it went in: what is saved loads into the model.
#[test]
fn what_is_saved_is_what_was_read() {
    let path =
        std::env::temp_dir().join(format!("ferras-edited-{}.weights.h5", std::process::id()));
    for name in ["attention", "films", "gated", "images"] {
        let source = file("golden").join(name).with_extension("keras");
        let mut model = Model::load(&source).unwrap();
        let weights = model.get_weights().unwrap();
        let editor = KerasFileEditor::open(&source).unwrap();
        let compared = editor.compare(&model).unwrap();
        assert!(compared.is_success(), "{name}: {compared}");
        assert!(compared.match_count() > weights.len(), "{name}: {compared}");
        editor.save(&path).unwrap();
        let zeros: Vec<Tensor> = weights.iter().map(|w| Tensor::zeros(&w.ty())).collect();
        model.set_weights(&zeros).unwrap();
        model.load_weights(&path).unwrap();
        assert_eq!(model.get_weights().unwrap(), weights, "{name}");
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_comparison_names_every_difference() {
    let x = Input::new([3]);
    let model = Model::new(&x, Dense::new(4).apply(&x)).unwrap();
    let mut editor = KerasFileEditor::open(file("model.weights.h5")).unwrap();
    let compared = editor.compare(&model).unwrap();
    assert!(!compared.is_success(), "{compared}");
    let has = |wanted: &Difference| compared.differences().contains(wanted);
    assert!(has(&Difference::Additional("/layers/dense_1".into())), "{compared}");
    assert!(compared.to_string().ends_with("weights fit"), "{compared}");
    editor.delete_object("layers/dense").unwrap();
    let compared = editor.compare(&model).unwrap();
    let missing = Difference::Missing("/layers/dense".into());
    assert!(compared.differences().contains(&missing), "{compared}");
}

#[test]
fn mistakes_are_told() {
    let path = std::env::temp_dir().join(format!("ferras-mistakes-{}.keras", std::process::id()));
    let core = Sequential::new().add(Dense::new(2).input_dim(2)).build().unwrap();
    let x = Input::new([2]);
    let y = Dense::new(2).apply(core.with_name("core").apply(&x).unwrap());
    Model::new(&x, &y).unwrap().save(&path).unwrap();
    let mut editor = KerasFileEditor::open(&path).unwrap();
    let says = |result: Result<()>| result.unwrap_err().to_string();
    let error = says(editor.delete_object("dense"));
    assert!(error.contains("\"dense\" is several") && error.contains("layers/dense"), "{error}");
    let error = says(editor.delete_object("layers/danse"));
    assert!(error.contains("did you mean \"layers/dense\"?"), "{error}");
    assert!(says(editor.delete_object("layers/no/such")).contains("known: "));
    assert!(says(editor.rename_object("layers/dense", "a/b")).contains("a name must not"));
    assert!(says(editor.rename_object("layers/dense", "..")).contains("a name must not"));
    assert!(says(editor.rename_object("layers/dense", "vars")).contains("a name must not"));
    assert!(says(editor.rename_object("layers/dense", "sequential")).contains("another object"));
    assert!(says(editor.delete_weight("layers/dense", "7")).contains("unknown weight \"7\""));
    let none: [(&str, Tensor); 0] = [];
    assert!(says(editor.add_object("no/such", none.clone())).contains("unknown object \"no\""));
    assert!(says(editor.save("edited.keras")).contains("must end in \".weights.h5\""));
    std::fs::remove_file(&path).unwrap();
    let error = KerasFileEditor::open(file("model.h5")).unwrap_err().to_string();
    assert!(error.contains("Keras 1 and 2"), "{error}");
}
