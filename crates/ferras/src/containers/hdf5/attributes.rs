//! Small values that hang on groups and arrays.
use super::super::limits::Result;
use super::Attribute;
use super::cursor::{Cursor, Image, damaged, until_zero};
use super::datatype::{Class, Datatype, dataspace, elements};
use super::dense;
use super::header::{Header, kind};
use half::{bf16, f16};

/// All attributes of an object: names, and where their values are described.
pub(super) fn attributes<'a>(
    image: Image<'a>,
    header: &Header<'a>,
) -> Result<Vec<(&'a str, Cursor<'a>)>> {
    let mut found = Vec::new();
    for message in header.all(kind::ATTRIBUTE) {
        found.push(named(image, message?)?);
    }
    if let Some(mut info) = header.find(kind::ATTRIBUTE_INFO)? {
        info.u8()?;
        if info.u8()? & 1 != 0 {
            info.take(2)?;
        }
        if let Some(heap) = info.address()? {
            let index = info.place()?;
            for message in dense::objects(image, heap, index)? {
                found.push(named(image, image.cursor(message))?);
            }
        }
    }
    Ok(found)
}

/// The name of an attribute beside its message.
fn named<'a>(image: Image<'a>, message: Cursor<'a>) -> Result<(&'a str, Cursor<'a>)> {
    image.budget.count(1)?;
    let mut fields = message;
    let parts = Parts::read(&mut fields)?;
    let name = until_zero(fields.take(parts.name)?)?;
    let name = std::str::from_utf8(name).map_err(|_| damaged("a name that is no UTF-8"))?;
    Ok((name, message))
}

/// Version and lengths of the parts of a message.
struct Parts {
    version: u8,
    name: usize,
    datatype: usize,
    dataspace: usize,
}

impl Parts {
    fn read(fields: &mut Cursor) -> Result<Parts> {
        let (version, flags) = (fields.u8()?, fields.u8()?);
        let [name, datatype, dataspace] =
            [fields.u16()?, fields.u16()?, fields.u16()?].map(usize::from);
        match version {
            1 => {}
            2 | 3 if flags & 3 != 0 => {
                return Err("holds an attribute whose type is an object of its own (a committed \
                            type), which is not read"
                    .into());
            }
            2 => {}
            3 => {
                fields.u8()?;
            }
            _ => return Err(damaged("an attribute of an unknown version")),
        }
        Ok(Parts { version, name, datatype, dataspace })
    }

    /// The next part, of `length` bytes; version 1 pads it.
    fn part<'a>(&self, fields: &mut Cursor<'a>, length: usize) -> Result<&'a [u8]> {
        let part = fields.take(length)?;
        if self.version == 1 {
            fields.take(length.next_multiple_of(8) - length)?;
        }
        Ok(part)
    }
}

/// The value of an attribute.
pub(super) fn value(image: Image<'_>, message: Cursor<'_>) -> Result<Attribute> {
    let mut fields = message;
    let parts = Parts::read(&mut fields)?;
    parts.part(&mut fields, parts.name)?;
    let datatype = Datatype::read(image.cursor(parts.part(&mut fields, parts.datatype)?))?;
    let shape = dataspace(image.cursor(parts.part(&mut fields, parts.dataspace)?))?;
    let count = shape.as_deref().map_or(Ok(0), elements)?;
    let bytes = count.checked_mul(datatype.size).ok_or_else(|| damaged("an attribute's size"))?;
    let data = fields.take(bytes)?;
    // A number of 1 byte takes 8, a text its own place.
    let room = count.saturating_mul(8).saturating_add(bytes) as u64;
    image.budget.take(room, || "an attribute".into())?;
    let scalar = shape.is_some_and(|shape| shape.is_empty());
    match &datatype.class {
        Class::Text { .. } | Class::AnyText => {
            let mut texts = texts(image, &datatype, data)?;
            Ok(match (scalar, texts.pop()) {
                (true, Some(text)) => Attribute::Text(text),
                (_, last) => {
                    texts.extend(last);
                    Attribute::Texts(texts)
                }
            })
        }
        Class::Integer { .. } | Class::Truth => {
            let number = |bytes: &[u8]| integer(&datatype, bytes);
            Ok(Attribute::Integers(data.chunks_exact(datatype.size).map(number).collect()))
        }
        Class::Float | Class::Brain => {
            let number = |bytes: &[u8]| float(&datatype, bytes);
            Ok(Attribute::Floats(data.chunks_exact(datatype.size).map(number).collect()))
        }
        Class::Other(words) => Err(format!("holds {words}, which are not read")),
    }
}

