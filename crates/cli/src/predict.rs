//! `predict`.
use crate::args::{Predict, check_place, spared};
use crate::console::Console;
use crate::data::{self, Role};
use crate::failure::{Failure, Outcome};
use crate::load::{Compiled, Loaded, load};
use crate::table;
use ferras::datasets::{npy, npz};
use ferras::models::Model;
use ferras::{Limits, Tensor};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};

pub(crate) fn run(args: &Predict, console: Console, limits: &Limits) -> Outcome<Json> {
    let read = data::files([&args.input])?;
    if let Some(output) = &args.output {
        form(output)?;
        check_place(output, "--output")?;
        let read = read.iter().chain([&args.source.path]).map(PathBuf::as_path);
        spared(output, "--output", &read.collect::<Vec<_>>())?;
    }
    let Loaded { model, initial, .. } = load(&args.source, Compiled::Ignored, limits)?;
    no_weights(initial, &args.source.path)?;
    let names: Vec<String> = model.network()?.output_names().into_iter().map(Into::into).collect();
    let single =
        args.output.as_deref().map_or(Ok(!console.json), |path| form(path).map(Form::one))?;
    if single && names.len() > 1 {
        return Err(Failure::Usage(format!(
            "the model has {} outputs ({}): give --output Y.npz",
            names.len(),
            names.join(", ")
        )));
    }
    let x = data::read(&args.input, Role::X, &model, limits)?;
    // Without a file the outputs themselves are what is printed.
    let verbose = if args.output.is_some() { console.verbose(0) } else { 0 };
    let how = ferras::Predict::new().batch_size(args.batch_size).verbose(verbose);
    let outputs = model.predict_with(x, how)?;
    match &args.output {
        Some(path) => {
            write(path, &names, &outputs)?;
            console.note(format!("wrote {}: {}", path.display(), shapes(&names, &outputs)))?;
        }
        None if console.json => {}
        None => {
            for (name, output) in names.iter().zip(&outputs) {
                console.say(table::text(name, output)?)?;
            }
        }
    }
    Ok(describe(args.output.as_deref(), &names, &outputs))
}

/// An error for a model that no file has weights for.
pub(crate) fn no_weights(initial: bool, path: &Path) -> Outcome<()> {
    match initial {
        true => Err(Failure::Usage(format!(
            "{}: is an architecture without weights: give MODEL as the file of its weights and \
             this one with --architecture",
            path.display()
        ))),
        false => Ok(()),
    }
}

/// How outputs are written.
enum Form {
    Npy,
    Npz,
    Table,
}

impl Form {
    /// Whether it has room for one output alone.
    fn one(self) -> bool {
        !matches!(self, Form::Npz)
    }
}

fn form(path: &Path) -> Outcome<Form> {
    let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    match ending.as_deref() {
        Some("npy") => Ok(Form::Npy),
        Some("npz") => Ok(Form::Npz),
        Some("csv") => Ok(Form::Table),
        _ => Err(Failure::Usage(format!(
            "{}: is no name for outputs: it must end in .npy, .npz or .csv",
            path.display()
        ))),
    }
}

fn write(path: &Path, names: &[String], outputs: &[Tensor]) -> Outcome<()> {
    match (form(path)?, outputs, names) {
        (Form::Npy, [output], _) => npy::write(path, output)?,
        (Form::Table, [output], [name, ..]) => {
            let text = table::text(name, output)? + "\n";
            ferras::write_atomic(path, text.as_bytes())?;
        }
        _ => {
            let keys: Vec<String> = (0..outputs.len()).map(|i| format!("y{i}")).collect();
            let named: Vec<_> = keys.iter().map(String::as_str).zip(outputs).collect();
            npz::write(path, &named)?;
        }
    }
    Ok(())
}

fn shapes(names: &[String], outputs: &[Tensor]) -> String {
    let one = |(name, output): (&String, &Tensor)| format!("{name} {}", output.shape());
    names.iter().zip(outputs).map(one).collect::<Vec<_>>().join(", ")
}

fn describe(path: Option<&Path>, names: &[String], outputs: &[Tensor]) -> Json {
    let one = |(name, output): (&String, &Tensor)| {
        let mut object = json!({
            "name": name,
            "shape": output.shape().to_vec(),
            "dtype": output.dtype().to_string(),
        });
        if path.is_none() {
            object["values"] = nested(&output.to_f64_vec(), output.shape());
        }
        object
    };
    let outputs: Json = names.iter().zip(outputs).map(one).collect();
    json!({"output": path.map(|p| p.display().to_string()), "outputs": outputs})
}

/// Numbers as lists in lists; what is not finite is null.
fn nested(values: &[f64], shape: &[usize]) -> Json {
    match shape.split_first() {
        None => values.first().map_or(Json::Null, |v| json!(v)),
        Some((_, [])) => json!(values),
        Some((_, rest)) => {
            let width = rest.iter().product::<usize>().max(1);
            values.chunks(width).map(|part| nested(part, rest)).collect()
        }
    }
}

/// The outputs of a model for inputs, silently.
pub(crate) fn silently(model: &Model, x: ferras::data::Data) -> Outcome<Vec<Tensor>> {
    Ok(model.predict_with(x, ferras::Predict::new().verbose(0))?)
}
