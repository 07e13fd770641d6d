//! The ops as methods of [`Value`], with broadcasting, promotion and negative axes resolved.
mod products;

use crate::ir::{Binary, Compare, Op, Reduce, Unary};
use crate::{DType, Shape, Value};
use std::ops;
use std::panic::Location;

type At = &'static Location<'static>;

/// A value, or a number that takes the other operand's type: the right side of a binary op.
pub trait Operand {
    /// The operand as a value of the graph of `like`.
    #[doc(hidden)]
    #[track_caller]
    fn value(&self, like: &Value) -> Value;
}

impl Operand for Value {
    fn value(&self, _: &Value) -> Value {
        self.clone()
    }
}

impl Operand for &Value {
    fn value(&self, _: &Value) -> Value {
        (*self).clone()
    }
}

impl Operand for f64 {
    #[track_caller]
    fn value(&self, like: &Value) -> Value {
        // An integer takes a fraction only as a float, as in Keras.
        let dtype = match like.dtype() {
            d if !d.is_float() && self.fract() != 0.0 => DType::F32,
            DType::Bool => DType::I32,
            d => d,
        };
        like.builder().scalar(dtype, *self)
    }
}

macro_rules! unary_methods {
    ($($(#[$doc:meta])* $name:ident $op:ident;)*) => {
        /// Elementwise functions.
        impl Value {
            $($(#[$doc])*
            #[track_caller]
            pub fn $name(&self) -> Value {
                self.apply(Op::Unary(Unary::$op), stringify!($name), Location::caller())
            })*
        }
    };
}

unary_methods! {
    /// −x
    negative Neg;
    /// |x|
    abs Abs;
    /// −1, 0 or 1.
    sign Sign;
    /// Largest integer not above x.
    floor Floor;
    /// Smallest integer not below x.
    ceil Ceil;
    /// Nearest integer, halves to even.
    round Round;
    /// eˣ
    exp Exp;
    /// eˣ − 1
    expm1 Expm1;
    /// Natural logarithm.
    log Log;
    /// log(1 + x)
    log1p Log1p;
    /// √x
    sqrt Sqrt;
    /// 1/√x
    rsqrt Rsqrt;
    /// Sine of radians.
    sin Sin;
    /// Cosine of radians.
    cos Cos;
    /// Tangent of radians.
    tan Tan;
    /// Inverse sine.
    asin Asin;
    /// Inverse cosine.
    acos Acos;
    /// Inverse tangent.
    atan Atan;
    /// Hyperbolic tangent.
    tanh Tanh;
    /// 1 / (1 + e⁻ˣ)
    sigmoid Sigmoid;
    /// Error function.
    erf Erf;
    /// Inverse error function.
    erfinv ErfInv;
    /// log |Γ(x)|
    lgamma LogGamma;
    /// Logical or bitwise not.
    logical_not Not;
    /// Whether x is neither infinite nor NaN.
    is_finite IsFinite;
}

macro_rules! binary_methods {
    ($($(#[$doc:meta])* $name:ident $op:expr;)*) => {
        /// Functions of two values, which broadcast and promote.
        impl Value {
            $($(#[$doc])*
            #[track_caller]
            pub fn $name(&self, other: impl Operand) -> Value {
                self.pair(&other.value(self), $op, stringify!($name), Location::caller())
            })*
        }
    };
}

binary_methods! {
    /// a + b
    add_to Op::Binary(Binary::Add);
    /// a − b
    subtract Op::Binary(Binary::Sub);
    /// a · b
    multiply Op::Binary(Binary::Mul);
    /// a / b
    divide Op::Binary(Binary::Div);
    /// Remainder with the sign of a.
    rem Op::Binary(Binary::Rem);
    /// aᵇ
    pow Op::Binary(Binary::Pow);
    /// The larger.
    maximum Op::Binary(Binary::Max);
    /// The smaller.
    minimum Op::Binary(Binary::Min);
    /// Angle of the point (b, a).
    atan2 Op::Binary(Binary::Atan2);
    /// Logical or bitwise and.
    and Op::Binary(Binary::And);
    /// Logical or bitwise or.
    or Op::Binary(Binary::Or);
    /// Logical or bitwise exclusive or.
    xor Op::Binary(Binary::Xor);
    /// a shifted left by b bits.
    shift_left Op::Binary(Binary::Shl);
    /// a shifted right by b bits, keeping the sign.
    shift_right Op::Binary(Binary::Shr);
    /// a = b
    equal Op::Compare(Compare::Eq);
    /// a ≠ b
    not_equal Op::Compare(Compare::Ne);
    /// a < b
    less Op::Compare(Compare::Lt);
    /// a ≤ b
    less_equal Op::Compare(Compare::Le);
    /// a > b
    greater Op::Compare(Compare::Gt);
    /// a ≥ b
    greater_equal Op::Compare(Compare::Ge);
}

/// Selection and conversion.
impl Value {
    /// `if_true` where this bool value holds, else `if_false`; all three broadcast.
    ///
    /// ```
    /// use ferras_graph::{Builder, DType};
    /// let x = Builder::new().full(DType::F32, [3], -1.0);
    /// assert_eq!(x.greater(0.0).select(&x, 0.0).shape().to_string(), "(3,)");
    /// ```
    #[track_caller]
    pub fn select(&self, if_true: &Value, if_false: impl Operand) -> Value {
        let at = Location::caller();
        let other = if_false.value(if_true);
        let dtype = if_true.dtype().promote(other.dtype());
        let shape = if_true.shape().broadcast(&other.shape());
        let Some(shape) = shape.and_then(|s| s.broadcast(&self.shape())) else {
            let shapes = (self.shape(), if_true.shape(), other.shape());
            let problem = format!("cannot broadcast {}, {} and {}", shapes.0, shapes.1, shapes.2);
            return self.builder().fail("select", problem, at);
        };
        let (a, b) = (if_true.cast_at(dtype, at), other.cast_at(dtype, at));
        let operands = [self, &a, &b].map(|v| v.expand(&shape, "select", at));
        let [c, a, b] = &operands;
        self.builder().push(Op::Select, &[c, a, b], "select", at)
    }

    /// The value in another element type.
    #[track_caller]
    pub fn cast(&self, dtype: DType) -> Value {
        self.cast_at(dtype, Location::caller())
    }

    fn cast_at(&self, dtype: DType, at: At) -> Value {
        if dtype == self.dtype() {
            return self.clone();
        }
        self.apply(Op::Cast(dtype), "cast", at)
    }
}

/// Shape changes.
impl Value {
    /// Repeated to a shape by NumPy's rule.
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl Into<Shape>) -> Value {
        self.expand(&shape.into(), "broadcast_to", Location::caller())
    }

    /// The same elements in another shape.
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Shape>) -> Value {
        let shape = shape.into();
        if shape == self.shape() && !self.is_poisoned() {
            return self.clone();
        }
        self.apply(Op::Reshape(shape), "reshape", Location::caller())
    }

    /// The axes in another order: output axis i is input axis `perm[i]`.
    #[track_caller]
    pub fn transpose(&self, perm: &[usize]) -> Value {
        self.apply(Op::Transpose(perm.to_vec()), "transpose", Location::caller())
    }

    /// A new axis of size 1 before `axis`; −1 puts it last.
    ///
    /// ```
    /// use ferras_graph::{Builder, DType};
    /// let x = Builder::new().full(DType::F32, [2, 3], 0.0);
    /// assert_eq!(x.expand_dims(-1).shape().to_string(), "(2, 3, 1)");
    /// assert_eq!(x.expand_dims(0).squeeze(0).shape().to_string(), "(2, 3)");
    /// ```
    #[track_caller]
    pub fn expand_dims(&self, axis: isize) -> Value {
        let mut shape = self.shape().to_vec();
        let rank = shape.len() as isize + 1;
        let place = if axis < 0 { axis + rank } else { axis };
        if !(0..rank).contains(&place) {
            return self.error("expand_dims", format!("axis {axis} is beyond {}", self.shape()));
        }
        shape.insert(place as usize, 1);
        self.reshape(shape)
    }

    /// Without an axis of size 1.
    #[track_caller]
    pub fn squeeze(&self, axis: isize) -> Value {
        let mut shape = self.shape().to_vec();
        match self.shape().axis(axis) {
            Some(a) if shape[a] == 1 => {
                shape.remove(a);
                self.reshape(shape)
            }
            _ if self.is_poisoned() => self.clone(),
            _ => self.error("squeeze", format!("axis {axis} of {} is not 1", self.shape())),
        }
    }

    /// Elements `start..limit` of an axis.
    ///
    /// ```
    /// use ferras_graph::{Builder, DType};
    /// let x = Builder::new().full(DType::F32, [2, 5], 0.0);
    /// assert_eq!(x.slice_axis(-1, 1, 4).shape().to_string(), "(2, 3)");
    /// ```
    #[track_caller]
    pub fn slice_axis(&self, axis: isize, start: usize, limit: usize) -> Value {
        let at = Location::caller();
        let shape = self.shape();
        let Some(a) = self.axis_or_fail(axis, "slice_axis", at) else {
            return self.builder().fail("slice_axis", String::new(), at);
        };
        let (mut starts, mut limits) = (vec![0; shape.rank()], shape.to_vec());
        (starts[a], limits[a]) = (start, limit);
        self.slice(&starts, &limits, &vec![1; shape.rank()])
    }

    /// Elements `start, start + stride, …` below `limit`, for each axis.
    #[track_caller]
    pub fn slice(&self, start: &[usize], limit: &[usize], stride: &[usize]) -> Value {
        let (start, limit, stride) = (start.to_vec(), limit.to_vec(), stride.to_vec());
        self.apply(Op::Slice { start, limit, stride }, "slice", Location::caller())
    }

    /// `value` before (`low`) and after (`high`) the elements of each axis.
    #[track_caller]
    pub fn pad(&self, low: &[usize], high: &[usize], value: f64) -> Value {
        let interior = vec![0; low.len()];
        let op = Op::Pad { low: low.to_vec(), high: high.to_vec(), interior, value };
        self.apply(op, "pad", Location::caller())
    }

    /// The order of the elements reversed along axes.
    #[track_caller]
    pub fn reverse(&self, axes: &[usize]) -> Value {
        self.apply(Op::Reverse(axes.to_vec()), "reverse", Location::caller())
    }
}

macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident $kind:ident;)*) => {
        /// Reductions. Negative axes count from the end; no axes at all means all of them.
        impl Value {
            $($(#[$doc])*
            #[track_caller]
            pub fn $name(&self, axes: &[isize], keepdims: bool) -> Value {
                self.reduce(Reduce::$kind, axes, keepdims, stringify!($name), Location::caller())
            })*
        }
    };
}

reductions! {
    /// Sum over axes; for bool, whether any is true.
    sum Sum;
    /// Product over axes; for bool, whether all are true.
    prod Prod;
    /// Largest over axes.
    max Max;
    /// Smallest over axes.
    min Min;
}

/// Reductions to an index, running ones, and order.
impl Value {
    /// Mean over axes.
    ///
    /// ```
    /// use ferras_graph::{Builder, DType};
    /// let x = Builder::new().full(DType::F32, [2, 3], 1.0);
    /// assert_eq!(x.mean(&[-1], true).shape().to_string(), "(2, 1)");
    /// ```
    #[track_caller]
    pub fn mean(&self, axes: &[isize], keepdims: bool) -> Value {
        let sum = self.sum(axes, keepdims);
        let count = self.shape().elements() as f64 / (sum.shape().elements() as f64).max(1.0);
        sum / count
    }

    /// int32 index of the first largest element along an axis.
    #[track_caller]
    pub fn argmax(&self, axis: isize) -> Value {
        self.arg_reduce(true, axis, "argmax", Location::caller())
    }

    /// int32 index of the first smallest element along an axis.
    #[track_caller]
    pub fn argmin(&self, axis: isize) -> Value {
        self.arg_reduce(false, axis, "argmin", Location::caller())
    }

    fn arg_reduce(&self, largest: bool, axis: isize, name: &'static str, at: At) -> Value {
        match self.axis_or_fail(axis, name, at) {
            Some(axis) => self.apply(Op::ArgReduce { largest, axis }, name, at),
            None => self.builder().fail(name, String::new(), at),
        }
    }

    /// Running sum along an axis.
    #[track_caller]
    pub fn cumsum(&self, axis: isize) -> Value {
        self.cumulative(Reduce::Sum, axis, false)
    }

    /// Running sum, product, maximum or minimum along an axis, from the end if `reverse`.
    #[track_caller]
    pub fn cumulative(&self, kind: Reduce, axis: isize, reverse: bool) -> Value {
        let at = Location::caller();
        match self.axis_or_fail(axis, "cumulative", at) {
            Some(axis) => self.apply(Op::Cumulative { kind, axis, reverse }, "cumulative", at),
            None => self.builder().fail("cumulative", String::new(), at),
        }
    }

    /// Elements in order along an axis.
    #[track_caller]
    pub fn sort(&self, axis: isize, descending: bool) -> Value {
        let at = Location::caller();
        match self.axis_or_fail(axis, "sort", at) {
            Some(axis) => self.apply(Op::Sort { axis, descending }, "sort", at),
            None => self.builder().fail("sort", String::new(), at),
        }
    }

    /// int32 indices that would sort along an axis.
    #[track_caller]
    pub fn argsort(&self, axis: isize, descending: bool) -> Value {
        let at = Location::caller();
        match self.axis_or_fail(axis, "argsort", at) {
            Some(axis) => self.apply(Op::ArgSort { axis, descending }, "argsort", at),
            None => self.builder().fail("argsort", String::new(), at),
        }
    }

    fn reduce(
        &self,
        kind: Reduce,
        axes: &[isize],
        keepdims: bool,
        name: &'static str,
        at: At,
    ) -> Value {
        let shape = self.shape();
        let mut list = Vec::new();
        for &axis in axes {
            match self.axis_or_fail(axis, name, at) {
                Some(a) => list.push(a),
                None => return self.builder().fail(name, String::new(), at),
            }
        }
        if axes.is_empty() {
            list = (0..shape.rank()).collect();
        }
        list.sort_unstable();
        list.dedup();
        let kept = shape.iter().enumerate().map(|(i, &d)| if list.contains(&i) { 1 } else { d });
        let kept: Shape = kept.collect();
        let y = if list.is_empty() {
            self.clone()
        } else {
            self.apply(Op::Reduce(kind, list), name, at)
        };
        if keepdims { y.reshape(kept) } else { y }
    }
}

/// What the methods share.
impl Value {
    /// Any op on this value alone.
    pub(crate) fn apply(&self, op: Op, name: &'static str, at: At) -> Value {
        self.builder().push(op, &[self], name, at)
    }

    /// An axis counted from the end made plain; keeps the mistake if there is none such.
    fn axis_or_fail(&self, axis: isize, name: &'static str, at: At) -> Option<usize> {
        let found = self.shape().axis(axis);
        if found.is_none() && !self.is_poisoned() {
            let problem = format!("axis {axis} is beyond the rank of {}", self.shape());
            self.builder().fail(name, problem, at);
        }
        found
    }

    fn expand(&self, shape: &Shape, name: &'static str, at: At) -> Value {
        let own = self.shape();
        if own == *shape || self.is_poisoned() {
            return self.clone();
        }
        if own.broadcast(shape).as_ref() != Some(shape) {
            let problem = format!("cannot broadcast {own} to {shape}");
            return self.builder().fail(name, problem, at);
        }
        let ones = vec![1; shape.rank() - own.rank()];
        let aligned: Shape = [&ones[..], &own[..]].concat().into();
        let x = match aligned == own {
            true => self.clone(),
            false => self.apply(Op::Reshape(aligned), name, at),
        };
        if x.shape() == *shape { x } else { x.apply(Op::Broadcast(shape.clone()), name, at) }
    }

    fn pair(&self, other: &Value, op: Op, name: &'static str, at: At) -> Value {
        let dtype = self.dtype().promote(other.dtype());
        let Some(shape) = self.shape().broadcast(&other.shape()) else {
            let problem = format!("cannot broadcast {} and {}", self.shape(), other.shape());
            return self.builder().fail(name, problem, at);
        };
        let a = self.cast_at(dtype, at).expand(&shape, name, at);
        let b = other.cast_at(dtype, at).expand(&shape, name, at);
        self.builder().push(op, &[&a, &b], name, at)
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $call:ident;)*) => {
        $(impl<O: Operand> ops::$trait<O> for &Value {
            type Output = Value;
            #[track_caller]
            fn $method(self, other: O) -> Value { self.$call(other) }
        }
        impl<O: Operand> ops::$trait<O> for Value {
            type Output = Value;
            #[track_caller]
            fn $method(self, other: O) -> Value { (&self).$call(other) }
        }
        impl ops::$trait<Value> for f64 {
            type Output = Value;
            #[track_caller]
            fn $method(self, other: Value) -> Value { self.value(&other).$call(&other) }
        }
        impl ops::$trait<&Value> for f64 {
            type Output = Value;
            #[track_caller]
            fn $method(self, other: &Value) -> Value { self.value(other).$call(other) }
        })*
    };
}

operators! {
    Add add add_to;
    Sub sub subtract;
    Mul mul multiply;
    Div div divide;
}

impl ops::Neg for Value {
    type Output = Value;
    #[track_caller]
    fn neg(self) -> Value {
        self.negative()
    }
}

impl ops::Neg for &Value {
    type Output = Value;
    #[track_caller]
    fn neg(self) -> Value {
        self.negative()
    }
}
