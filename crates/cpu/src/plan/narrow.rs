//! 16-bit floats: computed as float32, in whole chains.
//!
//! Values are rounded where they are operands of products, results, variables, or cast by the graph
//! itself; between two elementwise ops they stay as wide as they are (so does XLA). A product of rounded
//! operands in float32 is exact in each multiplication.
use super::pooled::is_zero;
use ferras_graph::{Compare, DType, Graph, Node, NodeId, Op, TensorType, Unary, Window, pass};
use std::collections::HashMap;

/// Rewrites a graph; its results stay the same, but for roundings that are left out.
pub(super) fn widen(graph: &Graph) -> Graph {
    if !graph.nodes.iter().any(|n| is_narrow(n.ty.dtype)) {
        return graph.clone();
    }
    let (wide, rounded) = (HashMap::new(), HashMap::new());
    let mut w = Widener { nodes: Vec::with_capacity(2 * graph.nodes.len()), wide, rounded };
    let mut place = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let inputs = node.inputs.iter().map(|id| place[id.index()]).collect();
        place.push(w.rewrite(Node { inputs, ..node.clone() }));
    }
    let moved = |id: NodeId| place[id.index()];
    let mut out = Graph { nodes: Vec::new(), ..graph.clone() };
    out.nodes = w.nodes;
    out.feeds.iter_mut().for_each(|f| f.node = moved(f.node));
    out.fetches.iter_mut().for_each(|f| *f = moved(*f));
    for s in &mut out.states {
        s.node = moved(s.node);
        s.update = s.update.map(moved);
    }
    pass::remove_dead(&mut out);
    out
}

fn is_narrow(dtype: DType) -> bool {
    matches!(dtype, DType::F16 | DType::BF16)
}

struct Widener {
    nodes: Vec<Node>,
    /// Of narrow values: the float32 value that was rounded to it.
    wide: HashMap<NodeId, NodeId>,
    /// Of narrow values: the same as float32. It may be the wide one, where that needed no rounding.
    rounded: HashMap<NodeId, NodeId>,
}

impl Widener {
    fn push(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() as u32 - 1)
    }

    fn dtype(&self, id: NodeId) -> DType {
        self.nodes[id.index()].ty.dtype
    }

    fn rewrite(&mut self, mut node: Node) -> NodeId {
        let narrow_input = node.inputs.iter().any(|&id| is_narrow(self.dtype(id)));
        match &node.op {
            Op::Constant(t) if is_narrow(node.ty.dtype) => {
                let op = Op::Constant(t.cast(DType::F32));
                let wide = self.push(widened(Node { op, ..node.clone() }));
                let id = self.push(node);
                self.is_exact(id, wide)
            }
            Op::Cast(to) if is_narrow(*to) => {
                let id = self.push(node);
                let wide = self.cast(id, DType::F32);
                self.is_exact(id, wide)
            }
            Op::Cast(DType::F32) if narrow_input => self.rounded(node.inputs[0]),
            _ if narrow_input && computes(&node.op) => {
                let exact = self.needs_rounding(&node);
                for i in 0..node.inputs.len() {
                    node.inputs[i] = self.operand(node.inputs[i], exact);
                }
                self.narrowed(node)
            }
            _ if moves(&node.op) && node.inputs.iter().any(|id| self.wide.contains_key(id)) => {
                let exact = node.inputs.iter().all(|&id| self.no_rounding(id));
                for i in 0..node.inputs.len() {
                    node.inputs[i] = self.operand(node.inputs[i], false);
                }
                let id = self.narrowed(node);
                match self.wide.get(&id) {
                    Some(&wide) if exact => self.is_exact(id, wide),
                    _ => id,
                }
            }
            _ => self.push(node),
        }
    }

    /// Notes that a narrow value is the same as a float32 value.
    fn is_exact(&mut self, id: NodeId, wide: NodeId) -> NodeId {
        self.wide.insert(id, wide);
        self.rounded.insert(id, wide);
        id
    }

    /// Whether an operand is no narrow float, or one that is the same as its wide value.
    fn no_rounding(&self, id: NodeId) -> bool {
        let wide = self.wide.get(&id);
        !is_narrow(self.dtype(id)) || (wide.is_some() && wide == self.rounded.get(&id))
    }

    /// An operand as float32, if it is a narrow float.
    fn operand(&mut self, id: NodeId, exact: bool) -> NodeId {
        match (is_narrow(self.dtype(id)), self.wide.get(&id)) {
            (false, _) => id,
            (true, Some(&wide)) if !exact => wide,
            _ => self.rounded(id),
        }
    }

    /// Whether a rounding more or less could change an op's result by more than a rounding, or make a
    /// product another one.
    fn needs_rounding(&self, node: &Node) -> bool {
        match &node.op {
            Op::Dot(_) | Op::Conv(_) | Op::ConvInputGrad(..) | Op::ConvKernelGrad(..) => true,
            // The sign is the same.
            Op::Compare(compare) => {
                let by_sign =
                    matches!(compare, Compare::Le | Compare::Lt | Compare::Ge | Compare::Gt);
                let bound = node.inputs[1];
                let bound = self.wide.get(&bound).copied().unwrap_or(bound);
                !(by_sign && is_zero(&self.nodes, bound))
            }
            Op::Unary(Unary::Floor | Unary::Ceil | Unary::Round) | Op::ArgReduce { .. } => true,
            _ => false,
        }
    }

    /// An op on float32 values, its result rounded.
    fn narrowed(&mut self, node: Node) -> NodeId {
        let dtype = node.ty.dtype;
        if !is_narrow(dtype) {
            return self.push(node);
        }
        let wide = self.push(widened(node));
        let id = self.cast(wide, dtype);
        self.wide.insert(id, wide);
        id
    }

    fn cast(&mut self, id: NodeId, dtype: DType) -> NodeId {
        let from = &self.nodes[id.index()];
        let ty = TensorType { dtype, shape: from.ty.shape.clone() };
        let at = from.at;
        self.push(Node { op: Op::Cast(dtype), inputs: vec![id], ty, at })
    }

    /// A narrow value as float32.
    fn rounded(&mut self, id: NodeId) -> NodeId {
        if let Some(&known) = self.rounded.get(&id) {
            return known;
        }
        let wide = self.wide.get(&id).map(|w| self.nodes[w.index()].clone());
        let made = match wide {
            // The gradient of a pooling is moved, not computed: fewer numbers are to be rounded before.
            Some(Node { op: Op::MaxPoolGrad(window), inputs, ty, at }) if touch(&window) => {
                let narrow = self.cast(inputs[1], self.dtype(id));
                let inputs = vec![inputs[0], self.cast(narrow, DType::F32)];
                self.push(Node { op: Op::MaxPoolGrad(window), inputs, ty, at })
            }
            _ => self.cast(id, DType::F32),
        };
        self.rounded.insert(id, made);
        made
    }
}

