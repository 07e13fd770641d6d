//! The instructions of fused loops that compute: function pointers over short runs of elements.
//!
//! Each works on `n` elements; an operand that is a scalar is read once (its own version of the
//! function). Elements are taken in groups of [`GROUP`], loaded before anything is stored, so that
//! the destination may be the place of an operand. Nothing here depends on the position of an
//! element in a run, so cutting a loop elsewhere never changes a bit.
use crate::kernels::math::{self, Operands};
use crate::kernels::simd::Level;
use crate::memory::with_type;
use ferras_graph::{Binary, Compare, DType, Element, Unary};
use std::marker::PhantomData;

/// A function over a run of elements.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Function {
    /// One of float32.
    One(math::UnaryFn),
    /// Two of float32.
    Two(math::BinaryFn),
    /// A comparison of float32.
    Claim(math::CompareFn),
    /// Whether float32 is finite.
    Test(math::TestFn),
    /// A choice between float32.
    Choose(math::SelectFn),
    /// Any other: `(destination, operands…, count)`; operands that it lacks are not read.
    Any(unsafe fn(*mut u8, *const u8, *const u8, *const u8, usize)),
}

impl Function {
    /// Applies it to `n` elements.
    ///
    /// # Safety
    /// `d` and the operands that are not scalars hold n elements of the function's types, scalars
    /// one; `d` is one of the operands or overlaps none.
    #[inline(always)]
    pub(crate) unsafe fn call(&self, d: *mut u8, [a, b, c]: [*const u8; 3], n: usize) {
        // SAFETY: the caller's promise; memory of the plan is aligned to its element type.
        unsafe {
            match self {
                Function::One(f) => f(a.cast(), d.cast(), n),
                Function::Two(f) => f(a.cast(), b.cast(), d.cast(), n),
                Function::Claim(f) => f(a.cast(), b.cast(), d, n),
                Function::Test(f) => f(a.cast(), d, n),
                Function::Choose(f) => f(a, b.cast(), c.cast(), d.cast(), n),
                Function::Any(f) => f(d, a, b, c, n),
            }
        }
    }
}

/// Elements computed together.
const GROUP: usize = 16;

/// A function of one element.
trait One {
    type I: Copy + Default;
    type O: Copy + Default;
    fn f(a: Self::I) -> Self::O;
}

/// A function of two elements.
trait Two {
    type I: Copy + Default;
    type O: Copy + Default;
    fn f(a: Self::I, b: Self::I) -> Self::O;
}

/// Reads `GROUP` elements, or repeats one.
#[inline(always)]
unsafe fn group<T: Copy, const SCALAR: bool>(p: *const T, at: usize, one: T) -> [T; GROUP] {
    // SAFETY: the caller owns `at .. at + GROUP` of a run that is not a scalar.
    unsafe { if SCALAR { [one; GROUP] } else { p.add(at).cast::<[T; GROUP]>().read_unaligned() } }
}

#[inline(always)]
unsafe fn get<T: Copy, const SCALAR: bool>(p: *const T, at: usize) -> T {
    // SAFETY: the caller owns element `at`, or the only one.
    unsafe { if SCALAR { p.read_unaligned() } else { p.add(at).read_unaligned() } }
}

#[inline(always)]
unsafe fn one<F: One>(d: *mut u8, a: *const u8, n: usize) {
    let (d, a) = (d.cast::<F::O>(), a.cast::<F::I>());
    let mut at = 0;
    // SAFETY: `a` and `d` hold n elements; a group is read before it is written.
    unsafe {
        while at + GROUP <= n {
            let x = group::<_, false>(a, at, F::I::default());
            let mut y = [F::O::default(); GROUP];
            for j in 0..GROUP {
                y[j] = F::f(x[j]);
            }
            d.add(at).cast::<[F::O; GROUP]>().write_unaligned(y);
            at += GROUP;
        }
        while at < n {
            d.add(at).write_unaligned(F::f(a.add(at).read_unaligned()));
            at += 1;
        }
    }
}

