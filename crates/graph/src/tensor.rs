//! Tensors: data on the host, and borrowed views of it.
use crate::{DType, Error, Result, Shape, TensorType};
use half::{bf16, f16};
use ndarray::{ArrayBase, ArrayD, ArrayViewD, Data, Dimension, IxDyn};
use std::sync::Arc;

/// A Rust type that a tensor's elements can have.
///
/// ```
/// use ferras_graph::{DType, Element};
/// assert_eq!(i64::DTYPE, DType::I64);
/// ```
pub trait Element: Copy + Default + PartialEq + Send + Sync + std::fmt::Debug + 'static {
    /// The corresponding element type.
    const DTYPE: DType;
    /// Wraps data of this type.
    #[doc(hidden)]
    fn wrap(data: Vec<Self>) -> TensorData;
    /// The data inside, if it is of this type.
    #[doc(hidden)]
    fn peek(data: &TensorData) -> Option<&[Self]>;
    /// The data inside, if it is of this type.
    #[doc(hidden)]
    fn peek_mut(data: &mut TensorData) -> Option<&mut Vec<Self>>;
    /// The view of borrowed data of this type.
    #[doc(hidden)]
    fn wrap_slice(data: &[Self]) -> Elements<'_>;
    /// The nearest value of this type; truncates towards zero for integers, non-zero is true.
    fn from_f64(value: f64) -> Self;
    /// The value as float64 (exact but for 64-bit integers beyond 2⁵³).
    fn to_f64(self) -> f64;
}

macro_rules! elements {
    ($($variant:ident $ty:ty, $from:expr, $to:expr;)*) => {
        /// Owned data of one of the element types.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs)]
        pub enum TensorData { $($variant(Vec<$ty>),)* }

        /// Borrowed data of one of the element types.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[allow(missing_docs)]
        pub enum Elements<'a> { $($variant(&'a [$ty]),)* }

        impl TensorData {
            /// `count` zeros of the given type.
            fn zeros(dtype: DType, count: usize) -> TensorData {
                match dtype { $(DType::$variant => TensorData::$variant(vec![Default::default(); count]),)* }
            }
            fn clear(&mut self) {
                match self { $(TensorData::$variant(v) => v.clear(),)* }
            }
            fn borrow(&self) -> Elements<'_> {
                match self { $(TensorData::$variant(v) => Elements::$variant(v),)* }
            }
            fn cast(&self, dtype: DType) -> TensorData {
                match self { $(TensorData::$variant(v) => convert(v, dtype),)* }
            }
        }

        impl Elements<'_> {
            /// Number of elements.
            pub fn len(&self) -> usize {
                match self { $(Elements::$variant(v) => v.len(),)* }
            }
            /// Whether there is no element.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }
            /// Their type.
            pub fn dtype(&self) -> DType {
                match self { $(Elements::$variant(_) => DType::$variant,)* }
            }
            /// The elements at these places, or nothing where they reach beyond the end.
            pub fn get(&self, range: std::ops::Range<usize>) -> Option<Self> {
                match self { $(Elements::$variant(v) => v.get(range).map(Elements::$variant),)* }
            }
            /// Appends rows of `width` elements, in the order of `rows`; false, and nothing is
            /// appended, if a row is beyond the end or `into` is of another type.
            fn append_rows(&self, width: usize, rows: &[usize], into: &mut TensorData) -> bool {
                let fits = |len: usize| rows.iter().all(|r| (r + 1).saturating_mul(width) <= len);
                match (self, into) {
                    $((Elements::$variant(v), TensorData::$variant(out)) if fits(v.len()) => {
                        rows.iter().for_each(|r| out.extend_from_slice(&v[r * width..][..width]));
                        true
                    })*
                    _ => false,
                }
            }
            /// Appends all elements; false, and nothing is appended, if `into` is of another type.
            fn append_to(&self, into: &mut TensorData) -> bool {
                match (self, into) {
                    $((Elements::$variant(v), TensorData::$variant(out)) => {
                        out.extend_from_slice(v);
                        true
                    })*
                    _ => false,
                }
            }
            /// A copy that owns its data.
            pub fn to_owned(&self) -> TensorData {
                match self { $(Elements::$variant(v) => TensorData::$variant(v.to_vec()),)* }
            }
        }

        fn convert<T: Element>(data: &[T], dtype: DType) -> TensorData {
            match dtype {
                $(DType::$variant => TensorData::$variant(data.iter().map(|v| cast_element::<T, $ty>(*v)).collect()),)*
            }
        }

        $(impl Element for $ty {
            const DTYPE: DType = DType::$variant;
            fn wrap(data: Vec<Self>) -> TensorData { TensorData::$variant(data) }
            fn peek(data: &TensorData) -> Option<&[Self]> {
                match data { TensorData::$variant(v) => Some(v), _ => None }
            }
            fn peek_mut(data: &mut TensorData) -> Option<&mut Vec<Self>> {
                match data { TensorData::$variant(v) => Some(v), _ => None }
            }
            fn wrap_slice(data: &[Self]) -> Elements<'_> { Elements::$variant(data) }
            fn from_f64(value: f64) -> Self { $from(value) }
            fn to_f64(self) -> f64 { $to(self) }
        })*
    };
}

