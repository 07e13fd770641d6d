//! `predict`, `evaluate` and the data they read.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
mod common;

use common::{Folder, keras_file, numbers, simple, two};
use ferras::datasets::{npy, npz};
use ferras::prelude::*;

#[test]
fn predictions_in_every_form() {
    let folder = Folder::new("predict");
    let model = simple(&folder);
    let expected = model.predict(npy::read(folder.join("x.npy")).unwrap()).unwrap();
    let text = folder.run("predict model.keras --input x.npy --output y.npy").ok();
    assert_eq!(text, "wrote y.npy: answer (20, 2)\n");
    assert_eq!(npy::read(folder.join("y.npy")).unwrap(), expected);
    folder.run("predict model.keras --input x.npy --output y.npz --batch-size 7 -q").ok();
    assert_eq!(npz::read(folder.join("y.npz")).unwrap().get("y0").unwrap(), &expected);
    let table = folder.run("predict model.keras --input x.npy").ok();
    assert_eq!(table.lines().next(), Some("answer_0,answer_1"));
    folder.run("predict model.keras --input x.npy --output y.csv").ok();
    assert_eq!(std::fs::read_to_string(folder.join("y.csv")).unwrap(), table);
    let numbers: Vec<f32> =
        table.lines().skip(1).flat_map(|l| l.split(',')).map(|n| n.parse().unwrap()).collect();
    assert_eq!(Some(&numbers[..]), expected.as_slice::<f32>());
    let json = folder.run("predict model.keras --input x.npy --json").json();
    assert_eq!(json["outputs"][0]["shape"], serde_json::json!([20, 2]));
    assert_eq!(json["outputs"][0]["values"][19].as_array().unwrap().len(), 2);
    let json = folder.run("predict model.keras --input x.npy -o z.npy --json").json();
    assert_eq!((&json["output"], &json["outputs"][0]["values"]), (&"z.npy".into(), &().into()));
}

#[test]
fn tables_with_and_without_names() {
    let folder = Folder::new("tables");
    simple(&folder);
    folder.write("named.csv", "\u{feff}a,b,\"c, d\"\r\n1,2,3\r\n0.5,-1e-3,2\r\n");
    folder.write("plain.csv", "1,2,3\n0.5,-1e-3,2\n");
    folder.write("tabs.tsv", "1\t2\t3\n0.5\t-1e-3\t2\n");
    let outputs = ["named.csv", "plain.csv", "tabs.tsv"]
        .map(|name| folder.run(&format!("predict model.keras --input {name}")).ok());
    assert!(outputs.iter().all(|o| *o == outputs[0] && o.lines().count() == 3), "{outputs:?}");
    folder.write("word.csv", "a,b,c\n1,2,3\n4,five,6\n");
    let error = folder.run("predict model.keras --input word.csv").error(1);
    assert_eq!(error, "word.csv: line 3, column \"b\": \"five\" is not a number");
    folder.write("word.csv", "1,2,3\n4,,6\n");
    let error = folder.run("predict model.keras --input word.csv").error(1);
    assert_eq!(error, "word.csv: line 2, column 2: \"\" is not a number");
    folder.write("short.csv", "1,2,3\n4,5\n");
    let error = folder.run("predict model.keras --input short.csv").error(1);
    assert_eq!(error, "short.csv: line 2: expected 3 columns as before, got 2");
    folder.write("names.csv", "a,b,c\n");
    let error = folder.run("predict model.keras --input names.csv").error(1);
    assert_eq!(error, "names.csv: has no row of numbers");
    folder.write("semicolons.csv", "a;b;c\n1;2;3\n");
    let error = folder.run("predict model.keras --input semicolons.csv").error(1);
    assert!(
        error.ends_with(
            "\"1;2;3\" is not a number; columns are separated by commas, in a .tsv by tabs"
        ),
        "{error}"
    );
    folder.write("commas.tsv", "1,2,3\n");
    let error = folder.run("predict model.keras --input commas.tsv").error(1);
    assert!(error.ends_with("columns are separated by commas, in a .tsv by tabs"), "{error}");
    npz::write(folder.join("none.npz"), &[]).unwrap();
    let error = folder.run("predict model.keras --input none.npz").error(1);
    assert!(error.starts_with("none.npz: expected arrays x0") && error.ends_with(", got none"));
    folder.write("four.csv", "1,2,3,4\n");
    let error = folder.run("predict model.keras --input four.csv").error(1);
    assert!(error.contains("expected shape (None, 3), got (1, 4)"), "{error}");
    folder.write("empty.csv", "");
    let error = folder.run("predict model.keras --input empty.csv").error(1);
    assert_eq!(error, "empty.csv: has no row of numbers");
}

