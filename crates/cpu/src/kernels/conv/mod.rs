//! Convolutions over up to three spatial axes, channels last, without unfolding the image.
//!
//! Shapes: image `(batch, D, H, W, cin)`, kernel `(kD, kH, kW, cin / groups, cout)`, result
//! `(batch, oD, oH, oW, cout)`. Fewer spatial axes are written with leading ones. As in every
//! machine-learning library the kernel is not mirrored: with strides s and dilations d,
//! `y[p, o] = bias[o] + Σ_{t, i} x[p · s + t · d − lo, i] · w[t, i, o]`.
//!
//! Three plans: [`ConvForward`], [`ConvInputGrad`], [`ConvKernelGrad`]; and [`Depthwise`] for all three
//! where every channel is a group.

use super::pooled::Windows;

mod depthwise;
mod forward;
mod input_grad;
mod kernel_grad;
mod narrow;
mod scatter;

pub use depthwise::{Depthwise, DepthwiseArgs, DepthwiseKind};
pub use forward::{ConvForward, ConvForwardArgs};
pub use input_grad::{ConvInputGrad, ConvInputGradArgs};
pub use kernel_grad::{ConvKernelGrad, ConvKernelGradArgs};

/// The sizes of a convolution. Plain data; axes are in the order D, H, W.
///
/// `groups` divides `cin` and `cout`; strides and dilations are at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are told in the module's head
pub struct ConvSpec {
    pub batch: usize,
    pub input: [usize; 3],
    pub cin: usize,
    pub kernel: [usize; 3],
    pub cout: usize,
    pub strides: [usize; 3],
    pub dilations: [usize; 3],
    /// Zeros before and after the image, for each axis.
    pub padding: [(usize, usize); 3],
    pub groups: usize,
}

impl ConvSpec {
    /// A 2-D convolution with strides 1 and without padding.
    ///
    /// ```
    /// use ferras_cpu::kernels::conv::ConvSpec;
    /// let spec = ConvSpec::conv2d(256, [28, 28], 1, [3, 3], 32);
    /// assert_eq!(spec.output(), [1, 26, 26]);
    /// ```
    pub fn conv2d(
        batch: usize,
        input: [usize; 2],
        cin: usize,
        kernel: [usize; 2],
        cout: usize,
    ) -> ConvSpec {
        ConvSpec {
            batch,
            input: [1, input[0], input[1]],
            cin,
            kernel: [1, kernel[0], kernel[1]],
            cout,
            strides: [1; 3],
            dilations: [1; 3],
            padding: [(0, 0); 3],
            groups: 1,
        }
    }

    /// The spatial shape of the result; zero on an axis that the kernel does not fit into.
    pub fn output(&self) -> [usize; 3] {
        std::array::from_fn(|i| {
            let (lo, hi) = self.padding[i];
            let reach = (self.kernel[i].max(1) - 1) * self.dilations[i] + 1;
            match (self.input[i] + lo + hi).checked_sub(reach) {
                Some(room) => room / self.strides[i].max(1) + 1,
                None => 0,
            }
        })
    }

    /// The windows of a pooling of the result, where it can be done along with the convolution:
    /// images of two axes, windows that touch without overlap.
    pub(crate) fn windows(&self, size: [usize; 2]) -> Option<Windows> {
        let [planes, lines, columns] = self.output();
        let flat = planes == 1 && self.input[0] == 1 && self.padding[0] == (0, 0);
        Windows::new(size, [lines, columns], self.cout).filter(|_| flat && !self.empty())
    }

    fn flops(&self) -> usize {
        let pixels: usize = self.batch * self.output().iter().product::<usize>();
        2 * pixels * self.taps() * self.cin_group() * self.cout
    }
    fn taps(&self) -> usize {
        self.kernel.iter().product()
    }
    fn cin_group(&self) -> usize {
        self.cin / self.groups.max(1)
    }
    fn cout_group(&self) -> usize {
        self.cout / self.groups.max(1)
    }
    fn image_len(&self) -> usize {
        self.input.iter().product::<usize>() * self.cin
    }
    fn result_len(&self) -> usize {
        self.output().iter().product::<usize>() * self.cout
    }
    fn empty(&self) -> bool {
        self.batch * self.result_len() == 0
    }
}

/// An image cut into chunks of whole output rows, and how a chunk's input looks in memory.
///
/// Without padding a chunk is read where it lies. With padding its rows are first copied, zeros
/// around them, into scratch memory: a small part of the work, and the inner loops know no borders.
#[derive(Clone, Debug)]
struct Chunks {
    spec: ConvSpec,
    output: [usize; 3],
    /// The image with its padding.
    padded: [usize; 3],
    copies: bool,
    /// Output rows of a chunk (rows of all planes if there are planes).
    rows: usize,
    /// Chunks of one image.
    count: usize,
    /// Offset in the input of each output pixel of a chunk, from the chunk's first.
    pixels: Vec<usize>,
}

