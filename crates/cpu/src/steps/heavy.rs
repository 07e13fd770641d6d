//! Steps that a kernel of its own does.
use super::index::{ArgReduce, Gather, ScatterAdd};
use super::shift::{Concat, Pad};
use super::{Bases, Loc, Step};
use crate::kernels::Work;
use crate::kernels::conv::{
    ConvForward, ConvForwardArgs, ConvInputGrad, ConvInputGradArgs, ConvKernelGrad,
    ConvKernelGradArgs, Depthwise, DepthwiseArgs,
};
use crate::kernels::copy::StridedCopy;
use crate::kernels::epilogue::{Clamp, Epilogue};
use crate::kernels::matmul::{MatMul, MatMulArgs};
use crate::kernels::pool::{Pool, PoolArgs};
use crate::kernels::pooled::SpreadPlan;
use crate::memory::{bytes_of, tensor_at};
use ferras_graph::{Op, Result, Tensor, TensorType, evaluate};
use std::slice::from_raw_parts_mut;

/// What does the work.
#[derive(Debug)]
pub(crate) enum Kernel {
    MatMul(MatMul),
    Conv(ConvForward),
    ConvInputGrad(ConvInputGrad),
    ConvKernelGrad(ConvKernelGrad),
    Depthwise(Depthwise),
    Pool(Pool),
    Spread(SpreadPlan),
    Copy(StridedCopy),
    Concat(Concat),
    Pad(Pad),
    Gather(Gather),
    ScatterAdd(ScatterAdd),
    ArgReduce(ArgReduce),
    /// The reference, for ops that are rare: sorting, running sums, products and windows of
    /// other types than float32, powers of integers. It allocates.
    Op {
        op: Op,
        types: Vec<TensorType>,
        ty: TensorType,
    },
}

impl Kernel {
    fn work(&self) -> Option<&Work> {
        match self {
            Kernel::MatMul(k) => Some(k.work()),
            Kernel::Conv(k) => Some(k.work()),
            Kernel::ConvInputGrad(k) => Some(k.work()),
            Kernel::ConvKernelGrad(k) => Some(k.work()),
            Kernel::Depthwise(k) => Some(k.work()),
            Kernel::Pool(k) => Some(k.work()),
            Kernel::Spread(k) => Some(k.work()),
            Kernel::Copy(k) => Some(k.work()),
            _ => None,
        }
    }

    /// Tasks of a kernel without a plan.
    fn tasks(&self) -> usize {
        match self {
            Kernel::Pad(k) => k.tasks,
            _ => 1,
        }
    }

    /// Bytes that one run keeps between its phases.
    pub(crate) fn shared(&self) -> usize {
        self.work().map_or(0, |w| w.shared * size_of::<f32>())
    }

    /// Elements or bytes that a kernel without a plan moves.
    fn moves(&self) -> usize {
        match self {
            Kernel::Concat(k) => k.outer * k.pieces.iter().sum::<usize>(),
            Kernel::Pad(k) => k.bytes,
            Kernel::Gather(k) => k.outer * k.count * k.inner,
            Kernel::ScatterAdd(k) => k.bytes(),
            Kernel::ArgReduce(k) => k.outer * k.n * k.inner * 4,
            _ => 0,
        }
    }
}

/// Where the values of a kernel are.
#[derive(Debug)]
pub(crate) struct Operands {
    pub inputs: Vec<Loc>,
    /// Bias, scale, shift, residual and mask of a product's epilogue, and its bounds.
    pub besides: [Option<Loc>; 5],
    pub clamp: Clamp,
    pub out: Loc,
    /// Where the places of largest elements go.
    pub own: Option<Loc>,
    /// What a run keeps between its phases.
    pub shared: Loc,
}

/// A kernel with its memory.
#[derive(Debug)]
pub(crate) struct Heavy {
    kernel: Kernel,
    operands: Operands,
    has_epilogue: bool,
    phases: Vec<usize>,
    scratch: usize,
    cost: usize,
    name: String,
}

impl Heavy {
    pub(crate) fn new(kernel: Kernel, operands: Operands, name: String) -> Heavy {
        let (phases, scratch) = match kernel.work() {
            Some(work) => (work.phases.clone(), work.scratch * size_of::<f32>()),
            None => (vec![kernel.tasks()], 0),
        };
        // Kernels make a task of about ten microseconds.
        let tasks = phases.iter().max().copied().unwrap_or(0);
        let cost = if tasks > 1 { tasks * 10_000 } else { 200 + kernel.moves() / 4 };
        let besides = operands.besides.iter().any(Option::is_some);
        let has_epilogue = besides || operands.clamp != Clamp::None;
        Heavy { kernel, operands, has_epilogue, phases, scratch, cost, name }
    }

    /// What a product does besides, in this run.
    ///
    /// # Safety
    /// As `Step::run`.
    #[inline(always)]
    unsafe fn epilogue(&self, bases: Bases<'_>) -> Epilogue {
        // Steps of a few nanoseconds have little to spare.
        if !self.has_epilogue {
            return Epilogue::NONE;
        }
        let at = |i: usize| match self.operands.besides[i] {
            // SAFETY: the plan's places belong to these bases.
            Some(loc) => unsafe { bases.at(loc).cast_const().cast::<f32>() },
            None => std::ptr::null(),
        };
        let (bias, scale, shift, residual, mask) = (at(0), at(1), at(2), at(3), at(4));
        Epilogue { bias, scale, shift, residual, clamp: self.operands.clamp, mask }
    }
}

impl Step for Heavy {
    fn phases(&self) -> &[usize] {
        &self.phases
    }

