//! Models by name and version, kept up to date with their files.
use crate::events::Event;
use crate::failure::{Failure, Outcome};
use crate::metrics::{ModelMetrics, Told};
use crate::options::Options;
use crate::served::Served;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Instant, SystemTime};
use tokio::sync::Semaphore;

/// Where a model comes from: a file, or a folder of versions.
///
/// In a folder, versions are files or folders whose names are numbers: `3.keras`, or `3/` with one
/// model in it. The largest number is served where a request names none.
///
/// ```
/// use ferras_serve::Source;
/// assert_eq!(Source::parse("nets/digits.keras")?.name(), "digits");
/// assert_eq!(Source::parse("mnist=nets/digits.keras")?.name(), "mnist");
/// assert!(Source::parse("a/b=c.keras").unwrap_err().contains("a/b"));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    name: String,
    path: PathBuf,
}

impl Source {
    /// `PATH`, whose name without its end becomes the model's, or `NAME=PATH`.
    pub fn parse(text: &str) -> Result<Source, String> {
        let harmless = |name: &str| {
            let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            (1..=100).contains(&name.len()) && name.chars().all(fine) && !name.starts_with('.')
        };
        if let Some((name, path)) = text.split_once('=') {
            return match harmless(name) {
                true => Ok(Source { name: name.into(), path: path.into() }),
                false => Err(format!(
                    "{name:?} cannot be a model's name: take letters, digits, '_', '-' and '.'"
                )),
            };
        }
        let path = PathBuf::from(text);
        let stem = if path.is_dir() { path.file_name() } else { path.file_stem() };
        let stem = stem.map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        match harmless(&stem) {
            true => Ok(Source { name: stem, path }),
            false => Err(format!("{stem:?} cannot be a model's name: give one, as NAME={text}")),
        }
    }

    /// The name under which the model is served.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file of each version.
    fn files(&self) -> Result<BTreeMap<u64, PathBuf>, String> {
        if !self.path.is_dir() {
            return Ok(BTreeMap::from([(1, self.path.clone())]));
        }
        let told = |e: std::io::Error| format!("cannot look into {}: {e}", self.path.display());
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(&self.path).map_err(told)? {
            let path = entry.map_err(told)?.path();
            let stem = if path.is_dir() { path.file_name() } else { path.file_stem() };
            let version = stem.and_then(|stem| stem.to_str()?.parse().ok());
            let file = if path.is_dir() {
                only_model(&path)
            } else {
                Some(path).filter(|path| is_model(path))
            };
            files.extend(version.zip(file));
        }
        Ok(files)
    }
}

fn is_model(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "keras" || end == "h5" || end == "hdf5")
}

/// The only model in a folder.
fn only_model(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    let mut models =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_model(path));
    models.next().filter(|_| models.next().is_none())
}

/// What tells one content of a file from another one.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Print {
    length: u64,
    changed: Option<SystemTime>,
}

fn print(path: &Path) -> Option<Print> {
    let data = std::fs::metadata(path).ok()?;
    Some(Print { length: data.len(), changed: data.modified().ok() })
}

/// A version's file as it was when it was last looked at.
#[derive(Clone, Copy, Debug)]
struct Seen {
    print: Print,
    /// Whether this content was loaded, or could not be.
    done: bool,
}

#[derive(Debug)]
struct Entry {
    source: Source,
    versions: RwLock<BTreeMap<u64, Arc<Served>>>,
    seen: Mutex<BTreeMap<u64, Seen>>,
    metrics: Arc<ModelMetrics>,
}

