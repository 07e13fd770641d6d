//! `text_dataset_from_directory`: a folder of texts as a data set.
use super::Pipeline;
use super::directory::{BatchSize, LabelMode, Labels, Names, Subset};
use super::folder::{Folder, FolderDataset};
use crate::array::{Array, Texts};
use crate::config::Choice;
use crate::trainer::dataset::{Batch, Dataset};
use crate::{Config, Result};
use ferras_graph::Shape;
use std::path::{Path, PathBuf};

/// The options of [`text_dataset_from_directory`]: Keras' arguments and defaults.
#[derive(Clone, Debug, Config)]
#[config(module = "keras.preprocessing")]
pub struct TextDatasetFromDirectory {
    /// `"inferred"` (default) from the subfolders, `None`, or one number for each file in order.
    #[config(default = "inferred")]
    labels: Labels,
    /// `"int"` (default), `"binary"`, `"categorical"` or `None`.
    #[config(default = "int")]
    label_mode: Choice<LabelMode>,
    /// The subfolders in the order of their classes; by name by default.
    #[config(default = None)]
    class_names: Option<Names>,
    /// Texts of a batch; 32 by default, `None` for single ones without a batch axis.
    #[config(default = 32)]
    batch_size: BatchSize,
    /// Bytes of a text beyond which it is cut; any number by default.
    #[config(default = None)]
    max_length: Option<usize>,
    /// Whether texts come in random order, another one in each pass; true by default.
    #[config(default = true)]
    shuffle: bool,
    /// What the order follows from; by default a seed of the program's.
    #[config(default = None)]
    seed: Option<u64>,
    /// The share of the files that is kept apart, with `subset`.
    #[config(default = None)]
    validation_split: Option<f64>,
    /// `"training"` or `"validation"`, with `validation_split`.
    #[config(default = None)]
    subset: Option<Choice<Subset>>,
    /// Whether folders that are links are followed; false by default.
    #[config(default = false)]
    follow_links: bool,
    /// Whether the number of files is printed; true by default.
    #[config(default = true)]
    verbose: bool,
}

/// Texts of a folder in batches.
///
/// ```no_run
/// use ferras::data::{TextDatasetFromDirectory, text_dataset_from_directory};
/// let reviews = text_dataset_from_directory("aclImdb/train", TextDatasetFromDirectory::new())?;
/// println!("{:?}", reviews.class_names());
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Debug)]
pub struct TextDataset(FolderDataset);

impl TextDataset {
    /// The classes in the order of their numbers; empty without labels.
    pub fn class_names(&self) -> &[String] {
        &self.0.class_names
    }

    /// The files, as they were found or drawn.
    pub fn file_paths(&self) -> &[PathBuf] {
        &self.0.file_paths
    }

    /// All texts at once, in the order of the files: what a layer of words learns from.
    pub fn texts(&self) -> Result<Texts> {
        let texts = self.0.file_paths.iter().map(|path| read(path, None));
        let texts = texts.collect::<Result<Vec<String>>>()?;
        Texts::new([texts.len()], texts)
    }

    /// As a pipeline, for further steps.
    pub fn into_pipeline(self) -> Pipeline {
        self.0.pipeline
    }
}

impl Dataset for TextDataset {
    fn batches(&mut self) -> Box<dyn Iterator<Item = Result<Batch>> + Send + '_> {
        self.0.pipeline.batches()
    }

    fn len(&self) -> Option<usize> {
        self.0.pipeline.len()
    }
}

