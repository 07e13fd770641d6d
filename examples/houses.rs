//! What does a house cost? Regression on the houses of Boston or California, judged by k-fold
//! validation: few rows, so each of them is kept apart once.
//!
//! `cargo run --release --example houses [-- -d boston|california|all] [--folds K] [--epochs N]
//! [--out DIR] [--seed N] [--json]`
mod common;

use ferras::datasets::{boston_housing, california_housing};
use ferras::plot::{self, Figure, Panel, Series};
use ferras::prelude::*;
use ferras::preprocessing::StandardScaler;
use ndarray::{Array1, Array2, Axis, concatenate, s};
use std::path::PathBuf;
use std::process::ExitCode;

const SETS: [&str; 2] = ["boston", "california"];

fn main() -> ExitCode {
    common::run(program)
}

struct Arguments {
    sets: Vec<&'static str>,
    folds: usize,
    epochs: Option<usize>,
    out: PathBuf,
    seed: u64,
    json: bool,
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let mut all = Arguments {
        sets: vec!["boston"],
        folds: 4,
        epochs: None,
        out: "out/houses".into(),
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
            Short('d') | Long("data") => {
                all.sets = common::chosen(&SETS, &parser.value()?.string()?)?;
            }
            Long("folds") => all.folds = parser.value()?.parse()?,
            Long("epochs") => all.epochs = Some(parser.value()?.parse()?),
            Long("out") => all.out = parser.value()?.into(),
            Long("seed") => all.seed = parser.value()?.parse()?,
            Long("json") => all.json = true,
            other => return Err(other.unexpected()),
        }
    }
    if all.folds < 2 {
        return Err(format!("--folds must be at least 2, got {}", all.folds).into());
    }
    Ok(all)
}

fn program() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = arguments()?;
    for set in &arguments.sets {
        Houses::load(set)?.learn(&arguments)?;
    }
    Ok(())
}

/// Attributes and prices, in thousands of dollars, of houses to learn from and to test with.
struct Houses {
    name: &'static str,
    train: (Array2<f64>, Array1<f64>),
    test: (Array2<f64>, Array1<f64>),
    epochs: usize,
    batch: usize,
}

impl Houses {
    fn load(name: &'static str) -> Result<Houses> {
        if name == "boston" {
            let load = boston_housing::LoadData::new().path(common::shipped("boston_housing.npz"));
            let (train, test) = load.load()?;
            return Ok(Houses { name, train, test, epochs: 200, batch: 16 });
        }
        let file = common::shipped("california_housing.npz");
        let (train, test) = california_housing::LoadData::new().path(file).load()?;
        let wide = |(x, y): (Array2<f32>, Array1<f32>)| {
            (x.mapv(f64::from), y.mapv(|dollars| f64::from(dollars) / 1000.0))
        };
        Ok(Houses { name, train: wide(train), test: wide(test), epochs: 100, batch: 128 })
    }

    fn network(&self) -> Result<Sequential> {
        let mut model = Sequential::new()
            .add(Dense::new(64).activation("relu").input_dim(self.train.0.ncols()))
            .add(Dense::new(64).activation("relu"))
            .add(Dense::new(1));
        model.compile(Compile::new().optimizer("adam").loss("mse").metrics(["mae"]))?;
        Ok(model)
    }

