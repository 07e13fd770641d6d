//! The kernel's gradient.
use super::points::{GradientPoints, KernelOfPoints, Place};
use super::{APART, Field, POINTS};
use crate::kernels::conv::direct::{panel, panels};
use crate::kernels::conv::{ConvKernelGradArgs, ConvSpec, Image};
use crate::kernels::epilogue::Epilogue;
use crate::kernels::matmul::tasks_for;
use crate::kernels::pooled::Windows;
use crate::kernels::reduce::AddParts;
use crate::kernels::simd::{Level, run_at};
use crate::kernels::tile::{MAX_ROWS, Tile, Tiles, even_rows};
use crate::kernels::{Work, part};

/// Most shares of the batch that are summed on their own.
const SHARES: usize = 16;

/// The kernel's gradient by points. Each task sums a fixed share of the batch at all points, and makes
/// a gradient of it; a last phase adds them.
#[derive(Clone, Debug)]
pub(crate) struct WinogradKernelGrad {
    field: Field,
    level: Level,
    tiles: Tiles,
    panels: usize,
    /// The gradient comes for the largest elements of these windows.
    windows: Option<Windows>,
    /// Offset in a point of each row of the kernel (block, channel), and of each line of tiles.
    a_rows: Vec<usize>,
    segments: Vec<usize>,
    c_rows: [usize; MAX_ROWS],
    work: Work,
}

impl WinogradKernelGrad {
    /// Whether this is the faster way.
    pub(crate) fn faster(level: Level, spec: ConvSpec) -> bool {
        // Each thread adds to all points of the kernel again and again.
        Field::new(spec, None).is_some_and(|field| field.kernel_is_near() && field.pays(level))
    }

    /// As [`Field::new`].
    pub(crate) fn new(
        level: Level,
        spec: ConvSpec,
        windows: Option<Windows>,
    ) -> Option<WinogradKernelGrad> {
        let field = Field::new(spec, windows.as_ref())?;
        let tiles = Tiles::of(level);
        let (line, run) = (field.line(), field.blocks[1] * spec.cin);
        let step = field.columns(level);
        let mut plan = WinogradKernelGrad {
            level,
            tiles,
            panels: panels(&tiles, spec.cout, 1),
            windows,
            a_rows: (0..field.k()).map(|r| r / run * line + r % run).collect(),
            segments: (0..field.tiles(field.chunks.rows)[0]).map(|i| i * line).collect(),
            c_rows: std::array::from_fn(|r| r * step),
            field,
            work: Work { phases: Vec::new(), shared: 0, scratch: 0 },
        };
        plan.work = plan.find_work();
        Some(plan)
    }

    fn find_work(&self) -> Work {
        let field = &self.field;
        let items = field.spec.batch * field.chunks.count;
        let shares = tasks_for(field.spec.flops()).min(SHARES).min(items);
        let size = self.size();
        let mut phases = vec![shares];
        if shares > 1 {
            phases.push((size * shares / 65_536).clamp(1, 16));
        }
        Work {
            phases,
            shared: if shares > 1 { shares * size } else { 0 },
            scratch: self.image_and_gradient() + POINTS * self.sum_point() + self.own_gradient(),
        }
    }

    pub(crate) fn work(&self) -> &Work {
        &self.work
    }

    /// Floats of the kernel.
    fn size(&self) -> usize {
        let s = &self.field.spec;
        s.taps() * s.cin * s.cout
    }

    /// Floats of a chunk's image and gradient, and of a gradient that is made of that of windows.
    fn image_and_gradient(&self) -> usize {
        self.field.image_floats() + POINTS * self.field.result_point(self.level)
    }
    fn own_gradient(&self) -> usize {
        let field = &self.field;
        let floats = field.chunks.rows * field.result[1] * field.spec.cout;
        if self.windows.is_some() { floats } else { 0 }
    }

    /// Does one task of one phase.
    ///
    /// # Safety
    /// As [`crate::kernels::conv::ConvForward::run`].
    pub(crate) unsafe fn run(
        &self,
        phase: usize,
        task: usize,
        args: &ConvKernelGradArgs,
        scratch: &mut [f32],
    ) {
        let (shares, size) = (self.work.phases[0], self.size());
        // SAFETY: the caller's promise; shares lie side by side in shared memory.
        unsafe {
            if phase > 0 {
                let range = part(size, self.work.phases[1], task);
                let (parts, to) = (args.shared, args.dw);
                return AddParts { parts, count: shares, step: size, range, to }.run(self.level);
            }
            let to = if shares > 1 { args.shared.add(task * size) } else { args.dw };
            self.share(task, args, scratch.as_mut_ptr(), to);
        }
    }

