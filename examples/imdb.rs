//! Reviews of films: is one in favour? Recurrent networks that read 500 words, and a convolution.
//!
//! `cargo run --release --example imdb -- -m MODEL [--epochs N] [--batch-size N] [--steps N] [--rows N]
//! [--data FILE] [--out DIR] [--seed N] [--json]`; MODEL is one of the names below, or `all`. Without a
//! FILE (Keras' `imdb.npz`) it is fetched once.
mod common;

use ferras::datasets::imdb::{LoadData, Reviews};
use ferras::prelude::*;
use ferras::utils::{PadSequences, pad_sequences};
use ferras::{plot, report::Report};
use std::path::PathBuf;
use std::process::ExitCode;

const MODELS: [&str; 5] = ["lstm", "gru", "simple_rnn", "bidirectional", "conv1d"];
/// The most frequent words, which have a number of their own.
const WORDS: i64 = 10_000;

fn main() -> ExitCode {
    common::run(program)
}

/// What the command line asks for.
struct Arguments {
    models: Vec<&'static str>,
    epochs: usize,
    batch_size: usize,
    steps: usize,
    rows: usize,
    data: Option<PathBuf>,
    out: PathBuf,
    seed: u64,
    json: bool,
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let mut all = Arguments {
        models: vec!["lstm"],
        epochs: 6,
        batch_size: 128,
        steps: 500,
        rows: 25_000,
        data: None,
        out: "out/imdb".into(),
        seed: 7,
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
                let name = parser.value()?.string()?;
                all.models = common::chosen(&MODELS, &name)?;
            }
            Long("epochs") => all.epochs = parser.value()?.parse()?,
            Long("batch-size") => all.batch_size = parser.value()?.parse()?,
            Long("steps") => all.steps = parser.value()?.parse()?,
            Long("rows") => all.rows = common::positive("--rows", parser.value()?.parse()?)?,
            Long("data") => all.data = Some(parser.value()?.into()),
            Long("out") => all.out = parser.value()?.into(),
            Long("seed") => all.seed = parser.value()?.parse()?,
            Long("json") => all.json = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(all)
}

fn program() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = arguments()?;
    let mut data = LoadData::new().num_words(WORDS);
    if let Some(path) = &arguments.data {
        data = data.path(path);
    }
    let (train, test) = data.load()?;
    let (train, test) = (numbers(&train, &arguments)?, numbers(&test, &arguments)?);
    for model in &arguments.models {
        learn(model, &train, &test, &arguments)?;
    }
    Ok(())
}

/// The last words of each review, zeros in front of a shorter one; and what is to be said of it.
fn numbers((words, verdicts): &Reviews, arguments: &Arguments) -> Result<(Tensor, Tensor)> {
    let rows = arguments.rows.min(words.len());
    let x = pad_sequences(&words[..rows], PadSequences::new().maxlen(arguments.steps))?;
    let y: Vec<f32> = verdicts.iter().take(rows).map(|&verdict| verdict as f32).collect();
    Ok((x, Tensor::new([rows, 1], y)?))
}

/// The network of this name, for reviews of so many words.
fn network(name: &str, steps: usize) -> Sequential {
    let words = Sequential::new()
        .add(Input::of([steps], DType::I32))
        .add(Embedding::new(WORDS as usize, 32).name("words"));
    let read = match name {
        "gru" => words.add(GRU::new(32)),
        "simple_rnn" => words.add(SimpleRNN::new(32)),
        "bidirectional" => words.add(Bidirectional::new(LSTM::new(32))),
        "conv1d" => words
            .add(Conv1D::new(32, 7).activation("relu"))
            .add(MaxPooling1D::new().pool_size(5))
            .add(Conv1D::new(32, 7).activation("relu"))
            .add(GlobalMaxPooling1D::new()),
        _ => words.add(LSTM::new(32)),
    };
    read.add(Dense::new(1).activation("sigmoid"))
}

fn learn(
    name: &str,
    (x, y): &(Tensor, Tensor),
    (x_test, y_test): &(Tensor, Tensor),
    arguments: &Arguments,
) -> Result<()> {
    set_random_seed(arguments.seed);
    let folder = arguments.out.join(name);
    std::fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
    let mut model = network(name, arguments.steps);
    let compile = Compile::new().optimizer("adam").loss("binary_crossentropy");
    model.compile(compile.metrics(["accuracy"]))?;
    println!("{name}\n{}", model.summary());

    // A fifth of the reviews tells when the network begins to learn by heart.
    let best = EarlyStopping::new().monitor("val_accuracy").patience(2).restore_best_weights(true);
    let fit = Fit::new()
        .epochs(arguments.epochs)
        .batch_size(arguments.batch_size)
        .verbose(if arguments.json { 0 } else { 1 })
        .validation_split(0.2)
        .callback(best);
    let history = model.fit(x, y, fit)?;
    let test = Evaluate::new().batch_size(arguments.batch_size).verbose(0);
    let test = model.evaluate_with(x_test, y_test, test)?;
    let (loss, accuracy) =
        (test.get("loss").unwrap_or(f64::NAN), test.get("accuracy").unwrap_or(0.0));
    println!("test loss {loss:.4}, test accuracy {:.2}%", accuracy * 100.0);

    model.save(folder.join("model.keras"))?;
    plot::history(&history).save(folder.join("history.svg"))?;
    plot::metric(&history, "accuracy")?.save(folder.join("accuracy.png"))?;
    Report::new(format!("IMDB: {name}"))
        .result("test accuracy", accuracy)
        .result("test loss", loss)
        .setting("words of a review", arguments.steps.to_string())
        .setting("batch size", arguments.batch_size.to_string())
        .setting("seed", arguments.seed.to_string())
        .setting("optimizer", "adam")
        .figure(plot::history(&history))
        .summary(model.summary().to_string())
        .save(folder.join("report.html"))?;
    println!("report, figures and the model are in {}", folder.display());
    if arguments.json {
        let steps = (y.shape()[0] * 4 / 5).div_ceil(arguments.batch_size);
        let reached = [("test_accuracy", accuracy), ("test_loss", loss)];
        println!("{}", common::json_line(name, &history, steps, &reached));
    }
    Ok(())
}
