//! Files that are made to harm their reader, by h5py (`tools/hostile_files.py`) or by hand.
use super::super::limits::Limits;
use super::*;

fn bytes(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/hostile/");
    std::fs::read(format!("{folder}{name}")).unwrap()
}

fn open(bytes: Vec<u8>) -> Result<File<'static>> {
    let budget = Limits::new().budget(bytes.len() as u64)?;
    File::open(bytes, &budget)
}

/// What is wrong with an array.
fn problem(file: &File, name: &str) -> String {
    match file.root().array(name) {
        Ok(Some(array)) => array.read_any().unwrap_err(),
        Ok(None) => panic!("no array {name}"),
        Err(problem) => problem,
    }
}

#[test]
fn links_are_not_followed() {
    for name in ["links.h5", "new_links.h5"] {
        let file = open(bytes(name)).unwrap();
        assert!(file.root().array("data").unwrap().unwrap().read_any().is_ok());
        assert_eq!(
            problem(&file, "soft"),
            "\"/soft\" is a soft link, a name for another; not followed"
        );
        assert!(problem(&file, "external").contains("is a link into another file"));
        assert!(file.root().group("external").is_err());
    }
    let file = open(bytes("links.h5")).unwrap();
    assert!(problem(&file, "way/data").contains("\"/way\" is a soft link"));
    assert!(problem(&file, "far/data").contains("\"/far\" is a link into another file"));
    assert!(problem(&file, "dangling").contains("soft link"));
}

#[test]
fn no_other_file_is_read() {
    assert!(problem(&open(bytes("external.h5")).unwrap(), "data").contains("in another file"));
    assert!(problem(&open(bytes("virtual.h5")).unwrap(), "data").contains("virtual data set"));
}

#[test]
fn circles_end() {
    let file = open(bytes("cycle.h5")).unwrap();
    let deep = "a/b/".repeat(40);
    assert!(file.root().array(&format!("{deep}a/data")).unwrap().is_some());
    let deep = "a/b/".repeat(60);
    let Err(error) = file.root().group(&deep) else { panic!("went in circles") };
    assert!(error.ends_with("is nested more than 100 levels deep"), "{error}");
}

#[test]
fn sizes_that_are_not_there() {
    let file = open(bytes("shape.h5")).unwrap();
    assert_eq!(*file.root().array("data").unwrap().unwrap().shape(), Shape::from([1 << 30, 8]));
    let error = problem(&file, "data");
    assert!(error.contains("its shape needs 34359738368 bytes, but 64 are there"), "{error}");
    let error = problem(&file, "tiles");
    assert!(error.contains("array in chunks, which takes 34359738368 bytes"), "{error}");
    let file = open(bytes("packed.h5")).unwrap();
    assert!(problem(&file, "data").contains("raise Limits::decoded_bytes"));
    let bytes = bytes("packed.h5");
    let budget = Limits::new().decoded_bytes(1 << 30).budget(bytes.len() as u64).unwrap();
    let file = File::open(bytes, &budget).unwrap();
    let array = file.root().array("data").unwrap().unwrap();
    assert_eq!(array.read(&Shape::from([300, 1000, 100])).unwrap().shape().elements(), 30_000_000);
}

#[test]
fn types_in_types() {
    let file = open(bytes("types.h5")).unwrap();
    assert!(problem(&file, "data").contains("committed type"));
    let root = file.root();
    assert!(root.attribute("nested").unwrap_err().contains("lists (a variable-length type)"));
    assert_eq!(root.attribute("after").unwrap(), Some(Attribute::Integers(vec![1])));
}

/// An old-style file whose root group has these members, each the object at `object`; `names` is
/// its heap, and each member's name begins at its place in it.
fn group(names: &[u8], places: &[u64], objects: &[u8], node: impl Fn(u64) -> Vec<u8>) -> Vec<u8> {
    let mut file = header::SIGNATURE.to_vec();
    file.extend([0, 0, 0, 0, 0, 8, 8, 0, 4, 0, 16, 0, 0, 0, 0, 0]);
    let end_at = file.len() + 16;
    for field in [0, u64::MAX, 0, u64::MAX, 0, 96] {
        file.extend(u64::to_le_bytes(field));
    }
    file.resize(96, 0);
    // The root's header: one message that names tree and heap.
    let (tree, heap) = (96 + 16 + 8 + 16, 96 + 16 + 8 + 16 + 1024);
    file.extend([1, 0, 1, 0, 1, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 17, 0, 16, 0, 0, 0, 0, 0]);
    file.extend(u64::to_le_bytes(tree));
    file.extend(u64::to_le_bytes(heap));
    let symbols = heap + 32 + names.len() as u64;
    file.extend(node(symbols));
    file.resize(heap as usize, 0);
    file.extend(b"HEAP\0\0\0\0");
    for field in [names.len() as u64, u64::MAX, heap + 32] {
        file.extend(u64::to_le_bytes(field));
    }
    file.extend(names);
    file.extend(b"SNOD\x01\0");
    file.extend((places.len() as u16).to_le_bytes());
    let object = symbols + 8 + 40 * places.len() as u64;
    for place in places {
        file.extend(u64::to_le_bytes(*place));
        file.extend(u64::to_le_bytes(object));
        file.extend([0; 24]);
    }
    file.extend(objects);
    let end = file.len() as u64;
    file[end_at..end_at + 8].copy_from_slice(&end.to_le_bytes());
    file
}

