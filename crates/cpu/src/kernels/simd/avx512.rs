//! 16 lanes with mask registers.
#![allow(clippy::undocumented_unsafe_blocks)] // every block: the trait's contract, passed on
use super::{Simd, Task};
use std::arch::x86_64::*;

/// AVX-512 (F, DQ, BW, VL).
#[derive(Clone, Copy, Debug)]
pub struct Avx512;

/// Runs a task with the features of [`Avx512`].
///
/// # Safety
/// The machine has them; the task obeys its contract.
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
pub unsafe fn enter<T: Task>(task: T) -> T::Output {
    unsafe { task.run::<Avx512>() }
}

impl Simd for Avx512 {
    type V = __m512;
    type I = __m512i;
    type M = __mmask16;
    const LANES: usize = 16;

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m512 {
        unsafe { _mm512_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> __m512 {
        unsafe { _mm512_loadu_ps(p) }
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: __m512) {
        unsafe { _mm512_storeu_ps(p, v) }
    }
    #[inline(always)]
    unsafe fn first(n: usize) -> __mmask16 {
        if n >= 16 { 0xffff } else { ((1u32 << n) - 1) as u16 }
    }
    #[inline(always)]
    unsafe fn load_masked(p: *const f32, m: __mmask16) -> __m512 {
        unsafe { _mm512_maskz_loadu_ps(m, p) }
    }
    #[inline(always)]
    unsafe fn store_first(p: *mut f32, v: __m512, n: usize) {
        unsafe { _mm512_mask_storeu_ps(p, Self::first(n), v) }
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
            if rows == 16 && cols == 16 {
                let x: [__m512; 16] = std::array::from_fn(|r| Self::load(src.add(r * src_step)));
                for (c, v) in transpose_16(x).into_iter().enumerate() {
                    Self::store(dst.add(c * dst_step), v);
                }
                return;
            }
            let mask = Self::first(cols);
            let mut x = [Self::splat(0.0); 16];
            for (r, v) in x.iter_mut().enumerate() {
                if r < rows {
                    *v = Self::load_masked(src.add(r * src_step), mask);
                }
            }
            for (c, v) in transpose_16(x).into_iter().enumerate() {
                if c < cols {
                    Self::store_first(dst.add(c * dst_step), v, rows);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn prefetch(p: *const f32) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
    }

    #[inline(always)]
    unsafe fn add(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn sub(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn mul(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn div(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_div_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn sqrt(a: __m512) -> __m512 {
        unsafe { _mm512_sqrt_ps(a) }
    }
    #[inline(always)]
    unsafe fn fma(a: __m512, b: __m512, c: __m512) -> __m512 {
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    unsafe fn max_raw(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn min_raw(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_min_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn round(a: __m512) -> __m512 {
        unsafe { _mm512_roundscale_ps::<0x08>(a) }
    }
    #[inline(always)]
    unsafe fn floor(a: __m512) -> __m512 {
        unsafe { _mm512_roundscale_ps::<0x09>(a) }
    }
    #[inline(always)]
    unsafe fn ceil(a: __m512) -> __m512 {
        unsafe { _mm512_roundscale_ps::<0x0a>(a) }
    }

    #[inline(always)]
    unsafe fn bits(a: __m512) -> __m512i {
        unsafe { _mm512_castps_si512(a) }
    }
    #[inline(always)]
    unsafe fn from_bits(a: __m512i) -> __m512 {
        unsafe { _mm512_castsi512_ps(a) }
    }
    #[inline(always)]
    unsafe fn isplat(x: i32) -> __m512i {
        unsafe { _mm512_set1_epi32(x) }
    }
    #[inline(always)]
    unsafe fn iadd(a: __m512i, b: __m512i) -> __m512i {
        unsafe { _mm512_add_epi32(a, b) }
    }
    #[inline(always)]
    unsafe fn isub(a: __m512i, b: __m512i) -> __m512i {
        unsafe { _mm512_sub_epi32(a, b) }
    }
    #[inline(always)]
    unsafe fn iand(a: __m512i, b: __m512i) -> __m512i {
        unsafe { _mm512_and_si512(a, b) }
    }
    #[inline(always)]
    unsafe fn ior(a: __m512i, b: __m512i) -> __m512i {
        unsafe { _mm512_or_si512(a, b) }
    }
    #[inline(always)]
    unsafe fn ixor(a: __m512i, b: __m512i) -> __m512i {
        unsafe { _mm512_xor_si512(a, b) }
    }
    #[inline(always)]
    unsafe fn shl<const N: i32>(a: __m512i) -> __m512i {
        unsafe { _mm512_sll_epi32(a, _mm_cvtsi32_si128(N)) }
    }
    #[inline(always)]
    unsafe fn sar<const N: i32>(a: __m512i) -> __m512i {
        unsafe { _mm512_sra_epi32(a, _mm_cvtsi32_si128(N)) }
    }
    #[inline(always)]
    unsafe fn float(a: __m512i) -> __m512 {
        unsafe { _mm512_cvtepi32_ps(a) }
    }
    #[inline(always)]
    unsafe fn int(a: __m512) -> __m512i {
        unsafe { _mm512_cvtps_epi32(a) }
    }

    #[inline(always)]
    unsafe fn lt(a: __m512, b: __m512) -> __mmask16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b) }
    }
    #[inline(always)]
    unsafe fn le(a: __m512, b: __m512) -> __mmask16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_LE_OQ>(a, b) }
    }
    #[inline(always)]
    unsafe fn eq(a: __m512, b: __m512) -> __mmask16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b) }
    }
    #[inline(always)]
    unsafe fn ieq(a: __m512i, b: __m512i) -> __mmask16 {
        unsafe { _mm512_cmpeq_epi32_mask(a, b) }
    }
    #[inline(always)]
    unsafe fn and(a: __mmask16, b: __mmask16) -> __mmask16 {
        a & b
    }
    #[inline(always)]
    unsafe fn or(a: __mmask16, b: __mmask16) -> __mmask16 {
        a | b
    }
    #[inline(always)]
    unsafe fn not(a: __mmask16) -> __mmask16 {
        !a
    }
    #[inline(always)]
    unsafe fn store_truth(p: *mut u8, m: __mmask16, n: usize) {
        unsafe { _mm_mask_storeu_epi8(p.cast(), Self::first(n), _mm_maskz_set1_epi8(m, 1)) }
    }
    #[inline(always)]
    unsafe fn load_truth(p: *const u8, n: usize) -> __mmask16 {
        unsafe {
            let bytes = _mm_maskz_loadu_epi8(Self::first(n), p.cast());
            _mm_test_epi8_mask(bytes, bytes)
        }
    }
    #[inline(always)]
    unsafe fn store_bytes(p: *mut u8, a: __m512i, n: usize) {
        unsafe { _mm512_mask_cvtepi32_storeu_epi8(p.cast(), Self::first(n), a) }
    }
    #[inline(always)]
    unsafe fn load_bytes(p: *const u8, n: usize) -> __m512i {
        unsafe { _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(Self::first(n), p.cast())) }
    }
    #[inline(always)]
    unsafe fn select(m: __mmask16, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_mask_blend_ps(m, b, a) }
    }
}

/// Transposes 16 rows: pairs, quads, then blocks of four lanes twice.
#[inline(always)]
unsafe fn transpose_16(x: [__m512; 16]) -> [__m512; 16] {
    unsafe {
        let (mut t, mut q) = (x, x);
        for i in 0..8 {
            t[2 * i] = _mm512_unpacklo_ps(x[2 * i], x[2 * i + 1]);
            t[2 * i + 1] = _mm512_unpackhi_ps(x[2 * i], x[2 * i + 1]);
        }
        for i in 0..4 {
            for h in 0..2 {
                q[4 * i + 2 * h] = _mm512_shuffle_ps::<0x44>(t[4 * i + h], t[4 * i + h + 2]);
                q[4 * i + 2 * h + 1] = _mm512_shuffle_ps::<0xee>(t[4 * i + h], t[4 * i + h + 2]);
            }
        }
        for i in 0..4 {
            for h in 0..2 {
                let (lo, hi) = (q[8 * h + i], q[8 * h + 4 + i]);
                t[8 * h + i] = _mm512_shuffle_f32x4::<0x88>(lo, hi);
                t[8 * h + 4 + i] = _mm512_shuffle_f32x4::<0xdd>(lo, hi);
            }
        }
        for i in 0..8 {
            q[i] = _mm512_shuffle_f32x4::<0x88>(t[i], t[8 + i]);
            q[8 + i] = _mm512_shuffle_f32x4::<0xdd>(t[i], t[8 + i]);
        }
        q
    }
}
