//! Output channels beyond whole vectors, where they are few: 2 of LeNet's 50 would cost as much as 16.
//!
//! Their vectors run along the summed axis instead (forward), or along a line of places of the
//! kernel (its gradient).

use super::ConvSpec;
use crate::kernels::epilogue::Epilogue;
use crate::kernels::simd::{self, Level, Simd};

/// Most columns that are done so.
const MOST: usize = 4;
/// Vectors of a line of places at a time.
const VECTORS: usize = 4;

/// Columns of the result, the last ones, that are done on their own; `run`: values that are adjacent in
/// image and kernel.
pub(super) fn narrow_columns(level: Level, spec: &ConvSpec, run: usize) -> usize {
    let lanes = level.lanes();
    let rest = spec.cout % lanes;
    let pays = spec.groups == 1 && spec.dilations[2] == 1 && run >= 2 * lanes;
    if pays && spec.cout > lanes && rest <= MOST.min(lanes / 4) { rest } else { 0 }
}

/// Sums of some pixels in some columns: `y[p, c] = epilogue(Σ_k x[p + k] · w[c, k])`.
pub(super) struct Dots<'a> {
    pub x: *const f32,
    /// Offset of each pixel and of each run of values in `x`, and the values of a run.
    pub pixels: &'a [usize],
    pub segments: &'a [usize],
    pub len: usize,
    /// As [`transpose`] leaves it.
    pub w: *const f32,
    /// 1 to 4.
    pub columns: usize,
    pub y: *mut f32,
    /// Distance of pixels in `y`.
    pub y_step: usize,
    /// At the first pixel and column.
    pub epilogue: Epilogue,
}

/// Floats of a run in whole vectors.
pub(super) fn padded(level: Level, len: usize) -> usize {
    len.next_multiple_of(level.lanes())
}

/// Copies the last columns of a kernel of `runs` · `len` rows: one after the other, each run with
/// zeros up to whole vectors.
///
/// # Safety
/// `w` points to the first of the columns in a kernel of `step` columns; `to` has room.
pub(super) unsafe fn transpose(
    level: Level,
    w: *const f32,
    step: usize,
    [runs, len, columns]: [usize; 3],
    to: *mut f32,
) {
    let width = padded(level, len);
    for c in 0..columns {
        for run in 0..runs {
            for k in 0..width {
                // SAFETY: rows and columns are in range; the copy has whole vectors of each run.
                unsafe {
                    let x = if k < len { *w.add((run * len + k) * step + c) } else { 0.0 };
                    *to.add((c * runs + run) * width + k) = x;
                }
            }
        }
    }
}

impl Dots<'_> {
    /// All pixels, `R` at a time; the last ones again where they do not come out even.
    #[inline(always)]
    unsafe fn all<S: Simd, const R: usize, const C: usize>(&self) {
        let count = self.pixels.len();
        // SAFETY: the caller's promise.
        unsafe {
            if count < R {
                return (0..count).for_each(|first| self.block::<S, 1, C>(first));
            }
            for first in (0..count).step_by(R) {
                self.block::<S, R, C>(first.min(count - R));
            }
        }
    }

    #[inline(always)]
    unsafe fn block<S: Simd, const R: usize, const C: usize>(&self, first: usize) {
        let width = self.len.next_multiple_of(S::LANES);
        let column = self.segments.len() * width;
        // SAFETY: pixels, runs and columns lie inside image, kernel and result; masks keep what is
        // read of the image to the run.
        unsafe {
            let mut acc = [[S::splat(0.0); C]; R];
            let x: [*const f32; R] =
                std::array::from_fn(|r| self.x.add(*self.pixels.get_unchecked(first + r)));
            let mut w = self.w;
            for &segment in self.segments {
                for k in (0..self.len).step_by(S::LANES) {
                    let mask = S::first(self.len - k);
                    let wv: [S::V; C] = std::array::from_fn(|c| S::load(w.add(c * column + k)));
                    for r in 0..R {
                        let xv = S::load_masked(x[r].add(segment + k), mask);
                        for c in 0..C {
                            acc[r][c] = S::fma(xv, wv[c], acc[r][c]);
                        }
                    }
                }
                w = w.add(width);
            }
            let sums = lane_sums::<S, R, C>(&acc);
            let mask = S::first(C);
            for r in 0..R {
                let at = (first + r) * self.y_step;
                let sum = S::load_masked(sums.as_ptr().add(r * C), mask);
                S::store_first(self.y.add(at), self.epilogue.apply::<S>(sum, 0, at, mask), C);
            }
        }
    }
}

