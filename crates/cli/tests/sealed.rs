//! Whatever a file says: reading it opens no other file, makes no call over the network, and starts no
//! process. `strace` tells what the command asks of the system; where there is none the test says so.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
mod common;

use common::{Folder, keras_file, simple};
use serde_json::json;
use std::path::Path;
use std::process::Command;

/// What the command itself looks at: the loader's libraries, the machine, its settings.
const OWN: [&str; 7] =
    ["/etc/ld.so", "/lib", "/usr/lib", "/proc/", "/sys/", "/dev/", "/etc/localtime"];

/// The lines of calls that a run of the command makes, or none without `strace`.
fn calls(folder: &Folder, words: &[&str]) -> Option<Vec<String>> {
    let log = folder.join("calls.txt");
    let home = folder.join("home");
    let ran = Command::new("strace")
        // With the filter in the kernel, other calls cost nothing.
        .args(["-f", "--seccomp-bpf", "-e", "trace=%file,%network,%process", "-o"])
        .arg(&log)
        .arg(env!("CARGO_BIN_EXE_ferras"))
        .args(words)
        .env("FERRAS_HOME", home)
        // Of the test runner: the loader would look for libraries in its folders.
        .env_remove("LD_LIBRARY_PATH")
        .current_dir(&folder.0)
        .output();
    ran.ok()?;
    let text = std::fs::read_to_string(&log).ok()?;
    Some(text.lines().map(str::to_string).collect())
}

/// The calls that are neither the command's own nor about this file.
fn foreign(calls: &[String], path: &Path) -> Vec<String> {
    let path = path.to_string_lossy();
    let is_allowed = |line: &&String| {
        let call = line.split_once(' ').map_or(&line[..], |(_, call)| call.trim_start());
        let name = call.split('(').next().unwrap_or_default();
        let named = call.split('"').nth(1).unwrap_or_default();
        match name {
            "open" | "openat" | "stat" | "statx" | "newfstatat" | "access" | "readlink" => {
                named.is_empty()
                    || named == path
                    || OWN.iter().any(|own| named.starts_with(own))
                    || named.contains("home")
            }
            // The first line starts the command itself.
            "execve" => named == env!("CARGO_BIN_EXE_ferras"),
            // Threads, and the end.
            "clone3" | "clone" => call.contains("CLONE_THREAD"),
            // A thread that ended before strace could ask for its call.
            "???" => call.contains("<unfinished"),
            _ => call.starts_with("exit") || call.starts_with("+++") || call.starts_with("<..."),
        }
    };
    calls.iter().filter(|line| !is_allowed(line)).cloned().collect()
}

#[test]
fn reading_a_file_touches_nothing_else() {
    let folder = Folder::new("sealed");
    simple(&folder);
    let layer = |class: &str, config: serde_json::Value| {
        let layers = json!([{"class_name": class, "config": config}]);
        json!({"class_name": "Sequential", "config": {"name": "s", "layers": layers}}).to_string()
    };
    let secret = "/etc/passwd";
    folder.write("words.json", &layer("StringLookup", json!({"vocabulary": secret})));
    folder
        .write("url.json", &layer("StringLookup", json!({"vocabulary": "https://example.com/w"})));
    folder.write("saved.json", &layer("TFSMLayer", json!({"filepath": "/etc"})));
    folder.write("code.json", &layer("Lambda", json!({"function": ["4wEAAAA=", null, null]})));
    folder.write("system.json", &layer("Dense", json!({"units": 1, "activation": {"module": "os", "class_name": "function", "config": "system"}})));
    let hostile = |name: &str| keras_file("../hostile").join(name);
    let mut files: Vec<_> =
        ["external.h5", "virtual.h5", "links.h5", "new_links.h5", "cycle.h5"].map(hostile).to_vec();
    files.extend([
        keras_file("model.keras"),
        keras_file("model.h5"),
        keras_file("model.weights.h5"),
    ]);
    let texts = ["words.json", "url.json", "saved.json", "code.json", "system.json", "model.keras"];
    files.extend(texts.map(|name| folder.join(name)));
    for path in files {
        for command in ["inspect", "summary"] {
            let Some(calls) = calls(&folder, &[command, path.to_str().unwrap()]) else {
                println!("SKIPPED: there is no strace here");
                return;
            };
            assert!(calls.iter().any(|line| line.contains("execve")), "{calls:?}");
            let opened =
                calls.iter().any(|l| l.contains("openat") && l.contains(path.to_str().unwrap()));
            assert!(opened, "{} was not read", path.display());
            let foreign = foreign(&calls, &path);
            assert!(foreign.is_empty(), "{command} {}: {foreign:#?}", path.display());
        }
    }
}
