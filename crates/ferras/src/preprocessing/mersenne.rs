//! The Mersenne Twister, seeded and used as NumPy's `RandomState` and Python's `random` do: so that a
//! `random_state` gives the very split that it gives in scikit-learn, and a tutorial's numbers come out
//! again.
//!
//! Source: Matsumoto & Nishimura 1998, "Mersenne Twister", MT19937.

const WORDS: usize = 624;
const SHIFT: usize = 397;

/// The generator's state.
pub(crate) struct Mersenne {
    words: [u32; WORDS],
    next: usize,
}

impl Mersenne {
    /// Seeded with one word, as `RandomState(seed)`.
    pub(crate) fn new(seed: u32) -> Mersenne {
        let mut word = seed;
        let words = std::array::from_fn(|i| {
            if i > 0 {
                word = (word ^ (word >> 30)).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
            }
            word
        });
        Mersenne { words, next: WORDS }
    }

    /// Seeded as Python's `random.seed(seed)` does, with a list of words.
    pub(crate) fn of_python(seed: u64) -> Mersenne {
        let key: Vec<u32> = match seed >> 32 {
            0 => vec![seed as u32],
            high => vec![seed as u32, high as u32],
        };
        let mut words = Mersenne::new(19_650_218).words;
        let mut place = 1;
        let mut mix = |factor: u32, change: &dyn Fn(u32, usize) -> u32| {
            let before = words[place - 1];
            let mixed = words[place] ^ (before ^ (before >> 30)).wrapping_mul(factor);
            words[place] = change(mixed, place);
            place += 1;
            if place == WORDS {
                words[0] = words[WORDS - 1];
                place = 1;
            }
        };
        for (number, word) in (0..key.len()).zip(&key).cycle().take(WORDS) {
            mix(1_664_525, &|mixed, _| mixed.wrapping_add(*word).wrapping_add(number as u32));
        }
        for _ in 1..WORDS {
            mix(1_566_083_941, &|mixed, place| mixed.wrapping_sub(place as u32));
        }
        words[0] = 0x8000_0000;
        Mersenne { words, next: WORDS }
    }

    /// The order of so many things after Python's `random.shuffle`.
    pub(crate) fn shuffle_of_python(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for i in (1..count).rev() {
            // As many bits as the number of places has, until they are one of them.
            let bits = usize::BITS - (i + 1).leading_zeros();
            let place = loop {
                let drawn = (self.u32() >> 32_u32.saturating_sub(bits)) as usize;
                if drawn <= i {
                    break drawn;
                }
            };
            order.swap(i, place);
        }
        order
    }

    /// The whole state moved one round on.
    fn twist(&mut self) {
        for i in 0..WORDS {
            let joined =
                (self.words[i] & 0x8000_0000) | (self.words[(i + 1) % WORDS] & 0x7fff_ffff);
            let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.words[i] = self.words[(i + SHIFT) % WORDS] ^ (joined >> 1) ^ odd;
        }
        self.next = 0;
    }

    fn u32(&mut self) -> u32 {
        if self.next == WORDS {
            self.twist();
        }
        let mut y = self.words[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// A number from 0 to `max`, each as likely: draws until one fits under the mask of `max`.
    fn up_to(&mut self, max: u64) -> u64 {
        let mask = u64::MAX >> max.leading_zeros().min(63);
        loop {
            let low = u64::from(self.u32());
            let drawn =
                if max > u64::from(u32::MAX) { low << 32 | u64::from(self.u32()) } else { low };
            if max == 0 || drawn & mask <= max {
                return if max == 0 { 0 } else { drawn & mask };
            }
        }
    }

    /// A whole number below `n`, each as likely; 0 without a draw if that is the only one.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        if n < 2 { 0 } else { self.up_to(n - 1) }
    }

    /// A number uniform in [0, 1), of 53 random bits.
    pub(crate) fn unit(&mut self) -> f64 {
        let (high, low) = (self.u32() >> 5, self.u32() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    /// A number uniform in [low, high).
    pub(crate) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// The numbers from 0 to `count - 1` in random order.
    pub(crate) fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for i in (1..count).rev() {
            order.swap(i, self.up_to(i as u64) as usize);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paper's reference program seeded with 5489 gives these first and 10,000th words.
    #[test]
    fn equals_the_reference() {
        let mut m = Mersenne::new(5489);
        assert_eq!((m.u32(), m.u32()), (3_499_211_612, 581_869_302));
        assert_eq!((2..10_000).map(|_| m.u32()).last(), Some(4_123_659_995));
    }

    /// `RandomState(7)`: `random()`, `uniform(-2, 2)`, `randint(0, 10)`.
    #[test]
    fn draws_as_numpy() {
        let mut m = Mersenne::new(7);
        assert_eq!(m.unit(), 0.076_308_289_373_957_17);
        assert_eq!(m.uniform(-2.0, 2.0), 1.119_675_168_960_458_5);
        assert_eq!(m.below(10), 3);
    }

    /// `random.seed(s)`, then `random.shuffle` of the numbers up to 10.
    #[test]
    fn shuffles_as_python() {
        let order = |seed| Mersenne::of_python(seed).shuffle_of_python(10);
        assert_eq!(order(0), [7, 8, 1, 5, 3, 4, 2, 0, 9, 6]);
        assert_eq!(order(5_000_000_000), [9, 8, 5, 4, 3, 2, 6, 7, 0, 1]);
    }

    /// `numpy.random.RandomState(0).permutation(10)`, and of 42.
    #[test]
    fn permutes_as_numpy() {
        assert_eq!(Mersenne::new(0).permutation(10), [2, 8, 4, 9, 1, 6, 7, 3, 0, 5]);
        assert_eq!(Mersenne::new(42).permutation(10), [8, 1, 5, 0, 7, 2, 9, 4, 3, 6]);
        assert_eq!(Mersenne::new(0).permutation(0), [0_usize; 0]);
    }
}
