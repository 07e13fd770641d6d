//! Fourier transforms, of numbers whose real and imaginary parts are two values.
use super::arguments::{Given, floated};
use super::pieces::sequences;
use super::table::{Outcome, operations};
use crate::initializers::WindowFunction;
use ferras_graph::{DType, Tensor, Value};
use std::f64::consts::TAU;

type Result<T> = std::result::Result<T, String>;

/// Places that short transforms may have.
const LONGEST: usize = 1 << 20;
/// Numbers that a table of waves may have: a file must not fill the memory with them.
const MOST: usize = 1 << 24;

/// Real and imaginary parts.
type Complex = (Value, Value);

operations! {
    "ops.math" {
        FFT(x) => |g| {
            let (re, im) = transformed(&complex(g)?, -1.0)?;
            Ok(vec![re, im])
        };
        FFT2(x) => |g| both_axes(g, -1.0, 1.0);
        IFFT2(x) => |g| {
            let (re, _) = complex(g)?;
            let places = if re.rank() > 1 { re.dim(-1) * re.dim(-2) } else { 1 };
            both_axes(g, 1.0, 1.0 / places as f64)
        };
        RFFT(x)[fft_length] => |g| {
            let x = floated(g.value("x")?);
            let length = length(g, if x.rank() > 0 { x.dim(-1) } else { 0 })?;
            let (re, im) = real_transformed(&fitted(&x, length))?;
            Ok(vec![re, im])
        };
        IRFFT(x)[fft_length] => |g| {
            let (re, im) = complex(g)?;
            let half = if re.rank() > 0 { re.dim(-1) } else { 0 };
            Ok(vec![real_back(&(re, im), length(g, half.saturating_sub(1) * 2)?)?])
        };
        STFT(x)[sequence_length, sequence_stride, fft_length, window, center] => stft;
        ISTFT(x)[sequence_length, sequence_stride, fft_length, length, window, center] => istft;
    }
}

/// The two values that a transform of complex numbers is given.
fn complex(g: &Given<'_>) -> Result<Complex> {
    match &g.list("x")?[..] {
        [re, im] if re.shape() == im.shape() => Ok((floated(re.clone()), floated(im.clone()))),
        other => Err(format!(
            "expected real and imaginary parts of one shape, got {} values",
            other.len()
        )),
    }
}

/// How many places a transform has.
fn length(g: &Given<'_>, default: usize) -> Result<usize> {
    let given = g.ints("fft_length")?.and_then(|n| n.first().copied());
    let length = given.map_or(Some(default), |n| usize::try_from(n).ok());
    length.filter(|n| *n > 0).ok_or_else(|| "fft_length must be at least 1".into())
}

/// The last axis cut, or filled with zeros, to so many places.
fn fitted(x: &Value, length: usize) -> Value {
    let own = x.dim(-1);
    if own >= length {
        return x.slice_axis(-1, 0, length);
    }
    let mut behind = vec![0; x.rank()];
    if let Some(last) = behind.last_mut() {
        *last = length - own;
    }
    x.pad(&vec![0; x.rank()], &behind, 0.0)
}

/// Real and imaginary parts of e^(±2πi·jk/n) for j below `rows` and k below `columns`.
fn waves(like: &Value, n: usize, [rows, columns]: [usize; 2], sign: f64) -> Result<Complex> {
    if rows.checked_mul(columns).is_none_or(|count| count > MOST) {
        return Err(format!(
            "{n} places are too many to transform: choose a number with small factors"
        ));
    }
    let made = |part: fn(f64) -> f64| {
        let at = |j: usize, k: usize| part(sign * TAU * ((j * k) % n) as f64 / n as f64);
        let all: Vec<f64> = (0..rows).flat_map(|j| (0..columns).map(move |k| at(j, k))).collect();
        let tensor = Tensor::new([rows, columns], all).map_err(|e| e.to_string())?;
        Ok::<Value, String>(like.builder().constant(tensor.cast(like.dtype())))
    };
    Ok((made(f64::cos)?, made(f64::sin)?))
}

/// A factor of a number that lets both parts of its transform be small; 1 for none.
fn factor(n: usize) -> usize {
    let root = (n as f64).sqrt() as usize;
    (2..=root).rev().find(|p| n.is_multiple_of(*p)).unwrap_or(1)
}

