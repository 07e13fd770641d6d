//! Every writer on a full disk: one sentence of an error, and the file that was there stays as it was.
//!
//! Needs a small file system of its own, which only root can mount. Where that fails the test says so
//! and does nothing.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
mod common;

use common::{Folder, simple};
use ferras::datasets::{npy, npz};
use ferras::prelude::*;
use std::path::Path;
use std::process::Command;

/// A file system of 256 KiB in a folder; taken away at the end.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    fn mounted(at: &'a Path) -> Option<Disk<'a>> {
        std::fs::create_dir_all(at).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
            .arg(at)
            .output();
        mount.is_ok_and(|ran| ran.status.success()).then_some(Disk(at))
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

/// What is in a folder, byte by byte.
fn content(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut files: Vec<_> = entries
        .filter(|entry| entry.path().is_file())
        .map(|e| (e.file_name().to_string_lossy().into_owned(), std::fs::read(e.path()).unwrap()))
        .collect();
    files.sort();
    files
}

/// The commands that write, each into a file that is there.
const COMMANDS: [&str; 15] = [
    "convert large.keras disk/a.keras",
    "convert large.keras disk/a.h5",
    "convert large.keras disk/a.weights.h5",
    "convert large.keras disk/b.h5 --weights-only",
    "convert large.keras disk/a.npz",
    "convert large.keras disk/a.safetensors",
    "convert wordy.keras disk/a.json",
    "convert wordy.keras disk/a.yaml",
    "predict model.keras --input many.npy --output disk/y.npy",
    "predict model.keras --input many.npy --output disk/y.npz",
    "fit large.keras --x x.npy --y y.npy --output disk/t.keras",
    "fit model.keras --x x.npy --y y.npy --epochs 9000 --quiet --output t.keras --history disk/h.csv",
    "fit model.keras --x x.npy --y y.npy --epochs 9000 --quiet --output t.keras --history disk/h.json",
    "plot wordy.keras --output disk/p.svg",
    "plot wordy.keras --output disk/p.png",
];

#[test]
fn a_full_disk_costs_no_file() {
    let folder = Folder::new("full-disk");
    let path = folder.join("disk");
    let Some(_disk) = Disk::mounted(&path) else {
        println!("SKIPPED: no file system of a fixed size can be mounted here");
        return;
    };
    simple(&folder);
    let large =
        Sequential::new().add(Dense::new(400).input_dim(3)).add(Dense::new(400)).add(Dense::new(2));
    let mut large = large.build().unwrap();
    large.compile(Compile::new().optimizer("sgd").loss("mse")).unwrap();
    large.save(folder.join("large.keras")).unwrap();
    let mut wordy = Sequential::new().add(Input::new([3]));
    for i in 0..400 {
        wordy = wordy.add(Dense::new(3).name(format!("a_layer_with_a_long_name_{i}")));
    }
    wordy.build().unwrap().save(folder.join("wordy.keras")).unwrap();
    npy::write(folder.join("many.npy"), &common::numbers(&[60_000, 3], 1)).unwrap();
    for words in COMMANDS {
        let name = words.split_whitespace().find_map(|word| word.strip_prefix("disk/")).unwrap();
        std::fs::write(path.join(name), b"what was there before").unwrap();
    }
    // Bytes that do not pack, and hardly any room.
    npz::write(path.join("filler"), &[("x", &common::numbers(&[190, 256], 3))]).unwrap();
    let before = content(&path);
    for words in COMMANDS {
        let error = folder.run(words).error(1);
        assert!(error.contains("disk/") && error.contains("No space left"), "{words}: {error}");
        let told = error.ends_with("; the model was written to t.keras");
        assert_eq!(told, words.contains("--history"), "{words}: {error}");
        assert!(content(&path) == before, "{words}: the files are others than before");
    }
}
