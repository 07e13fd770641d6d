//! Where files are written: looked at before any work is done.
use crate::failure::{Failure, Outcome};
use std::path::Path;

/// An error unless a file of this name can be made here; `what` is the option.
pub(crate) fn check_place(path: &Path, what: &str) -> Outcome<()> {
    if path.is_dir() {
        return Err(Failure::Usage(format!("{what}: {} is a folder", path.display())));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(Failure::Usage(format!("{what}: there is no folder {}", folder.display())));
    }
    Ok(ferras::check_writable(path)?)
}

/// An error if what is written would take the place of what it is made from; `what` is the option.
pub(crate) fn spared(output: &Path, what: &str, sources: &[&Path]) -> Outcome<()> {
    match sources.iter().find(|source| same(output, source)) {
        Some(source) => Err(Failure::Usage(format!(
            "{what}: {} is read in this run and would be lost: give another name",
            source.display()
        ))),
        None => Ok(()),
    }
}

/// Whether both are names of one file that is there.
pub(crate) fn same(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    real(a).is_some_and(|a| real(b) == Some(a))
}
