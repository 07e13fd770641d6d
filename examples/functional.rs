//! Networks that are no stack of layers: two branches, two heads, an Inception block.
//!
//! `cargo run --release --example functional -- [-m MODEL] [--epochs N] [--rows N] [--out DIR]
//! [--seed N] [--json]`; MODEL is `two_branch`, `multi_head`, `inception` or `all`.
mod common;

use ferras::datasets::mnist;
use ferras::plot;
use ferras::prelude::*;
use ndarray::{Array1, Array4, ArrayView3, Axis, s};
use std::path::PathBuf;
use std::process::ExitCode;

const MODELS: [&str; 3] = ["two_branch", "multi_head", "inception"];

fn main() -> ExitCode {
    common::run(program)
}

/// What the command line asks for.
struct Arguments {
    models: Vec<&'static str>,
    epochs: usize,
    rows: usize,
    out: PathBuf,
    seed: u64,
    json: bool,
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let (models, out) = (MODELS.to_vec(), "out/functional".into());
    let mut all = Arguments { models, epochs: 5, rows: 60_000, out, seed: 7, json: false };
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
            Long("rows") => all.rows = common::positive("--rows", parser.value()?.parse()?)?,
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
    let ((x, y), (x_test, y_test)) = mnist::load_data_from(common::shipped("mnist.npz"))?;
    let rows = arguments.rows.min(x.len_of(Axis(0)));
    let training = Digits::new(x.slice(s![..rows, .., ..]), y.slice(s![..rows]).to_owned());
    let test = Digits::new(x_test.view(), y_test);
    for model in &arguments.models {
        train(model, &training, &test, &arguments)?;
    }
    Ok(())
}

/// Pictures as numbers from 0 to 1, with the digit in each.
struct Digits {
    images: Array4<f32>,
    digits: Array1<u8>,
}

impl Digits {
    fn new(images: ArrayView3<u8>, digits: Array1<u8>) -> Digits {
        let images = images.mapv(|v| f32::from(v) / 255.0).insert_axis(Axis(3));
        Digits { images, digits }
    }

    /// What a network of this name is fed.
    fn inputs(&self, model: &str) -> Vec<Tensor> {
        let part = |rows| Tensor::from(self.images.slice(rows));
        match model {
            "two_branch" => vec![part(s![.., ..14, .., ..]), part(s![.., 14.., .., ..])],
            _ => vec![part(s![.., .., .., ..])],
        }
    }

    /// What it is to say: the digit, and with two heads also whether it has a closed loop.
    fn targets(&self, model: &str) -> Vec<Tensor> {
        let digit = Tensor::from(&self.digits);
        let has_loop = self.digits.mapv(|d| f32::from(u8::from(matches!(d, 0 | 6 | 8 | 9))));
        match model {
            "multi_head" => vec![digit, Tensor::from(&has_loop)],
            _ => vec![digit],
        }
    }
}

/// The upper and the lower half of a picture are looked at apart and judged together.
fn two_branch() -> Result<Model> {
    let look = |half: &SymbolicTensor| {
        let x = Conv2D::new(16, 3).padding("same").activation("relu").apply(half);
        let x = MaxPooling2D::new().apply(&x);
        let x = Conv2D::new(32, 3).padding("same").activation("relu").apply(&x);
        Flatten::new().apply(MaxPooling2D::new().apply(&x))
    };
    let (upper, lower) = (Input::named("upper", [14, 28, 1]), Input::named("lower", [14, 28, 1]));
    let both = Concatenate::new().apply([&look(&upper), &look(&lower)]);
    let x = Dense::new(64).activation("relu").apply(&both);
    Model::new([&upper, &lower], Dense::new(10).activation("softmax").name("digit").apply(&x))
}

