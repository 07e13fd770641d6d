#![allow(clippy::needless_range_loop)] // several arrays are walked by one index
use super::*;
use crate::kernels::testing::Floats;

/// Distance in units of the last place of the exact result (rounded to the format's spacing).
fn ulps(got: f32, want: f64) -> f64 {
    if want.is_nan() || got.is_nan() {
        return if want.is_nan() == got.is_nan() { 0.0 } else { f64::INFINITY };
    }
    let nearest = want as f32;
    if got == nearest {
        return 0.0;
    }
    if got.is_infinite() || nearest.is_infinite() {
        // One step across the largest number is one ulp.
        let largest = f32::MAX.copysign(nearest);
        return if got == largest || nearest == largest { 1.0 } else { f64::INFINITY };
    }
    let spacing = (f32::from_bits(nearest.abs().to_bits() + 1) - nearest.abs()) as f64;
    (got as f64 - want).abs() / spacing
}

/// Dense samples: every 10,007th bit pattern (all signs, exponents, NaN), and fine steps around 0.
fn samples() -> Vec<f32> {
    let mut x: Vec<f32> = (0..=u32::MAX).step_by(10_007).map(f32::from_bits).collect();
    x.extend((-200_000..200_000).map(|i| i as f32 * 5e-4));
    let special = [0.0, 1.0, f32::INFINITY, f32::NAN, f32::MAX, f32::MIN_POSITIVE, 1e-45, 88.72];
    x.extend(special.iter().flat_map(|v| [*v, -*v]));
    x
}

fn check(op: Unary, most: f64, absolute: f64, exact: impl Fn(f64) -> f64) {
    let x = samples();
    for level in Level::available() {
        let f = unary_at(level, op).unwrap();
        let mut y = vec![0f32; x.len()];
        unsafe { f(x.as_ptr(), y.as_mut_ptr(), x.len()) };
        let mut worst = (0.0, 0.0, 0.0);
        for (x, y) in x.iter().zip(&y) {
            let want = exact(*x as f64);
            let error = ulps(*y, want);
            if error > worst.0 && (*y as f64 - want).abs() > absolute {
                worst = (error, *x, *y);
            }
            if *x == 0.0 && want == 0.0 && op != Unary::Abs && op != Unary::Neg {
                assert_eq!(y.to_bits(), x.to_bits(), "{op:?} loses the sign of zero");
            }
        }
        println!("{level:?} {op:?}: {:.2} ulp at {:e}", worst.0, worst.1);
        assert!(worst.0 <= most, "{level:?} {op:?}: {worst:?}");
    }
}

fn erf(x: f64) -> f64 {
    if x.abs() > 5.5 {
        return 1f64.copysign(x);
    }
    let (mut term, mut sum, mut n) = (x, x, 1.0);
    while term.abs() > sum.abs() * 1e-18 {
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
        n += 1.0;
    }
    if x.is_nan() { x } else { 2.0 / std::f64::consts::PI.sqrt() * (-x * x).exp() * sum }
}

#[test]
fn exp_family() {
    check(Unary::Exp, 2.0, 0.0, f64::exp);
    check(Unary::Expm1, 2.5, 0.0, f64::exp_m1);
    check(Unary::Tanh, 4.0, 0.0, f64::tanh);
    check(Unary::Sigmoid, 4.0, 0.0, |x| 1.0 / (1.0 + (-x).exp()));
    check(Unary::Erf, 4.0, 0.0, erf);
}

#[test]
fn log_family() {
    check(Unary::Log, 2.0, 0.0, f64::ln);
    check(Unary::Log1p, 3.0, 0.0, f64::ln_1p);
}

#[test]
fn trigonometry() {
    check(Unary::Sin, 2.5, 1.2e-7, f64::sin);
    check(Unary::Cos, 2.5, 1.2e-7, f64::cos);
    check(Unary::Atan, 1.0, 0.0, f64::atan);
}

#[test]
fn simple_functions() {
    check(Unary::Sqrt, 0.51, 0.0, f64::sqrt);
    check(Unary::Rsqrt, 1.5, 0.0, |x| 1.0 / x.sqrt());
    check(Unary::Floor, 0.0, 0.0, f64::floor);
    check(Unary::Ceil, 0.0, 0.0, f64::ceil);
    check(Unary::Round, 0.0, 0.0, f64::round_ties_even);
    check(Unary::Neg, 0.0, 0.0, |x| -x);
    check(Unary::Abs, 0.0, 0.0, f64::abs);
    let sign = |x: f64| if x == 0.0 || x.is_nan() { x } else { x.signum() };
    check(Unary::Sign, 0.0, 0.0, sign);
}

