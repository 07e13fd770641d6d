//! No file may harm its reader: whatever it holds, reading it ends in a value or an error, within
//! a second, and takes less than 64 MiB for a file below 1 MiB.
//!
//! `FERRAS_MUTATIONS=100000 cargo test --release --test hostile_files` tries as many damaged copies of
//! each seed; without the variable a few hundred.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests
#[path = "common/measured.rs"]
mod measured;

use ferras::probe;
use measured::{ALONE, measured, mutations, next};
use std::path::Path;

type Probe = fn(&[u8]) -> Result<(), String>;

fn read(probe: Probe, bytes: &[u8], what: &dyn Fn() -> String) -> Result<(), String> {
    measured(bytes.len(), what, || probe(bytes))
}

/// Names and bytes of all files of a folder of `tests`.
fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests").join(folder);
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn probe_of(name: &str) -> Probe {
    match name.rsplit('.').next() {
        Some("keras") => probe::zip,
        Some("h5") => probe::hdf5,
        Some("npz") => probe::npz,
        Some("json") => probe::json,
        _ => probe::safetensors,
    }
}

/// Files to be damaged: ours of every kind, small, and those of Keras.
fn seeds() -> Vec<(String, Vec<u8>)> {
    let mut seeds = files("files");
    seeds.extend(files("hostile"));
    let json = br#"{"a": [1, NaN, -Infinity, {"b": "\u00fc"}], "c": null, "d": [[[[[1.5e3]]]]]}"#;
    seeds.push(("a.json".into(), json.to_vec()));
    let header = br#"{"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}        "#;
    let tensors = [&64_u64.to_le_bytes(), &header[..], &[0; 8]].concat();
    seeds.push(("a.safetensors".into(), tensors));
    let path = std::env::temp_dir().join(format!("ferras-hostile-{}.npz", std::process::id()));
    let x = ferras::Tensor::new([40], vec![1.0_f64; 40]).unwrap();
    ferras::datasets::npz::write_compressed(&path, &[("x", &x), ("y", &x)]).unwrap();
    seeds.push(("a.npz".into(), std::fs::read(&path).unwrap()));
    std::fs::remove_file(path).unwrap();
    seeds
}

/// Changes a few bytes: to others, to numbers at the edge, to what stands elsewhere; or cuts off.
fn damage(bytes: &mut Vec<u8>, state: &mut u64) {
    for _ in 0..1 + next(state) % 6 {
        if bytes.is_empty() {
            return;
        }
        let (at, from) = (next(state) % bytes.len(), next(state) % bytes.len());
        let width = [1, 2, 4, 8][next(state) % 4].min(bytes.len() - at).min(bytes.len() - from);
        match next(state) % 7 {
            0 => bytes[at] ^= 1 << (next(state) % 8),
            1 => bytes[at] = next(state) as u8,
            2 => bytes[at..at + width].fill(0xff),
            3 => bytes[at..at + width].fill(0),
            4 => bytes.copy_within(from..from + width, at),
            5 => {
                let edge = [1_u64 << 31, 1 << 32, 1 << 62, 65_536, 1][next(state) % 5];
                bytes[at..at + width].copy_from_slice(&edge.to_le_bytes()[..width]);
            }
            _ => bytes.truncate(bytes.len() - next(state) % bytes.len().min(64)),
        }
    }
}

#[test]
fn honest_files_are_read() {
    let _alone = ALONE.lock();
    for (name, bytes) in files("files") {
        read(probe_of(&name), &bytes, &|| name.clone()).unwrap();
    }
}

#[test]
fn hostile_files() {
    let _alone = ALONE.lock();
    for (name, bytes) in files("hostile") {
        let _ = read(probe_of(&name), &bytes, &|| name.clone());
    }
    let deep = [b"[".repeat(50_000), b"]".repeat(50_000)].concat();
    assert!(read(probe::json, &deep, &|| "deep".into()).unwrap_err().contains("levels deep"));
    for pattern in ["[],", "{},", "0,", "\"\",", "{\"\":0},", "[0],", "NaN,"] {
        let wide = format!("[{}1]", pattern.repeat((1 << 20) / pattern.len()));
        let _ = read(probe::json, wide.as_bytes(), &|| format!("wide {pattern}"));
    }
}

#[test]
fn damaged_files() {
    let _alone = ALONE.lock();
    for (name, seed) in seeds() {
        for round in 0..mutations() {
            let mut bytes = seed.clone();
            let mut state = round;
            damage(&mut bytes, &mut state);
            let _ = read(probe_of(&name), &bytes, &|| format!("{name}, round {round}"));
        }
    }
}
