//! Tensors as JSON and as bytes.
use ferras::Tensor;
use ferras_graph::Elements;

/// What stands for a number that is not finite; JSON has none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum NotFinite {
    /// `null`, so that every reader of JSON reads it.
    Null,
    /// `NaN`, `Infinity` and `-Infinity`, as TensorFlow Serving writes them.
    Words,
}

/// Elements that can be written one by one.
trait Written: Copy {
    fn write(self, out: &mut Vec<u8>, not_finite: NotFinite);
}

macro_rules! integers {
    ($($ty:ty)*) => {
        $(impl Written for $ty {
            fn write(self, out: &mut Vec<u8>, _: NotFinite) {
                // Memory takes every byte, and there is nothing to refuse in a number.
                let _ = serde_json::to_writer(out, &self);
            }
        })*
    };
}

macro_rules! floats {
    ($($ty:ty)*) => {
        $(impl Written for $ty {
            fn write(self, out: &mut Vec<u8>, not_finite: NotFinite) {
                if self.is_finite() || not_finite == NotFinite::Null {
                    // The shortest text that gives the same value again, or null.
                    let _ = serde_json::to_writer(out, &self);
                } else if self.is_nan() {
                    out.extend(b"NaN");
                } else {
                    out.extend(if self > 0.0 { &b"Infinity"[..] } else { b"-Infinity" });
                }
            }
        })*
    };
}

integers! { bool u8 i32 i64 }
floats! { f32 f64 }

/// Elements of this shape as lists in lists; a scalar as itself.
pub(crate) fn nested(out: &mut Vec<u8>, shape: &[usize], elements: Elements<'_>, not: NotFinite) {
    match elements {
        Elements::Bool(v) => lists(out, shape, v, not),
        Elements::U8(v) => lists(out, shape, v, not),
        Elements::I32(v) => lists(out, shape, v, not),
        Elements::I64(v) => lists(out, shape, v, not),
        Elements::F16(v) => {
            lists(out, shape, &v.iter().map(|v| v.to_f32()).collect::<Vec<_>>(), not)
        }
        Elements::BF16(v) => {
            lists(out, shape, &v.iter().map(|v| v.to_f32()).collect::<Vec<_>>(), not)
        }
        Elements::F32(v) => lists(out, shape, v, not),
        Elements::F64(v) => lists(out, shape, v, not),
    }
}

/// The whole tensor as lists in lists.
pub(crate) fn tensor(out: &mut Vec<u8>, tensor: &Tensor, not: NotFinite) {
    nested(out, tensor.shape(), tensor.elements(), not);
}

fn lists<T: Written>(out: &mut Vec<u8>, shape: &[usize], elements: &[T], not: NotFinite) {
    let Some((&size, inner)) = shape.split_first() else {
        elements.iter().for_each(|v| v.write(out, not));
        return;
    };
    let width = elements.len() / size.max(1);
    out.push(b'[');
    for i in 0..size {
        if i > 0 {
            out.push(b',');
        }
        let part = elements.get(i * width..(i + 1) * width).unwrap_or_default();
        lists(out, inner, part, not);
    }
    out.push(b']');
}

/// The elements one after the other, the lowest byte first.
pub(crate) fn bytes(out: &mut Vec<u8>, elements: Elements<'_>) {
    match elements {
        Elements::Bool(v) => out.extend(v.iter().map(|v| u8::from(*v))),
        Elements::U8(v) => out.extend(v),
        Elements::I32(v) => out.extend(v.iter().flat_map(|v| v.to_le_bytes())),
        Elements::I64(v) => out.extend(v.iter().flat_map(|v| v.to_le_bytes())),
        Elements::F16(v) => out.extend(v.iter().flat_map(|v| v.to_le_bytes())),
        Elements::BF16(v) => out.extend(v.iter().flat_map(|v| v.to_le_bytes())),
        Elements::F32(v) => out.extend(v.iter().flat_map(|v| v.to_le_bytes())),
        Elements::F64(v) => out.extend(v.iter().flat_map(|v| v.to_le_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &Tensor, not: NotFinite) -> String {
        let mut out = Vec::new();
        tensor(&mut out, value, not);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_come_back() {
        let values = vec![0.1_f32, -0.0, 1.0, 3.4e38, 1e-45, 16_777_217.0];
        let t = Tensor::new([2, 3], values.clone()).unwrap();
        let json = text(&t, NotFinite::Null);
        assert_eq!(json, "[[0.1,-0.0,1.0],[3.4e+38,1e-45,16777216.0]]");
        let back: Vec<Vec<f32>> = serde_json::from_str(&json).unwrap();
        assert_eq!(back.concat(), values);
        assert_eq!(text(&Tensor::scalar(7_i64), NotFinite::Null), "7");
        assert_eq!(
            text(&Tensor::new([2], vec![true, false]).unwrap(), NotFinite::Null),
            "[true,false]"
        );
        let empty = Tensor::new([2, 0], Vec::<u8>::new()).unwrap();
        assert_eq!(text(&empty, NotFinite::Null), "[[],[]]");
    }

    #[test]
    fn what_is_not_finite_has_two_forms() {
        let odd = Tensor::new([3], vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]).unwrap();
        assert_eq!(text(&odd, NotFinite::Null), "[null,null,null]");
        assert_eq!(text(&odd, NotFinite::Words), "[NaN,Infinity,-Infinity]");
    }

    #[test]
    fn bytes_are_little_endian() {
        let mut out = Vec::new();
        bytes(&mut out, Elements::I32(&[1, -1]));
        bytes(&mut out, Elements::Bool(&[true]));
        assert_eq!(out, [1, 0, 0, 0, 255, 255, 255, 255, 1]);
    }
}
