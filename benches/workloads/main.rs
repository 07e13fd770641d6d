//! How long the steps of known networks take here: one JSON line for the machine, one for each.
//!
//! `cargo bench -p ferras --bench workloads [-- [--short] [--rounds N] [--once] [NAME…]]`
//!
//! Each measurement runs in a process of its own, so that the peak of memory is its own too; the
//! rounds go through all workloads before one is measured again, and medians are shown. With
//! `--once` each is measured once, in this process. A NAME is the beginning of a workload's name.
mod measure;
#[path = "../../examples/common/networks.rs"]
mod mnist;
mod networks;

use ferras::prelude::*;
use measure::{Effort, Figures, Machine};
use serde_json::{Value as Json, json};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

type Outcome<T> = std::result::Result<T, Box<dyn std::error::Error>>;
type Workload = fn(&str, &Effort) -> Outcome<Figures>;

const WORKLOADS: [(&str, Workload); 23] = [
    ("start", |_, _| measure::start()),
    ("xor", |_, effort| measure::xor(effort)),
    ("churn", |_, effort| measure::churn(effort)),
    ("mlp_one_layer", measure::digits),
    ("mlp_two_layers", measure::digits),
    ("mlp_two_layers_dropout", measure::digits),
    ("conv_net", measure::digits),
    ("mlp_two_layers_bfloat16", measure::digits),
    ("conv_net_batch_norm", measure::digits),
    ("conv_net_bfloat16", measure::digits),
    ("le_net", measure::digits),
    ("cifar_net", |_, effort| measure::cifar(networks::cifar_net(), effort)),
    ("depthwise", |_, effort| measure::cifar(networks::depthwise(), effort)),
    ("lstm", measure::words),
    ("gru", measure::words),
    ("attention", |_, effort| measure::sequences(networks::attention()?, effort)),
    ("conv1d", |_, effort| measure::sequences(networks::conv1d(), effort)),
    ("predict_conv_net_1", |_, effort| {
        measure::predict(mnist::mnist("conv_net").build()?, 1, effort)
    }),
    ("predict_conv_net_256", |_, effort| {
        measure::predict(mnist::mnist("conv_net").build()?, 256, effort)
    }),
    ("predict_resnet50_1", |_, effort| measure::predict(networks::resnet50()?, 1, effort)),
    ("predict_resnet50_8", |_, effort| measure::predict(networks::resnet50()?, 8, effort)),
    ("predict_mobilenet_1", |_, effort| measure::predict(networks::mobilenet()?, 1, effort)),
    ("predict_mobilenet_8", |_, effort| measure::predict(networks::mobilenet()?, 8, effort)),
];

/// What the command line asks for.
struct Arguments {
    short: bool,
    once: bool,
    rounds: usize,
    names: Vec<String>,
}

impl Arguments {
    fn read() -> Result<Arguments, lexopt::Error> {
        let mut all = Arguments { short: false, once: false, rounds: 5, names: Vec::new() };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            use lexopt::{
                Arg::{Long, Value},
                ValueExt,
            };
            match argument {
                Long("short") => (all.short, all.rounds) = (true, 1),
                Long("once") => all.once = true,
                Long("rounds") => all.rounds = parser.value()?.parse()?,
                Value(name) => all.names.push(name.string()?),
                // Cargo's own.
                Long("bench") => {}
                other => return Err(other.unexpected()),
            }
        }
        Ok(all)
    }

    fn workloads(&self) -> Outcome<Vec<(&'static str, Workload)>> {
        // A whole name is that workload alone, even if others begin so.
        let whole = |asked: &str| WORKLOADS.iter().any(|(name, _)| *name == asked);
        let means =
            |asked: &str, name: &str| asked == name || (!whole(asked) && name.starts_with(asked));
        let all = self.names.is_empty();
        let wanted = |name: &str| all || self.names.iter().any(|asked| means(asked, name));
        let found: Vec<_> = WORKLOADS.into_iter().filter(|(name, _)| wanted(name)).collect();
        if found.is_empty() {
            let known: Vec<&str> = WORKLOADS.iter().map(|(name, _)| *name).collect();
            return Err(format!("no workload begins so; known: {}", known.join(", ")).into());
        }
        Ok(found)
    }
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

fn program() -> Outcome<()> {
    let arguments = Arguments::read()?;
    let workloads = arguments.workloads()?;
    if arguments.once {
        for (name, workload) in workloads {
            set_random_seed(1);
            println!("{}", workload(name, &Effort::new(arguments.short))?.line(name));
        }
        return Ok(());
    }
    let mut machine = Machine::default();
    let mut lines: Vec<Vec<Json>> = vec![Vec::new(); workloads.len()];
    for _ in 0..arguments.rounds.max(1) {
        machine.measure(arguments.short);
        for ((name, _), lines) in workloads.iter().zip(&mut lines) {
            lines.push(apart(name, arguments.short)?);
        }
    }
    println!("{}", machine.line());
    for ((name, _), lines) in workloads.iter().zip(&lines) {
        println!("{}", summed_up(name, lines, &machine));
    }
    Ok(())
}

/// A workload measured once, in a process of its own.
fn apart(name: &str, short: bool) -> Outcome<Json> {
    let began = Instant::now();
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--once", name]).args(short.then_some("--short")).stderr(Stdio::inherit());
    let output = command.output()?;
    let whole = began.elapsed().as_secs_f64() * 1e6;
    let mut line: Json = serde_json::from_slice(&output.stdout)
        .map_err(|_| format!("the process that measured {name} failed"))?;
    if name == "start" {
        // The process itself is part of it.
        line["microseconds_per_step"] = json!(whole);
    }
    Ok(line)
}

/// The medians of a workload's lines, with the share of what the machine can do.
fn summed_up(name: &str, lines: &[Json], machine: &Machine) -> Json {
    let middle =
        |key: &str| measure::median(lines.iter().filter_map(|line| line[key].as_f64()).collect());
    let microseconds = middle("microseconds_per_step");
    let first = |key: &str| lines.first().and_then(|line| line[key].as_f64()).unwrap_or(f64::NAN);
    let figures = Figures {
        microseconds,
        batch: first("batch") as usize,
        multiply_adds: first("multiply_adds_per_step"),
    };
    let mut line = figures.line(name);
    line["share_of_peak"] = json!(rounded(figures.operations() / machine.operations(), 3));
    line["peak_memory_mb"] = json!(rounded(middle("peak_memory_mb"), 1));
    line
}

/// A number with so many places behind the point.
fn rounded(value: f64, places: i32) -> f64 {
    let unit = 10_f64.powi(places);
    (value * unit).round() / unit
}
