//! Products, convolutions, windows and indices of values.
use super::At;
use crate::ir::{ConvDims, DotDims, Op, Window};
use crate::{Shape, Value};
use std::panic::Location;

/// Products, convolutions, windows and indices.
impl Value {
    /// Matrix product over the last axis of `self` and the last but one of `other`. As in NumPy:
    /// leading axes of both are batches that broadcast; (…, k) · (k, n) needs no batch.
    ///
    /// ```
    /// use ferras_graph::{Builder, DType};
    /// let b = Builder::new();
    /// let x = b.full(DType::F32, [5, 4, 3], 1.0);
    /// assert_eq!(x.matmul(&b.full(DType::F32, [3, 2], 1.0)).shape().to_string(), "(5, 4, 2)");
    /// assert_eq!(x.matmul(&b.full(DType::F32, [5, 3, 7], 1.0)).shape().to_string(), "(5, 4, 7)");
    /// ```
    #[track_caller]
    pub fn matmul(&self, other: &Value) -> Value {
        let at = Location::caller();
        let dtype = self.dtype().promote(other.dtype());
        let (a, b) = (self.cast_at(dtype, at), other.cast_at(dtype, at));
        let (m, n) = (a.rank(), b.rank());
        if m == 0 || n == 0 {
            return self.builder().fail("matmul", "expected operands of rank ≥ 1".into(), at);
        }
        if n <= 2 {
            let dims = DotDims {
                lhs_contract: vec![m - 1],
                rhs_contract: vec![n.saturating_sub(2)],
                ..DotDims::default()
            };
            return a.dot_at(&b, dims, "matmul", at);
        }
        let (sa, sb) = (a.shape(), b.shape());
        let a = if m == 1 { a.expand_dims(0) } else { a };
        let batch_a = Shape::from(&sa[..m.saturating_sub(2)]);
        let Some(batch) = batch_a.broadcast(&Shape::from(&sb[..n - 2])) else {
            return self.builder().fail("matmul", format!("cannot broadcast {sa} and {sb}"), at);
        };
        let full = |x: &Value| {
            let s = x.shape();
            x.expand(&[&batch[..], &s[s.rank() - 2..]].concat().into(), "matmul", at)
        };
        let axes: Vec<usize> = (0..batch.rank()).collect();
        let dims = DotDims {
            lhs_batch: axes.clone(),
            rhs_batch: axes,
            lhs_contract: vec![batch.rank() + 1],
            rhs_contract: vec![batch.rank()],
        };
        let y = full(&a).dot_at(&full(&b), dims, "matmul", at);
        if m == 1 { y.squeeze(-2) } else { y }
    }

    /// General product; see [`DotDims`].
    #[track_caller]
    pub fn dot_general(&self, other: &Value, dims: DotDims) -> Value {
        self.dot_at(other, dims, "dot_general", Location::caller())
    }

    fn dot_at(&self, other: &Value, dims: DotDims, name: &'static str, at: At) -> Value {
        self.builder().push(Op::Dot(dims), &[self, other], name, at)
    }

    /// Convolution of (batch, spatial…, channels) with (spatial…, channels / groups, filters).
    #[track_caller]
    pub fn conv(&self, kernel: &Value, dims: ConvDims) -> Value {
        self.builder().push(Op::Conv(dims), &[self, kernel], "conv", Location::caller())
    }

    /// Transposed convolution: the gradient of [`Value::conv`] by its input of shape `input`.
    #[track_caller]
    pub fn conv_input_grad(&self, kernel: &Value, dims: ConvDims, input: Shape) -> Value {
        let op = Op::ConvInputGrad(dims, input);
        self.builder().push(op, &[self, kernel], "conv_input_grad", Location::caller())
    }

    /// The gradient of a convolution of `self` by its kernel of shape `kernel`.
    #[track_caller]
    pub fn conv_kernel_grad(&self, dy: &Value, dims: ConvDims, kernel: Shape) -> Value {
        let op = Op::ConvKernelGrad(dims, kernel);
        self.builder().push(op, &[self, dy], "conv_kernel_grad", Location::caller())
    }

    /// Largest element of each window over the spatial axes.
    #[track_caller]
    pub fn max_pool(&self, window: Window) -> Value {
        self.apply(Op::MaxPool(window), "max_pool", Location::caller())
    }

    /// Sum of each window over the spatial axes.
    #[track_caller]
    pub fn sum_pool(&self, window: Window) -> Value {
        self.apply(Op::SumPool(window), "sum_pool", Location::caller())
    }

    /// Slices along an axis at int32 or int64 indices: NumPy's `take`.
    #[track_caller]
    pub fn gather(&self, indices: &Value, axis: isize) -> Value {
        let at = Location::caller();
        match self.axis_or_fail(axis, "gather", at) {
            Some(axis) => self.builder().push(Op::Gather { axis }, &[self, indices], "gather", at),
            None => self.builder().fail("gather", String::new(), at),
        }
    }

    /// The value with `updates` added at indices along an axis; the reverse of [`Value::gather`].
    #[track_caller]
    pub fn scatter_add(&self, indices: &Value, updates: &Value, axis: isize) -> Value {
        let at = Location::caller();
        match self.axis_or_fail(axis, "scatter_add", at) {
            Some(axis) => {
                let operands = [self, indices, updates];
                self.builder().push(Op::ScatterAdd { axis }, &operands, "scatter_add", at)
            }
            None => self.builder().fail("scatter_add", String::new(), at),
        }
    }
}
