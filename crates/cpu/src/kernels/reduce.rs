//! Sums, products, largest and smallest values along an axis.
//!
//! Long sums are sums of short ones: at most some hundred numbers are added in one `f32`, and the
//! parts are added with compensation or in `f64`, so the error does not grow with the length.
//! The order of all additions follows from the shape alone.

use super::simd::{self, Level, Simd};
use super::{Work, matmul::tasks_for, part};
use ferras_graph::Reduce as Kind;

/// Numbers added in one register lane before the total is touched.
const RUN: usize = 128;

/// A reduction of `(outer, axis, inner)` to `(outer, inner)`, planned.
///
/// With inner 1 these are sums of rows, with outer 1 sums of columns (gradients of biases). Several
/// adjacent axes count as one.
///
/// ```
/// use ferras_cpu::kernels::reduce::Reduction;
/// use ferras_graph::Reduce;
/// let plan = Reduction::new(Reduce::Sum, 1, 2, 3);
/// let (x, mut y) = ([1.0f32, 2.0, 3.0, 10.0, 20.0, 30.0], [0.0f32; 3]);
/// let mut shared = vec![0.0; plan.work().shared];
/// for (phase, &tasks) in plan.work().phases.iter().enumerate() {
///     for task in 0..tasks {
///         // SAFETY: the arrays have the planned shapes.
///         unsafe { plan.run(phase, task, x.as_ptr(), y.as_mut_ptr(), shared.as_mut_ptr()) };
///     }
/// }
/// assert_eq!(y, [11.0, 22.0, 33.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Reduction {
    level: Level,
    kind: Kind,
    outer: usize,
    axis: usize,
    inner: usize,
    /// Pieces of `outer`, and of the axis, that are tasks.
    blocks: usize,
    pieces: usize,
    work: Work,
}

impl Reduction {
    /// Plans for this machine.
    pub fn new(kind: Kind, outer: usize, axis: usize, inner: usize) -> Reduction {
        Reduction::at(Level::detect(), kind, outer, axis, inner)
    }

    /// Plans for `level`, which must be one of [`Level::available`] to be run.
    pub fn at(level: Level, kind: Kind, outer: usize, axis: usize, inner: usize) -> Reduction {
        let wanted = tasks_for(4 * outer * axis * inner);
        let blocks = wanted.min(outer).max(1);
        // Only when there are too few results is the axis itself cut.
        let pieces =
            if blocks * 2 <= wanted { (wanted / blocks).min(axis / RUN).max(1) } else { 1 };
        let mut phases = vec![blocks * pieces];
        if outer * inner == 0 {
            phases.clear();
        } else if pieces > 1 {
            phases.push(1);
        }
        let shared = if pieces > 1 { outer * pieces * inner } else { 0 };
        let work = Work { phases, shared, scratch: 0 };
        Reduction { level, kind, outer, axis, inner, blocks, pieces, work }
    }

    /// Phases, tasks and scratch memory.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// Does one task of one phase.
    ///
    /// # Safety
    /// `x` holds `(outer, axis, inner)`, `y` `(outer, inner)`, `shared` [`Work::shared`] floats;
    /// `task` is below the phase's count; all tasks of earlier phases have ended.
    pub unsafe fn run(
        &self,
        phase: usize,
        task: usize,
        x: *const f32,
        y: *mut f32,
        shared: *mut f32,
    ) {
        // SAFETY: all ranges stay inside the shapes.
        unsafe {
            if phase == 1 {
                // The pieces of an item lie one after the other: again a reduction of an axis.
                for o in 0..self.outer {
                    let from = shared.add(o * self.pieces * self.inner);
                    self.item(from, self.pieces, y.add(o * self.inner));
                }
                return;
            }
            let piece = task % self.pieces;
            let range = part(self.axis, self.pieces, piece);
            for o in part(self.outer, self.blocks, task / self.pieces) {
                let from = x.add((o * self.axis + range.start) * self.inner);
                let to = if self.pieces > 1 {
                    shared.add((o * self.pieces + piece) * self.inner)
                } else {
                    y.add(o * self.inner)
                };
                self.item(from, range.end - range.start, to);
            }
        }
    }

