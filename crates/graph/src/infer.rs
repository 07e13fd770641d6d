//! The type of each op's result, in one table. A problem is told in words; the caller adds where.
use crate::ir::{Binary, ConvDims, DotDims, Op, Scan, Unary, Window};
use crate::{DType, Shape, TensorType};

/// The type of `op` applied to operands of these types, or what does not fit.
///
/// ```
/// use ferras_graph::{DType, Op, TensorType, Unary, infer};
/// let x = TensorType::new(DType::F32, [2, 3]);
/// assert_eq!(infer(&Op::Unary(Unary::Exp), &[&x]), Ok(x.clone()));
/// assert!(infer(&Op::Reshape([7].into()), &[&x]).is_err());
/// ```
pub fn infer(op: &Op, operands: &[&TensorType]) -> Result<TensorType, String> {
    let ty = result(op, operands)?;
    check_size(&ty).map(|()| ty)
}

/// An error for a type whose elements no machine has room for. Within this bound, sizes and the
/// places of elements can be computed without overflow, on which the back ends' memory relies.
pub(crate) fn check_size(ty: &TensorType) -> Result<(), String> {
    const MOST: usize = isize::MAX as usize >> 5;
    // Empty axes count as one: strides are products of the others.
    let places = ty.shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d.max(1)));
    match places.and_then(|n| n.checked_mul(ty.dtype.size())) {
        Some(bytes) if bytes <= MOST => Ok(()),
        _ => Err(format!("a tensor of type {ty} fits into no memory; use smaller sizes")),
    }
}

fn result(op: &Op, operands: &[&TensorType]) -> Result<TensorType, String> {
    let wanted = arity(op);
    if wanted.is_some_and(|n| n != operands.len()) || operands.is_empty() && wanted.is_none() {
        return Err(format!("wrong number of operands: {}", operands.len()));
    }
    match (op, operands) {
        (Op::Constant(t), _) => Ok(t.ty()),
        (Op::Feed | Op::State, _) => Err("has no operands to infer its type from".into()),
        (Op::Iota { dtype, shape, axis }, _) => {
            in_rank(*axis, shape)?;
            Ok(TensorType { dtype: *dtype, shape: shape.clone() })
        }
        (Op::Random { shape, .. }, [key]) => match **key == TensorType::new(DType::I64, [2]) {
            true => Ok(TensorType { dtype: DType::F32, shape: shape.clone() }),
            false => Err(format!("expected a key of type int64 (2,), got {key}")),
        },
        (Op::Unary(u), [x]) => unary(*u, x),
        (Op::Binary(f), [a, b]) => binary(*f, a, b),
        (Op::Compare(_), [a, b]) => {
            same(a, b).map(|()| TensorType { dtype: DType::Bool, shape: a.shape.clone() })
        }
        (Op::Select, [c, a, b]) => {
            same(a, b)?;
            if c.dtype != DType::Bool || c.shape != a.shape {
                return Err(format!("expected a condition of type bool {}, got {c}", a.shape));
            }
            Ok((*a).clone())
        }
        (Op::Cast(dtype), [x]) => Ok(TensorType { dtype: *dtype, shape: x.shape.clone() }),
        (Op::Dot(dims), [a, b]) => dot(dims, a, b),
        (Op::Conv(dims), [x, k]) => {
            same_float(x, k)?;
            with(x, conv(dims, &x.shape, &k.shape)?)
        }
        (Op::ConvInputGrad(dims, input), [dy, k]) => {
            same_float(dy, k)?;
            expect(&conv(dims, input, &k.shape)?, &dy.shape)?;
            with(dy, input.clone())
        }
        (Op::ConvKernelGrad(dims, kernel), [x, dy]) => {
            same_float(x, dy)?;
            expect(&conv(dims, &x.shape, kernel)?, &dy.shape)?;
            with(dy, kernel.clone())
        }
        (Op::MaxPool(w) | Op::SumPool(w), [x]) => {
            same_float(x, x)?;
            with(x, pool(w, &x.shape)?)
        }
        (Op::MaxPoolGrad(w), [x, dy]) => {
            same_float(x, dy)?;
            expect(&pool(w, &x.shape)?, &dy.shape)?;
            with(x, x.shape.clone())
        }
        (Op::SumPoolGrad(w, input), [dy]) => {
            same_float(dy, dy)?;
            expect(&pool(w, input)?, &dy.shape)?;
            with(dy, input.clone())
        }
        (Op::Gather { axis }, [x, i]) => gather(*axis, x, i),
        (Op::ScatterAdd { axis }, [base, i, updates]) => {
            same_dtype(base, updates)?;
            expect(&gather(*axis, base, i)?.shape, &updates.shape)?;
            Ok((*base).clone())
        }
        (Op::Scan(scan), _) => scan.check(operands).map(|()| Scan::token()),
        (Op::ScanResult { ty, .. }, [loop_]) => match **loop_ == Scan::token() {
            true => Ok(ty.clone()),
            false => Err(format!("expected a loop, got {loop_}")),
        },
        _ => movement(op, operands),
    }
}

