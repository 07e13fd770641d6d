//! The operations that are read: a closed set, one line each. Module and class as Keras has them, what
//! they are called with, and their own arguments in brackets.
use super::arguments::{Given, floated, promoted};
use super::{
    arrange, elementwise, fourier, linalg, nn, order, pieces, products, rearrange, spectral,
};
use ferras_graph::{DType, Reduce, Value};

/// The values that an operation gives; an error says what is wrong with what it is given.
pub(super) type Outcome = Result<Vec<Value>, String>;

/// An operation.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) module: &'static str,
    pub(super) class: &'static str,
    /// What it is called with, in order.
    pub(super) call: &'static [&'static str],
    /// Its own arguments.
    pub(super) config: &'static [&'static str],
    pub(super) run: fn(&Given<'_>) -> Outcome,
}

macro_rules! operations {
    ($($module:literal {
        $($class:ident($($call:ident),*) $([$($config:ident),*])? => $run:expr;)*
    })*) => {
        pub(in crate::layers::operation) const TABLE: &[$crate::layers::operation::table::Row] = &[$($($crate::layers::operation::table::Row {
            module: concat!("keras.src.", $module),
            class: stringify!($class),
            call: &[$(stringify!($call)),*],
            config: &[$($(stringify!($config)),*)?],
            run: $run,
        },)*)*];
    };
}

pub(super) use operations;

/// All operations.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    [
        TABLE,
        elementwise::TABLE,
        order::TABLE,
        pieces::TABLE,
        nn::TABLE,
        linalg::TABLE,
        fourier::TABLE,
        rearrange::TABLE,
        spectral::TABLE,
    ]
    .into_iter()
    .flatten()
}

