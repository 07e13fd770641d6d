//! The convolution itself, with bias and activation.

use super::{Chunks, ConvSpec};
use crate::kernels::matmul::{Pack, tasks_for};
use crate::kernels::simd::Level;
use crate::kernels::tile::{MAX_ROWS, Tile, Tiles, even_rows};
use crate::kernels::{Work, part};

/// The memory of one run of [`ConvForward`].
#[derive(Clone, Copy, Debug)]
pub struct ConvForwardArgs {
    /// The image.
    pub x: *const f32,
    /// The kernel.
    pub w: *const f32,
    /// `(cout)`; null for none.
    pub bias: *const f32,
    /// The result; overlaps nothing else.
    pub y: *mut f32,
    /// [`Work::shared`] floats.
    pub shared: *mut f32,
}

/// A convolution, planned: `y = act(conv(x, w) + bias)`.
///
/// ```
/// use ferras_cpu::kernels::conv::{ConvForward, ConvForwardArgs, ConvSpec};
/// let plan = ConvForward::new(ConvSpec::conv2d(1, [1, 3], 1, [1, 2], 1), false);
/// let (x, w, mut y) = ([1.0f32, 2.0, 3.0], [1.0f32, -1.0], [0.0f32; 2]);
/// let mut shared = vec![0.0; plan.work().shared];
/// let mut scratch = vec![0.0; plan.work().scratch];
/// let args = ConvForwardArgs {
///     x: x.as_ptr(), w: w.as_ptr(), bias: std::ptr::null(), y: y.as_mut_ptr(),
///     shared: shared.as_mut_ptr(),
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
pub struct ConvForward {
    spec: ConvSpec,
    level: Level,
    tiles: Tiles,
    relu: bool,
    chunks: Chunks,
    /// Offsets of the runs of values that are adjacent in image and kernel, and their length.
    segments: Vec<usize>,
    run_len: usize,
    panels: usize,
    packed: bool,
    c_rows: [usize; MAX_ROWS],
    work: Work,
}

impl ConvForward {
    /// Plans a convolution for this machine; `relu` clamps the result at zero.
    pub fn new(spec: ConvSpec, relu: bool) -> ConvForward {
        ConvForward::at(Level::detect(), spec, relu)
    }

    /// Plans for `level`, which must be one of [`Level::available`] to be run.
    pub fn at(level: Level, spec: ConvSpec, relu: bool) -> ConvForward {
        let tiles = Tiles::of(level);
        // Enough pixels to use a panel of the kernel well, few enough to stay in the near cache.
        let tasks = tasks_for(spec.flops());
        let image_pixels: usize = spec.output().iter().product();
        let share = (spec.batch * image_pixels).div_ceil(tasks);
        let chunks = Chunks::new(spec, share.clamp(4 * tiles.rows, 1024));
        let taps = spec.taps();
        let cin = spec.cin_group();
        let adjacent = spec.groups == 1 && spec.dilations[2] == 1;
        let (segments, run_len) = if adjacent {
            let lines = taps / spec.kernel[2].max(1);
            let first = |i: usize| chunks.tap_offset(i * spec.kernel[2]);
            ((0..lines).map(first).collect(), spec.kernel[2] * cin)
        } else {
            ((0..taps).map(|tap| chunks.tap_offset(tap)).collect(), cin)
        };
        let panels = spec.cout_group().div_ceil(tiles.cols());
        let packed = panels > 1 && spec.batch * image_pixels >= 512;
        let mut phases = Vec::new();
        if packed {
            phases.push(tasks.min(spec.groups * panels));
        }
        if !spec.empty() {
            phases.push(tasks.min(spec.batch * chunks.count));
        } else {
            phases.clear();
        }
        let rows = taps * cin;
        let shared = if packed { spec.groups * panels * tiles.cols() * rows } else { 0 };
        let work = Work { phases, shared, scratch: chunks.scratch() };
        let c_rows = std::array::from_fn(|r| r * spec.cout);
        ConvForward {
            spec,
            level,
            tiles,
            relu,
            chunks,
            segments,
            run_len,
            panels,
            packed,
            c_rows,
            work,
        }
    }

