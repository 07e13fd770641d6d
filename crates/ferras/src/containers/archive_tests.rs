//! Archives that are honest, damaged, and made to harm.
use super::super::limits::Limits;
use super::*;

fn budget(bytes: &[u8]) -> Budget {
    Limits::new().budget(bytes.len() as u64).unwrap()
}

/// All members, or what is wrong with the first that cannot be read.
fn all(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
    let archive = Archive::open(bytes, &budget(bytes))?;
    let read = |name: &str| Ok((name.to_string(), archive.read(name)?.into_owned()));
    archive.names().map(read).collect()
}

fn members() -> Vec<(&'static str, &'static [u8])> {
    vec![("metadata.json", b"{}"), ("a/b:0.npy", &[7; 3000]), ("empty", b"")]
}

fn good(packed: bool) -> Vec<u8> {
    write(&members(), packed).unwrap()
}

/// The first place of these bytes.
fn find(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes.windows(wanted.len()).position(|w| w == wanted).unwrap()
}

/// Puts bytes at `offset` of the directory's first entry.
fn listed(bytes: &[u8], offset: usize, new: &[u8]) -> String {
    let mut bytes = bytes.to_vec();
    let place = find(&bytes, b"PK\x01\x02") + offset;
    bytes[place..place + new.len()].copy_from_slice(new);
    all(&bytes).unwrap_err()
}

#[test]
fn what_is_written_is_read() {
    for packed in [false, true] {
        let bytes = good(packed);
        assert!(is_zip(&bytes));
        let expected: Vec<(String, Vec<u8>)> =
            members().iter().map(|(n, d)| (n.to_string(), d.to_vec())).collect();
        assert_eq!(all(&bytes).unwrap(), expected);
        assert_eq!(bytes, good(packed), "equal members give equal bytes");
    }
    let bytes = good(false);
    let archive = Archive::open(&bytes, &budget(&bytes)).unwrap();
    assert!(matches!(archive.read("a/b:0.npy").unwrap(), Cow::Borrowed(_)));
    assert!(archive.contains("empty") && !archive.contains("x"));
    assert_eq!(archive.read("x").unwrap_err(), "holds no member \"x\"");
    assert!(write(&[("a", b""), ("a", b"")], false).unwrap_err().contains("two members"));
}

#[test]
fn files_of_keras() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/files/");
    let bytes = std::fs::read(format!("{folder}model.keras")).unwrap();
    let names: Vec<String> = all(&bytes).unwrap().into_iter().map(|m| m.0).collect();
    assert_eq!(names, ["metadata.json", "config.json", "model.weights.h5"]);
}

#[test]
fn damage_is_an_error() {
    for packed in [false, true] {
        let good = good(packed);
        let members = all(&good).unwrap();
        for n in 0..good.len() {
            assert!(all(&good[..n]).is_err());
        }
        for place in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[place] ^= 1 << bit;
                if let Ok(found) = all(&bad) {
                    assert_eq!(found, members, "bit {bit} of byte {place}");
                }
            }
        }
    }
}

#[test]
fn headers_that_contradict() {
    let bytes = good(false);
    // Method, checksum, both sizes, name: in the directory alone.
    let contradicts = |offset, new: &[u8]| {
        let error = listed(&bytes, offset, new);
        assert!(error.contains("contradicts"), "{offset}: {error}");
    };
    contradicts(10, &[8, 0]);
    contradicts(16, &[1, 2, 3, 4]);
    contradicts(20, &[1, 0, 0, 0, 1, 0, 0, 0]);
    contradicts(46, b"N");
    assert!(listed(&bytes, 24, &[9]).contains("two different sizes"));
    assert!(listed(&bytes, 8, &[1]).contains("encrypted"));
    assert!(listed(&bytes, 10, &[12]).contains("method 12"));
    // The place of another member's header.
    assert!(listed(&bytes, 42, &[60]).contains("no zip archive"));
}

#[test]
fn links_and_overlaps() {
    let bytes = good(false);
    for kind in [0o120_777_u32, 0o060_000, 0o020_000, 0o010_000, 0o140_000] {
        let mut link = bytes.clone();
        let entry = find(&link, b"PK\x01\x02");
        link[entry + 5] = 3;
        link[entry + 38..entry + 42].copy_from_slice(&(kind << 16).to_le_bytes());
        assert!(all(&link).unwrap_err().contains("link or a device"));
    }
    let single = write(&[("a", b"1"), ("b", b"2")], false).unwrap();
    let mut same = single.clone();
    for byte in same.iter_mut().filter(|byte| **byte == b'b') {
        *byte = b'a';
    }
    assert_eq!(all(&same).unwrap_err(), "holds two members named \"a\"");
    // Two entries of the directory, one member under both.
    let second = single.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    let mut overlapping = single.clone();
    overlapping[second + 42] = 0;
    assert!(all(&overlapping).unwrap_err().contains("contradicts"));
}

#[test]
fn names_that_lead_out() {
    for name in ["../a", "a/../../b", "/etc/passwd", "a\\b", "C:/a", "a\0b", "..", ""] {
        let bytes = write(&[("x", b"1")], false).unwrap();
        // Built by hand, as the writer might refuse them.
        let header = find(&bytes, b"PK\x01\x02");
        let (local, rest) = bytes.split_at(header);
        let mut evil = local[..26].to_vec();
        evil.extend((name.len() as u16).to_le_bytes());
        evil.extend(&local[28..30]);
        evil.extend(name.bytes());
        evil.extend(&local[31..]);
        let directory = evil.len() as u32;
        let mut entry = rest[..46].to_vec();
        entry[28..30].copy_from_slice(&(name.len() as u16).to_le_bytes());
        evil.extend(entry);
        evil.extend(name.bytes());
        let mut end = rest[47..].to_vec();
        end[12..16].copy_from_slice(&(46 + name.len() as u32).to_le_bytes());
        end[16..20].copy_from_slice(&directory.to_le_bytes());
        evil.extend(end);
        let error = all(&evil).unwrap_err();
        assert!(error.contains("no plain relative path"), "{name:?}: {error}");
    }
}

#[test]
fn bombs() {
    let zeros = vec![0; 40 << 20];
    let bytes = write(&[("a", &zeros)], true).unwrap();
    assert!(bytes.len() < 100_000);
    let error = all(&bytes).unwrap_err();
    assert!(error.contains("more than the"), "{error}");
    let large = Limits::new().decoded_bytes(64 << 20).budget(bytes.len() as u64).unwrap();
    assert_eq!(Archive::open(&bytes, &large).unwrap().read("a").unwrap().len(), zeros.len());
    // Sizes that are not true, in both headers alike.
    for size in [100_u32, u32::MAX - 1] {
        let mut lies = write(&[("a", &[5; 3000])], true).unwrap();
        let entry = find(&lies, b"PK\x01\x02");
        lies[entry + 24..entry + 28].copy_from_slice(&size.to_le_bytes());
        lies[22..26].copy_from_slice(&size.to_le_bytes());
        let error = all(&lies).unwrap_err();
        assert!(error.contains("unpack"), "{error}");
    }
}
