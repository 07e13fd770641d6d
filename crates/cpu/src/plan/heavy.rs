//! Steps of their own: which kernel does an op that is no instruction of a loop.
use super::roles::Roles;
use super::view::View;
use crate::kernels::conv::{
    ConvForward, ConvInputGrad, ConvKernelGrad, ConvSpec, Depthwise, DepthwiseKind,
};
use crate::kernels::copy::StridedCopy;
use crate::kernels::matmul::{MatMul, MatMulSpec};
use crate::kernels::pool::{Pool, PoolKind, PoolSpec};
use crate::kernels::pooled::SpreadPlan;
use crate::steps::heavy::Kernel;
use crate::steps::index::{ArgReduce, Gather, ScatterAdd};
use crate::steps::shift::{Concat, Pad};
use ferras_graph::{ConvDims, DType, DotDims, Node, Op, Shape, Window};

/// The kernel of a heavy node.
pub(crate) fn kernel(roles: &Roles, i: usize) -> Kernel {
    let epilogue = roles.epilogue[i];
    let node = roles.node(epilogue.map_or(i, |e| e.base));
    let of = |k: usize| roles.node(node.inputs[k].index());
    let generic = || Kernel::Op {
        op: node.op.clone(),
        types: node.inputs.iter().map(|id| roles.node(id.index()).ty.clone()).collect(),
        ty: node.ty.clone(),
    };
    // Empty operands are rare enough for the reference.
    if node.inputs.iter().any(|id| roles.elements(id.index()) == 0) {
        return generic();
    }
    let f32s = node.ty.dtype == DType::F32;
    let found = match &node.op {
        _ if roles.windows[i].is_some() => windowed(roles, i, node),
        Op::Dot(dims) if f32s => Some(Kernel::MatMul(MatMul::new(product(dims, of(0), of(1))))),
        Op::Conv(d) if f32s => conv_spec(d, &of(0).ty.shape, &of(1).ty.shape).map(|spec| {
            let plain = || Kernel::Conv(ConvForward::new(spec, false));
            depthwise(DepthwiseKind::Forward, spec).unwrap_or_else(plain)
        }),
        Op::ConvInputGrad(d, input) if f32s => conv_spec(d, input, &of(1).ty.shape).map(|spec| {
            let plain = || Kernel::ConvInputGrad(ConvInputGrad::new(spec));
            depthwise(DepthwiseKind::InputGrad, spec).unwrap_or_else(plain)
        }),
        Op::ConvKernelGrad(d, kernel) if f32s => {
            conv_spec(d, &of(0).ty.shape, kernel).map(|spec| {
                let plain = || Kernel::ConvKernelGrad(ConvKernelGrad::new(spec));
                depthwise(DepthwiseKind::KernelGrad, spec).unwrap_or_else(plain)
            })
        }
        Op::MaxPool(w) if f32s => pool(PoolKind::Max, w, &of(0).ty.shape),
        Op::MaxPoolGrad(w) if f32s => pool(PoolKind::MaxGrad, w, &of(0).ty.shape),
        Op::SumPool(w) if f32s => pool(PoolKind::Sum, w, &of(0).ty.shape),
        Op::SumPoolGrad(w, input) if f32s => pool(PoolKind::SumGrad, w, input),
        _ => movement(roles, node),
    };
    found.unwrap_or_else(generic)
}

/// The kernel of a convolution that is pooled at once, and of what works on its windows.
fn windowed(roles: &Roles, i: usize, node: &Node) -> Option<Kernel> {
    let windows = roles.windows[i]?;
    let of = |k: usize| &roles.node(node.inputs[k].index()).ty.shape;
    match &node.op {
        Op::Conv(d) => conv_spec(d, of(0), of(1))
            .and_then(|spec| ConvForward::pooled(roles.level, spec, windows))
            .map(Kernel::Conv),
        Op::ConvInputGrad(d, input) => conv_spec(d, input, of(1))
            .and_then(|spec| ConvInputGrad::pooled(roles.level, spec, windows))
            .map(Kernel::ConvInputGrad),
        Op::ConvKernelGrad(d, kernel) => conv_spec(d, of(0), kernel)
            .map(|spec| ConvKernelGrad::pooled(roles.level, spec, windows))
            .map(Kernel::ConvKernelGrad),
        _ => {
            let shape = &node.ty.shape;
            let plan = SpreadPlan::new(roles.level, windows, shape[0], [shape[1], shape[2]]);
            Some(Kernel::Spread(plan))
        }
    }
}

fn depthwise(kind: DepthwiseKind, spec: ConvSpec) -> Option<Kernel> {
    Depthwise::new(kind, spec).map(Kernel::Depthwise)
}

