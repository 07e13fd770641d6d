//! `Tokenizer`: texts as numbers of their words, in memory.
use super::words::{FILTERS, split_words};
use crate::config::{Choice, Vocabulary};
use crate::{Error, Result};
use ndarray::Array2;
use serde_json::{Map, Value as Json, json};
use std::collections::{HashMap, HashSet};

/// What a row of [`Tokenizer::texts_to_matrix`] says of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// 1 if it is in the text.
    Binary,
    /// How often it is.
    Count,
    /// Its share of the text's words.
    Freq,
    /// `(1 + ln count) · ln(1 + texts / (1 + texts with it))`: the more, the rarer it is elsewhere.
    TfIdf,
}

impl Vocabulary for Mode {
    const KIND: &'static str = "mode";
    const WORDS: &'static [(&'static str, Mode)] = &[
        ("binary", Mode::Binary),
        ("count", Mode::Count),
        ("freq", Mode::Freq),
        ("tfidf", Mode::TfIdf),
    ];
}

/// Learns the words of texts, the most frequent first, and turns texts into their numbers.
///
/// Numbers begin at 1, so that 0 is free to fill up
/// [`pad_sequences`](crate::utils::pad_sequences). As a layer of a model, and saved with it,
/// `TextVectorization` does the same.
///
/// - **Source** Keras' legacy `preprocessing.text.Tokenizer`.
///
/// ```
/// use ferras::preprocessing::Tokenizer;
/// let texts = ["The cat sat.", "The dog sat, too!"];
/// let mut tokenizer = Tokenizer::new().oov_token("?");
/// tokenizer.fit_on_texts(&texts);
/// assert_eq!(tokenizer.word_index()["the"], 2);
/// let sequences = tokenizer.texts_to_sequences(&["the cow sat"]);
/// assert_eq!(sequences, [[2, 1, 3]]);
/// assert_eq!(tokenizer.sequences_to_texts(&sequences), ["the ? sat"]);
/// assert_eq!(tokenizer.texts_to_matrix(&texts, "count")?.dim(), (2, 7));
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Tokenizer {
    num_words: Option<usize>,
    filters: String,
    lower: bool,
    split: String,
    char_level: bool,
    oov_token: Option<String>,
    document_count: usize,
    /// Words in the order in which they came.
    words: Vec<Word>,
    /// The place of each word in `words`.
    places: HashMap<String, usize>,
    word_index: HashMap<String, i64>,
    index_word: HashMap<i64, String>,
    index_docs: HashMap<i64, usize>,
}

/// A word that was seen.
#[derive(Clone, Debug, PartialEq)]
struct Word {
    text: String,
    /// How often.
    count: usize,
    /// In how many texts.
    docs: usize,
}

impl Default for Tokenizer {
    fn default() -> Tokenizer {
        Tokenizer::new()
    }
}

impl Tokenizer {
    /// Keras' defaults; it knows no words yet.
    pub fn new() -> Tokenizer {
        Tokenizer {
            num_words: None,
            filters: FILTERS.to_string(),
            lower: true,
            split: " ".to_string(),
            char_level: false,
            oov_token: None,
            document_count: 0,
            words: Vec::new(),
            places: HashMap::new(),
            word_index: HashMap::new(),
            index_word: HashMap::new(),
            index_docs: HashMap::new(),
        }
    }

    /// Only words with numbers below this one are used; all by default.
    pub fn num_words(mut self, num_words: impl Into<Option<usize>>) -> Self {
        self.num_words = num_words.into().filter(|n| *n != 0);
        self
    }

    /// Letters that part words, as `split` does; punctuation, tabs and line ends by default, but
    /// no apostrophe.
    pub fn filters(mut self, filters: impl Into<String>) -> Self {
        self.filters = filters.into();
        self
    }

    /// Whether capital letters become small ones; true by default.
    pub fn lower(mut self, lower: bool) -> Self {
        self.lower = lower;
        self
    }

    /// What words are parted by; a space by default.
    pub fn split(mut self, split: impl Into<String>) -> Self {
        self.split = split.into();
        self
    }

    /// Whether each letter is a word; false by default.
    pub fn char_level(mut self, char_level: bool) -> Self {
        self.char_level = char_level;
        self
    }

    /// What stands for words that are not used, with number 1; by default they are left out.
    pub fn oov_token(mut self, oov_token: impl Into<String>) -> Self {
        self.oov_token = Some(oov_token.into());
        self
    }

