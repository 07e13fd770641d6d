//! Arrays of texts: NumPy's unicode strings (`<U7`) and byte strings (`|S7`).
use super::{Header, Limits, header_text, placed};
use crate::array::Texts;
use crate::containers::limits::Budget;
use crate::{Error, Result};
use ndarray::{ArrayD, IxDyn, ShapeBuilder};
use std::path::Path;

/// What NumPy's texts are made of.
pub(super) const UNICODE: char = 'U';
pub(super) const BYTES: char = 'S';

/// What a text takes besides its letters.
const EACH: u64 = 48;

/// The texts of a file, as `np.save` writes an array of strings.
///
/// Errors: an array of numbers or of Python's objects; byte strings that are no UTF-8.
///
/// ```
/// use ferras::datasets::npy;
/// let path = std::env::temp_dir().join(format!("ferras-doc-texts-{}.npy", std::process::id()));
/// let header = "{'descr': '|S3', 'fortran_order': False, 'shape': (2,), }";
/// let file = [&b"\x93NUMPY\x01\x00"[..], &[header.len() as u8, 0], header.as_bytes(), b"onetwo"];
/// std::fs::write(&path, file.concat()).unwrap();
/// assert_eq!(npy::read_texts(&path)?.iter().collect::<Vec<_>>(), ["one", "two"]);
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn read_texts(path: impl AsRef<Path>) -> Result<Texts> {
    let path = path.as_ref();
    let (bytes, budget) = Limits::new().read(path)?;
    parse(&bytes, &budget).map_err(|problem| Error::file(path, problem))
}

/// Reads the texts of a file. Nothing is allocated on the header's word alone.
fn parse(file: &[u8], budget: &Budget) -> Result<Texts, String> {
    let (text, data) = header_text(file)?;
    let Header { stored, fortran, shape } = Header::parse(text)?;
    if !matches!(stored.kind, UNICODE | BYTES) {
        return Err("holds no texts; save an array of strings".into());
    }
    let places = placed(&shape, stored.size, data.len())?;
    budget.take((places as u64).saturating_mul(EACH), || "texts".into())?;
    budget.take(data.len() as u64, || "texts".into())?;
    // Texts of no letters take no bytes.
    let one = |place: usize| {
        let bytes = data.get(place * stored.size..).and_then(|rest| rest.get(..stored.size));
        match stored.kind {
            UNICODE => letters(bytes.unwrap_or_default(), stored.big_endian),
            _ => utf8(bytes.unwrap_or_default()),
        }
    };
    let texts = (0..places).map(one).collect::<Result<Vec<String>, String>>()?;
    let order = IxDyn(&shape).set_f(fortran);
    Ok(Texts::from(ArrayD::from_shape_vec(order, texts).map_err(|e| e.to_string())?))
}

/// A text of four bytes a letter, filled up with zeros.
fn letters(bytes: &[u8], big_endian: bool) -> Result<String, String> {
    let letter = |bytes: &[u8; 4]| match big_endian {
        true => u32::from_be_bytes(*bytes),
        false => u32::from_le_bytes(*bytes),
    };
    let all: Vec<u32> = bytes.as_chunks::<4>().0.iter().map(letter).collect();
    let end = all.iter().rposition(|letter| *letter != 0).map_or(0, |last| last + 1);
    let read = |letter: &u32| {
        char::from_u32(*letter).ok_or_else(|| format!("holds {letter:#x}, which is no letter"))
    };
    all.iter().take(end).map(read).collect()
}

/// A text of bytes, filled up with zeros.
fn utf8(bytes: &[u8]) -> Result<String, String> {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let text = bytes.get(..end).and_then(|bytes| std::str::from_utf8(bytes).ok());
    text.map(String::from).ok_or_else(|| "holds byte strings that are no UTF-8".into())
}

#[cfg(test)]
mod tests {
    use super::super::tests::file;
    use super::*;

    fn read(descr: &str, fortran: &str, shape: &str, data: &[u8]) -> Result<Texts, String> {
        let header =
            format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}}}");
        let bytes = file(&header, data);
        parse(&bytes, &Limits::new().budget(bytes.len() as u64)?)
    }

    fn wide(text: &str, big_endian: bool) -> Vec<u8> {
        let one = |c: char| match big_endian {
            true => u32::from(c).to_be_bytes(),
            false => u32::from(c).to_le_bytes(),
        };
        text.chars().flat_map(one).collect()
    }

    #[test]
    fn both_kinds_both_orders() {
        for (descr, big) in [("<U3", false), (">U3", true)] {
            let texts = read(descr, "False", "(2, 1)", &wide("é\u{1F600}\0one", big)).unwrap();
            assert_eq!(texts, Texts::from([["é\u{1F600}"], ["one"]]));
        }
        let columns = read("|S1", "True", "(2, 2)", b"acbd").unwrap();
        assert_eq!(columns, Texts::from([["a", "b"], ["c", "d"]]));
        assert_eq!(read("<U0", "False", "(2,)", b"").unwrap(), Texts::from(["", ""]));
        assert_eq!(read("|S4", "False", "()", b"a\0b\0").unwrap().iter().next(), Some("a\0b"));
    }

    #[test]
    fn what_is_none_is_told() {
        let error = |descr, shape, data: &[u8]| read(descr, "False", shape, data).unwrap_err();
        assert!(error("<f4", "(1,)", &[0; 4]).contains("holds no texts"));
        assert!(error("|O", "(1,)", &[0; 4]).contains("holds no texts"));
        assert!(error("<U1", "(1,)", &[0, 0xd8, 0, 0]).contains("0xd800, which is no letter"));
        assert!(error("|S2", "(1,)", &[0xff, 0xfe]).contains("no UTF-8"));
        assert!(error("<U2", "(1,)", &[0; 4]).contains("takes 8 bytes, but 4 follow"));
        assert!(error("<U0", "(99999999999,)", b"").contains("texts"));
        assert!(error("<U4611686018427387904", "(1,)", b"").contains("elements of type"));
    }
}
