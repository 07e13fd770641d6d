//! HDF5 files, read and written in Rust alone.
//!
//! Reading is our own: each structure is looked at where it lies in the file, nothing is taken
//! from a number of the file before it is counted against the [`Budget`], trees may not go in
//! circles, and what leads out of the file (soft and external links, external storage, virtual
//! data sets) is an error. The crate `hdf5-pure`, which only writes here, reads more kinds of
//! files, but can be made to run out of stack and memory by types nested in types.
//!
//! Nothing in here knows of Keras.
mod attributes;
mod checksum;
mod chunks;
mod cursor;
mod datatype;
mod dense;
mod filters;
mod header;
#[cfg(test)]
mod hostile;
mod layout;
mod links;
#[cfg(test)]
mod tests;
mod write;

use super::limits::{Budget, Result};
use crate::{DType, Shape, Tensor};
use cursor::Image;
use datatype::{Class, Datatype};
use half::{bf16, f16};
use header::{Header, kind};
use links::Target;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
#[allow(unused_imports)] // as what its module says
pub(crate) use write::{Member, Tree, write};

/// The bytes of a file, and how its numbers are stored.
pub(crate) struct File<'f> {
    bytes: Cow<'f, [u8]>,
    start: usize,
    offsets: usize,
    lengths: usize,
    root: u64,
    budget: Budget,
    /// Links of the groups that were looked at, by address: a group is asked for each member.
    groups: RefCell<BTreeMap<u64, Rc<[Entry]>>>,
}

/// A link whose name is the place of its bytes.
struct Entry {
    name: Range<usize>,
    target: Target,
}

/// A value that hangs on a group or an array.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Attribute {
    /// One text.
    Text(String),
    /// A list of texts, of any rank.
    Texts(Vec<String>),
    /// Integers and truth values, one or many.
    Integers(Vec<i64>),
    /// Floats, one or many.
    Floats(Vec<f64>),
}

/// Whether these bytes begin as an HDF5 file does.
pub(crate) fn is_hdf5(bytes: &[u8]) -> bool {
    bytes.starts_with(header::SIGNATURE)
}

impl<'f> File<'f> {
    /// The file of these bytes, owned or borrowed. What is read out of it is taken from the budget.
    pub(crate) fn open(bytes: impl Into<Cow<'f, [u8]>>, budget: &Budget) -> Result<File<'f>> {
        let bytes = bytes.into();
        let head = header::superblock(&bytes, budget)?;
        let (offsets, lengths) = (head.offsets, head.lengths);
        Ok(File {
            bytes,
            start: head.start,
            offsets,
            lengths,
            root: head.root,
            budget: budget.clone(),
            groups: RefCell::default(),
        })
    }

    /// The group that holds all others.
    pub(crate) fn root(&self) -> Group<'_> {
        Group { file: self, address: self.root, path: String::new(), depth: 0 }
    }

    fn image(&self) -> Image<'_> {
        Image {
            bytes: self.bytes.get(self.start..).unwrap_or_default(),
            offsets: self.offsets,
            lengths: self.lengths,
            budget: &self.budget,
        }
    }

    fn header(&self, address: u64, path: &str) -> Result<Header<'_>> {
        Header::read(self.image(), address).map_err(at(path))
    }

    /// The members of the group at `address`.
    fn entries(&self, address: u64) -> Result<Rc<[Entry]>> {
        if let Some(known) = self.groups.borrow().get(&address) {
            return Ok(known.clone());
        }
        let image = self.image();
        let links = links::links(image, &Header::read(image, address)?)?;
        let size = links.len().saturating_mul(size_of::<Entry>()) as u64;
        self.budget.take(size, || "a group".into())?;
        let origin = image.bytes.as_ptr() as usize;
        let entry = |link: &links::Link| {
            let start = (link.name.as_ptr() as usize).saturating_sub(origin);
            Entry { name: start..start + link.name.len(), target: link.target }
        };
        let entries: Rc<[Entry]> = links.iter().map(entry).collect();
        self.groups.borrow_mut().insert(address, entries.clone());
        Ok(entries)
    }

    fn name(&self, entry: &Entry) -> &str {
        let bytes = self.image().bytes.get(entry.name.clone()).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

/// Puts the path of an object before what is wrong with it.
fn at(path: &str) -> impl Fn(String) -> String {
    let path = if path.is_empty() { "/" } else { path };
    move |problem| format!("{path:?} {problem}")
}

/// Members by name.
#[derive(Clone)]
pub(crate) struct Group<'a> {
    file: &'a File<'a>,
    address: u64,
    path: String,
    depth: usize,
}

impl<'a> Group<'a> {
    /// Names from the root on, with a slash before each; empty for the root.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The same for all paths of one group.
    pub(crate) fn address(&self) -> u64 {
        self.address
    }

