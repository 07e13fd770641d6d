//! Seeded test data.
use crate::ir::Op;
use crate::{DType, Shape, Tensor, TensorType, random};

/// A stream of random choices, the same for the same seed.
#[derive(Clone, Debug)]
pub(super) struct Draw {
    seed: u64,
    drawn: u64,
    block: [u32; 4],
}

impl Draw {
    pub(super) fn new(seed: u64) -> Draw {
        Draw { seed, drawn: 0, block: [0; 4] }
    }

    /// One that depends on what is tested, so that a new case changes no other.
    pub(super) fn named(name: &str) -> Draw {
        Draw::new(name.bytes().fold(7, |h: u64, b| h.wrapping_mul(31).wrapping_add(b.into())))
    }

    fn word(&mut self) -> u32 {
        let place = (self.drawn % 4) as usize;
        if place == 0 {
            self.block = random::block([self.seed as i64, 0], 0, self.drawn / 4);
        }
        self.drawn += 1;
        self.block[place]
    }

    /// In [0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        f64::from(self.word()) / 4_294_967_296.0
    }

    /// In 0..n; 0 where n is 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n.saturating_sub(1))
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of a few.
    pub(super) fn pick<T: Copy, const N: usize>(&mut self, of: [T; N]) -> T {
        of[self.below(N)]
    }

    /// Numbers in a range.
    pub(super) fn uniform(&mut self, ty: &TensorType, low: f64, high: f64) -> Tensor {
        self.fill(ty, |d, _| low + d.unit() * (high - low))
    }

    /// Multiples of 1/8 in [−4, 4] for floats, small integers, both truths: sums of thousands
    /// and their products are exact.
    pub(super) fn grid(&mut self, ty: &TensorType) -> Tensor {
        match ty.dtype {
            DType::Bool => self.fill(ty, |d, _| f64::from(d.chance(0.5))),
            DType::U8 => self.fill(ty, |d, _| d.below(41) as f64),
            DType::I32 | DType::I64 => self.fill(ty, |d, _| d.below(41) as f64 - 20.0),
            _ => self.fill(ty, |d, _| (d.below(65) as f64 - 32.0) / 8.0),
        }
    }

    /// ±1, and few other powers of two: long products are exact.
    pub(super) fn factors(&mut self, ty: &TensorType) -> Tensor {
        match ty.dtype {
            DType::Bool => self.fill(ty, |d, _| f64::from(d.chance(0.99))),
            DType::U8 => self.fill(ty, |d, _| (1 + 2 * d.below(3)) as f64),
            _ => self.fill(ty, |d, i| match i % 1999 {
                3 | 5 => 2.0,
                _ => f64::from(d.chance(0.5)) * 2.0 - 1.0,
            }),
        }
    }

    /// Numbers in a range with the given ones in between, all of them in turn from the beginning.
    pub(super) fn salted(&mut self, ty: &TensorType, range: (f64, f64), salt: &[f64]) -> Tensor {
        self.fill(ty, |d, i| match salt.get(i) {
            Some(&v) => v,
            None => range.0 + d.unit() * (range.1 - range.0),
        })
    }

    /// Whatever `f` gives for each place, rounded to the type.
    pub(super) fn fill(
        &mut self,
        ty: &TensorType,
        mut f: impl FnMut(&mut Draw, usize) -> f64,
    ) -> Tensor {
        let values: Vec<f64> = (0..ty.shape.elements()).map(|i| f(self, i)).collect();
        let wide = Tensor::new(ty.shape.clone(), values);
        wide.map_or_else(|_| Tensor::zeros(ty), |t| t.cast(ty.dtype))
    }
}

/// Shapes for elementwise ops: none, one, few, not a multiple of a vector, just beyond a tile of
/// 1024, and more than 64 KiB of each type but bytes.
pub(super) fn shapes() -> [Shape; 12] {
    [
        [].into(),
        [0].into(),
        [1].into(),
        [3, 0, 2].into(),
        [1, 1, 1].into(),
        [7].into(),
        [16].into(),
        [5, 3].into(),
        [33, 31].into(),
        [1025].into(),
        [3, 7, 11].into(),
        [257, 131].into(),
    ]
}

pub(super) const FLOATS: [DType; 4] = [DType::F32, DType::F64, DType::F16, DType::BF16];

/// The op's variant in words, to seed its data with.
pub(super) fn seed_of(op: &Op, ty: &TensorType) -> Draw {
    Draw::named(&format!("{} {ty}", op.name()))
}
