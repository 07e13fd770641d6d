//! The functions of `keras.ops`, by name: each gives its values to the operation of that class,
//! which files of functional models know too.
use crate::layers::operation::{Argument, compute};
use ferras_graph::{Operand, Value};
use serde_json::Value as Json;

/// An argument that is no tensor: a number, a truth value, a word, a list of them; `()` is Python's
/// `None`.
pub trait Setting: Into<Json> {}

impl<T: Into<Json>> Setting for T {}

/// The only value of an operation.
#[track_caller]
pub(super) fn one(class: &str, values: Vec<Value>, settings: Vec<(&str, Json)>) -> Value {
    let args = (0..values.len()).map(Argument::Input).collect();
    compute(class, &values, args, settings).swap_remove(0)
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident = $class:ident (
        $x:ident $(, $other:ident)* $(; $($setting:ident),*)?
    );)*) => {
        $($(#[$doc])*
        #[track_caller]
        pub fn $name(
            $x: &ferras_graph::Value
            $(, $other: impl ferras_graph::Operand)*
            $($(, $setting: impl $crate::ops::Setting)*)?
        ) -> ferras_graph::Value {
            $crate::ops::functions::one(
                stringify!($class),
                vec![$x.clone() $(, $other.value($x))*],
                vec![$($((stringify!($setting), $setting.into())),*)?],
            )
        })*

        /// Calls a function by its name; for tests.
        #[cfg(test)]
        pub(super) fn by_name(
            name: &str,
            values: &[ferras_graph::Value],
            settings: &[serde_json::Value],
        ) -> Option<ferras_graph::Value> {
            let (mut values, mut settings) = (values.iter(), settings.iter().cloned());
            let found = match name {
                $(stringify!($name) => {
                    let $x = values.next()?;
                    $(let $other = values.next()?;)*
                    $($(let $setting = settings.next()?;)*)?
                    self::$name($x $(, $other)* $($(, $setting)*)?)
                })*
                _ => return None,
            };
            (values.next().is_none() && settings.next().is_none()).then_some(found)
        }
    };
}
pub(super) use functions;

