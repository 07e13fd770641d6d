//! Gradients of reductions and functions of order.
use super::table::{Site, inverse, plain, spread, with_ones};
use super::{known_number, zeros_like};
use crate::ir::{Binary, Compare, NodeId, Op, Reduce};
use crate::{DType, Shape, Value};

/// Largest or smallest of some axes: equal elements share evenly (as JAX).
pub(super) fn extreme(s: &Site<'_>, axes: &[usize]) -> Value {
    let x = s.x(0);
    let shape = x.shape();
    let chosen = x.equal(spread(&s.y, axes, &shape));
    let list: Vec<isize> = axes.iter().map(|&a| a as isize).collect();
    let share = match list.is_empty() {
        true => s.dy.clone(),
        false => &s.dy / chosen.cast(s.dy.dtype()).sum(&list, false),
    };
    chosen.select(&spread(&share, axes, &shape), 0.0)
}

/// x and c = x − mean(x), if the operand of the sum is c²: the derivative by the mean is
/// −2 Σ c = 0, so that 2 · c goes to x at once and a pass over the data is saved.
pub(super) fn deviations(s: &Site<'_>, axes: &[usize]) -> Option<(NodeId, Value)> {
    let squares = s.node.inputs[0];
    s.builder.nodes(|nodes, _| {
        let node = |id: NodeId| &nodes[id.index()];
        let pair = |id: NodeId, op: Binary| match (&node(id).op, &node(id).inputs[..]) {
            (Op::Binary(b), &[x, y]) if *b == op => Some((x, y)),
            _ => None,
        };
        let (c, twin) = pair(squares, Binary::Mul)?;
        let (x, mean) = pair(c, Binary::Sub)?;
        let Op::Broadcast(full) = &node(mean).op else { return None };
        let (sum, count) = pair(plain(nodes, mean), Binary::Div)?;
        let sum = node(plain(nodes, sum));
        let taken: usize = axes.iter().map(|&a| full[a]).product();
        let aligned = node(node(mean).inputs[0]).ty.shape == with_ones(full, axes);
        let of_x = sum.op == Op::Reduce(Reduce::Sum, axes.to_vec()) && sum.inputs[..] == [x];
        let whole = known_number(s.builder, count) == Some(taken as f64);
        let fits = c == twin && aligned && of_x && whole && s.may_skip_to(x);
        fits.then(|| (x, s.builder.value(c)))
    })
}

/// The product of all other elements, without a division: right where elements are zero.
pub(super) fn product(s: &Site<'_>, axes: &[usize]) -> Value {
    let x = s.x(0);
    let shape = x.shape();
    let kept: Vec<usize> = (0..shape.rank()).filter(|i| !axes.contains(i)).collect();
    let perm = [&kept[..], axes].concat();
    let moved = x.transpose(&perm);
    let count = axes.iter().map(|&a| shape[a]).product();
    let outer: Vec<usize> = kept.iter().map(|&a| shape[a]).chain([count]).collect();
    let rows = moved.reshape(outer);
    let axis = kept.len();
    let before = shifted(&rows, axis, 1.0).cumulative(Reduce::Prod, axis as isize, false);
    let after = shifted(&rows.reverse(&[axis]), axis, 1.0);
    let after = after.cumulative(Reduce::Prod, axis as isize, false).reverse(&[axis]);
    let gradient = before * after * s.dy.expand_dims(-1);
    gradient.reshape(moved.shape()).transpose(&inverse(&perm))
}

/// Along an axis: `first`, then all elements but the last.
fn shifted(v: &Value, axis: usize, first: f64) -> Value {
    let mut low = vec![0; v.rank()];
    low[axis] = 1;
    let n = v.shape()[axis];
    v.pad(&low, &vec![0; v.rank()], first).slice_axis(axis as isize, 0, n)
}

