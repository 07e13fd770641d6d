//! NumPy's `.npy` files: one array each.
//!
//! Read are all three versions of the format, either byte order, both memory orders, and the
//! element types bool, integers and floats. Those that [`DType`](crate::DType) lacks become the
//! next wider one that has room: int8, int16 and uint16 become int32; uint32 and uint64 int64.
//! Arrays of texts have a function of their own, [`read_texts`].
//! Arrays of Python objects are refused: reading them means running code from the file. (The data
//! sets that Keras keeps as lists of integers are read by [`imdb`](super::imdb) and
//! [`reuters`](super::reuters).)
//!
//! ```
//! use ferras::{Tensor, datasets::npy};
//! let path = std::env::temp_dir().join(format!("ferras-doc-{}.npy", std::process::id()));
//! let tensor = Tensor::new([2, 3], vec![1_i64, 2, 3, 4, 5, 6])?;
//! npy::write(&path, &tensor)?;
//! assert_eq!(npy::read(&path)?, tensor);
//! # std::fs::remove_file(&path).unwrap();
//! # Ok::<(), ferras::Error>(())
//! ```
use crate::containers::limits::{Budget, Limits};
use crate::containers::pickle::{self, Data, List, Value};
use crate::files::write_atomic;
use crate::{Error, Result, Tensor};
use ferras_graph::{Element, Elements};
use half::{bf16, f16};
use ndarray::{ArrayD, IxDyn, ShapeBuilder};
use std::path::Path;

mod texts;

pub use texts::read_texts;

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// NumPy's own headers are some hundred bytes; it refuses ones over 10,000 by default.
const LONGEST_HEADER: usize = 10_000;
/// NumPy's arrays have at most this many axes.
const MOST_AXES: usize = 64;
/// The kind of arrays that hold Python's objects, in a pickle that follows the header.
const OBJECT: char = 'O';

/// The array of a file.
pub fn read(path: impl AsRef<Path>) -> Result<Tensor> {
    let path = path.as_ref();
    let (bytes, budget) = Limits::new().read(path)?;
    parse(&bytes, &budget).map_err(|problem| Error::file(path, problem))
}

/// Writes a tensor to a file, in place of what it held. float16 is kept; bfloat16, which NumPy
/// lacks, becomes float32.
pub fn write(path: impl AsRef<Path>, tensor: &Tensor) -> Result<()> {
    write_atomic(path, &to_bytes(tensor))
}

/// The array of a file's bytes, however they came; what they may cost is bounded as for a file.
///
/// ```
/// use ferras::{Tensor, datasets::npy};
/// let tensor = Tensor::new([2], vec![0.5_f32, -1.0])?;
/// assert_eq!(npy::from_bytes(&npy::to_bytes(&tensor))?, tensor);
/// let error = npy::from_bytes(b"PK").unwrap_err();
/// assert_eq!(error.to_string(), "array: is no .npy file: too short");
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn from_bytes(bytes: &[u8]) -> Result<Tensor> {
    let budget = Limits::new().budget(bytes.len() as u64);
    let tensor = budget.and_then(|budget| parse(bytes, &budget));
    tensor.map_err(|problem| Error::Data(format!("array: {problem}")))
}

/// How the elements of a file are stored.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stored {
    kind: char,
    size: usize,
    big_endian: bool,
}

#[derive(Debug, PartialEq)]
struct Header {
    stored: Stored,
    fortran: bool,
    shape: Vec<usize>,
}

