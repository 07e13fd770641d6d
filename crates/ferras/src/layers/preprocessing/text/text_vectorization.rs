//! `TextVectorization`: texts as the numbers of their words.
use super::arguments::Ngrams;
use super::encode::{Ids, LookupMode};
use super::string_lookup::StringLookup;
use super::tokens::Tokens;
use super::words::{Split, Standardize, ngrams};
use crate::Error;
use crate::array::{Array, Texts};
use crate::config::Choice;
use crate::layers::{Assets, Host, PartialShape, TensorSpec, prelude::*};
use ferras_graph::{DType, Tensor};
use std::sync::Arc;

/// Texts as the numbers of their words in a vocabulary, or as vectors of how often each is there.
///
/// A text is put into one form (`standardize`), cut into tokens (`split`), these are joined to `ngrams`, and
/// looked up as by [`StringLookup`](super::StringLookup): 0 is for places behind the end of a text, 1 for
/// tokens that are not in the vocabulary (in vectors 0 is). The vocabulary is given, or
/// [`TextVectorization::adapt`] learns it; a file keeps it. The layer stands behind an input of texts,
/// [`Input::text`](crate::models::Input::text), or is [called](TextVectorization::call) on data.
///
/// - **Input** texts `(batch,)` or `(batch, 1)`; without `split` tokens `(batch, …)`.
///   On data, tokens `(tokens,)` are one text. **Output** by `output_mode`: `"int"` numbers, int64, `(batch, words)` with as many words as
///   `output_sequence_length` or the longest text of the batch has; `"multi_hot"`, `"count"`, `"tf_idf"`
///   vectors `(batch, vocabulary)`.
/// - **Errors** at build: no vocabulary, several texts a sample where they are cut, `output_sequence_length`
///   for vectors, `sparse`, `ragged`, an unknown word.
/// - **Source** Keras 3 `layers.TextVectorization`; functions for `standardize` and `split` are not
///   supported: change the texts themselves.
///
/// ```
/// use ferras::prelude::*;
/// let layer = TextVectorization::new().output_sequence_length(4).adapt(["A dog, a cat!", "A fox."])?;
/// assert_eq!(layer.get_vocabulary(true)?, ["", "[UNK]", "a", "fox", "dog", "cat"]);
/// assert_eq!(layer.call(["the fox"])?.to_f64_vec(), [1.0, 3.0, 0.0, 0.0]);
///
/// let mut model = Sequential::new()
///     .add(Input::text([1]))
///     .add(layer)
///     .add(Embedding::new(6, 8).mask_zero(true))
///     .add(GlobalAveragePooling1D::new())
///     .add(Dense::new(1).activation("sigmoid"));
/// model.compile(Compile::new().optimizer("adam").loss("binary_crossentropy"))?;
/// model.fit(["a cat", "a fox"], [1.0_f32, 0.0], Fit::new().verbose(0))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct TextVectorization {
    /// The most places that the vocabulary may have, special ones counted; any number by default.
    #[config(default)]
    max_tokens: Option<usize>,
    /// `"lower_and_strip_punctuation"` (default), `"lower"`, `"strip_punctuation"`, or
    /// [`Standardize::None`].
    #[config(default = "lower_and_strip_punctuation")]
    standardize: Choice<Standardize>,
    /// `"whitespace"` (default), `"character"`, or [`Split::None`].
    #[config(default = "whitespace")]
    split: Choice<Split>,
    /// How many tokens in a row are joined: up to a number, or each of a list, 100 at most; none by default.
    #[config(default)]
    ngrams: Option<Ngrams>,
    /// `"int"` (default), `"multi_hot"`, `"count"` or `"tf_idf"`; without `split` also `"one_hot"`.
    #[config(default = "int")]
    output_mode: Choice<LookupMode>,
    /// How many numbers a text becomes, for `"int"`: longer ones are cut, shorter ones filled with 0.
    #[config(default)]
    output_sequence_length: Option<usize>,
    /// Whether vectors have `max_tokens` places even if the vocabulary is smaller; false by default.
    #[config(default = false)]
    pad_to_max_tokens: bool,
    /// The tokens, in order.
    #[config(default)]
    vocabulary: Option<Tokens<String>>,
    /// The weight of each token, for `"tf_idf"`.
    #[config(default)]
    idf_weights: Option<Vec<f64>>,
    /// Not supported: only false.
    #[config(default = false)]
    sparse: bool,
    /// Not supported: only false.
    #[config(default = false)]
    ragged: bool,
    /// How the bytes of texts are read: only `"utf-8"`.
    #[config(default = "utf-8")]
    encoding: String,
    /// The size of the vocabulary, as Keras writes it.
    #[config(default, key = "vocabulary_size", written = Some(self.lookup().size_or_special()))]
    frozen_size: Option<usize>,
    /// The lookup that learned the vocabulary.
    #[config(state)]
    learned: Option<StringLookup>,
}

