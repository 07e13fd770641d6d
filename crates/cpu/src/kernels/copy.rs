//! Copies that rearrange: transposes, broadcasts, slices with steps, reversals.

use super::simd::{self, Level, Simd};
use super::{Work, part};

/// A copy from any strided view to contiguous memory, for elements of any size, planned.
///
/// The element at index `(i₀, i₁, …)` of the result comes from `src + Σ iₖ · stridesₖ` elements.
/// A stride of 0 repeats, a negative one walks back (then `src` points at the first one read).
///
/// ```
/// use ferras_cpu::kernels::copy::StridedCopy;
/// // The transpose of a 2 × 3 matrix.
/// let plan = StridedCopy::new(&[3, 2], &[1, 3], 4);
/// let (x, mut y) = ([1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0], [0.0f32; 6]);
/// for task in 0..plan.work().phases[0] {
///     // SAFETY: all indices lie inside the arrays.
///     unsafe { plan.run(task, x.as_ptr().cast(), y.as_mut_ptr().cast()) };
/// }
/// assert_eq!(y, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
/// ```
#[derive(Clone, Debug)]
pub struct StridedCopy {
    level: Level,
    /// Bytes of an element.
    size: usize,
    /// Axes walked one place at a time: length, step in the source and in the result.
    outer: Vec<(usize, isize, usize)>,
    inner: Inner,
    items: usize,
    work: Work,
}

/// What is done at each place of the outer axes.
#[derive(Clone, Copy, Debug)]
enum Inner {
    /// n adjacent elements.
    Run { n: usize },
    /// One element n times.
    Repeat { n: usize },
    /// n elements, `step` apart.
    Steps { n: usize, step: isize },
    /// A block whose rows are adjacent in the source, its columns in the result.
    Block { rows: usize, cols: usize, src_step: isize, dst_step: usize },
}

/// Side of the blocks in which matrices are transposed: two fit into the near cache.
const BLOCK: usize = 64;

impl StridedCopy {
    /// Plans for this machine; `shape` and `strides` have one entry an axis, `size` is in bytes.
    pub fn new(shape: &[usize], strides: &[isize], size: usize) -> StridedCopy {
        StridedCopy::at(Level::detect(), shape, strides, size)
    }

    /// Plans for `level`, which must be one of [`Level::available`] to be run.
    pub fn at(level: Level, shape: &[usize], strides: &[isize], size: usize) -> StridedCopy {
        let mut axes = merge(shape, strides);
        let (n, step, _) = axes.pop().unwrap_or((1, 1, 1));
        let mut inner = match step {
            1 => Inner::Run { n },
            0 => Inner::Repeat { n },
            _ => Inner::Steps { n, step },
        };
        if let (Inner::Steps { .. }, 4) = (inner, size)
            && let Some(i) = axes.iter().position(|(_, step, _)| *step == 1)
        {
            // The axis with stride 1 is cut into blocks; so is the innermost one.
            let (rows, _, dst_step) = axes.remove(i);
            inner = Inner::Block { rows, cols: n, src_step: step, dst_step };
        }
        let blocks = match inner {
            Inner::Block { rows, cols, .. } => rows.div_ceil(BLOCK) * cols.div_ceil(BLOCK),
            _ => 1,
        };
        let items = axes.iter().map(|(n, _, _)| n).product::<usize>() * blocks;
        let bytes = shape.iter().product::<usize>() * size;
        let tasks = (bytes / 65_536).clamp(1, 32).min(items);
        let phases = if bytes == 0 { Vec::new() } else { vec![tasks] };
        let work = Work { phases, shared: 0, scratch: 0 };
        StridedCopy { level, size, outer: axes, inner, items, work }
    }