elements! {
    Bool bool, |v| v != 0.0, |v| f64::from(u8::from(v));
    U8 u8, |v| v as u8, f64::from;
    I32 i32, |v| v as i32, f64::from;
    I64 i64, |v| v as i64, |v| v as f64;
    F16 f16, f16::from_f64, f16::to_f64;
    BF16 bf16, bf16::from_f64, bf16::to_f64;
    F32 f32, |v| v as f32, f64::from;
    F64 f64, |v| v, |v| v;
}

/// One element cast to another type; between integers it wraps, as array libraries do.
fn cast_element<A: Element, B: Element>(value: A) -> B {
    let wide: &dyn std::any::Any = &value;
    match (wide.downcast_ref::<i64>(), B::DTYPE) {
        (Some(&v), DType::I32) => B::from_f64(f64::from(v as i32)),
        (Some(&v), DType::U8) => B::from_f64(f64::from(v as u8)),
        _ => match (wide.downcast_ref::<i32>(), B::DTYPE) {
            (Some(&v), DType::U8) => B::from_f64(f64::from(v as u8)),
            _ => B::from_f64(value.to_f64()),
        },
    }
}

/// Data on the host with its shape, laid out row by row. Cloning shares the data. It prints as a
/// NumPy array does.
///
/// ```
/// use ferras_graph::{DType, Tensor};
/// let t = Tensor::new([2, 2], vec![1.0_f32, 2.0, 3.0, 4.0])?;
/// assert_eq!(t.dtype(), DType::F32);
/// assert_eq!(t.cast(DType::I32).as_slice::<i32>(), Some(&[1, 2, 3, 4][..]));
/// assert!(Tensor::new([3], vec![1.0_f32]).is_err());
/// # Ok::<(), ferras_graph::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    shape: Shape,
    data: Arc<TensorData>,
}

