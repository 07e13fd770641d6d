//! The convolution.
use super::points::{ImagePoints, KernelPoints, Place, ResultOfPoints};
use super::{Field, POINTS};
use crate::kernels::conv::direct::{Panel, panel, panels};
use crate::kernels::conv::forward::Memory;
use crate::kernels::conv::{ConvSpec, Image};
use crate::kernels::epilogue::Epilogue;
use crate::kernels::matmul::tasks_for;
use crate::kernels::pooled::Windows;
use crate::kernels::simd::{Level, run_at};
use crate::kernels::tile::{MAX_ROWS, Tile, Tiles, even_rows};
use crate::kernels::{Packing, Work, part};

/// A convolution by points.
#[derive(Clone, Debug)]
pub(crate) struct Winograd {
    level: Level,
    tiles: Tiles,
    field: Field,
    panels: usize,
    windows: Option<Windows>,
    /// The kernel comes as points.
    packed: bool,
    /// Offset in a point of each tile, and of each line of blocks.
    a_rows: Vec<usize>,
    segments: Vec<usize>,
    c_rows: [usize; MAX_ROWS],
    work: Work,
}

impl Winograd {
    /// Whether this is the faster way.
    pub(crate) fn faster(level: Level, spec: ConvSpec) -> bool {
        Field::new(spec, None).is_some_and(|field| field.pays(level))
    }