/// Ops that move, repeat, drop or order elements.
fn movement(op: &Op, operands: &[&TensorType]) -> Result<TensorType, String> {
    let x = operands[0];
    match op {
        Op::Broadcast(to) => {
            let fits = x.shape.rank() == to.rank()
                && x.shape.iter().zip(to.iter()).all(|(&a, &b)| a == b || a == 1);
            let problem = || format!("cannot broadcast {} to {to}", x.shape);
            if fits { with(x, to.clone()) } else { Err(problem()) }
        }
        Op::Reshape(to) => {
            let fits = x.shape.elements() == to.elements();
            let (n, m) = (x.shape.elements(), to.elements());
            let problem = || format!("cannot reshape {} ({n} elements) to {to} ({m})", x.shape);
            if fits { with(x, to.clone()) } else { Err(problem()) }
        }
        Op::Transpose(perm) => {
            let mut seen = perm.clone();
            seen.sort_unstable();
            if !seen.into_iter().eq(0..x.shape.rank()) {
                return Err(format!("{perm:?} does not name each axis of {} once", x.shape));
            }
            with(x, perm.iter().map(|&p| x.shape[p]).collect())
        }
        Op::Concat { axis } => concat(*axis, operands),
        Op::Slice { start, limit, stride } => slice(start, limit, stride, x),
        Op::Pad { low, high, interior, .. } => {
            if [low.len(), high.len(), interior.len()] != [x.shape.rank(); 3] {
                return Err(format!("padding must name each axis of {}", x.shape));
            }
            let axis = |(i, &n): (usize, &usize)| {
                let between = n.saturating_sub(1).saturating_mul(interior[i]);
                low[i].saturating_add(n).saturating_add(between).saturating_add(high[i])
            };
            with(x, x.shape.iter().enumerate().map(axis).collect())
        }
        Op::Reverse(axes) => {
            axes.iter().try_for_each(|&a| in_rank(a, &x.shape))?;
            Ok(x.clone())
        }
        Op::Reduce(_, axes) => {
            axes.iter().try_for_each(|&a| in_rank(a, &x.shape))?;
            if !axes.is_sorted_by(|a, b| a < b) {
                return Err(format!("axes {axes:?} are not ascending"));
            }
            with(x, without(&x.shape, axes))
        }
        Op::ArgReduce { axis, .. } => {
            in_rank(*axis, &x.shape)?;
            if x.shape[*axis] == 0 {
                return Err(format!("axis {axis} of {} has no elements", x.shape));
            }
            Ok(TensorType { dtype: DType::I32, shape: without(&x.shape, &[*axis]) })
        }
        Op::Cumulative { axis, .. } | Op::Sort { axis, .. } => {
            in_rank(*axis, &x.shape)?;
            Ok(x.clone())
        }
        Op::ArgSort { axis, .. } => {
            in_rank(*axis, &x.shape)?;
            Ok(TensorType { dtype: DType::I32, shape: x.shape.clone() })
        }
        _ => Err("wrong number of operands".into()),
    }
}

fn arity(op: &Op) -> Option<usize> {
    Some(match op {
        Op::Feed | Op::State | Op::Constant(_) | Op::Iota { .. } => 0,
        Op::Concat { .. } => return None,
        Op::Binary(_) | Op::Compare(_) | Op::Dot(_) | Op::Conv(_) => 2,
        Op::ConvInputGrad(..) | Op::ConvKernelGrad(..) | Op::MaxPoolGrad(_) => 2,
        Op::Gather { .. } => 2,
        Op::Select | Op::ScatterAdd { .. } => 3,
        Op::Scan(scan) => scan.body.feeds.len(),
        _ => 1,
    })
}

fn unary(u: Unary, x: &TensorType) -> Result<TensorType, String> {
    let fits = match u {
        Unary::Neg | Unary::Abs | Unary::Sign => x.dtype != DType::Bool,
        Unary::Not => !x.dtype.is_float(),
        _ => x.dtype.is_float(),
    };
    if !fits {
        return Err(undefined(x.dtype));
    }
    let dtype = if u == Unary::IsFinite { DType::Bool } else { x.dtype };
    Ok(TensorType { dtype, shape: x.shape.clone() })
}

