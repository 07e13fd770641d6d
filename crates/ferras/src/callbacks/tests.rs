//! Callbacks driven by scripted logs, against what Keras' do with the same.
use super::*;
use crate::config::{FromConfig, Scope};
use crate::console::tests::captured;
use crate::files::tests::Folder;
use crate::prelude::*;
use crate::trainer::testing::{is_stopped, scripted};
use serde_json::{Value as Json, json};
use std::fs;
use std::path::Path;

fn golden(topic: &str) -> Vec<Json> {
    let path = format!("{}/../../tests/golden/callbacks.json", env!("CARGO_MANIFEST_DIR"));
    let file: Json = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    file[topic].as_array().unwrap().clone()
}

fn number(json: &Json) -> f64 {
    json.as_f64().unwrap_or_else(|| json.as_str().unwrap().parse().unwrap())
}

fn logs(json: &Json) -> Logs {
    json.as_object().unwrap().iter().map(|(name, v)| (name.clone(), number(v))).collect()
}

fn made<C: FromConfig>(args: &Json) -> Result<C> {
    C::from_config(args.as_object().unwrap(), &Scope::default())
}

/// A model of one weight, which the scripts set to the number of the epoch.
fn tiny() -> Model {
    let mut model: Model = Sequential::new().add(Dense::new(1).use_bias(false).input_dim(1)).into();
    model
        .compile(Compile::new().optimizer("sgd").loss("mse").metrics(["accuracy", "mae"]))
        .unwrap();
    model
}

fn weight(value: usize) -> [Tensor; 1] {
    [Tensor::new([1, 1], vec![value as f32]).unwrap()]
}

fn targets() -> Tensor {
    Tensor::new([2, 1], vec![0.0_f32, 0.0]).unwrap()
}

#[test]
fn early_stopping() {
    for case in golden("early_stopping") {
        let (mut model, mut stopped) = (tiny(), None);
        let mut callback: EarlyStopping = made(&case["args"]).unwrap();
        let monitor = case["args"]["monitor"].as_str().unwrap_or("val_loss").to_string();
        let (result, printed, _) = captured(|| {
            scripted(&mut model, &targets(), |run| {
                callback.on_train_begin(run)?;
                for (epoch, value) in case["values"].as_array().unwrap().iter().enumerate() {
                    run.set_weights(&weight(epoch))?;
                    let logs = [(monitor.clone(), number(value))].into_iter().collect();
                    callback.on_epoch_end(epoch, &logs, run)?;
                    if is_stopped(run) {
                        stopped = Some(epoch);
                        break;
                    }
                }
                callback.on_train_end(&History::default(), run)
            })
        });
        if case["args"]["mode"] == "upwards" {
            // Keras falls back to auto with a warning.
            let error = result.unwrap_err().to_string();
            let expected =
                "argument \"mode\" must be \"auto\", \"min\" or \"max\", got \"upwards\"";
            assert_eq!(error, expected);
            continue;
        }
        if case["error"].is_string() {
            let error = result.unwrap_err().to_string();
            let expected = "unknown logged number \"val_unknown\"; known: accuracy, loss, mae, \
                            val_accuracy, val_loss, val_mae";
            assert_eq!(error, expected);
            continue;
        }
        result.unwrap();
        assert_eq!(json!(stopped), case["stopped_after_epoch"], "{case}");
        assert_eq!(callback.stopped_epoch(), stopped, "{case}");
        let weights = model.get_weights().unwrap()[0].to_f64_vec();
        assert_eq!(weights[0], case["weights_of_epoch"].as_f64().unwrap(), "{case}");
        assert_eq!(printed, case["printed"].as_str().unwrap(), "{case}");
    }
}

/// Files below a folder with their bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut list = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        match path.is_dir() {
            true => list.extend(files(&path).into_iter().map(|(n, b)| (format!("{name}/{n}"), b))),
            false => list.push((name, fs::read(&path).unwrap())),
        }
    }
    list.sort();
    list
}

fn changed(before: &[(String, Vec<u8>)], folder: &Path) -> Vec<String> {
    let new = files(folder).into_iter().filter(|file| !before.contains(file));
    new.map(|(name, _)| name).collect()
}

