//! Digits squeezed through a few numbers and drawn again.
//!
//! `cargo run --release --example autoencoder -- [--epochs N] [--rows N] [--code N] [--out DIR]
//! [--seed N] [--json]`
mod common;

use ferras::datasets::mnist;
use ferras::plot::{self, Picture};
use ferras::prelude::*;
use ndarray::{Array4, Axis, s};
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    common::run(program)
}

/// What the command line asks for.
struct Arguments {
    epochs: usize,
    rows: usize,
    code: usize,
    out: PathBuf,
    seed: u64,
    json: bool,
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let out = "out/autoencoder".into();
    let mut all = Arguments { epochs: 10, rows: 60_000, code: 16, out, seed: 7, json: false };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        use lexopt::{Arg::Long, ValueExt};
        match argument {
            Long("epochs") => all.epochs = parser.value()?.parse()?,
            Long("rows") => all.rows = common::positive("--rows", parser.value()?.parse()?)?,
            Long("code") => all.code = parser.value()?.parse()?,
            Long("out") => all.out = parser.value()?.into(),
            Long("seed") => all.seed = parser.value()?.parse()?,
            Long("json") => all.json = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(all)
}

/// Two convolutions and a dense layer down to the code, and the same way back.
fn network(code: usize) -> Result<Model> {
    let conv = |filters, x: &SymbolicTensor| {
        Conv2D::new(filters, 3).padding("same").activation("relu").apply(x)
    };
    let image = Input::named("image", [28, 28, 1]);
    let x = MaxPooling2D::new().apply(conv(16, &image));
    let x = MaxPooling2D::new().apply(conv(8, &x));
    let code = Dense::new(code).name("code").apply(Flatten::new().apply(&x));
    let x = Dense::new(7 * 7 * 8).activation("relu").apply(&code);
    let x = Reshape::new([7, 7, 8]).apply(&x);
    let x = conv(16, &UpSampling2D::new().apply(&x));
    let x = conv(16, &UpSampling2D::new().apply(&x));
    let drawn = Conv2D::new(1, 3).padding("same").activation("sigmoid").name("drawn").apply(&x);
    let mut model = Model::new(&image, &drawn)?.with_name("autoencoder");
    model.compile(Compile::new().optimizer("adam").loss("binary_crossentropy").metrics(["mse"]))?;
    Ok(model)
}

fn program() -> Result<(), Box<dyn std::error::Error>> {
    const BATCH: usize = 128;
    let arguments = arguments()?;
    set_random_seed(arguments.seed);
    let ((x, _), (x_test, _)) = mnist::load_data_from(common::shipped("mnist.npz"))?;
    let scale = |x: ndarray::ArrayView3<u8>| x.mapv(|v| f32::from(v) / 255.0).insert_axis(Axis(3));
    let rows = arguments.rows.min(x.len_of(Axis(0)));
    let (x, x_test) = (scale(x.slice(s![..rows, .., ..])), scale(x_test.view()));

    let mut model = network(arguments.code)?;
    println!("{}", model.summary());
    let fit = Fit::new()
        .epochs(arguments.epochs)
        .batch_size(BATCH)
        .verbose(if arguments.json { 0 } else { 2 })
        .validation_data(&x_test, &x_test);
    let history = model.fit(&x, &x, fit)?;
    let scores = model.evaluate_with(&x_test, &x_test, Evaluate::new().verbose(0))?;
    let (loss, mse) = (scores.get("loss"), scores.get("mse").unwrap_or(f64::NAN));
    println!("test: mean squared error {mse:.5} of a pixel from 0 to 1");

    let given: Array4<f32> = x_test.slice(s![..12, .., .., ..]).to_owned();
    let drawn = model.predict(&given)?.to_array::<f32>().ok_or("the model gives float32")?;
    let drawn: Array4<f32> = drawn.into_dimensionality()?;
    std::fs::create_dir_all(&arguments.out)?;
    let rows = [("digit", pictures(&given)?), ("drawn again", pictures(&drawn)?)];
    let title = format!("Digits through {} numbers", arguments.code);
    plot::images(title, rows)?.save(arguments.out.join("digits.png"))?;
    plot::history(&history).save(arguments.out.join("history.png"))?;
    println!("pictures are in {}", arguments.out.display());
    if arguments.json {
        let reached = [("test_loss", loss.unwrap_or(f64::NAN)), ("test_mse", mse)];
        let steps = x.len_of(Axis(0)).div_ceil(BATCH);
        println!("{}", common::json_line("autoencoder", &history, steps, &reached));
    }
    Ok(())
}

fn pictures(digits: &Array4<f32>) -> Result<Vec<Picture>> {
    digits.outer_iter().map(|digit| Picture::in_range(&digit, 0.0, 1.0)).collect()
}
