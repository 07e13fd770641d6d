//! Measuring: the machine, a training, a prediction.
use crate::{Outcome, mnist, networks, rounded};
use ferras::datasets::{Table, mnist as digits};
use ferras::prelude::*;
use ferras::utils::to_categorical;
use ferras_cpu::kernels::peak;
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long to measure.
pub struct Effort {
    time: Duration,
    /// Steps of an epoch of the larger networks.
    steps: usize,
}

impl Effort {
    pub fn new(short: bool) -> Effort {
        match short {
            true => Effort { time: Duration::from_millis(50), steps: 2 },
            false => Effort { time: Duration::from_millis(2500), steps: 40 },
        }
    }
}

/// What a workload took.
pub struct Figures {
    /// Of a step: the median.
    pub microseconds: f64,
    /// Samples of a step.
    pub batch: usize,
    /// Of a step.
    pub multiply_adds: f64,
}

impl Figures {
    /// Floating-point operations a second; a multiply-add counts as two.
    pub fn operations(&self) -> f64 {
        2.0 * self.multiply_adds / self.microseconds * 1e6
    }

    pub fn line(&self, name: &str) -> Json {
        json!({
            "workload": name,
            "batch": self.batch,
            "microseconds_per_step": rounded(self.microseconds, 2),
            "samples_per_second": rounded(self.batch as f64 / self.microseconds * 1e6, 0),
            "multiply_adds_per_step": self.multiply_adds,
            "gflops": rounded(self.operations() / 1e9, 2),
            "peak_memory_mb": peak_memory(),
        })
    }
}

/// What the machine can do, measured between the workloads.
#[derive(Default)]
pub struct Machine {
    operations: Vec<f64>,
    bandwidth: Vec<f64>,
}

impl Machine {
    fn threads() -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }

    pub fn measure(&mut self, short: bool) {
        let time = Duration::from_millis(if short { 20 } else { 400 });
        self.operations.push(peak::operations(Machine::threads(), time));
        self.bandwidth.push(peak::bandwidth(Machine::threads(), time));
    }

    /// Float32 operations a second on all cores.
    pub fn operations(&self) -> f64 {
        median(self.operations.clone())
    }

    pub fn line(&self) -> Json {
        json!({
            "machine": format!("{:?}", ferras_cpu::kernels::simd::Level::detect()),
            "cores": Machine::threads(),
            "peak_gflops": rounded(self.operations() / 1e9, 1),
            "bandwidth_gb_per_second": rounded(median(self.bandwidth.clone()) / 1e9, 1),
        })
    }
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The most memory this process held so far, in megabytes; nothing where the system does not tell.
fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(rounded(kilobytes / 1000.0, 1))
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").join(name)
}

/// From nothing to the first step of the XOR network, in this process.
pub fn start() -> Outcome<Figures> {
    let began = Instant::now();
    let mut model = networks::yes_or_no(2, [8, 4]);
    model.compile(
        Compile::new().optimizer("adam").loss("binary_crossentropy").metrics(["accuracy"]),
    )?;
    model.train_on_batch([[0.0_f32, 1.0]], [[1.0_f32]])?;
    let microseconds = began.elapsed().as_secs_f64() * 1e6;
    Ok(Figures { microseconds, batch: 1, multiply_adds: 0.0 })
}

pub fn xor(effort: &Effort) -> Outcome<Figures> {
    let x = Tensor::new([4, 2], vec![0.0_f32, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0])?;
    let y = Tensor::new([4, 1], vec![0.0_f32, 1.0, 1.0, 0.0])?;
    train(networks::yes_or_no(2, [8, 4]), "binary_crossentropy", [&x, &y], 1, effort)
}

pub fn churn(effort: &Effort) -> Outcome<Figures> {
    let table = Table::read(data("Churn_Modelling.csv"))?;
    let columns = ["CreditScore", "Age", "Tenure", "Balance", "NumOfProducts", "HasCrCard"];
    let more = ["IsActiveMember", "EstimatedSalary", "Exited", "RowNumber", "CustomerId"];
    let x = table.numbers(&[&columns[..], &more[..]].concat())?;
    let x = ferras::preprocessing::StandardScaler::new().fit_transform(&x)?.mapv(|v| v as f32);
    let y = table.number("Exited")?.mapv(|v| v as f32);
    let data = [&Tensor::from(&x), &Tensor::from(&y)];
    train(networks::yes_or_no(11, [6, 6]), "binary_crossentropy", data, 10, effort)
}

/// A network of the MNIST tutorial; with `_bfloat16` behind its name in 16 bits.
pub fn digits(name: &str, effort: &Effort) -> Outcome<Figures> {
    const BATCH: usize = 256;
    let (name, policy) = match name.strip_suffix("_bfloat16") {
        Some(name) => (name, "mixed_bfloat16"),
        None => (name, "float32"),
    };
    ferras::config::set_dtype_policy(policy)?;
    let ((x, y), _) = digits::load_data_from(data("mnist.npz"))?;
    let rows = effort.steps * BATCH;
    let x = x.slice(ndarray::s![..rows, .., ..]).mapv(|v| f32::from(v) / 255.0);
    let shape = if name.starts_with("mlp") { vec![rows, 784] } else { vec![rows, 28, 28, 1] };
    let x = Tensor::from(&x).reshape(shape)?;
    let y = Tensor::from(&to_categorical(&y.slice(ndarray::s![..rows]).to_owned(), 10)?);
    train(mnist::mnist(name), "categorical_crossentropy", [&x, &y], BATCH, effort)
}

