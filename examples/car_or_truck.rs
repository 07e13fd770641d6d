//! Car or truck? 943 small photos to learn from: a convolutional network learns them by heart, then
//! dropout, then photos changed at random keep it from doing so.
//!
//! `cargo run --release --example car_or_truck [-- -m plain|dropout|augmented|all] [--epochs N]
//! [--batch-size N] [--seed N] [--workers N] [--data FILE] [--out DIR] [--json]`
mod common;

use common::photos::Photos;
use ferras::History;
use ferras::data::Flow;
use ferras::plot::{self, Figure, Panel, Series};
use ferras::prelude::*;
use ferras::preprocessing::confusion_matrix;
use ferras::preprocessing::image::ImageDataGenerator;
use std::path::PathBuf;
use std::process::ExitCode;

const MODELS: [&str; 3] = ["plain", "dropout", "augmented"];

fn main() -> ExitCode {
    common::run(program)
}

/// What the command line asks for.
struct Arguments {
    models: Vec<&'static str>,
    epochs: usize,
    batch_size: usize,
    workers: usize,
    seed: u64,
    data: PathBuf,
    out: PathBuf,
    json: bool,
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let mut all = Arguments {
        models: MODELS.to_vec(),
        epochs: 20,
        batch_size: 32,
        workers: 1,
        seed: 42,
        data: common::shipped("cars_and_trucks.npz"),
        out: "out/car_or_truck".into(),
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
            Long("batch-size") => all.batch_size = parser.value()?.parse()?,
            Long("workers") => all.workers = parser.value()?.parse()?,
            Long("seed") => all.seed = parser.value()?.parse()?,
            Long("data") => all.data = parser.value()?.into(),
            Long("out") => all.out = parser.value()?.into(),
            Long("json") => all.json = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(all)
}

/// Three blocks of one, two and three convolutions, each block with half as many rows and columns and
/// twice as many filters as the one before.
fn network(dropout: bool) -> Sequential {
    let mut model = Sequential::new().add(Input::new([32, 32, 3]));
    for (convolutions, filters, dropped) in [(1, 32, 0.2), (2, 64, 0.3), (3, 128, 0.4)] {
        for _ in 0..convolutions {
            let conv = Conv2D::new(filters, 3).padding("same").activation("relu");
            model = model.add(conv.kernel_initializer("he_uniform"));
        }
        model = model.add(MaxPooling2D::new());
        if dropout {
            model = model.add(Dropout::new(dropped));
        }
    }
    let hidden = Dense::new(128).activation("relu").kernel_initializer("he_uniform");
    model = model.add(Flatten::new()).add(hidden);
    if dropout {
        model = model.add(Dropout::new(0.5));
    }
    model.add(Dense::new(1).activation("sigmoid"))
}

fn program() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = arguments()?;
    let photos = Photos::load(&arguments.data)?;
    std::fs::create_dir_all(&arguments.out).map_err(Error::io("create", &arguments.out))?;
    let mut curves = Figure::new("Accuracy: with every step less is learnt by heart");
    for name in &arguments.models {
        let history = train(name, &photos, &arguments)?;
        let series = |name: &str, key: &str| Series::new(name, history.get(key).unwrap_or(&[]));
        let lines = [series("training", "accuracy"), series("test", "val_accuracy").dashed()];
        curves = curves.panel(Panel::lines(lines).title(*name).x_label("epoch"));
    }
    curves.save(arguments.out.join("curves.png"))?;
    if !arguments.json {
        println!("figures and models are in {}", arguments.out.display());
    }
    Ok(())
}

fn train(name: &str, photos: &Photos, arguments: &Arguments) -> Result<History> {
    set_random_seed(arguments.seed);
    let mut model = network(name != "plain");
    let compile = Compile::new().optimizer(Adam::new().learning_rate(1e-3));
    model.compile(compile.loss("binary_crossentropy").metrics(["accuracy"]))?;
    println!("{name}\n{}", model.summary());
    let to_scale = || ImageDataGenerator::new().rescale(1.0 / 255.0);
    let changed = match name {
        "augmented" => {
            to_scale().width_shift_range(0.1).height_shift_range(0.1).horizontal_flip(true)
        }
        _ => to_scale(),
    };
    let flow = Flow::new().batch_size(arguments.batch_size).seed(arguments.seed);
    let mut flow =
        changed.flow(&photos.x_train, &photos.y_train, flow.workers(arguments.workers))?;
    let x_test = photos.x_test_scaled()?;
    let fit = Fit::new()
        .epochs(arguments.epochs)
        .verbose(if arguments.json { 0 } else { 2 })
        .validation_data(&x_test, &photos.y_test);
    let history = model.fit_dataset(&mut flow, fit)?;

    let accuracy = history.last("val_accuracy").unwrap_or(0.0);
    let learnt = history.last("accuracy").unwrap_or(0.0);
    println!(
        "{name}: {:.1}% of the training photos, {:.1}% of the test photos",
        100.0 * learnt,
        100.0 * accuracy
    );
    model.save(arguments.out.join(format!("{name}.keras")))?;
    let truth: Vec<i64> = photos.y_test.to_f64_vec().iter().map(|v| *v as i64).collect();
    let predict = Predict::new().verbose(0);
    let chances = model.predict_with(&x_test, predict)?[0].to_f64_vec();
    let predicted: Vec<i64> = chances.iter().map(|p| i64::from(*p > 0.5)).collect();
    let matrix = confusion_matrix(&truth, &predicted)?;
    println!("rows: true, columns: predicted\n{matrix}");
    let confusion = arguments.out.join(format!("{name}_confusion.png"));
    plot::confusion_matrix(&matrix, &["car", "truck"])?.save(confusion)?;
    if arguments.json {
        let reached = [("train_accuracy", learnt), ("test_accuracy", accuracy)];
        let steps = photos.rows().div_ceil(arguments.batch_size);
        println!("{}", common::json_line(name, &history, steps, &reached));
    }
    Ok(history)
}
