//! Reductions at the end of a fused loop.
//!
//! A reduction sees its space as (a, r, b) and sums (or the like) over r. Short rows (b = 1, r in
//! one tile) end within the tile. All others are cut into units that depend on the shape alone:
//! a part of r for one a, folded tile by tile into an accumulator, and where r has several parts
//! a last phase joins them in order. So no number of threads changes a bit.
use super::TILE;
use super::fold32::{self, Lanewise};
use crate::kernels::part;
use crate::kernels::simd::Level;
use crate::steps::{Bases, Loc};
use ferras_graph::{DType, Reduce};
use std::marker::PhantomData;
use std::ops::Range;

/// `(destination, source, rows, length)`: each row of the source to one element.
pub(crate) type FoldRows = unsafe fn(*mut u8, *const u8, usize, usize);
/// `(accumulator, source, count)`: into a wide accumulator of 8 bytes.
pub(crate) type FoldRun = unsafe fn(*mut u8, *const u8, usize);
/// `(accumulators, source, rows, columns)`: rows into one accumulator a column.
pub(crate) type FoldColumns = unsafe fn(*mut u8, *const u8, usize, usize);

/// Elements folded one after the other, about: bounds rounding errors and gives tasks.
const CHUNK: usize = 16_384;

/// The space of a reduction and its cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FoldShape {
    pub a: usize,
    pub r: usize,
    pub b: usize,
    /// Parts of r.
    pub k: usize,
}

impl FoldShape {
    pub(crate) fn new(a: usize, r: usize, b: usize) -> FoldShape {
        // Enough outer indices give enough tasks; then only precision asks for parts.
        let chunk = if a >= 16 { 16 * CHUNK } else { CHUNK };
        let rows = (chunk / b.max(1)).max(8);
        FoldShape { a, r, b, k: r.div_ceil(rows).max(1) }
    }

    /// Whether a tile holds whole rows, so that nothing goes beyond a tile.
    pub(crate) fn is_rows(&self) -> bool {
        self.b == 1 && self.r <= TILE
    }

    pub(crate) fn units(&self) -> usize {
        self.a * self.k
    }

    /// The elements of a unit.
    pub(crate) fn range(&self, unit: usize) -> Range<usize> {
        let rows = part(self.r, self.k, unit % self.k);
        let first = unit / self.k * self.r;
        (first + rows.start) * self.b..(first + rows.end) * self.b
    }
}

/// One reduction of a loop.
#[derive(Clone, Debug)]
pub(crate) struct Fold {
    pub functions: Folds,
    pub out: Loc,
    /// The parts' results, if r has several parts: 8 bytes each, or a row of b elements each.
    pub partial: Option<Loc>,
    /// Offset in the thread's scratch memory of the wide accumulator, or (b > 1) of the pointer to
    /// the unit's accumulators.
    pub own: usize,
}

impl Fold {
    /// Where the accumulators of a unit are (b > 1).
    unsafe fn target(&self, shape: &FoldShape, unit: usize, bases: Bases<'_>) -> *mut u8 {
        let row = shape.b * self.functions.size;
        // SAFETY: the plan gave `out` a rows of b elements, and `partial` one for each unit.
        unsafe {
            match self.partial {
                Some(partial) => bases.at(partial).add(unit * row),
                None => bases.at(self.out).add(unit * row),
            }
        }
    }

    pub(super) unsafe fn begin(
        &self,
        shape: &FoldShape,
        unit: usize,
        bases: Bases<'_>,
        scratch: *mut u8,
    ) {
        // SAFETY: the accumulators are this unit's own.
        unsafe {
            match shape.b {
                1 => (self.functions.start)(scratch.add(self.own)),
                b => {
                    let target = self.target(shape, unit, bases);
                    (self.functions.fill)(target, b);
                    scratch.add(self.own).cast::<*mut u8>().write(target);
                }
            }
        }
    }