    fn scratch(&self) -> usize {
        self.scratch
    }

    fn cost(&self) -> usize {
        self.cost
    }

    fn name(&self) -> &str {
        &self.name
    }

    unsafe fn run(&self, phase: usize, task: usize, bases: Bases<'_>, scratch: *mut u8) {
        // SAFETY: the plan gave each operand memory of its type and shape, the result memory that
        // overlaps none of them, and this thread as much scratch memory as the kernel asked for.
        unsafe {
            let inputs = &self.operands.inputs;
            let out = bases.at(self.operands.out);
            let shared = bases.at(self.operands.shared).cast::<f32>();
            let input = |i: usize| match inputs.get(i) {
                Some(&loc) => bases.at(loc).cast_const(),
                None => std::ptr::null(),
            };
            let [a, b, c] = [input(0), input(1), input(2)];
            let own = from_raw_parts_mut(scratch.cast::<f32>(), self.scratch / size_of::<f32>());
            match &self.kernel {
                Kernel::MatMul(k) => {
                    let (a, b, c, epilogue) =
                        (a.cast(), b.cast(), out.cast(), self.epilogue(bases));
                    k.run(phase, task, &MatMulArgs { a, b, c, epilogue, shared }, own);
                }
                Kernel::Conv(k) => {
                    let (x, w, y, epilogue) =
                        (a.cast(), b.cast(), out.cast(), self.epilogue(bases));
                    let places = self.operands.own.map_or(std::ptr::null_mut(), |l| bases.at(l));
                    let args = ConvForwardArgs { x, w, y, places, epilogue, shared };
                    k.run(phase, task, &args, own);
                }
                Kernel::ConvInputGrad(k) => {
                    let (dy, w, dx, places) = (a.cast(), b.cast(), out.cast(), c);
                    let epilogue = self.epilogue(bases);
                    let args = ConvInputGradArgs { dy, places, w, dx, epilogue, shared };
                    k.run(phase, task, &args, own);
                }
                Kernel::ConvKernelGrad(k) => {
                    let (x, dy, dw, places) = (a.cast(), b.cast(), out.cast(), c);
                    k.run(phase, task, &ConvKernelGradArgs { x, dy, places, dw, shared }, own);
                }
                Kernel::Depthwise(k) => {
                    let (a, b, out, epilogue) =
                        (a.cast(), b.cast(), out.cast(), self.epilogue(bases));
                    k.run(phase, task, &DepthwiseArgs { a, b, out, epilogue, shared });
                }
                Kernel::Pool(k) => {
                    // The gradient of a sum has no other operand than the result's gradient.
                    let dy = if inputs.len() == 1 { a } else { b }.cast();
                    k.run(task, &PoolArgs { x: a.cast(), dy, out: out.cast() });
                }
                Kernel::Spread(k) => k.run(task, b.cast(), a, out.cast()),
                Kernel::Copy(k) => k.run(task, a, out),
                Kernel::Concat(k) => k.run(inputs, out, bases),
                Kernel::Pad(k) => k.run(task, a, out),
                Kernel::Gather(k) => k.run(a, b, out),
                Kernel::ScatterAdd(k) => k.run(a, b, c, out),
                Kernel::ArgReduce(k) => k.run(a, out.cast()),
                Kernel::Op { op, types, ty } => self.reference(op, types, ty, bases),
            }
        }
    }
}

impl Heavy {
    /// The op by the reference.
    ///
    /// # Safety
    /// As `Step::run`.
    unsafe fn reference(&self, op: &Op, types: &[TensorType], ty: &TensorType, bases: Bases<'_>) {
        let value = || -> Result<Tensor> {
            let operands = self.operands.inputs.iter().zip(types);
            // SAFETY: the plan's places hold values of these types.
            let operands = operands.map(|(&loc, ty)| unsafe { tensor_at(ty, bases.at(loc)) });
            let operands: Vec<Tensor> = operands.collect();
            evaluate(op, &operands.iter().collect::<Vec<_>>(), ty)
        };
        match value() {
            // SAFETY: the result's place holds as many bytes as its type.
            Ok(tensor) => unsafe {
                let from = bytes_of(tensor.elements());
                from.copy_to_nonoverlapping(bases.at(self.operands.out), ty.bytes());
            },
            Err(error) => bases.failure.keep(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Failure;
    use super::*;
    use ferras_graph::DType;

    #[test]
    fn an_error_of_the_reference_ends_the_run() {
        // A running sum along an axis that is not there: no graph would get so far.
        let ty = TensorType::new(DType::F32, [2]);
        let op = Op::Sort { axis: 7, descending: false };
        let kernel = Kernel::Op { op, types: vec![ty.clone()], ty };
        let [x, out] = [0, 8].map(|offset| Loc { base: 0, offset });
        let clamp = Clamp::None;
        let (besides, own) = ([None; 5], None);
        let operands = Operands { inputs: vec![x], besides, clamp, out, own, shared: out };
        let step = Heavy::new(kernel, operands, "sort".into());
        let mut memory = [1.0_f32, 2.0, 3.0, 4.0];
        let failure = Failure::default();
        let bases = Bases { pointers: &[memory.as_mut_ptr().cast()], failure: &failure };
        let mut scratch = [0_u64; 8];
        // SAFETY: the operand and the result lie within `memory`, and the kernel asks for no scratch.
        unsafe { step.run(0, 0, bases, scratch.as_mut_ptr().cast()) };
        let error = failure.result().unwrap_err().to_string();
        assert!(error.contains("cannot evaluate sort"), "{error}");
    }
}
