//! Tensors as text, as NumPy prints arrays.
use crate::{Elements, Tensor, TensorView};
use std::fmt;

/// More elements than this are shortened to those at the edges.
const MOST: usize = 1000;
/// Elements shown at each edge of a shortened axis.
const EDGE: usize = 3;
/// Characters of a line.
const LINE: usize = 75;
/// Digits after the point.
const PRECISION: usize = 8;

impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shortened = self.elements().len() > MOST;
        let strides = self.shape().strides();
        let axes: Vec<(usize, usize)> = self.shape().iter().copied().zip(strides).collect();
        let mut shown = Vec::new();
        places(&axes, 0, shortened, &mut shown);
        let texts = texts(self.elements(), &shown);
        write_axis(f, &axes, shortened, &mut texts.iter(), 1)
    }
}

/// The indices of an axis that are shown; where there is a gap among them, if there is one.
fn indices(size: usize, shortened: bool) -> (Vec<usize>, Option<usize>) {
    match shortened && size > 2 * EDGE {
        true => ((0..EDGE).chain(size - EDGE..size).collect(), Some(EDGE)),
        false => ((0..size).collect(), None),
    }
}

/// Places of the elements that are shown, in order.
fn places(axes: &[(usize, usize)], from: usize, shortened: bool, into: &mut Vec<usize>) {
    match axes.split_first() {
        None => into.push(from),
        Some((&(size, stride), rest)) => {
            for i in indices(size, shortened).0 {
                places(rest, from + i * stride, shortened, into);
            }
        }
    }
}

/// The elements at these places, all of one width.
fn texts(elements: Elements<'_>, places: &[usize]) -> Vec<String> {
    fn each<T: Copy>(values: &[T], places: &[usize], text: impl Fn(T) -> String) -> Vec<String> {
        places.iter().filter_map(|&i| values.get(i)).map(|v| text(*v)).collect()
    }
    let narrow = |v: f32| format!("{v:e}");
    let texts = match elements {
        Elements::Bool(v) => each(v, places, |v| if v { "True".into() } else { "False".into() }),
        Elements::U8(v) => each(v, places, |v| v.to_string()),
        Elements::I32(v) => each(v, places, |v| v.to_string()),
        Elements::I64(v) => each(v, places, |v| v.to_string()),
        Elements::F16(v) => floats(&each(v, places, |v| narrow(v.to_f32()))),
        Elements::BF16(v) => floats(&each(v, places, |v| narrow(v.to_f32()))),
        Elements::F32(v) => floats(&each(v, places, narrow)),
        Elements::F64(v) => floats(&each(v, places, |v| format!("{v:e}"))),
    };
    let width = texts.iter().map(|t| t.chars().count()).max().unwrap_or(0);
    texts.into_iter().map(|t| format!("{t:>width$}")).collect()
}

/// Floats, given with all their digits and an exponent, with as many digits after the point as one
/// of them needs.
fn floats(full: &[String]) -> Vec<String> {
    let numbers: Vec<f64> = full.iter().map(|t| t.parse().unwrap_or(f64::NAN)).collect();
    let sizes = numbers.iter().map(|v| v.abs()).filter(|v| *v > 0.0 && v.is_finite());
    let (least, most) = sizes.fold((f64::INFINITY, 0.0_f64), |(lo, hi), v| (lo.min(v), hi.max(v)));
    let exponents = most >= 1e8 || least < 1e-4 || most / least > 1e3;
    let parts = full.iter().zip(&numbers).map(|(full, &number)| match number.is_finite() {
        true if exponents => {
            let (digits, power) = full.split_once('e').unwrap_or((full, "0"));
            let fraction = digits.split_once('.').map_or(0, |(_, f)| f.len());
            let rounded = match fraction > PRECISION {
                true => format!("{number:.PRECISION$e}"),
                false => format!("{digits}e{power}"),
            };
            let (digits, power) = rounded.split_once('e').unwrap_or((&rounded, "0"));
            (trimmed(digits), exponent(power))
        }
        true => (trimmed(&fixed(full, number)), String::new()),
        false => {
            let sign = if number.is_sign_negative() && number.is_infinite() { "-" } else { "" };
            let word = if number.is_nan() { "nan" } else { "inf" };
            (format!("{sign}{word}"), String::new())
        }
    });
    let parts: Vec<(String, String)> = parts.collect();
    let behind = |t: &str| t.split_once('.').map(|(_, fraction)| fraction.len());
    let most = parts.iter().filter_map(|(t, _)| behind(t)).max().unwrap_or(0);
    let pad = if exponents { "0" } else { " " };
    let filled = parts.into_iter().map(|(digits, power)| match behind(&digits) {
        Some(n) => digits + &pad.repeat(most - n) + &power,
        None => digits,
    });
    filled.collect()
}

