//! The table: the gradient of each op, as ops.
use super::{Tape, calculus, order, products};
use crate::ir::{Node, NodeId, Op, Reduce, Unary};
use crate::{Builder, Shape, Value};

/// Contributions to the gradients by earlier nodes.
pub(super) type Shares = Vec<(NodeId, Value)>;

/// An op being differentiated: y = op(x₀, x₁, …) with the gradient `dy` of its result.
pub(super) struct Site<'a> {
    pub builder: &'a Builder,
    tape: &'a Tape<'a>,
    id: NodeId,
    pub node: &'a Node,
    pub y: Value,
    pub dy: Value,
}

impl<'a> Site<'a> {
    pub fn new(tape: &'a Tape<'_>, id: NodeId, node: &'a Node, dy: Value) -> Site<'a> {
        let builder = tape.builder;
        Site { builder, tape, id, node, y: builder.value(id), dy }
    }

    /// Operand i.
    pub fn x(&self, i: usize) -> Value {
        self.builder.value(self.node.inputs[i])
    }

    /// Whether the gradient by a node is asked for.
    pub fn needs(&self, id: NodeId) -> bool {
        self.tape.needed[id.index()]
    }

    /// Whether the gradient may go from here to an earlier node at once: nothing between them is
    /// asked for itself.
    pub fn may_skip_to(&self, from: NodeId) -> bool {
        self.needs(from)
            && !self.tape.inner.iter().any(|w| (from..self.id).contains(w) && *w != from)
    }

    /// The share of operand i, made only if it is asked for.
    pub fn share(&self, i: usize, make: impl FnOnce() -> Value) -> Option<(NodeId, Value)> {
        let id = self.node.inputs[i];
        self.needs(id).then(|| (id, make()))
    }

    fn only(&self, make: impl FnOnce() -> Value) -> Shares {
        self.share(0, make).into_iter().collect()
    }

    /// An op that has no method.
    pub fn op(&self, op: Op, operands: &[&Value]) -> Value {
        self.builder.push(op, operands, "gradient", self.node.at)
    }
}

/// Whether an op's derivative is zero wherever it has one.
pub(super) fn is_flat(op: &Op) -> bool {
    matches!(op, Op::Unary(Unary::Sign | Unary::Floor | Unary::Ceil | Unary::Round))
}

/// The shares of an op's operands in the gradient of its result.
pub(super) fn gradient(s: &Site<'_>) -> Shares {
    let dy = &s.dy;
    let input = |i: usize| s.x(i).shape();
    match &s.node.op {
        Op::Feed | Op::State | Op::Constant(_) | Op::Iota { .. } | Op::Random { .. } => Vec::new(),
        Op::Compare(_) | Op::ArgReduce { .. } | Op::ArgSort { .. } => Vec::new(),
        Op::Unary(u) => s.only(|| calculus::unary(*u, s)),
        Op::Binary(b) => calculus::binary(*b, s),
        Op::Select => calculus::select(s),
        Op::Cast(_) => s.only(|| dy.cast(s.x(0).dtype())),
        Op::Broadcast(to) => s.only(|| {
            let from = input(0);
            let grown: Vec<isize> =
                (0..to.rank()).filter(|&i| from[i] != to[i]).map(|i| i as isize).collect();
            if grown.is_empty() { dy.clone() } else { dy.sum(&grown, true) }
        }),
        Op::Reshape(_) => s.only(|| dy.reshape(input(0))),
        Op::Transpose(perm) => s.only(|| dy.transpose(&inverse(perm))),
        Op::Concat { axis } => concat(s, *axis),
        Op::Slice { start, stride, .. } => s.only(|| unslice(s, start, stride)),
        Op::Pad { low, interior, .. } => s.only(|| unpad(dy, &input(0), low, interior)),
        Op::Reverse(axes) => s.only(|| dy.reverse(axes)),
        Op::Reduce(Reduce::Sum, axes) => match order::deviations(s, axes) {
            Some((x, c)) => vec![(x, spread(dy, axes, &input(0)) * c * 2.0)],
            None => s.only(|| spread(dy, axes, &input(0))),
        },
        Op::Reduce(Reduce::Max | Reduce::Min, axes) => s.only(|| order::extreme(s, axes)),
        Op::Reduce(Reduce::Prod, axes) => s.only(|| order::product(s, axes)),
        Op::Cumulative { kind, axis, reverse } => {
            s.only(|| order::cumulative(s, *kind, *axis, *reverse))
        }
        Op::Sort { axis, descending } => s.only(|| order::sort(s, *axis, *descending)),
        Op::Dot(dims) => products::dot(s, dims),
        Op::Conv(d) => both(
            s.share(0, || dy.conv_input_grad(&s.x(1), d.clone(), input(0))),
            s.share(1, || s.x(0).conv_kernel_grad(dy, d.clone(), input(1))),
        ),
        Op::ConvInputGrad(d, _) => both(
            s.share(0, || dy.conv(&s.x(1), d.clone())),
            s.share(1, || dy.conv_kernel_grad(&s.x(0), d.clone(), input(1))),
        ),
        Op::ConvKernelGrad(d, _) => both(
            s.share(0, || s.x(1).conv_input_grad(dy, d.clone(), input(0))),
            s.share(1, || s.x(0).conv(dy, d.clone())),
        ),
        Op::MaxPool(w) => s.only(|| s.op(Op::MaxPoolGrad(w.clone()), &[&s.x(0), dy])),
        // The choice of the largest is locally constant, so the first operand has no share.
        Op::MaxPoolGrad(w) => s.share(1, || products::pick(s, w)).into_iter().collect(),
        Op::SumPool(w) => s.only(|| s.op(Op::SumPoolGrad(w.clone(), input(0)), &[dy])),
        Op::SumPoolGrad(w, _) => s.only(|| dy.sum_pool(w.clone())),
        Op::Gather { axis } => s.only(|| {
            let zeros = super::zeros_like(&s.x(0));
            s.op(Op::ScatterAdd { axis: *axis }, &[&zeros, &s.x(1), dy])
        }),
        Op::ScatterAdd { axis } => {
            both(s.share(0, || dy.clone()), s.share(2, || order::gathered(s, *axis)))
        }
        // Gradients of a loop wait until those of all its results are there: see `scan`.
        Op::Scan(_) | Op::ScanResult { .. } => Vec::new(),
    }
}

pub(super) fn both(a: Option<(NodeId, Value)>, b: Option<(NodeId, Value)>) -> Shares {
    a.into_iter().chain(b).collect()
}

/// A reduced value repeated along the axes that were reduced away.
pub(super) fn spread(v: &Value, axes: &[usize], to: &Shape) -> Value {
    v.reshape(with_ones(to, axes)).broadcast_to(to.clone())
}

/// A shape with 1 at some axes.
pub(super) fn with_ones(shape: &Shape, axes: &[usize]) -> Shape {
    shape.iter().enumerate().map(|(i, &d)| if axes.contains(&i) { 1 } else { d }).collect()
}

/// The node behind reshapes and broadcasts.
pub(super) fn plain(nodes: &[Node], mut id: NodeId) -> NodeId {
    while let Op::Broadcast(_) | Op::Reshape(_) = nodes[id.index()].op {
        id = nodes[id.index()].inputs[0];
    }
    id
}

/// The permutation that undoes one.
pub(super) fn inverse(perm: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; perm.len()];
    for (i, &p) in perm.iter().enumerate() {
        inverse[p] = i;
    }
    inverse
}

