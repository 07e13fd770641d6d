//! Compute kernels, one family a file, independent of any graph.
//!
//! # How a kernel is used
//! A kernel is a *plan* made once from shapes (`MatMul::new`, `Conv::new`, …): it fixes the
//! blocking, the scratch memory and the cut of the work, and says so in its [`Work`]. Running it
//! means, for each phase in turn, calling `run(phase, task, …)` once for each task of that phase.
//! Tasks of one phase may run in any order, on any threads; between two phases all threads meet.
//! Nothing is allocated while running. The cut depends on shapes (and the instruction set) alone
//! and every output element is written by exactly one task of a phase, so results are bit-identical
//! for every number of threads.
//!
//! Elementwise functions have no plan: [`math`] hands out function pointers that work on slices.

pub mod conv;
pub mod copy;
pub mod epilogue;
pub mod math;
pub mod matmul;
pub mod peak;
pub mod pool;
pub mod pooled;
pub mod reduce;
pub mod simd;
#[cfg(test)]
mod testing;
pub mod tile;

/// How the work of a plan is cut, and the memory it wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// Number of tasks of each phase, in order; all tasks of a phase end before the next begins.
    pub phases: Vec<usize>,
    /// `f32` of scratch shared by all tasks of one run, kept between its phases.
    pub shared: usize,
    /// `f32` of scratch each thread needs for itself while it runs one task.
    pub scratch: usize,
}

/// What bringing a kernel's second factor into its own order takes, apart from its [`Work`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    /// `f32` of the copy.
    pub floats: usize,
    /// Tasks of the one phase that makes it.
    pub tasks: usize,
}

/// The part of `0..n` that belongs to piece `i` of `pieces`; sizes differ by at most one.
pub(crate) fn part(n: usize, pieces: usize, i: usize) -> std::ops::Range<usize> {
    // Small work is one piece, and two divisions would be a good part of it.
    if pieces == 1 {
        return 0..n;
    }
    let (base, extra) = (n / pieces, n % pieces);
    let start = i * base + i.min(extra);
    start..start + base + usize::from(i < extra)
}
