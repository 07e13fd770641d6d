//! Where the elements of an array lie.
use super::super::limits::Result;
use super::chunks::{self, Chunks};
use super::cursor::{Cursor, Image, damaged};
use super::header::{Header, kind};
use std::borrow::Cow;

/// The place of an array's bytes.
enum Layout<'a> {
    /// In the object header itself.
    Compact(&'a [u8]),
    /// In one piece.
    Whole(Option<u64>, u64),
    /// In tiles, each packed on its own.
    Chunked(Chunks),
}

/// The bytes of an array of `shape`, as they are stored: borrowed from the file where they lie in
/// one piece.
pub(super) fn bytes<'a>(
    image: Image<'a>,
    header: &Header<'a>,
    shape: &[usize],
    size: usize,
) -> Result<Cow<'a, [u8]>> {
    if header.has(kind::EXTERNAL_FILES) {
        return Err("keeps its data in another file, which is not opened".into());
    }
    let elements = super::datatype::elements(shape)?;
    let total =
        elements.checked_mul(size).ok_or_else(|| format!("has the impossible shape {shape:?}"))?;
    let message = header.find(kind::LAYOUT)?.ok_or_else(|| damaged("an array without a place"))?;
    let layout = read(message, size)?;
    if total == 0 {
        return Ok(Cow::Borrowed(&[]));
    }
    match layout {
        Layout::Compact(data) => exact(data, total),
        Layout::Whole(Some(place), length) => exact(image.slice(place, length)?, total),
        Layout::Whole(None, _) => Err("was never written".into()),
        Layout::Chunked(chunks) => {
            let filters = header.find(kind::FILTERS)?;
            chunks::read(image, &chunks, filters, shape, size).map(Cow::Owned)
        }
    }
}

/// What of these bytes belongs to the array: `total` of them.
fn exact(data: &[u8], total: usize) -> Result<Cow<'_, [u8]>> {
    let found = data.len();
    data.get(..total).map(Cow::Borrowed).ok_or_else(|| {
        damaged(format_args!("its shape needs {total} bytes, but {found} are there"))
    })
}

fn read<'a>(mut fields: Cursor<'a>, size: usize) -> Result<Layout<'a>> {
    match fields.u8()? {
        1 | 2 => first(fields, size),
        3 => match fields.u8()? {
            0 => {
                let length = usize::from(fields.u16()?);
                Ok(Layout::Compact(fields.take(length)?))
            }
            1 => Ok(Layout::Whole(fields.address()?, fields.length()?)),
            2 => {
                let axes = fields.u8()?;
                let tree = fields.address()?;
                Ok(Layout::Chunked(Chunks::new(tree, dimensions(&mut fields, axes, 4)?, size)?))
            }
            _ => Err(damaged("an array of an unknown layout")),
        },
        4 => {
            match fields.u8()? {
                0 => {
                    let length = usize::from(fields.u16()?);
                    Ok(Layout::Compact(fields.take(length)?))
                }
                1 => Ok(Layout::Whole(fields.address()?, fields.length()?)),
                2 => newest(fields, size),
                3 => Err("is a virtual data set, made of others, perhaps in other files: not read"
                    .into()),
                _ => Err(damaged("an array of an unknown layout")),
            }
        }
        _ => Err(damaged("a layout of an unknown version")),
    }
}

/// Versions 1 and 2, before HDF5 1.6.3.
fn first<'a>(mut fields: Cursor<'a>, size: usize) -> Result<Layout<'a>> {
    let (axes, class) = (fields.u8()?, fields.u8()?);
    fields.take(5)?;
    let place = if class == 0 { None } else { fields.address()? };
    let dims = dimensions(&mut fields, axes, 4)?;
    match class {
        0 => {
            let length = fields.u32()? as usize;
            Ok(Layout::Compact(fields.take(length)?))
        }
        1 => {
            let bytes = dims.iter().try_fold(size as u64, |n, d| n.checked_mul(*d));
            Ok(Layout::Whole(place, bytes.ok_or_else(|| damaged("the size of an array"))?))
        }
        2 => Ok(Layout::Chunked(Chunks::new(place, dims, size)?)),
        _ => Err(damaged("an array of an unknown layout")),
    }
}

/// Tiles of files that were written for the newest version of HDF5 alone.
fn newest<'a>(mut fields: Cursor<'a>, size: usize) -> Result<Layout<'a>> {
    let (flags, axes, width) = (fields.u8()?, fields.u8()?, fields.u8()?);
    let dims = dimensions(&mut fields, axes, usize::from(width))?;
    let mut chunks = Chunks::new(None, dims, size)?;
    // 1 stands for a single tile; the others list theirs in ways of their own.
    if fields.u8()? != 1 {
        return Err(
            "lists its chunks in a way only the newest HDF5 has (libver=\"latest\"), which \
                    is not read; save it again without"
                .into(),
        );
    }
    let packed = match flags & 2 {
        0 => None,
        _ => Some((fields.length()?, fields.u32()?)),
    };
    chunks.single = fields.address()?.map(|place| (place, packed));
    Ok(Layout::Chunked(chunks))
}

fn dimensions(fields: &mut Cursor, axes: u8, width: usize) -> Result<Vec<u64>> {
    if axes > 33 || !(1..=8).contains(&width) {
        return Err(damaged("an array of too many axes"));
    }
    (0..axes).map(|_| fields.uint(width)).collect()
}
