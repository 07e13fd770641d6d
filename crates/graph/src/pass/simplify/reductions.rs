//! Rules of reductions.
use super::super::rewrite::Rewriter;
use crate::ir::{Binary, NodeId, Op, Reduce, Unary};
use crate::{DType, Shape, Tensor, TensorType};

pub(super) fn reduce(
    r: &mut Rewriter,
    kind: Reduce,
    axes: &[usize],
    x: NodeId,
    ty: &TensorType,
) -> Option<NodeId> {
    if axes.is_empty() {
        return Some(x);
    }
    let longer: Vec<usize> = axes.iter().copied().filter(|&a| r.shape(x)[a] != 1).collect();
    if longer.is_empty() {
        return r.reshape(x, &ty.shape);
    }
    if longer.len() < axes.len() {
        let y = r.emit(Op::Reduce(kind, longer), &[x])?;
        return r.reshape(y, &ty.shape);
    }
    match r.op(x) {
        Op::Broadcast(_) => of_repeated(r, kind, axes, x, ty),
        Op::Reduce(inner, first) if *inner == kind => {
            let first = first.clone();
            of_reduced(r, kind, axes, &first, x)
        }
        Op::Unary(Unary::Neg) => {
            let kind = match kind {
                Reduce::Sum => Reduce::Sum,
                Reduce::Max => Reduce::Min,
                Reduce::Min => Reduce::Max,
                Reduce::Prod => return None,
            };
            // The extremes of two's complement have no negation.
            if kind != Reduce::Sum && !ty.dtype.is_float() {
                return None;
            }
            let x = r.input(x, 0)?;
            let y = r.emit(Op::Reduce(kind, axes.to_vec()), &[x])?;
            r.emit(Op::Unary(Unary::Neg), &[y])
        }
        Op::Transpose(perm) => {
            let mut kept = (0..perm.len()).filter(|a| !axes.contains(a)).map(|a| perm[a]);
            if !kept.by_ref().is_sorted() {
                return None;
            }
            let mut axes: Vec<usize> = axes.iter().map(|&a| perm[a]).collect();
            axes.sort_unstable();
            let x = r.input(x, 0)?;
            r.emit(Op::Reduce(kind, axes), &[x])
        }
        _ => None,
    }
}

/// Of a repeated value: reduced before it is repeated, n times where it was repeated n-fold along
/// the axes that go.
fn of_repeated(
    r: &mut Rewriter,
    kind: Reduce,
    axes: &[usize],
    x: NodeId,
    ty: &TensorType,
) -> Option<NodeId> {
    let source = r.input(x, 0)?;
    let (from, full) = (r.shape(source), r.shape(x));
    let times: usize = axes.iter().filter(|&&a| from[a] != full[a]).map(|&a| full[a]).product();
    let once = |r: &Rewriter| -> Shape {
        let kept = r.shape(source).iter().enumerate().filter(|(a, _)| !axes.contains(a));
        kept.map(|(_, &n)| n).collect()
    };
    if times == 0 || kind == Reduce::Prod && times > 1 {
        return None;
    }
    let y = r.emit(Op::Reduce(kind, axes.to_vec()), &[source])?;
    let shape = once(r);
    let y = match kind {
        Reduce::Sum if times > 1 && ty.dtype != DType::Bool => {
            // The number itself must be one of the type's.
            let factor = Tensor::scalar_of(ty.dtype, times as f64);
            if factor.to_f64_vec() != [times as f64] {
                return None;
            }
            let factor = r.spread(&factor, &shape)?;
            r.emit(Op::Binary(Binary::Mul), &[y, factor])?
        }
        _ => y,
    };
    r.broadcast(y, &ty.shape)
}

/// Two reductions of one kind as one.
fn of_reduced(
    r: &mut Rewriter,
    kind: Reduce,
    axes: &[usize],
    first: &[usize],
    x: NodeId,
) -> Option<NodeId> {
    let source = r.input(x, 0)?;
    let left: Vec<usize> = (0..r.shape(source).rank()).filter(|a| !first.contains(a)).collect();
    let mut all: Vec<usize> = axes.iter().map(|&a| left[a]).chain(first.iter().copied()).collect();
    all.sort_unstable();
    r.emit(Op::Reduce(kind, all), &[source])
}
