//! `StringLookup`: texts as their numbers in a vocabulary.
use super::arguments::Salt;
use super::encode::{Ids, LookupMode};
use super::hash::bucket;
use super::learn::{Counter, Learned};
use super::lookup::{Lookup, Special};
use super::tokens::Tokens;
use super::vocabulary::{Vocabulary, with_vocabulary};
use crate::Error;
use crate::array::{Array, Texts};
use crate::config::{Choice, ElementType};
use crate::layers::preprocessing::text::arguments::OovMethod;
use crate::layers::{Assets, Host, TensorSpec, prelude::*};
use ferras_graph::Tensor;
use std::sync::Arc;

/// Texts as their numbers in a vocabulary, or what follows from these.
///
/// The numbers begin with that of the mask token, if there is one (0, for `"int"` alone), then come
/// `num_oov_indices` places for texts that are not in the vocabulary, then the tokens. The vocabulary is
/// given, or [`StringLookup::adapt`] learns it; a file keeps it. The layer stands behind an input of texts,
/// [`Input::text`](crate::models::Input::text), or is [called](StringLookup::call) on data.
///
/// - **Input** texts `(batch, …)`. **Output** by `output_mode`: `"int"` numbers, int64, of the same shape;
///   `"one_hot"` a vector for each text, a last axis of size 1 dropped; `"multi_hot"`, `"count"` and
///   `"tf_idf"` one vector for all texts along axis 1, a text that is the mask token left out.
/// - **Errors** at build: no vocabulary, one with repeated or reserved tokens, one larger than `max_tokens`,
///   `sparse`, an unknown mode; on data: with `num_oov_indices` 0, a text that is not in the vocabulary.
/// - **Source** Keras 3 `layers.StringLookup`.
///
/// ```
/// use ferras::prelude::*;
/// let layer = StringLookup::new().vocabulary(["a", "b"]);
/// assert_eq!(layer.call([["b", "?", "a"]])?.to_f64_vec(), [2.0, 0.0, 1.0]);
/// let counted = StringLookup::new().output_mode("count").adapt(["x", "y", "y"])?;
/// assert_eq!(counted.get_vocabulary(true)?, ["[UNK]", "y", "x"]);
/// assert_eq!(counted.call([["y", "y", "x"]])?.to_f64_vec(), [0.0, 2.0, 1.0]);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct StringLookup {
    /// The most places that the vocabulary may have, special ones counted; any number by default.
    #[config(default)]
    max_tokens: Option<usize>,
    /// Places for texts that are not in the vocabulary; 1 by default. Of several a hash picks one.
    #[config(default = 1)]
    num_oov_indices: usize,
    /// The text that stands for nothing; none by default.
    #[config(default)]
    mask_token: Option<String>,
    /// What an inverse lookup gives for places without a token; `"[UNK]"` by default.
    #[config(default = "[UNK]")]
    oov_token: Option<String>,
    /// The tokens, in order.
    #[config(default)]
    vocabulary: Option<Tokens<String>>,
    /// The weight of each token, for `"tf_idf"`.
    #[config(default)]
    idf_weights: Option<Vec<f64>>,
    /// Whether numbers become texts ([`StringLookup::call_inverse`]); false by default.
    #[config(default = false)]
    invert: bool,
    /// `"int"` (default), `"one_hot"`, `"multi_hot"`, `"count"` or `"tf_idf"`.
    #[config(default = "int")]
    output_mode: Choice<LookupMode>,
    /// Whether vectors have `max_tokens` places even if the vocabulary is smaller; false by default.
    #[config(default = false)]
    pad_to_max_tokens: bool,
    /// Not supported: only false.
    #[config(default = false)]
    sparse: bool,
    /// How the bytes of texts are read: only `"utf-8"`.
    #[config(default = "utf-8")]
    encoding: String,
    /// What the hash is salted with that picks one of several `num_oov_indices`.
    #[config(default)]
    salt: Option<Salt>,
    /// The size of the vocabulary, as Keras writes it.
    #[config(default, key = "vocabulary_size", written = self.vocabulary_of().size())]
    frozen_size: Option<usize>,
    /// Of no effect on texts; Keras writes it.
    #[config(default = "floormod")]
    oov_method: Choice<OovMethod>,
    /// What `adapt` found.
    #[config(state)]
    learned: Option<Learned<String>>,
}

with_vocabulary! {
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let layer = StringLookup::new().output_mode("tf_idf");
    /// let layer = layer.set_vocabulary(["a", "b"], Some(&[0.5, 2.0]))?;
    /// assert_eq!(layer.call([["b", "b", "?"]])?.to_f64_vec(), [1.25, 0.0, 4.0]);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    StringLookup, String
}

impl StringLookup {
    /// What places without a token are called.
    fn oov(&self) -> String {
        self.oov_token.clone().unwrap_or_default()
    }

    /// With the vocabulary of texts: the most frequent first, of equally frequent ones the last in the
    /// alphabet. For `"tf_idf"`, rows of the first axis are documents.
    ///
    /// Errors: a vocabulary that is given.
    pub fn adapt(self, data: impl Into<Texts>) -> Result<StringLookup> {
        let data = data.into();
        let width = data.shape().iter().skip(1).product::<usize>().max(1);
        let texts: Vec<&str> = data.iter().collect();
        self.learn(texts.chunks(width).map(|row| row.iter().map(|text| text.to_string()).collect()))
    }

