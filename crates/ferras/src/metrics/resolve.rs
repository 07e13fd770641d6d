//! What the words of `compile` that name no class stand for, once the shapes are known.
use super::{
    BinaryAccuracy, BinaryCrossentropy, CategoricalAccuracy, CategoricalCrossentropy, MetricFn,
    SparseCategoricalAccuracy, SparseCategoricalCrossentropy,
};
use crate::layers::PartialShape;
use crate::{Error, Result};
use std::sync::Arc;

/// The kinds of targets that an output can have.
enum Kind {
    /// One number between no and yes.
    Binary,
    /// A class number for each row of the output.
    Sparse,
    /// A one-hot row for each row of the output.
    Categorical,
}

/// What `"accuracy"`, `"acc"`, `"crossentropy"` and `"ce"` stand for, in any case, with targets and
/// an output of these shapes (with the batch axis), as Keras chooses it; the loss does not matter.
/// The metric has the word as its name.
pub(crate) fn resolve_by_shape(
    word: &str,
    y_true: &[usize],
    y_pred: &PartialShape,
) -> Result<Arc<dyn MetricFn>> {
    let kind = kind(y_true, y_pred);
    Ok(match (word.to_lowercase().as_str(), kind) {
        ("accuracy" | "acc", Kind::Binary) => Arc::new(BinaryAccuracy::new().name(word)),
        ("accuracy" | "acc", Kind::Sparse) => Arc::new(SparseCategoricalAccuracy::new().name(word)),
        ("accuracy" | "acc", Kind::Categorical) => Arc::new(CategoricalAccuracy::new().name(word)),
        ("crossentropy" | "ce", Kind::Binary) => Arc::new(BinaryCrossentropy::new().name(word)),
        ("crossentropy" | "ce", Kind::Sparse) => {
            Arc::new(SparseCategoricalCrossentropy::new().name(word))
        }
        ("crossentropy" | "ce", Kind::Categorical) => {
            Arc::new(CategoricalCrossentropy::new().name(word))
        }
        _ => return Err(Error::Internal(format!("the metric {word:?} does not go by shapes"))),
    })
}

fn kind(y_true: &[usize], y_pred: &[Option<usize>]) -> Kind {
    match y_pred {
        [] | [_] | [.., Some(1)] => Kind::Binary,
        _ if y_true.len() < y_pred.len() || y_true.last() == Some(&1) => Kind::Sparse,
        _ => Kind::Categorical,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_is_chosen_by_shapes() {
        let class = |t: &[usize], p: &[usize]| {
            let mut p = PartialShape::from(p).to_vec();
            p[0] = None;
            resolve_by_shape("acc", t, &p.into()).unwrap().class_name()
        };
        assert_eq!(class(&[7], &[7, 1]), "BinaryAccuracy");
        assert_eq!(class(&[7, 4, 1], &[7, 4, 1]), "BinaryAccuracy");
        assert_eq!(class(&[7, 3], &[7, 3]), "CategoricalAccuracy");
        assert_eq!(class(&[7], &[7, 3]), "SparseCategoricalAccuracy");
        assert_eq!(class(&[7, 1], &[7, 3]), "SparseCategoricalAccuracy");
    }
}
