//! How many calories does a breakfast have? One neuron tells from sugar, fiber and protein, and its
//! weights can be read: calories a gram. A second network has a hidden layer.
//!
//! `cargo run --release --example cereals [-- -m neuron|hidden|all] [--epochs N] [--seed N]
//! [--data FILE] [--out DIR] [--json]`
mod common;

use ferras::datasets::Table;
use ferras::plot;
use ferras::prelude::*;
use ferras::preprocessing::{Split, train_test_split};
use ndarray::{Array1, Array2, Axis};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const MODELS: [&str; 2] = ["neuron", "hidden"];
const GRAMS: [&str; 3] = ["sugars", "fiber", "protein"];
/// Samples of a step.
const BATCH: usize = 8;

fn main() -> ExitCode {
    common::run(program)
}

struct Arguments {
    models: Vec<&'static str>,
    epochs: usize,
    seed: u64,
    data: PathBuf,
    out: PathBuf,
    json: bool,
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let mut all = Arguments {
        models: MODELS.to_vec(),
        epochs: 400,
        seed: 7,
        data: common::shipped("cereal.csv"),
        out: "out/cereals".into(),
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
            Long("epochs") => all.epochs = parser.value()?.parse()?,
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
    let (x, y) = load(&arguments.data)?;
    let split = Split::new().test_size(0.25).random_state(1);
    let (x_train, x_test, y_train, y_test) = train_test_split((&x, &y), split)?;
    std::fs::create_dir_all(&arguments.out).map_err(Error::io("create", &arguments.out))?;
    let middle = y_train.mean().unwrap_or(0.0);
    let guess = y_test.mapv(|v| (v - middle).abs()).mean().unwrap_or(0.0);
    println!("always guessing {middle:.0} kcal: {guess:.2} off on the test cereals");
    for name in &arguments.models {
        set_random_seed(arguments.seed);
        let mut model = network(name);
        model.compile(Compile::new().optimizer(Adam::new().learning_rate(0.1)).loss("mae"))?;
        let fit = Fit::new().epochs(arguments.epochs).batch_size(BATCH).verbose(0);
        let history = model.fit(&x_train, &y_train, fit.validation_data(&x_test, &y_test))?;
        let predicted = model.predict(&x_test)?.to_f64_vec();
        let off = y_test.iter().zip(&predicted).map(|(t, p)| (t - p).abs());
        let mae = off.sum::<f64>() / predicted.len() as f64;
        println!("{name}: {} parameters, {mae:.2} kcal off", model.count_params());
        if *name == "neuron" {
            let weights = model.get_weights()?;
            for (gram, kcal) in GRAMS.iter().zip(weights[0].to_f64_vec()) {
                println!("  {kcal:+.1} kcal a gram of {gram}");
            }
            println!("  {:+.1} kcal in any case", weights[1].to_f64_vec()[0]);
        }
        let figure = plot::prediction_over_truth(&y_test.to_vec(), &predicted)?;
        figure.save(arguments.out.join(format!("{name}.png")))?;
        plot::metric(&history, "loss")?.save(arguments.out.join(format!("{name}_loss.png")))?;
        if arguments.json {
            let steps = y_train.len().div_ceil(BATCH);
            let reached = [("test_mae", mae), ("guess_mae", guess)];
            println!("{}", common::json_line(name, &history, steps, &reached));
        }
    }
    Ok(())
}

fn network(name: &str) -> Sequential {
    match name {
        "neuron" => Sequential::new().add(Dense::new(1).input_dim(GRAMS.len())),
        _ => Sequential::new()
            .add(Dense::new(16).activation("relu").input_dim(GRAMS.len()))
            .add(Dense::new(1)),
    }
}

/// Grams of sugar, fiber and protein of a serving, and its calories; cereals with an unknown
/// amount, written as -1, are left out.
fn load(path: &Path) -> Result<(Array2<f64>, Array1<f64>)> {
    let table = Table::read(path)?;
    let (grams, calories) = (table.numbers(&GRAMS)?, table.number("calories")?);
    let known = grams.axis_iter(Axis(0)).map(|row| row.iter().all(|gram| *gram >= 0.0));
    let rows: Vec<usize> = known.enumerate().filter(|(_, known)| *known).map(|(i, _)| i).collect();
    Ok((grams.select(Axis(0), &rows), calories.select(Axis(0), &rows)))
}
