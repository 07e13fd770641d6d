//! Masks through whole models, as Keras passes them; and models in settings that were drawn.
#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests are tests too

mod common;
#[path = "common/runs.rs"]
mod runs;

use common::{golden, list, text};
use ferras::prelude::*;
use serde_json::Value as Json;

/// Every model of a file does what it does in Keras, and after its architecture was written and read.
fn check(topic: &str) {
    check_cases(&golden(topic));
}

fn check_cases(file: &Json) {
    let mut wrong = Vec::new();
    for case in list(&file["cases"]) {
        let name = format!("{} {}", text(&case["name"]), case["note"].as_str().unwrap_or_default());
        let model = Model::from_json(&case["model"].to_string());
        let again = model.and_then(|model| Model::from_json(&model.to_json()?));
        match again.and_then(|model| runs::run(model, case)) {
            Ok(differences) => wrong.extend(differences.iter().map(|d| format!("{name}: {d}"))),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn settings_that_once_differed_give_keras_numbers() {
    check("drawn");
}

#[test]
#[ignore = "for a file of tools/draw.py, whose path is in FERRAS_DRAWN"]
fn drawn_settings_give_keras_numbers() {
    let path = std::env::var("FERRAS_DRAWN").expect("the path of a file of tools/draw.py");
    let text = std::fs::read_to_string(path).unwrap();
    check_cases(&serde_json::from_str(&text).unwrap());
}

#[test]
fn masks_go_where_they_go_in_keras() {
    check("masks");
}

#[test]
fn masks_that_layers_find_themselves_are_left_out() {
    let (file, mut wrong) = (golden("given_masks"), Vec::new());
    for case in list(&file["cases"]) {
        let (name, text) = (text(&case["name"]), case["model"].to_string());
        let model = Model::from_json(&text).unwrap().to_json().unwrap();
        let keeps = ["NotEqual", "LogicalOr", "OnesLike"].iter().any(|op| model.contains(op));
        if keeps == name.starts_with("found_") {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn masks_that_are_given_count_as_in_keras() {
    check("given_masks");
}

#[test]
fn recurrent_layers_give_keras_numbers() {
    check("recurrent");
}

#[test]
fn layers_around_recurrent_ones_give_keras_numbers() {
    check("recurrent_wrappers");
}
