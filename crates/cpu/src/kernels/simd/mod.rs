//! One small vocabulary of vector operations, spoken by three instruction sets.
//!
//! A kernel is written once, as an `#[inline(always)]` function generic over [`Simd`], and is
//! instantiated inside one function per instruction set that carries the matching
//! `#[target_feature]`. Which of them runs is decided once, at run time, by [`Level::detect`].

#[cfg(target_arch = "x86_64")]
pub mod avx2;
#[cfg(target_arch = "x86_64")]
pub mod avx512;
pub mod portable;

use std::sync::OnceLock;

/// An instruction set the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Plain Rust over small arrays; runs everywhere.
    Portable,
    /// 8 lanes with fused multiply-add (x86-64 of about 2013 and later).
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 16 lanes with masks.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The best level of this machine. Asked for once, then remembered.
    ///
    /// ```
    /// use ferras_cpu::kernels::simd::Level;
    /// assert!(Level::available().contains(&Level::detect()));
    /// ```
    pub fn detect() -> Level {
        static BEST: OnceLock<Level> = OnceLock::new();
        *BEST.get_or_init(|| Level::available().last().copied().unwrap_or(Level::Portable))
    }

    /// Every level this machine can run, weakest first. Tests walk over them.
    pub fn available() -> Vec<Level> {
        #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
        let mut levels = vec![Level::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                levels.push(Level::Avx2);
            }
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
            {
                levels.push(Level::Avx512);
            }
        }
        levels
    }

    /// The number of `f32` in one register of this level.
    pub fn lanes(self) -> usize {
        match self {
            Level::Portable => portable::Portable::LANES,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => avx2::Avx2::LANES,
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => avx512::Avx512::LANES,
        }
    }
}

/// Work that can be done at any level: arguments as fields, the kernel as `run`.
pub trait Task {
    /// What the work gives back.
    type Output;
    /// Does the work with the operations of `S`. Implementations are `#[inline(always)]`.
    ///
    /// # Safety
    /// The caller runs inside a function that enables the features of `S`, and the fields obey
    /// the contract of the implementing type.
    unsafe fn run<S: Simd>(self) -> Self::Output;
}

/// Runs `task` at `level`.
///
/// # Safety
/// `level` is one of [`Level::available`], and `task` obeys its own contract.
#[inline]
pub unsafe fn run_at<T: Task>(level: Level, task: T) -> T::Output {
    // SAFETY: the level is available, so its features are present; the rest is the caller's.
    unsafe {
        match level {
            Level::Portable => task.run::<portable::Portable>(),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => avx2::enter(task),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => avx512::enter(task),
        }
    }
}

