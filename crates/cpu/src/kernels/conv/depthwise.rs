//! Convolutions that leave channels apart, and the gradients by their image and kernel.
//!
//! Each channel has its own kernel, so that a product of matrices would be one of columns: work is
//! vectorised over channels instead, and bound by memory. Borders are told by ranges of taps.

use super::ConvSpec;
use crate::kernels::epilogue::Epilogue;
use crate::kernels::matmul::tasks_for;
use crate::kernels::reduce::AddParts;
use crate::kernels::simd::{self, Level, Simd};
use crate::kernels::{Work, part};
use std::ops::Range;

/// Pixels of a line that are made side by side.
const SIDE: usize = 8;
/// Taps of a line whose sums stay in registers.
const TAPS: usize = 8;

/// Which function a [`Depthwise`] computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DepthwiseKind {
    /// The convolution of image and kernel.
    Forward,
    /// The gradient by the image, from the result's gradient and the kernel.
    InputGrad,
    /// The gradient by the kernel, from image and the result's gradient.
    KernelGrad,
}

/// The memory of one run of [`Depthwise`].
#[derive(Clone, Copy, Debug)]
pub struct DepthwiseArgs {
    /// The first operand.
    pub a: *const f32,
    /// The second operand.
    pub b: *const f32,
    /// The result, written whole; overlaps nothing else.
    pub out: *mut f32,
    /// What is done to the result of [`DepthwiseKind::Forward`].
    pub epilogue: Epilogue,
    /// [`Work::shared`] floats.
    pub shared: *mut f32,
}

/// A convolution of groups of one channel each, or a gradient of one, planned:
/// `y[p, c] = Σ_t x[p · s + t · d − lo, c] · w[t, c]`.
///
/// Run as [`super::ConvForward`], without scratch memory.
///
/// ```
/// use ferras_cpu::kernels::conv::{ConvSpec, Depthwise, DepthwiseArgs, DepthwiseKind};
/// use ferras_cpu::kernels::epilogue::Epilogue;
/// let spec = ConvSpec { groups: 2, ..ConvSpec::conv2d(1, [1, 2], 2, [1, 2], 2) };
/// let plan = Depthwise::new(DepthwiseKind::Forward, spec).expect("one channel a group");
/// let (x, w, mut y) = ([1.0f32, 2.0, 3.0, 4.0], [1.0f32, 1.0, 10.0, 0.5], [0.0f32; 2]);
/// let args = DepthwiseArgs {
///     a: x.as_ptr(), b: w.as_ptr(), out: y.as_mut_ptr(), epilogue: Epilogue::NONE,
///     shared: std::ptr::null_mut(),
/// };
/// // SAFETY: the arrays have the shapes of the spec; this is the only task.
/// unsafe { plan.run(0, 0, &args) };
/// assert_eq!(y, [31.0, 4.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Depthwise {
    level: Level,
    kind: DepthwiseKind,
    spec: ConvSpec,
    output: [usize; 3],
    shares: usize,
    work: Work,
}

impl Depthwise {
    /// Plans for this machine; none if a group has several channels or results.
    pub fn new(kind: DepthwiseKind, spec: ConvSpec) -> Option<Depthwise> {
        Depthwise::at(Level::detect(), kind, spec)
    }

    /// Plans for `level`, which must be one of [`Level::available`] to be run.
    pub fn at(level: Level, kind: DepthwiseKind, spec: ConvSpec) -> Option<Depthwise> {
        if spec.groups < 2 || spec.cin != spec.groups || spec.cout != spec.groups {
            return None;
        }
        let output = spec.output();
        let work = Work { phases: Vec::new(), shared: 0, scratch: 0 };
        let mut plan = Depthwise { level, kind, spec, output, shares: 1, work };
        // A product here costs about four of those that stay in registers.
        let tasks = tasks_for(4 * spec.flops()).min(plan.lines().max(1));
        let size = spec.taps() * spec.cin;
        if kind == DepthwiseKind::KernelGrad {
            plan.shares = tasks.min(16);
            if size > 0 {
                plan.work.phases = vec![plan.shares, 1];
                plan.work.shared = plan.shares * size;
            }
        } else if plan.lines() * plan.width() * spec.cin > 0 {
            plan.work.phases = vec![tasks];
        }
        Some(plan)
    }

