//! Matrix products `C = act(A · B + bias)`, batched, with A or B read transposed.

mod gemv;
mod grid;
mod pack;
mod product;

use super::epilogue::Epilogue;
use super::simd::Level;
use super::{Packing, Work, part};
use gemv::Gemv;
pub(crate) use grid::Grid;
pub(crate) use pack::Pack;
use product::Product;

/// What to multiply. Plain data; the plan is [`MatMul`].
///
/// - `a` is `(batch, m, k)`, or `(batch, k, m)` if `a_transposed`; `b` is `(batch, k, n)`, or
///   `(batch, n, k)` if `b_transposed`; `c` is `(batch, m, n)`. All are contiguous.
/// - `a_shared`, `b_shared`: one matrix serves the whole batch.
/// - `b_packed`: `b` was brought into the kernel's order before (by [`MatMul::pack`] of a plan that
///   differs in this alone).
/// - `accumulate` adds what `c` holds, before the epilogue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are told above
pub struct MatMulSpec {
    pub batch: usize,
    pub m: usize,
    pub n: usize,
    pub k: usize,
    pub a_transposed: bool,
    pub b_transposed: bool,
    pub a_shared: bool,
    pub b_shared: bool,
    pub b_packed: bool,
    pub accumulate: bool,
}

impl MatMulSpec {
    /// One product `(m, k) · (k, n)` without any extra.
    pub fn new(m: usize, k: usize, n: usize) -> MatMulSpec {
        MatMulSpec { batch: 1, m, n, k, ..MatMulSpec::default() }
    }

    fn a_stride(&self) -> usize {
        if self.a_shared { 0 } else { self.m * self.k }
    }
    fn b_stride(&self) -> usize {
        if self.b_shared { 0 } else { self.n * self.k }
    }
}

/// The memory of one run.
#[derive(Clone, Copy, Debug)]
pub struct MatMulArgs {
    /// The left factor.
    pub a: *const f32,
    /// The right factor.
    pub b: *const f32,
    /// The result; overlaps nothing else.
    pub c: *mut f32,
    /// What is done to the result; its residual is laid out as `c`.
    pub epilogue: Epilogue,
    /// [`Work::shared`] floats.
    pub shared: *mut f32,
}

/// A matrix product, planned.
///
/// ```
/// use ferras_cpu::kernels::epilogue::Epilogue;
/// use ferras_cpu::kernels::matmul::{MatMul, MatMulArgs, MatMulSpec};
/// let plan = MatMul::new(MatMulSpec::new(1, 2, 2));
/// let (a, b, mut c) = ([1.0f32, 2.0], [1.0f32, 0.0, 0.5, 3.0], [0.0f32; 2]);
/// let mut shared = vec![0.0; plan.work().shared];
/// let mut scratch = vec![0.0; plan.work().scratch];
/// let args = MatMulArgs {
///     a: a.as_ptr(), b: b.as_ptr(), c: c.as_mut_ptr(), epilogue: Epilogue::NONE,
///     shared: shared.as_mut_ptr(),
/// };
/// for (phase, &tasks) in plan.work().phases.iter().enumerate() {
///     for task in 0..tasks {
///         // SAFETY: the arrays have the shapes of the spec.
///         unsafe { plan.run(phase, task, &args, &mut scratch) };
///     }
/// }
/// assert_eq!(c, [2.0, 6.0]);
/// ```
#[derive(Clone, Debug)]
pub struct MatMul {
    way: Way,
    work: Work,
}

#[derive(Clone, Debug)]
enum Way {
    Nothing,
    Vector(Gemv),
    Matrix(Box<Product>),
}

impl MatMul {
    /// Plans a product for this machine.
    pub fn new(spec: MatMulSpec) -> MatMul {
        MatMul::at(Level::detect(), spec)
    }

    /// Plans a product for `level`, which must be one of [`Level::available`] to be run.
    pub fn at(level: Level, spec: MatMulSpec) -> MatMul {
        if spec.batch == 0 || spec.m == 0 || spec.n == 0 {
            return MatMul {
                way: Way::Nothing,
                work: Work { phases: Vec::new(), shared: 0, scratch: 0 },
            };
        }
        if spec.m == 1 || spec.n == 1 {
            let gemv = Gemv::new(level, spec);
            let work = gemv.work();
            return MatMul { way: Way::Vector(gemv), work };
        }
        let product = Product::new(level, spec);
        let work = product.work();
        MatMul { way: Way::Matrix(Box::new(product)), work }
    }

    /// Phases, tasks and scratch memory.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// What packing B takes, where B is one matrix that pays it when it is used again and again.
    pub fn packing(&self) -> Option<Packing> {
        match &self.way {
            Way::Matrix(product) => product.packing(),
            Way::Vector(_) | Way::Nothing => None,
        }
    }

    /// Does one task of packing B for plans that differ in `b_packed` alone.
    ///
    /// # Safety
    /// `b` holds the matrix, `to` as many floats as [`MatMul::packing`] says; `task` is below its
    /// count.
    pub unsafe fn pack(&self, task: usize, b: *const f32, to: *mut f32) {
        if let Way::Matrix(product) = &self.way {
            // SAFETY: the caller's promise.
            unsafe { product.pack(task, b, to) };
        }
    }

    /// Does one task of one phase.
    ///
    /// # Safety
    /// The pointers of `args` hold what the spec says, `scratch` at least [`Work::scratch`] floats;
    /// `task` is below the phase's count; all tasks of earlier phases have ended.
    #[inline]
    pub unsafe fn run(&self, phase: usize, task: usize, args: &MatMulArgs, scratch: &mut [f32]) {
        // SAFETY: the caller's promise is handed on.
        unsafe {
            match &self.way {
                Way::Nothing => {}
                Way::Vector(gemv) => gemv.run(task, args),
                Way::Matrix(product) => product.run(phase, task, args, scratch),
            }
        }
    }
}

/// How many tasks a piece of work of `flops` operations is worth: one below about ten
/// microseconds of one core, then more, up to 32.
pub(crate) fn tasks_for(flops: usize) -> usize {
    (flops / 500_000).clamp(1, 32)
}

#[cfg(test)]
mod tests;
