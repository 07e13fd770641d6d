//! How long the layers that change pictures take, in a pipeline as in training: one JSON line a layer,
//! milliseconds for 64 pictures of 32 × 32 × 3 and for one of 224 × 224 × 3.
//!
//! `cargo bench -p ferras --bench pictures [-- [--workers N] [--seconds S] [NAME…]]`; a NAME is the
//! beginning of a layer's name. `tools/peers/pictures_peer.py` does the same with Keras.
use ferras::data::{Batch, Dataset, Pipeline};
use ferras::layers::LayerRef;
use ferras::prelude::*;
use serde_json::{Value as Json, json};
use std::process::ExitCode;
use std::time::{Duration, Instant};

type Outcome<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The layers, for pictures of `side` by `side`; those of `tools/peers/pictures_peer.py`.
fn layers(side: usize) -> Vec<LayerRef> {
    vec![
        Rescaling::new(1.0 / 255.0).into(),
        Resizing::new(side / 2, side / 2).into(),
        Resizing::new(side / 2, side / 2).interpolation("bicubic").antialias(true).into(),
        CenterCrop::new(side - 4, side - 4).into(),
        RandomCrop::new(side - 4, side - 4).into(),
        RandomFlip::new().into(),
        RandomRotation::new(0.1).into(),
        RandomRotation::new(0.1).fill_mode("constant").into(),
        RandomTranslation::new(0.1, 0.1).into(),
        RandomZoom::new(0.2).into(),
        RandomShear::new().x_factor(0.2).y_factor(0.2).into(),
        RandomPerspective::new().into(),
        RandomElasticTransform::new().into(),
        RandomBrightness::new(0.2).into(),
        RandomContrast::new(0.2).into(),
        RandomHue::new(0.2).into(),
        RandomSaturation::new(0.4).into(),
        RandomColorJitter::new()
            .brightness_factor(0.2)
            .contrast_factor(0.2)
            .saturation_factor(0.4)
            .hue_factor(0.1)
            .into(),
        RandomColorDegeneration::new(0.5).into(),
        RandomGrayscale::new().into(),
        RandomInvert::new().into(),
        RandomPosterization::new(4.0).into(),
        RandomSharpness::new(0.5).into(),
        RandomGaussianBlur::new().into(),
        Solarization::new().into(),
        Equalization::new().into(),
        AutoContrast::new().into(),
        ContrastLimitedAdaptiveHistogramEqualization::new().into(),
        RandomErasing::new().into(),
        MixUp::new().into(),
        CutMix::new().into(),
        RandAugment::new().into(),
        AugMix::new().into(),
    ]
}

/// The same batch without end.
struct Same(Tensor);

impl Dataset for Same {
    fn batches(&mut self) -> Box<dyn Iterator<Item = Result<Batch>> + Send + '_> {
        let batch = || Batch { x: vec![(&self.0).into()], ..Batch::default() };
        Box::new(std::iter::repeat_with(move || Ok(batch())))
    }
}

/// What the command line asks for.
struct Arguments {
    workers: usize,
    seconds: f64,
    names: Vec<String>,
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let mut all = Arguments { workers: 2, seconds: 0.4, names: Vec::new() };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        use lexopt::{
            Arg::{Long, Value},
            ValueExt,
        };
        match argument {
            Long("workers") => all.workers = parser.value()?.parse()?,
            Long("seconds") => all.seconds = parser.value()?.parse()?,
            Value(name) => all.names.push(name.string()?),
            // Cargo's own.
            Long("bench") => {}
            other => return Err(other.unexpected()),
        }
    }
    Ok(all)
}

/// Pixels from 0 to 255.
fn pictures(batch: usize, side: usize) -> Outcome<Tensor> {
    let count = batch * side * side * 3;
    let values = (0..count).map(|i| (i as f64 * 0.618_034).fract() as f32 * 255.0).collect();
    Ok(Tensor::new([batch, side, side, 3], values)?)
}

/// Milliseconds a batch.
fn measured(layer: &LayerRef, x: Tensor, arguments: &Arguments) -> Outcome<f64> {
    let data = Pipeline::from_dataset(Same(x)).workers(arguments.workers);
    let mut data = data.map_layer(layer.clone(), 7);
    let mut batches = data.batches();
    // Compiled, and all threads at work.
    for _ in 0..3 * (arguments.workers + 1) {
        batches.next().transpose()?;
    }
    let (began, limit) = (Instant::now(), Duration::from_secs_f64(arguments.seconds));
    let mut count = 0;
    while count < 3 || began.elapsed() < limit {
        batches.next().transpose()?;
        count += 1;
    }
    Ok(began.elapsed().as_secs_f64() * 1e3 / f64::from(count))
}

fn program() -> Outcome<()> {
    let arguments = arguments()?;
    let mut seen: Vec<String> = Vec::new();
    for (small, large) in layers(32).into_iter().zip(layers(224)) {
        let name = small.class_name().to_string();
        let again = seen.iter().filter(|other| **other == name).count();
        seen.push(name.clone());
        if !arguments.names.is_empty() && !arguments.names.iter().any(|n| name.starts_with(n)) {
            continue;
        }
        let batch = measured(&small, pictures(64, 32)?, &arguments)?;
        let one = measured(&large, pictures(1, 224)?, &arguments)?;
        let round = |ms: f64| (ms * 1e4).round() / 1e4;
        let line: Json = json!({
            "layer": format!("{name}{}", if again > 0 { " 2" } else { "" }),
            "batch_ms": round(batch),
            "picture_ms": round(one),
        });
        println!("{line}");
    }
    Ok(())
}

fn main() -> ExitCode {
    match program() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
