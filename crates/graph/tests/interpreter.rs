//! The interpreter against values worked out by hand, op by op.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
use ferras_graph::*;

fn t<T: Element>(shape: impl Into<Shape>, data: impl Into<Vec<T>>) -> Tensor {
    Tensor::new(shape, data.into()).unwrap()
}

fn run(op: Op, inputs: &[&Tensor]) -> Tensor {
    let types: Vec<TensorType> = inputs.iter().map(|t| t.ty()).collect();
    let ty = infer(&op, &types.iter().collect::<Vec<_>>()).unwrap();
    evaluate(&op, inputs, &ty).unwrap()
}

/// Compares with `==`, but NaN equals NaN.
#[track_caller]
fn is(got: &Tensor, shape: impl Into<Shape>, expected: &[f64]) {
    let same = |(a, b): (&f64, &f64)| a == b || a.is_nan() && b.is_nan();
    assert_eq!(*got.shape(), shape.into());
    let values = got.to_f64_vec();
    assert!(values.iter().zip(expected).all(same), "got {values:?}, expected {expected:?}");
}

#[track_caller]
fn unary(op: Unary, x: &[f64], expected: &[f64]) {
    is(&run(Op::Unary(op), &[&t([x.len()], x)]), [x.len()], expected);
}

#[track_caller]
fn binary<T: Element>(op: Binary, a: &[T], b: &[T], expected: &[f64]) {
    let (a, b) = (t([a.len()], a), t([b.len()], b));
    is(&run(Op::Binary(op), &[&a, &b]), a.shape().clone(), expected);
}

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

#[test]
fn unary_of_floats() {
    unary(Unary::Neg, &[1.0, -2.0, INF], &[-1.0, 2.0, -INF]);
    unary(Unary::Abs, &[1.0, -2.0, NAN], &[1.0, 2.0, NAN]);
    unary(Unary::Sign, &[3.0, -2.0, 0.0, NAN, -INF], &[1.0, -1.0, 0.0, NAN, -1.0]);
    unary(Unary::Floor, &[1.5, -1.5, 2.0], &[1.0, -2.0, 2.0]);
    unary(Unary::Ceil, &[1.5, -1.5, 2.0], &[2.0, -1.0, 2.0]);
    unary(Unary::Round, &[0.5, 1.5, 2.5, -0.5, 2.6], &[0.0, 2.0, 2.0, 0.0, 3.0]);
    unary(Unary::Exp, &[0.0, 1.0, -INF], &[1.0, std::f64::consts::E, 0.0]);
    unary(Unary::Expm1, &[0.0, 1e-20], &[0.0, 1e-20]);
    unary(Unary::Log, &[1.0, 0.0, -1.0], &[0.0, -INF, NAN]);
    unary(Unary::Log1p, &[0.0, 1e-20, -1.0], &[0.0, 1e-20, -INF]);
    unary(Unary::Sqrt, &[4.0, 0.0, -1.0], &[2.0, 0.0, NAN]);
    unary(Unary::Rsqrt, &[4.0, 0.0, INF], &[0.5, INF, 0.0]);
    unary(Unary::Sin, &[0.0, std::f64::consts::FRAC_PI_2], &[0.0, 1.0]);
    unary(Unary::Cos, &[0.0, std::f64::consts::PI], &[1.0, -1.0]);
    unary(Unary::Tan, &[0.0], &[0.0]);
    unary(Unary::Asin, &[1.0, 2.0], &[std::f64::consts::FRAC_PI_2, NAN]);
    unary(Unary::Acos, &[1.0, -2.0], &[0.0, NAN]);
    unary(Unary::Atan, &[INF, 0.0], &[std::f64::consts::FRAC_PI_2, 0.0]);
    unary(Unary::Tanh, &[0.0, INF, -INF], &[0.0, 1.0, -1.0]);
    unary(Unary::Sigmoid, &[0.0, INF, -INF, -1000.0], &[0.5, 1.0, 0.0, 0.0]);
    unary(Unary::Erf, &[0.0, INF, -10.0], &[0.0, 1.0, -1.0]);
    unary(Unary::ErfInv, &[0.0, 1.0, -1.0, 1.1], &[0.0, INF, -INF, NAN]);
    unary(Unary::LogGamma, &[-1.0, INF], &[INF, INF]);
    unary(Unary::IsFinite, &[1.0, INF, NAN], &[1.0, 0.0, 0.0]);
}

