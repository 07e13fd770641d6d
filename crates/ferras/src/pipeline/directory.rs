//! Folders of files whose subfolders are classes: what Keras' `…_dataset_from_directory` share.
use crate::config::{ConfigValue, Scope, Vocabulary, mismatch};
use crate::preprocessing::mersenne::Mersenne;
use crate::{Error, Result, console};
use ferras_graph::{DType, Tensor, TensorType};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the labels of files come from.
///
/// ```
/// use ferras::data::Labels;
/// assert_eq!(Labels::from("inferred"), Labels::Inferred);
/// assert_eq!(Labels::from(None), Labels::None);
/// assert_eq!(Labels::from(vec![0, 1, 1]), Labels::Given(vec![0, 1, 1]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Labels {
    /// Of the subfolder that a file is in.
    Inferred,
    /// There are none.
    None,
    /// One for each file, in the order of their paths.
    Given(Vec<i64>),
    /// No word that is known; told when it is used.
    Unknown(String),
}

impl From<&str> for Labels {
    fn from(word: &str) -> Labels {
        match word {
            "inferred" => Labels::Inferred,
            other => Labels::Unknown(other.into()),
        }
    }
}

impl From<Option<&str>> for Labels {
    fn from(word: Option<&str>) -> Labels {
        word.map_or(Labels::None, Labels::from)
    }
}

impl From<Vec<i64>> for Labels {
    fn from(labels: Vec<i64>) -> Labels {
        Labels::Given(labels)
    }
}

impl ConfigValue for Labels {
    fn to_json(&self) -> Json {
        match self {
            Labels::Inferred => json!("inferred"),
            Labels::None => Json::Null,
            Labels::Given(labels) => json!(labels),
            Labels::Unknown(word) => json!(word),
        }
    }

    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        match json {
            Json::Null => Ok(Labels::None),
            Json::String(word) => Ok(Labels::from(word.as_str())),
            list => Vec::<i64>::from_json(list, scope)
                .map(Labels::Given)
                .map_err(|_| mismatch("\"inferred\", null or a list of whole numbers", json)),
        }
    }
}

/// Names in an order that matters: `["cat", "dog"]`.
///
/// ```
/// use ferras::data::Names;
/// assert_eq!(Names::from(["cat", "dog"]), Names::from(vec!["cat".to_string(), "dog".into()]));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names(pub Vec<String>);

impl<const N: usize> From<[&str; N]> for Names {
    fn from(names: [&str; N]) -> Names {
        Names(names.map(String::from).to_vec())
    }
}

impl From<&str> for Names {
    fn from(name: &str) -> Names {
        Names(vec![name.into()])
    }
}

impl From<Vec<String>> for Names {
    fn from(names: Vec<String>) -> Names {
        Names(names)
    }
}

impl ConfigValue for Names {
    fn to_json(&self) -> Json {
        json!(self.0)
    }

    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        Vec::<String>::from_json(json, scope).map(Names)
    }
}

/// Samples of a batch, or none for single samples without a batch axis.
///
/// ```
/// use ferras::data::BatchSize;
/// assert_eq!(BatchSize::from(32), BatchSize::from(Some(32)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchSize(pub Option<usize>);

impl From<usize> for BatchSize {
    fn from(size: usize) -> BatchSize {
        BatchSize(Some(size))
    }
}

impl From<Option<usize>> for BatchSize {
    fn from(size: Option<usize>) -> BatchSize {
        BatchSize(size)
    }
}

impl ConfigValue for BatchSize {
    fn to_json(&self) -> Json {
        self.0.to_json()
    }

    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        Option::<usize>::from_json(json, scope).map(BatchSize)
    }
}

/// How labels are given to a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelMode {
    /// Their numbers, int32 `(batch,)`.
    Int,
    /// 0 or 1, float32 `(batch, 1)`.
    Binary,
    /// A 1 at the place of the class, float32 `(batch, classes)`.
    Categorical,
    /// Not at all.
    None,
}

impl Vocabulary for LabelMode {
    const KIND: &'static str = "label_mode";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("int", LabelMode::Int),
        ("binary", LabelMode::Binary),
        ("categorical", LabelMode::Categorical),
    ];
    fn unset() -> Option<Self> {
        Some(LabelMode::None)
    }
}

