//! Keras' data sets from small stand-ins of their files: the same rows in the same order.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, which clippy.toml does not know
use ferras::datasets::{boston_housing, california_housing, cifar10, cifar100, imdb, npz, reuters};
use ferras::prelude::*;
use ndarray::Array1;
use serde_json::Value as Json;
use std::path::PathBuf;

fn golden() -> Json {
    facts("datasets")
}

fn facts(topic: &str) -> Json {
    let path = format!("{}/../../tests/golden/{topic}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn stand_in(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../tests/files/datasets", name].iter().collect()
}

/// A folder of this test alone, empty.
fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("ferras-sets-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Row i holds i in every column.
fn houses(name: &str, columns: usize) -> PathBuf {
    let path = folder("houses").join(name);
    let rows = 0..1003;
    let x: Vec<f64> = rows.clone().flat_map(|i| vec![f64::from(i); columns]).collect();
    let x = Tensor::new([1003, columns], x).unwrap();
    let y = Tensor::new([1003], rows.map(f64::from).collect::<Vec<_>>()).unwrap();
    npz::write(&path, &[("x", &x), ("y", &y)]).unwrap();
    path
}

fn check<T: Copy + Into<f64>>(found: &Array1<T>, expected: &Json, args: &Json) {
    let found: Vec<f64> = found.iter().map(|v| (*v).into()).collect();
    let numbers = |key: &str| -> Vec<f64> {
        expected[key].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
    };
    assert_eq!(found.len() as u64, expected["count"].as_u64().unwrap(), "{args}");
    assert!(found.starts_with(&numbers("first")) && found.ends_with(&numbers("last")), "{args}");
}

#[test]
fn houses_come_in_the_order_of_keras() {
    let file = golden();
    let path = houses("boston.npz", 13);
    for case in file["boston_housing"].as_array().unwrap() {
        let args = &case["args"];
        let mut options = boston_housing::LoadData::new().path(&path);
        if let Some(share) = args["test_split"].as_f64() {
            options = options.test_split(share);
        }
        if let Some(seed) = args["seed"].as_u64() {
            options = options.seed(seed as u32);
        }
        let ((x_train, y_train), (_, y_test)) = options.load().unwrap();
        check(&y_train, &case["train"], args);
        check(&y_test, &case["test"], args);
        assert!(x_train.column(12) == y_train);
    }
    let path = houses("california.npz", 8);
    for case in file["california_housing"].as_array().unwrap() {
        let args = &case["args"];
        let mut options = california_housing::LoadData::new().path(&path);
        if let Some(share) = args["test_split"].as_f64() {
            options = options.test_split(share);
        }
        if let Some(seed) = args["seed"].as_u64() {
            options = options.seed(seed as u32);
        }
        if let Some(version) = args["version"].as_str() {
            options = options.version(version);
        }
        let ((_, y_train), (x_test, y_test)) = options.load().unwrap();
        check(&y_train, &case["train"], args);
        check(&y_test, &case["test"], args);
        assert!(x_test.column(0) == y_test);
    }
}

#[test]
fn houses_say_what_is_wrong() {
    let path = houses("wrong.npz", 13);
    let error = |options: boston_housing::LoadData| options.load().unwrap_err().to_string();
    let load = || boston_housing::LoadData::new().path(&path);
    for share in [1.0, -0.1, f64::NAN] {
        let error = error(load().test_split(share));
        assert!(error.contains("\"test_split\" must be at least 0 and below 1"), "{error}");
    }
    let (x, y) = (Tensor::new([2, 1], vec![1.0, 2.0]).unwrap(), Tensor::new([1], vec![1.0]));
    npz::write(&path, &[("x", &x), ("y", &y.unwrap())]).unwrap();
    assert!(error(load()).ends_with("has 2 rows in x and 1 in y"));
    npz::write(&path, &[("x", &x), ("y", &x)]).unwrap();
    assert!(error(load()).ends_with("must hold y as floats (samples,), got float64 (2, 1)"));
    let version = california_housing::LoadData::new().path(&path).version("big");
    assert!(version.load().unwrap_err().to_string().starts_with("unknown version \"big\""));
}

/// Batches as Keras reads them: the first number of each picture, and its class.
fn batches(names: &[&str]) -> (Vec<u8>, Vec<u8>) {
    let file = golden();
    let numbers = |key: &str| {
        let of = |name: &&str| -> Vec<u8> {
            let list = file["cifar"][*name][key].as_array().unwrap().clone();
            list.iter().map(|v| v.as_u64().unwrap() as u8).collect()
        };
        names.iter().flat_map(of).collect()
    };
    (numbers("first_of_each"), numbers("labels"))
}

#[test]
fn pictures_and_their_classes() {
    let ((x_train, y_train), (x_test, y_test)) =
        cifar10::load_data_from(stand_in("cifar-10.tar.gz")).unwrap();
    let names: Vec<String> = (1..=5).map(|i| format!("data_batch_{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let firsts = |x: &ndarray::Array4<u8>| x.slice(ndarray::s![.., 0, 0, 0]).to_vec();
    assert_eq!((firsts(&x_train), y_train.into_raw_vec_and_offset().0), batches(&names));
    assert_eq!((firsts(&x_test), y_test.into_raw_vec_and_offset().0), batches(&["test_batch"]));
    // The second number of a picture is red of its second column; green begins at number 1024.
    assert_eq!((x_train[[3, 0, 1, 0]], x_train[[3, 1, 0, 1]]), (200, 201));
    assert_eq!(x_train[[3, 0, 0, 0]], 21);

    let path = stand_in("cifar-100.tar.gz");
    let ((x_train, y_train), (_, y_test)) = cifar100::load_data_from(&path, "fine").unwrap();
    assert_eq!((firsts(&x_train), y_train.into_raw_vec_and_offset().0), batches(&["train"]));
    assert_eq!(y_test.into_raw_vec_and_offset().0, batches(&["test"]).1);
    let error = cifar100::load_data_from(&path, "finest").unwrap_err().to_string();
    assert!(error.starts_with("unknown label_mode \"finest\" (did you mean \"fine\"?)"), "{error}");
}

#[test]
fn pictures_from_a_folder_or_arrays() {
    let packed = std::fs::File::open(stand_in("cifar-10.tar.gz")).unwrap();
    let unpacked = folder("cifar");
    tar::Archive::new(flate2::read::GzDecoder::new(packed)).unpack(&unpacked).unwrap();
    let (train, test) = cifar10::load_data_from(stand_in("cifar-10.tar.gz")).unwrap();
    let inside = unpacked.join("cifar-10-batches-py");
    for folder in [&unpacked, &inside] {
        assert_eq!(cifar10::load_data_from(folder).unwrap(), (train.clone(), test.clone()));
    }
    let path = unpacked.join("cifar10.npz");
    let [x_train, x_test] = [&train.0, &test.0].map(Tensor::from);
    let [y_train, y_test] = [&train.1, &test.1].map(Tensor::from);
    let all = [("x_train", &x_train), ("y_train", &y_train), ("x_test", &x_test)];
    npz::write(&path, &[&all[..], &[("y_test", &y_test)]].concat()).unwrap();
    assert_eq!(cifar10::load_data_from(&path).unwrap(), (train, test));
    npz::write(&path, &[("x_train", &y_train), ("y_train", &y_train)]).unwrap();
    let error = cifar10::load_data_from(&path).unwrap_err().to_string();
    assert!(error.contains("must hold x_train as uint8 (samples, 32, 32, 3)"), "{error}");
    std::fs::remove_file(inside.join("data_batch_3")).unwrap();
    let error = cifar10::load_data_from(&unpacked).unwrap_err().to_string();
    assert!(error.starts_with("cannot read") && error.contains("data_batch_3"), "{error}");
    let error = cifar10::load_data_from(stand_in("cifar-100.tar.gz")).unwrap_err().to_string();
    assert!(error.ends_with("cifar-10-batches-py/data_batch_1: is not in the archive"), "{error}");
    std::fs::remove_dir_all(unpacked).unwrap();
}

/// The settings of a case, through the builder of either set.
macro_rules! with_args {
    ($load:expr, $args:expr) => {{
        let (mut load, args) = ($load, $args);
        for (name, value) in args.as_object().unwrap() {
            let number = value.as_i64();
            load = match name.as_str() {
                "num_words" => load.num_words(number),
                "skip_top" => load.skip_top(number.unwrap()),
                "maxlen" => load.maxlen(number.unwrap() as usize),
                "seed" => load.seed(number.unwrap() as u32),
                "start_char" => load.start_char(number),
                "oov_char" => load.oov_char(number),
                "index_from" => load.index_from(number.unwrap()),
                "test_split" => load,
                other => panic!("{other}"),
            };
        }
        load
    }};
}

fn check_texts(found: &(Vec<Vec<i64>>, Array1<i64>), case: &Json, part: &str) {
    assert_eq!(serde_json::json!(found.0), case[format!("x_{part}")], "{}", case["args"]);
    assert_eq!(serde_json::json!(found.1.to_vec()), case[format!("y_{part}")], "{}", case["args"]);
}

#[test]
fn texts_come_in_the_order_of_keras() {
    for case in golden()["reuters"].as_array().unwrap() {
        let load = with_args!(reuters::LoadData::new(), &case["args"]);
        let test_split = case["args"]["test_split"].as_f64().unwrap_or(0.2);
        let load = load.test_split(test_split).path(stand_in("reuters.npz"));
        let (train, test) = load.load().unwrap();
        check_texts(&train, case, "train");
        check_texts(&test, case, "test");
    }
    for case in facts("texts")["imdb"].as_array().unwrap() {
        let load = with_args!(imdb::LoadData::new(), &case["args"]);
        let (train, test) = load.path(stand_in("imdb.npz")).load().unwrap();
        check_texts(&train, case, "train");
        check_texts(&test, case, "test");
    }
}

#[test]
fn texts_say_what_is_wrong() {
    let load = || imdb::LoadData::new().path(stand_in("imdb.npz"));
    let error = load().maxlen(1).load().unwrap_err().to_string();
    assert!(error.contains("\"maxlen\" must be larger: no text has fewer than 1 words"), "{error}");
    let error = load().index_from(i64::MAX).load().unwrap_err().to_string();
    assert!(error.contains("which is too large"), "{error}");
    let news = || reuters::LoadData::new().path(stand_in("reuters.npz"));
    let error = news().test_split(1.5).load().unwrap_err().to_string();
    assert!(error.contains("\"test_split\" must be from 0 to 1, got 1.5"), "{error}");
    let error = reuters::LoadData::new().path(stand_in("imdb.npz")).load().unwrap_err().to_string();
    assert!(error.ends_with("holds no member \"x.npy\""), "{error}");
    let path = houses("texts.npz", 2);
    let error = reuters::LoadData::new().path(&path).load().unwrap_err().to_string();
    assert!(error.contains("array \"x\" must hold a row of lists"), "{error}");
}

/// Every review of the real file, if it is beside the repository.
#[test]
fn the_real_reviews() {
    let shared = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if !shared.join("imdb.npz").is_file() {
        println!("SKIPPED: there is no {}", shared.join("imdb.npz").display());
        return;
    }
    let load = imdb::LoadData::new().path(shared.join("imdb.npz")).num_words(10_000);
    let ((x_train, y_train), (x_test, y_test)) = load.load().unwrap();
    assert_eq!(
        (x_train.len(), x_test.len(), y_train.sum(), y_test.sum()),
        (25_000, 25_000, 12_500, 12_500)
    );
    assert_eq!((x_train[0].len(), y_train[0]), (218, 1));
    assert_eq!(x_train[0][..12], [1, 14, 22, 16, 43, 530, 973, 1622, 1385, 65, 458, 4468]);
    // Words and start markers.
    assert_eq!(x_train.iter().map(Vec::len).sum::<usize>(), 5_942_841 + 25_000);
    assert_eq!(x_test.iter().map(Vec::len).sum::<usize>(), 5_745_105 + 25_000);
    assert_eq!(x_test.iter().flatten().max(), Some(&9_999));
    let words = imdb::get_word_index_from(shared.join("imdb_word_index.json")).unwrap();
    assert_eq!((words.len(), words["the"], words["film"]), (88_584, 1, 19));
}
