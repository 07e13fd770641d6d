//! Pictures drawn anew in another size, with Pillow's pixels.
use super::img::{Img, Pixels};
use super::kernel::{Kernel, Window, smooth_windows};
use crate::config::Vocabulary;
use crate::{Error, Result};

/// What new pixels are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// The pixel at the middle of the new one.
    Nearest,
    /// A mean that falls to the sides in a straight line.
    Bilinear,
    /// Keys' cubic.
    Bicubic,
    /// A narrow window after Hamming: sharper than bilinear.
    Hamming,
    /// The plain mean.
    Box,
    /// Lanczos' window of three pixels.
    Lanczos,
}

impl Vocabulary for Filter {
    const KIND: &'static str = "interpolation";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("nearest", Filter::Nearest),
        ("bilinear", Filter::Bilinear),
        ("bicubic", Filter::Bicubic),
        ("hamming", Filter::Hamming),
        ("box", Filter::Box),
        ("lanczos", Filter::Lanczos),
    ];
}

impl Filter {
    fn kernel(self) -> Option<Kernel> {
        match self {
            Filter::Nearest => None,
            Filter::Bilinear => Some(Kernel::Triangle),
            Filter::Bicubic => Some(Kernel::Cubic),
            Filter::Hamming => Some(Kernel::Hamming),
            Filter::Box => Some(Kernel::Box),
            Filter::Lanczos => Some(Kernel::Lanczos(3.0)),
        }
    }
}

/// A part of a picture in a new size.
pub(super) fn resized(
    img: &Img,
    (start, part): ([usize; 2], [usize; 2]),
    size: [usize; 2],
    filter: Filter,
) -> Result<Img> {
    let own = [img.height, img.width];
    if own.contains(&0) || size.iter().any(|n| *n > 1 << 16) {
        let problem =
            format!("cannot be {size:?} for a picture of {} by {}", img.height, img.width);
        return Err(Error::argument("target_size", problem));
    }
    let windows = [0, 1].map(|axis| match filter.kernel() {
        None => nearest(start[axis], part[axis], size[axis]),
        // Pillow leaves an axis alone that keeps its size.
        Some(_) if (start[axis], part[axis]) == (0, size[axis]) && own[axis] == size[axis] => {
            (0..size[axis]).map(Window::of_one).collect()
        }
        Some(kernel) => smooth_windows(kernel, own[axis], (start[axis], part[axis]), size[axis]),
    });
    let pass = Pass { own, windows: &windows };
    let pixels = match &img.pixels {
        Pixels::Bytes { channels: 4, values } if filter != Filter::Nearest => {
            let values = with_opacity(pass.bytes(&by_opacity(values), 4));
            Pixels::Bytes { channels: 4, values }
        }
        Pixels::Bytes { channels, values } => {
            Pixels::Bytes { channels: *channels, values: pass.bytes(values, *channels) }
        }
        Pixels::Short(values) => Pixels::Short(
            pass.run(values, 1, f64::from, |sum| rounded(sum).clamp(0.0, 65_535.0) as u16),
        ),
        Pixels::Long(values) => {
            Pixels::Long(pass.run(values, 1, f64::from, |sum| rounded(sum) as i32))
        }
    };
    Ok(Img { height: size[0], width: size[1], pixels })
}

/// For each new place the old one at its middle. The places are added up, as Pillow does it.
fn nearest(start: usize, part: usize, places: usize) -> Vec<Window> {
    let step = part as f64 / places as f64;
    let mut place = start as f64 + step * 0.5;
    let mut next = || {
        let pixel = place as usize;
        place += step;
        Window::of_one(pixel.min(start + part.max(1) - 1))
    };
    (0..places).map(|_| next()).collect()
}

/// Halves away from zero.
fn rounded(sum: f64) -> f64 {
    sum.round()
}

/// Along both axes.
struct Pass<'a> {
    own: [usize; 2],
    /// Of rows and of columns.
    windows: &'a [Vec<Window>; 2],
}

/// Weights of bytes are whole numbers of so many bits behind the point.
const BITS: u32 = 22;

impl Pass<'_> {
    fn bytes(&self, values: &[u8], channels: usize) -> Vec<u8> {
        let one = f64::from(1 << BITS);
        let whole = |w: f64| (w * one).round();
        let windows = [0, 1].map(|axis| {
            let fixed = |w: &Window| Window {
                first: w.first,
                weights: w.weights.iter().map(|w| whole(*w)).collect(),
            };
            self.windows[axis].iter().map(fixed).collect()
        });
        // Sums of whole numbers, so exact as float64.
        let byte = |sum: f64| ((sum + one / 2.0) / one).floor().clamp(0.0, 255.0) as u8;
        Pass { own: self.own, windows: &windows }.run(values, channels, f64::from, byte)
    }

    fn run<T: Copy>(
        &self,
        values: &[T],
        channels: usize,
        number: impl Fn(T) -> f64,
        value: impl Fn(f64) -> T,
    ) -> Vec<T> {
        let [rows, columns] = self.windows;
        let [height, width] = self.own;
        let change = |values: &[T], places: usize, inner: usize, windows: &[Window]| {
            along(values, places, inner, windows, &number, &value)
        };
        // Which way round decides some roundings. This is how Pillow 13 chooses, found by trying.
        let less = |old: usize, new: usize| old as i64 - new as i64;
        let shrinks = rows.len() < height;
        if shrinks && less(height, rows.len()) > 2 * less(width, columns.len()) {
            let low = change(values, height, width * channels, rows);
            return change(&low, width, channels, columns);
        }
        let wide = change(values, width, channels, columns);
        change(&wide, height, columns.len() * channels, rows)
    }
}

/// New values along the middle axis of `(…, places, inner)`.
fn along<T: Copy>(
    values: &[T],
    places: usize,
    inner: usize,
    windows: &[Window],
    number: impl Fn(T) -> f64,
    value: impl Fn(f64) -> T,
) -> Vec<T> {
    let mut out = Vec::new();
    for block in values.chunks_exact((places * inner).max(1)) {
        for window in windows {
            for place in 0..inner {
                let seen = block.iter().skip(window.first * inner + place).step_by(inner);
                let sum = seen.zip(&window.weights).map(|(v, w)| number(*v) * w).sum();
                out.push(value(sum));
            }
        }
    }
    out
}

/// Colours times their opacity, in whole numbers.
fn by_opacity(values: &[u8]) -> Vec<u8> {
    let times = |a: u8, b: u8| {
        let product = u32::from(a) * u32::from(b) + 128;
        (((product >> 8) + product) >> 8) as u8
    };
    let pixel = |p: &[u8]| match *p {
        [r, g, b, a] => [times(r, a), times(g, a), times(b, a), a],
        _ => [0; 4],
    };
    values.chunks_exact(4).flat_map(pixel).collect()
}

/// The way back.
fn with_opacity(values: Vec<u8>) -> Vec<u8> {
    let pixel = |p: &[u8]| match *p {
        [r, g, b, a] if a == 0 || a == 255 => [r, g, b, a],
        [r, g, b, a] => {
            let over = |v: u8| (255 * u32::from(v) / u32::from(a)).min(255) as u8;
            [over(r), over(g), over(b), a]
        }
        _ => [0; 4],
    };
    values.chunks_exact(4).flat_map(pixel).collect()
}