fn binary(f: Binary, a: &TensorType, b: &TensorType) -> Result<TensorType, String> {
    same(a, b)?;
    let fits = match f {
        Binary::Add | Binary::Mul | Binary::Max | Binary::Min => true,
        Binary::Sub | Binary::Div | Binary::Rem | Binary::Pow => a.dtype != DType::Bool,
        Binary::Atan2 => a.dtype.is_float(),
        Binary::And | Binary::Or | Binary::Xor => !a.dtype.is_float(),
        Binary::Shl | Binary::Shr => a.dtype.is_integer(),
    };
    if fits { Ok(a.clone()) } else { Err(undefined(a.dtype)) }
}

fn undefined(dtype: DType) -> String {
    format!("is not defined for {dtype}; cast first")
}

/// Operands of convolutions and pools: floats of one type.
fn same_float(a: &TensorType, b: &TensorType) -> Result<(), String> {
    same_dtype(a, b)?;
    if a.dtype.is_float() { Ok(()) } else { Err(undefined(a.dtype)) }
}

fn same_dtype(a: &TensorType, b: &TensorType) -> Result<(), String> {
    if a.dtype == b.dtype {
        return Ok(());
    }
    Err(format!("expected operands of one dtype, got {a} and {b}"))
}

fn with(like: &TensorType, shape: Shape) -> Result<TensorType, String> {
    Ok(TensorType { dtype: like.dtype, shape })
}

fn same(a: &TensorType, b: &TensorType) -> Result<(), String> {
    if a == b { Ok(()) } else { Err(format!("expected operands of one type, got {a} and {b}")) }
}

fn expect(expected: &Shape, found: &Shape) -> Result<(), String> {
    if expected == found { Ok(()) } else { Err(format!("expected shape {expected}, got {found}")) }
}

fn in_rank(axis: usize, shape: &Shape) -> Result<(), String> {
    let problem = || format!("axis {axis} is beyond the rank of {shape}");
    if axis < shape.rank() { Ok(()) } else { Err(problem()) }
}

fn without(shape: &Shape, axes: &[usize]) -> Shape {
    shape.iter().enumerate().filter(|(i, _)| !axes.contains(i)).map(|(_, &d)| d).collect()
}

fn dot(dims: &DotDims, a: &TensorType, b: &TensorType) -> Result<TensorType, String> {
    same_dtype(a, b)?;
    if a.dtype == DType::Bool {
        return Err(undefined(a.dtype));
    }
    let pairs = |left: &[usize], right: &[usize], what: &str| {
        if left.len() != right.len() {
            return Err(format!("{} and {} axes do not pair", left.len(), right.len()));
        }
        left.iter().zip(right).try_for_each(|(&l, &r)| {
            in_rank(l, &a.shape)?;
            in_rank(r, &b.shape)?;
            match (a.shape[l], b.shape[r]) {
                (m, n) if m == n => Ok(()),
                (m, n) if what == "contract" && l + 1 == a.shape.rank() => Err(format!(
                    "{} · {} does not fit: {m} columns on the left, {n} rows on the right",
                    a.shape, b.shape
                )),
                (m, n) => Err(format!("{} · {} does not fit: {m} against {n}", a.shape, b.shape)),
            }
        })
    };
    pairs(&dims.lhs_batch, &dims.rhs_batch, "batch")?;
    pairs(&dims.lhs_contract, &dims.rhs_contract, "contract")?;
    let taken = |x: &[usize], y: &[usize]| [x, y].concat();
    let left = taken(&dims.lhs_batch, &dims.lhs_contract);
    let right = taken(&dims.rhs_batch, &dims.rhs_contract);
    let batch = dims.lhs_batch.iter().map(|&i| a.shape[i]);
    let free = [without(&a.shape, &left), without(&b.shape, &right)];
    with(a, batch.chain(free.iter().flat_map(|s| s.iter().copied())).collect())
}

/// What windows may extend over, and how far apart they and their taps may be.
const FARTHEST: usize = i32::MAX as usize;
/// Taps that a window of a pool may have; a back end keeps a number for each.
const MOST_TAPS: usize = 1 << 24;