    /// The gradient of one share of the batch.
    unsafe fn share(&self, task: usize, args: &ConvKernelGradArgs, own: *mut f32, dw: *mut f32) {
        let field = &self.field;
        let s = &field.spec;
        let items = part(s.batch * field.chunks.count, self.work.phases[0], task);
        let [lines, columns] = field.result;
        // SAFETY: the thread's memory is as `find_work` says.
        unsafe {
            let sums = own.add(self.image_and_gradient());
            for item in items.clone() {
                let (image, chunk) = (item / field.chunks.count, item % field.chunks.count);
                let rows = field.rows(chunk);
                let dy = match &self.windows {
                    Some(windows) => {
                        let to = sums.add(POINTS * self.sum_point());
                        windows.spread(self.level, image, rows, args.dy, args.places, to);
                        to.cast_const()
                    }
                    None => args.dy.add((image * lines + rows.start) * columns * s.cout),
                };
                let image = Image { x: args.x, windows: None }.of(image, s.image_len());
                self.add(chunk, image, dy, [own, sums], item != items.start);
            }
            self.finish(sums, dw);
        }
    }

    fn sum_point(&self) -> usize {
        self.field.k() * self.field.columns(self.level) + APART
    }

    /// Adds a chunk to the sums, or begins them with it.
    ///
    /// # Safety
    /// `image` is one of the field's, `dy` the gradient of the chunk's rows of the result that count;
    /// `own` and `sums` have the planned sizes.
    unsafe fn add(
        &self,
        chunk: usize,
        image: Image<'_>,
        dy: *const f32,
        [own, sums]: [*mut f32; 2],
        accumulate: bool,
    ) {
        let field = &self.field;
        let rows = field.rows(chunk).len();
        let (k, step) = (field.k(), field.columns(self.level));
        // SAFETY: the caller's promise; tiles, panels and points are in range.
        unsafe {
            let gradient = own.add(field.image_floats());
            let points = field.image(chunk, image, self.level, own);
            let place = Place {
                size: [rows, field.result[1]],
                channels: field.spec.cout,
                tiles: field.tiles(rows),
                point: field.result_point(self.level),
                step,
            };
            run_at(self.level, GradientPoints { dy, place, to: gradient });
            for (point, i) in (0..POINTS).flat_map(|p| (0..self.panels).map(move |i| (p, i))) {
                let panel = panel(&self.tiles, field.spec.cout, self.panels, i);
                let height = even_rows(k, self.tiles.rows_of(panel.columns));
                for row in (0..k).step_by(height) {
                    let t = Tile {
                        a: points.add(point * field.image_point()),
                        a_rows: self.a_rows.as_ptr().add(row),
                        a_step: field.spec.cin,
                        segments: self.segments.as_ptr(),
                        n_segments: place.tiles[0],
                        len: place.tiles[1],
                        b: gradient.add(point * place.point + panel.within),
                        b_step: step,
                        c: sums.add(point * self.sum_point() + row * step + panel.within),
                        c_rows: self.c_rows.as_ptr(),
                        cols: panel.columns,
                        padded: true,
                        copy: std::ptr::null_mut(),
                        accumulate,
                        epilogue: Epilogue::NONE,
                    };
                    self.tiles.run(height.min(k - row), &t);
                }
            }
        }
    }

    /// The gradient from the sums.
    ///
    /// # Safety
    /// `sums` were made; `dw` has room for the kernel.
    unsafe fn finish(&self, sums: *const f32, dw: *mut f32) {
        let field = &self.field;
        // SAFETY: the caller's promise.
        unsafe {
            let points = KernelOfPoints {
                from: sums,
                point: self.sum_point(),
                step: field.columns(self.level),
                channels: field.spec.cin,
                width: field.spec.kernel[2],
                blocks: field.blocks,
                columns: field.spec.cout,
                to: dw,
            };
            run_at(self.level, points);
        }
    }
}