    /// As [`Field::new`]; `packed`: the kernel comes as [`Winograd::pack`] leaves it.
    pub(crate) fn new(
        level: Level,
        spec: ConvSpec,
        packed: bool,
        windows: Option<Windows>,
    ) -> Option<Winograd> {
        let field = Field::new(spec, windows.as_ref())?;
        let tiles = Tiles::of(level);
        let [rows, columns] = field.tiles(field.chunks.rows);
        let line = field.line();
        let step = field.columns(level);
        let mut plan = Winograd {
            level,
            tiles,
            panels: panels(&tiles, spec.cout, 1),
            windows,
            packed,
            a_rows: (0..rows * columns)
                .map(|t| t / columns * line + t % columns * spec.cin)
                .collect(),
            segments: (0..field.blocks[0]).map(|i| i * line).collect(),
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
        let compute = tasks_for(field.spec.flops()).min(items);
        let scratch =
            field.image_floats() + POINTS * field.result_point(self.level) + self.own_result();
        match self.packed {
            true => Work { phases: vec![compute], shared: 0, scratch },
            false => {
                let packing = self.packing();
                let phases = vec![packing.tasks, compute];
                Work { phases, shared: packing.floats, scratch }
            }
        }
    }

    /// Floats of a chunk's result of which the largest elements are kept.
    fn own_result(&self) -> usize {
        let field = &self.field;
        let [_, columns] = field.result;
        if self.windows.is_some() { field.chunks.rows * columns * field.spec.cout } else { 0 }
    }

    pub(crate) fn work(&self) -> &Work {
        &self.work
    }

    pub(crate) fn packing(&self) -> Packing {
        let last = self.panel(self.panels - 1).width.max(self.tiles.cols());
        let floats = (self.panels - 1) * self.panel_floats() + last * POINTS * self.field.k();
        Packing { floats, tasks: self.panels.min((floats / 32_768).max(1)) }
    }

    /// Whether images are copied as they are read.
    pub(crate) fn copies(&self) -> bool {
        self.field.chunks.copies
    }

    /// Multiplications of vectors for an image, and a little more, as the others are exact.
    pub(crate) fn cost(&self) -> usize {
        self.field.costs(self.level)[0] * 21 / 20
    }

    /// Panels of columns, one by its number, and where their points begin.
    pub(crate) fn panels(&self) -> usize {
        self.panels
    }
    pub(crate) fn panel(&self, i: usize) -> Panel {
        panel(&self.tiles, self.field.spec.cout, self.panels, i)
    }
    pub(crate) fn panel_floats(&self) -> usize {
        self.tiles.cols() * POINTS * self.field.k()
    }

    /// Does one task of making the kernel's points.
    ///
    /// # Safety
    /// As [`crate::kernels::conv::ConvForward::pack`].
    pub(crate) unsafe fn pack(&self, task: usize, w: *const f32, to: *mut f32) {
        for i in part(self.panels, self.packing().tasks, task) {
            let panel = self.panel(i);
            // SAFETY: the panel is in range; its points begin behind those of the panels before it.
            unsafe {
                let w = w.add(panel.within);
                self.pack_panel(&panel, w, self.field.spec.cout, to.add(i * self.panel_floats()));
            }
        }
    }

    /// The points of a panel, whose rows are `step` floats apart.
    ///
    /// # Safety
    /// The panel's columns exist in `w`; `to` has room for their points.
    pub(crate) unsafe fn pack_panel(
        &self,
        panel: &Panel,
        w: *const f32,
        step: usize,
        to: *mut f32,
    ) {
        let s = &self.field.spec;
        // SAFETY: the caller's promise.
        unsafe {
            let points = KernelPoints {
                w,
                step,
                channels: s.cin,
                width: s.kernel[2],
                blocks: self.field.blocks,
                columns: panel.columns,
                padded: panel.width,
                to,
            };
            run_at(self.level, points);
        }
    }

    /// Does one task of one phase.
    ///
    /// # Safety
    /// As [`crate::kernels::conv::ConvForward::run`].
    pub(crate) unsafe fn run(
        &self,
        phase: usize,
        task: usize,
        args: &Memory<'_>,
        scratch: &mut [f32],
    ) {
        // SAFETY: the caller's promise is handed on.
        unsafe {
            if !self.packed && phase == 0 {
                return self.pack(task, args.w, args.shared);
            }
            let points = if self.packed { args.w } else { args.shared.cast_const() };
            let field = &self.field;
            let tasks = self.work.phases[phase];
            for item in part(field.spec.batch * field.chunks.count, tasks, task) {
                self.chunk(item, args, points, scratch.as_mut_ptr());
            }
        }
    }

    /// One chunk of an image; `own` is the thread's memory.
    unsafe fn chunk(&self, item: usize, args: &Memory<'_>, kernel: *const f32, own: *mut f32) {
        let (field, s) = (&self.field, &self.field.spec);
        let (image, chunk) = (item / field.chunks.count, item % field.chunks.count);
        let rows = field.rows(chunk);
        let step = field.columns(self.level);
        // SAFETY: the thread's memory is as `find_work` says; pixels and columns are in range.
        unsafe {
            let result = own.add(field.image_floats());
            let image_points = field.image(chunk, args.x.of(image, s.image_len()), self.level, own);
            self.products(rows.len(), image_points, kernel, result);
            let (y, element) = match self.windows {
                Some(_) => (result.add(POINTS * field.result_point(self.level)), 0),
                None => {
                    let [lines, columns] = field.result;
                    (args.y, (image * lines + rows.start) * columns * s.cout)
                }
            };
            let place = Place {
                size: [rows.len(), field.result[1]],
                channels: s.cout,
                tiles: field.tiles(rows.len()),
                point: field.result_point(self.level),
                step,
            };
            let epilogue = args.epilogue.at(0, element);
            let y0 = y.add(element);
            run_at(self.level, ResultOfPoints { from: result, place, y: y0, epilogue });
            if let Some(windows) = &self.windows {
                windows.keep_largest(self.level, image, rows, y, args.y, args.places);
            }
        }
    }

    /// The product of image and kernel at each point.
    unsafe fn products(&self, rows: usize, image: *const f32, kernel: *const f32, to: *mut f32) {
        let field = &self.field;
        let [tile_rows, tile_columns] = field.tiles(rows);
        let count = tile_rows * tile_columns;
        let (k, step) = (field.k(), field.columns(self.level));
        for point in 0..POINTS {
            for i in 0..self.panels {
                let panel = self.panel(i);
                let height = even_rows(count, self.tiles.rows_of(panel.columns));
                for done in (0..count).step_by(height) {
                    // SAFETY: tiles, panels and points are in range.
                    unsafe {
                        let at = i * self.panel_floats() + point * k * panel.width;
                        let c = point * field.result_point(self.level) + done * step;
                        let t = Tile {
                            a: image.add(point * field.image_point()),
                            a_rows: self.a_rows.as_ptr().add(done),
                            a_step: 1,
                            segments: self.segments.as_ptr(),
                            n_segments: self.segments.len(),
                            len: k / field.blocks[0],
                            b: kernel.add(at),
                            b_step: panel.width,
                            c: to.add(c + panel.within),
                            c_rows: self.c_rows.as_ptr(),
                            cols: panel.columns,
                            padded: true,
                            copy: std::ptr::null_mut(),
                            accumulate: false,
                            epilogue: Epilogue::NONE,
                        };
                        self.tiles.run(height.min(count - done), &t);
                    }
                }
            }
        }
    }
}

impl Field {
    /// The points of a chunk's image: where they are in `own`, behind the copy of the image.
    ///
    /// # Safety
    /// `image` is one of the field's; `own` has [`Field::image_floats`]; the level is available.
    pub(super) unsafe fn image(
        &self,
        chunk: usize,
        image: Image<'_>,
        level: Level,
        own: *mut f32,
    ) -> *const f32 {
        let rows = self.chunks.range(chunk);
        // SAFETY: chunks are of whole tiles, which the padding was filled up to.
        unsafe {
            let to = own.add(self.chunks.scratch());
            let points = ImagePoints {
                x: self.chunks.input(image, &rows, own),
                line: self.chunks.line_len(),
                channels: self.spec.cin,
                grid: self.grid(rows.len()),
                to,
                point: self.image_point(),
            };
            run_at(level, points);
            to
        }
    }
}
