//! A training that was killed at any moment and started again ends as one that was not: bit for
//! bit.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
use ferras::prelude::*;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

const EPOCHS: usize = 10;

/// A network with everything that could differ: shuffling, dropout, moving statistics, an
/// optimizer with slots and a schedule.
fn model() -> Model {
    // The seed is the whole program's, and tests run beside each other.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    set_random_seed(11);
    let mut model = Sequential::new()
        .add(Dense::new(16).activation("relu").input_dim(4))
        .add(BatchNormalization::new())
        .add(Dropout::new(0.4))
        .add(Dense::new(1).activation("sigmoid"));
    let compile =
        Compile::new().optimizer("adam").loss("binary_crossentropy").metrics(["accuracy"]);
    model.compile(compile).unwrap();
    model.into()
}

fn data() -> (Tensor, Tensor) {
    let number = |i: usize| ((i * 7919) % 2003) as f32 / 1001.5 - 1.0;
    let x = Tensor::new([100, 4], (0..400).map(number).collect()).unwrap();
    let y = (0..100).map(|i| f32::from(number(4 * i) + number(4 * i + 1) > 0.0)).collect();
    (x, Tensor::new([100, 1], y).unwrap())
}

/// Trains with backups and says so at each epoch; the last weights go into a file.
fn train(folder: &Path, every: Option<usize>, say: bool) -> Vec<Tensor> {
    let mut model = model();
    let (x, y) = data();
    let mut backup = BackupAndRestore::new(folder.join("backup").to_string_lossy());
    if let Some(steps) = every {
        backup = backup.save_freq(steps);
    }
    let mut pace = LambdaCallback::new();
    if say {
        pace = pace.on_train_batch_end(|_, _| {
            println!("step");
            std::thread::sleep(std::time::Duration::from_millis(1));
            Ok(())
        });
    }
    let fit = Fit::new().epochs(EPOCHS).batch_size(8).validation_split(0.1).verbose(0);
    model.fit(x, y, fit.callback(backup).callback(pace)).unwrap();
    model.save_weights(folder.join("end.npz")).unwrap();
    model.get_weights().unwrap()
}

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("ferras-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// The process that is killed: this test program, asked to train by the tests below.
#[test]
fn child() {
    let Ok(folder) = std::env::var("FERRAS_RESUME_FOLDER") else { return };
    let every = std::env::var("FERRAS_RESUME_EVERY").unwrap().parse().ok();
    train(Path::new(&folder), every, true);
}

/// Starts the child; kills it after so many steps, or lets it end.
fn run_child(folder: &Path, every: Option<usize>, steps: Option<usize>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env("FERRAS_RESUME_FOLDER", folder)
        .env("FERRAS_RESUME_EVERY", every.map_or("epoch".into(), |n| n.to_string()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = lines.map_while(|line| line.ok()).filter(|line| line.ends_with("step"));
    match steps {
        Some(steps) => {
            said.take(steps).for_each(drop);
            child.kill().unwrap();
            child.wait().unwrap();
        }
        None => {
            said.for_each(drop);
            assert!(child.wait().unwrap().success());
        }
    }
}

fn same_end(folder: &Path, expected: &[Tensor]) {
    let mut model = model();
    model.load_weights(folder.join("end.npz")).unwrap();
    assert_eq!(model.get_weights().unwrap(), expected);
}

#[test]
fn killed_twenty_times_at_any_moment_and_resumed_it_ends_the_same() {
    let whole = folder("whole");
    let expected = train(&whole, None, false);
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    for round in 0..20 {
        let folder = folder(&format!("killed-{round}"));
        // After epochs in one half of the rounds, after every few steps in the other.
        let every = (round % 2 == 1).then_some(5);
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        run_child(&folder, every, Some(1 + (random % 119) as usize));
        if round == 0 {
            // What a process leaves that is killed while it writes.
            std::fs::create_dir_all(folder.join("backup")).unwrap();
            std::fs::write(folder.join("backup/.latest.weights.h5.1-0.tmp"), "half").unwrap();
        }
        run_child(&folder, every, None);
        same_end(&folder, &expected);
        assert!(!folder.join("backup").exists(), "a training that ended well has no backup");
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::remove_dir_all(&whole).unwrap();
}

#[test]
fn ten_epochs_equal_five_saved_loaded_and_five_more() {
    let folder = folder("halves");
    let fit = || Fit::new().batch_size(8).verbose(0);
    let (x, y) = data();
    let mut whole = model();
    whole.fit(&x, &y, fit().epochs(10)).unwrap();
    for name in ["half.keras", "half.h5"] {
        let mut half = model();
        half.fit(&x, &y, fit().epochs(5)).unwrap();
        half.save(folder.join(name)).unwrap();
        let mut rest = Model::load(folder.join(name)).unwrap();
        rest.fit(&x, &y, fit().initial_epoch(5).epochs(10)).unwrap();
        assert_eq!(rest.get_weights().unwrap(), whole.get_weights().unwrap(), "{name}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_backup_that_cannot_be_read_is_told_and_the_one_before_it_is_used() {
    let folder = folder("damaged");
    let backup = folder.join("backup");
    std::fs::create_dir_all(&backup).unwrap();
    std::fs::write(backup.join("latest.weights.h5"), "nonsense").unwrap();
    let fit = |callback: BackupAndRestore| {
        let (x, y) = data();
        model().fit(x, y, Fit::new().verbose(0).callback(callback))
    };
    let callback = || BackupAndRestore::new(backup.to_string_lossy());
    let error = fit(callback()).unwrap_err().to_string();
    assert!(error.contains("latest.weights.h5: is none of the formats"), "{error}");
    std::fs::remove_file(backup.join("latest.weights.h5")).unwrap();
    fit(callback().double_checkpoint(true).delete_checkpoint(false)).unwrap();
    std::fs::copy(backup.join("latest.weights.h5"), backup.join("latest.weights.h5.bkp")).unwrap();
    std::fs::write(backup.join("latest.weights.h5"), "nonsense").unwrap();
    fit(callback()).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}