    unsafe fn item(&self, x: *const f32, axis: usize, y: *mut f32) {
        let item = Item { kind: self.kind, x, axis, inner: self.inner, y };
        // SAFETY: the caller's promise.
        unsafe { simd::run_at(self.level, item) }
    }
}

struct Item {
    kind: Kind,
    x: *const f32,
    axis: usize,
    inner: usize,
    y: *mut f32,
}

/// How two numbers become one.
trait Join {
    const START: f32;
    unsafe fn join<S: Simd>(a: S::V, b: S::V) -> S::V;
    fn join_one(a: f64, b: f64) -> f64;
    /// Adds `b` to the total `a`; `lost` carries what rounding dropped.
    #[inline(always)]
    unsafe fn total<S: Simd>(a: &mut S::V, _lost: &mut S::V, b: S::V) {
        // SAFETY: register operations.
        unsafe { *a = Self::join::<S>(*a, b) }
    }
}

macro_rules! join {
    ($name:ident, $start:expr, $op:ident, |$a:ident, $b:ident| $one:expr $(, $total:item)?) => {
        struct $name;
        impl Join for $name {
            const START: f32 = $start;
            #[inline(always)]
            unsafe fn join<S: Simd>(a: S::V, b: S::V) -> S::V {
                // SAFETY: register operations.
                unsafe { S::$op(a, b) }
            }
            #[inline(always)]
            fn join_one($a: f64, $b: f64) -> f64 {
                $one
            }
            $($total)?
        }
    };
}
join!(
    Sum,
    0.0,
    add,
    |a, b| a + b,
    #[inline(always)]
    unsafe fn total<S: Simd>(a: &mut S::V, lost: &mut S::V, b: S::V) {
        // SAFETY: register operations. After an overflow nothing is carried on: ∞ stays ∞.
        unsafe {
            let b = S::sub(b, *lost);
            let sum = S::add(*a, b);
            let rest = S::sub(S::sub(sum, *a), b);
            *lost = S::select(S::eq(rest, rest), rest, S::splat(0.0));
            *a = sum;
        }
    }
);
join!(Prod, 1.0, mul, |a, b| a * b);
join!(Max, f32::NEG_INFINITY, max, |a, b| if a > b || a.is_nan() { a } else { b });
join!(Min, f32::INFINITY, min, |a, b| if a < b || a.is_nan() { a } else { b });

impl simd::Task for Item {
    type Output = ();
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: the contract of `Reduction::run`.
        unsafe {
            match self.kind {
                Kind::Sum => self.reduce::<S, Sum>(),
                Kind::Prod => self.reduce::<S, Prod>(),
                Kind::Max => self.reduce::<S, Max>(),
                Kind::Min => self.reduce::<S, Min>(),
            }
        }
    }
}

impl Item {
    #[inline(always)]
    unsafe fn reduce<S: Simd, J: Join>(&self) {
        // SAFETY: columns below inner, rows below axis.
        unsafe {
            if self.inner == 1 {
                *self.y = self.row::<S, J>();
                return;
            }
            let mut column = 0;
            while column < self.inner {
                if self.inner - column >= 4 * S::LANES {
                    self.columns::<S, J, 1, 4>(column);
                    column += 4 * S::LANES;
                } else {
                    self.columns::<S, J, 4, 1>(column);
                    column += S::LANES;
                }
            }
        }
    }

    /// One contiguous row: four registers side by side, their lanes joined after each run.
    #[inline(always)]
    unsafe fn row<S: Simd, J: Join>(&self) -> f32 {
        // SAFETY: all loads are below axis.
        unsafe {
            let n = self.axis;
            let mut total = J::START as f64;
            let mut i = 0;
            while i < n {
                let end = n.min(i + RUN * 4 * S::LANES);
                let mut acc = [S::splat(J::START); 4];
                while i + 4 * S::LANES <= end {
                    for (v, a) in acc.iter_mut().enumerate() {
                        *a = J::join::<S>(*a, S::load(self.x.add(i + v * S::LANES)));
                    }
                    i += 4 * S::LANES;
                }
                while i < end {
                    let mask = S::first(end - i);
                    let x = S::load_masked(self.x.add(i), mask);
                    acc[0] = J::join::<S>(acc[0], S::select(mask, x, S::splat(J::START)));
                    i += S::LANES.min(end - i);
                }
                let a = J::join::<S>(acc[0], acc[1]);
                let b = J::join::<S>(acc[2], acc[3]);
                total = J::join_one(total, fold::<S, J>(J::join::<S>(a, b)));
            }
            total as f32
        }
    }

