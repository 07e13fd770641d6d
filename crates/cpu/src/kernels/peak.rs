//! What the machine can do at most: multiply-adds a second, and bytes read a second.
use super::simd::{self, Level, Simd};
use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// Slices of time that are measured; the best one counts.
const SLICES: u32 = 8;
/// Multiply-adds of one register between two looks at the clock.
const STEPS: usize = 20_000;
/// Independent chains: enough to hide the latency of a multiply-add on two ports.
const CHAINS: usize = 12;
/// Floats that a thread reads: more than caches hold.
const FLOATS: usize = 64 << 20;

/// Float32 operations a second of so many threads that multiply and add in registers alone, at the
/// best [`Level`] of this machine: the most that any float32 kernel can reach. A multiply-add
/// counts as two operations. Takes about `time`.
///
/// ```
/// use ferras_cpu::kernels::peak;
/// let rate = peak::operations(1, std::time::Duration::from_millis(10));
/// assert!(rate > 1e7 && rate < 1e13);
/// ```
pub fn operations(threads: usize, time: Duration) -> f64 {
    let level = Level::detect();
    let amount = (2 * CHAINS * STEPS * level.lanes()) as f64;
    fastest(threads, time, |_| {
        // SAFETY: the level was detected.
        black_box(unsafe { simd::run_at(level, Chains) });
        amount
    })
}

/// Bytes a second that so many threads read from memory, each from 256 MiB of its own. Takes about
/// `time`, at least eight passes.
pub fn bandwidth(threads: usize, time: Duration) -> f64 {
    let level = Level::detect();
    let memory: Vec<Vec<f32>> = (0..threads.max(1)).map(|_| vec![1.0; FLOATS]).collect();
    fastest(threads, time, |thread| {
        let floats = &memory[thread][..];
        // SAFETY: the level was detected.
        black_box(unsafe { simd::run_at(level, Read(floats)) });
        size_of_val(floats) as f64
    })
}

/// The best rate of several slices in which all threads work at once; `work` gets the thread's
/// number and gives how much it did.
fn fastest(threads: usize, time: Duration, work: impl Fn(usize) -> f64 + Sync) -> f64 {
    let threads = threads.max(1);
    let meeting = Barrier::new(threads);
    let slices = |thread: usize| -> Vec<f64> {
        let slice = || {
            meeting.wait();
            let (start, mut amount) = (Instant::now(), 0.0);
            loop {
                amount += work(thread);
                let spent = start.elapsed();
                if spent >= time / SLICES {
                    return amount / spent.as_secs_f64();
                }
            }
        };
        (0..SLICES).map(|_| slice()).collect()
    };
    let rates: Vec<Vec<f64>> = std::thread::scope(|scope| {
        let slices = &slices;
        let started: Vec<_> = (0..threads).map(|t| scope.spawn(move || slices(t))).collect();
        started.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
    });
    let together = |i: usize| rates.iter().filter_map(|r| r.get(i)).sum();
    (0..SLICES as usize).map(together).fold(0.0, f64::max)
}

/// Independent multiply-adds in registers.
struct Chains;

impl simd::Task for Chains {
    type Output = f32;
    #[inline(always)]
    unsafe fn run<S: Simd>(self) -> f32 {
        // SAFETY: register operations only.
        unsafe {
            let mut chains = [S::splat(1.0); CHAINS];
            let (x, y) = (S::splat(black_box(0.5)), S::splat(0.25));
            for _ in 0..STEPS {
                for c in chains.iter_mut() {
                    *c = S::fma(*c, x, y);
                }
            }
            chains.iter().fold(0.0, |sum, c| sum + S::sum(*c))
        }
    }
}

/// The sum of floats, which takes no longer than to read them.
struct Read<'a>(&'a [f32]);

impl simd::Task for Read<'_> {
    type Output = f32;
    #[inline(always)]
    unsafe fn run<S: Simd>(self) -> f32 {
        // SAFETY: each block of `width` floats is inside the slice.
        unsafe {
            let width = 8 * S::LANES;
            let mut sums = [S::splat(0.0); 8];
            for block in self.0.chunks_exact(width) {
                for (i, sum) in sums.iter_mut().enumerate() {
                    *sum = S::add(*sum, S::load(block.as_ptr().add(i * S::LANES)));
                }
            }
            sums.iter().fold(0.0, |sum, s| sum + S::sum(*s))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_threads_do_more_and_registers_are_faster_than_memory() {
        let short = Duration::from_millis(8);
        let (one, read) = (operations(1, short), bandwidth(1, short));
        assert!(one > 0.0 && read > 0.0 && one.is_finite() && read.is_finite());
        // All threads' work is added up.
        assert_eq!(fastest(3, short, |_| 0.0), 0.0);
    }
}