impl LabelMode {
    /// Labels as the targets of as many samples.
    pub(super) fn targets(self, labels: &[i64], classes: usize) -> Result<Option<Tensor>> {
        let count = labels.len();
        Ok(match self {
            LabelMode::None => None,
            LabelMode::Int => Some(Tensor::new([count], labels.to_vec())?.cast(DType::I32)),
            LabelMode::Binary => Some(Tensor::new([count, 1], labels.to_vec())?.cast(DType::F32)),
            LabelMode::Categorical => {
                let mut ones = Tensor::zeros(&TensorType::new(DType::F32, [count, classes]));
                let rows = ones.as_mut_slice::<f32>().unwrap_or_default();
                for (row, label) in rows.chunks_exact_mut(classes.max(1)).zip(labels) {
                    let place = usize::try_from(*label).ok().and_then(|i| row.get_mut(i));
                    place.into_iter().for_each(|one| *one = 1.0);
                }
                Some(ones)
            }
        })
    }
}

/// Which part of the data is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subset {
    /// What is learnt from.
    Training,
    /// What is kept apart.
    Validation,
    /// One and the other.
    Both,
}

impl Vocabulary for Subset {
    const KIND: &'static str = "subset";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("training", Subset::Training),
        ("validation", Subset::Validation),
        ("both", Subset::Both),
    ];
}

/// Files, and their labels if they have any.
#[derive(Clone, Debug)]
pub(super) struct Index {
    pub(super) files: Vec<PathBuf>,
    pub(super) labels: Option<Vec<i64>>,
    pub(super) class_names: Option<Vec<String>>,
}

/// What is looked for in a folder.
pub(super) struct Search<'a> {
    pub(super) labels: &'a Labels,
    pub(super) class_names: Option<&'a Names>,
    /// Endings of names, in small letters.
    pub(super) formats: &'a [&'a str],
    /// The order of files is drawn from it.
    pub(super) shuffle: Option<u64>,
    pub(super) follow_links: bool,
    pub(super) verbose: bool,
}

impl Search<'_> {
    /// The files of a folder in Keras' order.
    pub(super) fn index(&self, directory: &Path) -> Result<Index> {
        let mut found = match self.labels {
            Labels::Inferred => self.by_class(directory)?,
            Labels::Unknown(word) => {
                let known = "must be \"inferred\", a list of whole numbers or None";
                return Err(Error::argument("labels", format!("{known}, got {word:?}")));
            }
            Labels::None => self.labelled(directory, None)?,
            Labels::Given(labels) => self.labelled(directory, Some(labels))?,
        };
        if self.verbose {
            let classes = found.class_names.as_ref().map(Vec::len);
            let classes = classes.map_or(String::new(), |n| format!(" belonging to {n} classes"));
            console::print(&format!("Found {} files{classes}.\n", found.files.len()));
        }
        if let Some(seed) = self.shuffle {
            let order = Mersenne::new(seed as u32).permutation(found.files.len());
            found.files = order.iter().filter_map(|i| found.files.get(*i).cloned()).collect();
            found.labels =
                found.labels.map(|l| order.iter().filter_map(|i| l.get(*i).copied()).collect());
        }
        Ok(found)
    }

    fn by_class(&self, directory: &Path) -> Result<Index> {
        let mut names = subfolders(directory)?;
        names.retain(|name| !name.starts_with('.'));
        if let Some(Names(wanted)) = self.class_names {
            if let Some(odd) = wanted.iter().find(|n| !names.contains(n)) {
                let problem = format!("names {odd:?}, which is no subfolder; there are {names:?}");
                return Err(Error::argument("class_names", problem));
            }
            names.clone_from(wanted);
        }
        let (mut files, mut labels) = (Vec::new(), Vec::new());
        for (class, name) in names.iter().enumerate() {
            files.extend(files_in(&directory.join(name), self.formats, self.follow_links)?);
            labels.resize(files.len(), class as i64);
        }
        Ok(Index { files, labels: Some(labels), class_names: Some(names) })
    }

    fn labelled(&self, directory: &Path, labels: Option<&[i64]>) -> Result<Index> {
        if self.class_names.is_some() {
            let problem = "go with labels of subfolders only: leave labels at \"inferred\"";
            return Err(Error::argument("class_names", problem));
        }
        let files = files_in(directory, self.formats, self.follow_links)?;
        if let Some(labels) = labels
            && labels.len() != files.len()
        {
            let problem = format!(
                "must be one for each of the {} files in {}, got {}",
                files.len(),
                directory.display(),
                labels.len()
            );
            return Err(Error::argument("labels", problem));
        }
        let names = |l: &[i64]| {
            let different: BTreeSet<&i64> = l.iter().collect();
            different.into_iter().map(i64::to_string).collect()
        };
        Ok(Index { files, labels: labels.map(<[i64]>::to_vec), class_names: labels.map(names) })
    }
}

