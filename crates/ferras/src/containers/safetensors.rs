//! Hugging Face's `safetensors`: a header of JSON, then the elements of all tensors.
use super::json;
use super::limits::{Budget, Result};
use crate::{DType, Shape, Tensor};
use ferras_graph::Elements;
use half::{bf16, f16};
use serde_json::{Map, Value as Json, json};
use std::ops::Range;

/// The format's own bound of its header, in bytes.
const LONGEST_HEADER: u64 = 100_000_000;

/// The tensors of a file, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tensors {
    pub tensors: Vec<(String, Tensor)>,
    /// What the writer had to say.
    pub metadata: Vec<(String, String)>,
}

/// The element types that are read, by their names here.
const TYPES: [(&str, usize); 12] = [
    ("BOOL", 1),
    ("U8", 1),
    ("I8", 1),
    ("I16", 2),
    ("U16", 2),
    ("I32", 4),
    ("U32", 4),
    ("I64", 8),
    ("F16", 2),
    ("BF16", 2),
    ("F32", 4),
    ("F64", 8),
];

/// One entry of the header.
struct Entry {
    name: String,
    dtype: &'static str,
    shape: Vec<usize>,
    range: Range<usize>,
}

/// All tensors of a file.
pub(crate) fn read(bytes: &[u8], budget: &Budget) -> Result<Tensors> {
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or("is too short for safetensors")?;
    let length = u64::from_le_bytes(*length);
    let header = usize::try_from(length).ok().filter(|_| length <= LONGEST_HEADER);
    let parts = header.and_then(|length| rest.split_at_checked(length));
    let Some((header, data)) = parts.filter(|(header, _)| header.first() == Some(&b'{')) else {
        return Err("is no safetensors file, or a truncated one: its header is not there".into());
    };
    let text = header;
    let header = json::parse(text, budget)?;
    if json::has_key_twice(text, &header) {
        return Err("has a header with two values under one key, which the format forbids".into());
    }
    let Json::Object(header) = header else {
        return Err("has a header that is no object".into());
    };
    let mut found = Tensors::default();
    let mut entries = Vec::new();
    for (name, value) in header {
        budget.count(1)?;
        if name == "__metadata__" {
            found.metadata = metadata(&value)?;
        } else {
            let entry = Entry::read(&value).map_err(|e| format!("tensor {name:?} {e}"))?;
            entries.push(Entry { name, ..entry });
        }
    }
    // All data belongs to one tensor each: no byte is hidden, none is used twice.
    entries.sort_by_key(|entry| (entry.range.start, entry.range.end));
    let mut end = 0;
    for entry in entries {
        if entry.range.start != end || entry.range.end < end {
            return Err(format!(
                "tensor {:?} does not begin where the one before ends",
                entry.name
            ));
        }
        end = entry.range.end;
        let problem = |e: String| format!("tensor {:?} {e}", entry.name);
        let data = data.get(entry.range.clone()).ok_or_else(|| problem("is cut off".into()))?;
        let tensor = entry.tensor(data, budget).map_err(problem)?;
        found.tensors.push((entry.name, tensor));
    }
    match data.len() == end {
        true => Ok(found),
        false => Err(format!("holds {} bytes that belong to no tensor", data.len() - end)),
    }
}

fn metadata(value: &Json) -> Result<Vec<(String, String)>> {
    let wrong = || "has metadata that are no texts by name".to_string();
    let pairs = value.as_object().ok_or_else(wrong)?.iter();
    pairs
        .map(|(key, text)| Ok((key.clone(), text.as_str().ok_or_else(wrong)?.to_string())))
        .collect()
}

impl Entry {
    /// An entry without its name.
    fn read(value: &Json) -> Result<Entry> {
        let dtype = value.get("dtype").and_then(Json::as_str).ok_or("has no dtype")?;
        let Some((dtype, size)) = TYPES.iter().find(|(name, _)| *name == dtype) else {
            return Err(format!("is of type {dtype:?}, which is not read"));
        };
        let sizes = |key: &str| -> Option<Vec<usize>> {
            let list = value.get(key)?.as_array()?.iter();
            list.map(|n| n.as_u64().and_then(|n| usize::try_from(n).ok())).collect()
        };
        let shape = sizes("shape").ok_or("has no shape of whole numbers")?;
        let offsets = sizes("data_offsets");
        let Some(&[start, end]) = offsets.as_deref().and_then(|o| o.first_chunk()) else {
            return Err("has no two data_offsets".into());
        };
        let bytes = shape.iter().try_fold(*size, |n, d| n.checked_mul(*d));
        match end.checked_sub(start) == bytes && bytes.is_some() {
            true => Ok(Entry { name: String::new(), dtype, shape, range: start..end }),
            false => {
                Err(format!("has shape {shape:?}, which is not that of bytes {start} to {end}"))
            }
        }
    }

