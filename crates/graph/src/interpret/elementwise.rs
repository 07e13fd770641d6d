//! Functions of one, two or three elements.
use super::number::Number;
use super::{data, unknown};
use crate::ir::{Compare, Op, Unary};
use crate::{Result, Tensor, TensorType};

pub(super) fn evaluate<T: Number>(op: &Op, inputs: &[&Tensor], ty: &TensorType) -> Result<Tensor> {
    let shape = ty.shape.clone();
    match (op, inputs) {
        (Op::Unary(Unary::IsFinite), [x]) => {
            let finite = data::<T>(x)?.iter().map(|x| x.to_f64().is_finite());
            Tensor::new(shape, finite.collect())
        }
        (Op::Unary(u), [x]) => {
            Tensor::new(shape, data::<T>(x)?.iter().map(|&x| T::unary(*u, x)).collect())
        }
        (Op::Binary(f), [a, b]) => {
            let pairs = data::<T>(a)?.iter().zip(data::<T>(b)?);
            Tensor::new(shape, pairs.map(|(&a, &b)| T::binary(*f, a, b)).collect())
        }
        (Op::Compare(c), [a, b]) => {
            let pairs = data::<T>(a)?.iter().zip(data::<T>(b)?);
            Tensor::new(shape, pairs.map(|(a, b)| holds(*c, a, b)).collect())
        }
        (Op::Select, [c, a, b]) => {
            let pairs = data::<T>(a)?.iter().zip(data::<T>(b)?);
            let chosen = data::<bool>(c)?.iter().zip(pairs);
            Tensor::new(shape, chosen.map(|(&c, (&a, &b))| if c { a } else { b }).collect())
        }
        _ => Err(unknown(op)),
    }
}

fn holds<T: Number>(compare: Compare, a: &T, b: &T) -> bool {
    match compare {
        Compare::Eq => a == b,
        Compare::Ne => a != b,
        Compare::Lt => a < b,
        Compare::Le => a <= b,
        Compare::Gt => a > b,
        Compare::Ge => a >= b,
    }
}
