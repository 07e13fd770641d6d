//! The hashes of TensorFlow's ops.
use super::arguments::Salt;
use siphasher::sip::SipHasher24;

/// The place of a text among `buckets`: FarmHash's fingerprint, or, salted, SipHash-2-4.
pub(super) fn bucket(text: &[u8], salt: Option<Salt>, buckets: u64) -> i64 {
    let hash = match salt {
        None => farmhash::fingerprint64(text),
        Some(Salt([a, b])) => SipHasher24::new_with_keys(a as u64, b as u64).hash(text),
    };
    (hash % buckets.max(1)) as i64
}

/// The place of a whole number: that of its digits.
pub(super) fn bucket_of_number(number: i64, salt: Option<Salt>, buckets: u64) -> i64 {
    bucket(number.to_string().as_bytes(), salt, buckets)
}

/// The place of several categories together, each its own number or its text's fingerprint.
pub(super) fn crossed(parts: impl Iterator<Item = u64>, buckets: u64) -> i64 {
    // What TensorFlow's op begins with where no other key is given.
    let key = 0x00DE_CAFC_AFFE_u64;
    (parts.fold(key, joined) % buckets.max(1)) as i64
}

/// A text's fingerprint.
pub(super) fn fingerprint(text: &str) -> u64 {
    farmhash::fingerprint64(text.as_bytes())
}

/// Two fingerprints as one, as TensorFlow's `FingerprintCat64` joins them.
fn joined(first: u64, second: u64) -> u64 {
    const FACTOR: u64 = 0xC6A4_A793_5BD1_E995;
    let mixed = |v: u64| v ^ (v >> 47);
    let own = (first ^ FACTOR) ^ mixed(second.wrapping_mul(FACTOR)).wrapping_mul(FACTOR);
    mixed(mixed(own.wrapping_mul(FACTOR)).wrapping_mul(FACTOR))
}
