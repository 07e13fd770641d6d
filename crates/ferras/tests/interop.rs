//! Files of Keras 1.1 to 2.11 as they were written: all load, or name the layer that Ferras does not
//! have; what was recorded of them is met.
//!
//! Reads `../shared/data/interop`, beside the repository. Where it is not there the test says so and
//! does nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests are tests too
mod common;

use common::tensor_difference;
use ferras::prelude::*;
use ferras::{Load, probe};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A recording of another network: with the weights of the file beside it no output of an LSTM could be
/// beyond 30, and 94 is recorded.
const NOT_ITS_OWN: &str = "examples/simple_lstm/simple_lstm_tf_keras_2_inputs_and_outputs.h5";

/// Of the largest output.
const TOLERANCE: f64 = 1e-5;

/// Unpacks the collection into a folder of its own; its files, sorted.
fn unpack(folder: &Path) -> Option<Vec<(String, PathBuf)>> {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/interop/dl4j-keras-fixtures.tar.gz");
    let Ok(file) = std::fs::File::open(&archive) else {
        println!("SKIPPED: there is no {}", archive.display());
        return None;
    };
    let mut files = Vec::new();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let is_wanted = [".h5", ".hdf5", ".json"].iter().any(|end| name.ends_with(end));
        if !entry.header().entry_type().is_file() || !is_wanted {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let path = folder.join(&name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        files.push((name, path));
    }
    files.sort();
    Some(files)
}

/// What became of the files of one kind.
#[derive(Debug, Default)]
struct Outcome {
    good: usize,
    /// Layers that Ferras does not have or does not load, and how many files each keeps out.
    refused: BTreeMap<String, usize>,
    /// Anything else, with the file.
    bad: Vec<(String, String)>,
}

impl Outcome {
    fn add(&mut self, name: &str, result: Result<(), String>) {
        match result {
            Ok(()) => self.good += 1,
            Err(reason) => match refused_layer(&reason) {
                Some(class) => *self.refused.entry(class.into()).or_default() += 1,
                None => self.bad.push((name.into(), reason)),
            },
        }
    }

    /// Prints the outcome; fails unless it is as expected.
    fn check(&self, title: &str, good: usize, refused: usize) {
        let found = self.refused.values().sum::<usize>();
        println!("{title}: {} good, {found} refused: {:?}", self.good, self.refused);
        self.bad.iter().for_each(|(name, reason)| println!("  {name}: {reason}"));
        assert!(self.bad.is_empty(), "{title}: {} files for another reason", self.bad.len());
        assert_eq!((self.good, found), (good, refused), "{title}: another number than before");
    }
}

/// The class of the layer that keeps a file from being loaded, if that is the reason.
fn refused_layer(error: &str) -> Option<&str> {
    let between = |from: &str, to: &str| error.split_once(from)?.1.split_once(to).map(|p| p.0);
    if error.contains("Ferras has no layer of this class") {
        return between(" (", ")");
    }
    // Nothing is left of the smallest of these volumes.
    if error.contains("(Cropping3D): the output would be empty") {
        return Some("Cropping3D");
    }
    match error.contains("Ferras does not load it") {
        true => between("holds a ", " "),
        false => None,
    }
}

/// The model, and whether it could be compiled as it was.
fn load(path: &Path) -> Result<(Model, Result<(), String>), String> {
    let whole = match Model::load(path) {
        Ok(model) => return Ok((model, Ok(()))),
        Err(error) => error.to_string(),
    };
    match Model::load_with(path, Load::new().compile(false)) {
        Ok(model) => Ok((model, Err(whole))),
        Err(error) => Err(error.to_string()),
    }
}

/// The model that a file of weights belongs to: beside it, whole or as JSON.
fn model_of(weights: &Path) -> Result<Model, String> {
    let weights = weights.to_string_lossy();
    let beside = |ending: &str| PathBuf::from(weights.replace("_weights.h5", ending));
    match std::fs::read_to_string(beside("_config.json")) {
        Ok(json) => Model::from_json(&json).map_err(|e| e.to_string()),
        Err(_) => load(&beside("_model.h5")).map(|(model, _)| model),
    }
}

/// Compares what a model predicts with what was recorded.
fn compare(model: &Model, recording: &Path) -> Result<(), String> {
    let arrays = probe::arrays(&std::fs::read(recording).unwrap())?;
    let of = |group: &str| -> Vec<Tensor> {
        let own = arrays.iter().filter(|(path, _)| path.starts_with(group));
        own.map(|(_, array)| array.clone()).collect()
    };
    let (inputs, mut expected) = (of("inputs/"), of("predictions/"));
    if expected.is_empty() {
        expected = of("outputs/");
    }
    let found = model.predict_with(inputs, Predict::new().verbose(0)).map_err(|e| e.to_string())?;
    if found.len() != expected.len() {
        return Err("another number of outputs".into());
    }
    let apart = found.iter().zip(&expected).map(|(f, e)| tensor_difference(f, e));
    match apart.fold(0.0, f64::max) {
        apart if apart < TOLERANCE => Ok(()),
        apart => Err(format!("apart by {apart:.1e}")),
    }
}

#[test]
fn files_of_older_keras() {
    let folder = std::env::temp_dir().join(format!("ferras-interop-{}", std::process::id()));
    let Some(files) = unpack(&folder) else { return };
    let [mut models, mut compiled, mut weights, mut outputs, mut json] =
        [(); 5].map(|()| Outcome::default());
    for (name, path) in &files {
        let other = |from: &str, to: &str| path.to_string_lossy().replace(from, to);
        let short = name.rsplit("keras/").next().unwrap();
        if short == NOT_ITS_OWN {
            continue;
        }
        if name.ends_with("_inputs_and_outputs.h5") {
            let model = load(Path::new(&other("_inputs_and_outputs", "_model")));
            let result = model.and_then(|(model, _)| compare(&model, path));
            outputs.add(short, result);
        } else if name.ends_with(".json") {
            if !name.contains("/preprocessing/") {
                let text = std::fs::read_to_string(path).unwrap();
                let result = Model::from_json(&text).map(drop);
                json.add(short, result.map_err(|e| e.to_string()));
            }
        } else {
            match load(path) {
                Ok((_, how)) => {
                    models.add(short, Ok(()));
                    compiled.add(short, how);
                }
                Err(problem) if problem.contains("holds weights alone") => {
                    let result = model_of(path).and_then(|mut model| {
                        model.load_weights(path).map_err(|error| error.to_string())
                    });
                    weights.add(short, result);
                }
                Err(problem) => models.add(short, Err(problem)),
            }
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
    // Counts of docs/interop.md.
    models.check("models", 602, 8);
    compiled.check("compiled", 602, 0);
    weights.check("weights", 77, 0);
    outputs.check("outputs", 74, 0);
    json.check("JSON", 169, 1);
}