functions! {
    /// x1 + x2
    add = Add(x1, x2);
    /// x1 − x2
    subtract = Subtract(x1, x2);
    /// x1 · x2
    multiply = Multiply(x1, x2);
    /// x1 / x2 as floats.
    divide = Divide(x1, x2);
    /// x1 / x2 as floats.
    true_divide = TrueDivide(x1, x2);
    /// x1 / x2, and 0 where x2 is 0.
    divide_no_nan = DivideNoNan(x1, x2);
    /// ⌊x1 / x2⌋
    floor_divide = FloorDivide(x1, x2);
    /// The remainder of x1 / x2 with the sign of x2; Keras' `mod`.
    mod_ = Mod(x1, x2);
    /// The remainder of x1 / x2 with the sign of x1.
    fmod = Fmod(x1, x2);
    /// x1 to the power x2.
    power = Power(x1, x2);
    /// The larger of both.
    maximum = Maximum(x1, x2);
    /// The smaller of both.
    minimum = Minimum(x1, x2);
    /// The angle of the point (x2, x1), in radians from −π to π.
    arctan2 = Arctan2(x1, x2);
    /// √(x1² + x2²)
    hypot = Hypot(x1, x2);
    /// log(eˣ¹ + eˣ²)
    logaddexp = Logaddexp(x1, x2);
    /// −x
    negative = Negative(x);
    /// |x|
    absolute = Absolute(x);
    /// |x|
    abs = Abs(x);
    /// −1, 0 or 1.
    sign = Sign(x);
    /// x²
    square = Square(x);
    /// 1 / x
    reciprocal = Reciprocal(x);
    /// x from `x_min` to `x_max`, which `()` leaves open.
    clip = Clip(x; x_min, x_max);
    /// eˣ
    exp = Exp(x);
    /// 2ˣ
    exp2 = Exp2(x);
    /// eˣ − 1
    expm1 = Expm1(x);
    /// Natural logarithm.
    log = Log(x);
    /// log(1 + x)
    log1p = Log1p(x);
    /// Logarithm to base 2.
    log2 = Log2(x);
    /// Logarithm to base 10.
    log10 = Log10(x);
    /// √x
    sqrt = Sqrt(x);
    /// 1 / √x
    rsqrt = Rsqrt(x);
    /// Sine of radians.
    sin = Sin(x);
    /// Cosine of radians.
    cos = Cos(x);
    /// Tangent of radians.
    tan = Tan(x);
    /// Inverse sine.
    arcsin = Arcsin(x);
    /// Inverse cosine.
    arccos = Arccos(x);
    /// Inverse tangent.
    arctan = Arctan(x);
    /// Hyperbolic sine.
    sinh = Sinh(x);
    /// Hyperbolic cosine.
    cosh = Cosh(x);
    /// Hyperbolic tangent.
    tanh = Tanh(x);
    /// Error function.
    erf = Erf(x);
    /// Inverse error function.
    erfinv = Erfinv(x);
    /// Largest integer not above x.
    floor = Floor(x);
    /// Smallest integer not below x.
    ceil = Ceil(x);
    /// x without its fraction.
    trunc = Trunc(x);
    /// x to so many `decimals`, halves to even.
    round = Round(x; decimals);
    /// Whether x1 = x2.
    equal = Equal(x1, x2);
    /// Whether x1 ≠ x2.
    not_equal = NotEqual(x1, x2);
    /// Whether x1 < x2.
    less = Less(x1, x2);
    /// Whether x1 ≤ x2.
    less_equal = LessEqual(x1, x2);
    /// Whether x1 > x2.
    greater = Greater(x1, x2);
    /// Whether x1 ≥ x2.
    greater_equal = GreaterEqual(x1, x2);
    /// Whether both are anything but 0.
    logical_and = LogicalAnd(x1, x2);
    /// Whether one of both is anything but 0.
    logical_or = LogicalOr(x1, x2);
    /// Whether exactly one of both is anything but 0.
    logical_xor = LogicalXor(x1, x2);
    /// Whether x is 0.
    logical_not = LogicalNot(x);
    /// Whether x is neither infinite nor NaN.
    isfinite = Isfinite(x);
    /// Whether x is NaN.
    isnan = Isnan(x);
    /// Whether x is infinite.
    isinf = Isinf(x);
    /// Sum over axes.
    sum = Sum(x; axis, keepdims);
    /// Product over axes.
    prod = Prod(x; axis, keepdims);
    /// Mean over axes.
    mean = Mean(x; axis, keepdims);
    /// Variance over axes: the mean square of what differs from the mean.
    var = Var(x; axis, keepdims);
    /// Standard deviation over axes.
    std = Std(x; axis, keepdims);
    /// Largest over axes.
    max = Max(x; axis, keepdims);
    /// Smallest over axes.
    min = Min(x; axis, keepdims);
    /// Largest over axes.
    amax = Amax(x; axis, keepdims);
    /// Smallest over axes.
    amin = Amin(x; axis, keepdims);
    /// Largest less smallest over axes.
    ptp = Ptp(x; axis, keepdims);
    /// Whether all over axes are anything but 0.
    all = All(x; axis, keepdims);
    /// Whether any over axes is anything but 0.
    any = Any(x; axis, keepdims);
    /// log Σ eˣ over axes.
    logsumexp = Logsumexp(x; axis, keepdims);
    /// How many over axes are anything but 0.
    count_nonzero = CountNonzero(x; axis);
    /// Place of the largest along an axis, or in the whole: the first one.
    argmax = Argmax(x; axis, keepdims);
    /// Place of the smallest along an axis, or in the whole: the first one.
    argmin = Argmin(x; axis, keepdims);
    /// A vector's norm over axes: `ord` is 2 if `()`.
    norm = Norm(x; ord, axis, keepdims);
    /// In ascending order along an axis.
    sort = Sort(x; axis);
    /// The places that bring an axis into ascending order.
    argsort = Argsort(x; axis);
    /// Running sum along an axis, or over the whole.
    cumsum = Cumsum(x; axis);
    /// Running product along an axis, or over the whole.
    cumprod = Cumprod(x; axis);
    /// The same elements in another shape, of which one size may be −1.
    reshape = Reshape(x; newshape);
    /// All elements in a row.
    ravel = Ravel(x);
    /// Axes in another order; reversed if `()`.
    transpose = Transpose(x; axes);
    /// Two axes exchanged.
    swapaxes = Swapaxes(x; axis1, axis2);
    /// Axes in other places.
    moveaxis = Moveaxis(x; source, destination);
    /// New axes of size 1.
    expand_dims = ExpandDims(x; axis);
    /// Axes of size 1 taken away; all of them if `()`.
    squeeze = Squeeze(x; axis);
    /// Repeated to a larger shape.
    broadcast_to = BroadcastTo(x; shape);
    /// Axes turned round; all of them if `()`.
    flip = Flip(x; axis);
    /// Elements moved along axes, the last ones to the front.
    roll = Roll(x; shift, axis);
    /// Each element so many times.
    repeat = Repeat(x; repeats, axis);
    /// The whole so many times along each axis.
    tile = Tile(x; repeats);
    /// What is not above the diagonal `k` of the last two axes.
    tril = Tril(x; k);
    /// What is not below the diagonal `k` of the last two axes.
    triu = Triu(x; k);
    /// The elements at these places of an axis, or of the whole.
    take = Take(x, indices; axis);
    /// 1 everywhere.
    ones_like = OnesLike(x);
    /// 0 everywhere.
    zeros_like = ZerosLike(x);
    /// As another element type.
    cast = Cast(x; dtype);
    /// The product of matrices, the last two axes; others are batches.
    matmul = Matmul(x1, x2);
    /// The last axis of one with the last but one of the other.
    dot = Dot(x1, x2);
    /// The last axis of both.
    inner = Inner(x1, x2);
    /// Every element of one with every element of the other.
    outer = Outer(x1, x2);
    /// Summed products over so many axes, or these of both.
    tensordot = Tensordot(x1, x2; axes);
    /// max(x, 0)
    relu = Relu(x);
    /// x from 0 to 6.
    relu6 = Relu6(x);
    /// 1 / (1 + e⁻ˣ)
    sigmoid = Sigmoid(x);
    /// 0 below −1, 1 above 1, a line between.
    sparse_sigmoid = SparseSigmoid(x);
    /// log(1 + eˣ)
    softplus = Softplus(x);
    /// x / (1 + |x|)
    softsign = Softsign(x);
    /// x nearer to 0 by the threshold, 0 within it.
    soft_shrink = SoftShrink(x; threshold);
    /// x, and 0 within the threshold.
    hard_shrink = HardShrink(x; threshold);
    /// 0 below −1, x above 1, a parabola between.
    sparse_plus = SparsePlus(x);
    /// x · sigmoid(x)
    silu = Silu(x);
    /// (x + √(x² + b)) / 2
    squareplus = Squareplus(x; b);
    /// log sigmoid(x)
    log_sigmoid = LogSigmoid(x);
    /// x, times the slope below 0.
    leaky_relu = LeakyRelu(x; negative_slope);
    /// x / 6 + 1/2 from 0 to 1.
    hard_sigmoid = HardSigmoid(x);
    /// x · hard_sigmoid(x)
    hard_silu = HardSilu(x);
    /// x from −1 to 1.
    hard_tanh = HardTanh(x);
    /// x − tanh(x)
    tanh_shrink = TanhShrink(x);
    /// x, and α · (eˣ − 1) below 0.
    elu = Elu(x; alpha);
    /// x, and α · (e^(x / α) − 1) below 0.
    celu = Celu(x; alpha);
    /// elu with Klambauer's α, scaled.
    selu = Selu(x);
    /// x · Φ(x), of which `approximate` makes a tanh.
    gelu = Gelu(x; approximate);
    /// One half of an axis times the sigmoid of the other.
    glu = Glu(x; axis);
    /// x above the threshold, else the default.
    threshold = Threshold(x; threshold, default_value);
    /// eˣ over its sum along an axis.
    softmax = Softmax(x; axis);
    /// log softmax(x)
    log_softmax = LogSoftmax(x; axis);
    /// The nearest point of the probability simplex along an axis.
    sparsemax = Sparsemax(x; axis);
    /// 1 at each number along an axis of its own, of this element type.
    one_hot = OneHot(x; num_classes, axis, dtype);
    /// x over its norm of this order along an axis; the norm is at least ε.
    normalize = Normalize(x; axis, order, epsilon);
}

