//! The gradient of a convolution with respect to its kernel, by the definition.

use super::direct::panels;
use super::kernel_grad::ConvKernelGradArgs;
use super::narrow::{self, Outer, narrow_columns};
use super::{Chunks, ConvSpec, Image};
use crate::kernels::epilogue::Epilogue;
use crate::kernels::matmul::tasks_for;
use crate::kernels::pooled::Windows;
use crate::kernels::reduce::AddParts;
use crate::kernels::simd::{Level, run_at};
use crate::kernels::tile::{MAX_ROWS, Tile, Tiles, even_rows};
use crate::kernels::{Work, part};
use std::ops::Range;

/// Output pixels summed in registers at a stretch: enough to hide loading and storing a tile, few
/// enough that the image stays near and that long sums are sums of well rounded parts.
const PIXELS: usize = 256;

/// The kernel's gradient as one sum over pixels.
///
/// A tile of `dw` stays in registers over a few hundred pixels: rows of one image, or several
/// small images. Each task sums a fixed share of the batch; a last phase adds the shares.
#[derive(Clone, Debug)]
pub(super) struct DirectKernelGrad {
    spec: ConvSpec,
    level: Level,
    tiles: Tiles,
    chunks: Chunks,
    /// Whole images summed at a stretch.
    images: usize,
    segments: Vec<usize>,
    /// Offset in the image of each row (tap, input channel) of the kernel.
    rows: Vec<usize>,
    height: usize,
    /// The last columns, which are done on their own, and where their lines of places begin.
    narrow: usize,
    starts: Vec<usize>,
    /// The gradient comes for the largest elements of these windows.
    windows: Option<Windows>,
    /// Shares of the batch, and blocks of rows of the kernel, that are tasks.
    shares: usize,
    blocks: usize,
    c_rows: [usize; MAX_ROWS],
    work: Work,
}

impl DirectKernelGrad {
    pub(super) fn new(level: Level, spec: ConvSpec, windows: Option<Windows>) -> DirectKernelGrad {
        let tiles = Tiles::of(level);
        let chunks = match &windows {
            Some(w) => Chunks::of_windows(spec, w, PIXELS, 1),
            None => Chunks::new(spec, PIXELS),
        };
        let image_pixels = chunks.pixels.len().max(1);
        let images = if chunks.count > 1 { 1 } else { (PIXELS / image_pixels).clamp(1, 16) };
        // Lines of consecutive images follow each other in dy, and by `step` in the image.
        let step = if chunks.copies { chunks.scratch() } else { spec.image_len() };
        let lines = chunks.rows;
        let segments = (0..images * lines)
            .map(|i| i / lines.max(1) * step + chunks.row_offset(i % lines.max(1)))
            .collect();
        let cin = spec.cin_group();
        let rows: Vec<usize> =
            (0..spec.taps() * cin).map(|r| chunks.tap_offset(r / cin) + r % cin).collect();
        let height = even_rows(rows.len(), tiles.rows);
        let line = spec.kernel[2] * cin;
        let narrow = narrow_columns(level, &spec, line);
        let starts = rows.iter().copied().step_by(line.max(1)).collect();
        let tasks = tasks_for(spec.flops());
        let size = rows.len() * spec.cout;
        let items = spec.batch.div_ceil(images) * chunks.count;
        // Shares cost memory, blocks of rows read the images again: few shares when the kernel is
        // large, and then blocks make the tasks.
        let shares = tasks.min(items).min((1 << 20) / size.max(1)).clamp(1, 16);
        let blocks = tasks.min(16).div_ceil(shares).min(rows.len().div_ceil(height)).max(1);
        let mut phases = vec![shares * blocks];
        if size == 0 {
            phases.clear();
        } else if shares > 1 {
            phases.push((size * shares / 65_536).clamp(1, 16));
        }
        let work = Work {
            phases,
            shared: if shares > 1 { shares * size } else { 0 },
            scratch: images * chunks.scratch()
                + narrow * rows.len() / line.max(1) * narrow::padded(level, line)
                + windows.map_or(0, |_| images * chunks.pixels.len() * spec.cout),
        };
        let c_rows = std::array::from_fn(|r| r * spec.cout);
        DirectKernelGrad {
            spec,
            level,
            tiles,
            chunks,
            images,
            segments,
            rows,
            height,
            narrow,
            starts,
            windows,
            shares,
            blocks,
            c_rows,
            work,
        }
    }

    pub(super) fn work(&self) -> &Work {
        &self.work
    }

    /// Does one task of one phase.
    ///
    /// # Safety
    /// As [`super::ConvForward::run`].
    pub(super) unsafe fn run(
        &self,
        phase: usize,
        task: usize,
        args: &ConvKernelGradArgs,
        scratch: &mut [f32],
    ) {
        // SAFETY: the caller's promise is handed on.
        unsafe {
            if phase == 0 {
                self.share(task, args, scratch);
            } else {
                AddParts {
                    parts: args.shared,
                    count: self.shares,
                    step: self.size(),
                    range: part(self.size(), self.work.phases[1], task),
                    to: args.dw,
                }
                .run(self.level);
            }
        }
    }

    fn size(&self) -> usize {
        self.rows.len() * self.spec.cout
    }

    /// Values of a line of places, and floats of the sums of the narrow columns.
    fn line(&self) -> usize {
        self.spec.kernel[2] * self.spec.cin_group()
    }
    fn narrow_floats(&self) -> usize {
        self.narrow * self.starts.len() * narrow::padded(self.level, self.line())
    }

