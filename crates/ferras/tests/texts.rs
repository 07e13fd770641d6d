//! Models whose inputs are texts or categories: trained, saved, put into others, fed by streams.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
mod common;

use common::{golden, list, tensor, tensor_difference};
use ferras::data::{Array, Pipeline, Texts};
use ferras::prelude::*;
use std::path::{Path, PathBuf};

const REVIEWS: [&str; 4] = ["a good film", "bad, bad!", "good good", "a bad film"];
const LIKED: [f32; 4] = [1.0, 0.0, 1.0, 0.0];

fn vectorization() -> TextVectorization {
    TextVectorization::new().output_sequence_length(4).adapt(REVIEWS).unwrap()
}

/// Reviews to whether they are in favour.
fn classifier(words: TextVectorization) -> Sequential {
    Sequential::new()
        .add(Input::text([1]))
        .add(words)
        .add(Embedding::new(8, 4).mask_zero(true))
        .add(GlobalAveragePooling1D::new())
        .add(Dense::new(1).activation("sigmoid"))
}

fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("ferras-texts-{name}-{}.keras", std::process::id()))
}

/// The model out of a file that it was saved in.
fn saved(model: &Model, name: &str) -> Model {
    let path = path(name);
    model.save(&path).unwrap();
    let again = Model::load(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    again
}

#[test]
fn texts_are_learnt_and_kept() {
    set_random_seed(3);
    let mut model = classifier(vectorization());
    model
        .compile(
            Compile::new()
                .optimizer(Adam::new().learning_rate(0.1))
                .loss("binary_crossentropy")
                .metrics(["accuracy"]),
        )
        .unwrap();
    let fit = Fit::new().epochs(30).batch_size(2).verbose(0).validation_split(0.25);
    let history = model.fit(REVIEWS, LIKED, fit).unwrap();
    assert!(history.last("loss").unwrap() < 0.1, "{history:?}");
    assert!(history.last("val_loss").is_some());
    let logs = model.evaluate_with(&REVIEWS[..3], &LIKED[..3], Evaluate::new().verbose(0)).unwrap();
    assert_eq!(logs.get("accuracy"), Some(1.0));
    let mut again = saved(&model, "learnt");
    let predicted = model.predict(REVIEWS).unwrap();
    assert_eq!(again.predict(REVIEWS).unwrap(), predicted);
    // Shapes of one column, arrays of ndarray, lists of Strings.
    let column = ndarray::Array2::from_shape_fn((4, 1), |(i, _)| REVIEWS[i].to_string());
    assert_eq!(model.predict(&column).unwrap(), predicted);
    assert_eq!(model.predict(REVIEWS.map(String::from).to_vec()).unwrap(), predicted);
    again.fit(REVIEWS, LIKED, Fit::new().verbose(0)).unwrap();
}

#[test]
fn a_stack_takes_its_input_from_texts() {
    let mut model = Sequential::new()
        .add(vectorization())
        .add(Embedding::new(8, 2))
        .add(Flatten::new())
        .add(Dense::new(1));
    model.compile(Compile::new().optimizer("sgd").loss("mse")).unwrap();
    model.fit(REVIEWS, LIKED, Fit::new().verbose(0)).unwrap();
    assert_eq!(saved(&model, "stack").predict(REVIEWS).unwrap(), model.predict(REVIEWS).unwrap());
}

#[test]
fn texts_and_numbers_stand_side_by_side() {
    let (text, facts, code) =
        (Input::text([1]), Input::named("facts", [2]), Input::of([1], DType::I32));
    let words = TextVectorization::new().output_mode("tf_idf").adapt(REVIEWS).unwrap();
    let coded = IntegerLookup::new()
        .output_mode("one_hot")
        .adapt(&Tensor::new([3], vec![7, 7, 9]).unwrap())
        .unwrap();
    let ranges =
        Discretization::new().bin_boundaries([0.0, 1.0]).apply(Dense::new(1).apply(&facts));
    let crossed = HashedCrossing::new(6).output_mode("one_hot").apply([
        &Hashing::new(5).apply(&text),
        &IntegerLookup::new().vocabulary([7, 9]).apply(&code),
    ]);
    let all =
        Concatenate::new().apply([&words.apply(&text), &facts, &coded.apply(&code), &crossed]);
    let y = Dense::new(1).apply(&all);
    let mut model = Model::new([&text, &facts, &code], &y).unwrap();
    let x = || {
        let facts = Tensor::new([4, 2], vec![0.5_f32; 8]).unwrap();
        let code = Tensor::new([4, 1], vec![7_i64, 9, 1, 7]).unwrap();
        vec![Array::from(REVIEWS), facts.into(), code.into()]
    };
    model.compile(Compile::new().optimizer("adam").loss("mse")).unwrap();
    model.fit(x(), LIKED, Fit::new().batch_size(3).epochs(2).verbose(0)).unwrap();
    let again = saved(&model, "beside");
    assert_eq!(again.predict(x()).unwrap(), model.predict(x()).unwrap());
    // Weights in front of what is on the host have no place.
    assert!(Model::new(&facts, Hashing::new(3).apply(&ranges)).is_err());
    // Without weights such layers go in front: ranges, then their hash.
    let ranges = Discretization::new().bin_boundaries([0.0, 1.0]).apply(&facts);
    let model = Model::new(&facts, IntegerLookup::new().vocabulary([0, 2]).apply(&ranges)).unwrap();
    assert_eq!(
        model.predict([[-1.0_f32, 0.5], [2.0, 0.0]]).unwrap().to_f64_vec(),
        [1.0, 0.0, 2.0, 0.0]
    );
}

#[test]
fn a_model_with_words_goes_into_another_one() {
    let inner = classifier(vectorization()).build().unwrap().with_name("inner");
    let x = Input::text([1]);
    let y = Dense::new(1).apply(inner.apply(&x).unwrap());
    let model = Model::new(&x, &y).unwrap();
    let expected = model.predict(REVIEWS).unwrap();
    assert_eq!(expected.shape()[..], [4, 1]);
    assert_eq!(saved(&model, "nested").predict(REVIEWS).unwrap(), expected);
    // As Keras' guides do at the end: a trained model behind the words.
    let scores = Sequential::new()
        .add(Input::of([4], DType::I64))
        .add(Embedding::new(8, 2))
        .add(Flatten::new())
        .build()
        .unwrap();
    let whole = Sequential::new()
        .add(Input::text([1]))
        .add(vectorization())
        .add(scores.layer().unwrap())
        .build()
        .unwrap();
    let numbers = vectorization().call(REVIEWS).unwrap();
    assert_eq!(whole.predict(REVIEWS).unwrap(), scores.predict(&numbers).unwrap());
}

#[test]
fn streams_bring_texts() {
    let numbers = |workers: usize| {
        let data = Pipeline::from_arrays(REVIEWS, LIKED.to_vec()).unwrap();
        data.cache().shuffle(4, 5).batch(3).workers(workers).map_layer(vectorization(), 1)
    };
    let seen = |mut data: Pipeline| {
        use ferras::data::Dataset;
        data.batches().map(|b| b.unwrap().x[0].numbers().unwrap().to_f64_vec()).collect::<Vec<_>>()
    };
    assert_eq!(seen(numbers(0)), seen(numbers(2)));
    assert_eq!(seen(numbers(0)).concat().len(), 16);
    let mut model = classifier(vectorization());
    model.compile(Compile::new().optimizer("sgd").loss("binary_crossentropy")).unwrap();
    let mut texts = Pipeline::from_arrays(REVIEWS, LIKED.to_vec()).unwrap().shuffle(4, 5).batch(2);
    model.fit_dataset(&mut texts, Fit::new().epochs(2).verbose(0)).unwrap();
    let predicted = model.predict_dataset(&mut texts, Predict::new().verbose(0)).unwrap();
    assert_eq!(predicted[0].shape()[..], [4, 1]);
}

#[test]
fn models_of_keras_with_words_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/files/words");
    for case in list(&golden("word_models")["models"]) {
        let name = common::text(&case["name"]);
        let model = Model::load(folder.join(format!("{name}.keras"))).unwrap();
        let array = |json: &serde_json::Value| match json["texts"].as_array() {
            None => Array::from(tensor(json)),
            Some(texts) => {
                let shape: Vec<usize> = list(&json["shape"]).iter().map(common::whole).collect();
                Texts::new(shape, texts.iter().map(common::text).collect()).unwrap().into()
            }
        };
        let x: Vec<Array> = list(&case["inputs"]).iter().map(array).collect();
        let expected = common::tensors(&case["outputs"]);
        for (when, model) in [("read", &model), ("written again", &saved(&model, name))] {
            let found = model.predict_with(x.clone(), Predict::new().verbose(0)).unwrap();
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                let apart = tensor_difference(&found.cast(DType::F32), expected);
                assert!(apart < 1e-5, "{name} {when}: {apart}\n{found:?}\n{expected:?}");
            }
        }
    }
}

#[test]
fn files_name_no_vocabularies_outside() {
    let json = |vocabulary: &str| {
        format!(
            r#"{{"class_name": "Sequential", "config": {{"name": "s", "layers": [
            {{"class_name": "InputLayer", "config": {{"batch_shape": [null, 1], "dtype": "string"}}}},
            {{"class_name": "StringLookup", "config": {{"vocabulary": {vocabulary}}}}}]}}}}"#
        )
    };
    for named in ["\"/etc/passwd\"", "\"https://example.com/words.txt\"", "\"words.txt\""] {
        let error = Model::from_json(&json(named)).unwrap_err().to_string();
        assert!(error.contains("Ferras opens no other file than the model's"), "{error}");
    }
    for odd in ["3", "[3]", "{}", "[[\"a\"]]", "[null]", "true"] {
        assert!(Model::from_json(&json(odd)).is_err(), "{odd}");
    }
    assert!(Model::from_json(&json("[\"a\", \"b\"]")).is_ok());
    // What was learned has no place in other files.
    let model = classifier(vectorization()).build().unwrap();
    let error = model.save(path("h5").with_extension("h5")).unwrap_err().to_string();
    assert!(error.contains("\".keras\" files alone"), "{error}");
}
