//! One sweep over a graph: each node is simplified, folded or found again before its users are
//! looked at, so that a rule sees operands in their final form.
use super::number::Numbers;
use super::{fold, simplify};
use crate::ir::{Graph, Node, NodeId, Op};
use crate::{Shape, Tensor, TensorType, infer};
use std::panic::Location;

/// Rules applied to the results of rules at most; no rule undoes another, this is the proof.
const MOST_DEPTH: usize = 16;

/// Which passes a sweep makes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    pub simplify: bool,
    pub fold: bool,
    pub merge: bool,
}

impl Steps {
    pub const ALL: Steps = Steps { simplify: true, fold: true, merge: true };
    pub const NONE: Steps = Steps { simplify: false, fold: false, merge: false };
}

/// The new graph while it grows.
pub(super) struct Rewriter {
    nodes: Vec<Node>,
    numbers: Numbers,
    steps: Steps,
    at: &'static Location<'static>,
    depth: usize,
    changed: bool,
}

impl Rewriter {
    /// The rewritten graph, dead nodes among it, and whether anything was done.
    pub fn sweep(graph: &Graph, steps: Steps) -> (Graph, bool) {
        let mut r = Rewriter {
            nodes: Vec::with_capacity(graph.nodes.len()),
            numbers: Numbers::default(),
            steps,
            at: Location::caller(),
            depth: 0,
            changed: false,
        };
        let mut places: Vec<NodeId> = Vec::with_capacity(graph.nodes.len());
        for node in &graph.nodes {
            r.at = node.at;
            let inputs = node.inputs.iter().map(|id| places[id.index()]).collect();
            let id = r.place(node.op.clone(), inputs, node.ty.clone());
            places.push(id);
        }
        let place = |id: NodeId| places[id.index()];
        let mut out = Graph {
            nodes: r.nodes,
            feeds: graph.feeds.clone(),
            states: graph.states.clone(),
            fetches: graph.fetches.iter().copied().map(place).collect(),
        };
        out.feeds.iter_mut().for_each(|f| f.node = place(f.node));
        for state in &mut out.states {
            state.node = place(state.node);
            state.update = state.update.map(place);
        }
        (out, r.changed)
    }

    /// The node of an id of the new graph.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    pub fn op(&self, id: NodeId) -> &Op {
        &self.node(id).op
    }

    pub fn shape(&self, id: NodeId) -> &Shape {
        &self.node(id).ty.shape
    }

    /// Operand i of a node.
    pub fn input(&self, id: NodeId, i: usize) -> Option<NodeId> {
        self.node(id).inputs.get(i).copied()
    }

    /// An op that a rule puts in the place of another; `None` if it does not fit its operands,
    /// and then the rule does not apply.
    pub fn emit(&mut self, op: Op, inputs: &[NodeId]) -> Option<NodeId> {
        if self.depth >= MOST_DEPTH {
            return None;
        }
        let types: Vec<&TensorType> = inputs.iter().map(|&id| &self.node(id).ty).collect();
        let ty = infer(&op, &types).ok()?;
        Some(self.place(op, inputs.to_vec(), ty))
    }

    /// Known data.
    pub fn constant(&mut self, tensor: Tensor) -> NodeId {
        let ty = tensor.ty();
        self.place(Op::Constant(tensor), Vec::new(), ty)
    }

    /// The same number everywhere.
    pub fn full(&mut self, ty: &TensorType, value: f64) -> Option<NodeId> {
        self.spread(&Tensor::scalar_of(ty.dtype, value), &ty.shape)
    }

    /// A tensor of one element repeated to a shape.
    pub fn spread(&mut self, one: &Tensor, shape: &Shape) -> Option<NodeId> {
        let one = self.constant(one.reshape(vec![1; shape.rank()]).ok()?);
        self.broadcast(one, shape)
    }

    pub fn broadcast(&mut self, x: NodeId, shape: &Shape) -> Option<NodeId> {
        if self.shape(x) == shape { Some(x) } else { self.emit(Op::Broadcast(shape.clone()), &[x]) }
    }

    pub fn reshape(&mut self, x: NodeId, shape: &Shape) -> Option<NodeId> {
        if self.shape(x) == shape { Some(x) } else { self.emit(Op::Reshape(shape.clone()), &[x]) }
    }

    /// The one element that a value has everywhere, if known.
    pub fn uniform(&self, id: NodeId) -> Option<&Tensor> {
        let of = match self.op(id) {
            Op::Broadcast(_) => self.op(self.input(id, 0)?),
            op => op,
        };
        match of {
            Op::Constant(t) if t.shape().elements() == 1 => Some(t),
            _ => None,
        }
    }

    /// The number that a value has everywhere, if known.
    pub fn number(&self, id: NodeId) -> Option<f64> {
        self.uniform(id).and_then(|t| t.to_f64_vec().first().copied())
    }

    fn place(&mut self, op: Op, inputs: Vec<NodeId>, ty: TensorType) -> NodeId {
        self.depth += 1;
        let better = self.better(&op, &inputs, &ty);
        self.depth -= 1;
        if let Some(id) = better {
            self.changed = true;
            return id;
        }
        let node = Node { op, inputs, ty, at: self.at };
        if !self.steps.merge {
            return self.append(node);
        }
        let key = Numbers::key(&node);
        if let Some(id) = self.numbers.find(key, &node, &self.nodes) {
            self.changed = true;
            return id;
        }
        let id = self.append(node);
        self.numbers.insert(key, id);
        id
    }

    fn append(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() as u32 - 1)
    }

    fn better(&mut self, op: &Op, inputs: &[NodeId], ty: &TensorType) -> Option<NodeId> {
        if self.steps.simplify
            && let Some(id) = simplify::simplify(self, op, inputs, ty)
        {
            return Some(id);
        }
        if self.steps.fold {
            let folded = fold::fold(self, op, inputs, ty)?;
            return Some(self.constant(folded));
        }
        None
    }
}
