//! Ops that move, repeat or drop elements, and scatter.
use super::number::Number;
use super::{data, each_index, place, unknown};
use crate::ir::{Binary, Op};
use crate::{DType, Result, Shape, Tensor, TensorType};

pub(super) fn evaluate<T: Number>(op: &Op, inputs: &[&Tensor], ty: &TensorType) -> Result<Tensor> {
    let Some(&x) = inputs.first() else { return Err(unknown(op)) };
    let (from, own) = (data::<T>(x)?, x.shape().strides());
    let moved = match (op, inputs) {
        (Op::Broadcast(_), _) => {
            let stride = |(&n, &s): (&usize, &usize)| if n == 1 { 0 } else { s as isize };
            let strides: Vec<isize> = x.shape().iter().zip(&own).map(stride).collect();
            strided(from, &ty.shape, 0, &strides)
        }
        (Op::Transpose(perm), _) => transposed(from, x.shape(), perm),
        (Op::Slice { start, stride, .. }, _) => {
            let strides: Vec<isize> =
                own.iter().zip(stride).map(|(s, k)| (s * k) as isize).collect();
            strided(from, &ty.shape, place(start, &own), &strides)
        }
        (Op::Reverse(axes), _) => {
            let mut strides: Vec<isize> = own.iter().map(|&s| s as isize).collect();
            axes.iter().for_each(|&a| strides[a] = -(own[a] as isize));
            let last = |&a: &usize| (x.shape()[a].max(1) - 1) * own[a];
            // An axis named twice is still reversed once.
            let named = (0..own.len()).filter(|a| axes.contains(a));
            strided(from, &ty.shape, named.map(|a| last(&a)).sum(), &strides)
        }
        (Op::Pad { low, interior, value, .. }, _) => {
            let strides = ty.shape.strides();
            let steps: Vec<usize> =
                strides.iter().zip(interior).map(|(s, i)| s * (i + 1)).collect();
            let mut out = vec![T::from_f64(*value); ty.shape.elements()];
            let mut next = from.iter();
            each_index(x.shape(), |index| {
                if let Some(&v) = next.next() {
                    out[place(low, &strides) + place(index, &steps)] = v;
                }
            });
            out
        }
        (Op::Concat { axis }, _) => concat(inputs, *axis)?,
        (Op::Gather { axis }, [_, indices]) => gather(from, x.shape(), indices, *axis)?,
        (Op::ScatterAdd { axis }, [_, indices, updates]) => {
            scatter(from, x.shape(), indices, data(updates)?, *axis)?
        }
        _ => return Err(unknown(op)),
    };
    Tensor::new(ty.shape.clone(), moved)
}

/// The elements that a view with these strides sees, beginning at `offset`.
fn strided<T: Number>(from: &[T], shape: &[usize], offset: usize, strides: &[isize]) -> Vec<T> {
    let mut out = Vec::with_capacity(shape.iter().product());
    each_index(shape, |index| {
        let step: isize = index.iter().zip(strides).map(|(&i, s)| i as isize * s).sum();
        out.push(from[offset.wrapping_add_signed(step)]);
    });
    out
}

/// The axes in another order: output axis i is input axis `perm[i]`.
pub(super) fn transposed<T: Number>(from: &[T], shape: &Shape, perm: &[usize]) -> Vec<T> {
    let own = shape.strides();
    let strides: Vec<isize> = perm.iter().map(|&p| own[p] as isize).collect();
    let to: Vec<usize> = perm.iter().map(|&p| shape[p]).collect();
    strided(from, &to, 0, &strides)
}

fn concat<T: Number>(inputs: &[&Tensor], axis: usize) -> Result<Vec<T>> {
    let mut out = Vec::new();
    let outer: usize = inputs.first().map_or(0, |x| x.shape()[..axis].iter().product());
    for i in 0..outer {
        for x in inputs {
            let run: usize = x.shape()[axis..].iter().product();
            out.extend_from_slice(&data::<T>(x)?[i * run..(i + 1) * run]);
        }
    }
    Ok(out)
}

/// Indices with those counted from the end made plain; what is before the beginning stays below 0.
fn positions(indices: &Tensor, n: usize) -> Result<Vec<i64>> {
    let wide = indices.cast(DType::I64);
    Ok(data::<i64>(&wide)?.iter().map(|&i| if i < 0 { i + n as i64 } else { i }).collect())
}

fn gather<T: Number>(from: &[T], shape: &Shape, indices: &Tensor, axis: usize) -> Result<Vec<T>> {
    let (n, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let positions = positions(indices, n)?;
    let mut out = Vec::new();
    for i in 0..shape[..axis].iter().product() {
        for &p in &positions {
            let start = (i * n + p.clamp(0, n as i64 - 1) as usize) * inner;
            out.extend_from_slice(&from[start..start + inner]);
        }
    }
    Ok(out)
}

fn scatter<T: Number>(
    base: &[T],
    shape: &Shape,
    indices: &Tensor,
    updates: &[T],
    axis: usize,
) -> Result<Vec<T>> {
    let (n, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let positions = positions(indices, n)?;
    let mut sums: Vec<T::Wide> = base.iter().map(|v| v.widen()).collect();
    for i in 0..shape[..axis].iter().product() {
        for (j, &p) in positions.iter().enumerate() {
            let Some(p) = usize::try_from(p).ok().filter(|&p| p < n) else { continue };
            let (to, what) = ((i * n + p) * inner, (i * positions.len() + j) * inner);
            for k in 0..inner {
                sums[to + k] =
                    T::Wide::binary(Binary::Add, sums[to + k], updates[what + k].widen());
            }
        }
    }
    Ok(sums.into_iter().map(T::narrow).collect())
}