#[inline(always)]
unsafe fn two<F: Two, const A: bool, const B: bool>(
    d: *mut u8,
    a: *const u8,
    b: *const u8,
    n: usize,
) {
    let (d, a, b) = (d.cast::<F::O>(), a.cast::<F::I>(), b.cast::<F::I>());
    let mut at = 0;
    // SAFETY: the operands hold n elements or are scalars, `d` holds n; a group is read before it
    // is written.
    unsafe {
        if n >= GROUP {
            let (p, q) = (a.read_unaligned(), b.read_unaligned());
            while at + GROUP <= n {
                let (x, y) = (group::<_, A>(a, at, p), group::<_, B>(b, at, q));
                let mut z = [F::O::default(); GROUP];
                for j in 0..GROUP {
                    z[j] = F::f(x[j], y[j]);
                }
                d.add(at).cast::<[F::O; GROUP]>().write_unaligned(z);
                at += GROUP;
            }
        }
        while at < n {
            d.add(at).write_unaligned(F::f(get::<_, A>(a, at), get::<_, B>(b, at)));
            at += 1;
        }
    }
}

unsafe fn choose<T: Copy + Default, const C: bool, const A: bool, const B: bool>(
    d: *mut u8,
    c: *const u8,
    a: *const u8,
    b: *const u8,
    n: usize,
) {
    let (d, a, b) = (d.cast::<T>(), a.cast::<T>(), b.cast::<T>());
    let mut at = 0;
    // SAFETY: as in `two`; `c` holds bytes that are 0 or 1.
    unsafe {
        if n >= GROUP {
            let (o, p, q) = (c.read(), a.read_unaligned(), b.read_unaligned());
            while at + GROUP <= n {
                let w = group::<_, C>(c, at, o);
                let (x, y) = (group::<_, A>(a, at, p), group::<_, B>(b, at, q));
                let mut z = [T::default(); GROUP];
                for j in 0..GROUP {
                    z[j] = if w[j] != 0 { x[j] } else { y[j] };
                }
                d.add(at).cast::<[T; GROUP]>().write_unaligned(z);
                at += GROUP;
            }
        }
        while at < n {
            let chosen =
                if get::<_, C>(c, at) != 0 { get::<_, A>(a, at) } else { get::<_, B>(b, at) };
            d.add(at).write_unaligned(chosen);
            at += 1;
        }
    }
}

unsafe fn call_one<F: One>(d: *mut u8, a: *const u8, _: *const u8, _: *const u8, n: usize) {
    // SAFETY: the contract is the caller's.
    unsafe { one::<F>(d, a, n) }
}

unsafe fn call_two<F: Two, const A: bool, const B: bool>(
    d: *mut u8,
    a: *const u8,
    b: *const u8,
    _: *const u8,
    n: usize,
) {
    // SAFETY: the contract is the caller's.
    unsafe { two::<F, A, B>(d, a, b, n) }
}

fn pick_one<F: One>() -> Function {
    Function::Any(call_one::<F>)
}

fn pick_two<F: Two>(scalar: [bool; 2]) -> Function {
    Function::Any(match scalar {
        [false, false] => call_two::<F, false, false>,
        [true, false] => call_two::<F, true, false>,
        [false, true] => call_two::<F, false, true>,
        // Two scalars are computed as a run of one element.
        [true, true] => call_two::<F, true, true>,
    })
}

fn pick_choose<T: Copy + Default>(scalar: [bool; 3]) -> Function {
    Function::Any(match scalar {
        [false, false, false] => choose::<T, false, false, false>,
        [false, true, false] => choose::<T, false, true, false>,
        [false, false, true] => choose::<T, false, false, true>,
        [false, true, true] => choose::<T, false, true, true>,
        [true, false, false] => choose::<T, true, false, false>,
        [true, true, false] => choose::<T, true, true, false>,
        [true, false, true] => choose::<T, true, false, true>,
        [true, true, true] => choose::<T, true, true, true>,
    })
}