    /// Learns the words of these texts, in addition to those known already.
    pub fn fit_on_texts<S: AsRef<str>>(&mut self, texts: &[S]) {
        for text in texts {
            self.document_count += 1;
            let words = self.parts(text.as_ref());
            let mut seen = HashSet::new();
            for text in &words {
                let place = *self.places.entry(text.clone()).or_insert(self.words.len());
                if place == self.words.len() {
                    self.words.push(Word { text: text.clone(), count: 0, docs: 0 });
                }
                if let Some(word) = self.words.get_mut(place) {
                    word.count += 1;
                    word.docs += usize::from(seen.insert(place));
                }
            }
        }
        let mut order: Vec<&Word> = self.words.iter().collect();
        order.sort_by_key(|word| std::cmp::Reverse(word.count));
        let known = order.iter().map(|word| &word.text);
        self.word_index =
            self.oov_token.iter().chain(known).cloned().zip(1..).collect::<HashMap<_, _>>();
        self.index_word = self.word_index.iter().map(|(w, i)| (*i, w.clone())).collect();
        for word in &self.words {
            if let Some(index) = self.word_index.get(&word.text) {
                self.index_docs.insert(*index, word.docs);
            }
        }
    }

    /// The number of each word.
    pub fn word_index(&self) -> &HashMap<String, i64> {
        &self.word_index
    }

    /// How many texts were learnt from.
    pub fn document_count(&self) -> usize {
        self.document_count
    }

    /// The numbers of each text's words; those that are not used are left out, or are
    /// `oov_token`'s.
    pub fn texts_to_sequences<S: AsRef<str>>(&self, texts: &[S]) -> Vec<Vec<i64>> {
        let number = |word: String| {
            let index = self.word_index.get(&word).copied().filter(|i| self.uses(*i));
            index.or(self.oov_index())
        };
        let numbers = |text: &S| self.parts(text.as_ref()).into_iter().filter_map(number).collect();
        texts.iter().map(numbers).collect()
    }

    /// Texts of these numbers, with spaces between words.
    pub fn sequences_to_texts<S: AsRef<[i64]>>(&self, sequences: &[S]) -> Vec<String> {
        let word = |number: &i64| {
            let known = self.index_word.get(number).filter(|_| self.uses(*number));
            known.or(self.oov_token.as_ref()).map(String::as_str)
        };
        let text =
            |sequence: &S| sequence.as_ref().iter().filter_map(word).collect::<Vec<_>>().join(" ");
        sequences.iter().map(text).collect()
    }

    /// A row for each text and a column for each number: see [`Mode`] (`"binary"`, `"count"`,
    /// `"freq"`, `"tfidf"`).
    ///
    /// Errors: no words known and no `num_words`; a table that does not fit in memory.
    pub fn texts_to_matrix<S: AsRef<str>>(
        &self,
        texts: &[S],
        mode: impl Into<Choice<Mode>>,
    ) -> Result<Array2<f64>> {
        self.sequences_to_matrix(&self.texts_to_sequences(texts), mode)
    }

    /// The same of numbers; a negative one is an error, one that is not used is left out.
    pub fn sequences_to_matrix<S: AsRef<[i64]>>(
        &self,
        sequences: &[S],
        mode: impl Into<Choice<Mode>>,
    ) -> Result<Array2<f64>> {
        let mode = mode.into().get()?;
        let unfitted = "this Tokenizer knows no words yet: call fit_on_texts first";
        let columns = match self.num_words {
            Some(num_words) => num_words,
            None if !self.word_index.is_empty() => self.word_index.len() + 1,
            None => return Err(Error::Data(format!("{unfitted}, or give num_words"))),
        };
        if mode == Mode::TfIdf && self.document_count == 0 {
            return Err(Error::Data(unfitted.to_string()));
        }
        let size = sequences.len().checked_mul(columns).filter(|n| *n <= isize::MAX as usize / 8);
        let mut flat: Vec<f64> = Vec::new();
        let room = size.map(|size| flat.try_reserve_exact(size));
        let (Some(size), Some(Ok(()))) = (size, room) else {
            let problem = format!("{} rows of {columns} do not fit in memory", sequences.len());
            return Err(Error::argument("num_words", problem));
        };
        flat.resize(size, 0.0);
        for (sequence, row) in sequences.iter().zip(flat.chunks_mut(columns.max(1))) {
            self.fill(sequence.as_ref(), mode, row)?;
        }
        let misfit = |e: ndarray::ShapeError| Error::Internal(e.to_string());
        Array2::from_shape_vec((sequences.len(), columns), flat).map_err(misfit)
    }