/// The sum of each vector's lanes, as [`Simd::sum`]; at most as many vectors as lanes, 16 at most.
#[inline(always)]
unsafe fn lane_sums<S: Simd, const R: usize, const C: usize>(rows: &[[S::V; C]; R]) -> [f32; 16] {
    let (mut lanes, mut turned, mut sums) = ([0.0; 256], [0.0; 256], [0.0; 16]);
    // SAFETY: `R · C` vectors of at most 16 lanes.
    unsafe {
        for (i, &row) in rows.iter().flatten().enumerate() {
            S::store(lanes.as_mut_ptr().add(i * S::LANES), row);
        }
        let (from, to) = (lanes.as_ptr(), turned.as_mut_ptr());
        S::transpose(from, S::LANES, to, S::LANES, R * C, S::LANES);
        let mut turned: [S::V; 16] =
            std::array::from_fn(|i| S::load(to.add(i.min(S::LANES - 1) * S::LANES)));
        let mut width = S::LANES;
        while width > 1 {
            width /= 2;
            for i in 0..width {
                turned[i] = S::add(turned[i], turned[i + width]);
            }
        }
        S::store(sums.as_mut_ptr(), turned[0]);
    }
    sums
}

impl simd::Task for Dots<'_> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: the caller's promise.
        unsafe {
            // As many sums as vectors have lanes.
            match (self.columns, S::LANES) {
                (1, 16) => self.all::<S, 16, 1>(),
                (2, 16) => self.all::<S, 8, 2>(),
                (3, 16) => self.all::<S, 5, 3>(),
                (4, 16) => self.all::<S, 4, 4>(),
                (1, _) => self.all::<S, 4, 1>(),
                _ => self.all::<S, 4, 2>(),
            }
        }
    }
}

/// Adds to the gradient of some columns of the kernel: `sums[c, l, j] += Σ_p x[p + l + j] · dy[p, c]`,
/// where `l` is a line of places and `j` runs over its places and channels.
pub(super) struct Outer<'a> {
    pub x: *const f32,
    /// Offset in `x` of each line of pixels and of each line of places.
    pub lines: &'a [usize],
    pub starts: &'a [usize],
    /// Pixels of a line and their distance in `x`; values of a line of places.
    pub width: usize,
    pub step: usize,
    pub len: usize,
    /// The first column of the result's gradient, and the distance of its pixels.
    pub dy: *const f32,
    pub dy_step: usize,
    /// 1 to 4.
    pub columns: usize,
    /// For each column and line of places, in whole vectors.
    pub sums: *mut f32,
}

impl Outer<'_> {
    #[inline(always)]
    unsafe fn all<S: Simd, const C: usize>(&self) {
        let width = self.len.next_multiple_of(S::LANES);
        for (l, &start) in self.starts.iter().enumerate() {
            for j in (0..self.len).step_by(VECTORS * S::LANES) {
                let vectors = (self.len - j).div_ceil(S::LANES).min(VECTORS);
                // SAFETY: the caller's promise.
                unsafe {
                    let x = self.x.add(start + j);
                    let sums = self.sums.add(l * width + j);
                    match vectors {
                        1 => self.block::<S, C, 1>(x, self.len - j, sums),
                        2 => self.block::<S, C, 2>(x, self.len - j, sums),
                        3 => self.block::<S, C, 3>(x, self.len - j, sums),
                        _ => self.block::<S, C, 4>(x, self.len - j, sums),
                    }
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn block<S: Simd, const C: usize, const V: usize>(
        &self,
        x: *const f32,
        left: usize,
        sums: *mut f32,
    ) {
        let column = self.starts.len() * self.len.next_multiple_of(S::LANES);
        // SAFETY: pixels and places lie inside image and gradient; the mask keeps the last vector to
        // the line of places.
        unsafe {
            let mask = S::first(left - (V - 1) * S::LANES);
            let at = |c: usize, v: usize| sums.add(c * column + v * S::LANES);
            let mut acc: [[S::V; V]; C] =
                std::array::from_fn(|c| std::array::from_fn(|v| S::load(at(c, v))));
            let mut dy = self.dy;
            for &line in self.lines {
                let mut x = x.add(line);
                for _ in 0..self.width {
                    for v in 0..V {
                        let p = x.add(v * S::LANES);
                        let xv = if v + 1 == V { S::load_masked(p, mask) } else { S::load(p) };
                        for (c, row) in acc.iter_mut().enumerate() {
                            row[v] = S::fma(S::splat(*dy.add(c)), xv, row[v]);
                        }
                    }
                    x = x.wrapping_add(self.step);
                    dy = dy.wrapping_add(self.dy_step);
                }
            }
            for (c, row) in acc.iter().enumerate() {
                for (v, &sum) in row.iter().enumerate() {
                    S::store(at(c, v), sum);
                }
            }
        }
    }
}

impl simd::Task for Outer<'_> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.columns {
                1 => self.all::<S, 1>(),
                2 => self.all::<S, 2>(),
                3 => self.all::<S, 3>(),
                _ => self.all::<S, 4>(),
            }
        }
    }
}
