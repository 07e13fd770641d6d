//! What layers draw: within its range, as likely as said, for each picture anew, from the seed alone.
use super::*;
use crate::layers::LayerRef;
use crate::layers::testing::Run;
use ferras_graph::Tensor;

const PICTURES: usize = 600;

/// What a layer makes of these inputs in training.
fn trained(layer: impl Layer, inputs: &[Tensor]) -> Vec<f64> {
    let layer = &LayerRef::new(layer);
    let run = Run { layer, inputs, weights: &[], training: true, cotangent: None };
    run.go().unwrap().output.to_f64_vec()
}

/// As many pictures of these pixels, one channel.
fn pictures(rows: usize, columns: usize, pixel: impl Fn(usize, usize) -> f64) -> Tensor {
    let one: Vec<f32> =
        (0..rows * columns).map(|i| pixel(i / columns, i % columns) as f32).collect();
    Tensor::new([PICTURES, rows, columns, 1], one.repeat(PICTURES)).unwrap()
}

/// A number of each picture, from its pixels after the layer.
fn numbers(layer: impl Layer, images: &Tensor, number: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let pixels = images.shape()[1..].iter().product();
    trained(layer, std::slice::from_ref(images)).chunks(pixels).map(number).collect()
}

/// Asserts numbers uniform between two bounds: their range, mean and deviation.
fn assert_uniform(numbers: &[f64], low: f64, high: f64) {
    let extent = high - low;
    let (least, most) = numbers.iter().fold((f64::MAX, f64::MIN), |m, &v| (m.0.min(v), m.1.max(v)));
    let slack = 1e-3 * extent;
    assert!(least >= low - slack && most <= high + slack, "{least} to {most} for {low} to {high}");
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let deviation = (numbers.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    assert!((mean - (low + high) / 2.0).abs() < 0.05 * extent, "mean {mean} of {low} to {high}");
    assert!((deviation / extent - 1.0 / 12_f64.sqrt()).abs() < 0.03, "deviation {deviation}");
}

/// The share of pictures of which something holds.
fn share(numbers: &[f64], holds: impl Fn(f64) -> bool) -> f64 {
    numbers.iter().filter(|v| holds(**v)).count() as f64 / numbers.len() as f64
}

#[test]
fn light() {
    let grey = pictures(1, 1, |_, _| 100.0);
    let first = |pixels: &[f64]| pixels[0];
    let added = numbers(RandomBrightness::new((0.1, 0.3)), &grey, |p| p[0] - 100.0);
    assert_uniform(&added, 25.5, 76.5);
    assert_uniform(&numbers(RandomBrightness::new(0.2), &grey, first), 49.0, 151.0);
    let two = pictures(1, 2, |_, column| 90.0 + 20.0 * column as f64);
    let contrast = |p: &[f64]| (p[1] - p[0]) / 20.0;
    assert_uniform(&numbers(RandomContrast::new(0.4), &two, contrast), 1.0, 1.4);
    assert_uniform(&numbers(RandomContrast::new((0.5, 0.2)), &two, contrast), 0.8, 1.5);
    let dark = Solarization::new().addition_factor((0.1, 0.2)).threshold_factor((0.99, 1.0));
    // The lower end counts once, the upper one 255 times, as in Keras.
    let added = numbers(dark, &pictures(1, 1, |_, _| 9.0), |p| p[0].min(255.0 - p[0]));
    assert_uniform(&added, 9.1, 60.0);
    let bits = numbers(RandomPosterization::new((2.0, 5.0)), &pictures(1, 1, |_, _| 255.0), first);
    for (bits_kept, value) in [(2, 192.0), (3, 224.0), (4, 240.0)] {
        let found = share(&bits, |v| v == value);
        assert!((found - 1.0 / 3.0).abs() < 0.06, "{bits_kept} bits: {found}");
    }
    assert!(bits.iter().all(|v| [192.0, 224.0, 240.0].contains(v)));
    let three = numbers(RandomPosterization::new((3.0, 3.0)), &grey, first);
    assert!(three.iter().all(|v| *v == 96.0));
}

#[test]
fn places() {
    let ramp = pictures(7, 9, |_, column| column as f64);
    let middle = |p: &[f64]| p[3 * 9 + 4];
    let shift = RandomTranslation::new(0.0, (-0.1, 0.3));
    assert_uniform(&numbers(shift, &ramp, |p| 4.0 - middle(p)), -0.9, 2.7);
    let slope = |p: &[f64]| p[3 * 9 + 5] - middle(p);
    assert_uniform(&numbers(RandomZoom::new((-0.5, 0.1)), &ramp, slope), 0.5, 1.1);
    let zoom = RandomZoom::new((0.0, 0.0)).width_factor((-0.5, 0.0));
    assert_uniform(&numbers(zoom, &ramp, slope), 0.5, 1.0);
    // Down one row, a picture turned by an angle is sin of it farther on.
    let below = |p: &[f64]| (middle(p) - p[4 * 9 + 4]).asin() / std::f64::consts::TAU;
    assert_uniform(&numbers(RandomRotation::new((-0.05, 0.1)), &ramp, below), -0.05, 0.1);
    let shear = RandomShear::new().x_factor((0.1, 0.3));
    let slants = numbers(shear, &ramp, |p| p[2 * 9 + 4] - p[9 + 4]);
    assert_uniform(&slants.iter().map(|v| v.abs()).collect::<Vec<_>>(), 0.1, 0.3);
    assert!((share(&slants, |v| v > 0.0) - 0.5).abs() < 0.06);
    let flipped = numbers(RandomFlip::new().mode("horizontal"), &ramp, |p| p[0]);
    assert!((share(&flipped, |v| v == 8.0) - 0.5).abs() < 0.06);
    let both = numbers(RandomFlip::new(), &pictures(2, 2, |r, c| (2 * r + c) as f64), |p| p[0]);
    assert!((share(&both, |v| v == 3.0) - 0.5).abs() < 0.06 && both.iter().all(|v| *v % 3.0 == 0.0));
}

#[test]
fn chances() {
    let grey = pictures(3, 3, |row, column| (row * 30 + column * 7) as f64);
    // A probability uniform up to 1 comes true for half of the pictures.
    let is = |v: f64| v != 0.0;
    let changed = |p: &[f64]| p.iter().zip(0..).map(|(v, i)| (v - (i / 3 * 30 + i % 3 * 7) as f64).abs()).sum();
    for (factor, expected) in [((0.0, 1.0), 0.5), ((0.2, 0.4), 0.3), ((1.0, 1.0), 1.0)] {
        let inverted = numbers(RandomInvert::new().factor(factor), &grey, changed);
        assert!((share(&inverted, is) - expected).abs() < 0.07);
        let blurred = numbers(RandomGaussianBlur::new().factor(factor), &grey, changed);
        assert!((share(&blurred, is) - expected).abs() < 0.07);
        let hole = RandomErasing::new().factor(factor).scale((0.9, 1.0)).fill_value(255.0);
        assert!((share(&numbers(hole, &grey, changed), is) - expected).abs() < 0.07);
        let aside = RandomPerspective::new().factor(factor);
        assert!((share(&numbers(aside, &grey, changed), is) - expected).abs() < 0.07);
        let bent = RandomElasticTransform::new().factor(factor);
        assert!((share(&numbers(bent, &grey, changed), is) - expected).abs() < 0.07);
    }
}

#[test]
fn holes() {
    let dark = pictures(20, 20, |_, _| 0.0);
    let erasing = || RandomErasing::new().factor((1.0, 1.0)).scale((0.25, 0.36));
    let area = |p: &[f64]| p.iter().filter(|v| **v != 0.0).count() as f64;
    // Sides of 10 to 12 pixels, anywhere within the picture.
    let areas = numbers(erasing().fill_value(7.0), &dark, area);
    assert!(areas.iter().all(|a| (90.0..=160.0).contains(a)), "{areas:?}");
    let tops = numbers(erasing().fill_value(7.0), &dark, |p| {
        p.iter().position(|v| *v != 0.0).map_or(-1.0, |i| (i / 20) as f64)
    });
    assert!(tops.contains(&1.0) && tops.contains(&9.0) && !tops.contains(&-1.0));
    let noise = trained(erasing(), &[dark]);
    // Normal noise of deviation 255, held within 0 and 255: half 0, a third below 255.
    let inside = noise.iter().filter(|v| **v > 0.0).count() as f64;
    let full = noise.iter().filter(|v| **v == 255.0).count() as f64;
    assert!((full / inside - 0.317).abs() < 0.03, "{full} of {inside}");
}

/// Pictures and labels of which each row tells its number.
fn numbered() -> [Tensor; 2] {
    let number = |n: usize| (0..PICTURES).flat_map(|i| vec![i as f32; n]).collect::<Vec<_>>();
    let images = Tensor::new([PICTURES, 8, 8, 1], number(64)).unwrap();
    let labels: Vec<f32> = (0..PICTURES).flat_map(|i| [i as f32, 1.0]).collect();
    [images, Tensor::new([PICTURES, 2], labels).unwrap()]
}

#[test]
fn mixtures() {
    let pictures = trained(MixUp::new().alpha(0.5), &numbered());
    let firsts: Vec<f64> = pictures.chunks(64).map(|p| p[0]).collect();
    let whole = share(&firsts, |v| v.fract() == 0.0);
    assert!(whole < 0.2, "{whole} of the pictures are not mixed");
    let sum: f64 = firsts.iter().sum();
    let mean = sum / PICTURES as f64;
    assert!((mean - (PICTURES as f64 - 1.0) / 2.0).abs() < 20.0, "{mean}");
    // Rectangles of all sizes, each of another picture.
    let cut = trained(CutMix::new().factor((1.0, 1.0)), &numbered());
    let foreign: Vec<f64> = cut
        .chunks(64)
        .enumerate()
        .map(|(i, p)| {
            let others: Vec<f64> = p.iter().copied().filter(|v| *v != i as f64).collect();
            assert!(others.windows(2).all(|w| w[0] == w[1]), "picture {i} has parts of two others");
            others.len() as f64 / 64.0
        })
        .collect();
    // 1 - λ is as likely anywhere, but the pixels before the first whole place do not count.
    for part in 0..4 {
        let bounds = f64::from(part) * 0.25..f64::from(part + 1) * 0.25;
        let found = share(&foreign, |v| bounds.contains(&v));
        assert!((0.1..0.4).contains(&found), "{found} within {bounds:?}");
    }
}

#[test]
fn seeds() {
    let grey = pictures(2, 2, |_, _| 100.0);
    let run = |seed: Option<u64>| {
        let layer = RandomBrightness::new(0.3);
        trained(seeded!(layer, seed), std::slice::from_ref(&grey))
    };
    assert_eq!(run(Some(3)), run(Some(3)));
    assert_ne!(run(Some(3)), run(Some(4)));
    assert_ne!(run(Some(3)), run(None));
}

#[test]
fn many_changes_stay_within_the_range() {
    let ramp: Vec<f32> = (0..5 * 6 * 7 * 3).map(|i| (i % 256) as f32 / 255.0).collect();
    let images = Tensor::new([5, 6, 7, 3], ramp).unwrap();
    let before = images.to_f64_vec();
    let check = |after: Vec<f64>| {
        assert!(after.iter().all(|v| (0.0..=1.0).contains(v)));
        assert_ne!(after, before);
    };
    for seed in 0..4 {
        let layer = RandAugment::new().value_range((0, 1)).seed(seed);
        check(trained(layer, std::slice::from_ref(&images)));
        let layer = AugMix::new().value_range((0, 1)).num_chains(2).chain_depth(2).seed(seed);
        check(trained(layer, std::slice::from_ref(&images)));
    }
}
