//! Random numbers on the host, and the functions of `keras.random`. All follow from one seed.
//!
//! The functions give tensors, in Keras' order of arguments; each says Keras' default, and `None` as
//! type is [`floatx`](crate::config::floatx). The last argument is where the numbers come from
//! ([`Seed`]): `()` the program's stream, a number the same numbers each time, a [`Generator`] the next
//! ones of a stream: that is Keras' `SeedGenerator`. The numbers are not Keras' own, their
//! distributions are.
//!
//! ```
//! use ferras::random::{self, Generator};
//! let noise = random::normal([2, 3], 0.0, 0.1, None, ())?;
//! assert_eq!(noise.shape().to_string(), "(2, 3)");
//! assert_eq!(random::randint([4], 0, 10, 7)?, random::randint([4], 0, 10, 7)?);
//! let mut seeds = Generator::new(7);
//! let first = random::randint([4], 0, 1000, &mut seeds)?;
//! assert_ne!(first, random::randint([4], 0, 1000, &mut seeds)?);
//! # Ok::<(), ferras::Error>(())
//! ```
//!
//! Inside of a layer or of a training step numbers are drawn by the graph, anew in each step:
//! [`Call::random_uniform`](crate::layers::Call::random_uniform) and
//! [`Call::random_normal`](crate::layers::Call::random_normal), or with
//! [`Call::random_key`](crate::layers::Call::random_key) the builder's `random_integers`,
//! `random_bernoulli`, `random_truncated_normal`, `random_log_gamma` and `random_beta`.
mod distributions;
mod seed;
#[cfg(test)]
mod tests;

pub use distributions::{
    beta, binomial, categorical, dropout, gamma, normal, randint, shuffle, truncated_normal,
    uniform,
};
pub use seed::{Parameter, Seed};

use ferras_graph::{Shape, Tensor, TensorType, random};
use std::sync::{Mutex, PoisonError};

/// A stream of random numbers: a pure function of its seed and of how many were drawn.
///
/// ```
/// use ferras::random::Generator;
/// let (mut a, mut b) = (Generator::new(1), Generator::new(1));
/// assert_eq!(a.next_f64(), b.next_f64());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Generator {
    seed: u64,
    drawn: u64,
}

impl Generator {
    /// The stream of a seed, from its beginning.
    pub fn new(seed: u64) -> Generator {
        Generator { seed, drawn: 0 }
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let words = random::block([self.seed as i64, -1], u32::MAX, self.drawn);
        self.drawn += 1;
        u64::from(words[0]) << 32 | u64::from(words[1])
    }

    /// Uniform in [0, 1), with 53 random bits.
    pub fn next_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in 0..n, without bias; 0 if n is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        // Lemire 2019, "Fast random integer generation in an interval".
        loop {
            let product = u128::from(self.next_u64()) * u128::from(n);
            if product as u64 >= n.wrapping_neg().checked_rem(n).unwrap_or(0) {
                return (product >> 64) as u64;
            }
        }
    }

    /// Normal with mean 0 and deviation 1 (Box–Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.next_f64()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.next_f64()).cos()
    }

    /// The items in random order (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
    }

    /// A tensor of numbers uniform in [low, high).
    pub fn uniform(&mut self, ty: &TensorType, low: f64, high: f64) -> Tensor {
        self.fill(ty, |g| low + (high - low) * g.next_f64())
    }

    /// A tensor of numbers drawn one after the other.
    pub fn fill(&mut self, ty: &TensorType, mut draw: impl FnMut(&mut Generator) -> f64) -> Tensor {
        let data: Vec<f64> = (0..ty.shape.elements()).map(|_| draw(self)).collect();
        let shape: Shape = ty.shape.clone();
        Tensor::new(shape, data).map_or_else(|_| Tensor::zeros(ty), |t| t.cast(ty.dtype))
    }
}

static PROGRAM: Mutex<Option<Generator>> = Mutex::new(None);

/// Makes everything random from here on a function of `seed`: initial weights, shuffling, dropout.
/// Without it each run differs.
///
/// ```
/// ferras::set_random_seed(42);
/// let a = ferras::random::next_seed();
/// ferras::set_random_seed(42);
/// assert_eq!(a, ferras::random::next_seed());
/// ```
pub fn set_random_seed(seed: u64) {
    *PROGRAM.lock().unwrap_or_else(PoisonError::into_inner) = Some(Generator::new(seed));
}

/// A seed for one model, drawn from the program's stream.
pub fn next_seed() -> u64 {
    let mut program = PROGRAM.lock().unwrap_or_else(PoisonError::into_inner);
    program.get_or_insert_with(|| Generator::new(entropy())).next_u64()
}

/// A seed that no two runs share.
fn entropy() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}
