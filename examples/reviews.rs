//! Which reviews of films are in favour? From text files to a model that takes texts as they are: a
//! folder of reviews, the splitting into words inside the model, a prediction service in the end.
//!
//! `cargo run --release --example reviews [-- --folder DIR] [--epochs N] [--batch-size N] [--words N]
//! [--length N] [--out DIR] [--seed N] [--json]`; DIR holds `train/neg`, `train/pos`, `test/neg` and
//! `test/pos` with a text a file, as `aclImdb` of Maas et al. does. By default it is a handful of
//! reviews, which shows how things go together. Keras' `imdb.npz` is written as such a folder first with
//! `--data FILE` and, unless it shall be fetched, `--word-index FILE`.
mod common;

use ferras::data::{
    Dataset, TextDataset, TextDatasetFromDirectory, text_dataset_from_directory,
    text_datasets_from_directory,
};
use ferras::datasets::imdb::{self, Reviews};
use ferras::plot;
use ferras::prelude::*;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Subfolders and classes: against, in favour.
const CLASSES: [&str; 2] = ["neg", "pos"];

fn main() -> ExitCode {
    common::run(program)
}

/// What the command line asks for.
struct Arguments {
    folder: PathBuf,
    epochs: usize,
    batch_size: usize,
    /// The most frequent words, which have a number of their own.
    words: usize,
    /// Words of a review that are read.
    length: usize,
    data: Option<PathBuf>,
    word_index: Option<PathBuf>,
    out: PathBuf,
    seed: u64,
    json: bool,
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let mut all = Arguments {
        folder: common::shipped("reviews"),
        epochs: 15,
        batch_size: 32,
        words: 10_000,
        length: 250,
        data: None,
        word_index: None,
        out: "out/reviews".into(),
        seed: 7,
        json: false,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        use lexopt::{Arg::Long, ValueExt};
        match argument {
            Long("folder") => all.folder = parser.value()?.into(),
            Long("epochs") => all.epochs = parser.value()?.parse()?,
            Long("batch-size") => all.batch_size = parser.value()?.parse()?,
            Long("words") => all.words = parser.value()?.parse()?,
            Long("length") => all.length = parser.value()?.parse()?,
            Long("data") => all.data = Some(parser.value()?.into()),
            Long("word-index") => all.word_index = Some(parser.value()?.into()),
            Long("out") => all.out = parser.value()?.into(),
            Long("seed") => all.seed = parser.value()?.parse()?,
            Long("json") => all.json = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(all)
}

fn program() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = arguments()?;
    if let Some(data) = &arguments.data {
        arguments.folder = arguments.out.join("texts");
        unpack(data, arguments.word_index.as_deref(), &arguments.folder)?;
    }
    learn(&arguments)?;
    Ok(())
}

fn learn(arguments: &Arguments) -> Result<()> {
    set_random_seed(arguments.seed);
    let options = TextDatasetFromDirectory::new()
        .label_mode("binary")
        .class_names(CLASSES)
        .batch_size(arguments.batch_size)
        .seed(arguments.seed);
    let (train, mut validation) = text_datasets_from_directory(
        arguments.folder.join("train"),
        options.clone().validation_split(0.2),
    )?;
    let mut test =
        text_dataset_from_directory(arguments.folder.join("test"), options.shuffle(false))?;

    let mut model = network(&train, arguments)?;
    println!("{}", model.summary());
    // Files are read while the network learns from the texts before.
    let mut train = train.into_pipeline().prefetch(4);
    let best = EarlyStopping::new().monitor("val_loss").patience(2).restore_best_weights(true);
    let fit = Fit::new()
        .epochs(arguments.epochs)
        .verbose(if arguments.json { 0 } else { 2 })
        .validation_dataset(&mut validation)
        .callback(best);
    let history = model.fit_dataset(&mut train, fit)?;

    let reached = model.evaluate_dataset(&mut test, Evaluate::new().verbose(0))?;
    let (loss, accuracy) =
        (reached.get("loss").unwrap_or(f64::NAN), reached.get("accuracy").unwrap_or(0.0));
    println!("test loss {loss:.4}, test accuracy {:.2}%", accuracy * 100.0);
    for text in ["A wonderful film, moving and very well played.", "Dull and far too long."] {
        println!("{:.3} {text}", model.predict([text])?.to_f64_vec()[0]);
    }

    std::fs::create_dir_all(&arguments.out).map_err(Error::io("create", &arguments.out))?;
    let file = arguments.out.join("reviews.keras");
    model.save(&file)?;
    plot::metric(&history, "accuracy")?.save(arguments.out.join("accuracy.png"))?;
    println!("wrote {0}; try it in a browser: ferras serve {0}", file.display());
    if arguments.json {
        let reached = [("test_accuracy", accuracy), ("test_loss", loss)];
        let steps = train.len().unwrap_or(1);
        println!("{}", common::json_line("reviews", &history, steps, &reached));
    }
    Ok(())
}

/// The mean of what the words of a text are worth. The words are learned from the texts and saved with
/// the model, which is given whole texts.
fn network(texts: &TextDataset, arguments: &Arguments) -> Result<Sequential> {
    let words = TextVectorization::new()
        .max_tokens(arguments.words)
        .output_sequence_length(arguments.length)
        .adapt(texts.texts()?)?;
    let mut model = Sequential::new()
        .add(Input::text([1]))
        .add(words)
        .add(Embedding::new(arguments.words, 16).mask_zero(true))
        .add(Dropout::new(0.2))
        .add(GlobalAveragePooling1D::new())
        .add(Dropout::new(0.2))
        .add(Dense::new(1).activation("sigmoid"));
    let compile = Compile::new().optimizer("adam").loss("binary_crossentropy");
    model.compile(compile.metrics(["accuracy"]))?;
    Ok(model)
}

/// Writes the reviews of Keras' file as texts, a file each, unless they are there.
fn unpack(data: &Path, word_index: Option<&Path>, folder: &Path) -> Result<()> {
    if folder.join("test").is_dir() {
        return Ok(());
    }
    let ranks = match word_index {
        Some(file) => imdb::get_word_index_from(file)?,
        None => imdb::get_word_index()?,
    };
    let words: HashMap<i64, &str> = ranks.iter().map(|(word, rank)| (*rank, &**word)).collect();
    let (train, test) = imdb::LoadData::new().path(data).start_char(None).index_from(0).load()?;
    write(&train, &words, &folder.join("train"))?;
    write(&test, &words, &folder.join("test"))
}

fn write((reviews, verdicts): &Reviews, words: &HashMap<i64, &str>, folder: &Path) -> Result<()> {
    for class in CLASSES {
        let folder = folder.join(class);
        std::fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
    }
    for (number, (review, verdict)) in reviews.iter().zip(verdicts).enumerate() {
        let known = review.iter().filter_map(|rank| words.get(rank).copied());
        let text = known.collect::<Vec<_>>().join(" ");
        let class = if *verdict == 1 { "pos" } else { "neg" };
        let path = folder.join(class).join(format!("{number}.txt"));
        std::fs::write(&path, text).map_err(Error::io("write", &path))?;
    }
    Ok(())
}
