//! Operations of each element by itself: what NumPy has besides the common ones.
use super::arguments::{Given, floated};
use super::table::{Outcome, operations};
use ferras_graph::{DType, Value};
use std::f64::consts::{LN_2, LOG2_E, PI};

operations! {
    "ops.numpy" {
        // Functions
        Arccosh(x) => |g| g.float(|x| (&x + (x.square() - 1.0).sqrt()).log());
        Arcsinh(x) => |g| g.float(|x| {
            let size = x.abs();
            x.sign() * (&size + size.square() / ((size.square() + 1.0).sqrt() + 1.0)).log1p()
        });
        Arctanh(x) => |g| g.float(|x| (x.log1p() - x.negative().log1p()) * 0.5);
        Cbrt(x) => |g| g.float(|x| x.sign() * x.abs().pow(1.0 / 3.0));
        Deg2rad(x) => |g| g.float(|x| x * (PI / 180.0));
        Rad2deg(x) => |g| g.float(|x| x * (180.0 / PI));
        Fabs(x) => |g| g.float(|x| x.abs());
        Sinc(x) => |g| g.float(|x| {
            let zero = x.equal(0.0);
            let angle = zero.select(&x.full_like(1.0), x) * PI;
            zero.select(&angle.full_like(1.0), angle.sin() / &angle)
        });
        I0(x) => |g| g.float(|x| bessel(&x));
        Heaviside(x1, x2) => |g| g.binary(|x, y| {
            let (x, y) = (floated(x), floated(y));
            let side = x.greater(0.0).cast(x.dtype()) + &x * 0.0;
            x.equal(0.0).select(&y, side)
        });
        Ldexp(x1, x2) => |g| {
            let (x, y) = (floated(g.value("x1")?), g.value("x2")?);
            // In two factors, as 2 to the whole exponent may be too large or small for the type.
            let half = y.shift_right(1.0);
            let power = |n: &Value| x.full_like(2.0).pow(n.cast(x.dtype()));
            Ok(vec![&x * power(&half) * power(&(&y - &half))])
        };
        Logaddexp2(x1, x2) => |g| g.binary(|x, y| {
            let (x, y) = (floated(x), floated(y));
            x.maximum(&y) + ((x - y).abs() * -LN_2).exp().log1p() * LOG2_E
        });
        Fmax(x1, x2) => |g| g.binary(|x, y| known(&x, &y, x.maximum(&y)));
        Fmin(x1, x2) => |g| g.binary(|x, y| known(&x, &y, x.minimum(&y)));
        NanToNum(x)[nan, posinf, neginf] => nan_to_num;
        // Whole numbers
        BitwiseAnd(x, y) => |g| g.binary(|x, y| x.and(y));
        BitwiseOr(x, y) => |g| g.binary(|x, y| x.or(y));
        BitwiseXor(x, y) => |g| g.binary(|x, y| x.xor(y));
        BitwiseInvert(x) => |g| g.unary(|x| inverted(&x));
        BitwiseNot(x) => |g| g.unary(|x| inverted(&x));
        BitwiseLeftShift(x, y) => |g| g.binary(|x, y| x.shift_left(y));
        BitwiseRightShift(x, y) => |g| g.binary(|x, y| x.shift_right(y));
        LeftShift(x, y) => |g| g.binary(|x, y| x.shift_left(y));
        RightShift(x, y) => |g| g.binary(|x, y| x.shift_right(y));
        Gcd(x1, x2) => |g| g.binary(|x, y| common_divisor(&x, &y));
        Lcm(x1, x2) => |g| g.binary(|x, y| {
            let divisor = common_divisor(&x, &y);
            let zero = divisor.equal(0.0);
            let safe = zero.select(&divisor.full_like(1.0), &divisor);
            ((x / safe) * y).abs()
        });
        // Questions
        Signbit(x) => |g| g.float(|x| x.less(0.0).or(x.equal(0.0).and((x.full_like(1.0) / &x).less(0.0))));
        Isneginf(x) => |g| g.float(|x| x.equal(f64::NEG_INFINITY));
        Isposinf(x) => |g| g.float(|x| x.equal(f64::INFINITY));
        Isreal(x) => |g| g.unary(|x| x.full_like(1.0).cast(DType::Bool));
        Isclose(x1, x2, rtol, atol)[equal_nan] => |g| {
            let (x, y) = g.pair("x1", "x2")?;
            let (x, y) = (floated(x), floated(y));
            let [rtol, atol] = ["rtol", "atol"].map(|name| g.optional(name, Some(&x)));
            let near = |given: Option<Value>, default: f64| given.unwrap_or(x.builder().scalar(x.dtype(), default));
            Ok(vec![close(g, &x, &y, near(rtol?, 1e-5), near(atol?, 1e-8))])
        };
        AllClose(x1, x2)[rtol, atol, equal_nan] => |g| {
            let (x, y) = g.pair("x1", "x2")?;
            let (x, y) = (floated(x), floated(y));
            let number = |name: &str| g.number(name).map(|n| x.builder().scalar(x.dtype(), n));
            Ok(vec![close(g, &x, &y, number("rtol")?, number("atol")?).prod(&[], false)])
        };
        IsIn(x1, x2)[assume_unique, invert] => |g| {
            let (x, all) = g.pair("x1", "x2")?;
            let any = x.expand_dims(-1).equal(all.reshape([all.shape().elements()])).sum(&[-1], false);
            Ok(vec![if g.flag("invert") { any.logical_not() } else { any }])
        };
        // Parts of a number that is real
        Real(x) => |g| g.unary(|x| x);
        Imag(x) => |g| g.unary(|x| x.full_like(0.0));
        Conj(x) => |g| g.unary(|x| x);
        Conjugate(x) => |g| g.unary(|x| x);
        Angle(x) => |g| g.float(|x| x.full_like(0.0).atan2(x));
    }
    "ops.math" {
        Erfc(x) => |g| g.float(|x| erfc(&x));
    }
    "ops.core" {
        StopGradient(variable) => |g| g.unary(|x| x.stop_gradient());
        SaturateCast(x)[dtype] => |g| {
            let dtype = g.dtype()?.ok_or("dtype is missing")?;
            g.unary(|x| saturated(&x, dtype))
        };
    }
}

