//! Copies that need no plan: concatenation and padding.
use super::{Bases, Loc};
use crate::memory::bytes_of;
use ferras_graph::{Shape, Tensor, TensorType};

/// Operands one after the other: for each outer index, a piece of each.
#[derive(Debug)]
pub(crate) struct Concat {
    pub outer: usize,
    /// Bytes of each operand's piece.
    pub pieces: Vec<usize>,
}

impl Concat {
    /// # Safety
    /// Each input holds `outer` pieces, `out` all of them; they do not overlap.
    pub(crate) unsafe fn run(&self, inputs: &[Loc], out: *mut u8, bases: Bases<'_>) {
        let whole: usize = self.pieces.iter().sum();
        let mut before = 0;
        for (&bytes, &input) in self.pieces.iter().zip(inputs) {
            for i in 0..self.outer {
                // SAFETY: piece i lies within both.
                unsafe {
                    let from = bases.at(input).add(i * bytes);
                    from.copy_to_nonoverlapping(out.add(i * whole + before), bytes);
                }
            }
            before += bytes;
        }
    }
}

/// Elements spread over a larger tensor that holds one value elsewhere.
#[derive(Debug)]
pub(crate) struct Pad {
    /// Bytes of the result, and of an element.
    pub bytes: usize,
    size: usize,
    /// The value's bytes.
    value: [u8; 8],
    /// The input's axes, and the distance of their elements in the result.
    dims: Vec<usize>,
    steps: Vec<usize>,
    /// Place of the first element in the result.
    first: usize,
}

impl Pad {
    pub(crate) fn new(
        from: &Shape,
        to: &TensorType,
        low: &[usize],
        interior: &[usize],
        value: f64,
    ) -> Pad {
        let size = to.dtype.size();
        let strides = to.shape.strides();
        let mut bytes = [0; 8];
        let number = Tensor::scalar_of(to.dtype, value);
        // SAFETY: a scalar has `size` bytes, at most 8.
        unsafe { bytes_of(number.elements()).copy_to_nonoverlapping(bytes.as_mut_ptr(), size) };
        Pad {
            bytes: to.bytes(),
            size,
            value: bytes,
            dims: from.to_vec(),
            steps: strides.iter().zip(interior).map(|(s, i)| s * (i + 1)).collect(),
            first: low.iter().zip(&strides).map(|(l, s)| l * s).sum(),
        }
    }

    /// # Safety
    /// `from` and `out` hold tensors of the shapes given, which do not overlap.
    pub(crate) unsafe fn run(&self, from: *const u8, out: *mut u8) {
        // SAFETY: the caller's promise, in elements of this size.
        unsafe {
            match self.size {
                1 => self.spread::<u8>(from, out),
                2 => self.spread::<u16>(from.cast(), out.cast()),
                4 => self.spread::<u32>(from.cast(), out.cast()),
                _ => self.spread::<u64>(from.cast(), out.cast()),
            }
        }
    }

    unsafe fn spread<T: Copy>(&self, mut from: *const T, out: *mut T) {
        // SAFETY: the value has the bytes of a T; the result has `bytes`; every index of the
        // input has its place in both.
        unsafe {
            let value = self.value.as_ptr().cast::<T>().read_unaligned();
            for i in 0..self.bytes / self.size {
                out.add(i).write(value);
            }
            let Some((&len, outer)) = self.dims.split_last() else {
                return out.write(from.read());
            };
            let step = self.steps[outer.len()];
            for row in 0..outer.iter().product::<usize>() {
                let (mut rest, mut at) = (row, self.first);
                for axis in (0..outer.len()).rev() {
                    at += rest % outer[axis] * self.steps[axis];
                    rest /= outer[axis];
                }
                for i in 0..len {
                    out.add(at + i * step).write(from.read());
                    from = from.add(1);
                }
            }
        }
    }
}
