//! The image's gradient by scattering: each pixel of the result adds to the places it came from.

use super::direct::panels;
use super::{Chunks, ConvInputGradArgs, ConvSpec};
use crate::kernels::epilogue::{Epilogue, FinishRow};
use crate::kernels::matmul::{Pack, tasks_for};
use crate::kernels::pooled::Windows;
use crate::kernels::simd::Level;
use crate::kernels::tile::{Tile, Tiles, even_rows};
use crate::kernels::{Work, part};

/// What loading and storing a row of a tile costs, in multiplications of a vector.
const UPDATE: usize = 9;

/// `dx += dy · w'` for each unit of the kernel, a place or a line of places, where it belongs in the
/// (padded) image.
///
/// Where one channel count fills vectors badly (20 in 16s), the places of a line are the columns of
/// one product: in the image they are adjacent. Rows of a tile must then not be neighbours, whose
/// sums overlap, so pixels are passed column by column.
#[derive(Clone, Debug)]
pub(super) struct Scatter {
    spec: ConvSpec,
    level: Level,
    tiles: Tiles,
    /// Whole images: their sizes with padding.
    chunks: Chunks,
    /// Where the units begin in the padded image, and their columns.
    units: Vec<usize>,
    columns: usize,
    panels: usize,
    /// Most rows of a tile.
    height: usize,
    /// The gradient comes for the largest elements of these windows.
    windows: Option<Windows>,
    /// Offsets of the pixels in the result and in the padded image, in the order of passing.
    from: Vec<usize>,
    to: Vec<usize>,
}

impl Scatter {
    pub(super) fn new(level: Level, spec: ConvSpec, windows: Option<Windows>) -> Scatter {
        let tiles = Tiles::of(level);
        let chunks = match &windows {
            Some(w) => Chunks::of_windows(spec, w, usize::MAX, 1),
            None => Chunks::new(spec, usize::MAX),
        };
        let [_, _, kw] = spec.kernel;
        let lines = chunks.output[0] * chunks.output[1];
        let vectors = |columns: usize| columns.div_ceil(level.lanes());
        // Columns that a line of places fills better, and lines enough for the rows of a tile.
        let merged = spec.groups == 1
            && spec.dilations[2] == 1
            && lines >= tiles.rows.min(8)
            && vectors(kw * spec.cin) < kw * vectors(spec.cin);
        let (count, columns) = match merged {
            true => (spec.taps() / kw, kw * spec.cin),
            false => (spec.taps(), spec.cin_group()),
        };
        let units = (0..count).map(|i| chunks.tap_offset(i * spec.taps() / count)).collect();
        let pixels = chunks.pixels.len();
        let width = chunks.output[2].max(1);
        let order = |i: usize| if merged { i % lines * width + i / lines } else { i };
        Scatter {
            spec,
            level,
            tiles,
            units,
            columns,
            panels: panels(&tiles, columns, spec.groups),
            height: if merged { tiles.rows.min(lines) } else { tiles.rows },
            windows,
            from: (0..pixels).map(|i| order(i) * spec.cout).collect(),
            to: (0..pixels).map(|i| chunks.pixels[order(i)]).collect(),
            chunks,
        }
    }

    /// Multiplications of vectors, about.
    pub(super) fn cost(&self) -> usize {
        let s = &self.spec;
        let vectors = self.columns.div_ceil(self.level.lanes()) * s.groups;
        s.batch * self.to.len() * self.units.len() * vectors * (s.cout_group() + UPDATE)
    }

    pub(super) fn work(&self) -> Work {
        let s = &self.spec;
        let phases = if s.batch * s.image_len() > 0 { self.tasks().into() } else { Vec::new() };
        let shared = self.blocks() * self.block_floats();
        Work { phases, shared, scratch: self.chunks.scratch() + self.own_gradient() }
    }

    /// Floats of an image's gradient that is made of that of windows.
    fn own_gradient(&self) -> usize {
        if self.windows.is_some() { self.from.len() * self.spec.cout } else { 0 }
    }

    /// Tasks that pack the kernel, and that compute.
    fn tasks(&self) -> [usize; 2] {
        let tasks = tasks_for(self.spec.flops());
        [tasks.min(self.blocks()).max(1), tasks.min(self.spec.batch)]
    }

    /// Packed blocks of the kernel: one for each unit and panel.
    fn blocks(&self) -> usize {
        self.spec.groups * self.panels * self.units.len()
    }

