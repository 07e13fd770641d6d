//! Ops that read or give indices: gather, scatter-add, arg-reductions.
use ferras_graph::DType;

/// Reads index `i` of a list of int32 or int64.
#[inline(always)]
unsafe fn index(list: *const u8, i: usize, wide: bool) -> i64 {
    // SAFETY: the caller's list has an element i.
    unsafe { if wide { *list.cast::<i64>().add(i) } else { i64::from(*list.cast::<i32>().add(i)) } }
}

/// Slices of `inner` bytes at indices along an axis of n.
#[derive(Debug)]
pub(crate) struct Gather {
    pub outer: usize,
    pub n: usize,
    pub inner: usize,
    pub count: usize,
    pub wide: bool,
}

impl Gather {
    /// # Safety
    /// `data` holds outer × n slices, `indices` count, `out` outer × count slices.
    pub(crate) unsafe fn run(&self, data: *const u8, indices: *const u8, out: *mut u8) {
        // A slice of a few known bytes is a register, one of open length a call: for pixels it is all.
        // SAFETY: the caller's.
        unsafe {
            match self.inner {
                4 => self.each(data, indices, out, |from, to| copy::<4>(from, to)),
                12 => self.each(data, indices, out, |from, to| copy::<12>(from, to)),
                inner => self.each(data, indices, out, |from, to| {
                    from.copy_to_nonoverlapping(to, inner);
                }),
            }
        }
    }

    /// # Safety
    /// That of [`Gather::run`]; `copy` copies a slice.
    #[inline(always)]
    unsafe fn each(
        &self,
        data: *const u8,
        indices: *const u8,
        out: *mut u8,
        copy: impl Fn(*const u8, *mut u8),
    ) {
        let n = self.n as i64;
        for o in 0..self.outer {
            for i in 0..self.count {
                // SAFETY: the index is clamped into the axis.
                unsafe {
                    let given = index(indices, i, self.wide);
                    let at = (if given < 0 { given + n } else { given }).clamp(0, n - 1) as usize;
                    copy(
                        data.add((o * self.n + at) * self.inner),
                        out.add((o * self.count + i) * self.inner),
                    );
                }
            }
        }
    }
}

/// Copies so many bytes, wherever they lie.
///
/// # Safety
/// Both have as many, and do not overlap.
#[inline(always)]
unsafe fn copy<const BYTES: usize>(from: *const u8, to: *mut u8) {
    // SAFETY: the caller's.
    unsafe { to.cast::<[u8; BYTES]>().write_unaligned(from.cast::<[u8; BYTES]>().read_unaligned()) }
}

/// Adds slices at indices along an axis.
#[derive(Debug)]
pub(crate) struct ScatterAdd {
    add: unsafe fn(*mut u8, *const u8, usize),
    size: usize,
    outer: usize,
    n: usize,
    /// Elements of a slice.
    inner: usize,
    count: usize,
    wide: bool,
}

macro_rules! add_slices {
    ($($name:ident $t:ty, $op:expr;)*) => {
        $(unsafe fn $name(to: *mut u8, from: *const u8, n: usize) {
            let (to, from) = (to.cast::<$t>(), from.cast::<$t>());
            for i in 0..n {
                // SAFETY: the caller owns n elements of both.
                unsafe { *to.add(i) = $op(*to.add(i), *from.add(i)) };
            }
        })*
    };
}

add_slices! {
    add_f32 f32, |a, b| a + b;
    add_f64 f64, |a, b| a + b;
    add_i32 i32, i32::wrapping_add;
    add_i64 i64, i64::wrapping_add;
}

impl ScatterAdd {
    /// None for types that have no addition here.
    pub(crate) fn new(
        dtype: DType,
        outer: usize,
        n: usize,
        inner: usize,
        count: usize,
        wide: bool,
    ) -> Option<ScatterAdd> {
        let add: unsafe fn(*mut u8, *const u8, usize) = match dtype {
            DType::F32 => add_f32,
            DType::F64 => add_f64,
            DType::I32 => add_i32,
            DType::I64 => add_i64,
            _ => return None,
        };
        Some(ScatterAdd { add, size: dtype.size(), outer, n, inner, count, wide })
    }

    /// Bytes read and written.
    pub(crate) fn bytes(&self) -> usize {
        self.outer * (self.n + self.count) * self.inner * self.size
    }

    /// # Safety
    /// `base` and `out` hold outer × n slices, `updates` outer × count; `out` overlaps none.
    pub(crate) unsafe fn run(
        &self,
        base: *const u8,
        indices: *const u8,
        updates: *const u8,
        out: *mut u8,
    ) {
        let slice = self.inner * self.size;
        // SAFETY: indices beyond the axis are left out, so all slices lie within their tensors.
        unsafe {
            base.copy_to_nonoverlapping(out, self.outer * self.n * slice);
            for o in 0..self.outer {
                for i in 0..self.count {
                    let given = index(indices, i, self.wide);
                    let at = if given < 0 { given + self.n as i64 } else { given };
                    if (0..self.n as i64).contains(&at) {
                        let to = out.add((o * self.n + at as usize) * slice);
                        (self.add)(to, updates.add((o * self.count + i) * slice), self.inner);
                    }
                }
            }
        }
    }
}

/// Index of the first largest or smallest element along an axis; NaN wins.
#[derive(Debug)]
pub(crate) struct ArgReduce {
    find: unsafe fn(*const u8, usize, usize) -> i32,
    size: usize,
    pub outer: usize,
    pub n: usize,
    pub inner: usize,
}

unsafe fn find<T: PartialOrd + Copy, const LARGEST: bool>(
    from: *const u8,
    n: usize,
    step: usize,
) -> i32 {
    let from = from.cast::<T>();
    // SAFETY: the caller owns n elements, `step` apart.
    unsafe {
        let (mut best, mut place) = (*from, 0);
        for i in 1..n {
            let x = *from.add(i * step);
            let better = if LARGEST { x > best } else { x < best };
            // Only NaN is not ordered with itself.
            let is_nan = |v: &T| v.partial_cmp(v).is_none();
            if better && !is_nan(&best) || is_nan(&x) && !is_nan(&best) {
                (best, place) = (x, i as i32);
            }
        }
        place
    }
}

impl ArgReduce {
    /// None for types that are not compared here.
    pub(crate) fn new(
        dtype: DType,
        largest: bool,
        outer: usize,
        n: usize,
        inner: usize,
    ) -> Option<ArgReduce> {
        macro_rules! of {
            ($t:ty) => {
                if largest { find::<$t, true> } else { find::<$t, false> }
            };
        }
        let find: unsafe fn(*const u8, usize, usize) -> i32 = match dtype {
            DType::F32 => of!(f32),
            DType::F64 => of!(f64),
            DType::I32 => of!(i32),
            DType::I64 => of!(i64),
            DType::U8 | DType::Bool => of!(u8),
            DType::F16 | DType::BF16 => return None,
        };
        Some(ArgReduce { find, size: dtype.size(), outer, n, inner })
    }

    /// # Safety
    /// `from` holds outer × n × inner elements, `out` outer × inner.
    pub(crate) unsafe fn run(&self, from: *const u8, out: *mut i32) {
        for o in 0..self.outer {
            for i in 0..self.inner {
                // SAFETY: the row begins at (o, 0, i).
                unsafe {
                    let row = from.add((o * self.n * self.inner + i) * self.size);
                    *out.add(o * self.inner + i) = (self.find)(row, self.n, self.inner);
                }
            }
        }
    }
}
