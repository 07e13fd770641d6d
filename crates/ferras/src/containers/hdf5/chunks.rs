//! Arrays in tiles ("chunks"), each packed on its own.
use super::super::limits::Result;
use super::cursor::{Cursor, Image, damaged};
use super::filters::Filters;
use std::borrow::Cow;

/// The tiles of an array.
pub(super) struct Chunks {
    /// Where the tree that lists them begins.
    tree: Option<u64>,
    /// The lengths of a tile.
    tile: Vec<usize>,
    /// The only tile, where there is no tree: its place, and if packed its length and what was
    /// left out of packing.
    pub single: Option<(u64, Option<(u64, u32)>)>,
}

impl Chunks {
    /// `dims` end with the size of an element.
    pub fn new(tree: Option<u64>, mut dims: Vec<u64>, size: usize) -> Result<Chunks> {
        let last = dims.pop();
        let tile: Vec<usize> = dims.into_iter().filter_map(|d| usize::try_from(d).ok()).collect();
        if last != Some(size as u64) || tile.contains(&0) {
            return Err(damaged("an array with chunks of no size"));
        }
        Ok(Chunks { tree, tile, single: None })
    }
}

/// The most levels of a tree of tiles.
const MOST_LEVELS: u8 = 16;

/// The bytes of the array, tiles put together.
pub(super) fn read(
    image: Image,
    chunks: &Chunks,
    filters: Option<Cursor>,
    shape: &[usize],
    size: usize,
) -> Result<Vec<u8>> {
    let tile = &chunks.tile;
    if tile.len() != shape.len() || tile.is_empty() {
        return Err(damaged("an array whose chunks have another number of axes"));
    }
    let product = |dims: &[usize]| dims.iter().try_fold(size, |n, d| n.checked_mul(*d));
    let whole = product(shape).ok_or_else(|| damaged("the size of an array"))?;
    let one = product(tile).ok_or_else(|| damaged("the size of a chunk"))?;
    image.budget.take(one as u64, || "a chunk of an array".into())?;
    image.budget.take(whole as u64, || "an array in chunks".into())?;
    let counts: Vec<usize> = shape.iter().zip(tile).map(|(d, t)| d.div_ceil(*t)).collect();
    let expected = product(&counts).map_or(usize::MAX, |n| n / size);
    // What of tiles lies beyond the array is unpacked, too.
    image.budget.work(expected.saturating_mul(one).saturating_sub(whole))?;
    let filters = filters.map_or(Ok(Filters::default()), Filters::read)?;
    let mut tiles =
        Tiles { image, shape, tile, size, one, filters, left: expected, out: Vec::new() };
    // Each tile is some bytes of the file: more tiles than bytes cannot be there.
    if expected > image.bytes.len() {
        return Err(damaged(format_args!("{expected} chunks in a file of fewer bytes")));
    }
    match (chunks.tree, chunks.single) {
        (Some(tree), _) => {
            tiles.out = vec![0; whole];
            tiles.node(tree, None)?;
        }
        (None, Some((place, packed))) => {
            let (length, skipped) = packed.unwrap_or((one as u64, 0));
            tiles.out = vec![0; whole];
            tiles.add(&vec![0; shape.len()], place, length, skipped)?;
        }
        (None, None) => {}
    }
    match tiles.left {
        0 => Ok(tiles.out),
        n => Err(damaged(format_args!("{n} of {expected} chunks were never written"))),
    }
}

struct Tiles<'a> {
    image: Image<'a>,
    shape: &'a [usize],
    tile: &'a [usize],
    size: usize,
    /// Bytes of a tile.
    one: usize,
    filters: Filters,
    /// Tiles that are still to come.
    left: usize,
    out: Vec<u8>,
}

impl Tiles<'_> {
    /// Reads a node of the tree; its level is `expected`, one below its parent's.
    fn node(&mut self, address: u64, expected: Option<u8>) -> Result<()> {
        let mut node = self.image.at(address)?;
        node.signature(b"TREE")?;
        let (class, level) = (node.u8()?, node.u8()?);
        if class != 1 || level > MOST_LEVELS || expected.is_some_and(|e| e != level) {
            return Err(damaged("an array's tree of chunks is no tree"));
        }
        let count = node.u16()?;
        self.image.budget.work(64)?;
        node.address()?;
        node.address()?;
        for _ in 0..count {
            let (length, skipped) = (u64::from(node.u32()?), node.u32()?);
            let mut origin = Vec::with_capacity(self.shape.len());
            for _ in self.shape {
                let start = usize::try_from(node.uint(8)?);
                origin.push(start.map_err(|_| damaged("the place of a chunk"))?);
            }
            node.take(8)?;
            let child = node.place()?;
            match level.checked_sub(1) {
                Some(below) => self.node(child, Some(below))?,
                None => self.add(&origin, child, length, skipped)?,
            }
        }
        Ok(())
    }

    /// Unpacks a tile and puts it into its place.
    fn add(&mut self, origin: &[usize], place: u64, length: u64, skipped: u32) -> Result<()> {
        let places = origin.iter().zip(self.tile).zip(self.shape);
        if !places.clone().all(|((start, tile), length)| start % tile == 0 && start < length) {
            return Err(damaged("a chunk outside its array"));
        }
        // A tree that goes in circles, or a tile that is listed twice, runs out here.
        self.left =
            self.left.checked_sub(1).ok_or_else(|| damaged("an array with too many chunks"))?;
        let stored = self.image.slice(place, length)?;
        let data = self.filters.unpack(stored, self.one, self.size, skipped)?;
        if data.len() != self.one {
            let found = data.len();
            return Err(damaged(format_args!("a chunk of {found} bytes in place of {}", self.one)));
        }
        self.place(origin, &data);
        Ok(())
    }

    /// Copies what of a tile lies inside the array, one line of the last axis at a time.
    fn place(&mut self, origin: &[usize], data: &[u8]) {
        let inside = |axis: usize| {
            let end = self.shape.get(axis).copied().unwrap_or(0);
            let start = origin.get(axis).copied().unwrap_or(0);
            end.saturating_sub(start).min(self.tile.get(axis).copied().unwrap_or(0))
        };
        let extent: Vec<usize> = (0..self.shape.len()).map(inside).collect();
        let Some((line, outer)) = extent.split_last() else { return };
        let bytes = line * self.size;
        let mut index = vec![0_usize; outer.len()];
        loop {
            let (mut from, mut to) = (0, 0);
            for axis in 0..self.shape.len() {
                let i = index.get(axis).copied().unwrap_or(0);
                from = from * self.tile.get(axis).copied().unwrap_or(0) + i;
                let start = origin.get(axis).copied().unwrap_or(0);
                to = to * self.shape.get(axis).copied().unwrap_or(0) + start + i;
            }
            let (from, to) = (from * self.size, to * self.size);
            let source = data.get(from..from + bytes);
            if let (Some(source), Some(target)) = (source, self.out.get_mut(to..to + bytes)) {
                target.copy_from_slice(source);
            }
            // The next line, as an odometer counts.
            let mut axis = outer.len();
            loop {
                let Some(before) = axis.checked_sub(1) else { return };
                axis = before;
                let (Some(i), Some(end)) = (index.get_mut(axis), outer.get(axis)) else { return };
                *i += 1;
                if *i < *end {
                    break;
                }
                *i = 0;
            }
        }
    }
}

/// Tiles as they are stored, unpacked or not.
pub(super) type Bytes<'a> = Cow<'a, [u8]>;
