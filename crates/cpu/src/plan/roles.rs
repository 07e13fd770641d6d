//! What becomes of each node: memory given from outside, a view, a part of a loop, a step.
use super::epilogue::Epilogue;
use super::view::View;
use crate::fused::{MAX_AXES, folds, ops};
use crate::kernels::pooled::Windows;
use crate::kernels::simd::Level;
use ferras_graph::{DType, Graph, Node, NodeId, Op, TensorType};

/// Elements from which a transpose that moves the last axis has a step of its own.
const BIG_TRANSPOSE: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A feed, a variable, a constant, or nothing at all (no elements).
    Outside,
    /// Other memory, walked over in another way.
    View,
    /// An instruction of a fused loop.
    Loop,
    /// A step of its own.
    Heavy,
    /// Done by the heavy step that ends the chain.
    Absorbed,
    /// One of the results of a step with several, which is its operand.
    Result,
}

/// A graph with the role of each node.
#[derive(Debug)]
pub(crate) struct Roles {
    pub graph: Graph,
    pub role: Vec<Role>,
    /// Where each node's elements are: the node that has memory, and the walk over it.
    pub place: Vec<(usize, View)>,
    /// For a view that was given memory after all: what it copies.
    pub source: Vec<Option<(usize, View)>>,
    /// For heavy nodes that end a chain.
    pub epilogue: Vec<Option<Epilogue>>,
    /// Windows of convolutions that are pooled at once, of the gradients of such poolings, and of
    /// convolutions that make these gradients themselves.
    pub windows: Vec<Option<Windows>>,
    /// What each node with a step or an instruction reads.
    reads: Vec<Vec<Read>>,
    pub level: Level,
}

/// One read of a node's memory.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub root: usize,
    pub view: View,
    /// Element by element, in the order of the reader's space.
    pub direct: bool,
}

impl Roles {
    pub(crate) fn new(graph: Graph, level: Level) -> Roles {
        let n = graph.nodes.len();
        let mut roles = Roles {
            graph,
            role: Vec::with_capacity(n),
            place: Vec::with_capacity(n),
            source: vec![None; n],
            epilogue: vec![None; n],
            windows: Vec::new(),
            reads: Vec::new(),
            level,
        };
        for i in 0..n {
            roles.assign(i);
        }
        roles.give_memory();
        roles.find_epilogues();
        roles.windows = vec![None; roles.graph.nodes.len()];
        roles.find_pooled();
        roles.reads = (0..roles.graph.nodes.len()).map(|i| roles.find_reads(i)).collect();
        roles
    }

    pub(crate) fn node(&self, i: usize) -> &Node {
        &self.graph.nodes[i]
    }

    pub(crate) fn elements(&self, i: usize) -> usize {
        self.node(i).ty.shape.elements()
    }

    /// What a node with a step or an instruction reads.
    pub(crate) fn reads(&self, i: usize) -> &[Read] {
        &self.reads[i]
    }

    fn find_reads(&self, i: usize) -> Vec<Read> {
        let direct = self.role[i] == Role::Loop;
        let read = |(root, view): (usize, View)| {
            let direct = direct && view.is_plain();
            Read { root, view, direct }
        };
        if let Some(source) = &self.source[i] {
            return vec![read(source.clone())];
        }
        let of =
            |i: usize| self.node(i).inputs.iter().map(|id| read(self.place[id.index()].clone()));
        match (self.role[i], self.epilogue[i]) {
            (Role::Heavy, Some(e)) => {
                let besides = e.operands().into_iter().flatten().map(|r| read(self.whole(r)));
                of(e.base).chain(besides).collect()
            }
            (Role::Heavy | Role::Loop | Role::Result, _) => of(i).collect(),
            _ => Vec::new(),
        }
    }

