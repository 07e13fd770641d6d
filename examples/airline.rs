//! How many passengers will fly next month? A recurrent network reads the twelve months before, of the
//! years 1949 to 1960; it learns from the first eight years and is tested on the last four. Once it
//! reads numbers of passengers, once by how much they change.
//!
//! `cargo run --release --example airline [-- -m levels|changes|all] [--epochs N] [--months N]
//! [--seed N] [--data FILE] [--out DIR] [--json]`
mod common;

use ferras::data::{Pipeline, Timeseries, timeseries_dataset_from_array};
use ferras::datasets::Table;
use ferras::plot;
use ferras::prelude::*;
use ferras::preprocessing::StandardScaler;
use ndarray::{Array2, s};
use std::path::PathBuf;
use std::process::ExitCode;

const MODELS: [&str; 2] = ["levels", "changes"];
/// The share of the months to learn from.
const TRAIN: f64 = 2.0 / 3.0;
/// Windows of a step.
const BATCH: usize = 8;

fn main() -> ExitCode {
    common::run(program)
}

struct Arguments {
    models: Vec<&'static str>,
    epochs: usize,
    months: usize,
    seed: u64,
    data: PathBuf,
    out: PathBuf,
    json: bool,
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let mut all = Arguments {
        models: MODELS.to_vec(),
        epochs: 100,
        months: 12,
        seed: 7,
        data: common::shipped("airline-passengers.csv"),
        out: "out/airline".into(),
        json: false,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        use lexopt::{
            Arg::{Long, Short},
            ValueExt,
        };
        match argument {
            Short('m') | Long("model") => {
                all.models = common::chosen(&MODELS, &parser.value()?.string()?)?;
            }
            Long("epochs") => all.epochs = common::positive("--epochs", parser.value()?.parse()?)?,
            Long("months") => all.months = parser.value()?.parse()?,
            Long("seed") => all.seed = parser.value()?.parse()?,
            Long("data") => all.data = parser.value()?.into(),
            Long("out") => all.out = parser.value()?.into(),
            Long("json") => all.json = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(all)
}

fn program() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = arguments()?;
    let passengers = Table::read(&arguments.data)?.number("Passengers")?.to_vec();
    let split = (passengers.len() as f64 * TRAIN) as usize;
    let most = split.saturating_sub(2);
    if !(1..=most).contains(&arguments.months) {
        let found = arguments.months;
        return Err(format!("--months must be from 1 to {most}, got {found}").into());
    }
    let naive = rmse(&passengers[split..], &passengers[split - 1..]);
    println!("thousands of passengers off (root of the mean square), in the test months:");
    println!("{naive:.1} who guesses that a month is as the one before");
    for model in &arguments.models {
        learn(model, &passengers, split, naive, &arguments)?;
    }
    Ok(())
}

/// What the network reads of a month and the one before it.
fn seen(name: &str, [before, month]: [f64; 2]) -> f64 {
    if name == "changes" { (month / before).ln() } else { month }
}

/// The passengers that a prediction means.
fn meant(name: &str, before: f64, predicted: f64) -> f64 {
    if name == "changes" { before * predicted.exp() } else { predicted }
}

fn learn(
    name: &str,
    passengers: &[f64],
    split: usize,
    naive: f64,
    arguments: &Arguments,
) -> Result<()> {
    // The first month has none before it, so that the series begins with the second one.
    let pairs = passengers.windows(2).map(|pair| seen(name, [pair[0], pair[1]]));
    let series = Array2::from_shape_vec((passengers.len() - 1, 1), pairs.collect())
        .map_err(|e| Error::Data(e.to_string()))?;
    let learnt = series.slice(s![..split - 1, ..]);
    // The test months are the future: mean and deviation are those of the others.
    let mut scaler = StandardScaler::new();
    let learnt = scaler.fit_transform(&learnt)?;

    set_random_seed(arguments.seed);
    let months = arguments.months;
    let mut model =
        Sequential::new().add(Input::new([months, 1])).add(LSTM::new(32)).add(Dense::new(1));
    model.compile(Compile::new().optimizer(Adam::new().learning_rate(0.005)).loss("mse"))?;
    let options = Timeseries::new().batch_size(BATCH).shuffle(true).seed(arguments.seed);
    let fit = Fit::new().epochs(arguments.epochs).verbose(0);
    let history = model.fit_dataset(&mut windows(&learnt, months, options)?, fit)?;

    let mut all = windows(&scaler.transform(&series)?, months, Timeseries::new())?;
    let outputs = model.predict_dataset(&mut all, Predict::new().verbose(0))?;
    let first = months + 1; // the first month behind a window
    let predicted = outputs[0].to_f64_vec().into_iter().zip(&passengers[first - 1..]);
    let (scale, mean) = (scaler.scale()[0], scaler.mean()[0]);
    let predicted: Vec<f64> =
        predicted.map(|(p, &before)| meant(name, before, p * scale + mean)).collect();
    let (known, tested) = predicted.split_at(split - first);
    let train_rmse = rmse(&passengers[first..split], known);
    let test_rmse = rmse(&passengers[split..], tested);
    println!("{test_rmse:.1} the network that reads {name}; {train_rmse:.1} where it learnt");

    let folder = arguments.out.join(name);
    std::fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
    let parts = [("months it learnt from", first + 1, known), ("test months", split + 1, tested)];
    plot::forecast(passengers, &parts)?.save(folder.join("forecast.png"))?;
    plot::prediction_over_truth(&passengers[split..], tested)?.save(folder.join("test.png"))?;
    plot::metric(&history, "loss")?.save(folder.join("loss.png"))?;
    if arguments.json {
        let steps = (split - first).div_ceil(BATCH);
        let reached = [("train_rmse", train_rmse), ("test_rmse", test_rmse), ("naive_rmse", naive)];
        println!("{}", common::json_line(name, &history, steps, &reached));
    }
    Ok(())
}

/// Windows of so many months, and the month behind each.
fn windows(series: &Array2<f64>, months: usize, options: Timeseries) -> Result<Pipeline> {
    let before = series.slice(s![..series.nrows() - 1, ..]);
    timeseries_dataset_from_array(before, series.slice(s![months.., ..]), months, options)
}

fn rmse(truth: &[f64], predicted: &[f64]) -> f64 {
    let squares = truth.iter().zip(predicted).map(|(t, p)| (t - p).powi(2));
    (squares.sum::<f64>() / truth.len() as f64).sqrt()
}