impl Tensor {
    /// A tensor of this shape and data; an error unless there is one element for each place.
    pub fn new<T: Element>(shape: impl Into<Shape>, data: Vec<T>) -> Result<Tensor> {
        let shape = shape.into();
        let places = shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d));
        if places != Some(data.len()) {
            let n = data.len();
            return Err(Error::Tensor(format!(
                "a tensor of shape {shape} needs as many elements as it has places, got {n}"
            )));
        }
        Ok(Tensor { shape, data: Arc::new(T::wrap(data)) })
    }

    /// A scalar of this value.
    ///
    /// ```
    /// assert_eq!(ferras_graph::Tensor::scalar(2.5_f32).to_f64_vec(), [2.5]);
    /// ```
    pub fn scalar<T: Element>(value: T) -> Tensor {
        Tensor { shape: Shape::scalar(), data: Arc::new(T::wrap(vec![value])) }
    }

    /// A scalar of this value, rounded to the element type.
    pub fn scalar_of(dtype: DType, value: f64) -> Tensor {
        Tensor::scalar(value).cast(dtype)
    }

    /// All zeros (false).
    pub fn zeros(ty: &TensorType) -> Tensor {
        let data = TensorData::zeros(ty.dtype, ty.shape.elements());
        Tensor { shape: ty.shape.clone(), data: Arc::new(data) }
    }

    /// The same value everywhere.
    pub fn full(ty: &TensorType, value: f64) -> Tensor {
        let data = vec![value; ty.shape.elements()];
        Tensor { shape: ty.shape.clone(), data: Arc::new(convert(&data, ty.dtype)) }
    }

    /// Size of each axis.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Type of the elements.
    pub fn dtype(&self) -> DType {
        self.elements().dtype()
    }

    /// Element type and shape.
    pub fn ty(&self) -> TensorType {
        TensorType { dtype: self.dtype(), shape: self.shape.clone() }
    }

    /// The elements, borrowed, whatever their type.
    pub fn elements(&self) -> Elements<'_> {
        self.data.borrow()
    }

    /// The elements, row by row, if they are of type `T`.
    pub fn as_slice<T: Element>(&self) -> Option<&[T]> {
        T::peek(&self.data)
    }

    /// The elements for writing, if they are of type `T`; copies them first where they are shared.
    pub fn as_mut_slice<T: Element>(&mut self) -> Option<&mut [T]> {
        T::peek_mut(Arc::make_mut(&mut self.data)).map(Vec::as_mut_slice)
    }

    /// All elements as float64.
    pub fn to_f64_vec(&self) -> Vec<f64> {
        match self.data.cast(DType::F64) {
            TensorData::F64(v) => v,
            _ => Vec::new(),
        }
    }

    /// The elements converted to another type: towards zero for integers, non-zero is true.
    pub fn cast(&self, dtype: DType) -> Tensor {
        if dtype == self.dtype() {
            return self.clone();
        }
        Tensor { shape: self.shape.clone(), data: Arc::new(self.data.cast(dtype)) }
    }

    /// The same elements in another shape of as many places.
    pub fn reshape(&self, shape: impl Into<Shape>) -> Result<Tensor> {
        let shape = shape.into();
        if shape.elements() != self.shape.elements() {
            return Err(Error::Tensor(format!("cannot reshape {} to {shape}", self.shape)));
        }
        Ok(Tensor { shape, data: self.data.clone() })
    }

    /// A borrowed view of the whole.
    pub fn view(&self) -> TensorView<'_> {
        TensorView { shape: &self.shape, elements: self.elements() }
    }

    /// Rows `start..limit` of the first axis, borrowed; `shape` receives their shape.
    ///
    /// ```
    /// use ferras_graph::Tensor;
    /// let t = Tensor::new([3, 2], vec![1, 2, 3, 4, 5, 6])?;
    /// let mut shape = Vec::new();
    /// assert_eq!(t.rows(1..3, &mut shape)?.to_tensor(), Tensor::new([2, 2], vec![3, 4, 5, 6])?);
    /// # Ok::<(), ferras_graph::Error>(())
    /// ```
    pub fn rows<'a>(
        &'a self,
        range: std::ops::Range<usize>,
        shape: &'a mut Vec<usize>,
    ) -> Result<TensorView<'a>> {
        let width = self.row_len();
        shape.clear();
        shape.extend_from_slice(&self.shape);
        let beyond = || Error::Tensor(format!("rows {range:?} are not within {}", self.shape));
        *shape.first_mut().ok_or_else(beyond)? = range.len();
        let places = range.start.saturating_mul(width)..range.end.saturating_mul(width);
        let elements = self.elements().get(places).ok_or_else(beyond)?;
        Ok(TensorView { shape, elements })
    }

    /// Makes this tensor the given rows of `source`, in that order; its memory is reused.
    ///
    /// ```
    /// use ferras_graph::Tensor;
    /// let t = Tensor::new([3, 2], vec![1, 2, 3, 4, 5, 6])?;
    /// let mut batch = Tensor::scalar(0);
    /// batch.gather_rows(&t, &[2, 0])?;
    /// assert_eq!(batch, Tensor::new([2, 2], vec![5, 6, 1, 2])?);
    /// # Ok::<(), ferras_graph::Error>(())
    /// ```
    pub fn gather_rows(&mut self, source: &Tensor, rows: &[usize]) -> Result<()> {
        let beyond = || Error::Tensor(format!("a row is not within {}", source.shape));
        let row = source.shape.get(1..).ok_or_else(beyond)?;
        if self.shape.first() != Some(&rows.len()) || self.shape.get(1..) != Some(row) {
            self.shape = [&[rows.len()], row].concat().into();
        }
        if self.dtype() != source.dtype() {
            self.data = Arc::new(TensorData::zeros(source.dtype(), 0));
        }
        let data = Arc::make_mut(&mut self.data);
        data.clear();
        match source.elements().append_rows(source.row_len(), rows, data) {
            true => Ok(()),
            false => {
                self.shape = Shape::from([0]);
                Err(beyond())
            }
        }
    }

    /// Adds the rows of another tensor behind this one's; an error unless they are of one type.
    ///
    /// ```
    /// use ferras_graph::Tensor;
    /// let mut t = Tensor::new([1, 2], vec![1, 2])?;
    /// t.append(&Tensor::new([2, 2], vec![3, 4, 5, 6])?)?;
    /// assert_eq!(t, Tensor::new([3, 2], vec![1, 2, 3, 4, 5, 6])?);
    /// assert!(t.append(&Tensor::new([1, 3], vec![7, 8, 9])?).is_err());
    /// # Ok::<(), ferras_graph::Error>(())
    /// ```
    pub fn append(&mut self, rows: &Tensor) -> Result<()> {
        let (mut shape, other) = (self.shape.to_vec(), rows.shape());
        let fits = shape.len() == other.rank() && shape.iter().skip(1).eq(other.iter().skip(1));
        let unfit = || {
            let (ty, found) = (self.ty(), rows.ty());
            Error::Tensor(format!("rows of {found} cannot be added to {ty}"))
        };
        let count = shape.first_mut().zip(other.first()).filter(|_| fits);
        let (count, more) = count.ok_or_else(unfit)?;
        if self.dtype() != rows.dtype() {
            return Err(unfit());
        }
        *count += more;
        if rows.elements().append_to(Arc::make_mut(&mut self.data)) {
            self.shape = shape.into();
        }
        Ok(())
    }

    /// Elements in one row of the first axis.
    fn row_len(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// The data as a view of `ndarray`, without a copy, if it is of type `T`.
    ///
    /// ```
    /// use ferras_graph::Tensor;
    /// let t = Tensor::new([2, 2], vec![1.0_f32, 2.0, 3.0, 4.0])?;
    /// assert_eq!(t.as_array::<f32>().map(|a| a[[1, 0]]), Some(3.0));
    /// # Ok::<(), ferras_graph::Error>(())
    /// ```
    pub fn as_array<T: Element>(&self) -> Option<ArrayViewD<'_, T>> {
        ArrayViewD::from_shape(IxDyn(&self.shape), self.as_slice::<T>()?).ok()
    }

    /// The data as an array of `ndarray`, if it is of type `T`.
    ///
    /// ```
    /// use ferras_graph::Tensor;
    /// let a = ndarray::array![[1.0_f32, 2.0], [3.0, 4.0]];
    /// let t = Tensor::from(a.t()); // any layout and any view
    /// assert_eq!(t.as_slice::<f32>(), Some(&[1.0, 3.0, 2.0, 4.0][..]));
    /// assert_eq!(t.to_array::<f32>(), Some(a.t().to_owned().into_dyn()));
    /// ```
    pub fn to_array<T: Element>(&self) -> Option<ArrayD<T>> {
        ArrayD::from_shape_vec(IxDyn(&self.shape), self.as_slice::<T>()?.to_vec()).ok()
    }
}

