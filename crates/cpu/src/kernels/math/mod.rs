//! Elementwise functions over slices: a function pointer for each op and level.
//!
//! Ask once for the pointer, then call it tile by tile: a call costs no more than the loop it runs.
//! The functions may work in place (`y` equal to an operand). [`functions`] has the same for one
//! register, for loops that fuse several.
//!
//! An element's result depends on that element alone, never on its place in the slice.

pub mod functions;
mod scalar;

use super::simd::{Level, Simd};
use ferras_graph::{Binary, Compare, Unary};
use functions as f;

/// `y[i] = f(x[i])` for i below the count.
///
/// # Safety
/// Both pointers hold that many floats; they are equal or do not overlap.
pub type UnaryFn = unsafe fn(x: *const f32, y: *mut f32, n: usize);
/// `y[i] = f(a[i], b[i])`; a scalar operand is a pointer to one float.
///
/// # Safety
/// The pointers hold that many floats; `y` equals an operand or overlaps none.
pub type BinaryFn = unsafe fn(a: *const f32, b: *const f32, y: *mut f32, n: usize);
/// As [`BinaryFn`], giving bytes 0 and 1.
pub type CompareFn = unsafe fn(a: *const f32, b: *const f32, y: *mut u8, n: usize);
/// `y[i] = if c[i] != 0 { a[i] } else { b[i] }`; as [`BinaryFn`].
pub type SelectFn = unsafe fn(c: *const u8, a: *const f32, b: *const f32, y: *mut f32, n: usize);
/// `y[i]` = 1 if `x[i]` is neither infinite nor NaN, else 0.
pub type TestFn = unsafe fn(x: *const f32, y: *mut u8, n: usize);

/// Which operands of a binary function are single numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operands {
    /// Two slices.
    Both,
    /// The left is one number.
    LeftScalar,
    /// The right is one number.
    RightScalar,
}

/// A function of one register.
trait One {
    unsafe fn one<S: Simd>(x: S::V) -> S::V;
}
/// A function of two registers.
trait Two {
    unsafe fn two<S: Simd>(a: S::V, b: S::V) -> S::V;
}
/// A claim about two registers.
trait Claim {
    unsafe fn holds<S: Simd>(a: S::V, b: S::V) -> S::M;
}

#[inline(always)]
unsafe fn run_one<S: Simd, F: One>(x: *const f32, y: *mut f32, n: usize) {
    // SAFETY: whole registers below n, then the tail under a mask; the caller's contract.
    unsafe {
        let mut i = 0;
        while i + S::LANES <= n {
            S::store(y.add(i), F::one::<S>(S::load(x.add(i))));
            i += S::LANES;
        }
        if i < n {
            let v = F::one::<S>(S::load_masked(x.add(i), S::first(n - i)));
            S::store_first(y.add(i), v, n - i);
        }
    }
}

/// Loads an operand from place i: a register, its first `n` lanes, or one number for all.
#[inline(always)]
unsafe fn operand<S: Simd, const SCALAR: bool>(p: *const f32, i: usize, n: usize) -> S::V {
    // SAFETY: the lanes asked for are below the count of the calling loop.
    unsafe {
        if SCALAR {
            S::splat(*p)
        } else if n >= S::LANES {
            S::load(p.add(i))
        } else {
            S::load_masked(p.add(i), S::first(n))
        }
    }
}

#[inline(always)]
unsafe fn run_two<S: Simd, F: Two, const A: bool, const B: bool>(
    a: *const f32,
    b: *const f32,
    y: *mut f32,
    n: usize,
) {
    // SAFETY: as in `run_one`. A scalar operand may be overwritten in place only at the end: its
    // register is loaded before the first store.
    unsafe {
        let mut i = 0;
        while i + S::LANES <= n {
            let (x, z) = (operand::<S, A>(a, i, S::LANES), operand::<S, B>(b, i, S::LANES));
            S::store(y.add(i), F::two::<S>(x, z));
            i += S::LANES;
        }
        if i < n {
            let (x, z) = (operand::<S, A>(a, i, n - i), operand::<S, B>(b, i, n - i));
            S::store_first(y.add(i), F::two::<S>(x, z), n - i);
        }
    }
}