    pub(super) unsafe fn tile(
        &self,
        shape: &FoldShape,
        from: *const u8,
        s: usize,
        n: usize,
        scratch: *mut u8,
    ) {
        // SAFETY: the tile belongs to one unit, whose accumulators are this thread's meanwhile;
        // it holds whole rows of b, or a part of one.
        unsafe {
            if shape.b == 1 {
                return (self.functions.run)(scratch.add(self.own), from, n);
            }
            let target = *scratch.add(self.own).cast::<*mut u8>();
            if n >= shape.b {
                // Whole rows.
                return (self.functions.columns)(target, from, n / shape.b, shape.b);
            }
            let column = s % shape.b * self.functions.size;
            (self.functions.columns)(target.add(column), from, 1, n);
        }
    }

    pub(super) unsafe fn end(
        &self,
        shape: &FoldShape,
        unit: usize,
        bases: Bases<'_>,
        scratch: *mut u8,
    ) {
        if shape.b > 1 {
            return;
        }
        // SAFETY: element or part `unit` is this unit's own.
        unsafe {
            let acc = scratch.add(self.own);
            match self.partial {
                Some(p) => acc.copy_to_nonoverlapping(bases.at(p).add(unit * 8), 8),
                None => {
                    let out = bases.at(self.out).add(unit * self.functions.size);
                    (self.functions.finish)(out, acc, 1);
                }
            }
        }
    }

    /// Joins the parts.
    pub(super) unsafe fn combine(&self, shape: Option<&FoldShape>, bases: Bases<'_>) {
        let (Some(shape), Some(partial)) = (shape, self.partial) else { return };
        let size = self.functions.size;
        // SAFETY: all parts were written in the first phase; outputs are this task's alone.
        unsafe {
            for a in 0..shape.a {
                let out = bases.at(self.out).add(a * shape.b * size);
                if shape.b == 1 {
                    (self.functions.finish)(out, bases.at(partial).add(a * shape.k * 8), shape.k);
                } else {
                    (self.functions.fill)(out, shape.b);
                    let parts = bases.at(partial).add(a * shape.k * shape.b * size);
                    (self.functions.columns)(out, parts, shape.k, shape.b);
                }
            }
        }
    }
}

/// The functions of a reduction of one kind and type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Folds {
    /// Bytes of an element.
    pub size: usize,
    pub rows: FoldRows,
    run: FoldRun,
    columns: FoldColumns,
    /// Sets a wide accumulator to the neutral element.
    start: unsafe fn(*mut u8),
    /// Sets elements to the neutral one.
    fill: unsafe fn(*mut u8, usize),
    /// Joins wide accumulators into one element.
    finish: unsafe fn(*mut u8, *const u8, usize),
}

/// An element and what it is accumulated in over long rows.
trait Wide: Copy {
    type W: Copy;
    fn widen(self) -> Self::W;
    fn narrow(w: Self::W) -> Self;
}

macro_rules! wide {
    ($($t:ty => $w:ty;)*) => {
        $(impl Wide for $t {
            type W = $w;
            #[inline(always)]
            fn widen(self) -> $w { self as $w }
            #[inline(always)]
            fn narrow(w: $w) -> $t { w as $t }
        })*
    };
}
wide! { f32 => f64; f64 => f64; i32 => i64; i64 => i64; u8 => i64; }

/// A way to make one of two.
pub(super) trait Join<T> {
    const NEUTRAL: T;
    fn join(a: T, b: T) -> T;
}

pub(super) struct Sum;
pub(super) struct Product;
pub(super) struct Largest;
pub(super) struct Smallest;
struct Any;
struct All;

macro_rules! joins {
    ($($kind:ident $($t:ty)+: $neutral:expr, |$a:ident, $b:ident| $e:expr;)*) => {
        $($(joins! { @ $kind $t, $neutral, $a, $b, $e })+)*
    };
    (@ $kind:ident $t:ty, $neutral:expr, $a:ident, $b:ident, $e:expr) => {
        impl Join<$t> for $kind {
            const NEUTRAL: $t = $neutral as $t;
            #[inline(always)]
            fn join($a: $t, $b: $t) -> $t { $e }
        }
    };
}