#[test]
fn model_checkpoint() {
    for (i, case) in golden("model_checkpoint").into_iter().enumerate() {
        let file = case["args"]["filepath"].as_str().unwrap();
        if file == "m.txt" || case["args"]["save_freq"] == "batch" {
            continue; // In their own test below.
        }
        if file == "m.keras" && case["args"]["save_weights_only"] == true {
            continue; // A mistake in Keras, where weights have a format of their own.
        }
        let folder = Folder::new(&format!("checkpoint-{i}"));
        let name = |file: &str| {
            ["weights.h5", "keras", "h5"].iter().fold(file.to_string(), |f, e| f.replace(e, "npz"))
        };
        let mut args = case["args"].clone();
        args["filepath"] = json!(folder.join(&name(file)).to_str().unwrap());
        args["save_weights_only"] = json!(true);
        let mut callback: ModelCheckpoint = made(&args).unwrap();
        let (mut model, mut saved) = (tiny(), Vec::new());
        let mut step = 0;
        let (result, printed, warned) = captured(|| {
            scripted(&mut model, &targets(), |run| {
                callback.on_train_begin(run)?;
                for (epoch, log) in case["logs"].as_array().unwrap().iter().enumerate() {
                    callback.on_epoch_begin(epoch, run)?;
                    for batch in 0..case["batches_per_epoch"].as_u64().unwrap_or(0) as usize {
                        (step, _) = (step + 1, run.set_weights(&weight(step)));
                        let before = files(&folder.0);
                        callback.on_train_batch_end(batch, run)?;
                        for file in changed(&before, &folder.0) {
                            saved.push(json!({"epoch": epoch, "batch": batch, "file": file}));
                        }
                    }
                    (step, _) = (step + 1, run.set_weights(&weight(step)));
                    let before = files(&folder.0);
                    callback.on_epoch_end(epoch, &logs(log), run)?;
                    for file in changed(&before, &folder.0) {
                        saved.push(json!({"epoch": epoch, "file": file}));
                    }
                }
                Ok(())
            })
        });
        if case["error"].is_string() {
            let error = result.unwrap_err().to_string();
            let expected = match file.contains("unknown") {
                true => "asks for an unknown number \"unknown\"; known: epoch, accuracy, loss, mae",
                false => "unknown logged number \"val_missing\"; known: accuracy, loss, mae",
            };
            assert!(error.contains(expected), "{error}");
            continue;
        }
        result.unwrap();
        let text: Json = serde_json::from_str(&name(&case["saved"].to_string())).unwrap();
        assert_eq!(json!(saved), text, "{case}");
        let clean = printed.replace(&format!("{}/", folder.0.display()), "");
        assert_eq!(clean, name(case["printed"].as_str().unwrap()), "{case}");
        assert_eq!(warned.is_empty(), case["warnings"].is_null(), "{case}: {warned}");
    }
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_told_before_training() {
    let message = |callback: ModelCheckpoint| {
        let mut callback = callback;
        let mut model = tiny();
        let run = scripted(&mut model, &targets(), |run| callback.on_train_begin(run));
        run.unwrap_err().to_string()
    };
    let error = message(ModelCheckpoint::new("m.txt").save_weights_only(true));
    assert!(error.starts_with("m.txt: is no name for weights: it must end in"), "{error}");
    let error = message(ModelCheckpoint::new("m.txt"));
    assert!(error.starts_with("m.txt: is no name for a model"), "{error}");
    let error = message(ModelCheckpoint::to("m.npz").save_freq("batch"));
    let expected = "argument \"save_freq\" must be \"epoch\" or a number of steps, got \"batch\"";
    assert_eq!(error, expected);
    let error = message(ModelCheckpoint::to("m.npz").save_freq(0));
    assert_eq!(error, "argument \"save_freq\" must be at least 1 step, got 0");
}

#[test]
fn csv_logger() {
    for (i, case) in golden("csv_logger").into_iter().enumerate() {
        let folder = Folder::new(&format!("csv-{i}"));
        let path = folder.join("log.csv");
        if let Some(text) = case["existing"].as_str() {
            fs::write(&path, text).unwrap();
        }
        let mut args = case["args"].clone();
        args["filename"] = json!(path.to_str().unwrap());
        let mut callback: CSVLogger = made(&args).unwrap();
        let mut model = tiny();
        scripted(&mut model, &targets(), |run| {
            callback.on_train_begin(run)?;
            for (epoch, log) in case["logs"].as_array().unwrap().iter().enumerate() {
                callback.on_epoch_end(epoch, &logs(log), run)?;
            }
            callback.on_train_end(&History::default(), run)
        })
        .unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), case["file"].as_str().unwrap(), "{case}");
    }
}

#[test]
fn csv_logger_refuses_what_it_cannot_write() {
    let message = |callback: CSVLogger| {
        let (mut callback, mut model) = (callback, tiny());
        let run = scripted(&mut model, &targets(), |run| callback.on_train_begin(run));
        run.unwrap_err().to_string()
    };
    let error = message(CSVLogger::new("/no/such/log.csv"));
    assert!(error.starts_with("cannot write /no/such/log.csv: No such file"), "{error}");
    let error = message(CSVLogger::new("log.csv").separator("::"));
    assert!(error.starts_with("argument \"separator\" must be one ASCII character"), "{error}");
}

