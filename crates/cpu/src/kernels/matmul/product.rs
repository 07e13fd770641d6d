//! Matrix times matrix: blocks of tiles, factors packed where that pays.
//!
//! Rows of A are read where they lie, and so are those of B by the first tile of a task that needs
//! them; it leaves a copy for the others. What a task needs of transposed factors it packs first.
//! All copies are in memory of the thread, which stays near.

use super::grid::Grid;
use super::pack::{Pack, PackRows};
use super::{Epilogue, MatMulArgs, MatMulSpec, Packing, Work, part, tasks_for};
use crate::kernels::epilogue::FinishRow;
use crate::kernels::reduce::AddParts;
use crate::kernels::simd::Level;
use crate::kernels::tile::{MAX_ROWS, Tile, Tiles, even_rows};
use std::ops::Range;

/// Most steps of k summed in registers at a stretch; bounds the rounding error of long sums and
/// keeps a panel of B near.
const K_BLOCK: usize = 512;
/// Tiles whose rows of A stay near while all panels of a task pass, and the same for packed tiles.
const NEAR_TILES: usize = 20;
const NEAR_PACKED: usize = 8;

#[derive(Clone, Debug)]
pub(super) struct Product {
    level: Level,
    tiles: Tiles,
    spec: MatMulSpec,
    /// Rows of a tile, tiles in m, panels in n.
    rows: usize,
    m_tiles: usize,
    panels: usize,
    grid: Grid,
    pack_a: bool,
    pack_b: bool,
    /// The first tile of a panel leaves a copy of it.
    copy_b: bool,
    /// All there is to do is one tile of factors as they lie.
    is_tile: bool,
    /// Tasks of small items: each does some of them whole.
    batch_tasks: usize,
    /// Tasks of the phase that adds parts.
    sum_tasks: usize,
    a_rows: [usize; MAX_ROWS],
    c_rows: [usize; MAX_ROWS],
}

impl Product {
    pub(super) fn new(level: Level, spec: MatMulSpec) -> Product {
        let tiles = Tiles::of(level);
        let (m, n, k) = (spec.m, spec.n, spec.k);
        let rows = even_rows(m, tiles.rows);
        let (m_tiles, panels) = (m.div_ceil(rows), n.div_ceil(tiles.cols()));
        let flops = 2 * m * n * k;
        let wanted = tasks_for(flops);
        let small = wanted == 1;
        let pack_a = !small && spec.a_transposed;
        let pack_b = !spec.b_packed && spec.b_transposed;
        let most_k = if spec.accumulate { 1 } else { k / K_BLOCK };
        let most = Grid { m: m_tiles, n: panels, k: most_k };
        let grid = Grid::new(wanted.div_ceil(spec.batch), most, |grid| moved(&spec, grid));
        let batch_tasks = match grid.tasks() {
            1 => spec.batch.min(tasks_for(flops * spec.batch)),
            _ => spec.batch,
        };
        let copy_b = !small && !spec.b_packed && !pack_b && m_tiles.div_ceil(grid.m) > 2;
        let a_row = if spec.a_transposed { 1 } else { k };
        let a_rows = std::array::from_fn(|r| r * a_row);
        let c_rows = std::array::from_fn(|r| r * n);
        Product {
            level,
            tiles,
            spec,
            rows,
            m_tiles,
            panels,
            grid,
            pack_a,
            pack_b,
            copy_b,
            is_tile: spec.batch * m_tiles * panels == 1 && k <= K_BLOCK && small && !pack_b,
            batch_tasks,
            sum_tasks: wanted.min(16),
            a_rows,
            c_rows,
        }
    }

    pub(super) fn work(&self) -> Work {
        let s = &self.spec;
        let mut phases = vec![self.batch_tasks * self.grid.tasks()];
        let mut shared = 0;
        if self.grid.k > 1 {
            phases.push(self.sum_tasks);
            shared = self.grid.k * s.batch * s.m * s.n;
        }
        Work { phases, shared, scratch: self.own_b() + self.own_a() }
    }

