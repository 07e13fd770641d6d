//! The one inner loop of all products: a tile of the result kept in registers.
//!
//! Matrix products, convolutions and both their gradients are the same sum,
//! `C[row, col] += Σ_k A[row, k] · B[k, col]`, and differ only in where row, k and segment of k lie
//! in memory. The tile takes those places as tables of offsets, so that no image is unfolded and
//! small matrices need no packing. `A` is read one value at a time (broadcast), `B` by vectors.

use super::epilogue::{Clamp, Epilogue, masked};
use super::simd::{Level, Simd, portable::Portable};

/// Most rows of a tile at any level.
pub const MAX_ROWS: usize = 14;
/// Vectors side by side in a tile, and in a wide one.
pub const VECS: usize = 2;
const WIDE: usize = 3;

/// The places and sizes of one tile. Offsets and steps count `f32`.
#[derive(Clone, Copy, Debug)]
pub struct Tile {
    /// `A` of row r, segment s, step k is at `a + a_rows[r] + segments[s] + k · a_step`.
    pub a: *const f32,
    /// Offset of each row in `A`.
    pub a_rows: *const usize,
    /// Distance of consecutive k in `A`.
    pub a_step: usize,
    /// Offset of each segment in `A`.
    pub segments: *const usize,
    /// Number of segments.
    pub n_segments: usize,
    /// Values of k in a segment.
    pub len: usize,
    /// `B` of running step k (through all segments) is at `b + k · b_step`, its columns adjacent.
    pub b: *const f32,
    /// Distance of consecutive k in `B`.
    pub b_step: usize,
    /// `C` of row r is at `c + c_rows[r]`, its columns adjacent.
    pub c: *mut f32,
    /// Offset of each row in `C`.
    pub c_rows: *const usize,
    /// Columns, 1 ..= vectors × lanes. No other column of `C` is read or written.
    pub cols: usize,
    /// Rows of `B` may be read up to the end of their last vector, whatever they hold there.
    pub padded: bool,
    /// Where the rows of `B` are copied to, whole vectors of them one after the other, zeros
    /// behind the last column: tiles of the same columns then read them there. Null for nowhere.
    pub copy: *mut f32,
    /// Add what `C` holds.
    pub accumulate: bool,
    /// Done last; its residual and mask have their rows where `C` has them.
    pub epilogue: Epilogue,
}

/// A compiled tile.
pub type TileFn = unsafe fn(&Tile);
type Table = [[[TileFn; MAX_ROWS]; WIDE]; 3];

/// How a tile reads `B`: whole vectors, the last one masked, or that and a copy is made.
const WHOLE: usize = 0;
const MASKED: usize = 1;
const COPIED: usize = 2;
/// Rows of `B` that a copy looks ahead.
const AHEAD: usize = 16;

/// The tiles of one level.
#[derive(Clone, Copy, Debug)]
pub struct Tiles {
    /// Floats in a vector.
    pub lanes: usize,
    /// Most rows that stay in registers.
    pub rows: usize,
    /// The same of tiles of more than [`Tiles::cols`] columns.
    wide_rows: usize,
    /// By the way of reading `B`, vectors, rows.
    table: &'static Table,
}

impl Tiles {
    /// The tiles of `level`.
    pub fn of(level: Level) -> Tiles {
        match level {
            Level::Portable => {
                Tiles { lanes: Portable::LANES, rows: 6, wide_rows: 4, table: &PORTABLE }
            }
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => Tiles { lanes: 8, rows: 6, wide_rows: 4, table: &x86::AVX2 },
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => Tiles { lanes: 16, rows: 14, wide_rows: 9, table: &x86::AVX512 },
        }
    }

    /// Columns of a tile.
    pub fn cols(&self) -> usize {
        VECS * self.lanes
    }

    /// Most columns of a tile, if it has fewer rows. A vector that is left over goes faster so than
    /// alone, where each of its rows is one load for one multiplication.
    pub fn wide_cols(&self) -> usize {
        WIDE * self.lanes
    }

    /// Most rows of a tile of so many columns.
    pub fn rows_of(&self, cols: usize) -> usize {
        if cols > self.cols() { self.wide_rows } else { self.rows }
    }

