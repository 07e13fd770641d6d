//! The smallest network that learns something: exclusive or.
//!
//! `cargo run --release --example xor [-- --epochs N] [--seed N] [--json]`
mod common;

use ferras::prelude::*;
use std::process::ExitCode;

/// Where learning begins; another seed begins elsewhere, and may need more epochs.
const SEED: u64 = 7;

fn main() -> ExitCode {
    common::run(program)
}

fn program() -> Result<(), Box<dyn std::error::Error>> {
    let (mut epochs, mut seed, mut json) = (500, SEED, false);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        use lexopt::{Arg::Long, ValueExt};
        match argument {
            Long("epochs") => epochs = arguments.value()?.parse()?,
            Long("seed") => seed = arguments.value()?.parse()?,
            Long("json") => json = true,
            other => return Err(other.unexpected().into()),
        }
    }

    set_random_seed(seed);
    let x = [[0.0_f32, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let y = [[0.0_f32], [1.0], [1.0], [0.0]];

    let mut model = Sequential::new()
        .add(Dense::new(8).activation("relu").input_dim(2))
        .add(Dense::new(4).activation("relu"))
        .add(Dense::new(1).activation("sigmoid"));
    model.compile(
        Compile::new().optimizer("adam").loss("binary_crossentropy").metrics(["accuracy"]),
    )?;
    let fit = Fit::new().epochs(epochs).batch_size(1).verbose(if json { 0 } else { 2 });
    let history = model.fit(x, y, fit)?;

    let scores = model.evaluate_with(x, y, Evaluate::new().verbose(0))?;
    let accuracy = scores.get("accuracy").unwrap_or(0.0);
    println!("\naccuracy: {:.2}%", accuracy * 100.0);
    let probabilities = model.predict(x)?;
    for (inputs, p) in x.iter().zip(probabilities.to_f64_vec()) {
        println!("{} xor {} = {p:.4}", inputs[0], inputs[1]);
    }
    println!("{}", model.summary());
    common::save(ferras::plot::neurons(&model)?, "xor/neurons.png")?;
    if json {
        println!("{}", common::json_line("xor", &history, x.len(), &[("accuracy", accuracy)]));
    }
    Ok(())
}