fn concat(s: &Site<'_>, axis: usize) -> Shares {
    let mut start = 0;
    let mut shares = Vec::new();
    for i in 0..s.node.inputs.len() {
        let limit = start + s.x(i).shape()[axis];
        shares.extend(s.share(i, || s.dy.slice_axis(axis as isize, start, limit)));
        start = limit;
    }
    shares
}

fn unslice(s: &Site<'_>, start: &[usize], stride: &[usize]) -> Value {
    let (from, to) = (s.x(0).shape(), s.dy.shape());
    let taken = |i: usize| if to[i] == 0 { 0 } else { (to[i] - 1) * stride[i] + 1 };
    let high = (0..from.rank()).map(|i| from[i] - start[i] - taken(i)).collect();
    let interior = stride.iter().map(|step| step - 1).collect();
    s.op(Op::Pad { low: start.to_vec(), high, interior, value: 0.0 }, &[&s.dy])
}

fn unpad(dy: &Value, from: &Shape, low: &[usize], interior: &[usize]) -> Value {
    let stride: Vec<usize> = interior.iter().map(|places| places + 1).collect();
    let taken = |i: usize| if from[i] == 0 { 0 } else { (from[i] - 1) * stride[i] + 1 };
    let limit: Vec<usize> = (0..from.rank()).map(|i| low[i] + taken(i)).collect();
    dy.slice(low, &limit, &stride)
}
