//! `summary`, `inspect`, `verify`, and the command line itself.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
mod common;

use common::{Folder, keras_file, numbers, simple, two};
use ferras::datasets::npz;
use ferras::prelude::*;

#[test]
fn help_has_examples_and_usage_mistakes_exit_with_2() {
    let folder = Folder::new("help");
    let help = folder.run("--help").ok();
    assert!(help.contains("Examples:") && help.contains("Exit status: 0 done"), "{help}");
    for command in ["summary", "predict", "evaluate", "fit", "convert", "plot", "inspect", "verify"]
    {
        assert!(help.contains(&format!("  {command} ")), "{help}");
        let help = folder.run(&format!("{command} --help")).ok();
        assert!(help.contains("Example"), "{help}");
    }
    assert!(folder.run("--version").ok().starts_with("ferras 0."));
    assert_eq!(folder.run("").code(), 2);
}

#[test]
fn summary_of_every_kind_of_file() {
    let folder = Folder::new("summary");
    simple(&folder);
    let text = folder.run("summary model.keras").ok();
    assert!(text.contains("│ dense (Dense)") && text.contains("Trainable params: 26"), "{text}");
    let json = folder.run("summary model.keras --json").json();
    assert_eq!((&json["params"], &json["trainable_params"]), (&26.into(), &26.into()));
    assert_eq!(json["layers"][1]["name"], "answer");
    assert_eq!(json["outputs"][0], serde_json::json!([null, 2]));
    for name in ["model.keras", "model.h5"] {
        let path = keras_file(name);
        let text = folder.run_words(&["summary", path.to_str().unwrap()]).ok();
        assert!(text.contains("Trainable params: 26"), "{text}");
    }
    folder.run("convert model.keras arch.json").ok();
    folder.run("convert model.keras arch.yaml").ok();
    for words in ["arch.json", "arch.yaml", "model.keras --show-trainable --line-length 70"] {
        assert!(folder.run(&format!("summary {words}")).ok().contains("Trainable params: 26"));
    }
}

#[test]
fn missing_and_broken_files_are_told() {
    let folder = Folder::new("missing");
    simple(&folder);
    let whole = std::fs::read(folder.join("model.keras")).unwrap();
    std::fs::write(folder.join("cut.keras"), &whole[..whole.len() / 2]).unwrap();
    folder.write("text.keras", "no model at all");
    for command in ["summary", "inspect", "verify"] {
        let error = folder.run(&format!("{command} none.keras")).error(1);
        assert!(error.starts_with("cannot read none.keras: "), "{error}");
        let error = folder.run(&format!("{command} cut.keras")).error(1);
        assert!(error.starts_with("cut.keras: is no zip archive, or a truncated"), "{error}");
        let error = folder.run(&format!("{command} text.keras")).error(1);
        assert!(error.starts_with("text.keras: is none of the formats that are read"), "{error}");
    }
    let ran = folder.run("summary none.keras --json");
    assert!(ran.json()["error"].as_str().unwrap().starts_with("cannot read"));
    ran.error(1);
    let path = keras_file("model.weights.h5");
    let error = folder.run_words(&["summary", path.to_str().unwrap()]).error(1);
    assert!(error.ends_with("give the model's architecture with --architecture MODEL.json"));
}

#[test]
fn inspect_names_what_it_cannot_honour() {
    let folder = Folder::new("inspect");
    simple(&folder);
    let text = folder.run("inspect model.keras").ok();
    assert!(text.contains("a whole model, Keras 3 (.keras)"), "{text}");
    assert!(text.contains("layers/dense/vars/0") && text.contains("all of it can be honoured"));
    for name in ["model.keras", "model.h5", "model.weights.h5"] {
        let path = keras_file(name);
        let json = folder.run_words(&["--json", "inspect", path.to_str().unwrap()]).json();
        assert_eq!(
            (&json["honoured"], json["weights"].as_array().unwrap().len()),
            (&true.into(), 4)
        );
    }
    folder.run("convert model.keras arch.json").ok();
    let text = std::fs::read_to_string(folder.join("arch.json")).unwrap();
    folder.write("foo.json", &text.replacen("\"Dense\"", "\"Foo\"", 1));
    let shown = folder.run("inspect foo.json").ok();
    assert!(shown.contains("dense (Foo)  ← cannot be honoured"), "{shown}");
    let json = folder.run("inspect foo.json --json").json();
    assert_eq!(json["honoured"], false);
    let error = folder.run("summary foo.json").error(1);
    assert!(error.contains("layer \"dense\" (Foo)"), "{error}");
    // A name neither commands the terminal nor looks like a line of its own.
    folder.write("esc.json", &text.replacen("\"Dense\"", "\"Foo\\u001b[2J\\nall is well\"", 1));
    let found = folder.run("inspect esc.json").ok();
    assert!(found.contains("dense (Foo\\u{1b}[2J\\nall is well)  ← cannot"), "{found}");
    assert!(!folder.run("summary esc.json").error(1).contains(char::is_control));
}

