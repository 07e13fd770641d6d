//! Sums over the steps of a loop, taken outside of it: what is the same in every step has the sum of
//! the steps' gradients. Of products, the sum over all steps is one product of what they are made of.
use super::scan::Stacked;
use crate::ir::{Binary, ConvDims, DotDims, Node, NodeId, Op, Reduce, Unary};
use crate::{Shape, Value};

/// How the sum over all steps of a node of a loop's body is made.
pub(super) enum Sum {
    /// Σ a·b: one product over the steps as well.
    Dot(DotDims, NodeId, NodeId),
    /// The gradient by a kernel: one over the batches of all steps.
    Kernel(ConvDims, Shape, NodeId, NodeId),
    /// Updates of all steps added to zeros at the indices of all steps, along the first axis.
    Scatter(Shape, NodeId, NodeId),
    /// The sum over these axes and the steps.
    Reduce(Vec<usize>, NodeId),
    /// The op of the operand's sum.
    Linear(Op, Box<Sum>),
    Add(Box<Sum>, Box<Sum>),
    Subtract(Box<Sum>, Box<Sum>),
    /// The node's values in all steps, added up.
    Whole(NodeId),
}

/// The body's nodes, for plans of sums.
pub(super) struct Planner<'a> {
    pub nodes: &'a [Node],
    /// Whether a node changes from step to step.
    pub varies: &'a [bool],
}

impl Planner<'_> {
    /// How the sum of a node is made; `leaves` are the nodes that sums so far take from all steps.
    pub(super) fn plan(&self, id: NodeId, leaves: &[NodeId]) -> Sum {
        self.product(id).unwrap_or_else(|| self.linear(id, leaves))
    }

    /// The sum of a node that is a product of values that both change.
    pub(super) fn product(&self, id: NodeId) -> Option<Sum> {
        let node = &self.nodes[id.index()];
        let changes = |id: &NodeId| self.varies[id.index()];
        Some(match (&node.op, &node.inputs[..]) {
            (Op::Dot(dims), [a, b]) if changes(a) && changes(b) => Sum::Dot(dims.clone(), *a, *b),
            (Op::ConvKernelGrad(d, k), [x, dy]) if changes(x) && changes(dy) => {
                Sum::Kernel(d.clone(), k.clone(), *x, *dy)
            }
            (Op::ScatterAdd { axis: 0 }, [base, i, updates])
                if changes(i) && changes(updates) && is_zero(self.nodes, *base) =>
            {
                Sum::Scatter(node.ty.shape.clone(), *i, *updates)
            }
            (Op::Transpose(_) | Op::Reshape(_) | Op::Pad { .. } | Op::Cast(_), [x]) => {
                Sum::Linear(linear(node)?, Box::new(self.product(*x)?))
            }
            _ => return None,
        })
    }

    fn linear(&self, id: NodeId, leaves: &[NodeId]) -> Sum {
        let node = &self.nodes[id.index()];
        if leaves.contains(&id) {
            return Sum::Whole(id);
        }
        let inner = |id: &NodeId| Box::new(self.plan(*id, leaves));
        match (&node.op, &node.inputs[..]) {
            (Op::Reduce(Reduce::Sum, axes), [x]) if leaves.contains(x) => {
                Sum::Reduce(axes.clone(), *x)
            }
            (Op::Binary(Binary::Add), [a, b]) if self.both(a, b) => Sum::Add(inner(a), inner(b)),
            (Op::Binary(Binary::Sub), [a, b]) if self.both(a, b) => {
                Sum::Subtract(inner(a), inner(b))
            }
            (_, [x]) if self.varies[x.index()] => match linear(node) {
                Some(op) => Sum::Linear(op, inner(x)),
                None => Sum::Whole(id),
            },
            _ => Sum::Whole(id),
        }
    }

    /// Sums of both cost no more than the sum of the result.
    fn both(&self, a: &NodeId, b: &NodeId) -> bool {
        self.varies[a.index()] && self.varies[b.index()]
    }
}

