//! What the kernel tests share: random floats, the loop over tasks, comparison with `f64`.

use super::Work;

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
