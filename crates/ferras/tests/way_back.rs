//! What Ferras writes opens in the real Keras: the same predictions, the same further training.
//!
//! Needs a Python with Keras: `FERRAS_PYTHON`, or `python3`. Where there is none the test says so
//! and does nothing.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
use ferras::datasets::npz;
use ferras::prelude::*;
use ferras::regularizers::L2;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROWS: usize = 12;

/// Reproducible numbers between -1 and 1.
fn numbers(shape: &[usize], seed: usize) -> Tensor {
    let count: usize = shape.iter().product();
    let value = |i: usize| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0;
    Tensor::new(shape.to_vec(), (0..count).map(value).collect()).unwrap()
}

/// A compiled model with its data and whether its training is the same every time.
struct Case {
    name: String,
    model: Model,
    x: Vec<Tensor>,
    y: Vec<Tensor>,
    is_trained: bool,
    /// Whether its weights are also written alone.
    has_weights_file: bool,
}

fn stack(name: &'static str, optimizer: Optimizer) -> Case {
    let mut model = Sequential::new()
        .add(Dense::new(5).activation("relu").kernel_regularizer(L2::new().l2(0.01)).input_dim(3))
        .add(BatchNormalization::new())
        .add(Dense::new(2).activation("softmax").name("probabilities"));
    let compile = Compile::new().optimizer(optimizer).loss("mse").metrics(["mae"]);
    model.compile(compile).unwrap();
    let (x, y) = (vec![numbers(&[ROWS, 3], 1)], vec![numbers(&[ROWS, 2], 2)]);
    Case { name: name.into(), model: model.into(), x, y, is_trained: true, has_weights_file: true }
}

/// Two inputs, two outputs, a shared layer, models inside, a frozen layer.
fn branches() -> Case {
    let inner = Sequential::new()
        .add(Input::new([6, 6, 2]))
        .add(Conv2D::new(3, 3).activation("tanh"))
        .add(BatchNormalization::new())
        .add(Flatten::new())
        .build()
        .unwrap();
    let image = Input::named("image", [6, 6, 2]);
    let numbers_in = Input::named("numbers", [4]);
    let shared = Dense::new(7).activation("elu").name("shared");
    let a = shared.apply(inner.apply(&image).unwrap());
    let b = Dense::new(48).trainable(false).apply(&numbers_in);
    let b = shared.apply(&b);
    let both = Concatenate::new().apply([&a, &b]);
    let first = Dense::new(1).name("first").apply(&both);
    let second =
        Dense::new(3).activation("softmax").name("second").apply(Add::new().apply([&a, &b]));
    let mut model = Model::new([&image, &numbers_in], [&first, &second]).unwrap();
    let compile = Compile::new()
        .optimizer(SGD::new().learning_rate(0.05).momentum(0.9).nesterov(true))
        .loss_for("first", "mae")
        .loss_for("second", "categorical_crossentropy")
        .loss_weight_for("second", 0.5);
    model.compile(compile).unwrap();
    let x = vec![numbers(&[ROWS, 6, 6, 2], 3), numbers(&[ROWS, 4], 4)];
    let one_hot = (0..ROWS * 3).map(|i| f32::from(i % 3 == (i / 3) % 3)).collect();
    let y = vec![numbers(&[ROWS, 1], 5), Tensor::new([ROWS, 3], one_hot).unwrap()];
    Case { name: "branches".into(), model, x, y, is_trained: true, has_weights_file: true }
}

/// Recurrent layers, one inside another, and states from one into the next.
fn sequences() -> Case {
    let x = Input::new([6, 3]);
    let masked = Masking::new().mask_value(0.25).apply(&x);
    let both = Bidirectional::new(LSTM::new(4).return_sequences(true)).apply(&masked);
    let each = TimeDistributed::new(Dense::new(3).activation("tanh")).apply(&both);
    let cells: Vec<LayerRef> = vec![LSTMCell::new(4).into(), GRUCell::new(2).into()];
    let top = RNN::new(StackedRNNCells::new(cells)).apply(&each);
    let states = LSTM::new(3).return_state(true).apply(&x);
    let decoder = LSTM::new(3).go_backwards(true);
    let decoded = decoder.with("initial_state", [&states.output(1), &states.output(2)]).apply(&x);
    let gru = GRU::new(2).reset_after(false).return_state(true);
    let apart = Bidirectional::new(gru).merge_mode(MergeMode::Separate).apply(&x);
    let series = Reshape::new([6, 3, 1]).apply(&x);
    let convolved = Flatten::new().apply(ConvLSTM1D::new(2, 2).apply(&series));
    let all = [&top, &decoded, &apart, &apart.output(3), &convolved];
    let y = Dense::new(2).apply(Concatenate::new().apply(all));
    let mut model = Model::new(&x, &y).unwrap();
    model.compile(Compile::new().optimizer("adam").loss("mse")).unwrap();
    let (x, y) = (vec![numbers(&[ROWS, 6, 3], 8)], vec![numbers(&[ROWS, 2], 9)]);
    Case { name: "recurrent".into(), model, x, y, is_trained: true, has_weights_file: true }
}

