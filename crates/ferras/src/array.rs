//! What models and layers are fed with on the host: arrays of numbers, or of texts.
use crate::{Error, Result};
use ferras_graph::{Element, Shape, Tensor};
use ndarray::{ArrayBase, Data, Dimension};
use std::ops::Range;
use std::sync::Arc;

/// Texts with their shape, row by row. Cloning shares them.
///
/// ```
/// use ferras::data::Texts;
/// let texts = Texts::from(["a good film", "a bad one"]);
/// assert_eq!(texts.shape().to_string(), "(2,)");
/// assert_eq!(Texts::from([["a", "b"]]).iter().collect::<Vec<_>>(), ["a", "b"]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Texts {
    shape: Shape,
    texts: Arc<[Arc<str>]>,
}

impl Texts {
    /// Texts of this shape; an error unless there is one for each place.
    pub fn new<T: Into<Arc<str>>>(shape: impl Into<Shape>, texts: Vec<T>) -> Result<Texts> {
        let shape = shape.into();
        let places = shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d));
        if places != Some(texts.len()) {
            return Err(Error::Data(format!(
                "an array of shape {shape} needs as many texts as it has places, got {}",
                texts.len()
            )));
        }
        Ok(Texts { shape, texts: texts.into_iter().map(Into::into).collect() })
    }

    /// Size of each axis.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The texts, row by row.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }

    /// The same texts in another shape of as many places.
    pub fn reshape(&self, shape: impl Into<Shape>) -> Result<Texts> {
        let shape = shape.into();
        if shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d)) != Some(self.texts.len()) {
            return Err(Error::Data(format!("cannot reshape {} to {shape}", self.shape)));
        }
        Ok(Texts { shape, texts: self.texts.clone() })
    }

    /// The given rows, in that order.
    fn gather(&self, rows: impl Iterator<Item = usize>) -> Result<Texts> {
        let beyond = || Error::Data(format!("a row is not within {}", self.shape));
        let mut shape = self.shape.to_vec();
        let width = shape.iter().skip(1).product::<usize>();
        let (mut texts, mut count) = (Vec::new(), 0);
        for row in rows {
            let places =
                row.checked_mul(width).and_then(|start| Some(start..start.checked_add(width)?));
            let found = places.and_then(|places| self.texts.get(places)).ok_or_else(beyond)?;
            texts.extend(found.iter().cloned());
            count += 1;
        }
        *shape.first_mut().ok_or_else(beyond)? = count;
        Ok(Texts { shape: shape.into(), texts: texts.into() })
    }

    /// Adds the rows of other texts behind these.
    fn append(&mut self, other: &Texts) -> Result<()> {
        let (own, more) = (self.shape.to_vec(), other.shape.to_vec());
        if own.is_empty() || own.len() != more.len() || own[1..] != more[1..] {
            let (own, more) = (&self.shape, &other.shape);
            return Err(Error::Data(format!("cannot add texts of shape {more} to those of {own}")));
        }
        self.shape = [&[own[0] + more[0]], &own[1..]].concat().into();
        self.texts = self.texts.iter().chain(other.texts.iter()).cloned().collect();
        Ok(())
    }
}

/// An array: numbers, or texts, which a model's inputs may be.
///
/// ```
/// use ferras::{Tensor, data::Array};
/// let words = Array::from(["one", "two"]);
/// assert!(words.texts().is_ok() && words.numbers().is_err());
/// assert_eq!(Array::from(Tensor::scalar(1.0_f32)).shape().to_string(), "()");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Array {
    /// Numbers.
    Numbers(Tensor),
    /// Texts.
    Texts(Texts),
}

impl Array {
    /// Size of each axis.
    pub fn shape(&self) -> &Shape {
        match self {
            Array::Numbers(tensor) => tensor.shape(),
            Array::Texts(texts) => texts.shape(),
        }
    }

    /// The numbers; an error for texts.
    pub fn numbers(&self) -> Result<&Tensor> {
        match self {
            Array::Numbers(tensor) => Ok(tensor),
            Array::Texts(texts) => Err(Error::Data(format!(
                "expected numbers, got texts of shape {}; layers such as TextVectorization and \
                 StringLookup make numbers of them",
                texts.shape
            ))),
        }
    }

    /// The numbers, row by row, if they are of type `T`.
    pub fn as_slice<T: Element>(&self) -> Option<&[T]> {
        self.numbers().ok()?.as_slice()
    }

    /// The texts; an error for numbers.
    pub fn texts(&self) -> Result<&Texts> {
        match self {
            Array::Texts(texts) => Ok(texts),
            Array::Numbers(tensor) => Err(Error::Data(format!(
                "expected texts, got numbers of type {} and shape {}",
                tensor.dtype(),
                tensor.shape()
            ))),
        }
    }

    /// The same array in another shape of as many places.
    pub fn reshape(&self, shape: impl Into<Shape>) -> Result<Array> {
        Ok(match self {
            Array::Numbers(tensor) => Array::Numbers(tensor.reshape(shape)?),
            Array::Texts(texts) => Array::Texts(texts.reshape(shape)?),
        })
    }

