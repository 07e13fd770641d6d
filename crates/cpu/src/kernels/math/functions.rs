//! Elementary functions of one register, generic over the instruction set.
//!
//! The polynomials are least-maximum fits of relative error, made for this file; their degree is
//! chosen so that rounding, not the fit, decides the error.
#![allow(clippy::missing_safety_doc)] // all: the features of S, nothing else
#![allow(clippy::undocumented_unsafe_blocks)] // every block: register operations of S only

use crate::kernels::simd::Simd;
use std::f32::consts::{LN_2, LOG2_E, SQRT_2};

/// ln 2 in two parts, the first short enough that small multiples of it are exact.
const LN_2_HI: f32 = 0.693_359_4;
const LN_2_LO: f32 = -2.121_944_4e-4;

/// c[0] + c[1] x + c[2] x² + …
#[inline(always)]
unsafe fn polynomial<S: Simd, const N: usize>(x: S::V, c: [f32; N]) -> S::V {
    unsafe {
        let mut sum = S::splat(c[N - 1]);
        for i in (0..N - 1).rev() {
            sum = S::fma(sum, x, S::splat(c[i]));
        }
        sum
    }
}

/// 2ⁿ for whole n in [-126, 127].
#[inline(always)]
unsafe fn power_of_two<S: Simd>(n: S::V) -> S::V {
    unsafe { S::from_bits(S::shl::<23>(S::iadd(S::int(n), S::isplat(127)))) }
}

/// x = n ln 2 + r: gives n and eʳ − 1.
#[inline(always)]
unsafe fn split_exp<S: Simd>(x: S::V) -> (S::V, S::V) {
    unsafe {
        let n = S::round(S::mul(x, S::splat(LOG2_E)));
        let r = S::fma(n, S::splat(-LN_2_HI), x);
        let r = S::fma(n, S::splat(-LN_2_LO), r);
        // eʳ = 1 + r + r² q(r)
        let q = polynomial::<S, 6>(
            r,
            [0.5, 0.166_666_66, 0.041_666_28, 0.008_333_504, 0.001_394_575_2, 0.000_197_892_66],
        );
        (n, S::fma(S::mul(r, r), q, r))
    }
}

/// eˣ, within 1 ulp; denormal results included.
#[inline(always)]
pub unsafe fn exp<S: Simd>(x: S::V) -> S::V {
    unsafe {
        // Beyond these bounds the result is 0 or infinite anyway. NaN passes.
        let x = S::min_raw(S::splat(89.0), S::max_raw(S::splat(-104.0), x));
        let (n, e) = split_exp::<S>(x);
        // In two steps: 2ⁿ itself may lie outside the normal numbers.
        let half = S::floor(S::mul(n, S::splat(0.5)));
        let y = S::mul(S::add(e, S::splat(1.0)), power_of_two::<S>(half));
        S::mul(y, power_of_two::<S>(S::sub(n, half)))
    }
}

/// eˣ − 1, within 2 ulp.
#[inline(always)]
pub unsafe fn expm1<S: Simd>(x: S::V) -> S::V {
    unsafe {
        let low = S::min_raw(S::splat(88.0), S::max_raw(S::splat(-40.0), x));
        let (n, e) = split_exp::<S>(low);
        let scale = power_of_two::<S>(n);
        let y = S::fma(scale, e, S::sub(scale, S::splat(1.0)));
        // Above 88 the 1 is lost. For tiny x the result is x, sign of zero included.
        let y = S::select(S::lt(S::splat(87.0), x), exp::<S>(x), y);
        S::select(S::lt(S::abs(x), S::splat(1e-8)), x, y)
    }
}

