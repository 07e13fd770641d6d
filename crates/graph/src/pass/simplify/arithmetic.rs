//! Rules of arithmetic, comparison, selection and conversion. None of them may lose a NaN: x · 0
//! and x − x stay.
use super::super::rewrite::Rewriter;
use crate::ir::{Binary, Compare, NodeId, Op, Unary};
use crate::{DType, TensorType};

/// The operand of `x`, if that is this function.
fn of(r: &Rewriter, x: NodeId, u: Unary) -> Option<NodeId> {
    if *r.op(x) == Op::Unary(u) { r.input(x, 0) } else { None }
}

pub(super) fn unary(r: &mut Rewriter, u: Unary, x: NodeId) -> Option<NodeId> {
    match u {
        Unary::Neg => of(r, x, Unary::Neg).or_else(|| negated(r, x)),
        Unary::Not => match r.op(x) {
            Op::Compare(Compare::Eq) => same_operands(r, x, Op::Compare(Compare::Ne)),
            Op::Compare(Compare::Ne) => same_operands(r, x, Op::Compare(Compare::Eq)),
            _ => of(r, x, Unary::Not),
        },
        Unary::Abs => {
            let inner = of(r, x, Unary::Neg)?;
            r.emit(Op::Unary(Unary::Abs), &[inner])
        }
        _ => None,
    }
}

fn same_operands(r: &mut Rewriter, x: NodeId, op: Op) -> Option<NodeId> {
    let operands = r.node(x).inputs.clone();
    r.emit(op, &operands)
}

/// −(a − b)
fn negated(r: &mut Rewriter, x: NodeId) -> Option<NodeId> {
    match (r.op(x), &r.node(x).inputs[..]) {
        (Op::Binary(Binary::Sub), &[a, b]) => r.emit(Op::Binary(Binary::Sub), &[b, a]),
        _ => None,
    }
}

pub(super) fn binary(
    r: &mut Rewriter,
    b: Binary,
    x: NodeId,
    y: NodeId,
    ty: &TensorType,
) -> Option<NodeId> {
    let op = |b| Op::Binary(b);
    if matches!(b, Binary::Add | Binary::Mul) && r.uniform(x).is_some() && r.uniform(y).is_none() {
        // Known numbers stand on the right, so that other rules need not look twice.
        return r.emit(op(b), &[y, x]);
    }
    let (left, right) = (r.number(x), r.number(y));
    match (b, left, right) {
        (Binary::Add | Binary::Sub, _, Some(0.0)) => Some(x),
        (Binary::Sub, Some(0.0), _) if ty.dtype != DType::Bool && ty.dtype != DType::U8 => {
            r.emit(Op::Unary(Unary::Neg), &[y])
        }
        (Binary::Mul | Binary::Div, _, Some(1.0)) => Some(x),
        (Binary::Mul | Binary::Div, _, Some(-1.0)) => r.emit(Op::Unary(Unary::Neg), &[x]),
        (Binary::Mul, _, Some(0.0)) if !ty.dtype.is_float() => Some(y),
        (Binary::Div, _, Some(c)) if ty.dtype.is_float() => {
            let inverse = exact_inverse(ty.dtype, c)?;
            let inverse = r.full(ty, inverse)?;
            r.emit(op(Binary::Mul), &[x, inverse])
        }
        (Binary::Pow, _, Some(n)) if ty.dtype.is_float() => power(r, x, n, ty),
        (Binary::Max, _, Some(f64::NEG_INFINITY)) if ty.dtype.is_float() => Some(x),
        (Binary::Min, _, Some(f64::INFINITY)) if ty.dtype.is_float() => Some(x),
        (Binary::Max | Binary::Min | Binary::And | Binary::Or, ..) if x == y => Some(x),
        (Binary::And | Binary::Or, l, r_) if ty.dtype == DType::Bool => {
            let neutral = if b == Binary::And { 1.0 } else { 0.0 };
            match (l, r_) {
                (Some(v), _) => Some(if v == neutral { y } else { x }),
                (_, Some(v)) => Some(if v == neutral { x } else { y }),
                _ => None,
            }
        }
        (Binary::Add | Binary::Sub | Binary::Mul, ..) => {
            signs(r, b, x, y).or_else(|| if b == Binary::Add { joined(r, x, y) } else { None })
        }
        _ => None,
    }
}

/// Negations that an addition, subtraction or product swallows.
fn signs(r: &mut Rewriter, b: Binary, x: NodeId, y: NodeId) -> Option<NodeId> {
    let (minus_x, minus_y) = (of(r, x, Unary::Neg), of(r, y, Unary::Neg));
    match (b, minus_x, minus_y) {
        (Binary::Add, _, Some(y)) => r.emit(Op::Binary(Binary::Sub), &[x, y]),
        (Binary::Add, Some(x), None) => r.emit(Op::Binary(Binary::Sub), &[y, x]),
        (Binary::Sub, _, Some(y)) => r.emit(Op::Binary(Binary::Add), &[x, y]),
        (Binary::Mul, Some(x), Some(y)) => r.emit(Op::Binary(Binary::Mul), &[x, y]),
        (Binary::Mul, Some(x), None) if r.uniform(y).is_some() => {
            let y = r.emit(Op::Unary(Unary::Neg), &[y])?;
            r.emit(Op::Binary(Binary::Mul), &[x, y])
        }
        _ => None,
    }
}