fn is_nan(x: &Value) -> Value {
    x.not_equal(x)
}

/// What is found, and where one of both is NaN the other one.
fn known(x: &Value, y: &Value, found: Value) -> Value {
    is_nan(x).select(y, is_nan(y).select(x, found))
}

/// All bits the other way round.
fn inverted(x: &Value) -> Value {
    match x.dtype() {
        DType::Bool => x.logical_not(),
        DType::U8 => x.full_like(255.0) - x,
        _ => x.full_like(-1.0) - x,
    }
}

/// Euclid's algorithm, as often as two numbers of 64 bits may need it.
fn common_divisor(x: &Value, y: &Value) -> Value {
    let dtype = x.dtype().promote(y.dtype());
    let sum = x.cast(dtype) * 0.0 + y.cast(dtype) * 0.0;
    let start = [&sum + x.abs(), &sum + y.abs()];
    let steps = if dtype.size() > 4 { 92 } else { 47 };
    let (end, _) = x.builder().scan(steps, false, &start, &[], |pair, _| {
        let (a, b) = (&pair[0], &pair[1]);
        let done = b.equal(0.0);
        let rest = a.rem(done.select(&b.full_like(1.0), b));
        (vec![done.select(a, b), done.select(b, rest)], Vec::new())
    });
    end[0].clone()
}

/// Whether numbers are as near to each other as `atol + rtol · |y|` says.
fn close(g: &Given<'_>, x: &Value, y: &Value, rtol: Value, atol: Value) -> Value {
    let finite = x.is_finite().and(y.is_finite());
    let near = (x - y).abs().less_equal(atol + rtol * y.abs());
    let same = x.equal(y);
    let same = if g.flag("equal_nan") { same.or(is_nan(x).and(is_nan(y))) } else { same };
    finite.and(near).or(same)
}

