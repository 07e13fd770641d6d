//! Cases of reductions, of ops along one axis, and of products of two tensors.
use super::case::{Case, Tolerance};
use super::data::{FLOATS, seed_of};
use crate::ir::{DotDims, Op, Reduce};
use crate::{DType, Result, Shape, TensorType};

type Run<'a> = &'a mut dyn FnMut(Result<Case>);

const KINDS: [Reduce; 4] = [Reduce::Sum, Reduce::Prod, Reduce::Max, Reduce::Min];

pub(super) fn cases(run: Run<'_>) {
    for dtype in DType::ALL {
        for (shape, axes) in reductions() {
            let ty = TensorType::new(dtype, shape);
            KINDS
                .into_iter()
                .for_each(|kind| reduce(Op::Reduce(kind, axes.clone()), kind, &ty, run));
        }
        for (shape, axis) in rows() {
            let ty = TensorType::new(dtype, shape);
            for reverse in [false, true] {
                for kind in KINDS {
                    reduce(Op::Cumulative { kind, axis, reverse }, kind, &ty, run);
                }
                if ty.shape[axis] > 0 {
                    let op = Op::ArgReduce { largest: reverse, axis };
                    reduce(op, Reduce::Max, &ty, run);
                }
            }
        }
        if dtype != DType::Bool {
            products().into_iter().for_each(|(dims, a, b)| product(dtype, dims, a, b, run));
        }
    }
    precision(run);
}

fn reductions() -> Vec<(Shape, Vec<usize>)> {
    vec![
        ([].into(), vec![]),
        ([0].into(), vec![0]),
        ([1].into(), vec![0]),
        ([7].into(), vec![0]),
        ([5, 3].into(), vec![]),
        ([5, 3].into(), vec![0]),
        ([5, 3].into(), vec![1]),
        ([3, 0, 2].into(), vec![1]),
        ([3, 0, 2].into(), vec![0, 2]),
        ([33, 65].into(), vec![0, 1]),
        ([4, 5, 6, 7].into(), vec![1, 3]),
        ([4, 5, 6, 7].into(), vec![0, 1, 2]),
        ([4, 5, 6, 7].into(), vec![2]),
        ([17_011].into(), vec![0]),
        ([2, 9001].into(), vec![1]),
        ([9001, 2].into(), vec![0]),
        ([129, 137].into(), vec![0]),
        ([129, 137].into(), vec![1]),
    ]
}

/// Shapes and the axis that the op runs along.
fn rows() -> Vec<(Shape, usize)> {
    vec![
        ([1].into(), 0),
        ([0, 3].into(), 0),
        ([0, 3].into(), 1),
        ([7].into(), 0),
        ([5, 3].into(), 0),
        ([5, 3].into(), 1),
        ([3, 17, 2].into(), 1),
        ([2, 1025].into(), 1),
        ([131, 33].into(), 0),
    ]
}

/// Exact data, and for floats the same with NaN and infinities in it.
fn reduce(op: Op, kind: Reduce, ty: &TensorType, run: Run<'_>) {
    let mut draw = seed_of(&op, ty);
    let plain = if kind == Reduce::Prod { draw.factors(ty) } else { draw.grid(ty) };
    run(Case::of_op(op.clone(), vec![plain], Tolerance::EXACT));
    if ty.dtype.is_float() && ty.shape.elements() < 2000 {
        let odd = draw.fill(ty, |d, _| match d.below(12) {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => f64::NEG_INFINITY,
            _ => f64::from(d.chance(0.5)) * 2.0 - 1.0,
        });
        run(Case::of_op(op, vec![odd], Tolerance::EXACT));
    }
}

