//! Learning a vocabulary: how often tokens are there, and in how many documents.
use super::lookup::Special;
use super::tokens::Tokens;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// What `adapt` found, or a file kept.
#[derive(Clone, Debug)]
pub(super) struct Learned<K> {
    pub(super) tokens: Tokens<K>,
    /// The weight of each place of the output, for `"tf_idf"`.
    pub(super) idf_weights: Option<Vec<f32>>,
}

/// Counts tokens of documents.
#[derive(Debug)]
pub(super) struct Counter<K> {
    counts: HashMap<K, Seen>,
    documents: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    times: u64,
    documents: u64,
}

impl<K: Clone + Ord + Hash> Counter<K> {
    pub(super) fn new() -> Counter<K> {
        Counter { counts: HashMap::new(), documents: 0 }
    }

    /// Counts the tokens of a document.
    pub(super) fn add(&mut self, document: impl IntoIterator<Item = K>) {
        self.documents += 1;
        let mut here = HashSet::new();
        for token in document {
            let seen = self.counts.entry(token.clone()).or_default();
            seen.times += 1;
            seen.documents += u64::from(here.insert(token));
        }
    }

    /// The vocabulary: the most frequent first, of equally frequent ones the largest.
    pub(super) fn learned(mut self, special: &Special<'_, K>, weighted: bool) -> Learned<K> {
        for token in [special.mask_token, special.oov_token].into_iter().flatten() {
            self.counts.remove(token);
        }
        let mut seen: Vec<(K, Seen)> = self.counts.into_iter().collect();
        seen.sort_by(|(a, x), (b, y)| (y.times, b).cmp(&(x.times, a)));
        let start = special.token_start();
        seen.truncate(special.max_tokens.map_or(usize::MAX, |most| most.saturating_sub(start)));
        let weight = |seen: &Seen| {
            (1.0 + self.documents as f64 / (1.0 + seen.documents as f64)).ln() as f32
        };
        let weights: Vec<f32> = seen.iter().map(|(_, seen)| weight(seen)).collect();
        let idf_weights = weighted.then(|| special.padded(&weights));
        let tokens: Vec<K> = seen.into_iter().map(|(token, _)| token).collect();
        Learned { tokens: tokens.into(), idf_weights }
    }
}
