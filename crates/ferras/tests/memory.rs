//! Predictions leave nothing behind.
#![cfg(target_os = "linux")] // where the system tells how much memory a program has
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests are tests too
use ferras::prelude::*;

/// Bytes of memory that this program has.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).expect("Linux says VmRSS");
    let kibibytes: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kibibytes * 1024
}

/// A leak of 4 bytes a prediction would be seen.
#[test]
fn memory_is_flat_over_a_million_predictions() {
    set_random_seed(1);
    let model: Model = Sequential::new()
        .add(Dense::new(4).activation("relu").input_dim(2))
        .add(Dense::new(1).activation("sigmoid"))
        .build()
        .unwrap()
        .into();
    let x = Tensor::new([1, 2], vec![0.0_f32, 1.0]).unwrap();
    let expected = model.predict(&x).unwrap();
    let predict = |count: usize| {
        for _ in 0..count {
            assert_eq!(model.predict(&x).unwrap(), expected);
        }
    };
    predict(20_000);
    let before = resident();
    predict(1_000_000);
    let grown = resident().saturating_sub(before);
    assert!(grown < 4_000_000, "a million predictions left {grown} bytes behind");
}
