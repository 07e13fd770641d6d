//! Algebraic rules: an op on operands of a certain form becomes something cheaper. Each function
//! returns the node that takes the op's place, or `None` where it has no rule.
mod arithmetic;
mod movement;
mod products;
mod reductions;

use super::number;
use super::rewrite::Rewriter;
use crate::ir::{NodeId, Op};
use crate::{Shape, TensorType};

/// The node that replaces `op` of these operands, if a rule applies.
pub(super) fn simplify(
    r: &mut Rewriter,
    op: &Op,
    inputs: &[NodeId],
    ty: &TensorType,
) -> Option<NodeId> {
    match (op, inputs) {
        (Op::Constant(t), _) => r.spread(&number::repeated(t)?, &ty.shape),
        (Op::Unary(u), &[x]) => {
            arithmetic::unary(r, *u, x).or_else(|| sink(r, op, inputs, &ty.shape))
        }
        (Op::Binary(b), &[x, y]) => {
            arithmetic::binary(r, *b, x, y, ty).or_else(|| sink(r, op, inputs, &ty.shape))
        }
        (Op::Compare(c), &[x, y]) => {
            arithmetic::compare(r, *c, x, y).or_else(|| sink(r, op, inputs, &ty.shape))
        }
        (Op::Select, &[c, x, y]) => {
            arithmetic::select(r, c, x, y).or_else(|| sink(r, op, inputs, &ty.shape))
        }
        (Op::Cast(_), &[x]) => {
            arithmetic::cast(r, x, ty).or_else(|| sink(r, op, inputs, &ty.shape))
        }
        (Op::Dot(dims), &[x, y]) => products::dot(r, dims, x, y),
        (Op::Reduce(kind, axes), &[x]) => reductions::reduce(r, *kind, axes, x, ty),
        (Op::Cumulative { axis, .. } | Op::Sort { axis, .. }, &[x]) => {
            (r.shape(x)[*axis] == 1).then_some(x)
        }
        (Op::ArgReduce { axis, .. } | Op::ArgSort { axis, .. }, &[x]) => {
            if r.shape(x)[*axis] == 1 {
                r.full(ty, 0.0)
            } else {
                None
            }
        }
        _ => movement::movement(r, op, inputs, &ty.shape),
    }
}

/// An elementwise op of values that are all repeated along the same axes: done once, then
/// repeated.
fn sink(r: &mut Rewriter, op: &Op, inputs: &[NodeId], shape: &Shape) -> Option<NodeId> {
    let mut source: Option<Shape> = None;
    for &id in inputs.iter() {
        if r.uniform(id).is_some() {
            continue;
        }
        let Op::Broadcast(_) = r.op(id) else { return None };
        let from = r.shape(r.input(id, 0)?);
        if source.as_ref().is_some_and(|s| s != from) {
            return None;
        }
        source = Some(from.clone());
    }
    let source = source.unwrap_or_else(|| vec![1; shape.rank()].into());
    if source == *shape {
        return None;
    }
    let mut operands = Vec::with_capacity(inputs.len());
    for &id in inputs {
        operands.push(match r.uniform(id).cloned() {
            Some(one) => r.spread(&one, &source)?,
            None => r.input(id, 0)?,
        });
    }
    let once = r.emit(op.clone(), &operands)?;
    r.broadcast(once, shape)
}