joins! {
    Sum f32 f64: 0, |a, b| a + b;
    Sum i32 i64: 0, |a, b| a.wrapping_add(b);
    Product f32 f64: 1, |a, b| a * b;
    Product i32 i64: 1, |a, b| a.wrapping_mul(b);
    Largest f32 f64: f32::NEG_INFINITY, |a, b| if a > b || a.is_nan() { a } else { b };
    Smallest f32 f64: f32::INFINITY, |a, b| if a < b || a.is_nan() { a } else { b };
    Largest i32: i32::MIN, |a, b| a.max(b);
    Smallest i32: i32::MAX, |a, b| a.min(b);
    Largest u8: u8::MIN, |a, b| a.max(b);
    Smallest u8: u8::MAX, |a, b| a.min(b);
    Largest i64: i64::MIN, |a, b| a.max(b);
    Smallest i64: i64::MAX, |a, b| a.min(b);
    Any u8 i64: 0, |a, b| a | b;
    All u8 i64: 1, |a, b| a & b;
}

const LANES: usize = 16;

/// One element of a row: lanes side by side, then halves of them, then the rest in order.
#[inline(always)]
unsafe fn row<T: Copy, J: Join<T>>(from: *const T, n: usize) -> T {
    // SAFETY: the caller owns n elements.
    unsafe {
        let mut at = 0;
        let mut all = J::NEUTRAL;
        if n >= LANES {
            let mut acc = from.cast::<[T; LANES]>().read_unaligned();
            at = LANES;
            while at + LANES <= n {
                let x = from.add(at).cast::<[T; LANES]>().read_unaligned();
                for j in 0..LANES {
                    acc[j] = J::join(acc[j], x[j]);
                }
                at += LANES;
            }
            let mut width = LANES;
            while width > 1 {
                width /= 2;
                for j in 0..width {
                    acc[j] = J::join(acc[j], acc[j + width]);
                }
            }
            all = acc[0];
        }
        while at < n {
            all = J::join(all, from.add(at).read_unaligned());
            at += 1;
        }
        all
    }
}

unsafe fn rows<T: Copy, J: Join<T>>(to: *mut u8, from: *const u8, rows: usize, len: usize) {
    let (to, from) = (to.cast::<T>(), from.cast::<T>());
    for i in 0..rows {
        // SAFETY: the caller owns rows × len elements and room for one a row.
        unsafe { to.add(i).write_unaligned(row::<T, J>(from.add(i * len), len)) };
    }
}

unsafe fn run<T: Wide, J: Join<T> + Join<T::W>>(acc: *mut u8, from: *const u8, n: usize) {
    // SAFETY: the caller owns the accumulator and n elements.
    unsafe {
        let acc = acc.cast::<T::W>();
        let tile = row::<T, J>(from.cast(), n).widen();
        acc.write(<J as Join<T::W>>::join(acc.read(), tile));
    }
}

unsafe fn columns<T: Copy, J: Join<T>>(acc: *mut u8, from: *const u8, rows: usize, cols: usize) {
    let (acc, from) = (acc.cast::<T>(), from.cast::<T>());
    let mut c = 0;
    // SAFETY: the caller owns rows × cols elements and one accumulator a column.
    unsafe {
        while c + LANES <= cols {
            let mut sum = from.add(c).cast::<[T; LANES]>().read_unaligned();
            for r in 1..rows {
                let x = from.add(r * cols + c).cast::<[T; LANES]>().read_unaligned();
                for j in 0..LANES {
                    sum[j] = J::join(sum[j], x[j]);
                }
            }
            let place = acc.add(c).cast::<[T; LANES]>();
            let mut old = place.read_unaligned();
            for j in 0..LANES {
                old[j] = J::join(old[j], sum[j]);
            }
            place.write_unaligned(old);
            c += LANES;
        }
        while c < cols {
            let mut sum = from.add(c).read_unaligned();
            for r in 1..rows {
                sum = J::join(sum, from.add(r * cols + c).read_unaligned());
            }
            acc.add(c).write_unaligned(J::join(acc.add(c).read_unaligned(), sum));
            c += 1;
        }
    }
}