#[test]
fn unary_of_integers_and_bool() {
    let x = t([4], [5_i32, -5, 0, i32::MIN]);
    is(&run(Op::Unary(Unary::Neg), &[&x]), [4], &[-5.0, 5.0, 0.0, f64::from(i32::MIN)]);
    is(&run(Op::Unary(Unary::Abs), &[&x]), [4], &[5.0, 5.0, 0.0, f64::from(i32::MIN)]);
    is(&run(Op::Unary(Unary::Sign), &[&x]), [4], &[1.0, -1.0, 0.0, -1.0]);
    is(&run(Op::Unary(Unary::Not), &[&x]), [4], &[-6.0, 4.0, -1.0, f64::from(i32::MAX)]);
    is(&run(Op::Unary(Unary::Neg), &[&t([2], [1_u8, 0])]), [2], &[255.0, 0.0]);
    is(&run(Op::Unary(Unary::Abs), &[&t([2], [200_u8, 0])]), [2], &[200.0, 0.0]);
    is(&run(Op::Unary(Unary::Not), &[&t([2], [true, false])]), [2], &[0.0, 1.0]);
}

#[test]
fn binary_of_floats() {
    binary(Binary::Add, &[1.0, INF], &[2.0, -INF], &[3.0, NAN]);
    binary(Binary::Sub, &[1.0], &[2.0], &[-1.0]);
    binary(Binary::Mul, &[3.0, 0.0], &[2.0, INF], &[6.0, NAN]);
    binary(Binary::Div, &[1.0, -1.0, 0.0], &[4.0, 0.0, 0.0], &[0.25, -INF, NAN]);
    binary(Binary::Rem, &[5.5, -5.5, 1.0], &[2.0, 2.0, 0.0], &[1.5, -1.5, NAN]);
    binary(Binary::Pow, &[2.0, -8.0, 0.0, NAN], &[-1.0, 3.0, 0.0, 0.0], &[0.5, -512.0, 1.0, 1.0]);
    binary(Binary::Max, &[1.0, NAN, 1.0], &[2.0, 1.0, NAN], &[2.0, NAN, NAN]);
    binary(Binary::Min, &[1.0, NAN, 1.0], &[2.0, 1.0, NAN], &[1.0, NAN, NAN]);
    binary(Binary::Atan2, &[1.0, 0.0], &[0.0, 1.0], &[std::f64::consts::FRAC_PI_2, 0.0]);
}

#[test]
fn binary_of_integers_and_bool() {
    binary(Binary::Add, &[250_u8, 1], &[10, 2], &[4.0, 3.0]);
    binary(Binary::Mul, &[i32::MAX, 7], &[2, -3], &[-2.0, -21.0]);
    binary(
        Binary::Div,
        &[7_i32, -7, 7, i32::MIN],
        &[2, 2, 0, -1],
        &[3.0, -3.0, 0.0, -2_147_483_648.0],
    );
    binary(Binary::Rem, &[7_i32, -7, 7, i32::MIN], &[2, 2, 0, -1], &[1.0, -1.0, 0.0, 0.0]);
    binary(
        Binary::Pow,
        &[3_i32, 2, 1, -1, 0, 5],
        &[4, -1, -9, -3, 0, 0],
        &[81.0, 0.0, 1.0, -1.0, 1.0, 1.0],
    );
    binary(Binary::Pow, &[-1_i64, 3], &[-2, 4], &[1.0, 81.0]);
    binary(Binary::Pow, &[2_u8, 3], &[8, 200], &[0.0, f64::from(3_u8.wrapping_pow(200))]);
    binary(Binary::And, &[12_i64, -1], &[10, 5], &[8.0, 5.0]);
    binary(Binary::Or, &[12_i64], &[10], &[14.0]);
    binary(Binary::Xor, &[12_i64], &[10], &[6.0]);
    binary(Binary::Shl, &[1_i32, 1, 1, 3], &[4, 32, -1, 31], &[16.0, 0.0, 0.0, -2_147_483_648.0]);
    binary(Binary::Shr, &[-16_i32, -16, 16, 16], &[2, 40, 40, -1], &[-4.0, -1.0, 0.0, 0.0]);
    binary(Binary::Shr, &[200_u8, 200], &[1, 8], &[100.0, 0.0]);
    let (a, b) = ([true, true, false, false], [true, false, true, false]);
    for (op, expected) in [
        (Binary::Add, [1.0, 1.0, 1.0, 0.0]),
        (Binary::Mul, [1.0, 0.0, 0.0, 0.0]),
        (Binary::Max, [1.0, 1.0, 1.0, 0.0]),
        (Binary::Min, [1.0, 0.0, 0.0, 0.0]),
        (Binary::And, [1.0, 0.0, 0.0, 0.0]),
        (Binary::Or, [1.0, 1.0, 1.0, 0.0]),
        (Binary::Xor, [0.0, 1.0, 1.0, 0.0]),
    ] {
        binary(op, &a, &b, &expected);
    }
}