fn widened(mut node: Node) -> Node {
    node.ty.dtype = DType::F32;
    node
}

/// Whether windows do not overlap.
fn touch(window: &Window) -> bool {
    window.strides.iter().zip(&window.size).all(|(step, size)| step >= size)
}

/// Whether an op only moves its operands.
fn moves(op: &Op) -> bool {
    matches!(
        op,
        Op::Reshape(_)
            | Op::Broadcast(_)
            | Op::Transpose(_)
            | Op::Slice { .. }
            | Op::Reverse(_)
            | Op::Select
            | Op::Concat { .. }
            | Op::Pad { .. }
    )
}

/// Whether an op does arithmetic on its operands.
fn computes(op: &Op) -> bool {
    matches!(
        op,
        Op::Unary(_)
            | Op::Binary(_)
            | Op::Compare(_)
            | Op::Reduce(..)
            | Op::ArgReduce { .. }
            | Op::Dot(_)
            | Op::Conv(_)
            | Op::ConvInputGrad(..)
            | Op::ConvKernelGrad(..)
            | Op::MaxPool(_)
            | Op::MaxPoolGrad(_)
            | Op::SumPool(_)
            | Op::SumPoolGrad(..)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferras_graph::{Builder, ConvDims, gradients};

    #[test]
    fn only_operands_of_products_are_rounded() {
        let b = Builder::new();
        let f32s = |shape: &[usize]| TensorType::new(DType::F32, shape);
        let x = b.feed("x", f32s(&[2, 7, 7, 3])).cast(DType::BF16);
        let (w, bias) = (b.state("w", f32s(&[3, 3, 3, 4])), b.state("bias", f32s(&[4])));
        let dims = ConvDims {
            strides: vec![1; 2],
            padding: vec![(0, 0); 2],
            dilation: vec![1; 2],
            groups: 1,
        };
        let window = Window { size: vec![2; 2], strides: vec![2; 2], padding: vec![(0, 0); 2] };
        let y = x.conv(&w.cast(DType::BF16), dims) + bias.cast(DType::BF16);
        let pooled = y.relu().max_pool(window);
        let loss = pooled.cast(DType::F32).sum(&[], false);
        let updates: Vec<_> = [&w, &bias]
            .into_iter()
            .cloned()
            .zip(gradients(&loss, &[w.clone(), bias.clone()]))
            .collect();
        let graph = pass::optimize(&b.finish(&[loss], &updates).unwrap());
        let graph = widen(&super::super::pooled::pool_gradients(&graph));
        let of = |op: fn(&Op) -> bool| graph.nodes.iter().filter(move |n| op(&n.op));
        // Two operands, the bias, what the loss sums, the gradient behind the pooling, those of w and bias.
        assert_eq!(of(|op| *op == Op::Cast(DType::BF16)).count(), 7, "{graph}");
        let chain: fn(&Op) -> bool =
            |op| matches!(op, Op::Binary(_) | Op::Conv(_) | Op::MaxPool(_) | Op::Select);
        assert!(of(chain).all(|n| n.ty.dtype == DType::F32), "{graph}");
    }
}