    /// C·V registers: V columns of registers wide, C rows at a time.
    #[inline(always)]
    unsafe fn columns<S: Simd, J: Join, const C: usize, const V: usize>(&self, column: usize) {
        // SAFETY: the mask keeps narrow loads and stores below inner; rows stay below axis.
        unsafe {
            let left = self.inner - column;
            let mask = S::first(left);
            let x = self.x.add(column);
            let load = |row: usize, v: usize| {
                let p = x.add(row * self.inner + v * S::LANES);
                if V == 1 { S::load_masked(p, mask) } else { S::load(p) }
            };
            let mut total = [S::splat(J::START); V];
            let mut lost = [S::splat(0.0); V];
            let mut row = 0;
            while row < self.axis {
                let end = self.axis.min(row + RUN * C);
                let mut acc = [[S::splat(J::START); V]; C];
                while row + C <= end {
                    for (c, chain) in acc.iter_mut().enumerate() {
                        for (v, a) in chain.iter_mut().enumerate() {
                            *a = J::join::<S>(*a, load(row + c, v));
                        }
                    }
                    row += C;
                }
                while row < end {
                    for (v, a) in acc[0].iter_mut().enumerate() {
                        *a = J::join::<S>(*a, load(row, v));
                    }
                    row += 1;
                }
                for v in 0..V {
                    let mut sum = acc[0][v];
                    for chain in acc.iter().skip(1) {
                        sum = J::join::<S>(sum, chain[v]);
                    }
                    J::total::<S>(&mut total[v], &mut lost[v], sum);
                }
            }
            for (v, sum) in total.iter().enumerate() {
                let y = self.y.add(column + v * S::LANES);
                S::store_first(y, *sum, (left - v * S::LANES).min(S::LANES));
            }
        }
    }
}

/// Joins the lanes of a register, halves first.
#[inline(always)]
unsafe fn fold<S: Simd, J: Join>(v: S::V) -> f64 {
    // SAFETY: the array holds the widest register.
    unsafe {
        let mut lanes = [0f32; 16];
        S::store(lanes.as_mut_ptr(), v);
        let mut wide: [f64; 16] = std::array::from_fn(|i| lanes[i] as f64);
        let mut width = S::LANES;
        while width > 1 {
            width /= 2;
            for i in 0..width {
                wide[i] = J::join_one(wide[i], wide[i + width]);
            }
        }
        wide[0]
    }
}

/// Adds parts that lie `step` floats apart, in order: `to[i] = Σ parts[p · step + i]` over a range.
#[derive(Clone, Debug)]
pub(crate) struct AddParts {
    pub parts: *const f32,
    pub count: usize,
    pub step: usize,
    pub range: std::ops::Range<usize>,
    pub to: *mut f32,
}

impl AddParts {
    /// # Safety
    /// The range lies inside each part and inside `to`; the level is available.
    pub(crate) unsafe fn run(self, level: Level) {
        // SAFETY: the caller's promise.
        unsafe { simd::run_at(level, self) }
    }
}