/// Whether a node is known to be 0 everywhere.
pub(super) fn is_zero(nodes: &[Node], mut id: NodeId) -> bool {
    loop {
        let node = &nodes[id.index()];
        match (&node.op, node.inputs.first()) {
            (Op::Broadcast(_) | Op::Reshape(_), Some(&x)) => id = x,
            (Op::Constant(t), _) => return t.to_f64_vec().iter().all(|v| *v == 0.0),
            _ => return false,
        }
    }
}

/// The op of a node of which the sum of values is the value of the sum, and that makes no more of
/// them.
fn linear(node: &Node) -> Option<Op> {
    match &node.op {
        Op::Transpose(_) | Op::Reshape(_) | Op::Reverse(_) | Op::Unary(Unary::Neg) => {}
        Op::Pad { value: 0.0, .. } => {}
        Op::Cast(to) if to.is_float() => {}
        _ => return None,
    }
    Some(node.op.clone())
}

impl Sum {
    /// The nodes whose values in all steps are needed.
    pub(super) fn leaves(&self, into: &mut Vec<NodeId>) {
        match self {
            Sum::Dot(_, a, b) | Sum::Kernel(_, _, a, b) | Sum::Scatter(_, a, b) => {
                into.extend([*a, *b]);
            }
            Sum::Reduce(_, x) | Sum::Whole(x) => into.push(*x),
            Sum::Linear(_, x) => x.leaves(into),
            Sum::Add(a, b) | Sum::Subtract(a, b) => {
                a.leaves(into);
                b.leaves(into);
            }
        }
    }

    /// The sum, of values that have the steps as their first axis.
    pub(super) fn emit(&self, of: &Stacked<'_>) -> Option<Value> {
        Some(match self {
            Sum::Dot(dims, a, b) => {
                let shift = |axes: &[usize]| axes.iter().map(|a| a + 1).collect::<Vec<usize>>();
                let summed = |axes: &[usize]| [&[0], &shift(axes)[..]].concat();
                let dims = DotDims {
                    lhs_batch: shift(&dims.lhs_batch),
                    rhs_batch: shift(&dims.rhs_batch),
                    lhs_contract: summed(&dims.lhs_contract),
                    rhs_contract: summed(&dims.rhs_contract),
                };
                of.value(*a)?.dot_general(&of.value(*b)?, dims)
            }
            Sum::Kernel(dims, kernel, x, dy) => {
                let (x, dy) = (join(&of.value(*x)?), join(&of.value(*dy)?));
                x.conv_kernel_grad(&dy, dims.clone(), kernel.clone())
            }
            Sum::Scatter(shape, indices, updates) => {
                let updates = of.value(*updates)?;
                let zeros = updates.builder().full(updates.dtype(), shape.clone(), 0.0);
                zeros.scatter_add(&of.value(*indices)?, &updates, 0)
            }
            Sum::Reduce(axes, x) => {
                let axes: Vec<isize> =
                    [0].into_iter().chain(axes.iter().map(|&a| a as isize + 1)).collect();
                of.value(*x)?.sum(&axes, false)
            }
            Sum::Linear(op, x) => {
                let x = x.emit(of)?;
                x.apply(op.clone(), "gradient", of.at)
            }
            Sum::Add(a, b) => a.emit(of)? + b.emit(of)?,
            Sum::Subtract(a, b) => a.emit(of)? - b.emit(of)?,
            Sum::Whole(x) => of.value(*x)?.sum(&[0], false),
        })
    }
}

/// Steps and batch as one axis.
fn join(v: &Value) -> Value {
    let first = v.dim(0) * v.dim(1);
    let rest = v.shape().iter().skip(2).copied().collect::<Vec<usize>>();
    v.reshape([&[first], &rest[..]].concat())
}