#[test]
fn a_table_fills_the_axes_of_an_image() {
    let folder = Folder::new("image");
    let x = Input::new([2, 2, 1]);
    let model = Model::new(&x, Flatten::new().apply(&x)).unwrap();
    model.save(folder.join("image.keras")).unwrap();
    folder.write("x.csv", "1,2,3,4\n");
    let text = folder.run("predict image.keras --input x.csv").ok();
    assert_eq!(text.lines().nth(1), Some("1.0,2.0,3.0,4.0"));
    let same = Model::new(&x, Identity::new().apply(&x)).unwrap();
    same.save(folder.join("same.keras")).unwrap();
    let error = folder.run("predict same.keras --input x.csv").error(2);
    assert!(error.contains("is no table: give --output Y.npz"), "{error}");
    folder.run("predict same.keras --input x.csv --output y.npy").ok();
}

#[test]
fn several_inputs_and_outputs() {
    let folder = Folder::new("several");
    let model = two(&folder);
    let data = npz::read(folder.join("data.npz")).unwrap();
    let array = |name: &str| data.get(name).unwrap();
    let expected =
        model.predict_with((array("x0"), array("x1")), Predict::new().verbose(0)).unwrap();
    folder.run("predict two.keras --input data.npz --output y.npz").ok();
    let found = npz::read(folder.join("y.npz")).unwrap();
    assert_eq!((found.get("y0").unwrap(), found.get("y1").unwrap()), (&expected[0], &expected[1]));
    let named = [("right", array("x1")), ("left", array("x0")), ("more", array("y0"))];
    npz::write(folder.join("named.npz"), &named).unwrap();
    folder.run("predict two.keras --input named.npz --output named_y.npz").ok();
    assert_eq!(npz::read(folder.join("named_y.npz")).unwrap().into_arrays(), found.into_arrays());

    npz::write(folder.join("odd.npz"), &[("a", array("x0")), ("b", array("x1"))]).unwrap();
    let error = folder.run("predict two.keras --input odd.npz -o o.npz").error(1);
    assert_eq!(error, "odd.npz: expected arrays x0, x1 (or left, right), got a, b");
    npy::write(folder.join("one.npy"), array("x0")).unwrap();
    let error = folder.run("predict two.keras --input one.npy -o o.npz").error(1);
    assert!(error.contains("but the model has 2 inputs: give an .npz with x0, x1"), "{error}");
    let error = folder.run("predict two.keras --input none.npz --output y.npy").error(2);
    let expected =
        "--output: an .npy holds one array, the model has 2 outputs (age, sex): give Y.npz";
    assert_eq!(error, expected);
    let table = folder.run("predict two.keras --input data.npz").ok();
    assert_eq!((table.lines().next(), table.lines().count()), (Some("age,sex"), 9));
    folder.run("predict two.keras --input data.npz --output y.csv").ok();
    assert_eq!(std::fs::read_to_string(folder.join("y.csv")).unwrap(), table);
    let command = "evaluate two.keras --x data.npz --y data.npz";
    let both = "--loss age=mse --loss sex=binary_crossentropy";
    let json = folder.run(&format!("{command} {both} --json")).json();
    assert!(json["age_loss"].is_number() && json["sex_loss"].is_number(), "{json}");
    let json = folder.run(&format!("{command} --loss sex=mse --json")).json();
    assert!(json["loss"].is_number(), "{json}");
    let error = folder.run(&format!("{command} --loss sx=mse")).error(2);
    assert!(error.contains("unknown output \"sx\" (did you mean \"sex\"?)"), "{error}");
    let error = folder.run(&format!("{command} --loss age=mse --loss mse")).error(2);
    assert!(error.contains("write OUTPUT=NAME for each"), "{error}");
}

