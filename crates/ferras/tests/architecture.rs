//! The order of the crate's modules: who may import whom.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests are tests too
use std::fs;
use std::path::{Path, PathBuf};

/// Modules from the lowest up; one may import those of its own row and of the rows above it here.
const LAYERS: [&[&str]; 7] = [
    &[
        "error",
        "array",
        "config",
        "files",
        "random",
        "backend",
        "utils",
        "golden",
        "http",
        "console",
        "containers",
        "date",
    ],
    &["activations", "initializers", "regularizers", "constraints", "preprocessing"],
    // A layer is applied to symbolic tensors, and a model is a layer.
    &["layers", "ops", "models", "losses", "metrics", "optimizers", "datasets", "schedules"],
    &["trainer", "data", "pipeline", "saving"],
    &["applications", "callbacks", "plot"],
    &["report"],
    &["prelude"],
];

/// The one import upwards: a model owns what training keeps for it, without looking inside.
const OWNED: (&str, &str) = ("models/model.rs", "trainer");

fn sources(folder: &Path, list: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, list);
        } else if path.extension().is_some_and(|e| e == "rs") {
            list.push(path);
        }
    }
}

fn level(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

/// Words behind `crate::` in the code of a file, doc comments and unit tests left out.
fn imports(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap();
    let lines = code.lines().filter(|l| !l.trim_start().starts_with("//"));
    let code = lines.collect::<Vec<_>>().join("\n");
    let word = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    code.split("crate::").skip(1).map(word).collect()
}

/// Whether the module above declares this one for tests alone.
fn is_test(file: &Path) -> bool {
    let above = fs::read_to_string(file.with_file_name("mod.rs")).unwrap_or_default();
    let name = file.file_stem().unwrap().to_string_lossy();
    above.contains(&format!("#[cfg(test)]\nmod {name};"))
}

#[test]
fn modules_import_downwards() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 20, "the sources were not found");
    let mut wrong = Vec::new();
    for file in &files {
        let inside = file.strip_prefix(&root).unwrap();
        let first = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if first == "lib" || inside.ends_with("tests.rs") || is_test(file) {
            continue;
        }
        let own = level(first).unwrap_or_else(|| panic!("{first} has no place in LAYERS"));
        for name in imports(&fs::read_to_string(file).unwrap()) {
            let owned = inside == Path::new(OWNED.0) && name == OWNED.1;
            if level(&name).is_some_and(|other| other > own) && !owned {
                wrong.push(format!("{} imports {name}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
