//! The arguments that layers with a vocabulary share, and what follows from them.
use super::encode::{Ids, LookupMode};
use super::learn::Learned;
use super::lookup::{Lookup, Special};
use super::tokens::Tokens;
use crate::array::Array;
use crate::layers::{Assets, Build, PartialShape, TensorSpec};
use crate::{Error, Result};
use std::fmt::Display;
use std::hash::Hash;
use std::str::FromStr;

/// A layer's vocabulary as far as it is known.
#[derive(Clone, Debug)]
pub(super) struct Vocabulary<'a, K> {
    pub(super) special: Special<'a, K>,
    /// The argument.
    pub(super) given: Option<&'a Tokens<K>>,
    pub(super) idf_weights: Option<&'a [f64]>,
    /// What `adapt` found, or a file has beside the argument.
    pub(super) learned: Option<&'a Learned<K>>,
    /// What a file says of its size.
    pub(super) size: Option<usize>,
}

impl<'a, K: Clone + Eq + Hash + Display> Vocabulary<'a, K> {
    fn tokens(&self) -> Option<&'a Tokens<K>> {
        self.given.or(self.learned.map(|learned| &learned.tokens))
    }

    /// The vocabulary at work; an error where there is none yet.
    pub(super) fn lookup(&self) -> Result<Lookup<'a, K>> {
        let none = "must be given, or adapt be called with data";
        let tokens = self.tokens().ok_or_else(|| Error::argument("vocabulary", none))?;
        Lookup::new(self.special.clone(), tokens)
    }

    /// The number of its places, where that is known.
    pub(super) fn size(&self) -> Option<usize> {
        self.lookup().ok().map(|lookup| lookup.size()).or(self.size)
    }

    /// The number of places in vectors.
    pub(super) fn depth(&self) -> Result<usize> {
        let padded = self.special.max_tokens.filter(|_| self.special.pad_to_max_tokens);
        let none = "must be given, or adapt be called with data, before the layer is used";
        padded.or(self.size()).ok_or_else(|| Error::argument("vocabulary", none))
    }

    /// An error for arguments that go together badly.
    pub(super) fn check(&self, cx: &Build, sparse: bool) -> Result<()> {
        super::super::encoding::refuse_sparse(cx, sparse)?;
        self.special.check(cx)?;
        match (self.tokens(), self.size) {
            (None, Some(_)) => Ok(()),
            _ => {
                let lookup = self.lookup()?;
                self.given.map_or(Ok(()), |_| lookup.learned(self.idf_weights).map(drop))
            }
        }
    }

    /// What is given for categories of this shape.
    pub(super) fn spec(&self, shape: &PartialShape) -> Result<TensorSpec> {
        let depth = if self.special.mode == LookupMode::Int { 0 } else { self.depth()? };
        Ok(self.special.mode.spec(shape, depth))
    }

    /// Categories in the layer's form.
    pub(super) fn encode(&self, ids: &Ids) -> Result<Array> {
        let mode = self.special.mode;
        if mode == LookupMode::Int {
            return mode.encode(ids, 0, None);
        }
        let of_argument;
        let weights = match (mode, self.given) {
            (LookupMode::TfIdf, Some(_)) => {
                of_argument = self.lookup()?.learned(self.idf_weights)?.idf_weights;
                of_argument.as_deref()
            }
            _ => self.learned.and_then(|learned| learned.idf_weights.as_deref()),
        };
        mode.encode(ids, self.depth()?, weights)
    }

    /// The number of a token, whose place in the vocabulary this is, if it has one; none for the mask
    /// where vectors are made. `bucket` finds one of several places out of the vocabulary.
    pub(super) fn id(
        &self,
        token: impl Display,
        place: Option<i64>,
        masked: bool,
        bucket: impl FnOnce(u64) -> i64,
    ) -> Result<Option<i64>> {
        let special = &self.special;
        match (masked, place, special.num_oov_indices) {
            (true, ..) => Ok((special.mode == LookupMode::Int).then_some(0)),
            (false, Some(place), _) => Ok(Some(place)),
            (false, None, 0) => Err(Error::Data(format!(
                "\"{token}\" is not in the vocabulary, and num_oov_indices is 0; with 1 such tokens \
                 have a place"
            ))),
            (false, None, 1) => Ok(Some(special.oov_start() as i64)),
            (false, None, several) => Ok(Some(special.oov_start() as i64 + bucket(several as u64))),
        }
    }

    /// An error unless the layer may learn a vocabulary.
    pub(super) fn may_learn(&self) -> Result<()> {
        match self.given {
            None => Ok(()),
            Some(_) => Err(Error::argument("vocabulary", "is given, so there is nothing to learn")),
        }
    }
}

