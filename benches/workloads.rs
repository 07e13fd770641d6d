//! Time of a step for the tutorials' networks: one JSON line each.
//!
//! `cargo bench -p ferras --bench workloads [-- --short] [-- NAME …]`
use ferras::datasets::{Table, mnist};
use ferras::prelude::*;
use ferras::utils::to_categorical;
use std::path::Path;
use std::time::Instant;

type Outcome<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// How long to measure.
struct Effort {
    /// Epochs of the small networks, steps of the large ones.
    small: usize,
    steps: usize,
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let effort = match arguments.iter().any(|a| a == "--short") {
        true => Effort { small: 20, steps: 4 },
        false => Effort { small: 500, steps: 60 },
    };
    let names: Vec<&String> = arguments.iter().filter(|a| !a.starts_with("--")).collect();
    let wanted =
        |name: &str| names.is_empty() || names.iter().any(|n| name.starts_with(n.as_str()));
    for (name, workload) in WORKLOADS {
        if wanted(name) {
            set_random_seed(1);
            workload(name, &effort)?;
        }
    }
    Ok(())
}

type Workload = fn(&str, &Effort) -> Outcome<()>;

const WORKLOADS: [(&str, Workload); 6] = [
    ("start", start),
    ("xor", xor),
    ("churn", churn),
    ("mlp_two_layers", |name, effort| train_mnist(name, mlp(), [784].into(), effort)),
    ("conv_net", |name, effort| train_mnist(name, conv_net(), [28, 28, 1].into(), effort)),
    ("predict_conv_net", predict),
];

fn report(name: &str, microseconds: f64, samples: usize) {
    let rate = samples as f64 / microseconds * 1e6;
    println!(
        "{{\"workload\":\"{name}\",\"microseconds_per_step\":{microseconds:.2},\
         \"samples_per_second\":{rate:.0}}}"
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn data(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").join(name)
}

fn small_net(units: [usize; 2], features: usize) -> Outcome<Sequential> {
    let mut model = Sequential::new()
        .add(Dense::new(units[0]).activation("relu").input_dim(features))
        .add(Dense::new(units[1]).activation("relu"))
        .add(Dense::new(1).activation("sigmoid"));
    model.compile(
        Compile::new().optimizer("adam").loss("binary_crossentropy").metrics(["accuracy"]),
    )?;
    Ok(model)
}

/// From nothing to the first step of the XOR network, in this process.
fn start(name: &str, _: &Effort) -> Outcome<()> {
    let began = Instant::now();
    let mut model = small_net([8, 4], 2)?;
    model.train_on_batch([[0.0_f32, 1.0]], [[1.0_f32]])?;
    report(name, began.elapsed().as_secs_f64() * 1e6, 1);
    Ok(())
}

fn xor(name: &str, effort: &Effort) -> Outcome<()> {
    let x = [[0.0_f32, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let y = [[0.0_f32], [1.0], [1.0], [0.0]];
    let mut model = small_net([8, 4], 2)?;
    let fit = Fit::new().epochs(effort.small * 4).batch_size(1).verbose(0);
    let history = model.fit(x, y, fit)?;
    report(name, median(history.seconds) / 4.0 * 1e6, 1);
    Ok(())
}

fn churn(name: &str, effort: &Effort) -> Outcome<()> {
    let table = Table::read(data("Churn_Modelling.csv"))?;
    let columns = ["CreditScore", "Age", "Tenure", "Balance", "NumOfProducts", "HasCrCard"];
    let more = ["IsActiveMember", "EstimatedSalary", "Exited", "RowNumber", "CustomerId"];
    let x = table.numbers(&[&columns[..], &more[..]].concat())?;
    let x = ferras::preprocessing::StandardScaler::new().fit_transform(&x)?.mapv(|v| v as f32);
    let y = table.number("Exited")?.mapv(|v| v as f32);
    let mut model = small_net([6, 6], 11)?;
    let fit = Fit::new().epochs((effort.small / 50).max(2)).batch_size(10).verbose(0);
    let history = model.fit(&x, &y, fit)?;
    report(name, median(history.seconds) / 1000.0 * 1e6, 10);
    Ok(())
}

fn mlp() -> Sequential {
    Sequential::new()
        .add(Input::new([784]))
        .add(Dense::new(512).activation("relu"))
        .add(Dense::new(512).activation("relu"))
        .add(Dense::new(10).activation("softmax"))
}

fn conv_net() -> Sequential {
    Sequential::new()
        .add(Input::new([28, 28, 1]))
        .add(Conv2D::new(32, 3).activation("relu"))
        .add(MaxPooling2D::new())
        .add(Conv2D::new(64, 3).activation("relu"))
        .add(MaxPooling2D::new())
        .add(Conv2D::new(64, 3).activation("relu"))
        .add(Flatten::new())
        .add(Dense::new(64).activation("relu"))
        .add(Dense::new(10).activation("softmax"))
}

fn train_mnist(name: &str, mut model: Sequential, sample: Shape, effort: &Effort) -> Outcome<()> {
    const BATCH: usize = 256;
    let ((x, y), _) = mnist::load_data_from(data("mnist.npz"))?;
    let rows = (effort.steps * BATCH).min(x.shape()[0]);
    let x = x.slice(ndarray::s![..rows, .., ..]).mapv(|v| f32::from(v) / 255.0);
    let x = Tensor::from(&x).reshape([&[rows], &sample[..]].concat())?;
    let y = to_categorical(&y.slice(ndarray::s![..rows]).to_owned(), 10)?;
    model.compile(
        Compile::new().optimizer("adam").loss("categorical_crossentropy").metrics(["accuracy"]),
    )?;
    let fit = Fit::new().epochs(4).batch_size(BATCH).verbose(0);
    let history = model.fit(&x, &y, fit)?;
    let steps = rows.div_ceil(BATCH) as f64;
    report(name, median(history.seconds[1..].to_vec()) / steps * 1e6, BATCH);
    Ok(())
}

fn predict(name: &str, effort: &Effort) -> Outcome<()> {
    let model = conv_net().build()?;
    let ((x, _), _) = mnist::load_data_from(data("mnist.npz"))?;
    for batch in [1, 256] {
        let x = x.slice(ndarray::s![..batch, .., ..]).mapv(|v| f32::from(v) / 255.0);
        let x = Tensor::from(&x).reshape([batch, 28, 28, 1])?;
        let mut times = Vec::new();
        for _ in 0..(effort.steps * 256 / batch).min(3000) {
            let began = Instant::now();
            model.predict_on_batch(&x)?;
            times.push(began.elapsed().as_secs_f64() * 1e6);
        }
        report(&format!("{name}_batch_{batch}"), median(times), batch);
    }
    Ok(())
}
