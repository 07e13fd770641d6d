//! Values worked out by hand, and what random numbers must be on average.
use crate::{Backend, Builder, DType, Interpreter, Tensor, Value, Window};

fn values(make: impl Fn(&Builder) -> Value) -> Vec<f64> {
    let b = Builder::new();
    let y = make(&b);
    let graph = b.finish(&[y], &[]).unwrap();
    let mut results = Vec::new();
    Interpreter.compile(&graph).unwrap().run(&[], &mut [], &mut results).unwrap();
    results[0].to_f64_vec()
}

fn rows(b: &Builder) -> Value {
    b.constant(Tensor::new([2, 3], vec![1.0_f64, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap())
}

fn problem(make: impl Fn(&Builder) -> Value) -> String {
    let b = Builder::new();
    let y = make(&b);
    b.finish(&[y], &[]).unwrap_err().to_string()
}

#[test]
fn arrangement() {
    let labels = |b: &Builder| b.constant(Tensor::new([3], vec![2_i32, -1, 0]).unwrap());
    assert_eq!(
        values(|b| labels(b).one_hot(3, DType::F32)),
        [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]
    );
    assert_eq!(values(|b| rows(b).split(3, 1)[1].clone()), [2.0, 5.0]);
    assert_eq!(values(|b| rows(b).split_at(&[1], 1)[1].clone()), [2.0, 3.0, 5.0, 6.0]);
    assert_eq!(values(|b| b.stack(&rows(b).split(2, 0), -1).sum(&[-1], false)), [5.0, 7.0, 9.0]);
    let text = problem(|b| rows(b).split(2, 1)[0].clone());
    assert!(text.contains("axis 1 of (2, 3) has no 2 equal parts"), "{text}");
}

#[test]
fn statistics() {
    assert_eq!(values(|b| rows(b).variance(&[1], false)), [2.0 / 3.0, 2.0 / 3.0]);
    assert_eq!(values(|b| rows(b).moments(&[0], false).0), [2.5, 3.5, 4.5]);
    let wide = |b: &Builder| b.full(DType::F16, [4], 300.0).moments(&[], false).1;
    assert_eq!(values(wide), [0.0], "300² is beyond float16");
    assert_eq!(values(|b| b.full(DType::F64, [3], 0.0).l2_normalize(&[], 1e-12)), [0.0; 3]);
    let sum = |b: &Builder| b.full(DType::F64, [2], f64::NEG_INFINITY).logsumexp(&[], false);
    assert_eq!(values(sum), [f64::NEG_INFINITY]);
    let digamma = |x| values(|b| b.scalar(DType::F64, x).digamma())[0];
    for (x, expected) in [(1.0, -0.577_215_664_901_532_9), (-0.5, 0.036_489_973_978_576_52)] {
        assert!((digamma(x) - expected).abs() < 1e-12, "{}", digamma(x));
    }
}

#[test]
fn a_mean_does_not_count_padding() {
    let line = |b: &Builder| rows(b).reshape([1, 6, 1]);
    let window = Window { size: vec![4], strides: vec![3], padding: vec![(0, 1)] };
    assert_eq!(values(|b| line(b).average_pool(window.clone())), [2.5, 5.0]);
    let window = Window { size: vec![3], strides: vec![3], padding: vec![(0, 0)] };
    assert_eq!(values(|b| line(b).average_pool(window.clone())), [2.0, 5.0]);
}

#[test]
fn sums_of_products() {
    let gram = [14.0, 32.0, 32.0, 77.0];
    assert_eq!(values(|b| b.einsum("ij,kj->ik", &[rows(b), rows(b)])), gram);
    assert_eq!(values(|b| b.einsum("ij,kj", &[rows(b), rows(b)])), gram);
    assert_eq!(values(|b| b.einsum("...j,...j->...", &[rows(b), rows(b)])), [14.0, 77.0]);
    assert_eq!(values(|b| b.einsum("ij->j", &[rows(b)])), [5.0, 7.0, 9.0]);
    assert_eq!(values(|b| b.einsum("ij->ji", &[rows(b)])), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    let three =
        |b: &Builder| b.einsum("ij,kj,k->i", &[rows(b), rows(b), b.full(DType::F64, [2], 2.0)]);
    assert_eq!(values(three), [92.0, 218.0]);
    let text = problem(|b| b.einsum("ij,jk->ik", &[rows(b), rows(b)]));
    assert!(text.contains("axis \"j\" has size 3 and size 2"), "{text}");
    let text = problem(|b| b.einsum("ijk->i", &[rows(b)]));
    assert!(text.contains("\"ijk\" does not name the axes of (2, 3)"), "{text}");
    let text = problem(|b| b.einsum("ii->i", &[rows(b)]));
    assert!(text.contains("names an axis twice"), "{text}");
}

#[test]
fn random_numbers_have_their_distributions() {
    let n = 40_000;
    let key = |b: &Builder| b.constant(Tensor::new([2], vec![5_i64, 3]).unwrap());
    let moments = |x: &[f64]| {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        (mean, x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64)
    };
    let (mean, variance) = moments(&values(|b| b.random_normal(&key(b), 0, [n])));
    assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
    let cut = values(|b| b.random_truncated_normal(&key(b), 1, [n]));
    let (mean, variance) = moments(&cut);
    // 1 − 4·φ(2) / (2·Φ(2) − 1)
    assert!(mean.abs() < 0.02 && (variance - 0.7737).abs() < 0.02, "{mean} {variance}");
    assert!(cut.iter().all(|v| v.abs() <= 2.0));
    let (mean, _) = moments(&values(|b| b.random_bernoulli(&key(b), 2, [n], 0.3)));
    assert!((mean - 0.3).abs() < 0.01, "{mean}");
    let dice = values(|b| b.random_integers(&key(b), 3, [n], -1, 5));
    for side in -1..5 {
        let share = dice.iter().filter(|v| **v == f64::from(side)).count() as f64 / n as f64;
        assert!((share - 1.0 / 6.0).abs() < 0.01, "{side}: {share}");
    }
    let kept = values(|b| b.full(DType::F32, [n], 1.0).dropout(0.2, &key(b), 4, [n]));
    assert!(kept.iter().all(|v| *v == 0.0 || *v == 1.25));
    assert!((moments(&kept).0 - 1.0).abs() < 0.01);
    let none = values(|b| b.full(DType::F32, [4], 1.0).dropout(1.0, &key(b), 4, [4]));
    assert_eq!(none, [0.0; 4]);
}

#[test]
fn gamma_and_beta_distributions() {
    const N: usize = 5_000;
    let drawn = |alpha: f64, beta: Option<f64>| {
        values(|b| {
            let key = b.constant(Tensor::new([2], vec![5_i64, 1]).unwrap());
            let shape = |a| b.scalar(DType::F32, a);
            match beta {
                Some(beta) => b.random_beta(&key, 3, [N], &shape(alpha), &shape(beta)),
                None => b.random_log_gamma(&key, 3, [N], &shape(alpha)).exp(),
            }
        })
    };
    let moments = |x: &[f64]| {
        let mean = x.iter().sum::<f64>() / N as f64;
        (mean, x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / N as f64)
    };
    for alpha in [0.2, 0.7, 1.0, 2.5, 30.0] {
        let (mean, variance) = moments(&drawn(alpha, None));
        assert!((mean / alpha - 1.0).abs() < 0.1, "mean {mean} of {alpha}");
        assert!((variance / alpha - 1.0).abs() < 0.2, "variance {variance} of {alpha}");
    }
    for (a, b) in [(0.2, 0.2), (1.0, 1.0), (0.5, 3.0), (1e-6, 1e-6)] {
        let x = drawn(a, Some(b));
        assert!(x.iter().all(|v| (0.0..=1.0).contains(v)), "{a}, {b}");
        let (mean, variance) = moments(&x);
        let (expected, spread) = (a / (a + b), a * b / ((a + b).powi(2) * (a + b + 1.0)));
        assert!((mean - expected).abs() < 0.03, "mean {mean} for {expected}");
        assert!((variance - spread).abs() < 0.02, "variance {variance} for {spread}");
    }
}
