//! What there is of Keras, name by name: `docs/keras-coverage.md` must say how it is.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too

mod words;

use ferras::activations::ActivationFn;
use ferras::config::Family;
use ferras::constraints::ConstraintFn;
use ferras::initializers::InitializerFn;
use ferras::layers::Layer;
use ferras::losses::LossFn;
use ferras::metrics::MetricFn;
use ferras::optimizers::{OptimizerFn, schedules::ScheduleFn};
use ferras::regularizers::RegularizerFn;
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use words::{ELSEWHERE, EVERYWHERE, NEVER};

const HEAD: &str = "# What there is of Keras

Every public name of Keras 3.15.1: those that Ferras has, those that are still to come, and those that will never be
here, with the reason. Names that mean the same in Keras are counted once. A test makes this page of the tables of
classes and of the sources, and fails where it is out of date: `FERRAS_WRITE=1 cargo test -p ferras --test coverage`
writes it anew.

";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Everything public that the sources in a folder declare.
fn declared(folder: &Path, found: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            declared(&path, found);
            continue;
        }
        for line in fs::read_to_string(&path).unwrap_or_default().lines() {
            let Some(rest) = line.trim_start().strip_prefix("pub ") else { continue };
            let mut words = rest.split_whitespace();
            let kind = words.next().unwrap_or_default();
            if matches!(kind, "fn" | "struct" | "enum" | "trait" | "mod" | "type") {
                let name = words.next().unwrap_or_default();
                let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
                found.insert(name[..end.unwrap_or(name.len())].to_string());
            }
        }
    }
}

/// The functions that the tables of `ops` declare, as `add = Add(x1, x2);`.
fn operations() -> HashSet<String> {
    let files = fs::read_dir(root().join("crates/ferras/src/ops")).unwrap();
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let table = texts.collect::<Vec<_>>().join("\n");
    let name = |line: &str| {
        let (name, class) = line.trim().split_once(" = ")?;
        let row =
            class.ends_with([';', '(']) && class.starts_with(|c: char| c.is_ascii_uppercase());
        row.then(|| name.to_string())
    };
    table.lines().filter_map(name).collect()
}

fn sources(folder: &str) -> HashSet<String> {
    let mut found = HashSet::new();
    let folder = root().join(folder);
    if folder.is_dir() {
        declared(&folder, &mut found);
    }
    found
}

/// The names in the table of a module's classes.
fn table(module: &str) -> HashSet<&'static str> {
    fn names<T: Family + ?Sized + 'static>() -> HashSet<&'static str> {
        T::table().iter().flat_map(|entry| entry.names.iter().copied()).collect()
    }
    match module {
        "keras.layers" => names::<dyn Layer>(),
        "keras.activations" => names::<dyn ActivationFn>(),
        "keras.initializers" => names::<dyn InitializerFn>(),
        "keras.regularizers" => names::<dyn RegularizerFn>(),
        "keras.constraints" => names::<dyn ConstraintFn>(),
        "keras.losses" => names::<dyn LossFn>(),
        "keras.metrics" => names::<dyn MetricFn>(),
        "keras.optimizers" => names::<dyn OptimizerFn>(),
        "keras.optimizers.schedules" => names::<dyn ScheduleFn>(),
        _ => HashSet::new(),
    }
}

/// What there is of a module.
#[derive(Default)]
struct Module {
    have: Vec<String>,
    /// Keras' name and ours.
    elsewhere: Vec<(String, String)>,
    missing: Vec<String>,
    never: BTreeMap<&'static str, Vec<String>>,
}

impl Module {
    fn of(module: &str, rows: &[Json], declared: &HashSet<String>) -> Module {
        let table = table(module);
        let functions = match module {
            "keras.ops" => &sources("crates/ferras/src/ops") | &operations(),
            "keras.applications" => sources("crates/ferras/src/applications"),
            _ => HashSet::new(),
        };
        let mut found = Module::default();
        for row in rows {
            let name = row["name"].as_str().unwrap();
            let mut all = vec![name];
            all.extend(row["aliases"].as_array().into_iter().flatten().filter_map(Json::as_str));
            // Words of Rust have a bar behind them: `where_`.
            let have = |n: &&str| {
                table.contains(*n) || functions.contains(*n) || functions.contains(&format!("{n}_"))
            };
            let other = other_name(module, &all, declared);
            let never = NEVER.iter().find(|(m, names, _)| {
                *m == module && (names.is_empty() || all.iter().any(|n| names.contains(n)))
            });
            let shown = all.join("` = `");
            if all.iter().any(have) {
                found.have.push(shown);
            } else if let Some(own) = other {
                found.elsewhere.push((shown, own.to_string()));
            } else if let Some((_, _, why)) = never {
                found.never.entry(why).or_default().push(shown);
            } else {
                found.missing.push(shown);
            }
        }
        found
    }

