//! `IntegerLookup`: whole numbers as their places in a vocabulary.
use super::arguments::{OovMethod, Salt};
use super::encode::{Ids, LookupMode};
use super::hash::bucket_of_number;
use super::learn::{Counter, Learned};
use super::lookup::{Lookup, Special};
use super::tokens::Tokens;
use super::vocabulary::{Vocabulary, with_vocabulary};
use crate::Error;
use crate::array::Array;
use crate::config::Choice;
use crate::layers::{Assets, Host, TensorSpec, prelude::*};
use ferras_graph::{DType, Tensor};
use std::sync::Arc;

/// Whole numbers as their places in a vocabulary, or what follows from these.
///
/// The same as [`StringLookup`](super::StringLookup) for numbers: of several `num_oov_indices` the rest of
/// the division by their number picks one, or a hash.
///
/// - **Input** whole numbers `(batch, …)`. **Output** as of [`StringLookup`](super::StringLookup).
/// - **Errors** as of [`StringLookup`](super::StringLookup).
/// - **Source** Keras 3 `layers.IntegerLookup`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::of([3], DType::I32);
/// let layer = IntegerLookup::new().vocabulary([12, 36, 1138]);
/// let model = Model::new(&x, &layer.apply(&x))?;
/// assert_eq!(model.predict([[1138_i32, 42, 12]])?.to_f64_vec(), [3.0, 0.0, 1.0]);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct IntegerLookup {
    /// The most places that the vocabulary may have, special ones counted; any number by default.
    #[config(default)]
    max_tokens: Option<usize>,
    /// Places for numbers that are not in the vocabulary; 1 by default.
    #[config(default = 1)]
    num_oov_indices: usize,
    /// The number that stands for nothing; none by default.
    #[config(default)]
    mask_token: Option<i64>,
    /// What an inverse lookup gives for places without a token; −1 by default.
    #[config(default = -1)]
    oov_token: Option<i64>,
    /// The tokens, in order.
    #[config(default)]
    vocabulary: Option<Tokens<i64>>,
    /// The type of the tokens: only `"int64"`.
    #[config(default = "int64")]
    vocabulary_dtype: String,
    /// The weight of each token, for `"tf_idf"`.
    #[config(default)]
    idf_weights: Option<Vec<f64>>,
    /// Whether places become tokens; false by default.
    #[config(default = false)]
    invert: bool,
    /// `"int"` (default), `"one_hot"`, `"multi_hot"`, `"count"` or `"tf_idf"`.
    #[config(default = "int")]
    output_mode: Choice<LookupMode>,
    /// Not supported: only false.
    #[config(default = false)]
    sparse: bool,
    /// Whether vectors have `max_tokens` places even if the vocabulary is smaller; false by default.
    #[config(default = false)]
    pad_to_max_tokens: bool,
    /// What picks one of several `num_oov_indices`: `"floormod"` (default), the rest of the division by
    /// their number, or `"farmhash"`, a hash.
    #[config(default = "floormod")]
    oov_method: Choice<OovMethod>,
    /// What that hash is salted with.
    #[config(default)]
    salt: Option<Salt>,
    /// The size of the vocabulary, as Keras writes it.
    #[config(default, key = "vocabulary_size", written = self.vocabulary_of().size())]
    frozen_size: Option<usize>,
    /// What `adapt` found.
    #[config(state)]
    learned: Option<Learned<i64>>,
}

with_vocabulary!(IntegerLookup, i64);

impl IntegerLookup {
    /// What places without a token are called.
    fn oov(&self) -> i64 {
        self.oov_token.unwrap_or(-1)
    }

    /// With the vocabulary of numbers: the most frequent first, of equally frequent ones the largest. For
    /// `"tf_idf"`, rows of the first axis are documents.
    ///
    /// Errors: a vocabulary that is given.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let layer = IntegerLookup::new().adapt(&Tensor::new([5], vec![7_i32, 3, 9, 3, 9])?)?;
    /// assert_eq!(layer.get_vocabulary(true)?, [-1, 9, 3, 7]);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn adapt(mut self, data: &Tensor) -> Result<IntegerLookup> {
        self.vocabulary_of().may_learn()?;
        let mut counter = Counter::new();
        let width = data.shape().iter().skip(1).product::<usize>().max(1);
        let numbers = whole(data);
        numbers.chunks(width).for_each(|row| counter.add(row.iter().copied()));
        let special = self.vocabulary_of().special;
        self.learned = Some(counter.learned(&special, special.mode == LookupMode::TfIdf));
        Ok(self)
    }

    /// The layer's output for whole numbers.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let layer = IntegerLookup::new().vocabulary([5, 7]).invert(true);
    /// let places = Tensor::new([3], vec![2_i64, 0, 1])?;
    /// assert_eq!(layer.call(&places)?.to_f64_vec(), [7.0, -1.0, 5.0]);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn call(&self, numbers: &Tensor) -> Result<Tensor> {
        let vocabulary = self.vocabulary_of();
        let lookup = vocabulary.lookup()?;
        let shape = numbers.shape().to_vec();
        if self.invert {
            let none = || Error::argument("oov_token", "is none, and a number stands for no token");
            let token = |place: i64| lookup.token(place).copied().ok_or_else(none);
            let tokens = whole(numbers).into_iter().map(token).collect::<Result<Vec<i64>>>()?;
            return Ok(Tensor::new(shape, tokens)?);
        }
        let hashes = self.oov_method.get()? == OovMethod::Farmhash;
        let id = |number: i64| {
            let place = |places: u64| match hashes {
                true => bucket_of_number(number, self.salt, places),
                false => number.rem_euclid(places as i64),
            };
            vocabulary.id(number, lookup.place(&number), self.mask_token == Some(number), place)
        };
        let ids = whole(numbers).into_iter().map(id).collect::<Result<Vec<_>>>()?;
        vocabulary.encode(&Ids { shape, ids })?.numbers().cloned()
    }
}

/// The numbers as int64.
pub(super) fn whole(numbers: &Tensor) -> Vec<i64> {
    numbers.cast(DType::I64).as_slice().map(<[i64]>::to_vec).unwrap_or_default()
}

impl Layer for IntegerLookup {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let mode = self.output_mode.get()?;
        let hashes = self.oov_method.get()? == OovMethod::Farmhash;
        if self.salt.is_some() && !hashes {
            return Err(cx.error("salt is for oov_method \"farmhash\" alone"));
        }
        if self.vocabulary_dtype != "int64" {
            let found = &self.vocabulary_dtype;
            return Err(cx.error(format!("vocabulary_dtype must be \"int64\", got {found:?}")));
        }
        self.vocabulary_of().check(cx, self.sparse)?;
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

impl Host for IntegerLookup {
    fn specs(&self, inputs: &[TensorSpec]) -> Result<Vec<TensorSpec>> {
        let vocabulary = self.vocabulary_of();
        inputs.iter().map(|spec| vocabulary.spec(&spec.shape)).collect()
    }

    fn run(&self, inputs: &[Array]) -> Result<Vec<Array>> {
        inputs.iter().map(|array| Ok(self.call(array.numbers()?)?.into())).collect()
    }

    fn assets(&self) -> Assets {
        self.vocabulary_of().assets(&self.oov())
    }

    fn with_assets(&self, assets: &Assets) -> Result<Option<Arc<dyn Layer>>> {
        let learned = self.vocabulary_of().read(assets)?;
        let with = |learned| IntegerLookup { learned: Some(learned), ..self.clone() };
        Ok(learned.map(|learned| Arc::new(with(learned)) as Arc<dyn Layer>))
    }
}