    /// Rows of the first axis.
    pub fn rows(&self, range: Range<usize>) -> Result<Array> {
        Ok(match self {
            Array::Numbers(tensor) => {
                Array::Numbers(tensor.rows(range, &mut Vec::new())?.to_tensor())
            }
            Array::Texts(texts) => Array::Texts(texts.gather(range)?),
        })
    }

    /// The given rows of the first axis, in that order.
    pub(crate) fn gather(&self, rows: &[usize]) -> Result<Array> {
        match self {
            Array::Numbers(tensor) => {
                let mut picked = Tensor::scalar(0_u8);
                picked.gather_rows(tensor, rows)?;
                Ok(Array::Numbers(picked))
            }
            Array::Texts(texts) => texts.gather(rows.iter().copied()).map(Array::Texts),
        }
    }

    /// Adds the rows of another array of the same kind.
    pub fn append(&mut self, other: &Array) -> Result<()> {
        match (self, other) {
            (Array::Numbers(own), Array::Numbers(more)) => Ok(own.append(more)?),
            (Array::Texts(own), Array::Texts(more)) => own.append(more),
            _ => Err(Error::Data("cannot put texts and numbers into one array".into())),
        }
    }
}

impl From<Tensor> for Array {
    fn from(tensor: Tensor) -> Array {
        Array::Numbers(tensor)
    }
}

impl From<&Tensor> for Array {
    fn from(tensor: &Tensor) -> Array {
        Array::Numbers(tensor.clone())
    }
}

impl From<Texts> for Array {
    fn from(texts: Texts) -> Array {
        Array::Texts(texts)
    }
}

impl From<&Array> for Array {
    fn from(array: &Array) -> Array {
        array.clone()
    }
}

impl From<&Texts> for Texts {
    fn from(texts: &Texts) -> Texts {
        texts.clone()
    }
}

impl<T: AsRef<str>, S: Data<Elem = T>, D: Dimension> From<&ArrayBase<S, D>> for Texts {
    fn from(array: &ArrayBase<S, D>) -> Texts {
        let texts = array.iter().map(|text| Arc::from(text.as_ref())).collect();
        Texts { shape: array.shape().into(), texts }
    }
}

impl<T: AsRef<str>, S: Data<Elem = T>, D: Dimension> From<ArrayBase<S, D>> for Texts {
    fn from(array: ArrayBase<S, D>) -> Texts {
        Texts::from(&array)
    }
}

/// The types of lists of texts, handed to another macro.
macro_rules! lists_of_texts {
    ($then:ident) => {
        $then! {
            [] &[&str];
            [] Vec<&str>;
            [] &Vec<&str>;
            [const N: usize] [&str; N];
            [const N: usize] &[&str; N];
            [] &[String];
            [] Vec<String>;
            [] &Vec<String>;
            [const N: usize] [String; N];
            [const N: usize, const M: usize] [[&str; M]; N];
            [const M: usize] Vec<[&str; M]>;
        }
    };
}
pub(crate) use lists_of_texts;

macro_rules! as_texts {
    ($([$($generic:tt)*] $ty:ty;)*) => {
        $(impl<$($generic)*> From<$ty> for Texts {
            fn from(list: $ty) -> Texts {
                let mut texts = Vec::new();
                let shape = Listed::collect(&list, &mut texts);
                Texts { shape: shape.into(), texts: texts.into() }
            }
        }
        impl<$($generic)*> From<$ty> for Array {
            fn from(list: $ty) -> Array {
                Array::Texts(list.into())
            }
        })*
    };
}
lists_of_texts!(as_texts);

/// A text, or a list of those.
trait Listed {
    /// Adds the texts; the shape.
    fn collect(&self, texts: &mut Vec<Arc<str>>) -> Vec<usize>;
}

impl Listed for str {
    fn collect(&self, texts: &mut Vec<Arc<str>>) -> Vec<usize> {
        texts.push(Arc::from(self));
        Vec::new()
    }
}

impl Listed for String {
    fn collect(&self, texts: &mut Vec<Arc<str>>) -> Vec<usize> {
        self.as_str().collect(texts)
    }
}

impl<T: Listed> Listed for [T] {
    fn collect(&self, texts: &mut Vec<Arc<str>>) -> Vec<usize> {
        let inner = self.iter().map(|item| item.collect(texts)).last().unwrap_or_default();
        [&[self.len()], &inner[..]].concat()
    }
}

impl<T: Listed> Listed for Vec<T> {
    fn collect(&self, texts: &mut Vec<Arc<str>>) -> Vec<usize> {
        self[..].collect(texts)
    }
}

impl<T: Listed, const N: usize> Listed for [T; N] {
    fn collect(&self, texts: &mut Vec<Arc<str>>) -> Vec<usize> {
        self[..].collect(texts)
    }
}

impl<T: Listed + ?Sized> Listed for &T {
    fn collect(&self, texts: &mut Vec<Arc<str>>) -> Vec<usize> {
        (**self).collect(texts)
    }
}
