//! A convolution by its definition, without unfolding the image.

use super::forward::Memory;
use super::narrow::{self, Dots, narrow_columns};
use super::{Chunks, ConvSpec};
use crate::kernels::matmul::{Grid, Pack, tasks_for};
use crate::kernels::pooled::Windows;
use crate::kernels::simd::{Level, run_at};
use crate::kernels::tile::{MAX_ROWS, Tile, Tiles, even_rows};
use crate::kernels::{Packing, Work, part};
use std::ops::Range;

/// Pixels of a chunk whose result is pooled while it is near.
const POOLED: usize = 256;
/// Floats of packed panels that may wait near while images pass; larger kernels go panel by panel.
const NEAR: usize = 1 << 18;

/// A convolution as one product of pixels and kernel.
#[derive(Clone, Debug)]
pub(super) struct Direct {
    spec: ConvSpec,
    level: Level,
    tiles: Tiles,
    chunks: Chunks,
    /// Offsets of the runs of values that are adjacent in image and kernel, and their length.
    segments: Vec<usize>,
    run_len: usize,
    /// Panels of a group of output channels, and the channels of the last group behind them.
    panels: usize,
    narrow: usize,
    /// Only the largest elements of these windows are kept.
    windows: Option<Windows>,
    grid: Grid,
    /// The kernel comes packed, or each task's first tile of a panel leaves a copy of it.
    packed: bool,
    copy_w: bool,
    /// Padded images are made once, in shared memory.
    shared_copies: bool,
    c_rows: [usize; MAX_ROWS],
    work: Work,
}

impl Direct {
    /// Plans for a level; `packed`: the kernel comes as [`Direct::pack`] leaves it.
    pub(super) fn at(level: Level, spec: ConvSpec, packed: bool) -> Direct {
        let (_, run_len) = segments(&spec, |_| 0);
        let narrow = narrow_columns(level, &spec, run_len);
        // One panel is read where it lies.
        let columns = spec.cout_group() - narrow;
        let several = panels(&Tiles::of(level), columns, spec.groups) > 1;
        Direct::plan(level, spec, packed && several, narrow, None)
    }

    /// As [`Direct::at`] for a kernel that comes in panels alone, even if it is one only.
    pub(super) fn of_panels(level: Level, spec: ConvSpec) -> Direct {
        Direct::plan(level, spec, true, 0, None)
    }

    /// As [`super::ConvForward::pooled`].
    pub(super) fn pooled(level: Level, spec: ConvSpec, windows: Windows) -> Option<Direct> {
        let (_, run_len) = segments(&spec, |_| 0);
        let narrow = narrow_columns(level, &spec, run_len);
        let plan = Direct::plan(level, spec, false, narrow, Some(windows));
        (plan.grid.n == 1 && plan.step() == plan.panels()).then_some(plan)
    }

    fn plan(
        level: Level,
        spec: ConvSpec,
        packed: bool,
        narrow: usize,
        windows: Option<Windows>,
    ) -> Direct {
        let tiles = Tiles::of(level);
        let tasks = tasks_for(spec.flops());
        let image_pixels: usize = spec.output().iter().product();
        // Enough pixels to use a panel of the kernel well, few enough to stay in the near cache.
        let share = (spec.batch * image_pixels).div_ceil(tasks);
        let chunks = match &windows {
            Some(w) => Chunks::of_windows(spec, w, share.clamp(4 * tiles.rows, POOLED), w.size[0]),
            None => Chunks::new(spec, share.clamp(4 * tiles.rows, 1024)),
        };
        let (segments, run_len) = segments(&spec, |tap| chunks.tap_offset(tap));
        let panels = panels(&tiles, spec.cout_group() - narrow, spec.groups);
        let copies = !packed && (panels > 1 || !spec.cout_group().is_multiple_of(tiles.lanes));
        let n = if windows.is_some() { 1 } else { spec.groups * panels };
        let most = Grid { m: spec.batch * chunks.count, n, k: 1 };
        let kernel = spec.taps() * spec.cin_group() * spec.cout;
        let images = spec.batch * chunks.padded.iter().product::<usize>() * spec.cin;
        let copy = if chunks.copies { 3 } else { 1 };
        let grid = Grid::new(tasks, most, |g| {
            g.n * images * copy + g.m * kernel * if copies { 2 } else { 1 }
        });
        let chunk_tiles = chunks.pixels.len().div_ceil(tiles.rows);
        let copy_w = copies && most.m.div_ceil(grid.m) * chunk_tiles > 2;
        let mut plan = Direct {
            spec,
            level,
            tiles,
            segments,
            run_len,
            panels,
            narrow,
            windows,
            grid,
            packed,
            copy_w,
            shared_copies: chunks.copies && grid.n > 1,
            chunks,
            c_rows: std::array::from_fn(|r| r * spec.cout),
            work: Work { phases: Vec::new(), shared: 0, scratch: 0 },
        };
        plan.work = plan.find_work();
        plan
    }

