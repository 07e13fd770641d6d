//! Reductions over axes and products of two tensors.
use super::movement::transposed;
use super::number::Number;
use super::{data, each_index, place, unknown};
use crate::ir::{Binary, DotDims, Op, Reduce};
use crate::{Result, Shape, Tensor, TensorType};

pub(super) fn evaluate<T: Number>(op: &Op, inputs: &[&Tensor], ty: &TensorType) -> Result<Tensor> {
    let result = match (op, inputs) {
        (Op::Reduce(kind, axes), [x]) => reduce(data::<T>(x)?, x.shape(), *kind, axes, &ty.shape),
        (Op::Dot(dims), [a, b]) => dot::<T>(dims, a, b)?,
        _ => return Err(unknown(op)),
    };
    Tensor::new(ty.shape.clone(), result)
}

fn reduce<T: Number>(x: &[T], shape: &Shape, kind: Reduce, axes: &[usize], to: &Shape) -> Vec<T> {
    // The places of the output, seen from the input: a reduced axis does not move.
    let mut kept = to.strides().into_iter();
    let stride = |a| if axes.contains(&a) { 0 } else { kept.next().unwrap_or(0) };
    let strides: Vec<usize> = (0..shape.rank()).map(stride).collect();
    let mut sums = vec![T::Wide::neutral(kind); to.elements()];
    let mut next = x.iter();
    each_index(shape, |index| {
        if let Some(v) = next.next() {
            let sum = &mut sums[place(index, &strides)];
            *sum = T::Wide::combine(kind, *sum, v.widen());
        }
    });
    sums.into_iter().map(T::narrow).collect()
}

fn dot<T: Number>(dims: &DotDims, a: &Tensor, b: &Tensor) -> Result<Vec<T>> {
    let depth: usize = dims.lhs_contract.iter().map(|&i| a.shape()[i]).product();
    let batches: usize = dims.lhs_batch.iter().map(|&i| a.shape()[i]).product();
    let (left, m) = arrange::<T>(a, &dims.lhs_batch, &dims.lhs_contract)?;
    let (right, n) = arrange::<T>(b, &dims.rhs_batch, &dims.rhs_contract)?;
    let mut out = Vec::with_capacity(batches * m * n);
    for batch in 0..batches {
        for i in 0..m {
            for j in 0..n {
                let (p, q) = ((batch * m + i) * depth, (batch * n + j) * depth);
                let mut sum = T::Wide::default();
                for (a, b) in left[p..p + depth].iter().zip(&right[q..q + depth]) {
                    let product = T::Wide::binary(Binary::Mul, a.widen(), b.widen());
                    sum = T::Wide::binary(Binary::Add, sum, product);
                }
                out.push(T::narrow(sum));
            }
        }
    }
    Ok(out)
}

/// The operand laid out as (batch, free, contract), and the number of free places.
fn arrange<T: Number>(x: &Tensor, batch: &[usize], contract: &[usize]) -> Result<(Vec<T>, usize)> {
    let taken = |i: &usize| batch.contains(i) || contract.contains(i);
    let free: Vec<usize> = (0..x.shape().rank()).filter(|i| !taken(i)).collect();
    let places = free.iter().map(|&i| x.shape()[i]).product();
    Ok((transposed(data(x)?, x.shape(), &[batch, &free, contract].concat()), places))
}