    /// Computes one tile of `rows` rows.
    ///
    /// # Safety
    /// `1 ≤ t.cols ≤ self.wide_cols()`, `1 ≤ rows ≤ self.rows_of(t.cols)`; every place the tile's description
    /// reaches is valid (reads of `A`, `B`, bias, tables; writes of `C`), and nobody else writes
    /// them meanwhile. The level is available.
    #[inline(always)]
    pub unsafe fn run(&self, rows: usize, t: &Tile) {
        let vecs = usize::from(t.cols > self.lanes) + usize::from(t.cols > self.cols());
        let way = match (t.copy.is_null(), t.padded || t.cols == (vecs + 1) * self.lanes) {
            (false, _) => COPIED,
            (true, true) => WHOLE,
            (true, false) => MASKED,
        };
        // SAFETY: the indices are in range by the contract above.
        unsafe {
            let tile = self.table.get_unchecked(way).get_unchecked(vecs);
            tile.get_unchecked(rows - 1)(t)
        }
    }
}

/// Tile height that cuts `n` rows evenly, at most `most`.
pub fn even_rows(n: usize, most: usize) -> usize {
    n.div_ceil(n.div_ceil(most).max(1)).max(1)
}

#[inline(always)]
unsafe fn tile<S: Simd, const WAY: usize, const V: usize, const R: usize>(t: &Tile) {
    // SAFETY: all places were promised by the caller of `Tiles::run`; loops over R and V have
    // constant bounds, so the accumulators live in registers.
    unsafe {
        let tail = t.cols - (V - 1) * S::LANES;
        let mask = S::first(tail);
        let mut acc = [[S::splat(0.0); V]; R];
        let mut a = [t.a; R];
        for (r, p) in a.iter_mut().enumerate() {
            *p = t.a.add(*t.a_rows.add(r));
        }
        let mut b = t.b;
        let mut copy = t.copy;
        for s in 0..t.n_segments {
            let mut at = *t.segments.add(s);
            for _ in 0..t.len {
                let mut bv = [S::splat(0.0); V];
                for (v, x) in bv.iter_mut().enumerate() {
                    // A masked load takes a place that a multiplication could have.
                    *x = load::<S>(b.add(v * S::LANES), WAY != WHOLE && v + 1 == V, mask);
                    if WAY == COPIED {
                        // Rows far apart, which the processor does not foresee.
                        S::prefetch(b.wrapping_add(AHEAD * t.b_step + v * S::LANES));
                        S::store(copy.add(v * S::LANES), *x);
                    }
                }
                if WAY == COPIED {
                    copy = copy.add(V * S::LANES);
                }
                for r in 0..R {
                    let x = S::splat(*a[r].add(at));
                    for v in 0..V {
                        acc[r][v] = S::fma(x, bv[v], acc[r][v]);
                    }
                }
                at += t.a_step;
                b = b.add(t.b_step);
            }
        }
        finish::<S, R, V>(t, tail, mask, &mut acc);
    }
}

#[inline(always)]
unsafe fn load<S: Simd>(p: *const f32, last: bool, mask: S::M) -> S::V {
    // SAFETY: the lanes of the mask (all lanes, but for the last vector) are valid.
    unsafe { if last { S::load_masked(p, mask) } else { S::load(p) } }
}

