//! Products in which one factor is a vector: bound by memory, so nothing is packed.

use super::{Epilogue, MatMulArgs, MatMulSpec, Work, part, tasks_for};
use crate::kernels::simd::{self, Level, Simd};

/// `y = act(x · M + bias)` for a vector `x (k)` and a matrix `M`, batched.
#[derive(Clone, Debug)]
pub(super) struct Gemv {
    level: Level,
    spec: MatMulSpec,
    /// The matrix is the left factor (n = 1) instead of the right one (m = 1).
    left: bool,
    /// Length of the result vector.
    n: usize,
    /// The matrix is `(n, k)` in memory: each result is a dot product of two contiguous rows.
    dots: bool,
    pieces: usize,
    batch_tasks: usize,
}

impl Gemv {
    pub(super) fn new(level: Level, spec: MatMulSpec) -> Gemv {
        let left = spec.m != 1;
        let (n, dots) =
            if left { (spec.m, !spec.a_transposed) } else { (spec.n, spec.b_transposed) };
        // Each thread of a memory-bound product wants long stretches of it.
        let pieces = if spec.batch > 1 { 1 } else { tasks_for(8 * n * spec.k).min(n.div_ceil(64)) };
        let batch_tasks = spec.batch.min(tasks_for(8 * spec.batch * n * spec.k));
        Gemv { level, spec, left, n, dots, pieces, batch_tasks }
    }

    pub(super) fn work(&self) -> Work {
        Work { phases: vec![self.batch_tasks * self.pieces], shared: 0, scratch: 0 }
    }

    /// # Safety
    /// As `MatMul::run`.
    pub(super) unsafe fn run(&self, task: usize, args: &MatMulArgs) {
        let s = &self.spec;
        let (batch_task, piece) =
            if self.pieces == 1 { (task, 0) } else { (task / self.pieces, task % self.pieces) };
        let items = part(s.batch, self.batch_tasks, batch_task);
        // Pieces end at multiples of 64 results, so that a piece never changes how a result is summed.
        let blocks = part(self.n.div_ceil(64), self.pieces, piece);
        let (from, to) = (blocks.start * 64, (blocks.end * 64).min(self.n));
        for item in items {
            // SAFETY: item, from and to stay inside the shapes that the caller vouches for.
            unsafe {
                let (a, b) = (args.a.add(item * s.a_stride()), args.b.add(item * s.b_stride()));
                let (x, matrix) = if self.left { (b, a) } else { (a, b) };
                let call = Call {
                    x,
                    matrix: matrix.add(if self.dots { from * s.k } else { from }),
                    k: s.k,
                    step: if self.dots { s.k } else { self.n },
                    n: to - from,
                    dots: self.dots,
                    y: args.c.add(item * self.n + from),
                    epilogue: args
                        .epilogue
                        .at(if self.left { 0 } else { from }, item * self.n + from),
                    one_column: self.left,
                    accumulate: s.accumulate,
                };
                simd::run_at(self.level, call);
            }
        }
    }
}

struct Call {
    x: *const f32,
    matrix: *const f32,
    k: usize,
    /// Distance of rows of the matrix.
    step: usize,
    n: usize,
    dots: bool,
    y: *mut f32,
    /// At the first result.
    epilogue: Epilogue,
    /// The epilogue has one number for all results.
    one_column: bool,
    accumulate: bool,
}

impl simd::Task for Call {
    type Output = ();
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: all columns and rows below n and k are valid by the contract of `Gemv::run`.
        unsafe {
            if self.dots {
                let mut j = 0;
                while j < self.n {
                    let rows = (self.n - j).min(4);
                    match rows {
                        4 => self.dots::<S, 4>(j),
                        3 => self.dots::<S, 3>(j),
                        2 => self.dots::<S, 2>(j),
                        _ => self.dots::<S, 1>(j),
                    }
                    j += rows;
                }
                return;
            }
            let mut j = 0;
            while j < self.n {
                let left = self.n - j;
                if left > 2 * S::LANES {
                    self.columns::<S, 4>(j);
                    j += 4 * S::LANES;
                } else if left > S::LANES {
                    self.columns::<S, 2>(j);
                    j += 2 * S::LANES;
                } else {
                    self.columns::<S, 1>(j);
                    j += S::LANES;
                }
            }
        }
    }
}