operations! {
    "ops.numpy" {
        // Arithmetic
        Add(x1, x2) => |g| g.binary(|x, y| x + y);
        Subtract(x1, x2) => |g| g.binary(|x, y| x - y);
        Multiply(x1, x2) => |g| g.binary(|x, y| x * y);
        Divide(x1, x2) => |g| g.binary(|x, y| floated(x) / floated(y));
        TrueDivide(x1, x2) => |g| g.binary(|x, y| floated(x) / floated(y));
        DivideNoNan(x1, x2) => |g| g.binary(|x, y| {
            let (x, y) = (floated(x), floated(y));
            let zero = y.equal(0.0);
            let quotient = x / zero.select(&y.full_like(1.0), &y);
            zero.select(&quotient.full_like(0.0), &quotient)
        });
        FloorDivide(x1, x2) => |g| g.binary(|x, y| match (x.dtype().is_float(), y.dtype().is_float()) {
            (false, false) => (&x - modulo(&x, &y)) / y,
            _ => (x / y).floor(),
        });
        Mod(x1, x2) => |g| g.binary(|x, y| modulo(&x, &y));
        Fmod(x1, x2) => |g| g.binary(|x, y| x.rem(y));
        Power(x1, x2) => |g| g.binary(|x, y| x.pow(y));
        Maximum(x1, x2) => |g| g.binary(|x, y| x.maximum(y));
        Minimum(x1, x2) => |g| g.binary(|x, y| x.minimum(y));
        Arctan2(x1, x2) => |g| g.binary(|x, y| floated(x).atan2(floated(y)));
        Hypot(x1, x2) => |g| g.binary(|x, y| (floated(x).square() + floated(y).square()).sqrt());
        Logaddexp(x1, x2) => |g| g.binary(|x, y| {
            let (x, y) = (floated(x), floated(y));
            x.maximum(&y) + (x - y).abs().negative().exp().log1p()
        });
        Negative(x) => |g| g.unary(|x| x.negative());
        Absolute(x) => |g| g.unary(|x| x.abs());
        Abs(x) => |g| g.unary(|x| x.abs());
        Sign(x) => |g| g.unary(|x| x.sign());
        Square(x) => |g| g.unary(|x| x.square());
        Reciprocal(x) => |g| g.float(|x| x.full_like(1.0) / x);
        Clip(x)[x_min, x_max] => |g| {
            let (x, low, high) = (g.value("x")?, g.bound("x_min")?, g.bound("x_max")?);
            let low = low.map_or_else(|| x.clone(), |low| x.maximum(low));
            Ok(vec![high.map_or_else(|| low.clone(), |high| low.minimum(high))])
        };
        // Functions
        Exp(x) => |g| g.float(|x| x.exp());
        Exp2(x) => |g| g.float(|x| x.full_like(2.0).pow(x));
        Expm1(x) => |g| g.float(|x| x.expm1());
        Log(x) => |g| g.float(|x| x.log());
        Log1p(x) => |g| g.float(|x| x.log1p());
        Log2(x) => |g| g.float(|x| x.log() * std::f64::consts::LOG2_E);
        Log10(x) => |g| g.float(|x| x.log() * std::f64::consts::LOG10_E);
        Sqrt(x) => |g| g.float(|x| x.sqrt());
        Sin(x) => |g| g.float(|x| x.sin());
        Cos(x) => |g| g.float(|x| x.cos());
        Tan(x) => |g| g.float(|x| x.tan());
        Arcsin(x) => |g| g.float(|x| x.asin());
        Arccos(x) => |g| g.float(|x| x.acos());
        Arctan(x) => |g| g.float(|x| x.atan());
        Sinh(x) => |g| g.float(|x| (x.exp() - x.negative().exp()) * 0.5);
        Cosh(x) => |g| g.float(|x| (x.exp() + x.negative().exp()) * 0.5);
        Tanh(x) => |g| g.float(|x| x.tanh());
        Floor(x) => |g| g.float(|x| x.floor());
        Ceil(x) => |g| g.float(|x| x.ceil());
        Trunc(x) => |g| g.unary(|x| x.less(0.0).select(&x.ceil(), x.floor()));
        Round(x)[decimals] => |g| {
            let factor = 10_f64.powi(g.own("decimals").as_i64().unwrap_or(0) as i32);
            g.unary(|x| if factor == 1.0 { x.round() } else { (x * factor).round() / factor })
        };
        // Questions
        Equal(x1, x2) => |g| g.binary(|x, y| x.equal(y));
        NotEqual(x1, x2) => |g| g.binary(|x, y| x.not_equal(y));
        Less(x1, x2) => |g| g.binary(|x, y| x.less(y));
        LessEqual(x1, x2) => |g| g.binary(|x, y| x.less_equal(y));
        Greater(x1, x2) => |g| g.binary(|x, y| x.greater(y));
        GreaterEqual(x1, x2) => |g| g.binary(|x, y| x.greater_equal(y));
        LogicalAnd(x1, x2) => |g| g.binary(|x, y| truth(&x).and(truth(&y)));
        LogicalOr(x1, x2) => |g| g.binary(|x, y| truth(&x).or(truth(&y)));
        LogicalXor(x1, x2) => |g| g.binary(|x, y| truth(&x).xor(truth(&y)));
        LogicalNot(x) => |g| g.unary(|x| truth(&x).logical_not());
        Isfinite(x) => |g| g.float(|x| x.is_finite());
        Isnan(x) => |g| g.float(|x| x.not_equal(&x));
        Isinf(x) => |g| g.float(|x| x.abs().equal(f64::INFINITY));
        Where(condition, x1, x2) => |g| {
            let (x, y) = g.pair("x1", "x2")?;
            Ok(vec![truth(&g.value("condition")?).select(&x, y)])
        };
        // Reductions
        Sum(x)[axis, keepdims] => |g| g.reduction(|x, axes, keep| counted(x).sum(axes, keep));
        Prod(x)[axis, keepdims, dtype] => |g| {
            let dtype = g.dtype()?;
            let typed = |x: &Value| dtype.map_or_else(|| counted(x), |dtype| x.cast(dtype));
            g.reduction(|x, axes, keep| typed(x).prod(axes, keep))
        };
        Mean(x)[axis, keepdims] => |g| g.reduction(|x, axes, keep| float(x).mean(axes, keep));
        Var(x)[axis, keepdims] => |g| g.reduction(|x, axes, keep| float(x).variance(axes, keep));
        Std(x)[axis, keepdims] => |g| g.reduction(|x, axes, keep| float(x).std(axes, keep));
        Max(x)[axis, keepdims] => |g| g.reduction(|x, axes, keep| x.max(axes, keep));
        Min(x)[axis, keepdims] => |g| g.reduction(|x, axes, keep| x.min(axes, keep));
        Amax(x)[axis, keepdims] => |g| g.reduction(|x, axes, keep| x.max(axes, keep));
        Amin(x)[axis, keepdims] => |g| g.reduction(|x, axes, keep| x.min(axes, keep));
        Ptp(x)[axis, keepdims] => |g| {
            g.reduction(|x, axes, keep| x.max(axes, keep) - x.min(axes, keep))
        };
        All(x)[axis, keepdims] => |g| g.reduction(|x, axes, keep| truth(x).prod(axes, keep));
        Any(x)[axis, keepdims] => |g| g.reduction(|x, axes, keep| truth(x).max(axes, keep));
        CountNonzero(x)[axis] => |g| {
            g.reduction(|x, axes, keep| truth(x).cast(DType::I32).sum(axes, keep))
        };
        Average(x, weights)[axis] => |g| Ok(vec![products::average(g)?]);
        Argmax(x)[axis, keepdims] => |g| place(g, |x, axis| x.argmax(axis));
        Argmin(x)[axis, keepdims] => |g| place(g, |x, axis| x.argmin(axis));
        // Order
        Sort(x)[axis] => |g| {
            let axis = g.int("axis")?;
            g.unary(|x| x.sort(axis, false))
        };
        Argsort(x)[axis] => |g| {
            let axis = g.int("axis")?;
            g.unary(|x| x.argsort(axis, false))
        };
        Cumsum(x)[axis, dtype] => |g| running(g, g.value("x")?, Reduce::Sum);
        Cumprod(x)[axis, dtype] => |g| running(g, g.value("x")?, Reduce::Prod);
        // Shape
        Reshape(x)[newshape] => |g| Ok(vec![arrange::reshape(&g.value("x")?, g.own("newshape"))?]);
        Ravel(x) => |g| g.unary(|x| x.reshape([x.shape().elements()]));
        Transpose(x)[axes] => |g| Ok(vec![arrange::transpose(&g.value("x")?, g.ints("axes")?)?]);
        Swapaxes(x)[axis1, axis2] => |g| {
            let (x, [a, b]) = (g.value("x")?, [g.int("axis1")?, g.int("axis2")?]);
            let [a, b] = [arrange::axis_of(&x, a)?, arrange::axis_of(&x, b)?];
            let mut order: Vec<usize> = (0..x.rank()).collect();
            order.swap(a, b);
            Ok(vec![x.transpose(&order)])
        };
        Moveaxis(x)[source, destination] => |g| {
            let [from, to] = [g.ints("source")?, g.ints("destination")?].map(Option::unwrap_or_default);
            Ok(vec![arrange::move_axes(&g.value("x")?, &from, &to)?])
        };
        ExpandDims(x)[axis] => |g| {
            Ok(vec![arrange::expand(&g.value("x")?, &g.ints("axis")?.unwrap_or_default())?])
        };
        Squeeze(x)[axis] => |g| Ok(vec![arrange::squeeze(&g.value("x")?, g.ints("axis")?)?]);
        BroadcastTo(x)[shape] => |g| Ok(vec![arrange::broadcast(&g.value("x")?, g.own("shape"))?]);
        Concatenate(xs)[axis] => |g| Ok(vec![arrange::concat(g, g.list("xs")?, g.int("axis")?)]);
        Hstack(xs) => |g| {
            let list = g.list("xs")?;
            let axis = isize::from(list.first().is_some_and(|x| x.rank() > 1));
            Ok(vec![arrange::concat(g, list, axis)])
        };
        Vstack(xs) => |g| {
            let rows = |x: Value| if x.rank() < 2 { x.reshape([1, x.shape().elements()]) } else { x };
            Ok(vec![arrange::concat(g, g.list("xs")?.into_iter().map(rows).collect(), 0)])
        };
        Stack(x)[axis] => |g| Ok(vec![g.builder.stack(&promoted(g.list("x")?), g.int("axis")?)]);
        Split(x)[indices_or_sections, axis] => arrange::split;
        Flip(x)[axis] => |g| Ok(vec![arrange::flip(&g.value("x")?, g.ints("axis")?)?]);
        Roll(x)[shift, axis] => |g| {
            let shifts = g.ints("shift")?.unwrap_or_default();
            Ok(vec![arrange::roll(&g.value("x")?, &shifts, g.ints("axis")?)?])
        };
        Repeat(x)[repeats, axis] => |g| {
            let times = g.ints("repeats")?.unwrap_or_default();
            let axis = g.ints("axis")?.and_then(|axes| axes.first().copied());
            Ok(vec![arrange::repeat(&g.value("x")?, &times, axis)?])
        };
        Tile(x)[repeats] => |g| {
            Ok(vec![arrange::tile(&g.value("x")?, &g.ints("repeats")?.unwrap_or_default())?])
        };
        Pad(x, constant_values)[pad_width, mode] => arrange::pad;
        Tril(x)[k] => |g| Ok(vec![arrange::triangle(&g.value("x")?, g.int("k")?, false)?]);
        Triu(x)[k] => |g| Ok(vec![arrange::triangle(&g.value("x")?, g.int("k")?, true)?]);
        // Elements
        GetItem(x, key) => arrange::get_item;
        Take(x, indices)[axis] => |g| {
            let axis = g.ints("axis")?.and_then(|axes| axes.first().copied());
            Ok(vec![arrange::take(&g.value("x")?, &g.value("indices")?, axis)?])
        };
        OnesLike(x)[dtype] => |g| filled(g, 1.0);
        ZerosLike(x)[dtype] => |g| filled(g, 0.0);
        FullLike(x, fill_value)[dtype] => |g| {
            let x = g.value("x")?;
            let dtype = g.dtype()?.unwrap_or(x.dtype());
            let value = g.optional("fill_value", Some(&x))?.ok_or("fill_value is missing")?;
            Ok(vec![value.cast(dtype).broadcast_to(x.shape())])
        };
        Copy(x) => |g| g.unary(|x| x);
        // Products
        Matmul(x1, x2) => |g| g.binary(|x, y| x.matmul(&y));
        Dot(x1, x2) => |g| g.binary(|x, y| products::dot(&x, &y));
        Inner(x1, x2) => |g| g.binary(|x, y| products::inner(&x, &y));
        Outer(x1, x2) => |g| g.binary(|x, y| {
            x.reshape([x.shape().elements(), 1]) * y.reshape([1, y.shape().elements()])
        });
        Tensordot(x1, x2)[axes] => |g| {
            let (x, y) = g.pair("x1", "x2")?;
            Ok(vec![products::tensordot(&x, &y, g.own("axes"))?])
        };
        Einsum()[subscripts] => |g| {
            let operands = promoted(g.all()?);
            let equation = g.own("subscripts").as_str().unwrap_or_default();
            Ok(vec![g.builder.einsum(equation, &operands)])
        };
    }
    "ops.nn" {
        Relu(x) => |g| g.unary(|x| x.relu());
        Relu6(x) => |g| g.float(|x| x.relu6());
        Sigmoid(x) => |g| g.float(|x| x.sigmoid());
        SparseSigmoid(x) => |g| g.float(|x| x.sparse_sigmoid());
        Softplus(x) => |g| g.float(|x| x.softplus());
        Softsign(x) => |g| g.float(|x| x.softsign());
        SoftShrink(x)[threshold] => |g| {
            let threshold = g.number("threshold")?;
            g.float(|x| x.soft_shrink(threshold))
        };
        HardShrink(x)[threshold] => |g| {
            let threshold = g.number("threshold")?;
            g.float(|x| x.hard_shrink(threshold))
        };
        SparsePlus(x) => |g| g.float(|x| x.sparse_plus());
        Silu(x) => |g| g.float(|x| x.silu());
        Squareplus(x)[b] => |g| {
            let b = g.number("b")?;
            g.float(|x| x.squareplus(b))
        };
        LogSigmoid(x) => |g| g.float(|x| x.log_sigmoid());
        LeakyRelu(x)[negative_slope] => |g| {
            let slope = g.number("negative_slope")?;
            g.float(|x| x.leaky_relu(slope))
        };
        HardSigmoid(x) => |g| g.float(|x| x.hard_sigmoid());
        HardSilu(x) => |g| g.float(|x| x.hard_silu());
        HardTanh(x) => |g| g.float(|x| x.hard_tanh());
        TanhShrink(x) => |g| g.float(|x| x.tanh_shrink());
        Elu(x)[alpha] => |g| {
            let alpha = g.number("alpha")?;
            g.float(|x| x.elu(alpha))
        };
        Celu(x)[alpha] => |g| {
            let alpha = g.number("alpha")?;
            g.float(|x| x.celu(alpha))
        };
        Selu(x) => |g| g.float(|x| x.selu());
        Gelu(x)[approximate] => |g| g.float(|x| x.gelu(g.flag("approximate")));
        Glu(x)[axis] => |g| {
            let axis = g.int("axis")?;
            g.float(|x| x.glu(axis))
        };
        Threshold(x)[threshold, default_value] => |g| {
            let (threshold, other) = (g.number("threshold")?, g.number("default_value")?);
            g.float(|x| x.threshold(threshold, other))
        };
        Softmax(x)[axis] => |g| {
            let axes = g.ints("axis")?.unwrap_or_default();
            g.float(|x| x.softmax(&axes))
        };
        LogSoftmax(x)[axis] => |g| {
            let axes = g.ints("axis")?.unwrap_or_default();
            g.float(|x| x.log_softmax(&axes))
        };
        Sparsemax(x)[axis] => |g| {
            let axis = g.int("axis")?;
            g.float(|x| x.sparsemax(axis))
        };
        OneHot(x)[num_classes, axis, dtype, sparse] => |g| match g.flag("sparse") {
            false => Ok(vec![products::one_hot(g)?]),
            true => Err("sparse results are not there".into()),
        };
        Moments(x)[axes, keepdims, synchronized] => |g| {
            let (mean, variance) =
                float(&g.value("x")?).moments(&g.ints("axes")?.unwrap_or_default(), g.flag("keepdims"));
            Ok(vec![mean, variance])
        };
        Normalize(x)[axis, order, epsilon] => |g| Ok(vec![products::normalize(g)?]);
        RMSNorm(x, scale)[axis, epsilon] => |g| Ok(vec![products::rms_norm(g)?]);
    }
    "ops.core" {
        Cast(x)[dtype] => |g| {
            let dtype = g.dtype()?.ok_or("dtype is missing")?;
            g.unary(|x| if dtype == DType::Bool { truth(&x) } else { x.cast(dtype) })
        };
        ConvertToTensor(x)[dtype, sparse, ragged] => |g| {
            let dtype = g.dtype()?;
            g.unary(|x| dtype.map_or_else(|| x.clone(), |dtype| x.cast(dtype)))
        };
        Unstack(x)[num, axis] => arrange::unstack;
    }
    "ops.math" {
        Logsumexp(x)[axis, keepdims] => |g| {
            g.reduction(|x, axes, keep| float(x).logsumexp(axes, keep))
        };
        Rsqrt(x) => |g| g.float(|x| x.rsqrt());
        Erf(x) => |g| g.float(|x| x.erf());
        Erfinv(x) => |g| g.float(|x| x.erfinv());
        TopK(x)[k, sorted] => |g| {
            let (x, k) = (g.value("x")?, g.int("k")?);
            let count = usize::try_from(k).ok().filter(|k| x.rank() > 0 && *k <= x.dim(-1));
            let count = count.ok_or_else(|| format!("there are no {k} largest in {}", x.shape()))?;
            let first = |v: Value| v.slice_axis(-1, 0, count);
            Ok(vec![first(x.sort(-1, true)), first(x.argsort(-1, true))])
        };
    }
    "ops.linalg" {
        Norm(x)[ord, axis, keepdims] => |g| Ok(vec![products::norm(g)?]);
    }
    "activations.activations" {
        ReLU(x)[negative_slope, max_value, threshold] => |g| {
            let (slope, threshold) = (g.number("negative_slope")?, g.number("threshold")?);
            let most = g.bound("max_value")?;
            g.float(|x| x.relu_with(slope, most, threshold))
        };
    }
}

