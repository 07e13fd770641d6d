//! Arrays as bytes, the lowest byte of each element first, under the type names of the Open
//! Inference Protocol.
use crate::failure::{Failure, Outcome};
use ferras::config::ElementType;
use ferras::data::{Array, Texts};
use ferras::{DType, Tensor};
use half::{bf16, f16};

/// The type of an array that is sent. Those that tensors lack become the next wider one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Datatype {
    Bool,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Int8,
    Int16,
    Int32,
    Int64,
    Fp16,
    Bf16,
    Fp32,
    Fp64,
    Bytes,
}

use Datatype::*;

/// Every type with its name and the bytes of an element.
const ALL: [(Datatype, &str, usize); 14] = [
    (Bool, "BOOL", 1),
    (Uint8, "UINT8", 1),
    (Uint16, "UINT16", 2),
    (Uint32, "UINT32", 4),
    (Uint64, "UINT64", 8),
    (Int8, "INT8", 1),
    (Int16, "INT16", 2),
    (Int32, "INT32", 4),
    (Int64, "INT64", 8),
    (Fp16, "FP16", 2),
    (Bf16, "BF16", 2),
    (Fp32, "FP32", 4),
    (Fp64, "FP64", 8),
    // Of each text its length, in four bytes, and as many bytes.
    (Bytes, "BYTES", 4),
];

impl Datatype {
    pub(crate) fn parse(name: &str) -> Outcome<Datatype> {
        let found = ALL.iter().find(|(_, known, _)| *known == name);
        found.map(|(kind, ..)| *kind).ok_or_else(|| {
            let known = ALL.map(|(_, known, _)| known).join(", ");
            Failure::bad(format!("arrays of datatype {name:?} are not taken; known are {known}"))
        })
    }

    /// The type of an array's elements.
    pub(crate) fn of_elements(elements: ElementType) -> Datatype {
        elements.number().map_or(Bytes, Datatype::of)
    }

    /// The type of a tensor's elements.
    pub(crate) fn of(dtype: DType) -> Datatype {
        match dtype {
            DType::Bool => Bool,
            DType::U8 => Uint8,
            DType::I32 => Int32,
            DType::I64 => Int64,
            DType::F16 => Fp16,
            DType::BF16 => Bf16,
            DType::F32 => Fp32,
            DType::F64 => Fp64,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        ALL.iter().find(|(kind, ..)| *kind == self).map_or("", |(_, name, _)| name)
    }

    /// Bytes of an element.
    pub(crate) fn size(self) -> usize {
        ALL.iter().find(|(kind, ..)| *kind == self).map_or(1, |(.., size)| *size)
    }

    /// The array of this shape in these bytes, which must be as many as it takes.
    pub(crate) fn array(self, shape: Vec<usize>, bytes: &[u8]) -> Outcome<Array> {
        match self {
            Bytes => texts(shape, bytes).map(Array::from),
            _ => self.tensor(shape, bytes).map(Array::from),
        }
    }

    /// The tensor of this shape in these bytes, which must be as many as it takes.
    pub(crate) fn tensor(self, shape: Vec<usize>, bytes: &[u8]) -> Outcome<Tensor> {
        let places = shape.iter().try_fold(self.size(), |n, &d| n.checked_mul(d));
        if places != Some(bytes.len()) {
            let (shape, kind, n) = (ferras::Shape::from(shape), self.name(), bytes.len());
            return Err(Failure::bad(format!(
                "an array of shape {shape} and datatype {kind} does not have {n} bytes"
            )));
        }
        macro_rules! decode {
            ($from:ty, $convert:expr) => {{
                let elements = bytes.as_chunks::<{ size_of::<$from>() }>().0.iter();
                let elements = elements.map(|bytes| $convert(<$from>::from_le_bytes(*bytes)));
                Tensor::new(shape, elements.collect())
            }};
        }
        let tensor = match self {
            Bool => Tensor::new(shape, bytes.iter().map(|byte| *byte != 0).collect()),
            Uint8 => Tensor::new(shape, bytes.to_vec()),
            Uint16 => decode!(u16, i32::from),
            Uint32 => decode!(u32, i64::from),
            // Beyond int64 there is no class and no word: the largest stands for all.
            Uint64 => decode!(u64, |v| i64::try_from(v).unwrap_or(i64::MAX)),
            Int8 => decode!(i8, i32::from),
            Int16 => decode!(i16, i32::from),
            Int32 => decode!(i32, |v: i32| v),
            Int64 => decode!(i64, |v: i64| v),
            Fp16 => decode!(f16, |v: f16| v),
            Bf16 => decode!(bf16, |v: bf16| v),
            Fp32 => decode!(f32, |v: f32| v),
            Fp64 => decode!(f64, |v: f64| v),
            Bytes => return Err(Failure::bad("expected numbers, got an array of datatype BYTES")),
        };
        tensor.map_err(|e| Failure::internal(e.to_string()))
    }
}

/// Texts one behind the other.
fn texts(shape: Vec<usize>, mut bytes: &[u8]) -> Outcome<Texts> {
    let broken = || Failure::bad("an array of datatype BYTES has other lengths than its texts");
    let mut texts: Vec<String> = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(broken)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| broken())?;
        let (text, rest) = rest.split_at_checked(length).ok_or_else(broken)?;
        let text = std::str::from_utf8(text);
        texts.push(text.map_err(|_| Failure::bad("a text is not in UTF-8"))?.into());
        bytes = rest;
    }
    Texts::new(shape, texts).map_err(|e| Failure::bad(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferras_graph::TensorType;

    #[test]
    fn every_type_comes_back() {
        for dtype in DType::ALL {
            let tensor = Tensor::full(&TensorType::new(dtype, [2, 1]), 1.0);
            let mut bytes = Vec::new();
            crate::write::bytes(&mut bytes, tensor.elements());
            let kind = Datatype::of(dtype);
            assert_eq!(Datatype::parse(kind.name()).unwrap(), kind);
            assert_eq!(kind.tensor(vec![2, 1], &bytes).unwrap(), tensor);
            assert!(kind.tensor(vec![3, 1], &bytes).unwrap_err().message.contains("(3, 1)"));
            assert!(kind.tensor(vec![usize::MAX, 2], &bytes).is_err());
        }
    }

    #[test]
    fn types_that_tensors_lack_are_widened() {
        let tensor = |kind: Datatype, bytes: &[u8]| kind.tensor(vec![1], bytes).unwrap();
        assert_eq!(tensor(Int8, &[255]).as_slice(), Some(&[-1_i32][..]));
        assert_eq!(tensor(Uint16, &[255, 255]).as_slice(), Some(&[65535_i32][..]));
        assert_eq!(tensor(Uint32, &[255; 4]).as_slice(), Some(&[4_294_967_295_i64][..]));
        assert_eq!(tensor(Uint64, &[255; 8]).as_slice(), Some(&[i64::MAX][..]));
        assert!(Datatype::parse("FP8").unwrap_err().message.contains("FP32"));
        let texts = |bytes: &[u8]| Bytes.array(vec![2], bytes);
        let both = texts(b"\x01\0\0\0a\x02\0\0\0bc").unwrap();
        assert_eq!(both, Array::from(["a", "bc"]));
        for odd in
            [&b"\x01\0\0\0a"[..], b"\xff\xff\xff\xffa", b"\x01\0\0", b"\x01\0\0\0\xff\0\0\0\0"]
        {
            assert!(texts(odd).is_err());
        }
    }
}
