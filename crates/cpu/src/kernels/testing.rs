//! What the kernel tests share: random floats, the loop over tasks, comparison with `f64`.

use super::Work;
use super::epilogue::{Clamp, Epilogue};

/// A small repeatable generator.
pub struct Floats(u64);

impl Floats {
    pub fn new(seed: u64) -> Floats {
        Floats(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n
    }
    /// Uniform in [-1, 1).
    pub fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
    pub fn vec(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.float()).collect()
    }
}

/// Random parts of an epilogue, some of them left out.
pub struct Parts {
    clamp: Clamp,
    /// Bias, scale, shift, residual, mask; one float of offset each.
    parts: [Option<Vec<f32>>; 5],
}

impl Parts {
    pub fn new(columns: usize, elements: usize, rng: &mut Floats) -> Parts {
        let mut some = |n: usize| (rng.below(2) == 1).then(|| rng.vec(n + 1));
        let (bias, scale, residual) = (some(columns), some(columns), some(elements));
        let shift = scale.as_ref().and_then(|_| some(columns));
        let clamp = [Clamp::None, Clamp::Relu, Clamp::Relu6][rng.below(3)];
        let mask = (rng.below(3) == 0).then(|| rng.vec(elements + 1));
        Parts { clamp, parts: [bias, scale, shift, residual, mask] }
    }

    /// A mask alone.
    pub fn mask(elements: usize, rng: &mut Floats) -> Parts {
        let mask = Some(rng.vec(elements + 1));
        Parts { clamp: Clamp::None, parts: [None, None, None, None, mask] }
    }

    pub fn epilogue(&self) -> Epilogue {
        let at =
            |i: usize| self.parts[i].as_ref().map_or(std::ptr::null(), |part| part[1..].as_ptr());
        let (bias, scale, shift, residual, mask) = (at(0), at(1), at(2), at(3), at(4));
        Epilogue { bias, scale, shift, residual, clamp: self.clamp, mask }
    }

    /// What it makes of a number.
    pub fn on(&self, x: f64, column: usize, element: usize) -> f64 {
        let of = |i: usize, at: usize, none: f64| {
            self.parts[i].as_ref().map_or(none, |part| f64::from(part[1 + at]))
        };
        let y = (x + of(0, column, 0.0)) * of(1, column, 1.0) + of(2, column, 0.0);
        let y = y + of(3, element, 0.0);
        let y = match self.clamp {
            Clamp::None => y,
            Clamp::Relu => y.max(0.0),
            Clamp::Relu6 => y.clamp(0.0, 6.0),
        };
        if of(4, element, 1.0) <= 0.0 { 0.0 } else { y }
    }
}

/// Runs every task of every phase, in order or in reverse; scratch memory begins as NaN.
pub fn run_all(
    work: &Work,
    backwards: bool,
    mut run: impl FnMut(usize, usize, *mut f32, &mut [f32]),
) {
    let mut shared = vec![f32::NAN; work.shared];
    for (phase, &tasks) in work.phases.iter().enumerate() {
        for task in 0..tasks {
            let task = if backwards { tasks - 1 - task } else { task };
            let mut scratch = vec![f32::NAN; work.scratch];
            run(phase, task, shared.as_mut_ptr(), &mut scratch);
        }
    }
}

pub fn close(got: &[f32], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((*g as f64 - w).abs() <= tolerance, "{what}: at {i}: got {g}, want {w}");
    }
}