impl simd::Task for AddParts {
    type Output = ();
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // Four registers of neighbours at a time, so that a part's lines are read whole.
        for from in self.range.clone().step_by(4 * S::LANES) {
            let left = self.range.end - from;
            // SAFETY: masks keep all lanes below the range's end.
            unsafe {
                let masks: [S::M; 4] =
                    std::array::from_fn(|v| S::first(left.saturating_sub(v * S::LANES)));
                let mut sum = [S::splat(0.0); 4];
                for p in 0..self.count {
                    let part = self.parts.add(p * self.step + from);
                    for (v, s) in sum.iter_mut().enumerate() {
                        let x = S::load_masked(part.wrapping_add(v * S::LANES), masks[v]);
                        *s = S::add(*s, x);
                    }
                }
                for (v, s) in sum.iter().enumerate() {
                    let at = self.to.wrapping_add(from + v * S::LANES);
                    S::store_first(at, *s, left.saturating_sub(v * S::LANES).min(S::LANES));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::{Floats, close, run_all};

    fn reduce(plan: &Reduction, x: &[f32], backwards: bool) -> Vec<f32> {
        let mut y = vec![f32::NAN; plan.outer * plan.inner];
        let to = y.as_mut_ptr();
        run_all(plan.work(), backwards, |phase, task, shared, _| unsafe {
            plan.run(phase, task, x.as_ptr(), to, shared);
        });
        y
    }

    #[test]
    fn random_shapes() {
        let mut rng = Floats::new(9);
        for level in Level::available() {
            for round in 0..60 {
                let most = [4, 20, 150][round % 3];
                let outer = rng.below(most) + 1;
                let (axis, inner) = (rng.below(most * 3), [1, rng.below(most) + 1][round % 2]);
                let x: Vec<f32> =
                    rng.vec(outer * axis * inner).iter().map(|v| v.abs() + 0.5).collect();
                for kind in [Kind::Sum, Kind::Prod, Kind::Max, Kind::Min] {
                    let (start, f): (f64, fn(f64, f64) -> f64) = match kind {
                        Kind::Sum => (0.0, |a, b| a + b),
                        Kind::Prod => (1.0, |a, b| a * b),
                        Kind::Max => (f64::NEG_INFINITY, f64::max),
                        Kind::Min => (f64::INFINITY, f64::min),
                    };
                    let want = |i: usize| {
                        let at = |a| x[(i / inner * axis + a) * inner + i % inner] as f64;
                        (0..axis).fold(start, |sum, a| f(sum, at(a)))
                    };
                    let plan = Reduction::at(level, kind, outer, axis, inner);
                    let got = reduce(&plan, &x, false);
                    for (i, g) in got.iter().enumerate() {
                        let w = want(i) as f32;
                        let near = (g - w).abs() <= 1e-5 * w.abs();
                        assert!(*g == w || near, "{level:?} {kind:?} {g} {w}");
                    }
                    assert_eq!(got, reduce(&plan, &x, true));
                }
            }
        }
    }

    #[test]
    fn a_million_numbers_do_not_drift() {
        let mut rng = Floats::new(10);
        let n = 1 << 20;
        for level in Level::available() {
            for inner in [1, 3] {
                let x: Vec<f32> = rng.vec(n * inner).iter().map(|v| v + 1.1).collect();
                let want: Vec<f64> = (0..inner)
                    .map(|i| x.iter().skip(i).step_by(inner).map(|v| *v as f64).sum())
                    .collect();
                let plan = Reduction::at(level, Kind::Sum, 1, n, inner);
                assert!(plan.work().phases[0] > 1);
                let got = reduce(&plan, &x, false);
                close(&got, &want, 2e-7 * want[0], "sum");
                assert_eq!(got, reduce(&plan, &x, true));
            }
        }
    }

    #[test]
    fn infinities_and_nan() {
        for level in Level::available() {
            for inner in [1, 5] {
                let n = 3000;
                let mut x = vec![1f32; n * inner];
                x[40 * inner] = f32::INFINITY;
                let run =
                    |kind, x: &[f32]| reduce(&Reduction::at(level, kind, 1, n, inner), x, false)[0];
                assert_eq!(run(Kind::Sum, &x), f32::INFINITY);
                assert_eq!(run(Kind::Max, &x), f32::INFINITY);
                x[7 * inner] = f32::NAN;
                for kind in [Kind::Sum, Kind::Prod, Kind::Max, Kind::Min] {
                    assert!(run(kind, &x).is_nan(), "{level:?} {kind:?} {inner}");
                }
            }
        }
    }
}