/// log x, within 1 ulp; denormal x included; −∞ at 0, NaN below.
#[inline(always)]
pub unsafe fn log<S: Simd>(x: S::V) -> S::V {
    unsafe {
        let tiny = S::lt(x, S::splat(f32::MIN_POSITIVE));
        let y = S::select(tiny, S::mul(x, S::splat((1u32 << 23) as f32)), x);
        // y = m 2ᵉ with m in [√½, √2): move the bits of √½ to an exponent's edge.
        let edge = S::isplat((SQRT_2 * 0.5).to_bits() as i32);
        let shifted = S::isub(S::bits(y), edge);
        let e = S::float(S::sar::<23>(shifted));
        let e = S::sub(e, S::select(tiny, S::splat(23.0), S::splat(0.0)));
        let m = S::iadd(S::iand(shifted, S::isplat(0x007f_ffff)), edge);
        let f = S::sub(S::from_bits(m), S::splat(1.0));
        // log(1 + f) = f − f²/2 + f³ q(f)
        let q = polynomial::<S, 9>(
            f,
            [
                0.333_333_13,
                -0.250_000_1,
                0.200_021_19,
                -0.166_679_96,
                0.142_195_51,
                -0.124_055_915,
                0.118_881_75,
                -0.116_756_41,
                0.067_466_01,
            ],
        );
        let f2 = S::mul(f, f);
        let small = S::fma(e, S::splat(LN_2_LO), S::mul(S::mul(f2, f), q));
        let small = S::fma(f2, S::splat(-0.5), small);
        let y = S::fma(e, S::splat(LN_2_HI), S::add(f, small));
        let y = S::select(S::eq(x, S::splat(f32::INFINITY)), x, y);
        let y = S::select(S::eq(x, S::splat(0.0)), S::splat(f32::NEG_INFINITY), y);
        // Everything that is not ≥ 0 is negative or NaN.
        S::select(S::le(S::splat(0.0), x), y, S::splat(f32::NAN))
    }
}

/// log(1 + x), within 3 ulp.
#[inline(always)]
pub unsafe fn log1p<S: Simd>(x: S::V) -> S::V {
    unsafe {
        let u = S::add(x, S::splat(1.0));
        // What rounding 1 + x lost, to first order.
        let lost = S::sub(x, S::sub(u, S::splat(1.0)));
        let y = S::add(log::<S>(u), S::div(lost, u));
        let plain = S::or(S::eq(u, S::splat(0.0)), S::eq(u, S::splat(f32::INFINITY)));
        let y = S::select(plain, log::<S>(u), y);
        S::select(S::lt(S::abs(x), S::splat(1e-8)), x, y)
    }
}

/// tanh x, within 3 ulp.
#[inline(always)]
pub unsafe fn tanh<S: Simd>(x: S::V) -> S::V {
    unsafe {
        // Beyond 9.1 the result is 1 in this format. NaN passes.
        let t = S::min_raw(S::splat(9.1), S::abs(x));
        let (n, e) = split_exp::<S>(S::add(t, t));
        let scale = power_of_two::<S>(n);
        let e = S::fma(scale, e, S::sub(scale, S::splat(1.0)));
        let y = S::div(e, S::add(e, S::splat(2.0)));
        let y = S::select(S::lt(t, S::splat(1e-4)), t, y);
        S::copysign(y, x)
    }
}

/// 1 / (1 + e⁻ˣ), within 3 ulp in both tails.
#[inline(always)]
pub unsafe fn sigmoid<S: Simd>(x: S::V) -> S::V {
    unsafe {
        let e = exp::<S>(S::neg(S::abs(x)));
        let one = S::splat(1.0);
        let y = S::div(S::select(S::lt(x, S::splat(0.0)), e, one), S::add(one, e));
        S::select(S::eq(x, x), y, x)
    }
}

/// The error function, within 3 ulp.
#[inline(always)]
pub unsafe fn erf<S: Simd>(x: S::V) -> S::V {
    unsafe {
        let t = S::min_raw(S::splat(4.0), S::abs(x));
        // Near 0: x + x p(x²). Further out: 1 − e^(−p(t)), where p = −log erfc.
        let p = polynomial::<S, 7>(
            S::mul(t, t),
            [
                0.128_379_17,
                -0.376_126_26,
                0.112_836,
                -0.026_854_444,
                0.005_189_535,
                -0.000_802_084_1,
                7.889_119e-5,
            ],
        );
        let near = S::fma(t, p, t);
        let p = polynomial::<S, 8>(
            t,
            [
                -0.000_188_038_18,
                1.129_578_5,
                0.633_219_9,
                0.108_418_56,
                -0.025_208_248,
                0.004_204_559,
                -0.000_441_335_9,
                2.168_681_4e-5,
            ],
        );
        let far = S::sub(S::splat(1.0), exp::<S>(S::neg(p)));
        S::copysign(S::select(S::lt(t, S::splat(1.0)), near, far), x)
    }
}

/// Sine and cosine are reduced by vector arithmetic up to here; lanes beyond go one by one.
const LARGE_ANGLE: f32 = 10_000.0;

