//! Numbers of categories in the forms that layers give, on the host.
use crate::array::Array;
use crate::config::{ElementType, Vocabulary, floatx};
use crate::layers::preprocessing::OutputMode;
use crate::layers::{Build, PartialShape, TensorSpec};
use crate::{Error, Result};
use ferras_graph::{DType, Tensor};

/// The form of a category that is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupMode {
    /// Its number.
    Int,
    /// A vector with a 1 at its number; a last axis of size 1 is dropped.
    OneHot,
    /// One vector for all categories of a sample, with a 1 at each of them.
    MultiHot,
    /// One vector for all categories of a sample, with how often each is there.
    Count,
    /// The same, times how seldom each is in the data that the layer was adapted to.
    TfIdf,
}

impl Vocabulary for LookupMode {
    const KIND: &'static str = "output_mode";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("int", LookupMode::Int),
        ("one_hot", LookupMode::OneHot),
        ("multi_hot", LookupMode::MultiHot),
        ("count", LookupMode::Count),
        ("tf_idf", LookupMode::TfIdf),
        // Keras' older words.
        ("binary", LookupMode::MultiHot),
        ("tf-idf", LookupMode::TfIdf),
    ];
}

impl From<OutputMode> for LookupMode {
    fn from(mode: OutputMode) -> LookupMode {
        match mode {
            OutputMode::Int => LookupMode::Int,
            OutputMode::OneHot => LookupMode::OneHot,
            OutputMode::MultiHot => LookupMode::MultiHot,
            OutputMode::Count => LookupMode::Count,
        }
    }
}

/// Numbers of categories, row by row; those that are left out have none.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ids {
    pub(super) shape: Vec<usize>,
    pub(super) ids: Vec<Option<i64>>,
}

impl LookupMode {
    /// Whether all categories of a sample make one vector.
    pub(super) fn joins(self) -> bool {
        matches!(self, LookupMode::MultiHot | LookupMode::Count | LookupMode::TfIdf)
    }

    /// An error unless inputs of a model of this shape can be given this form.
    pub(super) fn check(self, cx: &Build, shape: &PartialShape) -> Result<()> {
        match self.joins() && shape.len() < 2 {
            true => Err(cx.error(format!(
                "this output_mode needs an axis of categories behind the batch, got shape {shape}; \
                 take \"one_hot\""
            ))),
            false => Ok(()),
        }
    }

    /// What is given for categories of this shape, with `depth` places.
    pub(super) fn spec(self, shape: &PartialShape, depth: usize) -> TensorSpec {
        let mut sizes = shape.to_vec();
        let dtype: ElementType = match self {
            LookupMode::Int => DType::I64.into(),
            _ => floatx().into(),
        };
        match self {
            LookupMode::Int => return TensorSpec { dtype, shape: shape.clone() },
            LookupMode::OneHot if sizes.len() > 1 && sizes.last() == Some(&Some(1)) => {
                sizes.pop();
            }
            LookupMode::OneHot => {}
            _ => {
                sizes.remove(usize::from(sizes.len() > 1));
            }
        }
        sizes.push(Some(depth));
        TensorSpec { dtype, shape: sizes.into() }
    }

    /// The categories in this form, with `depth` places and the weight of each where that is asked for.
    pub(super) fn encode(self, ids: &Ids, depth: usize, weights: Option<&[f32]>) -> Result<Array> {
        let Ids { shape, ids } = ids;
        if self == LookupMode::Int {
            let ids = ids.iter().map(|id| id.unwrap_or(0)).collect();
            return Ok(Tensor::new(shape.clone(), ids)?.into());
        }
        let place = |id: &Option<i64>| id.and_then(|id| usize::try_from(id).ok()).filter(|&p| p < depth);
        // Of (rows, joined, inner) those along `joined` become one vector.
        let axis = if self.joins() { usize::from(shape.len() > 1) } else { shape.len() };
        let rows: usize = shape.iter().take(axis).product();
        let joined = shape.get(axis).copied().unwrap_or(1);
        let inner: usize = shape.iter().skip(axis + 1).product();
        let mut out = vec![0.0_f32; room(rows * inner, depth)?];
        for (i, id) in ids.iter().enumerate() {
            let vector = i / (joined * inner).max(1) * inner + i % inner.max(1);
            let Some(number) = place(id).and_then(|p| out.get_mut(vector * depth + p)) else {
                continue;
            };
            match self {
                LookupMode::Count | LookupMode::TfIdf => *number += 1.0,
                _ => *number = 1.0,
            }
        }
        if let (LookupMode::TfIdf, Some(weights)) = (self, weights) {
            for vector in out.chunks_exact_mut(depth.max(1)) {
                vector.iter_mut().zip(weights).for_each(|(count, weight)| *count *= weight);
            }
        }
        let mut sizes = shape.clone();
        match self {
            LookupMode::OneHot if sizes.len() > 1 && sizes.last() == Some(&1) => {
                sizes.pop();
            }
            _ if self.joins() && axis < sizes.len() => {
                sizes.remove(axis);
            }
            _ => {}
        }
        sizes.push(depth);
        Ok(Tensor::new(sizes, out)?.cast(floatx()).into())
    }
}

/// So many vectors of so many places; an error instead of an abort where there is no memory for them.
fn room(vectors: usize, depth: usize) -> Result<usize> {
    let places = vectors.checked_mul(depth);
    let fits = |&n: &usize| Vec::<f32>::new().try_reserve_exact(n).is_ok();
    places.filter(fits).ok_or_else(|| {
        let problem = format!("there is no memory for {vectors} vectors of {depth} places");
        Error::Data(problem)
    })
}