impl Entry {
    fn versions(&self) -> BTreeMap<u64, Arc<Served>> {
        self.versions.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// All models.
#[derive(Debug)]
pub(crate) struct Registry {
    entries: Vec<Entry>,
    cores: Arc<Semaphore>,
}

impl Registry {
    /// An error for two models of one name, or none.
    pub(crate) fn new(sources: Vec<Source>) -> Result<Registry, String> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut names = std::collections::HashSet::new();
        if let Some(twice) = sources.iter().find(|source| !names.insert(&source.name)) {
            let name = &twice.name;
            return Err(format!("two models are named {name:?}: give them names, as NAME=PATH"));
        }
        let entry = |source| Entry {
            source,
            versions: RwLock::default(),
            seen: Mutex::default(),
            metrics: Arc::default(),
        };
        match sources.is_empty() {
            true => Err("there is no model to serve".into()),
            false => Ok(Registry {
                entries: sources.into_iter().map(entry).collect(),
                cores: Arc::new(Semaphore::new(cores)),
            }),
        }
    }

    /// Looks at all files, and loads those that are new. While a service starts (`first`), a file
    /// that cannot be loaded is an error; later it is told, and what was loaded before goes on.
    pub(crate) fn refresh(&self, options: &Options, first: bool) -> Result<(), String> {
        for entry in &self.entries {
            let named = |problem: String| format!("{}: {problem}", entry.source.name);
            let files = entry.source.files().map_err(named);
            match files {
                Err(problem) if first => return Err(problem),
                Err(_) => continue,
                Ok(files) if first && files.is_empty() => {
                    return Err(named("the folder has no versions, as 1.keras or 1/".into()));
                }
                Ok(files) => {
                    for (version, path) in &files {
                        self.look(entry, *version, path, options, first).map_err(named)?;
                    }
                    forget(entry, &files, options);
                }
            }
        }
        Ok(())
    }

    /// Loads a file that is new, once it has stopped changing.
    fn look(
        &self,
        entry: &Entry,
        version: u64,
        path: &Path,
        options: &Options,
        first: bool,
    ) -> Result<(), String> {
        let mut seen = entry.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let before = seen.get(&version).copied();
        let Some(print) = print(path) else {
            // It may be on its way from one name to another.
            let gone = || format!("there is no file {}", path.display());
            return if first { Err(gone()) } else { Ok(()) };
        };
        let known = before.filter(|seen| seen.print == print);
        if known.is_some_and(|seen| seen.done) {
            return Ok(());
        }
        let settled = first || known.is_some();
        seen.insert(version, Seen { print, done: settled });
        if !settled {
            return Ok(());
        }
        drop(seen);
        let start = Instant::now();
        let name = (entry.source.name.as_str(), version);
        let served = Served::load(name, path, options, &self.cores, &entry.metrics);
        entry.metrics.loaded(served.is_ok());
        let model = entry.source.name.clone();
        match served {
            Ok(served) => {
                let (row, batch) = (served.row, served.batcher.max_batch);
                let mut versions = entry.versions.write().unwrap_or_else(PoisonError::into_inner);
                versions.insert(version, Arc::new(served));
                drop(versions);
                let took = start.elapsed();
                (options.on_event)(&Event::Ready { model, version, took, row, batch });
                Ok(())
            }
            Err(problem) if first => Err(problem),
            Err(problem) => {
                (options.on_event)(&Event::Failed { model, version, problem });
                Ok(())
            }
        }
    }

    /// The version of a model, or its newest.
    pub(crate) fn find(&self, name: &str, version: Option<u64>) -> Outcome<Arc<Served>> {
        let entry = self.entries.iter().find(|entry| entry.source.name == name);
        let entry = entry.ok_or_else(|| {
            let names: Vec<&str> = self.names().collect();
            Failure::not_found(format!(
                "there is no model {name:?}; there are {}",
                names.join(", ")
            ))
        })?;
        let versions = entry.versions.read().unwrap_or_else(PoisonError::into_inner);
        let found = match version {
            Some(version) => versions.get(&version),
            None => versions.values().next_back(),
        };
        match (found, version) {
            (Some(served), _) => Ok(served.clone()),
            (None, _) if versions.is_empty() => {
                Err(Failure::unavailable(format!("model {name:?} is being loaded")))
            }
            (None, version) => {
                let there: Vec<String> = versions.keys().map(u64::to_string).collect();
                Err(Failure::not_found(format!(
                    "model {name:?} has no version {}; there are {}",
                    version.unwrap_or_default(),
                    there.join(", ")
                )))
            }
        }
    }

    /// The only model, or an error that names all of them.
    pub(crate) fn only(&self) -> Outcome<&str> {
        match &self.entries[..] {
            [entry] => Ok(&entry.source.name),
            _ => {
                let names: Vec<&str> = self.names().collect();
                let (n, names) = (names.len(), names.join(", "));
                Err(Failure::bad(format!(
                    "there are {n} models ({names}): name one, as /predict?model=NAME"
                )))
            }
        }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.source.name.as_str())
    }

    /// All versions of a model, in their order.
    pub(crate) fn versions(&self, name: &str) -> Outcome<Vec<Arc<Served>>> {
        match self.find(name, None) {
            Err(failure) if failure.status == axum::http::StatusCode::NOT_FOUND => Err(failure),
            _ => {
                let entry = self.entries.iter().find(|entry| entry.source.name == name);
                Ok(entry.map(|e| e.versions().into_values().collect()).unwrap_or_default())
            }
        }
    }

    /// Whether each model has a version.
    pub(crate) fn ready(&self) -> bool {
        let has = |entry: &Entry| {
            !entry.versions.read().unwrap_or_else(PoisonError::into_inner).is_empty()
        };
        self.entries.iter().all(has)
    }

    /// What there is to count.
    pub(crate) fn told(&self) -> Vec<Told> {
        let told = |entry: &Entry| {
            let versions = entry.versions();
            Told {
                name: entry.source.name.clone(),
                metrics: entry.metrics.clone(),
                waiting: versions.values().map(|served| served.batcher.waiting()).sum(),
                versions: versions.into_keys().collect(),
            }
        };
        self.entries.iter().map(told).collect()
    }
}

/// Lets go of versions whose files are gone from a folder, but for the last one.
fn forget(entry: &Entry, files: &BTreeMap<u64, PathBuf>, options: &Options) {
    let mut versions = entry.versions.write().unwrap_or_else(PoisonError::into_inner);
    let gone: Vec<u64> = versions.keys().filter(|v| !files.contains_key(v)).copied().collect();
    for version in gone {
        if versions.len() > 1 && versions.remove(&version).is_some() {
            entry.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(&version);
            let model = entry.source.name.clone();
            (options.on_event)(&Event::Removed { model, version });
        }
    }
}