    fn find_work(&self) -> Work {
        let s = &self.spec;
        if s.empty() {
            return Work { phases: Vec::new(), shared: 0, scratch: 0 };
        }
        let compute = self.grid.m * self.grid.n;
        let packs = self.kernel_copy() + self.narrow_floats();
        if self.shared_copies {
            let shared = s.batch * self.padded_len();
            let copy = (shared / 16_384).clamp(1, 16).min(s.batch * self.chunks.lines_of_image());
            return Work { phases: vec![copy, compute], shared, scratch: packs };
        }
        let scratch = packs + self.chunks.scratch() + self.own_result();
        Work { phases: vec![compute], shared: 0, scratch }
    }

    /// Phases, tasks and scratch memory.
    pub(super) fn work(&self) -> &Work {
        &self.work
    }

    /// What packing the kernel takes, where that pays when it is used again and again.
    pub(super) fn packing(&self) -> Option<Packing> {
        let floats = self.kernel_floats() + self.narrow_floats();
        let tasks = (floats / 32_768).clamp(1, 16);
        (self.panels > 1 && !self.spec.empty()).then_some(Packing { floats, tasks })
    }

    /// Does one task of packing the kernel.
    ///
    /// # Safety
    /// `w` holds the kernel, `to` as many floats as [`Direct::packing`] says; `task` is below
    /// its count.
    pub(super) unsafe fn pack(&self, task: usize, w: *const f32, to: *mut f32) {
        let Some(packing) = self.packing() else { return };
        for i in part(self.panels(), packing.tasks, task) {
            // SAFETY: the panel is in range; its copy begins behind those before it.
            unsafe { self.pack_panel(i, w, to.add(i * self.panel_floats())) };
        }
        if task + 1 == packing.tasks {
            // SAFETY: the narrow columns lie behind the panels.
            unsafe { self.pack_narrow(w, to.add(self.kernel_floats())) };
        }
    }

    /// Does one task of one phase.
    ///
    /// # Safety
    /// As [`super::ConvForward::run`].
    pub(super) unsafe fn run(
        &self,
        phase: usize,
        task: usize,
        args: &Memory<'_>,
        scratch: &mut [f32],
    ) {
        // SAFETY: the caller's promise is handed on.
        unsafe {
            if self.shared_copies && phase == 0 {
                return self.copy(task, args);
            }
            let s = &self.spec;
            let items = part(s.batch * self.chunks.count, self.grid.m, task / self.grid.n);
            let panels = part(self.panels(), self.grid.n, task % self.grid.n);
            let own = scratch.as_mut_ptr();
            let narrow = own.wrapping_add(self.kernel_copy());
            let image = narrow.wrapping_add(self.narrow_floats());
            if self.narrow > 0 && !self.packed && panels.end == self.panels() {
                self.pack_narrow(args.w, narrow);
            }
            for first in panels.clone().step_by(self.step()) {
                let now = first..(first + self.step()).min(panels.end);
                for item in items.clone() {
                    self.chunk(item, now.clone(), args, [own, image], item == items.start);
                }
            }
        }
    }

    /// Whether images are copied as they are read.
    pub(super) fn copies(&self) -> bool {
        self.chunks.copies
    }

    fn k(&self) -> usize {
        self.spec.taps() * self.spec.cin_group()
    }

    /// Floats of all panels.
    fn kernel_floats(&self) -> usize {
        if self.panels == 0 {
            return 0;
        }
        let last = self.panel(self.panels - 1);
        (self.panels() - 1) * self.panel_floats() + last.width.max(self.tiles.cols()) * self.k()
    }

    fn panel_floats(&self) -> usize {
        self.tiles.cols() * self.k()
    }

    /// Panels that a chunk of an image passes at a time.
    fn step(&self) -> usize {
        let panels = self.panels().div_ceil(self.grid.n);
        if panels * self.panel_floats() <= NEAR { panels.max(1) } else { 1 }
    }