    /// Finds out by k-fold validation how many epochs are best, learns from all rows for as many,
    /// and tests once.
    fn learn(&self, arguments: &Arguments) -> Result<()> {
        let epochs = arguments.epochs.unwrap_or(self.epochs);
        println!("{}\n{}", self.name, self.network()?.summary());
        let mut curves = Vec::new();
        for fold in 0..arguments.folds {
            set_random_seed(arguments.seed + fold as u64);
            let curve = self.fold(fold, arguments.folds, epochs)?;
            println!("fold {}: {:.3} at the end", fold + 1, curve[epochs - 1]);
            curves.push(curve);
        }
        let mean: Vec<f64> = (0..epochs)
            .map(|epoch| curves.iter().map(|c| c[epoch]).sum::<f64>() / curves.len() as f64)
            .collect();
        let best = (0..epochs).min_by(|a, b| mean[*a].total_cmp(&mean[*b])).unwrap_or(0);
        println!("the error of the folds is least after {} epochs: {:.3}", best + 1, mean[best]);
        let folder = arguments.out.join(self.name);
        std::fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
        self.curves(&curves, &mean, best).save(folder.join("folds.png"))?;

        set_random_seed(arguments.seed);
        let (scaled, test) = scale(&self.train.0, &self.test.0)?;
        let mut model = self.network()?;
        let fit = Fit::new().epochs(best + 1).batch_size(self.batch).verbose(0);
        let history = model.fit(&scaled, &self.train.1, fit)?;
        let predicted = model.predict(&test)?.to_f64_vec();
        let truth = self.test.1.to_vec();
        let far: f64 = truth.iter().zip(&predicted).map(|(t, p)| (t - p).abs()).sum();
        let mae = far / truth.len() as f64;
        let middle = self.train.1.mean().unwrap_or(0.0);
        let guess = truth.iter().map(|t| (t - middle).abs()).sum::<f64>() / truth.len() as f64;
        println!("test: {mae:.3} thousand dollars off; always guessing the mean: {guess:.3}");
        plot::prediction_over_truth(&truth, &predicted)?.save(folder.join("test.png"))?;
        println!("figures are in {}", folder.display());
        if arguments.json {
            let steps = self.train.0.nrows().div_ceil(self.batch);
            let reached = [("folds_mae", mean[best]), ("test_mae", mae), ("guess_mae", guess)];
            println!("{}", common::json_line(self.name, &history, steps, &reached));
        }
        Ok(())
    }

    /// The mean absolute error of the rows of one fold after each epoch on all other rows.
    fn fold(&self, fold: usize, folds: usize, epochs: usize) -> Result<Vec<f64>> {
        let (x, y) = &self.train;
        let (from, to) = (y.len() * fold / folds, y.len() * (fold + 1) / folds);
        let joined = |e: ndarray::ShapeError| Error::Data(e.to_string());
        let before_and_after = [x.slice(s![..from, ..]), x.slice(s![to.., ..])];
        let x_rest = concatenate(Axis(0), &before_and_after).map_err(joined)?;
        let before_and_after = [y.slice(s![..from]), y.slice(s![to..])];
        let y_rest = concatenate(Axis(0), &before_and_after).map_err(joined)?;
        // Scaled by the rows that are learnt from: the fold must stay unseen in every way.
        let (x_rest, x_fold) = scale(&x_rest, &x.slice(s![from..to, ..]).to_owned())?;
        let fit = Fit::new().epochs(epochs).batch_size(self.batch).verbose(0);
        let fit = fit.validation_data(&x_fold, y.slice(s![from..to]));
        let history = self.network()?.fit(&x_rest, &y_rest, fit)?;
        let curve = history.get("val_mae").map(<[f64]>::to_vec);
        curve.ok_or_else(|| Error::Data("no epoch was run".to_string()))
    }

    fn curves(&self, folds: &[Vec<f64>], mean: &[f64], best: usize) -> Figure {
        let all = Series::new("mean", mean).mark(best, format!("least, epoch {}", best + 1));
        let one =
            |(i, curve): (usize, &Vec<f64>)| Series::new(format!("fold {}", i + 1), curve).dashed();
        let lines = std::iter::once(all).chain(folds.iter().enumerate().map(one));
        let panel = Panel::lines(lines).x_label("epoch").y_label("thousand dollars");
        Figure::new(format!("Mean absolute error of each fold: {}", self.name)).panel(panel)
    }
}

/// Both tables with the means and deviations of the first.
fn scale(learn: &Array2<f64>, judge: &Array2<f64>) -> Result<(Array2<f64>, Array2<f64>)> {
    let mut scaler = StandardScaler::new();
    Ok((scaler.fit_transform(learn)?, scaler.transform(judge)?))
}
