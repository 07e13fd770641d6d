//! The closed set of ops. A new one must be given a shape (`infer`), a gradient (`grad`) and a
//! meaning (`interpret`, each back end); the compiler lists the places.
use super::Scan;
use crate::{DType, Shape, Tensor, TensorType};
use std::sync::Arc;

/// A function of one value, applied to each element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unary {
    /// −x
    Neg,
    /// |x|
    Abs,
    /// −1, 0 or 1; NaN stays.
    Sign,
    /// Largest integer not above x.
    Floor,
    /// Smallest integer not below x.
    Ceil,
    /// Nearest integer, halves to even.
    Round,
    /// eˣ
    Exp,
    /// eˣ − 1, exact near 0.
    Expm1,
    /// Natural logarithm.
    Log,
    /// log(1 + x), exact near 0.
    Log1p,
    /// √x
    Sqrt,
    /// 1/√x
    Rsqrt,
    /// Sine of radians.
    Sin,
    /// Cosine of radians.
    Cos,
    /// Tangent of radians.
    Tan,
    /// Inverse sine, in radians.
    Asin,
    /// Inverse cosine, in radians.
    Acos,
    /// Inverse tangent, in radians.
    Atan,
    /// Hyperbolic tangent.
    Tanh,
    /// 1 / (1 + e⁻ˣ)
    Sigmoid,
    /// Error function.
    Erf,
    /// Inverse of the error function.
    ErfInv,
    /// Natural logarithm of |Γ(x)|.
    LogGamma,
    /// Logical not (bool) or bitwise not (integers).
    Not,
    /// Whether x is neither infinite nor NaN; gives bool.
    IsFinite,
}

/// A function of two values of one type, applied element by element. Integers wrap around. Of
/// truth values, `Add` and `Max` are or, `Mul` and `Min` are and.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a · b
    Mul,
    /// a / b; for integers towards zero, and 0 where b is 0.
    Div,
    /// Remainder of the division towards zero, with the sign of a; 0 where an integer b is 0.
    Rem,
    /// aᵇ; for an integer b below 0 rounded towards zero, 0 where a is 0.
    Pow,
    /// The larger; NaN if either is.
    Max,
    /// The smaller; NaN if either is.
    Min,
    /// Angle of the point (b, a), in radians.
    Atan2,
    /// Logical or bitwise and.
    And,
    /// Logical or bitwise or.
    Or,
    /// Logical or bitwise exclusive or.
    Xor,
    /// a shifted left by b bits; 0 where b is not in the width.
    Shl,
    /// a shifted right by b bits, keeping the sign; the sign alone where b is not in the width.
    Shr,
}

/// A comparison of two values of one type; gives bool. With NaN only `Ne` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Compare {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// How the elements of some axes become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduce {
    /// Sum; 0 of nothing. For bool: whether any is true.
    Sum,
    /// Product; 1 of nothing. For bool: whether all are true.
    Prod,
    /// Largest; the least value of the type (−∞) of nothing.
    Max,
    /// Smallest; the greatest value of the type (+∞) of nothing.
    Min,
}

/// Which axes of a product of two tensors are kept, paired or summed over.
///
/// The output has the batch axes, then the free axes of the left operand, then those of the right.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct DotDims {
    /// Axes of the left operand that pair with `rhs_batch`.
    pub lhs_batch: Vec<usize>,
    /// Axes of the left operand that are summed over with `rhs_contract`.
    pub lhs_contract: Vec<usize>,
    /// Axes of the right operand, as many as `lhs_batch`.
    pub rhs_batch: Vec<usize>,
    /// Axes of the right operand, as many as `lhs_contract`.
    pub rhs_contract: Vec<usize>,
}

/// The geometry of a convolution, one entry for each spatial axis.
///
/// The input is (batch, spatial…, channels), the kernel (spatial…, channels / groups, filters),
/// the output (batch, spatial…, filters).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConvDims {
    /// Steps between windows.
    pub strides: Vec<usize>,
    /// Zeros before and after the input.
    pub padding: Vec<(usize, usize)>,
    /// Steps between the taps of a window.
    pub dilation: Vec<usize>,
    /// Independent groups of channels.
    pub groups: usize,
}

/// Windows that slide over the spatial axes of (batch, spatial…, channels).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Extent of the window.
    pub size: Vec<usize>,
    /// Steps between windows.
    pub strides: Vec<usize>,
    /// Neutral elements (0 for a sum, −∞ for a maximum) before and after the input.
    pub padding: Vec<(usize, usize)>,
}

