//! Models that take texts: lines, columns of tables, NumPy's strings.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
mod common;

use common::Folder;
use ferras::config::ElementType;
use ferras::datasets::{npy, npz};
use ferras::prelude::*;

/// `words.keras`: the numbers of up to three words of a text; compiled, it adds them up.
fn words(folder: &Folder) {
    set_random_seed(5);
    let words =
        TextVectorization::new().output_sequence_length(3).vocabulary(["a", "good", "bad", "film"]);
    let mut model = Sequential::new()
        .add(Input::text([1]))
        .add(words)
        .add(Dense::new(1).kernel_initializer("ones").name("sum"))
        .build()
        .unwrap();
    model.compile(Compile::new().optimizer("sgd").loss("mse").metrics(["mae"])).unwrap();
    model.save(folder.join("words.keras")).unwrap();
    folder.write("x.txt", "a good film\r\n\r\nbad films, bad");
    folder.write("table.csv", "text,sum\n\"a good\nfilm\",10\n,0\n\"bad films, bad\",9\n");
}

/// What the model gives for the three texts.
const SUMS: &str = "sum\n10.0\n0.0\n9.0\n";

#[test]
fn lines_columns_and_strings_are_the_same_texts() {
    let folder = Folder::new("texts");
    words(&folder);
    folder.write("only.csv", "whatever\na good film\n\"\"\n\"bad films, bad\"\n");
    folder.write("tabs.tsv", "n\ttext\n1\ta good film\n2\t\n3\tbad films, bad\n");
    let header = "{'descr': '<U14', 'fortran_order': False, 'shape': (3, 1), }";
    let mut strings = b"\x93NUMPY\x01\x00".to_vec();
    strings.extend([header.len() as u8, 0]);
    strings.extend(header.bytes());
    for text in ["a good film", "", "bad films, bad"] {
        let letters = text.chars().map(u32::from).chain(std::iter::repeat(0)).take(14);
        strings.extend(letters.flat_map(u32::to_le_bytes));
    }
    std::fs::write(folder.join("strings.npy"), strings).unwrap();
    for input in ["x.txt", "only.csv", "table.csv:text", "tabs.tsv:text", "strings.npy"] {
        let table = folder.run(&format!("predict words.keras --input {input}")).ok();
        assert_eq!(table, SUMS, "{input}");
    }
    let json = folder.run("predict words.keras --input x.txt --json").json();
    assert_eq!(json["outputs"][0]["values"], serde_json::json!([[10.0], [0.0], [9.0]]));
}

#[test]
fn texts_are_evaluated_and_learned_from() {
    let folder = Folder::new("texts-fit");
    words(&folder);
    let logs = folder.run("evaluate words.keras --x x.txt --y table.csv:sum").ok();
    assert_eq!(logs, "loss: 0.0000e+00 - mae: 0.0000e+00\n");
    folder.write("y.csv", "1\n2\n3\n");
    let data = "--x table.csv:text --y y.csv --val-x x.txt --val-y y.csv";
    let fit = format!("fit words.keras {data} --epochs 2 --learning-rate 0.001 --output out.keras");
    let json = folder.run(&format!("{fit} --json")).json();
    let losses = json["history"]["history"]["val_loss"].as_array().unwrap();
    assert!(losses[1].as_f64().unwrap() < losses[0].as_f64().unwrap(), "{json}");
    assert_ne!(folder.run("predict out.keras --input x.txt").ok(), SUMS);
    // The table's other columns may be written over no more than itself.
    let error = folder.run("predict words.keras --input table.csv:text -o table.csv").error(2);
    assert!(error.contains("table.csv"), "{error}");
}

#[test]
fn columns_go_to_the_inputs_of_their_names() {
    let folder = Folder::new("columns");
    let (age, city) = (Input::named("age", [1]), Input::named_of("city", [1], ElementType::Text));
    let place = StringLookup::new().vocabulary(["Rome", "Oslo"]);
    let place = place.output_mode("one_hot").apply(&city);
    let both = Concatenate::new().apply([&age, &place]);
    let sum = Dense::new(1).kernel_initializer("ones").name("sum").apply(&both);
    Model::new([&age, &city], &sum).unwrap().save(folder.join("mixed.keras")).unwrap();
    folder.write("people.csv", "name,city,age\nA,Oslo,30\nB,Rome,41.5\n");
    let table = folder.run("predict mixed.keras --input people.csv").ok();
    assert_eq!(table, "sum\n31.0\n42.5\n");
    folder.write("people.csv", "name,city,age\nA,Oslo,thirty\n");
    let error = folder.run("predict mixed.keras --input people.csv").error(1);
    assert!(error.contains("line 2, column \"age\": \"thirty\" is not a number"), "{error}");
    folder.write("people.csv", "name,town,age\nA,Oslo,30\n");
    let error = folder.run("predict mixed.keras --input people.csv").error(1);
    let expected = "people.csv: the first line must name the columns, one of them \"city\", as the \
                    model's input is; it names name, town, age";
    assert_eq!(error, expected);
}

#[test]
fn what_are_no_texts_is_told() {
    let folder = Folder::new("no-texts");
    words(&folder);
    let error = |words: &str| folder.run(&format!("predict words.keras --input {words}")).error(1);
    folder.write("empty.txt", "");
    assert_eq!(error("empty.txt"), "empty.txt: has no line of text");
    std::fs::write(folder.join("latin.txt"), b"one\ntwo \xe9\n").unwrap();
    assert_eq!(error("latin.txt"), "latin.txt: line 2 is no UTF-8");
    assert!(error("none.txt").contains("cannot read none.txt"));
    let several = error("table.csv");
    assert!(several.ends_with("it names text, sum; take one by its name, as table.csv:NAME"));
    let unknown = error("table.csv:txt");
    assert!(unknown.contains("no column \"txt\" (did you mean \"text\"?)"), "{unknown}");
    npy::write(folder.join("n.npy"), &common::zeros(2)).unwrap();
    assert!(error("n.npy").contains("holds no texts; save an array of strings"));
    common::simple(&folder);
    let numbers = folder.run("predict model.keras --input x.txt").error(1);
    assert!(numbers.contains("expected numbers, got texts of shape (3,)"), "{numbers}");
    npz::write(folder.join("n.npz"), &[("x", &common::zeros(2))]).unwrap();
    assert!(error("n.npz").contains("expected texts, got numbers"));
}