#[test]
fn one_array_of_a_file_with_many() {
    let folder = Folder::new("colon");
    simple(&folder);
    let (train, test) = (numbers(&[4, 3], 1), numbers(&[6, 3], 2));
    npz::write(folder.join("set.npz"), &[("x_train", &train), ("x_test", &test)]).unwrap();
    let text = folder.run("predict model.keras --input set.npz:x_test --output y.npy").ok();
    assert!(text.contains("(6, 2)"), "{text}");
    npz::write(folder.join("xy.npz"), &[("x", &train), ("y", &test)]).unwrap();
    let text = folder.run("predict model.keras --input xy.npz --output y.npy").ok();
    assert!(text.contains("(4, 2)"), "{text}");
    let error = folder.run("predict model.keras --input set.npz:x_tst").error(1);
    assert!(error.contains("(did you mean \"x_test\"?)"), "{error}");
    let error = folder.run("predict model.keras --input set.npz").error(1);
    assert!(
        error.contains("expected arrays x0 (or dense_input")
            || error.contains("expected arrays x0")
    );
}

#[test]
fn bad_data_is_told() {
    let folder = Folder::new("bad");
    simple(&folder);
    let error = folder.run("predict model.keras --input none.npy").error(1);
    assert!(error.starts_with("cannot read none.npy: "), "{error}");
    let error = folder.run("predict none.keras --input x.dat").error(2);
    assert_eq!(error, "x.dat: is no name for data: it must end in .npy, .npz, .csv, .tsv or .txt");
    let error = folder.run("predict none.keras --input x.npy --output y.txt").error(2);
    assert_eq!(error, "y.txt: is no name for outputs: it must end in .npy, .npz or .csv");
    let error = folder.run("predict none.keras --input x.npy --output no/y.npy").error(2);
    assert_eq!(error, "--output: there is no folder no");
    let error = folder.run("predict model.keras --input x.npy --output ./x.npy").error(2);
    assert_eq!(error, "--output: x.npy is read in this run and would be lost: give another name");
    npy::write(folder.join("wide.npy"), &numbers(&[5, 4], 1)).unwrap();
    let error = folder.run("predict model.keras --input wide.npy").error(1);
    assert!(error.contains("expected shape (None, 3), got (5, 4)"), "{error}");
    let error = folder.run("predict model.keras --input x.npy --batch-size 0").error(2);
    let expected = "--batch-size: expected a whole number of at least 1, got \"0\"";
    assert_eq!(error, expected);
    let large = Tensor::new([2_000_000, 3], vec![0.0_f32; 6_000_000]).unwrap();
    npz::write_compressed(folder.join("large.npz"), &[("x", &large)]).unwrap();
    let words = "predict model.keras --input large.npz --output y.npy --batch-size 100000";
    let error = folder.run(words).error(1);
    assert!(error.ends_with("raise --max-unpacked if it can be trusted"), "{error}");
    folder.run(&format!("{words} --max-unpacked 100m")).ok();
}

