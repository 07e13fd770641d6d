//! Shapes: how many elements along each axis.
use crate::DType;
use std::fmt;
use std::ops::Deref;

/// The size of each axis, outermost first. A scalar has none.
///
/// ```
/// use ferras_graph::Shape;
/// let s = Shape::from([2, 3, 4]);
/// assert_eq!((s.rank(), s.elements(), s.dim(-1)), (3, 24, Some(4)));
/// assert_eq!(s.to_string(), "(2, 3, 4)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Shape(Vec<usize>);

impl Shape {
    /// The shape of a scalar.
    pub const fn scalar() -> Shape {
        Shape(Vec::new())
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// Number of elements: the product of all sizes.
    pub fn elements(&self) -> usize {
        self.0.iter().product()
    }

    /// The size of an axis; negative ones count from the end. `None` beyond the rank.
    pub fn dim(&self, axis: isize) -> Option<usize> {
        self.axis(axis).map(|a| self.0[a])
    }

    /// The index of an axis that may be counted from the end (`-1` is the last).
    ///
    /// ```
    /// assert_eq!(ferras_graph::Shape::from([2, 3]).axis(-1), Some(1));
    /// ```
    pub fn axis(&self, axis: isize) -> Option<usize> {
        let index = if axis < 0 { axis + self.rank() as isize } else { axis };
        usize::try_from(index).ok().filter(|&i| i < self.rank())
    }

    /// Elements between neighbours along each axis, for data laid out row by row.
    ///
    /// ```
    /// assert_eq!(ferras_graph::Shape::from([2, 3, 4]).strides(), [12, 4, 1]);
    /// ```
    pub fn strides(&self) -> Vec<usize> {
        let mut strides = vec![1; self.rank()];
        for axis in (1..self.rank()).rev() {
            strides[axis - 1] = strides[axis] * self.0[axis];
        }
        strides
    }

    /// The shape both broadcast to by NumPy's rule, if they do.
    ///
    /// ```
    /// use ferras_graph::Shape;
    /// let (a, b) = (Shape::from([4, 1]), Shape::from([3]));
    /// assert_eq!(a.broadcast(&b), Some(Shape::from([4, 3])));
    /// assert_eq!(Shape::from([2]).broadcast(&b), None);
    /// ```
    pub fn broadcast(&self, other: &Shape) -> Option<Shape> {
        let rank = self.rank().max(other.rank());
        let at = |s: &Shape, i: usize| (i + s.rank()).checked_sub(rank).map_or(1, |i| s.0[i]);
        (0..rank)
            .map(|i| match (at(self, i), at(other, i)) {
                (a, b) if a == b => Some(a),
                (1, n) | (n, 1) => Some(n),
                _ => None,
            })
            .collect()
    }
}

impl Deref for Shape {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(iter: I) -> Shape {
        Shape(iter.into_iter().collect())
    }
}

impl From<Vec<usize>> for Shape {
    fn from(dims: Vec<usize>) -> Shape {
        Shape(dims)
    }
}

impl From<&[usize]> for Shape {
    fn from(dims: &[usize]) -> Shape {
        Shape(dims.to_vec())
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(dims: [usize; N]) -> Shape {
        Shape(dims.to_vec())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (i, d) in self.0.iter().enumerate() {
            write!(f, "{}{d}", if i > 0 { ", " } else { "" })?;
        }
        f.write_str(if self.rank() == 1 { ",)" } else { ")" })
    }
}

/// Element type and shape together: all that is known of a tensor before it has data.
///
/// ```
/// use ferras_graph::{DType, TensorType};
/// assert_eq!(TensorType::new(DType::F32, [2, 3]).to_string(), "float32 (2, 3)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TensorType {
    /// Type of each element.
    pub dtype: DType,
    /// Size of each axis.
    pub shape: Shape,
}

impl TensorType {
    /// A tensor type of these parts.
    pub fn new(dtype: DType, shape: impl Into<Shape>) -> TensorType {
        TensorType { dtype, shape: shape.into() }
    }

    /// Bytes its data takes.
    pub fn bytes(&self) -> usize {
        self.shape.elements() * self.dtype.size()
    }
}

impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.dtype, self.shape)
    }
}