/// Functions named by a type: `name types: |operands| formula;`. The result has the operands'
/// type, or that after the arrow.
macro_rules! functions {
    (one: $($name:ident $($t:ty)+: |$a:ident| $e:expr;)*) => {
        $($(functions! { @one $name, $t, $t, $a, $e })+)*
    };
    (one -> u8: $($name:ident $($t:ty)+: |$a:ident| $e:expr;)*) => {
        $($(functions! { @one $name, $t, u8, $a, $e })+)*
    };
    (two: $($name:ident $($t:ty)+: |$a:ident, $b:ident| $e:expr;)*) => {
        $($(functions! { @two $name, $t, $t, $a, $b, $e })+)*
    };
    (two -> u8: $($name:ident $($t:ty)+: |$a:ident, $b:ident| $e:expr;)*) => {
        $($(functions! { @two $name, $t, u8, $a, $b, $e })+)*
    };
    (@one $name:ident, $t:ty, $o:ty, $a:ident, $e:expr) => {
        impl One for $name<$t> {
            type I = $t;
            type O = $o;
            #[inline(always)]
            fn f($a: $t) -> $o { $e }
        }
    };
    (@two $name:ident, $t:ty, $o:ty, $a:ident, $b:ident, $e:expr) => {
        impl Two for $name<$t> {
            type I = $t;
            type O = $o;
            #[inline(always)]
            fn f($a: $t, $b: $t) -> $o { $e }
        }
    };
}

macro_rules! names {
    ($($name:ident)*) => { $(struct $name<T>(PhantomData<T>);)* };
}

names!(Add Sub Mul Div Rem Pow Max Min Atan2 And Or Xor Eq Ne Lt Le Gt Ge);
names!(Neg Abs Sign Floor Ceil Round Sqrt Rsqrt Not IsFinite);
names!(Exp Expm1 Log Log1p Sin Cos Tan Asin Acos Atan Tanh Sigmoid);

functions! { two:
    Add f64: |a, b| a + b;
    Sub f64: |a, b| a - b;
    Mul f64: |a, b| a * b;
    Div f64: |a, b| a / b;
    Rem f64: |a, b| a % b;
    Pow f64: |a, b| a.powf(b);
    Atan2 f64: |a, b| a.atan2(b);
    Max f64: |a, b| if a > b || a.is_nan() { a } else { b };
    Min f64: |a, b| if a < b || a.is_nan() { a } else { b };
    Add i32 i64: |a, b| a.wrapping_add(b);
    Sub i32 i64: |a, b| a.wrapping_sub(b);
    Mul i32 i64: |a, b| a.wrapping_mul(b);
    Div i32 i64: |a, b| if b == 0 { 0 } else { a.wrapping_div(b) };
    Rem i32 i64: |a, b| if b == 0 { 0 } else { a.wrapping_rem(b) };
    Max i32 i64 u8: |a, b| a.max(b);
    Min i32 i64 u8: |a, b| a.min(b);
    And i32 i64 u8: |a, b| a & b;
    Or i32 i64 u8: |a, b| a | b;
    Xor i32 i64 u8: |a, b| a ^ b;
}

functions! { two -> u8:
    Eq f64 i32 i64 u8: |a, b| u8::from(a == b);
    Ne f64 i32 i64 u8: |a, b| u8::from(a != b);
    Lt f64 i32 i64 u8: |a, b| u8::from(a < b);
    Le f64 i32 i64 u8: |a, b| u8::from(a <= b);
    Gt f64 i32 i64 u8: |a, b| u8::from(a > b);
    Ge f64 i32 i64 u8: |a, b| u8::from(a >= b);
}

functions! { one:
    Neg f64: |a| -a;
    Abs f64: |a| a.abs();
    Sign f64: |a| if a == 0.0 || a.is_nan() { a } else { a.signum() };
    Floor f64: |a| a.floor();
    Ceil f64: |a| a.ceil();
    Round f64: |a| a.round_ties_even();
    Sqrt f64: |a| a.sqrt();
    Rsqrt f64: |a| 1.0 / a.sqrt();
    Exp f64: |a| a.exp();
    Expm1 f64: |a| a.exp_m1();
    Log f64: |a| a.ln();
    Log1p f64: |a| a.ln_1p();
    Sin f64: |a| a.sin();
    Cos f64: |a| a.cos();
    Tan f64: |a| a.tan();
    Asin f64: |a| a.asin();
    Acos f64: |a| a.acos();
    Atan f64: |a| a.atan();
    Tanh f64: |a| a.tanh();
    Sigmoid f64: |a| 1.0 / (1.0 + (-a).exp());
    Neg i32 i64: |a| a.wrapping_neg();
    Abs i32 i64: |a| a.wrapping_abs();
    Sign i32 i64: |a| a.signum();
    Not i32 i64 u8: |a| !a;
}