    /// Does one task of one phase.
    ///
    /// # Safety
    /// As [`super::ConvForward::run`].
    pub(super) unsafe fn run(
        &self,
        phase: usize,
        task: usize,
        args: &ConvInputGradArgs,
        scratch: &mut [f32],
    ) {
        let [pack, compute] = self.tasks();
        // SAFETY: the caller's promise is handed on.
        unsafe {
            if phase == 0 {
                for i in part(self.blocks(), pack, task) {
                    self.pack(i, args);
                }
                return;
            }
            for image in part(self.spec.batch, compute, task) {
                self.image(image, args, scratch);
            }
        }
    }

    fn panel_cols(&self, panel: usize) -> usize {
        let left = self.columns - panel * self.tiles.cols();
        if panel + 1 == self.panels { left } else { self.tiles.cols() }
    }

    fn panel_width(&self, panel: usize) -> usize {
        self.panel_cols(panel).next_multiple_of(self.tiles.lanes)
    }

    /// Floats of a packed block; the last one is the widest.
    fn block_floats(&self) -> usize {
        let widest = self.panel_width(0).max(self.panel_width(self.panels.max(1) - 1));
        widest * self.spec.cout_group()
    }

    /// Transposes one unit of the kernel for one panel of columns.
    unsafe fn pack(&self, i: usize, args: &ConvInputGradArgs) {
        let s = &self.spec;
        let (unit, i_panel) = (i % self.units.len(), i / self.units.len());
        let (group, panel) = (i_panel / self.panels, i_panel % self.panels);
        // SAFETY: unit, group and panel are in range.
        unsafe {
            let row = unit * self.columns + panel * self.tiles.cols();
            Pack {
                src: args.w.add(row * s.cout + group * s.cout_group()),
                step: s.cout,
                transposed: true,
                k: s.cout_group(),
                count: self.panel_cols(panel),
                width: self.panel_width(panel),
                dst: args.shared.add(i * self.block_floats()),
            }
            .run(self.level);
        }
    }

    unsafe fn image(&self, image: usize, args: &ConvInputGradArgs, scratch: &mut [f32]) {
        let s = &self.spec;
        let pixels = self.to.len();
        let padded: usize = self.chunks.padded.iter().product::<usize>() * s.cin;
        // SAFETY: pixel plus tap offsets stay inside the padded image, which `to` holds.
        unsafe {
            let dy = match &self.windows {
                Some(windows) => {
                    let to = scratch.as_mut_ptr().add(self.chunks.scratch());
                    let lines = 0..windows.covered()[0];
                    windows.spread(self.level, image, lines, args.dy, args.places, to);
                    to.cast_const()
                }
                None => args.dy.add(image * s.result_len()),
            };
            let dx = args.dx.add(image * s.image_len());
            let to = if self.chunks.copies { scratch.as_mut_ptr() } else { dx };
            std::ptr::write_bytes(to, 0, padded);
            for i in 0..self.blocks() {
                let (unit, i_panel) = (i % self.units.len(), i / self.units.len());
                let (group, panel) = (i_panel / self.panels, i_panel % self.panels);
                let col = group * s.cin_group() + panel * self.tiles.cols();
                let mut t = Tile {
                    a: dy.add(group * s.cout_group()),
                    a_rows: self.from.as_ptr(),
                    a_step: 1,
                    segments: &0,
                    n_segments: 1,
                    len: s.cout_group(),
                    b: args.shared.add(i * self.block_floats()),
                    b_step: self.panel_width(panel),
                    c: to.add(self.units[unit] + col),
                    c_rows: self.to.as_ptr(),
                    cols: self.panel_cols(panel),
                    padded: true,
                    copy: std::ptr::null_mut(),
                    accumulate: true,
                    epilogue: Epilogue::NONE,
                };
                let most = self.height.min(self.tiles.rows_of(self.panel_cols(panel)));
                let height = even_rows(pixels, most);
                let mut done = 0;
                while done < pixels {
                    let now = height.min(pixels - done);
                    t.a_rows = self.from.as_ptr().add(done);
                    t.c_rows = self.to.as_ptr().add(done);
                    self.tiles.run(now, &t);
                    done += now;
                }
            }
            if self.chunks.copies {
                self.crop(to, dx);
            }
            if !args.epilogue.is_none() {
                let columns = s.image_len();
                let epilogue = args.epilogue.at(0, image * columns);
                FinishRow { row: dx, columns, epilogue }.run(self.level);
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