impl Call {
    /// V vectors of adjacent results; four independent chains over k hide the latency.
    #[inline(always)]
    unsafe fn columns<S: Simd, const V: usize>(&self, j: usize) {
        // SAFETY: masks keep loads and stores below n.
        unsafe {
            let mut masks = [S::first(0); V];
            for (v, m) in masks.iter_mut().enumerate() {
                *m = S::first((self.n - j).saturating_sub(v * S::LANES));
            }
            let matrix = self.matrix.add(j);
            let mut acc = [[S::splat(0.0); V]; 4];
            let mut k = 0;
            while k + 4 <= self.k {
                for (i, chain) in acc.iter_mut().enumerate() {
                    let x = S::splat(*self.x.add(k + i));
                    let row = matrix.add((k + i) * self.step);
                    for v in 0..V {
                        let m = S::load_masked(row.wrapping_add(v * S::LANES), masks[v]);
                        chain[v] = S::fma(x, m, chain[v]);
                    }
                }
                k += 4;
            }
            while k < self.k {
                let x = S::splat(*self.x.add(k));
                let row = matrix.add(k * self.step);
                for v in 0..V {
                    let m = S::load_masked(row.wrapping_add(v * S::LANES), masks[v]);
                    acc[0][v] = S::fma(x, m, acc[0][v]);
                }
                k += 1;
            }
            for v in 0..V {
                let count = (self.n - j).saturating_sub(v * S::LANES).min(S::LANES);
                let sum = S::add(S::add(acc[0][v], acc[1][v]), S::add(acc[2][v], acc[3][v]));
                self.put::<S>(j + v * S::LANES, count, masks[v], sum);
            }
        }
    }

    /// R dot products of rows of the matrix with x.
    #[inline(always)]
    unsafe fn dots<S: Simd, const R: usize>(&self, j: usize) {
        // SAFETY: rows j .. j + R exist; the mask keeps the tail below k.
        unsafe {
            let rows: [*const f32; R] =
                std::array::from_fn(|r| self.matrix.add((j + r) * self.step));
            let mut acc = [[S::splat(0.0); 2]; R];
            let mut k = 0;
            while k + 2 * S::LANES <= self.k {
                let (x0, x1) = (S::load(self.x.add(k)), S::load(self.x.add(k + S::LANES)));
                for r in 0..R {
                    acc[r][0] = S::fma(x0, S::load(rows[r].add(k)), acc[r][0]);
                    acc[r][1] = S::fma(x1, S::load(rows[r].add(k + S::LANES)), acc[r][1]);
                }
                k += 2 * S::LANES;
            }
            while k < self.k {
                let m = S::first(self.k - k);
                let x = S::load_masked(self.x.add(k), m);
                for r in 0..R {
                    acc[r][0] = S::fma(x, S::load_masked(rows[r].add(k), m), acc[r][0]);
                }
                k += S::LANES;
            }
            let mut sums = [0f32; 16];
            for r in 0..R {
                sums[r] = S::sum(S::add(acc[r][0], acc[r][1]));
            }
            let mask = S::first(R);
            self.put::<S>(j, R, mask, S::load(sums.as_ptr()));
        }
    }

    /// Old content, epilogue, store of `count` results from j on.
    #[inline(always)]
    unsafe fn put<S: Simd>(&self, j: usize, count: usize, mask: S::M, sum: S::V) {
        // SAFETY: j + count ≤ n; count 0 touches nothing.
        unsafe {
            let mut sum = sum;
            let y = self.y.wrapping_add(j);
            if self.accumulate {
                sum = S::add(sum, S::load_masked(y, mask));
            }
            let e = &self.epilogue;
            sum = if self.one_column {
                e.one::<S>(sum, j, mask)
            } else {
                e.apply::<S>(sum, j, j, mask)
            };
            S::store_first(y, sum, count);
        }
    }
}
