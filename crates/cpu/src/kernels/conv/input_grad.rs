//! The gradient of a convolution with respect to its image.

use super::{Chunks, ConvSpec};
use crate::kernels::epilogue::Epilogue;
use crate::kernels::matmul::{Pack, tasks_for};
use crate::kernels::simd::Level;
use crate::kernels::tile::{MAX_ROWS, Tile, Tiles, even_rows};
use crate::kernels::{Work, part};

/// The memory of one run of [`ConvInputGrad`].
#[derive(Clone, Copy, Debug)]
pub struct ConvInputGradArgs {
    /// The gradient of the result.
    pub dy: *const f32,
    /// The kernel.
    pub w: *const f32,
    /// The gradient of the image, written whole; overlaps nothing else.
    pub dx: *mut f32,
    /// [`Work::shared`] floats.
    pub shared: *mut f32,
}

/// The image's gradient, planned: `dx[p · s + t · d − lo, i] += Σ_o dy[p, o] · w[t, i, o]`.
///
/// This is also the transposed convolution. For each place t of the kernel the product of a row of
/// output pixels with the transposed kernel is added where it belongs in the (padded) image.
///
/// Run as [`super::ConvForward`].
#[derive(Clone, Debug)]
pub struct ConvInputGrad {
    spec: ConvSpec,
    level: Level,
    tiles: Tiles,
    /// Whole images: their pixel offsets, sizes with padding.
    chunks: Chunks,
    taps: Vec<usize>,
    panels: usize,
    a_rows: [usize; MAX_ROWS],
    work: Work,
}

impl ConvInputGrad {
    /// Plans the gradient for this machine.
    pub fn new(spec: ConvSpec) -> ConvInputGrad {
        ConvInputGrad::at(Level::detect(), spec)
    }

    /// Plans for `level`, which must be one of [`Level::available`] to be run.
    pub fn at(level: Level, spec: ConvSpec) -> ConvInputGrad {
        let tiles = Tiles::of(level);
        let chunks = Chunks::new(spec, usize::MAX);
        let taps: Vec<usize> = (0..spec.taps()).map(|tap| chunks.tap_offset(tap)).collect();
        let panels = spec.cin_group().div_ceil(tiles.cols());
        let tasks = tasks_for(spec.flops());
        let blocks = spec.groups * panels * taps.len();
        let mut phases = Vec::new();
        if spec.batch * spec.image_len() > 0 {
            phases = vec![tasks.min(blocks).max(1), tasks.min(spec.batch)];
        }
        let shared = blocks * tiles.cols() * spec.cout_group();
        let work = Work { phases, shared, scratch: chunks.scratch() };
        let a_rows = std::array::from_fn(|r| r * spec.cout);
        ConvInputGrad { spec, level, tiles, chunks, taps, panels, a_rows, work }
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
        let tasks = self.work.phases[phase];
        // SAFETY: the caller's promise is handed on.
        unsafe {
            if phase == 0 {
                let blocks = self.spec.groups * self.panels * self.taps.len();
                for i in part(blocks, tasks, task) {
                    self.pack(i, args);
                }
                return;
            }
            for image in part(self.spec.batch, tasks, task) {
                self.image(image, args, scratch);
            }
        }
    }

    fn panel_cols(&self, panel: usize) -> usize {
        self.tiles.cols().min(self.spec.cin_group() - panel * self.tiles.cols())
    }

    fn panel_width(&self, panel: usize) -> usize {
        if self.panel_cols(panel) <= self.tiles.lanes {
            self.tiles.lanes
        } else {
            self.tiles.cols()
        }
    }

    /// Transposes one place of the kernel for one panel of input channels.
    unsafe fn pack(&self, i: usize, args: &ConvInputGradArgs) {
        let s = &self.spec;
        let (tap, i_panel) = (i % self.taps.len(), i / self.taps.len());
        let (group, panel) = (i_panel / self.panels, i_panel % self.panels);
        // SAFETY: tap, group and panel are in range.
        unsafe {
            let row = tap * s.cin_group() + panel * self.tiles.cols();
            Pack {
                src: args.w.add(row * s.cout + group * s.cout_group()),
                step: s.cout,
                transposed: true,
                k: s.cout_group(),
                count: self.panel_cols(panel),
                width: self.panel_width(panel),
                dst: args.shared.add(i * self.tiles.cols() * s.cout_group()),
            }
            .run(self.level);
        }
    }

    unsafe fn image(&self, image: usize, args: &ConvInputGradArgs, scratch: &mut [f32]) {
        let s = &self.spec;
        let pixels = self.chunks.pixels.len();
        let height = even_rows(pixels, self.tiles.rows);
        let padded: usize = self.chunks.padded.iter().product::<usize>() * s.cin;
        // SAFETY: pixel plus tap offsets stay inside the padded image, which `to` holds.
        unsafe {
            let dy = args.dy.add(image * s.result_len());
            let dx = args.dx.add(image * s.image_len());
            let to = if self.chunks.copies { scratch.as_mut_ptr() } else { dx };
            std::ptr::write_bytes(to, 0, padded);
            for i in 0..s.groups * self.panels * self.taps.len() {
                let (tap, i_panel) = (i % self.taps.len(), i / self.taps.len());
                let (group, panel) = (i_panel / self.panels, i_panel % self.panels);
                let col = group * s.cin_group() + panel * self.tiles.cols();
                let mut t = Tile {
                    a: dy,
                    a_rows: self.a_rows.as_ptr(),
                    a_step: 1,
                    segments: &0,
                    n_segments: 1,
                    len: s.cout_group(),
                    b: args.shared.add(i * self.tiles.cols() * s.cout_group()),
                    b_step: self.panel_width(panel),
                    c: to.add(self.taps[tap] + col),
                    c_rows: self.chunks.pixels.as_ptr(),
                    cols: self.panel_cols(panel),
                    padded: true,
                    copy: std::ptr::null_mut(),
                    accumulate: true,
                    epilogue: Epilogue::NONE,
                };
                let mut done = 0;
                while done < pixels {
                    let now = height.min(pixels - done);
                    t.a = dy.add(done * s.cout + group * s.cout_group());
                    t.c_rows = self.chunks.pixels.as_ptr().add(done);
                    self.tiles.run(now, &t);
                    done += now;
                }
            }
            if self.chunks.copies {
                self.crop(to, dx);
            }
        }
    }

    /// Copies the image out of its padding.
    unsafe fn crop(&self, padded: *const f32, dx: *mut f32) {
        let s = &self.spec;
        let (left, own) = (s.padding[2].0 * s.cin, s.input[2] * s.cin);
        for i in 0..self.chunks.padded[0] * self.chunks.padded[1] {
            if let Some(line) = self.chunks.source_line(i) {
                // SAFETY: both lines lie inside their images.
                unsafe {
                    let from = padded.add(i * self.chunks.padded[2] * s.cin + left);
                    std::ptr::copy_nonoverlapping(from, dx.add(line * own), own);
                }
            }
        }
    }
}
