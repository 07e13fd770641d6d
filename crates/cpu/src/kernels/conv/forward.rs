//! The convolution itself, with its epilogue.

use super::direct::Direct;
use super::winograd::Winograd;
use super::{ConvSpec, Image};
use crate::kernels::epilogue::Epilogue;
use crate::kernels::pooled::Windows;
use crate::kernels::simd::Level;
use crate::kernels::{Packing, Work};

/// The memory of one run of [`ConvForward`].
#[derive(Clone, Copy, Debug)]
pub struct ConvForwardArgs {
    /// The image.
    pub x: *const f32,
    /// The kernel.
    pub w: *const f32,
    /// The result, or the largest element of each of its windows; overlaps nothing else.
    pub y: *mut f32,
    /// Where the places of the largest elements go; null for nowhere.
    pub places: *mut u8,
    /// What is done to the result; its residual is laid out as `y`.
    pub epilogue: Epilogue,
    /// [`Work::shared`] floats.
    pub shared: *mut f32,
}

/// The same, where the image may be one that is made as it is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory<'a> {
    pub x: Image<'a>,
    pub w: *const f32,
    pub y: *mut f32,
    pub places: *mut u8,
    pub epilogue: Epilogue,
    pub shared: *mut f32,
}

/// A convolution, planned: `y = epilogue(conv(x, w))`.
///
/// A task is a share of the images' rows and of the panels of the kernel. Images with padding are
/// copied, zeros around them, as they come. Kernels of 3 × 3 and more places over many channels go
/// by tiles of the result with fewer multiplications (Winograd), others by the definition.
///
/// ```
/// use ferras_cpu::kernels::conv::{ConvForward, ConvForwardArgs, ConvSpec};
/// use ferras_cpu::kernels::epilogue::Epilogue;
/// let plan = ConvForward::new(ConvSpec::conv2d(1, [1, 3], 1, [1, 2], 1), false);
/// let (x, w, mut y) = ([1.0f32, 2.0, 3.0], [1.0f32, -1.0], [0.0f32; 2]);
/// let mut shared = vec![0.0; plan.work().shared];
/// let mut scratch = vec![0.0; plan.work().scratch];
/// let args = ConvForwardArgs {
///     x: x.as_ptr(), w: w.as_ptr(), y: y.as_mut_ptr(), places: std::ptr::null_mut(),
///     epilogue: Epilogue::NONE, shared: shared.as_mut_ptr(),
/// };
/// for (phase, &tasks) in plan.work().phases.iter().enumerate() {
///     for task in 0..tasks {
///         // SAFETY: the arrays have the shapes of the spec.
///         unsafe { plan.run(phase, task, &args, &mut scratch) };
///     }
/// }
/// assert_eq!(y, [-1.0, -1.0]);
/// ```
#[derive(Clone, Debug)]
pub struct ConvForward(Way);

#[derive(Clone, Debug)]
enum Way {
    Direct(Box<Direct>),
    Winograd(Box<Winograd>),
}

impl ConvForward {
    /// Plans a convolution for this machine; `packed`: the kernel comes as [`ConvForward::pack`]
    /// leaves it.
    pub fn new(spec: ConvSpec, packed: bool) -> ConvForward {
        ConvForward::at(Level::detect(), spec, packed)
    }

    /// Plans for `level`, which must be one of [`Level::available`] to be run.
    pub fn at(level: Level, spec: ConvSpec, packed: bool) -> ConvForward {
        match Winograd::faster(level, spec) {
            true => ConvForward::by_winograd(level, spec, packed, None),
            false => None,
        }
        .unwrap_or_else(|| ConvForward::by_definition(level, spec, packed))
    }

    pub(super) fn by_definition(level: Level, spec: ConvSpec, packed: bool) -> ConvForward {
        ConvForward(Way::Direct(Box::new(Direct::at(level, spec, packed))))
    }

    /// Plans a convolution of whose result the largest elements of windows are kept, with their
    /// places: the result itself never leaves the near cache. The epilogue has no residual. Nothing
    /// where the kernel is too large to wait while images pass.
    pub fn pooled(level: Level, spec: ConvSpec, windows: Windows) -> Option<ConvForward> {
        if Winograd::faster(level, spec) {
            return ConvForward::by_winograd(level, spec, false, Some(windows));
        }
        let direct = Direct::pooled(level, spec, windows)?;
        Some(ConvForward(Way::Direct(Box::new(direct))))
    }

    /// By Winograd's way whether it pays or not; nothing where it cannot be gone.
    pub(super) fn by_winograd(
        level: Level,
        spec: ConvSpec,
        packed: bool,
        windows: Option<Windows>,
    ) -> Option<ConvForward> {
        let plan = Winograd::new(level, spec, packed, windows)?;
        Some(ConvForward(Way::Winograd(Box::new(plan))))
    }

    /// Phases, tasks and scratch memory.
    pub fn work(&self) -> &Work {
        match &self.0 {
            Way::Direct(plan) => plan.work(),
            Way::Winograd(plan) => plan.work(),
        }
    }

    /// What packing the kernel takes, where that pays when it is used again and again.
    pub fn packing(&self) -> Option<Packing> {
        match &self.0 {
            Way::Direct(plan) => plan.packing(),
            Way::Winograd(plan) => Some(plan.packing()),
        }
    }

    /// Does one task of packing the kernel.
    ///
    /// # Safety
    /// `w` holds the kernel, `to` as many floats as [`ConvForward::packing`] says; `task` is below
    /// its count.
    pub unsafe fn pack(&self, task: usize, w: *const f32, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe {
            match &self.0 {
                Way::Direct(plan) => plan.pack(task, w, to),
                Way::Winograd(plan) => plan.pack(task, w, to),
            }
        }
    }

    /// Does one task of one phase.
    ///
    /// # Safety
    /// The pointers of `args` hold what the spec says, `scratch` at least [`Work::scratch`] floats;
    /// `task` is below the phase's count; all tasks of earlier phases have ended.
    pub unsafe fn run(
        &self,
        phase: usize,
        task: usize,
        args: &ConvForwardArgs,
        scratch: &mut [f32],
    ) {
        let &ConvForwardArgs { x, w, y, places, epilogue, shared } = args;
        let x = Image { x, windows: None };
        let args = Memory { x, w, y, places, epilogue, shared };
        // SAFETY: the caller's promise.
        unsafe {
            match &self.0 {
                Way::Direct(plan) => plan.run(phase, task, &args, scratch),
                Way::Winograd(plan) => plan.run(phase, task, &args, scratch),
            }
        }
    }
}
