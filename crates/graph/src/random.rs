//! Random numbers as a pure function of key, stream and position, so that no order of evaluation
//! and no number of threads changes them.
//!
//! Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

/// Four random words for a counter and a key: Philox4x32 with ten rounds.
///
/// ```
/// // The first known-answer test of the paper's library.
/// let words = ferras_graph::random::philox([0; 4], [0; 2]);
/// assert_eq!(words, [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
/// ```
pub fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let p0 = u64::from(counter[0]) * 0xD251_1F53;
        let p1 = u64::from(counter[2]) * 0xCD9E_8D57;
        counter = [
            (p1 >> 32) as u32 ^ counter[1] ^ key[0],
            p1 as u32,
            (p0 >> 32) as u32 ^ counter[3] ^ key[1],
            p0 as u32,
        ];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    counter
}

/// The four words that numbers `4·block ..= 4·block + 3` of [`Op::Random`](crate::Op::Random) are
/// made from. `key` is (seed, counter): the seed is Philox' key; block, stream and counter make
/// up its counter.
pub fn block(key: [i64; 2], stream: u32, block: u64) -> [u32; 4] {
    let (seed, step) = (key[0] as u64, key[1] as u64);
    let upper = (block >> 32) as u32 ^ ((step >> 32) as u32).rotate_left(16);
    philox([block as u32, upper, stream, step as u32], [seed as u32, (seed >> 32) as u32])
}

/// The float32 in [0, 1) that the upper 24 bits of a word stand for.
pub fn unit_f32(word: u32) -> f32 {
    (word >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// The number at a flat index of [`Op::Random`](crate::Op::Random).
///
/// ```
/// use ferras_graph::random::uniform;
/// let x = uniform([42, 0], 7, 0);
/// assert!((0.0..1.0).contains(&x));
/// assert_eq!(x, uniform([42, 0], 7, 0));
/// assert_ne!(x, uniform([42, 1], 7, 0));
/// ```
pub fn uniform(key: [i64; 2], stream: u32, index: u64) -> f32 {
    unit_f32(block(key, stream, index / 4)[(index % 4) as usize])
}
