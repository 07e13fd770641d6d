//! Links and attributes of newer files that are too many for an object header: the objects of a
//! heap (`FRHP`), listed by a tree (`BTHD`).
use super::super::limits::Result;
use super::cursor::{Image, damaged};

/// The most levels that blocks of a heap and nodes of a tree have in each other.
const MOST_LEVELS: u16 = 16;

/// All objects of the heap that the tree at `index` lists.
pub(super) fn objects<'a>(image: Image<'a>, heap: u64, index: u64) -> Result<Vec<&'a [u8]>> {
    let heap = Heap::read(image, heap)?;
    let tree = Tree::read(image, index)?;
    // A record of links begins with a checksum of the name, one of attributes with the object.
    let start = match tree.class {
        5 => 4,
        8 => 0,
        _ => return Err(damaged("an index of an unknown kind")),
    };
    let records = tree.records(image)?;
    let ids = records.iter().map(|record| record.get(start..start + heap.id_length));
    ids.map(|id| heap.object(image, id.ok_or_else(|| damaged("a short record"))?)).collect()
}

/// The smallest number of bytes that holds `value`.
fn width(value: u64) -> usize {
    value.checked_ilog2().map_or(1, |bits| bits as usize / 8 + 1)
}

struct Heap {
    id_length: usize,
    huge: Option<u64>,
    /// Blocks a row, and the sizes of the first and of the largest that hold objects themselves.
    columns: u64,
    first: u64,
    largest: u64,
    /// Bytes of a place in the heap and of the length of an object.
    place_width: usize,
    length_width: usize,
    root: Option<u64>,
    rows: u16,
}

impl Heap {
    fn read(image: Image, address: u64) -> Result<Heap> {
        let mut head = image.at(address)?;
        head.signature(b"FRHP")?;
        head.u8()?;
        let (id_length, filters) = (usize::from(head.u16()?), head.u16()?);
        head.u8()?;
        let largest_object = u64::from(head.u32()?);
        head.length()?;
        let huge = head.address()?;
        head.length()?;
        head.address()?;
        head.take(8 * image.lengths)?;
        let columns = u64::from(head.u16()?);
        let (first, largest) = (head.length()?, head.length()?);
        let place_width = usize::from(head.u16()?).div_ceil(8);
        head.u16()?;
        let (root, rows) = (head.address()?, head.u16()?);
        if filters != 0 {
            return Err("holds packed metadata, which is not read".into());
        }
        let plain = first.is_power_of_two() && largest.is_power_of_two() && first <= largest;
        if !plain || columns == 0 || place_width > 8 || rows > 64 {
            return Err(damaged("a heap of impossible measures"));
        }
        let length_width = width(largest.min(largest_object));
        Ok(Heap { id_length, huge, columns, first, largest, place_width, length_width, root, rows })
    }

    fn object<'a>(&self, image: Image<'a>, id: &'a [u8]) -> Result<&'a [u8]> {
        image.budget.work(64)?;
        let mut fields = image.cursor(id);
        let class = fields.u8()? >> 4;
        match class {
            0 => {
                let place = fields.uint(self.place_width)?;
                let length = fields.uint(self.length_width)?;
                let root = self.root.ok_or_else(|| damaged("an empty heap"))?;
                let start = match self.rows {
                    0 => root.checked_add(place),
                    rows => Some(self.find(image, root, rows, place, 0)?),
                };
                image.slice(start.ok_or_else(|| damaged("an address"))?, length)
            }
            1 => {
                let wanted = fields.uint(fields.left().min(image.lengths))?;
                let index = self.huge.ok_or_else(|| damaged("a heap without large objects"))?;
                let records = Tree::read(image, index)?.records(image)?;
                for record in records {
                    let mut fields = image.cursor(record);
                    let (place, length, id) = (fields.place()?, fields.length()?, fields.length()?);
                    if id == wanted {
                        return image.slice(place, length);
                    }
                }
                Err(damaged("a large object that is not listed"))
            }
            2 => {
                let head = id.first().copied().unwrap_or_default();
                fields.take(usize::from(head & 15) + 1)
            }
            _ => Err(damaged("an object of an unknown kind in a heap")),
        }
    }

