//! From a text to its tokens: in one form, cut into words or letters, and several together.
use crate::config::Vocabulary;

/// What is done to texts before they are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standardize {
    /// Nothing: Keras' `None`.
    None,
    /// Small letters without punctuation.
    LowerAndStripPunctuation,
    /// Small letters.
    Lower,
    /// No punctuation.
    StripPunctuation,
}

impl Vocabulary for Standardize {
    const KIND: &'static str = "standardize";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("lower_and_strip_punctuation", Standardize::LowerAndStripPunctuation),
        ("lower", Standardize::Lower),
        ("strip_punctuation", Standardize::StripPunctuation),
    ];
    fn unset() -> Option<Self> {
        Some(Standardize::None)
    }
}

impl Standardize {
    /// The text in this form. As in TensorFlow only the letters and punctuation of ASCII change.
    pub(super) fn apply(self, text: &str) -> String {
        let strip = matches!(self, Standardize::LowerAndStripPunctuation | Standardize::StripPunctuation);
        let lower = matches!(self, Standardize::LowerAndStripPunctuation | Standardize::Lower);
        let kept = text.chars().filter(|c| !(strip && c.is_ascii_punctuation()));
        kept.map(|c| if lower { c.to_ascii_lowercase() } else { c }).collect()
    }
}

/// How texts are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Not at all: Keras' `None`.
    None,
    /// At white space.
    Whitespace,
    /// Into letters.
    Character,
}

impl Vocabulary for Split {
    const KIND: &'static str = "split";
    const WORDS: &'static [(&'static str, Self)] =
        &[("whitespace", Split::Whitespace), ("character", Split::Character)];
    fn unset() -> Option<Self> {
        Some(Split::None)
    }
}

impl Split {
    /// The parts of a text.
    pub(super) fn apply(self, text: &str) -> Vec<String> {
        match self {
            Split::None => vec![text.to_string()],
            Split::Whitespace => {
                // White space is that of ASCII, and with it the vertical tab, as in C.
                let space = |c: char| c.is_ascii_whitespace() || c == '\u{b}';
                let words = text.split(space).filter(|word| !word.is_empty());
                words.map(String::from).collect()
            }
            Split::Character => text.chars().map(String::from).collect(),
        }
    }
}

/// Tokens in a row joined by a space, for each of the widths in turn.
pub(super) fn ngrams(tokens: &[String], widths: &[usize]) -> Vec<String> {
    let of = |&width: &usize| tokens.windows(width.max(1)).map(|window| window.join(" "));
    widths.iter().flat_map(of).collect()
}
