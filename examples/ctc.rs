//! Reading digits written side by side: how many there are and where they stand is not told.
//!
//! `cargo run --release --example ctc -- [--epochs N] [--rows N] [--out DIR] [--seed N] [--json]`
mod common;

use ferras::datasets::mnist::{self, Digits};
use ferras::ops::{CtcDecode, ctc_decode};
use ferras::plot::{self, Picture};
use ferras::prelude::*;
use ferras::random::Generator;
use ndarray::{Array2, Array4, Axis, s};
use std::path::PathBuf;
use std::process::ExitCode;

/// Digits of a strip, at most.
const MOST: usize = 4;
/// Places of a strip: the time that the network reads along.
const WIDTH: usize = 112;
/// Steps that the network gives for a strip.
const STEPS: usize = WIDTH / 4;

fn main() -> ExitCode {
    common::run(program)
}

/// What the command line asks for.
struct Arguments {
    epochs: usize,
    rows: usize,
    out: PathBuf,
    seed: u64,
    json: bool,
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let mut all =
        Arguments { epochs: 6, rows: 20_000, out: "out/ctc".into(), seed: 7, json: false };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        use lexopt::{Arg::Long, ValueExt};
        match argument {
            Long("epochs") => all.epochs = parser.value()?.parse()?,
            Long("rows") => all.rows = common::positive("--rows", parser.value()?.parse()?)?,
            Long("out") => all.out = parser.value()?.into(),
            Long("seed") => all.seed = parser.value()?.parse()?,
            Long("json") => all.json = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(all)
}

/// Strips `(rows, WIDTH, 28, 1)`, the way they are read first, and their digits `(rows, MOST)`: 1
/// to 10 for the digits 0 to 9, and 0 behind the last one.
fn strips(
    (pictures, digits): &Digits,
    rows: usize,
    random: &mut Generator,
) -> (Array4<f32>, Array2<i32>) {
    let mut x = Array4::<f32>::zeros((rows, WIDTH, 28, 1));
    let mut y = Array2::<i32>::zeros((rows, MOST));
    for row in 0..rows {
        let count = 1 + random.below(MOST as u64) as usize;
        // Digits have a margin of some places, which may lie over each other.
        let mut at = random.below(1 + (WIDTH - 28 - (count - 1) * 22) as u64) as usize;
        for place in 0..count {
            let index = random.below(digits.len() as u64) as usize;
            for ((i, j), &ink) in pictures.index_axis(Axis(0), index).indexed_iter() {
                let pixel = &mut x[[row, at + j, i, 0]];
                *pixel = pixel.max(f32::from(ink) / 255.0);
            }
            y[[row, place]] = i32::from(digits[index]) + 1;
            let left = WIDTH - 28 - at - (count - 1 - place) * 22;
            at += 22 + random.below(1 + left.min(6) as u64) as usize;
            at = at.min(WIDTH - 28);
        }
    }
    (x, y)
}

/// Convolutions that halve both axes twice, then one along the strip: for each step a score for
/// each digit and for "nothing new".
fn network() -> Result<Model> {
    let conv = |filters, x: &SymbolicTensor| {
        Conv2D::new(filters, 3).padding("same").activation("relu").apply(x)
    };
    let strip = Input::named("strip", [WIDTH, 28, 1]);
    let x = MaxPooling2D::new().apply(conv(16, &strip));
    let x = MaxPooling2D::new().apply(conv(32, &x));
    let x = Reshape::new([STEPS as i64, 7 * 32]).apply(&x);
    let x = Conv1D::new(96, 5).padding("same").activation("relu").apply(&x);
    let x = Dropout::new(0.2).apply(&x);
    let logits = Dense::new(11).name("logits").apply(&x);
    let mut model = Model::new(&strip, &logits)?.with_name("reader");
    model.compile(Compile::new().optimizer("adam").loss("ctc"))?;
    Ok(model)
}

/// What is read of each strip, by a search over all that its steps may say.
fn read(model: &Model, x: &Array4<f32>) -> Result<Vec<Vec<i32>>> {
    let logits = model.predict(x)?;
    let lengths = vec![STEPS; x.len_of(Axis(0))];
    let search = CtcDecode::new().strategy("beam_search").beam_width(12);
    let (labels, _) = ctc_decode(&logits, &lengths, search)?;
    let labels = labels.as_slice::<i32>().unwrap_or_default();
    Ok(labels.chunks(STEPS).map(|row| row.iter().copied().filter(|l| *l > 0).collect()).collect())
}

fn program() -> Result<(), Box<dyn std::error::Error>> {
    const BATCH: usize = 64;
    let arguments = arguments()?;
    set_random_seed(arguments.seed);
    let (train, test) = mnist::load_data_from(common::shipped("mnist.npz"))?;
    let mut random = Generator::new(arguments.seed);
    let (x, y) = strips(&train, arguments.rows, &mut random);
    let (x_test, y_test) = strips(&test, (arguments.rows / 10).clamp(20, 2000), &mut random);

    let mut model = network()?;
    println!("{}", model.summary());
    let fit = Fit::new()
        .epochs(arguments.epochs)
        .batch_size(BATCH)
        .verbose(if arguments.json { 0 } else { 2 })
        .validation_data(&x_test, &y_test);
    let history = model.fit(&x, &y, fit)?;

    let found = read(&model, &x_test)?;
    let truth = y_test.outer_iter().map(|row| row.iter().copied().filter(|l| *l > 0).collect());
    let truth: Vec<Vec<i32>> = truth.collect();
    let right = found.iter().zip(&truth).filter(|(a, b)| a == b).count();
    let share = right as f64 / truth.len() as f64;
    println!("test: {:.2} % of the strips are read without a mistake", share * 100.0);

    std::fs::create_dir_all(&arguments.out)?;
    let pictures = x_test.slice(s![..8, .., .., ..]);
    let rows = pictures.outer_iter().zip(&found).map(|(strip, labels)| {
        // Upright again.
        let upright = strip.permuted_axes([1, 0, 2]).as_standard_layout().to_owned();
        let text: Vec<String> = labels.iter().map(|l| (l - 1).to_string()).collect();
        Ok((text.join(" "), vec![Picture::in_range(&upright, 0.0, 1.0)?]))
    });
    let rows = rows.collect::<Result<Vec<(String, Vec<Picture>)>>>()?;
    let rows = rows.iter().map(|(text, pictures)| (text.as_str(), pictures.clone()));
    plot::images("What is read", rows)?.save(arguments.out.join("strips.png"))?;
    plot::history(&history).save(arguments.out.join("history.png"))?;
    println!("pictures are in {}", arguments.out.display());
    if arguments.json {
        let loss = history.last("val_loss").unwrap_or(f64::NAN);
        let reached = [("test_loss", loss), ("test_accuracy", share)];
        let steps = x.len_of(Axis(0)).div_ceil(BATCH);
        println!("{}", common::json_line("ctc", &history, steps, &reached));
    }
    Ok(())
}
