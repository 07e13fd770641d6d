//! Trained models as the real Keras saved them: they predict the same, and training goes on to the
//! same. `tools/golden_files.py` writes the files.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests are tests too
mod common;

use common::tensor_difference;
use ferras::datasets::npz::{self, Npz};
use ferras::prelude::*;
use std::path::{Path, PathBuf};

/// Of the largest output: what is predicted, and after three steps of training.
const BEFORE: f64 = 1e-5;
const AFTER: f64 = 1e-4;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/files/golden")
}

/// The outputs that are too far apart.
fn differences(when: &str, found: &[Tensor], expected: &[Tensor], most: f64) -> Vec<String> {
    assert_eq!(found.len(), expected.len());
    let apart = found.iter().zip(expected).map(|(f, e)| tensor_difference(f, e)).enumerate();
    let wrong = apart.filter(|(_, apart)| *apart > most);
    wrong.map(|(i, apart)| format!("output {i} {when}: apart by {apart:.1e}")).collect()
}

/// Loads, predicts, trains, predicts; what is not as it should be.
fn check(path: &Path, arrays: &Npz) -> Result<Vec<String>> {
    let list = |key: &str| -> Vec<Tensor> {
        (0..).map_while(|i| arrays.get(&format!("{key}{i}")).ok().cloned()).collect()
    };
    let (x, y) = (list("x"), list("y"));
    let mut model = Model::load(path)?;
    let ask = |model: &Model| model.predict_with(x.clone(), Predict::new().verbose(0));
    let mut wrong = differences("before", &ask(&model)?, &list("out"), BEFORE);
    let after = list("after");
    if !after.is_empty() {
        model.fit(x.clone(), y, Fit::new().batch_size(4).shuffle(false).verbose(0))?;
        wrong.extend(differences("after", &ask(&model)?, &after, AFTER));
    }
    Ok(wrong)
}

#[test]
fn models_of_keras_go_on_where_they_stopped() {
    let (mut wrong, mut count, mut random) = (Vec::new(), 0, Vec::new());
    for entry in std::fs::read_dir(folder()).unwrap() {
        let npz = entry.unwrap().path();
        if npz.extension().is_none_or(|e| e != "npz") {
            continue;
        }
        let arrays = npz::read(&npz).unwrap();
        if arrays.get("after0").is_err() {
            random.push(npz.file_stem().unwrap().to_string_lossy().into_owned());
        }
        for ending in ["keras", "h5"] {
            let path = npz.with_extension(ending);
            // Keras cannot write them: two variables have one name, and what it cannot copy.
            if ["optimizer_adafactor.h5", "random_pictures.h5"]
                .iter()
                .any(|end| path.ends_with(end))
            {
                continue;
            }
            let problems = check(&path, &arrays).unwrap_or_else(|e| vec![e.to_string()]);
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            wrong.extend(problems.into_iter().map(|problem| format!("{name}: {problem}")));
            count += 1;
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {count} files:\n{}", wrong.len(), wrong.join("\n"));
    random.sort();
    assert_eq!((count, random), (82, vec!["random_pictures".to_string()]));
}