fn nan_to_num(g: &Given<'_>) -> Outcome {
    let x = g.value("x")?;
    if !x.dtype().is_float() {
        return Ok(vec![x]);
    }
    let (least, most) = range(x.dtype());
    let nan = g.own("nan").as_f64().unwrap_or(0.0);
    let high = g.own("posinf").as_f64().unwrap_or(most);
    let low = g.own("neginf").as_f64().unwrap_or(least);
    let fill = |number: f64| x.full_like(number);
    let y = is_nan(&x).select(&fill(nan), &x);
    let y = x.equal(f64::INFINITY).select(&fill(high), y);
    Ok(vec![x.equal(f64::NEG_INFINITY).select(&fill(low), y)])
}

/// The least and the largest number of a type.
pub(super) fn range(dtype: DType) -> (f64, f64) {
    let (least, most) = match dtype {
        DType::F64 => (f64::MIN, f64::MAX),
        DType::BF16 => (-3.389_531_389_251_535_5e38, 3.389_531_389_251_535_5e38),
        DType::F32 => (f64::from(f32::MIN), f64::from(f32::MAX)),
        DType::I64 => (i64::MIN as f64, i64::MAX as f64),
        DType::I32 => (f64::from(i32::MIN), f64::from(i32::MAX)),
        DType::U8 => (0.0, 255.0),
        _ => (0.0, 1.0),
    };
    (least, most)
}

/// As another type, whose least and largest numbers stand for those beyond them.
fn saturated(x: &Value, dtype: DType) -> Value {
    let (least, most) = range(dtype);
    let (own_least, own_most) = range(x.dtype());
    let x = if least > own_least { x.maximum(least) } else { x.clone() };
    // The largest whole number may round up in a float, beyond the type.
    let most = if x.dtype() == DType::F32 && dtype == DType::I32 { 2_147_483_520.0 } else { most };
    let x = if most < own_most { x.minimum(most) } else { x };
    x.cast(dtype)
}

/// Σ cₖ · xᵏ
fn polynomial(x: &Value, coefficients: &[f64]) -> Value {
    let mut terms = coefficients.iter().rev();
    let start = x.full_like(terms.next().copied().unwrap_or(0.0));
    terms.fold(start, |sum, c| sum * x + *c)
}

/// The modified Bessel function of the first kind and order 0: Abramowitz & Stegun 1964, 9.8.1 and
/// 9.8.2, right to 2 · 10⁻⁷ of itself.
fn bessel(x: &Value) -> Value {
    const NEAR: [f64; 7] =
        [1.0, 3.515_622_9, 3.089_942_4, 1.206_749_2, 0.265_973_2, 0.036_076_8, 0.004_581_3];
    const FAR: [f64; 9] = [
        0.398_942_28,
        0.013_285_92,
        0.002_253_19,
        -0.001_575_65,
        0.009_162_81,
        -0.020_577_06,
        0.026_355_37,
        -0.016_476_33,
        0.003_923_77,
    ];
    let size = x.abs();
    let near = size.less(3.75);
    let small = near.select(&size, 0.0) / 3.75;
    let large = near.select(&size.full_like(3.75), &size);
    let far = polynomial(&(large.full_like(3.75) / &large), &FAR) * large.exp() / large.sqrt();
    near.select(&polynomial(&small.square(), &NEAR), far)
}

/// 1 − erf(x), whose small numbers keep their digits: Press et al., Numerical Recipes, 6.2, right to
/// 1.2 · 10⁻⁷ of itself.
fn erfc(x: &Value) -> Value {
    const SERIES: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let far = x.greater(0.5);
    let large = far.select(x, 0.5);
    let t = large.full_like(1.0) / (&large * 0.5 + 1.0);
    let tail = &t * (polynomial(&t, &SERIES) - large.square()).exp();
    far.select(&tail, x.full_like(1.0) - x.erf())
}
