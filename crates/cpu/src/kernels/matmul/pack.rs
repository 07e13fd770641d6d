//! Copies of factors in the order in which the tile reads them.

use crate::kernels::simd::{self, Level, Simd};

/// Copies a block of a matrix to `dst[k][width]`, `k` steps of `width` adjacent values, of which
/// the first `count` are real and the others zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pack {
    /// Value i of step k is at `src + k · step + i`, or `src + i · step + k` if `transposed`.
    pub src: *const f32,
    pub step: usize,
    pub transposed: bool,
    pub k: usize,
    pub count: usize,
    pub width: usize,
    pub dst: *mut f32,
}

impl Pack {
    /// # Safety
    /// All places named by the fields are valid; `count ≤ width`; the level is available.
    pub(crate) unsafe fn run(self, level: Level) {
        // SAFETY: the caller's promise.
        unsafe { simd::run_at(level, self) }
    }
}

impl simd::Task for Pack {
    type Output = ();
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: loops stay below k and count in the source, k and width in the copy.
        unsafe {
            if self.transposed {
                if self.count < self.width {
                    std::ptr::write_bytes(self.dst, 0, self.k * self.width);
                }
                for i in (0..self.count).step_by(S::LANES) {
                    let rows = (self.count - i).min(S::LANES);
                    for k in (0..self.k).step_by(S::LANES) {
                        let cols = (self.k - k).min(S::LANES);
                        let dst = self.dst.add(k * self.width + i);
                        let src = self.src.add(i * self.step + k);
                        S::transpose(src, self.step, dst, self.width, rows, cols);
                    }
                }
                return;
            }
            for k in 0..self.k {
                let (src, dst) = (self.src.add(k * self.step), self.dst.add(k * self.width));
                let mut i = 0;
                while i < self.width {
                    let mask = S::first(self.count.saturating_sub(i));
                    let x = S::load_masked(src.wrapping_add(i), mask);
                    S::store_first(dst.add(i), x, (self.width - i).min(S::LANES));
                    i += S::LANES;
                }
            }
        }
    }
}

/// Rows that are asked for ahead: they lie apart, which the processor does not foresee.
const AHEAD: usize = 8;

/// Copies rows of a matrix to panels of `width` columns each, one panel behind the other: row k of
/// panel j to `dst + (j · rows + k) · width`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackRows {
    /// Row k is at `src + k · step`.
    pub src: *const f32,
    pub step: usize,
    pub rows: usize,
    pub columns: usize,
    pub width: usize,
    pub dst: *mut f32,
}

impl PackRows {
    /// # Safety
    /// All places named by the fields are valid; the level is available.
    pub(crate) unsafe fn run(self, level: Level) {
        // SAFETY: the caller's promise.
        unsafe { simd::run_at(level, self) }
    }
}

impl simd::Task for PackRows {
    type Output = ();
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        for k in 0..self.rows {
            let mut column = 0;
            while column < self.columns {
                let count = (self.columns - column).min(self.width);
                // SAFETY: columns stay below the count in the source, below the width in the copy.
                unsafe {
                    let src = self.src.add(k * self.step + column);
                    let dst = self.dst.add(column * self.rows + k * self.width);
                    S::prefetch(src.wrapping_add(AHEAD * self.step));
                    for i in (0..self.width).step_by(S::LANES) {
                        let mask = S::first(count.saturating_sub(i));
                        let x = S::load_masked(src.wrapping_add(i), mask);
                        S::store_first(dst.add(i), x, (self.width - i).min(S::LANES));
                    }
                }
                column += self.width;
            }
        }
    }
}