fn movement(roles: &Roles, node: &Node) -> Option<Kernel> {
    let of = |k: usize| &roles.node(node.inputs[k].index()).ty;
    let size = node.ty.dtype.size();
    Some(match &node.op {
        Op::Transpose(_) => {
            let view = View::whole(&of(0).shape).through(&node.op)?;
            Kernel::Copy(StridedCopy::new(&view.dims, &view.strides, size))
        }
        Op::Concat { axis } => {
            let inner = |shape: &Shape| shape[*axis..].iter().product::<usize>() * size;
            let pieces = (0..node.inputs.len()).map(|k| inner(&of(k).shape)).collect();
            Kernel::Concat(Concat { outer: of(0).shape[..*axis].iter().product(), pieces })
        }
        Op::Pad { low, interior, value, .. } => {
            let from = &of(0).shape;
            Kernel::Pad(Pad::new(from, &node.ty, low, interior, *value))
        }
        Op::Gather { axis } => {
            let [data, indices] = [of(0), of(1)];
            Kernel::Gather(Gather {
                outer: data.shape[..*axis].iter().product(),
                n: data.shape[*axis],
                inner: data.shape[axis + 1..].iter().product::<usize>() * size,
                count: indices.shape.elements(),
                wide: indices.dtype == DType::I64,
            })
        }
        Op::ScatterAdd { axis } => {
            let [base, indices] = [of(0), of(1)];
            Kernel::ScatterAdd(ScatterAdd::new(
                node.ty.dtype,
                base.shape[..*axis].iter().product(),
                base.shape[*axis],
                base.shape[axis + 1..].iter().product(),
                indices.shape.elements(),
                indices.dtype == DType::I64,
            )?)
        }
        Op::ArgReduce { largest, axis } => {
            let x = of(0);
            Kernel::ArgReduce(ArgReduce::new(
                x.dtype,
                *largest,
                x.shape[..*axis].iter().product(),
                x.shape[*axis],
                x.shape[axis + 1..].iter().product(),
            )?)
        }
        _ => return None,
    })
}

/// A product whose operands are laid out as (batch, free, contracted), in either order.
fn product(dims: &DotDims, a: &Node, b: &Node) -> MatMulSpec {
    let (left, right) = (&a.ty.shape, &b.ty.shape);
    let over = |s: &Shape, axes: &[usize]| axes.iter().map(|&i| s[i]).product::<usize>();
    let batch = over(left, &dims.lhs_batch);
    let k = over(left, &dims.lhs_contract);
    let m = left.elements() / (batch * k).max(1);
    let n = right.elements() / (batch * k).max(1);
    // Whether a contracted axis stands before a free one.
    let contracted_first = |s: &Shape, batch: &[usize], contract: &[usize]| {
        let free =
            (0..s.rank()).filter(|i| s[*i] != 1 && !batch.contains(i) && !contract.contains(i));
        let first = contract.iter().copied().filter(|&i| s[i] != 1).min();
        matches!((first, free.max()), (Some(c), Some(f)) if c < f)
    };
    MatMulSpec {
        batch,
        a_transposed: contracted_first(left, &dims.lhs_batch, &dims.lhs_contract),
        b_transposed: !contracted_first(right, &dims.rhs_batch, &dims.rhs_contract)
            && n > 1
            && k > 1,
        ..MatMulSpec::new(m, k, n)
    }
}

/// The kernels' sizes of a convolution; none with more than three spatial axes.
pub(super) fn conv_spec(d: &ConvDims, x: &Shape, k: &Shape) -> Option<ConvSpec> {
    let spatial = d.strides.len();
    let lead = 3_usize.checked_sub(spatial)?;
    let mut spec = ConvSpec {
        batch: x[0],
        input: [1; 3],
        cin: x[spatial + 1],
        kernel: [1; 3],
        cout: k[spatial + 1],
        strides: [1; 3],
        dilations: [1; 3],
        padding: [(0, 0); 3],
        groups: d.groups,
    };
    for i in 0..spatial {
        spec.input[lead + i] = x[i + 1];
        spec.kernel[lead + i] = k[i];
        spec.strides[lead + i] = d.strides[i];
        spec.dilations[lead + i] = d.dilation[i];
        spec.padding[lead + i] = d.padding[i];
    }
    Some(spec)
}

/// The kernel of a pooling of `x`; none with more than three spatial axes.
fn pool(kind: PoolKind, w: &Window, x: &Shape) -> Option<Kernel> {
    let spatial = w.size.len();
    let lead = 3_usize.checked_sub(spatial)?;
    let mut spec = PoolSpec {
        batch: x[0],
        input: [1; 3],
        channels: x[spatial + 1],
        window: [1; 3],
        strides: [1; 3],
        padding: [(0, 0); 3],
    };
    for i in 0..spatial {
        spec.input[lead + i] = x[i + 1];
        spec.window[lead + i] = w.size[i];
        spec.strides[lead + i] = w.strides[i];
        spec.padding[lead + i] = w.padding[i];
    }
    Some(Kernel::Pool(Pool::new(kind, spec)))
}
