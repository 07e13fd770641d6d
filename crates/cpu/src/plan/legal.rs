//! The graph in the terms of this back end: reductions over one block of axes, products whose operands lie as the kernels read them.
use ferras_graph::{DotDims, Graph, Node, NodeId, Op, Reduce, Shape, TensorType, pass};

/// Rewrites a graph; its results stay the same.
pub(crate) fn legalize(graph: &Graph) -> Graph {
    let mut r = Rewriter { nodes: Vec::with_capacity(graph.nodes.len()) };
    let mut place = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let inputs = node.inputs.iter().map(|id| place[id.index()]).collect();
        place.push(r.rewrite(Node { inputs, ..node.clone() }));
    }
    let moved = |id: NodeId| place[id.index()];
    let mut out = Graph { nodes: Vec::new(), ..graph.clone() };
    out.nodes = r.nodes;
    out.feeds.iter_mut().for_each(|f| f.node = moved(f.node));
    out.fetches.iter_mut().for_each(|f| *f = moved(*f));
    for s in &mut out.states {
        s.node = moved(s.node);
        s.update = s.update.map(moved);
    }
    pass::remove_dead(&mut out);
    out
}

pub(super) struct Rewriter {
    nodes: Vec<Node>,
}

impl Rewriter {
    pub(super) fn push(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() as u32 - 1)
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The last node so far of which this is true.
    pub(super) fn position(&self, is: impl Fn(&Node) -> bool) -> Option<NodeId> {
        self.nodes.iter().rposition(is).map(|i| NodeId(i as u32))
    }

    pub(super) fn ty(&self, id: NodeId) -> &TensorType {
        &self.nodes[id.index()].ty
    }

    fn rewrite(&mut self, node: Node) -> NodeId {
        match &node.op {
            Op::Reduce(kind, axes) => self.reduce(&node, *kind, axes),
            Op::Dot(dims) => self.dot(&node, dims),
            Op::Conv(_) | Op::ConvInputGrad(..) | Op::ConvKernelGrad(..) => {
                let node = self.take_padding(node);
                self.point_product(&node).unwrap_or_else(|| self.push(node))
            }
            _ => self.push(node),
        }
    }

    /// Blocks of axes are reduced one after the other, the last first.
    fn reduce(&mut self, node: &Node, kind: Reduce, axes: &[usize]) -> NodeId {
        let shape = self.ty(node.inputs[0]).shape.clone();
        let axes: Vec<usize> = axes.iter().copied().filter(|&a| shape[a] != 1).collect();
        let Some(&last) = axes.last() else {
            let op = Op::Reshape(node.ty.shape.clone());
            return self.push(Node { op, ..node.clone() });
        };
        // The last block: axes that only axes of size 1 lie between.
        let mut first = last;
        for &a in axes.iter().rev() {
            if (a + 1..first).all(|i| shape[i] == 1) {
                first = a;
            }
        }
        let block: Vec<usize> = axes.iter().copied().filter(|&a| a >= first).collect();
        let kept = |i: usize| !block.contains(&i);
        let left: Shape = (0..shape.rank()).filter(|&i| kept(i)).map(|i| shape[i]).collect();
        let ty = TensorType { dtype: node.ty.dtype, shape: left };
        let op = Op::Reduce(kind, block.clone());
        let made = self.push(Node { op, ty, ..node.clone() });
        let rest = Node { inputs: vec![made], ..node.clone() };
        if block.len() == axes.len() {
            if self.ty(made).shape == node.ty.shape {
                return made;
            }
            let op = Op::Reshape(node.ty.shape.clone());
            return self.push(Node { op, ..rest });
        }
        let rest_axes: Vec<usize> = axes.into_iter().filter(|&a| a < first).collect();
        self.reduce(&rest, kind, &rest_axes)
    }

    /// Operands become (batch, free, contracted) or (batch, contracted, free).
    fn dot(&mut self, node: &Node, dims: &DotDims) -> NodeId {
        let mut dims = dims.clone();
        let mut inputs = node.inputs.clone();
        self.see_through(&mut inputs[0], &mut dims.lhs_batch, &mut dims.lhs_contract);
        self.see_through(&mut inputs[1], &mut dims.rhs_batch, &mut dims.rhs_contract);
        let mut pairs: Vec<(usize, usize)> =
            dims.lhs_contract.iter().copied().zip(dims.rhs_contract.iter().copied()).collect();
        pairs.sort_unstable();
        (dims.lhs_contract, dims.rhs_contract) = pairs.into_iter().unzip();
        inputs[0] = self.laid_out(inputs[0], &mut dims.lhs_batch, &mut dims.lhs_contract, node);
        inputs[1] = self.laid_out(inputs[1], &mut dims.rhs_batch, &mut dims.rhs_contract, node);
        self.push(Node { op: Op::Dot(dims), inputs, ..node.clone() })
    }

    /// Reads the operand of a transpose itself where the order of the free axes stays.
    fn see_through(&self, id: &mut NodeId, batch: &mut [usize], contract: &mut [usize]) {
        while let Op::Transpose(perm) = &self.nodes[id.index()].op {
            let free: Vec<usize> =
                (0..perm.len()).filter(|i| !batch.contains(i) && !contract.contains(i)).collect();
            if !free.iter().map(|&i| perm[i]).is_sorted() {
                return;
            }
            batch.iter_mut().chain(contract.iter_mut()).for_each(|a| *a = perm[*a]);
            *id = self.nodes[id.index()].inputs[0];
        }
    }

    fn laid_out(
        &mut self,
        id: NodeId,
        batch: &mut Vec<usize>,
        contract: &mut Vec<usize>,
        like: &Node,
    ) -> NodeId {
        let shape = self.ty(id).shape.clone();
        let free: Vec<usize> =
            (0..shape.rank()).filter(|i| !batch.contains(i) && !contract.contains(i)).collect();
        let orders = [[&batch[..], &free, contract], [&batch[..], contract, &free]];
        // Axes of size 1 may stand anywhere.
        let lies = |order: &[&[usize]; 3]| {
            order.iter().flat_map(|o| o.iter()).filter(|&&a| shape[a] != 1).is_sorted()
        };
        if orders.iter().any(lies) {
            return id;
        }
        let perm = orders[0].concat();
        let ty = TensorType {
            dtype: self.ty(id).dtype,
            shape: perm.iter().map(|&p| shape[p]).collect(),
        };
        let (b, f) = (batch.len(), free.len());
        *batch = (0..b).collect();
        *contract = (b + f..perm.len()).collect();
        let at = like.at;
        self.push(Node { op: Op::Transpose(perm), inputs: vec![id], ty, at })
    }
}
