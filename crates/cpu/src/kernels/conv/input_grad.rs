//! The gradient of a convolution with respect to its image.

use super::direct::{Direct, Panel};
use super::forward::Memory;
use super::scatter::Scatter;
use super::winograd::Winograd;
use super::{ConvSpec, Image};
use crate::kernels::epilogue::Epilogue;
use crate::kernels::matmul::{Pack, tasks_for};
use crate::kernels::pooled::Windows;
use crate::kernels::simd::Level;
use crate::kernels::tile::Tiles;
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
    /// What is done to it; only a mask.
    pub epilogue: Epilogue,
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
        ConvInputGrad::plan(level, spec, None)
    }

    /// Plans the gradient where that of the result is known for the largest elements of windows
    /// alone, as [`super::ConvForward::pooled`] finds them. Nothing where that must be made whole.
    pub fn pooled(level: Level, spec: ConvSpec, windows: Windows) -> Option<ConvInputGrad> {
        let plan = ConvInputGrad::plan(level, spec, Some(windows));
        let makes = match &plan.way {
            Way::Gather(gather) => gather.copies(),
            Way::Scatter(_) => true,
        };
        makes.then_some(plan)
    }

    fn plan(level: Level, spec: ConvSpec, windows: Option<Windows>) -> ConvInputGrad {
        let scatter = Scatter::new(level, spec, windows);
        let gather = Gather::new(level, spec, windows, false).filter(|g| g.cost() < scatter.cost());
        match gather {
            Some(g) => ConvInputGrad::by(Way::Gather(Box::new(g))),
            None => ConvInputGrad::by(Way::Scatter(Box::new(scatter))),
        }
    }

    /// By Winograd's way whether it pays or not; nothing where it cannot be gone.
    #[cfg(test)]
    pub(super) fn by_winograd(
        level: Level,
        spec: ConvSpec,
        windows: Option<Windows>,
    ) -> Option<ConvInputGrad> {
        let gather = Gather::new(level, spec, windows, true);
        let gather = gather.filter(|g| matches!(g.forward, Forward::Winograd(_)));
        let gather = gather.filter(|g| windows.is_none() || g.copies());
        Some(ConvInputGrad::by(Way::Gather(Box::new(gather?))))
    }

    fn by(way: Way) -> ConvInputGrad {
        let work = match &way {
            Way::Gather(gather) => gather.work(),
            Way::Scatter(scatter) => scatter.work(),
        };
        ConvInputGrad { way, work }
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
    forward: Forward,
    /// The gradient comes for the largest elements of these windows.
    windows: Option<Windows>,
    /// Tasks that transpose the kernel.
    packing: usize,
}

#[derive(Clone, Debug)]
enum Forward {
    Direct(Direct),
    Winograd(Winograd),
}

impl Gather {
    /// Nothing where the result is strided, or padded by more than the kernel reaches; `points`: by
    /// Winograd's way also where it does not pay.
    fn new(level: Level, spec: ConvSpec, windows: Option<Windows>, points: bool) -> Option<Gather> {
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
        let winograd = match points || Winograd::faster(level, mirrored) {
            true => Winograd::new(level, mirrored, true, None),
            false => None,
        };
        let forward = match winograd {
            Some(plan) => Forward::Winograd(plan),
            None => Forward::Direct(Direct::of_panels(level, mirrored)),
        };
        let mut gather = Gather { spec, level, forward, windows, packing: 1 };
        let blocks = gather.panels() * spec.taps();
        gather.packing = tasks_for(spec.flops()).min(blocks).max(1);
        Some(gather)
    }

    /// Multiplications of vectors.
    fn cost(&self) -> usize {
        let s = &self.spec;
        if let Forward::Winograd(plan) = &self.forward {
            return s.batch * plan.cost();
        }
        let vectors = s.cin_group().div_ceil(self.level.lanes()) * s.groups;
        let pixels: usize = s.input.iter().product();
        s.batch * pixels * s.taps() * vectors * s.cout_group()
    }

    fn work(&self) -> Work {
        let (work, points) = match &self.forward {
            Forward::Direct(plan) => (plan.work(), None),
            Forward::Winograd(plan) => (plan.work(), Some(plan.packing())),
        };
        let mut phases = vec![self.packing];
        phases.extend(points.iter().map(|p| p.tasks));
        phases.extend(&work.phases);
        let points = points.map_or(0, |p| p.floats);
        Work { phases, shared: self.packed() + points + work.shared, scratch: work.scratch }
    }

    /// Whether lines of `dy` are copied as they are read.
    fn copies(&self) -> bool {
        match &self.forward {
            Forward::Direct(plan) => plan.copies(),
            Forward::Winograd(plan) => plan.copies(),
        }
    }

    fn panels(&self) -> usize {
        match &self.forward {
            Forward::Direct(plan) => plan.panels(),
            Forward::Winograd(plan) => plan.panels(),
        }
    }

    fn panel(&self, i: usize) -> Panel {
        match &self.forward {
            Forward::Direct(plan) => plan.panel(i),
            Forward::Winograd(plan) => plan.panel(i),
        }
    }

    /// Where a panel of the transposed kernel begins, and the floats of all.
    fn panel_start(&self, i: usize) -> usize {
        i * Tiles::of(self.level).cols() * self.spec.taps() * self.spec.cout_group()
    }
    fn packed(&self) -> usize {
        let last = self.panels() - 1;
        let width = self.panel(last).width.max(Tiles::of(self.level).cols());
        self.panel_start(last) + width * self.spec.taps() * self.spec.cout_group()
    }

    /// # Safety
    /// As [`super::ConvForward::run`].
    unsafe fn run(&self, phase: usize, task: usize, args: &ConvInputGradArgs, scratch: &mut [f32]) {
        let windows = self.windows.as_ref().map(|w| (w, args.places, self.level));
        // SAFETY: the transposed kernel lies before its points, and both before what the convolution
        // shares.
        unsafe {
            if phase == 0 {
                let taps = self.spec.taps();
                for i in part(self.panels() * taps, self.packing, task) {
                    self.pack(i / taps, i % taps, args);
                }
                return;
            }
            let points = args.shared.add(self.packed());
            let mut memory = Memory {
                x: Image { x: args.dy, windows },
                w: args.shared,
                y: args.dx,
                places: std::ptr::null_mut(),
                epilogue: args.epilogue,
                shared: points,
            };
            match &self.forward {
                Forward::Direct(plan) => plan.run(phase - 1, task, &memory, scratch),
                Forward::Winograd(plan) if phase == 1 => {
                    for i in part(plan.panels(), plan.packing().tasks, task) {
                        let (panel, w) = (plan.panel(i), args.shared.add(self.panel_start(i)));
                        let to = points.add(i * plan.panel_floats());
                        plan.pack_panel(&panel, w, panel.width, to);
                    }
                }
                Forward::Winograd(plan) => {
                    memory.w = points;
                    plan.run(phase - 2, task, &memory, scratch);
                }
            }
        }
    }

    /// Transposes one place of the kernel for one panel of input channels.
    unsafe fn pack(&self, i: usize, tap: usize, args: &ConvInputGradArgs) {
        let s = &self.spec;
        let panel = self.panel(i);
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
                dst: args.shared.add(self.panel_start(i) + k * panel.width),
            }
            .run(self.level);
        }
    }
}