/// One operation of a graph. Shapes that cannot be inferred from the operands stand in it.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Data given at each run.
    Feed,
    /// A variable's value at the start of the run.
    State,
    /// Known data.
    Constant(Tensor),
    /// 0, 1, 2, … along an axis, the same along all others.
    Iota {
        /// Element type.
        dtype: DType,
        /// Shape of the result.
        shape: Shape,
        /// The axis that counts.
        axis: usize,
    },
    /// Uniform float32 numbers in [0, 1) with 24 random bits. Operand: int64 (2,) key
    /// (seed, counter). The number at flat index i is a function of key, stream and i alone:
    /// see [`crate::random`].
    Random {
        /// Shape of the result.
        shape: Shape,
        /// Tells apart the uses of one key.
        stream: u32,
    },
    /// Elementwise function of one operand.
    Unary(Unary),
    /// Elementwise function of two operands of equal type and shape.
    Binary(Binary),
    /// Elementwise comparison of two operands of equal type and shape.
    Compare(Compare),
    /// Operands: bool condition, a where true, b where false; all of equal shape.
    Select,
    /// Conversion: to integers towards zero, saturating; to bool: is not zero.
    Cast(DType),
    /// Repetition along axes of size 1; rank is kept.
    Broadcast(Shape),
    /// The same elements in another shape.
    Reshape(Shape),
    /// Output axis i is input axis `perm[i]`.
    Transpose(Vec<usize>),
    /// The operands one after the other along an axis.
    Concat {
        /// The axis.
        axis: usize,
    },
    /// Elements `start, start + stride, …` below `limit`, for each axis.
    Slice {
        /// First index.
        start: Vec<usize>,
        /// End, not included.
        limit: Vec<usize>,
        /// Step, at least 1.
        stride: Vec<usize>,
    },
    /// `value` before, after and between (`interior`) the elements of each axis.
    Pad {
        /// Places before.
        low: Vec<usize>,
        /// Places after.
        high: Vec<usize>,
        /// Places between neighbours.
        interior: Vec<usize>,
        /// What stands there.
        value: f64,
    },
    /// The order of the elements reversed along the axes.
    Reverse(Vec<usize>),
    /// The axes (ascending) reduced away.
    Reduce(Reduce, Vec<usize>),
    /// int32 index of the first largest (smallest) element along an axis, which is dropped. NaN
    /// counts as largest (smallest).
    ArgReduce {
        /// Largest or smallest.
        largest: bool,
        /// The axis.
        axis: usize,
    },
    /// Running sum, product, maximum or minimum along an axis.
    Cumulative {
        /// How to combine.
        kind: Reduce,
        /// The axis.
        axis: usize,
        /// From the end.
        reverse: bool,
    },
    /// General product of two tensors.
    Dot(DotDims),
    /// Convolution (cross-correlation) of input and kernel.
    Conv(ConvDims),
    /// Gradient of a convolution by its input. Operands: output's gradient, kernel.
    ConvInputGrad(ConvDims, Shape),
    /// Gradient of a convolution by its kernel. Operands: input, output's gradient.
    ConvKernelGrad(ConvDims, Shape),
    /// Largest element of each window.
    MaxPool(Window),
    /// Gradient of `MaxPool`. Operands: its input, its output's gradient. Goes to the first
    /// largest element of each window.
    MaxPoolGrad(Window),
    /// Sum of each window.
    SumPool(Window),
    /// Gradient of `SumPool` by its input of the given shape. Operand: its output's gradient.
    SumPoolGrad(Window, Shape),
    /// Operands: data, indices (int32 or int64). Slices of the data along an axis: output shape
    /// `data[..axis] + indices + data[axis + 1..]`. Negative indices count from the end; beyond
    /// the axis they are clamped.
    Gather {
        /// The axis.
        axis: usize,
    },
    /// Operands: base, indices, updates (shape as `Gather`'s output). Adds each slice of the
    /// updates to the base where `Gather` would have read it; beyond the axis it is dropped.
    ScatterAdd {
        /// The axis.
        axis: usize,
    },
    /// Elements in order along an axis; NaN last.
    Sort {
        /// The axis.
        axis: usize,
        /// Largest first.
        descending: bool,
    },
    /// int32 indices that would sort; equal elements keep their order.
    ArgSort {
        /// The axis.
        axis: usize,
        /// Largest first.
        descending: bool,
    },
    /// A loop. The node itself has no elements; its results are read by `ScanResult`.
    Scan(Arc<Scan>),
    /// One of the results of a loop, its operand.
    ScanResult {
        /// Which one: see [`Scan`].
        index: usize,
        /// Its type.
        ty: TensorType,
    },
}

impl Op {
    /// The op's name, as errors and printed graphs show it.
    ///
    /// ```
    /// use ferras_graph::{Op, Unary};
    /// assert_eq!(Op::Unary(Unary::Exp).name(), "exp");
    /// ```
    pub fn name(&self) -> String {
        let family = match self {
            Op::Unary(u) => format!("{u:?}"),
            Op::Binary(b) => format!("{b:?}"),
            Op::Compare(c) => format!("{c:?}"),
            Op::Scan(_) => "scan".into(),
            other => {
                let text = format!("{other:?}");
                let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
                text[..end].to_string()
            }
        };
        family.to_lowercase()
    }
}
