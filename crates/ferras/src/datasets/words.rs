//! What the sets of texts share: files of pickled lists of words, which words are kept, and how
//! they are numbered.
use super::npy;
use super::origin::{Origin, Place};
use crate::containers::archive::Archive;
use crate::containers::json;
use crate::containers::limits::{Budget, Limits};
use crate::preprocessing::mersenne::Mersenne;
use crate::{Error, Result};
use ndarray::Array1;
use std::collections::HashMap;
use std::path::Path;

/// Texts, each a list of words' numbers, and the class of each text.
pub(super) type Texts = (Vec<Vec<i64>>, Array1<i64>);

/// How texts are read: Keras' arguments.
#[derive(Clone, Debug)]
pub(super) struct Words {
    pub(super) place: Place,
    pub(super) num_words: Option<i64>,
    pub(super) skip_top: i64,
    pub(super) maxlen: Option<usize>,
    pub(super) seed: u32,
    pub(super) start_char: Option<i64>,
    pub(super) oov_char: Option<i64>,
    pub(super) index_from: i64,
}

impl Words {
    /// Keras' defaults.
    pub(super) fn new() -> Words {
        Words {
            place: Place::Cache,
            num_words: None,
            skip_top: 0,
            maxlen: None,
            seed: 113,
            start_char: Some(1),
            oov_char: Some(2),
            index_from: 3,
        }
    }

    /// The texts and classes of each pair of names, in the order of the seed, with their words
    /// numbered; too long ones are left out.
    pub(super) fn load<const PARTS: usize>(
        &self,
        origin: &Origin,
        names: [(&str, &str); PARTS],
    ) -> Result<[Texts; PARTS]> {
        let path = self.place.find(origin, "datasets")?;
        let (bytes, budget) = Limits::new().read(&path)?;
        let problem = |problem| Error::file(&path, problem);
        let archive = Archive::open(&bytes, &budget).map_err(problem)?;
        // One generator for all parts, as in Keras: the order of a part hangs on those before it.
        let mut random = Mersenne::new(self.seed);
        let mut parts = names.map(|_| Texts::default());
        for (part, (x, y)) in parts.iter_mut().zip(names) {
            let (x, y) = read(&archive, x, y, &budget).map_err(problem)?;
            *part = self.numbered(x, &y, &random.permutation(y.len())).map_err(problem)?;
            if part.0.is_empty() {
                let longest = self.maxlen.unwrap_or(0);
                let problem = format!("must be larger: no text has fewer than {longest} words");
                return Err(Error::argument("maxlen", problem));
            }
        }
        self.choose(&mut parts);
        Ok(parts)
    }

    /// Texts in a new order, numbered from `index_from` on and begun with `start_char`.
    fn numbered(&self, mut x: Vec<Vec<i64>>, y: &[i64], order: &[usize]) -> Result<Texts, String> {
        let (mut texts, mut classes) = (Vec::new(), Vec::new());
        for &row in order {
            let words = x.get_mut(row).map(std::mem::take).unwrap_or_default();
            let length = words.len() + usize::from(self.start_char.is_some());
            if self.maxlen.is_some_and(|maxlen| length >= maxlen) {
                continue;
            }
            let number = |word: i64| {
                let number = word.checked_add(self.index_from);
                number.ok_or_else(|| format!("holds the word {word}, which is too large"))
            };
            let start = self.start_char.into_iter().map(Ok);
            texts.push(start.chain(words.into_iter().map(number)).collect::<Result<_, _>>()?);
            classes.extend(y.get(row));
        }
        Ok((texts, Array1::from_vec(classes)))
    }

    /// Puts `oov_char` in place of words that are too rare or too frequent, or leaves them out.
    fn choose(&self, parts: &mut [Texts]) {
        let largest = parts.iter().flat_map(|(x, _)| x).flatten().max();
        let end = self.num_words.or(largest.copied()).unwrap_or(0);
        let kept = |word: i64| self.skip_top <= word && word < end;
        for text in parts.iter_mut().flat_map(|(x, _)| x) {
            match self.oov_char {
                Some(other) => {
                    text.iter_mut().filter(|w| !kept(**w)).for_each(|word| *word = other);
                }
                None => text.retain(|word| kept(*word)),
            }
        }
    }
}