    fn fill(&self, sequence: &[i64], mode: Mode, row: &mut [f64]) -> Result<()> {
        for &number in sequence {
            let place = usize::try_from(number).map_err(|_| {
                Error::Data(format!("sequences must hold numbers of words, got {number}"))
            })?;
            if let Some(count) = row.get_mut(place) {
                *count += 1.0;
            }
        }
        for (number, value) in (0..).zip(row).filter(|(_, count)| **count > 0.0) {
            *value = match mode {
                Mode::Binary => 1.0,
                Mode::Count => *value,
                Mode::Freq => *value / sequence.len() as f64,
                Mode::TfIdf => {
                    let docs = self.index_docs.get(&number).copied().unwrap_or(0);
                    let rarity = self.document_count as f64 / (1 + docs) as f64;
                    (1.0 + value.ln()) * (1.0 + rarity).ln()
                }
            };
        }
        Ok(())
    }

    fn uses(&self, number: i64) -> bool {
        self.num_words.is_none_or(|end| usize::try_from(number).is_ok_and(|n| n < end))
    }

    fn oov_index(&self) -> Option<i64> {
        self.word_index.get(self.oov_token.as_ref()?).copied()
    }

    fn parts(&self, text: &str) -> Vec<String> {
        if !self.char_level {
            return split_words(text, &self.filters, self.lower, &self.split);
        }
        let text = if self.lower { text.to_lowercase() } else { text.to_string() };
        text.chars().map(String::from).collect()
    }

