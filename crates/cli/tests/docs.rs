//! The commands of docs/command.md, run as they stand there, in order: each ends as it does there and
//! prints the same words. Numbers may be others, as times and the bits of a machine are.
#![cfg(unix)]
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
mod common;

use common::Folder;
use std::path::Path;
use std::process::Command;

const DOCS: &str = include_str!("../../../docs/command.md");

/// A command, and what it prints; nothing is known of what a script prints.
struct Example {
    command: String,
    prints: Option<String>,
}

/// The examples of a text: whole scripts in `sh`, commands behind `$` in `console`.
fn examples(text: &str) -> Vec<Example> {
    let mut found = Vec::new();
    let mut parts = text.split("```");
    while let (Some(_), Some(block)) = (parts.next(), parts.next()) {
        let (kind, body) = block.split_once('\n').unwrap();
        match kind {
            "sh" => found.push(Example { command: body.into(), prints: None }),
            "console" => found.extend(body.split("$ ").skip(1).map(of_console)),
            _ => {}
        }
    }
    found
}

fn of_console(text: &str) -> Example {
    let ends_there = |line: &&str| !line.trim_end().ends_with('\\');
    let lines = text.lines().count();
    let last = text.lines().take_while(|line| !ends_there(line)).count().min(lines - 1);
    let part = |from: usize, to: usize| -> String {
        text.lines().skip(from).take(to - from).flat_map(|line| [line, "\n"]).collect()
    };
    Example { command: part(0, last + 1), prints: Some(part(last + 1, lines)) }
}

/// The words of a text; each with a digit in it counts as a number.
fn words(text: &str) -> Vec<String> {
    let word = |w: &str| if w.contains(|c: char| c.is_ascii_digit()) { "#" } else { w }.to_string();
    text.split_whitespace().map(word).collect()
}

#[test]
fn every_command_does_what_is_written() {
    let folder = Folder::new("docs");
    let repository = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let program = Path::new(env!("CARGO_BIN_EXE_ferras")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut count = 0;
    for Example { command, prints } in examples(DOCS) {
        // The first two say how to get there.
        if command.starts_with("cargo ") || command.starts_with("mkdir ") {
            continue;
        }
        let here = command.replace("../tests/", &format!("{}/tests/", repository.display()));
        let mut shell = Command::new("sh");
        let ran = shell.args(["-ec", &format!("exec 2>&1\n{here}")]).env("PATH", &path);
        let ran = ran.current_dir(&folder.0).output().unwrap();
        let text = String::from_utf8(ran.stdout).unwrap();
        let fails = prints.as_ref().is_some_and(|prints| prints.contains("\nerror: "));
        assert_eq!(ran.status.success(), !fails, "{command}{text}");
        if let Some(prints) = prints {
            let text = text.replace(&format!("{}/tests/", repository.display()), "../tests/");
            assert_eq!(words(&text), words(&prints), "{command}{text}");
        }
        count += 1;
    }
    assert!(count > 15, "{count}");
}
