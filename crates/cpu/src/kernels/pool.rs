//! Windows that slide over the spatial axes: largest element, sum, and the gradients of both.
//!
//! Shapes: `(batch, D, H, W, channels)`, channels last, as in [`super::conv`]. Padding counts as
//! −∞ for a maximum and as 0 for a sum. Work is vectorised over channels.

use super::simd::{self, Level, Simd};
use super::{Work, matmul::tasks_for, part};

/// The sizes of a pooling. Plain data; axes are in the order D, H, W; strides are at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are told in the module's head
pub struct PoolSpec {
    pub batch: usize,
    pub input: [usize; 3],
    pub channels: usize,
    pub window: [usize; 3],
    pub strides: [usize; 3],
    pub padding: [(usize, usize); 3],
}

impl PoolSpec {
    /// A 2-D pooling without padding whose windows touch without overlap.
    pub fn pool2d(
        batch: usize,
        input: [usize; 2],
        channels: usize,
        window: [usize; 2],
    ) -> PoolSpec {
        let window = [1, window[0], window[1]];
        PoolSpec {
            batch,
            input: [1, input[0], input[1]],
            channels,
            window,
            strides: window,
            padding: [(0, 0); 3],
        }
    }

    /// The spatial shape of the result.
    ///
    /// ```
    /// use ferras_cpu::kernels::pool::PoolSpec;
    /// assert_eq!(PoolSpec::pool2d(1, [13, 13], 64, [2, 2]).output(), [1, 6, 6]);
    /// ```
    pub fn output(&self) -> [usize; 3] {
        std::array::from_fn(|i| {
            let (lo, hi) = self.padding[i];
            match (self.input[i] + lo + hi).checked_sub(self.window[i]) {
                Some(room) => room / self.strides[i].max(1) + 1,
                None => 0,
            }
        })
    }
}

/// How far ahead of a window its successors are asked for, in floats: windows touch many short
/// stretches of memory, which the processor's own foresight misses.
const AHEAD: usize = 2048;

/// Which function a [`Pool`] computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// Largest element of each window; NaN if there is one.
    Max,
    /// Gradient of `Max`: each window's gradient goes to its first largest element, in row-major
    /// order (the first NaN counts as largest).
    MaxGrad,
    /// Sum of each window.
    Sum,
    /// Gradient of `Sum`: each window's gradient goes to all its elements.
    SumGrad,
}

/// The memory of one run of [`Pool`].
#[derive(Clone, Copy, Debug)]
pub struct PoolArgs {
    /// The input; not read by `SumGrad`.
    pub x: *const f32,
    /// The gradient of the result; read by the two gradients only.
    pub dy: *const f32,
    /// The result, or the gradient of the input; overlaps nothing else.
    pub out: *mut f32,
}

/// A pooling or the gradient of one, planned.
///
/// ```
/// use ferras_cpu::kernels::pool::{Pool, PoolArgs, PoolKind, PoolSpec};
/// let plan = Pool::new(PoolKind::Max, PoolSpec::pool2d(1, [2, 4], 1, [2, 2]));
/// let (x, mut y) = ([1.0f32, 5.0, 2.0, 0.0, 3.0, 4.0, -1.0, 7.0], [0.0f32; 2]);
/// let args = PoolArgs { x: x.as_ptr(), dy: std::ptr::null(), out: y.as_mut_ptr() };
/// for task in 0..plan.work().phases[0] {
///     // SAFETY: the arrays have the shapes of the spec.
///     unsafe { plan.run(task, &args) };
/// }
/// assert_eq!(y, [5.0, 7.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Pool {
    level: Level,
    kind: PoolKind,
    spec: PoolSpec,
    output: [usize; 3],
    /// Offset of each place of a window from its first.
    offsets: Vec<usize>,
    /// Some element lies in several windows.
    overlap: bool,
    items: usize,
    work: Work,
}

impl Pool {
    /// Plans for this machine.
    pub fn new(kind: PoolKind, spec: PoolSpec) -> Pool {
        Pool::at(Level::detect(), kind, spec)
    }