#[test]
fn nothing_is_lost_to_an_output() {
    let folder = Folder::new("spared");
    simple(&folder);
    let lost = "is read in this run and would be lost: give another name";
    folder.run("predict model.keras --input x.npy --output y.csv").ok();
    let fit = "fit model.keras --x x.npy --y y.csv";
    let error = folder.run(&format!("{fit} --history y.csv -o z.keras")).error(2);
    assert_eq!(error, format!("--history: y.csv {lost}"));
    std::fs::create_dir(folder.join("plots")).unwrap();
    std::fs::copy(folder.join("model.keras"), folder.join("plots/epoch_times.svg")).unwrap();
    let words = "--x x.npy --y x.npy -o z.keras --plots plots";
    let error = folder.run(&format!("fit plots/epoch_times.svg {words}")).error(2);
    assert_eq!(error, format!("--plots: plots/epoch_times.svg {lost}"));
    let error = folder.run(&format!("{fit} -o z.keras/")).error(1);
    assert!(error.ends_with("it names a folder"), "{error}");
    std::fs::create_dir(folder.join("d.keras")).unwrap();
    let error = folder.run(&format!("{fit} -o d.keras")).error(2);
    assert_eq!(error, "--output: d.keras is a folder");
    folder.run("convert model.keras whole.h5").ok();
    let before = std::fs::read(folder.join("whole.h5")).unwrap();
    let error = folder.run("convert whole.h5 whole.h5 --weights-only").error(2);
    assert_eq!(error, format!("OUT: whole.h5 {lost}"));
    assert_eq!(std::fs::read(folder.join("whole.h5")).unwrap(), before);
    let before = std::fs::read(folder.join("model.keras")).unwrap();
    let nan = Tensor::new([20, 3], vec![f32::NAN; 60]).unwrap();
    npy::write(folder.join("nan.npy"), &nan).unwrap();
    let error = folder.run("fit model.keras --x nan.npy --y y.npy -o model.keras").error(1);
    assert!(error.ends_with("; model.keras is left as it was"), "{error}");
    assert_eq!(std::fs::read(folder.join("model.keras")).unwrap(), before);
}

#[test]
fn evaluation_as_saved_and_as_asked() {
    let folder = Folder::new("evaluate");
    simple(&folder);
    let text = folder.run("evaluate model.keras --x x.npy --y y.npy").ok();
    assert!(text.starts_with("loss: ") && text.contains(" - mae: "), "{text}");
    let saved = folder.run("evaluate model.keras --x x.npy --y y.npy --json").json();
    let words = "evaluate bare.keras --x x.npy --y y.npy";
    let asked = folder.run(&format!("{words} --loss mse --metrics mae --json")).json();
    assert_eq!(saved, asked);
    let other = "evaluate model.keras --x x.npy --y y.npy --loss mae --metrics mse,mape --json";
    let json = folder.run(other).json();
    let close = |a: &serde_json::Value, b: &serde_json::Value| {
        (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < 1e-6
    };
    assert!(close(&json["loss"], &saved["mae"]), "{json} {saved}");
    assert!(json["mse"].is_number() && json["mape"].is_number() && json["mae"].is_null());
    let error = folder.run(words).error(2);
    assert!(error.contains("was saved without being compiled: give --loss"), "{error}");
    let error = folder.run(&format!("{words} --loss binary_crossentrpy")).error(2);
    assert!(error.contains("did you mean \"binary_crossentropy\"?"), "{error}");
    let error = folder.run(&format!("{words} --loss mse --metrics accurcy")).error(2);
    assert!(error.contains("did you mean \"accuracy\"?"), "{error}");
    npy::write(folder.join("five.npy"), &numbers(&[5, 2], 1)).unwrap();
    let error = folder.run("evaluate model.keras --x x.npy --y five.npy").error(1);
    assert!(error.contains("x has 20 rows, y has 5"), "{error}");
    let path = keras_file("model.keras");
    let path = path.to_str().unwrap();
    folder.run(&format!("evaluate {path} --x x.npy --y y.npy")).ok();
}

#[test]
fn weights_need_an_architecture() {
    let folder = Folder::new("weights");
    let model = simple(&folder);
    model.save_weights(folder.join("w.safetensors")).unwrap();
    folder.run("convert model.keras arch.json").ok();
    let whole = folder.run("predict model.keras --input x.npy").ok();
    let parts = "predict w.safetensors --architecture arch.json --input x.npy";
    assert_eq!(folder.run(parts).ok(), whole);
    let error = folder.run("predict w.safetensors --input x.npy").error(1);
    assert!(error.contains("give the model's architecture with --architecture"), "{error}");
    let error = folder.run("predict arch.json --input x.npy").error(2);
    assert!(error.contains("is an architecture without weights"), "{error}");
}

#[test]
fn numbers_that_a_table_does_not_have() {
    let folder = Folder::new("tokens");
    let words = Input::of([2], DType::I32);
    let known = Flatten::new().apply(Embedding::new(5, 2).name("words").apply(&words));
    let mut model = Model::new(&words, Dense::new(1).apply(&known)).unwrap();
    model.compile(Compile::new().optimizer("sgd").loss("mse")).unwrap();
    model.save(folder.join("words.keras")).unwrap();
    folder.write("y.csv", "1\n0\n");
    folder.write("x.csv", "0,4\n1,5\n");
    let expected = "layer \"words\" (Embedding): input \"input_layer\" has 5 in row 1, but its table \
                    has the numbers 0 to 4; input_dim must be larger than each of them";
    let data = "words.keras --x x.csv --y y.csv";
    for words in [
        "predict words.keras --input x.csv".into(),
        format!("evaluate {data}"),
        format!("fit {data} --output out.keras"),
    ] {
        assert_eq!(folder.run(&words).error(1), expected, "{words}");
    }
    assert!(!folder.has("out.keras"));
    folder.write("x.csv", "0,4\n1.5,2\n");
    let ran = folder.run(&format!("fit {data} --output out.keras"));
    ran.ok();
    assert!(ran.err().contains("has 1.5 in row 1: what is behind the point is cut off"));
}

#[test]
fn tables_in_other_alphabets_are_told() {
    let folder = Folder::new("utf16");
    simple(&folder);
    let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{feff}1,2,3\n".encode_utf16().flat_map(bytes).collect()
    };
    for bytes in [wide(u16::to_le_bytes), wide(u16::to_be_bytes)] {
        std::fs::write(folder.join("wide.csv"), bytes).unwrap();
        let error = folder.run("predict model.keras --input wide.csv").error(1);
        assert_eq!(error, "wide.csv: is UTF-16 text: save the table as UTF-8");
    }
    std::fs::write(folder.join("latin.csv"), b"a,b,c\n1,2,3\n\xe9,5,6\n").unwrap();
    let error = folder.run("predict model.keras --input latin.csv").error(1);
    assert_eq!(error, "latin.csv: line 3 is no UTF-8 text: save the table as UTF-8");
}

