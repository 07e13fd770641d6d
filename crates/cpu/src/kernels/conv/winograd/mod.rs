//! Convolutions with fewer multiplications: Winograd's minimal filtering F(2 × 2, 3 × 3).
//!
//! Four neighbours of the result come from a tile d of 4 × 4 pixels and the kernel g:
//! `y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A`, 16 multiplications instead of 36 (Lavin & Gray, "Fast Algorithms
//! for Convolutional Neural Networks", 2015, eq. 7 to 9). Summed over the channels, each of the 16 points
//! is a matrix product of tiles and kernel. The kernel's gradient is the same formula read the other
//! way: `dg = Gᵀ [Σ (A dy Aᵀ) ⊙ (Bᵀ d B)] G`.
//!
//! A larger kernel is cut into blocks of two places, the last of three: `k = 5` is `2 + 3`. What a
//! block reads lies two pixels on, where the next tile begins: its points are there already, and
//! the blocks are just more channels of the product.
//!
//! All numbers of the three transforms are 0, ± 1 and ½, so that results are more exact than those of
//! the definition, whose sums are longer. An infinite pixel may become NaN in all results of its tile.

mod forward;
mod kernel_grad;
mod points;

pub(super) use forward::Winograd;
pub(super) use kernel_grad::WinogradKernelGrad;

use super::narrow::narrow_columns;
use super::{Chunks, ConvSpec};
use crate::kernels::pooled::Windows;
use crate::kernels::simd::Level;

/// Points of a tile.
const POINTS: usize = 16;
/// Floats of all points of a chunk, image and result: what stays in the second cache.
const NEAR: usize = 3 << 16;
/// Floats of the points of a kernel that stay in the second cache, and the most of them at all.
const KERNEL_NEAR: usize = 1 << 18;
const KERNEL: usize = 1 << 20;
/// Least tiles of a chunk, and where its product reads the kernel from beyond the second cache.
const TILES: usize = 16;
const TILES_FAR: usize = 64;
/// What a vector costs on its way through a transform, in multiplications: it passes the second cache
/// three times (measured: 115 cycles).
const TRANSFORM: usize = 240;
/// Floats between points, beyond their own: not all in the same sets of the caches.
const APART: usize = 16;

/// The tiles of a chunk of an image.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// The convolution, its padding filled up to whole tiles.
    pub spec: ConvSpec,
    /// Rows and columns of the result that count, which need not be even.
    pub result: [usize; 2],
    /// Chunks of whole tiles.
    pub chunks: Chunks,
    /// Blocks of the kernel along both axes.
    pub blocks: [usize; 2],
}

impl Field {
    /// Nothing where the convolution has strides, dilations, groups, several planes, or a kernel whose
    /// sides are not 3, 5 or 7.
    pub fn new(spec: ConvSpec, windows: Option<&Windows>) -> Option<Field> {
        let side = |i: usize| matches!(spec.kernel[i], 3 | 5 | 7);
        let flat = spec.kernel[0] == 1 && spec.input[0] == 1 && spec.padding[0] == (0, 0);
        let plain = spec.strides == [1; 3] && spec.dilations == [1; 3] && spec.groups == 1;
        if !flat || !plain || !side(1) || !side(2) || spec.empty() || spec.cin == 0 {
            return None;
        }
        let [_, lines, columns] = spec.output();
        let result = windows.map_or([lines, columns], Windows::covered);
        let even = result.map(|n| n.next_multiple_of(2));
        let mut padded = spec;
        for (i, even) in even.iter().enumerate() {
            let (low, high) = spec.padding[i + 1];
            let reach = even + spec.kernel[i + 1] - 1;
            padded.padding[i + 1].1 = high.max(reach.saturating_sub(spec.input[i + 1] + low));
        }
        let blocks = [spec.kernel[1] / 2, spec.kernel[2] / 2];
        let kernel = POINTS * blocks[0] * blocks[1] * spec.cin * spec.cout;
        let least = if kernel > KERNEL_NEAR { TILES_FAR } else { TILES };
        let tiles = (NEAR / (POINTS * (spec.cin + spec.cout))).max(least);
        let multiple =
            windows.map_or(2, |w| if w.size[0] % 2 == 0 { w.size[0] } else { 2 * w.size[0] });
        let chunks = Chunks::cut(padded, [1, even[0], even[1]], 4 * tiles, multiple);
        Some(Field { spec: padded, result, chunks, blocks })
    }

    /// Rows and columns of tiles of so many rows of the result.
    pub fn tiles(&self, rows: usize) -> [usize; 2] {
        [rows.div_ceil(2), self.chunks.output[2] / 2]
    }

    /// Rows and columns of tiles whose points the blocks of these tiles read.
    pub fn grid(&self, rows: usize) -> [usize; 2] {
        let [tr, tc] = self.tiles(rows);
        [tr + self.blocks[0] - 1, tc + self.blocks[1] - 1]
    }

    /// Channels of all blocks.
    pub fn k(&self) -> usize {
        self.blocks[0] * self.blocks[1] * self.spec.cin
    }

    /// Floats of an image's line of tiles at a point.
    pub fn line(&self) -> usize {
        self.grid(0)[1] * self.spec.cin
    }

    /// Floats between the points of a chunk's image, and of its result.
    pub fn image_point(&self) -> usize {
        self.grid(self.chunks.rows)[0] * self.line() + APART
    }
    pub fn result_point(&self, level: Level) -> usize {
        let [tr, tc] = self.tiles(self.chunks.rows);
        tr * tc * self.columns(level) + APART
    }

    /// Columns of the result in whole vectors.
    pub fn columns(&self, level: Level) -> usize {
        self.spec.cout.next_multiple_of(level.lanes())
    }

    /// Rows of a chunk that count.
    pub fn rows(&self, chunk: usize) -> std::ops::Range<usize> {
        let rows = self.chunks.range(chunk);
        rows.start.min(self.result[0])..rows.end.min(self.result[0])
    }

    /// The image's part of a thread's memory for one chunk.
    fn image_floats(&self) -> usize {
        self.chunks.scratch() + POINTS * self.image_point()
    }

    /// Multiplications of vectors for an image, transforms counted as well, and as many by the definition.
    pub fn costs(&self, level: Level) -> [usize; 2] {
        let s = &self.spec;
        let vectors = |n: usize| n.div_ceil(level.lanes());
        let [tr, tc] = self.tiles(self.result[0]);
        let product = POINTS * (self.k() + 3) * vectors(s.cout);
        let transforms = TRANSFORM * (vectors(s.cin) + vectors(s.cout));
        // A few last columns are cheap there.
        let narrow = narrow_columns(level, s, s.kernel[2] * s.cin);
        let columns = 4 * vectors(s.cout - narrow) + narrow;
        let pixels = self.result[0] * self.result[1];
        [tr * tc * (product + transforms), pixels * s.taps() * s.cin * columns / 4]
    }

    /// Whether this way is clearly the shorter one, over tiles enough for the kernel's transform.
    pub fn pays(&self, level: Level) -> bool {
        let [mine, direct] = self.costs(level);
        let [tr, tc] = self.tiles(self.chunks.rows);
        let enough = tr * tc >= 12 && self.spec.batch * tr * tc * self.chunks.count >= 128;
        enough && self.kernel() <= KERNEL && 21 * mine < 20 * direct
    }

    /// Floats of the points of the kernel.
    fn kernel(&self) -> usize {
        POINTS * self.k() * self.spec.cout
    }

    /// Whether they stay in the second cache.
    pub fn kernel_is_near(&self) -> bool {
        self.kernel() <= KERNEL_NEAR
    }
}
