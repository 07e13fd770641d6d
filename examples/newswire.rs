//! What is a newswire about? The eight topics of R8, a part of Reuters' newswires of 1987: from the
//! words that are in it, or from the mean of its words' embeddings.
//!
//! `cargo run --release --example newswire [-- -m bag|embedding|all] [--epochs N] [--words N]
//! [--data DIR] [--out DIR] [--seed N] [--json]`
mod common;

use ferras::plot;
use ferras::prelude::*;
use ferras::preprocessing::{LabelEncoder, Tokenizer, classification_report, confusion_matrix};
use ferras::utils::{PadSequences, argmax, pad_sequences};
use flate2::read::GzDecoder;
use ndarray::Array1;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const MODELS: [&str; 2] = ["bag", "embedding"];
/// Words of a text for the embedding: long texts are cut, short ones filled up.
const LENGTH: usize = 200;
/// Samples of a step.
const BATCH: usize = 64;

fn main() -> ExitCode {
    common::run(program)
}

struct Arguments {
    models: Vec<&'static str>,
    epochs: Option<usize>,
    words: usize,
    data: PathBuf,
    out: PathBuf,
    seed: u64,
    json: bool,
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let mut all = Arguments {
        models: vec!["bag"],
        epochs: None,
        words: 10_000,
        data: common::shipped(""),
        out: "out/newswire".into(),
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
                all.models = common::chosen(&MODELS, &parser.value()?.string()?)?;
            }
            Long("epochs") => all.epochs = Some(parser.value()?.parse()?),
            Long("words") => all.words = parser.value()?.parse()?,
            Long("data") => all.data = parser.value()?.into(),
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
    let (train, test) = (
        Newswires::read(&arguments.data.join("r8-train-all-terms.txt.gz"))?,
        Newswires::read(&arguments.data.join("r8-test-all-terms.txt.gz"))?,
    );
    for model in &arguments.models {
        learn(model, &train, &test, &arguments)?;
    }
    Ok(())
}

/// Texts, and the topic of each.
struct Newswires {
    texts: Vec<String>,
    topics: Vec<String>,
}

impl Newswires {
    /// A line for each: its topic, a tab, and its text. The first line says so.
    fn read(path: &Path) -> Result<Newswires> {
        let mut lines = String::new();
        let file = File::open(path).map_err(Error::io("read", path))?;
        GzDecoder::new(file).read_to_string(&mut lines).map_err(Error::io("read", path))?;
        let parted = |line: &str| line.split_once('\t').map(|(t, x)| (t.into(), x.into()));
        let both: Option<Vec<(String, String)>> = lines.lines().skip(1).map(parted).collect();
        let both = both.ok_or_else(|| Error::file(path, "has a line without a tab"))?;
        let (topics, texts) = both.into_iter().unzip();
        Ok(Newswires { texts, topics })
    }
}

fn learn(name: &str, train: &Newswires, test: &Newswires, arguments: &Arguments) -> Result<()> {
    set_random_seed(arguments.seed);
    let mut topics = LabelEncoder::new();
    let y_train = topics.fit_transform(&train.topics)?;
    let y_test = topics.transform(&test.topics)?;
    // The words of the test texts are the future: only those of the others are learnt.
    let mut tokenizer = Tokenizer::new().num_words(arguments.words).oov_token("?");
    tokenizer.fit_on_texts(&train.texts);
    let numbers = |texts: &[String]| -> Result<Tensor> {
        if name == "bag" {
            let table = tokenizer.texts_to_matrix(texts, "binary")?;
            return Ok(Tensor::from(&table.mapv(|v| v as u8)));
        }
        let sequences = tokenizer.texts_to_sequences(texts);
        pad_sequences(&sequences, PadSequences::new().maxlen(LENGTH).truncating("post"))
    };
    let (x_train, x_test) = (numbers(&train.texts)?, numbers(&test.texts)?);

    let mut model = network(name, arguments.words, topics.classes().len());
    let loss = "sparse_categorical_crossentropy";
    model.compile(Compile::new().optimizer("adam").loss(loss).metrics(["accuracy"]))?;
    println!("{name}\n{}", model.summary());
    let epochs = arguments.epochs.unwrap_or(if name == "bag" { 6 } else { 30 });
    let fit = Fit::new().epochs(epochs).batch_size(BATCH).validation_split(0.1);
    let fit = fit.verbose(if arguments.json { 0 } else { 2 });
    let history = model.fit(&x_train, &y_train, fit)?;

    let outputs = model.predict_with(&x_test, Predict::new().batch_size(256).verbose(0))?;
    let predicted = argmax(&outputs[0])?;
    let truth: Array1<usize> = y_test.mapv(|topic| topic as usize);
    let right = truth.iter().zip(&predicted).filter(|(t, p)| t == p).count();
    let accuracy = right as f64 / truth.len() as f64;
    println!("{:?}", topics.classes());
    println!("{}", classification_report(&truth, &predicted)?);
    println!("test accuracy {:.2}% of {} newswires", accuracy * 100.0, truth.len());
    let folder = arguments.out.join(name);
    std::fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
    plot::history(&history).save(folder.join("history.png"))?;
    let matrix = confusion_matrix(&truth, &predicted)?;
    plot::confusion_matrix(&matrix, topics.classes())?.save(folder.join("confusion.png"))?;
    println!("figures are in {}", folder.display());
    if arguments.json {
        let steps = (train.texts.len() * 9 / 10).div_ceil(BATCH);
        println!("{}", common::json_line(name, &history, steps, &[("test_accuracy", accuracy)]));
    }
    Ok(())
}

fn network(name: &str, words: usize, topics: usize) -> Sequential {
    let model = match name {
        "bag" => Sequential::new()
            .add(Dense::new(64).activation("relu").input_dim(words))
            .add(Dropout::new(0.5)),
        _ => Sequential::new()
            .add(Input::of([LENGTH], DType::I32))
            .add(Embedding::new(words, 64).mask_zero(true))
            .add(GlobalAveragePooling1D::new())
            .add(Dropout::new(0.3)),
    };
    model.add(Dense::new(topics).activation("softmax"))
}
