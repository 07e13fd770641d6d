//! Handwritten digits, from one hidden layer to LeNet: the nine networks of the tutorial.
//!
//! `cargo run --release --example mnist -- -m MODEL [--epochs N] [--batch-size N] [--data FILE]
//! [--out DIR] [--seed N] [--augment] [--workers N] [--json]`; MODEL is one of the names below, or
//! `all`. With `--augment` each digit is turned, moved and scaled a little, anew in each epoch, by N
//! threads of their own.
mod common;

use common::networks::mnist as network;
use ferras::callbacks::ModelCheckpoint;
use ferras::data::{Flow, ImageFlow};
use ferras::datasets::mnist;
use ferras::prelude::*;
use ferras::preprocessing::image::ImageDataGenerator;
use ferras::preprocessing::{classification_report, confusion_matrix};
use ferras::utils::{argmax, to_categorical};
use ferras::{plot, report::Report};
use ndarray::{Array1, Array2, ArrayD};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

const MODELS: [&str; 9] = [
    "mlp_one_layer",
    "mlp_two_layers",
    "mlp_two_layers_dropout",
    "conv_net",
    "conv_net_dropout",
    "conv_net_batch_norm",
    "conv_net_l1",
    "conv_net_l2",
    "le_net",
];

fn main() -> ExitCode {
    common::run(program)
}

/// What the command line asks for.
struct Arguments {
    models: Vec<&'static str>,
    epochs: usize,
    batch_size: usize,
    data: PathBuf,
    out: PathBuf,
    seed: u64,
    augment: bool,
    workers: usize,
    json: bool,
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let mut all = Arguments {
        models: vec!["conv_net"],
        epochs: 60,
        batch_size: 256,
        data: common::shipped("mnist.npz"),
        out: "out/mnist".into(),
        seed: 42,
        augment: false,
        workers: 1,
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
            Long("data") => all.data = parser.value()?.into(),
            Long("out") => all.out = parser.value()?.into(),
            Long("seed") => all.seed = parser.value()?.parse()?,
            Long("augment") => all.augment = true,
            Long("workers") => all.workers = parser.value()?.parse()?,
            Long("json") => all.json = true,
            other => return Err(other.unexpected()),
        }
    }
    if all.augment && all.models.iter().any(|name| name.starts_with("mlp")) {
        return Err("--augment is for networks that see pictures, not for mlp_…".into());
    }
    Ok(all)
}

fn program() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = arguments()?;
    let data = Digits::load(&arguments)?;
    for model in &arguments.models {
        train(model, &data, &arguments)?;
    }
    Ok(())
}

/// Pictures as numbers from 0 to 1, digits one-hot.
struct Digits {
    x_train: ArrayD<f32>,
    y_train: Array2<f32>,
    x_test: ArrayD<f32>,
    y_test: Array2<f32>,
    digits: Array1<usize>,
}

impl Digits {
    fn load(arguments: &Arguments) -> Result<Digits> {
        let ((x_train, y_train), (x_test, y_test)) = mnist::load_data_from(&arguments.data)?;
        let scale = |x: &ndarray::Array3<u8>| x.mapv(|v| f32::from(v) / 255.0).into_dyn();
        Ok(Digits {
            x_train: scale(&x_train),
            y_train: to_categorical(&y_train, 10)?,
            x_test: scale(&x_test),
            y_test: to_categorical(&y_test, 10)?,
            digits: y_test.mapv(usize::from),
        })
    }
}

/// A callback of this program's own: how long each epoch of training took, validation included.
#[derive(Default)]
struct TimeCallback {
    began: Option<Instant>,
    seconds: Vec<f64>,
}

impl Callback for TimeCallback {
    fn on_epoch_begin(&mut self, _epoch: usize, _run: &mut Run) -> Result<()> {
        self.began = Some(Instant::now());
        Ok(())
    }
    fn on_epoch_end(&mut self, _epoch: usize, _logs: &Logs, _run: &mut Run) -> Result<()> {
        self.seconds.extend(self.began.map(|began| began.elapsed().as_secs_f64()));
        Ok(())
    }
}

