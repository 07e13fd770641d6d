//! A vocabulary: tokens in their order, and where each stands.
use crate::config::{ConfigValue, Scope, mismatch};
use serde_json::Value as Json;
use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

/// The words, or numbers, of a vocabulary in their order. Cloning shares them.
///
/// ```
/// use ferras::layers::Tokens;
/// assert_eq!(Tokens::from(["b", "a"]).to_vec(), ["b", "a"]);
/// ```
#[derive(Clone)]
pub struct Tokens<K>(Arc<Table<K>>);

struct Table<K> {
    list: Vec<K>,
    /// Where each stands; one that comes twice, at its last place.
    places: HashMap<K, usize>,
    /// Places of those that came before.
    repeated: Vec<usize>,
}

impl<K: Clone + Eq + Hash> Tokens<K> {
    /// All of them, in order.
    pub fn to_vec(&self) -> Vec<K> {
        self.0.list.clone()
    }

    pub(super) fn list(&self) -> &[K] {
        &self.0.list
    }

    /// Where a token stands.
    pub(super) fn place<Q: Hash + Eq + ?Sized>(&self, token: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        self.0.places.get(token).copied()
    }

    /// The first token from place `start` on that came before, from there on.
    pub(super) fn repeated(&self, start: usize) -> Option<&K> {
        let before = |&&place: &&usize| {
            let token = self.0.list.get(place);
            let first = self.0.list.iter().skip(start).position(|t| Some(t) == token);
            place >= start && first.is_some_and(|first| first + start < place)
        };
        self.0.list.get(*self.0.repeated.iter().find(before)?)
    }
}

impl<K: Clone + Eq + Hash> From<Vec<K>> for Tokens<K> {
    fn from(list: Vec<K>) -> Tokens<K> {
        let (mut places, mut repeated) = (HashMap::with_capacity(list.len()), Vec::new());
        for (place, token) in list.iter().enumerate() {
            if places.insert(token.clone(), place).is_some() {
                repeated.push(place);
            }
        }
        Tokens(Arc::new(Table { list, places, repeated }))
    }
}

impl<const N: usize> From<[&str; N]> for Tokens<String> {
    fn from(list: [&str; N]) -> Tokens<String> {
        Tokens::from(list.map(String::from).to_vec())
    }
}

impl From<Vec<&str>> for Tokens<String> {
    fn from(list: Vec<&str>) -> Tokens<String> {
        Tokens::from(list.into_iter().map(String::from).collect::<Vec<_>>())
    }
}

impl<const N: usize> From<[i64; N]> for Tokens<i64> {
    fn from(list: [i64; N]) -> Tokens<i64> {
        Tokens::from(list.to_vec())
    }
}

impl<K: PartialEq> PartialEq for Tokens<K> {
    fn eq(&self, other: &Tokens<K>) -> bool {
        self.0.list == other.0.list
    }
}

impl<K: fmt::Debug> fmt::Debug for Tokens<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.list.fmt(f)
    }
}

impl<K: ConfigValue + Clone + Eq + Hash> ConfigValue for Tokens<K> {
    fn to_json(&self) -> Json {
        self.0.list.to_json()
    }
    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        if json.is_string() {
            // A path or an address: what a file names is never opened.
            let expected = "the tokens themselves (files and addresses are not read)";
            return Err(mismatch(expected, json));
        }
        Vec::from_json(json, scope).map(Tokens::from)
    }
}
