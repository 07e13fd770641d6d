//! Tables of `summary` against those of Keras: of models from files, and with masks.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are tests too
mod common;

use common::{golden, list, printed, text};
use ferras::prelude::*;
use serde_json::Value as Json;
use std::path::Path;

fn words(name: &str, length: usize) -> SymbolicTensor {
    Input::named_of(name, [length], DType::I32)
}

fn embedding(length: usize) -> Embedding {
    Embedding::new(9, length).mask_zero(true)
}

fn masked() -> Result<Model> {
    let words = words("words", 7);
    let x = Dropout::new(0.5).apply(embedding(4).apply(&words));
    let x = LSTM::new(3).return_sequences(true).apply(&x);
    Model::new(&words, Dense::new(2).apply(GlobalAveragePooling1D::new().apply(&x)))
}

fn two_masks() -> Result<Model> {
    let (first, second) = (words("first", 5), words("second", 5));
    let both = [&embedding(4).apply(&first), &embedding(4).apply(&second)];
    Model::new([&first, &second], GRU::new(3).apply(Add::new().apply(both)))
}

fn joined_masks() -> Result<Model> {
    let (words, steps) = (words("words", 5), Input::named("steps", [5, 3]));
    let both = Concatenate::new().apply([&embedding(4).apply(&words), &steps]);
    Model::new([&words, &steps], LSTM::new(3).apply(&both))
}

fn steps() -> Result<Model> {
    let x = Input::named("steps", [6, 2]);
    let y = Masking::new().mask_value(-1.0).apply(&x);
    let y = Bidirectional::new(GRU::new(3).return_sequences(true)).apply(&y);
    let y = TimeDistributed::new(Dense::new(2)).apply(&y);
    Model::new(&x, SimpleRNN::new(2).apply(&y))
}

fn attending() -> Result<Model> {
    let (words, others) = (words("words", 5), Input::named("others", [4, 6]));
    let a = embedding(6).apply(&words);
    let y = MultiHeadAttention::new(2, 3).apply([&a, &others]);
    let z = Attention::new().apply([&y, &others]);
    Model::new([&words, &others], [&BatchNormalization::new().apply(&y), &z])
}

fn masked_inside() -> Result<Model> {
    let words = words("words", 5);
    let inner = Sequential::new().add(LSTM::new(3).name("lstm").input_shape([5, 4])).build()?;
    Model::new(&words, inner.with_name("inner").apply(embedding(4).apply(&words))?)
}

fn several_lengths() -> Result<Model> {
    let (a, b) = (Input::named("a", [4, 3]), Input::named("b", [6, 3]));
    let dense = Dense::new(2).name("twice");
    let joined = Concatenate::new().axis(1).apply([&dense.apply(&a), &dense.apply(&b)]);
    Model::new([&a, &b], &joined)
}

fn heads() -> Result<Model> {
    let x = Input::named("x", [4, 6]);
    Model::new(&x, GroupQueryAttention::new(3, 4, 2).apply([&x, &x]))
}

/// The network of this name; none for those that have operations between layers.
fn made(name: &str) -> Option<Model> {
    let model = match name {
        "masked" => masked(),
        "two_masks" => two_masks(),
        "joined_masks" => joined_masks(),
        "steps" => steps(),
        "attending" => attending(),
        "masked_inside" => masked_inside(),
        "several_lengths" => several_lengths(),
        "heads" => heads(),
        _ => return None,
    };
    let name = if name == "steps" { "steps_model" } else { name };
    Some(model.unwrap().with_name(name))
}

/// What differs, as the first line on either side.
fn difference(found: &str, case: &Json) -> Option<String> {
    let lines: Vec<&str> = list(&case["text"]).iter().map(text).collect();
    let expected = lines.join("\n");
    let pair = found.lines().zip(expected.lines()).find(|(a, b)| a != b);
    (found != expected).then(|| match pair {
        Some((found, expected)) => format!("found    {found}\nexpected {expected}"),
        None => format!("found:\n{found}\nexpected:\n{expected}"),
    })
}

/// Files that Keras lists otherwise, and why.
const OTHERS: [(&str, &str); 5] = [
    ("golden/gated.keras", "glu halves what a Dense gives, which Keras does not know before"),
    ("golden/gated.h5", "the same"),
    ("golden/tokens.keras", "the size of an EinsumDense's axis, which Keras leaves open"),
    (
        "golden/attention.keras",
        "inputs by name stand behind masks, in the order in which they were given",
    ),
    ("golden/optimizers_of_a_stack.keras", "Keras does not read all of a MultiOptimizer back"),
];

#[test]
fn models_of_files_are_listed_as_keras_lists_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/files");
    let (mut wrong, mut count) = (Vec::new(), 0);
    for case in list(&golden("file_summaries")["files"]) {
        let name = text(&case["file"]);
        if case["error"].is_string() {
            continue;
        }
        let how = Load::new().compile(name.ends_with(".keras"));
        let model = Model::load_with(folder.join(name), how).unwrap();
        count += 1;
        let found = difference(&printed(&model, case), case);
        let is_other = OTHERS.iter().any(|(other, _)| *other == name);
        assert!(!is_other || found.is_some(), "{name} is listed as in Keras");
        wrong.extend(found.filter(|_| !is_other).map(|problem| format!("{name}:\n{problem}")));
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 70, "{count}");
}

#[test]
fn models_with_masks_are_listed_as_keras_lists_them() {
    let path = std::env::temp_dir().join(format!("ferras-summary-{}.keras", std::process::id()));
    let (mut wrong, mut native) = (Vec::new(), 0);
    for case in list(&golden("file_summaries")["made"]) {
        let name = text(&case["name"]);
        let mut models = vec![("read", Model::from_json(text(&case["json"])).unwrap())];
        if let Some(model) = made(name) {
            native += 1;
            // The same after it was in a file.
            model.save(&path).unwrap();
            models.extend([("made", model), ("made and saved", Model::load(&path).unwrap())]);
        }
        for (how, model) in &models {
            for case in list(&case["texts"]) {
                let found = difference(&printed(model, case), case);
                wrong.extend(found.map(|p| format!("{name}, {how}, {}:\n{p}", case["arguments"])));
            }
        }
    }
    std::fs::remove_file(&path).unwrap();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(native, 8);
}
