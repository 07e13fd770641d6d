//! The superblock, where a file begins, and object headers, where all is described.
use super::super::limits::{Budget, Result};
use super::checksum::lookup3;
use super::cursor::{Cursor, Image, damaged};

/// The first bytes of a file.
pub(super) const SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";

/// Kinds of messages in an object header.
pub(super) mod kind {
    pub const DATASPACE: u16 = 1;
    pub const LINK_INFO: u16 = 2;
    pub const DATATYPE: u16 = 3;
    pub const LINK: u16 = 6;
    pub const EXTERNAL_FILES: u16 = 7;
    pub const LAYOUT: u16 = 8;
    pub const FILTERS: u16 = 11;
    pub const ATTRIBUTE: u16 = 12;
    pub const CONTINUATION: u16 = 16;
    pub const SYMBOL_TABLE: u16 = 17;
    pub const ATTRIBUTE_INFO: u16 = 21;
}

/// Blocks that an object header may be spread over; libraries use a handful.
const MOST_BLOCKS: usize = 4096;

/// The file's widths, where its bytes begin, and the address of the root group.
pub(super) struct Superblock {
    pub offsets: usize,
    pub lengths: usize,
    pub start: usize,
    pub root: u64,
}

/// Finds and reads the superblock.
pub(super) fn superblock(bytes: &[u8], budget: &Budget) -> Result<Superblock> {
    // A program's own bytes may come before it, of a size that is a power of two.
    let starts = std::iter::once(0).chain((9..40).map(|bits| 1_usize << bits));
    let found = |start: &usize| bytes.get(*start..).is_some_and(|b| b.starts_with(SIGNATURE));
    let start = starts
        .take_while(|start| *start < bytes.len())
        .find(found)
        .ok_or("is no HDF5 file: it does not begin as one")?;
    let own = bytes.get(start..).unwrap_or_default();
    let mut head = Image { bytes: own, offsets: 8, lengths: 8, budget }.at(8)?;
    let version = head.u8()?;
    if version > 3 {
        return Err(format!("is HDF5 of a version that is not read (superblock {version})"));
    }
    if version < 2 {
        head.take(4)?;
    }
    let (offsets, lengths) = (usize::from(head.u8()?), usize::from(head.u8()?));
    if ![2, 4, 8].contains(&offsets) || ![2, 4, 8].contains(&lengths) {
        return Err(damaged("addresses of an impossible width"));
    }
    let image = Image { bytes: own, offsets, lengths, budget };
    let mut fields = image.cursor(head.rest());
    match version {
        0 => fields.take(1 + 2 + 2 + 4)?,
        1 => fields.take(1 + 2 + 2 + 4 + 4)?,
        _ => fields.take(1)?,
    };
    let base = fields.place()?;
    fields.address()?;
    let end = fields.place()?;
    if base != start as u64 {
        return Err(damaged(format_args!("it says that it begins at byte {base}, not {start}")));
    }
    if end > bytes.len() as u64 {
        return Err(format!(
            "is truncated: it had {end} bytes when it was written, and has {} now",
            bytes.len()
        ));
    }
    if version < 2 {
        fields.address()?;
        // The entry of the root group; its name comes before its address.
        fields.address()?;
    }
    let root = fields.place()?;
    if version >= 2 {
        let covered = own.len() - fields.left();
        verify(own.get(..covered).unwrap_or_default(), fields.u32()?)?;
    }
    Ok(Superblock { offsets, lengths, start, root })
}

/// An error unless this is the checksum of the bytes.
fn verify(bytes: &[u8], expected: u32) -> Result<()> {
    match lookup3(bytes) == expected || !crate::containers::CHECKSUMS {
        true => Ok(()),
        false => Err(damaged("a checksum does not match")),
    }
}

/// One message of an object header.
pub(super) struct Message<'a> {
    pub kind: u16,
    shared: bool,
    body: &'a [u8],
}

/// All messages of an object.
pub(super) struct Header<'a> {
    image: Image<'a>,
    messages: Vec<Message<'a>>,
}