    /// The names of all members, sorted by their bytes.
    pub(crate) fn names(&self) -> Result<Vec<&'a str>> {
        let entries = self.file.entries(self.address).map_err(at(&self.path))?;
        Ok(entries.iter().map(|entry| self.file.name(entry)).collect())
    }

    /// The group of this name, or of several with slashes between them; none if there is no such
    /// member, or it is an array.
    pub(crate) fn group(&self, name: &str) -> Result<Option<Group<'a>>> {
        Ok(match self.find(name)? {
            Some((group, header)) if !header.has(kind::LAYOUT) => Some(group),
            _ => None,
        })
    }

    /// The array of this name, or of several with slashes between them; none if there is no such
    /// member, or it is a group.
    pub(crate) fn array(&self, name: &str) -> Result<Option<Array<'a>>> {
        match self.find(name)? {
            Some((place, header)) if header.has(kind::LAYOUT) => {
                Array::new(place, header).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The object of this name, as if it were a group.
    fn find(&self, name: &str) -> Result<Option<(Group<'a>, Header<'a>)>> {
        let mut place = self.clone();
        for part in name.split('/').filter(|part| !part.is_empty()) {
            match place.member(part)? {
                Some(member) => place = member,
                None => return Ok(None),
            }
        }
        let header = self.file.header(place.address, &place.path)?;
        Ok(Some((place, header)))
    }

    fn member(&self, name: &str) -> Result<Option<Group<'a>>> {
        let file = self.file;
        let entries = file.entries(self.address).map_err(at(&self.path))?;
        let found = entries.binary_search_by(|entry| file.name(entry).cmp(name));
        let Some(entry) = found.ok().and_then(|place| entries.get(place)) else {
            return Ok(None);
        };
        let path = format!("{}/{name}", self.path);
        let address = match entry.target {
            Target::Object(address) => address,
            Target::Soft => {
                return Err(format!("{path:?} is a soft link, a name for another; not followed"));
            }
            Target::External => {
                return Err(format!("{path:?} is a link into another file, which is not opened"));
            }
        };
        let depth = self.depth + 1;
        file.budget.level(depth).map_err(at(&path))?;
        Ok(Some(Group { file, address, path, depth }))
    }

    /// The names of all attributes.
    pub(crate) fn attributes(&self) -> Result<Vec<&'a str>> {
        let header = self.file.header(self.address, &self.path)?;
        let found = attributes::attributes(self.file.image(), &header).map_err(at(&self.path))?;
        Ok(found.into_iter().map(|(name, _)| name).collect())
    }

    /// The attribute of this name.
    pub(crate) fn attribute(&self, name: &str) -> Result<Option<Attribute>> {
        let header = self.file.header(self.address, &self.path)?;
        attribute(self.file, &header, name).map_err(at(&self.path))
    }

    /// The list of texts of this name, put together where it was too long for one attribute and
    /// lies in `name0`, `name1` and so on.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<String>>> {
        if let Some(whole) = self.attribute(name)? {
            return list(whole).map(Some).map_err(at(&format!("{}@{name}", self.path)));
        }
        let mut all = Vec::new();
        for i in 0.. {
            let part = format!("{name}{i}");
            match self.attribute(&part)? {
                Some(more) => all.extend(list(more).map_err(at(&format!("{}@{part}", self.path)))?),
                None if i == 0 => return Ok(None),
                None => break,
            }
        }
        Ok(Some(all))
    }
}

/// A list of texts; an empty list of any kind is one.
fn list(attribute: Attribute) -> Result<Vec<String>> {
    match attribute {
        Attribute::Texts(texts) => Ok(texts),
        Attribute::Text(text) => Ok(vec![text]),
        Attribute::Integers(v) if v.is_empty() => Ok(Vec::new()),
        Attribute::Floats(v) if v.is_empty() => Ok(Vec::new()),
        _ => Err("holds numbers in place of texts".into()),
    }
}

fn attribute(file: &File, header: &Header, name: &str) -> Result<Option<Attribute>> {
    let image = file.image();
    let found = attributes::attributes(image, header)?;
    match found.into_iter().find(|(n, _)| *n == name) {
        Some((_, message)) => attributes::value(image, message)
            .map(Some)
            .map_err(|problem| format!("attribute {name:?} {problem}")),
        None => Ok(None),
    }
}

/// Numbers of one type, in rows.
pub(crate) struct Array<'a> {
    place: Group<'a>,
    header: Header<'a>,
    datatype: Datatype,
    shape: Shape,
}

