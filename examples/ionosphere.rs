//! Does the radar see structure in the ionosphere? 34 numbers of an echo, good or bad: a network
//! with batch normalization and dropout, stopped early.
//!
//! `cargo run --release --example ionosphere [-- --epochs N] [--seed N] [--data FILE] [--out DIR]
//! [--json]`
mod common;

use ferras::datasets::Table;
use ferras::plot;
use ferras::prelude::*;
use ferras::preprocessing::{LabelEncoder, Split, confusion_matrix, train_test_split};
use std::path::PathBuf;
use std::process::ExitCode;

/// Samples of a step.
const BATCH: usize = 32;

fn main() -> ExitCode {
    common::run(program)
}

fn program() -> Result<(), Box<dyn std::error::Error>> {
    let (mut epochs, mut seed, mut json) = (200, 7, false);
    let mut data: PathBuf = common::shipped("ionosphere.csv");
    let mut out = PathBuf::from("out/ionosphere");
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        use lexopt::{Arg::Long, ValueExt};
        match argument {
            Long("epochs") => epochs = arguments.value()?.parse()?,
            Long("seed") => seed = arguments.value()?.parse()?,
            Long("data") => data = arguments.value()?.into(),
            Long("out") => out = arguments.value()?.into(),
            Long("json") => json = true,
            other => return Err(other.unexpected().into()),
        }
    }

    set_random_seed(seed);
    let table = Table::read(data)?;
    let (class, numbers) = table.names().split_last().ok_or("the table has no columns")?;
    let x = table.numbers(numbers)?;
    let y = LabelEncoder::new().fit_transform(table.column(class)?)?;
    // A fifth to test with, and a fifth of the rest to know when to stop.
    let split = Split::new().test_size(0.2).random_state(0);
    let (x_rest, x_test, y_rest, y_test) = train_test_split((&x, &y), split.stratify(&y))?;
    let split = Split::new().test_size(0.2).random_state(0);
    let (x_train, x_val, y_train, y_val) =
        train_test_split((&x_rest, &y_rest), split.stratify(&y_rest))?;

    let mut model = Sequential::new()
        .add(BatchNormalization::new().input_dim(numbers.len()))
        .add(Dense::new(256).activation("relu"))
        .add(BatchNormalization::new())
        .add(Dropout::new(0.3))
        .add(Dense::new(256).activation("relu"))
        .add(BatchNormalization::new())
        .add(Dropout::new(0.3))
        .add(Dense::new(1).activation("sigmoid"));
    model.compile(
        Compile::new().optimizer("adam").loss("binary_crossentropy").metrics(["accuracy"]),
    )?;
    println!("{}", model.summary());
    let stop = EarlyStopping::new().patience(20).min_delta(0.001).restore_best_weights(true);
    let fit = Fit::new().epochs(epochs).batch_size(BATCH).verbose(if json { 0 } else { 2 });
    let fit = fit.validation_data(&x_val, &y_val).callback(stop);
    let history = model.fit(&x_train, &y_train, fit)?;

    let scores = model.evaluate_with(&x_test, &y_test, Evaluate::new().verbose(0))?;
    let accuracy = scores.get("accuracy").unwrap_or(0.0);
    let chances = model.predict(&x_test)?.to_f64_vec();
    let predicted: Vec<i64> = chances.iter().map(|p| i64::from(*p > 0.5)).collect();
    let matrix = confusion_matrix(&y_test, &predicted)?;
    println!("\nstopped after {} epochs", history.epoch.len());
    println!("test accuracy: {:.2}% of {} echoes", accuracy * 100.0, y_test.len());
    println!("confusion matrix (rows: true, columns: predicted)\n{matrix}");
    std::fs::create_dir_all(&out).map_err(Error::io("create", &out))?;
    plot::history(&history).save(out.join("history.png"))?;
    plot::roc_curve(&y_test.to_vec(), &chances)?.save(out.join("roc.png"))?;
    plot::confusion_matrix(&matrix, &["bad", "good"])?.save(out.join("confusion.png"))?;
    println!("figures are in {}", out.display());
    if json {
        let steps = x_train.nrows().div_ceil(BATCH);
        let reached = [("test_accuracy", accuracy)];
        println!("{}", common::json_line("ionosphere", &history, steps, &reached));
    }
    Ok(())
}