    fn tensor(&self, data: &[u8], budget: &Budget) -> Result<Tensor> {
        // Numbers of one and two bytes may become four.
        let widened = if ["I8", "I16", "U16", "U32"].contains(&self.dtype) { 4 } else { 1 };
        budget.take(data.len() as u64 * widened, || "a tensor".into())?;
        let shape = Shape::from(self.shape.as_slice());
        macro_rules! numbers {
            ($from:ty, $convert:expr) => {{
                let chunks = data.as_chunks::<{ size_of::<$from>() }>().0.iter();
                let numbers = chunks.map(|b| $convert(<$from>::from_le_bytes(*b))).collect();
                Tensor::new(shape, numbers)
            }};
        }
        match self.dtype {
            "BOOL" if data.iter().any(|b| *b > 1) => return Err("holds no truth values".into()),
            "BOOL" => numbers!(u8, |v| v != 0),
            "U8" => Tensor::new(shape, data.to_vec()),
            "I8" => numbers!(i8, i32::from),
            "I16" => numbers!(i16, i32::from),
            "U16" => numbers!(u16, i32::from),
            "I32" => numbers!(i32, |v: i32| v),
            "U32" => numbers!(u32, i64::from),
            "I64" => numbers!(i64, |v: i64| v),
            "F16" => numbers!(f16, |v: f16| v),
            "BF16" => numbers!(bf16, |v: bf16| v),
            "F32" => numbers!(f32, |v: f32| v),
            _ => numbers!(f64, |v: f64| v),
        }
        .map_err(|e| e.to_string())
    }
}

/// The bytes of a file that holds these tensors.
pub(crate) fn write(file: &Tensors) -> Result<Vec<u8>> {
    let mut header = Map::new();
    if !file.metadata.is_empty() {
        let pairs = file.metadata.iter().map(|(key, text)| (key.clone(), json!(text)));
        header.insert("__metadata__".into(), Json::Object(pairs.collect()));
    }
    // Wide types come first, so that each tensor lies at a multiple of its element's size.
    let mut tensors: Vec<&(String, Tensor)> = file.tensors.iter().collect();
    tensors.sort_by_key(|(_, tensor)| std::cmp::Reverse(tensor.dtype().size()));
    let mut end = 0;
    for (name, tensor) in &tensors {
        let start = end;
        end += tensor.ty().bytes();
        let dtype = match tensor.dtype() {
            DType::Bool => "BOOL",
            DType::U8 => "U8",
            DType::I32 => "I32",
            DType::I64 => "I64",
            DType::F16 => "F16",
            DType::BF16 => "BF16",
            DType::F32 => "F32",
            DType::F64 => "F64",
        };
        let entry =
            json!({"dtype": dtype, "shape": tensor.shape().to_vec(), "data_offsets": [start, end]});
        if name == "__metadata__" || header.insert(name.clone(), entry).is_some() {
            return Err(format!("cannot hold a tensor named {name:?}, or two of one name"));
        }
    }
    let mut header = Json::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut bytes = Vec::with_capacity(8 + header.len() + end);
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(header);
    for (_, tensor) in tensors {
        put(&mut bytes, tensor);
    }
    Ok(bytes)
}

