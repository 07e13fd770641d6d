//! The gradient of a convolution with respect to its image.

use super::scatter::Scatter;
use super::{ConvForward, ConvForwardArgs, ConvSpec};
use crate::kernels::epilogue::Epilogue;
use crate::kernels::matmul::{Pack, tasks_for};
use crate::kernels::pooled::Windows;
use crate::kernels::simd::Level;
use crate::kernels::{Work, part};

/// The memory of one run of [`ConvInputGrad`].
#[derive(Clone, Copy, Debug)]
pub struct ConvInputGradArgs {
    /// The gradient of the result, or of the largest elements of its windows.
    pub dy: *const f32,
    /// The places of the largest elements.
    pub places: *const u8,
    /// The kernel.
    pub w: *const f32,
    /// The gradient of the image, written whole; overlaps nothing else.
    pub dx: *mut f32,
    /// [`Work::shared`] floats.
    pub shared: *mut f32,
}

/// The image's gradient, planned: `dx[p · s + t · d − lo, i] += Σ_o dy[p, o] · w[t, i, o]`.
///
/// This is also the transposed convolution. Where the result is about as large as the image the
/// sum is gathered for each pixel of the image, as a convolution of `dy` with the mirrored kernel;
/// elsewhere each pixel of the result is scattered over the image.
///
/// Run as [`super::ConvForward`].
#[derive(Clone, Debug)]
pub struct ConvInputGrad {
    way: Way,
    work: Work,
}

#[derive(Clone, Debug)]
enum Way {
    Gather(Box<Gather>),
    Scatter(Box<Scatter>),
}

impl ConvInputGrad {
    /// Plans the gradient for this machine.
    pub fn new(spec: ConvSpec) -> ConvInputGrad {
        ConvInputGrad::at(Level::detect(), spec)
    }

    /// Plans for `level`, which must be one of [`Level::available`] to be run.
    pub fn at(level: Level, spec: ConvSpec) -> ConvInputGrad {
        let scatter = Scatter::new(level, spec, None);
        let gather = Gather::new(level, spec).filter(|g| g.cost() < scatter.cost());
        match gather {
            Some(g) => ConvInputGrad { work: g.work(), way: Way::Gather(Box::new(g)) },
            None => ConvInputGrad { work: scatter.work(), way: Way::Scatter(Box::new(scatter)) },
        }
    }

    /// Plans the gradient where that of the result is known for the largest elements of windows
    /// alone, as [`super::ConvForward::pooled`] finds them. Nothing where gathering is faster.
    pub fn pooled(level: Level, spec: ConvSpec, windows: Windows) -> Option<ConvInputGrad> {
        if let Way::Gather(_) = ConvInputGrad::at(level, spec).way {
            return None;
        }
        let scatter = Scatter::new(level, spec, Some(windows));
        Some(ConvInputGrad { work: scatter.work(), way: Way::Scatter(Box::new(scatter)) })
    }

    /// Phases, tasks and scratch memory.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// Does one task of one phase.
    ///
    /// # Safety
    /// As [`super::ConvForward::run`].
    pub unsafe fn run(
        &self,
        phase: usize,
        task: usize,
        args: &ConvInputGradArgs,
        scratch: &mut [f32],
    ) {
        // SAFETY: the caller's promise is handed on.
        unsafe {
            match &self.way {
                Way::Gather(gather) => gather.run(phase, task, args, scratch),
                Way::Scatter(scatter) => scatter.run(phase, task, args, scratch),
            }
        }
    }
}

/// `dx` as the convolution of `dy` with the kernel mirrored and transposed.
#[derive(Clone, Debug)]
struct Gather {
    spec: ConvSpec,
    level: Level,
    forward: ConvForward,
    /// Tasks that pack the kernel.
    packing: usize,
}

impl Gather {
    /// Nothing where the result is strided, or padded by more than the kernel reaches.
    fn new(level: Level, spec: ConvSpec) -> Option<Gather> {
        let reach: [usize; 3] =
            std::array::from_fn(|i| (spec.kernel[i].max(1) - 1) * spec.dilations[i]);
        let fits = |i: usize| spec.padding[i].0.max(spec.padding[i].1) <= reach[i];
        let full = spec.batch * spec.image_len() > 0 && !spec.empty();
        if spec.strides != [1; 3] || !full || !(0..3).all(fits) {
            return None;
        }
        let mirrored = ConvSpec {
            input: spec.output(),
            cin: spec.cout,
            cout: spec.cin,
            padding: std::array::from_fn(|i| {
                (reach[i] - spec.padding[i].0, reach[i] - spec.padding[i].1)
            }),
            ..spec
        };
        let forward = ConvForward::of_panels(level, mirrored);
        let packing = tasks_for(spec.flops()).min(forward.panels() * spec.taps()).max(1);
        Some(Gather { spec, level, forward, packing })
    }

    /// Multiplications of vectors.
    fn cost(&self) -> usize {
        let s = &self.spec;
        let vectors = s.cin_group().div_ceil(self.level.lanes()) * s.groups;
        let pixels: usize = s.input.iter().product();
        s.batch * pixels * s.taps() * vectors * s.cout_group()
    }

    fn work(&self) -> Work {
        let work = self.forward.work();
        let mut phases = vec![self.packing];
        phases.extend(&work.phases);
        Work { phases, shared: self.packed() + work.shared, scratch: work.scratch }
    }

    /// Floats of the packed kernel.
    fn packed(&self) -> usize {
        self.forward.kernel_floats()
    }

    /// # Safety
    /// As [`super::ConvForward::run`].
    unsafe fn run(&self, phase: usize, task: usize, args: &ConvInputGradArgs, scratch: &mut [f32]) {
        // SAFETY: the packed kernel lies before what the convolution shares.
        unsafe {
            if phase == 0 {
                let taps = self.spec.taps();
                for i in part(self.forward.panels() * taps, self.packing, task) {
                    self.pack(i / taps, i % taps, args);
                }
                return;
            }
            let args = ConvForwardArgs {
                x: args.dy,
                w: args.shared,
                y: args.dx,
                places: std::ptr::null_mut(),
                epilogue: Epilogue::NONE,
                shared: args.shared.add(self.packed()),
            };
            self.forward.run(phase - 1, task, &args, scratch);
        }
    }

    /// Transposes one place of the kernel for one panel of input channels.
    unsafe fn pack(&self, i: usize, tap: usize, args: &ConvInputGradArgs) {
        let s = &self.spec;
        let panel = self.forward.panel(i);
        let k = tap * s.cout_group();
        let mirrored = s.taps() - 1 - tap;
        // SAFETY: tap and panel are in range.
        unsafe {
            let row = mirrored * s.cin_group() + panel.within;
            Pack {
                src: args.w.add(row * s.cout + panel.group * s.cout_group()),
                step: s.cout,
                transposed: true,
                k: s.cout_group(),
                count: panel.columns,
                width: panel.width,
                dst: args.shared.add(i * self.forward.panel_floats() + k * panel.width),
            }
            .run(self.level);
        }
    }
}