pub(super) fn cumulative(s: &Site<'_>, kind: Reduce, axis: usize, reverse: bool) -> Value {
    if kind == Reduce::Sum {
        return s.dy.cumulative(Reduce::Sum, axis as isize, !reverse);
    }
    let turn = |v: &Value| if reverse { v.reverse(&[axis]) } else { v.clone() };
    let (x, y, dy) = (turn(&s.x(0)), turn(&s.y), turn(&s.dy));
    let gradient = match kind {
        Reduce::Prod => running_product(&x, &dy, axis),
        _ => running_extreme(s, &x, &y, &dy, axis, kind == Reduce::Max),
    };
    turn(&gradient)
}

/// To the first element that reached each running maximum or minimum.
fn running_extreme(
    s: &Site<'_>,
    x: &Value,
    y: &Value,
    dy: &Value,
    axis: usize,
    largest: bool,
) -> Value {
    let (least, better) = match largest {
        true => (f64::NEG_INFINITY, Compare::Gt),
        false => (f64::INFINITY, Compare::Lt),
    };
    let place = s.builder.iota(DType::I32, x.shape(), axis);
    let record = s.op(Op::Compare(better), &[x, &shifted(y, axis, least)]);
    let at = record.select(&place, 0.0).cumulative(Reduce::Max, axis as isize, false);
    scatter_along(dy, &at, axis)
}

/// yᵢ = Π_{j ≤ i} xⱼ, so ∂xⱼ = Π_{k < j} xₖ · Σ_{i ≥ j} dyᵢ Π_{j < k ≤ i} xₖ: without a division, at
/// the price of n² elements.
fn running_product(x: &Value, dy: &Value, axis: usize) -> Value {
    let n = x.shape()[axis];
    // (…, j, …, i) with i on a new last axis.
    let last = x.rank();
    let mut perm: Vec<usize> = (0..last).filter(|&a| a != axis).collect();
    perm.push(axis);
    let (rows, dy) = (x.transpose(&perm), dy.transpose(&perm));
    let pairs: Shape = rows.shape().iter().copied().chain([n]).collect();
    let i = x.builder().iota(DType::I32, pairs.clone(), last);
    let j = x.builder().iota(DType::I32, pairs.clone(), last - 1);
    let one = x.builder().scalar(x.dtype(), 1.0);
    let after = i.greater(&j).select(&rows.expand_dims(-2).broadcast_to(pairs), one);
    let after = after.cumulative(Reduce::Prod, -1, false);
    let weight = i.greater_equal(&j).select(&after, 0.0);
    let sums = (weight * dy.expand_dims(-2)).sum(&[-1], false);
    let before = shifted(&rows, last - 1, 1.0).cumulative(Reduce::Prod, -1, false);
    (before * sums).transpose(&inverse(&perm))
}

/// To where each element stood before.
pub(super) fn sort(s: &Site<'_>, axis: usize, descending: bool) -> Value {
    scatter_along(&s.dy, &s.x(0).argsort(axis as isize, descending), axis)
}

/// Zeros with each element of `v` added at place `at` of its line along an axis.
fn scatter_along(v: &Value, at: &Value, axis: usize) -> Value {
    let shape = v.shape();
    let b = v.builder();
    let strides = shape.strides();
    let mut flat = at.cast(DType::I64) * strides[axis] as f64;
    for (i, &stride) in strides.iter().enumerate().filter(|&(i, _)| i != axis) {
        flat = flat + b.iota(DType::I64, shape.clone(), i) * stride as f64;
    }
    let count = shape.elements();
    let zeros = zeros_like(&v.reshape([count]));
    zeros.scatter_add(&flat.reshape([count]), &v.reshape([count]), 0).reshape(shape)
}

/// The slices of dy that updates were added to; 0 for those that were dropped.
pub(super) fn gathered(s: &Site<'_>, axis: usize) -> Value {
    let (indices, updates) = (s.x(1), s.x(2));
    let n = s.x(0).shape()[axis] as f64;
    let taken = s.dy.gather(&indices, axis as isize);
    let inside = indices.greater_equal(-n).and(indices.less(n));
    let shape = updates.shape();
    let aligned: Shape = (0..shape.rank())
        .map(|i| if (axis..axis + indices.rank()).contains(&i) { shape[i] } else { 1 })
        .collect();
    inside.reshape(aligned).broadcast_to(shape).select(&taken, 0.0)
}
