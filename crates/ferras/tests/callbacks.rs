//! Callbacks in whole runs: the order of hooks, stopping, files.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, which clippy.toml does not know

mod common;

use common::{golden, list, text};
use ferras::prelude::*;
use serde_json::{Value as Json, json};

/// Notes every hook with its index and the names in its logs.
#[derive(Default)]
struct Recorder(Vec<Json>);

impl Recorder {
    fn note(&mut self, hook: &str, index: Option<usize>, logs: &Logs) -> Result<()> {
        let names: Vec<&str> = logs.iter().map(|(name, _)| name).collect();
        let mut row = json!({"hook": hook, "logs": names});
        if let Some(index) = index {
            row["index"] = json!(index);
        }
        self.0.push(row);
        Ok(())
    }
}

impl Callback for Recorder {
    fn on_train_begin(&mut self, _: &mut Run) -> Result<()> {
        self.note("on_train_begin", None, &Logs::default())
    }
    fn on_train_end(&mut self, history: &History, _: &mut Run) -> Result<()> {
        let logs = history.history.iter().map(|(name, values)| (name.clone(), values[0]));
        let mut sorted = Logs::default();
        logs.for_each(|(name, value)| sorted.set(&name, value));
        self.note("on_train_end", None, &sorted)
    }
    fn on_epoch_begin(&mut self, epoch: usize, _: &mut Run) -> Result<()> {
        self.note("on_epoch_begin", Some(epoch), &Logs::default())
    }
    fn on_epoch_end(&mut self, epoch: usize, logs: &Logs, _: &mut Run) -> Result<()> {
        self.note("on_epoch_end", Some(epoch), logs)
    }
    fn on_train_batch_begin(&mut self, batch: usize, _: &mut Run) -> Result<()> {
        self.note("on_train_batch_begin", Some(batch), &Logs::default())
    }
    fn on_train_batch_end(&mut self, batch: usize, run: &mut Run) -> Result<()> {
        self.note("on_train_batch_end", Some(batch), &run.logs()?)
    }
    fn on_test_begin(&mut self, _: &mut Run) -> Result<()> {
        self.note("on_test_begin", None, &Logs::default())
    }
    fn on_test_end(&mut self, logs: &Logs, _: &mut Run) -> Result<()> {
        self.note("on_test_end", None, logs)
    }
    fn on_test_batch_begin(&mut self, batch: usize, _: &mut Run) -> Result<()> {
        self.note("on_test_batch_begin", Some(batch), &Logs::default())
    }
    fn on_test_batch_end(&mut self, batch: usize, run: &mut Run) -> Result<()> {
        self.note("on_test_batch_end", Some(batch), &run.logs()?)
    }
    fn on_predict_begin(&mut self, _: &mut Run) -> Result<()> {
        self.note("on_predict_begin", None, &Logs::default())
    }
    fn on_predict_end(&mut self, _: &mut Run) -> Result<()> {
        self.note("on_predict_end", None, &Logs::default())
    }
    fn on_predict_batch_begin(&mut self, batch: usize, _: &mut Run) -> Result<()> {
        self.note("on_predict_batch_begin", Some(batch), &Logs::default())
    }
    fn on_predict_batch_end(&mut self, batch: usize, _: &mut Run) -> Result<()> {
        // Keras puts the outputs into the logs here; in Ferras `predict` alone returns them.
        self.note("on_predict_batch_end", Some(batch), &Logs::default())
    }
}

fn tiny() -> Result<Sequential> {
    let mut model = Sequential::new().add(Dense::new(1).use_bias(false).input_dim(1));
    model.compile(Compile::new().optimizer("sgd").loss("mse").metrics(["accuracy", "mae"]))?;
    Ok(model)
}

fn zeros(rows: usize) -> Tensor {
    Tensor::new([rows, 1], vec![0.0_f32; rows]).unwrap()
}

fn calls(expected: &Json) -> Vec<Json> {
    let mut rows = list(expected).to_vec();
    rows.iter_mut().filter(|row| row["logs"] == json!(["outputs"])).for_each(|row| {
        row["logs"] = json!([]);
    });
    rows
}

#[test]
fn hooks_come_in_the_order_of_keras() -> Result<()> {
    for case in list(&golden("callbacks")["hooks"]) {
        let (mut model, mut recorder) = (tiny()?.build()?, Recorder::default());
        let (x, y) = (zeros(4), zeros(4));
        match text(&case["method"]) {
            "fit" => {
                let fit = Fit::new().batch_size(2).epochs(2).verbose(0).validation_data(&x, &y);
                model.fit(&x, &y, fit.callback(&mut recorder))?;
            }
            "evaluate" => {
                let options = Evaluate::new().batch_size(2).verbose(0).callback(&mut recorder);
                model.evaluate_with(&x, &y, options)?;
            }
            _ => {
                let options = Predict::new().batch_size(2).verbose(0).callback(&mut recorder);
                model.predict_with(&x, options)?;
            }
        }
        assert_eq!(recorder.0, calls(&case["calls"]), "{}", case["method"]);
    }
    Ok(())
}