    /// Floats of a thread's copy of panels, and of the narrow columns behind it.
    fn kernel_copy(&self) -> usize {
        let step = self.step();
        match self.copy_w {
            true if step == self.panels() => self.kernel_floats(),
            // The last panel may be a wide one.
            true => step * self.tiles.wide_cols() * self.k(),
            false => 0,
        }
    }
    fn narrow_floats(&self) -> usize {
        self.narrow * self.segments.len() * narrow::padded(self.level, self.run_len)
    }

    /// Floats of a chunk's result of which the largest elements are kept.
    fn own_result(&self) -> usize {
        if self.windows.is_some() { self.chunks.pixels.len() * self.spec.cout } else { 0 }
    }

    /// Floats of an image with its padding.
    fn padded_len(&self) -> usize {
        self.chunks.padded.iter().product::<usize>() * self.spec.cin
    }

    /// Panels of all groups.
    pub(super) fn panels(&self) -> usize {
        self.spec.groups * self.panels
    }

    /// A panel by its number.
    pub(super) fn panel(&self, i: usize) -> Panel {
        let columns = self.spec.cout_group() - self.narrow;
        let panel = panel(&self.tiles, columns, self.panels, i % self.panels);
        Panel { group: i / self.panels, ..panel }
    }

    unsafe fn pack_panel(&self, i: usize, w: *const f32, to: *mut f32) {
        let panel = self.panel(i);
        // SAFETY: the panel's columns exist in the kernel and in its copy.
        unsafe {
            Pack {
                src: w.add(panel.group * self.spec.cout_group() + panel.within),
                step: self.spec.cout,
                transposed: false,
                k: self.k(),
                count: panel.columns,
                width: panel.width,
                dst: to,
            }
            .run(self.level);
        }
    }

    /// # Safety
    /// `w` holds the kernel, `to` has [`Direct::narrow_floats`].
    unsafe fn pack_narrow(&self, w: *const f32, to: *mut f32) {
        let s = &self.spec;
        let sizes = [self.segments.len(), self.run_len, self.narrow];
        // SAFETY: the caller's promise; the columns are the last of the kernel.
        unsafe { narrow::transpose(self.level, w.add(s.cout - self.narrow), s.cout, sizes, to) };
    }

    /// Copies a share of all lines of all images, zeros around them.
    unsafe fn copy(&self, task: usize, args: &Memory<'_>) {
        let per_image = self.chunks.lines_of_image();
        let lines = part(self.spec.batch * per_image, self.work.phases[0], task);
        for line in lines {
            let (image, line) = (line / per_image, line % per_image);
            // SAFETY: image and line are in range.
            unsafe {
                let from = args.x.of(image, self.spec.image_len());
                let to = args.shared.add(image * self.padded_len());
                self.chunks.line(from, line, to.add(line * self.chunks.line_len()));
            }
        }
    }

    /// One chunk of an image: the given panels, all tiles. `own` is the thread's memory for panels and
    /// image; `first`: no copy of the panels is there yet.
    unsafe fn chunk(
        &self,
        item: usize,
        panels: Range<usize>,
        args: &Memory<'_>,
        own: [*mut f32; 2],
        first: bool,
    ) {
        let s = &self.spec;
        let (image, chunk) = (item / self.chunks.count, item % self.chunks.count);
        let rows = self.chunks.range(chunk);
        let width = self.chunks.output[2];
        let pixels = rows.len() * width;
        // SAFETY: every pixel, tap and column lies in the arrays the caller vouches for.
        unsafe {
            let x = match self.shared_copies {
                true => {
                    let first = self.chunks.lines(&rows).0 * self.chunks.line_len();
                    args.shared.add(image * self.padded_len() + first).cast_const()
                }
                false => self.chunks.input(args.x.of(image, s.image_len()), &rows, own[1]),
            };
            let (y, element) = match self.windows {
                Some(_) => (own[1].wrapping_add(self.chunks.scratch()), 0),
                None => (args.y, image * s.result_len() + rows.start * width * s.cout),
            };
            let part = Part { x, pixels, element, args: Memory { y, ..*args }, first };
            if self.narrow > 0 && panels.end == self.panels() {
                self.narrow(&part, own[0].wrapping_add(self.kernel_copy()));
            }
            for (k, i) in panels.enumerate() {
                self.panel_tiles(i, &part, own[0].wrapping_add(k * self.panel_floats()));
            }
            if let Some(windows) = &self.windows {
                windows.keep_largest(self.level, image, rows, y, args.y, args.places);
            }
        }
    }

