//! Making, joining and splitting values, and small arithmetic.
use crate::{Builder, DType, Value};

/// Small arithmetic and values made from others.
///
/// ```
/// use ferras_graph::{Builder, DType};
/// let b = Builder::new();
/// let label = b.full(DType::I32, [4], 2.0);
/// assert_eq!(label.one_hot(10, DType::F32).shape().to_string(), "(4, 10)");
/// let x = b.full(DType::F32, [4, 6], 2.0);
/// assert_eq!(x.split(3, -1)[0].shape().to_string(), "(4, 2)");
/// assert_eq!(x.clip(0.0, 1.0).square().full_like(7.0).ty(), x.ty());
/// ```
impl Value {
    /// x²
    #[track_caller]
    pub fn square(&self) -> Value {
        self * self
    }

    /// x within two bounds: min(max(x, low), high).
    #[track_caller]
    pub fn clip(&self, low: f64, high: f64) -> Value {
        self.maximum(low).minimum(high)
    }

    /// The same number everywhere, of this value's type.
    #[track_caller]
    pub fn full_like(&self, value: f64) -> Value {
        self.builder().full(self.dtype(), self.shape(), value)
    }

    /// A number of this value's element type.
    #[track_caller]
    pub(crate) fn number(&self, value: f64) -> Value {
        self.builder().scalar(self.dtype(), value)
    }

    /// 1 at each index and 0 elsewhere, along a new last axis of size `depth`; all 0 for an index
    /// outside of 0..depth.
    #[track_caller]
    pub fn one_hot(&self, depth: usize, dtype: DType) -> Value {
        let places = self.builder().iota(self.dtype(), [depth], 0);
        self.expand_dims(-1).equal(places).cast(dtype)
    }

    /// Equal parts along an axis.
    #[track_caller]
    pub fn split(&self, parts: usize, axis: isize) -> Vec<Value> {
        let size = self.dim(axis);
        if parts == 0 || !size.is_multiple_of(parts) {
            let problem = format!("axis {axis} of {} has no {parts} equal parts", self.shape());
            return vec![self.error("split", problem); parts];
        }
        let step = size / parts;
        (0..parts).map(|i| self.slice_axis(axis, i * step, (i + 1) * step)).collect()
    }

    /// Parts along an axis: up to the first index, from there to the second, …, to the end.
    #[track_caller]
    pub fn split_at(&self, indices: &[usize], axis: isize) -> Vec<Value> {
        let ends = indices.iter().copied().chain([self.dim(axis)]);
        let starts = [0].into_iter().chain(indices.iter().copied());
        starts.zip(ends).map(|(start, end)| self.slice_axis(axis, start, end)).collect()
    }
}

impl Builder {
    /// Values of one shape side by side along a new axis; −1 puts it last.
    ///
    /// ```
    /// use ferras_graph::{Builder, DType};
    /// let b = Builder::new();
    /// let x = b.full(DType::F32, [2, 3], 1.0);
    /// assert_eq!(b.stack(&[x.clone(), x], 0).shape().to_string(), "(2, 2, 3)");
    /// ```
    #[track_caller]
    pub fn stack(&self, values: &[Value], axis: isize) -> Value {
        let layers: Vec<Value> = values.iter().map(|v| v.expand_dims(axis)).collect();
        self.concat(&layers, axis)
    }
}