functions! { one -> u8:
    IsFinite f64: |a| u8::from(a.is_finite());
    Not bool: |a| u8::from(!a);
}

/// The function of a unary op, if this element type has one here.
pub(crate) fn unary(level: Level, u: Unary, dtype: DType) -> Option<Function> {
    macro_rules! table {
        ($t:ty; $($name:ident)*) => {
            match u {
                $(Unary::$name => pick_one::<$name<$t>>(),)*
                _ => return None,
            }
        };
    }
    Some(match dtype {
        DType::F32 if u == Unary::IsFinite => Function::Test(math::is_finite(level)),
        DType::F32 => Function::One(math::unary_at(level, u)?),
        DType::F64 => table!(f64; Neg Abs Sign Floor Ceil Round Exp Expm1 Log Log1p Sqrt Rsqrt
            Sin Cos Tan Asin Acos Atan Tanh Sigmoid IsFinite),
        DType::I32 => table!(i32; Neg Abs Sign Not),
        DType::I64 => table!(i64; Neg Abs Sign Not),
        DType::Bool => table!(bool; Not),
        DType::U8 => table!(u8; Not),
        DType::F16 | DType::BF16 => return None,
    })
}

/// Which operands are scalars, for the functions of float32.
fn operands(scalar: [bool; 2]) -> Operands {
    match scalar {
        [true, false] => Operands::LeftScalar,
        [false, true] => Operands::RightScalar,
        _ => Operands::Both,
    }
}

/// The function of a binary op, if this element type has one here; `scalar` tells which operands
/// are.
pub(crate) fn binary(level: Level, b: Binary, dtype: DType, scalar: [bool; 2]) -> Option<Function> {
    macro_rules! table {
        ($t:ty; $($name:ident)*) => {
            match b {
                $(Binary::$name => pick_two::<$name<$t>>(scalar),)*
                _ => return None,
            }
        };
    }
    Some(match (dtype, b) {
        (DType::F32, _) => Function::Two(math::binary_at(level, b, operands(scalar))?),
        (DType::F64, _) => table!(f64; Add Sub Mul Div Rem Pow Max Min Atan2),
        (DType::I32, _) => table!(i32; Add Sub Mul Div Rem Max Min And Or Xor),
        (DType::I64, _) => table!(i64; Add Sub Mul Div Rem Max Min And Or Xor),
        // Truth values are bytes 0 and 1.
        (DType::Bool, Binary::Add | Binary::Or | Binary::Max) => pick_two::<Or<u8>>(scalar),
        (DType::Bool, Binary::Xor) => pick_two::<Xor<u8>>(scalar),
        (DType::Bool, Binary::Mul | Binary::And | Binary::Min) => pick_two::<And<u8>>(scalar),
        (DType::U8, _) => table!(u8; Max Min And Or Xor),
        _ => return None,
    })
}

/// The function of a comparison.
pub(crate) fn compare(
    level: Level,
    c: Compare,
    dtype: DType,
    scalar: [bool; 2],
) -> Option<Function> {
    macro_rules! table {
        ($t:ty) => {
            match c {
                Compare::Eq => pick_two::<Eq<$t>>(scalar),
                Compare::Ne => pick_two::<Ne<$t>>(scalar),
                Compare::Lt => pick_two::<Lt<$t>>(scalar),
                Compare::Le => pick_two::<Le<$t>>(scalar),
                Compare::Gt => pick_two::<Gt<$t>>(scalar),
                Compare::Ge => pick_two::<Ge<$t>>(scalar),
            }
        };
    }
    Some(match dtype {
        DType::F32 => Function::Claim(math::compare_at(level, c, operands(scalar))),
        DType::F64 => table!(f64),
        DType::I32 => table!(i32),
        DType::I64 => table!(i64),
        DType::Bool | DType::U8 => table!(u8),
        DType::F16 | DType::BF16 => return None,
    })
}

