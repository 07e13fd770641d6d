//! The reference back end: each op as the plain loop that its definition says, nothing fused.
//!
//! It is what the passes fold constants with and what other back ends are compared to, so it
//! prefers precision to speed: floats of every width are computed in float64 and rounded once
//! per op; sums and products of floats accumulate in float64, those of integers wrap.
mod contract;
mod elementwise;
mod movement;
mod number;
mod order;
mod program;
mod scan;
mod special;
mod window;

pub use program::Interpreter;

use crate::ir::Op;
use crate::{DType, Element, Error, Result, Tensor, TensorType, infer, random};
use number::Number;

/// Runs the body with `$t` standing for the Rust type of `$dtype`.
macro_rules! with_type {
    ($dtype:expr, $t:ident => $body:expr) => {
        match $dtype {
            $crate::DType::Bool => {
                type $t = bool;
                $body
            }
            $crate::DType::U8 => {
                type $t = u8;
                $body
            }
            $crate::DType::I32 => {
                type $t = i32;
                $body
            }
            $crate::DType::I64 => {
                type $t = i64;
                $body
            }
            $crate::DType::F16 => {
                type $t = half::f16;
                $body
            }
            $crate::DType::BF16 => {
                type $t = half::bf16;
                $body
            }
            $crate::DType::F32 => {
                type $t = f32;
                $body
            }
            $crate::DType::F64 => {
                type $t = f64;
                $body
            }
        }
    };
}
use with_type;

/// The value of one op, of the type that [`infer`] gave.
///
/// An error if the operands do not fit the op, or it is a feed or a state, whose value only a run
/// knows.
///
/// ```
/// use ferras_graph::{Binary, Op, Tensor, evaluate};
/// let (a, b) = (Tensor::new([2], vec![7_i32, 1])?, Tensor::new([2], vec![2_i32, 0])?);
/// let y = evaluate(&Op::Binary(Binary::Div), &[&a, &b], &a.ty())?;
/// assert_eq!(y.as_slice::<i32>(), Some(&[3, 0][..])); // division by zero gives zero
/// # Ok::<(), ferras_graph::Error>(())
/// ```
pub fn evaluate(op: &Op, inputs: &[&Tensor], ty: &TensorType) -> Result<Tensor> {
    let types: Vec<TensorType> = inputs.iter().map(|t| t.ty()).collect();
    let inferred = infer(op, &types.iter().collect::<Vec<_>>())
        .map_err(|problem| Error::Run(format!("cannot evaluate {}: {problem}", op.name())))?;
    if inferred != *ty {
        let name = op.name();
        return Err(Error::Run(format!("{name} gives {inferred}, expected it to give {ty}")));
    }
    apply(op, inputs, ty)
}

/// As [`evaluate`], of operands that are known to fit.
fn apply(op: &Op, inputs: &[&Tensor], ty: &TensorType) -> Result<Tensor> {
    match (op, inputs) {
        (Op::Constant(t), _) => Ok(t.clone()),
        (Op::Reshape(to), [x]) => x.reshape(to.clone()),
        (Op::Cast(dtype), [x]) => Ok(x.cast(*dtype)),
        (Op::Iota { axis, .. }, _) => with_type!(ty.dtype, T => iota::<T>(ty, *axis)),
        (Op::Random { stream, .. }, [key]) => uniform(key, *stream, ty),
        (_, []) => Err(Error::Internal(format!("{} has no value of its own", op.name()))),
        // A select works on the type of what it chooses from, not of its condition.
        (Op::Select, [_, a, _]) => with_type!(a.dtype(), T => typed::<T>(op, inputs, ty)),
        (_, [x, ..]) => with_type!(x.dtype(), T => typed::<T>(op, inputs, ty)),
    }
}

/// Ops whose (first) data is of type `T`.
fn typed<T: Number>(op: &Op, inputs: &[&Tensor], ty: &TensorType) -> Result<Tensor> {
    match op {
        Op::Unary(_) | Op::Binary(_) | Op::Compare(_) | Op::Select => {
            elementwise::evaluate::<T>(op, inputs, ty)
        }
        Op::Dot(_) | Op::Reduce(..) => contract::evaluate::<T>(op, inputs, ty),
        Op::Conv(_)
        | Op::ConvInputGrad(..)
        | Op::ConvKernelGrad(..)
        | Op::MaxPool(_)
        | Op::MaxPoolGrad(_)
        | Op::SumPool(_)
        | Op::SumPoolGrad(..) => window::evaluate::<T>(op, inputs, ty),
        Op::ArgReduce { .. } | Op::Cumulative { .. } | Op::Sort { .. } | Op::ArgSort { .. } => {
            order::evaluate::<T>(op, inputs, ty)
        }
        _ => movement::evaluate::<T>(op, inputs, ty),
    }
}

fn iota<T: Element>(ty: &TensorType, axis: usize) -> Result<Tensor> {
    let (n, inner) = (ty.shape[axis], ty.shape[axis + 1..].iter().product::<usize>());
    let count = |i: usize| T::from_f64((i / inner % n) as f64);
    Tensor::new(ty.shape.clone(), (0..ty.shape.elements()).map(count).collect())
}

fn uniform(key: &Tensor, stream: u32, ty: &TensorType) -> Result<Tensor> {
    let &[seed, counter] = data::<i64>(key)? else { return Err(unfit(DType::I64)) };
    let number = |i| random::uniform([seed, counter], stream, i as u64);
    Tensor::new(ty.shape.clone(), (0..ty.shape.elements()).map(number).collect())
}

/// The elements of an operand, whose type was inferred.
fn data<T: Element>(t: &Tensor) -> Result<&[T]> {
    t.as_slice().ok_or_else(|| unfit(T::DTYPE))
}

fn unfit(expected: DType) -> Error {
    Error::Internal(format!("an operand is not {expected}, as was inferred"))
}

fn unknown(op: &Op) -> Error {
    Error::Internal(format!("{} reached a loop that is not its own", op.name()))
}

/// Calls `f` with each index of a shape, row by row.
fn each_index(shape: &[usize], mut f: impl FnMut(&[usize])) {
    if shape.contains(&0) {
        return;
    }
    let mut index = vec![0; shape.len()];
    loop {
        f(&index);
        let Some(axis) = (0..shape.len()).rev().find(|&a| index[a] + 1 < shape[a]) else { return };
        index[axis] += 1;
        index[axis + 1..].fill(0);
    }
}

/// The flat place of an index.
fn place(index: &[usize], strides: &[usize]) -> usize {
    index.iter().zip(strides).map(|(i, s)| i * s).sum()
}