impl TextVectorization {
    /// The lookup of tokens.
    fn lookup(&self) -> StringLookup {
        if let Some(learned) = &self.learned {
            return learned.clone();
        }
        let mut lookup = StringLookup::new()
            .mask_token("")
            .output_mode(self.output_mode.clone())
            .pad_to_max_tokens(self.pad_to_max_tokens)
            .encoding(self.encoding.clone());
        if let Some(most) = self.max_tokens {
            lookup = lookup.max_tokens(most);
        }
        if let Some(tokens) = &self.vocabulary {
            lookup = lookup.vocabulary(tokens.clone());
        }
        if let Some(weights) = &self.idf_weights {
            lookup = lookup.idf_weights(weights.clone());
        }
        match self.frozen_size {
            Some(size) => lookup.frozen_size(size),
            None => lookup,
        }
    }

    /// With the vocabulary of texts, each of which is a document: the most frequent token first, of equally
    /// frequent ones the last in the alphabet.
    ///
    /// Errors: a vocabulary that is given.
    pub fn adapt(self, texts: impl Into<Texts>) -> Result<TextVectorization> {
        let documents = self.tokens(&texts.into())?;
        let learned = self.lookup().learn(documents.into_iter())?;
        Ok(TextVectorization { learned: Some(learned), ..self })
    }

    /// Whether there is nothing to learn.
    pub(crate) fn is_given(&self) -> bool {
        self.vocabulary.is_some()
    }

    /// With this vocabulary in place of what was there, and for `"tf_idf"` a weight for each of its
    /// tokens.
    pub fn set_vocabulary(
        self,
        vocabulary: impl Into<Tokens<String>>,
        idf_weights: Option<&[f64]>,
    ) -> Result<TextVectorization> {
        let learned = self.lookup().set_vocabulary(vocabulary, idf_weights)?;
        let none = (None, None, None);
        let (vocabulary, idf_weights, frozen_size) = none;
        let learned = Some(learned);
        Ok(TextVectorization { vocabulary, idf_weights, frozen_size, learned, ..self })
    }

    /// The tokens in the order of their numbers, those of special places among them or left out.
    ///
    /// Errors: no vocabulary yet.
    pub fn get_vocabulary(&self, include_special_tokens: bool) -> Result<Vec<String>> {
        self.lookup().get_vocabulary(include_special_tokens)
    }

    /// The layer's output for texts.
    pub fn call(&self, texts: impl Into<Texts>) -> Result<Tensor> {
        self.vectors(&texts.into())?.numbers().cloned()
    }

    /// The tokens of each row of texts; a list of tokens alone is one row.
    fn tokens(&self, texts: &Texts) -> Result<Vec<Vec<String>>> {
        let (standardize, split) = (self.standardize.get()?, self.split.get()?);
        let sizes = if self.is_one(texts.shape())? { &texts.shape()[..] } else { &texts.shape()[1..] };
        let width = sizes.iter().product::<usize>();
        if split != Split::None && width != 1 {
            return Err(Error::Data(format!(
                "texts that are cut come one a sample, (batch,) or (batch, 1), got shape {}",
                texts.shape()
            )));
        }
        let widths = self.ngrams.as_ref().map(Ngrams::widths).transpose()?;
        let all: Vec<&str> = texts.iter().collect();
        let row = |row: &[&str]| {
            let parts = row.iter().flat_map(|text| split.apply(&standardize.apply(text)));
            let parts: Vec<String> = parts.collect();
            match &widths {
                Some(widths) => ngrams(&parts, widths),
                None => parts,
            }
        };
        Ok(all.chunks(width.max(1)).map(row).collect())
    }

