//! Which customers leave their bank? A small network on 10,000 customers of three countries.
//!
//! `cargo run --release --example churn [-- --split] [--epochs N] [--seed N] [--data FILE] [--json]`
mod common;

use ferras::datasets::Table;
use ferras::plot;
use ferras::prelude::*;
use ferras::preprocessing::{
    LabelEncoder, OneHotEncoder, Split, StandardScaler, confusion_matrix, train_test_split,
};
use ndarray::{Array1, Array2, Axis, concatenate};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Samples of a step.
const BATCH: usize = 10;

fn main() -> ExitCode {
    common::run(program)
}

fn program() -> Result<(), Box<dyn std::error::Error>> {
    let (mut epochs, mut seed, mut split, mut json) = (100, 42, false, false);
    let mut data: PathBuf = common::shipped("Churn_Modelling.csv");
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        use lexopt::{Arg::Long, ValueExt};
        match argument {
            Long("epochs") => epochs = arguments.value()?.parse()?,
            Long("seed") => seed = arguments.value()?.parse()?,
            Long("data") => data = arguments.value()?.into(),
            Long("split") => split = true,
            Long("json") => json = true,
            other => return Err(other.unexpected().into()),
        }
    }

    set_random_seed(seed);
    let (x, y) = load(&data)?;
    let mut model = Sequential::new()
        .add(Dense::new(6).kernel_initializer("uniform").activation("relu").input_dim(11))
        .add(Dense::new(6).kernel_initializer("uniform").activation("relu"))
        .add(Dense::new(1).kernel_initializer("uniform").activation("sigmoid"));
    model.compile(
        Compile::new().optimizer("adam").loss("binary_crossentropy").metrics(["accuracy"]),
    )?;
    println!("{}", model.summary());

    let fit = Fit::new().epochs(epochs).batch_size(BATCH).verbose(if json { 0 } else { 2 });
    let (x_train, x_test, y_train, y_test) = match split {
        true => train_test_split((&x, &y), Split::new().test_size(0.2).random_state(0))?,
        false => (x.clone(), x, y.clone(), y),
    };
    // Means and deviations of the rows that are learnt from alone: the others are the future.
    let mut scaler = StandardScaler::new();
    let x_train = scaler.fit_transform(&x_train)?;
    let x_test = scaler.transform(&x_test)?;
    let fit = if split { fit.validation_data(&x_test, &y_test) } else { fit };
    let history = model.fit(&x_train, &y_train, fit)?;

    let scores = model.evaluate_with(&x_test, &y_test, Evaluate::new().verbose(0))?;
    let accuracy = scores.get("accuracy").unwrap_or(0.0);
    let chances = model.predict(&x_test)?.to_f64_vec();
    let predicted: Vec<i64> = chances.iter().map(|p| i64::from(*p > 0.5)).collect();
    common::save(plot::neurons(&model)?, "churn/neurons.png")?;
    common::save(plot::roc_curve(&y_test.to_vec(), &chances)?, "churn/roc.png")?;
    println!("\n{} accuracy: {:.2}%", if split { "test" } else { "training" }, accuracy * 100.0);
    println!("confusion matrix (rows: true, columns: predicted)");
    println!("{}", confusion_matrix(&y_test, &predicted)?);
    if json {
        let steps = x_train.nrows().div_ceil(BATCH);
        println!("{}", common::json_line("churn", &history, steps, &[("accuracy", accuracy)]));
    }
    Ok(())
}

/// The eleven features, and whether the customer left: country as one column for each but the
/// first, sex as a number, the others as they are.
fn load(path: &Path) -> Result<(Array2<f64>, Array1<i64>)> {
    let table = Table::read(path)?;
    let country = OneHotEncoder::new().drop("first").fit_transform(table.column("Geography")?)?;
    let sex = LabelEncoder::new().fit_transform(table.column("Gender")?)?;
    let sex = sex.mapv(|s| s as f64).insert_axis(Axis(1));
    let score = table.numbers(&["CreditScore"])?;
    let others = table.numbers(&[
        "Age",
        "Tenure",
        "Balance",
        "NumOfProducts",
        "HasCrCard",
        "IsActiveMember",
        "EstimatedSalary",
    ])?;
    let parts = [country.view(), score.view(), sex.view(), others.view()];
    let x = concatenate(Axis(1), &parts).map_err(|e| Error::Data(e.to_string()))?;
    Ok((x, table.number("Exited")?.mapv(|v| v as i64)))
}
