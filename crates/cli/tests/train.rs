//! `fit` and `convert`.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
mod common;

use common::{Folder, keras_file, simple, two};
use ferras::prelude::*;

const DATA: &str = "--x x.npy --y y.npy";

#[test]
fn training_goes_on_where_it_stopped() {
    let folder = Folder::new("goes-on");
    simple(&folder);
    let fit = |words: &str| folder.run(&format!("fit {words} {DATA} --no-shuffle")).ok();
    let text = fit("model.keras --epochs 4 --output four.keras");
    assert!(text.contains("Epoch 4/4") && text.ends_with("wrote four.keras\n"), "{text}");
    fit("model.keras --epochs 2 --output half.keras");
    fit("half.keras --epochs 2 --output whole.keras");
    let weights = |name: &str| Model::load(folder.join(name)).unwrap().get_weights().unwrap();
    assert_eq!(weights("four.keras"), weights("whole.keras"));
    assert_ne!(weights("four.keras"), weights("half.keras"));
    // Over itself, into the other format.
    fit("half.keras --epochs 2 --output half.keras");
    assert_eq!(weights("four.keras"), weights("half.keras"));
    fit("model.keras --epochs 4 --output four.h5");
    assert_eq!(weights("four.keras"), weights("four.h5"));
    let path = keras_file("model.h5");
    fit(&format!("{} --output kera.keras", path.to_str().unwrap()));
}

