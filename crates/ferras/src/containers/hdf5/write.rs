//! Writing a tree of groups and arrays as HDF5.
use super::super::limits::Result;
use super::Attribute;
use crate::Tensor;
use ferras_graph::Elements;
use hdf5_pure::{
    AttrValue, Datatype, DatatypeByteOrder, EnumTypeBuilder, FileBuilder, FinishedGroup,
    FloatingPointLayout, GroupBuilder, LibVer, make_i8_type,
};

/// What lies in a group: the file is written in this order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tree {
    pub attributes: Vec<(String, Attribute)>,
    pub members: Vec<(String, Member)>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Member {
    Group(Tree),
    Array(Tensor),
}

/// The most bytes of an attribute that old readers of HDF5 take; Keras splits lists at this, too.
const LONGEST_ATTRIBUTE: usize = 64_512;

/// The bytes of a file that holds this tree. Lists of texts that are too long for one attribute
/// become `name0`, `name1` and so on.
pub(crate) fn write(tree: &Tree) -> Result<Vec<u8>> {
    let mut file = FileBuilder::new();
    // The format that h5py writes by default, which all readers have.
    file.with_libver_bounds(LibVer::Earliest, LibVer::V18);
    for (name, value) in attributes(tree)? {
        file.set_attr(&name, value);
    }
    for (name, member) in &tree.members {
        let name = checked(name)?;
        match member {
            Member::Group(tree) => {
                let builder = file.create_group(name);
                file.add_group(group(builder, tree)?);
            }
            Member::Array(tensor) => array(file.create_dataset(name), tensor)?,
        }
    }
    file.finish().map_err(|e| format!("cannot be written: {e}"))
}

fn group(mut builder: GroupBuilder, tree: &Tree) -> Result<FinishedGroup> {
    for (name, value) in attributes(tree)? {
        builder.set_attr(&name, value);
    }
    for (name, member) in &tree.members {
        let name = checked(name)?;
        match member {
            Member::Group(tree) => {
                let inner = builder.create_group(name);
                builder.add_group(group(inner, tree)?);
            }
            Member::Array(tensor) => array(builder.create_dataset(name), tensor)?,
        }
    }
    Ok(builder.finish())
}

/// A name that HDF5 can hold: a slash would part it in two.
fn checked(name: &str) -> Result<&str> {
    match name.is_empty() || name == "." || name.contains(['/', '\0']) {
        true => {
            Err(format!("cannot hold a member named {name:?}: no slash and no NUL may be in it"))
        }
        false => Ok(name),
    }
}

fn attributes(tree: &Tree) -> Result<Vec<(String, AttrValue)>> {
    let mut all = Vec::new();
    for (name, value) in &tree.attributes {
        checked(name)?;
        match value {
            Attribute::Text(text) => {
                all.push((name.clone(), AttrValue::VarLenString(text.clone())))
            }
            Attribute::Texts(texts) => parts(name, texts, &mut all)?,
            Attribute::Integers(v) => {
                let value = match v.as_slice() {
                    [one] => AttrValue::I64(*one),
                    _ => AttrValue::I64Array(v.clone()),
                };
                all.push((name.clone(), value));
            }
            Attribute::Floats(v) => {
                let value = match v.as_slice() {
                    [one] => AttrValue::F64(*one),
                    _ => AttrValue::F64Array(v.clone()),
                };
                all.push((name.clone(), value));
            }
        }
    }
    Ok(all)
}

/// A list of texts as one attribute, or as few as hold it.
fn parts(name: &str, texts: &[String], all: &mut Vec<(String, AttrValue)>) -> Result<()> {
    if let Some(long) = texts.iter().find(|text| text.len() > LONGEST_ATTRIBUTE) {
        let start: String = long.chars().take(40).collect();
        return Err(format!("cannot hold the text {start:?}… of {} bytes in a list", long.len()));
    }
    // Texts of a list take the room of the longest.
    let widest = texts.iter().map(String::len).max().unwrap_or(0).max(1);
    let each = (LONGEST_ATTRIBUTE / widest).max(1);
    if texts.len() <= each {
        all.push((name.to_string(), AttrValue::VarLenStringArray(texts.to_vec())));
        return Ok(());
    }
    // Of about the same length each, as Keras does.
    let pieces = texts.len().div_ceil(each);
    for (i, part) in texts.chunks(texts.len().div_ceil(pieces)).enumerate() {
        all.push((format!("{name}{i}"), AttrValue::VarLenStringArray(part.to_vec())));
    }
    Ok(())
}

fn array(builder: &mut hdf5_pure::DatasetBuilder, tensor: &Tensor) -> Result<()> {
    let shape: Vec<u64> = tensor.shape().iter().map(|d| *d as u64).collect();
    match tensor.elements() {
        Elements::F32(v) => builder.with_f32_data(v),
        Elements::F64(v) => builder.with_f64_data(v),
        Elements::I32(v) => builder.with_i32_data(v),
        Elements::I64(v) => builder.with_i64_data(v),
        Elements::U8(v) => builder.with_u8_data(v),
        Elements::F16(v) => {
            let bytes = v.iter().flat_map(|v| v.to_le_bytes()).collect();
            builder.with_raw_data(half_type(), bytes, v.len() as u64)
        }
        Elements::BF16(v) => {
            // As h5py does, which has no such type; the attribute is what readers go by.
            let bytes = v.iter().flat_map(|v| v.to_le_bytes()).collect();
            let raw = Datatype::Opaque { size: 2, tag: Vec::new() };
            builder
                .with_raw_data(raw, bytes, v.len() as u64)
                .set_attr("dtype", AttrValue::VarLenString("bfloat16".into()))
        }
        Elements::Bool(v) => {
            let values: Vec<u8> = v.iter().map(|v| u8::from(*v)).collect();
            builder.with_enum_u8_data(truth_type()?, &values)
        }
    }
    .with_shape(&shape);
    Ok(())
}

/// IEEE half precision.
fn half_type() -> Datatype {
    let layout = FloatingPointLayout {
        bit_offset: 0,
        bit_precision: 16,
        exponent_location: 10,
        exponent_size: 5,
        mantissa_location: 0,
        mantissa_size: 10,
        exponent_bias: 15,
    };
    Datatype::FloatingPoint { size: 2, byte_order: DatatypeByteOrder::LittleEndian, layout }
}

/// h5py's truth values.
fn truth_type() -> Result<Datatype> {
    let truth = EnumTypeBuilder::with_base(make_i8_type()).value("FALSE", 0).value("TRUE", 1);
    truth.build().map_err(|e| format!("cannot hold truth values: {e}"))
}
