//! Masks through whole models, as Keras passes them.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too

mod common;
#[path = "common/runs.rs"]
mod runs;

use common::{golden, list, text};
use ferras::prelude::*;

#[test]
fn masks_go_where_they_go_in_keras() {
    let file = golden("masks");
    let mut wrong = Vec::new();
    for case in list(&file["cases"]) {
        let name = text(&case["name"]);
        let model = Model::from_json(&case["model"].to_string());
        match model.and_then(|model| runs::run(model, case)) {
            Ok(differences) => wrong.extend(differences.iter().map(|d| format!("{name}: {d}"))),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
