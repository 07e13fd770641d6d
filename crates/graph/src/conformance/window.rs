//! Cases of convolutions, pools and their gradients.
use super::case::{Case, Tolerance};
use super::data::{FLOATS, seed_of};
use crate::ir::{ConvDims, Op, Window};
use crate::{DType, Result, Shape, TensorType, infer};

type Run<'a> = &'a mut dyn FnMut(Result<Case>);

pub(super) fn cases(run: Run<'_>) {
    for dtype in FLOATS {
        for (dims, x, k) in convolutions() {
            convolution(dtype, &dims, x, k, run);
        }
        for (window, x) in pools() {
            pool(dtype, &window, x, run);
        }
    }
}

/// A square geometry: steps, padding, distance of taps, groups.
fn square(
    rank: usize,
    stride: usize,
    pad: (usize, usize),
    dilation: usize,
    groups: usize,
) -> ConvDims {
    ConvDims {
        strides: vec![stride; rank],
        padding: vec![pad; rank],
        dilation: vec![dilation; rank],
        groups,
    }
}

fn convolutions() -> Vec<(ConvDims, Shape, Shape)> {
    let uneven = ConvDims {
        strides: vec![1, 3],
        padding: vec![(2, 0), (0, 1)],
        dilation: vec![2, 1],
        groups: 1,
    };
    vec![
        (square(2, 1, (0, 0), 1, 1), [1, 1, 1, 1].into(), [1, 1, 1, 1].into()),
        (square(2, 1, (0, 0), 1, 1), [2, 8, 9, 1].into(), [3, 3, 1, 20].into()),
        (square(2, 1, (1, 1), 1, 1), [2, 9, 9, 1].into(), [3, 3, 1, 64].into()),
        (square(2, 1, (1, 1), 1, 1), [2, 7, 6, 17].into(), [3, 3, 17, 33].into()),
        (square(2, 1, (0, 0), 1, 1), [2, 5, 7, 32].into(), [1, 1, 32, 18].into()),
        (square(2, 2, (0, 1), 1, 1), [1, 11, 8, 3].into(), [3, 3, 3, 16].into()),
        (square(2, 1, (2, 2), 2, 1), [1, 9, 8, 5].into(), [3, 3, 5, 7].into()),
        (square(2, 1, (1, 1), 1, 3), [2, 6, 5, 9].into(), [3, 3, 3, 12].into()),
        (square(2, 1, (1, 1), 1, 19), [1, 8, 7, 19].into(), [3, 3, 1, 19].into()),
        (square(2, 2, (2, 2), 1, 1), [1, 12, 13, 2].into(), [5, 5, 2, 50].into()),
        (square(2, 3, (0, 0), 1, 1), [1, 10, 10, 4].into(), [2, 2, 4, 4].into()),
        (uneven, [2, 8, 10, 3].into(), [3, 2, 3, 5].into()),
        (square(2, 1, (0, 0), 1, 1), [1, 2, 2, 3].into(), [3, 3, 3, 4].into()),
        (square(2, 1, (0, 0), 1, 1), [0, 5, 5, 3].into(), [3, 3, 3, 4].into()),
        (square(2, 1, (3, 3), 1, 1), [1, 3, 3, 2].into(), [2, 2, 2, 3].into()),
        (square(1, 1, (2, 0), 1, 1), [3, 20, 4].into(), [3, 4, 17].into()),
        (square(1, 2, (1, 1), 3, 2), [2, 21, 6].into(), [3, 3, 4].into()),
        (square(3, 1, (1, 1), 1, 1), [1, 4, 5, 3, 2].into(), [3, 3, 3, 2, 5].into()),
        (square(0, 1, (0, 0), 1, 1), [5, 3].into(), [3, 4].into()),
    ]
}

fn convolution(dtype: DType, dims: &ConvDims, x: Shape, k: Shape, run: Run<'_>) {
    let (x, k) = (TensorType::new(dtype, x), TensorType::new(dtype, k));
    let op = Op::Conv(dims.clone());
    // A geometry that does not fit is reported by the case itself.
    let y = infer(&op, &[&x, &k]).unwrap_or_else(|_| x.clone());
    let mut draw = seed_of(&op, &x);
    let (a, b, dy) = (draw.grid(&x), draw.grid(&k), draw.grid(&y));
    let exact = Tolerance::EXACT;
    run(Case::of_op(op, vec![a.clone(), b.clone()], exact));
    let op = Op::ConvInputGrad(dims.clone(), x.shape.clone());
    run(Case::of_op(op, vec![dy.clone(), b], exact));
    run(Case::of_op(Op::ConvKernelGrad(dims.clone(), k.shape.clone()), vec![a, dy], exact));
}

fn pools() -> Vec<(Window, Shape)> {
    let square = |rank: usize, size, stride, pad| Window {
        size: vec![size; rank],
        strides: vec![stride; rank],
        padding: vec![pad; rank],
    };
    let uneven = Window { size: vec![3, 1], strides: vec![1, 2], padding: vec![(2, 1), (0, 0)] };
    vec![
        (square(2, 1, 1, (0, 0)), [1, 1, 1, 1].into()),
        (square(2, 2, 2, (0, 0)), [2, 8, 9, 5].into()),
        (square(2, 2, 2, (0, 1)), [2, 9, 7, 16].into()),
        (square(2, 3, 1, (1, 1)), [1, 7, 8, 17].into()),
        (square(2, 3, 2, (1, 1)), [1, 12, 13, 33].into()),
        (uneven, [2, 6, 7, 3].into()),
        (square(2, 3, 3, (0, 0)), [1, 2, 2, 4].into()),
        (square(2, 2, 2, (0, 0)), [0, 4, 4, 3].into()),
        (square(1, 4, 2, (1, 2)), [3, 21, 6].into()),
        (square(3, 2, 2, (0, 0)), [1, 4, 5, 6, 3].into()),
        (square(2, 2, 2, (0, 0)), [4, 26, 26, 32].into()),
    ]
}

fn pool(dtype: DType, window: &Window, shape: Shape, run: Run<'_>) {
    let x = TensorType::new(dtype, shape);
    let op = Op::MaxPool(window.clone());
    let y = infer(&op, &[&x]).unwrap_or_else(|_| x.clone());
    let mut draw = seed_of(&op, &x);
    // Few different values, so that windows have more than one largest.
    let few = draw.fill(&x, |d, _| d.below(4) as f64 - 2.0);
    let odd = draw.fill(&x, |d, i| if i % 7 == 3 { f64::NAN } else { d.below(4) as f64 });
    let (data, dy) = (draw.grid(&x), draw.grid(&y));
    let exact = Tolerance::EXACT;
    run(Case::of_op(op.clone(), vec![few.clone()], exact));
    run(Case::of_op(op, vec![odd.clone()], exact));
    run(Case::of_op(Op::MaxPoolGrad(window.clone()), vec![few, dy.clone()], exact));
    run(Case::of_op(Op::MaxPoolGrad(window.clone()), vec![odd, dy.clone()], exact));
    run(Case::of_op(Op::SumPool(window.clone()), vec![data], exact));
    run(Case::of_op(Op::SumPoolGrad(window.clone(), x.shape), vec![dy], exact));
}