    /// Adds the products of some lines of pixels to the narrow columns.
    unsafe fn add_narrow(&self, x: *const f32, dy: *const f32, lines: usize, sums: *mut f32) {
        let s = &self.spec;
        // SAFETY: as in `add_pixels`; `sums` are this thread's.
        unsafe {
            let outer = Outer {
                x,
                lines: &self.segments[..lines],
                starts: &self.starts,
                width: self.chunks.output[2],
                step: s.strides[2] * s.cin,
                len: self.line(),
                dy: dy.add(s.cout - self.narrow),
                dy_step: s.cout,
                columns: self.narrow,
                sums,
            };
            run_at(self.level, outer);
        }
    }

    /// Puts the narrow columns where they belong.
    unsafe fn store_narrow(&self, sums: *const f32, to: *mut f32) {
        let (line, width) = (self.line(), narrow::padded(self.level, self.line()));
        for c in 0..self.narrow {
            for row in 0..self.rows.len() {
                let from = (c * self.starts.len() + row / line) * width + row % line;
                let at = row * self.spec.cout + self.spec.cout - self.narrow + c;
                // SAFETY: rows and columns are in range.
                unsafe { *to.add(at) = *sums.add(from) };
            }
        }
    }

    /// Sums one share of the batch for one block of rows.
    unsafe fn share(&self, task: usize, args: &ConvKernelGradArgs, scratch: &mut [f32]) {
        let s = &self.spec;
        let (share, block) = (task / self.blocks, task % self.blocks);
        let tiles = part(self.rows.len().div_ceil(self.height), self.blocks, block);
        let groups = s.batch.div_ceil(self.images);
        let count = self.chunks.count;
        // SAFETY: image, chunk and tiles are in range; shares lie side by side in shared memory.
        unsafe {
            let to = if self.shares > 1 { args.shared.add(share * self.size()) } else { args.dw };
            let items = part(groups * count, self.shares, share);
            if items.is_empty() || self.spec.empty() {
                let (from, end) = (tiles.start * self.height, tiles.end * self.height);
                let end = end.min(self.rows.len());
                std::ptr::write_bytes(to.add(from * s.cout), 0, (end - from) * s.cout);
                return;
            }
            let sums = scratch.as_mut_ptr().add(self.images * self.chunks.scratch());
            let narrow = self.narrow > 0 && block == 0;
            if narrow {
                std::ptr::write_bytes(sums, 0, self.narrow_floats());
            }
            for item in items.clone() {
                let image = item / count * self.images;
                let images = self.images.min(s.batch - image);
                let rows = self.chunks.range(item % count);
                let mut x = scratch.as_ptr();
                // Images that are not copied follow each other in memory.
                for i in 0..if self.chunks.copies { images } else { 1 } {
                    let of = Image { x: args.x, windows: None }.of(image + i, s.image_len());
                    let to = scratch.as_mut_ptr().wrapping_add(i * self.chunks.scratch());
                    let at = self.chunks.input(of, &rows, to);
                    x = if i == 0 { at } else { x };
                }
                let first = rows.start * self.chunks.output[2] * s.cout;
                let lines = images * (rows.end - rows.start);
                let dy = match &self.windows {
                    Some(windows) => {
                        let first = sums.add(self.narrow_floats());
                        let mut to = first;
                        for image in image..image + images {
                            let (rows, level) = (rows.clone(), self.level);
                            to = windows.spread(level, image, rows, args.dy, args.places, to);
                        }
                        first
                    }
                    None => args.dy.add(image * s.result_len() + first),
                };
                self.add_pixels(x, dy, lines, tiles.clone(), to, item != items.start);
                if narrow {
                    self.add_narrow(x, dy, lines, sums);
                }
            }
            if narrow {
                self.store_narrow(sums, to);
            }
        }
    }

    /// Adds the products of some lines of pixels to the given tiles of rows.
    unsafe fn add_pixels(
        &self,
        x: *const f32,
        dy: *const f32,
        lines: usize,
        tiles: Range<usize>,
        to: *mut f32,
        accumulate: bool,
    ) {
        let s = &self.spec;
        let wide = s.cout_group() - self.narrow;
        let panels = panels(&self.tiles, wide, s.groups);
        let (from, end) = (tiles.start * self.height, tiles.end * self.height);
        let end = end.min(self.rows.len());
        for i in 0..s.groups * panels {
            let (group, panel) = (i / panels, i % panels);
            let within = panel * self.tiles.cols();
            let col = group * s.cout_group() + within;
            let columns = if panel + 1 == panels { wide - within } else { self.tiles.cols() };
            let height = even_rows(end - from, self.tiles.rows_of(columns));
            for row in (from..end).step_by(height) {
                // SAFETY: rows and columns lie inside image, dy and dw.
                unsafe {
                    let t = Tile {
                        a: x.add(group * s.cin_group()),
                        a_rows: self.rows.as_ptr().add(row),
                        a_step: s.strides[2] * s.cin,
                        segments: self.segments.as_ptr(),
                        n_segments: lines,
                        len: self.chunks.output[2],
                        b: dy.add(col),
                        b_step: s.cout,
                        c: to.add(row * s.cout + col),
                        c_rows: self.c_rows.as_ptr(),
                        cols: columns,
                        padded: false,
                        copy: std::ptr::null_mut(),
                        accumulate,
                        epilogue: Epilogue::NONE,
                    };
                    self.tiles.run(height.min(end - row), &t);
                }
            }
        }
    }
}
