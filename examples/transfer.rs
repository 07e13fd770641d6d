//! What was learnt elsewhere: SqueezeNet, trained on 1.2 million photos of ImageNet, tells cars from
//! trucks. First only a new head learns, then all of it a little; beside it the same network from scratch.
//!
//! `cargo run --release --example transfer [-- --epochs N] [--fine-epochs N] [--batch-size N] [--size N]
//! [--seed N] [--data FILE] [--weights FILE] [--out DIR] [--json]`
mod common;

use common::photos::Photos;
use ferras::History;
use ferras::applications::Preprocessing;
use ferras::plot::{Figure, Panel, Series};
use ferras::prelude::*;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    common::run(program)
}

/// What the command line asks for.
struct Arguments {
    epochs: usize,
    fine_epochs: usize,
    batch_size: usize,
    size: usize,
    seed: u64,
    data: PathBuf,
    weights: PathBuf,
    out: PathBuf,
    json: bool,
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let mut all = Arguments {
        epochs: 15,
        fine_epochs: 15,
        batch_size: 32,
        size: 96,
        seed: 42,
        data: common::shipped("cars_and_trucks.npz"),
        weights: common::shipped("squeezenet_notop.h5"),
        out: "out/transfer".into(),
        json: false,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        use lexopt::{Arg::Long, ValueExt};
        match argument {
            Long("epochs") => all.epochs = parser.value()?.parse()?,
            Long("fine-epochs") => all.fine_epochs = parser.value()?.parse()?,
            Long("batch-size") => all.batch_size = parser.value()?.parse()?,
            Long("size") => all.size = parser.value()?.parse()?,
            Long("seed") => all.seed = parser.value()?.parse()?,
            Long("data") => all.data = parser.value()?.into(),
            Long("weights") => all.weights = parser.value()?.into(),
            Long("out") => all.out = parser.value()?.into(),
            Long("json") => all.json = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(all)
}

/// SqueezeNet's block: few channels, then many with windows of two sizes.
fn fire(x: &SymbolicTensor, few: usize, many: usize) -> SymbolicTensor {
    let conv = |filters, size: usize| Conv2D::new(filters, size).padding("same").activation("relu");
    let x = conv(few, 1).apply(x);
    Concatenate::new().apply([&conv(many, 1).apply(&x), &conv(many, 3).apply(&x)])
}

/// SqueezeNet 1.1 (Iandola et al. 2016) below its classifier: 512 numbers a photo.
fn squeezenet(size: usize) -> Result<Model> {
    let pool = |x: &SymbolicTensor| MaxPooling2D::new().pool_size(3).strides(2).apply(x);
    let image = Input::new([size, size, 3]);
    let x = Conv2D::new(64, 3).strides(2).activation("relu").apply(&image);
    let x = fire(&fire(&pool(&x), 16, 64), 16, 64);
    let x = fire(&fire(&pool(&x), 32, 128), 32, 128);
    let x = fire(&fire(&pool(&x), 48, 192), 48, 192);
    let x = fire(&fire(&x, 64, 256), 64, 256);
    let base = Model::new(&image, GlobalAveragePooling2D::new().apply(&x))?;
    Ok(base.with_name("squeezenet"))
}

/// The base with a new head, for photos of 32 by 32 that are made larger first.
fn classifier(base: &Model, size: usize) -> Result<Sequential> {
    Sequential::new()
        .add(Input::new([32, 32, 3]))
        .add(Resizing::new(size, size))
        .add(base.layer()?)
        .add(Dropout::new(0.3))
        .add(Dense::new(1).activation("sigmoid").name("verdict"))
        .build()
}

/// Accuracy of training and of test, epoch by epoch.
#[derive(Default)]
struct Curves {
    training: Vec<f64>,
    test: Vec<f64>,
    seconds: Vec<f64>,
}

impl Curves {
    fn append(&mut self, history: &History) {
        self.training.extend(history.get("accuracy").unwrap_or_default());
        self.test.extend(history.get("val_accuracy").unwrap_or_default());
        self.seconds.extend(&history.seconds);
    }

    fn panel(&self, title: &str) -> Panel {
        let test = Series::new("test", &self.test).dashed();
        Panel::lines([Series::new("training", &self.training), test]).title(title).x_label("epoch")
    }

    fn last(&self) -> f64 {
        self.test.last().copied().unwrap_or(0.0)
    }
}

/// So many epochs at a learning rate.
fn learn(
    model: &mut Sequential,
    photos: &Photos,
    arguments: &Arguments,
    epochs: usize,
    rate: f64,
    curves: &mut Curves,
) -> Result<()> {
    let adam = Adam::new().learning_rate(rate);
    model.compile(
        Compile::new().optimizer(adam).loss("binary_crossentropy").metrics(["accuracy"]),
    )?;
    let fit = Fit::new()
        .epochs(epochs)
        .batch_size(arguments.batch_size)
        .verbose(if arguments.json { 0 } else { 2 })
        .validation_data(&photos.x_test, &photos.y_test);
    curves.append(&model.fit(&photos.x_train, &photos.y_train, fit)?);
    Ok(())
}

fn program() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = arguments()?;
    let mut photos = Photos::load(&arguments.data)?;
    // What the weights are used to: blue, green, red, each less its mean over ImageNet.
    photos.x_train = Preprocessing::Caffe.apply(&photos.x_train)?;
    photos.x_test = Preprocessing::Caffe.apply(&photos.x_test)?;
    let (epochs, fine) = (arguments.epochs, arguments.fine_epochs);

    set_random_seed(arguments.seed);
    let mut base = squeezenet(arguments.size)?;
    base.load_weights(&arguments.weights)?;
    let mut transferred = classifier(&base, arguments.size)?;
    transferred.set_layer_trainable("squeezenet", false)?;
    println!("{}", transferred.summary());
    let mut curves = Curves::default();
    println!("the head alone learns");
    learn(&mut transferred, &photos, &arguments, epochs, 1e-3, &mut curves)?;
    let frozen = curves.last();
    println!("all of it learns, in small steps");
    transferred.set_layer_trainable("squeezenet", true)?;
    learn(&mut transferred, &photos, &arguments, fine, 5e-5, &mut curves)?;

    // A rate at which it leaves guessing: with 1e-3 it does not.
    println!("the same network from scratch");
    set_random_seed(arguments.seed);
    let mut scratch = classifier(&squeezenet(arguments.size)?, arguments.size)?;
    let mut alone = Curves::default();
    learn(&mut scratch, &photos, &arguments, epochs + fine, 1e-4, &mut alone)?;

    let percent = |share: f64| 100.0 * share;
    println!("test accuracy: {:.1}% from scratch", percent(alone.last()));
    println!("{:.1}% with a new head, {:.1}% fine-tuned", percent(frozen), percent(curves.last()));
    std::fs::create_dir_all(&arguments.out).map_err(Error::io("create", &arguments.out))?;
    Figure::new("Accuracy: 1.2 million photos seen before, and none")
        .panel(curves.panel(&format!("new head, after {epochs} epochs fine-tuned")))
        .panel(alone.panel("from scratch"))
        .save(arguments.out.join("curves.png"))?;
    transferred.save(arguments.out.join("transfer.keras"))?;
    println!("figure and model are in {}", arguments.out.display());
    if arguments.json {
        let line = serde_json::json!({
            "model": "transfer",
            "scratch_accuracy": alone.last(),
            "frozen_accuracy": frozen,
            "test_accuracy": curves.last(),
            "gain": curves.last() - alone.last(),
            "seconds": curves.seconds.iter().sum::<f64>(),
        });
        println!("{line}");
    }
    Ok(())
}
