use super::*;
use crate::array::{Array, Texts};
use crate::config::{FromConfig, Map, Scope};
use crate::golden::{assert_close, load, tensor};
use crate::layers::Host;
use crate::prelude::*;
use serde_json::{Value as Json, json};

fn made<L: FromConfig>(args: &Map) -> L {
    L::from_config(args, &Scope::default()).unwrap()
}

/// Texts or numbers of a file.
fn array(json: &Json) -> Array {
    let Some(texts) = json["texts"].as_array() else { return tensor(json).into() };
    let shape: Vec<usize> = serde_json::from_value(json["shape"].clone()).unwrap();
    Texts::new(shape, texts.iter().map(|t| t.as_str().unwrap()).collect()).unwrap().into()
}

/// A layer of a case: adapted, if the case says so, its vocabulary, with and without special tokens.
fn layer(case: &Json) -> (Box<dyn Host>, [Json; 2]) {
    let args = case["args"].as_object().unwrap();
    let data = case.get("adapt").map(array);
    let texts = || data.as_ref().map(|data| data.texts().unwrap().clone());
    match case["layer"].as_str().unwrap() {
        "StringLookup" => {
            let mut made: StringLookup = made(args);
            if let Some(texts) = texts() {
                made = made.adapt(texts).unwrap();
            }
            let vocabulary = [true, false].map(|all| json!(made.get_vocabulary(all).unwrap()));
            (Box::new(made), vocabulary)
        }
        "TextVectorization" => {
            let mut made: TextVectorization = made(args);
            if let Some(texts) = texts() {
                made = made.adapt(texts).unwrap();
            }
            let vocabulary = [true, false].map(|all| json!(made.get_vocabulary(all).unwrap()));
            (Box::new(made), vocabulary)
        }
        "IntegerLookup" => {
            let mut made: IntegerLookup = made(args);
            if let Some(data) = &data {
                made = made.adapt(data.numbers().unwrap()).unwrap();
            }
            let vocabulary = [true, false].map(|all| json!(made.get_vocabulary(all).unwrap()));
            (Box::new(made), vocabulary)
        }
        "Hashing" => (Box::new(made::<Hashing>(args)), [Json::Null, Json::Null]),
        "HashedCrossing" => (Box::new(made::<HashedCrossing>(args)), [Json::Null, Json::Null]),
        other => panic!("no layer {other}"),
    }
}

#[test]
fn words_and_categories_become_keras_numbers() {
    let file = load("lookups");
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() > 60, "{}", cases.len());
    for case in cases {
        let what = format!("{} {}", case["layer"], case["args"]);
        let (layer, vocabulary) = layer(case);
        let inputs = match case["inputs"].as_array() {
            Some(several) => several.iter().map(array).collect(),
            None => vec![array(&case["inputs"])],
        };
        let output = layer.run(&inputs).unwrap().remove(0);
        match &output {
            Array::Texts(_) => assert_eq!(output, array(&case["output"]), "{what}"),
            Array::Numbers(numbers) => assert_close(numbers, &case["output"], 1e-6, &what),
        }
        let expected = ["vocabulary", "without_special"].map(|key| case[key].clone());
        assert_eq!(vocabulary, expected, "{what}");
    }
}

#[test]
fn what_a_vocabulary_must_not_be_is_told() {
    let x = Input::text([3]);
    let problem = |layer: StringLookup| Model::new(&x, layer.apply(&x)).unwrap_err().to_string();
    let cases = [
        (StringLookup::new(), "\"vocabulary\" must be given, or adapt be called"),
        (StringLookup::new().vocabulary(["a", "b", "a"]), "has \"a\" twice"),
        (StringLookup::new().vocabulary(["a", ""]).mask_token(""), "reserved token \"\""),
        (StringLookup::new().vocabulary(["a", "b"]).max_tokens(2), "has 3 tokens"),
        (StringLookup::new().vocabulary(["a"]).max_tokens(1), "must be greater than 1"),
        (StringLookup::new().vocabulary(["a"]).pad_to_max_tokens(true), "needs max_tokens"),
        (StringLookup::new().vocabulary(["a"]).output_mode("tf_idf"), "\"idf_weights\" must be given"),
        (StringLookup::new().vocabulary(["a"]).idf_weights(vec![1.0]), "for output_mode \"tf_idf\""),
        (StringLookup::new().vocabulary(["a"]).output_mode("two_hot"), "unknown output_mode \"two_hot\""),
        (StringLookup::new().vocabulary(["a"]).sparse(true), "sparse must be false"),
        (StringLookup::new().vocabulary(["a"]).encoding("latin-1"), "must be \"utf-8\""),
        (StringLookup::new().vocabulary(["a"]).invert(true), "are texts, and models give numbers"),
    ];
    for (layer, expected) in cases {
        let text = problem(layer);
        assert!(text.contains(expected), "{text}");
    }
    let strict = StringLookup::new().vocabulary(["a"]).num_oov_indices(0);
    assert!(strict.call(["b"]).unwrap_err().to_string().contains("\"b\" is not in the vocabulary"));
    let error = strict.adapt(["b"]).unwrap_err().to_string();
    assert!(error.contains("nothing to learn"), "{error}");
    let error = IntegerLookup::new().vocabulary([1]).salt(3).apply(Input::of([1], DType::I64));
    let error = Model::new(error.node.inputs[0].clone(), &error).unwrap_err().to_string();
    assert!(error.contains("salt is for oov_method \"farmhash\""), "{error}");
}

#[test]
fn texts_end_at_layers_of_words() {
    let x = Input::text([1]);
    let error = Model::new(&x, Dense::new(1).apply(&x)).unwrap_err().to_string();
    assert!(error.contains("expected numbers, got texts"), "{error}");
    let error = Model::new(&x, &x).unwrap_err().to_string();
    assert!(error.contains("are texts, and models give numbers"), "{error}");
    let words = StringLookup::new().vocabulary(["a", "b"]);
    let model = Model::new(&x, words.apply(&x)).unwrap();
    let error = model.predict([[1.0_f32]]).unwrap_err().to_string();
    assert!(error.contains("expected texts, got numbers"), "{error}");
    let numbers = Sequential::new().add(Dense::new(1).input_dim(1)).build().unwrap();
    let error = numbers.predict(["a"]).unwrap_err().to_string();
    assert!(error.contains("expected numbers, got texts"), "{error}");
    let error = model.predict([["a", "b"]]).unwrap_err().to_string();
    assert!(error.contains("expected shape (None, 1), got (1, 2)"), "{error}");
    // With weights in front there is nothing on the host to compute them.
    let y = Input::new([2]);
    let hashed = Hashing::new(3).apply(Dense::new(2).apply(&y));
    let error = Model::new(&y, &hashed).unwrap_err().to_string();
    assert!(error.contains("has weights and stands in front of a layer"), "{error}");
    let inside = TimeDistributed::new(Hashing::new(3)).apply(Input::of([2, 1], DType::I64));
    let error = Model::new(inside.node.inputs[0].clone(), &inside).unwrap_err().to_string();
    assert!(error.contains("is computed on the host"), "{error}");
}