/// Reads the array of a file. Nothing is allocated on the header's word alone: its size must equal
/// that of the bytes that follow.
pub(crate) fn parse(file: &[u8], budget: &Budget) -> Result<Tensor, String> {
    let (text, data) = header_text(file)?;
    let header = Header::parse(text)?;
    if header.stored.kind == OBJECT {
        let problem = "holds Python objects (dtype object): reading them would run code from the \
                       file; save an array of numbers instead";
        return Err(problem.to_string());
    }
    if matches!(header.stored.kind, texts::UNICODE | texts::BYTES) {
        return Err("holds texts, and numbers were expected".to_string());
    }
    placed(&header.shape, header.stored.size, data.len())?;
    let left = data.len();
    // Small integers become wider ones, of 4 bytes at most for 1; columns first are turned.
    let copies = if header.fortran { 2 } else { 1 };
    let widened = if header.stored.kind == 'i' && header.stored.size == 1 { 4 } else { 2 };
    budget.take(left as u64 * copies * widened, || "an array".into())?;
    header.tensor(data)
}

/// The number of places of an array, whose elements of this size must fill the bytes that are left.
fn placed(shape: &[usize], size: usize, left: usize) -> Result<usize, String> {
    let places = shape.iter().try_fold(1_usize, |n, d| n.checked_mul(*d));
    let bytes = places.and_then(|n| n.checked_mul(size));
    match places {
        Some(places) if bytes == Some(left) => Ok(places),
        _ => {
            let needed = bytes.map_or("too many".into(), |b| b.to_string());
            Err(format!(
                "the header says an array of shape {shape:?}, which takes {needed} bytes, but \
                 {left} follow; the file is truncated or damaged"
            ))
        }
    }
}

/// The lists of a file that holds Python's lists of integers, pickled as `dtype=object`. Nothing
/// else is read, and nothing is run.
pub(crate) fn parse_lists(file: &[u8], budget: &Budget) -> Result<Vec<Vec<i64>>, String> {
    let (text, data) = header_text(file)?;
    let header = Header::parse(text)?;
    let &[count] = &header.shape[..] else {
        return Err(format!("must hold a row of lists, got an array of shape {:?}", header.shape));
    };
    if header.stored.kind != OBJECT {
        return Err("must hold lists of integers, got an array of numbers".to_string());
    }
    let lists = match pickle::parse(data, budget)? {
        Value::Array(array) if array.shape == [count] => match array.data {
            Some(Data::Objects(List::Lists(lists))) => lists,
            Some(Data::Objects(List::Empty)) => Vec::new(),
            _ => return Err("must hold lists of integers alone".to_string()),
        },
        _ => return Err(format!("must hold the {count} lists that its header says")),
    };
    match lists.len() == count {
        true => Ok(lists),
        false => Err(format!("holds {} lists where its header says {count}", lists.len())),
    }
}

/// The header's text, and the bytes after it.
fn header_text(file: &[u8]) -> Result<(&str, &[u8]), String> {
    let no_npy = || "is no .npy file: too short".to_string();
    let (fixed, rest) = file.split_first_chunk::<8>().ok_or_else(no_npy)?;
    let Some([major, _minor]) = fixed.strip_prefix(MAGIC) else {
        return Err("is no .npy file: it does not begin as one".to_string());
    };
    // Version 1 counts the header in two bytes, 2 and 3 in four.
    let width = match major {
        1 => 2,
        2 | 3 => 4,
        other => return Err(format!("is of .npy version {other}; known are 1, 2 and 3")),
    };
    let (count, rest) = rest.split_at_checked(width).ok_or_else(no_npy)?;
    let count = count.iter().rev().fold(0, |n, byte| n << 8 | usize::from(*byte));
    if count > LONGEST_HEADER {
        return Err(format!("has a header of {count} bytes; at most {LONGEST_HEADER} are read"));
    }
    let parts = rest.split_at_checked(count).ok_or("ends within its header")?;
    let text = std::str::from_utf8(parts.0).map_err(|_| "has a header that is no text")?;
    Ok((text, parts.1))
}

