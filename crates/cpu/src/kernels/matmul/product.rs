//! Matrix times matrix: blocks of tiles, factors packed where that pays.

use super::pack::Pack;
use super::{MatMulArgs, MatMulSpec, Work, part, tasks_for};
use crate::kernels::reduce::AddParts;
use crate::kernels::simd::Level;
use crate::kernels::tile::{MAX_ROWS, Tile, Tiles, even_rows};

/// Most steps of k summed in registers at a stretch; bounds the rounding error of long sums and
/// keeps a panel of B near.
const K_BLOCK: usize = 512;

#[derive(Clone, Debug)]
pub(super) struct Product {
    level: Level,
    tiles: Tiles,
    spec: MatMulSpec,
    /// Rows of a tile, tiles in m, panels in n, blocks of tiles and of panels that are tasks.
    rows: usize,
    m_tiles: usize,
    panels: usize,
    m_tasks: usize,
    n_tasks: usize,
    /// Parts of k summed apart and added in a last phase.
    k_parts: usize,
    pack_a: bool,
    pack_b: bool,
    /// B is packed by the only task, into its own scratch.
    small: bool,
    /// Tasks of small items: each does some of them whole.
    batch_tasks: usize,
    pack_tasks: usize,
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
        // A pays its packing when many panels read it; B when many tiles do.
        let pack_a = !small && panels >= 4 && m_tiles >= 2;
        let pack_b = spec.b_transposed || (!small && panels > 1 && m_tiles > 2);
        let (m_tasks, n_tasks) = cut(m_tiles, panels, wanted.div_ceil(spec.batch));
        let alone = m_tasks * n_tasks * spec.batch;
        let k_parts = if alone >= 8 || spec.accumulate {
            1
        } else {
            (wanted / alone).min(k / (2 * K_BLOCK)).clamp(1, 8)
        };
        let pack_tasks = wanted.min(16);
        let a_row = if pack_a || spec.a_transposed { 1 } else { k };
        let a_rows = std::array::from_fn(|r| r * a_row);
        let c_rows = std::array::from_fn(|r| r * n);
        Product {
            level,
            tiles,
            spec,
            rows,
            m_tiles,
            panels,
            m_tasks,
            n_tasks,
            k_parts,
            pack_a,
            pack_b,
            small,
            batch_tasks: spec.batch.min(tasks_for(flops * spec.batch)),
            pack_tasks,
            a_rows,
            c_rows,
        }
    }

    fn packed_b(&self) -> usize {
        if self.pack_b { self.panels * self.tiles.cols() * self.spec.k } else { 0 }
    }
    fn packed_a(&self) -> usize {
        if self.pack_a { self.m_tiles * self.rows * self.spec.k } else { 0 }
    }
    fn packed_items(&self, shared: bool) -> usize {
        if shared { 1 } else { self.spec.batch }
    }
    fn shared_b(&self) -> usize {
        self.packed_b() * self.packed_items(self.spec.b_shared)
    }
    fn shared_a(&self) -> usize {
        self.packed_a() * self.packed_items(self.spec.a_shared)
    }

    pub(super) fn work(&self) -> Work {
        let s = &self.spec;
        let compute = s.batch * self.k_parts * self.m_tasks * self.n_tasks;
        if self.small {
            return Work { phases: vec![self.batch_tasks], shared: 0, scratch: self.packed_b() };
        }
        let mut phases = Vec::new();
        if self.pack_a || self.pack_b {
            phases.push(self.pack_tasks);
        }
        phases.push(compute);
        let mut partial = 0;
        if self.k_parts > 1 {
            phases.push(self.pack_tasks);
            partial = self.k_parts * s.batch * s.m * s.n;
        }
        Work { phases, shared: self.shared_a() + self.shared_b() + partial, scratch: 0 }
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
            if self.small {
                return self.run_small(task, args, scratch);
            }
            let packs = usize::from(self.pack_a || self.pack_b);
            if phase < packs {
                self.run_pack(task, args);
            } else if phase == packs {
                self.run_block(task, args);
            } else {
                self.run_sum(task, args);
            }
        }
    }

    /// Whole items, one after the other.
    unsafe fn run_small(&self, task: usize, args: &MatMulArgs, scratch: &mut [f32]) {
        let s = &self.spec;
        for item in part(s.batch, self.batch_tasks, task) {
            // SAFETY: `item` is below the batch; scratch holds the packed B.
            unsafe {
                let b = args.b.add(item * s.b_stride());
                let packed = scratch.as_mut_ptr();
                if self.pack_b {
                    for panel in 0..self.panels {
                        self.pack_b_panel(b, panel, packed);
                    }
                }
                let block = Block {
                    a: args.a.add(item * s.a_stride()),
                    b: if self.pack_b { packed } else { b },
                    c: args.c.add(item * s.m * s.n),
                    bias: if s.bias { args.bias } else { std::ptr::null() },
                    relu: s.relu,
                    accumulate: s.accumulate,
                };
                self.block(&block, 0..self.m_tiles, 0..self.panels, 0..s.k);
            }
        }
    }

    /// Packs a share of all panels of B and tiles of A.
    unsafe fn run_pack(&self, task: usize, args: &MatMulArgs) {
        let s = &self.spec;
        let b_items = self.packed_items(s.b_shared);
        let a_items = self.packed_items(s.a_shared);
        if self.pack_b {
            for i in part(b_items * self.panels, self.pack_tasks, task) {
                let (item, panel) = (i / self.panels, i % self.panels);
                // SAFETY: item and panel are in range.
                unsafe {
                    let to = args.shared.add(item * self.packed_b());
                    self.pack_b_panel(args.b.add(item * s.b_stride()), panel, to);
                }
            }
        }
        if self.pack_a {
            for i in part(a_items * self.m_tiles, self.pack_tasks, task) {
                let (item, tile) = (i / self.m_tiles, i % self.m_tiles);
                let row = tile * self.rows;
                // SAFETY: item and tile are in range; A's copy lies behind B's.
                unsafe {
                    let src = args.a.add(item * s.a_stride());
                    let to = args.shared.add(self.shared_b() + item * self.packed_a());
                    Pack {
                        src: src.add(if s.a_transposed { row } else { row * s.k }),
                        step: if s.a_transposed { s.m } else { s.k },
                        transposed: !s.a_transposed,
                        k: s.k,
                        count: self.rows.min(s.m - row),
                        width: self.rows,
                        dst: to.add(row * s.k),
                    }
                    .run(self.level);
                }
            }
        }
    }

    unsafe fn pack_b_panel(&self, b: *const f32, panel: usize, to: *mut f32) {
        let s = &self.spec;
        let col = panel * self.tiles.cols();
        // SAFETY: the panel is in range, so its columns exist in B and in the copy.
        unsafe {
            Pack {
                src: b.add(if s.b_transposed { col * s.k } else { col }),
                step: if s.b_transposed { s.k } else { s.n },
                transposed: s.b_transposed,
                k: s.k,
                count: self.tiles.cols().min(s.n - col),
                width: self.panel_width(panel),
                dst: to.add(col * s.k),
            }
            .run(self.level);
        }
    }

    /// Columns of a packed panel: a narrow last one takes one vector only.
    fn panel_width(&self, panel: usize) -> usize {
        let cols = self.spec.n - panel * self.tiles.cols();
        if cols <= self.tiles.lanes { self.tiles.lanes } else { self.tiles.cols() }
    }

    unsafe fn run_block(&self, task: usize, args: &MatMulArgs) {
        let s = &self.spec;
        let (grid, n_task) = (task / self.n_tasks, task % self.n_tasks);
        let (grid, m_task) = (grid / self.m_tasks, grid % self.m_tasks);
        let (item, k_part) = (grid / self.k_parts, grid % self.k_parts);
        let whole = self.k_parts == 1;
        // SAFETY: all indices are below their counts.
        unsafe {
            let b = match (self.pack_b, s.b_shared) {
                (true, true) => args.shared.cast_const(),
                (true, false) => args.shared.add(item * self.packed_b()).cast_const(),
                (false, _) => args.b.add(item * s.b_stride()),
            };
            let shared_a = args.shared.add(self.shared_b());
            let a = match (self.pack_a, s.a_shared) {
                (true, true) => shared_a.cast_const(),
                (true, false) => shared_a.add(item * self.packed_a()).cast_const(),
                (false, _) => args.a.add(item * s.a_stride()),
            };
            let c = if whole {
                args.c.add(item * s.m * s.n)
            } else {
                shared_a.add(self.shared_a() + (item * self.k_parts + k_part) * s.m * s.n)
            };
            let block = Block {
                a,
                b,
                c,
                bias: if s.bias && whole { args.bias } else { std::ptr::null() },
                relu: s.relu && whole,
                accumulate: s.accumulate,
            };
            let tiles = part(self.m_tiles, self.m_tasks, m_task);
            let panels = part(self.panels, self.n_tasks, n_task);
            self.block(&block, tiles, panels, part(s.k, self.k_parts, k_part));
        }
    }

    /// Adds the parts of k, always in the same order, row by row of C.
    unsafe fn run_sum(&self, task: usize, args: &MatMulArgs) {
        let s = &self.spec;
        for i in part(s.batch * s.m, self.pack_tasks, task) {
            let (item, row) = (i / s.m, i % s.m);
            // SAFETY: `i` is a row of C; the parts lie behind the packed factors.
            unsafe {
                let parts = args.shared.add(self.shared_b() + self.shared_a());
                let c = args.c.add(i * s.n);
                AddParts {
                    parts: parts.add((item * self.k_parts * s.m + row) * s.n),
                    count: self.k_parts,
                    step: s.m * s.n,
                    range: 0..s.n,
                    to: c,
                }
                .run(self.level);
                for j in 0..s.n {
                    let bias = if s.bias { *args.bias.add(j) } else { 0.0 };
                    let sum = *c.add(j) + bias;
                    *c.add(j) = if s.relu && sum < 0.0 { 0.0 } else { sum };
                }
            }
        }
    }

    /// All tiles of a block of rows and panels over a range of k.
    #[inline]
    unsafe fn block(
        &self,
        p: &Block,
        tiles: std::ops::Range<usize>,
        panels: std::ops::Range<usize>,
        ks: std::ops::Range<usize>,
    ) {
        let s = &self.spec;
        let k_blocks = (ks.end - ks.start).div_ceil(K_BLOCK).max(1);
        let a_step = match (self.pack_a, s.a_transposed) {
            (true, _) => self.rows,
            (false, true) => s.m,
            (false, false) => 1,
        };
        for kb in 0..k_blocks {
            let now = part(ks.end - ks.start, k_blocks, kb);
            let k0 = ks.start + now.start;
            let (first, last) = (kb == 0, kb + 1 == k_blocks);
            for panel in panels.clone() {
                let col = panel * self.tiles.cols();
                let cols = self.tiles.cols().min(s.n - col);
                for tile in tiles.clone() {
                    let row = tile * self.rows;
                    // SAFETY: row, col and k0 lie inside the matrices or their packed copies.
                    unsafe {
                        let b_step = if self.pack_b { self.panel_width(panel) } else { s.n };
                        let t = Tile {
                            a: match (self.pack_a, s.a_transposed) {
                                (true, _) => p.a.add(row * s.k + k0 * self.rows),
                                (false, true) => p.a.add(k0 * s.m + row),
                                (false, false) => p.a.add(row * s.k + k0),
                            },
                            a_rows: self.a_rows.as_ptr(),
                            a_step,
                            segments: &0,
                            n_segments: 1,
                            len: now.end - now.start,
                            b: if self.pack_b {
                                p.b.add(col * s.k + k0 * b_step)
                            } else {
                                p.b.add(k0 * s.n + col)
                            },
                            b_step,
                            c: p.c.add(row * s.n + col),
                            c_rows: self.c_rows.as_ptr(),
                            cols,
                            accumulate: p.accumulate || !first,
                            bias: if first && !p.bias.is_null() {
                                p.bias.add(col)
                            } else {
                                std::ptr::null()
                            },
                            relu: p.relu && last,
                        };
                        self.tiles.run(self.rows.min(s.m - row), &t);
                    }
                }
            }
        }
    }
}

/// The memory of one item of the batch.
struct Block {
    a: *const f32,
    b: *const f32,
    c: *mut f32,
    bias: *const f32,
    relu: bool,
    accumulate: bool,
}

/// Cuts a grid of tiles × panels into about `wanted` blocks, squarish in memory.
fn cut(m_tiles: usize, panels: usize, wanted: usize) -> (usize, usize) {
    let (mut m_tasks, mut n_tasks) = (1, 1);
    while m_tasks * n_tasks < wanted {
        // A panel is about two tiles wide: halve the longer side.
        let m_left = m_tiles / (2 * m_tasks);
        let n_left = 2 * panels / (2 * n_tasks);
        if m_left == 0 && n_left <= 1 {
            break;
        }
        if m_left >= n_left { m_tasks *= 2 } else { n_tasks *= 2 }
    }
    (m_tasks.min(m_tiles), n_tasks.min(panels))
}