/// The shortest digits without an exponent, rounded where they are too many.
fn fixed(full: &str, number: f64) -> String {
    let (digits, power) = full.split_once('e').unwrap_or((full, "0"));
    let fraction = digits.split_once('.').map_or(0, |(_, f)| f.len()) as i32;
    let needed = (fraction - power.parse::<i32>().unwrap_or(0)).max(0) as usize;
    let places = needed.min(PRECISION);
    format!("{number:.places$}")
}

/// Without zeros at the end, but with the point: `2.`.
fn trimmed(digits: &str) -> String {
    match digits.contains('.') {
        true => digits.trim_end_matches('0').to_string(),
        false => format!("{digits}."),
    }
}

/// `e-07`
fn exponent(power: &str) -> String {
    match power.strip_prefix('-') {
        Some(power) => format!("e-{power:0>2}"),
        None => format!("e+{power:0>2}"),
    }
}

/// An axis in brackets; `depth` brackets stand in front of the inner lines.
fn write_axis<'a>(
    f: &mut fmt::Formatter<'_>,
    axes: &[(usize, usize)],
    shortened: bool,
    texts: &mut impl Iterator<Item = &'a String>,
    depth: usize,
) -> fmt::Result {
    let Some((&(size, _), rest)) = axes.split_first() else {
        return f.write_str(texts.next().map_or("", |t| t.trim()));
    };
    let (shown, gap) = indices(size, shortened);
    let indent = " ".repeat(depth);
    let between = format!("{}{indent}", "\n".repeat(rest.len()));
    f.write_str("[")?;
    let mut width = depth;
    for i in 0..shown.len() {
        if rest.is_empty() {
            let text = texts.next().map_or("", String::as_str);
            let dots = if gap == Some(i) { "... " } else { "" };
            let length = dots.len() + text.chars().count();
            if i > 0 && width + 1 + length > LINE {
                write!(f, "\n{indent}")?;
                width = depth;
            } else if i > 0 {
                f.write_str(" ")?;
                width += 1;
            }
            write!(f, "{dots}{text}")?;
            width += length;
        } else {
            if i > 0 {
                f.write_str(&between)?;
            }
            if gap == Some(i) {
                write!(f, "...{between}")?;
            }
            write_axis(f, rest, shortened, texts, depth + 1)?;
        }
    }
    f.write_str("]")
}

impl Tensor {
    /// The element at an index, one number an axis, as float64 (exact but for 64-bit integers beyond
    /// 2⁵³); `None` for an index that is not there.
    ///
    /// ```
    /// use ferras_graph::Tensor;
    /// let t = Tensor::new([2, 3], vec![1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0])?;
    /// assert_eq!((t.get(&[1, 0]), t.get(&[2, 0]), t.get(&[1])), (Some(4.0), None, None));
    /// # Ok::<(), ferras_graph::Error>(())
    /// ```
    pub fn get(&self, index: &[usize]) -> Option<f64> {
        let fits = index.iter().zip(self.shape().iter()).all(|(i, size)| i < size);
        if index.len() != self.shape().rank() || !fits {
            return None;
        }
        let place: usize = index.iter().zip(self.shape().strides()).map(|(i, s)| i * s).sum();
        let shape = Vec::new();
        let element = TensorView::of(&shape, self.elements().get(place..place + 1)?).to_tensor();
        element.to_f64_vec().first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<T: crate::Element>(shape: &[usize], data: Vec<T>) -> String {
        Tensor::new(shape, data).unwrap().to_string()
    }

    #[test]
    fn as_numpy() {
        assert_eq!(text(&[2, 2], vec![0.1_f32, 0.9, 0.75, 2.0]), "[[0.1  0.9 ]\n [0.75 2.  ]]");
        assert_eq!(text(&[3], vec![1_i64, -20, 3]), "[  1 -20   3]");
        assert_eq!(text(&[2], vec![true, false]), "[ True False]");
        assert_eq!(text(&[], vec![0.5_f32]), "0.5");
        assert_eq!(text(&[2], vec![1e-10_f64, 1.5]), "[1.0e-10 1.5e+00]");
        assert_eq!(text(&[3], vec![1.0_f64, f64::NAN, f64::NEG_INFINITY]), "[  1.  nan -inf]");
        assert_eq!(text(&[1], vec![1.0_f64 / 3.0]), "[0.33333333]");
        assert_eq!(text(&[0, 3], Vec::<f32>::new()), "[]");
        assert_eq!(text(&[2, 1, 1], vec![1_u8, 2]), "[[[1]]\n\n [[2]]]");
        assert_eq!(text(&[1001], (0..1001_i32).collect()), "[   0    1    2 ...  998  999 1000]");
        let lines = text(&[30], vec![0.125_f32; 30]);
        assert_eq!(lines.lines().map(str::len).collect::<Vec<_>>(), [72, 72, 37]);
    }
}
