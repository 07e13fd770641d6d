//! Reviews of films, 25,000 to learn from and as many to test with: which are in favour?
//!
//! Source: Maas et al. 2011, "Learning Word Vectors for Sentiment Analysis", in Keras' file
//! `imdb.npz`. It holds pickled lists; they are read by a parser that accepts lists of integers
//! and nothing else, and runs nothing.
use super::origin::{KERAS, Origin, Place};
use super::words::{self, Words};
use crate::Result;
use ndarray::Array1;
use std::collections::HashMap;
use std::path::Path;

const ORIGIN: Origin = Origin {
    name: "imdb.npz",
    folder: KERAS,
    sha256: Some("69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"),
};

const WORD_INDEX: Origin = Origin {
    name: "imdb_word_index.json",
    folder: KERAS,
    sha256: Some("027313fe9a320280f3bf0fac5baf58c4a683cf39a7ed9c3d3d3912bde4284cf6"),
};

/// Reviews, each a list of words' numbers, and whether each is in favour: 1, or 0.
pub type Reviews = (Vec<Vec<i64>>, Array1<i64>);

/// `((x_train, y_train), (x_test, y_test))` with Keras' defaults: [`LoadData`] takes others.
///
/// Compiled but not run, as it may need the network:
///
/// ```no_run
/// let ((x_train, y_train), _) = ferras::datasets::imdb::load_data()?;
/// assert_eq!((x_train.len(), x_train[0].len(), y_train[0]), (25_000, 218, 1));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn load_data() -> Result<(Reviews, Reviews)> {
    LoadData::new().load()
}

/// The arguments of Keras' `datasets.imdb.load_data`. Order and numbers are Keras'.
///
/// A word's number is its rank by frequency, plus `index_from`; 0 is for padding
/// ([`pad_sequences`](crate::utils::pad_sequences)), `start_char` begins a review, `oov_char`
/// stands for words that are not kept.
///
/// - **Errors**: no connection and no file, a file that holds something else, a `maxlen` that
///   leaves no review.
///
/// ```
/// use ferras::datasets::imdb::LoadData;
/// use ferras::utils::{PadSequences, pad_sequences};
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/files/datasets/imdb.npz");
/// // A file of twelve reviews, as small as they are.
/// let ((x_train, y_train), (x_test, _)) = LoadData::new().path(path).num_words(20).load()?;
/// assert_eq!((x_train.len(), y_train.len(), x_test.len()), (8, 8, 4));
/// assert!(x_train.iter().flatten().all(|word| *word < 20));
/// let x_train = pad_sequences(&x_train, PadSequences::new().maxlen(5))?;
/// assert_eq!(x_train.shape()[..], [8, 5]);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LoadData {
    words: Words,
}

impl Default for LoadData {
    fn default() -> LoadData {
        LoadData::new()
    }
}

impl LoadData {
    /// Keras' defaults.
    pub fn new() -> LoadData {
        LoadData { words: Words::new() }
    }

    words::options!();

    /// `((x_train, y_train), (x_test, y_test))`.
    pub fn load(&self) -> Result<(Reviews, Reviews)> {
        let names = [("x_train", "y_train"), ("x_test", "y_test")];
        let [train, test] = self.words.load(&ORIGIN, names)?;
        Ok((train, test))
    }
}

/// The rank of each word by frequency, from 1 on, fetched once and kept.
///
/// Compiled but not run, as it may need the network:
///
/// ```no_run
/// let words = ferras::datasets::imdb::get_word_index()?;
/// assert_eq!((words.len(), words["the"]), (88_584, 1));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn get_word_index() -> Result<HashMap<String, i64>> {
    get_word_index_from(Place::Cache.find(&WORD_INDEX, "datasets")?)
}

/// The same from a file at hand, a JSON object of words and ranks.
///
/// ```
/// # let path = std::env::temp_dir().join(format!("ferras-words-{}.json", std::process::id()));
/// std::fs::write(&path, r#"{"the": 1, "and": 2}"#).unwrap();
/// assert_eq!(ferras::datasets::imdb::get_word_index_from(&path)?["and"], 2);
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn get_word_index_from(path: impl AsRef<Path>) -> Result<HashMap<String, i64>> {
    words::word_index(path.as_ref())
}
