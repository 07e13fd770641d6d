//! Rules of ops that move elements.
use super::super::rewrite::Rewriter;
use crate::Shape;
use crate::ir::{NodeId, Op};

pub(super) fn movement(r: &mut Rewriter, op: &Op, inputs: &[NodeId], to: &Shape) -> Option<NodeId> {
    let &x = inputs.first()?;
    match op {
        Op::Broadcast(_) if r.shape(x) == to => Some(x),
        Op::Broadcast(_) => match r.op(x) {
            Op::Broadcast(_) => r.input(x, 0).and_then(|x| r.broadcast(x, to)),
            _ => None,
        },
        Op::Reshape(_) => reshape(r, x, to),
        Op::Transpose(perm) => transpose(r, perm, x, to),
        Op::Concat { axis } => concat(r, *axis, inputs),
        Op::Slice { start, stride, .. } => slice(r, start, stride, x, to),
        Op::Pad { low, high, interior, .. } => {
            let none = [low, high, interior].iter().all(|p| p.iter().all(|&n| n == 0));
            none.then_some(x)
        }
        Op::Reverse(axes) => reverse(r, axes, x),
        Op::Gather { .. } => {
            let one = r.uniform(x)?.clone();
            r.spread(&one, to)
        }
        _ => None,
    }
}

fn reshape(r: &mut Rewriter, x: NodeId, to: &Shape) -> Option<NodeId> {
    if r.shape(x) == to {
        return Some(x);
    }
    if let Some(one) = r.uniform(x).cloned() {
        // A lone constant in another shape is for folding.
        return match to.elements() {
            1 => None,
            _ => r.spread(&one, to),
        };
    }
    match r.op(x) {
        Op::Reshape(_) => r.input(x, 0).and_then(|x| r.reshape(x, to)),
        Op::Broadcast(_) => {
            let source = r.input(x, 0)?;
            let units = realigned(r.shape(source), r.shape(x), to)?;
            let source = r.reshape(source, &units)?;
            r.broadcast(source, to)
        }
        _ => None,
    }
}

/// Where a reshape of `full` to `to` only adds and drops axes of size 1: the shape that `source`,
/// which broadcasts to `full`, must have to broadcast to `to`.
fn realigned(source: &Shape, full: &Shape, to: &Shape) -> Option<Shape> {
    let mut sizes = source.iter().zip(full.iter()).filter(|&(_, &f)| f != 1);
    let mut shape = Vec::with_capacity(to.rank());
    for &n in to.iter() {
        shape.push(match n {
            1 => 1,
            n => sizes.next().filter(|&(_, &f)| f == n).map(|(&s, _)| s)?,
        });
    }
    sizes.next().is_none().then(|| shape.into())
}

fn transpose(r: &mut Rewriter, perm: &[usize], x: NodeId, to: &Shape) -> Option<NodeId> {
    let from = r.shape(x);
    if perm.iter().filter(|&&p| from[p] != 1).is_sorted() {
        return r.reshape(x, to);
    }
    match r.op(x) {
        Op::Transpose(inner) => {
            let perm = perm.iter().map(|&p| inner[p]).collect();
            let x = r.input(x, 0)?;
            r.emit(Op::Transpose(perm), &[x])
        }
        Op::Broadcast(_) => {
            let source = r.input(x, 0)?;
            let source = r.emit(Op::Transpose(perm.to_vec()), &[source])?;
            r.broadcast(source, to)
        }
        Op::Dot(dims) => {
            let dims = dims.clone();
            super::products::turned(r, perm, &dims, x)
        }
        _ => None,
    }
}

fn concat(r: &mut Rewriter, axis: usize, inputs: &[NodeId]) -> Option<NodeId> {
    if let [x] = inputs {
        return Some(*x);
    }
    let nested = |x: &NodeId| matches!(r.op(*x), Op::Concat { axis: inner } if *inner == axis);
    if inputs.iter().any(nested) {
        let parts = |&x: &NodeId| if nested(&x) { r.node(x).inputs.clone() } else { vec![x] };
        let parts: Vec<NodeId> = inputs.iter().flat_map(parts).collect();
        return r.emit(Op::Concat { axis }, &parts);
    }
    let full: Vec<NodeId> = inputs.iter().copied().filter(|&x| r.shape(x)[axis] > 0).collect();
    if full.is_empty() || full.len() == inputs.len() {
        return None;
    }
    r.emit(Op::Concat { axis }, &full)
}

fn slice(
    r: &mut Rewriter,
    start: &[usize],
    stride: &[usize],
    x: NodeId,
    to: &Shape,
) -> Option<NodeId> {
    if r.shape(x) == to && stride.iter().all(|&s| s == 1) {
        return Some(x);
    }
    if to.elements() == 0 {
        return None;
    }
    // One after the last element that is taken.
    let end = |start: usize, stride: usize, n: usize| start + (n - 1) * stride + 1;
    match r.op(x) {
        Op::Slice { start: inner, stride: step, .. } => {
            let axes = 0..to.rank();
            let first = |a: usize| inner[a] + start[a] * step[a];
            let stride: Vec<usize> = axes.clone().map(|a| step[a] * stride[a]).collect();
            let limit = axes.clone().map(|a| end(first(a), stride[a], to[a])).collect();
            let op = Op::Slice { start: axes.map(first).collect(), limit, stride };
            let x = r.input(x, 0)?;
            r.emit(op, &[x])
        }
        Op::Broadcast(_) => {
            let source = r.input(x, 0)?;
            let from = r.shape(source).clone();
            let kept = |a: &usize| from[*a] != 1;
            let pick = |v: &[usize], other: usize| -> Vec<usize> {
                (0..v.len()).map(|a| if kept(&a) { v[a] } else { other }).collect()
            };
            let limit: Vec<usize> =
                (0..to.rank()).map(|a| end(start[a], stride[a], to[a])).collect();
            let op = Op::Slice {
                start: pick(start, 0),
                limit: pick(&limit, 1),
                stride: pick(stride, 1),
            };
            let source = r.emit(op, &[source])?;
            r.broadcast(source, to)
        }
        Op::Concat { axis } => {
            let axis = *axis;
            slice_of_concat(r, axis, start, stride, x, to)
        }
        _ => None,
    }
}

/// A slice that lies within one of the parts.
fn slice_of_concat(
    r: &mut Rewriter,
    axis: usize,
    start: &[usize],
    stride: &[usize],
    x: NodeId,
    to: &Shape,
) -> Option<NodeId> {
    let last = start[axis] + (to[axis] - 1) * stride[axis];
    let mut before = 0;
    let parts = r.node(x).inputs.iter().find_map(|&part| {
        let from = before;
        before += r.shape(part)[axis];
        (start[axis] < before).then_some((part, from, before))
    });
    let (part, from, end) = parts?;
    if last >= end || start[axis] < from {
        return None;
    }
    let mut start = start.to_vec();
    start[axis] -= from;
    let limit = (0..to.rank()).map(|a| start[a] + (to[a] - 1) * stride[a] + 1).collect();
    r.emit(Op::Slice { start, limit, stride: stride.to_vec() }, &[part])
}

fn reverse(r: &mut Rewriter, axes: &[usize], x: NodeId) -> Option<NodeId> {
    let longer: Vec<usize> = axes.iter().copied().filter(|&a| r.shape(x)[a] > 1).collect();
    if longer.is_empty() {
        return Some(x);
    }
    match r.op(x) {
        Op::Reverse(inner) if inner[..] == longer[..] => r.input(x, 0),
        _ if longer.len() < axes.len() => r.emit(Op::Reverse(longer), &[x]),
        _ => None,
    }
}
