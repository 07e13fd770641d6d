//! The transforms between pixels and points.
use super::POINTS;
use crate::kernels::epilogue::Epilogue;
use crate::kernels::simd::{self, Simd};

/// `Bᵀ d` of four numbers.
#[inline(always)]
unsafe fn image<S: Simd>(d: [S::V; 4]) -> [S::V; 4] {
    // SAFETY: register operations only.
    unsafe { [S::sub(d[0], d[2]), S::add(d[1], d[2]), S::sub(d[2], d[1]), S::sub(d[1], d[3])] }
}

/// `G g` of three numbers.
#[inline(always)]
unsafe fn kernel<S: Simd>(g: [S::V; 3]) -> [S::V; 4] {
    // SAFETY: register operations only.
    unsafe {
        let half = S::splat(0.5);
        let ends = S::add(g[0], g[2]);
        [g[0], S::mul(half, S::add(ends, g[1])), S::mul(half, S::sub(ends, g[1])), g[2]]
    }
}

/// `Gᵀ m` of four numbers.
#[inline(always)]
unsafe fn kernel_back<S: Simd>(m: [S::V; 4]) -> [S::V; 3] {
    // SAFETY: register operations only.
    unsafe {
        let half = S::splat(0.5);
        let both = S::mul(half, S::add(m[1], m[2]));
        [S::add(m[0], both), S::mul(half, S::sub(m[1], m[2])), S::add(both, m[3])]
    }
}

/// `Aᵀ m` of four numbers.
#[inline(always)]
unsafe fn result<S: Simd>(m: [S::V; 4]) -> [S::V; 2] {
    // SAFETY: register operations only.
    unsafe { [S::add(S::add(m[0], m[1]), m[2]), S::sub(S::sub(m[1], m[2]), m[3])] }
}

/// `A y` of two numbers.
#[inline(always)]
unsafe fn result_back<S: Simd>(y: [S::V; 2]) -> [S::V; 4] {
    // SAFETY: register operations only.
    unsafe { [y[0], S::add(y[0], y[1]), S::sub(y[0], y[1]), S::neg(y[1])] }
}

/// A function of a column, for all columns of a block.
macro_rules! columns {
    ($f:ident, $x:ident, $rows:literal) => {{
        let turned: [_; 4] = std::array::from_fn(|j| $f::<S>(std::array::from_fn(|i| $x[i][j])));
        let out: [[S::V; 4]; $rows] =
            std::array::from_fn(|i| std::array::from_fn(|j| turned[j][i]));
        out
    }};
}

/// The points of tiles of an image.
pub(super) struct ImagePoints {
    /// The tile in the upper left corner; floats of a line of the (padded) image.
    pub x: *const f32,
    pub line: usize,
    pub channels: usize,
    /// Rows and columns of tiles.
    pub grid: [usize; 2],
    /// Point p of tile t is at `to + p · point + t · channels`.
    pub to: *mut f32,
    pub point: usize,
}

impl ImagePoints {
    /// A line of tiles in some channels. Neighbours share two columns of pixels, whose part of the
    /// transform is done once.
    #[inline(always)]
    unsafe fn line<S: Simd, const WHOLE: bool>(&self, r: usize, channel: usize) {
        let [_, columns] = self.grid;
        let left = (self.channels - channel).min(S::LANES);
        // SAFETY: tiles lie inside the image, masks keep to the channels.
        unsafe {
            let mask = S::first(left);
            let mut x = self.x.add(2 * r * self.line + channel);
            let mut to = self.to.add(r * columns * self.channels + channel);
            let mut d = [[S::splat(0.0); 4]; 4];
            let column = |x: *const f32| {
                let mut v = [S::splat(0.0); 4];
                for (i, v) in v.iter_mut().enumerate() {
                    let p = x.add(i * self.line);
                    *v = if WHOLE { S::load(p) } else { S::load_masked(p, mask) };
                }
                image::<S>(v)
            };
            d[2] = column(x);
            d[3] = column(x.add(self.channels));
            for _ in 0..columns {
                x = x.add(2 * self.channels);
                d = [d[2], d[3], column(x), column(x.add(self.channels))];
                for i in [0, 1, 2, 3] {
                    let row = image::<S>([d[0][i], d[1][i], d[2][i], d[3][i]]);
                    for (j, v) in row.into_iter().enumerate() {
                        let to = to.add((4 * i + j) * self.point);
                        if WHOLE { S::store(to, v) } else { S::store_first(to, v, left) }
                    }
                }
                to = to.add(self.channels);
            }
        }
    }
}

