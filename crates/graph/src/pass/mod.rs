//! Passes: a graph becomes a better graph with the same outputs. One file each.
mod dead;
mod fold;
mod loops;
mod number;
mod rewrite;
mod simplify;

pub use dead::remove_dead;

use crate::ir::Graph;
use rewrite::{Rewriter, Steps};

/// Sweeps over a graph at most: rules see the results of earlier ones within a sweep, so that a
/// second one finds little and a third next to nothing.
const MOST_SWEEPS: usize = 4;

/// The graph after all passes: constant folding, algebraic simplification, common
/// sub-expressions and dead code, until nothing changes; loops carry and keep what is used, and
/// their bodies are graphs after all passes.
///
/// Results are equal, but that the sign of a zero may differ and that a few rules round
/// differently (x³ by products, sums of sums as one sum). NaN and infinities stay where they were.
///
/// ```
/// use ferras_graph::{Builder, DType, TensorType, pass};
/// let b = Builder::new();
/// let x = b.feed("x", TensorType::new(DType::F32, [2, 3]));
/// let y = (&x * 1.0 + (&x).pow(2.0)) / 4.0 - (&x).pow(2.0);
/// let graph = pass::optimize(&b.finish(&[y], &[])?);
/// let ops: Vec<String> = graph.nodes.iter().map(|n| n.op.name()).collect();
/// assert_eq!(ops, ["feed", "mul", "add", "constant", "broadcast", "mul", "sub"]);
/// # Ok::<(), ferras_graph::Error>(())
/// ```
pub fn optimize(graph: &Graph) -> Graph {
    let mut graph = graph.clone();
    loops::tidy(&mut graph);
    for _ in 0..MOST_SWEEPS {
        let (swept, changed) = Rewriter::sweep(&graph, Steps::ALL);
        graph = swept;
        remove_dead(&mut graph);
        if !changed {
            break;
        }
    }
    graph
}

/// The graph with the values of ops on known data in their place.
///
/// ```
/// use ferras_graph::{Builder, DType, pass};
/// let b = Builder::new();
/// let y = b.scalar(DType::F32, 2.0) * 3.0;
/// let graph = pass::fold_constants(&b.finish(&[y], &[])?);
/// assert_eq!(graph.nodes.len(), 1);
/// # Ok::<(), ferras_graph::Error>(())
/// ```
pub fn fold_constants(graph: &Graph) -> Graph {
    only(graph, Steps { fold: true, ..Steps::NONE })
}

/// The graph with each value computed once.
///
/// ```
/// use ferras_graph::{Builder, DType, TensorType, pass};
/// let b = Builder::new();
/// let x = b.feed("x", TensorType::new(DType::F32, [2]));
/// let graph = pass::merge_equal(&b.finish(&[x.exp() + x.exp()], &[])?);
/// assert_eq!(graph.nodes.len(), 3);
/// # Ok::<(), ferras_graph::Error>(())
/// ```
pub fn merge_equal(graph: &Graph) -> Graph {
    only(graph, Steps { merge: true, ..Steps::NONE })
}

/// The graph after the algebraic rules alone.
///
/// ```
/// use ferras_graph::{Builder, DType, TensorType, pass};
/// let b = Builder::new();
/// let x = b.feed("x", TensorType::new(DType::F32, [2, 3]));
/// let y = x.transpose(&[1, 0]).transpose(&[1, 0]);
/// assert_eq!(pass::simplify(&b.finish(&[y], &[])?).nodes.len(), 1);
/// # Ok::<(), ferras_graph::Error>(())
/// ```
pub fn simplify(graph: &Graph) -> Graph {
    only(graph, Steps { simplify: true, ..Steps::NONE })
}

fn only(graph: &Graph, steps: Steps) -> Graph {
    let (mut graph, _) = Rewriter::sweep(graph, steps);
    remove_dead(&mut graph);
    graph
}

#[cfg(test)]
mod tests;
