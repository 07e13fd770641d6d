//! Cases of the ops that move, repeat, pick or number elements.
use super::case::{Case, Tolerance};
use super::data::{Draw, seed_of};
use crate::ir::Op;
use crate::{DType, Result, Shape, Tensor, TensorType};

type Run<'a> = &'a mut dyn FnMut(Result<Case>);

pub(super) fn cases(run: Run<'_>) {
    for dtype in DType::ALL {
        for (op, shape) in one_operand() {
            let ty = TensorType::new(dtype, shape);
            let x = seed_of(&op, &ty).grid(&ty);
            run(Case::of_op(op, vec![x], Tolerance::EXACT));
        }
        for (axis, shapes) in concats() {
            let op = Op::Concat { axis };
            let grid = |s: Shape| Draw::named(&s.to_string()).grid(&TensorType::new(dtype, s));
            run(Case::of_op(op, shapes.into_iter().map(grid).collect(), Tolerance::EXACT));
        }
        for (shape, axis, indices) in picks() {
            pick(dtype, &shape, axis, &indices, run);
        }
        for (shape, axis) in [([0, 3], 1), ([5, 1], 0), ([7, 300], 1), ([200, 2], 0)] {
            let op = Op::Iota { dtype, shape: shape.into(), axis };
            run(Case::of_op(op, Vec::new(), Tolerance::EXACT));
        }
    }
    random(run);
}

/// Ops of one operand, with its shape.
fn one_operand() -> Vec<(Op, Shape)> {
    let slice = |start: &[usize], limit: &[usize], stride: &[usize]| Op::Slice {
        start: start.into(),
        limit: limit.into(),
        stride: stride.into(),
    };
    let pad = |low: &[usize], high: &[usize], interior: &[usize]| Op::Pad {
        low: low.into(),
        high: high.into(),
        interior: interior.into(),
        value: 1.0,
    };
    vec![
        (Op::Broadcast([5, 3].into()), [1, 3].into()),
        (Op::Broadcast([5, 3].into()), [5, 1].into()),
        (Op::Broadcast([4, 5, 6].into()), [1, 5, 1].into()),
        (Op::Broadcast([0, 3].into()), [1, 3].into()),
        (Op::Broadcast([70, 1025].into()), [1, 1].into()),
        (Op::Broadcast([129, 137].into()), [129, 1].into()),
        (Op::Reshape([3, 5].into()), [5, 3].into()),
        (Op::Reshape([].into()), [1, 1].into()),
        (Op::Reshape([0, 7].into()), [3, 0].into()),
        (Op::Reshape([129 * 137].into()), [129, 137].into()),
        (Op::Transpose(vec![]), [].into()),
        (Op::Transpose(vec![1, 0]), [5, 3].into()),
        (Op::Transpose(vec![1, 0]), [0, 3].into()),
        (Op::Transpose(vec![1, 0]), [129, 137].into()),
        (Op::Transpose(vec![0, 3, 1, 2]), [2, 9, 7, 5].into()),
        (Op::Transpose(vec![2, 0, 1]), [17, 1, 33].into()),
        (Op::Transpose(vec![3, 2, 1, 0]), [4, 3, 5, 2].into()),
        (Op::Reverse(vec![]), [3].into()),
        (Op::Reverse(vec![0]), [1025].into()),
        (Op::Reverse(vec![0, 2]), [3, 4, 5].into()),
        (Op::Reverse(vec![1]), [2, 0].into()),
        (slice(&[], &[], &[]), [].into()),
        (slice(&[2], &[2], &[1]), [5].into()),
        (slice(&[1, 0], &[4, 3], &[1, 2]), [5, 3].into()),
        (slice(&[3, 5], &[129, 136], &[7, 1]), [129, 137].into()),
        (slice(&[0, 3], &[129, 137], &[1, 5]), [129, 137].into()),
        (pad(&[], &[], &[]), [].into()),
        (pad(&[2], &[1], &[0]), [0].into()),
        (pad(&[1, 0], &[0, 2], &[0, 0]), [5, 3].into()),
        (pad(&[1, 2], &[3, 0], &[2, 1]), [4, 3].into()),
        (pad(&[0, 1, 1, 0], &[0, 1, 1, 0], &[0; 4]), [3, 28, 29, 5].into()),
        (Op::Sort { axis: 0, descending: false }, [7].into()),
        (Op::Sort { axis: 1, descending: true }, [3, 33, 2].into()),
        (Op::Sort { axis: 0, descending: true }, [0, 3].into()),
        (Op::Sort { axis: 0, descending: false }, [1500].into()),
        (Op::ArgSort { axis: 0, descending: false }, [7].into()),
        (Op::ArgSort { axis: 1, descending: true }, [3, 33, 2].into()),
        (Op::ArgSort { axis: 0, descending: false }, [0, 3].into()),
        (Op::ArgSort { axis: 0, descending: true }, [1500].into()),
    ]
}

fn concats() -> Vec<(usize, Vec<Shape>)> {
    vec![
        (0, vec![[3].into()]),
        (0, vec![[3].into(), [0].into(), [1025].into()]),
        (1, vec![[4, 1].into(), [4, 5].into(), [4, 2].into()]),
        (0, vec![[1, 5].into(), [2, 5].into()]),
        (1, vec![[2, 3, 4].into(), [2, 1, 4].into()]),
        (3, vec![[2, 9, 9, 3].into(), [2, 9, 9, 5].into(), [2, 9, 9, 1].into()]),
        (1, (0..20).map(|i| [3, i].into()).collect()),
    ]
}

/// Shape of the data, axis, shape of the indices.
fn picks() -> Vec<(Shape, usize, Shape)> {
    vec![
        ([5].into(), 0, [].into()),
        ([5].into(), 0, [0].into()),
        ([5, 3].into(), 0, [7].into()),
        ([5, 3].into(), 1, [2, 4].into()),
        ([4, 5, 6].into(), 1, [3].into()),
        ([0, 5].into(), 1, [3].into()),
        ([100, 33].into(), 0, [64].into()),
        ([9, 1000].into(), 1, [1, 30].into()),
    ]
}

fn pick(dtype: DType, shape: &Shape, axis: usize, indices: &Shape, run: Run<'_>) {
    let ty = TensorType::new(dtype, shape.clone());
    let n = shape[axis] as f64;
    for index_type in [DType::I32, DType::I64] {
        let mut draw = seed_of(&Op::Gather { axis }, &ty);
        let x = draw.grid(&ty);
        // From before the beginning to beyond the end, some places more than once.
        let i = draw.uniform(&TensorType::new(index_type, indices.clone()), -1.3 * n, 1.3 * n);
        run(Case::of_op(Op::Gather { axis }, vec![x.clone(), i.clone()], Tolerance::EXACT));
        let updates = [&shape[..axis], indices, &shape[axis + 1..]].concat();
        let updates = draw.grid(&TensorType::new(dtype, updates));
        run(Case::of_op(Op::ScatterAdd { axis }, vec![x, i, updates], Tolerance::EXACT));
    }
}

fn random(run: Run<'_>) {
    let keys = [[0_i64, 0], [42, 7], [-1, i64::MAX]];
    for (stream, key) in (0_u32..).zip(keys) {
        for shape in [vec![], vec![0], vec![1], vec![7], vec![5, 3], vec![20_011]] {
            let op = Op::Random { shape: shape.into(), stream: stream * 1000 };
            run(Tensor::new([2], key.to_vec())
                .and_then(|key| Case::of_op(op, vec![key], Tolerance::EXACT)));
        }
    }
}