/// The texts of a folder as a data set; the names of its subfolders are the classes.
///
/// ```text
/// reviews/
///   neg/  0.txt 1.txt …
///   pos/  0.txt 1.txt …
/// ```
///
/// - **Input** a folder with `.txt` files in UTF-8; other bytes become U+FFFD.
/// - **Output** batches of texts `(batch,)`, and labels as `label_mode` says.
/// - **Errors**: no such folder, no texts, arguments that exclude each other.
/// - **Source** Keras 3 `utils.text_dataset_from_directory`: its order of files and its split for a seed;
///   the order within passes is Ferras' own, and a text is not cut within a letter.
///
/// ```
/// use ferras::data::{TextDatasetFromDirectory, text_dataset_from_directory};
/// use ferras::prelude::*;
/// # let reviews = std::env::temp_dir().join("ferras-doc-reviews");
/// for (class, text) in [("neg", "a bad film"), ("pos", "a good film")] {
///     std::fs::create_dir_all(reviews.join(class)).map_err(Error::io("create", &reviews))?;
///     let path = reviews.join(class).join("0.txt");
///     std::fs::write(&path, text).map_err(Error::io("write", &path))?;
/// }
/// let options = TextDatasetFromDirectory::new().label_mode("binary").seed(7).verbose(false);
/// let mut data = text_dataset_from_directory(&reviews, options)?;
/// assert_eq!(data.class_names(), ["neg", "pos"]);
/// let words = TextVectorization::new().output_mode("multi_hot").adapt(data.texts()?)?;
/// let mut model = Sequential::new().add(words).add(Dense::new(1).activation("sigmoid"));
/// model.compile(Compile::new().optimizer("adam").loss("binary_crossentropy"))?;
/// model.fit_dataset(&mut data, Fit::new().epochs(2).verbose(0))?;
/// # std::fs::remove_dir_all(reviews).unwrap();
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn text_dataset_from_directory(
    directory: impl AsRef<Path>,
    options: TextDatasetFromDirectory,
) -> Result<TextDataset> {
    let subset = options.subset.as_ref().map(Choice::get).transpose()?;
    let both = "text_datasets_from_directory";
    let folder = options.folder()?;
    folder.one(directory.as_ref(), subset, both, options.reader()).map(TextDataset)
}

/// What is learnt from and what is kept apart, Keras' `subset="both"`: only the first one is shuffled.
///
/// Arguments and errors as for [`text_dataset_from_directory`]; `subset` need not be set.
pub fn text_datasets_from_directory(
    directory: impl AsRef<Path>,
    options: TextDatasetFromDirectory,
) -> Result<(TextDataset, TextDataset)> {
    let (training, validation) = options.folder()?.two(directory.as_ref(), options.reader())?;
    Ok((TextDataset(training), TextDataset(validation)))
}

impl TextDatasetFromDirectory {
    fn folder(&self) -> Result<Folder<'_>> {
        Ok(Folder {
            what: "texts",
            formats: &[".txt"],
            labels: &self.labels,
            label_mode: self.label_mode.get()?,
            class_names: self.class_names.as_ref(),
            batch_size: self.batch_size,
            shuffle: self.shuffle,
            seed: self.seed,
            validation_split: self.validation_split,
            follow_links: self.follow_links,
            verbose: self.verbose,
            workers: 0,
        })
    }

    fn reader(&self) -> impl Fn(&Path) -> Result<Array> + Clone + Send + Sync + 'static {
        let most = self.max_length;
        move |path| Ok(Array::Texts(Texts::new(Shape::scalar(), vec![read(path, most)?])?))
    }
}