impl Chunks {
    /// Chunks of about `pixels` output pixels. Images with several planes are not cut.
    fn new(spec: ConvSpec, pixels: usize) -> Chunks {
        Chunks::cut(spec, spec.output(), pixels, 1)
    }

    /// Chunks of the part of the output that windows cover, each of a multiple of so many rows.
    fn of_windows(spec: ConvSpec, windows: &Windows, pixels: usize, multiple: usize) -> Chunks {
        let [lines, columns] = windows.covered();
        Chunks::cut(spec, [1, lines, columns], pixels, multiple)
    }

    /// Chunks of the first pixels of the output, of a multiple of so many rows.
    fn cut(spec: ConvSpec, output: [usize; 3], pixels: usize, multiple: usize) -> Chunks {
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
    fn row_offset(&self, row: usize) -> usize {
        let s = &self.spec;
        let (plane, y) = (row / self.output[1], row % self.output[1]);
        let line = plane * s.strides[0] * self.padded[1] + y * s.strides[1];
        line * self.padded[2] * s.cin
    }

    /// Offset in the (padded) input of a place of the kernel.
    fn tap_offset(&self, tap: usize) -> usize {
        let s = &self.spec;
        let [_, h, w] = s.kernel;
        let (z, y, x) = (tap / (h * w), tap / w % h, tap % w);
        let line = z * s.dilations[0] * self.padded[1] + y * s.dilations[1];
        (line * self.padded[2] + x * s.dilations[2]) * s.cin
    }

    /// The output rows of chunk `i`.
    fn range(&self, i: usize) -> std::ops::Range<usize> {
        let all = self.output[0] * self.output[1];
        i * self.rows..((i + 1) * self.rows).min(all)
    }

    /// Lines (of W) of the padded input that the given output rows read.
    fn lines(&self, rows: &std::ops::Range<usize>) -> (usize, usize) {
        let s = &self.spec;
        if self.count == 1 {
            return (0, self.lines_of_image());
        }
        let reach = (s.kernel[1] - 1) * s.dilations[1] + 1;
        (rows.start * s.strides[1], (rows.end - 1 - rows.start) * s.strides[1] + reach)
    }

    /// Scratch floats for one chunk.
    fn scratch(&self) -> usize {
        if self.copies { self.lines(&(0..self.rows)).1 * self.line_len() } else { 0 }
    }

    /// The input of the given output rows of an image, copied to `to` if it has padding.
    ///
    /// # Safety
    /// `image` holds the image, `to` has [`Chunks::scratch`] floats, `rows` is one of the chunks.
    unsafe fn input(
        &self,
        image: *const f32,
        rows: &std::ops::Range<usize>,
        to: *mut f32,
    ) -> *const f32 {
        let (first, lines) = self.lines(rows);
        let width = self.line_len();
        // SAFETY: source lines lie inside the image, copied lines inside the scratch memory.
        unsafe {
            if !self.copies {
                return image.add(first * width);
            }
            for i in 0..lines {
                self.line(image, first + i, to.add(i * width));
            }
            to
        }
    }

    /// Lines (of W) of an image with its padding, and their floats.
    fn lines_of_image(&self) -> usize {
        self.padded[0] * self.padded[1]
    }
    fn line_len(&self) -> usize {
        self.padded[2] * self.spec.cin
    }

    /// Makes a line of the padded image.
    ///
    /// # Safety
    /// `image` holds the image, `to` a padded line.
    unsafe fn line(&self, image: *const f32, line: usize, to: *mut f32) {
        let cin = self.spec.cin;
        let (left, own) = (self.spec.padding[2].0 * cin, self.spec.input[2] * cin);
        let width = self.line_len();
        // SAFETY: the source line lies inside the image.
        unsafe {
            let Some(source) = self.source_line(line) else {
                return std::ptr::write_bytes(to, 0, width);
            };
            std::ptr::write_bytes(to, 0, left);
            std::ptr::copy_nonoverlapping(image.add(source * own), to.add(left), own);
            std::ptr::write_bytes(to.add(left + own), 0, width - left - own);
        }
    }

    /// The line of the image that lies at a line of the padded image.
    fn source_line(&self, padded: usize) -> Option<usize> {
        let s = &self.spec;
        let (z, y) = (padded / self.padded[1], padded % self.padded[1]);
        let z = z.checked_sub(s.padding[0].0).filter(|z| *z < s.input[0])?;
        let y = y.checked_sub(s.padding[1].0).filter(|y| *y < s.input[1])?;
        Some(z * s.input[1] + y)
    }
}

#[cfg(test)]
mod tests;