/// `sin(x + shift · π/2)` for |x| below [`LARGE_ANGLE`].
#[inline(always)]
unsafe fn sine<S: Simd>(x: S::V, shift: i32) -> S::V {
    unsafe {
        // x = n π/2 + r, π/2 in three parts.
        let n = S::round(S::mul(x, S::splat(std::f32::consts::FRAC_2_PI)));
        let r = S::fma(n, S::splat(-1.570_312_5), x);
        let r = S::fma(n, S::splat(-4.837_513e-4), r);
        let r = S::fma(n, S::splat(-7.549_79e-8), r);
        let quarter = S::iadd(S::int(n), S::isplat(shift));
        let z = S::mul(r, r);
        let s = polynomial::<S, 4>(
            z,
            [-0.166_666_67, 0.008_333_329, -0.000_198_392_95, 2.717_939_9e-6],
        );
        let s = S::fma(S::mul(z, r), s, r);
        let c =
            polynomial::<S, 4>(z, [0.041_666_668, -0.001_388_888_3, 2.479_948e-5, -2.720_678_7e-7]);
        let c = S::fma(S::mul(z, z), c, S::fma(z, S::splat(-0.5), S::splat(1.0)));
        let odd = S::ieq(S::iand(quarter, S::isplat(1)), S::isplat(1));
        let sign = S::shl::<31>(S::sar::<1>(quarter));
        S::from_bits(S::ixor(S::bits(S::select(odd, c, s)), sign))
    }
}

/// sin x, within 2 ulp (absolute 1e-7 near its zeros).
#[inline(always)]
pub unsafe fn sin<S: Simd>(x: S::V) -> S::V {
    unsafe {
        // Tiny x is its own sine; the reduction would lose the sign of zero.
        let tiny = S::lt(S::abs(x), S::splat(1e-4));
        patch_large::<S>(x, S::select(tiny, x, sine::<S>(x, 0)), f32::sin)
    }
}

/// cos x, within 2 ulp (absolute 1e-7 near its zeros).
#[inline(always)]
pub unsafe fn cos<S: Simd>(x: S::V) -> S::V {
    unsafe { patch_large::<S>(x, sine::<S>(x, 1), f32::cos) }
}

/// Replaces the lanes of y whose x is a large angle, infinite or NaN; no other lane depends on it.
#[inline(always)]
unsafe fn patch_large<S: Simd>(x: S::V, y: S::V, f: impl Fn(f32) -> f32) -> S::V {
    unsafe {
        if S::sum(S::select(S::le(S::abs(x), S::splat(LARGE_ANGLE)), S::splat(0.0), S::splat(1.0)))
            == 0.0
        {
            return y;
        }
        let (mut xs, mut ys) = ([0f32; 16], [0f32; 16]);
        S::store(xs.as_mut_ptr(), x);
        S::store(ys.as_mut_ptr(), y);
        for (x, y) in xs.iter().zip(ys.iter_mut()).take(S::LANES) {
            if x.abs() > LARGE_ANGLE || x.is_nan() {
                *y = f(*x);
            }
        }
        S::load(ys.as_ptr())
    }
}

/// −1, 0 or 1; zeros and NaN stay.
#[inline(always)]
pub unsafe fn sign<S: Simd>(x: S::V) -> S::V {
    unsafe {
        let kept = S::not(S::lt(S::splat(0.0), S::abs(x)));
        S::select(kept, x, S::copysign(S::splat(1.0), x))
    }
}

/// Applies a scalar function lane by lane: for functions too rare to be vectorised.
#[inline(always)]
pub unsafe fn each<S: Simd>(x: S::V, f: impl Fn(f32) -> f32) -> S::V {
    unsafe {
        let mut lanes = [0f32; 16];
        S::store(lanes.as_mut_ptr(), x);
        for lane in lanes.iter_mut().take(S::LANES) {
            *lane = f(*lane);
        }
        S::load(lanes.as_ptr())
    }
}

/// As [`each`], of two operands.
#[inline(always)]
pub unsafe fn each2<S: Simd>(a: S::V, b: S::V, f: impl Fn(f32, f32) -> f32) -> S::V {
    unsafe {
        let (mut x, mut y) = ([0f32; 16], [0f32; 16]);
        S::store(x.as_mut_ptr(), a);
        S::store(y.as_mut_ptr(), b);
        for (x, y) in x.iter_mut().zip(y).take(S::LANES) {
            *x = f(*x, y);
        }
        S::load(x.as_ptr())
    }
}

const _: () = assert!(LN_2_HI + LN_2_LO == LN_2);