/// The text of a file, at most so many bytes of it.
fn read(path: &Path, most: Option<usize>) -> Result<String> {
    let bytes = crate::Limits::new().read_bytes(path)?;
    let text = String::from_utf8_lossy(&bytes);
    // Not within a letter, which has at most four bytes.
    let most = most.unwrap_or(text.len()).min(text.len());
    let ends = (most.saturating_sub(3)..=most).rev();
    let cut = ends.filter_map(|end| text.get(..end)).next();
    Ok(cut.unwrap_or_default().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{FromConfig, Scope};
    use crate::golden::{load, tensor};
    use serde_json::{Value as Json, json};

    /// A folder of texts, removed in the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let folder = std::env::temp_dir().join(format!("ferras-{name}-{}", std::process::id()));
            for (class, count) in [("neg", 6), ("pos", 4)] {
                std::fs::create_dir_all(folder.join(class)).unwrap();
                for i in 0..count {
                    std::fs::write(
                        folder.join(class).join(format!("{i}.txt")),
                        format!("{class} größe {i}"),
                    )
                    .unwrap();
                }
            }
            std::fs::write(folder.join("neg").join("notes.md"), "not read").unwrap();
            Folder(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn quiet() -> TextDatasetFromDirectory {
        TextDatasetFromDirectory::new().verbose(false)
    }

    /// Texts with their labels.
    fn seen(data: &mut TextDataset) -> Vec<(String, Vec<f64>)> {
        let mut all = Vec::new();
        for batch in data.batches() {
            let batch = batch.unwrap();
            let (texts, labels) = (batch.x[0].texts().unwrap().clone(), batch.y[0].to_f64_vec());
            let width = labels.len() / texts.iter().len();
            let rows = texts.iter().zip(labels.chunks(width));
            all.extend(rows.map(|(text, label)| (text.to_string(), label.to_vec())));
        }
        all
    }

    #[test]
    fn texts_come_with_their_classes() {
        let folder = Folder::new("texts-classes");
        let options = quiet().shuffle(false).label_mode("categorical").batch_size(4).max_length(7);
        let mut data = text_dataset_from_directory(&folder.0, options).unwrap();
        assert_eq!((data.class_names().len(), data.len()), (2, Some(3)));
        let all = seen(&mut data);
        // Seven bytes would end within a letter.
        assert_eq!(all[0], ("neg gr".to_string(), vec![1.0, 0.0]));
        assert_eq!(all[9].1, [0.0, 1.0]);
        assert_eq!(data.texts().unwrap().iter().last(), Some("pos größe 3"));
        let options = quiet().seed(3).label_mode("binary");
        let shuffled = seen(&mut text_dataset_from_directory(&folder.0, options.clone()).unwrap());
        assert_eq!(shuffled, seen(&mut text_dataset_from_directory(&folder.0, options).unwrap()));
        assert!(shuffled.iter().all(|(text, y)| text.starts_with("pos") == (y[0] == 1.0)));
    }

    #[test]
    fn a_share_is_kept_apart() {
        let folder = Folder::new("texts-split");
        let options = quiet().seed(1).validation_split(0.3);
        let (mut a, mut b) = text_datasets_from_directory(&folder.0, options.clone()).unwrap();
        let (a, b) = (seen(&mut a), seen(&mut b));
        assert_eq!((a.len(), b.len()), (7, 3));
        assert!(b.iter().all(|row| !a.contains(row)));
        let alone = options.clone().subset("validation").shuffle(true);
        let mut alone = seen(&mut text_dataset_from_directory(&folder.0, alone).unwrap());
        alone.sort_by(|x, y| x.0.cmp(&y.0));
        let mut b = b;
        b.sort_by(|x, y| x.0.cmp(&y.0));
        assert_eq!(alone, b);
        let error =
            |options| text_dataset_from_directory(&folder.0, options).unwrap_err().to_string();
        assert!(error(options.clone()).contains("must be set with validation_split"));
        assert!(error(options.subset("both")).contains("text_datasets_from_directory"));
        assert!(error(quiet().labels("infered")).contains("must be \"inferred\""));
        let nothing = folder.0.join("pos/0.txt");
        assert!(text_dataset_from_directory(&nothing, quiet()).is_err());
    }

    /// The batches of Keras, or of a shuffled set which texts are in it.
    fn check(data: &mut TextDataset, expected: &Json, what: &str) {
        let names = expected["class_names"].as_array().cloned().unwrap_or_default();
        assert_eq!(json!(data.class_names()), Json::Array(names), "{what}");
        let batches: Vec<Batch> = data.batches().collect::<Result<_>>().unwrap();
        let texts = |batch: &Batch| -> Vec<String> {
            batch.x[0].texts().unwrap().iter().map(String::from).collect()
        };
        if let Some(all) = expected["texts"].as_array() {
            let mut found: Vec<String> = batches.iter().flat_map(texts).collect();
            found.sort();
            assert_eq!(json!(found), Json::Array(all.clone()), "{what}");
            return;
        }
        let rows = expected["batches"].as_array().unwrap();
        assert_eq!(batches.len(), rows.len(), "{what}");
        for (batch, row) in batches.iter().zip(rows) {
            assert_eq!(json!(texts(batch)), row["texts"], "{what}");
            assert_eq!(batch.x[0].shape().is_empty(), row["single"] == true, "{what}");
            let labels = (!row["labels"].is_null()).then(|| tensor(&row["labels"]));
            assert_eq!(batch.y.first(), labels.as_ref(), "{what}");
        }
    }

    #[test]
    fn folders_are_kerass() {
        let golden = load("text_folders");
        let folder = crate::files::tests::Folder::new("text-folders");
        for (name, text) in golden["files"].as_object().unwrap() {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text.as_str().unwrap()).unwrap();
        }
        for case in golden["cases"].as_array().unwrap() {
            let args = case["args"].as_object().unwrap();
            let options = TextDatasetFromDirectory::from_config(args, &Scope::default());
            let options = options.unwrap().verbose(false);
            let mut data = match args.get("subset").is_some_and(|subset| subset == "both") {
                true => {
                    let (a, b) = text_datasets_from_directory(&folder.0, options).unwrap();
                    vec![a, b]
                }
                false => vec![text_dataset_from_directory(&folder.0, options).unwrap()],
            };
            let sets = case["sets"].as_array().unwrap();
            assert_eq!(data.len(), sets.len());
            for (data, expected) in data.iter_mut().zip(sets) {
                check(data, expected, &case["args"].to_string());
            }
        }
    }
}