#[test]
fn histories_figures_and_json() {
    let folder = Folder::new("history");
    simple(&folder);
    let ran = folder.run(&format!(
        "fit model.keras {DATA} --epochs 3 --validation-split 0.25 --history h.csv --plots figures \
         --output out.keras --json"
    ));
    assert_eq!(ran.out().lines().count(), 1, "{}", ran.out());
    let json = ran.json();
    assert_eq!(json["history"]["history"]["val_loss"].as_array().unwrap().len(), 3);
    assert_eq!(json["output"], "out.keras");
    let table = std::fs::read_to_string(folder.join("h.csv")).unwrap();
    assert!(table.starts_with("epoch,loss,mae,val_loss,val_mae\r\n0,"), "{table}");
    assert!(folder.has("figures/history.svg") && folder.has("figures/epoch_times.svg"));
    folder
        .run(&format!(
            "fit model.keras {DATA} --val-x x.npy --val-y y.npy --history h.json --output o.keras"
        ))
        .ok();
    let text = std::fs::read_to_string(folder.join("h.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(json["history"]["val_mae"][0].is_number(), "{json}");
}

#[test]
fn the_same_seed_gives_the_same_model() {
    let folder = Folder::new("seed");
    simple(&folder);
    folder.run("convert bare.keras arch.json").ok();
    let weights = |seed: usize, name: &str| {
        let compile = "--optimizer sgd --loss mse --learning-rate 0.1";
        let words = format!("fit arch.json {DATA} {compile} --seed {seed} --output {name} -q");
        assert_eq!(folder.run(&words).ok(), "");
        Model::load(folder.join(name)).unwrap()
    };
    let (one, same, other) = (weights(1, "a.keras"), weights(1, "b.keras"), weights(2, "c.keras"));
    assert_eq!(one.get_weights().unwrap(), same.get_weights().unwrap());
    assert_ne!(one.get_weights().unwrap(), other.get_weights().unwrap());
    assert_eq!(one.learning_rate().unwrap(), f64::from(0.1_f32));
}

#[test]
fn several_outputs_are_trained() {
    let folder = Folder::new("several-fit");
    two(&folder);
    let losses = "--optimizer adam --loss mse --loss binary_crossentropy";
    let data = "--x data.npz --y data.npz --epochs 2 --output out.keras --json";
    let json = folder.run(&format!("fit two.keras {data} {losses}")).json();
    assert!(json["history"]["history"]["sex_loss"][1].is_number(), "{json}");
}

#[test]
fn outputs_that_are_not_named_keep_what_they_were_saved_with() {
    let folder = Folder::new("kept");
    let mut model = two(&folder);
    let compile = Compile::new().optimizer("sgd").losses(["mse", "binary_crossentropy"]);
    let compile = compile.metrics_for("age", ["mae"]).metrics_for("sex", ["accuracy"]);
    model.compile(compile.loss_weights([1.0, 0.5])).unwrap();
    model.save(folder.join("both.keras")).unwrap();
    let data = "--x data.npz --y data.npz --json";
    let logs = |words: &str| folder.run(&format!("evaluate both.keras {data} {words}")).json();
    let saved = logs("");
    let close = |a: &serde_json::Value, b: &serde_json::Value| {
        (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < 1e-6
    };
    let changed = logs("--loss age=mae");
    assert!(close(&changed["age_loss"], &saved["age_mae"]), "{changed} {saved}");
    assert_eq!(changed["sex_loss"], saved["sex_loss"]);
    assert_eq!(changed["sex_accuracy"], saved["sex_accuracy"]);
    let sum = changed["age_loss"].as_f64().unwrap() + 0.5 * changed["sex_loss"].as_f64().unwrap();
    assert!((changed["loss"].as_f64().unwrap() - sum).abs() < 1e-6, "{changed}");
    let changed = logs("--metrics age=mse,mape");
    assert_eq!(changed["loss"], saved["loss"]);
    assert!(close(&changed["age_mse"], &saved["age_loss"]) && changed["age_mae"].is_null());
    assert!(changed["age_mape"].is_number(), "{changed}");
    assert_eq!(changed["sex_accuracy"], saved["sex_accuracy"]);
    // What is saved after training is the same mixture.
    folder.run(&format!("fit both.keras {data} --loss sex=mse --output out.keras")).ok();
    let found = folder.run("evaluate out.keras --x data.npz --y data.npz --json").json();
    assert!(found["age_mae"].is_number() && found["sex_loss"].is_number(), "{found}");
    for (words, problem) in [
        ("--metrics ag=mae", "unknown output \"ag\" (did you mean \"age\"?)"),
        ("--metrics age=mae --metrics mse", "--metrics: some name their output and some do not"),
        ("--loss mse --loss mae --loss mse", "--loss: must have one entry for each of 2 outputs"),
        ("--loss age=mse --loss age=mae", "--loss: output \"age\" is named twice"),
        ("--metrics age=precision_at_recall", "--metrics: \"precision_at_recall\" needs arguments"),
        ("--metrics age=maee", "unknown metric \"maee\" (did you mean \"mae\"?)"),
    ] {
        let error = folder.run(&format!("evaluate both.keras {data} {words}")).error(2);
        assert!(error.starts_with(problem), "{error}");
    }
}

#[test]
fn what_cannot_be_is_refused_before_any_work() {
    let folder = Folder::new("refused");
    simple(&folder);
    // The model is not even looked for.
    let refused = |words: &str| folder.run(&format!("fit none.keras {words}")).error(2);
    let error = refused(&format!("{DATA} --output out.txt"));
    assert!(error.contains("is no name for a model: it must end in \".keras\""), "{error}");
    let error = refused(&format!("{DATA} --output out.npz"));
    assert!(error.contains("is a name for weights alone"), "{error}");
    let error = refused(&format!("{DATA} --output no/out.keras"));
    assert_eq!(error, "--output: there is no folder no");
    let error = refused(&format!("{DATA} --output o.keras --history h.txt"));
    assert!(error.contains("it must end in .json or .csv"), "{error}");
    let error = refused("--x x.dat --y y.npy --output o.keras");
    assert!(error.starts_with("x.dat: is no name for data"), "{error}");
    let ran = folder.run(&format!("fit none.keras {DATA} --output o.keras --val-x x.npy --json"));
    assert!(ran.code() == 2 && ran.err().contains("--val-y"), "{}", ran.err());
    assert!(
        ran.json()["error"].as_str().unwrap().contains("--val-y Y must be given"),
        "{}",
        ran.out()
    );
    let error = folder.run(&format!("fit bare.keras {DATA} --output o.keras")).error(2);
    assert!(error.contains("was saved without being compiled: give --loss"), "{error}");
    let words = format!("fit model.keras {DATA} --optimizer adm --output o.keras");
    let error = folder.run(&words).error(2);
    assert!(error.contains("unknown optimizer \"adm\" (did you mean \"adam\"?)"), "{error}");
    let words = format!("fit model.keras {DATA} --validation-split 1.5 --output o.keras");
    let error = folder.run(&words).error(2);
    assert_eq!(error, "--validation-split: expected a share between 0 and 1, as 0.2, got \"1.5\"");
    let words = format!("fit model.keras {DATA} --optimizer multioptimizer --output o.keras");
    assert!(
        folder.run(&words).error(2).starts_with("--optimizer: \"multioptimizer\" needs arguments")
    );
    let words = format!("fit model.keras {DATA} --plots x.npy --output o.keras");
    assert_eq!(folder.run(&words).error(2), "--plots: x.npy is no folder");
    ferras::datasets::npy::write(folder.join("five.npy"), &common::numbers(&[5, 2], 1)).unwrap();
    let words = format!("fit model.keras {DATA} --val-x x.npy --val-y five.npy --output o.keras");
    let error = folder.run(&words).error(1);
    assert!(error.starts_with("--val-x and --val-y must have one row for each sample"), "{error}");
    let words = format!("fit model.keras {DATA} --validation-split 0.99 --output o.keras");
    let error = folder.run(&words).error(2);
    assert!(error.starts_with("--validation-split: must leave rows on both sides"), "{error}");
    assert!(!folder.has("o.keras"));
    let ran = folder.run(&format!("fit model.keras {DATA} --metrics mse --output o.keras"));
    ran.ok();
    assert!(ran.err().contains("warning: the model is compiled anew"), "{}", ran.err());
}

#[test]
fn every_format_into_every_other() {
    let folder = Folder::new("convert");
    let model = simple(&folder);
    let weights = model.get_weights().unwrap();
    folder.run("convert model.keras a.json").ok();
    folder.run("convert model.keras a.yaml").ok();
    for name in ["b.h5", "b.weights.h5", "b.npz", "b.safetensors", "b.keras"] {
        folder.run(&format!("convert model.keras {name}")).ok();
        let whole = matches!(name, "b.h5" | "b.keras");
        for (i, architecture) in ["a.json", "a.yaml", "model.keras"].into_iter().enumerate() {
            let way = if whole { String::new() } else { format!("--architecture {architecture}") };
            folder.run(&format!("convert {name} {way} back{i}.keras")).ok();
            let back = Model::load(folder.join(&format!("back{i}.keras"))).unwrap();
            assert_eq!(back.get_weights().unwrap(), weights, "{name} {architecture}");
            assert!(back.compiled_with().is_some());
        }
    }
    folder.run("convert model.keras --weights-only old.h5").ok();
    let found = folder.run("inspect old.h5 --json").json();
    assert_eq!(found["format"], "weights, Keras 1 and 2 (.h5)");
    folder.run("convert old.h5 --architecture a.yaml old.keras").ok();
    for name in ["model.keras", "model.h5"] {
        folder.run_words(&["convert", keras_file(name).to_str().unwrap(), "from.keras"]).ok();
        folder.run("verify from.keras").ok();
    }
}

#[test]
fn what_is_lost_is_told() {
    let folder = Folder::new("lost");
    simple(&folder);
    let lost = |words: &str| {
        let ran = folder.run(&format!("convert {words} --json"));
        let list = ran.json()["lost"].as_array().unwrap().clone();
        assert_eq!(ran.err().matches("warning: ").count(), list.len(), "{}", ran.err());
        list.iter().map(|l| l.as_str().unwrap().to_string()).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(lost("model.keras a.h5"), "");
    assert!(lost("model.keras a.npz").contains("loss, metrics and the optimizer's state"));
    assert!(lost("model.keras a.weights.h5").contains("loss and metrics are not"));
    assert!(lost("bare.keras b.npz").starts_with("the architecture is not"));
    assert!(lost("model.keras a.json").starts_with("the weights and the optimizer's state"));
    assert!(lost("a.json c.keras").contains("those written are initial ones"));
    assert_eq!(lost("a.json c.yaml"), "");
    let error = folder.run("convert none.keras out.onnx").error(2);
    assert!(error.contains("out.onnx: is of no known format: its name must end in .keras"));
    let error = folder.run("convert a.npz out.keras").error(1);
    assert!(error.contains("give the model's architecture with --architecture MODEL.json"));
    let error = folder.run("convert model.keras no/out.keras").error(2);
    assert_eq!(error, "OUT: there is no folder no");
    let error = folder.run("convert model.keras --weights-only out.keras").error(2);
    assert!(error.contains("is no name for weights"), "{error}");
}
