//! Vocabularies in `.keras` files, and arguments of layers that look words up, may hold anything: it ends
//! in an error that says why, or in a harmless model, within a second and 64 MiB.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are tests too
#[path = "common/measured.rs"]
mod measured;

use ferras::prelude::*;
use ferras::probe;
use measured::{ALONE, measured, mutations, next};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};

const WORDS: &str = "assets/layers/text_vectorization/vocabulary.txt";
const NUMBERS: &str = "assets/layers/integer_lookup/vocabulary.txt";

fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("ferras-words-{}-{name}.keras", std::process::id()))
}

fn bytes(model: &Model) -> Vec<u8> {
    let path = path("good");
    model.save(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    bytes
}

/// A model of texts, and one of numbers, with vocabularies that they learned.
fn texts() -> Vec<u8> {
    let layer = TextVectorization::new().output_mode("tf_idf").adapt(["a cat", "a dog"]).unwrap();
    let input = Input::text([1]);
    bytes(&Model::new(&input, Dense::new(1).apply(layer.apply(&input))).unwrap())
}

fn numbers() -> Vec<u8> {
    let layer = IntegerLookup::new().adapt(&Tensor::new([3], vec![7_i64, 7, 9]).unwrap()).unwrap();
    let input = Input::of([1], DType::I64);
    bytes(&Model::new(&input, layer.apply(&input)).unwrap())
}

/// Loads the file, and asks what it gives for a sample.
fn try_out(file: &[u8], what: &str) -> Result<Model, String> {
    let path = path("attack");
    std::fs::write(&path, file).unwrap();
    let result = measured(file.len(), &|| what.into(), || {
        let model = Model::load(&path).map_err(|e| e.to_string())?;
        let asked = match model.network().unwrap().input_specs()[0].dtype.number() {
            Some(_) => model.predict([[7_i64]]).map(drop),
            None => model.predict(["a cat"]).map(drop),
        };
        // What it refuses to compute it has not computed.
        let _ = asked;
        Ok(model)
    });
    std::fs::remove_file(path).unwrap();
    result
}

fn refused(file: &[u8], what: &str, says: &str) {
    match try_out(file, what) {
        Ok(_) => panic!("{what} was loaded"),
        Err(error) => assert!(error.contains(says), "{what}: {error}"),
    }
}

#[test]
fn good_vocabularies_are_read() {
    let _alone = ALONE.lock();
    assert!(try_out(&texts(), "texts").is_ok() && try_out(&numbers(), "numbers").is_ok());
    // As many words as the vocabularies of today's networks have.
    let words: Vec<String> = (0..100_000).map(|i| format!("w{i:x}")).collect();
    let layer = TextVectorization::new().set_vocabulary(words, None).unwrap();
    let input = Input::text([1]);
    let file = bytes(&Model::new(&input, layer.apply(&input)).unwrap());
    assert!(try_out(&file, "100,000 words").is_ok());
}

#[test]
fn lines_without_end_are_counted_before_they_are_read() {
    let _alone = ALONE.lock();
    let large = 15 << 20;
    let spread: String = (0..700_000).map(|i| format!("{i:x}\n")).collect();
    let vocabularies = [
        ("blank lines", "\n".repeat(large) + "x"),
        ("one line over and over", "a\n".repeat(large / 2)),
        ("one endless line", "a".repeat(large)),
        ("carriage returns", "\r\n".repeat(large / 2) + "x"),
        ("many words", spread),
    ];
    for (what, text) in &vocabularies {
        let file = probe::with_member(&texts(), WORDS, Some(text.as_bytes())).unwrap();
        refused(&file, what, "raise Limits::decoded_bytes");
    }
    // Nobody's vocabularies cost no more than their bytes.
    let mut file = texts();
    for i in 0..40 {
        let name = format!("assets/layers/nobody_{i}/vocabulary.txt");
        file = probe::with_member(&file, &name, Some("\n".repeat(100_000).as_bytes())).unwrap();
    }
    assert!(try_out(&file, "nobody's").is_ok());
}

#[test]
fn what_is_no_vocabulary_is_refused() {
    let _alone = ALONE.lock();
    let vocabularies: [(&str, &[u8], &str); 6] = [
        ("no UTF-8", b"\n[UNK]\n\xff\xfe", "is no text in UTF-8"),
        ("UTF-16", b"\xff\xfe\n\0a\0", "is no text in UTF-8"),
        ("the same word twice", b"\n[UNK]\na\na\ncat", ""),
        ("too few words", b"\n[UNK]\na", ""),
        ("too many words", b"\n[UNK]\na\ncat\ndog\nfox\nowl", ""),
        ("special words in the middle", b"\n[UNK]\na\n[UNK]\ncat", ""),
    ];
    for (what, text, says) in vocabularies {
        refused(&probe::with_member(&texts(), WORDS, Some(text)).unwrap(), what, says);
    }
    for text in ["-1\nabc", "-1\n99999999999999999999", "-1\n1.5", "-1\n0x10", "-1\n7\n"] {
        let file = probe::with_member(&numbers(), NUMBERS, Some(text.as_bytes())).unwrap();
        refused(&file, text, "vocabulary");
    }
}

#[test]
fn vocabularies_that_are_missing_or_lie_elsewhere() {
    let _alone = ALONE.lock();
    for data in [None, Some(&b""[..]), Some(b"\n\n")] {
        let file = probe::with_member(&texts(), WORDS, data).unwrap();
        if let Ok(model) = try_out(&file, "no vocabulary") {
            let error = model.predict(["a cat"]).unwrap_err().to_string();
            assert!(error.contains("vocabulary"), "{error}");
        }
    }
    let bare = probe::with_member(&texts(), WORDS, None).unwrap();
    for name in [
        "assets/../assets/layers/text_vectorization/vocabulary.txt",
        "assets//layers/text_vectorization/vocabulary.txt",
        "/assets/layers/text_vectorization/vocabulary.txt",
        "assets\\layers\\text_vectorization\\vocabulary.txt",
        "assets/layers/text_vectorization/../../../etc/passwd/vocabulary.txt",
        "assets/layers/text_vectorization/vocabulary.txt/",
        "assets/layers/text_vectorization\0/vocabulary.txt",
    ] {
        let Ok(file) = probe::with_member(&bare, name, Some(b"\n[UNK]\na\ncat\ndog")) else {
            continue;
        };
        if let Ok(model) = try_out(&file, name) {
            assert!(model.predict(["a cat"]).is_err(), "{name} was read");
        }
    }
}

#[test]
fn arguments_ask_for_no_more_than_there_is() {
    let _alone = ALONE.lock();
    let huge =
        [json!(1_u64 << 31), json!(1_u64 << 40), json!(1_u64 << 62), json!(u64::MAX), json!(-1)];
    let lookup = |class: &str, key: &str, value: &Json, mode: &str| {
        json!({"module": "keras.layers", "class_name": class, "registered_name": null,
               "config": {"name": "words", key: value, "vocabulary": ["a", "b"], "output_mode": mode,
                          "pad_to_max_tokens": key == "max_tokens"}})
    };
    let hashing = |value: &Json, mode: &str| {
        json!({"module": "keras.layers", "class_name": "Hashing", "registered_name": null,
               "config": {"name": "words", "num_bins": value, "output_mode": mode}})
    };
    let input = json!({"module": "keras.layers", "class_name": "InputLayer", "registered_name": null,
                       "config": {"batch_shape": [null, 1], "dtype": "string", "name": "x"}});
    for value in &huge {
        let mut layers = vec![hashing(value, "multi_hot"), hashing(value, "int")];
        for mode in ["int", "multi_hot", "count"] {
            layers.push(lookup("StringLookup", "num_oov_indices", value, mode));
            layers.push(lookup("StringLookup", "max_tokens", value, mode));
            layers.push(lookup("TextVectorization", "max_tokens", value, mode));
        }
        layers.push(lookup("TextVectorization", "output_sequence_length", value, "int"));
        layers.push(lookup("TextVectorization", "ngrams", value, "int"));
        layers.push(lookup("TextVectorization", "ngrams", &json!([value]), "count"));
        for layer in layers {
            let model = json!({"class_name": "Sequential", "config": {"name": "s", "layers": [input, layer]}});
            let text = model.to_string();
            measured(text.len(), &|| text.clone(), || {
                let model = Model::from_json(&text)?;
                model.predict(["a b a"]).map(drop)
            })
            .err();
        }
    }
}

#[test]
fn damaged_vocabularies() {
    let _alone = ALONE.lock();
    let seeds = ["\n[UNK]\na\ncat\ndog", "\u{feff}\n[UNK]\na\r\nb", "\u{2028}\n\u{85}\n\u{b}x\ny"];
    for round in 0..mutations() {
        let mut state = round;
        let mut bytes = seeds[next(&mut state) % seeds.len()].as_bytes().to_vec();
        for _ in 0..1 + next(&mut state) % 4 {
            let at = next(&mut state) % bytes.len();
            match next(&mut state) % 3 {
                0 => bytes[at] = next(&mut state) as u8,
                1 => bytes.insert(at, b"\n\r\0 "[next(&mut state) % 4]),
                _ => bytes.truncate(at.max(1)),
            }
        }
        let what = || format!("round {round}: {bytes:?}");
        let _ = measured(bytes.len(), &what, || probe::vocabulary(&bytes));
    }
}

/// The page of attacks names tests that are there.
#[test]
fn the_page_of_attacks_names_tests_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/safety.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.contains("::"));
    let mut count = 0;
    for word in rows.flat_map(|row| row.split('`')).filter(|word| word.contains("::")) {
        let (file, test) = word.split_once("::").unwrap();
        let source = std::fs::read_to_string(root.join("crates").join(file)).unwrap_or_default();
        assert!(source.contains(&format!("fn {test}()")), "{word} is no test");
        count += 1;
    }
    assert!(count > 30, "{count}");
}