    /// With the vocabulary of the tokens of documents.
    pub(super) fn learn(
        mut self,
        documents: impl Iterator<Item = Vec<String>>,
    ) -> Result<StringLookup> {
        self.vocabulary_of().may_learn()?;
        let mut counter = Counter::new();
        documents.for_each(|document| counter.add(document));
        self.learned = Some(self.counted(counter));
        Ok(self)
    }

    fn counted(&self, counter: Counter<String>) -> Learned<String> {
        let special = self.vocabulary_of().special;
        counter.learned(&special, special.mode == LookupMode::TfIdf)
    }

    /// The layer's output for texts.
    ///
    /// Errors: numbers; an inverse lookup, for which there is [`StringLookup::call_inverse`].
    pub fn call(&self, texts: impl Into<Texts>) -> Result<Tensor> {
        let given = self.run(&[Array::Texts(texts.into())])?;
        given.first().map_or_else(|| Err(self.lost()), |array| array.numbers().cloned())
    }

    /// The texts of numbers, of a layer with `invert`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let layer = StringLookup::new().vocabulary(["a", "b"]).invert(true);
    /// let texts = layer.call_inverse(&Tensor::new([3], vec![2_i64, 0, 1])?)?;
    /// assert_eq!(texts.iter().collect::<Vec<_>>(), ["b", "[UNK]", "a"]);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn call_inverse(&self, numbers: &Tensor) -> Result<Texts> {
        let given = self.run(&[numbers.into()])?;
        given.first().map_or_else(|| Err(self.lost()), |array| array.texts().cloned())
    }

    fn lost(&self) -> Error {
        Error::Internal("a lookup without an output".into())
    }

    /// The numbers of texts.
    pub(super) fn ids<'t>(
        &self,
        texts: impl Iterator<Item = &'t str>,
    ) -> Result<Vec<Option<i64>>> {
        let vocabulary = self.vocabulary_of();
        let lookup = vocabulary.lookup()?;
        let mask = self.mask_token.as_deref();
        let id = |text: &str| {
            let hashed = |places| bucket(text.as_bytes(), self.salt, places);
            vocabulary.id(text, lookup.place(text), mask == Some(text), hashed)
        };
        texts.map(id).collect()
    }

    /// Numbers of tokens in the form that the layer gives.
    pub(super) fn encode(&self, ids: &Ids) -> Result<Array> {
        self.vocabulary_of().encode(ids)
    }

    /// What the layer gives for texts of this shape.
    pub(super) fn spec(&self, shape: &crate::layers::PartialShape) -> Result<TensorSpec> {
        self.vocabulary_of().spec(shape)
    }

    /// An error for arguments that go together badly.
    pub(super) fn check(&self, cx: &Build) -> Result<LookupMode> {
        let mode = self.output_mode.get()?;
        self.oov_method.get()?;
        if !matches!(self.encoding.to_ascii_lowercase().as_str(), "utf-8" | "utf8") {
            return Err(cx.error(format!("encoding must be \"utf-8\", got {:?}", self.encoding)));
        }
        self.vocabulary_of().check(cx, self.sparse)?;
        Ok(mode)
    }

    /// The number of places of the vocabulary; of the special ones alone while there is none.
    pub(super) fn size_or_special(&self) -> usize {
        let vocabulary = self.vocabulary_of();
        vocabulary.size().unwrap_or(vocabulary.special.token_start())
    }
}

impl Layer for StringLookup {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let mode = self.check(cx)?;
        mode.check(cx, cx.input()?.shape())
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

impl Host for StringLookup {
    fn specs(&self, inputs: &[TensorSpec]) -> Result<Vec<TensorSpec>> {
        let given = |spec: &TensorSpec| match self.invert {
            true => Ok(TensorSpec { dtype: ElementType::Text, shape: spec.shape.clone() }),
            false => self.spec(&spec.shape),
        };
        inputs.iter().map(given).collect()
    }

    fn run(&self, inputs: &[Array]) -> Result<Vec<Array>> {
        let [input] = inputs else {
            return Err(Error::Data(format!("expected one input, got {}", inputs.len())));
        };
        if !self.invert {
            let texts = input.texts()?;
            let ids = Ids { shape: texts.shape().to_vec(), ids: self.ids(texts.iter())? };
            return Ok(vec![self.encode(&ids)?]);
        }
        let (numbers, lookup) = (input.numbers()?, self.vocabulary_of().lookup()?);
        let none = || Error::argument("oov_token", "is none, and a number stands for no token");
        let token = |n: f64| lookup.token(n as i64).cloned().ok_or_else(none);
        let texts = numbers.to_f64_vec().into_iter().map(token).collect::<Result<Vec<_>>>()?;
        Ok(vec![Texts::new(numbers.shape().clone(), texts)?.into()])
    }

    fn assets(&self) -> Assets {
        self.vocabulary_of().assets(&self.oov())
    }

    fn with_assets(&self, assets: &Assets) -> Result<Option<Arc<dyn Layer>>> {
        Ok(self.read(assets)?.map(|layer| Arc::new(layer) as Arc<dyn Layer>))
    }
}

impl StringLookup {
    /// The layer with the vocabulary that a file keeps, if it does.
    pub(super) fn read(&self, assets: &Assets) -> Result<Option<StringLookup>> {
        let learned = self.vocabulary_of().read(assets)?;
        Ok(learned.map(|learned| StringLookup { learned: Some(learned), ..self.clone() }))
    }
}