    /// Everything it is and knows, as Keras' `to_json` writes it.
    ///
    /// ```
    /// use ferras::preprocessing::Tokenizer;
    /// let mut tokenizer = Tokenizer::new().num_words(100);
    /// tokenizer.fit_on_texts(&["one two", "two three"]);
    /// assert_eq!(Tokenizer::from_json(&tokenizer.to_json())?, tokenizer);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        let of = |value: &dyn Fn(&Word) -> usize| {
            let entry = |word: &Word| (word.text.clone(), json!(value(word)));
            Json::Object(self.words.iter().map(entry).collect()).to_string()
        };
        let mut indices: Vec<(&i64, &String)> = self.index_word.iter().collect();
        indices.sort();
        let index_word: Map<String, Json> =
            indices.iter().map(|(i, w)| (i.to_string(), json!(w))).collect();
        let word_index: Map<String, Json> =
            indices.iter().map(|(i, w)| ((*w).clone(), json!(i))).collect();
        let mut docs: Vec<(&i64, &usize)> = self.index_docs.iter().collect();
        docs.sort();
        let index_docs: Map<String, Json> =
            docs.iter().map(|(i, n)| (i.to_string(), json!(n))).collect();
        let config = json!({
            "num_words": self.num_words, "filters": self.filters, "lower": self.lower,
            "split": self.split, "char_level": self.char_level, "oov_token": self.oov_token,
            "document_count": self.document_count,
            "word_counts": of(&|word| word.count), "word_docs": of(&|word| word.docs),
            "index_docs": Json::Object(index_docs).to_string(),
            "index_word": Json::Object(index_word).to_string(),
            "word_index": Json::Object(word_index).to_string(),
        });
        json!({"class_name": "Tokenizer", "config": config}).to_string()
    }

    /// What [`to_json`](Tokenizer::to_json), or Keras' own, wrote.
    ///
    /// Errors: a text that is something else; they name the entry.
    pub fn from_json(text: &str) -> Result<Tokenizer> {
        let wrong = |what: &str| Error::Data(format!("the JSON of a Tokenizer must hold {what}"));
        let whole: Json =
            serde_json::from_str(text).map_err(|e| Error::Data(format!("is no JSON: {e}")))?;
        let config = whole.get("config").and_then(Json::as_object);
        let config = config.ok_or_else(|| wrong("an object \"config\""))?;
        let entry = |key: &str| config.get(key).unwrap_or(&Json::Null);
        let text = |key: &str| entry(key).as_str().ok_or_else(|| wrong(&format!("a text {key:?}")));
        let truth = |key: &str| {
            entry(key).as_bool().ok_or_else(|| wrong(&format!("true or false as {key:?}")))
        };
        // Python's own dictionaries, as texts inside of the text.
        let table = |key: &str| -> Result<Map<String, Json>> {
            serde_json::from_str(text(key)?)
                .map_err(|e| wrong(&format!("an object as text in {key:?}: {e}")))
        };
        let whole_number = |json: &Json, key: &str| {
            let number = json.as_u64().and_then(|n| usize::try_from(n).ok());
            number.ok_or_else(|| wrong(&format!("whole numbers in {key:?}, not {json}")))
        };
        let mut tokenizer = Tokenizer::new()
            .filters(text("filters")?)
            .lower(truth("lower")?)
            .split(text("split")?)
            .char_level(truth("char_level")?);
        tokenizer.oov_token = entry("oov_token").as_str().map(String::from);
        tokenizer.document_count = whole_number(entry("document_count"), "document_count")?;
        if !entry("num_words").is_null() {
            tokenizer.num_words = Some(whole_number(entry("num_words"), "num_words")?);
        }
        let docs = table("word_docs")?;
        for (word, count) in table("word_counts")? {
            let count = whole_number(&count, "word_counts")?;
            let docs = whole_number(docs.get(&word).unwrap_or(&json!(0)), "word_docs")?;
            tokenizer.places.insert(word.clone(), tokenizer.words.len());
            tokenizer.words.push(Word { text: word, count, docs });
        }
        for (word, index) in table("word_index")? {
            let index = whole_number(&index, "word_index")? as i64;
            tokenizer.index_word.insert(index, word.clone());
            tokenizer.word_index.insert(word, index);
        }
        for (index, docs) in table("index_docs")? {
            let index = index.parse().map_err(|_| wrong("numbers as keys of \"index_docs\""))?;
            tokenizer.index_docs.insert(index, whole_number(&docs, "index_docs")?);
        }
        Ok(tokenizer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    fn texts(json: &Json) -> Vec<String> {
        serde_json::from_value(json.clone()).unwrap()
    }

    /// Every case of the real Keras.
    #[test]
    fn numbers_words_as_keras() {
        for case in golden::load("texts")["tokenizer"].as_array().unwrap() {
            let mut tokenizer = Tokenizer::new();
            for (name, value) in case["args"].as_object().unwrap() {
                let text = value.as_str().unwrap_or_default();
                tokenizer = match name.as_str() {
                    "num_words" => tokenizer.num_words(value.as_u64().map(|n| n as usize)),
                    "oov_token" => tokenizer.oov_token(text),
                    "filters" => tokenizer.filters(text),
                    "split" => tokenizer.split(text),
                    "lower" => tokenizer.lower(value.as_bool().unwrap()),
                    "char_level" => tokenizer.char_level(value.as_bool().unwrap()),
                    other => panic!("{other}"),
                };
            }
            tokenizer.fit_on_texts(&texts(&case["texts"]));
            let (args, unseen) = (&case["args"], texts(&case["unseen"]));
            let sequences = tokenizer.texts_to_sequences(&unseen);
            assert_eq!(json!(sequences), case["sequences"], "{args}");
            let back = tokenizer.sequences_to_texts(&sequences);
            assert_eq!(json!(back), case["back"], "{args}");
            for mode in ["binary", "count", "freq", "tfidf"] {
                let found = tokenizer.texts_to_matrix(&unseen, mode).unwrap();
                golden::assert_close(&(&found).into(), &case[mode], 1e-12, mode);
            }
            let theirs = Tokenizer::from_json(case["json"].as_str().unwrap()).unwrap();
            assert_eq!(theirs, tokenizer, "{args}");
            let ours: Json = serde_json::from_str(&tokenizer.to_json()).unwrap();
            let theirs: Json = serde_json::from_str(case["json"].as_str().unwrap()).unwrap();
            for key in ["num_words", "oov_token", "document_count", "filters", "split", "lower"] {
                assert_eq!(ours["config"][key], theirs["config"][key], "{key}");
            }
            for key in ["word_counts", "word_docs", "index_docs", "index_word", "word_index"] {
                let table = |all: &Json| -> Json {
                    serde_json::from_str(all["config"][key].as_str().unwrap()).unwrap()
                };
                let sorted = |json: Json| -> std::collections::BTreeMap<String, Json> {
                    serde_json::from_value(json).unwrap()
                };
                assert_eq!(sorted(table(&ours)), sorted(table(&theirs)), "{key}");
            }
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let tokenizer = Tokenizer::new();
        let error = |mode: &str| {
            tokenizer
                .texts_to_matrix(&["a"], mode)
                .map_or_else(|e| e.to_string(), |_| String::new())
        };
        assert!(error("binary").contains("knows no words yet"));
        assert!(error("binery").contains("did you mean \"binary\"?"), "{}", error("binery"));
        let error = |num_words, sequence: &[i64]| {
            let tokenizer = Tokenizer::new().num_words(num_words);
            tokenizer.sequences_to_matrix(&[sequence], "count").unwrap_err().to_string()
        };
        assert!(error(5, &[-1]).contains("numbers of words, got -1"));
        assert!(error(usize::MAX, &[1]).contains("do not fit in memory"));
        for (text, problem) in [
            ("{", "is no JSON"),
            ("{}", "an object \"config\""),
            (r#"{"config": {"filters": 1}}"#, "a text \"filters\""),
        ] {
            let error = Tokenizer::from_json(text).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }
}
