//! Every class that Ferras has stands in a file of the real Keras, so that a new one cannot be
//! forgotten: `tests/golden_files.rs` compares what they predict and how they train.
use super::probe;
use crate::activations::ActivationFn;
use crate::config::Family;
use crate::constraints::ConstraintFn;
use crate::layers::Layer;
use crate::losses::LossFn;
use crate::optimizers::OptimizerFn;
use crate::regularizers::RegularizerFn;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::path::Path;

/// Classes without a file, and why.
const WITHOUT: &[(&str, &str)] = &[
    ("Wrapper", "in Keras the base of other classes, which cannot be called"),
    ("LocallyConnected1D", "not in Keras 3"),
    ("LocallyConnected2D", "not in Keras 3; in the files of tests/interop.rs"),
    ("ThresholdedReLU", "not in Keras 3; in the files of tests/interop.rs"),
    ("Equalization", "Keras' models leave it out: its symbolic output is its input"),
    ("MaxNumBoundingBoxes", "takes dictionaries, which no functional model holds"),
];

/// All texts of a configuration: classes, and names of functions.
fn texts(json: &Json, found: &mut BTreeSet<String>) {
    match json {
        Json::String(text) => drop(found.insert(text.clone())),
        Json::Array(list) => list.iter().for_each(|json| texts(json, found)),
        Json::Object(map) => map.values().for_each(|json| texts(json, found)),
        _ => {}
    }
}

/// The members of a family of which no file has any name.
fn missing<T: Family + ?Sized>(found: &BTreeSet<String>, list: &mut Vec<String>) {
    let without = |name: &str| WITHOUT.iter().any(|(class, _)| *class == name);
    for entry in T::table() {
        // Names of Ferras' own are not in Keras' files.
        let own = entry.names.iter().all(|name| name.starts_with("keras2_"));
        let known = entry.names.iter().any(|name| found.contains(*name) || without(name));
        if !known && !own {
            list.push(format!("{} {}", T::KIND, entry.names[0]));
        }
    }
}

#[test]
fn every_class_is_in_a_file_of_keras() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/files");
    let mut found = BTreeSet::new();
    let files = ["golden", "words"].map(|name| std::fs::read_dir(folder.join(name)).unwrap());
    for entry in files.into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "keras") {
            let text = probe::text(&std::fs::read(&path).unwrap(), "config.json").unwrap();
            texts(&serde_json::from_str(&text).unwrap(), &mut found);
        }
    }
    let mut list = Vec::new();
    missing::<dyn Layer>(&found, &mut list);
    missing::<dyn ActivationFn>(&found, &mut list);
    missing::<dyn LossFn>(&found, &mut list);
    missing::<dyn OptimizerFn>(&found, &mut list);
    missing::<dyn RegularizerFn>(&found, &mut list);
    missing::<dyn ConstraintFn>(&found, &mut list);
    assert!(
        list.is_empty(),
        "no golden file has {list:?}: add them to tools/golden_models.py, and run tools/golden_files.py \
         with the name of the function"
    );
}
