use super::*;
use crate::array::Texts;
use crate::golden::{assert_close, load, tensor};
use serde_json::Value as Json;

fn array(json: &Json) -> Array {
    let Some(texts) = json["texts"].as_array() else { return tensor(json).into() };
    let shape: Vec<usize> = serde_json::from_value(json["shape"].clone()).unwrap();
    Texts::new(shape, texts.iter().map(|t| t.as_str().unwrap()).collect()).unwrap().into()
}

/// The arrays of a table by name.
fn table(json: &Json) -> Data {
    let object = json.as_object().unwrap();
    let columns = object.iter().map(|(name, column)| (name.clone(), array(column)));
    Data::from(columns.collect::<Vec<(String, Array)>>())
}

fn number(json: &Json, key: &str) -> Option<usize> {
    json.get(key).and_then(Json::as_u64).map(|n| n as usize)
}

/// A feature as a case describes it: a kind, or a kind with arguments.
fn spec(json: &Json) -> FeatureSpec {
    let Some(kind) = json["kind"].as_str() else { return json.as_str().unwrap().into() };
    let args = &json["args"];
    let (most, oov) = (number(args, "max_tokens"), number(args, "num_oov_indices").unwrap_or(1));
    let float = |key: &str, default: f64| args.get(key).and_then(Json::as_f64).unwrap_or(default);
    let feature = match kind {
        "float" => FeatureSpace::float(),
        "float_rescaled" => FeatureSpace::float_rescaled(float("scale", 1.0), float("offset", 0.0)),
        "float_normalized" => FeatureSpace::float_normalized(),
        "float_discretized" => FeatureSpace::float_discretized(number(args, "num_bins").unwrap()),
        "integer_categorical" => FeatureSpace::integer_categorical(most, oov),
        "string_categorical" => FeatureSpace::string_categorical(most, oov),
        "integer_hashed" => FeatureSpace::integer_hashed(number(args, "num_bins").unwrap()),
        "string_hashed" => FeatureSpace::string_hashed(number(args, "num_bins").unwrap()),
        other => panic!("no kind {other}"),
    };
    match args["output_mode"].as_str() {
        Some(mode) => feature.output_mode(mode).into(),
        None => feature.into(),
    }
}

fn space(case: &Json) -> FeatureSpace {
    let features = case["features"].as_object().unwrap();
    let features = features.iter().map(|(name, json)| (name.as_str(), spec(json)));
    let mut space = FeatureSpace::new(features).output_mode(case["output_mode"].as_str().unwrap());
    for cross in case["crosses"].as_array().unwrap() {
        let names: Vec<&str> =
            cross["names"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
        let made = Cross::new(names, number(cross, "crossing_dim"));
        space =
            space.crosses([made.output_mode(cross["output_mode"].as_str().unwrap_or("one_hot"))]);
    }
    for (key, set) in [
        ("crossing_dim", FeatureSpace::crossing_dim as fn(FeatureSpace, usize) -> FeatureSpace),
        ("hashing_dim", FeatureSpace::hashing_dim),
        ("num_discretization_bins", FeatureSpace::num_discretization_bins),
    ] {
        if let Some(n) = number(case, key) {
            space = set(space, n);
        }
    }
    space
}

#[test]
fn tables_become_keras_vectors() {
    for case in load("feature_spaces")["cases"].as_array().unwrap() {
        let space = space(case).adapt(table(&case["data"])).unwrap();
        let found = space.call_dict(table(&case["asked"])).unwrap();
        let expected = case["outputs"].as_object().unwrap();
        assert_eq!(found.len(), expected.len());
        for (name, numbers) in &found {
            assert_close(
                numbers,
                &expected[name],
                1e-5,
                &format!("{name} of {}", case["features"]),
            );
        }
        // As the beginning of a model, which is saved.
        let outputs = space.get_encoded_features().unwrap();
        let model = Model::new(space.get_inputs().unwrap(), outputs).unwrap();
        let path = std::env::temp_dir().join(format!("ferras-space-{}.keras", std::process::id()));
        model.save(&path).unwrap();
        let again = Model::load(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let asked =
            table(&case["asked"]).resolve_arrays(&model.network().unwrap().input_names(), "x");
        let columns: Vec<Array> = asked.unwrap().iter().map(|a| column(a).unwrap()).collect();
        let predicted = again.predict_with(columns, Predict::new().verbose(0)).unwrap();
        for ((name, numbers), predicted) in found.iter().zip(&predicted) {
            assert_eq!(numbers, predicted, "{name}");
        }
    }
}

#[test]
fn spaces_that_cannot_be_are_told() {
    let data = || [("a", Array::from(["x", "y"]))];
    let error = |space: FeatureSpace| space.adapt(data()).unwrap_err().to_string();
    let text = error(FeatureSpace::new([("a", "string_categoricall")]));
    assert!(text.contains("unknown feature type") && text.contains("string_categorical"), "{text}");
    let text = error(FeatureSpace::new([("a", "float_normalized")]));
    assert!(text.contains("feature \"a\"") && text.contains("got texts"), "{text}");
    let text = error(FeatureSpace::new([("a", "string_categorical")]).crosses([["a", "b"]]));
    assert!(text.contains("names no feature \"b\""), "{text}");
    let plain = FeatureSpace::string_categorical(None, 1).output_mode("int");
    let text = error(FeatureSpace::new([("a", plain)]));
    assert!(text.contains("cannot be put into a vector"), "{text}");
    let space = FeatureSpace::new([("a", "string_categorical")]);
    assert!(space.call(data()).unwrap_err().to_string().contains("call .adapt(data)?"));
    assert!(FeatureSpace::new([("a", "string_categorical")]).build().is_err());
    assert!(FeatureSpace::new([("a", "string_hashed")]).build().is_ok());
    let none: [(&str, &str); 0] = [];
    assert!(FeatureSpace::new(none).build().unwrap_err().to_string().contains("must not be empty"));
}
