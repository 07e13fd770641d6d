//! What comes out, in which order, whatever the number of threads; and what goes wrong.
use super::*;
use crate::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The numbers of the first input.
fn first(batch: &Batch) -> Vec<f64> {
    batch.x[0].numbers().unwrap().to_f64_vec()
}

fn numbers(count: usize) -> Pipeline {
    let x: Vec<i32> = (0..count as i32).collect();
    Pipeline::from_arrays(x.clone(), x).unwrap()
}

/// The first numbers of the elements of a pass.
fn seen(data: &mut Pipeline) -> Vec<Vec<f64>> {
    data.batches().map(|b| first(&b.unwrap())).collect()
}

fn flat(data: &mut Pipeline) -> Vec<f64> {
    seen(data).concat()
}

#[test]
fn steps() {
    assert_eq!(seen(&mut numbers(5).batch(2)), [vec![0.0, 1.0], vec![2.0, 3.0], vec![4.0]]);
    assert_eq!(numbers(5).batch(2).len(), Some(3));
    assert_eq!(flat(&mut numbers(5).skip(1).take(3)), [1.0, 2.0, 3.0]);
    assert_eq!(flat(&mut numbers(2).repeat(3)), [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    assert_eq!(numbers(2).repeat(3).len(), Some(6));
    let mut pairs = numbers(3).zip(numbers(2));
    let shapes: Vec<usize> = pairs.batches().map(|b| b.unwrap().x.len()).collect();
    assert_eq!((shapes, pairs.len()), (vec![2, 2], Some(2)));
    let doubled = |mut b: Batch| {
        b.x[0] = Tensor::scalar(first(&b)[0] * 2.0).into();
        Ok(b)
    };
    for workers in [0, 1, 3] {
        let mut data = numbers(50).workers(workers).map(doubled).prefetch(4);
        let expected: Vec<f64> = (0..50).map(|i| f64::from(i) * 2.0).collect();
        assert_eq!((flat(&mut data), flat(&mut data)), (expected.clone(), expected));
    }
    let error = numbers(2).batch(0).batches().next().unwrap().unwrap_err().to_string();
    assert!(error.contains("at least 1"), "{error}");
}

#[test]
fn orders() {
    let passes = |buffer: usize, seed: u64| {
        let mut data = numbers(40).shuffle(buffer, seed);
        [flat(&mut data), flat(&mut data)]
    };
    let plain: Vec<f64> = (0..40).map(f64::from).collect();
    let [first, second] = passes(40, 1);
    for order in [&first, &second] {
        let mut sorted = order.clone();
        sorted.sort_by(f64::total_cmp);
        assert!(sorted == plain && *order != plain);
    }
    assert_ne!(first, second);
    assert_eq!(passes(40, 1), [first.clone(), second]);
    assert_ne!(passes(40, 2)[0], first);
    // An element comes at most as much too early as the buffer is large.
    let [near, _] = passes(4, 1);
    assert!(near.iter().enumerate().all(|(i, v)| *v < i as f64 + 4.0));
    assert_eq!(passes(1, 1)[0], plain);
}

#[test]
fn the_same_whatever_the_workers() {
    let run = |workers: usize| {
        let x = Tensor::new([24, 5, 5, 1], (0..600).map(|i| i as f32).collect()).unwrap();
        let mut data = Pipeline::from_arrays(x, vec![0; 24])
            .unwrap()
            .shuffle(24, 3)
            .batch(5)
            .workers(workers)
            .map_layer(RandomRotation::new(0.2), 11)
            .map_random(5, |mut b, random| {
                // Those that begin later may end earlier.
                std::thread::sleep(std::time::Duration::from_millis(random.below(4)));
                b.sample_weight = vec![Tensor::scalar(random.next_f64())];
                Ok(b)
            })
            .prefetch(1);
        let pass = |data: &mut Pipeline| -> Vec<(Vec<f64>, Vec<f64>)> {
            let batch = |b: Result<Batch>| {
                let b = b.unwrap();
                (first(&b), b.sample_weight[0].to_f64_vec())
            };
            data.batches().map(batch).collect()
        };
        [pass(&mut data), pass(&mut data)]
    };
    let alone = run(0);
    assert_ne!(alone[0], alone[1]);
    for workers in [1, 2, 7] {
        assert_eq!(run(workers), alone, "{workers} workers");
    }
}

#[test]
fn what_is_kept_is_computed_once() {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let mut data = numbers(6)
        .map(move |b| {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok(b)
        })
        .cache();
    // A pass that is not read to its end is not kept.
    assert_eq!(data.batches().take(2).count(), 2);
    assert_eq!(flat(&mut data), flat(&mut data));
    assert_eq!(count.load(Ordering::Relaxed), 2 + 6);
}

#[test]
fn errors_and_panics_end_the_pass() {
    let failing = |workers: usize, panics: bool| {
        numbers(40).workers(workers).map(move |b| match first(&b)[0] {
            7.0 if panics => panic!("no seven"),
            7.0 => Err(Error::Data("no seven".into())),
            _ => Ok(b),
        })
    };
    for workers in [0, 1, 4] {
        for panics in [false, true] {
            for ahead in [0, 3] {
                let mut data = failing(workers, panics).batch(2).prefetch(ahead);
                for _ in 0..2 {
                    let mut batches = data.batches();
                    let good = batches.by_ref().take_while(Result::is_ok).count();
                    assert_eq!(good, 3, "{workers} workers, panics {panics}");
                }
                let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
                model.compile(Compile::new().optimizer("sgd").loss("mse")).unwrap();
                let mut data = failing(workers, panics).map(column).batch(2).prefetch(ahead);
                let error = model.fit_dataset(&mut data, Fit::new().verbose(0)).unwrap_err();
                assert!(error.to_string().contains("no seven"), "{error}");
            }
        }
    }
}

/// A number as one feature.
fn column(mut b: Batch) -> Result<Batch> {
    b.x[0] = b.x[0].reshape([1])?;
    Ok(b)
}

#[test]
fn a_pipeline_that_is_dropped_stops_its_threads() {
    for _ in 0..5 {
        let mut data = numbers(100).workers(3).map(Ok).repeat(5).prefetch(2);
        assert_eq!(data.batches().take(3).count(), 3);
        assert_eq!(data.batches().count(), 500);
    }
}

#[test]
fn layers_take_single_samples_too() {
    let pictures = Tensor::new([3, 2, 2, 1], (0..12).map(|i| i as f32).collect()).unwrap();
    let data = || Pipeline::from_arrays(&pictures, vec![0, 1, 2]).unwrap();
    let crop = || CenterCrop::new(1, 2);
    let mut before = data().map_layer(crop(), 7);
    assert_eq!(before.batches().next().unwrap().unwrap().x[0].shape().to_string(), "(1, 2, 1)");
    let mut before = before.batch(3);
    let mut behind = data().batch(3).map_layer(crop(), 7);
    let both = [&mut before, &mut behind].map(|data| data.batches().next().unwrap().unwrap());
    assert_eq!(both[0].x, both[1].x);
    assert_eq!(both[0].x[0].shape().to_string(), "(3, 1, 2, 1)");
    let mut texts = Pipeline::from_arrays(["a b", "b"], ()).unwrap();
    let words = TextVectorization::new().vocabulary(["a", "b"]).output_sequence_length(2);
    texts = texts.map_layer(words, 0);
    assert_eq!(seen(&mut texts), [[2.0, 3.0], [3.0, 0.0]]);
    let mixed = data().map_layer_with_labels(MixUp::new(), 7).batches().next().unwrap();
    assert!(mixed.unwrap_err().to_string().contains("call batch before it"));
}

#[test]
fn labels_are_mixed_with_their_pictures() {
    let x: Vec<f32> = (0..16).flat_map(|i| vec![i as f32; 9]).collect();
    let x = Tensor::new([16, 3, 3, 1], x).unwrap();
    let y: Vec<Vec<f32>> = (0..16).map(|i| vec![i as f32, 1.0]).collect();
    let data = Pipeline::from_arrays(&x, y).unwrap().batch(16);
    let mut data = data.map_layer_with_labels(MixUp::new().alpha(1.0), 3);
    let batch = data.batches().next().unwrap().unwrap();
    let (x, y) = (batch.x[0].numbers().unwrap().to_f64_vec(), batch.y[0].to_f64_vec());
    for (picture, label) in x.chunks(9).zip(y.chunks(2)) {
        assert!((picture[4] - label[0]).abs() < 1e-4 && (label[1] - 1.0).abs() < 1e-6);
    }
    assert!(x.iter().any(|v| v.fract() != 0.0));
}
