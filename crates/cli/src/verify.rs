//! `verify`.
use crate::args::Verify;
use crate::console::Console;
use crate::data::{self, Arrays};
use crate::failure::{Failure, Outcome};
use crate::load::{Compiled, load};
use crate::predict::silently;
use ferras::data::{Array, Texts};
use ferras::layers::TensorSpec;
use ferras::models::Model;
use ferras::prelude::TensorType;
use ferras::{Error, Limits, Tensor};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};

/// One check: what it is, and what it found.
struct Check {
    name: &'static str,
    found: Result<String, String>,
}

pub(crate) fn run(args: &Verify, console: Console, limits: &Limits) -> Outcome<Json> {
    let path = &args.source.path;
    let vectors = args.vectors.clone().or_else(|| beside(path));
    // What cannot be read says nothing of the model.
    let arrays = vectors.as_deref().map(|path| data::vectors(path, limits)).transpose()?;
    let loaded = load(&args.source, Compiled::IfPossible, limits)?;
    let model = &loaded.model;
    let weights = if loaded.initial { "initial weights" } else { "weights" };
    let loads = match loaded.not_compiled {
        None => Ok(format!("{} parameters, {weights}", model.count_params())),
        Some(problem) => Err(problem),
    };
    let mut checks = vec![
        Check { name: "loads", found: loads },
        Check { name: "computes", found: computes(model) },
        Check { name: "survives saving", found: survives(model) },
    ];
    if let (Some(path), Some(arrays)) = (&vectors, arrays) {
        let found = meets(model, path, arrays, args.tolerance);
        checks.push(Check { name: "meets its vectors", found });
    }
    for Check { name, found } in &checks {
        let (mark, text) = match found {
            Ok(text) => ("ok", text),
            Err(text) => ("FAILED", text),
        };
        console.say(format!("{name:<18} {mark:<7} {text}"))?;
    }
    let failed: Vec<&str> = checks.iter().filter(|c| c.found.is_err()).map(|c| c.name).collect();
    let result = describe(&checks, vectors.as_deref());
    match failed.is_empty() {
        true => Ok(result),
        false => {
            let why = checks.iter().find_map(|c| c.found.as_ref().err()).map_or("", |why| why);
            let sentence = format!("{}: failed: {}: {why}", path.display(), failed.join(", "));
            Err(Failure::Found(result, sentence))
        }
    }
}

fn describe(checks: &[Check], vectors: Option<&Path>) -> Json {
    let one = |Check { name, found }: &Check| {
        let text = found.as_ref().unwrap_or_else(|problem| problem);
        json!({"name": name, "ok": found.is_ok(), "found": text})
    };
    json!({
        "ok": checks.iter().all(|check| check.found.is_ok()),
        "checks": checks.iter().map(one).collect::<Json>(),
        "vectors": vectors.map(|path| path.display().to_string()),
    })
}

/// The vectors beside a model: `model.keras` has them in `model.vectors.npz`.
fn beside(path: &Path) -> Option<PathBuf> {
    let vectors = path.with_extension("vectors.npz");
    vectors.is_file().then_some(vectors)
}

/// Rows of zeros that a model is tried with; open sizes are this large.
const ROWS: usize = 2;
const OPEN: usize = 32;

fn zeros(model: &Model) -> Result<Vec<Array>, Error> {
    let zero = |spec: &&TensorSpec| {
        let sizes = spec.shape.iter().skip(1).map(|size| size.unwrap_or(OPEN));
        let shape: Vec<usize> = std::iter::once(ROWS).chain(sizes).collect();
        match spec.dtype.number() {
            Some(dtype) => Ok(Tensor::zeros(&TensorType { dtype, shape: shape.into() }).into()),
            None => {
                let count = shape.iter().product();
                Ok(Texts::new(shape, vec![""; count])?.into())
            }
        }
    };
    model.network()?.input_specs().iter().map(zero).collect()
}

