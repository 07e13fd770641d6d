//! How an image is passed: in chunks of whole output rows, with its padding around it.
use super::ConvSpec;
use crate::kernels::pooled::{Spread, Windows};
use crate::kernels::simd::Level;

/// An image in memory, or the gradient of one that was pooled, which is made line by line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Image<'a> {
    /// The image, or the gradient of its windows.
    pub x: *const f32,
    /// The windows, and the places of their largest elements.
    pub windows: Option<(&'a Windows, *const u8, Level)>,
}

impl Image<'_> {
    /// Image `i` of a batch of images of so many floats.
    pub(super) fn of(self, i: usize, len: usize) -> Self {
        match self.windows {
            None => Image { x: self.x.wrapping_add(i * len), ..self },
            Some((windows, places, level)) => {
                let at = i * windows.len();
                let windows = Some((windows, places.wrapping_add(at), level));
                Image { x: self.x.wrapping_add(at), windows }
            }
        }
    }

    /// Makes a line of `len` floats.
    ///
    /// # Safety
    /// The image has the line, `to` has room for it; the level is available.
    unsafe fn line(&self, line: usize, len: usize, to: *mut f32) {
        // SAFETY: the caller's promise; windows cover a part of the lines, and of each a part.
        unsafe {
            let Some((windows, places, level)) = self.windows else {
                return std::ptr::copy_nonoverlapping(self.x.add(line * len), to, len);
            };
            let [lines, columns] = windows.covered();
            let mut made = 0;
            if line < lines {
                Spread { windows, line, dy: self.x, places, to }.run(level);
                made = columns * windows.channels;
            }
            std::ptr::write_bytes(to.add(made), 0, len - made);
        }
    }
}

/// An image cut into chunks of whole output rows, and how a chunk's input looks in memory.
///
/// Without padding a chunk is read where it lies. With padding its rows are first copied, zeros
/// around them, into scratch memory: a small part of the work, and the inner loops know no borders.
#[derive(Clone, Debug)]
pub(super) struct Chunks {
    pub spec: ConvSpec,
    /// The part of the result that is computed.
    pub output: [usize; 3],
    /// The image with its padding.
    pub padded: [usize; 3],
    pub copies: bool,
    /// Output rows of a chunk (rows of all planes if there are planes).
    pub rows: usize,
    /// Chunks of one image.
    pub count: usize,
    /// Offset in the input of each output pixel of a chunk, from the chunk's first.
    pub pixels: Vec<usize>,
}

impl Chunks {
    /// Chunks of about `pixels` output pixels. Images with several planes are not cut.
    pub fn new(spec: ConvSpec, pixels: usize) -> Chunks {
        Chunks::cut(spec, spec.output(), pixels, 1)
    }

    /// Chunks of the part of the output that windows cover, each of a multiple of so many rows.
    pub fn of_windows(spec: ConvSpec, windows: &Windows, pixels: usize, multiple: usize) -> Chunks {
        let [lines, columns] = windows.covered();
        Chunks::cut(spec, [1, lines, columns], pixels, multiple)
    }

    /// Chunks of the first pixels of the output, of a multiple of so many rows.
    pub fn cut(spec: ConvSpec, output: [usize; 3], pixels: usize, multiple: usize) -> Chunks {
        let padded: [usize; 3] =
            std::array::from_fn(|i| spec.input[i] + spec.padding[i].0 + spec.padding[i].1);
        let copies = spec.padding != [(0, 0); 3];
        let flat = output[0] == 1 && padded[0] == 1 && output[1] * output[2] > 0;
        let rows = if flat {
            let wanted = pixels.div_ceil(output[2]).clamp(1, output[1]);
            let even = output[1].div_ceil(output[1].div_ceil(wanted));
            even.next_multiple_of(multiple).min(output[1])
        } else {
            output[0] * output[1]
        };
        let count = if flat { output[1].div_ceil(rows) } else { 1 };
        let mut chunks = Chunks { spec, output, padded, copies, rows, count, pixels: Vec::new() };
        chunks.pixels = (0..rows * output[2])
            .map(|p| chunks.row_offset(p / output[2]) + p % output[2] * spec.strides[2] * spec.cin)
            .collect();
        chunks
    }