/// Masks and states that calls are given.
fn given() -> Case {
    let x = Input::new([6, 3]);
    let words = Input::of([6], DType::I32);
    let [h, c, g] = [4, 4, 2].map(|n| Input::new([n]));
    // The mask of an embedding's output, by way of a layer that passes it on.
    let embedded = Embedding::new(9, 3).mask_zero(true).apply(&words);
    let mask = Dense::new(1).activation("sigmoid").apply(&embedded);
    let mask = Reshape::new([6]).apply(&mask);
    let cells: Vec<LayerRef> = vec![LSTMCell::new(4).into(), GRUCell::new(2).into()];
    let stacked = RNN::new(StackedRNNCells::new(cells));
    let first = stacked.with("initial_state", [&h, &c, &g]).with("mask", &mask).apply(&x);
    let attention = Attention::new().with("mask", [&mask, &mask]).apply([&x, &embedded]);
    let both = Concatenate::new().apply([&first, &Flatten::new().apply(&attention)]);
    let mut model = Model::new([&x, &words, &h, &c, &g], Dense::new(2).apply(&both)).unwrap();
    model.compile(Compile::new().optimizer("adam").loss("mse")).unwrap();
    let words = Tensor::new([ROWS, 6], (0..ROWS as i32 * 6).map(|i| i % 5).collect()).unwrap();
    let states = [4, 4, 2].map(|n| numbers(&[ROWS, n], 20 + n));
    let x = [numbers(&[ROWS, 6, 3], 18), words].into_iter().chain(states).collect();
    let y = vec![numbers(&[ROWS, 2], 19)];
    Case { name: "given".into(), model, x, y, is_trained: true, has_weights_file: true }
}

fn main_cases() -> Vec<Case> {
    vec![
        stack("adam", "adam".into()),
        stack("adam_clipped", Adam::new().clipnorm(0.5).amsgrad(true).into()),
        branches(),
        sequences(),
        given(),
    ]
}

/// The models that Keras itself wrote, as Ferras writes them again: every class is among them.
fn golden_cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/files/golden");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|p| p.extension().is_some_and(|e| e == "npz")).collect();
    paths.sort();
    let case = |path: &PathBuf| {
        let arrays = npz::read(path).unwrap();
        let list = |key: &str| -> Vec<Tensor> {
            (0..).map_while(|i| arrays.get(&format!("{key}{i}")).ok().cloned()).collect()
        };
        Case {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            model: Model::load(path.with_extension("keras")).unwrap(),
            x: list("x"),
            y: list("y"),
            is_trained: arrays.get("after0").is_ok(),
            has_weights_file: false,
        }
    };
    paths.iter().map(case).collect()
}

fn write(case: &mut Case, folder: &Path) -> Result<()> {
    let path = |ending: &str| folder.join(format!("{}{ending}", case.name));
    let fit = || Fit::new().batch_size(4).shuffle(false).verbose(0);
    case.model.fit(case.x.clone(), case.y.clone(), fit().epochs(2))?;
    for ending in [".keras", ".h5"] {
        case.model.save(path(ending))?;
    }
    if case.has_weights_file {
        case.model.save_weights(path(".weights.h5"))?;
    }
    let ask =
        |model: &Model, x: &[Tensor]| model.predict_with(x.to_vec(), Predict::new().verbose(0));
    let before = ask(&case.model, &case.x)?;
    let mut arrays: Vec<(String, Tensor)> = Vec::new();
    let mut add = |letter: &str, list: &[Tensor]| {
        arrays.extend(list.iter().enumerate().map(|(i, t)| (format!("{letter}{i}"), t.clone())));
    };
    add("x", &case.x);
    add("y", &case.y);
    add("before", &before);
    if case.is_trained {
        case.model.fit(case.x.clone(), case.y.clone(), fit())?;
        add("after", &ask(&case.model, &case.x)?);
    }
    let arrays: Vec<(&str, &Tensor)> = arrays.iter().map(|(n, t)| (n.as_str(), t)).collect();
    npz::write(path(".npz"), &arrays)
}

/// A Python that has Keras.
fn python() -> Option<String> {
    let python = std::env::var("FERRAS_PYTHON").unwrap_or_else(|_| "python3".into());
    let mut probe = Command::new(&python);
    // Without a word Keras looks for TensorFlow.
    probe.args(["-c", "import keras, jax, h5py"]).env("KERAS_BACKEND", "jax");
    let found = probe.output().ok()?;
    found.status.success().then_some(python)
}

#[test]
fn keras_opens_what_ferras_wrote() {
    let Some(python) = python() else {
        println!("SKIPPED: no Python with keras, jax and h5py; set FERRAS_PYTHON to one");
        return;
    };
    let folder = std::env::temp_dir().join(format!("ferras-way-back-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    set_random_seed(5);
    for mut case in main_cases().into_iter().chain(golden_cases()) {
        write(&mut case, &folder).unwrap();
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tools/check_files.py");
    let output = Command::new(python).arg(script).arg(&folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    println!("{said}");
    std::fs::remove_dir_all(&folder).unwrap();
}