#[test]
fn verify_checks_vectors_beside_the_model_and_given_ones() {
    let folder = Folder::new("verify");
    let model = simple(&folder);
    let text = folder.run("verify model.keras").ok();
    assert_eq!(text.matches(" ok ").count(), 3, "{text}");
    let x = numbers(&[5, 3], 9);
    let y = model.predict(&x).unwrap();
    npz::write(folder.join("model.vectors.npz"), &[("x0", &x), ("y0", &y)]).unwrap();
    let json = folder.run("verify model.keras --json").json();
    assert_eq!((&json["ok"], json["checks"].as_array().unwrap().len()), (&true.into(), 4));
    assert_eq!(json["vectors"], "model.vectors.npz");
    let wrong: Vec<f32> = y.to_f64_vec().iter().map(|v| *v as f32 * 1.001).collect();
    let wrong = Tensor::new([5, 2], wrong).unwrap();
    npz::write(folder.join("wrong.npz"), &[("x0", &x), ("answer", &wrong)]).unwrap();
    let ran = folder.run("verify model.keras --vectors wrong.npz --json");
    let error = ran.error(1);
    assert!(error.starts_with("model.keras: failed: meets its vectors: 1.0e-3 of"), "{error}");
    assert_eq!(ran.json()["checks"][3]["ok"], false);
    let text = folder.run("verify model.keras --vectors wrong.npz --tolerance 0.01").ok();
    assert!(text.contains("1.0e-3 of the largest output"), "{text}");
    let error = folder.run("verify model.keras --tolerance NaN").error(2);
    assert_eq!(error, "--tolerance: expected a number from 0 on, as 1e-5, got \"NaN\"");
    // As the command itself records them.
    folder.run("predict model.keras --input x.npy --output own.vectors.npz").ok();
    let text = folder.run("verify model.keras --vectors own.vectors.npz").ok();
    assert!(text.contains("meets its vectors  ok"), "{text}");
    npz::write(folder.join("half.npz"), &[("x0", &x)]).unwrap();
    let ran = folder.run("verify model.keras --vectors half.npz");
    assert_eq!(ran.code(), 1);
    assert!(ran.out().contains("lacks the array y0 (or answer)"), "{}", ran.out());
    // No word of the model, which is not looked at.
    let ran = folder.run("verify model.keras --vectors none.npz");
    assert!(ran.error(1).starts_with("cannot read none.npz: ") && ran.out().is_empty());
    let error = folder.run("verify model.keras --vectors x.npy").error(2);
    assert_eq!(error, "--vectors: x.npy is no name for test vectors: it must end in .npz");
    two(&folder);
    assert!(folder.run("verify two.keras").ok().contains("age (2, 1), sex (2, 1)"));
    // What the real Keras predicted lies beside its files.
    for name in ["model.keras", "model.h5"] {
        let text = folder.run_words(&["verify", keras_file(name).to_str().unwrap()]).ok();
        assert!(text.contains("meets its vectors  ok"), "{text}");
    }
}

#[test]
fn verify_finds_numbers_that_are_none() {
    let folder = Folder::new("nan");
    let mut model = simple(&folder);
    let mut weights = model.get_weights().unwrap();
    weights[3] = Tensor::new([2], vec![f32::NAN, 0.0]).unwrap();
    model.set_weights(&weights).unwrap();
    model.save(folder.join("nan.keras")).unwrap();
    let ran = folder.run("verify nan.keras");
    assert!(ran.error(1).starts_with("nan.keras: failed: computes: "));
    assert!(ran.out().contains("output \"answer\" is NaN for inputs of zero"), "{}", ran.out());
}

#[cfg(unix)]
#[test]
fn nobody_reading_is_no_failure() {
    use std::process::{Command, Stdio};
    let folder = Folder::new("pipe");
    simple(&folder);
    for words in ["inspect model.keras", "summary model.keras --json", "--help"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ferras"));
        command.args(words.split(' ')).current_dir(&folder.0);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{words}");
        assert!(output.status.success(), "{words}");
    }
}

#[test]
fn plot_draws_what_is_asked_for() {
    let folder = Folder::new("plot");
    simple(&folder);
    let svg = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    folder.run("plot model.keras --show-shapes --show-layer-names").ok();
    let text = svg("model.svg");
    assert!(text.contains("dense (Dense)") && text.contains("(None, 2)"), "{text}");
    folder.run("plot model.keras --kind neurons --output n.svg").ok();
    assert!(svg("n.svg").contains("<circle"));
    folder.run("plot model.keras --kind weights --output w.png --rankdir lr").ok();
    assert_eq!(std::fs::read(folder.join("w.png")).unwrap()[..4], *b"\x89PNG");
    let conv = Sequential::new().add(Conv2D::new(4, 3).name("eye").input_shape([8, 8, 1]));
    conv.build().unwrap().save(folder.join("conv.keras")).unwrap();
    let x = Tensor::new([2, 8, 8, 1], (0..128).map(|v| v as f32).collect()).unwrap();
    ferras::datasets::npy::write(folder.join("x.npy"), &x).unwrap();
    folder.run("plot conv.keras --kind filters --layer eye --output f.svg").ok();
    assert_eq!(svg("f.svg").matches("<image").count(), 4);
    folder.run("plot conv.keras --kind maps --layer eye --input x.npy --index 1 -o m.svg").ok();
    assert_eq!(svg("m.svg").matches("<image").count(), 5);

    let error = |words: &str, code| folder.run(words).error(code);
    assert!(error("plot model.keras --output m.jpg", 2).contains("must end in .svg or .png"));
    assert!(
        error("plot model.keras --rankdir up", 2).contains("expected TB, BT, LR or RL, got \"up\"")
    );
    // The model is not even looked for.
    assert!(error("plot none.keras --kind filters", 2).starts_with("--layer: give the name"));
    let words = "plot none.keras --kind maps --layer eye";
    assert_eq!(error(words, 2), "--input: give an array with an image");
    assert!(
        error("plot model.keras --kind filters --layer dense", 2).starts_with("--layer: layer")
    );
    assert!(
        error("plot conv.keras --kind filters --layer eys", 2).contains("did you mean \"eye\"")
    );
    let text = error("plot conv.keras --kind neurons", 2);
    assert!(text.starts_with("MODEL: must be") && text.contains("input (None, 8, 8, 1)"), "{text}");
    let words = "plot conv.keras --kind maps --layer eye --input x.npy --index 7";
    assert_eq!(error(words, 2), "--index: must be below 2: there are 2 samples, got 7");
}
