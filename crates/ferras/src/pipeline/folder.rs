//! A folder as a data set: what pictures and texts share.
use super::Pipeline;
use super::directory::{BatchSize, Index, LabelMode, Labels, Names, Search, Split, Subset};
use crate::array::Array;
use crate::random::next_seed;
use crate::trainer::data::Data;
use crate::{Error, Result};
use ferras_graph::Tensor;
use std::path::{Path, PathBuf};

/// The arguments that `…_dataset_from_directory` share, with what is looked for.
pub(super) struct Folder<'a> {
    /// What the files are, in the plural.
    pub(super) what: &'a str,
    /// Endings of their names, in small letters.
    pub(super) formats: &'a [&'a str],
    pub(super) labels: &'a Labels,
    pub(super) label_mode: LabelMode,
    pub(super) class_names: Option<&'a Names>,
    pub(super) batch_size: BatchSize,
    pub(super) shuffle: bool,
    pub(super) seed: Option<u64>,
    pub(super) validation_split: Option<f64>,
    pub(super) follow_links: bool,
    pub(super) verbose: bool,
    /// Threads that read files; with 0 the one that asks for batches.
    pub(super) workers: usize,
}

/// Files in batches, with what is known of them.
#[derive(Debug)]
pub(super) struct FolderDataset {
    pub(super) pipeline: Pipeline,
    pub(super) class_names: Vec<String>,
    pub(super) file_paths: Vec<PathBuf>,
}

impl Folder<'_> {
    /// One data set; `both` is what to call for two. `read` makes a sample of a file.
    pub(super) fn one(
        &self,
        directory: &Path,
        subset: Option<Subset>,
        both: &str,
        read: impl Fn(&Path) -> Result<Array> + Send + Sync + 'static,
    ) -> Result<FolderDataset> {
        if subset == Some(Subset::Both) {
            let problem = format!("\"both\" gives two data sets: call {both}");
            return Err(Error::argument("subset", problem));
        }
        let (index, split) = self.index(directory, subset)?;
        let part = split.part(&index, subset, self.verbose)?;
        self.dataset(directory, part, self.shuffle, read)
    }

    /// What is learnt from and what is kept apart: only the first one is shuffled.
    pub(super) fn two(
        &self,
        directory: &Path,
        read: impl Fn(&Path) -> Result<Array> + Clone + Send + Sync + 'static,
    ) -> Result<(FolderDataset, FolderDataset)> {
        let (index, split) = self.index(directory, Some(Subset::Both))?;
        let part = |subset| split.part(&index, Some(subset), self.verbose);
        let training =
            self.dataset(directory, part(Subset::Training)?, self.shuffle, read.clone())?;
        Ok((training, self.dataset(directory, part(Subset::Validation)?, false, read)?))
    }

    /// All files, and how they are split.
    fn index(&self, directory: &Path, subset: Option<Subset>) -> Result<(Index, Split)> {
        let split = Split { validation_split: self.validation_split, subset };
        split.check(self.shuffle, self.seed)?;
        let unlabelled = self.label_mode == LabelMode::None;
        let search = Search {
            labels: if unlabelled { &Labels::None } else { self.labels },
            class_names: self.class_names,
            formats: self.formats,
            shuffle: self.shuffle.then(|| self.seed.unwrap_or_else(|| next_seed() % 1_000_000)),
            follow_links: self.follow_links,
            verbose: self.verbose,
        };
        let index = search.index(directory)?;
        let classes = index.class_names.as_ref().map_or(0, Vec::len);
        if self.label_mode == LabelMode::Binary && index.labels.is_some() && classes != 2 {
            let problem = format!("\"binary\" wants exactly 2 classes, there are {classes}");
            return Err(Error::argument("label_mode", problem));
        }
        Ok((index, split))
    }

    fn dataset(
        &self,
        directory: &Path,
        index: Index,
        shuffle: bool,
        read: impl Fn(&Path) -> Result<Array> + Send + Sync + 'static,
    ) -> Result<FolderDataset> {
        let Index { files, labels, class_names } = index;
        if files.is_empty() {
            let (what, formats) = (self.what, self.formats.join(", "));
            return Err(Error::file(directory, format!("holds no {what}; taken are {formats}")));
        }
        let class_names = class_names.unwrap_or_default();
        let targets = match labels {
            Some(labels) => self.label_mode.targets(&labels, class_names.len())?,
            None => None,
        };
        let places: Vec<i64> = (0..files.len() as i64).collect();
        let places = Data::from(Tensor::new([files.len()], places)?);
        let mut pipeline =
            Pipeline::from_arrays(places, targets.map_or_else(Data::default, Data::from))?;
        if shuffle {
            let buffer = self.batch_size.0.map_or(1024, |size| size.saturating_mul(8));
            pipeline = pipeline.shuffle(buffer, self.seed.unwrap_or_else(next_seed));
        }
        let paths = files.clone();
        pipeline = pipeline.workers(self.workers).map(move |mut batch| {
            let place = batch.x.first().and_then(|p| p.as_slice::<i64>()?.first().copied());
            let path = place.and_then(|p| paths.get(usize::try_from(p).ok()?));
            let path = path.ok_or_else(|| Error::Internal("a file without a number".into()))?;
            batch.x = vec![read(path)?];
            Ok(batch)
        });
        if let Some(size) = self.batch_size.0 {
            pipeline = pipeline.batch(size);
        }
        Ok(FolderDataset { pipeline: pipeline.prefetch(2), class_names, file_paths: files })
    }
}
