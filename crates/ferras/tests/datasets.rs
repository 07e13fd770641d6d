//! Keras' data sets from small stand-ins of their files: the same rows in the same order.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, which clippy.toml does not know
use ferras::datasets::{boston_housing, california_housing, cifar10, cifar100, npz};
use ferras::prelude::*;
use ndarray::Array1;
use serde_json::Value as Json;
use std::path::PathBuf;

fn golden() -> Json {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/datasets.json");
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