/// The number in up to 8 bytes.
fn bits(datatype: &Datatype, bytes: &[u8]) -> u64 {
    let add = |n: u64, byte: &u8| n << 8 | u64::from(*byte);
    match datatype.big_endian {
        true => bytes.iter().fold(0, add),
        false => bytes.iter().rev().fold(0, add),
    }
}

fn integer(datatype: &Datatype, bytes: &[u8]) -> i64 {
    let value = bits(datatype, bytes) as i64;
    let unused = 64_u32.saturating_sub(8 * datatype.size as u32);
    match datatype.class {
        Class::Integer { signed: true } if unused < 64 => value << unused >> unused,
        _ => value,
    }
}

fn float(datatype: &Datatype, bytes: &[u8]) -> f64 {
    let value = bits(datatype, bytes);
    match (&datatype.class, datatype.size) {
        (Class::Brain, _) => bf16::from_bits(value as u16).to_f64(),
        (_, 2) => f16::from_bits(value as u16).to_f64(),
        (_, 4) => f64::from(f32::from_bits(value as u32)),
        _ => f64::from_bits(value),
    }
}

/// Texts of either kind. The room for fixed ones is already counted.
pub(super) fn texts(image: Image<'_>, datatype: &Datatype, data: &[u8]) -> Result<Vec<String>> {
    let each = data.chunks_exact(datatype.size.max(1));
    // A text is a place of 24 bytes beside its own.
    image.budget.take(each.len() as u64 * 24, || "texts".into())?;
    each.map(|bytes| match &datatype.class {
        Class::Text { spaces } => {
            let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
            let text = utf8(bytes.get(..end).unwrap_or_default())?;
            Ok(if *spaces { text.trim_end_matches(' ') } else { text }.to_string())
        }
        _ => far_text(image, bytes),
    })
    .collect()
}

fn utf8(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| "holds a text that is no UTF-8".to_string())
}

/// The text that lies in a heap, at the place these bytes tell.
fn far_text(image: Image<'_>, reference: &[u8]) -> Result<String> {
    let mut fields = image.cursor(reference);
    let length = u64::from(fields.u32()?);
    let heap = fields.address()?.filter(|heap| *heap != 0);
    let index = fields.u32()?;
    let Some(heap) = heap.filter(|_| length > 0) else {
        return Ok(String::new());
    };
    image.budget.take(length, || "a text".into())?;
    let object = heap_object(image, heap, index)?;
    let text = usize::try_from(length).ok().and_then(|length| object.get(..length));
    let text = utf8(text.ok_or_else(|| damaged("a text longer than its place"))?)?;
    // Some writers count the zero at the end.
    Ok(text.trim_end_matches('\0').to_string())
}

/// An object of a heap that holds texts.
fn heap_object(image: Image<'_>, address: u64, index: u32) -> Result<&[u8]> {
    let mut head = image.at(address)?;
    head.signature(b"GCOL")?;
    head.take(4)?;
    let length = head.length()?;
    let mut heap = image.cursor(image.slice(address, length)?);
    heap.take(8 + image.lengths)?;
    while heap.left() >= 8 + image.lengths {
        let found = u32::from(heap.u16()?);
        heap.take(6)?;
        let size = heap.length()?;
        let size = usize::try_from(size).map_err(|_| damaged("an object of a heap"))?;
        if found == 0 {
            break;
        }
        let object = heap.take(size)?;
        image.budget.work(16)?;
        if found == index {
            return Ok(object);
        }
        let pad = size.next_multiple_of(8) - size;
        heap.take(pad.min(heap.left()))?;
    }
    Err(damaged("a text that is not where it should be"))
}