#[test]
fn sixteen_bit_floats_round_once() {
    let x = t([2], [2049.0_f32, 0.1]).cast(DType::F16);
    is(&x, [2], &[2048.0, 0.099_975_585_937_5]);
    let y = run(Op::Binary(Binary::Add), &[&x, &x]);
    assert_eq!((y.dtype(), y.to_f64_vec()), (DType::F16, vec![4096.0, 0.199_951_171_875]));
    // 300 ones: bfloat16 alone would stop at 256.
    let ones = Tensor::full(&TensorType::new(DType::BF16, [300]), 1.0);
    is(&run(Op::Reduce(Reduce::Sum, vec![0]), &[&ones]), [], &[300.0]);
}

#[test]
fn comparisons_and_select() {
    let (a, b) = (t([4], [1.0_f32, 2.0, 3.0, f32::NAN]), t([4], [2.0_f32, 2.0, 2.0, f32::NAN]));
    for (compare, expected) in [
        (Compare::Eq, [0.0, 1.0, 0.0, 0.0]),
        (Compare::Ne, [1.0, 0.0, 1.0, 1.0]),
        (Compare::Lt, [1.0, 0.0, 0.0, 0.0]),
        (Compare::Le, [1.0, 1.0, 0.0, 0.0]),
        (Compare::Gt, [0.0, 0.0, 1.0, 0.0]),
        (Compare::Ge, [0.0, 1.0, 1.0, 0.0]),
    ] {
        let y = run(Op::Compare(compare), &[&a, &b]);
        assert_eq!(y.dtype(), DType::Bool);
        is(&y, [4], &expected);
    }
    let c = t([2], [true, false]);
    is(&run(Op::Select, &[&c, &t([2], [1_i64, 2]), &t([2], [3_i64, 4])]), [2], &[1.0, 4.0]);
}

#[test]
fn casts() {
    let x = t([5], [1.9_f32, -1.9, f32::NAN, 1e20, -1e20]);
    let (low, high) = (f64::from(i32::MIN), f64::from(i32::MAX));
    is(&run(Op::Cast(DType::I32), &[&x]), [5], &[1.0, -1.0, 0.0, high, low]);
    is(&run(Op::Cast(DType::U8), &[&x]), [5], &[1.0, 0.0, 0.0, 255.0, 0.0]);
    is(&run(Op::Cast(DType::Bool), &[&t([3], [0.0, 0.5, NAN])]), [3], &[0.0, 1.0, 1.0]);
    is(&run(Op::Cast(DType::F16), &[&t([2], [true, false])]), [2], &[1.0, 0.0]);
}