    fn counts(&self) -> [usize; 3] {
        let never = self.never.values().map(Vec::len).sum();
        [self.have.len() + self.elsewhere.len(), self.missing.len(), never]
    }

    fn write(&self, name: &str, page: &mut String) {
        let _ = writeln!(page, "## {name}\n");
        let list = |names: &[String]| format!("`{}`", names.join("`, `"));
        if !self.have.is_empty() {
            let _ = writeln!(page, "**Have**: {}.\n", list(&self.have));
        }
        if !self.elsewhere.is_empty() {
            let pairs = self.elsewhere.iter().map(|(keras, own)| format!("`{keras}`: `{own}`"));
            let pairs = pairs.collect::<Vec<_>>().join(", ");
            let _ = writeln!(page, "**Have, by the name behind it**: {pairs}.\n");
        }
        if !self.missing.is_empty() {
            let _ = writeln!(page, "**Not yet**: {}.\n", list(&self.missing));
        }
        for (why, names) in &self.never {
            let _ = writeln!(page, "**Never**, because {why}: {}.\n", list(names));
        }
    }
}

/// What one of these names is here, if that is declared.
fn other_name<'a>(module: &str, names: &[&str], declared: &HashSet<String>) -> Option<&'a str> {
    let own = ELSEWHERE.iter().find(|(keras, _)| {
        names
            .iter()
            .any(|n| keras.strip_prefix(module).and_then(|k| k.strip_prefix('.')) == Some(n))
    });
    let classes = !table(module).is_empty();
    let everywhere = || EVERYWHERE.iter().find(|(n, _)| classes && names.contains(n));
    let (_, own) = own.or_else(everywhere)?;
    declared.contains(own.rsplit("::").next()?).then_some(*own)
}

fn page() -> String {
    let path = root().join("tests/golden/public_names.json");
    let file: Json = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut declared = sources("crates/ferras/src");
    declared.extend(sources("crates/graph/src"));
    let modules = file["modules"].as_object().unwrap().iter();
    declared.extend(modules.clone().flat_map(|(name, _)| table(name)).map(str::to_string));
    let modules: Vec<(&String, Module)> = modules
        .map(|(name, rows)| (name, Module::of(name, rows.as_array().unwrap(), &declared)))
        .collect();
    let mut page = HEAD.to_string();
    page.push_str("| module | have | not yet | never |\n|---|---|---|---|\n");
    let mut total = [0; 3];
    for (name, module) in &modules {
        let [have, missing, never] = module.counts();
        let _ = writeln!(
            page,
            "| [{name}](#{}) | {have} | {missing} | {never} |",
            name.replace('.', "")
        );
        total.iter_mut().zip(module.counts()).for_each(|(sum, n)| *sum += n);
    }
    let [have, missing, never] = total;
    let _ = writeln!(page, "| **all** | **{have}** | **{missing}** | **{never}** |\n");
    for (name, module) in &modules {
        module.write(name, &mut page);
    }
    page.trim_end().to_string() + "\n"
}

#[test]
fn the_page_of_what_there_is_says_how_it_is() {
    let path = root().join("docs/keras-coverage.md");
    let page = page();
    if std::env::var_os("FERRAS_WRITE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let line = page.lines().zip(found.lines()).position(|(a, b)| a != b);
    assert!(
        found == page,
        "docs/keras-coverage.md is out of date (line {:?}): write it anew with FERRAS_WRITE=1 cargo \
         test -p ferras --test coverage",
        line.map(|n| n + 1)
    );
}

#[test]
fn nothing_is_said_of_names_that_keras_does_not_have() {
    let path = root().join("tests/golden/public_names.json");
    let file: Json = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let has = |module: &str, name: &str| {
        file["modules"][module].as_array().unwrap().iter().any(|row| {
            row["name"] == name
                || row["aliases"].as_array().is_some_and(|all| all.iter().any(|n| n == name))
        })
    };
    for (name, _) in ELSEWHERE {
        let (module, name) = name.rsplit_once('.').unwrap();
        assert!(has(module, name), "{module}.{name}");
    }
    for (module, names, _) in NEVER {
        names.iter().for_each(|name| assert!(has(module, name), "{module}.{name}"));
    }
}