impl<'a> Array<'a> {
    fn new(place: Group<'a>, header: Header<'a>) -> Result<Array<'a>> {
        let described = || {
            let missing = || cursor::damaged("an array without a type or a shape");
            let datatype = Datatype::read(header.find(kind::DATATYPE)?.ok_or_else(missing)?)?;
            let space = header.find(kind::DATASPACE)?.ok_or_else(missing)?;
            // A space that holds nothing at all has no axes to tell.
            Ok((datatype, datatype::dataspace(space)?.unwrap_or_else(|| vec![0])))
        };
        let (datatype, shape) = described().map_err(at(&place.path))?;
        Ok(Array { datatype, shape: Shape::from(shape), place, header })
    }

    /// Names from the root on, with a slash before each.
    pub(crate) fn path(&self) -> &str {
        self.place.path()
    }

    /// What its elements become in memory; an error for texts, records and so on.
    pub(crate) fn dtype(&self) -> Result<DType> {
        self.datatype.dtype().map_err(at(self.path()))
    }

    /// What its elements are, in words.
    pub(crate) fn kind(&self) -> String {
        self.datatype.words()
    }

    /// Its shape, as the file says; nothing is allocated on its word.
    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The attribute of this name.
    pub(crate) fn attribute(&self, name: &str) -> Result<Option<Attribute>> {
        attribute(self.place.file, &self.header, name).map_err(at(self.path()))
    }

    /// Its elements, if it has the shape that is expected.
    pub(crate) fn read(&self, expected: &Shape) -> Result<Tensor> {
        self.check(expected)?;
        self.read_any()
    }

    /// An error unless it has the shape that is expected.
    pub(crate) fn check(&self, expected: &Shape) -> Result<()> {
        match *expected == self.shape {
            true => Ok(()),
            false => Err(at(self.path())(format!(
                "has shape {}, where {expected} is expected",
                self.shape
            ))),
        }
    }

    /// Its elements, of any shape.
    pub(crate) fn read_any(&self) -> Result<Tensor> {
        self.tensor().map_err(at(self.path()))
    }

    fn tensor(&self) -> Result<Tensor> {
        let dtype = self.datatype.dtype()?;
        let image = self.place.file.image();
        let bytes = layout::bytes(image, &self.header, &self.shape, self.datatype.size)?;
        let elements = bytes.len() / self.datatype.size;
        image.budget.take((elements as u64) * dtype.size() as u64, || "an array".into())?;
        decode(&self.datatype, &self.shape, &bytes)
    }

    /// Its elements as texts, whatever its shape.
    pub(crate) fn read_texts(&self) -> Result<Vec<String>> {
        let read = || {
            if !matches!(self.datatype.class, Class::Text { .. } | Class::AnyText) {
                return Err(format!("holds {} in place of texts", self.datatype.words()));
            }
            let image = self.place.file.image();
            let bytes = layout::bytes(image, &self.header, &self.shape, self.datatype.size)?;
            attributes::texts(image, &self.datatype, &bytes)
        };
        read().map_err(at(self.path()))
    }
}

/// Elements of any stored type and order of bytes as a tensor.
fn decode(datatype: &Datatype, shape: &Shape, bytes: &[u8]) -> Result<Tensor> {
    macro_rules! numbers {
        ($from:ty, $convert:expr) => {{
            let numbers = bytes.as_chunks::<{ size_of::<$from>() }>().0.iter().map(|bytes| {
                $convert(match datatype.big_endian {
                    true => <$from>::from_be_bytes(*bytes),
                    false => <$from>::from_le_bytes(*bytes),
                })
            });
            Tensor::new(shape.clone(), numbers.collect()).map_err(|e| e.to_string())
        }};
    }
    let tensor = |data: Vec<u8>| Tensor::new(shape.clone(), data).map_err(|e| e.to_string());
    match (&datatype.class, datatype.size) {
        (Class::Truth, 1) => numbers!(u8, |v| v != 0),
        (Class::Integer { signed: false }, 1) => tensor(bytes.to_vec()),
        (Class::Integer { signed: true }, 1) => numbers!(i8, i32::from),
        (Class::Integer { signed: true }, 2) => numbers!(i16, i32::from),
        (Class::Integer { signed: false }, 2) => numbers!(u16, i32::from),
        (Class::Integer { signed: true }, 4) => numbers!(i32, |v: i32| v),
        (Class::Integer { signed: false }, 4) => numbers!(u32, i64::from),
        (Class::Integer { signed: true }, 8) => numbers!(i64, |v: i64| v),
        (Class::Integer { signed: false }, 8) => {
            let bits = |b: &[u8; 8]| match datatype.big_endian {
                true => u64::from_be_bytes(*b),
                false => u64::from_le_bytes(*b),
            };
            let numbers = bytes.as_chunks().0.iter().map(|b| i64::try_from(bits(b)));
            let numbers: Result<Vec<i64>, _> = numbers.collect();
            let numbers = numbers.map_err(|_| "holds numbers too large for int64")?;
            Tensor::new(shape.clone(), numbers).map_err(|e| e.to_string())
        }
        (Class::Float, 2) => numbers!(f16, |v: f16| v),
        (Class::Brain, 2) => numbers!(bf16, |v: bf16| v),
        (Class::Float, 4) => numbers!(f32, |v: f32| v),
        (Class::Float, 8) => numbers!(f64, |v: f64| v),
        _ => Err(format!("holds {}, which are not read", datatype.words())),
    }
}
