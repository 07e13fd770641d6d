//! Types of elements, as HDF5 describes them.
use super::super::limits::Result;
use super::cursor::{Cursor, damaged};
use ferras_graph::DType;

/// What elements are, and how they are stored.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Datatype {
    pub class: Class,
    /// Bytes of an element.
    pub size: usize,
    pub big_endian: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Class {
    /// Whole numbers.
    Integer { signed: bool },
    /// IEEE floats.
    Float,
    /// The upper half of a float32: two bytes that h5py has no name for.
    Brain,
    /// h5py's truth values: an enumeration of FALSE and TRUE.
    Truth,
    /// Texts of a fixed number of bytes; with a pad of spaces if that is true.
    Text { spaces: bool },
    /// Texts of any length, which lie in a heap.
    AnyText,
    /// What is not read, in words.
    Other(&'static str),
}

impl Datatype {
    pub fn read(mut fields: Cursor) -> Result<Datatype> {
        let head = fields.u8()?;
        let (version, class) = (head >> 4, head & 15);
        let bits = fields.uint(3)?;
        let size = fields.u32()? as usize;
        if size == 0 || version == 0 {
            return Err(damaged("a type of elements without a size"));
        }
        let class = match class {
            0 => integer(fields, bits, size)?,
            1 => float(fields, bits, size)?,
            2 => Class::Other("times"),
            3 => Class::Text { spaces: bits & 15 == 2 },
            4 => Class::Other("bit fields"),
            5 if size == 2 => Class::Brain,
            5 => Class::Other("opaque bytes"),
            6 => Class::Other("records (a compound type)"),
            7 => Class::Other("references"),
            8 => enumeration(fields, version, bits, size)?,
            9 if bits & 15 == 1 => Class::AnyText,
            9 => Class::Other("lists (a variable-length type)"),
            10 => Class::Other("arrays (an array type)"),
            11 => Class::Other("complex numbers"),
            _ => return Err(damaged("an unknown type of elements")),
        };
        let numeric = matches!(class, Class::Integer { .. } | Class::Float);
        Ok(Datatype { big_endian: numeric && bits & 1 != 0, class, size })
    }

    /// What elements become in memory.
    pub fn dtype(&self) -> Result<DType> {
        Ok(match (&self.class, self.size) {
            (Class::Truth, 1) => DType::Bool,
            (Class::Integer { signed: false }, 1) => DType::U8,
            (Class::Integer { .. }, 1 | 2) | (Class::Integer { signed: true }, 4) => DType::I32,
            (Class::Integer { .. }, 4 | 8) => DType::I64,
            (Class::Float, 2) => DType::F16,
            (Class::Float, 4) => DType::F32,
            (Class::Float, 8) => DType::F64,
            (Class::Brain, 2) => DType::BF16,
            _ => return Err(format!("holds {}; read are numbers and truth values", self.words())),
        })
    }

    /// In words, for errors.
    pub fn words(&self) -> String {
        match &self.class {
            Class::Integer { .. } => format!("integers of {} bytes", self.size),
            Class::Float | Class::Brain => format!("floats of {} bytes", self.size),
            Class::Truth => "truth values".into(),
            Class::Text { .. } | Class::AnyText => "texts".into(),
            Class::Other(words) => (*words).into(),
        }
    }
}

fn integer(mut fields: Cursor, bits: u64, size: usize) -> Result<Class> {
    let (offset, precision) = (fields.u16()?, usize::from(fields.u16()?));
    let plain = offset == 0 && precision == 8 * size && [1, 2, 4, 8].contains(&size);
    Ok(match plain {
        true => Class::Integer { signed: bits & 8 != 0 },
        false => Class::Other("integers of a width that is not read"),
    })
}

/// Where the parts of a float lie: exponent, its bits, mantissa, its bits; and what is subtracted.
const FLOATS: [(usize, [u8; 4], u32, Class); 4] = [
    (2, [10, 5, 0, 10], 15, Class::Float),
    (2, [7, 8, 0, 7], 127, Class::Brain),
    (4, [23, 8, 0, 23], 127, Class::Float),
    (8, [52, 11, 0, 52], 1023, Class::Float),
];

fn float(mut fields: Cursor, bits: u64, size: usize) -> Result<Class> {
    let (offset, precision) = (fields.u16()?, usize::from(fields.u16()?));
    let parts = [fields.u8()?, fields.u8()?, fields.u8()?, fields.u8()?];
    let bias = fields.u32()?;
    let plain = offset == 0 && precision == 8 * size && bits & 0x40 == 0;
    let known = FLOATS.iter().find(|f| plain && f.0 == size && f.1 == parts && f.2 == bias);
    Ok(known.map_or(Class::Other("floats of an uncommon kind"), |f| f.3.clone()))
}

/// An enumeration: h5py's truth values, or numbers with names, which count as numbers.
fn enumeration(mut fields: Cursor, version: u8, bits: u64, size: usize) -> Result<Class> {
    // Its numbers' own type: always a plain integer, of 12 bytes.
    let base = Cursor::take(&mut fields, 12)?;
    let head = base.first().copied().unwrap_or_default();
    if head & 15 != 0 {
        return Ok(Class::Other("an enumeration of things that are no numbers"));
    }
    let signed = base.get(1).is_some_and(|flags| flags & 8 != 0);
    let mut names = Vec::with_capacity(2);
    for _ in 0..bits & 0xffff {
        let before = fields.left();
        let name = fields.text()?;
        let taken = before - fields.left();
        if version < 3 {
            fields.take(taken.next_multiple_of(8) - taken)?;
        }
        if names.len() == 2 {
            return Ok(Class::Integer { signed });
        }
        names.push(name);
    }
    Ok(match names.as_slice() {
        [b"FALSE", b"TRUE"] if size == 1 && fields.take(2)? == [0, 1] => Class::Truth,
        _ => Class::Integer { signed },
    })
}

/// The lengths of all axes. None for a space that holds nothing at all.
pub(super) fn dataspace(mut fields: Cursor) -> Result<Option<Vec<usize>>> {
    let (version, rank, flags) = (fields.u8()?, fields.u8()?, fields.u8()?);
    let class = fields.u8()?;
    match version {
        1 => {
            fields.take(4)?;
        }
        2 if class == 2 => return Ok(None),
        2 => {}
        _ => return Err(damaged("a shape of an unknown version")),
    }
    if rank > 32 || flags > 3 {
        return Err(damaged("a shape of too many axes"));
    }
    let mut shape = Vec::with_capacity(usize::from(rank));
    for _ in 0..rank {
        let length = usize::try_from(fields.length()?);
        shape.push(length.map_err(|_| damaged("an axis too long for this machine"))?);
    }
    Ok(Some(shape))
}

/// How many elements a shape has.
pub(super) fn elements(shape: &[usize]) -> Result<usize> {
    let count = shape.iter().try_fold(1_usize, |n, d| n.checked_mul(*d));
    count.ok_or_else(|| format!("has the impossible shape {shape:?}"))
}
