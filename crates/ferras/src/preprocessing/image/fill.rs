//! `fill_mode`: what lies beyond the edges of a picture.
use crate::config::{Choice, Vocabulary};

/// What is seen beyond the edges of a picture, for `| a b c d |`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FillPlace {
    /// `k k k k | a b c d | k k k k` with k the `fill_value`.
    Constant,
    /// `a a a a | a b c d | d d d d`
    Nearest,
    /// `a b c d | a b c d | a b c d`
    Wrap,
    /// `c d c b | a b c d | c b a b`
    Mirror,
    /// `d c b a | a b c d | d c b a`
    Reflect,
}

/// `"constant"`, `"nearest"`, `"wrap"`, `"mirror"` or `"reflect"`.
pub type FillMode = Choice<FillPlace>;

impl Vocabulary for FillPlace {
    const KIND: &'static str = "fill_mode";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("constant", FillPlace::Constant),
        ("nearest", FillPlace::Nearest),
        ("wrap", FillPlace::Wrap),
        ("mirror", FillPlace::Mirror),
        ("reflect", FillPlace::Reflect),
    ];
}
