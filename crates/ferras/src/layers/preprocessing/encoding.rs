//! What layers of categories give: numbers, or vectors of zeros and ones.
use crate::config::{Choice, Vocabulary, floatx};
use crate::layers::{Build, PartialShape};
use crate::Result;
use ferras_graph::{DType, Value};

/// The form of a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputMode {
    /// Its number.
    Int,
    /// A vector with a 1 at its number; a last axis of size 1 is dropped.
    OneHot,
    /// One vector for all categories of a sample, with a 1 at each of them.
    MultiHot,
    /// One vector for all categories of a sample, with how often each is there.
    Count,
}

impl Vocabulary for OutputMode {
    const KIND: &'static str = "output_mode";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("int", OutputMode::Int),
        ("one_hot", OutputMode::OneHot),
        ("multi_hot", OutputMode::MultiHot),
        ("count", OutputMode::Count),
        // Keras' older word.
        ("binary", OutputMode::MultiHot),
    ];
}

impl OutputMode {
    /// An error unless inputs of this shape can be given this form.
    pub(super) fn check(self, cx: &Build, shape: &PartialShape) -> Result<()> {
        let joins = matches!(self, OutputMode::MultiHot | OutputMode::Count);
        match joins && shape.len() < 2 {
            true => Err(cx.error(format!(
                "output_mode \"multi_hot\" and \"count\" need an axis of categories behind the \
                 batch, got shape {shape}; take \"one_hot\""
            ))),
            false => Ok(()),
        }
    }

    /// The categories, integers, in this form, with `depth` places.
    pub(super) fn encode(self, categories: &Value, depth: usize, weights: Option<&Value>) -> Value {
        let one_hot = |x: &Value| x.one_hot(depth, floatx());
        match self {
            OutputMode::Int => categories.clone(),
            OutputMode::OneHot if categories.rank() > 1 && categories.dim(-1) == 1 => {
                one_hot(&categories.squeeze(-1))
            }
            OutputMode::OneHot => one_hot(categories),
            OutputMode::MultiHot => one_hot(categories).max(&[1], false),
            OutputMode::Count => match weights {
                Some(weights) => {
                    (one_hot(categories) * weights.cast(floatx()).expand_dims(-1)).sum(&[1], false)
                }
                None => one_hot(categories).sum(&[1], false),
            },
        }
    }
}

/// An error for the argument `sparse`: there are no sparse tensors here.
pub(super) fn refuse_sparse(cx: &Build, sparse: bool) -> Result<()> {
    match sparse {
        true => Err(cx.error("sparse must be false: there are no sparse tensors")),
        false => Ok(()),
    }
}

/// The word for a form, for layers that know all but some.
pub(super) fn allowed(cx: &Build, mode: &Choice<OutputMode>, not: OutputMode) -> Result<OutputMode> {
    let mode = mode.get()?;
    match mode == not {
        true => Err(cx.error("output_mode must be \"multi_hot\", \"one_hot\" or \"count\"")),
        false => Ok(mode),
    }
}

/// Categories as int32.
pub(super) fn integers(x: &Value) -> Value {
    x.cast(DType::I32)
}
