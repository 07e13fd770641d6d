//! The arrays that commands are given in files.
use crate::columns;
use crate::console;
use crate::failure::{Failure, Outcome};
use crate::table;
use ferras::config::ElementType;
use ferras::data::{Array, Data};
use ferras::datasets::{npy, npz};
use ferras::layers::TensorSpec;
use ferras::models::{Model, Network};
use ferras::utils::listed;
use ferras::{Limits, Tensor};
use std::path::{Path, PathBuf};

/// Whose arrays are read: a model's inputs `x0, x1, …` or outputs `y0, y1, …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    X,
    Y,
}

impl Role {
    fn letter(self) -> char {
        match self {
            Role::X => 'x',
            Role::Y => 'y',
        }
    }

    fn other(self) -> Role {
        match self {
            Role::X => Role::Y,
            Role::Y => Role::X,
        }
    }
}

/// An input or output of a model: its name, its sizes without the batch axis if they are known, and
/// whether it is of texts.
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) sizes: Option<Vec<usize>>,
    pub(crate) texts: bool,
}

/// What the model takes or gives, in order. A stack whose input is not known takes one array.
fn slots(model: &Model, role: Role) -> Vec<Slot> {
    let Ok(network) = model.network() else {
        return vec![Slot { name: String::new(), sizes: None, texts: false }];
    };
    let (names, specs) = ends(network, role);
    let slot = |(name, spec): (&str, &TensorSpec)| Slot {
        name: name.to_string(),
        sizes: spec.shape.iter().skip(1).copied().collect(),
        texts: spec.dtype == ElementType::Text,
    };
    names.into_iter().zip(specs).map(slot).collect()
}

fn ends(network: &Network, role: Role) -> (Vec<&str>, Vec<&TensorSpec>) {
    match role {
        Role::X => (network.input_names(), network.input_specs()),
        Role::Y => (network.output_names(), network.output_specs()),
    }
}

/// The arrays of an `.npz`, by name.
pub(crate) type Arrays = Vec<(String, Tensor)>;

/// A file of arrays whose format is known.
#[derive(Debug)]
enum Kind {
    Npy,
    Npz,
    Table,
    Lines,
}

/// The file that an argument names, and the array or column in it where one is named: `FILE.npz:NAME`.
fn parse(argument: &Path) -> Outcome<(PathBuf, Option<String>, Kind)> {
    let text = argument.to_string_lossy();
    for (end, kind) in [(".npz:", Kind::Npz), (".csv:", Kind::Table), (".tsv:", Kind::Table)] {
        if let Some(place) = text.rfind(end) {
            let (file, name) = text.split_at(place + end.len() - 1);
            return Ok((file.into(), Some(name.trim_start_matches(':').to_string()), kind));
        }
    }
    let ending = argument.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    let kind = match ending.as_deref() {
        Some("npy") => Kind::Npy,
        Some("npz") => Kind::Npz,
        Some("csv" | "tsv") => Kind::Table,
        Some("txt") => Kind::Lines,
        _ => {
            let problem = "is no name for data: it must end in .npy, .npz, .csv, .tsv or .txt";
            return Err(Failure::Usage(format!("{}: {problem}", argument.display())));
        }
    };
    Ok((argument.to_path_buf(), None, kind))
}

/// The files that the arguments name, or an error unless all are of known formats.
pub(crate) fn files<'a>(arguments: impl IntoIterator<Item = &'a PathBuf>) -> Outcome<Vec<PathBuf>> {
    arguments.into_iter().map(|argument| parse(argument).map(|(file, ..)| file)).collect()
}

/// Reads a model's inputs, or what its outputs should be.
pub(crate) fn read(argument: &Path, role: Role, model: &Model, limits: &Limits) -> Outcome<Data> {
    let slots = slots(model, role);
    let (path, name, kind) = parse(argument)?;
    let of_texts = role == Role::X && slots.iter().any(|slot| slot.texts);
    let array: Array = match (kind, name) {
        (Kind::Npz, None) => {
            let arrays = npz::read_within(&path, limits)?.into_arrays();
            return choose(&path, arrays, role, model);
        }
        (Kind::Table, None) if role == Role::X && (of_texts || slots.len() > 1) => {
            return columns::for_inputs(&path, &slots);
        }
        (Kind::Npz, Some(name)) => npz::read_within(&path, limits)?.get(&name)?.into(),
        (Kind::Npy, _) if of_texts => npy::read_texts(&path)?.into(),
        (Kind::Npy, _) => npy::read(&path)?.into(),
        (Kind::Table, Some(name)) => {
            columns::column(&path, &name, slots.first().filter(|_| role == Role::X))?
        }
        (Kind::Table, None) => shaped(table::read(&path)?, slots.first())?.into(),
        (Kind::Lines, _) => columns::lines(&path)?.into(),
    };
    if role == Role::X && slots.len() > 1 {
        return Err(Failure::Work(format!(
            "{}: holds one array, but the model has {} inputs: give an .npz with {}",
            path.display(),
            slots.len(),
            wanted(role, &slots)
        )));
    }
    Ok(array.into())
}

/// Inputs under the names that files of test vectors have for them.
pub(crate) fn recorded(x: &Data) -> Outcome<Arrays> {
    let one = |(i, (name, array)): (usize, (Option<&str>, &Array))| {
        let name = name.map_or_else(|| format!("x{i}"), Into::into);
        Ok((name, array.numbers()?.clone()))
    };
    x.arrays().enumerate().map(one).collect()
}

