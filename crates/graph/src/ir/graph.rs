//! Graphs: ops in the order in which they can be run.
use super::{Op, Scan};
use crate::TensorType;
use std::fmt;
use std::panic::Location;

/// The place of a node in its graph; operands stand before their users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

impl NodeId {
    /// As an index into [`Graph::nodes`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One op with its operands and the type of its result.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What is done.
    pub op: Op,
    /// With what; each stands earlier in the graph.
    pub inputs: Vec<NodeId>,
    /// Type of the result.
    pub ty: TensorType,
    /// The source line that asked for it.
    pub at: &'static Location<'static>,
}

/// Data that is given at each run.
#[derive(Clone, Debug, PartialEq)]
pub struct Feed {
    /// Its name, for errors.
    pub name: String,
    /// The node that holds it.
    pub node: NodeId,
}

/// A variable: its value goes in, and where `update` is set the new value replaces it.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Its name, for errors.
    pub name: String,
    /// The node that holds the value at the start of the run.
    pub node: NodeId,
    /// The node that computes the value at the end of the run.
    pub update: Option<NodeId>,
}

/// A program without loops: feeds and states go in, fetches and new states come out.
///
/// ```
/// use ferras_graph::{Builder, DType, TensorType};
/// let b = Builder::new();
/// let x = b.feed("x", TensorType::new(DType::F32, [2]));
/// let count = b.state("count", TensorType::new(DType::F32, []));
/// let y = &x * &count;
/// let graph = b.finish(&[y], &[(count.clone(), &count + 1.0)])?;
/// assert_eq!(graph.feeds[0].name, "x");
/// assert!(graph.states[0].update.is_some());
/// # Ok::<(), ferras_graph::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Graph {
    /// All nodes; operands before their users.
    pub nodes: Vec<Node>,
    /// Data given at each run, in the order of the arguments.
    pub feeds: Vec<Feed>,
    /// Variables, in the order of the arguments.
    pub states: Vec<State>,
    /// Results, in order.
    pub fetches: Vec<NodeId>,
}

impl Graph {
    /// The node of this id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The nodes that must be kept: results and new values of states.
    pub fn roots(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.fetches.iter().copied().chain(self.states.iter().filter_map(|s| s.update))
    }

    /// How many nodes and roots use each node.
    pub fn use_counts(&self) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len()];
        let operands = self.nodes.iter().flat_map(|n| n.inputs.iter().copied());
        for id in operands.chain(self.roots()) {
            uses[id.index()] += 1;
        }
        uses
    }
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, node) in self.nodes.iter().enumerate() {
            write!(f, "%{i} = {} : {}", node.op.name(), node.ty)?;
            for id in &node.inputs {
                write!(f, " %{}", id.0)?;
            }
            match &node.op {
                Op::Scan(scan) => write_loop(f, scan)?,
                Op::ScanResult { index, .. } => writeln!(f, " result {index}")?,
                _ => writeln!(f)?,
            }
        }
        for s in &self.states {
            match s.update {
                Some(u) => writeln!(f, "state {} %{} <- %{}", s.name, s.node.0, u.0)?,
                None => writeln!(f, "state {} %{}", s.name, s.node.0)?,
            }
        }
        let fetches: Vec<String> = self.fetches.iter().map(|id| format!("%{}", id.0)).collect();
        writeln!(f, "fetch {}", fetches.join(" "))
    }
}

/// A loop's body, moved in.
fn write_loop(f: &mut fmt::Formatter<'_>, scan: &Scan) -> fmt::Result {
    let direction = if scan.reverse { "reversed " } else { "" };
    let list: Vec<String> = scan.body.feeds.iter().map(|x| format!("%{}", x.node.0)).collect();
    let carries = scan.carries;
    writeln!(
        f,
        " {direction}{} steps, {carries} carries, arguments {}",
        scan.steps,
        list.join(" ")
    )?;
    scan.body.to_string().lines().try_for_each(|line| writeln!(f, "    {line}"))
}
