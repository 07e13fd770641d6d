//! What lies in a group, under which names.
use super::super::limits::Result;
use super::cursor::{Image, damaged, until_zero};
use super::dense;
use super::header::{Header, kind};

/// Where a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// An object of this file, by its address.
    Object(u64),
    /// A name that stands for another one; never followed.
    Soft,
    /// An object of another file; never followed.
    External,
}

/// A name, as the place of its bytes in the file, and what it leads to.
#[derive(Clone, Copy)]
pub(super) struct Link<'a> {
    pub name: &'a str,
    pub target: Target,
}

/// The most levels of a tree of names; a tree of so many holds more names than a disk.
const MOST_LEVELS: u8 = 16;

/// The links of the group with this header, sorted by name.
pub(super) fn links<'a>(image: Image<'a>, header: &Header<'a>) -> Result<Vec<Link<'a>>> {
    let mut links = Vec::new();
    if let Some(mut table) = header.find(kind::SYMBOL_TABLE)? {
        let (tree, heap) = (table.place()?, table.place()?);
        let mut walk = Table { image, names: heap_of_names(image, heap)?, nodes: Vec::new() };
        walk.node(tree, None, &mut links)?;
    }
    for link in header.all(kind::LINK) {
        add(&mut links, image, modern(image, link?.rest())?)?;
    }
    if let Some(mut info) = header.find(kind::LINK_INFO)? {
        info.u8()?;
        if info.u8()? & 1 != 0 {
            info.take(8)?;
        }
        if let Some(heap) = info.address()? {
            let index = info.place()?;
            for message in dense::objects(image, heap, index)? {
                add(&mut links, image, modern(image, message)?)?;
            }
        }
    }
    links.sort_by_key(|link: &Link| link.name);
    match links.windows(2).find(|pair| matches!(pair, [a, b] if a.name == b.name)) {
        Some(pair) => Err(damaged(format_args!(
            "a group holds two members named {:?}",
            pair.first().map(|link| link.name).unwrap_or_default()
        ))),
        None => Ok(links),
    }
}

fn add<'a>(links: &mut Vec<Link<'a>>, image: Image, link: Link<'a>) -> Result<()> {
    image.budget.count(1)?;
    // Such a name would lead back to the group itself, or past a member.
    if link.name.is_empty() || link.name.contains('/') {
        return Err(damaged(format_args!("a group holds a member named {:?}", link.name)));
    }
    links.push(link);
    Ok(())
}

/// A link as a message of its own.
fn modern<'a>(image: Image<'a>, message: &'a [u8]) -> Result<Link<'a>> {
    let mut fields = image.cursor(message);
    if fields.u8()? != 1 {
        return Err(damaged("a link of an unknown version"));
    }
    let flags = fields.u8()?;
    let class = if flags & 8 != 0 { fields.u8()? } else { 0 };
    if flags & 4 != 0 {
        fields.take(8)?;
    }
    if flags & 16 != 0 {
        fields.take(1)?;
    }
    let length = fields.uint(1 << (flags & 3))?;
    let length = usize::try_from(length).map_err(|_| damaged("the length of a name"))?;
    let name = text(fields.take(length)?)?;
    let target = match class {
        0 => Target::Object(fields.place()?),
        1 => Target::Soft,
        64 => Target::External,
        other => return Err(format!("holds a link {name:?} of an unknown kind ({other})")),
    };
    Ok(Link { name, target })
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| damaged("a name that is no UTF-8"))
}

/// The bytes that hold the names of an old-style group.
fn heap_of_names(image: Image<'_>, address: u64) -> Result<&[u8]> {
    let mut heap = image.at(address)?;
    heap.signature(b"HEAP")?;
    heap.take(4)?;
    let length = heap.length()?;
    heap.length()?;
    image.slice(heap.place()?, length)
}

/// The tree of an old-style group.
struct Table<'a> {
    image: Image<'a>,
    names: &'a [u8],
    /// Addresses of what was read, so that nothing is twice.
    nodes: Vec<u64>,
}

impl<'a> Table<'a> {
    fn enter(&mut self, address: u64) -> Result<()> {
        match self.nodes.binary_search(&address) {
            Ok(_) => Err(damaged("a group's tree of names goes in circles")),
            Err(place) => {
                self.image.budget.work(64)?;
                self.nodes.insert(place, address);
                Ok(())
            }
        }
    }

    /// Reads a node of the tree; its level is `expected`, one below its parent's.
    fn node(&mut self, address: u64, expected: Option<u8>, out: &mut Vec<Link<'a>>) -> Result<()> {
        self.enter(address)?;
        let mut node = self.image.at(address)?;
        node.signature(b"TREE")?;
        let (class, level) = (node.u8()?, node.u8()?);
        if class != 0 || level > MOST_LEVELS || expected.is_some_and(|e| e != level) {
            return Err(damaged("a group's tree of names is no tree"));
        }
        let count = node.u16()?;
        node.address()?;
        node.address()?;
        node.length()?;
        for _ in 0..count {
            let child = node.place()?;
            node.length()?;
            match level.checked_sub(1) {
                Some(below) => self.node(child, Some(below), out)?,
                None => self.symbols(child, out)?,
            }
        }
        Ok(())
    }

    fn symbols(&mut self, address: u64, out: &mut Vec<Link<'a>>) -> Result<()> {
        self.enter(address)?;
        let mut node = self.image.at(address)?;
        node.signature(b"SNOD")?;
        node.take(2)?;
        let count = node.u16()?;
        for _ in 0..count {
            let name = node.address()?.and_then(|at| usize::try_from(at).ok());
            let object = node.address()?;
            // 2 stands for a soft link; other kinds only cache what the object says itself.
            let soft = node.u32()? == 2;
            node.take(4 + 16)?;
            let name = name.and_then(|at| self.names.get(at..));
            let name = until_zero(name.ok_or_else(|| damaged("a name outside its heap"))?)?;
            self.image.budget.work(name.len())?;
            let target = match (soft, object) {
                (true, _) => Target::Soft,
                (false, Some(address)) => Target::Object(address),
                (false, None) => return Err(damaged("a member of a group without an address")),
            };
            add(out, self.image, Link { name: text(name)?, target })?;
        }
        Ok(())
    }
}