/// Sums over the last axis times the waves: as one product, or where the number of places has factors,
/// as two with a turn between (Cooley & Tukey 1965).
fn transformed((re, im): &Complex, sign: f64) -> Result<Complex> {
    let n = if re.rank() > 0 { re.dim(-1) } else { 0 };
    if n == 0 {
        return Err(format!("expected places along the last axis, got {}", re.shape()));
    }
    let p = if n > 64 { factor(n) } else { 1 };
    if p == 1 {
        let (cos, sin) = waves(re, n, [n, n], sign)?;
        return Ok((re.matmul(&cos) - im.matmul(&sin), re.matmul(&sin) + im.matmul(&cos)));
    }
    let (q, outer) = (n / p, re.shape()[..re.rank() - 1].to_vec());
    let shape = |tail: &[usize]| [&outer[..], tail].concat();
    let rank = outer.len() + 2;
    let mut order: Vec<usize> = (0..rank).collect();
    order.swap(rank - 1, rank - 2);
    // (p, q) → transform along p → turn → transform along q.
    let turned = |v: &Value| v.reshape(shape(&[p, q])).transpose(&order);
    let (re, im) = transformed(&(turned(re), turned(im)), sign)?;
    let (cos, sin) = waves(&re, n, [q, p], sign)?;
    let (re, im) = (&re * &cos - &im * &sin, re * sin + im * cos);
    let (re, im) = transformed(&(re.transpose(&order), im.transpose(&order)), sign)?;
    let back = |v: Value| v.transpose(&order).reshape(shape(&[n]));
    Ok((back(re), back(im)))
}

fn both_axes(g: &Given<'_>, sign: f64, scale: f64) -> Outcome {
    let parts = complex(g)?;
    let rank = parts.0.rank();
    if rank < 2 {
        return Err(format!("expected two axes, got {}", parts.0.shape()));
    }
    let mut order: Vec<usize> = (0..rank).collect();
    order.swap(rank - 1, rank - 2);
    let (re, im) = transformed(&parts, sign)?;
    let (re, im) = transformed(&(re.transpose(&order), im.transpose(&order)), sign)?;
    Ok(vec![re.transpose(&order) * scale, im.transpose(&order) * scale])
}

/// The first half of the transform of real numbers, and the place in the middle.
fn real_transformed(x: &Value) -> Result<Complex> {
    let n = x.dim(-1);
    let half = n / 2 + 1;
    if n <= 64 || factor(n) == 1 {
        let (cos, sin) = waves(x, n, [n, half], -1.0)?;
        return Ok((x.matmul(&cos), x.matmul(&sin)));
    }
    let (re, im) = transformed(&(x.clone(), x.full_like(0.0)), -1.0)?;
    Ok((re.slice_axis(-1, 0, half), im.slice_axis(-1, 0, half)))
}

/// `n` real numbers from the first half of their transform.
fn real_back((re, im): &Complex, n: usize) -> Result<Value> {
    let half = n / 2 + 1;
    let (re, im) = (fitted(re, half), fitted(im, half));
    let (cos, sin) = waves(&re, n, [half, n], 1.0)?;
    // Each wave but the first and, of an even number, the last stands for its mirror image, too.
    let place = re.builder().iota(DType::I32, [half], 0);
    let single = place.equal(0.0).or(if n.is_multiple_of(2) {
        place.equal((n / 2) as f64)
    } else {
        place.less(0.0)
    });
    let times = single.select(&re.full_like(1.0), re.full_like(2.0)) / n as f64;
    Ok((re * &times).matmul(&cos) - (im * times).matmul(&sin))
}

/// The sizes that short transforms are given, and the window, in the middle of the transform's places.
struct Frames {
    stride: isize,
    length: usize,
    window: Value,
}

