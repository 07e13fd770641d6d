//! Zip archives: the one gate for `.keras` and `.npz` files.
//!
//! Two readers of one zip file must see the same members. So all that lets them differ is
//! refused: two members of one name, headers that contradict each other, members that overlap.
//! Nothing is unpacked that the [`Budget`] has no room for, and nothing is ever put on a disk.
use super::limits::{Budget, Result};
use flate2::Crc;
use std::borrow::Cow;
use std::io::{Cursor, Read, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The members of an archive whose bytes are in memory.
pub(crate) struct Archive<'a> {
    bytes: &'a [u8],
    members: Vec<Member<'a>>,
    budget: Budget,
}

/// A member as the directory describes it.
struct Member<'a> {
    name: &'a str,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    /// Where its own header lies, and where its bytes.
    header: u64,
    data: u64,
}

/// The sum of bytes is told after a member, not before.
const SUM_FOLLOWS: u16 = 8;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Deflate packs no better than this, so a member that claims to is a bomb or damaged.
const BEST_RATIO: u64 = 1040;

/// Whether these bytes begin as a zip archive does.
pub(crate) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

fn damaged(what: impl std::fmt::Display) -> String {
    format!("is no zip archive, or a truncated or damaged one ({what}); fetch or save it again")
}

/// Reads numbers, low byte first.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let parts = self.0.split_at_checked(n);
        let (head, rest) = parts.ok_or_else(|| damaged("a header that ends too early"))?;
        self.0 = rest;
        Ok(head)
    }

    fn uint(&mut self, width: usize) -> Result<u64> {
        Ok(self.take(width)?.iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte)))
    }

    fn u16(&mut self) -> Result<u16> {
        self.uint(2).map(|n| n as u16)
    }

    fn u32(&mut self) -> Result<u32> {
        self.uint(4).map(|n| n as u32)
    }

    /// Sizes and places too large for 32 bits: those of `values` that are full, in this order.
    fn large(extra: &'a [u8], values: &mut [&mut u64]) -> Result<()> {
        let mut fields = Fields(extra);
        while fields.0.len() >= 4 {
            let (id, length) = (fields.u16()?, usize::from(fields.u16()?));
            let mut own = Fields(fields.take(length)?);
            if id == 1 {
                for value in values.iter_mut().filter(|v| ***v == u64::from(u32::MAX)) {
                    **value = own.uint(8)?;
                }
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Where the directory lies, and how many members it lists.
struct Directory {
    start: u64,
    length: u64,
    count: u64,
}

/// The record at the end of the file.
const END: usize = 22;

impl Directory {
    fn find(bytes: &[u8]) -> Result<Directory> {
        // A comment of at most 64 KiB may follow.
        let last = bytes.len().checked_sub(END).ok_or_else(|| damaged("it is too short"))?;
        let first = last.saturating_sub(usize::from(u16::MAX));
        let ends = |place: &usize| {
            let record = bytes.get(*place..).unwrap_or_default();
            let comment = record.get(20..22).map_or(0, |b| Fields(b).uint(2).unwrap_or(0));
            record.starts_with(b"PK\x05\x06") && record.len() as u64 == END as u64 + comment
        };
        let found = (first..=last).rev().find(ends);
        let end = found.ok_or_else(|| damaged("its directory is missing"))?;
        let mut fields = Fields(bytes.get(end + 4..).unwrap_or_default());
        let disks = (fields.u16()?, fields.u16()?);
        let (here, count) = (u64::from(fields.u16()?), u64::from(fields.u16()?));
        let (length, start) = (u64::from(fields.u32()?), u64::from(fields.u32()?));
        if disks != (0, 0) || here != count {
            return Err("is one part of a zip archive of several files, which is not read".into());
        }
        let mut directory = Directory { start, length, count };
        let mut until = end as u64;
        let full = u64::from(u32::MAX);
        if start == full || length == full || count == u64::from(u16::MAX) {
            until = directory.large(bytes, end)?;
        }
        match directory.start.checked_add(directory.length) == Some(until) {
            true => Ok(directory),
            false => Err(damaged("its directory is not where it should be")),
        }
    }

    /// Takes over the numbers of the larger record that lies before this one; gives its place.
    fn large(&mut self, bytes: &[u8], end: usize) -> Result<u64> {
        let locator = end.checked_sub(20).and_then(|at| bytes.get(at..end));
        let mut locator = Fields(locator.ok_or_else(|| damaged("no large directory"))?);
        if locator.u32()? != 0x0706_4b50 {
            return Err(damaged("no large directory"));
        }
        locator.u32()?;
        let place = locator.uint(8)?;
        let record = usize::try_from(place).ok().and_then(|at| bytes.get(at..end - 20));
        let mut record = Fields(record.ok_or_else(|| damaged("no large directory"))?);
        if record.u32()? != 0x0606_4b50 {
            return Err(damaged("no large directory"));
        }
        record.take(8 + 2 + 2 + 4 + 4)?;
        let here = record.uint(8)?;
        (self.count, self.length, self.start) = (record.uint(8)?, record.uint(8)?, record.uint(8)?);
        match here == self.count {
            true => Ok(place),
            false => Err(damaged("two counts of members")),
        }
    }
}

impl<'a> Archive<'a> {
    /// The archive of these bytes; all headers are checked, nothing is unpacked yet.
    pub(crate) fn open(bytes: &'a [u8], budget: &Budget) -> Result<Archive<'a>> {
        let directory = Directory::find(bytes)?;
        let range =
            usize::try_from(directory.start).ok().zip(usize::try_from(directory.length).ok());
        let list = range.and_then(|(start, length)| bytes.get(start..)?.get(..length));
        let mut list = Fields(list.ok_or_else(|| damaged("no directory"))?);
        let mut archive = Archive { bytes, members: Vec::new(), budget: budget.clone() };
        for _ in 0..directory.count {
            budget.count(1)?;
            let mut member = Member::listed(&mut list)?;
            member.check_name()?;
            member.data = archive.data_of(&member)?;
            archive.members.push(member);
        }
        if !list.0.is_empty() {
            return Err(damaged("a directory that lists more than it counts"));
        }
        archive.check(directory.start)?;
        archive.members.retain(|member| !member.name.ends_with('/'));
        Ok(archive)
    }

    /// Where a member's bytes begin, if its own header says the same as the directory.
    fn data_of(&self, member: &Member) -> Result<u64> {
        let place = usize::try_from(member.header).ok().and_then(|at| self.bytes.get(at..));
        let mut own = Fields(place.ok_or_else(|| damaged("a member outside the file"))?);
        let before = own.0.len();
        if own.u32()? != 0x0403_4b50 {
            return Err(damaged("a member without a header"));
        }
        own.u16()?;
        let (flags, method) = (own.u16()?, own.u16()?);
        own.u32()?;
        let (crc, mut packed, mut size) =
            (own.u32()?, u64::from(own.u32()?), u64::from(own.u32()?));
        let (name, extra) = (usize::from(own.u16()?), usize::from(own.u16()?));
        let (name, extra) = (own.take(name)?, own.take(extra)?);
        Fields::large(extra, &mut [&mut size, &mut packed])?;
        let sums = (crc, packed, size);
        let told = sums == (member.crc, member.packed, member.size);
        // Python leaves the places empty if it could not know them yet.
        let later = flags & SUM_FOLLOWS != 0 && (told || sums == (0, 0, 0));
        let same = name == member.name.as_bytes() && method == member.method;
        if !(same && flags == member.flags && (told || later)) {
            return Err(format!(
                "holds a member {:?} whose header contradicts the directory; it is damaged, or \
                 made to look different to different programs",
                member.name
            ));
        }
        Ok(member.header + (before - own.0.len()) as u64)
    }

    /// An error if two members have one name or share bytes, or one reaches into the directory.
    fn check(&self, directory: u64) -> Result<()> {
        let mut names: Vec<&str> = self.members.iter().map(|m| m.name).collect();
        names.sort_unstable();
        if let Some([name, _]) = names.windows(2).find(|w| matches!(w, [a, b] if a == b)) {
            return Err(format!("holds two members named {name:?}"));
        }
        let end = |m: &Member| m.data.checked_add(m.packed);
        let mut places: Vec<_> = self.members.iter().map(|m| (m.header, end(m))).collect();
        places.sort_unstable();
        let starts = places.iter().skip(1).map(|p| p.0).chain([directory]);
        match places.iter().zip(starts).all(|(p, next)| p.1.is_some_and(|end| end <= next)) {
            true => Ok(()),
            false => Err("holds members that overlap; it is damaged, or a bomb".into()),
        }
    }

    /// The names, in the order of the directory. Folders are left out.
    pub(crate) fn names(&self) -> impl ExactSizeIterator<Item = &'a str> + '_ {
        self.members.iter().map(|member| member.name)
    }

    /// Whether there is a member of this name.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
    }

    /// The bytes of a member, which lie in the archive itself unless they are packed there.
    pub(crate) fn read(&self, name: &str) -> Result<Cow<'a, [u8]>> {
        let member = self.members.iter().find(|member| member.name == name);
        let member = member.ok_or_else(|| format!("holds no member {name:?}"))?;
        let problem = |what: String| format!("member {name:?} {what}");
        let range = usize::try_from(member.data).ok().zip(usize::try_from(member.packed).ok());
        let packed = range.and_then(|(start, length)| self.bytes.get(start..)?.get(..length));
        let packed = packed.ok_or_else(|| problem(damaged("outside the file")))?;
        self.budget.work(packed.len()).map_err(problem)?;
        let data = match member.method {
            STORED => Cow::Borrowed(packed),
            _ => Cow::Owned(self.inflate(member, packed).map_err(problem)?),
        };
        let mut sum = Crc::new();
        sum.update(&data);
        let matches = sum.sum() == member.crc || !super::CHECKSUMS;
        match matches && data.len() as u64 == member.size {
            true => Ok(data),
            false => Err(problem("is damaged: its checksum does not match".into())),
        }
    }

    // Its large frame must not become that of callers.
    #[inline(never)]
    fn inflate(&self, member: &Member, packed: &[u8]) -> Result<Vec<u8>> {
        if member.size > member.packed.saturating_mul(BEST_RATIO) {
            return Err(format!(
                "claims to unpack from {} to {} bytes, which is impossible",
                member.packed, member.size
            ));
        }
        self.budget.take(member.size, || "packed data".into())?;
        let size = usize::try_from(member.size).map_err(|_| "is too large for this machine")?;
        let mut data = Vec::with_capacity(size);
        // One byte beyond its size is asked for, so that a longer member shows.
        let mut reader = flate2::bufread::DeflateDecoder::new(packed).take(member.size + 1);
        let mut block = vec![0; 1 << 16];
        loop {
            let n = reader.read(&mut block).map_err(|e| format!("is damaged: {e}"))?;
            if n == 0 || data.len() + n > size {
                break;
            }
            data.extend_from_slice(block.get(..n).unwrap_or_default());
        }
        match data.len() == size && reader.limit() == 1 {
            true => Ok(data),
            false => Err(format!("does not unpack to {size} bytes, as its header says")),
        }
    }
}

impl<'a> Member<'a> {
    /// The next member of the directory.
    fn listed(list: &mut Fields<'a>) -> Result<Member<'a>> {
        if list.u32()? != 0x0201_4b50 {
            return Err(damaged("a directory of something else"));
        }
        let made = list.u16()?;
        list.u16()?;
        let (flags, method) = (list.u16()?, list.u16()?);
        list.u32()?;
        let (crc, mut packed, mut size) =
            (list.u32()?, u64::from(list.u32()?), u64::from(list.u32()?));
        let lengths = [list.u16()?, list.u16()?, list.u16()?].map(usize::from);
        let [name, extra, comment] = lengths;
        list.u32()?;
        let mode = list.u32()? >> 16;
        let mut header = u64::from(list.u32()?);
        let (name, extra) = (list.take(name)?, list.take(extra)?);
        list.take(comment)?;
        let name = std::str::from_utf8(name).map_err(|_| damaged("a name that is no UTF-8"))?;
        Fields::large(extra, &mut [&mut size, &mut packed, &mut header])?;
        let problem = |what: &str| Err(format!("holds a member {name:?} {what}"));
        // Unix writes what kind of file it was: files and folders are read, links and devices not.
        if made >> 8 == 3 && ![0, 0o100_000, 0o040_000].contains(&(mode & 0o170_000)) {
            return problem("that is a link or a device, which are not followed");
        }
        // Encrypted in one of three ways, or a patch of another file.
        if flags & (1 | 1 << 5 | 1 << 6 | 1 << 13) != 0 {
            return problem("that is encrypted, which is not read");
        }
        match method {
            STORED if size != packed => problem("with two different sizes"),
            STORED | DEFLATED => {
                Ok(Member { name, flags, method, crc, packed, size, header, data: 0 })
            }
            _ => problem(&format!("packed in a way that is not read (method {method})")),
        }
    }

    /// An error for a name that would lead out of a folder if it was unpacked into one.
    fn check_name(&self) -> Result<()> {
        let name = self.name;
        let drive =
            matches!(name.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic());
        let leaves = name.split('/').any(|part| part == "..");
        match name.is_empty()
            || drive
            || leaves
            || name.starts_with('/')
            || name.contains(['\\', '\0'])
        {
            true => Err(format!("holds a member named {name:?}, which is no plain relative path")),
            false => Ok(()),
        }
    }
}

/// The bytes of an archive that holds these members, stored as they are (as Keras does) or packed.
/// Equal members give equal bytes.
pub(crate) fn write(members: &[(&str, &[u8])], packed: bool) -> Result<Vec<u8>> {
    let method = if packed { CompressionMethod::Deflated } else { CompressionMethod::Stored };
    let problem = |e: &dyn std::fmt::Display| format!("cannot be written: {e}");
    let room: usize = members.iter().map(|(name, data)| 256 + name.len() + data.len()).sum();
    let mut writer = ZipWriter::new(Cursor::new(Vec::with_capacity(if packed { 0 } else { room })));
    for (i, (name, data)) in members.iter().enumerate() {
        if members.iter().take(i).any(|(n, _)| n == name) {
            return Err(format!("cannot hold two members named {name:?}"));
        }
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .last_modified_time(zip::DateTime::default())
            .large_file(data.len() >= u32::MAX as usize);
        writer.start_file(*name, options).map_err(|e| problem(&e))?;
        writer.write_all(data).map_err(|e| problem(&e))?;
    }
    Ok(writer.finish().map_err(|e| problem(&e))?.into_inner())
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