    /// Steps of k that are passed at a time, at most.
    fn k_block(&self) -> usize {
        self.spec.k.div_ceil(self.grid.k).min(K_BLOCK)
    }

    /// Floats of the thread's copies of B, and of A behind them.
    fn own_b(&self) -> usize {
        let panels = self.panels.div_ceil(self.grid.n);
        if self.pack_b || self.copy_b { panels * self.panel_copy() } else { 0 }
    }
    fn own_a(&self) -> usize {
        let tiles = NEAR_PACKED.min(self.m_tiles.div_ceil(self.grid.m));
        if self.pack_a { tiles * self.rows * self.k_block() } else { 0 }
    }

    /// Floats of the copy of a panel over a block of k.
    fn panel_copy(&self) -> usize {
        self.tiles.cols() * self.k_block()
    }

    pub(super) fn packing(&self) -> Option<Packing> {
        let one = self.spec.batch == 1 || self.spec.b_shared;
        let floats = self.panels * self.tiles.cols() * self.spec.k;
        one.then(|| Packing { floats, tasks: (floats / 32_768).clamp(1, 16) })
    }

    /// # Safety
    /// As `MatMul::pack`.
    pub(super) unsafe fn pack(&self, task: usize, b: *const f32, to: *mut f32) {
        let Some(packing) = self.packing() else { return };
        for panel in part(self.panels, packing.tasks, task) {
            // SAFETY: the panel is in range; its copy begins behind those before it.
            unsafe { self.pack_panel(b, panel, 0..self.spec.k, to.add(self.panel_start(panel))) };
        }
    }

    /// # Safety
    /// As `MatMul::run`.
    pub(super) unsafe fn run(
        &self,
        phase: usize,
        task: usize,
        args: &MatMulArgs,
        scratch: &mut [f32],
    ) {
        // SAFETY: the caller's promise is handed on; phases are as `work` numbers them.
        unsafe {
            if phase > 0 {
                return self.run_sum(task, args);
            }
            if self.is_tile {
                return self.run_tile(args);
            }
            let tasks = self.grid.tasks();
            let (batch_task, place) =
                if tasks == 1 { (task, 0) } else { (task / tasks, task % tasks) };
            let (grid, n_task) = (place / self.grid.n, place % self.grid.n);
            let (k_part, m_task) = (grid / self.grid.m, grid % self.grid.m);
            let tiles = part(self.m_tiles, self.grid.m, m_task);
            let panels = part(self.panels, self.grid.n, n_task);
            let ks = part(self.spec.k, self.grid.k, k_part);
            for item in part(self.spec.batch, self.batch_tasks, batch_task) {
                let block = self.item(item, k_part, args);
                let own = scratch.as_mut_ptr();
                self.block(&block, tiles.clone(), panels.clone(), ks.clone(), own);
            }
        }
    }

    /// The only tile: a product of some ten nanoseconds takes no detour.
    #[inline(always)]
    unsafe fn run_tile(&self, args: &MatMulArgs) {
        let s = &self.spec;
        let t = Tile {
            a: args.a,
            a_rows: self.a_rows.as_ptr(),
            a_step: if s.a_transposed { s.m } else { 1 },
            segments: &0,
            n_segments: 1,
            len: s.k,
            b: args.b,
            b_step: if s.b_packed { self.panel_width(0) } else { s.n },
            c: args.c,
            c_rows: self.c_rows.as_ptr(),
            cols: s.n,
            padded: s.b_packed,
            copy: std::ptr::null_mut(),
            accumulate: s.accumulate,
            epilogue: args.epilogue,
        };
        // SAFETY: the factors are the tile's, as the caller vouches.
        unsafe { self.tiles.run(s.m, &t) };
    }

    /// The memory of an item of the batch, or of one of its parts of k.
    unsafe fn item(&self, item: usize, k_part: usize, args: &MatMulArgs) -> Block {
        let s = &self.spec;
        let size = s.m * s.n;
        // SAFETY: item and part are below their counts.
        unsafe {
            let whole = self.grid.k == 1;
            Block {
                a: args.a.add(item * s.a_stride()),
                b: args.b.add(item * s.b_stride()),
                c: match whole {
                    true => args.c.add(item * size),
                    false => args.shared.add((item * self.grid.k + k_part) * size),
                },
                epilogue: if whole { args.epilogue.at(0, item * size) } else { Epilogue::NONE },
            }
        }
    }

