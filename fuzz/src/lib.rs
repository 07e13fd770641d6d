//! What a target does with the bytes it is given.

#[path = "../../crates/ferras/tests/common/measured.rs"]
pub mod measured;

/// Reads the bytes; a panic, or too much memory or time, is a finding.
pub fn read(probe: fn(&[u8]) -> Result<(), String>, bytes: &[u8]) {
    let _ = measured::measured(bytes.len(), &|| "this input".into(), || probe(bytes));
}