impl<K: Clone + Eq + Hash + Display + FromStr> Vocabulary<'_, K> {
    /// What a file keeps beside the arguments.
    pub(super) fn assets(&self, oov: &K) -> Assets {
        let weights = match self.given {
            Some(_) => self.lookup().and_then(|l| l.learned(self.idf_weights)).ok(),
            None => self.learned.cloned(),
        };
        let lines = |lookup: Lookup<'_, K>| {
            let all = lookup.all(oov, true);
            all.iter().map(K::to_string).collect::<Vec<_>>().join("\n")
        };
        let vocabulary = self.given.is_none().then(|| self.lookup().ok().map(lines)).flatten();
        Assets { vocabulary, idf_weights: weights.and_then(|learned| learned.idf_weights) }
    }

    /// The vocabulary that a file keeps.
    pub(super) fn read(&self, assets: &Assets) -> Result<Option<Learned<K>>> {
        let (Some(text), None) = (&assets.vocabulary, self.given) else { return Ok(None) };
        let token = |line: &str| {
            let problem = || Error::argument("vocabulary", format!("has a line {line:?}"));
            line.parse::<K>().map_err(|_| problem())
        };
        let list = text.trim_end_matches(['\n', '\r']).lines().map(token);
        let tokens = Tokens::from(list.collect::<Result<Vec<K>>>()?);
        if tokens.list().is_empty() {
            return Ok(None);
        }
        let weights: Option<Vec<f64>> =
            assets.idf_weights.as_ref().map(|w| w.iter().map(|w| f64::from(*w)).collect());
        let lookup = Lookup::new(self.special.clone(), &tokens)?;
        if let Some(size) = self.size.filter(|&size| size != lookup.size()) {
            return Err(Error::argument(
                "vocabulary",
                format!("has {} tokens, and the configuration says {size}", lookup.size()),
            ));
        }
        lookup.learned(weights.as_deref()).map(Some)
    }
}

/// What a lookup layer does with its vocabulary; both have arguments of the same names.
macro_rules! with_vocabulary {
    ($(#[$example:meta])* $class:ident, $token:ty) => {
        impl $class {
            fn vocabulary_of(&self) -> Vocabulary<'_, $token> {
                Vocabulary {
                    special: Special {
                        max_tokens: self.max_tokens,
                        num_oov_indices: self.num_oov_indices,
                        mask_token: self.mask_token.as_ref(),
                        oov_token: self.oov_token.as_ref(),
                        mode: self.output_mode.get().unwrap_or(LookupMode::Int),
                        pad_to_max_tokens: self.pad_to_max_tokens,
                        invert: self.invert,
                    },
                    given: self.vocabulary.as_ref(),
                    idf_weights: self.idf_weights.as_deref(),
                    learned: self.learned.as_ref(),
                    size: self.frozen_size,
                }
            }

            /// Whether there is nothing to learn.
            pub(crate) fn is_given(&self) -> bool {
                self.vocabulary.is_some()
            }

            /// With this vocabulary in place of what was there, and for `"tf_idf"` a weight for each of
            /// its tokens.
            $(#[$example])*
            pub fn set_vocabulary(
                mut self,
                vocabulary: impl Into<Tokens<$token>>,
                idf_weights: Option<&[f64]>,
            ) -> Result<$class> {
                let tokens = vocabulary.into();
                (self.vocabulary, self.frozen_size, self.idf_weights) = (None, None, None);
                let lookup = Lookup::new(self.vocabulary_of().special, &tokens)?;
                self.learned = Some(lookup.learned(idf_weights)?);
                Ok(self)
            }

            /// The tokens in the order of their numbers, those of special places among them or left
            /// out.
            ///
            /// Errors: no vocabulary yet.
            pub fn get_vocabulary(&self, include_special_tokens: bool) -> Result<Vec<$token>> {
                Ok(self.vocabulary_of().lookup()?.all(&self.oov(), include_special_tokens))
            }
        }
    };
}
pub(super) use with_vocabulary;