    /// One phase without scratch memory; no phase if nothing is to be copied.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// Does one task.
    ///
    /// # Safety
    /// Every place the shape and strides reach from `src` is readable, `dst` holds the result and
    /// overlaps nothing that is read; both have the alignment of an element; `task` is below the
    /// count.
    pub unsafe fn run(&self, task: usize, src: *const u8, dst: *mut u8) {
        let blocks = match self.inner {
            Inner::Block { rows, cols, .. } => rows.div_ceil(BLOCK) * cols.div_ceil(BLOCK),
            _ => 1,
        };
        for item in part(self.items, self.work.phases[0], task) {
            let (mut place, block) = (item / blocks, item % blocks);
            let (mut from, mut to) = (0isize, 0usize);
            for (n, src_step, dst_step) in self.outer.iter().rev() {
                let i = place % n;
                place /= n;
                from += i as isize * src_step;
                to += i * dst_step;
            }
            // SAFETY: the indices are those of the shape.
            unsafe {
                let src = src.offset(from * self.size as isize);
                self.inner(block, src, dst.add(to * self.size));
            }
        }
    }

    unsafe fn inner(&self, block: usize, src: *const u8, dst: *mut u8) {
        // SAFETY: the caller's promise; elements have the size and alignment of the integers.
        unsafe {
            match (self.inner, self.size) {
                (Inner::Run { n }, _) => {
                    std::ptr::copy_nonoverlapping(src, dst, n * self.size);
                }
                (Inner::Block { rows, cols, src_step, dst_step }, _) => {
                    let wide = cols.div_ceil(BLOCK);
                    let (row, col) = (block / wide * BLOCK, block % wide * BLOCK);
                    let src = src.cast::<f32>().offset(col as isize * src_step + row as isize);
                    let task = BlockTask {
                        src,
                        src_step,
                        dst: dst.cast::<f32>().add(row * dst_step + col),
                        dst_step,
                        rows: BLOCK.min(rows - row),
                        cols: BLOCK.min(cols - col),
                    };
                    simd::run_at(self.level, task);
                }
                (Inner::Repeat { n }, 1) => steps::<u8>(src, dst, n, 0),
                (Inner::Repeat { n }, 2) => steps::<u16>(src, dst, n, 0),
                (Inner::Repeat { n }, 4) => steps::<u32>(src, dst, n, 0),
                (Inner::Repeat { n }, 8) => steps::<u64>(src, dst, n, 0),
                (Inner::Steps { n, step }, 1) => steps::<u8>(src, dst, n, step),
                (Inner::Steps { n, step }, 2) => steps::<u16>(src, dst, n, step),
                (Inner::Steps { n, step }, 4) => steps::<u32>(src, dst, n, step),
                (Inner::Steps { n, step }, 8) => steps::<u64>(src, dst, n, step),
                (Inner::Repeat { n }, size) => bytes(src, dst, n, 0, size),
                (Inner::Steps { n, step }, size) => bytes(src, dst, n, step, size),
            }
        }
    }
}

/// Leaves out axes of length 1 and joins axes that are one run in the source. Each axis: length,
/// step in the source, step in the result.
fn merge(shape: &[usize], strides: &[isize]) -> Vec<(usize, isize, usize)> {
    let mut axes: Vec<(usize, isize, usize)> = Vec::new();
    let mut dst_step = 1;
    for (&n, &step) in shape.iter().zip(strides).rev() {
        if n == 1 {
            continue;
        }
        match axes.last_mut() {
            Some((m, inner, _)) if step == *inner * *m as isize => *m *= n,
            _ => axes.push((n, step, dst_step)),
        }
        dst_step *= n;
    }
    axes.reverse();
    axes
}

unsafe fn steps<T: Copy>(src: *const u8, dst: *mut u8, n: usize, step: isize) {
    // SAFETY: the caller's promise.
    unsafe {
        let (src, dst) = (src.cast::<T>(), dst.cast::<T>());
        if step == 0 {
            std::slice::from_raw_parts_mut(dst, n).fill(*src);
            return;
        }
        for i in 0..n {
            *dst.add(i) = *src.offset(i as isize * step);
        }
    }
}

unsafe fn bytes(src: *const u8, dst: *mut u8, n: usize, step: isize, size: usize) {
    for i in 0..n {
        // SAFETY: the caller's promise.
        unsafe {
            let from = src.offset(i as isize * step * size as isize);
            std::ptr::copy_nonoverlapping(from, dst.add(i * size), size);
        }
    }
}

