//! The command line itself: what is wrong with one, help, versions, and outputs that are links.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
mod common;

use common::{Folder, simple};

#[test]
fn a_mistake_is_one_sentence_of_our_own() {
    let folder = Folder::new("mistakes");
    let fit = "fit m.keras --x x.npy --y y.npy --output o.keras";
    let whole = |option: &str| format!("{option}: expected a whole number from 0 on, got \"-1\"");
    let rate =
        |came: &str| format!("--learning-rate: expected a number above 0, as 0.001, got {came:?}");
    let more = |sentence: &str| format!("{sentence}; --help tells more");
    for (words, expected) in [
        (
            "sumary m.keras".into(),
            more("there is no command \"sumary\" (did you mean \"summary\"?)"),
        ),
        ("predict m.keras".into(), more("--input X must be given")),
        ("summary".into(), more("MODEL must be given")),
        ("summary a b".into(), more("\"b\" is one argument too many")),
        ("plot m --epochs 2".into(), more("there is no option --epochs")),
        (
            format!("{fit} --epoch 2"),
            more("there is no option --epoch (did you mean \"--epochs\"?)"),
        ),
        (
            format!("{fit} --epochs some"),
            "--epochs: expected a whole number of at least 1, got \"some\"".into(),
        ),
        (format!("{fit} --epochs"), more("--epochs needs a value")),
        (format!("{fit} --seed -1"), whole("--seed")),
        (format!("{fit} --learning-rate -1"), rate("-1")),
        (format!("{fit} --learning-rate nan"), rate("nan")),
        (format!("{fit} --learning-rate inf"), rate("inf")),
        (format!("{fit} --x y.npy"), more("--x can be given only once")),
        (
            format!("{fit} --validation-split 0.5 --val-x x.npy --val-y y.npy"),
            more("--validation-split cannot be given together with --val-x"),
        ),
        (
            "inspect m --max-unpacked -1".into(),
            "--max-unpacked: expected a number of bytes, as 500M or 20G, got \"-1\"".into(),
        ),
        (
            "summary m --line-length 0".into(),
            "--line-length: expected a whole number from 20 to 1000, got \"0\"".into(),
        ),
        (
            "summary m --line-length 99999".into(),
            "--line-length: expected a whole number from 20 to 1000, got \"99999\"".into(),
        ),
        ("summary m --json=3".into(), more("--json takes no value, got \"3\"")),
        ("plot m --kind model --index -1".into(), whole("--index")),
        (
            "plot m --kind xyz".into(),
            "--kind: expected model, neurons, weights, filters or maps, got \"xyz\"".into(),
        ),
    ] {
        let ran = folder.run(&words);
        assert_eq!(ran.error(2), expected, "{words}");
        assert_eq!(ran.err().lines().count(), 1, "{}", ran.err());
    }
    let ran = folder.run("--json");
    assert!(ran.error(2).starts_with("a command is missing: summary, predict, "), "{}", ran.err());
    assert_eq!(ran.json()["error"], ran.error(2));
}

#[cfg(feature = "serve")]
#[test]
fn mistakes_of_a_service() {
    let folder = Folder::new("serve-mistakes");
    for (words, expected) in [
        ("--port 99999", "--port: expected a whole number from 0 to 65535, got \"99999\""),
        ("--max-batch 0", "--max-batch: expected a whole number of at least 1, got \"0\""),
        ("--timeout -1", "--timeout: expected a whole number of at least 1, got \"-1\""),
        (
            "--preprocess sale",
            "--preprocess: unknown preprocessing \"sale\"; known: none, scale, imagenet, tf, torch",
        ),
    ] {
        assert_eq!(folder.run(&format!("serve m.keras {words}")).error(2), expected);
    }
}

#[test]
fn help_and_version_for_programs() {
    let folder = Folder::new("help-json");
    let version = folder.run("--version --json").json();
    assert_eq!(version, serde_json::json!({"version": env!("CARGO_PKG_VERSION")}));
    for words in ["--help --json", "--json fit --help"] {
        let ran = folder.run(words);
        assert_eq!(ran.ok().lines().count(), 1);
        assert!(ran.json()["help"].as_str().unwrap().contains("Examples:"), "{}", ran.out());
    }
}

#[test]
fn help_names_what_options_take() {
    let folder = Folder::new("names");
    let help = folder.run("fit --help").ok();
    for word in ["rmsprop where there is none", "Optimizers: sgd,", "Losses: mean_squared_error,"] {
        assert!(help.contains(word), "{word}: {help}");
    }
    assert!(
        help.contains("Metrics:") && help.contains("binary_accuracy,") && help.contains(".tsv")
    );
    assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    let help = folder.run("evaluate --help").ok();
    assert!(help.contains("Losses:") && !help.contains("Optimizers:"), "{help}");
    let help = folder.run("plot --help").ok();
    assert!(help.contains("The convolution whose filters or maps are drawn; both kinds need it"));
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_cannot_be_written_is_told() {
    use std::process::Command;
    let folder = Folder::new("full");
    simple(&folder);
    for words in ["--help", "--version", "fit --help", "--version --json", "summary model.keras"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_ferras"));
        let ran = command.args(words.split(' ')).current_dir(&folder.0).stdout(full).output();
        let ran = common::Ran(ran.unwrap());
        assert!(ran.error(1).starts_with("cannot write to standard output: No space"), "{words}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_written_through() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new("links");
    simple(&folder);
    std::fs::create_dir(folder.join("far")).unwrap();
    let is_link = |name: &str| std::fs::symlink_metadata(folder.join(name)).unwrap().is_symlink();
    symlink("far/new.keras", folder.join("link.keras")).unwrap();
    for _ in 0..2 {
        // The first time there is no file behind it, the second time one.
        folder.run("fit model.keras --x x.npy --y y.npy --output link.keras").ok();
        assert!(is_link("link.keras"));
        folder.run("verify far/new.keras").ok();
    }
    symlink("far/y.npy", folder.join("y2.npy")).unwrap();
    folder.run("predict model.keras --input x.npy --output y2.npy").ok();
    assert!(is_link("y2.npy") && folder.has("far/y.npy"));
    symlink("no/where.keras", folder.join("lost.keras")).unwrap();
    symlink("round.keras", folder.join("round.keras")).unwrap();
    let fit = "fit model.keras --x x.npy --y y.npy --epochs 9 --output";
    let ran = folder.run(&format!("{fit} lost.keras"));
    assert!(ran.error(1).starts_with("cannot write lost.keras: No such file"), "{}", ran.err());
    // Before any work.
    assert_eq!(ran.out(), "");
    let error = folder.run(&format!("{fit} round.keras")).error(1);
    assert_eq!(error, "cannot write round.keras: its links lead to each other without end");
    assert!(is_link("lost.keras") && is_link("round.keras"));
    let mut modes = std::fs::metadata(folder.join("far/y.npy")).unwrap().permissions();
    modes.set_readonly(true);
    std::fs::set_permissions(folder.join("far/y.npy"), modes).unwrap();
    let error = folder.run("predict none.keras --input x.npy --output y2.npy").error(1);
    assert_eq!(error, "cannot write y2.npy: it is write-protected");
}