unsafe fn start<T: Wide, J: Join<T::W>>(acc: *mut u8) {
    // SAFETY: the caller owns the accumulator, 8 bytes aligned to 8.
    unsafe { acc.cast::<T::W>().write(J::NEUTRAL) }
}

unsafe fn fill<T: Copy, J: Join<T>>(to: *mut u8, n: usize) {
    for i in 0..n {
        // SAFETY: the caller owns n elements.
        unsafe { to.cast::<T>().add(i).write_unaligned(J::NEUTRAL) };
    }
}

unsafe fn finish<T: Wide, J: Join<T::W>>(to: *mut u8, parts: *const u8, n: usize) {
    // SAFETY: the caller owns n accumulators and one element.
    unsafe {
        let mut all = J::NEUTRAL;
        for i in 0..n {
            all = J::join(all, parts.cast::<T::W>().add(i).read_unaligned());
        }
        to.cast::<T>().write_unaligned(T::narrow(all));
    }
}

/// The functions of one kind and type.
struct Of<T, J>(PhantomData<(T, J)>);

impl<T: Wide, J: Join<T> + Join<T::W>> Of<T, J> {
    fn plain() -> Folds {
        Folds {
            size: size_of::<T>(),
            rows: rows::<T, J>,
            run: run::<T, J>,
            columns: columns::<T, J>,
            start: start::<T, J>,
            fill: fill::<T, J>,
            finish: finish::<T, J>,
        }
    }
}

impl<J: Lanewise + Join<f64>> Of<f32, J> {
    fn at(level: Level) -> Folds {
        let (rows, run, columns): (FoldRows, FoldRun, FoldColumns) = match level {
            Level::Portable => {
                (fold32::plain::rows::<J>, fold32::plain::run::<J>, fold32::plain::columns::<J>)
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => {
                (fold32::avx2::rows::<J>, fold32::avx2::run::<J>, fold32::avx2::columns::<J>)
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                (fold32::avx512::rows::<J>, fold32::avx512::run::<J>, fold32::avx512::columns::<J>)
            }
        };
        Folds { rows, run, columns, ..Of::<f32, J>::plain() }
    }
}

/// The functions that reduce elements of a type, if it has them here.
pub(crate) fn folds(level: Level, kind: Reduce, dtype: DType) -> Option<Folds> {
    macro_rules! of {
        ($t:ty, $make:ident($($level:expr)?)) => {
            match kind {
                Reduce::Sum => Of::<$t, Sum>::$make($($level)?),
                Reduce::Prod => Of::<$t, Product>::$make($($level)?),
                Reduce::Max => Of::<$t, Largest>::$make($($level)?),
                Reduce::Min => Of::<$t, Smallest>::$make($($level)?),
            }
        };
    }
    Some(match (dtype, kind) {
        (DType::F32, _) => of!(f32, at(level)),
        (DType::F64, _) => of!(f64, plain()),
        (DType::I32, _) => of!(i32, plain()),
        (DType::I64, _) => of!(i64, plain()),
        (DType::Bool, Reduce::Sum | Reduce::Max) => Of::<u8, Any>::plain(),
        (DType::Bool, Reduce::Prod | Reduce::Min) => Of::<u8, All>::plain(),
        (DType::U8, Reduce::Max) => Of::<u8, Largest>::plain(),
        (DType::U8, Reduce::Min) => Of::<u8, Smallest>::plain(),
        (DType::U8 | DType::F16 | DType::BF16, _) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_columns_by_hand() {
        let x: Vec<f32> = (0..40).map(|i| i as f32).collect();
        for level in Level::available() {
            let sum = folds(level, Reduce::Sum, DType::F32).unwrap();
            let (mut r, mut c) = ([0.0_f32; 2], [100.0_f32; 20]);
            // SAFETY: two rows of twenty.
            unsafe {
                (sum.rows)(r.as_mut_ptr().cast(), x.as_ptr().cast(), 2, 20);
                (sum.columns)(c.as_mut_ptr().cast(), x.as_ptr().cast(), 2, 20);
            }
            assert_eq!(r, [190.0, 590.0]);
            assert_eq!((c[0], c[19]), (120.0, 158.0));
        }
    }
}