#[inline(always)]
unsafe fn run_claim<S: Simd, F: Claim, const A: bool, const B: bool>(
    a: *const f32,
    b: *const f32,
    y: *mut u8,
    n: usize,
) {
    // SAFETY: as in `run_one`.
    unsafe {
        let mut i = 0;
        while i < n {
            let now = (n - i).min(S::LANES);
            let (x, z) = (operand::<S, A>(a, i, now), operand::<S, B>(b, i, now));
            S::store_truth(y.add(i), F::holds::<S>(x, z), now);
            i += now;
        }
    }
}

#[inline(always)]
unsafe fn run_select<S: Simd, const A: bool, const B: bool>(
    c: *const u8,
    a: *const f32,
    b: *const f32,
    y: *mut f32,
    n: usize,
) {
    // SAFETY: as in `run_one`.
    unsafe {
        let mut i = 0;
        while i < n {
            let now = (n - i).min(S::LANES);
            let (x, z) = (operand::<S, A>(a, i, now), operand::<S, B>(b, i, now));
            let v = S::select(S::load_truth(c.add(i), now), x, z);
            S::store_first(y.add(i), v, now);
            i += now;
        }
    }
}

#[inline(always)]
unsafe fn run_finite<S: Simd>(x: *const f32, y: *mut u8, n: usize) {
    // SAFETY: as in `run_one`.
    unsafe {
        let mut i = 0;
        while i < n {
            let now = (n - i).min(S::LANES);
            let size = S::abs(operand::<S, false>(x, i, now));
            S::store_truth(y.add(i), S::lt(size, S::splat(f32::INFINITY)), now);
            i += now;
        }
    }
}

