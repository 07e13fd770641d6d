//! Copies that need no plan: concatenation and padding.
use super::{Bases, Loc};
use crate::kernels::part;
use crate::memory::bytes_of;
use ferras_graph::{Shape, Tensor, TensorType};
use std::ops::Range;

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
    /// From the outermost in; axes that nothing is put into are part of the one before.
    axes: Vec<Spread>,
    /// Tasks, each of some of the result's indices along the first axis.
    pub tasks: usize,
}

/// An axis whose elements are put apart.
#[derive(Clone, Copy, Debug)]
struct Spread {
    /// Elements of the input and of the result along the axis.
    input: usize,
    output: usize,
    /// Place of the first element, and the distance of the others.
    low: usize,
    step: usize,
    /// Elements of input and result in all that lies within an index of the axis.
    input_stride: usize,
    output_stride: usize,
}

impl Spread {
    /// The input's index at an index of the result.
    #[inline(always)]
    fn source(&self, output: usize) -> Option<usize> {
        let at = output.checked_sub(self.low)?;
        (at % self.step == 0 && at / self.step < self.input).then_some(at / self.step)
    }

    fn is_whole(&self) -> bool {
        self.input == self.output
    }
}

/// Bytes that are worth a task of their own.
const PAD_TASK: usize = 1 << 17;

impl Pad {
    pub(crate) fn new(
        from: &Shape,
        to: &TensorType,
        low: &[usize],
        interior: &[usize],
        value: f64,
    ) -> Pad {
        let size = to.dtype.size();
        let mut bytes = [0; 8];
        let number = Tensor::scalar_of(to.dtype, value);
        // SAFETY: a scalar has `size` bytes, at most 8.
        unsafe { bytes_of(number.elements()).copy_to_nonoverlapping(bytes.as_mut_ptr(), size) };
        let axes = spread_axes(from, &to.shape, low, interior);
        let most = axes.first().map_or(1, |axis| axis.output);
        let tasks = (to.bytes() / PAD_TASK).clamp(1, 16).min(most.max(1));
        Pad { bytes: to.bytes(), size, value: bytes, axes, tasks }
    }

    /// Does one task.
    ///
    /// # Safety
    /// `from` and `out` hold tensors of the shapes given, which do not overlap.
    pub(crate) unsafe fn run(&self, task: usize, from: *const u8, out: *mut u8) {
        // SAFETY: the caller's promise, in elements of this size.
        unsafe {
            match self.size {
                1 => self.task::<u8>(task, from, out),
                2 => self.task::<u16>(task, from.cast(), out.cast()),
                4 => self.task::<u32>(task, from.cast(), out.cast()),
                _ => self.task::<u64>(task, from.cast(), out.cast()),
            }
        }
    }

    unsafe fn task<T: Copy>(&self, task: usize, from: *const T, out: *mut T) {
        // SAFETY: the value has the bytes of a T; the task's indices are within the first axis.
        unsafe {
            let value = self.value.as_ptr().cast::<T>().read_unaligned();
            match self.axes.split_first() {
                None => out.write(from.read()),
                Some((axis, within)) => {
                    let indices = part(axis.output, self.tasks, task);
                    spread(axis, within, indices, value, from, out);
                }
            }
        }
    }
}

/// The axes of a tensor that is spread, the outer ones of a single index left out.
fn spread_axes(from: &Shape, to: &Shape, low: &[usize], interior: &[usize]) -> Vec<Spread> {
    let (inputs, outputs) = (from.strides(), to.strides());
    let mut axes: Vec<Spread> = Vec::new();
    for i in 0..from.rank() {
        let axis = Spread {
            input: from[i],
            output: to[i],
            low: low[i],
            step: interior[i] + 1,
            input_stride: inputs[i],
            output_stride: outputs[i],
        };
        match axes.last_mut() {
            // Neighbours in the axis before are neighbours here.
            Some(before) if axis.is_whole() && before.step == 1 => {
                before.input *= axis.input;
                before.output *= axis.output;
                before.low *= axis.output;
                (before.input_stride, before.output_stride) =
                    (axis.input_stride, axis.output_stride);
            }
            Some(before) if before.is_whole() && before.input == 1 => *before = axis,
            _ => axes.push(axis),
        }
    }
    axes
}

/// Writes some indices of an axis, with all that lies within.
///
/// # Safety
/// Input and result are of the axes' sizes and begin at these pointers.
unsafe fn spread<T: Copy>(
    axis: &Spread,
    within: &[Spread],
    indices: Range<usize>,
    value: T,
    from: *const T,
    out: *mut T,
) {
    // SAFETY: indices are below the axis' sizes.
    unsafe {
        let fill = |indices: Range<usize>| {
            for at in indices.start * axis.output_stride..indices.end * axis.output_stride {
                out.add(at).write(value);
            }
        };
        let Some((next, rest)) = within.split_first() else {
            // The innermost axis, whose elements are neighbours.
            if axis.step > 1 {
                for o in indices {
                    out.add(o).write(axis.source(o).map_or(value, |i| from.add(i).read()));
                }
                return;
            }
            let start = axis.low.clamp(indices.start, indices.end);
            let end = (axis.low + axis.input).clamp(start, indices.end);
            fill(indices.start..start);
            if start < end {
                from.add(start - axis.low).copy_to_nonoverlapping(out.add(start), end - start);
            }
            return fill(end..indices.end);
        };
        for o in indices {
            match axis.source(o) {
                None => fill(o..o + 1),
                Some(i) => {
                    let from = from.add(i * axis.input_stride);
                    let out = out.add(o * axis.output_stride);
                    spread(next, rest, 0..next.output, value, from, out);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::tensor_at;
    use ferras_graph::{DType, Op, Result, evaluate, random};

    #[test]
    fn padding_by_many_tasks_is_as_the_definition() -> Result<()> {
        let pick = |i: u64, n: usize| (random::uniform([5, 1], 0, i) * n as f32) as usize;
        for case in 0..200 {
            let at = |i: u64| case * 40 + i;
            let rank = pick(at(0), 4);
            let sizes = [1 + case as usize % 3, 3, 2, 4];
            let draw = |from: u64, n: usize| -> Vec<usize> {
                (0..rank as u64).map(|i| pick(at(from + i), n)).collect()
            };
            let dims: Vec<usize> =
                (0..rank).map(|i| 1 + pick(at(9 + i as u64), sizes[i])).collect();
            let [low, high, interior] = [draw(1, 3), draw(15, 3), draw(20, 2)];
            let padded =
                (0..rank).map(|i| low[i] + high[i] + dims[i] + (dims[i] - 1) * interior[i]);
            let ty = TensorType::new(DType::F32, padded.collect::<Vec<_>>());
            let shape = Shape::from(dims);
            let x = Tensor::new(shape.clone(), (0..shape.elements()).map(|i| i as f32).collect())?;
            let mut pad = Pad::new(&shape, &ty, &low, &interior, -1.5);
            pad.tasks = pad.axes.first().map_or(1, |axis| axis.output.min(3));
            let mut out = vec![f32::NAN; ty.shape.elements()];
            for task in (0..pad.tasks).rev() {
                // SAFETY: operand and result have the shapes given.
                unsafe { pad.run(task, bytes_of(x.elements()), out.as_mut_ptr().cast()) };
            }
            // SAFETY: as many numbers as the type says.
            let found = unsafe { tensor_at(&ty, out.as_mut_ptr().cast()) };
            let op = Op::Pad { low, high, interior, value: -1.5 };
            assert_eq!(found, evaluate(&op, &[&x], &ty)?, "case {case}: {op:?}");
        }
        Ok(())
    }
}