/// Elements of one where the condition holds, else of the other; Keras' `where`.
#[track_caller]
pub fn where_(condition: &Value, x1: &Value, x2: impl Operand) -> Value {
    one("Where", vec![condition.clone(), x1.clone(), x2.value(x1)], Vec::new())
}

/// Values side by side along an axis.
#[track_caller]
pub fn concatenate(xs: &[Value], axis: impl Setting) -> Value {
    listed("Concatenate", xs, vec![("axis", axis.into())])
}

/// Values side by side along the second axis; vectors along their only one.
#[track_caller]
pub fn hstack(xs: &[Value]) -> Value {
    listed("Hstack", xs, Vec::new())
}

/// Values below each other along the first axis; vectors as rows.
#[track_caller]
pub fn vstack(xs: &[Value]) -> Value {
    listed("Vstack", xs, Vec::new())
}

/// Values along an axis of its own.
#[track_caller]
pub fn stack(x: &[Value], axis: impl Setting) -> Value {
    listed("Stack", x, vec![("axis", axis.into())])
}

/// An operation of a list of values.
#[track_caller]
pub(super) fn listed(class: &str, values: &[Value], settings: Vec<(&str, Json)>) -> Value {
    let list = (0..values.len()).map(Argument::Input).collect();
    compute(class, values, vec![Argument::List(list)], settings).swap_remove(0)
}

