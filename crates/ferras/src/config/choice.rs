//! Arguments that take one of a few words, and those that take one axis or several.
use super::{ConfigValue, Scope, suggest, value::mismatch};
use crate::{Error, Result};
use serde_json::{Value as Json, json};

/// The words that an argument takes, and what each stands for.
pub trait Vocabulary: Copy + PartialEq + std::fmt::Debug + Send + Sync + 'static {
    /// What errors call the argument (`"padding"`).
    const KIND: &'static str;
    /// Keras' words.
    const WORDS: &'static [(&'static str, Self)];
    /// What a null in a file stands for, where it stands for anything.
    fn unset() -> Option<Self> {
        None
    }
}

/// An argument of a few words: Keras' `padding="same"`.
///
/// The word is looked up when it is needed; an unknown one is an error then.
///
/// ```
/// use ferras::layers::{Padding, PaddingMode};
/// assert_eq!(Padding::from("same").get()?, PaddingMode::Same);
/// let error = Padding::from("smae").get().unwrap_err().to_string();
/// assert_eq!(error, "unknown padding \"smae\" (did you mean \"same\"?); known: valid, same, causal");
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Choice<T>(Result<T, String>);

impl<T: Vocabulary> Choice<T> {
    /// What the word stands for.
    pub fn get(&self) -> Result<T> {
        self.0.clone().map_err(|name| {
            let known: Vec<&str> = T::WORDS.iter().map(|w| w.0).collect();
            Error::Unknown { kind: T::KIND, hint: suggest(&name, &known), name }
        })
    }
}

impl<T: Vocabulary> From<T> for Choice<T> {
    fn from(meaning: T) -> Choice<T> {
        Choice(Ok(meaning))
    }
}

impl<T: Vocabulary> From<&str> for Choice<T> {
    fn from(word: &str) -> Choice<T> {
        // Keras takes words in any case.
        let known = T::WORDS.iter().find(|(w, _)| w.eq_ignore_ascii_case(word));
        Choice(known.map(|w| w.1).ok_or_else(|| word.to_string()))
    }
}

/// `None`, where an argument may be left out.
impl<T: Vocabulary> From<Option<&str>> for Choice<T> {
    fn from(word: Option<&str>) -> Choice<T> {
        match word {
            Some(word) => Choice::from(word),
            None => Choice(T::unset().ok_or_else(|| "None".to_string())),
        }
    }
}

impl<T: Vocabulary> ConfigValue for Choice<T> {
    fn to_json(&self) -> Json {
        match &self.0 {
            Ok(meaning) => json!(T::WORDS.iter().find(|w| w.1 == *meaning).map(|w| w.0)),
            Err(word) => json!(word),
        }
    }

    fn from_json(json: &Json, _: &Scope) -> Result<Self, String> {
        if let (Json::Null, Some(meaning)) = (json, T::unset()) {
            return Ok(Choice(Ok(meaning)));
        }
        let word = json.as_str().ok_or_else(|| mismatch("a string", json))?;
        let choice = Choice::from(word);
        choice.get().map_err(|e| e.to_string())?;
        Ok(choice)
    }
}

/// One axis or several; negative ones count from the end.
///
/// ```
/// use ferras::config::Axes;
/// assert_eq!(Axes::from(-1).as_slice(), [-1]);
/// assert_eq!(Axes::from([1, 2]).as_slice(), [1, 2]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axes {
    list: Vec<isize>,
    /// Given as a number, not as a list: it is written as it was given.
    single: bool,
}

impl Axes {
    /// The axes.
    pub fn as_slice(&self) -> &[isize] {
        &self.list
    }

    /// The axes of a tensor of this rank counted from the front, in order; an error if there is
    /// no such axis, or one is named twice.
    pub(crate) fn resolve(&self, rank: usize) -> Result<Vec<usize>> {
        let place = |&axis: &isize| {
            let plain = if axis < 0 { axis + rank as isize } else { axis };
            let found = usize::try_from(plain).ok().filter(|&a| a < rank);
            let problem = || format!("{axis} is no axis of an input of rank {rank}");
            found.ok_or_else(|| Error::argument("axis", problem()))
        };
        let mut axes = self.list.iter().map(place).collect::<Result<Vec<usize>>>()?;
        axes.sort_unstable();
        if axes.windows(2).any(|pair| pair[0] == pair[1]) {
            let problem = format!("names an axis twice: {:?}", self.list);
            return Err(Error::argument("axis", problem));
        }
        Ok(axes)
    }
}

impl From<isize> for Axes {
    fn from(axis: isize) -> Axes {
        Axes { list: vec![axis], single: true }
    }
}

impl<const N: usize> From<[isize; N]> for Axes {
    fn from(axes: [isize; N]) -> Axes {
        Axes { list: axes.to_vec(), single: false }
    }
}

impl From<Vec<isize>> for Axes {
    fn from(list: Vec<isize>) -> Axes {
        Axes { list, single: false }
    }
}

impl ConfigValue for Axes {
    fn to_json(&self) -> Json {
        match self.list.first() {
            Some(axis) if self.single => json!(axis),
            _ => json!(self.list),
        }
    }

    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        match json.is_array() {
            true => Vec::from_json(json, scope).map(|list| Axes { list, single: false }),
            false => isize::from_json(json, scope).map(Axes::from),
        }
    }
}