    /// Whether data of this shape are the tokens of one text.
    fn is_one(&self, shape: &[usize]) -> Result<bool> {
        match (self.split.get()?, shape.len()) {
            (_, 0) => Err(Error::Data("expected texts with a batch axis, got one text".into())),
            (split, rank) => Ok(split == Split::None && rank == 1),
        }
    }

    fn vectors(&self, texts: &Texts) -> Result<Array> {
        let lookup = self.lookup();
        let rows = self.tokens(texts)?;
        let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
        let length = self.output_sequence_length.unwrap_or(longest);
        let mut ids = Vec::with_capacity(rows.len().saturating_mul(length));
        for row in &rows {
            let own = row.iter().take(length).map(String::as_str);
            let start = ids.len();
            ids.extend(lookup.ids(own)?);
            // What is left out of vectors, and 0 among numbers.
            ids.resize(start + length, None);
        }
        let one = self.is_one(texts.shape())?;
        let shape = if one { vec![length] } else { vec![rows.len(), length] };
        lookup.encode(&Ids { shape, ids })
    }

    /// How many numbers a sample of this shape becomes, where that is known.
    fn length(&self, shape: &PartialShape) -> Result<Option<usize>> {
        let whole = self.split.get()? == Split::None && self.ngrams.is_none();
        let own = shape.last().copied().flatten().filter(|_| whole);
        Ok(self.output_sequence_length.or(own))
    }
}

impl Layer for TextVectorization {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let mode = self.lookup().check(cx)?;
        self.standardize.get()?;
        let shape = cx.input()?.shape();
        let cut = self.split.get()? != Split::None;
        if self.sparse || self.ragged {
            return Err(cx.error("sparse and ragged must be false: there are no such tensors"));
        }
        if mode != LookupMode::Int && self.output_sequence_length.is_some() {
            return Err(cx.error("output_sequence_length is for output_mode \"int\" alone"));
        }
        if mode == LookupMode::OneHot && cut {
            return Err(cx.error(
                "output_mode \"one_hot\" is for tokens (split None) alone; take \"multi_hot\", or \
                 \"int\" with an Embedding",
            ));
        }
        if let Some(Err(problem)) = self.ngrams.as_ref().map(Ngrams::widths) {
            return Err(cx.error(problem.to_string()));
        }
        match shape[..] {
            [_] | [_, Some(1)] if cut => Ok(()),
            [_, _] if !cut => Ok(()),
            _ => Err(cx.error(format!(
                "expected texts (batch,) or (batch, 1), or without split (batch, tokens), got {shape}"
            ))),
        }
    }

    fn call(&self, cx: &mut Call) -> Value {
        cx.only_on_host()
    }

    fn autocast(&self) -> bool {
        false
    }

    fn host(&self) -> Option<&dyn Host> {
        Some(self)
    }
}

impl Host for TextVectorization {
    fn specs(&self, inputs: &[TensorSpec]) -> Result<Vec<TensorSpec>> {
        let mode = self.output_mode.get()?;
        let spec = |spec: &TensorSpec| {
            let batch = spec.shape.first().copied().flatten();
            let length = self.length(&spec.shape)?;
            let shape = PartialShape::from(vec![batch, length]);
            match mode {
                LookupMode::Int => Ok(TensorSpec { dtype: DType::I64.into(), shape }),
                _ => self.lookup().spec(&shape),
            }
        };
        inputs.iter().map(spec).collect()
    }

    fn run(&self, inputs: &[Array]) -> Result<Vec<Array>> {
        inputs.iter().map(|array| self.vectors(array.texts()?)).collect()
    }

    fn assets(&self) -> Assets {
        self.lookup().assets()
    }

    fn with_assets(&self, assets: &Assets) -> Result<Option<Arc<dyn Layer>>> {
        let learned = self.lookup().read(assets)?;
        let with = |learned| TextVectorization { learned: Some(learned), ..self.clone() };
        Ok(learned.map(|learned| Arc::new(with(learned)) as Arc<dyn Layer>))
    }
}
