//! Bytes of a file, read within bounds.
use super::super::limits::{Budget, Result};

/// The bytes of a file and the width of its numbers.
#[derive(Clone, Copy)]
pub(super) struct Image<'a> {
    pub bytes: &'a [u8],
    /// Bytes of an address.
    pub offsets: usize,
    /// Bytes of a length.
    pub lengths: usize,
    /// What reading may cost.
    pub budget: &'a Budget,
}

impl<'a> Image<'a> {
    /// The `length` bytes at `address`.
    pub fn slice(&self, address: u64, length: u64) -> Result<&'a [u8]> {
        let range = usize::try_from(address).ok().zip(usize::try_from(length).ok());
        range
            .and_then(|(start, length)| self.bytes.get(start..start.checked_add(length)?))
            .ok_or_else(|| {
                format!(
                    "is truncated or damaged: {length} bytes at {address} lie outside its {} bytes",
                    self.bytes.len()
                )
            })
    }

    /// All bytes from `address` on.
    pub fn at(&self, address: u64) -> Result<Cursor<'a>> {
        let rest = usize::try_from(address).ok().and_then(|start| self.bytes.get(start..));
        let rest = rest.ok_or_else(|| damaged("an address outside the file"))?;
        Ok(self.cursor(rest))
    }

    /// A reader of these bytes with the file's widths.
    pub fn cursor(&self, rest: &'a [u8]) -> Cursor<'a> {
        Cursor { rest, offsets: self.offsets, lengths: self.lengths }
    }
}

/// `is damaged: …`.
pub(super) fn damaged(what: impl std::fmt::Display) -> String {
    format!("is truncated or damaged: {what}")
}

/// Reads numbers, low byte first, from the front of a slice.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
    offsets: usize,
    lengths: usize,
}

impl<'a> Cursor<'a> {
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (head, rest) = self
            .rest
            .split_at_checked(n)
            .ok_or_else(|| damaged("a structure ends before its last field"))?;
        self.rest = rest;
        Ok(head)
    }

    /// A number of `width` bytes, at most 8.
    pub fn uint(&mut self, width: usize) -> Result<u64> {
        Ok(self.take(width)?.iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte)))
    }

    pub fn u8(&mut self) -> Result<u8> {
        self.uint(1).map(|n| n as u8)
    }

    pub fn u16(&mut self) -> Result<u16> {
        self.uint(2).map(|n| n as u16)
    }

    pub fn u32(&mut self) -> Result<u32> {
        self.uint(4).map(|n| n as u32)
    }

    pub fn length(&mut self) -> Result<u64> {
        self.uint(self.lengths)
    }

    /// An address; none where all bits are set.
    pub fn address(&mut self) -> Result<Option<u64>> {
        let address = self.uint(self.offsets)?;
        let undefined = u64::MAX >> (64 - 8 * self.offsets);
        Ok((address != undefined).then_some(address))
    }

    /// An address that must be there.
    pub fn place(&mut self) -> Result<u64> {
        self.address()?.ok_or_else(|| damaged("an address is missing"))
    }

    /// An error unless these bytes come next.
    pub fn signature(&mut self, expected: &[u8; 4]) -> Result<()> {
        match self.take(4)? == expected {
            true => Ok(()),
            false => {
                let expected = String::from_utf8_lossy(expected);
                Err(damaged(format_args!("no {expected:?} where one should be")))
            }
        }
    }

    /// The bytes up to the first zero, which is taken too.
    pub fn text(&mut self) -> Result<&'a [u8]> {
        let text = until_zero(self.rest)?;
        self.take(text.len() + 1)?;
        Ok(text)
    }
}

/// Names of links and attributes are at most this long, so that names that overlap in a hostile
/// file cost little.
pub(super) const LONGEST_NAME: usize = 4096;

/// The bytes up to the first zero.
pub(super) fn until_zero(bytes: &[u8]) -> Result<&[u8]> {
    let end = bytes.iter().take(LONGEST_NAME).position(|byte| *byte == 0);
    end.and_then(|end| bytes.get(..end))
        .ok_or_else(|| damaged(format_args!("a name without an end, or over {LONGEST_NAME} bytes")))
}
