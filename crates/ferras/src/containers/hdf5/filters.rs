//! How tiles are packed.
use super::super::limits::Result;
use super::chunks::Bytes;
use super::cursor::{Cursor, damaged};
use std::borrow::Cow;
use std::io::Read;

/// What was done to the bytes of a tile, in this order.
#[derive(Default)]
pub(super) struct Filters(Vec<Filter>);

enum Filter {
    Deflate,
    Shuffle,
    Checksum,
}

impl Filters {
    pub fn read(mut fields: Cursor) -> Result<Filters> {
        let (version, count) = (fields.u8()?, fields.u8()?);
        if version == 1 {
            fields.take(6)?;
        }
        if !(1..=2).contains(&version) || count > 32 {
            return Err(damaged("filters of an unknown version"));
        }
        let mut filters = Vec::new();
        for _ in 0..count {
            let id = fields.u16()?;
            let name = match version == 1 || id >= 256 {
                true => usize::from(fields.u16()?),
                false => 0,
            };
            fields.u16()?;
            let values = usize::from(fields.u16()?);
            fields.take(if version == 1 { name.next_multiple_of(8) } else { name })?;
            let odd = usize::from(version == 1 && values % 2 == 1);
            fields.take(4 * (values + odd))?;
            filters.push(match id {
                1 => Filter::Deflate,
                2 => Filter::Shuffle,
                3 => Filter::Checksum,
                32000 => return Err("is packed with LZF, which is not read; pack with gzip".into()),
                _ => return Err(format!("is packed in a way that is not read (filter {id})")),
            });
        }
        Ok(Filters(filters))
    }

    /// The bytes of a tile, `size` at most. Filters whose bit in `skipped` is set were left out.
    pub fn unpack<'a>(
        &self,
        stored: &'a [u8],
        size: usize,
        element: usize,
        skipped: u32,
    ) -> Result<Bytes<'a>> {
        let mut data = Cow::Borrowed(stored);
        for (i, filter) in self.0.iter().enumerate().rev() {
            if skipped >> i & 1 != 0 {
                continue;
            }
            data = match filter {
                // The checksum may lie within what is packed.
                Filter::Deflate => Cow::Owned(inflate(&data, size + 4 * self.0.len())?),
                Filter::Shuffle => Cow::Owned(unshuffle(&data, element)),
                Filter::Checksum => verified(data)?,
            };
        }
        Ok(data)
    }
}

/// Unpacks at most `most` bytes, which the caller has counted.
// Its large frame must not become that of callers, which may be deep in groups.
#[inline(never)]
fn inflate(packed: &[u8], most: usize) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut reader = flate2::read::ZlibDecoder::new(packed).take(most as u64 + 1);
    reader.read_to_end(&mut out).map_err(|e| damaged(format_args!("a packed chunk ({e})")))?;
    match out.len() > most {
        true => Err(damaged("a packed chunk that is larger than it says")),
        false => Ok(out),
    }
}

/// All first bytes of elements come first, then all second ones; what is left over stays.
fn unshuffle(data: &[u8], element: usize) -> Vec<u8> {
    let count = data.len() / element.max(1);
    let mut out = data.to_vec();
    for (i, value) in out.iter_mut().enumerate().take(count * element) {
        let from = i % element * count + i / element;
        *value = data.get(from).copied().unwrap_or_default();
    }
    out
}

/// The bytes before a checksum (Fletcher's, of 32 bits) that must be theirs.
fn verified(data: Bytes<'_>) -> Result<Bytes<'_>> {
    let (body, sum) =
        data.split_last_chunk::<4>().ok_or_else(|| damaged("a chunk without its checksum"))?;
    if fletcher(body) != u32::from_le_bytes(*sum) && crate::containers::CHECKSUMS {
        return Err(damaged("the checksum of a chunk does not match"));
    }
    let length = body.len();
    Ok(match data {
        Cow::Borrowed(all) => Cow::Borrowed(all.get(..length).unwrap_or_default()),
        Cow::Owned(mut all) => {
            all.truncate(length);
            Cow::Owned(all)
        }
    })
}

fn fletcher(data: &[u8]) -> u32 {
    let (mut low, mut high) = (0_u32, 0_u32);
    for pair in data.chunks(2) {
        let word = match pair {
            [a, b] => u32::from(*a) << 8 | u32::from(*b),
            [a] => u32::from(*a) << 8,
            _ => 0,
        };
        low = (low + word) % 65535;
        high = (high + low) % 65535;
    }
    high << 16 | low
}
