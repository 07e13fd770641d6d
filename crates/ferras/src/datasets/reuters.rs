//! Newswires of Reuters, 1987: 11,228 of them, of 46 topics.
//!
//! Source: Reuters-21578 (Lewis 1997), in Keras' file `reuters.npz`. It holds pickled lists; they
//! are read by a parser that accepts lists of integers and nothing else, and runs nothing.
use super::housing::train_rows;
use super::origin::{KERAS, Origin, Place};
use super::words::{self, Words};
use crate::{Error, Result};
use ndarray::{Array1, s};
use std::collections::HashMap;
use std::path::Path;

const ORIGIN: Origin = Origin {
    name: "reuters.npz",
    folder: KERAS,
    sha256: Some("d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"),
};

/// Keras has no SHA-256 checksum of it.
const WORD_INDEX: Origin = Origin { name: "reuters_word_index.json", folder: KERAS, sha256: None };

/// Newswires, each a list of words' numbers, and the topic of each, 0 to 45.
pub type Newswires = (Vec<Vec<i64>>, Array1<i64>);

/// `((x_train, y_train), (x_test, y_test))` with Keras' defaults: [`LoadData`] takes others.
///
/// Compiled but not run, as it may need the network:
///
/// ```no_run
/// let ((x_train, _), (x_test, _)) = ferras::datasets::reuters::load_data()?;
/// assert_eq!((x_train.len(), x_test.len()), (8_982, 2_246));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn load_data() -> Result<(Newswires, Newswires)> {
    LoadData::new().load()
}

/// The arguments of Keras' `datasets.reuters.load_data`. Order and numbers are Keras'.
///
/// A word's number is its rank by frequency, plus `index_from`; 0 is for padding
/// ([`pad_sequences`](crate::utils::pad_sequences)), `start_char` begins a text, `oov_char` stands
/// for words that are not kept.
///
/// - **Errors**: no connection and no file, a file that holds something else, a `maxlen` that
///   leaves no text, `test_split` outside of 0 to 1.
///
/// ```
/// use ferras::datasets::reuters::LoadData;
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/files/datasets/reuters.npz");
/// // A file of twelve texts, as small as they are.
/// let load = LoadData::new().path(path).num_words(20).test_split(0.5);
/// let ((x_train, _), (x_test, y_test)) = load.load()?;
/// assert_eq!((x_train.len(), x_test.len(), y_test.len()), (6, 6, 6));
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LoadData {
    words: Words,
    test_split: f64,
}

impl Default for LoadData {
    fn default() -> LoadData {
        LoadData::new()
    }
}

impl LoadData {
    /// Keras' defaults.
    pub fn new() -> LoadData {
        LoadData { words: Words::new(), test_split: 0.2 }
    }

    words::options!();

    /// The share of texts to test with; 0.2 by default.
    pub fn test_split(mut self, test_split: f64) -> Self {
        self.test_split = test_split;
        self
    }

    /// `((x_train, y_train), (x_test, y_test))`.
    pub fn load(&self) -> Result<(Newswires, Newswires)> {
        if !(0.0..=1.0).contains(&self.test_split) {
            let problem = format!("must be from 0 to 1, got {}", self.test_split);
            return Err(Error::argument("test_split", problem));
        }
        let [(mut x_train, y)] = self.words.load(&ORIGIN, [("x", "y")])?;
        let cut = train_rows(x_train.len(), self.test_split);
        let x_test = x_train.split_off(cut);
        let (y_train, y_test) = (y.slice(s![..cut]), y.slice(s![cut..]));
        Ok(((x_train, y_train.to_owned()), (x_test, y_test.to_owned())))
    }
}

/// The rank of each word by frequency, from 1 on, fetched once and kept.
///
/// Compiled but not run, as it may need the network:
///
/// ```no_run
/// assert_eq!(ferras::datasets::reuters::get_word_index()?["the"], 1);
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn get_word_index() -> Result<HashMap<String, i64>> {
    get_word_index_from(Place::Cache.find(&WORD_INDEX, "datasets")?)
}

/// The same from a file at hand, a JSON object of words and ranks.
///
/// ```
/// # let path = std::env::temp_dir().join(format!("ferras-news-{}.json", std::process::id()));
/// std::fs::write(&path, r#"{"the": 1, "of": 2.5}"#).unwrap();
/// let error = ferras::datasets::reuters::get_word_index_from(&path).unwrap_err().to_string();
/// assert!(error.ends_with("must hold a whole number for each word, got 2.5 for \"of\""));
/// # std::fs::remove_file(&path).unwrap();
/// ```
pub fn get_word_index_from(path: impl AsRef<Path>) -> Result<HashMap<String, i64>> {
    words::word_index(path.as_ref())
}

/// The topics' names: topic `i` is called `get_label_names()[i]`.
///
/// ```
/// assert_eq!(ferras::datasets::reuters::get_label_names()[3], "earn");
/// ```
pub fn get_label_names() -> [&'static str; 46] {
    [
        "cocoa",
        "grain",
        "veg-oil",
        "earn",
        "acq",
        "wheat",
        "copper",
        "housing",
        "money-supply",
        "coffee",
        "sugar",
        "trade",
        "reserves",
        "ship",
        "cotton",
        "carcass",
        "crude",
        "nat-gas",
        "cpi",
        "money-fx",
        "interest",
        "gnp",
        "meal-feed",
        "alum",
        "oilseed",
        "gold",
        "tin",
        "strategic-metal",
        "livestock",
        "retail",
        "ipi",
        "iron-steel",
        "rubber",
        "heat",
        "jobs",
        "lei",
        "bop",
        "zinc",
        "orange",
        "pet-chem",
        "dlr",
        "gas",
        "silver",
        "wpi",
        "hog",
        "lead",
    ]
}