    /// Phases, tasks and scratch memory.
    pub fn work(&self) -> &Work {
        &self.work
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
        let tasks = self.work.phases[phase];
        // SAFETY: the caller's promise is handed on.
        unsafe {
            if self.packed && phase == 0 {
                for i in part(self.spec.groups * self.panels, tasks, task) {
                    self.pack(i, args);
                }
                return;
            }
            for item in part(self.spec.batch * self.chunks.count, tasks, task) {
                self.chunk(item / self.chunks.count, item % self.chunks.count, args, scratch);
            }
        }
    }

    fn k(&self) -> usize {
        self.spec.taps() * self.spec.cin_group()
    }

    /// Columns of the result that panel `i` of a group holds.
    fn panel_cols(&self, i: usize) -> usize {
        self.tiles.cols().min(self.spec.cout_group() - i * self.tiles.cols())
    }

    fn panel_width(&self, i: usize) -> usize {
        if self.panel_cols(i) <= self.tiles.lanes { self.tiles.lanes } else { self.tiles.cols() }
    }

    unsafe fn pack(&self, i: usize, args: &ConvForwardArgs) {
        let (group, panel) = (i / self.panels, i % self.panels);
        // SAFETY: the panel's columns exist in the kernel and in its copy.
        unsafe {
            let col = group * self.spec.cout_group() + panel * self.tiles.cols();
            Pack {
                src: args.w.add(col),
                step: self.spec.cout,
                transposed: false,
                k: self.k(),
                count: self.panel_cols(panel),
                width: self.panel_width(panel),
                dst: args.shared.add(i * self.tiles.cols() * self.k()),
            }
            .run(self.level);
        }
    }

    /// One chunk of an image: all groups, panels and tiles.
    unsafe fn chunk(
        &self,
        image: usize,
        chunk: usize,
        args: &ConvForwardArgs,
        scratch: &mut [f32],
    ) {
        let s = &self.spec;
        let rows = self.chunks.range(chunk);
        let width = self.chunks.output[2];
        let pixels = (rows.end - rows.start) * width;
        let height = even_rows(pixels, self.tiles.rows);
        // SAFETY: every pixel, tap and column lies in the arrays the caller vouches for.
        unsafe {
            let x = args.x.add(image * s.image_len());
            let x = self.chunks.input(x, &rows, scratch.as_mut_ptr());
            let y = args.y.add(image * s.result_len() + rows.start * width * s.cout);
            for i in 0..s.groups * self.panels {
                let (group, panel) = (i / self.panels, i % self.panels);
                let col = group * s.cout_group() + panel * self.tiles.cols();
                let (b, b_step) = if self.packed {
                    let packed = args.shared.add(i * self.tiles.cols() * self.k());
                    (packed.cast_const(), self.panel_width(panel))
                } else {
                    (args.w.add(col), s.cout)
                };
                let mut t = Tile {
                    a: x.add(group * s.cin_group()),
                    a_rows: self.chunks.pixels.as_ptr(),
                    a_step: 1,
                    segments: self.segments.as_ptr(),
                    n_segments: self.segments.len(),
                    len: self.run_len,
                    b,
                    b_step,
                    c: y.add(col),
                    c_rows: self.c_rows.as_ptr(),
                    cols: self.panel_cols(panel),
                    accumulate: false,
                    bias: if args.bias.is_null() { args.bias } else { args.bias.add(col) },
                    relu: self.relu,
                };
                let mut done = 0;
                while done < pixels {
                    let now = height.min(pixels - done);
                    t.a_rows = self.chunks.pixels.as_ptr().add(done);
                    t.c = y.add(done * s.cout + col);
                    self.tiles.run(now, &t);
                    done += now;
                }
            }
        }
    }
}