fn products() -> Vec<(DotDims, Shape, Shape)> {
    let dims = |b: [&[usize]; 2], c: [&[usize]; 2]| DotDims {
        lhs_batch: b[0].into(),
        rhs_batch: b[1].into(),
        lhs_contract: c[0].into(),
        rhs_contract: c[1].into(),
    };
    let plain = || dims([&[], &[]], [&[1], &[0]]);
    let batched = || dims([&[0], &[0]], [&[2], &[1]]);
    vec![
        (plain(), [1, 1].into(), [1, 1].into()),
        (plain(), [5, 3].into(), [3, 7].into()),
        (plain(), [0, 3].into(), [3, 7].into()),
        (plain(), [5, 0].into(), [0, 7].into()),
        (plain(), [1, 257].into(), [257, 33].into()),
        (plain(), [10, 11].into(), [11, 6].into()),
        (plain(), [33, 65].into(), [65, 31].into()),
        (plain(), [65, 1].into(), [1, 70].into()),
        (plain(), [131, 260].into(), [260, 97].into()),
        (dims([&[], &[]], [&[1], &[1]]), [33, 65].into(), [31, 65].into()),
        (dims([&[], &[]], [&[0], &[0]]), [65, 33].into(), [65, 31].into()),
        (dims([&[], &[]], [&[0], &[1]]), [65, 33].into(), [31, 65].into()),
        (dims([&[], &[]], [&[], &[]]), [5].into(), [7].into()),
        (dims([&[], &[]], [&[], &[]]), [].into(), [3, 2].into()),
        (dims([&[], &[]], [&[0], &[0]]), [1031].into(), [1031].into()),
        (dims([&[], &[]], [&[1], &[0]]), [33, 65].into(), [65].into()),
        (dims([&[], &[]], [&[2], &[0]]), [4, 9, 20].into(), [20, 17].into()),
        (dims([&[], &[]], [&[0, 2], &[1, 0]]), [6, 5, 7].into(), [7, 6, 3].into()),
        (batched(), [3, 5, 4].into(), [3, 4, 6].into()),
        (batched(), [1, 5, 4].into(), [1, 4, 6].into()),
        (batched(), [0, 5, 4].into(), [0, 4, 6].into()),
        (dims([&[0, 2], &[0, 1]], [&[3], &[3]]), [2, 9, 3, 8].into(), [2, 3, 11, 8].into()),
        (dims([&[1], &[2]], [&[0], &[1]]), [7, 3, 5].into(), [4, 7, 3].into()),
        (dims([&[0], &[0]], [&[], &[]]), [6].into(), [6].into()),
    ]
}

fn product(dtype: DType, dims: DotDims, a: Shape, b: Shape, run: Run<'_>) {
    let op = Op::Dot(dims);
    let (a, b) = (TensorType::new(dtype, a), TensorType::new(dtype, b));
    let mut draw = seed_of(&op, &a);
    let operands = vec![draw.grid(&a), draw.grid(&b)];
    run(Case::of_op(op, operands, Tolerance::EXACT));
}

/// Sums that a single running float32 would spoil, and products of numbers off the grid.
fn precision(run: Run<'_>) {
    let ty = TensorType::new(DType::F32, [1_000_003]);
    let op = Op::Reduce(Reduce::Sum, vec![0]);
    let x = seed_of(&op, &ty).uniform(&ty, 0.0, 1.0);
    run(Case::of_op(op, vec![x], Tolerance { absolute: 0.0, relative: 1e-6 }));
    for dtype in FLOATS {
        let op =
            Op::Dot(DotDims { lhs_contract: vec![1], rhs_contract: vec![0], ..DotDims::default() });
        let (a, b) = (TensorType::new(dtype, [37, 300]), TensorType::new(dtype, [300, 41]));
        let mut draw = seed_of(&op, &a);
        let operands = vec![draw.uniform(&a, 0.1, 1.0), draw.uniform(&b, 0.1, 1.0)];
        // All terms are positive, so the relative error stays that of some roundings.
        let ulps = if dtype.size() == 2 { 1.0 } else { 40.0 };
        run(Case::of_op(op, operands, Tolerance::ulps(dtype, ulps)));
    }
}