    fn assign(&mut self, i: usize) {
        let node = &self.graph.nodes[i];
        let own = (i, View::whole(&node.ty.shape));
        let role = match &node.op {
            Op::Feed | Op::State | Op::Constant(_) => Role::Outside,
            Op::Scan(_) => Role::Heavy,
            _ if self.elements(i) == 0 => Role::Outside,
            Op::Transpose(perm) if self.is_big_transpose(node, perm) => Role::Heavy,
            Op::Reshape(_) | Op::Broadcast(_) | Op::Transpose(_) | Op::Slice { .. } => Role::View,
            Op::Reverse(_) => Role::View,
            Op::ScanResult { .. } => Role::Result,
            _ if self.is_native(node) => Role::Loop,
            _ => Role::Heavy,
        };
        self.role.push(role);
        if role != Role::View {
            self.place.push(own);
            return;
        }
        let (op, input) = (node.op.clone(), node.inputs[0].index());
        let (root, from) = &self.place[input];
        let seen = from.through(&op).filter(|v| v.collapsed().dims.len() <= MAX_AXES);
        let place = match seen {
            Some(view) => (*root, view),
            None => {
                self.materialize(input);
                let from = &self.place[input].1;
                // A view of neighbours is expressible by strides, whatever the op.
                (input, from.through(&op).unwrap_or(own.1))
            }
        };
        self.place.push(place);
    }

    fn is_big_transpose(&self, node: &Node, perm: &[usize]) -> bool {
        let shape = &self.node(node.inputs[0].index()).ty.shape;
        let last = perm.iter().rev().find(|&&p| shape[p] != 1);
        let moved = last.is_some_and(|&p| shape[p + 1..].iter().any(|&d| d != 1));
        moved && node.ty.shape.elements() >= BIG_TRANSPOSE
    }

    /// Whether loops have an instruction for the node.
    fn is_native(&self, node: &Node) -> bool {
        let of = |i: usize| self.node(node.inputs[i].index());
        match &node.op {
            Op::Unary(u) => ops::unary(self.level, *u, node_dtype(of(0))).is_some(),
            Op::Binary(b) => ops::binary(self.level, *b, node_dtype(of(0)), [false; 2]).is_some(),
            Op::Compare(c) => ops::compare(self.level, *c, node_dtype(of(0)), [false; 2]).is_some(),
            Op::Select | Op::Cast(_) | Op::Iota { .. } | Op::Random { .. } => true,
            Op::Reduce(kind, _) => {
                let x = of(0);
                x.ty.shape.elements() > 0 && folds(self.level, *kind, x.ty.dtype).is_some()
            }
            _ => false,
        }
    }

    /// Gives a node that has memory another type.
    pub(super) fn become_type(&mut self, i: usize, ty: TensorType) {
        self.place[i] = (i, View::whole(&ty.shape));
        self.graph.nodes[i].ty = ty;
    }

    /// Gives a view memory of its own.
    fn materialize(&mut self, i: usize) {
        if self.role[i] != Role::View {
            return;
        }
        let whole = (i, View::whole(&self.graph.nodes[i].ty.shape));
        self.source[i] = Some(std::mem::replace(&mut self.place[i], whole));
        self.role[i] = Role::Loop;
    }

    /// Views that steps, results and variables read must be plain memory.
    fn give_memory(&mut self) {
        let mut read: Vec<NodeId> = self.graph.roots().collect();
        for (node, role) in self.graph.nodes.iter().zip(&self.role) {
            if *role == Role::Heavy {
                read.extend(&node.inputs);
            }
        }
        for id in read {
            if !self.place[id.index()].1.is_run() {
                self.materialize(id.index());
            }
        }
        // A variable's new value is made by a step, so that it can be made in place.
        for s in 0..self.graph.states.len() {
            let Some(update) = self.graph.states[s].update else { continue };
            let root = self.place[update.index()].0;
            if self.role[root] == Role::Outside
                || self.elements(root) != self.elements(update.index())
            {
                self.copy_of(update.index());
            }
        }
    }

    /// Makes a node a copy into memory of its own; an argument gets a node for that.
    fn copy_of(&mut self, i: usize) {
        if self.role[i] == Role::View {
            return self.materialize(i);
        }
        if self.elements(i) == 0 {
            return;
        }
        let node = Node {
            op: Op::Reshape(self.node(i).ty.shape.clone()),
            inputs: vec![NodeId(i as u32)],
            ..self.node(i).clone()
        };
        let copy = self.graph.nodes.len();
        let whole = View::whole(&node.ty.shape);
        self.graph.nodes.push(node);
        self.role.push(Role::Loop);
        self.source.push(Some((i, whole.clone())));
        self.place.push((copy, whole));
        self.epilogue.push(None);
        for s in &mut self.graph.states {
            if s.update == Some(NodeId(i as u32)) {
                s.update = Some(NodeId(copy as u32));
            }
        }
    }
}

fn node_dtype(node: &Node) -> DType {
    node.ty.dtype
}