/// A node of a tree of names with these children.
fn node(level: u8, children: &[u64]) -> Vec<u8> {
    let mut node = b"TREE\0".to_vec();
    node.push(level);
    node.extend((children.len() as u16).to_le_bytes());
    node.extend([255; 16]);
    for child in children {
        node.extend([0; 8]);
        node.extend(child.to_le_bytes());
    }
    node.extend([0; 8]);
    node
}

/// An empty object: a group without members.
const EMPTY: [u8; 16] = [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn trees_of_names() {
    let tree = 96 + 16 + 8 + 16_u64;
    let good = group(b"a\0b\0", &[0, 2], &EMPTY, |symbols| node(0, &[symbols]));
    assert_eq!(open(good).unwrap().root().names().unwrap(), ["a", "b"]);
    let names = |file: Vec<u8>| {
        let file = open(file).unwrap();
        file.root().names().unwrap_err()
    };
    let circle = group(b"a\0", &[0], &EMPTY, |_| node(1, &[tree, tree]));
    assert!(names(circle).contains("goes in circles"));
    let twice = group(b"a\0", &[0], &EMPTY, |symbols| node(0, &[symbols, symbols]));
    assert!(names(twice).contains("goes in circles"));
    let same = group(b"a\0", &[0, 0], &EMPTY, |symbols| node(0, &[symbols]));
    assert!(names(same).contains("two members named \"a\""));
    for name in [&b"\0"[..], b"a/b\0"] {
        let lost = group(name, &[0], &EMPTY, |symbols| node(0, &[symbols]));
        assert!(names(lost).contains("holds a member named"));
    }
    let high = group(b"a\0", &[0], &EMPTY, |_| node(200, &[1]));
    assert!(names(high).contains("is no tree"));
    // Names that share their bytes: 12,000 of up to 12,000 bytes each.
    let places: Vec<u64> = (0..12_000).collect();
    let mut long = vec![b'x'; 12_000];
    long.push(0);
    let overlapping = group(&long, &places, &EMPTY, |symbols| node(0, &[symbols]));
    assert!(names(overlapping).contains("a name without an end"));
}

#[test]
fn headers_that_name_themselves() {
    let object = |messages: &[u8]| {
        let mut object = vec![1, 0, 1, 0, 1, 0, 0, 0];
        object.extend((messages.len() as u32).to_le_bytes());
        object.extend([0; 4]);
        object.extend(messages);
        object
    };
    let at = 96 + 16 + 8 + 16 + 1024 + 32 + 2 + 8 + 40_u64;
    let mut messages = vec![16, 0, 16, 0, 0, 0, 0, 0];
    messages.extend((at + 16).to_le_bytes());
    messages.extend(24_u64.to_le_bytes());
    let file = group(b"a\0", &[0], &object(&messages), |symbols| node(0, &[symbols]));
    let file = open(file).unwrap();
    let Err(error) = file.root().group("a") else { panic!() };
    assert!(error.contains("goes in circles") || error.contains("larger than"), "{error}");
}

/// A list of 4000 texts, each the same 60,000 bytes of a heap: 240 MB in 130 KB.
#[test]
fn texts_that_share_their_bytes() {
    let at = 96 + 16 + 8 + 16 + 1024 + 32 + 2 + 8 + 40_u64;
    let count = 4000_u16;
    let mut value = vec![1, 0, 2, 0, 24, 0, 16, 0, b'x', 0, 0, 0, 0, 0, 0, 0];
    // Texts of any length, each described in 16 bytes, of bytes.
    value.extend([0x19, 1, 0, 0, 16, 0, 0, 0, 0x13, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    value.extend([1, 1, 0, 0, 0, 0, 0, 0]);
    value.extend(u64::from(count).to_le_bytes());
    let heap = at + 16 + 8 + value.len() as u64 + 16 * u64::from(count);
    for _ in 0..count {
        value.extend(60_000_u32.to_le_bytes());
        value.extend(heap.to_le_bytes());
        value.extend(1_u32.to_le_bytes());
    }
    let mut object = vec![1, 0, 1, 0, 1, 0, 0, 0];
    object.extend((8 + value.len() as u32).to_le_bytes());
    object.extend([0, 0, 0, 0, 12, 0]);
    object.extend((value.len() as u16).to_le_bytes());
    object.extend([0; 4]);
    object.extend(value);
    object.extend(b"GCOL\x01\0\0\0");
    object.extend(60_032_u64.to_le_bytes());
    object.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    object.extend(60_000_u64.to_le_bytes());
    object.extend([b'y'; 60_000]);
    let file = group(b"a\0", &[0], &object, |symbols| node(0, &[symbols]));
    let file = open(file).unwrap();
    let group = file.root().group("a").unwrap().unwrap();
    assert_eq!(group.attributes().unwrap(), ["x"]);
    let error = group.attribute("x").unwrap_err();
    assert!(error.contains("attribute \"x\" holds a text, which takes 60000 bytes"), "{error}");
}

/// No prefix of a file opens. (Flipped bits are in `tests/hostile_files.rs`.)
#[test]
fn truncated() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/files/");
    let good = std::fs::read(format!("{folder}model.weights.h5")).unwrap();
    for n in 0..good.len() {
        assert!(open(good[..n].to_vec()).is_err(), "{n}");
    }
}
