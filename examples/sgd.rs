//! A line is fitted by stochastic gradient descent, for eight learning rates and batch sizes side
//! by side, as a film.
//!
//! `cargo run --release --example sgd [-- --steps N] [--seed N] [--out DIR] [--json]`
mod common;

use ferras::plot::{Animation, Figure, Panel, Series};
use ferras::prelude::*;
use ferras::random::Generator;
use std::path::PathBuf;
use std::process::ExitCode;

/// Learning rate, samples of a step, samples in all.
const SETTINGS: [(f64, usize, usize); 8] = [
    (0.05, 32, 256),
    (0.05, 2, 256),
    (0.05, 128, 256),
    (0.02, 32, 256),
    (0.2, 32, 256),
    (1.0, 32, 256),
    (0.9, 4096, 8192),
    (0.99, 4096, 8192),
];
/// The line that the points scatter around, and how far.
const SLOPE: f64 = 1.0;
const HEIGHT: f64 = 0.0;
const SCATTER: f64 = 0.2;
/// So many of the points are drawn.
const SHOWN: usize = 64;

fn main() -> ExitCode {
    common::run(program)
}

fn program() -> Result<(), Box<dyn std::error::Error>> {
    let (mut steps, mut seed, mut json) = (60, 7, false);
    let mut out = PathBuf::from("out/sgd");
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        use lexopt::{Arg::Long, ValueExt};
        match argument {
            Long("steps") => steps = arguments.value()?.parse()?,
            Long("seed") => seed = arguments.value()?.parse()?,
            Long("out") => out = arguments.value()?.into(),
            Long("json") => json = true,
            other => return Err(other.unexpected().into()),
        }
    }

    let mut runs = Vec::new();
    for (rate, batch, samples) in SETTINGS {
        let run = Descent::run(rate, batch, samples, steps, seed)?;
        let [slope, height, loss] = run.after[steps];
        println!(
            "rate {rate}, {batch} of {samples}: loss {loss:.4}, y = {slope:.3} x {height:+.3}"
        );
        if json {
            let line = serde_json::json!({
                "model": format!("sgd_{rate}_{batch}_{samples}"),
                "steps": steps, "loss": loss, "slope": slope, "height": height,
            });
            println!("{line}");
        }
        runs.push(run);
    }
    let frame = |step: usize| {
        let page =
            Figure::new(format!("Stochastic gradient descent, step {step}")).size(1000, 1480);
        runs.iter().fold(page, |page, run| page.panel(run.panel(step)))
    };
    std::fs::create_dir_all(&out).map_err(Error::io("create", &out))?;
    Animation::new((0..=steps).map(frame)).seconds(0.15).hold(2.0).save(out.join("sgd.svg"))?;
    frame(steps).save(out.join("last.png"))?;
    println!("the film is {}", out.join("sgd.svg").display());
    Ok(())
}

/// The course of one descent.
struct Descent {
    title: String,
    x: Vec<f64>,
    y: Vec<f64>,
    /// Slope, height and loss over all points, before the first step and after each.
    after: Vec<[f64; 3]>,
}

impl Descent {
    fn run(rate: f64, batch: usize, samples: usize, steps: usize, seed: u64) -> Result<Descent> {
        set_random_seed(seed);
        let mut random = Generator::new(seed);
        let x: Vec<f64> = (0..samples).map(|_| 2.0 * random.next_f64() - 1.0).collect();
        let y: Vec<f64> =
            x.iter().map(|x| SLOPE * x + HEIGHT + SCATTER * random.normal()).collect();
        let start = Dense::new(1)
            .kernel_initializer(Constant::new().value(-0.8))
            .bias_initializer(Constant::new().value(0.8));
        let mut model = Sequential::new().add(start.input_dim(1));
        model.compile(Compile::new().optimizer(SGD::new().learning_rate(rate)).loss("mse"))?;
        let title = format!("rate {rate}, {batch} of {samples} points a step");
        let mut descent = Descent { title, x, y, after: Vec::new() };
        descent.note(&model)?;
        let mut order: Vec<usize> = Vec::new();
        for _ in 0..steps {
            if order.len() < batch {
                order = (0..samples).collect();
                random.shuffle(&mut order);
            }
            let picked = order.split_off(order.len() - batch);
            let part = |all: &[f64]| picked.iter().map(|i| [all[*i]]).collect::<Vec<_>>();
            model.train_on_batch(part(&descent.x), part(&descent.y))?;
            descent.note(&model)?;
        }
        Ok(descent)
    }

    fn note(&mut self, model: &Model) -> Result<()> {
        let weights = model.get_weights()?;
        let (slope, height) = (weights[0].to_f64_vec()[0], weights[1].to_f64_vec()[0]);
        let squares = self.x.iter().zip(&self.y).map(|(x, y)| (slope * x + height - y).powi(2));
        let loss = squares.sum::<f64>() / self.x.len() as f64;
        self.after.push([slope, height, loss]);
        Ok(())
    }

    fn panel(&self, step: usize) -> Panel {
        let [slope, height, loss] = self.after[step];
        let (x, y) = (&self.x[..SHOWN], &self.y[..SHOWN]);
        let points = Series::new("points", y).over(x).dots().stated("");
        // The line within the frame of the points, so that the axes stay where they are.
        let ends_of = |values: &[f64]| {
            values.iter().fold([f64::MAX, f64::MIN], |[a, b], v| [a.min(*v), b.max(*v)])
        };
        let ([left, right], [low, high]) = (ends_of(x), ends_of(y));
        let inside: Vec<f64> = (0..=400)
            .map(|i| left + (right - left) * f64::from(i) / 400.0)
            .filter(|x| (low..=high).contains(&(slope * x + height)))
            .collect();
        let ends: Vec<f64> = inside.first().into_iter().chain(inside.last()).copied().collect();
        let heights: Vec<f64> = ends.iter().map(|x| slope * x + height).collect();
        let line = Series::new("line", &heights).over(&ends).stated(format!("loss {loss:.4}"));
        Panel::lines([points, line]).title(&self.title)
    }
}