impl simd::Task for ImagePoints {
    type Output = ();
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        for r in 0..self.grid[0] {
            for channel in (0..self.channels).step_by(S::LANES) {
                // SAFETY: the caller's promise.
                unsafe {
                    match channel + S::LANES <= self.channels {
                        true => self.line::<S, true>(r, channel),
                        false => self.line::<S, false>(r, channel),
                    }
                }
            }
        }
    }
}

/// The points of some columns of a kernel.
pub(super) struct KernelPoints {
    /// Place t and channel i are row `t · channels + i`, `step` floats apart.
    pub w: *const f32,
    pub step: usize,
    pub channels: usize,
    /// Places of a line, and blocks along both axes.
    pub width: usize,
    pub blocks: [usize; 2],
    /// Columns, and those of the copy: whole vectors.
    pub columns: usize,
    pub padded: usize,
    /// Point p of row k (block, channel) is at `to + (p · rows + k) · padded`.
    pub to: *mut f32,
}

impl simd::Task for KernelPoints {
    type Output = ();
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let [down, across] = self.blocks;
        let rows = down * across * self.channels;
        for row in 0..rows {
            let (block, channel) = (row / self.channels, row % self.channels);
            let (r, c) = (block / across, block % across);
            let places = [places(r, down), places(c, across)];
            for column in (0..self.padded).step_by(S::LANES) {
                // SAFETY: masks keep to the columns; the copy has whole vectors.
                unsafe {
                    let mask = S::first(self.columns.saturating_sub(column));
                    let mut g = [[S::splat(0.0); 4]; 3];
                    for (i, row) in g.iter_mut().enumerate().take(places[0]) {
                        let mut line = [S::splat(0.0); 3];
                        for (j, v) in line.iter_mut().enumerate().take(places[1]) {
                            let place = (2 * r + i) * self.width + 2 * c + j;
                            let at = (place * self.channels + channel) * self.step + column;
                            *v = S::load_masked(self.w.wrapping_add(at), mask);
                        }
                        *row = kernel::<S>(line);
                    }
                    let u: [[S::V; 4]; 4] = columns!(kernel, g, 4);
                    for p in 0..POINTS {
                        let at = (p * rows + row) * self.padded + column;
                        S::store(self.to.add(at), u[p / 4][p % 4]);
                    }
                }
            }
        }
    }
}

/// Places of a kernel's block along an axis: three of the last one, two of the others.
fn places(block: usize, blocks: usize) -> usize {
    if block + 1 == blocks { 3 } else { 2 }
}

/// The gradient of a kernel from its points.
pub(super) struct KernelOfPoints {
    /// Point p of row k (block, channel) is at `from + p · point + k · step`.
    pub from: *const f32,
    pub point: usize,
    pub step: usize,
    pub channels: usize,
    /// Places of a line, and blocks along both axes.
    pub width: usize,
    pub blocks: [usize; 2],
    pub columns: usize,
    /// Place t and channel i are row `t · channels + i`, its columns adjacent.
    pub to: *mut f32,
}