pub fn cifar(network: Sequential, effort: &Effort) -> Outcome<Figures> {
    const BATCH: usize = 64;
    let rows = effort.steps * BATCH;
    let x = pictures([rows, 32, 32, 3])?;
    let y = to_categorical(&ndarray::Array1::from_iter((0..rows).map(|i| i % 10)), 10)?;
    let data = [&x, &Tensor::from(&y)];
    train(network, "categorical_crossentropy", data, BATCH, effort)
}

/// A recurrent network over sentences of 80 words, of 10,000.
pub fn words(name: &str, effort: &Effort) -> Outcome<Figures> {
    const BATCH: usize = 32;
    let rows = effort.steps * BATCH;
    let word = |i: usize| (i * 7919 % 10_007 % networks::WORDS) as i32;
    let x = Tensor::new([rows, 80], (0..rows * 80).map(word).collect())?;
    let y = Tensor::new([rows, 1], (0..rows).map(|i| (i % 2) as f32).collect())?;
    train(networks::sentences(name), "binary_crossentropy", [&x, &y], BATCH, effort)
}

/// A network over sequences of 128 steps with 64 numbers.
pub fn sequences(network: impl Into<Model>, effort: &Effort) -> Outcome<Figures> {
    const BATCH: usize = 32;
    let rows = effort.steps * BATCH;
    let x = pictures([rows, 128, 64])?;
    let y = Tensor::new([rows, 1], (0..rows).map(|i| (i % 2) as f32).collect())?;
    train(network, "binary_crossentropy", [&x, &y], BATCH, effort)
}

/// Numbers from 0 to 1, without an order that could be seen.
fn pictures(shape: impl Into<Shape>) -> Result<Tensor> {
    let shape = shape.into();
    let places: usize = shape.iter().product();
    let number = |i: usize| (i as f32 * 0.618_034).fract();
    Ok(Tensor::new(shape, (0..places).map(number).collect::<Vec<f32>>())?)
}

/// Ends training when the time is over, after two epochs at least.
struct Deadline(Instant);

impl Callback for Deadline {
    fn on_epoch_end(&mut self, epoch: usize, _logs: &Logs, run: &mut Run) -> Result<()> {
        if epoch > 0 && Instant::now() > self.0 {
            run.stop_training();
        }
        Ok(())
    }
}

fn train(
    network: impl Into<Model>,
    loss: &str,
    [x, y]: [&Tensor; 2],
    batch: usize,
    effort: &Effort,
) -> Outcome<Figures> {
    let mut model = network.into();
    model.compile(Compile::new().optimizer("adam").loss(loss).metrics(["accuracy"]))?;
    let deadline = Deadline(Instant::now() + effort.time);
    let fit = Fit::new().epochs(1_000_000).batch_size(batch).verbose(0).callback(deadline);
    let history = model.fit(x, y, fit)?;
    // The step is compiled in the first epoch.
    let seconds = history.seconds.get(1..).unwrap_or_default().to_vec();
    let steps = x.shape()[0].div_ceil(batch) as f64;
    // The kernels' gradients cost what the prediction does, and so do those of the layers' inputs,
    // but the first layer's, which nobody asks for.
    let (all, first) = (model.multiply_adds()?, first_layer(&model)?.multiply_adds()?);
    let multiply_adds = batch as f64 * (3 * all - first) as f64;
    Ok(Figures { microseconds: median(seconds) / steps * 1e6, batch, multiply_adds })
}

fn first_layer(model: &Model) -> Outcome<Sequential> {
    let shape: Vec<Option<usize>> = model.input_shape()?.iter().skip(1).copied().collect();
    let mut layers = model.layers().into_iter();
    let computes = |(_, layer): &(String, LayerRef)| layer.downcast::<InputLayer>().is_none();
    let (_, layer) = layers.find(computes).ok_or("a model without layers")?;
    Ok(Sequential::new().add(Input::new(shape)).add(layer).build()?)
}

/// The time from a batch of pictures to probabilities.
pub fn predict(model: impl Into<Model>, batch: usize, effort: &Effort) -> Outcome<Figures> {
    let model = model.into();
    let sample: Option<Vec<usize>> = model.input_shape()?.iter().skip(1).copied().collect();
    let shape = [&[batch], &sample.ok_or("an open size")?[..]].concat();
    let x = pictures(shape)?;
    let (mut times, deadline) = (Vec::new(), Instant::now() + effort.time);
    while times.len() < 4 || Instant::now() < deadline {
        let began = Instant::now();
        model.predict_on_batch(&x)?;
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    // The step is compiled in the first call.
    times.remove(0);
    let multiply_adds = batch as f64 * model.multiply_adds()? as f64;
    Ok(Figures { microseconds: median(times), batch, multiply_adds })
}
