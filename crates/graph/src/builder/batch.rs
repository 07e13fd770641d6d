//! Ops of a loop's body done for all steps at once: each has the steps as a first axis of those
//! operands that change from step to step, and of its result.
use super::{Builder, Value};
use crate::Shape;
use crate::ir::{DotDims, Op};
use std::panic::Location;

/// How an op is done for all steps.
pub(super) struct Rule {
    /// The op, with axes and shapes that count the steps.
    op: Op,
    /// What becomes of the steps' axis.
    steps: Steps,
    count: usize,
}

enum Steps {
    /// It stands first in all operands (those that do not change are repeated) and in the result.
    First,
    /// It stands first in the operands that change, and at this place in the result.
    At(usize),
    /// It is joined with the batch, the operands' first axis.
    Joined,
}

/// The rule of an op, some of whose operands (of these shapes in one step) change; none for ops that
/// cannot be done so.
pub(super) fn rule(op: &Op, varies: &[bool], shapes: &[&Shape], count: usize) -> Option<Rule> {
    let front = |shape: &Shape| stacked(count, shape);
    let with_zero = |list: &[usize], first: usize| {
        std::iter::once(first).chain(list.iter().copied()).collect::<Vec<usize>>()
    };
    let later = |axes: &[usize]| axes.iter().map(|a| a + 1).collect::<Vec<usize>>();
    let first = |op: Op| Some((op, Steps::First));
    let joined = |op: Op| Some((op, Steps::Joined));
    let found = match op {
        Op::Unary(_) | Op::Binary(_) | Op::Compare(_) | Op::Select | Op::Cast(_) => {
            first(op.clone())
        }
        Op::Broadcast(to) => first(Op::Broadcast(front(to))),
        Op::Reshape(to) => first(Op::Reshape(front(to))),
        Op::Transpose(perm) => first(Op::Transpose(with_zero(&later(perm), 0))),
        Op::Concat { axis } => first(Op::Concat { axis: axis + 1 }),
        Op::Slice { start, limit, stride } => first(Op::Slice {
            start: with_zero(start, 0),
            limit: with_zero(limit, count),
            stride: with_zero(stride, 1),
        }),
        Op::Pad { low, high, interior, value } => first(Op::Pad {
            low: with_zero(low, 0),
            high: with_zero(high, 0),
            interior: with_zero(interior, 0),
            value: *value,
        }),
        Op::Reverse(axes) => first(Op::Reverse(later(axes))),
        Op::Reduce(kind, axes) => first(Op::Reduce(*kind, later(axes))),
        &Op::ArgReduce { largest, axis } => first(Op::ArgReduce { largest, axis: axis + 1 }),
        &Op::Cumulative { kind, axis, reverse } => {
            first(Op::Cumulative { kind, axis: axis + 1, reverse })
        }
        &Op::Sort { axis, descending } => first(Op::Sort { axis: axis + 1, descending }),
        &Op::ArgSort { axis, descending } => first(Op::ArgSort { axis: axis + 1, descending }),
        Op::Dot(dims) => dot(dims, varies, shapes),
        Op::Conv(_) if varies == [true, false] => joined(op.clone()),
        Op::MaxPool(_) | Op::SumPool(_) => joined(op.clone()),
        &Op::Gather { axis } => match varies {
            [true, false] => first(Op::Gather { axis: axis + 1 }).map(|(op, _)| (op, Steps::At(0))),
            [false, true] => Some((op.clone(), Steps::At(axis))),
            _ => None,
        },
        _ => None,
    };
    found.map(|(op, steps)| Rule { op, steps, count })
}

fn dot(dims: &DotDims, varies: &[bool], shapes: &[&Shape]) -> Option<(Op, Steps)> {
    let shift = |axes: &mut Vec<usize>| axes.iter_mut().for_each(|a| *a += 1);
    let mut d = dims.clone();
    if varies[0] {
        shift(&mut d.lhs_batch);
        shift(&mut d.lhs_contract);
    }
    if varies[1] {
        shift(&mut d.rhs_batch);
        shift(&mut d.rhs_contract);
    }
    let batch = dims.lhs_batch.len();
    let place = match varies {
        [true, true] => {
            d.lhs_batch.insert(0, 0);
            d.rhs_batch.insert(0, 0);
            0
        }
        [true, false] => batch,
        _ => shapes[0].rank() - dims.lhs_contract.len(),
    };
    Some((Op::Dot(d), Steps::At(place)))
}

impl Rule {
    /// The op for all steps; `shape` is that of its result in one step.
    pub(super) fn emit(
        &self,
        outer: &Builder,
        operands: Vec<Value>,
        varies: Vec<bool>,
        shape: &Shape,
        at: &'static Location<'static>,
    ) -> Value {
        let pairs = operands.into_iter().zip(varies);
        let operands: Vec<Value> = match self.steps {
            Steps::First => {
                let repeat =
                    |v: Value| v.expand_dims(0).broadcast_to(stacked(self.count, &v.shape()));
                pairs.map(|(v, varies)| if varies { v } else { repeat(v) }).collect()
            }
            Steps::At(_) => pairs.map(|(v, _)| v).collect(),
            Steps::Joined => pairs.map(|(v, varies)| if varies { join(&v) } else { v }).collect(),
        };
        let operands: Vec<&Value> = operands.iter().collect();
        let y = outer.push(self.op.clone(), &operands, "scan", at);
        match self.steps {
            Steps::First | Steps::At(0) => y,
            Steps::At(place) => {
                let rest = (0..y.rank()).filter(|&a| a != place);
                let perm: Vec<usize> = std::iter::once(place).chain(rest).collect();
                y.transpose(&perm)
            }
            Steps::Joined => y.reshape(stacked(self.count, shape)),
        }
    }
}

/// The first two axes as one.
fn join(v: &Value) -> Value {
    let shape = v.shape();
    let size = v.dim(0) * v.dim(1);
    v.reshape(std::iter::once(size).chain(shape.iter().skip(2).copied()).collect::<Shape>())
}

fn stacked(steps: usize, shape: &Shape) -> Shape {
    std::iter::once(steps).chain(shape.iter().copied()).collect()
}
