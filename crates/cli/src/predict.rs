//! `predict`.
use crate::args::Predict;
use crate::console::Console;
use crate::data::{self, Arrays, Role};
use crate::failure::{Failure, Outcome};
use crate::load::{Compiled, Loaded, load};
use crate::place::{check_place, spared};
use crate::table;
use ferras::datasets::{npy, npz};
use ferras::models::{Model, Network};
use ferras::{Limits, Tensor};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};

pub(crate) fn run(args: &Predict, console: Console, limits: &Limits) -> Outcome<Json> {
    let read = data::files([&args.input])?;
    let form = args.output.as_deref().map(form).transpose()?;
    if let Some(output) = &args.output {
        check_place(output, "--output")?;
        let read = read.iter().chain([&args.source.path]).map(PathBuf::as_path);
        spared(output, "--output", &read.collect::<Vec<_>>())?;
    }
    let Loaded { model, initial, .. } = load(&args.source, Compiled::Ignored, limits)?;
    no_weights(initial, &args.source.path)?;
    let network = model.network()?;
    let names: Vec<String> = network.output_names().into_iter().map(Into::into).collect();
    // Without a file the outputs themselves are what is printed.
    let shown = if console.json { None } else { Some(Form::Table) };
    form.or(shown).map_or(Ok(()), |form| form.check(network))?;
    let x = data::read(&args.input, Role::X, &model, limits)?;
    let inputs = if form == Some(Form::Vectors) { data::recorded(&x)? } else { Vec::new() };
    let verbose = if args.output.is_some() { console.verbose(0) } else { 0 };
    let how = ferras::Predict::new().batch_size(args.batch_size).verbose(verbose);
    let outputs = model.predict_with(x, how)?;
    match (&args.output, form) {
        (Some(path), Some(form)) => {
            write(path, form, inputs, &names, &outputs)?;
            console.note(format!("wrote {}: {}", path.display(), shapes(&names, &outputs)))?;
        }
        _ if console.json => {}
        _ => console.say(table::text(&names, &outputs)?)?,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Npy,
    Npz,
    /// With the inputs beside them.
    Vectors,
    Table,
}

fn form(path: &Path) -> Outcome<Form> {
    let name = path.to_string_lossy().to_ascii_lowercase();
    match path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).as_deref() {
        Some("npy") => Ok(Form::Npy),
        Some("npz") if name.ends_with(".vectors.npz") => Ok(Form::Vectors),
        Some("npz") => Ok(Form::Npz),
        Some("csv") => Ok(Form::Table),
        _ => Err(Failure::Usage(format!(
            "{}: is no name for outputs: it must end in .npy, .npz or .csv",
            path.display()
        ))),
    }
}

impl Form {
    /// An error unless it has room for what the network gives.
    fn check(self, network: &Network) -> Outcome<()> {
        let names = network.output_names();
        match self {
            Form::Npz | Form::Vectors => Ok(()),
            Form::Npy if names.len() == 1 => Ok(()),
            Form::Npy => Err(Failure::Usage(format!(
                "--output: an .npy holds one array, the model has {} outputs ({}): give Y.npz",
                names.len(),
                names.join(", ")
            ))),
            Form::Table => {
                let mut outputs = names.into_iter().zip(network.output_specs());
                outputs.try_for_each(|(name, s)| table::check(name, &s.shape, s.shape.len()))
            }
        }
    }
}

fn write(
    path: &Path,
    form: Form,
    inputs: Arrays,
    names: &[String],
    outputs: &[Tensor],
) -> Outcome<()> {
    match (form, outputs) {
        (Form::Npy, [output]) => npy::write(path, output)?,
        (Form::Table, _) => {
            let text = table::text(names, outputs)? + "\n";
            ferras::write_atomic(path, text.as_bytes())?;
        }
        _ => {
            let outputs = outputs.iter().enumerate().map(|(i, y)| (format!("y{i}"), y.clone()));
            let all: Arrays = inputs.into_iter().chain(outputs).collect();
            let named: Vec<_> = all.iter().map(|(name, array)| (name.as_str(), array)).collect();
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