impl Header {
    /// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`
    fn parse(text: &str) -> Result<Header, String> {
        let mut scan = Scan { rest: text };
        let (mut stored, mut fortran, mut shape) = (None, None, None);
        scan.expect('{')?;
        while !scan.accept('}') {
            let key = scan.quoted()?;
            scan.expect(':')?;
            let again = match key {
                "descr" => stored.replace(Stored::parse(scan.descr()?)?).is_some(),
                "fortran_order" => fortran.replace(scan.truth()?).is_some(),
                "shape" => shape.replace(scan.tuple()?).is_some(),
                other => return Err(format!("has an unknown key {other:?} in its header")),
            };
            if again {
                return Err(format!("names {key:?} twice in its header"));
            }
            if !scan.accept(',') {
                scan.expect('}')?;
                break;
            }
        }
        scan.end()?;
        match (stored, fortran, shape) {
            (Some(stored), Some(fortran), Some(shape)) => Ok(Header { stored, fortran, shape }),
            _ => Err("lacks descr, fortran_order or shape in its header".to_string()),
        }
    }

    /// The tensor of these bytes, which are as many as the header says.
    fn tensor(self, data: &[u8]) -> Result<Tensor, String> {
        let shape = self.shape;
        let (fortran, stored) = (self.fortran, self.stored);
        macro_rules! decode {
            ($from:ty => $to:ty, $convert:expr) => {{
                let decoded: Result<Vec<$to>, String> = data
                    .as_chunks::<{ size_of::<$from>() }>()
                    .0
                    .iter()
                    .map(|bytes| {
                        let value = match stored.big_endian {
                            true => <$from>::from_be_bytes(*bytes),
                            false => <$from>::from_le_bytes(*bytes),
                        };
                        $convert(value)
                    })
                    .collect();
                build(shape, decoded?, fortran)
            }};
        }
        match (stored.kind, stored.size) {
            ('b', 1) => build(shape, data.iter().map(|b| *b != 0).collect(), fortran),
            ('u', 1) => build(shape, data.to_vec(), fortran),
            ('i', 1) => decode!(i8 => i32, |v| Ok(i32::from(v))),
            ('i', 2) => decode!(i16 => i32, |v| Ok(i32::from(v))),
            ('u', 2) => decode!(u16 => i32, |v| Ok(i32::from(v))),
            ('i', 4) => decode!(i32 => i32, Ok),
            ('u', 4) => decode!(u32 => i64, |v| Ok(i64::from(v))),
            ('i', 8) => decode!(i64 => i64, Ok),
            ('u', 8) => decode!(u64 => i64, |v| i64::try_from(v)
                .map_err(|_| format!("holds {v}, which is too large for int64"))),
            ('f', 2) => decode!(f16 => f16, Ok),
            ('f', 4) => decode!(f32 => f32, Ok),
            ('f', 8) => decode!(f64 => f64, Ok),
            (kind, size) => Err(format!("holds elements of type {kind}{size}, which is not read")),
        }
    }
}

fn build<T: Element>(shape: Vec<usize>, data: Vec<T>, fortran: bool) -> Result<Tensor, String> {
    if !fortran {
        return Tensor::new(shape, data).map_err(|e| e.to_string());
    }
    let array = ArrayD::from_shape_vec(IxDyn(&shape).f(), data).map_err(|e| e.to_string())?;
    Ok(Tensor::from(&array))
}

impl Stored {
    /// `<f4`, `>i8`, `|u1`: byte order, kind, bytes.
    fn parse(descr: &str) -> Result<Stored, String> {
        if matches!(descr, "O" | "|O") {
            return Ok(Stored { kind: OBJECT, size: 0, big_endian: false });
        }
        let mut chars = descr.chars();
        let order = chars.next().unwrap_or_default();
        let kind = chars.next().unwrap_or_default();
        let size: Option<usize> = chars.as_str().parse().ok();
        let big_endian = match order {
            '<' | '|' => false,
            '>' => true,
            '=' => cfg!(target_endian = "big"),
            _ => return Err(format!("has an unknown element type {descr:?}")),
        };
        match (kind, size) {
            ('b', Some(1)) | ('u' | 'i', Some(1 | 2 | 4 | 8)) | ('f', Some(2 | 4 | 8)) => {
                Ok(Stored { kind, size: size.unwrap_or_default(), big_endian })
            }
            (texts::BYTES, Some(size)) => Ok(Stored { kind, size, big_endian }),
            (texts::UNICODE, Some(letters)) if letters.checked_mul(4).is_some() => {
                Ok(Stored { kind, size: letters.saturating_mul(4), big_endian })
            }
            _ => Err(format!(
                "holds elements of type {descr:?}; read are bool, integers of 1 to 8 bytes and \
                 floats of 2 to 8"
            )),
        }
    }
}