/// Adds the elements of a tensor, low byte first on every machine.
fn put(bytes: &mut Vec<u8>, tensor: &Tensor) {
    match tensor.elements() {
        Elements::Bool(v) => bytes.extend(v.iter().map(|v| u8::from(*v))),
        Elements::U8(v) => bytes.extend_from_slice(v),
        Elements::I32(v) => bytes.extend(v.iter().flat_map(|v| v.to_le_bytes())),
        Elements::I64(v) => bytes.extend(v.iter().flat_map(|v| v.to_le_bytes())),
        Elements::F16(v) => bytes.extend(v.iter().flat_map(|v| v.to_le_bytes())),
        Elements::BF16(v) => bytes.extend(v.iter().flat_map(|v| v.to_le_bytes())),
        Elements::F32(v) => bytes.extend(v.iter().flat_map(|v| v.to_le_bytes())),
        Elements::F64(v) => bytes.extend(v.iter().flat_map(|v| v.to_le_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::containers::limits::Limits;
    use ferras_graph::TensorType;

    fn parsed(bytes: &[u8]) -> Result<Tensors> {
        read(bytes, &Limits::new().budget(bytes.len() as u64)?)
    }

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
    }

    fn all_types() -> Tensors {
        let mut file = Tensors::default();
        for dtype in DType::ALL {
            for shape in [&[][..], &[0], &[3], &[2, 3]] {
                let ty = TensorType::new(dtype, shape);
                file.tensors.push((ty.to_string(), Tensor::full(&ty, 1.0)));
            }
        }
        file.metadata = vec![("format".into(), "pt".into()), ("Grüße".into(), "\"".into())];
        file
    }

    #[test]
    fn every_type_comes_back() {
        let file = all_types();
        let mut back = parsed(&write(&file).unwrap()).unwrap();
        assert_eq!(back.metadata, file.metadata);
        let sorted = |mut tensors: Vec<(String, Tensor)>| {
            tensors.sort_by(|a, b| a.0.cmp(&b.0));
            tensors
        };
        assert_eq!(sorted(std::mem::take(&mut back.tensors)), sorted(file.tensors));
    }

    #[test]
    fn files_of_others() {
        let header = r#"{"b":{"dtype":"I16","shape":[2],"data_offsets":[4,8]},
            "a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}   "#;
        let found = parsed(&file(header, &[0, 0, 128, 63, 1, 0, 255, 255])).unwrap();
        assert_eq!(found.tensors[0], ("a".into(), Tensor::scalar(1.0_f32)));
        assert_eq!(found.tensors[1].1.as_slice(), Some(&[1, -1][..]));
    }

    #[test]
    fn refuses_by_name() {
        let message = |header: &str, data: &[u8]| parsed(&file(header, data)).unwrap_err();
        let entry = |dtype: &str, shape: &str, offsets: &str| {
            format!(r#"{{"a":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#)
        };
        assert!(parsed(&[1, 2]).unwrap_err().contains("too short"));
        assert!(parsed(&[255; 40]).unwrap_err().contains("header is not there"));
        assert!(message("[]", &[]).contains("header is not there"));
        assert!(message(&entry("F8_E4M3", "[1]", "[0,1]"), &[0]).contains("\"F8_E4M3\""));
        assert!(message(&entry("F32", "[2]", "[0,4]"), &[0; 4]).contains("shape [2]"));
        assert!(message(&entry("F32", "[-1]", "[0,4]"), &[0; 4]).contains("no shape"));
        assert!(message(&entry("U8", "[2]", "[0,2]"), &[0]).contains("cut off"));
        assert!(message(&entry("U8", "[1]", "[0,1]"), &[0; 3]).contains("2 bytes that belong"));
        assert!(message(&entry("U8", "[1]", "[1,2]"), &[0; 2]).contains("does not begin"));
        let bomb = entry("F64", "[4294967296,4294967296,4294967296]", "[0,8]");
        assert!(message(&bomb, &[0; 8]).contains("has shape"));
        let large = entry("U8", "[1000000000000]", "[0,1000000000000]");
        assert!(message(&large, &[]).contains("cut off"));
        assert!(message(r#"{"__metadata__":{"a":1}}"#, &[]).contains("metadata"));
        let twice =
            Tensors { tensors: vec![("a".into(), Tensor::scalar(1_u8)); 2], metadata: vec![] };
        assert!(write(&twice).unwrap_err().contains("two of one name"));
    }

    #[test]
    fn damage_is_survived() {
        let good = write(&all_types()).unwrap();
        for n in 0..good.len() {
            assert!(parsed(&good[..n]).is_err());
        }
        for place in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[place] ^= 1 << bit;
                let _ = parsed(&bad);
            }
        }
    }
}
