//! What the weights of a file and those of a model do not have in common.
use super::editor::{Object, python};
use ferras_graph::Shape;
use std::fmt;

/// A difference between a file and a model.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// The model has something of this path that the file lacks.
    Missing(String),
    /// The file has something of this path that the model lacks.
    Additional(String),
    /// A weight has two shapes.
    Shape {
        /// Its path.
        path: String,
        /// Its shape in the file.
        saved: Shape,
        /// Its shape in the model.
        reference: Shape,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Missing(path) => write!(f, "{path}: in the model, not in the file"),
            Difference::Additional(path) => write!(f, "{path}: in the file, not in the model"),
            Difference::Shape { path, saved, reference } => write!(
                f,
                "{path}: shape {} in the file, {} in the model",
                python(saved),
                python(reference)
            ),
        }
    }
}

/// What came of comparing a file with a model; printing it gives a line for each difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    matches: usize,
    differences: Vec<Difference>,
}

impl Comparison {
    /// Whether the file fits the model.
    pub fn is_success(&self) -> bool {
        self.differences.is_empty()
    }

    /// Weights that both have, of one shape.
    pub fn match_count(&self) -> usize {
        self.matches
    }

    /// What does not fit. Of an object that one of them lacks, what is in it is not told as well.
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    fn add(&mut self, saved: &Object, reference: &Object, prefix: &str) {
        let path = |name: &str| format!("{prefix}/{name}");
        for (name, own) in &reference.weights {
            match saved.weights.iter().find(|(saved, _)| saved == name) {
                None => self.differences.push(Difference::Missing(path(name))),
                Some((_, value)) if value.shape() == own.shape() => self.matches += 1,
                Some((_, value)) => self.differences.push(Difference::Shape {
                    path: path(name),
                    saved: value.shape().clone(),
                    reference: own.shape().clone(),
                }),
            }
        }
        for (name, own) in &reference.objects {
            match saved.objects.iter().find(|(saved, _)| saved == name) {
                None => self.differences.push(Difference::Missing(path(name))),
                Some((_, object)) => self.add(object, own, &path(name)),
            }
        }
        let weights = saved.weights.iter().map(|(name, _)| name);
        let weights = weights.filter(|name| reference.weights.iter().all(|(own, _)| own != *name));
        let objects = saved.objects.iter().map(|(name, _)| name);
        let objects = objects.filter(|name| reference.objects.iter().all(|(own, _)| own != *name));
        let more = weights.chain(objects).map(|name| Difference::Additional(path(name)));
        self.differences.extend(more);
    }
}

/// The differences of two contents.
pub(super) fn compared(saved: &Object, reference: &Object) -> Comparison {
    let mut comparison = Comparison::default();
    comparison.add(saved, reference, "");
    comparison
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.differences.iter().try_for_each(|difference| writeln!(f, "{difference}"))?;
        let (matches, wrong) = (self.matches, self.differences.len());
        match wrong {
            0 => write!(f, "the file fits the model: {matches} weights"),
            _ => write!(
                f,
                "the file does not fit the model: {wrong} differences, {matches} weights fit"
            ),
        }
    }
}
