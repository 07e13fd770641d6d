//! Loops: one graph run again and again.
use super::Graph;
use crate::ir::NodeId;
use crate::{DType, Shape, TensorType};

/// A loop over the steps of sequences: `body` is run `steps` times, and what it carries goes from one
/// run into the next.
///
/// - **Operands**: the carries' first values, the sequences `(steps, …)`, what is the same in every
///   step.
/// - **Body**: its feeds are the carries, this step's slices of the sequences, and what is the same in
///   every step; its fetches the next carries, then this step's outputs. It has no states.
/// - **Results**, each a [`Op::ScanResult`](super::Op::ScanResult) of its own: the last carries, then
///   the outputs of all steps, `(steps, …)`, each at the place of its step.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// What a step does.
    pub body: Graph,
    /// How often it is done.
    pub steps: usize,
    /// How many values go from step to step.
    pub carries: usize,
    /// How many sequences are walked over.
    pub sequences: usize,
    /// From the last step to the first.
    pub reverse: bool,
    /// Nodes of the body at which gradients stop, ascending; of use until passes renumber them.
    pub(crate) stopped: Vec<NodeId>,
}

impl Scan {
    /// The type of the node itself, which has no elements: its results are nodes of their own.
    pub(crate) fn token() -> TensorType {
        TensorType::new(DType::Bool, [0])
    }

    /// The types of the results.
    pub fn results(&self) -> Vec<TensorType> {
        let of = |(i, id): (usize, &NodeId)| {
            let ty = &self.body.node(*id).ty;
            if i < self.carries { ty.clone() } else { stacked(self.steps, ty) }
        };
        self.body.fetches.iter().enumerate().map(of).collect()
    }

    /// The type that operand `i` must have, if there is such an operand.
    pub fn operand(&self, i: usize) -> Option<TensorType> {
        let ty = &self.body.node(self.body.feeds.get(i)?.node).ty;
        let walked = (self.carries..self.carries + self.sequences).contains(&i);
        Some(if walked { stacked(self.steps, ty) } else { ty.clone() })
    }

    /// The steps in the order in which they are done.
    pub fn order(&self) -> impl Iterator<Item = usize> + use<> {
        let (steps, reverse) = (self.steps, self.reverse);
        (0..steps).map(move |i| if reverse { steps - 1 - i } else { i })
    }

    /// What does not fit, if anything does not.
    pub(crate) fn check(&self, operands: &[&TensorType]) -> Result<(), String> {
        let feeds = self.body.feeds.len();
        if operands.len() != feeds || feeds < self.carries + self.sequences {
            return Err(format!("a loop of {feeds} arguments cannot have {}", operands.len()));
        }
        if !self.body.states.is_empty() {
            return Err("a loop's body cannot have variables of its own".into());
        }
        for (i, found) in operands.iter().enumerate() {
            let expected = self.operand(i).unwrap_or_else(Scan::token);
            if **found != expected {
                return Err(format!("expected argument {i} to be {expected}, got {found}"));
            }
        }
        for (i, feed) in self.body.feeds.iter().take(self.carries).enumerate() {
            let carried = &self.body.node(feed.node).ty;
            match self.body.fetches.get(i).map(|id| &self.body.node(*id).ty) {
                Some(next) if next == carried => {}
                Some(next) => {
                    return Err(format!("carry {i} of type {carried} cannot become {next}"));
                }
                None => return Err(format!("the body gives no new value of carry {i}")),
            }
        }
        Ok(())
    }
}

/// A type with the steps as its first axis.
fn stacked(steps: usize, ty: &TensorType) -> TensorType {
    let shape: Shape = std::iter::once(steps).chain(ty.shape.iter().copied()).collect();
    TensorType { dtype: ty.dtype, shape }
}