/// Names of folders in a folder, links to some included, in order.
pub(super) fn subfolders(directory: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(Error::io("read", directory))? {
        let entry = entry.map_err(Error::io("read", directory))?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Files below a folder whose names end so: folder after folder, in order.
pub(super) fn files_in(directory: &Path, formats: &[&str], follow: bool) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    walk(directory, follow, &mut Vec::new(), &mut folders)?;
    folders.sort_by(|a, b| a.0.to_string_lossy().cmp(&b.0.to_string_lossy()));
    let fits = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        formats.iter().any(|ending| name.ends_with(ending))
    };
    let mut all = Vec::new();
    for (_, mut files) in folders {
        files.sort_by(|a, b| a.to_string_lossy().cmp(&b.to_string_lossy()));
        all.extend(files.into_iter().filter(fits));
    }
    Ok(all)
}

type Folder = (PathBuf, Vec<PathBuf>);

/// `above` are the real folders on the way: links back to them would have no end.
fn walk(
    folder: &Path,
    follow: bool,
    above: &mut Vec<PathBuf>,
    found: &mut Vec<Folder>,
) -> Result<()> {
    let real = fs::canonicalize(folder).map_err(Error::io("read", folder))?;
    if above.contains(&real) {
        return Ok(());
    }
    above.push(real);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let entry = entry.map_err(Error::io("read", folder))?;
        let path = entry.path();
        if !path.is_dir() {
            files.push(path);
        } else if follow || !path.is_symlink() {
            walk(&path, follow, above, found)?;
        }
    }
    above.pop();
    found.push((folder.to_path_buf(), files));
    Ok(())
}

/// Which part of the files is kept apart, and which one is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Split {
    pub(super) validation_split: Option<f64>,
    pub(super) subset: Option<Subset>,
}

impl Split {
    /// Says what is wrong with the arguments.
    pub(super) fn check(&self, shuffle: bool, seed: Option<u64>) -> Result<()> {
        match (self.validation_split.filter(|v| *v != 0.0), self.subset) {
            (None, None) => Ok(()),
            (Some(split), _) if !(split > 0.0 && split < 1.0) => {
                let problem = format!("must be between 0 and 1, got {split}");
                Err(Error::argument("validation_split", problem))
            }
            (Some(_), None) => Err(Error::argument("subset", "must be set with validation_split")),
            (None, Some(_)) => Err(Error::argument("validation_split", "must be set with subset")),
            _ if shuffle && seed.is_none() => {
                let problem = "must be set with validation_split and shuffle: otherwise the same file \
                               may be learnt from and judged by";
                Err(Error::argument("seed", problem))
            }
            _ => Ok(()),
        }
    }

    /// The part of the files that a subset is.
    pub(super) fn part(
        &self,
        index: &Index,
        subset: Option<Subset>,
        verbose: bool,
    ) -> Result<Index> {
        let (Some(split), Some(subset)) = (self.validation_split.filter(|v| *v != 0.0), subset)
        else {
            return Ok(index.clone());
        };
        let count = index.files.len();
        let kept = (split * count as f64) as usize;
        let rest = count - kept;
        let (range, what) = match subset {
            Subset::Validation => (rest..count, "validation"),
            _ => (0..rest, "training"),
        };
        if kept == 0 {
            let problem = format!("of {split} keeps none of {count} files apart");
            return Err(Error::argument("validation_split", problem));
        }
        if verbose {
            console::print(&format!("Using {} files for {what}.\n", range.len()));
        }
        Ok(Index {
            files: index.files.get(range.clone()).unwrap_or_default().to_vec(),
            labels: index.labels.as_ref().and_then(|l| l.get(range)).map(<[i64]>::to_vec),
            class_names: index.class_names.clone(),
        })
    }
}