/// Reads the few forms of Python's literals that a header has.
struct Scan<'a> {
    rest: &'a str,
}

impl<'a> Scan<'a> {
    fn accept(&mut self, wanted: char) -> bool {
        self.rest = self.rest.trim_start();
        let after = self.rest.strip_prefix(wanted);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        match self.accept(wanted) {
            true => Ok(()),
            false => Err(self.broken(&format!("{wanted:?}"))),
        }
    }

    fn broken(&self, wanted: &str) -> String {
        let found: String = self.rest.chars().take(20).collect();
        format!("has a broken header: expected {wanted}, found {found:?}")
    }

    fn quoted(&mut self) -> Result<&'a str, String> {
        let quote = if self.accept('\'') { '\'' } else { '"' };
        if quote == '"' {
            self.expect('"')?;
        }
        let (text, rest) =
            self.rest.split_once(quote).ok_or_else(|| self.broken("the end of a text"))?;
        self.rest = rest;
        Ok(text)
    }

    fn descr(&mut self) -> Result<&'a str, String> {
        match self.accept('[') {
            true => Err("holds records (a structured dtype); read are plain numbers".to_string()),
            false => self.quoted(),
        }
    }

    fn truth(&mut self) -> Result<bool, String> {
        self.rest = self.rest.trim_start();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(self.broken("True or False"))
    }

    fn tuple(&mut self) -> Result<Vec<usize>, String> {
        self.expect('(')?;
        let mut shape = Vec::new();
        while !self.accept(')') {
            self.rest = self.rest.trim_start();
            let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = self.rest.split_at_checked(digits).unwrap_or_default();
            shape.push(number.parse().map_err(|_| self.broken("a size"))?);
            // Files of Python 2 write their sizes as long integers.
            self.rest = rest.strip_prefix('L').unwrap_or(rest);
            if shape.len() > MOST_AXES {
                return Err(format!("has more than {MOST_AXES} axes"));
            }
            if !self.accept(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(shape)
    }

    fn end(&self) -> Result<(), String> {
        match self.rest.trim().is_empty() {
            true => Ok(()),
            false => Err(self.broken("the end")),
        }
    }
}

/// The bytes of a file that holds the tensor.
pub fn to_bytes(tensor: &Tensor) -> Vec<u8> {
    // Elements are written one by one, so the order of bytes is little on every machine.
    macro_rules! encode {
        ($descr:literal, $values:expr) => {
            ($descr, $values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
        };
    }
    let (descr, data) = match tensor.elements() {
        Elements::Bool(v) => ("|b1", v.iter().map(|b| u8::from(*b)).collect()),
        Elements::U8(v) => ("|u1", v.to_vec()),
        Elements::I32(v) => encode!("<i4", v),
        Elements::I64(v) => encode!("<i8", v),
        Elements::F16(v) => encode!("<f2", v),
        Elements::BF16(v) => {
            encode!("<f4", v.iter().copied().map(bf16::to_f32).collect::<Vec<f32>>())
        }
        Elements::F32(v) => encode!("<f4", v),
        Elements::F64(v) => encode!("<f8", v),
    };
    let mut sizes: Vec<String> = tensor.shape().iter().map(usize::to_string).collect();
    if sizes.len() == 1 {
        sizes.push(String::new());
    }
    let shape = sizes.join(", ");
    let dict = format!(
        "{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}",
        shape.trim_end()
    );
    // The data begins at a multiple of 64 bytes; a line feed ends the header.
    let header = (10 + dict.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = Vec::with_capacity(10 + header + data.len());
    bytes.extend(MAGIC);
    bytes.extend([1, 0]);
    bytes.extend((header as u16).to_le_bytes());
    bytes.extend(format!("{dict:<width$}\n", width = header - 1).bytes());
    bytes.extend(data);
    bytes
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::DType;
    use ferras_graph::TensorType;

    /// A file with this header and data.
    pub(super) fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.bytes());
        bytes.extend(data);
        bytes
    }

    fn parsed(bytes: &[u8]) -> Result<Tensor, String> {
        parse(bytes, &Limits::new().budget(bytes.len() as u64)?)
    }

    fn of(descr: &str, shape: &str, data: &[u8]) -> Result<Tensor, String> {
        let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
        parsed(&file(&header, data))
    }

    #[test]
    fn every_type_comes_back() {
        for dtype in DType::ALL {
            for shape in [&[][..], &[0], &[3], &[2, 0, 5], &[2, 3, 4]] {
                let tensor = Tensor::full(&TensorType::new(dtype, shape), 1.0);
                let back = parsed(&to_bytes(&tensor)).unwrap();
                // NumPy has no bfloat16.
                let kept = if dtype == DType::BF16 { DType::F32 } else { dtype };
                let expected = tensor.cast(kept);
                assert_eq!(back, expected);
            }
        }
    }

    #[test]
    fn orders_and_widths() {
        let big = of("'>i4'", "(2,)", &[0, 0, 1, 0, 255, 255, 255, 255]).unwrap();
        assert_eq!(big.as_slice::<i32>(), Some(&[256, -1][..]));
        assert_eq!(of("'<u2'", "(1,)", &[255, 255]).unwrap().as_slice(), Some(&[65535_i32][..]));
        assert_eq!(of("'|i1'", "()", &[255]).unwrap().as_slice(), Some(&[-1_i32][..]));
        assert_eq!(
            of("'<u4'", "(1L,)", &[255; 4]).unwrap().as_slice(),
            Some(&[4_294_967_295_i64][..])
        );
        assert!(of("'<u8'", "(1,)", &[255; 8]).unwrap_err().contains("too large for int64"));
        let header = "{'shape': (2, 3), 'fortran_order': True, 'descr': '|u1'}";
        let fortran = parsed(&file(header, &[1, 2, 3, 4, 5, 6])).unwrap();
        assert_eq!(fortran.as_slice::<u8>(), Some(&[1, 3, 5, 2, 4, 6][..]));
    }

    #[test]
    fn refuses_by_name() {
        let message = |descr, shape, data: &[u8]| of(descr, shape, data).unwrap_err();
        assert!(message("'|O'", "(1,)", &[0]).contains("Python objects"));
        assert!(message("'O'", "(1,)", &[0]).contains("Python objects"));
        assert!(message("[('a', '<f4')]", "(1,)", &[0; 4]).contains("structured dtype"));
        assert!(message("'<U5'", "(1,)", &[0; 20]).contains("holds texts, and numbers"));
        assert!(message("'<c8'", "(1,)", &[0; 8]).contains("\"<c8\""));
        assert!(message("'<f4'", "(2,)", &[0; 4]).contains("takes 8 bytes, but 4 follow"));
        assert!(message("'<f4'", "(1,)", &[0; 5]).contains("takes 4 bytes, but 5 follow"));
        assert!(message("'<f4'", "(9999999999, 9999999999)", &[]).contains("too many bytes"));
        assert!(message("'<f4'", "(-1,)", &[]).contains("expected a size"));
        assert!(message("'<f4'", "(1, 2", &[]).contains("broken header"));
        assert!(parsed(b"PK").unwrap_err().contains("too short"));
        assert!(parsed(&[0; 100]).unwrap_err().contains("does not begin as one"));
        assert!(parsed(b"\x93NUMPY\x09\x00\x00\x00").unwrap_err().contains("version 9"));
        let long = [&b"\x93NUMPY\x02\x00"[..], &[255, 255, 255, 255]].concat();
        assert!(parsed(&long).unwrap_err().contains("at most 10000"));
        let twice = "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}";
        assert!(parsed(&file(twice, &[0; 4])).unwrap_err().contains("twice"));
        assert!(parsed(&file("{}", &[])).unwrap_err().contains("lacks descr"));
        assert!(parsed(&file("{'x': 1}", &[])).unwrap_err().contains("unknown key \"x\""));
    }

    /// A file of lists of Python with this shape and pickle.
    fn objects(shape: &str, pickle: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '|O', 'fortran_order': False, 'shape': {shape}, }}\n");
        file(&header, pickle)
    }

    fn lists(bytes: &[u8]) -> Result<Vec<Vec<i64>>, String> {
        parse_lists(bytes, &Limits::new().budget(bytes.len() as u64)?)
    }

    /// An array of objects `(2,)` around these instructions, as NumPy pickles it.
    fn pickled(rows: &[u8]) -> Vec<u8> {
        let before = b"\x80\x03cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\
                       \x87R(K\x01K\x02\x85cnumpy\ndtype\nX\x02\0\0\0O8K\x00K\x01\x87R(K\x03X\x01\0\0\0|\
                       NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89";
        [&before[..], rows, b"tb."].concat()
    }

    #[test]
    fn lists_of_integers_and_nothing_else() {
        let good = objects("(2,)", &pickled(b"](](K\x01M\x2c\x01e]e"));
        assert_eq!(lists(&good).unwrap(), [vec![1, 300], vec![]]);
        assert!(parsed(&good).unwrap_err().contains("Python objects"));
        let error = |shape, rows: &[u8]| lists(&objects(shape, &pickled(rows))).unwrap_err();
        let two = b"](](K\x01e]e";
        assert!(error("(3,)", two).contains("must hold the 3 lists"), "{}", error("(3,)", two));
        assert!(error("(2, 1)", two).contains("must hold a row of lists"));
        assert!(error("()", two).contains("must hold a row of lists"));
        assert!(error("(2,)", b"](]K\x01e").contains("different things"));
        assert!(error("(2,)", b"]]K\x01aa").contains("holds 1 lists where its header says 2"));
        assert!(error("(2,)", b"](K\x01K\x02e").contains("lists of integers alone"));
        assert!(error("(2,)", b"](U\x01aU\x01be").contains("lists of integers alone"));
        assert!(error("(2,)", b"](]U\x01aa]e").contains("lists"));
        assert!(error("(2,)", b"cos\nsystem\n(U\x02lstR").contains("\"system\" of \"os\""));
        assert!(lists(&objects("(2,)", b"N.")).unwrap_err().contains("must hold the 2 lists"));
        assert!(lists(&to_bytes(&Tensor::scalar(1_u8))).is_err());
        let numbers = to_bytes(&Tensor::new([2], vec![1_i64, 2]).unwrap());
        assert!(lists(&numbers).unwrap_err().contains("got an array of numbers"));
        for n in 0..good.len() {
            assert!(lists(&good[..n]).is_err());
        }
        for place in 0..good.len() {
            for value in [0, 1, b'(', b'R', b'e', b'N', b'\n', 0x80, 255] {
                let mut bad = good.clone();
                bad[place] = value;
                let _ = lists(&bad);
            }
        }
    }

    /// Any prefix and any change of a byte gives a tensor or an error.
    #[test]
    fn damage_is_survived() {
        let good = to_bytes(&Tensor::new([3, 2], vec![1.0_f32; 6]).unwrap());
        for n in 0..good.len() {
            assert!(parsed(&good[..n]).is_err());
        }
        for place in 0..good.len().min(130) {
            for value in [0, 1, b'9', b'\'', b'(', 0x80, 255] {
                let mut bad = good.clone();
                bad[place] = value;
                let _ = parsed(&bad);
            }
        }
    }
}
