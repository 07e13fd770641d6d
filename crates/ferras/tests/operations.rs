//! Operations of `keras.ops` between layers compute what they do in Keras, and are written as they came.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are tests too
mod common;

use common::{golden, list, tensor_difference, tensors, text};
use ferras::prelude::*;
use serde_json::Value as Json;

/// Of the largest output.
const TOLERANCE: f64 = 1e-5;

/// JSON with the words for which it has no number.
fn parse(text: &str) -> Json {
    let words = text.replace("Infinity", "\"Infinity\"").replace("-\"Infinity\"", "\"-Infinity\"");
    serde_json::from_str(&words).unwrap()
}

/// The operations that give the model's outputs, in order.
fn ends(model: &Json) -> impl Iterator<Item = &str> {
    list(&model["config"]["output_layers"]).iter().map(|end| text(&end[0]))
}

#[test]
fn operations_compute_what_they_do_in_keras() {
    let mut wrong = Vec::new();
    for group in list(&golden("operations")["groups"]) {
        let name = text(&group["group"]);
        let config = parse(text(&group["model"]));
        let model = Model::from_json(text(&group["model"]));
        let model = model.unwrap_or_else(|e| panic!("{name}: {e}"));
        let ask = Predict::new().verbose(0);
        let found = model.predict_with(tensors(&group["inputs"]), ask).unwrap();
        let expected = tensors(&group["outputs"]);
        assert_eq!(found.len(), expected.len(), "{name}");
        for ((end, found), expected) in ends(&config).zip(&found).zip(&expected) {
            let apart = tensor_difference(found, expected);
            if found.ty() != expected.ty() || apart > TOLERANCE {
                let (own, keras) = (found.ty(), expected.ty());
                wrong.push(format!("{name}, {end}: apart by {apart:.1e}; {own}, in Keras {keras}"));
            }
        }
        let written = parse(&model.to_json().unwrap());
        for key in ["input_layers", "output_layers"] {
            assert_eq!(written["config"][key], config["config"][key], "{name}");
        }
        let layers = list(&written["config"]["layers"]);
        for layer in list(&config["config"]["layers"]) {
            let own = layers.iter().find(|own| own["name"] == layer["name"]).unwrap();
            if own != layer {
                wrong.push(format!("{name}: written as {own}, in Keras {layer}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} operations:\n{}", wrong.len(), wrong.join("\n"));
}