/// Summed products after Einstein: `"bij,bjk->bik"`.
#[track_caller]
pub fn einsum(subscripts: &str, operands: &[Value]) -> Value {
    let args = (0..operands.len()).map(Argument::Input).collect();
    compute("Einsum", operands, args, vec![("subscripts", subscripts.into())]).swap_remove(0)
}

/// Elements around a value: so many before and behind each axis. `mode` is `"constant"`,
/// `"reflect"`, `"symmetric"`, `"edge"` or `"wrap"`; `constant_values` is 0 if `()`.
#[track_caller]
pub fn pad(x: &Value, pad_width: impl Setting, mode: &str, constant_values: impl Setting) -> Value {
    let args = vec![Argument::Input(0), Argument::Constant(constant_values.into())];
    let settings = vec![("pad_width", pad_width.into()), ("mode", mode.into())];
    compute("Pad", std::slice::from_ref(x), args, settings).swap_remove(0)
}

/// The same number everywhere.
#[track_caller]
pub fn full_like(x: &Value, fill_value: f64) -> Value {
    x.full_like(fill_value)
}

/// An operation of one value that gives several.
#[track_caller]
pub(super) fn several(class: &str, x: &Value, settings: Vec<(&str, Json)>) -> Vec<Value> {
    compute(class, std::slice::from_ref(x), vec![Argument::Input(0)], settings)
}

/// An operation of a list of values that gives several.
#[track_caller]
pub(super) fn listed_several(
    class: &str,
    values: &[Value],
    settings: Vec<(&str, Json)>,
) -> Vec<Value> {
    let list = (0..values.len()).map(Argument::Input).collect();
    compute(class, values, vec![Argument::List(list)], settings)
}

/// Parts of an axis: so many equal ones, or those that begin at these places.
#[track_caller]
pub fn split(x: &Value, indices_or_sections: impl Setting, axis: impl Setting) -> Vec<Value> {
    let settings = vec![("indices_or_sections", indices_or_sections.into()), ("axis", axis.into())];
    several("Split", x, settings)
}

/// Each place of an axis as a value.
#[track_caller]
pub fn unstack(x: &Value, num: impl Setting, axis: impl Setting) -> Vec<Value> {
    several("Unstack", x, vec![("num", num.into()), ("axis", axis.into())])
}

/// Mean and variance over axes.
#[track_caller]
pub fn moments(x: &Value, axes: impl Setting, keepdims: impl Setting) -> Vec<Value> {
    several("Moments", x, vec![("axes", axes.into()), ("keepdims", keepdims.into())])
}

/// The `k` largest along the last axis, and their places.
#[track_caller]
pub fn top_k(x: &Value, k: impl Setting, sorted: impl Setting) -> Vec<Value> {
    several("TopK", x, vec![("k", k.into()), ("sorted", sorted.into())])
}