/// Adds the old content, does the epilogue, stores the tile.
#[inline(always)]
unsafe fn finish<S: Simd, const R: usize, const V: usize>(
    t: &Tile,
    tail: usize,
    mask: S::M,
    acc: &mut [[S::V; V]; R],
) {
    // SAFETY: as in `tile`.
    unsafe {
        if t.accumulate {
            add_rows::<S, R, V>(t.c, t.c_rows, mask, acc);
        }
        let e = &t.epilogue;
        if !e.bias.is_null() {
            for v in 0..V {
                let bias = load::<S>(e.bias.add(v * S::LANES), v + 1 == V, mask);
                for row in acc.iter_mut() {
                    row[v] = S::add(row[v], bias);
                }
            }
        }
        if !e.scale.is_null() {
            for v in 0..V {
                let scale = load::<S>(e.scale.add(v * S::LANES), v + 1 == V, mask);
                let shift = match e.shift.is_null() {
                    true => S::splat(-0.0),
                    false => load::<S>(e.shift.add(v * S::LANES), v + 1 == V, mask),
                };
                for row in acc.iter_mut() {
                    row[v] = S::fma(row[v], scale, shift);
                }
            }
        }
        if !e.residual.is_null() {
            add_rows::<S, R, V>(e.residual, t.c_rows, mask, acc);
        }
        if e.clamp != Clamp::None {
            for row in acc.iter_mut() {
                for x in row.iter_mut() {
                    *x = e.clamp.apply::<S>(*x);
                }
            }
        }
        if !e.mask.is_null() {
            for (r, row) in acc.iter_mut().enumerate() {
                let from = e.mask.add(*t.c_rows.add(r));
                for (v, x) in row.iter_mut().enumerate() {
                    *x = masked::<S>(*x, load::<S>(from.add(v * S::LANES), v + 1 == V, mask));
                }
            }
        }
        for (r, row) in acc.iter().enumerate() {
            let c = t.c.add(*t.c_rows.add(r));
            for (v, x) in row.iter().enumerate() {
                if v + 1 == V {
                    S::store_first(c.add(v * S::LANES), *x, tail);
                } else {
                    S::store(c.add(v * S::LANES), *x);
                }
            }
        }
    }
}

/// Adds rows of memory to those of a tile.
#[inline(always)]
unsafe fn add_rows<S: Simd, const R: usize, const V: usize>(
    from: *const f32,
    rows: *const usize,
    mask: S::M,
    acc: &mut [[S::V; V]; R],
) {
    for (r, row) in acc.iter_mut().enumerate() {
        // SAFETY: as in `tile`.
        unsafe {
            let from = from.add(*rows.add(r));
            for (v, x) in row.iter_mut().enumerate() {
                *x = S::add(*x, load::<S>(from.add(v * S::LANES), v + 1 == V, mask));
            }
        }
    }
}

/// Function pointers for the three ways, V = 1 and 2 with the first list of R, V = 3 with the second
/// (fourteen of each; where there are fewer the last is repeated, which is never asked for).
macro_rules! table {
    ($f:ident: $($r:literal)*; $($w:literal)*) => {
        [
            [[$($f::<0, 1, $r>),*], [$($f::<0, 2, $r>),*], [$($f::<0, 3, $w>),*]],
            [[$($f::<1, 1, $r>),*], [$($f::<1, 2, $r>),*], [$($f::<1, 3, $w>),*]],
            [[$($f::<2, 1, $r>),*], [$($f::<2, 2, $r>),*], [$($f::<2, 3, $w>),*]],
        ]
    };
}

unsafe fn plain<const WAY: usize, const V: usize, const R: usize>(t: &Tile) {
    // SAFETY: the caller keeps the contract of `Tiles::run`.
    unsafe { tile::<Portable, WAY, V, R>(t) }
}
static PORTABLE: Table = table!(plain: 1 2 3 4 5 6 6 6 6 6 6 6 6 6; 1 2 3 4 4 4 4 4 4 4 4 4 4 4);

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Table, Tile, tile};
    use crate::kernels::simd::{avx2::Avx2, avx512::Avx512};

    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2<const WAY: usize, const V: usize, const R: usize>(t: &Tile) {
        // SAFETY: the caller keeps the contract of `Tiles::run`.
        unsafe { tile::<Avx2, WAY, V, R>(t) }
    }
    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
    unsafe fn avx512<const WAY: usize, const V: usize, const R: usize>(t: &Tile) {
        // SAFETY: the caller keeps the contract of `Tiles::run`.
        unsafe { tile::<Avx512, WAY, V, R>(t) }
    }
    pub(super) static AVX2: Table =
        table!(avx2: 1 2 3 4 5 6 6 6 6 6 6 6 6 6; 1 2 3 4 4 4 4 4 4 4 4 4 4 4);
    pub(super) static AVX512: Table =
        table!(avx512: 1 2 3 4 5 6 7 8 9 10 11 12 13 14; 1 2 3 4 5 6 7 8 9 9 9 9 9 9);
}