    /// Phases, tasks and shared memory.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// Does one task of one phase.
    ///
    /// # Safety
    /// The pointers of `args` hold what the spec says; `task` is below the phase's count; all tasks
    /// of earlier phases have ended.
    pub unsafe fn run(&self, phase: usize, task: usize, args: &DepthwiseArgs) {
        let size = self.spec.taps() * self.spec.cin;
        // SAFETY: the caller's promise.
        unsafe {
            if phase > 0 {
                let (parts, to) = (args.shared.cast_const(), args.out);
                return AddParts { parts, count: self.shares, step: size, range: 0..size, to }
                    .run(self.level);
            }
            let lines = part(self.lines(), self.work.phases[0], task);
            simd::run_at(self.level, Call { plan: self, lines, task, args });
        }
    }

    /// Places of the result of a pass: those of the image for its gradient.
    fn space(&self) -> [usize; 3] {
        if self.kind == DepthwiseKind::InputGrad { self.spec.input } else { self.output }
    }

    fn lines(&self) -> usize {
        self.spec.batch * self.space()[0] * self.space()[1]
    }

    fn width(&self) -> usize {
        self.space()[2]
    }

    /// Where tap t of an axis leads from a place, if there is something.
    #[inline(always)]
    fn place(&self, axis: usize, from: usize, tap: usize) -> Option<usize> {
        let s = &self.spec;
        let (stride, low, reach) = (s.strides[axis], s.padding[axis].0, tap * s.dilations[axis]);
        if self.kind == DepthwiseKind::InputGrad {
            let scaled = (from + low).checked_sub(reach)?;
            let exact = stride == 1 || scaled.is_multiple_of(stride);
            let place = if stride == 1 { scaled } else { scaled / stride };
            return (exact && place < self.output[axis]).then_some(place);
        }
        (from * stride + reach).checked_sub(low).filter(|&p| p < s.input[axis])
    }

    /// The range of places of a line from which every tap leads somewhere, by a step of the same
    /// length for all places.
    fn inside(&self) -> Range<usize> {
        let (width, taps) = (self.width(), self.spec.kernel[2]);
        if taps == 0 || self.kind == DepthwiseKind::InputGrad && self.spec.strides[2] > 1 {
            return 0..0;
        }
        let whole = |x: usize| [0, taps - 1].iter().all(|&t| self.place(2, x, t).is_some());
        let Some(first) = (0..width).find(|&x| whole(x)) else { return 0..0 };
        first..(first..width).find(|&x| !whole(x)).unwrap_or(width)
    }
}

struct Call<'a> {
    plan: &'a Depthwise,
    lines: Range<usize>,
    task: usize,
    args: &'a DepthwiseArgs,
}

impl simd::Task for Call<'_> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: the caller's contract.
        unsafe {
            if self.plan.kind == DepthwiseKind::KernelGrad {
                return self.kernel_grad::<S>();
            }
            let inside = self.plan.inside();
            for line in self.lines.clone() {
                let mut x = 0;
                while x < self.plan.width() {
                    // Within the image no pixel looks at the border.
                    let left = if inside.contains(&x) { inside.end - x } else { 1 };
                    x += match left.min(SIDE) {
                        8 => self.pixels::<S, 8>(line, x),
                        7 => self.pixels::<S, 7>(line, x),
                        4..=6 => self.pixels::<S, 4>(line, x),
                        2 | 3 => self.pixels::<S, 2>(line, x),
                        _ => self.pixels::<S, 1>(line, x),
                    };
                }
            }
        }
    }
}

