//! What is in this picture? Four networks that learnt from ImageNet say which of its 1000 classes.
//!
//! `cargo run --release --example classify -- -m vgg|inception|resnet|mobilenet --image FILE
//! [--weights FILE] [--classes FILE] [--top N] [--out DIR] [--json]`
//!
//! Weights and the list of classes are fetched once, into `~/.ferras/models`, unless they are given.
mod common;

use ferras::applications::*;
use ferras::plot;
use ferras::prelude::*;
use ferras::preprocessing::image::{ImgToArray, LoadImg, img_to_array, load_img};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

const MODELS: [&str; 4] = ["vgg", "inception", "resnet", "mobilenet"];

fn main() -> ExitCode {
    common::run(program)
}

/// What the command line asks for.
struct Arguments {
    models: Vec<&'static str>,
    image: PathBuf,
    weights: Option<PathBuf>,
    classes: Option<PathBuf>,
    top: usize,
    out: PathBuf,
    json: bool,
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let (mut models, mut image) = (vec!["vgg"], None);
    let (mut weights, mut classes) = (None, None);
    let (mut top, mut out, mut json) = (5, PathBuf::from("out/classify"), false);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        use lexopt::{
            Arg::{Long, Short},
            ValueExt,
        };
        match argument {
            Short('m') | Long("model") => {
                models = common::chosen(&MODELS, &parser.value()?.string()?)?;
            }
            Long("image") => image = Some(PathBuf::from(parser.value()?)),
            Long("weights") => weights = Some(PathBuf::from(parser.value()?)),
            Long("classes") => classes = Some(PathBuf::from(parser.value()?)),
            Long("top") => top = parser.value()?.parse()?,
            Long("out") => out = parser.value()?.into(),
            Long("json") => json = true,
            other => return Err(other.unexpected()),
        }
    }
    let image = image.ok_or("say which picture: --image cat.jpg")?;
    if weights.is_some() && models.len() > 1 {
        return Err("--weights are of one network: say which with -m".into());
    }
    Ok(Arguments { models, image, weights, classes, top, out, json })
}

/// The side of a network's pictures, and what is done to their pixels.
fn picture_of(name: &str) -> (usize, Preprocessing) {
    match name {
        "inception" => (299, Preprocessing::Tf),
        "mobilenet" => (224, Preprocessing::Tf),
        _ => (224, Preprocessing::Caffe),
    }
}

fn network(name: &str, weights: Weights) -> Result<Model> {
    match name {
        "inception" => InceptionV3::new().weights(weights).build(),
        "resnet" => ResNet50::new().weights(weights).build(),
        "mobilenet" => MobileNet::new().weights(weights).build(),
        _ => VGG16::new().weights(weights).build(),
    }
}

fn program() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = arguments()?;
    for name in &arguments.models {
        classify(name, &arguments)?;
    }
    Ok(())
}

fn classify(name: &str, arguments: &Arguments) -> Result<()> {
    // First the picture: weights may be half a gigabyte to fetch.
    let (side, preprocessing) = picture_of(name);
    let img = load_img(&arguments.image, LoadImg::new().target_size((side, side)))?;
    let x = img_to_array(&img, ImgToArray::new())?.reshape([1, side, side, 3])?;
    let weights = arguments.weights.clone().map_or(Weights::ImageNet, Weights::File);
    let model = network(name, weights)?;
    let began = Instant::now();
    let scores = &model.predict_with(preprocessing.apply(&x)?, Predict::new().verbose(0))?[0];
    let seconds = began.elapsed().as_secs_f64();
    let found = named(scores, arguments)?;
    println!("{name}, {} parameters:", model.count_params());
    for class in &found {
        println!("{:6.2} %  {} ({})", 100.0 * class.score, class.name, class.id);
    }
    std::fs::create_dir_all(&arguments.out).map_err(Error::io("create", &arguments.out))?;
    let bars: Vec<f64> = found.iter().map(|class| f64::from(class.score)).collect();
    let names: Vec<&str> = found.iter().map(|class| class.name.as_str()).collect();
    let bars = plot::Series::new("score", &bars);
    let panel =
        plot::Panel::bars(bars).x_label(format!("1 to {}: {}", names.len(), names.join(", ")));
    let figure = plot::Figure::new(format!("What {name} sees")).panel(panel);
    figure.save(arguments.out.join(format!("{name}.png")))?;
    if arguments.json {
        let classes: Vec<_> =
            found.iter().map(|c| serde_json::json!([c.id, c.name, c.score])).collect();
        println!("{}", serde_json::json!({"model": name, "classes": classes, "seconds": seconds}));
    }
    Ok(())
}

/// The likeliest classes with their names.
fn named(scores: &Tensor, arguments: &Arguments) -> Result<Vec<ImageNetClass>> {
    let all = match &arguments.classes {
        Some(path) => decode_predictions_with(scores, arguments.top, Path::new(path))?,
        None => decode_predictions(scores, arguments.top)?,
    };
    Ok(all.into_iter().next().unwrap_or_default())
}