/// Vector operations on `f32`. Every method is one or a few instructions and is always inlined.
///
/// # Safety
/// All methods need the instruction set of the implementing type; those with pointers need them
/// valid for the lanes they touch (no alignment asked).
#[allow(clippy::missing_safety_doc, missing_docs)] // said once, above, for the whole family
pub trait Simd: Copy + Send + Sync + 'static {
    /// A register of floats.
    type V: Copy;
    /// A register of 32-bit integers.
    type I: Copy;
    /// One truth value a lane.
    type M: Copy;
    /// Lanes in a register.
    const LANES: usize;

    unsafe fn splat(x: f32) -> Self::V;
    unsafe fn load(p: *const f32) -> Self::V;
    unsafe fn store(p: *mut f32, v: Self::V);
    /// The mask whose first `n` lanes are set (`n` above the width sets all).
    unsafe fn first(n: usize) -> Self::M;
    /// Loads the lanes of the mask, zero elsewhere; touches no other memory.
    unsafe fn load_masked(p: *const f32, m: Self::M) -> Self::V;
    /// Stores the first `n` lanes only, `n` ≤ width.
    unsafe fn store_first(p: *mut f32, v: Self::V, n: usize);
    /// Copies a block of `rows` × `cols` floats (both ≤ width) to its transpose: the float at
    /// `src + r · src_step + c` goes to `dst + c · dst_step + r`.
    unsafe fn transpose(
        src: *const f32,
        src_step: usize,
        dst: *mut f32,
        dst_step: usize,
        rows: usize,
        cols: usize,
    );

    /// Asks for the line at `p`, which need not be valid, to be brought near.
    #[inline(always)]
    unsafe fn prefetch(_p: *const f32) {}

    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn sqrt(a: Self::V) -> Self::V;
    /// `a · b + c`, rounded once where the hardware can.
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `a > b ? a : b`: the second operand when either is NaN.
    unsafe fn max_raw(a: Self::V, b: Self::V) -> Self::V;
    /// `a < b ? a : b`: the second operand when either is NaN.
    unsafe fn min_raw(a: Self::V, b: Self::V) -> Self::V;
    /// To the nearest whole number, ties to even.
    unsafe fn round(a: Self::V) -> Self::V;
    unsafe fn floor(a: Self::V) -> Self::V;
    unsafe fn ceil(a: Self::V) -> Self::V;

    unsafe fn bits(a: Self::V) -> Self::I;
    unsafe fn from_bits(a: Self::I) -> Self::V;
    unsafe fn isplat(x: i32) -> Self::I;
    unsafe fn iadd(a: Self::I, b: Self::I) -> Self::I;
    unsafe fn isub(a: Self::I, b: Self::I) -> Self::I;
    unsafe fn iand(a: Self::I, b: Self::I) -> Self::I;
    unsafe fn ior(a: Self::I, b: Self::I) -> Self::I;
    unsafe fn ixor(a: Self::I, b: Self::I) -> Self::I;
    unsafe fn shl<const N: i32>(a: Self::I) -> Self::I;
    /// Arithmetic shift to the right.
    unsafe fn sar<const N: i32>(a: Self::I) -> Self::I;
    /// Integer to float.
    unsafe fn float(a: Self::I) -> Self::V;
    /// Float to integer, nearest; lanes out of range give an unspecified integer.
    unsafe fn int(a: Self::V) -> Self::I;

    unsafe fn lt(a: Self::V, b: Self::V) -> Self::M;
    unsafe fn le(a: Self::V, b: Self::V) -> Self::M;
    unsafe fn eq(a: Self::V, b: Self::V) -> Self::M;
    unsafe fn ieq(a: Self::I, b: Self::I) -> Self::M;
    unsafe fn and(a: Self::M, b: Self::M) -> Self::M;
    unsafe fn or(a: Self::M, b: Self::M) -> Self::M;
    unsafe fn not(a: Self::M) -> Self::M;
    /// `m ? a : b`.
    unsafe fn select(m: Self::M, a: Self::V, b: Self::V) -> Self::V;
    /// Stores the first `n` lanes as bytes 0 and 1, `n` ≤ width.
    unsafe fn store_truth(p: *mut u8, m: Self::M, n: usize);
    /// Loads `n` ≤ width bytes; a lane is set if its byte is not 0.
    unsafe fn load_truth(p: *const u8, n: usize) -> Self::M;
    /// Stores the low bytes of the first `n` lanes, `n` ≤ width.
    unsafe fn store_bytes(p: *mut u8, a: Self::I, n: usize);
    /// Loads `n` ≤ width bytes as numbers from 0 to 255.
    unsafe fn load_bytes(p: *const u8, n: usize) -> Self::I;

    /// The larger operand; NaN if either is NaN.
    #[inline(always)]
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: register operations only.
        unsafe { Self::select(Self::eq(a, a), Self::max_raw(a, b), a) }
    }
    /// The smaller operand; NaN if either is NaN.
    #[inline(always)]
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: register operations only.
        unsafe { Self::select(Self::eq(a, a), Self::min_raw(a, b), a) }
    }
    /// The sum of all lanes, halves added first.
    #[inline(always)]
    unsafe fn sum(a: Self::V) -> f32 {
        // SAFETY: the array holds the widest register.
        unsafe {
            let mut lanes = [0f32; 16];
            Self::store(lanes.as_mut_ptr(), a);
            let mut width = Self::LANES;
            while width > 1 {
                width /= 2;
                for i in 0..width {
                    lanes[i] += lanes[i + width];
                }
            }
            lanes[0]
        }
    }
    #[inline(always)]
    unsafe fn abs(a: Self::V) -> Self::V {
        // SAFETY: register operations only.
        unsafe { Self::from_bits(Self::iand(Self::bits(a), Self::isplat(i32::MAX))) }
    }
    /// `|a|` with the sign of `b`.
    #[inline(always)]
    unsafe fn copysign(a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: register operations only.
        unsafe {
            let sign = Self::iand(Self::bits(b), Self::isplat(i32::MIN));
            Self::from_bits(Self::ior(Self::bits(Self::abs(a)), sign))
        }
    }
    #[inline(always)]
    unsafe fn neg(a: Self::V) -> Self::V {
        // SAFETY: register operations only.
        unsafe { Self::from_bits(Self::ixor(Self::bits(a), Self::isplat(i32::MIN))) }
    }
}
