//! 8 lanes; masks are registers of all-ones or all-zeros lanes.
#![allow(clippy::undocumented_unsafe_blocks)] // every block: the trait's contract, passed on
use super::{Simd, Task};
use std::arch::x86_64::*;

/// AVX2 with FMA.
#[derive(Clone, Copy, Debug)]
pub struct Avx2;

/// Runs a task with the features of [`Avx2`].
///
/// # Safety
/// The machine has them; the task obeys its contract.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn enter<T: Task>(task: T) -> T::Output {
    unsafe { task.run::<Avx2>() }
}

impl Simd for Avx2 {
    type V = __m256;
    type I = __m256i;
    type M = __m256;
    const LANES: usize = 8;

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m256 {
        unsafe { _mm256_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> __m256 {
        unsafe { _mm256_loadu_ps(p) }
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: __m256) {
        unsafe { _mm256_storeu_ps(p, v) }
    }
    #[inline(always)]
    unsafe fn first(n: usize) -> __m256 {
        unsafe {
            let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let n = _mm256_set1_epi32(n.min(8) as i32);
            _mm256_castsi256_ps(_mm256_cmpgt_epi32(n, lanes))
        }
    }
    #[inline(always)]
    unsafe fn load_masked(p: *const f32, m: __m256) -> __m256 {
        unsafe { _mm256_maskload_ps(p, _mm256_castps_si256(m)) }
    }
    #[inline(always)]
    unsafe fn store_first(p: *mut f32, v: __m256, n: usize) {
        // Masked stores are microcoded on some processors; a copy from the stack never is.
        unsafe {
            if n == 8 {
                return Self::store(p, v);
            }
            let mut lanes = [0f32; 8];
            Self::store(lanes.as_mut_ptr(), v);
            std::ptr::copy_nonoverlapping(lanes.as_ptr(), p, n);
        }
    }
    #[inline(always)]
    unsafe fn transpose(
        src: *const f32,
        src_step: usize,
        dst: *mut f32,
        dst_step: usize,
        rows: usize,
        cols: usize,
    ) {
        unsafe {
            let mask = Self::first(cols);
            let mut x = [Self::splat(0.0); 8];
            for (r, v) in x.iter_mut().enumerate().take(rows) {
                *v = Self::load_masked(src.add(r * src_step), mask);
            }
            for (c, v) in transpose_8(x).into_iter().enumerate().take(cols) {
                Self::store_first(dst.add(c * dst_step), v, rows);
            }
        }
    }

    #[inline(always)]
    unsafe fn prefetch(p: *const f32) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
    }

    #[inline(always)]
    unsafe fn add(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn sub(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_sub_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn mul(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_mul_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn div(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_div_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn sqrt(a: __m256) -> __m256 {
        unsafe { _mm256_sqrt_ps(a) }
    }
    #[inline(always)]
    unsafe fn fma(a: __m256, b: __m256, c: __m256) -> __m256 {
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    unsafe fn max_raw(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_max_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn min_raw(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_min_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn round(a: __m256) -> __m256 {
        unsafe { _mm256_round_ps::<0x08>(a) }
    }
    #[inline(always)]
    unsafe fn floor(a: __m256) -> __m256 {
        unsafe { _mm256_round_ps::<0x09>(a) }
    }
    #[inline(always)]
    unsafe fn ceil(a: __m256) -> __m256 {
        unsafe { _mm256_round_ps::<0x0a>(a) }
    }

    #[inline(always)]
    unsafe fn bits(a: __m256) -> __m256i {
        unsafe { _mm256_castps_si256(a) }
    }
    #[inline(always)]
    unsafe fn from_bits(a: __m256i) -> __m256 {
        unsafe { _mm256_castsi256_ps(a) }
    }
    #[inline(always)]
    unsafe fn isplat(x: i32) -> __m256i {
        unsafe { _mm256_set1_epi32(x) }
    }
    #[inline(always)]
    unsafe fn iadd(a: __m256i, b: __m256i) -> __m256i {
        unsafe { _mm256_add_epi32(a, b) }
    }
    #[inline(always)]
    unsafe fn isub(a: __m256i, b: __m256i) -> __m256i {
        unsafe { _mm256_sub_epi32(a, b) }
    }
    #[inline(always)]
    unsafe fn iand(a: __m256i, b: __m256i) -> __m256i {
        unsafe { _mm256_and_si256(a, b) }
    }
    #[inline(always)]
    unsafe fn ior(a: __m256i, b: __m256i) -> __m256i {
        unsafe { _mm256_or_si256(a, b) }
    }
    #[inline(always)]
    unsafe fn ixor(a: __m256i, b: __m256i) -> __m256i {
        unsafe { _mm256_xor_si256(a, b) }
    }
    #[inline(always)]
    unsafe fn shl<const N: i32>(a: __m256i) -> __m256i {
        unsafe { _mm256_sll_epi32(a, _mm_cvtsi32_si128(N)) }
    }
    #[inline(always)]
    unsafe fn sar<const N: i32>(a: __m256i) -> __m256i {
        unsafe { _mm256_sra_epi32(a, _mm_cvtsi32_si128(N)) }
    }
    #[inline(always)]
    unsafe fn float(a: __m256i) -> __m256 {
        unsafe { _mm256_cvtepi32_ps(a) }
    }
    #[inline(always)]
    unsafe fn int(a: __m256) -> __m256i {
        unsafe { _mm256_cvtps_epi32(a) }
    }

    #[inline(always)]
    unsafe fn lt(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_cmp_ps::<_CMP_LT_OQ>(a, b) }
    }
    #[inline(always)]
    unsafe fn le(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_cmp_ps::<_CMP_LE_OQ>(a, b) }
    }
    #[inline(always)]
    unsafe fn eq(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_cmp_ps::<_CMP_EQ_OQ>(a, b) }
    }
    #[inline(always)]
    unsafe fn ieq(a: __m256i, b: __m256i) -> __m256 {
        unsafe { _mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b)) }
    }
    #[inline(always)]
    unsafe fn and(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_and_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn or(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_or_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn not(a: __m256) -> __m256 {
        unsafe { _mm256_xor_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(-1))) }
    }
    #[inline(always)]
    unsafe fn store_truth(p: *mut u8, m: __m256, n: usize) {
        unsafe {
            let bits = _mm256_movemask_ps(m);
            for i in 0..n {
                *p.add(i) = (bits >> i & 1) as u8;
            }
        }
    }
    #[inline(always)]
    unsafe fn load_truth(p: *const u8, n: usize) -> __m256 {
        unsafe {
            let wide = Self::load_bytes(p, n);
            _mm256_castsi256_ps(_mm256_cmpgt_epi32(wide, _mm256_setzero_si256()))
        }
    }
    #[inline(always)]
    unsafe fn store_bytes(p: *mut u8, a: __m256i, n: usize) {
        unsafe {
            let mut lanes = [0u32; 8];
            _mm256_storeu_si256(lanes.as_mut_ptr().cast(), a);
            for (i, lane) in lanes.into_iter().enumerate().take(n) {
                *p.add(i) = lane as u8;
            }
        }
    }
    #[inline(always)]
    unsafe fn load_bytes(p: *const u8, n: usize) -> __m256i {
        unsafe {
            let mut bytes = [0u8; 8];
            std::ptr::copy_nonoverlapping(p, bytes.as_mut_ptr(), n);
            _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(i64::from_le_bytes(bytes)))
        }
    }
    #[inline(always)]
    unsafe fn select(m: __m256, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_blendv_ps(b, a, m) }
    }
}

/// Transposes 8 rows: pairs, then quads, then halves change places.
#[inline(always)]
unsafe fn transpose_8(x: [__m256; 8]) -> [__m256; 8] {
    unsafe {
        let (mut t, mut q) = (x, x);
        for i in 0..4 {
            t[2 * i] = _mm256_unpacklo_ps(x[2 * i], x[2 * i + 1]);
            t[2 * i + 1] = _mm256_unpackhi_ps(x[2 * i], x[2 * i + 1]);
        }
        for i in 0..2 {
            for h in 0..2 {
                q[4 * i + 2 * h] = _mm256_shuffle_ps::<0x44>(t[4 * i + h], t[4 * i + h + 2]);
                q[4 * i + 2 * h + 1] = _mm256_shuffle_ps::<0xee>(t[4 * i + h], t[4 * i + h + 2]);
            }
        }
        let mut y = x;
        for i in 0..4 {
            y[i] = _mm256_permute2f128_ps::<0x20>(q[i], q[4 + i]);
            y[4 + i] = _mm256_permute2f128_ps::<0x31>(q[i], q[4 + i]);
        }
        y
    }
}