impl Call<'_> {
    /// R neighbouring pixels of a line; more than one only inside. Returns R.
    #[inline(always)]
    unsafe fn pixels<S: Simd, const R: usize>(&self, line: usize, x: usize) -> usize {
        let p = self.plan;
        let s = &p.spec;
        let backwards = p.kind == DepthwiseKind::InputGrad;
        let [depth, height, width] = p.space();
        let (image, z, y) = (line / (depth * height), line / height % depth, line % height);
        let from = if backwards { p.output } else { s.input };
        let step = if backwards { 1 } else { s.strides[2] } * s.cin;
        let element = (line * width + x) * s.cin;
        for c in (0..s.cin).step_by(S::LANES) {
            // SAFETY: places come from ranges of the image, the mask keeps channels below their
            // count.
            unsafe {
                let left = (s.cin - c).min(S::LANES);
                let mask = S::first(left);
                let mut acc = [S::splat(0.0); R];
                for kz in 0..s.kernel[0] {
                    let Some(pz) = p.place(0, z, kz) else { continue };
                    for ky in 0..s.kernel[1] {
                        let Some(py) = p.place(1, y, ky) else { continue };
                        let source = ((image * from[0] + pz) * from[1] + py) * from[2];
                        let tap = (kz * s.kernel[1] + ky) * s.kernel[2];
                        for kx in 0..s.kernel[2] {
                            let Some(px) = p.place(2, x, kx) else { continue };
                            let w = S::load_masked(self.args.b.add((tap + kx) * s.cin + c), mask);
                            let a = self.args.a.add((source + px) * s.cin + c);
                            for (r, sum) in acc.iter_mut().enumerate() {
                                *sum = S::fma(S::load_masked(a.add(r * step), mask), w, *sum);
                            }
                        }
                    }
                }
                for (r, sum) in acc.into_iter().enumerate() {
                    let at = element + r * s.cin + c;
                    let value = self.args.epilogue.apply::<S>(sum, c, at, mask);
                    S::store_first(self.args.out.add(at), value, left);
                }
            }
        }
        R
    }

    /// Sums a share of all lines into this task's part.
    #[inline(always)]
    unsafe fn kernel_grad<S: Simd>(&self) {
        let p = self.plan;
        let s = &p.spec;
        let size = s.taps() * s.cin;
        // SAFETY: the part is this task's own; lines, taps and channels are in range.
        unsafe {
            let to = self.args.shared.add(self.task * size);
            std::ptr::write_bytes(to, 0, size);
            let [depth, height, width] = p.output;
            for line in self.lines.clone() {
                let (image, z, y) = (line / (depth * height), line / height % depth, line % height);
                let dy = self.args.b.add(line * width * s.cin);
                for kz in 0..s.kernel[0] {
                    let Some(pz) = p.place(0, z, kz) else { continue };
                    for ky in 0..s.kernel[1] {
                        let Some(py) = p.place(1, y, ky) else { continue };
                        let source = ((image * s.input[0] + pz) * s.input[1] + py) * s.input[2];
                        let x = self.args.a.add(source * s.cin);
                        let tap = (kz * s.kernel[1] + ky) * s.kernel[2];
                        self.add_line::<S>(x, dy, to.add(tap * s.cin));
                    }
                }
            }
        }
    }

    /// Adds the products of a line of the image and a line of dy to a line of taps.
    #[inline(always)]
    unsafe fn add_line<S: Simd>(&self, x: *const f32, dy: *const f32, to: *mut f32) {
        let p = self.plan;
        let s = &p.spec;
        for first in (0..s.kernel[2]).step_by(TAPS) {
            let taps = TAPS.min(s.kernel[2] - first);
            for c in (0..s.cin).step_by(S::LANES) {
                // SAFETY: as in `kernel_grad`.
                unsafe {
                    let left = (s.cin - c).min(S::LANES);
                    let mask = S::first(left);
                    let mut acc = [S::splat(0.0); TAPS];
                    for ox in 0..p.output[2] {
                        let g = S::load_masked(dy.add(ox * s.cin + c), mask);
                        for (t, sum) in acc.iter_mut().enumerate().take(taps) {
                            if let Some(px) = p.place(2, ox, first + t) {
                                *sum = S::fma(S::load_masked(x.add(px * s.cin + c), mask), g, *sum);
                            }
                        }
                    }
                    for (t, sum) in acc.into_iter().enumerate().take(taps) {
                        let at = to.add((first + t) * s.cin + c);
                        S::store_first(at, S::add(S::load_masked(at, mask), sum), left);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::products;
    use super::*;
    use crate::kernels::testing::{Floats, Parts, close, run_all};

    fn spec(rng: &mut Floats, round: usize) -> ConvSpec {
        let planes = round % 4 == 3;
        let mut axis = |most: usize, on: bool| if on { rng.below(most) + 1 } else { 1 };
        let channels = axis(40, true) + 1;
        let mut spec = ConvSpec {
            batch: axis(3, true),
            input: [axis(4, planes), axis(11, true), axis(24, true)],
            cin: channels,
            kernel: [
                axis(3, planes),
                axis(4, true),
                axis(11, round.is_multiple_of(7)).max(axis(3, true)),
            ],
            cout: channels,
            strides: [
                axis(2, planes),
                axis(3, round.is_multiple_of(3)),
                axis(3, round.is_multiple_of(3)),
            ],
            dilations: [1, axis(2, round % 3 == 1), axis(2, round % 3 == 1)],
            padding: [(0, 0); 3],
            groups: channels,
        };
        for (i, p) in spec.padding.iter_mut().enumerate() {
            if i > 0 || planes {
                *p = (axis(4, true) - 1, axis(4, true) - 1);
            }
        }
        spec
    }

    fn check(level: Level, s: ConvSpec, rng: &mut Floats) {
        let (nx, nw, ny) = (s.batch * s.image_len(), s.taps() * s.cin, s.batch * s.result_len());
        let (x, w, dy) = (rng.vec(nx), rng.vec(nw), rng.vec(ny));
        let parts = Parts::new(s.cout, ny, rng);
        let (mut y, mut dx, mut dw) = (vec![0f64; ny], vec![0f64; nx], vec![0f64; nw]);
        products(&s, |i, j, k| {
            y[k] += f64::from(x[i]) * f64::from(w[j]);
            dx[i] += f64::from(dy[k]) * f64::from(w[j]);
            dw[j] += f64::from(dy[k]) * f64::from(x[i]);
        });
        y.iter_mut().enumerate().for_each(|(i, v)| *v = parts.on(*v, i % s.cout, i));
        let cases = [
            (DepthwiseKind::Forward, &x, &w, &y, parts.epilogue()),
            (DepthwiseKind::InputGrad, &dy, &w, &dx, Epilogue::NONE),
            (DepthwiseKind::KernelGrad, &x, &dy, &dw, Epilogue::NONE),
        ];
        for (kind, a, b, want, epilogue) in cases {
            let plan = Depthwise::at(level, kind, s).unwrap();
            for backwards in [false, true] {
                let mut got = vec![f32::NAN; want.len()];
                let (a, b, out) = (a.as_ptr(), b.as_ptr(), got.as_mut_ptr());
                run_all(plan.work(), backwards, |phase, task, shared, _| unsafe {
                    plan.run(phase, task, &DepthwiseArgs { a, b, out, epilogue, shared });
                });
                close(&got, want, 1e-4, &format!("{kind:?} {level:?} {s:?}"));
            }
        }
    }

    #[test]
    fn random_shapes() {
        let mut rng = Floats::new(21);
        for level in Level::available() {
            for round in 0..120 {
                let s = spec(&mut rng, round);
                check(level, s, &mut rng);
            }
        }
        let full = ConvSpec::conv2d(1, [3, 3], 4, [3, 3], 4);
        assert!(Depthwise::new(DepthwiseKind::Forward, full).is_none());
    }
}
