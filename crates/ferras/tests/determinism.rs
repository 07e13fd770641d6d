//! One seed gives one result: whatever the number of threads, and however many ask at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests are tests too
use ferras::prelude::*;
use ferras::set_num_threads;
use std::sync::Mutex;

/// The number of threads is the program's: one test at a time may set it.
static THREADS: Mutex<()> = Mutex::new(());

fn images(rows: usize) -> (Tensor, Tensor) {
    let mut random = ferras::random::Generator::new(3);
    let x = random.uniform(&TensorType::new(DType::F32, [rows, 12, 12, 3]), 0.0, 1.0);
    let labels: Vec<i32> = (0..rows).map(|_| random.below(5) as i32).collect();
    (x, Tensor::new([rows], labels).unwrap())
}

fn network() -> Model {
    Sequential::new()
        .add(Conv2D::new(16, 3).activation("relu").input_shape([12, 12, 3]))
        .add(BatchNormalization::new())
        .add(MaxPooling2D::new())
        .add(Dropout::new(0.3))
        .add(Flatten::new())
        .add(Dense::new(64).activation("tanh"))
        .add(Dropout::new(0.5))
        .add(Dense::new(5).activation("softmax"))
        .build()
        .unwrap()
        .into()
}

/// Weights and history of a training with dropout, shuffling and a smaller last batch.
fn train(threads: usize, seed: u64) -> (Vec<Tensor>, Vec<(String, Vec<f64>)>) {
    set_num_threads(threads);
    set_random_seed(seed);
    let mut model = network();
    let compile = Compile::new().optimizer("adam").loss("sparse_categorical_crossentropy");
    model.compile(compile.metrics(["accuracy"])).unwrap();
    let (x, y) = images(150);
    let fit = Fit::new().epochs(3).batch_size(64).validation_split(0.2).verbose(0);
    let history = model.fit(&x, &y, fit).unwrap();
    (model.get_weights().unwrap(), history.history)
}

#[test]
fn threads_do_not_change_a_bit() {
    let _alone = THREADS.lock().unwrap();
    let one = train(1, 11);
    for threads in [2, 3, 8] {
        assert!(train(threads, 11) == one, "{threads} threads give other bits than one");
    }
    assert!(train(2, 12).0 != one.0, "another seed must give another result");
}

#[test]
fn many_threads_may_predict_at_once() {
    let _alone = THREADS.lock().unwrap();
    set_num_threads(2);
    set_random_seed(1);
    let model = network();
    let (x, _) = images(40);
    let expected = model.predict(&x).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(model.predict(&x).unwrap(), expected);
                }
            });
        }
    });
}