impl<T: Element, S: Data<Elem = T>, D: Dimension> From<ArrayBase<S, D>> for Tensor {
    fn from(array: ArrayBase<S, D>) -> Tensor {
        Tensor::from(&array)
    }
}

impl<T: Element, S: Data<Elem = T>, D: Dimension> From<&ArrayBase<S, D>> for Tensor {
    fn from(array: &ArrayBase<S, D>) -> Tensor {
        let data = match array.as_slice() {
            Some(slice) => slice.to_vec(),
            None => array.iter().copied().collect(),
        };
        Tensor { shape: Shape::from(array.shape()), data: Arc::new(T::wrap(data)) }
    }
}

/// Borrowed data with its shape: what an executable is fed with.
///
/// ```
/// use ferras_graph::TensorView;
/// let rows = [1.0_f32, 2.0, 3.0, 4.0];
/// let view = TensorView::new(&[2, 2], &rows)?;
/// assert_eq!(view.ty().to_string(), "float32 (2, 2)");
/// # Ok::<(), ferras_graph::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TensorView<'a> {
    shape: &'a [usize],
    elements: Elements<'a>,
}

impl<'a> TensorView<'a> {
    /// A view of `data` in this shape; an error unless there is one element for each place.
    pub fn new<T: Element>(shape: &'a [usize], data: &'a [T]) -> Result<TensorView<'a>> {
        if shape.iter().product::<usize>() != data.len() {
            let shape = Shape::from(shape);
            return Err(Error::Tensor(format!("{} elements do not fill {shape}", data.len())));
        }
        Ok(TensorView { shape, elements: T::wrap_slice(data) })
    }

    /// A view of as many elements as the shape has places.
    pub(crate) fn of(shape: &'a [usize], elements: Elements<'a>) -> TensorView<'a> {
        TensorView { shape, elements }
    }

    /// Size of each axis.
    pub fn shape(&self) -> &'a [usize] {
        self.shape
    }

    /// The elements, row by row.
    pub fn elements(&self) -> Elements<'a> {
        self.elements
    }

    /// Element type and shape.
    pub fn ty(&self) -> TensorType {
        TensorType::new(self.elements.dtype(), self.shape)
    }

    /// A copy that owns its data.
    pub fn to_tensor(&self) -> Tensor {
        Tensor { shape: Shape::from(self.shape), data: Arc::new(self.elements.to_owned()) }
    }
}
