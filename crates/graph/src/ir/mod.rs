//! The intermediate representation: a closed set of ops, and graphs of them.
mod cost;
mod graph;
mod op;
mod scan;

pub use graph::{Feed, Graph, Node, NodeId, State};
pub use op::{Binary, Compare, ConvDims, DotDims, Op, Reduce, Unary, Window};
pub use scan::Scan;