/// A forward pass on zeros gives finite numbers of the declared shapes.
fn computes(model: &Model) -> Result<String, String> {
    let text = |e: Error| e.to_string();
    let outputs = model.predict_on_batch(zeros(model).map_err(text)?).map_err(text)?;
    let network = model.network().map_err(text)?;
    let ends = network.output_names().into_iter().zip(network.output_specs());
    let mut shapes = Vec::new();
    for ((name, spec), output) in ends.zip(&outputs) {
        let (declared, found) = (&spec.shape, output.shape());
        let fits = declared.len() == found.len()
            && declared.iter().zip(found.iter()).all(|(d, f)| d.is_none_or(|d| d == *f));
        if !fits {
            return Err(format!("output {name:?} is declared as {declared} and came as {found}"));
        }
        if let Some(value) = output.to_f64_vec().iter().find(|v| !v.is_finite()) {
            return Err(format!("output {name:?} is {value} for inputs of zero"));
        }
        shapes.push(format!("{name} {found}"));
    }
    Ok(format!("zeros give {}", shapes.join(", ")))
}

/// Saved and loaded, the model has the same configuration, weights and outputs.
fn survives(model: &Model) -> Result<String, String> {
    let name = format!("ferras-verify-{}.keras", std::process::id());
    let path = std::env::temp_dir().join(name);
    let compared = same_again(model, &path);
    // Whatever came of it, nothing stays behind.
    let _ = std::fs::remove_file(&path);
    compared.map_err(|e| e.to_string())?
}

fn same_again(model: &Model, path: &Path) -> Result<Result<String, String>, Error> {
    model.save(path)?;
    let again = Model::load(path)?;
    let weights = model.get_weights()?;
    if again.get_config()? != model.get_config()? {
        return Ok(Err("the configuration comes back changed".into()));
    }
    let changed = weights.iter().zip(again.get_weights()?).any(|(a, b)| !same(a, &b));
    if changed || again.weights().len() != weights.len() {
        return Ok(Err("the weights come back changed".into()));
    }
    let (before, after) =
        (model.predict_on_batch(zeros(model)?)?, again.predict_on_batch(zeros(model)?)?);
    if before.iter().zip(&after).any(|(a, b)| !same(a, b)) {
        return Ok(Err("the outputs come back changed".into()));
    }
    Ok(Ok(format!("{} weights and the outputs are the same", weights.len())))
}

/// Whether all bits are the same, so that NaN equals itself.
fn same(a: &Tensor, b: &Tensor) -> bool {
    let bits = |t: &Tensor| t.to_f64_vec().into_iter().map(f64::to_bits).collect::<Vec<_>>();
    a.shape() == b.shape() && bits(a) == bits(b)
}

/// The outputs for stored inputs are the stored ones.
fn meets(model: &Model, path: &Path, arrays: Arrays, tolerance: f64) -> Result<String, String> {
    let text = |failure: Failure| match failure {
        Failure::Usage(text) | Failure::Work(text) | Failure::Found(_, text) => text,
        Failure::Pipe => String::new(),
    };
    let (x, expected) = data::matched(path, arrays, model).map_err(text)?;
    let outputs = silently(model, x).map_err(text)?;
    let mut worst = 0.0_f64;
    for (i, (output, expected)) in outputs.iter().zip(&expected).enumerate() {
        if output.shape() != expected.shape() {
            let (found, expected) = (output.shape(), expected.shape());
            return Err(format!(
                "y{i} of {} has shape {expected}, the model gives {found}",
                path.display()
            ));
        }
        worst = worst.max(difference(&output.to_f64_vec(), &expected.to_f64_vec()));
    }
    let told =
        format!("{worst:.1e} of the largest output, {tolerance:.1e} allowed ({})", path.display());
    // NaN is never within.
    if worst <= tolerance { Ok(told) } else { Err(told) }
}

/// The largest difference as a share of the largest expected number.
fn difference(found: &[f64], expected: &[f64]) -> f64 {
    let largest = expected.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let apart = |(a, b): (&f64, &f64)| if a == b { 0.0 } else { (a - b).abs() };
    let differences = found.iter().zip(expected).map(apart);
    // max would pass over NaN.
    let most = differences.fold(0.0, |m: f64, d| if d.is_nan() { f64::INFINITY } else { m.max(d) });
    if most == 0.0 { 0.0 } else { most / largest.max(f64::MIN_POSITIVE) }
}
