//! What each element type does in arithmetic.
use super::special::{erf, erf_inv, log_gamma};
use crate::Element;
use crate::ir::{Binary, Reduce, Unary};
use half::{bf16, f16};

/// An element type with its arithmetic.
pub(super) trait Number: Element + PartialOrd {
    /// What sums and products accumulate in.
    type Wide: Number;
    /// The least and the greatest value (infinite for floats).
    const ENDS: (Self, Self);

    fn unary(op: Unary, x: Self) -> Self;
    fn binary(op: Binary, a: Self, b: Self) -> Self;
    fn widen(self) -> Self::Wide;
    fn narrow(wide: Self::Wide) -> Self;

    /// Whether it is NaN, the one value that differs from itself.
    fn is_nan(self) -> bool {
        self.partial_cmp(&self).is_none()
    }

    /// One more element in a reduction.
    #[inline(always)]
    fn combine(kind: Reduce, a: Self, b: Self) -> Self {
        let op = match kind {
            Reduce::Sum => Binary::Add,
            Reduce::Prod => Binary::Mul,
            Reduce::Max => Binary::Max,
            Reduce::Min => Binary::Min,
        };
        Self::binary(op, a, b)
    }

    /// The reduction of nothing.
    fn neutral(kind: Reduce) -> Self {
        match kind {
            Reduce::Sum => Self::default(),
            Reduce::Prod => Self::from_f64(1.0),
            Reduce::Max => Self::ENDS.0,
            Reduce::Min => Self::ENDS.1,
        }
    }
}

macro_rules! floats {
    ($($t:ty, $infinity:expr, $minus_infinity:expr;)*) => {
        $(impl Number for $t {
            type Wide = f64;
            const ENDS: (Self, Self) = ($minus_infinity, $infinity);
            fn unary(op: Unary, x: Self) -> Self {
                Self::from_f64(float_unary(op, x.to_f64()))
            }
            #[inline(always)]
            fn binary(op: Binary, a: Self, b: Self) -> Self {
                Self::from_f64(float_binary(op, a.to_f64(), b.to_f64()))
            }
            fn widen(self) -> f64 {
                self.to_f64()
            }
            fn narrow(wide: f64) -> Self {
                Self::from_f64(wide)
            }
        })*
    };
}

floats! {
    f16, f16::INFINITY, f16::NEG_INFINITY;
    bf16, bf16::INFINITY, bf16::NEG_INFINITY;
    f32, f32::INFINITY, f32::NEG_INFINITY;
    f64, f64::INFINITY, f64::NEG_INFINITY;
}

fn float_unary(op: Unary, x: f64) -> f64 {
    match op {
        Unary::Neg => -x,
        Unary::Abs => x.abs(),
        Unary::Sign if x == 0.0 => x,
        Unary::Sign => x.signum(),
        Unary::Floor => x.floor(),
        Unary::Ceil => x.ceil(),
        Unary::Round => x.round_ties_even(),
        Unary::Exp => x.exp(),
        Unary::Expm1 => x.exp_m1(),
        Unary::Log => x.ln(),
        Unary::Log1p => x.ln_1p(),
        Unary::Sqrt => x.sqrt(),
        Unary::Rsqrt => 1.0 / x.sqrt(),
        Unary::Sin => x.sin(),
        Unary::Cos => x.cos(),
        Unary::Tan => x.tan(),
        Unary::Asin => x.asin(),
        Unary::Acos => x.acos(),
        Unary::Atan => x.atan(),
        Unary::Tanh => x.tanh(),
        Unary::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Unary::Erf => erf(x),
        Unary::ErfInv => erf_inv(x),
        Unary::LogGamma => log_gamma(x),
        // Never inferred for floats (`Not`) or to a float (`IsFinite`).
        Unary::Not | Unary::IsFinite => f64::NAN,
    }
}

