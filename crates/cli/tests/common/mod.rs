//! Running the command, and the models and data it is run on.
#![allow(dead_code)] // each file of tests uses a part
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
use ferras::datasets::{npy, npz};
use ferras::prelude::*;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder for one test, removed at its end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("ferras-cli-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Runs the command in this folder; its words are between spaces.
    pub fn run(&self, words: &str) -> Ran {
        self.run_words(&words.split_whitespace().collect::<Vec<_>>())
    }

    pub fn run_words(&self, words: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ferras"));
        Ran(command.args(words).current_dir(&self.0).output().unwrap())
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.join(name), text).unwrap();
    }

    pub fn has(&self, name: &str) -> bool {
        self.join(name).exists()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a run left.
pub struct Ran(pub Output);

impl Ran {
    pub fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    pub fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    /// The output of a run that went well.
    #[track_caller]
    pub fn ok(&self) -> String {
        assert_eq!(self.code(), 0, "{}", self.err());
        self.out()
    }

    /// The JSON object in the last line.
    #[track_caller]
    pub fn json(&self) -> Json {
        serde_json::from_str(self.out().lines().last().unwrap()).unwrap()
    }

    /// The error of a run that ended with this status: one sentence.
    #[track_caller]
    pub fn error(&self, code: i32) -> String {
        let err = self.err();
        assert_eq!(self.code(), code, "{err}");
        let lines: Vec<&str> = err.lines().filter(|l| l.starts_with("error: ")).collect();
        assert_eq!(lines.len(), 1, "{err}");
        lines[0].trim_start_matches("error: ").to_string()
    }
}

/// A file that the real Keras wrote.
pub fn keras_file(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/files")).join(name)
}

pub fn numbers(shape: &[usize], seed: usize) -> Tensor {
    let count: usize = shape.iter().product();
    let value = |i: usize| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0;
    Tensor::new(shape.to_vec(), (0..count).map(value).collect()).unwrap()
}

/// `model.keras`, compiled, 3 inputs and 2 outputs, `bare.keras`, the same without compiling, and
/// data in `x.npy` and `y.npy`.
pub fn simple(folder: &Folder) -> Model {
    set_random_seed(3);
    let mut model = Sequential::new()
        .add(Dense::new(4).activation("tanh").input_dim(3))
        .add(Dense::new(2).name("answer"))
        .build()
        .unwrap();
    model.save(folder.join("bare.keras")).unwrap();
    model.compile(Compile::new().optimizer("adam").loss("mse").metrics(["mae"])).unwrap();
    model.save(folder.join("model.keras")).unwrap();
    npy::write(folder.join("x.npy"), &numbers(&[20, 3], 1)).unwrap();
    npy::write(folder.join("y.npy"), &numbers(&[20, 2], 2)).unwrap();
    model.into()
}

/// `two.keras`: inputs `left` and `right`, outputs `age` and `sex`, and `data.npz` with `x0` … `y1`.
pub fn two(folder: &Folder) -> Model {
    set_random_seed(4);
    let (left, right) = (Input::named("left", [2]), Input::named("right", [3]));
    let both = Concatenate::new().apply([&left, &right]);
    let age = Dense::new(1).name("age").apply(&both);
    let sex = Dense::new(1).activation("sigmoid").name("sex").apply(&both);
    let model = Model::new([&left, &right], [&age, &sex]).unwrap();
    model.save(folder.join("two.keras")).unwrap();
    let arrays = [numbers(&[8, 2], 1), numbers(&[8, 3], 2), numbers(&[8, 1], 3), zeros(8)];
    let names = ["x0", "x1", "y0", "y1"];
    let named: Vec<_> = names.into_iter().zip(&arrays).collect();
    npz::write(folder.join("data.npz"), &named).unwrap();
    model
}

pub fn zeros(rows: usize) -> Tensor {
    Tensor::new([rows, 1], vec![0.0_f32; rows]).unwrap()
}