#[test]
fn rare_functions() {
    for x in [-0.999f32, -0.5, 0.0, 1e-6, 0.3, 0.9999999] {
        assert!((erf(scalar::erf_inv(x) as f64) - x as f64).abs() < 1e-7, "{x}");
    }
    assert_eq!(scalar::erf_inv(1.0), f32::INFINITY);
    assert!(scalar::erf_inv(1.1).is_nan());
    for (x, want) in
        [(0.5, 0.572_364_9), (1.0, 0.0), (2.0, 0.0), (5.0, 3.178_053_9), (-0.5, 1.265_512_1)]
    {
        assert!((scalar::log_gamma(x) - want).abs() < 1e-6, "{x}: {}", scalar::log_gamma(x));
    }
    assert_eq!(scalar::log_gamma(-3.0), f32::INFINITY);
}

/// All tails and offsets; the value of an element does not depend on its place.
#[test]
fn tails_do_not_touch_neighbours() {
    let mut rng = Floats::new(7);
    let x = rng.vec(64);
    for level in Level::available() {
        for op in [Unary::Exp, Unary::Tanh, Unary::Sin, Unary::Erf] {
            let f = unary_at(level, op).unwrap();
            let mut whole = vec![0f32; 64];
            unsafe { f(x.as_ptr(), whole.as_mut_ptr(), 64) };
            for n in 0..40 {
                let mut y = vec![7f32; 64];
                unsafe { f(x.as_ptr().add(3), y.as_mut_ptr().add(1), n) };
                assert_eq!(y[1..=n], whole[3..3 + n]);
                assert!(y[0] == 7.0 && y[n + 1..].iter().all(|v| *v == 7.0));
            }
        }
    }
}

#[test]
fn binary_compare_select() {
    let mut rng = Floats::new(8);
    let (mut a, mut b) = (rng.vec(45), rng.vec(45));
    (a[3], b[4], a[7], b[7], b[9]) = (f32::NAN, f32::NAN, 0.25, 0.25, 0.0);
    let f64s = |f: fn(f32, f32) -> f32| f;
    let ops = [
        (Binary::Add, f64s(|a, b| a + b)),
        (Binary::Sub, f64s(|a, b| a - b)),
        (Binary::Mul, f64s(|a, b| a * b)),
        (Binary::Div, f64s(|a, b| a / b)),
        (Binary::Rem, f64s(|a, b| a % b)),
        (Binary::Pow, f64s(f32::powf)),
        (Binary::Atan2, f64s(f32::atan2)),
        (Binary::Max, f64s(|a, b| if a.is_nan() || b.is_nan() { f32::NAN } else { a.max(b) })),
        (Binary::Min, f64s(|a, b| if a.is_nan() || b.is_nan() { f32::NAN } else { a.min(b) })),
    ];
    let claims = [
        (Compare::Eq, (|a, b| a == b) as fn(&f32, &f32) -> bool),
        (Compare::Ne, |a, b| a != b),
        (Compare::Lt, |a, b| a < b),
        (Compare::Le, |a, b| a <= b),
        (Compare::Gt, |a, b| a > b),
        (Compare::Ge, |a, b| a >= b),
    ];
    let kinds = [Operands::Both, Operands::LeftScalar, Operands::RightScalar];
    for level in Level::available() {
        for n in [0, 1, 7, 16, 45] {
            for kind in kinds {
                let left = |i: usize| a[if kind == Operands::LeftScalar { 0 } else { i }];
                let right = |i: usize| b[if kind == Operands::RightScalar { 0 } else { i }];
                for (op, want) in ops {
                    let f = binary_at(level, op, kind).unwrap();
                    let mut y = vec![9f32; n + 1];
                    unsafe { f(a.as_ptr(), b.as_ptr(), y.as_mut_ptr(), n) };
                    for i in 0..n {
                        let w = want(left(i), right(i));
                        assert!(y[i] == w || (y[i].is_nan() && w.is_nan()), "{op:?} {i}");
                    }
                    assert_eq!(y[n], 9.0);
                }
                for (op, want) in claims {
                    let f = compare_at(level, op, kind);
                    let mut y = vec![9u8; n + 1];
                    unsafe { f(a.as_ptr(), b.as_ptr(), y.as_mut_ptr(), n) };
                    for i in 0..n {
                        assert_eq!(y[i], u8::from(want(&left(i), &right(i))), "{op:?} {i}");
                    }
                    assert_eq!(y[n], 9);
                }
                let c: Vec<u8> = (0..n).map(|i| (i % 3) as u8).collect();
                let mut y = vec![9f32; n + 1];
                let f = select_at(level, kind, false);
                unsafe { f(c.as_ptr(), a.as_ptr(), b.as_ptr(), y.as_mut_ptr(), n) };
                for i in 0..n {
                    let w = if c[i] != 0 { left(i) } else { right(i) };
                    assert!(y[i] == w || (y[i].is_nan() && w.is_nan()));
                }
                assert_eq!(y[n], 9.0);
                let mut y = vec![9u8; n + 1];
                let a = [1.0, f32::NAN, f32::INFINITY, -f32::MAX].repeat(12);
                unsafe { is_finite(level)(a.as_ptr(), y.as_mut_ptr(), n) };
                assert!((0..n).all(|i| y[i] == u8::from(a[i].is_finite())));
            }
        }
    }
}
