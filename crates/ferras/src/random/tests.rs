//! Distributions by their moments and their bounds.
use super::*;
use crate::Result;
use ferras_graph::DType;

const MANY: usize = 40_000;

/// Mean and variance of the numbers; each must be near what it is of the distribution.
fn moments(drawn: &Tensor, mean: f64, variance: f64) {
    let numbers = drawn.to_f64_vec();
    let n = numbers.len() as f64;
    let found = numbers.iter().sum::<f64>() / n;
    let spread = numbers.iter().map(|x| (x - found).powi(2)).sum::<f64>() / n;
    let deviations = (found - mean).abs() / (variance / n).sqrt().max(1e-12);
    assert!(deviations < 4.5, "mean {found}, expected {mean}");
    assert!((spread / variance - 1.0).abs() < 0.08, "variance {spread}, expected {variance}");
}

fn within(drawn: &Tensor, low: f64, high: f64) {
    assert!(drawn.to_f64_vec().iter().all(|x| (low..=high).contains(x)));
}

#[test]
fn numbers_have_the_moments_of_their_distributions() {
    moments(&normal([MANY], 2.0, 3.0, None, 1).unwrap(), 2.0, 9.0);
    moments(&uniform([MANY], -1.0, 3.0, None, 2).unwrap(), 1.0, 16.0 / 12.0);
    let cut = truncated_normal([MANY], 1.0, 2.0, None, 3).unwrap();
    within(&cut, -3.0, 5.0);
    // The variance of a normal number within two deviations.
    moments(&cut, 1.0, 4.0 * 0.773_741_303_5);
    let whole = randint([MANY], -3, 4, 4).unwrap();
    within(&whole, -3.0, 3.0);
    moments(&whole, 0.0, 4.0);
    for alpha in [0.3, 1.0, 2.5, 40.0] {
        moments(&gamma([MANY], alpha, None, 5).unwrap(), alpha, alpha);
    }
    for (a, b) in [(0.5, 0.5), (2.0, 3.0), (30.0, 4.0)] {
        let drawn = beta([MANY], a, b, None, 6).unwrap();
        within(&drawn, 0.0, 1.0);
        moments(&drawn, a / (a + b), a * b / ((a + b) * (a + b) * (a + b + 1.0)));
    }
    for (n, p) in [(1.0, 0.3), (20.0, 0.9), (1e3, 0.02), (1e9, 0.25)] {
        let drawn = binomial([MANY], n, p, Some(DType::F64), 7).unwrap();
        within(&drawn, 0.0, n);
        moments(&drawn, n * p, n * p * (1.0 - p));
    }
    assert_eq!(binomial([2], 5.0, 1.0, None, 1).unwrap().to_f64_vec(), [5.0; 2]);
    assert_eq!(binomial([2], 99.0, 0.0, None, 1).unwrap().to_f64_vec(), [0.0; 2]);
}

#[test]
fn classes_come_as_often_as_their_logits_say() {
    let logits = Tensor::new([2, 3], vec![0.0, 1.0, f64::NEG_INFINITY, 3.0, 3.0, 3.0]).unwrap();
    let drawn = categorical(&logits, MANY, 8).unwrap();
    assert_eq!((drawn.dtype(), &drawn.shape()[..]), (DType::I32, &[2, MANY][..]));
    let drawn = drawn.to_f64_vec();
    let share = |row: usize, class: f64| {
        let row = &drawn[row * MANY..(row + 1) * MANY];
        row.iter().filter(|c| **c == class).count() as f64 / MANY as f64
    };
    let e = 1.0_f64.exp();
    assert!((share(0, 1.0) - e / (1.0 + e)).abs() < 0.01 && share(0, 2.0) == 0.0);
    assert!((share(1, 2.0) - 1.0 / 3.0).abs() < 0.01);
}

#[test]
fn parameters_are_repeated_to_the_shape() {
    let counts = Tensor::new([2, 1], vec![3.0, 5.0]).unwrap();
    let sure = Tensor::new([3], vec![0.0, 1.0, 1.0]).unwrap();
    let drawn = binomial([2, 3], &counts, sure, None, 1).unwrap();
    assert_eq!(drawn.to_f64_vec(), [0.0, 3.0, 3.0, 0.0, 5.0, 5.0]);
    let error = gamma([2, 3], Tensor::new([2], vec![1.0, 2.0]).unwrap(), None, 1).unwrap_err();
    assert!(error.to_string().contains("repeated to (2, 3), got (2,)"), "{error}");
}

#[test]
fn dropout_and_shuffle_keep_what_they_must() {
    let x = Tensor::new([100, 40], vec![2.0_f32; 4000]).unwrap();
    let dropped = dropout(&x, 0.25, None, 1).unwrap();
    let numbers = dropped.to_f64_vec();
    let near = |v: &f64| (v - 2.0 / 0.75).abs() < 1e-6;
    assert!(numbers.iter().all(|v| *v == 0.0 || near(v)));
    let kept = numbers.iter().filter(|v| near(v)).count() as f64 / 4000.0;
    assert!((kept - 0.75).abs() < 0.03, "{kept}");
    let rows = dropout(&x, 0.5, Some([100, 1].into()), 2).unwrap().to_f64_vec();
    assert!(rows.chunks(40).all(|row| row.iter().all(|v| v == &row[0])));
    assert!(dropout(&x, 1.0, None, 1).unwrap().to_f64_vec().iter().all(|v| *v == 0.0));
    assert_eq!(dropout(&x, 0.0, None, 1).unwrap(), x);

    let x = Tensor::new([3, 50], (0..150).collect::<Vec<i32>>()).unwrap();
    let mixed = shuffle(&x, -1, 3).unwrap();
    assert_ne!(mixed, x);
    for (row, line) in mixed.to_f64_vec().chunks(50).enumerate() {
        let mut line = line.to_vec();
        line.sort_by(f64::total_cmp);
        assert_eq!(line, (row * 50..(row + 1) * 50).map(|n| n as f64).collect::<Vec<_>>());
    }
    let down = shuffle(&x, 0, 4).unwrap().to_f64_vec();
    assert!((0..150).all(|i| down[i] as usize % 50 == i % 50));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let text = |result: Result<Tensor>| result.unwrap_err().to_string();
    assert!(text(randint([2], 3, 3, 1)).contains("must be above minval 3, got 3"));
    assert!(
        text(normal([2], 0.0, -1.0, None, 1)).contains("must be at least 0 and finite, got -1")
    );
    assert!(text(uniform([2], 0.0, 1.0, Some(DType::I32), 1)).contains("must be a float type"));
    assert!(text(gamma([2], 0.0, None, 1)).contains("must be above 0 and finite, got 0"));
    assert!(
        text(binomial([2], 2.5, 0.5, None, 1)).contains("whole numbers from 0 to 2^53, got 2.5")
    );
    assert!(text(binomial([2], 2.0, 1.5, None, 1)).contains("must be from 0 to 1, got 1.5"));
    let x = Tensor::zeros(&TensorType::new(DType::F32, [2, 3]));
    assert!(text(shuffle(&x, 2, 1)).contains("has no axis 2"));
    assert!(
        text(categorical(&Tensor::scalar(1.0), 2, 1)).contains("expected shape (batch, classes)")
    );
    assert!(text(dropout(&x, 0.5, Some([2].into()), 1)).contains("repeated to (2, 3), got (2,)"));
}