/// The function of `Select`: operands are the condition and both choices.
pub(crate) fn select(level: Level, dtype: DType, scalar: [bool; 3]) -> Function {
    match (dtype.size(), scalar) {
        (4, [false, a, b]) => Function::Choose(math::select_at(level, operands([a, b]), a && b)),
        (1, _) => pick_choose::<u8>(scalar),
        (2, _) => pick_choose::<u16>(scalar),
        (4, _) => pick_choose::<u32>(scalar),
        _ => pick_choose::<u64>(scalar),
    }
}

/// The function that copies elements of a size, or repeats one.
pub(crate) fn copy(size: usize, scalar: bool) -> Function {
    // The choice between an operand and itself.
    match size {
        1 => pick_choose::<u8>([true, scalar, scalar]),
        2 => pick_choose::<u16>([true, scalar, scalar]),
        4 => pick_choose::<u32>([true, scalar, scalar]),
        _ => pick_choose::<u64>([true, scalar, scalar]),
    }
}

/// A conversion between two types.
struct Cast<A, B>(PhantomData<(A, B)>);

macro_rules! casts {
    ($($a:ty => $b:ty: |$x:ident| $e:expr;)*) => {
        $(impl One for Cast<$a, $b> {
            type I = $a;
            type O = $b;
            #[inline(always)]
            fn f($x: $a) -> $b { $e }
        })*
    };
}

casts! {
    f32 => f64: |x| f64::from(x);
    f64 => f32: |x| x as f32;
    i32 => f32: |x| x as f32;
    u8 => f32: |x| f32::from(x);
    f32 => i32: |x| x as i32;
    f32 => half::f16: |x| half::f16::from_f32(x);
    f32 => half::bf16: |x| half::bf16::from_f32(x);
    half::f16 => f32: |x| x.to_f32();
    half::bf16 => f32: |x| x.to_f32();
    i32 => i64: |x| i64::from(x);
    i64 => i32: |x| x as i32;
    i64 => u8: |x| x as u8;
    i32 => u8: |x| x as u8;
}

/// Any other conversion goes through float64, as on the host.
struct Through<A, B>(PhantomData<(A, B)>);

impl<A: Element, B: Element> One for Through<A, B> {
    type I = A;
    type O = B;
    #[inline(always)]
    fn f(x: A) -> B {
        B::from_f64(x.to_f64())
    }
}

/// The function of a conversion.
pub(crate) fn cast(from: DType, to: DType) -> Function {
    use DType::{BF16, Bool, F16, F32, F64, I32, I64, U8};
    match (from, to) {
        (F32, F64) => pick_one::<Cast<f32, f64>>(),
        (F64, F32) => pick_one::<Cast<f64, f32>>(),
        (I32, F32) => pick_one::<Cast<i32, f32>>(),
        (Bool | U8, F32) => pick_one::<Cast<u8, f32>>(),
        (F32, I32) => pick_one::<Cast<f32, i32>>(),
        (F32, F16) => pick_one::<Cast<f32, half::f16>>(),
        (F32, BF16) => pick_one::<Cast<f32, half::bf16>>(),
        (F16, F32) => pick_one::<Cast<half::f16, f32>>(),
        (BF16, F32) => pick_one::<Cast<half::bf16, f32>>(),
        (I32, I64) => pick_one::<Cast<i32, i64>>(),
        (I64, I32) => pick_one::<Cast<i64, i32>>(),
        (I64, U8) => pick_one::<Cast<i64, u8>>(),
        (I32, U8) => pick_one::<Cast<i32, u8>>(),
        _ => with_type!(from, A => with_type!(to, B => pick_one::<Through<A, B>>())),
    }
}
