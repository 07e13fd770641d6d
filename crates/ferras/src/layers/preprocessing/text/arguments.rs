//! Arguments of layers of words and categories.
use crate::config::{ConfigValue, Scope, Vocabulary, mismatch};
use crate::{Error, Result};
use serde_json::{Value as Json, json};

/// What a hash is salted with: two numbers, of which one stands for both.
///
/// ```
/// use ferras::layers::Salt;
/// assert_eq!(Salt::from(7), Salt::from([7, 7]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Salt(pub(super) [i64; 2]);

impl From<i64> for Salt {
    fn from(salt: i64) -> Salt {
        Salt([salt; 2])
    }
}

impl From<[i64; 2]> for Salt {
    fn from(salt: [i64; 2]) -> Salt {
        Salt(salt)
    }
}

impl ConfigValue for Salt {
    fn to_json(&self) -> Json {
        json!(self.0)
    }
    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        let both = <[i64; 2]>::from_json(json, scope).map(Salt);
        let one = || i64::from_json(json, scope).map(Salt::from);
        both.or_else(|_| one()).map_err(|_| mismatch("a whole number or two of them", json))
    }
}

/// A category: a number or a text.
///
/// ```
/// use ferras::layers::Token;
/// assert_ne!(Token::from(1), Token::from("1"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

impl From<i64> for Token {
    fn from(number: i64) -> Token {
        Token::Number(number)
    }
}

impl From<&str> for Token {
    fn from(text: &str) -> Token {
        Token::Text(text.into())
    }
}

impl ConfigValue for Token {
    fn to_json(&self) -> Json {
        match self {
            Token::Number(number) => json!(number),
            Token::Text(text) => json!(text),
        }
    }
    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        match json {
            Json::String(text) => Ok(Token::Text(text.clone())),
            other => i64::from_json(other, scope)
                .map(Token::Number)
                .map_err(|_| mismatch("a text or a whole number", other)),
        }
    }
}

/// How many words in a row make a token, besides or instead of single ones.
///
/// ```
/// use ferras::layers::Ngrams;
/// // Words and pairs of them; pairs and triples alone.
/// assert_ne!(Ngrams::from(2), Ngrams::from([2, 3]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ngrams {
    /// Up to so many.
    UpTo(usize),
    /// So many, in this order.
    Of(Vec<usize>),
}

/// The most words in a row: what a text becomes grows with the square of it.
const MOST_WORDS: usize = 100;

impl Ngrams {
    /// The numbers of words; an error for none, and for more than any text is read by.
    pub(super) fn widths(&self) -> Result<Vec<usize>> {
        let wrong = |got: usize| {
            let problem = format!("must be from 1 to {MOST_WORDS} words in a row, got {got}");
            Err(Error::argument("ngrams", problem))
        };
        match self {
            Ngrams::UpTo(most) if *most > MOST_WORDS => wrong(*most),
            Ngrams::UpTo(most) => Ok((1..=*most).collect()),
            Ngrams::Of(list) => match list.iter().find(|n| !(1..=MOST_WORDS).contains(*n)) {
                Some(&other) => wrong(other),
                None => Ok(list.clone()),
            },
        }
    }
}

impl From<usize> for Ngrams {
    fn from(most: usize) -> Ngrams {
        Ngrams::UpTo(most)
    }
}

impl<const N: usize> From<[usize; N]> for Ngrams {
    fn from(list: [usize; N]) -> Ngrams {
        Ngrams::Of(list.to_vec())
    }
}

impl ConfigValue for Ngrams {
    fn to_json(&self) -> Json {
        match self {
            Ngrams::UpTo(most) => json!(most),
            Ngrams::Of(list) => json!(list),
        }
    }
    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        let list = |_| Vec::from_json(json, scope).map(Ngrams::Of);
        let read = usize::from_json(json, scope).map(Ngrams::UpTo).or_else(list);
        read.map_err(|_| mismatch("a whole number or a list of them", json))
    }
}

/// Which of several places out of the vocabulary a number gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OovMethod {
    /// The rest of the division by their number.
    Floormod,
    /// A hash of it.
    Farmhash,
}

impl Vocabulary for OovMethod {
    const KIND: &'static str = "oov_method";
    const WORDS: &'static [(&'static str, Self)] =
        &[("floormod", OovMethod::Floormod), ("farmhash", OovMethod::Farmhash)];
}