/// One look, two questions: which digit, and does it have a closed loop?
fn multi_head() -> Result<Model> {
    let image = Input::named("image", [28, 28, 1]);
    let x = Conv2D::new(16, 3).activation("relu").apply(&image);
    let x = MaxPooling2D::new().apply(&x);
    let x = Conv2D::new(32, 3).activation("relu").apply(&x);
    let seen = Flatten::new().apply(MaxPooling2D::new().apply(&x));
    let digit = Dense::new(64).activation("relu").apply(&seen);
    let digit = Dense::new(10).activation("softmax").name("digit").apply(&digit);
    let looped = Dense::new(16).activation("relu").apply(&seen);
    let looped = Dense::new(1).activation("sigmoid").name("loop").apply(&looped);
    Model::new(&image, [&digit, &looped])
}

/// Windows of three sizes and a pool beside each other (Szegedy et al. 2014, figure 2b).
fn inception_block(x: &SymbolicTensor) -> SymbolicTensor {
    let conv = |filters, size: usize, x: &SymbolicTensor| {
        Conv2D::new(filters, size).padding("same").activation("relu").apply(x)
    };
    let one = conv(8, 1, x);
    let three = conv(16, 3, &conv(8, 1, x));
    let five = conv(8, 5, &conv(4, 1, x));
    let pool = MaxPooling2D::new().pool_size(3).strides(1).padding("same").apply(x);
    Concatenate::new().apply([&one, &three, &five, &conv(8, 1, &pool)])
}

fn inception() -> Result<Model> {
    let image = Input::named("image", [28, 28, 1]);
    let x = Conv2D::new(16, 3).activation("relu").apply(&image);
    let x = inception_block(&MaxPooling2D::new().apply(&x));
    let x = inception_block(&MaxPooling2D::new().apply(&x));
    let x = Dropout::new(0.3).apply(Flatten::new().apply(&x));
    Model::new(&image, Dense::new(10).activation("softmax").name("digit").apply(&x))
}

fn network(name: &str) -> Result<Model> {
    let compile = Compile::new().optimizer("adam");
    let digit = "sparse_categorical_crossentropy";
    let (mut model, compile) = match name {
        "two_branch" => (two_branch()?, compile.loss(digit).metrics(["accuracy"])),
        "inception" => (inception()?, compile.loss(digit).metrics(["accuracy"])),
        _ => {
            let compile = compile
                .loss_for("digit", digit)
                .loss_for("loop", "binary_crossentropy")
                .loss_weight_for("digit", 1.0)
                .loss_weight_for("loop", 0.3)
                .metrics_for("digit", ["accuracy"])
                .metrics_for("loop", ["accuracy"]);
            (multi_head()?, compile)
        }
    };
    model.compile(compile)?;
    Ok(model)
}

fn train(name: &str, training: &Digits, test: &Digits, arguments: &Arguments) -> Result<()> {
    const BATCH: usize = 128;
    set_random_seed(arguments.seed);
    let mut model = network(name)?;
    println!("{name}\n{}", model.summary());
    let (x_test, y_test) = (test.inputs(name), test.targets(name));
    let fit = Fit::new()
        .epochs(arguments.epochs)
        .batch_size(BATCH)
        .verbose(if arguments.json { 0 } else { 2 })
        .validation_data(&x_test, &y_test);
    let history = model.fit(training.inputs(name), training.targets(name), fit)?;
    let scores = model.evaluate_with(&x_test, &y_test, Evaluate::new().verbose(0))?;
    for (metric, value) in scores.iter() {
        println!("test {metric}: {value:.4}");
    }
    std::fs::create_dir_all(&arguments.out).map_err(Error::io("create", &arguments.out))?;
    plot::history(&history).save(arguments.out.join(format!("{name}.png")))?;
    let accuracy = scores.get("accuracy").or(scores.get("digit_accuracy")).unwrap_or(0.0);
    if arguments.json {
        let steps = training.digits.len().div_ceil(BATCH);
        println!("{}", common::json_line(name, &history, steps, &[("test_accuracy", accuracy)]));
    }
    Ok(())
}
