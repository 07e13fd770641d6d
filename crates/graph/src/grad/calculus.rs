//! Derivatives of elementwise functions.
use super::known_number;
use super::table::{Shares, Site, both, plain, with_ones};
use crate::Value;
use crate::ir::{Binary, Compare, NodeId, Op, Reduce, Unary};
use std::f64::consts::PI;

/// dy · f′(x), in terms of y = f(x) where that saves work.
pub(super) fn unary(u: Unary, s: &Site<'_>) -> Value {
    let (dy, y) = (&s.dy, &s.y);
    let x = || s.x(0);
    let square = |v: &Value| v * v;
    match u {
        Unary::Neg => -dy,
        Unary::Abs => dy * x().sign(),
        Unary::Exp => dy * y,
        Unary::Expm1 => dy * (y + 1.0),
        Unary::Log => dy / x(),
        Unary::Log1p => dy / (x() + 1.0),
        Unary::Sqrt => dy / (y * 2.0),
        Unary::Rsqrt => dy * (y / x() * -0.5),
        Unary::Sin => dy * x().cos(),
        Unary::Cos => -(dy * x().sin()),
        Unary::Tan => dy * (square(y) + 1.0),
        Unary::Asin => dy * (1.0 - square(&x())).rsqrt(),
        Unary::Acos => -(dy * (1.0 - square(&x())).rsqrt()),
        Unary::Atan => dy / (square(&x()) + 1.0),
        Unary::Tanh => dy * (1.0 - square(y)),
        Unary::Sigmoid => dy * (y * (1.0 - y)),
        Unary::Erf => dy * ((-square(&x())).exp() * (2.0 / PI.sqrt())),
        Unary::ErfInv => dy * (square(y).exp() * (PI.sqrt() / 2.0)),
        Unary::LogGamma => dy * x().digamma(),
        Unary::Sign | Unary::Floor | Unary::Ceil | Unary::Round => super::zeros_like(&x()),
        Unary::Not | Unary::IsFinite => super::zeros_like(&x()),
    }
}

pub(super) fn binary(b: Binary, s: &Site<'_>) -> Shares {
    let (dy, y) = (&s.dy, &s.y);
    let (left, right) = (|| s.x(0), || s.x(1));
    match b {
        Binary::Add => both(s.share(0, || dy.clone()), s.share(1, || dy.clone())),
        Binary::Sub => both(s.share(0, || dy.clone()), s.share(1, || -dy)),
        Binary::Mul => both(s.share(0, || dy * right()), s.share(1, || dy * left())),
        Binary::Div => quotient(s),
        Binary::Rem => {
            both(s.share(0, || dy.clone()), s.share(1, || -(dy * ((left() - y) / right()).round())))
        }
        Binary::Pow => power(s),
        Binary::Max | Binary::Min => chosen(s, b == Binary::Max),
        Binary::Atan2 => {
            let norm = || dy / (left() * left() + right() * right());
            both(s.share(0, || norm() * right()), s.share(1, || -(norm() * left())))
        }
        // Integers and truth values only: gradients never come here.
        Binary::And | Binary::Or | Binary::Xor | Binary::Shl | Binary::Shr => Vec::new(),
    }
}

/// a / b; where this is a softmax e / Σe with e = exp(z), directly y · (dy − Σ y·dy) for z.
fn quotient(s: &Site<'_>) -> Shares {
    let (dy, y) = (&s.dy, &s.y);
    if let Some((z, axes)) = softmax(s) {
        let axes: Vec<isize> = axes.iter().map(|&a| a as isize).collect();
        return vec![(z, y * (dy - (y * dy).sum(&axes, true)))];
    }
    let share = dy / s.x(1);
    both(s.share(0, || share.clone()), s.share(1, || -(&share * y)))
}

/// The operand z and the axes, if the node is exp(z) / Σ exp(z) and both paths need a gradient.
fn softmax(s: &Site<'_>) -> Option<(NodeId, Vec<usize>)> {
    let [e, sum] = s.node.inputs[..] else { return None };
    let shape = &s.node.ty.shape;
    s.builder.nodes(|nodes, _| {
        let node = |id: NodeId| &nodes[id.index()];
        let (Op::Unary(Unary::Exp), [z]) = (&node(e).op, &node(e).inputs[..]) else { return None };
        let Op::Broadcast(_) = node(sum).op else { return None };
        let kept = &node(*node(sum).inputs.first()?).ty.shape;
        let of = plain(nodes, sum);
        let Op::Reduce(Reduce::Sum, axes) = &node(of).op else { return None };
        // The sum must come back along the axes that it was taken over.
        let whole = node(of).inputs[..] == [e] && *kept == with_ones(shape, axes) && s.needs(sum);
        (whole && s.may_skip_to(*z)).then(|| (*z, axes.clone()))
    })
}

/// aᵇ: b·aᵇ⁻¹ (0 where b is 0) and aᵇ·log a (0 where a is 0).
fn power(s: &Site<'_>) -> Shares {
    let (dy, y) = (&s.dy, &s.y);
    let by_base = || {
        let a = s.x(0);
        match known_number(s.builder, s.node.inputs[1]) {
            Some(0.0) => super::zeros_like(&a),
            Some(1.0) => dy.clone(),
            Some(2.0) => dy * (a * 2.0),
            Some(3.0) => dy * (&a * &a * 3.0),
            Some(0.5) => dy / (y * 2.0),
            Some(n) => dy * (a.pow(n - 1.0) * n),
            None => {
                let b = s.x(1);
                let is_zero = b.equal(0.0);
                let factor = &b * a.pow(is_zero.select(&super::zeros_like(&b), &b - 1.0));
                dy * is_zero.select(&super::zeros_like(&b), factor)
            }
        }
    };
    let by_exponent = || {
        let a = s.x(0);
        let safe = a.equal(0.0).select(&s.builder.scalar(a.dtype(), 1.0), &a);
        dy * (safe.log() * y)
    };
    both(s.share(0, by_base), s.share(1, by_exponent))
}

/// Maximum or minimum: all to the chosen operand, half to each of two equal ones (as JAX).
fn chosen(s: &Site<'_>, larger: bool) -> Shares {
    let (a, b, dy) = (s.x(0), s.x(1), &s.dy);
    let won = |a: &Value, b: &Value| {
        let alone = if larger { a.greater(b) } else { a.less(b) };
        let rest = a.equal(b).select(&(dy * 0.5), 0.0);
        alone.select(dy, rest)
    };
    both(s.share(0, || won(&a, &b)), s.share(1, || won(&b, &a)))
}

/// Each branch where it was taken. A relu, x ≤ 0 ? 0 : x, is told by its result, so that x
/// need not be kept for it.
pub(super) fn select(s: &Site<'_>) -> Shares {
    let zero = || s.builder.scalar(s.dy.dtype(), 0.0);
    let condition = if is_relu(s) { s.y.less_equal(0.0) } else { s.x(0) };
    both(
        s.share(1, || condition.select(&s.dy, zero())),
        s.share(2, || condition.select(&zero(), &s.dy)),
    )
}

fn is_relu(s: &Site<'_>) -> bool {
    let [condition, a, x] = s.node.inputs[..] else { return false };
    let compare = s.builder.node(condition);
    let zero = |id| known_number(s.builder, id) == Some(0.0);
    compare.op == Op::Compare(Compare::Le)
        && compare.inputs[0] == x
        && zero(compare.inputs[1])
        && zero(a)
}
