//! Looking tokens up: what `StringLookup` and `IntegerLookup` have in common.
use super::encode::LookupMode;
use super::learn::Learned;
use super::tokens::Tokens;
use crate::layers::Build;
use crate::{Error, Result};
use std::borrow::Borrow;
use std::fmt::Display;
use std::hash::Hash;

/// The places in front of the tokens, and those behind.
#[derive(Clone, Debug)]
pub(super) struct Special<'a, K> {
    pub(super) max_tokens: Option<usize>,
    pub(super) num_oov_indices: usize,
    pub(super) mask_token: Option<&'a K>,
    pub(super) oov_token: Option<&'a K>,
    pub(super) mode: LookupMode,
    pub(super) pad_to_max_tokens: bool,
    pub(super) invert: bool,
}

impl<K> Special<'_, K> {
    /// The first place of tokens that are not in the vocabulary.
    pub(super) fn oov_start(&self) -> usize {
        usize::from(self.mask_token.is_some() && self.mode == LookupMode::Int)
    }

    /// The place of the first token.
    pub(super) fn token_start(&self) -> usize {
        self.oov_start().saturating_add(self.num_oov_indices)
    }

    /// The weights of tokens with those of the places in front of them, their mean, and behind, zeros.
    pub(super) fn padded(&self, weights: &[f32]) -> Vec<f32> {
        let mean = weights.iter().sum::<f32>() / weights.len().max(1) as f32;
        let mut all = vec![mean; self.token_start()];
        all.extend(weights);
        self.with_end(all)
    }

    /// All weights, with zeros for places that no token has.
    fn with_end(&self, mut weights: Vec<f32>) -> Vec<f32> {
        if let (true, Some(most)) = (self.pad_to_max_tokens, self.max_tokens) {
            weights.resize(most.max(weights.len()), 0.0);
        }
        weights
    }

    /// An error for arguments that Keras refuses.
    pub(super) fn check(&self, cx: &Build) -> Result<()> {
        match (self.max_tokens, self.pad_to_max_tokens) {
            (Some(..=1), _) => Err(cx.error("max_tokens must be greater than 1")),
            (None, true) => Err(cx.error("pad_to_max_tokens needs max_tokens")),
            _ if self.invert && self.mode != LookupMode::Int => {
                Err(cx.error("output_mode must be \"int\" when invert is true"))
            }
            _ if self.num_oov_indices > 1 << 31 => Err(cx.error("num_oov_indices is too large")),
            _ => Ok(()),
        }
    }
}

/// A vocabulary at work.
#[derive(Clone, Debug)]
pub(super) struct Lookup<'a, K> {
    pub(super) special: Special<'a, K>,
    tokens: &'a Tokens<K>,
    /// How many of the list are special tokens, which stand where they would be put.
    given: usize,
}

impl<'a, K: Clone + Eq + Hash + Display> Lookup<'a, K> {
    /// An error unless these can be tokens of a vocabulary.
    pub(super) fn new(special: Special<'a, K>, tokens: &'a Tokens<K>) -> Result<Lookup<'a, K>> {
        let list = tokens.list();
        let start = special.token_start();
        let is = |token: &K, expected: Option<&K>| Some(token) == expected;
        let front = list.iter().take(start).enumerate().all(|(place, token)| {
            let masked = place < special.oov_start();
            is(token, if masked { special.mask_token } else { special.oov_token })
        });
        let given = if front && list.len() >= start { start } else { 0 };
        let problem = |problem: String| Err(Error::argument("vocabulary", problem));
        if let Some(token) = tokens.repeated(given) {
            return problem(format!("has \"{token}\" twice; each token must be there once"));
        }
        let reserved = [special.mask_token, special.oov_token.filter(|_| special.invert)];
        let misplaced = |token: &&K| tokens.place::<K>(token).is_some_and(|place| place >= given);
        if let Some(token) = reserved.into_iter().flatten().find(misplaced) {
            return problem(format!(
                "has the reserved token \"{token}\" among the others; leave out the mask and the \
                 out-of-vocabulary tokens, or have all of them at the front, in that order"
            ));
        }
        let size = start.saturating_add(list.len() - given);
        match special.max_tokens {
            Some(most) if size > most => problem(format!(
                "has {size} tokens with those that the layer adds, and max_tokens is {most}"
            )),
            _ => Ok(Lookup { special, tokens, given }),
        }
    }

    /// The number of places, those of special tokens counted.
    pub(super) fn size(&self) -> usize {
        self.special.token_start().saturating_add(self.tokens.list().len() - self.given)
    }

    /// The tokens without those that stand in front.
    pub(super) fn plain(&self) -> &'a [K] {
        self.tokens.list().get(self.given..).unwrap_or_default()
    }

    /// The number of a token that is in the vocabulary.
    pub(super) fn place<Q: Hash + Eq + ?Sized>(&self, token: &Q) -> Option<i64>
    where
        K: Borrow<Q>,
    {
        let place = self.tokens.place(token).filter(|&place| place >= self.given)?;
        Some((place - self.given + self.special.token_start()) as i64)
    }

    /// All tokens in order of their numbers; those of places without one are `oov`.
    pub(super) fn all(&self, oov: &K, include_special_tokens: bool) -> Vec<K> {
        if !include_special_tokens {
            return self.plain().to_vec();
        }
        let masks = self.special.mask_token.filter(|_| self.special.oov_start() > 0);
        let oovs = std::iter::repeat_n(oov, self.special.num_oov_indices);
        masks.into_iter().chain(oovs).chain(self.plain()).cloned().collect()
    }

    /// The token of a number, for inverse lookups.
    pub(super) fn token(&self, number: i64) -> Option<&'a K> {
        let place = usize::try_from(number).ok();
        match place.and_then(|place| place.checked_sub(self.special.token_start())) {
            Some(place) => self.plain().get(place).or(self.special.oov_token),
            None if number == 0 && self.special.oov_start() > 0 => self.special.mask_token,
            None => self.special.oov_token,
        }
    }

    /// The vocabulary with weights for `"tf_idf"`, one for each token of the list.
    pub(super) fn learned(&self, idf_weights: Option<&[f64]>) -> Result<Learned<K>> {
        let weighted = self.special.mode == LookupMode::TfIdf;
        let problem = |problem: String| Err(Error::argument("idf_weights", problem));
        let idf_weights = match idf_weights {
            None if weighted => return problem("must be given for output_mode \"tf_idf\"".into()),
            Some(_) if !weighted => return problem("is for output_mode \"tf_idf\" alone".into()),
            None => None,
            Some(weights) => {
                let (expected, found) = (self.tokens.list().len(), weights.len());
                let all = self.special.with_end(vec![0.0; self.size()]).len();
                // A file keeps the weights of places without a token too.
                if found != expected && !(self.given > 0 && found == all) {
                    return problem(format!(
                        "must have one number for each of the {expected} tokens, got {found}"
                    ));
                }
                let weights: Vec<f32> = weights.iter().map(|w| *w as f32).collect();
                Some(match self.given {
                    0 => self.special.padded(&weights),
                    _ => self.special.with_end(weights),
                })
            }
        };
        Ok(Learned { tokens: self.tokens.clone(), idf_weights })
    }
}