/// It has no end.
#[cfg(unix)]
#[test]
fn a_device_is_no_file() {
    let folder = Folder::new("device");
    simple(&folder);
    for ending in ["json", "keras", "npy", "npz", "csv", "txt"] {
        std::os::unix::fs::symlink("/dev/zero", folder.join(&format!("zero.{ending}"))).unwrap();
    }
    let read = ["npy", "npz", "csv"].map(|e| format!("predict model.keras --input zero.{e}"));
    let looked = ["json", "keras"].map(|ending| format!("summary zero.{ending}"));
    for command in read.iter().chain(&looked) {
        let error = folder.run(command).error(1);
        assert!(error.contains("is no regular file and gives more than"), "{command}: {error}");
    }
}

#[test]
fn what_is_not_used_is_told() {
    let folder = Folder::new("unused");
    simple(&folder);
    let x = ferras::Tensor::new([2, 3], vec![1.0_f32; 6]).unwrap();
    let warned = |names: &[&str]| {
        let arrays: Vec<_> = names.iter().map(|name| (*name, &x)).collect();
        npz::write(folder.join("a.npz"), &arrays).unwrap();
        folder.run("predict model.keras --input a.npz").err()
    };
    assert_eq!(warned(&["x0", "y0", "answer"]), "");
    assert_eq!(warned(&["x", "x0"]), "warning: a.npz: does not use x: takes x0\n");
    let text = warned(&["x0", "x2", "ids"]);
    assert_eq!(text, "warning: a.npz: does not use x2, ids: takes x0\n");
    let many: Vec<String> = (0..2000).map(|i| format!("a{i}")).collect();
    let many: Vec<_> = many.iter().map(|name| (&name[..], &x)).collect();
    npz::write(folder.join("many.npz"), &many).unwrap();
    let error = folder.run("predict model.keras --input many.npz").error(1);
    assert!(error.ends_with("a8, a9, … and 1990 more"), "{error}");
    folder.write("na.csv", "NA,,1\n1,2,3\n");
    let text = folder.run("predict model.keras --input na.csv").err();
    assert!(text.contains("na.csv: the first line is taken for the names"), "{text}");
    folder.write("a.csv", "a,,1\n1,2,3\n");
    assert_eq!(folder.run("predict model.keras --input a.csv").err(), "");
}