/// Texts as they are in the file, and their classes.
fn read(
    archive: &Archive,
    x: &str,
    y: &str,
    budget: &Budget,
) -> Result<(Vec<Vec<i64>>, Vec<i64>), String> {
    let named = |name: &str, problem: String| format!("array {name:?} {problem}");
    let texts = npy::parse_lists(&archive.read(&format!("{x}.npy"))?, budget);
    let texts = texts.map_err(|problem| named(x, problem))?;
    let classes = npy::parse(&archive.read(&format!("{y}.npy"))?, budget);
    let classes = classes.map_err(|problem| named(y, problem))?;
    if !classes.dtype().is_integer() || classes.shape()[..] != [texts.len()] {
        let (dtype, shape) = (classes.dtype(), classes.shape());
        return Err(format!(
            "must hold {y} as integers ({},), one for each text of {x}, got {dtype} {shape}",
            texts.len()
        ));
    }
    let classes = classes.cast(ferras_graph::DType::I64);
    Ok((texts, classes.as_slice().map(<[i64]>::to_vec).unwrap_or_default()))
}

/// The number of each word, from a JSON file.
pub(super) fn word_index(path: &Path) -> Result<HashMap<String, i64>> {
    let (bytes, budget) = Limits::new().read(path)?;
    let problem = |problem: String| Error::file(path, problem);
    let json = json::parse(&bytes, &budget).map_err(problem)?;
    let words = json.as_object().ok_or_else(|| problem("must hold words and numbers".into()))?;
    let number = |(word, number): (&String, &serde_json::Value)| {
        let number = number.as_i64().ok_or_else(|| {
            problem(format!("must hold a whole number for each word, got {number} for {word:?}"))
        });
        Ok((word.clone(), number?))
    };
    words.iter().map(number).collect()
}

/// The builder methods of both sets' `LoadData`.
macro_rules! options {
    () => {
        /// A file at hand, in Keras' layout. Its checksum is not looked at.
        pub fn path(mut self, path: impl Into<std::path::PathBuf>) -> Self {
            self.words.place = Place::File(path.into());
            self
        }

        /// The folder to keep the downloaded file in; [`config::home`](crate::config::home) by
        /// default.
        pub fn cache_dir(mut self, cache_dir: impl Into<std::path::PathBuf>) -> Self {
            self.words.place = Place::CacheIn(cache_dir.into());
            self
        }

        /// Numbers of words are kept below this one: the most frequent words, as a word's number
        /// is its rank by frequency, counted from `index_from + 1`. By default all but the last,
        /// as in Keras.
        pub fn num_words(mut self, num_words: impl Into<Option<i64>>) -> Self {
            self.words.num_words = num_words.into().filter(|n| *n != 0);
            self
        }

        /// Numbers of words are kept from this one on; 0 by default.
        pub fn skip_top(mut self, skip_top: i64) -> Self {
            self.words.skip_top = skip_top;
            self
        }

        /// Texts of so many words and more are left out, `start_char` counted; none by default.
        pub fn maxlen(mut self, maxlen: impl Into<Option<usize>>) -> Self {
            self.words.maxlen = maxlen.into().filter(|n| *n != 0);
            self
        }

        /// What the order of texts follows from; 113 by default.
        pub fn seed(mut self, seed: u32) -> Self {
            self.words.seed = seed;
            self
        }

        /// The number in front of each text; 1 by default, `None` for none.
        pub fn start_char(mut self, start_char: impl Into<Option<i64>>) -> Self {
            self.words.start_char = start_char.into();
            self
        }

        /// The number of words that are not kept; 2 by default. With `None` they are left out.
        pub fn oov_char(mut self, oov_char: impl Into<Option<i64>>) -> Self {
            self.words.oov_char = oov_char.into();
            self
        }

        /// What is added to a word's rank; 3 by default, so that 0 is free for padding.
        pub fn index_from(mut self, index_from: i64) -> Self {
            self.words.index_from = index_from;
            self
        }
    };
}
pub(super) use options;