struct BlockTask {
    src: *const f32,
    src_step: isize,
    dst: *mut f32,
    dst_step: usize,
    rows: usize,
    cols: usize,
}

impl simd::Task for BlockTask {
    type Output = ();
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        for col in (0..self.cols).step_by(S::LANES) {
            for row in (0..self.rows).step_by(S::LANES) {
                // SAFETY: the block lies inside source and result; the step may be negative, so it
                // is applied to the pointer as a wrapped number.
                unsafe {
                    let src = self.src.offset(col as isize * self.src_step + row as isize);
                    let dst = self.dst.add(row * self.dst_step + col);
                    let (rows, cols) =
                        ((self.rows - row).min(S::LANES), (self.cols - col).min(S::LANES));
                    if self.src_step > 0 {
                        S::transpose(src, self.src_step as usize, dst, self.dst_step, cols, rows);
                    } else {
                        for i in 0..rows * cols {
                            let (r, c) = (i / cols, i % cols);
                            *dst.add(r * self.dst_step + c) =
                                *src.offset(c as isize * self.src_step + r as isize);
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::Floats;

    fn check<T: Copy + PartialEq + std::fmt::Debug + Default>(
        level: Level,
        data: &[T],
        shape: &[usize],
        strides: &[isize],
        first: usize,
    ) {
        let n: usize = shape.iter().product();
        let want: Vec<T> = (0..n)
            .map(|mut i| {
                let mut at = first as isize;
                for (n, step) in shape.iter().zip(strides).rev() {
                    at += (i % n) as isize * step;
                    i /= n;
                }
                data[at as usize]
            })
            .collect();
        let plan = StridedCopy::at(level, shape, strides, size_of::<T>());
        let mut y = vec![T::default(); n];
        for &tasks in &plan.work().phases {
            for task in (0..tasks).rev() {
                unsafe { plan.run(task, data[first..].as_ptr().cast(), y.as_mut_ptr().cast()) };
            }
        }
        assert_eq!(y, want, "{level:?} {shape:?} {strides:?}");
    }

    #[test]
    fn permutations_broadcasts_slices_reversals() {
        let mut rng = Floats::new(11);
        for level in Level::available() {
            for round in 0..300 {
                let rank = rng.below(5);
                let full: Vec<usize> =
                    (0..rank).map(|_| rng.below([3, 7, 40][round % 3]) + 1).collect();
                if full.iter().product::<usize>() > 200_000 {
                    continue;
                }
                let (mut first, mut step) = (0, 1isize);
                let mut axes = Vec::new();
                for &n in full.iter().rev() {
                    axes.push(match rng.below(6) {
                        0 => (n, 0),
                        1 => (n.div_ceil(2), step * 2),
                        2 => {
                            first += (n - 1) * step as usize;
                            (n, -step)
                        }
                        _ => (n, step),
                    });
                    step *= n as isize;
                }
                for i in (1..axes.len()).rev() {
                    axes.swap(i, rng.below(i + 1));
                }
                let (shape, strides): (Vec<usize>, Vec<isize>) = axes.into_iter().unzip();
                let data: Vec<u32> = (0..step as u32).collect();
                check(level, &data, &shape, &strides, first);
                let small: Vec<u8> = data.iter().map(|v| *v as u8).collect();
                check(level, &small, &shape, &strides, first);
                let odd: Vec<[u8; 3]> = data.iter().map(|v| [*v as u8, 1, 2]).collect();
                check(level, &odd, &shape, &strides, first);
                let wide: Vec<u64> = data.iter().map(|v| *v as u64).collect();
                check(level, &wide, &shape, &strides, first);
            }
            let data: Vec<u32> = (0..700 * 500).collect();
            check(level, &data, &[500, 700], &[1, 500], 0);
            check(level, &data, &[0, 7], &[1, 5], 0);
        }
    }
}