    /// Plans for `level`, which must be one of [`Level::available`] to be run.
    pub fn at(level: Level, kind: PoolKind, spec: PoolSpec) -> Pool {
        let output = spec.output();
        let forward = matches!(kind, PoolKind::Max | PoolKind::Sum);
        // Forward a task is some lines of output; windows of a gradient may share elements, so
        // there it is whole images.
        let items = spec.batch * if forward { output[0] * output[1] } else { 1 };
        let image = spec.input.iter().product::<usize>() * spec.channels;
        let size = if forward { output.iter().product() } else { image } * spec.batch;
        let tasks = tasks_for(8 * spec.batch * image).min(items);
        let empty = size * spec.channels == 0;
        let phases = if empty { Vec::new() } else { vec![tasks] };
        let work = Work { phases, shared: 0, scratch: 0 };
        let [_, h, w] = spec.window;
        let place = |i: usize| {
            let line = i / (h * w) * spec.input[1] + i / w % h;
            (line * spec.input[2] + i % w) * spec.channels
        };
        let offsets = (0..spec.window.iter().product()).map(place).collect();
        let overlap = (0..3).any(|i| spec.strides[i] < spec.window[i]);
        Pool { level, kind, spec, output, offsets, overlap, items, work }
    }

    /// The places along an axis, inside the image, of the window at `at`.
    #[inline(always)]
    fn inside(&self, axis: usize, at: usize) -> std::ops::Range<usize> {
        let (s, lo) = (&self.spec, self.spec.padding[axis].0);
        let start = at * s.strides[axis];
        let end = (start + s.window[axis]).saturating_sub(lo).min(s.input[axis]);
        start.saturating_sub(lo).min(end)..end
    }

    /// One phase without scratch memory; no phase if there is nothing to compute.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// Does one task.
    ///
    /// # Safety
    /// The pointers of `args` hold what the spec says; `task` is below the count.
    pub unsafe fn run(&self, task: usize, args: &PoolArgs) {
        let call = Call { plan: self, items: part(self.items, self.work.phases[0], task), args };
        // SAFETY: the caller's promise.
        unsafe { simd::run_at(self.level, call) }
    }
}

struct Call<'a> {
    plan: &'a Pool,
    items: std::ops::Range<usize>,
    args: &'a PoolArgs,
}

/// The windows of one line of results: the planes and lines of the image they cover.
struct Line {
    planes: std::ops::Range<usize>,
    lines: std::ops::Range<usize>,
    /// Neither is cut off by the image's edge.
    whole: bool,
}

impl simd::Task for Call<'_> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let p = self.plan;
        let lines = p.output[0] * p.output[1];
        for item in self.items.clone() {
            // SAFETY: image and line are in range.
            unsafe {
                match p.kind {
                    PoolKind::Max => self.line::<S, true>(item / lines, item % lines),
                    PoolKind::Sum => self.line::<S, false>(item / lines, item % lines),
                    PoolKind::MaxGrad => self.image::<S, true>(item),
                    PoolKind::SumGrad => self.image::<S, false>(item),
                }
            }
        }
    }
}