/// Batches of digits that are turned, moved and scaled a little, while the last ones are learnt.
fn augmented(x: &Tensor, y: &Array2<f32>, arguments: &Arguments) -> Result<ImageFlow> {
    let changed = ImageDataGenerator::new()
        .rotation_range(10.0)
        .width_shift_range(0.08)
        .height_shift_range(0.08)
        .zoom_range(0.1)
        .fill_mode("constant");
    let flow = Flow::new().batch_size(arguments.batch_size).seed(arguments.seed);
    changed.flow(x, y, flow.workers(arguments.workers))
}

fn train(name: &str, data: &Digits, arguments: &Arguments) -> Result<()> {
    set_random_seed(arguments.seed);
    let shaped = |x: &ArrayD<f32>| -> Result<Tensor> {
        let rows = x.shape()[0];
        let shape = if name.starts_with("mlp") { vec![rows, 784] } else { vec![rows, 28, 28, 1] };
        Ok(Tensor::from(x).reshape(shape)?)
    };
    let (x_train, x_test) = (shaped(&data.x_train)?, shaped(&data.x_test)?);
    let folder = arguments.out.join(name);
    std::fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;

    let mut model = network(name);
    model.compile(
        Compile::new().optimizer("adam").loss("categorical_crossentropy").metrics(["accuracy"]),
    )?;
    println!("{name}\n{}", model.summary());

    let mut times = TimeCallback::default();
    let best = ModelCheckpoint::new(format!("{}/best.keras", folder.display()))
        .monitor("val_accuracy")
        .save_best_only(true);
    let fit = Fit::new()
        .epochs(arguments.epochs)
        .verbose(if arguments.json { 0 } else { 1 })
        .validation_data(&x_test, &data.y_test)
        .callback(&mut times)
        .callback(best);
    let batch = arguments.batch_size;
    let history = match arguments.augment {
        true => model.fit_dataset(&mut augmented(&x_train, &data.y_train, arguments)?, fit)?,
        false => model.fit(&x_train, &data.y_train, fit.batch_size(batch))?,
    };

    let test = Evaluate::new().batch_size(batch).verbose(0);
    let test = model.evaluate_with(&x_test, &data.y_test, test)?;
    let (loss, accuracy) =
        (test.get("loss").unwrap_or(f64::NAN), test.get("accuracy").unwrap_or(0.0));
    let outputs = model.predict_with(&x_test, Predict::new().batch_size(batch).verbose(0))?;
    let predicted = argmax(&outputs[0])?;
    let scores = classification_report(&data.digits, &predicted)?;
    let matrix = confusion_matrix(&data.digits, &predicted)?;
    println!("{scores}\ntest loss {loss:.4}, test accuracy {:.2}%", accuracy * 100.0);

    let names: Vec<String> = (0..10).map(|d| d.to_string()).collect();
    plot::metric(&history, "accuracy")?.save(folder.join("accuracy.png"))?;
    plot::metric(&history, "loss")?.save(folder.join("loss.png"))?;
    plot::history(&history).save(folder.join("history.svg"))?;
    plot::epoch_times(&times.seconds).save(folder.join("seconds.png"))?;
    plot::confusion_matrix(&matrix, &names)?.save(folder.join("confusion.svg"))?;
    Report::new(format!("MNIST: {name}"))
        .result("test accuracy", accuracy)
        .result("test loss", loss)
        .setting("epochs", arguments.epochs.to_string())
        .setting("batch size", arguments.batch_size.to_string())
        .setting("seed", arguments.seed.to_string())
        .setting("optimizer", "adam")
        .figure(plot::history(&history))
        .figure(plot::epoch_times(&times.seconds))
        .summary(model.summary().to_string())
        .classification_report(&scores)
        .confusion_matrix(&matrix, &names)?
        .save(folder.join("report.html"))?;
    println!("report, figures and weights are in {}", folder.display());
    if arguments.json {
        let steps = data.y_train.nrows().div_ceil(arguments.batch_size);
        let reached = [("test_accuracy", accuracy), ("test_loss", loss)];
        println!("{}", common::json_line(name, &history, steps, &reached));
    }
    Ok(())
}