/// How many windows of `size` taps, `dilation` apart, fit into `n` padded elements; `None` for
/// windows that cannot be.
pub(crate) fn windows(
    n: usize,
    size: usize,
    stride: usize,
    dilation: usize,
    pad: (usize, usize),
) -> Option<usize> {
    let extent = size.checked_sub(1)?.checked_mul(dilation)?.checked_add(1)?;
    let room = n.checked_add(pad.0)?.checked_add(pad.1)?;
    let widest = extent.max(stride).max(dilation).max(pad.0).max(pad.1);
    if stride == 0 || dilation == 0 || widest > FARTHEST {
        return None;
    }
    Some(room.checked_sub(extent).map_or(0, |free| free / stride + 1))
}

fn conv(dims: &ConvDims, x: &Shape, k: &Shape) -> Result<Shape, String> {
    let spatial = dims.strides.len();
    if [x.rank(), k.rank(), dims.padding.len() + 2, dims.dilation.len() + 2] != [spatial + 2; 4] {
        return Err(format!("input {x} and kernel {k} do not have {spatial} spatial axes"));
    }
    let (channels, filters) = (x[spatial + 1], k[spatial + 1]);
    let groups = dims.groups;
    if groups == 0 || channels != k[spatial] * groups || !filters.is_multiple_of(groups) {
        return Err(format!(
            "input {x} of {channels} channels does not fit kernel {k} in {groups} groups"
        ));
    }
    let mut out = vec![x[0]];
    for i in 0..spatial {
        let n = windows(x[i + 1], k[i], dims.strides[i], dims.dilation[i], dims.padding[i]);
        out.push(n.ok_or_else(|| bounds("kernel size, strides and dilation"))?);
    }
    out.push(filters);
    Ok(out.into())
}

fn pool(w: &Window, x: &Shape) -> Result<Shape, String> {
    let spatial = w.size.len();
    if [x.rank(), w.strides.len() + 2, w.padding.len() + 2] != [spatial + 2; 3] {
        return Err(format!("input {x} does not have {spatial} spatial axes"));
    }
    let taps = w.size.iter().try_fold(1_usize, |n, &d| n.checked_mul(d));
    if taps.is_none_or(|n| n > MOST_TAPS) {
        return Err(format!(
            "a window of size {:?} is too large; use at most {MOST_TAPS} places",
            w.size
        ));
    }
    let mut out = vec![x[0]];
    for i in 0..spatial {
        let n = windows(x[i + 1], w.size[i], w.strides[i], 1, w.padding[i]);
        out.push(n.ok_or_else(|| bounds("window size and strides"))?);
    }
    out.push(x[spatial + 1]);
    Ok(out.into())
}

fn bounds(what: &str) -> String {
    format!("{what} must be at least 1 and reach over at most {FARTHEST} places")
}

fn gather(axis: usize, x: &TensorType, indices: &TensorType) -> Result<TensorType, String> {
    in_rank(axis, &x.shape)?;
    if !matches!(indices.dtype, DType::I32 | DType::I64) {
        return Err(format!("expected int32 or int64 indices, got {indices}"));
    }
    if x.shape[axis] == 0 && indices.shape.elements() > 0 {
        return Err(format!("axis {axis} of {} has no elements", x.shape));
    }
    with(x, [&x.shape[..axis], &indices.shape, &x.shape[axis + 1..]].concat().into())
}

fn concat(axis: usize, operands: &[&TensorType]) -> Result<TensorType, String> {
    let first = operands[0];
    in_rank(axis, &first.shape)?;
    let mut shape = first.shape.to_vec();
    for x in &operands[1..] {
        let fits = x.dtype == first.dtype
            && x.shape.rank() == first.shape.rank()
            && (0..shape.len()).all(|i| i == axis || x.shape[i] == shape[i]);
        if !fits {
            return Err(format!("{first} and {x} must agree but for axis {axis}"));
        }
        shape[axis] = shape[axis].saturating_add(x.shape[axis]);
    }
    with(first, shape.into())
}

fn slice(
    start: &[usize],
    limit: &[usize],
    stride: &[usize],
    x: &TensorType,
) -> Result<TensorType, String> {
    if [start.len(), limit.len(), stride.len()] != [x.shape.rank(); 3] {
        return Err(format!("bounds must name each axis of {}", x.shape));
    }
    let axis = |i: usize| match (start[i], limit[i], stride[i]) {
        (_, _, 0) => Err("step must be at least 1".to_string()),
        (s, l, step) if s <= l && l <= x.shape[i] => Ok((l - s).div_ceil(step)),
        (s, l, _) => Err(format!("{s}..{l} is not within axis {i} of {}", x.shape)),
    };
    with(x, (0..x.shape.rank()).map(axis).collect::<Result<Shape, _>>()?)
}