impl<'a> Header<'a> {
    /// The messages of the object at `address`.
    pub fn read(image: Image<'a>, address: u64) -> Result<Header<'a>> {
        let mut header = Header { image, messages: Vec::new() };
        image.budget.count(1)?;
        let mut head = image.at(address)?;
        let modern = head.rest().starts_with(b"OHDR");
        let flags = match modern {
            true => header.modern_start(head)?,
            false => {
                if head.u8()? != 1 {
                    return Err(damaged("no object where one should be"));
                }
                head.take(7)?;
                let length = head.u32()? as usize;
                head.take(4)?;
                header.block(image.cursor(head.take(length)?), None)?;
                None
            }
        };
        header.continuations(address, flags)?;
        Ok(header)
    }

    /// Reads the first block of a header that begins with `OHDR`; gives its flags.
    fn modern_start(&mut self, mut head: Cursor<'a>) -> Result<Option<u8>> {
        let all = head.rest();
        head.take(4)?;
        if head.u8()? != 2 {
            return Err(damaged("an object header of an unknown version"));
        }
        let flags = head.u8()?;
        if flags & 0x20 != 0 {
            head.take(16)?;
        }
        if flags & 0x10 != 0 {
            head.take(4)?;
        }
        let length = head.uint(1 << (flags & 3))?;
        let length = usize::try_from(length).map_err(|_| damaged("an object header's length"))?;
        let body = head.take(length)?;
        let covered = all.len() - head.left();
        verify(all.get(..covered).unwrap_or_default(), head.u32()?)?;
        self.block(self.image.cursor(body), Some(flags))?;
        Ok(Some(flags))
    }

    /// Follows messages that name further blocks. Each is read once.
    fn continuations(&mut self, address: u64, flags: Option<u8>) -> Result<()> {
        let (mut seen, mut total) = (vec![address], 0_u64);
        let mut next = 0;
        while let Some(message) = self.messages.get(next) {
            next += 1;
            if message.kind != kind::CONTINUATION {
                continue;
            }
            let mut fields = self.image.cursor(message.body);
            let (place, length) = (fields.place()?, fields.length()?);
            if seen.contains(&place) || seen.len() > MOST_BLOCKS {
                return Err(damaged("an object header that goes in circles"));
            }
            seen.push(place);
            // Blocks that overlap could hold more messages than the file has bytes.
            total = total.saturating_add(length);
            if total > self.image.bytes.len() as u64 {
                return Err(damaged("an object header larger than the file"));
            }
            let mut body = self.image.slice(place, length)?;
            if flags.is_some() {
                let (covered, sum) = body
                    .split_last_chunk::<4>()
                    .ok_or_else(|| damaged("a short block of an object header"))?;
                verify(covered, u32::from_le_bytes(*sum))?;
                let mut fields = self.image.cursor(covered);
                fields.signature(b"OCHK")?;
                body = fields.rest();
            }
            self.block(self.image.cursor(body), flags)?;
        }
        Ok(())
    }

    /// Adds the messages of one block; `flags` are those of a header that begins with `OHDR`.
    fn block(&mut self, mut block: Cursor<'a>, flags: Option<u8>) -> Result<()> {
        self.image.budget.work(block.left())?;
        let ordered = flags.is_some_and(|flags| flags & 4 != 0);
        let head = if flags.is_none() { 8 } else { 4 + 2 * usize::from(ordered) };
        // Fewer bytes than a message's head are a gap.
        while block.left() >= head {
            let kind = match flags {
                None => block.u16()?,
                Some(_) => u16::from(block.u8()?),
            };
            let length = usize::from(block.u16()?);
            let marks = block.u8()?;
            block.take(head - if flags.is_none() { 5 } else { 4 })?;
            let body = block.take(length)?;
            self.messages.push(Message { kind, shared: marks & 2 != 0, body });
        }
        Ok(())
    }

    pub fn has(&self, kind: u16) -> bool {
        self.messages.iter().any(|m| m.kind == kind)
    }

    /// The first message of this kind.
    pub fn find(&self, kind: u16) -> Result<Option<Cursor<'a>>> {
        self.all(kind).next().transpose()
    }

    /// All messages of this kind.
    pub fn all(&self, kind: u16) -> impl Iterator<Item = Result<Cursor<'a>>> + '_ {
        self.messages.iter().filter(move |m| m.kind == kind).map(|m| match m.shared {
            true => Err("keeps a type or a shape in an object of its own (a committed type), \
                         which is not read"
                .to_string()),
            false => Ok(self.image.cursor(m.body)),
        })
    }
}