    /// The tiles of a panel; `copy`: the thread's place for it.
    #[inline(always)]
    unsafe fn panel_tiles(&self, i: usize, part: &Part<'_>, copy: *mut f32) {
        let args = &part.args;
        let s = &self.spec;
        let panel = self.panel(i);
        let col = panel.group * s.cout_group() + panel.within;
        let height = even_rows(part.pixels, self.tiles.rows_of(panel.columns));
        for done in (0..part.pixels).step_by(height) {
            let at = part.element + done * s.cout + col;
            let copying = self.copy_w && part.first && done == 0;
            let copied = self.copy_w && !copying;
            // SAFETY: as in `chunk`.
            unsafe {
                let (b, b_step) = match (self.packed, copied) {
                    (true, _) => (args.w.add(i * self.panel_floats()), panel.width),
                    (_, true) => (copy.cast_const(), panel.width),
                    _ => (args.w.add(col), s.cout),
                };
                let t = Tile {
                    a: part.x.add(panel.group * s.cin_group()),
                    a_rows: self.chunks.pixels.as_ptr().add(done),
                    a_step: 1,
                    segments: self.segments.as_ptr(),
                    n_segments: self.segments.len(),
                    len: self.run_len,
                    b,
                    b_step,
                    c: args.y.add(at),
                    c_rows: self.c_rows.as_ptr(),
                    cols: panel.columns,
                    padded: self.packed || copied,
                    copy: if copying { copy } else { std::ptr::null_mut() },
                    accumulate: false,
                    epilogue: args.epilogue.at(col, at),
                };
                self.tiles.run(height.min(part.pixels - done), &t);
            }
        }
    }

    /// The narrow columns; `copy`: the thread's copy of them.
    unsafe fn narrow(&self, part: &Part<'_>, copy: *const f32) {
        let (args, element) = (&part.args, part.element);
        let column = self.spec.cout - self.narrow;
        // SAFETY: as in `chunk`.
        unsafe {
            let dots = Dots {
                x: part.x,
                pixels: &self.chunks.pixels[..part.pixels],
                segments: &self.segments,
                len: self.run_len,
                w: match self.packed {
                    true => args.w.add(self.kernel_floats()),
                    false => copy,
                },
                columns: self.narrow,
                y: args.y.add(element + column),
                y_step: self.spec.cout,
                epilogue: args.epilogue.at(column, element + column),
            };
            run_at(self.level, dots);
        }
    }
}

/// A chunk on its way through the panels.
struct Part<'a> {
    /// Its input.
    x: *const f32,
    pixels: usize,
    /// Where its result begins in `args.y`.
    element: usize,
    args: Memory<'a>,
    /// No copy of the panels is there yet.
    first: bool,
}

/// Some columns of the result.
pub(super) struct Panel {
    /// Its group of channels, and where in it the panel begins.
    pub group: usize,
    pub within: usize,
    pub columns: usize,
    /// Columns of its copy: whole vectors.
    pub width: usize,
}

/// Panel `i` of the columns of a group.
pub(super) fn panel(tiles: &Tiles, columns: usize, panels: usize, i: usize) -> Panel {
    let within = i * tiles.cols();
    let columns = if i + 1 == panels { columns - within } else { tiles.cols() };
    Panel { group: 0, within, columns, width: columns.next_multiple_of(tiles.lanes) }
}

/// Panels of the columns of a group. A single vector behind them is part of the last one.
pub(super) fn panels(tiles: &Tiles, columns: usize, groups: usize) -> usize {
    let left = columns % tiles.cols();
    let joins = groups == 1 && columns > tiles.cols() && (1..=tiles.lanes).contains(&left);
    columns.div_ceil(tiles.cols()) - usize::from(joins)
}

/// Offsets of the runs of values that are adjacent in image and kernel, and their length.
fn segments(spec: &ConvSpec, offset: impl Fn(usize) -> usize) -> (Vec<usize>, usize) {
    let (taps, cin) = (spec.taps(), spec.cin_group());
    if spec.groups > 1 || spec.dilations[2] > 1 {
        return ((0..taps).map(offset).collect(), cin);
    }
    let lines = taps / spec.kernel[2].max(1);
    let first = |i: usize| offset(i * spec.kernel[2]);
    ((0..lines).map(first).collect(), spec.kernel[2] * cin)
}
