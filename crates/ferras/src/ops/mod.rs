//! Operations: what layers and losses of a program are made of, by the names of `keras.ops`.
mod ctc;
#[cfg(test)]
mod tests;

pub use ctc::{CtcDecode, ctc_decode, ctc_loss};
