//! SqueezeNet 1.1 with the weights that were trained on ImageNet, as Keras 2 saved them.
//!
//! Reads `../shared/data/pretrained`, beside the repository. Where it is not there the test says so
//! and does nothing.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
use ferras::prelude::*;
use std::path::Path;

/// What Keras 3.15.1 sees in the picture below: some of the 512 features, the largest first, and
/// their sum.
const FEATURES: [(usize, f64); 6] =
    [(10, 144.57286), (60, 114.08151), (378, 112.09156), (0, 0.0), (100, 9.236029), (511, 0.0)];
const SUM: f64 = 926.30526;

/// A block: few channels, then many with kernels of two sizes.
fn fire(x: &SymbolicTensor, number: usize, few: usize, many: usize) -> SymbolicTensor {
    let conv = |filters: usize, size: usize, part: &str| {
        let layer = Conv2D::new(filters, size).padding("same").activation("relu");
        layer.name(format!("fire{number}_{part}"))
    };
    let x = conv(few, 1, "squeeze1x1").apply(x);
    let small = conv(many, 1, "expand1x1").apply(&x);
    let large = conv(many, 3, "expand3x3").apply(&x);
    Concatenate::new().apply([&small, &large])
}

/// Its layers below the classifier (Iandola et al. 2016).
fn squeezenet() -> Model {
    let pool = |x: &SymbolicTensor| MaxPooling2D::new().pool_size(3).strides(2).apply(x);
    let image = Input::new([48, 48, 3]);
    let x = Conv2D::new(64, 3).strides(2).activation("relu").name("conv1").apply(&image);
    let x = fire(&fire(&pool(&x), 2, 16, 64), 3, 16, 64);
    let x = fire(&fire(&pool(&x), 4, 32, 128), 5, 32, 128);
    let x = fire(&fire(&pool(&x), 6, 48, 192), 7, 48, 192);
    let x = fire(&fire(&x, 8, 64, 256), 9, 64, 256);
    Model::new(&image, GlobalAveragePooling2D::new().apply(&x)).unwrap()
}

#[test]
fn squeezenet_sees_what_keras_sees() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/pretrained")
        .join("squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5");
    if !path.is_file() {
        println!("SKIPPED: there is no {}", path.display());
        return;
    }
    let (mut by_order, mut by_name) = (squeezenet(), squeezenet());
    by_order.load_weights(&path).unwrap();
    // Keras 2 named the layers by scopes, "fire2/squeeze1x1".
    by_name.load_weights_with(&path, LoadWeights::new().by_name(true)).unwrap();
    assert_eq!(by_order.get_weights().unwrap(), by_name.get_weights().unwrap());

    let pixel = |i: usize| ((i * 7919) % 256) as f32 - 120.0;
    let image = Tensor::new([1, 48, 48, 3], (0..48 * 48 * 3).map(pixel).collect()).unwrap();
    let found = by_order.predict(image).unwrap().to_f64_vec();
    for (at, expected) in FEATURES {
        let apart = (found[at] - expected).abs() / FEATURES[0].1;
        assert!(apart < 1e-5, "{at}: {} {expected}", found[at]);
    }
    let sum: f64 = found.iter().sum();
    assert!((sum - SUM).abs() < 1e-5 * SUM, "{sum}");
}