/// One zero-sized type for each op, its function, and its pointer for each level.
macro_rules! unary_table {
    ($($name:ident($x:ident) => $body:expr;)*) => {
        mod one {
            $(pub struct $name;)*
        }
        $(impl One for one::$name {
            #[inline(always)]
            unsafe fn one<S: Simd>($x: S::V) -> S::V {
                // SAFETY: register operations; the features are the caller's.
                unsafe { $body }
            }
        })*
        /// The function of a unary op at `level`, one of [`Level::available`].
        pub fn unary_at(level: Level, op: Unary) -> Option<UnaryFn> {
            match op {
                $(Unary::$name => Some(level_fn!(level, one[one::$name])),)*
                Unary::Not | Unary::IsFinite => None,
            }
        }
    };
}
macro_rules! binary_table {
    ($($name:ident($a:ident, $b:ident) => $body:expr;)*) => {
        mod two {
            $(pub struct $name;)*
        }
        $(impl Two for two::$name {
            #[inline(always)]
            unsafe fn two<S: Simd>($a: S::V, $b: S::V) -> S::V {
                // SAFETY: register operations; the features are the caller's.
                unsafe { $body }
            }
        })*
        /// The function of a binary op at `level`, one of [`Level::available`].
        pub fn binary_at(level: Level, op: Binary, operands: Operands) -> Option<BinaryFn> {
            match op {
                $(Binary::$name => Some(by_operands!(level, operands, two, two::$name)),)*
                Binary::And | Binary::Or | Binary::Xor | Binary::Shl | Binary::Shr => None,
            }
        }
    };
}
macro_rules! compare_table {
    ($($name:ident($a:ident, $b:ident) => $body:expr;)*) => {
        mod claim {
            $(pub struct $name;)*
        }
        $(impl Claim for claim::$name {
            #[inline(always)]
            unsafe fn holds<S: Simd>($a: S::V, $b: S::V) -> S::M {
                // SAFETY: register operations; the features are the caller's.
                unsafe { $body }
            }
        })*
        /// The function of a comparison at `level`, one of [`Level::available`].
        pub fn compare_at(level: Level, op: Compare, operands: Operands) -> CompareFn {
            match op {
                $(Compare::$name => by_operands!(level, operands, claim, claim::$name),)*
            }
        }
    };
}
/// The instance of a loop for a level.
macro_rules! level_fn {
    ($level:expr, $loop:ident[$($g:tt)*]) => {
        match $level {
            Level::Portable => plain::$loop::<$($g)*>,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => avx2::$loop::<$($g)*>,
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => avx512::$loop::<$($g)*>,
        }
    };
}
macro_rules! by_operands {
    ($level:expr, $operands:expr, $loop:ident, $f:ty) => {
        match $operands {
            Operands::Both => level_fn!($level, $loop[$f, false, false]),
            Operands::LeftScalar => level_fn!($level, $loop[$f, true, false]),
            Operands::RightScalar => level_fn!($level, $loop[$f, false, true]),
        }
    };
}
/// The loops of one level.
macro_rules! loops {
    ($module:ident, $simd:ty $(, $features:literal)?) => {
        mod $module {
            use super::*;
            $(#[target_feature(enable = $features)])?
            pub unsafe fn one<F: One>(x: *const f32, y: *mut f32, n: usize) {
                // SAFETY: the caller's contract.
                unsafe { run_one::<$simd, F>(x, y, n) }
            }
            $(#[target_feature(enable = $features)])?
            pub unsafe fn two<F: Two, const A: bool, const B: bool>(
                a: *const f32, b: *const f32, y: *mut f32, n: usize,
            ) {
                // SAFETY: the caller's contract.
                unsafe { run_two::<$simd, F, A, B>(a, b, y, n) }
            }
            $(#[target_feature(enable = $features)])?
            pub unsafe fn claim<F: Claim, const A: bool, const B: bool>(
                a: *const f32, b: *const f32, y: *mut u8, n: usize,
            ) {
                // SAFETY: the caller's contract.
                unsafe { run_claim::<$simd, F, A, B>(a, b, y, n) }
            }
            $(#[target_feature(enable = $features)])?
            pub unsafe fn select<const A: bool, const B: bool>(
                c: *const u8, a: *const f32, b: *const f32, y: *mut f32, n: usize,
            ) {
                // SAFETY: the caller's contract.
                unsafe { run_select::<$simd, A, B>(c, a, b, y, n) }
            }
            $(#[target_feature(enable = $features)])?
            pub unsafe fn finite(x: *const f32, y: *mut u8, n: usize) {
                // SAFETY: the caller's contract.
                unsafe { run_finite::<$simd>(x, y, n) }
            }
        }
    };
}
loops!(plain, super::super::simd::portable::Portable);
#[cfg(target_arch = "x86_64")]
loops!(avx2, super::super::simd::avx2::Avx2, "avx2,fma");
#[cfg(target_arch = "x86_64")]
loops!(avx512, super::super::simd::avx512::Avx512, "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma");

unary_table! {
    Neg(x) => S::neg(x);
    Abs(x) => S::abs(x);
    Sign(x) => f::sign::<S>(x);
    Floor(x) => S::floor(x);
    Ceil(x) => S::ceil(x);
    Round(x) => S::round(x);
    Exp(x) => f::exp::<S>(x);
    Expm1(x) => f::expm1::<S>(x);
    Log(x) => f::log::<S>(x);
    Log1p(x) => f::log1p::<S>(x);
    Sqrt(x) => S::sqrt(x);
    Rsqrt(x) => S::div(S::splat(1.0), S::sqrt(x));
    Sin(x) => f::sin::<S>(x);
    Cos(x) => f::cos::<S>(x);
    Tan(x) => f::each::<S>(x, f32::tan);
    Asin(x) => f::each::<S>(x, f32::asin);
    Acos(x) => f::each::<S>(x, f32::acos);
    Atan(x) => f::each::<S>(x, f32::atan);
    Tanh(x) => f::tanh::<S>(x);
    Sigmoid(x) => f::sigmoid::<S>(x);
    Erf(x) => f::erf::<S>(x);
    ErfInv(x) => f::each::<S>(x, scalar::erf_inv);
    LogGamma(x) => f::each::<S>(x, scalar::log_gamma);
}
binary_table! {
    Add(a, b) => S::add(a, b);
    Sub(a, b) => S::sub(a, b);
    Mul(a, b) => S::mul(a, b);
    Div(a, b) => S::div(a, b);
    Max(a, b) => S::max(a, b);
    Min(a, b) => S::min(a, b);
    Rem(a, b) => f::each2::<S>(a, b, |a, b| a % b);
    Pow(a, b) => f::each2::<S>(a, b, f32::powf);
    Atan2(a, b) => f::each2::<S>(a, b, f32::atan2);
}
compare_table! {
    Eq(a, b) => S::eq(a, b);
    Ne(a, b) => S::not(S::eq(a, b));
    Lt(a, b) => S::lt(a, b);
    Le(a, b) => S::le(a, b);
    Gt(a, b) => S::lt(b, a);
    Ge(a, b) => S::le(b, a);
}

/// The function of a unary op on this machine; none for ops that are not of floats
/// (`Not`) or give bool (`IsFinite`: see [`is_finite`]).
///
/// ```
/// use ferras_cpu::kernels::math;
/// use ferras_graph::Unary;
/// let exp = math::unary(Unary::Exp).ok_or("no such function")?;
/// let mut y = [0.0f32, 1.0];
/// // SAFETY: two floats, in place.
/// unsafe { exp(y.as_ptr(), y.as_mut_ptr(), 2) };
/// assert_eq!(y, [1.0, std::f32::consts::E]);
/// # Ok::<(), &str>(())
/// ```
pub fn unary(op: Unary) -> Option<UnaryFn> {
    unary_at(Level::detect(), op)
}

/// The function of a binary op on this machine; none for bitwise ops.
///
/// ```
/// use ferras_cpu::kernels::math::{self, Operands};
/// use ferras_graph::Binary;
/// let div = math::binary(Binary::Div, Operands::LeftScalar).ok_or("no such function")?;
/// let mut y = [2.0f32, 4.0];
/// // SAFETY: one float on the left, two on the right, in place.
/// unsafe { div(&1.0, y.as_ptr(), y.as_mut_ptr(), 2) };
/// assert_eq!(y, [0.5, 0.25]);
/// # Ok::<(), &str>(())
/// ```
pub fn binary(op: Binary, operands: Operands) -> Option<BinaryFn> {
    binary_at(Level::detect(), op, operands)
}

/// The function of a comparison on this machine.
pub fn compare(op: Compare, operands: Operands) -> CompareFn {
    compare_at(Level::detect(), op, operands)
}

/// The function that selects, on this machine; `both_scalar` for two numbers to choose from.
pub fn select(operands: Operands, both_scalar: bool) -> SelectFn {
    select_at(Level::detect(), operands, both_scalar)
}

/// As [`select`], at `level`, one of [`Level::available`].
pub fn select_at(level: Level, operands: Operands, both_scalar: bool) -> SelectFn {
    if both_scalar {
        return level_fn!(level, select[true, true]);
    }
    match operands {
        Operands::Both => level_fn!(level, select[false, false]),
        Operands::LeftScalar => level_fn!(level, select[true, false]),
        Operands::RightScalar => level_fn!(level, select[false, true]),
    }
}

/// The test for finite numbers at `level`, one of [`Level::available`].
pub fn is_finite(level: Level) -> TestFn {
    match level {
        Level::Portable => plain::finite,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => avx2::finite,
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => avx512::finite,
    }
}

#[cfg(test)]
mod tests;
