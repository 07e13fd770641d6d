//! Ops along one axis: first largest, running sums, sorting.
use super::number::Number;
use super::{data, unknown};
use crate::ir::{Op, Reduce};
use crate::{Result, Shape, Tensor, TensorType};
use std::cmp::Ordering;

pub(super) fn evaluate<T: Number>(op: &Op, inputs: &[&Tensor], ty: &TensorType) -> Result<Tensor> {
    let &[x] = inputs else { return Err(unknown(op)) };
    let (from, shape) = (data::<T>(x)?, x.shape());
    let to = ty.shape.clone();
    match *op {
        Op::ArgReduce { largest, axis } => Tensor::new(to, arg_reduce(from, shape, axis, largest)),
        Op::Cumulative { kind, axis, reverse } => {
            Tensor::new(to, cumulative(from, shape, axis, kind, reverse))
        }
        Op::Sort { axis, descending } => {
            let sorted = |row: &[T]| sorting(row, descending).into_iter().map(|i| row[i]).collect();
            Tensor::new(to, along(from, shape, axis, sorted))
        }
        Op::ArgSort { axis, descending } => {
            let order =
                |row: &[T]| sorting(row, descending).into_iter().map(|i| i as i32).collect();
            Tensor::new(to, along(from, shape, axis, order))
        }
        _ => Err(unknown(op)),
    }
}

/// Applies `f` to each row along the axis; the axis becomes as long as what `f` gives.
fn along<T: Number, U: Copy>(
    x: &[T],
    shape: &Shape,
    axis: usize,
    mut f: impl FnMut(&[T]) -> Vec<U>,
) -> Vec<U> {
    let (n, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let mut out = Vec::new();
    for outer in 0..shape[..axis].iter().product() {
        let row = |k| (0..n).map(|i| x[(outer * n + i) * inner + k]).collect::<Vec<T>>();
        let rows: Vec<Vec<U>> = (0..inner).map(|k| f(&row(k))).collect();
        let length = rows.first().map_or(0, Vec::len);
        out.extend((0..length).flat_map(|i| rows.iter().map(move |row| row[i])));
    }
    out
}

fn arg_reduce<T: Number>(x: &[T], shape: &Shape, axis: usize, largest: bool) -> Vec<i32> {
    along(x, shape, axis, |row| {
        let beats = |new: T, best: T| match (new.is_nan(), best.is_nan()) {
            (_, true) => false,
            (true, false) => true,
            _ => {
                if largest {
                    new > best
                } else {
                    new < best
                }
            }
        };
        let best =
            (1..row.len()).fold(0, |best, i| if beats(row[i], row[best]) { i } else { best });
        vec![best as i32]
    })
}

fn cumulative<T: Number>(
    x: &[T],
    shape: &Shape,
    axis: usize,
    kind: Reduce,
    reverse: bool,
) -> Vec<T> {
    along(x, shape, axis, |row| {
        let mut so_far = T::Wide::neutral(kind);
        let mut step = |v: &T| {
            so_far = T::Wide::combine(kind, so_far, v.widen());
            T::narrow(so_far)
        };
        if !reverse {
            return row.iter().map(step).collect();
        }
        let mut out: Vec<T> = row.iter().rev().map(&mut step).collect();
        out.reverse();
        out
    })
}

/// The indices that sort a row; equal elements keep their order, NaN is last either way.
fn sorting<T: Number>(row: &[T], descending: bool) -> Vec<usize> {
    let mut order: Vec<usize> = (0..row.len()).collect();
    order.sort_by(|&i, &j| {
        let (a, b) = (row[i], row[j]);
        let plain = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
        let directed = if descending { plain.reverse() } else { plain };
        a.is_nan().cmp(&b.is_nan()).then(directed)
    });
    order
}
