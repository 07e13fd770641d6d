//! Vectors added to the columns of a product, or taken from them, become one vector.
//!
//! `(x · w + bias) − mean` is `x · w + (bias − mean)`: a product's step adds one vector besides.
use ferras_graph::{Binary, DType, Graph, Node, NodeId, Op, Shape, TensorType, Unary, pass};

/// Rewrites a graph; its results stay the same, but for the order of sums.
pub(crate) fn join_columns(graph: &Graph) -> Graph {
    let uses = graph.use_counts();
    let mut out = Graph { nodes: Vec::with_capacity(graph.nodes.len()), ..graph.clone() };
    let mut place: Vec<NodeId> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let moved = |id: &NodeId| place[id.index()];
        let found = Sum::find(graph, node, &uses);
        let id = match found {
            Some(sum) => sum.build(&mut out.nodes, node, moved),
            None => {
                let inputs = node.inputs.iter().map(moved).collect();
                push(&mut out.nodes, Node { inputs, ..node.clone() })
            }
        };
        place.push(id);
    }
    let moved = |id: NodeId| place[id.index()];
    out.feeds.iter_mut().for_each(|f| f.node = moved(f.node));
    out.fetches.iter_mut().for_each(|f| *f = moved(*f));
    for s in &mut out.states {
        s.node = moved(s.node);
        s.update = s.update.map(moved);
    }
    pass::remove_dead(&mut out);
    out
}

/// A product with one or two vectors; the last one is taken away if `minus`.
struct Sum {
    product: NodeId,
    first: Option<NodeId>,
    last: NodeId,
    minus: bool,
}

impl Sum {
    fn find(graph: &Graph, node: &Node, uses: &[usize]) -> Option<Sum> {
        let minus = match node.op {
            Op::Binary(Binary::Add) => false,
            Op::Binary(Binary::Sub) => true,
            _ => return None,
        };
        let [y, v] = node.inputs[..] else { return None };
        let last = vector(graph, v, &node.ty)?;
        if uses[y.index()] != 1 {
            return None;
        }
        if is_product(graph.node(y)) {
            // Nothing is to be joined where a vector is just added.
            return minus.then_some(Sum { product: y, first: None, last, minus });
        }
        let inner = graph.node(y);
        let [product, w] = inner.inputs[..] else { return None };
        let adds = inner.op == Op::Binary(Binary::Add);
        if !adds || uses[product.index()] != 1 || !is_product(graph.node(product)) {
            return None;
        }
        let first = Some(vector(graph, w, &node.ty)?);
        Some(Sum { product, first, last, minus })
    }

    fn build(
        &self,
        nodes: &mut Vec<Node>,
        node: &Node,
        moved: impl Fn(&NodeId) -> NodeId,
    ) -> NodeId {
        let shape = &node.ty.shape;
        let columns = shape[shape.rank() - 1];
        let like =
            |shape: Shape| Node { ty: TensorType { dtype: DType::F32, shape }, ..node.clone() };
        let flat = |nodes: &mut Vec<Node>, id: &NodeId| {
            let (op, inputs) = (Op::Reshape([columns].into()), vec![moved(id)]);
            push(nodes, Node { op, inputs, ..like([columns].into()) })
        };
        let last = flat(nodes, &self.last);
        let (op, inputs) = match self.first.map(|id| flat(nodes, &id)) {
            Some(first) => {
                let op = if self.minus { Binary::Sub } else { Binary::Add };
                (Op::Binary(op), vec![first, last])
            }
            None => (Op::Unary(Unary::Neg), vec![last]),
        };
        let joined = push(nodes, Node { op, inputs, ..like([columns].into()) });
        let mut ones = vec![1; shape.rank()];
        ones[shape.rank() - 1] = columns;
        let ones = Shape::from(ones);
        let (op, inputs) = (Op::Reshape(ones.clone()), vec![joined]);
        let row = push(nodes, Node { op, inputs, ..like(ones) });
        let (op, inputs) = (Op::Broadcast(shape.clone()), vec![row]);
        let rows = push(nodes, Node { op, inputs, ..like(shape.clone()) });
        let inputs = vec![moved(&self.product), rows];
        push(nodes, Node { op: Op::Binary(Binary::Add), inputs, ..node.clone() })
    }
}

fn push(nodes: &mut Vec<Node>, node: Node) -> NodeId {
    nodes.push(node);
    NodeId(nodes.len() as u32 - 1)
}

fn is_product(node: &Node) -> bool {
    matches!(node.op, Op::Dot(_) | Op::Conv(_)) && node.ty.dtype == DType::F32
}

/// The vector along the last axis that a value repeats.
fn vector(graph: &Graph, id: NodeId, ty: &TensorType) -> Option<NodeId> {
    let columns = *ty.shape.last()?;
    let repeated = match &graph.node(id).op {
        Op::Broadcast(_) => *graph.node(id).inputs.first()?,
        _ => id,
    };
    let shape = &graph.node(repeated).ty.shape;
    (shape.last() == Some(&columns) && shape.elements() == columns).then_some(repeated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferras_graph::Builder;

    #[test]
    fn bias_and_mean_become_one_vector() {
        let b = Builder::new();
        let f32s = |shape: &[usize]| TensorType::new(DType::F32, shape);
        let (x, w) = (b.feed("x", f32s(&[5, 7])), b.state("w", f32s(&[7, 3])));
        let (bias, mean) = (b.state("bias", f32s(&[3])), b.state("mean", f32s(&[3])));
        let y = (x.matmul(&w) + &bias) - &mean;
        let z = x.matmul(&w.exp()) - &mean;
        // A sum that is used twice stays.
        let kept = x.matmul(&w.abs()) + &bias;
        let twice = (&kept - &mean) * &kept;
        let graph = join_columns(&b.finish(&[y, z, twice], &[]).unwrap());
        let large = |op: Binary| {
            let fits = |n: &&Node| n.op == Op::Binary(op) && n.ty.shape.elements() == 15;
            graph.nodes.iter().filter(fits).count()
        };
        assert_eq!((large(Binary::Add), large(Binary::Sub)), (3, 1), "{graph}");
    }
}