    /// Packs a range of k of a panel.
    unsafe fn pack_panel(&self, b: *const f32, panel: usize, ks: Range<usize>, to: *mut f32) {
        let s = &self.spec;
        let col = panel * self.tiles.cols();
        let (k_step, col_step) = if s.b_transposed { (1, s.k) } else { (s.n, 1) };
        // SAFETY: the panel is in range, so its columns exist in B and in the copy.
        unsafe {
            Pack {
                src: b.add(col * col_step + ks.start * k_step),
                step: if s.b_transposed { s.k } else { s.n },
                transposed: s.b_transposed,
                k: ks.len(),
                count: self.tiles.cols().min(s.n - col),
                width: self.panel_width(panel),
                dst: to,
            }
            .run(self.level);
        }
    }

    /// Packs a range of k of the columns of a transposed A that some tiles read as rows.
    unsafe fn pack_tiles(
        &self,
        a: *const f32,
        tiles: Range<usize>,
        ks: &Range<usize>,
        to: *mut f32,
    ) {
        let s = &self.spec;
        let row = tiles.start * self.rows;
        // SAFETY: rows and steps of k are in range; the copy has room for them.
        unsafe {
            PackRows {
                src: a.add(ks.start * s.m + row),
                step: s.m,
                rows: ks.len(),
                columns: (tiles.end * self.rows).min(s.m) - row,
                width: self.rows,
                dst: to,
            }
            .run(self.level);
        }
    }

    /// Where a panel lies in a packed B.
    fn panel_start(&self, panel: usize) -> usize {
        panel * self.tiles.cols() * self.spec.k
    }

    /// Columns of a packed panel: a narrow last one takes one vector only.
    fn panel_width(&self, panel: usize) -> usize {
        let cols = self.spec.n - panel * self.tiles.cols();
        if cols <= self.tiles.lanes { self.tiles.lanes } else { self.tiles.cols() }
    }

    /// Adds the parts of k, always in the same order, row by row of C.
    unsafe fn run_sum(&self, task: usize, args: &MatMulArgs) {
        let s = &self.spec;
        for i in part(s.batch * s.m, self.sum_tasks, task) {
            let (item, row) = (i / s.m, i % s.m);
            // SAFETY: `i` is a row of C, of which shared memory holds the parts.
            unsafe {
                AddParts {
                    parts: args.shared.add((item * self.grid.k * s.m + row) * s.n),
                    count: self.grid.k,
                    step: s.m * s.n,
                    range: 0..s.n,
                    to: args.c.add(i * s.n),
                }
                .run(self.level);
                if !args.epilogue.is_none() {
                    let epilogue = args.epilogue.at(0, i * s.n);
                    FinishRow { row: args.c.add(i * s.n), columns: s.n, epilogue }.run(self.level);
                }
            }
        }
    }

    /// All tiles of a block of rows and panels over a range of k; `own` is the thread's memory.
    #[inline]
    unsafe fn block(
        &self,
        p: &Block,
        tiles: Range<usize>,
        panels: Range<usize>,
        ks: Range<usize>,
        own: *mut f32,
    ) {
        let k_blocks = ks.len().div_ceil(K_BLOCK).max(1);
        let own_a = own.wrapping_add(self.own_b());
        let near = if self.pack_a { NEAR_PACKED } else { NEAR_TILES };
        for kb in 0..k_blocks {
            let now = part(ks.len(), k_blocks, kb);
            let now = ks.start + now.start..ks.start + now.end;
            let mut pass = Pass {
                first: kb == 0,
                last: kb + 1 == k_blocks,
                ks: now.clone(),
                tiles: tiles.start..tiles.start,
                new: true,
                own_a,
            };
            while pass.tiles.end < tiles.end {
                pass.new = pass.tiles.end == tiles.start;
                pass.tiles = pass.tiles.end..(pass.tiles.end + near).min(tiles.end);
                // SAFETY: panels and tiles are in range; the thread's memory is as `work` says.
                unsafe {
                    if self.pack_a {
                        self.pack_tiles(p.a, pass.tiles.clone(), &now, own_a);
                    }
                    for (i, panel) in panels.clone().enumerate() {
                        let copy = own.wrapping_add(i * self.panel_copy());
                        if self.pack_b && pass.new {
                            self.pack_panel(p.b, panel, now.clone(), copy);
                        }
                        self.strip(p, &pass, panel, copy);
                    }
                }
            }
        }
    }