#[test]
fn terminate_on_nan() {
    for case in golden("terminate_on_nan") {
        let mut model = tiny();
        let mut callback: TerminateOnNaN = made(&case["args"]).unwrap();
        let loss = number(&case["loss"]);
        let mut stopped = false;
        let (result, printed, _) = captured(|| {
            model.set_weights(&weight(1)).unwrap();
            let x = Tensor::new([2, 1], vec![loss as f32, 0.0]).unwrap();
            let fit = Fit::new().epochs(3).verbose(0).batch_size(2).callback(&mut callback);
            model.fit(&x, targets(), fit)
        });
        match case["error"].is_string() {
            true => {
                let error = result.unwrap_err().to_string();
                assert!(error.starts_with("the loss became nan in batch 0; expected"), "{error}");
            }
            false => stopped = result.unwrap().epoch.len() < 3,
        }
        assert_eq!(json!(stopped), case["stops"], "{case}");
        let expected = case["printed"].as_str().unwrap().replace("Batch 7", "Batch 0");
        assert_eq!(printed, expected, "{case}");
    }
}

fn learning_rates(topic: &str) -> Json {
    crate::golden::load("learning_rates")[topic].clone()
}

fn assert_rates(found: &[f64], expected: &Json, what: &str) {
    let expected: Vec<f64> = expected.as_array().unwrap().iter().map(number).collect();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (a, b) in found.iter().zip(&expected) {
        assert!((a - b).abs() <= 1e-6 * b.abs(), "{what}: {found:?}, Keras has {expected:?}");
    }
}

#[test]
fn plateaus_reduce_the_learning_rate_as_in_keras() {
    for case in learning_rates("reductions").as_array().unwrap() {
        let mut model = tiny();
        let mut callback: ReduceLROnPlateau = made(&case["args"]).unwrap();
        let monitor = case["args"]["monitor"].as_str().unwrap_or("val_loss").to_string();
        let (mut rates, mut logged) = (Vec::new(), Vec::new());
        let (result, printed, _) = captured(|| {
            scripted(&mut model, &targets(), |run| {
                callback.on_train_begin(run)?;
                for (epoch, value) in case["values"].as_array().unwrap().iter().enumerate() {
                    let logs = [(monitor.clone(), number(value))].into_iter().collect();
                    callback.on_epoch_end(epoch, &logs, run)?;
                    rates.push(run.learning_rate()?);
                    logged.extend(run.course.logged.get("learning_rate"));
                }
                Ok(())
            })
        });
        result.unwrap();
        let what = case["args"].to_string();
        assert_rates(&rates, &case["rates"], &what);
        assert_rates(&logged, &case["logged"], &what);
        // The rates in the text differ in the last bits of a float32.
        let words = |text: &str| text.matches("ReduceLROnPlateau reducing").count();
        assert_eq!(words(&printed), words(case["printed"].as_str().unwrap()), "{what}");
    }
    let wrong = ReduceLROnPlateau::new().factor(1.0);
    let error = scripted(&mut tiny(), &targets(), |run| wrong.clone().on_train_begin(run));
    assert_eq!(error.unwrap_err().to_string(), "argument \"factor\" must be below 1, got 1");
}

#[test]
fn a_scheduler_sets_the_rate_of_each_epoch_as_in_keras() {
    let case = learning_rates("scheduled");
    let mut model = tiny();
    let (mut rates, mut logged) = (Vec::new(), Vec::new());
    let rule = |epoch: usize, rate: f64| if epoch % 2 == 1 { rate / 2.0 } else { rate };
    let mut callback = LearningRateScheduler::new(rule).verbose(1);
    let (result, printed, _) = captured(|| {
        scripted(&mut model, &targets(), |run| {
            for epoch in 0..5 {
                callback.on_epoch_begin(epoch, run)?;
                callback.on_epoch_end(epoch, &Logs::default(), run)?;
                rates.push(run.learning_rate()?);
                logged.extend(run.course.logged.get("learning_rate"));
            }
            Ok(())
        })
    });
    result.unwrap();
    assert_rates(&rates, &case["rates"], "scheduled");
    assert_rates(&logged, &case["logged"], "scheduled");
    assert_eq!(printed, case["printed"].as_str().unwrap());
}

#[test]
fn what_a_callback_logs_is_in_the_history() {
    let data = || ndarray::Array2::<f32>::zeros((2, 1));
    let fit = Fit::new().epochs(2).verbose(0).validation_data(data(), data());
    let reduce = ReduceLROnPlateau::new().monitor("loss");
    let mut seen = Vec::new();
    let behind = LambdaCallback::new().on_epoch_end(|_, logs, _| {
        seen.extend(logs.get("learning_rate"));
        Ok(())
    });
    let history = tiny().fit(data(), data(), fit.callback(reduce).callback(behind)).unwrap();
    let names: Vec<&str> = history.history.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(json!(names), learning_rates("recorded"));
    assert_eq!(history.get("learning_rate").unwrap(), seen);
}