impl simd::Task for KernelOfPoints {
    type Output = ();
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let [down, across] = self.blocks;
        for row in 0..down * across * self.channels {
            let (block, channel) = (row / self.channels, row % self.channels);
            let (r, c) = (block / across, block % across);
            let places = [places(r, down), places(c, across)];
            for column in (0..self.columns).step_by(S::LANES) {
                let left = (self.columns - column).min(S::LANES);
                // SAFETY: masks keep to the columns.
                unsafe {
                    let mask = S::first(left);
                    let from = self.from.add(row * self.step + column);
                    let m: [[S::V; 4]; 4] = std::array::from_fn(|i| {
                        std::array::from_fn(|j| {
                            S::load_masked(from.add((4 * i + j) * self.point), mask)
                        })
                    });
                    let m: [[S::V; 4]; 3] = columns!(kernel_back, m, 3);
                    for (i, &line) in m.iter().enumerate().take(places[0]) {
                        let g = kernel_back::<S>(line);
                        for (j, &v) in g.iter().enumerate().take(places[1]) {
                            let place = (2 * r + i) * self.width + 2 * c + j;
                            let at = (place * self.channels + channel) * self.columns + column;
                            S::store_first(self.to.add(at), v, left);
                        }
                    }
                }
            }
        }
    }
}

/// Where the result of a chunk lies, or its gradient.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Rows and columns that count, channels of a pixel.
    pub size: [usize; 2],
    pub channels: usize,
    /// Rows and columns of tiles.
    pub tiles: [usize; 2],
    /// Floats between points, and between the tiles of a point.
    pub point: usize,
    pub step: usize,
}

impl Place {
    /// The first element of row i and column j of a tile, if it counts.
    #[inline(always)]
    fn element(&self, tile: usize, i: usize, j: usize) -> Option<usize> {
        let row = 2 * (tile / self.tiles[1]) + i;
        let column = 2 * (tile % self.tiles[1]) + j;
        let counts = row < self.size[0] && column < self.size[1];
        counts.then_some((row * self.size[1] + column) * self.channels)
    }
}

/// The result of tiles from their points.
pub(super) struct ResultOfPoints {
    pub from: *const f32,
    pub place: Place,
    pub y: *mut f32,
    /// At the first element.
    pub epilogue: Epilogue,
}

impl simd::Task for ResultOfPoints {
    type Output = ();
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let place = &self.place;
        for tile in 0..place.tiles[0] * place.tiles[1] {
            for column in (0..place.channels).step_by(S::LANES) {
                let left = (place.channels - column).min(S::LANES);
                // SAFETY: masks keep to the channels; results that do not count are left out.
                unsafe {
                    let mask = S::first(left);
                    let from = self.from.add(tile * place.step + column);
                    let mut m = [[S::splat(0.0); 2]; 4];
                    for (i, row) in m.iter_mut().enumerate() {
                        *row = result::<S>(std::array::from_fn(|j| {
                            S::load(from.add((4 * i + j) * place.point))
                        }));
                    }
                    for j in [0, 1] {
                        let y = result::<S>(std::array::from_fn(|i| m[i][j]));
                        for (i, &v) in y.iter().enumerate() {
                            if let Some(at) = place.element(tile, i, j) {
                                let v = self.epilogue.apply::<S>(v, column, at + column, mask);
                                S::store_first(self.y.add(at + column), v, left);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The points of the gradient of tiles of the result.
pub(super) struct GradientPoints {
    pub dy: *const f32,
    pub place: Place,
    pub to: *mut f32,
}

impl simd::Task for GradientPoints {
    type Output = ();
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let place = &self.place;
        for tile in 0..place.tiles[0] * place.tiles[1] {
            for column in (0..place.channels).step_by(S::LANES) {
                // SAFETY: masks keep to the channels; gradients that do not count are zero.
                unsafe {
                    let mask = S::first(place.channels - column);
                    let to = self.to.add(tile * place.step + column);
                    let mut y = [[S::splat(0.0); 4]; 2];
                    for (i, row) in y.iter_mut().enumerate() {
                        *row = result_back::<S>(std::array::from_fn(|j| {
                            match place.element(tile, i, j) {
                                Some(at) => S::load_masked(self.dy.add(at + column), mask),
                                None => S::splat(0.0),
                            }
                        }));
                    }
                    let y: [[S::V; 4]; 4] = columns!(result_back, y, 4);
                    for p in 0..POINTS {
                        S::store(to.add(p * place.point), y[p / 4][p % 4]);
                    }
                }
            }
        }
    }
}