/// The arrays for a model's inputs or outputs among those of a file, and a warning of those that are
/// neither these nor the other ones.
fn choose(path: &Path, arrays: Arrays, role: Role, model: &Model) -> Outcome<Data> {
    let (own, at) = (slots(model, role), path.display());
    let (data, used) =
        find(&arrays, role, &own).map_err(|problem| Failure::Work(format!("{at}: {problem}")))?;
    let other = role.other();
    let others = slots(model, other);
    let is_other = |name: &str| {
        let number = name.strip_prefix(other.letter());
        number.is_some_and(|n| n.chars().all(|c| c.is_ascii_digit()))
            || others.iter().any(|slot| slot.name == name)
    };
    let names = arrays.iter().map(|(name, _)| name);
    let unused: Vec<&String> =
        names.filter(|name| !used.contains(name) && !is_other(name)).collect();
    if !unused.is_empty() {
        let (unused, used) = (listed(unused), listed(used));
        console::warn(format!("{at}: does not use {unused}: takes {used}"));
    }
    Ok(data)
}

/// The arrays with their names in the file.
fn find(arrays: &Arrays, role: Role, slots: &[Slot]) -> Result<(Data, Vec<String>), String> {
    let own = |name: &str| slots.iter().any(|slot| slot.name == name);
    let named: Arrays = arrays.iter().filter(|(name, _)| own(name)).cloned().collect();
    let names = |taken: &Arrays| taken.iter().map(|(name, _)| name.clone()).collect();
    let in_order = |taken: Arrays| {
        let names = names(&taken);
        let tensors: Vec<Tensor> = taken.into_iter().map(|(_, array)| array).collect();
        (tensors.into(), names)
    };
    if named.len() == slots.len() {
        let names = names(&named);
        return Ok((named.into(), names));
    }
    for prefix in [role.letter().to_string(), "arr_".into()] {
        let numbered = |i: usize| {
            let name = format!("{prefix}{i}");
            arrays.iter().find(|(n, _)| *n == name).cloned()
        };
        let found: Arrays = (0..).map_while(numbered).collect();
        if found.len() == slots.len() || (role == Role::Y && !found.is_empty()) {
            return Ok(in_order(found));
        }
    }
    let letter = role.letter().to_string();
    let lettered = arrays.iter().find(|(name, _)| *name == letter);
    match (&arrays[..], slots.len(), lettered) {
        ([only], 1, _) | (_, 1, Some(only)) => Ok(in_order(vec![only.clone()])),
        // Outputs that are not trained need no values.
        _ if role == Role::Y && !named.is_empty() => {
            let names = names(&named);
            Ok((named.into(), names))
        }
        _ => {
            let names = arrays.iter().map(|(name, _)| name);
            let got = if arrays.is_empty() { "none".into() } else { listed(names) };
            Err(format!("expected arrays {}, got {got}", wanted(role, slots)))
        }
    }
}

/// The arrays that a file must have, in words.
fn wanted(role: Role, slots: &[Slot]) -> String {
    let numbered = listed((0..slots.len()).map(|i| format!("{}{i}", role.letter())));
    let names: Vec<&str> =
        slots.iter().map(|slot| slot.name.as_str()).filter(|name| !name.is_empty()).collect();
    match names.is_empty() {
        true => numbered,
        false => format!("{numbered} (or {})", listed(names)),
    }
}

/// A table's rows in the sizes that the model takes: numbers side by side say nothing of axes.
fn shaped(table: Tensor, slot: Option<&Slot>) -> Outcome<Tensor> {
    let sizes = slot.and_then(|slot| slot.sizes.as_ref()).filter(|sizes| sizes.len() != 1);
    let Some(sizes) = sizes else { return Ok(table) };
    let &[rows, columns] = &table.shape()[..] else { return Ok(table) };
    if sizes.iter().try_fold(1_usize, |n, &d| n.checked_mul(d)) != Some(columns) {
        return Ok(table);
    }
    let shape = [&[rows][..], sizes].concat();
    Ok(table.reshape(shape).map_err(ferras::Error::from)?)
}

/// The arrays of a file of test vectors.
pub(crate) fn vectors(path: &Path, limits: &Limits) -> Outcome<Arrays> {
    if !path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npz")) {
        return Err(Failure::Usage(format!(
            "--vectors: {} is no name for test vectors: it must end in .npz",
            path.display()
        )));
    }
    Ok(npz::read_within(path, limits)?.into_arrays())
}

/// Test vectors: the inputs, and the outputs that they must give, in the model's order.
pub(crate) fn matched(path: &Path, arrays: Arrays, model: &Model) -> Outcome<(Data, Vec<Tensor>)> {
    let wrong = |problem: String| Failure::Work(format!("{}: {problem}", path.display()));
    let x = choose(path, arrays.clone(), Role::X, model)?;
    let outputs = slots(model, Role::Y);
    let find = |(i, slot): (usize, &Slot)| {
        let found = arrays.iter().find(|(n, _)| *n == format!("y{i}") || *n == slot.name);
        let missing = || wrong(format!("lacks the array {}", wanted(Role::Y, &outputs)));
        found.map(|(_, array)| array.clone()).ok_or_else(missing)
    };
    let y = outputs.iter().enumerate().map(find).collect::<Outcome<Vec<_>>>()?;
    Ok((x, y))
}