#[test]
fn leaves() {
    let iota = Op::Iota { dtype: DType::I32, shape: [2, 3].into(), axis: 0 };
    is(&run(iota, &[]), [2, 3], &[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    let key = t([2], [42_i64, 3]);
    let y = run(Op::Random { shape: [2, 3].into(), stream: 7 }, &[&key]);
    let expected: Vec<f64> = (0..6).map(|i| random::uniform([42, 3], 7, i).into()).collect();
    is(&y, [2, 3], &expected);
    is(&run(Op::Constant(key.clone()), &[]), [2], &[42.0, 3.0]);
    assert!(evaluate(&Op::Feed, &[], &key.ty()).is_err());
    let wrong = evaluate(&Op::Reverse(vec![0]), &[&key], &TensorType::new(DType::F32, [2]));
    assert!(wrong.unwrap_err().to_string().contains("expected it to give float32 (2,)"));
}

#[test]
fn movement() {
    let x = t([2, 3], [1, 2, 3, 4, 5, 6]);
    let row = t([1, 3], [1, 2, 3]);
    is(&run(Op::Broadcast([2, 3].into()), &[&row]), [2, 3], &[1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
    is(&run(Op::Reshape([3, 2].into()), &[&x]), [3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    is(&run(Op::Transpose(vec![1, 0]), &[&x]), [3, 2], &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    is(&run(Op::Reverse(vec![1]), &[&x]), [2, 3], &[3.0, 2.0, 1.0, 6.0, 5.0, 4.0]);
    is(&run(Op::Reverse(vec![0, 1]), &[&x]), [2, 3], &[6.0, 5.0, 4.0, 3.0, 2.0, 1.0]);
    let column = t([2, 1], [7, 8]);
    let both = run(Op::Concat { axis: 1 }, &[&x, &column]);
    is(&both, [2, 4], &[1.0, 2.0, 3.0, 7.0, 4.0, 5.0, 6.0, 8.0]);
    let slice = Op::Slice { start: vec![1, 0], limit: vec![2, 3], stride: vec![1, 2] };
    is(&run(slice, &[&x]), [1, 2], &[4.0, 6.0]);
    let pad = Op::Pad { low: vec![1], high: vec![2], interior: vec![1], value: 9.0 };
    is(&run(pad, &[&t([2], [1.0_f32, 2.0])]), [6], &[9.0, 1.0, 9.0, 2.0, 9.0, 9.0]);
}

#[test]
fn gather_and_scatter() {
    let x = t([2, 3], [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let at = t([4], [2_i32, -1, -9, 9]);
    let y = run(Op::Gather { axis: 1 }, &[&x, &at]);
    is(&y, [2, 4], &[3.0, 3.0, 1.0, 3.0, 6.0, 6.0, 4.0, 6.0]);
    is(&run(Op::Gather { axis: 0 }, &[&x, &t([], [1_i64])]), [3], &[4.0, 5.0, 6.0]);
    // Both 2 and −1 hit the last place; −9 and 9 are dropped.
    let ones = Tensor::full(&TensorType::new(DType::F32, [2, 4]), 1.0);
    let y = run(Op::ScatterAdd { axis: 1 }, &[&x, &at, &ones]);
    is(&y, [2, 3], &[1.0, 2.0, 5.0, 4.0, 5.0, 8.0]);
}

#[test]
fn reductions() {
    let x = t([2, 3], [1.0, 2.0, 3.0, -4.0, 5.0, -6.0]);
    is(&run(Op::Reduce(Reduce::Sum, vec![1]), &[&x]), [2], &[6.0, -5.0]);
    is(&run(Op::Reduce(Reduce::Sum, vec![0]), &[&x]), [3], &[-3.0, 7.0, -3.0]);
    is(&run(Op::Reduce(Reduce::Prod, vec![0, 1]), &[&x]), [], &[720.0]);
    is(&run(Op::Reduce(Reduce::Max, vec![0]), &[&x]), [3], &[1.0, 5.0, 3.0]);
    is(&run(Op::Reduce(Reduce::Min, vec![1]), &[&x]), [2], &[1.0, -6.0]);
    is(&run(Op::Reduce(Reduce::Sum, vec![]), &[&x]), [2, 3], &x.to_f64_vec());
    is(&run(Op::Reduce(Reduce::Max, vec![0]), &[&t([2], [1.0, NAN])]), [], &[NAN]);
    let none = t::<f32>([0], []);
    let bytes = t::<u8>([0], []);
    for (kind, expected, byte) in [
        (Reduce::Sum, 0.0, 0.0),
        (Reduce::Prod, 1.0, 1.0),
        (Reduce::Max, -INF, 0.0),
        (Reduce::Min, INF, 255.0),
    ] {
        is(&run(Op::Reduce(kind, vec![0]), &[&none]), [], &[expected]);
        is(&run(Op::Reduce(kind, vec![0]), &[&bytes]), [], &[byte]);
    }
    let truth = t([2, 2], [true, false, false, false]);
    is(&run(Op::Reduce(Reduce::Sum, vec![1]), &[&truth]), [2], &[1.0, 0.0]);
    is(&run(Op::Reduce(Reduce::Prod, vec![1]), &[&t([1, 2], [true, true])]), [1], &[1.0]);
    is(&run(Op::Reduce(Reduce::Sum, vec![0]), &[&t([2], [200_u8, 100])]), [], &[44.0]);
}

#[test]
fn along_an_axis() {
    let x = t([2, 4], [1.0, 3.0, 3.0, 2.0, NAN, 1.0, NAN, 0.0]);
    is(&run(Op::ArgReduce { largest: true, axis: 1 }, &[&x]), [2], &[1.0, 0.0]);
    is(&run(Op::ArgReduce { largest: false, axis: 1 }, &[&x]), [2], &[0.0, 0.0]);
    is(&run(Op::ArgReduce { largest: true, axis: 0 }, &[&x]), [4], &[1.0, 0.0, 1.0, 0.0]);
    let n = t([4], [1, 2, 3, 4]);
    let running = |kind, reverse| Op::Cumulative { kind, axis: 0, reverse };
    is(&run(running(Reduce::Sum, false), &[&n]), [4], &[1.0, 3.0, 6.0, 10.0]);
    is(&run(running(Reduce::Sum, true), &[&n]), [4], &[10.0, 9.0, 7.0, 4.0]);
    is(&run(running(Reduce::Prod, false), &[&n]), [4], &[1.0, 2.0, 6.0, 24.0]);
    let z = t([3], [1.0, NAN, 5.0]);
    is(&run(running(Reduce::Max, false), &[&z]), [3], &[1.0, NAN, NAN]);
    is(&run(running(Reduce::Min, true), &[&z]), [3], &[NAN, NAN, 5.0]);
    let sort = |descending| Op::Sort { axis: 1, descending };
    is(&run(sort(false), &[&x]), [2, 4], &[1.0, 2.0, 3.0, 3.0, 0.0, 1.0, NAN, NAN]);
    is(&run(sort(true), &[&x]), [2, 4], &[3.0, 3.0, 2.0, 1.0, 1.0, 0.0, NAN, NAN]);
    let order = |descending| Op::ArgSort { axis: 1, descending };
    is(&run(order(false), &[&x]), [2, 4], &[0.0, 3.0, 1.0, 2.0, 3.0, 1.0, 0.0, 2.0]);
    is(&run(order(true), &[&x]), [2, 4], &[1.0, 2.0, 3.0, 0.0, 1.0, 3.0, 0.0, 2.0]);
    let columns = Op::Sort { axis: 0, descending: false };
    is(&run(columns, &[&t([2, 2], [3, 1, 2, 4])]), [2, 2], &[2.0, 1.0, 3.0, 4.0]);
}

#[test]
fn products() {
    let a = t([2, 3], [1, 2, 3, 4, 5, 6]);
    let b = t([3, 2], [1, 0, 0, 1, 1, 1]);
    let dims = |l: &[usize], r: &[usize]| DotDims {
        lhs_contract: l.into(),
        rhs_contract: r.into(),
        ..DotDims::default()
    };
    is(&run(Op::Dot(dims(&[1], &[0])), &[&a, &b]), [2, 2], &[4.0, 5.0, 10.0, 11.0]);
    is(&run(Op::Dot(dims(&[0], &[1])), &[&a, &b]), [3, 3], &[1., 4., 5., 2., 5., 7., 3., 6., 9.]);
    is(&run(Op::Dot(dims(&[0, 1], &[1, 0])), &[&a, &b]), [], &[4.0 + 11.0]);
    let outer = run(Op::Dot(dims(&[], &[])), &[&t([2], [2, 3]), &t([2], [5, 7])]);
    is(&outer, [2, 2], &[10.0, 14.0, 15.0, 21.0]);
    let rows = DotDims { lhs_batch: vec![0], rhs_batch: vec![1], ..dims(&[1], &[0]) };
    is(&run(Op::Dot(rows), &[&a, &b]), [2], &[4.0, 11.0]);
}

#[test]
fn convolutions() {
    let dims = ConvDims { strides: vec![1], padding: vec![(1, 1)], dilation: vec![1], groups: 1 };
    let x = t([1, 3, 1], [1.0_f32, 2.0, 3.0]);
    let k = t([3, 1, 1], [10.0_f32, 20.0, 30.0]);
    let y = run(Op::Conv(dims.clone()), &[&x, &k]);
    is(&y, [1, 3, 1], &[20.0 + 60.0, 10.0 + 40.0 + 90.0, 20.0 + 60.0]);
    let dy = t([1, 3, 1], [1.0_f32, 0.0, 2.0]);
    let dx = run(Op::ConvInputGrad(dims.clone(), [1, 3, 1].into()), &[&dy, &k]);
    is(&dx, [1, 3, 1], &[20.0, 30.0 + 20.0, 40.0]);
    let dk = run(Op::ConvKernelGrad(dims, [3, 1, 1].into()), &[&x, &dy]);
    is(&dk, [3, 1, 1], &[4.0, 1.0 + 6.0, 2.0]);
    // Two groups, taps two apart, steps of two.
    let dims = ConvDims { strides: vec![2], padding: vec![(0, 0)], dilation: vec![2], groups: 2 };
    let x = t([1, 5, 2], [1.0, 10.0, 2.0, 20.0, 3.0, 30.0, 4.0, 40.0, 5.0, 50.0]);
    let k = t([2, 1, 2], [1.0, 1.0, 2.0, -1.0]);
    let y = run(Op::Conv(dims), &[&x, &k]);
    is(&y, [1, 2, 2], &[1.0 + 6.0, 10.0 - 30.0, 3.0 + 10.0, 30.0 - 50.0]);
}

#[test]
fn pools() {
    let w = Window { size: vec![2], strides: vec![1], padding: vec![(1, 0)] };
    let x = t([1, 4, 1], [1.0, 3.0, 3.0, 2.0]);
    is(&run(Op::MaxPool(w.clone()), &[&x]), [1, 4, 1], &[1.0, 3.0, 3.0, 3.0]);
    is(&run(Op::SumPool(w.clone()), &[&x]), [1, 4, 1], &[1.0, 4.0, 6.0, 5.0]);
    let dy = t([1, 4, 1], [1.0, 10.0, 100.0, 1000.0]);
    // The third window sees 3 and 3: its gradient goes to the first.
    let dx = run(Op::MaxPoolGrad(w.clone()), &[&x, &dy]);
    is(&dx, [1, 4, 1], &[1.0, 110.0, 1000.0, 0.0]);
    let dx = run(Op::SumPoolGrad(w, [1, 4, 1].into()), &[&dy]);
    is(&dx, [1, 4, 1], &[11.0, 110.0, 1100.0, 1000.0]);
    // A window of padding alone gives −∞ and takes no gradient; NaN wins.
    let w = Window { size: vec![1], strides: vec![1], padding: vec![(1, 0)] };
    let x = t([1, 2, 1], [NAN, 4.0]);
    is(&run(Op::MaxPool(w.clone()), &[&x]), [1, 3, 1], &[-INF, NAN, 4.0]);
    let dy = t([1, 3, 1], [5.0, 6.0, 7.0]);
    is(&run(Op::MaxPoolGrad(w), &[&x, &dy]), [1, 2, 1], &[6.0, 7.0]);
}

#[test]
fn states_change_and_arguments_are_checked() {
    let b = Builder::new();
    let x = b.feed("x", TensorType::new(DType::F32, [2]));
    let total = b.state("total", TensorType::new(DType::F32, [2]));
    let graph = b.finish(&[x.clone() * 2.0], &[(total.clone(), &total + &x)]).unwrap();
    let program = Interpreter.compile(&graph).unwrap();
    let mut buffer = Interpreter.upload(&t([2], [1.0_f32, 2.0])).unwrap();
    let (data, mut out) = (t([2], [10.0_f32, 20.0]), Vec::new());
    for _ in 0..2 {
        program.run(&[data.view()], &mut [StateArg::Write(&mut buffer)], &mut out).unwrap();
    }
    is(&out[0], [2], &[20.0, 40.0]);
    is(&buffer.download().unwrap(), [2], &[21.0, 42.0]);

    let fails = |feeds: &[TensorView<'_>], states: &mut [StateArg<'_>]| {
        program.run(feeds, states, &mut Vec::new()).unwrap_err().to_string()
    };
    let write = &mut [StateArg::Write(&mut buffer)];
    assert_eq!(fails(&[], write), "expected 1 feeds (x), got 0");
    let wide = t([2], [1.0, 2.0]);
    let text = fails(&[wide.view()], write);
    assert_eq!(text, "feed \"x\": expected float32 (2,), got float64 (2,)");
    let text = fails(&[data.view()], &mut [StateArg::Read(&buffer)]);
    assert!(text.contains("state \"total\" is updated by the graph"), "{text}");
    let small = Interpreter.upload(&t([1], [1.0_f32])).unwrap();
    let text = fails(&[data.view()], &mut [StateArg::Read(&small)]);
    assert_eq!(text, "state \"total\": expected float32 (2,), got float32 (1,)");
    is(&buffer.download().unwrap(), [2], &[21.0, 42.0]);
}