    /// The address in the file of the byte at `place` below this block of blocks.
    fn find(&self, image: Image, block: u64, rows: u16, mut place: u64, level: u16) -> Result<u64> {
        let outside = || damaged("an object outside its heap");
        if level > MOST_LEVELS {
            return Err(outside());
        }
        let mut size = self.first;
        for row in 0..u64::from(rows) {
            let all = size.checked_mul(self.columns).ok_or_else(outside)?;
            if place < all {
                let child = row * self.columns + place / size;
                let mut fields = image.at(block)?;
                fields.signature(b"FHIB")?;
                let skip = child.checked_mul(image.offsets as u64).ok_or_else(outside)?;
                fields.take(1 + image.offsets + self.place_width)?;
                fields.take(usize::try_from(skip).map_err(|_| outside())?)?;
                let (child, place) = (fields.place()?, place % size);
                if size <= self.largest {
                    return child.checked_add(place).ok_or_else(outside);
                }
                // A block of blocks has as many rows as fill its size.
                let rows = (size / self.first).ilog2() - self.columns.ilog2() + 1;
                return self.find(image, child, rows as u16, place, level + 1);
            }
            place -= all;
            // The first two rows are alike.
            if row > 0 {
                size = size.checked_mul(2).ok_or_else(outside)?;
            }
        }
        Err(outside())
    }
}

/// A tree of records, all of one size.
struct Tree {
    class: u8,
    record: usize,
    depth: u16,
    root: Option<u64>,
    count: u64,
    /// For each level, leaves first: bytes of a child's number of records, and of those below it.
    widths: Vec<(usize, usize)>,
    total: u64,
}

impl Tree {
    fn read(image: Image, address: u64) -> Result<Tree> {
        let mut head = image.at(address)?;
        head.signature(b"BTHD")?;
        head.u8()?;
        let class = head.u8()?;
        let node = u64::from(head.u32()?);
        let (record, depth) = (usize::from(head.u16()?), head.u16()?);
        head.u16()?;
        let root = head.address()?;
        let (count, total) = (u64::from(head.u16()?), head.length()?);
        let room = node.checked_sub(10).filter(|room| record > 0 && *room >= record as u64);
        let Some(room) = room.filter(|_| depth <= MOST_LEVELS) else {
            return Err(damaged("an index of impossible measures"));
        };
        let leaf = room / record as u64;
        let (mut widths, mut below, mut below_width) = (Vec::new(), leaf, 0);
        for _ in 0..depth {
            let pointer = (image.offsets + width(leaf) + below_width) as u64;
            let most = room.saturating_sub(pointer) / (record as u64 + pointer);
            widths.push((width(leaf), below_width));
            below = (most + 1).saturating_mul(below).saturating_add(most);
            below_width = width(below);
        }
        Ok(Tree { class, record, depth, root, count, widths, total })
    }

    fn records<'a>(&self, image: Image<'a>) -> Result<Vec<&'a [u8]>> {
        let mut records = Vec::new();
        if let Some(root) = self.root {
            self.node(image, root, self.depth, self.count, &mut records)?;
        }
        Ok(records)
    }

    fn node<'a>(
        &self,
        image: Image<'a>,
        address: u64,
        depth: u16,
        count: u64,
        out: &mut Vec<&'a [u8]>,
    ) -> Result<()> {
        let mut node = image.at(address)?;
        node.signature(if depth == 0 { b"BTLF" } else { b"BTIN" })?;
        node.take(2)?;
        image.budget.work(64)?;
        for _ in 0..count {
            image.budget.work(self.record)?;
            out.push(node.take(self.record)?);
        }
        // A tree that goes in circles lists more than it says it has.
        if out.len() as u64 > self.total {
            return Err(damaged("an index that lists more than it has"));
        }
        let Some((count_width, below_width)) =
            depth.checked_sub(1).and_then(|below| self.widths.get(usize::from(below)))
        else {
            return Ok(());
        };
        for _ in 0..=count {
            let (child, records) = (node.place()?, node.uint(*count_width)?);
            node.take(*below_width)?;
            self.node(image, child, depth - 1, records, out)?;
        }
        Ok(())
    }
}