impl Call<'_> {
    fn image_len(&self) -> usize {
        self.plan.spec.input.iter().product::<usize>() * self.plan.spec.channels
    }

    fn windows(&self, line: usize) -> Line {
        let p = self.plan;
        let (planes, lines) = (p.inside(0, line / p.output[1]), p.inside(1, line % p.output[1]));
        let whole = planes.len() == p.spec.window[0] && lines.len() == p.spec.window[1];
        Line { planes, lines, whole }
    }

    /// Calls `f` with the offset in the image of each pixel of a window, in order.
    #[inline(always)]
    fn pixels(&self, line: &Line, column: usize, mut f: impl FnMut(usize)) {
        let s = &self.plan.spec;
        let columns = self.plan.inside(2, column);
        let start = |z: usize, y: usize| (z * s.input[1] + y) * s.input[2];
        if line.whole && columns.len() == s.window[2] {
            let first = (start(line.planes.start, line.lines.start) + columns.start) * s.channels;
            for offset in &self.plan.offsets {
                f(first + offset);
            }
            return;
        }
        for z in line.planes.clone() {
            for y in line.lines.clone() {
                for x in columns.clone() {
                    f((start(z, y) + x) * s.channels);
                }
            }
        }
    }

    /// One line of results.
    #[inline(always)]
    unsafe fn line<S: Simd, const MAX: bool>(&self, image: usize, line: usize) {
        let p = self.plan;
        let channels = p.spec.channels;
        // SAFETY: windows lie inside the image, channels below their count.
        unsafe {
            let x = self.args.x.add(image * self.image_len());
            let lines = p.output[0] * p.output[1];
            let mut y = self.args.out.add((image * lines + line) * p.output[2] * channels);
            let windows = self.windows(line);
            for column in 0..p.output[2] {
                let mut c = 0;
                while c < channels {
                    let mask = S::first(channels - c);
                    let mut acc = S::splat(if MAX { f32::NEG_INFINITY } else { 0.0 });
                    self.pixels(&windows, column, |at| {
                        S::prefetch(x.wrapping_add(at + c + AHEAD));
                        let v = S::load_masked(x.add(at + c), mask);
                        acc = if MAX { S::max(acc, v) } else { S::add(acc, v) };
                    });
                    S::store_first(y.add(c), acc, (channels - c).min(S::LANES));
                    c += S::LANES;
                }
                y = y.add(channels);
            }
        }
    }

    /// The gradient of one image.
    #[inline(always)]
    unsafe fn image<S: Simd, const MAX: bool>(&self, image: usize) {
        let p = self.plan;
        let channels = p.spec.channels;
        let lines = p.output[0] * p.output[1];
        // SAFETY: windows lie inside the image, channels below their count.
        unsafe {
            let x = self.args.x.wrapping_add(image * self.image_len());
            let dx = self.args.out.add(image * self.image_len());
            let mut dy = self.args.dy.add(image * lines * p.output[2] * channels);
            std::ptr::write_bytes(dx, 0, self.image_len());
            for line in 0..lines {
                let windows = self.windows(line);
                for column in 0..p.output[2] {
                    let mut c = 0;
                    while c < channels {
                        let left = (channels - c).min(S::LANES);
                        let g = S::load_masked(dy.add(c), S::first(left));
                        let x = x.wrapping_add(c);
                        self.spread::<S, MAX>(&windows, column, x, dx.add(c), g, left);
                        c += S::LANES;
                    }
                    dy = dy.add(channels);
                }
            }
        }
    }

    /// Adds a window's gradient to the elements it belongs to.
    #[inline(always)]
    unsafe fn spread<S: Simd, const MAX: bool>(
        &self,
        windows: &Line,
        column: usize,
        x: *const f32,
        dx: *mut f32,
        g: S::V,
        left: usize,
    ) {
        // SAFETY: as in `image`.
        unsafe {
            let mask = S::first(left);
            let mut best = S::splat(f32::NEG_INFINITY);
            let mut winner = S::splat(0.0);
            let mut k = 0.0;
            if MAX {
                self.pixels(windows, column, |at| {
                    S::prefetch(x.wrapping_add(at + AHEAD));
                    let v = S::load_masked(x.add(at), mask);
                    // Larger than the best so far, or the first NaN.
                    let first_nan = S::and(S::not(S::eq(v, v)), S::eq(best, best));
                    let better = S::or(S::lt(best, v), first_nan);
                    best = S::select(better, v, best);
                    winner = S::select(better, S::splat(k), winner);
                    k += 1.0;
                });
            }
            k = 0.0;
            self.pixels(windows, column, |at| {
                let mut add = g;
                if MAX {
                    add = S::select(S::eq(winner, S::splat(k)), g, S::splat(0.0));
                    k += 1.0;
                }
                if self.plan.overlap {
                    add = S::add(S::load_masked(dx.add(at), mask), add);
                }
                S::store_first(dx.add(at), add, left);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::{Floats, close};

    fn run(level: Level, kind: PoolKind, s: PoolSpec, x: &[f32], dy: &[f32]) -> Vec<f32> {
        let forward = matches!(kind, PoolKind::Max | PoolKind::Sum);
        let mut out = vec![f32::NAN; if forward { dy.len() } else { x.len() }];
        let plan = Pool::at(level, kind, s);
        let args = PoolArgs { x: x.as_ptr(), dy: dy.as_ptr(), out: out.as_mut_ptr() };
        for &tasks in &plan.work().phases {
            for task in (0..tasks).rev() {
                unsafe { plan.run(task, &args) };
            }
        }
        out
    }

    /// The elements (offsets) of each window, in order, without padding.
    fn windows(s: &PoolSpec) -> Vec<Vec<usize>> {
        let out = s.output();
        let count = s.batch * out.iter().product::<usize>() * s.channels;
        let one = |i: usize| {
            let (c, p) = (i % s.channels, i / s.channels);
            let at = [p / (out[1] * out[2]) % out[0], p / out[2] % out[1], p % out[2]];
            let image = p / (out[0] * out[1] * out[2]);
            let mut places = Vec::new();
            for t in 0..s.window.iter().product() {
                let t = [
                    t / (s.window[1] * s.window[2]),
                    t / s.window[2] % s.window[1],
                    t % s.window[2],
                ];
                let place: Vec<usize> = (0..3)
                    .map(|i| (at[i] * s.strides[i] + t[i]).wrapping_sub(s.padding[i].0))
                    .collect();
                if (0..3).all(|i| place[i] < s.input[i]) {
                    let pixel =
                        ((image * s.input[0] + place[0]) * s.input[1] + place[1]) * s.input[2];
                    places.push((pixel + place[2]) * s.channels + c);
                }
            }
            places
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn random_shapes() {
        let mut rng = Floats::new(12);
        for level in Level::available() {
            for round in 0..100 {
                let mut axis = |most: usize| rng.below(most) + 1;
                let planes = round % 4 == 0;
                let window = [if planes { axis(2) } else { 1 }, axis(3), axis(3)];
                let s = PoolSpec {
                    batch: axis(3),
                    input: [if planes { 2 + axis(2) } else { 1 }, 2 + axis(9), 2 + axis(9)],
                    channels: axis(40),
                    window,
                    strides: [axis(2), axis(3), axis(3)],
                    padding: std::array::from_fn(|i| {
                        if round % 2 == 0 { (0, 0) } else { ((window[i] - 1) / 2, window[i] / 2) }
                    }),
                };
                let places = windows(&s);
                let n = s.batch * s.input.iter().product::<usize>() * s.channels;
                // Few different values: many ties.
                let x: Vec<f32> = rng.vec(n).iter().map(|v| (v * 3.0).round()).collect();
                let dy = rng.vec(places.len());
                let (mut max, mut sum) = (vec![0f64; dy.len()], vec![0f64; dy.len()]);
                let (mut max_grad, mut sum_grad) = (vec![0f64; n], vec![0f64; n]);
                for (i, window) in places.iter().enumerate() {
                    let mut winner = window[0];
                    for &at in window {
                        winner = if x[at] > x[winner] { at } else { winner };
                        sum[i] += x[at] as f64;
                        sum_grad[at] += dy[i] as f64;
                    }
                    max[i] = x[winner] as f64;
                    max_grad[winner] += dy[i] as f64;
                }
                let what = format!("{level:?} {s:?}");
                close(&run(level, PoolKind::Max, s, &x, &dy), &max, 0.0, &what);
                close(&run(level, PoolKind::Sum, s, &x, &dy), &sum, 1e-5, &what);
                close(&run(level, PoolKind::MaxGrad, s, &x, &dy), &max_grad, 1e-5, &what);
                close(&run(level, PoolKind::SumGrad, s, &x, &dy), &sum_grad, 1e-5, &what);
            }
        }
    }

    #[test]
    fn nan_wins() {
        let s = PoolSpec::pool2d(1, [1, 4], 1, [1, 4]);
        let x = [1.0, f32::NAN, 7.0, f32::NAN];
        for level in Level::available() {
            assert!(run(level, PoolKind::Max, s, &x, &[0.0])[0].is_nan());
            assert_eq!(run(level, PoolKind::MaxGrad, s, &x, &[2.0]), [0.0, 2.0, 0.0, 0.0]);
        }
    }
}