/// The sum of two values that stand side by side along an axis, zeros around them: gradients of
/// neighbouring slices.
fn joined(r: &mut Rewriter, x: NodeId, y: NodeId) -> Option<NodeId> {
    let ((axis, first), (other, second)) = (place(r, x)?, place(r, y)?);
    let ((x, first), (y, second)) =
        if first.0 <= second.0 { ((x, first), (y, second)) } else { ((y, second), (x, first)) };
    if axis != other || first.0 + first.1 != second.0 {
        return None;
    }
    let rank = r.shape(x).rank();
    let rest = r.shape(x)[axis] - second.0 - second.1;
    let parts = [r.input(x, 0)?, r.input(y, 0)?];
    let both = r.emit(Op::Concat { axis }, &parts)?;
    let along = |n: usize| (0..rank).map(|a| if a == axis { n } else { 0 }).collect();
    let (low, high, interior) = (along(first.0), along(rest), along(0));
    r.emit(Op::Pad { low, high, interior, value: 0.0 }, &[both])
}

/// Of a value with zeros around it along one axis: the axis, where it starts and its size.
fn place(r: &Rewriter, x: NodeId) -> Option<(usize, (usize, usize))> {
    let Op::Pad { low, high, interior, value } = r.op(x) else { return None };
    let mut padded = (0..low.len()).filter(|&a| low[a] + high[a] > 0);
    let (axis, None) = (padded.next()?, padded.next()) else { return None };
    let size = r.shape(r.input(x, 0)?)[axis];
    let plain = *value == 0.0 && interior.iter().all(|&n| n == 0);
    plain.then_some((axis, (low[axis], size)))
}

/// 1/c, if c is a power of two and both are normal numbers of the type.
fn exact_inverse(dtype: DType, c: f64) -> Option<f64> {
    let most = match dtype {
        DType::F16 => 14,
        DType::F64 => 1022,
        _ => 126,
    };
    let is_power = c.is_normal() && c.to_bits() << 12 == 0;
    (is_power && c.abs().log2().abs() <= f64::from(most)).then_some(1.0 / c)
}

/// Powers that are products or roots.
fn power(r: &mut Rewriter, x: NodeId, n: f64, ty: &TensorType) -> Option<NodeId> {
    let product = Op::Binary(Binary::Mul);
    if n == 0.0 {
        return r.full(ty, 1.0);
    } else if n == 1.0 {
        return Some(x);
    } else if n == 2.0 {
        return r.emit(product, &[x, x]);
    } else if n == 3.0 || n == 4.0 {
        let square = r.emit(product.clone(), &[x, x])?;
        return r.emit(product, &[square, if n == 3.0 { x } else { square }]);
    } else if n == 0.5 {
        return r.emit(Op::Unary(Unary::Sqrt), &[x]);
    } else if n == -0.5 {
        return r.emit(Op::Unary(Unary::Rsqrt), &[x]);
    } else if n == -1.0 {
        let one = r.full(ty, 1.0)?;
        return r.emit(Op::Binary(Binary::Div), &[one, x]);
    }
    None
}

pub(super) fn compare(r: &mut Rewriter, c: Compare, x: NodeId, y: NodeId) -> Option<NodeId> {
    if r.uniform(x).is_none() || r.uniform(y).is_some() {
        return None;
    }
    let turned = match c {
        Compare::Eq | Compare::Ne => c,
        Compare::Lt => Compare::Gt,
        Compare::Le => Compare::Ge,
        Compare::Gt => Compare::Lt,
        Compare::Ge => Compare::Le,
    };
    r.emit(Op::Compare(turned), &[y, x])
}

pub(super) fn select(r: &mut Rewriter, c: NodeId, x: NodeId, y: NodeId) -> Option<NodeId> {
    if x == y {
        return Some(x);
    }
    if let Some(known) = r.number(c) {
        return Some(if known != 0.0 { x } else { y });
    }
    if let Some(c) = of(r, c, Unary::Not) {
        return r.emit(Op::Select, &[c, y, x]);
    }
    // A choice within a branch of the same choice is made already.
    let branch = |r: &Rewriter, of: NodeId, i: usize| {
        let chosen = *r.op(of) == Op::Select && r.input(of, 0) == Some(c);
        if chosen { r.input(of, i) } else { None }
    };
    if let Some(x) = branch(r, x, 1) {
        return r.emit(Op::Select, &[c, x, y]);
    }
    let y = branch(r, y, 2)?;
    r.emit(Op::Select, &[c, x, y])
}

pub(super) fn cast(r: &mut Rewriter, x: NodeId, ty: &TensorType) -> Option<NodeId> {
    let dtype = r.node(x).ty.dtype;
    if dtype == ty.dtype {
        return Some(x);
    }
    let Op::Cast(_) = r.op(x) else { return None };
    let source = r.input(x, 0)?;
    if !holds(dtype, r.node(source).ty.dtype) {
        return None;
    }
    if r.node(source).ty == *ty { Some(source) } else { r.emit(Op::Cast(ty.dtype), &[source]) }
}

/// Whether each number of the type `narrow` is one of the type `wide`.
fn holds(wide: DType, narrow: DType) -> bool {
    use DType::*;
    match narrow {
        Bool => true,
        U8 => wide != Bool,
        I32 => matches!(wide, I32 | I64 | F64),
        F16 => matches!(wide, F16 | F32 | F64),
        BF16 => matches!(wide, BF16 | F32 | F64),
        F32 => matches!(wide, F32 | F64),
        I64 | F64 => wide == narrow,
    }
}
