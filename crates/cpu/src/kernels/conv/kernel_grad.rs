//! The gradient of a convolution with respect to its kernel.

use super::ConvSpec;
use super::direct_kernel_grad::DirectKernelGrad;
use super::winograd::WinogradKernelGrad;
use crate::kernels::Work;
use crate::kernels::pooled::Windows;
use crate::kernels::simd::Level;

/// The memory of one run of [`ConvKernelGrad`].
#[derive(Clone, Copy, Debug)]
pub struct ConvKernelGradArgs {
    /// The image.
    pub x: *const f32,
    /// The gradient of the result, or of the largest elements of its windows.
    pub dy: *const f32,
    /// The places of the largest elements.
    pub places: *const u8,
    /// The gradient of the kernel, written whole; overlaps nothing else.
    pub dw: *mut f32,
    /// [`Work::shared`] floats.
    pub shared: *mut f32,
}

/// The kernel's gradient, planned: `dw[t, i, o] = Σ_p x[p · s + t · d − lo, i] · dy[p, o]`.
///
/// Run as [`super::ConvForward`], whose two ways there are for it as well.
#[derive(Clone, Debug)]
pub struct ConvKernelGrad(Way);

#[derive(Clone, Debug)]
enum Way {
    Direct(Box<DirectKernelGrad>),
    Winograd(Box<WinogradKernelGrad>),
}

impl ConvKernelGrad {
    /// Plans the gradient for this machine.
    pub fn new(spec: ConvSpec) -> ConvKernelGrad {
        ConvKernelGrad::at(Level::detect(), spec)
    }

    /// Plans for `level`, which must be one of [`Level::available`] to be run.
    pub fn at(level: Level, spec: ConvSpec) -> ConvKernelGrad {
        ConvKernelGrad::plan(level, spec, None)
    }

    /// Plans the gradient where that of the result is known for the largest elements of windows
    /// alone, as [`super::ConvForward::pooled`] finds them.
    pub fn pooled(level: Level, spec: ConvSpec, windows: Windows) -> ConvKernelGrad {
        ConvKernelGrad::plan(level, spec, Some(windows))
    }

    fn plan(level: Level, spec: ConvSpec, windows: Option<Windows>) -> ConvKernelGrad {
        match WinogradKernelGrad::faster(level, spec) {
            true => ConvKernelGrad::by_winograd(level, spec, windows),
            false => None,
        }
        .unwrap_or_else(|| {
            ConvKernelGrad(Way::Direct(Box::new(DirectKernelGrad::new(level, spec, windows))))
        })
    }

    /// By Winograd's way whether it pays or not; nothing where it cannot be gone.
    pub(super) fn by_winograd(
        level: Level,
        spec: ConvSpec,
        windows: Option<Windows>,
    ) -> Option<ConvKernelGrad> {
        let plan = WinogradKernelGrad::new(level, spec, windows)?;
        Some(ConvKernelGrad(Way::Winograd(Box::new(plan))))
    }

    /// Phases, tasks and scratch memory.
    pub fn work(&self) -> &Work {
        match &self.0 {
            Way::Direct(plan) => plan.work(),
            Way::Winograd(plan) => plan.work(),
        }
    }

    /// Does one task of one phase.
    ///
    /// # Safety
    /// As [`super::ConvForward::run`].
    pub unsafe fn run(
        &self,
        phase: usize,
        task: usize,
        args: &ConvKernelGradArgs,
        scratch: &mut [f32],
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            match &self.0 {
                Way::Direct(plan) => plan.run(phase, task, args, scratch),
                Way::Winograd(plan) => plan.run(phase, task, args, scratch),
            }
        }
    }
}