    /// Offset in the (padded) input of an output row.
    pub fn row_offset(&self, row: usize) -> usize {
        let s = &self.spec;
        let (plane, y) = (row / self.output[1], row % self.output[1]);
        let line = plane * s.strides[0] * self.padded[1] + y * s.strides[1];
        line * self.padded[2] * s.cin
    }

    /// Offset in the (padded) input of a place of the kernel.
    pub fn tap_offset(&self, tap: usize) -> usize {
        let s = &self.spec;
        let [_, h, w] = s.kernel;
        let (z, y, x) = (tap / (h * w), tap / w % h, tap % w);
        let line = z * s.dilations[0] * self.padded[1] + y * s.dilations[1];
        (line * self.padded[2] + x * s.dilations[2]) * s.cin
    }

    /// The output rows of chunk `i`.
    pub fn range(&self, i: usize) -> std::ops::Range<usize> {
        let all = self.output[0] * self.output[1];
        i * self.rows..((i + 1) * self.rows).min(all)
    }

    /// Lines (of W) of the padded input that the given output rows read.
    pub fn lines(&self, rows: &std::ops::Range<usize>) -> (usize, usize) {
        let s = &self.spec;
        if self.count == 1 {
            return (0, self.lines_of_image());
        }
        let reach = (s.kernel[1] - 1) * s.dilations[1] + 1;
        (rows.start * s.strides[1], (rows.end - 1 - rows.start) * s.strides[1] + reach)
    }

    /// Scratch floats for one chunk.
    pub fn scratch(&self) -> usize {
        if self.copies { self.lines(&(0..self.rows)).1 * self.line_len() } else { 0 }
    }

    /// The input of the given output rows of an image, copied to `to` if it has padding.
    ///
    /// # Safety
    /// `image` holds the image, `to` has [`Chunks::scratch`] floats, `rows` is one of the chunks. An
    /// image without padding lies in memory as it is.
    pub unsafe fn input(
        &self,
        image: Image<'_>,
        rows: &std::ops::Range<usize>,
        to: *mut f32,
    ) -> *const f32 {
        let (first, lines) = self.lines(rows);
        let width = self.line_len();
        // SAFETY: source lines lie inside the image, copied lines inside the scratch memory.
        unsafe {
            if !self.copies {
                return image.x.add(first * width);
            }
            for i in 0..lines {
                self.line(image, first + i, to.add(i * width));
            }
            to
        }
    }

    /// Lines (of W) of an image with its padding, and their floats.
    pub fn lines_of_image(&self) -> usize {
        self.padded[0] * self.padded[1]
    }
    pub fn line_len(&self) -> usize {
        self.padded[2] * self.spec.cin
    }

    /// Makes a line of the padded image.
    ///
    /// # Safety
    /// `image` holds the image, `to` a padded line.
    pub unsafe fn line(&self, image: Image<'_>, line: usize, to: *mut f32) {
        let cin = self.spec.cin;
        let (left, own) = (self.spec.padding[2].0 * cin, self.spec.input[2] * cin);
        let width = self.line_len();
        // SAFETY: the source line lies inside the image.
        unsafe {
            let Some(source) = self.source_line(line) else {
                return std::ptr::write_bytes(to, 0, width);
            };
            std::ptr::write_bytes(to, 0, left);
            image.line(source, own, to.add(left));
            std::ptr::write_bytes(to.add(left + own), 0, width - left - own);
        }
    }

    /// The line of the image that lies at a line of the padded image.
    pub fn source_line(&self, padded: usize) -> Option<usize> {
        let s = &self.spec;
        let (z, y) = (padded / self.padded[1], padded % self.padded[1]);
        let z = z.checked_sub(s.padding[0].0).filter(|z| *z < s.input[0])?;
        let y = y.checked_sub(s.padding[1].0).filter(|y| *y < s.input[1])?;
        Some(z * s.input[1] + y)
    }
}