    /// The tiles of a pass in one panel, whose copy is here or is made here.
    #[inline(always)]
    unsafe fn strip(&self, p: &Block, pass: &Pass, panel: usize, copy: *mut f32) {
        let s = &self.spec;
        let (k0, len) = (pass.ks.start, pass.ks.len());
        let col = panel * self.tiles.cols();
        let width = self.panel_width(panel);
        for tile in pass.tiles.clone() {
            let row = tile * self.rows;
            let element = row * s.n + col;
            let copying = self.copy_b && pass.new && tile == pass.tiles.start;
            let copied = (self.pack_b || self.copy_b) && !copying;
            // SAFETY: rows, columns and k lie inside the matrices or their copies.
            unsafe {
                let (b, b_step) = match (s.b_packed, copied) {
                    (true, _) => (p.b.add(self.panel_start(panel) + k0 * width), width),
                    (_, true) => (copy.cast_const(), width),
                    _ => (p.b.add(k0 * s.n + col), s.n),
                };
                let (a, a_step, a_rows) = match (self.pack_a, s.a_transposed) {
                    (true, _) => {
                        let to = (tile - pass.tiles.start) * self.rows * len;
                        (pass.own_a.add(to), self.rows, UNIT_ROWS.as_ptr())
                    }
                    (false, true) => (p.a.add(k0 * s.m + row), s.m, self.a_rows.as_ptr()),
                    (false, false) => (p.a.add(row * s.k + k0), 1, self.a_rows.as_ptr()),
                };
                let t = Tile {
                    a,
                    a_rows,
                    a_step,
                    segments: &0,
                    n_segments: 1,
                    len,
                    b,
                    b_step,
                    c: p.c.add(element),
                    c_rows: self.c_rows.as_ptr(),
                    cols: self.tiles.cols().min(s.n - col),
                    padded: s.b_packed || copied,
                    copy: if copying { copy } else { std::ptr::null_mut() },
                    accumulate: !pass.first || s.accumulate,
                    epilogue: if pass.last { p.epilogue.at(col, element) } else { Epilogue::NONE },
                };
                self.tiles.run(self.rows.min(s.m - row), &t);
            }
        }
    }
}

/// Floats moved: factors as often as tasks read and pack them, parts of sums.
fn moved(spec: &MatMulSpec, grid: &Grid) -> usize {
    let a = if spec.a_transposed { 3 } else { 1 };
    let b = match (spec.b_packed, spec.b_transposed) {
        (true, _) => 1,
        (false, false) => 2,
        (false, true) => 6,
    };
    let parts = if grid.k == 1 { 0 } else { 2 * grid.k * spec.m * spec.n };
    grid.n * spec.m * spec.k * a + grid.m * spec.n * spec.k * b + parts
}

/// Offsets of rows that are neighbours.
const UNIT_ROWS: [usize; MAX_ROWS] = {
    let mut rows = [0; MAX_ROWS];
    let mut r = 0;
    while r < MAX_ROWS {
        rows[r] = r;
        r += 1;
    }
    rows
};

/// The memory of one item of the batch.
struct Block {
    a: *const f32,
    b: *const f32,
    c: *mut f32,
    epilogue: Epilogue,
}

/// A block of k on its way through some tiles.
struct Pass {
    first: bool,
    last: bool,
    ks: Range<usize>,
    tiles: Range<usize>,
    /// These are the first tiles of the task.
    new: bool,
    /// Their rows of A, if packed.
    own_a: *const f32,
}