impl Frames {
    fn of(g: &Given<'_>, like: &Value) -> Result<Frames> {
        let stride = g.int("sequence_stride")?;
        let [own, length] = ["sequence_length", "fft_length"].map(|name| {
            let n = g.int(name)?;
            usize::try_from(n).map_err(|_| format!("{name} must not be negative, got {n}"))
        });
        let (own, length) = (own?, length?);
        if own == 0 || own > length || length > LONGEST || stride < 1 {
            return Err(format!(
                "expected sequence_length from 1 to fft_length, which is {LONGEST} at most, and \
                 sequence_stride of at least 1, got {own}, {length} and {stride}"
            ));
        }
        let numbers = match g.own("window") {
            serde_json::Value::Null => vec![1.0; own],
            serde_json::Value::String(name) => match &name[..] {
                "hann" => WindowFunction::Hann.values(own, true),
                "hamming" => WindowFunction::Hamming.values(own, true),
                other => {
                    return Err(format!("window must be \"hann\" or \"hamming\", got {other:?}"));
                }
            },
            list => {
                let list = list.as_array().map(|l| l.iter().filter_map(|n| n.as_f64()).collect());
                list.filter(|l: &Vec<f64>| l.len() == own)
                    .ok_or_else(|| format!("window must be a name or a list of {own} numbers"))?
            }
        };
        let before = (length - own) / 2;
        let mut all = vec![0.0; length];
        all.iter_mut().skip(before).zip(numbers).for_each(|(place, number)| *place = number);
        let window = Tensor::new([length], all).map_err(|e| e.to_string())?.cast(like.dtype());
        Ok(Frames { stride, length, window: like.builder().constant(window) })
    }
}

fn stft(g: &Given<'_>) -> Outcome {
    let x = floated(g.value("x")?);
    if x.rank() == 0 {
        return Err("expected places along the last axis, got a number".into());
    }
    let frames = Frames::of(g, &x)?;
    let x = if g.flag("center") { reflected(&x, frames.length / 2)? } else { x };
    let pieces = sequences(&x, frames.length as isize, frames.stride)? * &frames.window;
    let (re, im) = real_transformed(&pieces)?;
    Ok(vec![re, im])
}

/// The last axis with its reflections before and behind.
fn reflected(x: &Value, wide: usize) -> Result<Value> {
    let n = x.dim(-1);
    if wide >= n && wide > 0 {
        return Err(format!("expected more than {wide} places along the last axis, got {n}"));
    }
    let inside = 0..n + 2 * wide;
    let place = |i: usize| {
        let from = i.abs_diff(wide);
        (if from < n { from } else { 2 * (n - 1) - from }) as i32
    };
    let places: Vec<i32> = inside.map(place).collect();
    let places = Tensor::new([places.len()], places).map_err(|e| e.to_string())?;
    Ok(x.gather(&x.builder().constant(places), -1))
}

/// Pieces added up, each at its place.
fn overlapped(pieces: &Value, stride: usize) -> Value {
    let (count, length) = (pieces.dim(-2), pieces.dim(-1));
    let total = (count - 1) * stride + length;
    let b = pieces.builder();
    let places = b.iota(DType::I32, [count, length], 0) * stride as f64;
    let places = (places + b.iota(DType::I32, [count, length], 1)).reshape([count * length]);
    let outer = pieces.shape()[..pieces.rank() - 2].to_vec();
    let flat = pieces.reshape([&outer[..], &[count * length]].concat());
    let empty = b.full(pieces.dtype(), [&outer[..], &[total]].concat(), 0.0);
    empty.scatter_add(&places, &flat, -1)
}

fn istft(g: &Given<'_>) -> Outcome {
    let (re, im) = complex(g)?;
    if re.rank() < 2 || re.dim(-2) == 0 {
        return Err(format!(
            "expected pieces and their waves as the last two axes, got {}",
            re.shape()
        ));
    }
    let frames = Frames::of(g, &re)?;
    let (count, stride) = (re.dim(-2), frames.stride as usize);
    let pieces = real_back(&(re, im), frames.length)?;
    let squares = frames.window.square().broadcast_to([count, frames.length]);
    let weight = overlapped(&squares, stride);
    let sum = overlapped(&(pieces * &frames.window), stride);
    let sum = sum / weight.greater(1e-10).select(&weight, 1.0);
    // As in Keras, whose inverse without a window is larger by this.
    let sum =
        if g.own("window").is_null() { sum * (frames.length as f64 / stride as f64) } else { sum };
    let total = sum.dim(-1);
    let start = if g.flag("center") { frames.length / 2 } else { 0 };
    let end = match g.ints("length")?.and_then(|n| n.first().copied()) {
        Some(length) => {
            start + usize::try_from(length).map_err(|_| "length must not be negative")?
        }
        None => total - start,
    };
    let cut = sum.slice_axis(-1, start.min(total), end.clamp(start.min(total), total));
    Ok(vec![fitted(&cut, end.saturating_sub(start))])
}