#[inline(always)]
fn float_binary(op: Binary, a: f64, b: f64) -> f64 {
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Rem => a % b,
        Binary::Pow => a.powf(b),
        Binary::Max | Binary::Min if a.is_nan() || b.is_nan() => f64::NAN,
        Binary::Max => a.max(b),
        Binary::Min => a.min(b),
        Binary::Atan2 => a.atan2(b),
        // Never inferred for floats.
        Binary::And | Binary::Or | Binary::Xor | Binary::Shl | Binary::Shr => f64::NAN,
    }
}

macro_rules! integers {
    ($($t:ty)*) => {
        $(impl Number for $t {
            type Wide = Self;
            const ENDS: (Self, Self) = (<$t>::MIN, <$t>::MAX);
            fn unary(op: Unary, x: Self) -> Self {
                let sign = Self::from(x > 0).wrapping_sub(Self::from(x < Self::default()));
                match op {
                    Unary::Neg => x.wrapping_neg(),
                    Unary::Abs => x.wrapping_mul(sign),
                    Unary::Sign => sign,
                    Unary::Not => !x,
                    _ => x, // never inferred for integers
                }
            }
            #[inline(always)]
            fn binary(op: Binary, a: Self, b: Self) -> Self {
                let bits = u32::try_from(b).ok();
                match op {
                    Binary::Add => a.wrapping_add(b),
                    Binary::Sub => a.wrapping_sub(b),
                    Binary::Mul => a.wrapping_mul(b),
                    Binary::Div if b == 0 => 0,
                    Binary::Div => a.wrapping_div(b),
                    Binary::Rem if b == 0 => 0,
                    Binary::Rem => a.wrapping_rem(b),
                    Binary::Pow if b < Self::default() => match a {
                        1 => 1,
                        _ if a.wrapping_add(1) != 0 => 0,
                        _ if b % 2 == 0 => 1,
                        _ => a,
                    },
                    Binary::Pow => power(a, b),
                    Binary::Max => a.max(b),
                    Binary::Min => a.min(b),
                    Binary::And => a & b,
                    Binary::Or => a | b,
                    Binary::Xor => a ^ b,
                    Binary::Shl => bits.and_then(|n| a.checked_shl(n)).unwrap_or(0),
                    Binary::Shr => {
                        let sign = if a < Self::default() { !0 } else { 0 };
                        bits.and_then(|n| a.checked_shr(n)).unwrap_or(sign)
                    }
                    Binary::Atan2 => 0, // never inferred for integers
                }
            }
            fn widen(self) -> Self {
                self
            }
            fn narrow(wide: Self) -> Self {
                wide
            }
        })*
    };
}

integers! { u8 i32 i64 }

/// aᵇ for b ≥ 0 by repeated squaring, wrapping; not `wrapping_pow`, whose exponent has 32 bits.
fn power<T: Number>(a: T, b: T) -> T {
    let (mut result, mut square, mut rest) = (T::from_f64(1.0), a, b);
    let one = T::from_f64(1.0);
    while rest != T::default() {
        if T::binary(Binary::And, rest, one) == one {
            result = T::binary(Binary::Mul, result, square);
        }
        square = T::binary(Binary::Mul, square, square);
        rest = T::binary(Binary::Shr, rest, one);
    }
    result
}

impl Number for bool {
    type Wide = bool;
    const ENDS: (bool, bool) = (false, true);
    fn unary(op: Unary, x: bool) -> bool {
        if op == Unary::Not { !x } else { x }
    }
    #[inline(always)]
    fn binary(op: Binary, a: bool, b: bool) -> bool {
        match op {
            Binary::Add | Binary::Or | Binary::Max => a | b,
            Binary::Xor => a ^ b,
            // `Mul`, `And` and `Min`; no other is inferred for bool.
            _ => a & b,
        }
    }
    fn widen(self) -> bool {
        self
    }
    fn narrow(wide: bool) -> bool {
        wide
    }
}