#[test]
fn stopping_in_an_epoch_ends_it_properly() -> Result<()> {
    let case = &golden("callbacks")["stop_in_the_middle"];
    let (mut model, mut recorder) = (tiny()?.build()?, Recorder::default());
    let stop = LambdaCallback::new().on_train_batch_end(|batch, run| {
        if batch == 1 {
            run.stop_training();
        }
        Ok(())
    });
    let (x, y) = (zeros(6), zeros(6));
    let fit = Fit::new().batch_size(2).epochs(3).verbose(0).validation_data(&x, &y);
    let history = model.fit(&x, &y, fit.callback(stop).callback(&mut recorder))?;
    assert_eq!(json!(history.epoch), case["epochs"]);
    let names: Vec<&str> = history.history.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(json!(names), case["history_keys"]);
    recorder.0.retain(|row| !text(&row["hook"]).contains("test"));
    assert_eq!(recorder.0, calls(&case["calls"]));
    Ok(())
}

#[test]
fn stopping_in_the_validation_ends_the_training() -> Result<()> {
    let mut model = tiny()?;
    struct Stop;
    impl Callback for Stop {
        fn on_test_batch_end(&mut self, _: usize, run: &mut Run) -> Result<()> {
            run.stop_training();
            Ok(())
        }
    }
    let fit = Fit::new().epochs(3).verbose(0).validation_data(zeros(6), zeros(6));
    assert_eq!(model.fit(zeros(6), zeros(6), fit.callback(Stop))?.epoch, [0]);
    Ok(())
}

#[test]
fn closures_see_the_run() -> Result<()> {
    let mut model = tiny()?;
    let mut seen = Vec::new();
    let callback = LambdaCallback::new()
        .on_train_begin(|run| run.set_learning_rate(0.5))
        .on_epoch_begin(|epoch, run| run.set_learning_rate(0.5 / (epoch + 1) as f64))
        .on_train_batch_begin(|_, run| run.logs().map(|_| ()))
        .on_epoch_end(|epoch, _, run| {
            seen.push((epoch, run.learning_rate()?, run.params().steps));
            Ok(())
        })
        .on_train_end(|history, _| {
            assert_eq!(history.epoch.len(), 2);
            Ok(())
        });
    model.fit(zeros(3), zeros(3), Fit::new().epochs(2).verbose(0).callback(callback))?;
    assert_eq!(seen, [(0, 0.5, Some(1)), (1, 0.25, Some(1))]);
    Ok(())
}

#[test]
fn the_best_weights_are_restored_and_saved() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("ferras-callbacks-{}", std::process::id()));
    let path = folder.join("best.npz");
    let mut model = tiny()?.build()?;
    model.set_weights(&[Tensor::new([1, 1], vec![0.5_f32])?])?;
    let x = Tensor::new([1, 1], vec![1.0_f32])?;
    // A learning rate of 3 overshoots from the first step on: the first epoch is the best.
    let rate = LambdaCallback::new().on_train_begin(|run| run.set_learning_rate(3.0));
    let mut first = None;
    let note = LambdaCallback::new().on_epoch_end(|epoch, _, run| {
        if epoch == 0 {
            first = Some(run.get_weights()?);
        }
        Ok(())
    });
    let mut stop = EarlyStopping::new().monitor("loss").patience(2).restore_best_weights(true);
    let save = ModelCheckpoint::to(path.display().to_string());
    let save = save.save_weights_only(true).save_best_only(true).monitor("loss");
    let fit = Fit::new().epochs(9).verbose(0).callback(rate).callback(note);
    let history = model.fit(&x, &x, fit.callback(&mut stop).callback(save))?;
    assert_eq!(history.epoch, [0, 1, 2]);
    assert_eq!((stop.stopped_epoch(), stop.best_epoch()), (Some(2), Some(0)));
    assert_eq!(Some(model.get_weights()?), first);
    model.set_weights(&[Tensor::new([1, 1], vec![7.0_f32])?])?;
    model.load_weights(&path)?;
    assert_eq!(Some(model.get_weights()?), first);
    let _ = std::fs::remove_dir_all(&folder);
    Ok(())
}

#[test]
fn weights_that_do_not_fit_are_refused() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("ferras-weights-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("w.npz");
    let net = |units| -> Result<Model> {
        let x = Input::new([3]);
        Model::new(&x, Dense::new(units).apply(&x))
    };
    net(2)?.save_weights(&path)?;
    let mut other = net(4)?;
    let before = other.get_weights()?;
    let error = other.load_weights(&path).unwrap_err().to_string();
    let expected = "holds \"dense/kernel\" of shape (3, 2), but the model's has shape (3, 4)";
    assert!(error.ends_with(expected), "{error}");
    assert_eq!(other.get_weights()?, before);
    let mut smaller = Sequential::new().add(Dense::new(2).use_bias(false).input_dim(3)).build()?;
    let error = smaller.load_weights(&path).unwrap_err().to_string();
    assert!(error.ends_with("holds weights the model does not have: dense/bias"), "{error}");
    let error = other.load_weights(folder.join("none.npz")).unwrap_err().to_string();
    assert!(error.starts_with("cannot read "), "{error}");
    let error = other.save_weights(folder.join("w.txt")).unwrap_err().to_string();
    assert!(error.contains("must end in \".weights.h5\""), "{error}");
    let _ = std::fs::remove_dir_all(&folder);
    Ok(())
}
