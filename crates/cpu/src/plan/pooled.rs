//! A relu before a pooling: its gradient needs the pooled image only.
//!
//! The gradient of a maximum over windows goes to elements that equal their window's maximum, so
//! masking it where y ≤ 0 is masking each window's where max y ≤ 0: a quarter of the work for
//! windows of two by two. And since each window's gradient goes to one element, its sum over the
//! image is the sum over the windows.
use ferras_graph::{Compare, Graph, Node, NodeId, Op, Reduce, TensorType, Window};

/// Rewrites a graph; its results stay the same, but for the order of sums.
pub(crate) fn pool_gradients(graph: &Graph) -> Graph {
    let has = graph.nodes.iter().any(|n| matches!(n.op, Op::MaxPoolGrad(_)));
    if !has {
        return graph.clone();
    }
    let mut out = Graph { nodes: Vec::with_capacity(graph.nodes.len()), ..graph.clone() };
    let mut place: Vec<NodeId> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let inputs = node.inputs.iter().map(|id| place[id.index()]).collect();
        let node = Node { inputs, ..node.clone() };
        let made = masked(&mut out.nodes, &node).or_else(|| summed(&mut out.nodes, &node));
        place.push(made.unwrap_or_else(|| push(&mut out.nodes, node)));
    }
    let moved = |id: NodeId| place[id.index()];
    out.feeds.iter_mut().for_each(|f| f.node = moved(f.node));
    out.fetches.iter_mut().for_each(|f| *f = moved(*f));
    for s in &mut out.states {
        s.node = moved(s.node);
        s.update = s.update.map(moved);
    }
    ferras_graph::pass::remove_dead(&mut out);
    out
}

fn push(nodes: &mut Vec<Node>, node: Node) -> NodeId {
    nodes.push(node);
    NodeId(nodes.len() as u32 - 1)
}

/// y ≤ 0 ? 0 : grad(y, dp) as grad(y, p ≤ 0 ? 0 : dp), where p is the pooled y.
fn masked(nodes: &mut Vec<Node>, node: &Node) -> Option<NodeId> {
    let [condition, zeros, gradient] = node.inputs[..] else { return None };
    if node.op != Op::Select {
        return None;
    }
    let of = |id: NodeId| &nodes[id.index()];
    let test = of(condition);
    let &[y, dp] = &of(gradient).inputs[..] else { return None };
    let Op::MaxPoolGrad(window) = &of(gradient).op else { return None };
    let fits = test.op == Op::Compare(Compare::Le) && test.inputs[0] == y;
    if !fits || !is_zero(nodes, test.inputs[1]) || !is_zero(nodes, zeros) {
        return None;
    }
    let pooled =
        nodes.iter().position(|n| n.op == Op::MaxPool(window.clone()) && n.inputs == [y])?;
    let (pooled, gradient) = (NodeId(pooled as u32), of(gradient).clone());
    let small = of(dp).ty.clone();
    let claim = TensorType { dtype: test.ty.dtype, shape: small.shape.clone() };
    let (zeros, bound, at) = (root(nodes, zeros), root(nodes, test.inputs[1]), node.at);
    // Constants that were repeated over the image are repeated over the windows.
    let zero = repeated(nodes, zeros, &small, node);
    let bound = repeated(nodes, bound, &small, node);
    let op = Op::Compare(Compare::Le);
    let test = push(nodes, Node { op, inputs: vec![pooled, bound], ty: claim, at });
    let inputs = vec![test, zero, dp];
    let mask = push(nodes, Node { op: Op::Select, inputs, ty: small, at });
    Some(push(nodes, Node { inputs: vec![y, mask], ..gradient }))
}

/// The sum of grad(y, dp) over batch and image as that of dp.
fn summed(nodes: &mut Vec<Node>, node: &Node) -> Option<NodeId> {
    let (Op::Reduce(Reduce::Sum, axes), [x]) = (&node.op, &node.inputs[..]) else { return None };
    let gradient = &nodes[x.index()];
    let Op::MaxPoolGrad(window) = &gradient.op else { return None };
    let spatial = window.size.len();
    let over_image = axes.len() > spatial && axes[..=spatial].iter().copied().eq(0..=spatial);
    if !over_image || !every_window_has_an_element(window, &gradient.ty) {
        return None;
    }
    Some(push(nodes, Node { inputs: vec![gradient.inputs[1]], ..node.clone() }))
}

/// Whether no window lies in the padding alone.
fn every_window_has_an_element(w: &Window, input: &TensorType) -> bool {
    (0..w.size.len()).all(|i| {
        let (low, high) = w.padding[i];
        low < w.size[i] && high < w.size[i] && input.shape[i + 1] > 0
    })
}

/// What a broadcast repeats.
fn root(nodes: &[Node], mut id: NodeId) -> NodeId {
    while let Op::Broadcast(_) | Op::Reshape(_) = nodes[id.index()].op {
        id = nodes[id.index()].inputs[0];
    }
    id
}

/// Whether a value is zero in all elements.
pub(super) fn is_zero(nodes: &[Node], id: NodeId) -> bool {
    match &nodes[root(nodes, id).index()].op {
        Op::Constant(t) => t.shape().elements() == 1 && t.to_f64_vec() == [0.0],
        _ => false,
    }
}

/// A constant of one element in another shape.
fn repeated(nodes: &mut Vec<Node>, constant: NodeId, ty: &TensorType, like: &Node) -> NodeId {
    let ones: ferras_graph::Shape = vec![1; ty.shape.rank()].into();
    let small = TensorType { dtype: ty.dtype, shape: ones.clone() };
    let at = like.at;
    let op = Op::Reshape(ones);
    let one = push(nodes, Node { op, inputs: vec![constant], ty: small, at });
    let op = Op::Broadcast(ty.shape.clone());
    push(nodes, Node { op, inputs: vec![one], ty: ty.clone(), at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferras_graph::{Builder, DType, gradients};

    #[test]
    fn mask_and_sum_move_to_the_windows() {
        let b = Builder::new();
        let x = b.feed("x", TensorType::new(DType::F32, [2, 6, 6, 3]));
        let w = Window { size: vec![2; 2], strides: vec![2; 2], padding: vec![(0, 0); 2] };
        let pooled = x.relu().max_pool(w);
        let loss = (&pooled * &pooled).sum(&[], false);
        let dx = gradients(&loss, &[x])[0].clone();
        let graph = b.finish(&[dx.sum(&[0, 1, 2], false), dx], &[]).unwrap();
        let before = |g: &Graph| {
            let big = |n: &&Node| n.op == Op::Select && n.ty.shape.elements() == 216;
            g.nodes.iter().filter(big).count()
        };
        let after = pool_gradients(&ferras_graph::pass::optimize(&graph));
        assert_eq!((before(&graph), before(&after)), (2, 1), "{after}");
        let sum = after.node(after.fetches[0]);
        assert_eq!(after.node(sum.inputs[0]).ty.shape.to_string(), "(2, 3, 3, 3)");
    }
}
