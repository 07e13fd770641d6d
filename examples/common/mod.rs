//! What the programs share: figures of a run in one line of JSON, files, errors.
#![allow(dead_code)] // Each program uses its part.
pub mod networks;
pub mod photos;

use ferras::History;
use serde_json::{Map, Value, json};

/// The line that `--json` asks for: the model, what it reached, and how long a step took.
pub fn json_line(model: &str, history: &History, steps: usize, reached: &[(&str, f64)]) -> String {
    let seconds = median_without_first(&history.seconds);
    let mut line = Map::new();
    line.insert("model".into(), json!(model));
    line.insert("epochs".into(), json!(history.epoch.len()));
    line.extend(reached.iter().map(|(name, value)| ((*name).into(), json!(value))));
    line.insert("seconds_per_epoch".into(), json!(seconds));
    line.insert("microseconds_per_step".into(), json!(seconds / steps as f64 * 1e6));
    Value::Object(line).to_string()
}

/// The median, without the first epoch, in which the step is compiled.
pub fn median_without_first(seconds: &[f64]) -> f64 {
    let mut rest = seconds.get(1..).filter(|r| !r.is_empty()).unwrap_or(seconds).to_vec();
    rest.sort_by(f64::total_cmp);
    match rest.len() {
        0 => f64::NAN,
        n => (rest[(n - 1) / 2] + rest[n / 2]) / 2.0,
    }
}

/// The one that a command line names, or all of them.
pub fn chosen(known: &[&'static str], name: &str) -> Result<Vec<&'static str>, lexopt::Error> {
    match known.iter().find(|m| **m == name) {
        Some(model) => Ok(vec![*model]),
        None if name == "all" => Ok(known.to_vec()),
        None => {
            let known = known.join(", ");
            Err(format!("unknown model {name:?}; known: {known}, all").into())
        }
    }
}

/// A number of at least 1 that an option gives.
pub fn positive(option: &str, number: usize) -> Result<usize, lexopt::Error> {
    match number {
        0 => Err(format!("{option} must be at least 1, got 0").into()),
        number => Ok(number),
    }
}

/// A file that ships with the repository.
pub fn shipped(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").join(name)
}

/// Writes a figure below the folder `out`.
pub fn save(figure: ferras::plot::Figure, name: &str) -> ferras::Result<()> {
    let path = std::path::Path::new("out").join(name);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(ferras::Error::io("create", folder))?;
    }
    figure.save(&path)?;
    println!("wrote {}", path.display());
    Ok(())
}

/// `main` for these programs: an error is one sentence on stderr and exit code 1.
pub fn run(
    program: impl FnOnce() -> Result<(), Box<dyn std::error::Error>>,
) -> std::process::ExitCode {
    match program() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