/// The remainder with the sign of the divisor.
fn modulo(x: &Value, y: &Value) -> Value {
    let rest = x.rem(y);
    let other_sign = rest.less(0.0).not_equal(y.less(0.0));
    rest.not_equal(0.0).and(other_sign).select(&(&rest + y), &rest)
}

/// Whether a value is anything but 0.
pub(super) fn truth(x: &Value) -> Value {
    if x.dtype() == DType::Bool { x.clone() } else { x.not_equal(0.0) }
}

/// A value that can be added up.
pub(super) fn counted(x: &Value) -> Value {
    if matches!(x.dtype(), DType::Bool | DType::U8) { x.cast(DType::I32) } else { x.clone() }
}

pub(super) fn float(x: &Value) -> Value {
    floated(x.clone())
}

/// The place of something along an axis, or in the whole.
pub(super) fn place(g: &Given<'_>, find: fn(&Value, isize) -> Value) -> Outcome {
    let x = g.value("x")?;
    let Some(axis) = g.ints("axis")?.and_then(|axes| axes.first().copied()) else {
        let found = find(&x.reshape([x.shape().elements()]), 0);
        return Ok(vec![if g.flag("keepdims") { found.reshape(vec![1; x.rank()]) } else { found }]);
    };
    let axis = arrange::axis_of(&x, axis)? as isize;
    let found = find(&x, axis);
    Ok(vec![if g.flag("keepdims") { found.expand_dims(axis) } else { found }])
}

/// The same number everywhere.
pub(super) fn filled(g: &Given<'_>, number: f64) -> Outcome {
    let dtype = g.dtype()?;
    g.unary(|x| x.cast(dtype.unwrap_or(x.dtype())).full_like(number))
}

/// What comes together along an axis, or in a row.
pub(super) fn running(g: &Given<'_>, x: Value, kind: Reduce) -> Outcome {
    let x = counted(&x);
    let x = g.dtype()?.map_or(x.clone(), |dtype| x.cast(dtype));
    Ok(vec![match g.ints("axis")?.and_then(|axes| axes.first().copied()) {
        Some(axis) => x.cumulative(kind, axis, false),
        None => x.reshape([x.shape().elements()]).cumulative(kind, 0, false),
    }])
}
