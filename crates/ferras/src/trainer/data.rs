//! What can be given as data: arrays and views of the usual element types, one or several.
use super::tokens;
use crate::array::{Array, Texts, lists_of_texts};
use crate::config::ElementType;
use crate::models::Network;
use crate::utils::listed;
use crate::{Error, Result};
use ferras_graph::{Shape, Tensor};
use half::{bf16, f16};
use ndarray::{ArrayBase, Dimension};

/// The data of a model's inputs, outputs or sample weights: one array or several, in order or by
/// name. `fit`, `evaluate` and `predict` take anything that converts into it.
///
/// ```
/// use ferras::{Tensor, data::Data};
/// let table = ndarray::array![[0.0, 1.0], [1.0, 0.0]];
/// let one = Data::from(&table);
/// let several = Data::from([("image", &Tensor::from(&table)), ("facts", &Tensor::from(&table))]);
/// let plain = Data::from([[0.0_f32, 1.0], [1.0, 0.0]]);
/// assert_eq!((one.len(), several.len(), plain.len()), (1, 2, 1));
///
/// // Two inputs in order, or by name; labels of any integer type; rows of rows.
/// let pair = Data::from((&table, vec![0_usize, 2]));
/// let named = Data::from([("image", &table), ("mask", &table)]);
/// let rows = Data::from(vec![vec![0.0_f32, 1.0], vec![1.0, 0.0]]);
/// assert_eq!((pair.len(), named.len(), rows.len()), (2, 2, 1));
///
/// // Texts, for models that take them.
/// let texts = Data::from((["a good film", "a bad one"], &table));
/// assert_eq!(texts.len(), 2);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Data {
    arrays: Vec<(Option<String>, Array)>,
    /// Why it is no data; told when it is used.
    problem: Option<String>,
}

impl Data {
    /// Number of arrays.
    pub fn len(&self) -> usize {
        self.arrays.len()
    }

    /// Whether there is no array.
    pub fn is_empty(&self) -> bool {
        self.arrays.is_empty()
    }

    /// The arrays in order, with the names that they were given by.
    ///
    /// ```
    /// use ferras::data::Data;
    /// let (image, facts) = (ndarray::array![0.0], ndarray::array![1.0]);
    /// let data = Data::from([("image", image), ("facts", facts)]);
    /// let names: Vec<_> = data.arrays().map(|(name, _)| name).collect();
    /// assert_eq!(names, [Some("image"), Some("facts")]);
    /// ```
    pub fn arrays(&self) -> impl Iterator<Item = (Option<&str>, &Array)> {
        self.arrays.iter().map(|(name, array)| (name.as_deref(), array))
    }

    /// One sample of each array, as a batch of one.
    ///
    /// Errors: fewer samples than that.
    ///
    /// ```
    /// use ferras::data::Data;
    /// let table = Data::from([[0.0_f32, 1.0], [2.0, 3.0]]);
    /// assert_eq!(table.sample(1)?.len(), 1);
    /// assert!(table.sample(2).unwrap_err().to_string().contains("there are 2 samples"));
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn sample(&self, index: usize) -> Result<Data> {
        self.check("data")?;
        let shapes = self.arrays.iter().map(|(_, array)| array.shape());
        let count = rows(shapes, "data")?;
        if index >= count {
            let problem = format!("must be below {count}: there are {count} samples, got {index}");
            return Err(Error::argument("index", problem));
        }
        let named = |(name, array): &(Option<String>, Array)| {
            Ok((name.clone(), array.rows(index..index + 1)?))
        };
        Ok(Data::of(self.arrays.iter().map(named).collect::<Result<Vec<_>>>()?))
    }

    /// Arrays in order, of which some may have names.
    fn of(arrays: impl IntoIterator<Item = (Option<String>, Array)>) -> Data {
        Data { arrays: arrays.into_iter().collect(), problem: None }
    }

    /// Several parts in a row.
    fn joined(parts: impl IntoIterator<Item = (Option<String>, Data)>) -> Data {
        let mut all = Data::default();
        for (name, part) in parts {
            let named = |(own, array)| (name.clone().or(own), array);
            all.arrays.extend(part.arrays.into_iter().map(named));
            all.problem = all.problem.or(part.problem);
        }
        all
    }

    /// The first array. `what` is the argument, for errors.
    pub(crate) fn first(&self, what: &str) -> Result<Option<&Array>> {
        self.check(what)?;
        Ok(self.arrays.first().map(|(_, array)| array))
    }

    /// The arrays in order, whatever their names. `what` is the argument, for errors.
    pub(crate) fn into_arrays(self, what: &str) -> Result<Vec<Array>> {
        self.check(what)?;
        Ok(self.arrays.into_iter().map(|(_, array)| array).collect())
    }

    /// The same where they must be numbers.
    pub(crate) fn into_tensors(self, what: &str) -> Result<Vec<Tensor>> {
        numbers(self.into_arrays(what)?, what)
    }

    fn check(&self, what: &str) -> Result<()> {
        match &self.problem {
            Some(problem) => Err(Error::Data(format!("{what}: {problem}"))),
            None => Ok(()),
        }
    }

    /// The arrays in the order of `names`, which must be numbers. `what` is the argument, for errors.
    pub(crate) fn resolve(self, names: &[&str], what: &str) -> Result<Vec<Tensor>> {
        numbers(self.resolve_arrays(names, what)?, what)
    }

    /// The arrays in the order of `names`. `what` is the argument, for errors.
    pub(crate) fn resolve_arrays(self, names: &[&str], what: &str) -> Result<Vec<Array>> {
        self.check(what)?;
        let (expected, found) = (names.len(), self.arrays.len());
        if expected != found {
            let names = listed(names);
            let arrays = if expected == 1 { "array" } else { "arrays" };
            return Err(Error::Data(format!(
                "{what}: expected {expected} {arrays} ({names}), got {found}"
            )));
        }
        if self.arrays.iter().all(|(name, _)| name.is_none()) {
            return self.into_arrays(what);
        }
        let find = |name: &&str| {
            let entry = self.arrays.iter().find(|(n, _)| n.as_deref() == Some(name));
            entry.map(|(_, array)| array.clone()).ok_or_else(|| {
                let given: Vec<&str> =
                    self.arrays.iter().filter_map(|(n, _)| n.as_deref()).collect();
                let given = listed(given);
                Error::Data(format!("{what}: no array is named {name:?}; got {given}"))
            })
        };
        names.iter().map(find).collect()
    }
}

/// The arrays as tensors; an error for texts. `what` is the argument, for errors.
fn numbers(arrays: Vec<Array>, what: &str) -> Result<Vec<Tensor>> {
    let tensor = |array: Array| match array {
        Array::Numbers(tensor) => Ok(tensor),
        Array::Texts(_) => Err(Error::Data(format!("{what}: expected numbers, got texts"))),
    };
    arrays.into_iter().map(tensor).collect()
}

/// Rows of arrays of these shapes, which must agree. `what` is the argument, for errors.
pub(crate) fn rows<'a>(shapes: impl Iterator<Item = &'a Shape>, what: &str) -> Result<usize> {
    let mut rows = None;
    for shape in shapes {
        let Some(&n) = shape.first() else {
            return Err(Error::Data(format!(
                "{what}: expected arrays with a batch axis, got a number"
            )));
        };
        match rows {
            Some(m) if m != n => {
                return Err(Error::Data(format!(
                    "{what}: arrays of different lengths: {m} rows and {n} rows"
                )));
            }
            _ => rows = Some(n),
        }
    }
    Ok(rows.unwrap_or(0))
}

/// An error unless the arrays fit the model's inputs, whose batch axis is open; where it is not, they
/// have rows for some whole batches. As in Keras a last axis of size 1 is added or taken away where that
/// makes an array fit.
pub(crate) fn check_inputs(model: &str, network: &Network, x: &mut [Array]) -> Result<()> {
    let inputs = network.input_specs().into_iter().zip(network.input_names());
    for ((spec, name), array) in inputs.zip(x.iter_mut()) {
        let input = || format!("input {name:?} of model {model:?}");
        let kind = match spec.dtype {
            ElementType::Text => array.texts().map(|_| ()),
            ElementType::Number(_) => array.numbers().map(|_| ()),
        };
        kind.map_err(|e| Error::Data(format!("{}: {e}", input())))?;
        let (expected, found) = (&spec.shape, array.shape().clone());
        if fits(expected, &found) {
            continue;
        }
        match adjusted(expected, &found).filter(|shape| fits(expected, shape)) {
            Some(shape) => *array = array.reshape(shape)?,
            None => {
                let one = expected.len() == found.rank() + 1;
                let hint = if one { "; one sample needs a batch axis in front" } else { "" };
                let input = input();
                let problem = format!("{input}: expected shape {expected}, got {found}{hint}");
                return Err(Error::Data(problem));
            }
        }
    }
    tokens::check(network, x)
}

/// Whether an array of this shape fits an input.
fn fits(expected: &[Option<usize>], found: &[usize]) -> bool {
    let size = |(axis, (expected, &n)): (usize, (&Option<usize>, &usize))| {
        expected.is_none_or(|s| s == n || axis == 0 && s > 0 && n.is_multiple_of(s))
    };
    expected.len() == found.len() && expected.iter().zip(found).enumerate().all(size)
}

/// The shape with a last axis of size 1 added or taken away, if it then has as many axes as expected.
fn adjusted(expected: &[Option<usize>], found: &[usize]) -> Option<Vec<usize>> {
    match found {
        [outer @ .., 1] if found.len() == expected.len() + 1 => Some(outer.to_vec()),
        _ if found.len() + 1 == expected.len() && expected.last() == Some(&Some(1)) => {
            Some([found, &[1]].concat())
        }
        _ => None,
    }
}

impl From<()> for Data {
    fn from((): ()) -> Data {
        Data::default()
    }
}

impl From<Array> for Data {
    fn from(array: Array) -> Data {
        Data::of([(None, array)])
    }
}

impl From<Texts> for Data {
    fn from(texts: Texts) -> Data {
        Data::from(Array::Texts(texts))
    }
}

impl From<&Texts> for Data {
    fn from(texts: &Texts) -> Data {
        Data::from(texts.clone())
    }
}

macro_rules! texts_as_data {
    ($([$($generic:tt)*] $ty:ty;)*) => {
        $(impl<$($generic)*> From<$ty> for Data {
            fn from(list: $ty) -> Data {
                Data::from(Texts::from(list))
            }
        })*
    };
}
lists_of_texts!(texts_as_data);

impl From<Vec<Array>> for Data {
    fn from(arrays: Vec<Array>) -> Data {
        Data::of(arrays.into_iter().map(|array| (None, array)))
    }
}

impl From<Tensor> for Data {
    fn from(tensor: Tensor) -> Data {
        Data::from(Array::Numbers(tensor))
    }
}

impl From<&Tensor> for Data {
    fn from(tensor: &Tensor) -> Data {
        Data::from(tensor.clone())
    }
}

impl From<&Data> for Data {
    fn from(data: &Data) -> Data {
        data.clone()
    }
}

impl From<Vec<Tensor>> for Data {
    fn from(tensors: Vec<Tensor>) -> Data {
        Data::of(tensors.into_iter().map(|t| (None, t.into())))
    }
}

impl From<Vec<(String, Array)>> for Data {
    fn from(named: Vec<(String, Array)>) -> Data {
        Data::of(named.into_iter().map(|(name, array)| (Some(name), array)))
    }
}

impl From<Vec<(String, Tensor)>> for Data {
    fn from(named: Vec<(String, Tensor)>) -> Data {
        Data::of(named.into_iter().map(|(name, tensor)| (Some(name), tensor.into())))
    }
}

impl From<&[Tensor]> for Data {
    fn from(tensors: &[Tensor]) -> Data {
        Data::from(tensors.to_vec())
    }
}

impl From<&Vec<Tensor>> for Data {
    fn from(tensors: &Vec<Tensor>) -> Data {
        Data::from(tensors.to_vec())
    }
}

macro_rules! lists {
    ($([$($generic:tt)*] $part:ty;)*) => {
        $(impl<const N: usize, $($generic)*> From<[$part; N]> for Data {
            fn from(parts: [$part; N]) -> Data {
                Data::joined(parts.map(|part| (None, Data::from(part))))
            }
        }
        impl<const N: usize, $($generic)*> From<[(&str, $part); N]> for Data {
            fn from(parts: [(&str, $part); N]) -> Data {
                Data::joined(parts.map(|(name, part)| (Some(name.into()), Data::from(part))))
            }
        })*
    };
}

lists! {
    [] Tensor;
    [] &Tensor;
    [] Data;
    [] Texts;
    [] Array;
    [T: Item, S: ndarray::Data<Elem = T>, D: Dimension] ArrayBase<S, D>;
    [T: Item, S: ndarray::Data<Elem = T>, D: Dimension] &ArrayBase<S, D>;
}

macro_rules! tuples {
    ($(($($part:ident)+);)*) => {
        $(impl<$($part: Into<Data>),+> From<($($part,)+)> for Data {
            #[allow(non_snake_case)] // the parts are named as their types are
            fn from(($($part,)+): ($($part,)+)) -> Data {
                Data::joined([$((None, $part.into())),+])
            }
        })*
    };
}

tuples! {
    (A B);
    (A B C);
    (A B C D);
}

/// What arrays of data may hold: the element types of tensors, the integers that they lack, which are
/// kept as int64, and texts.
///
/// ```
/// use ferras::data::Data;
/// assert_eq!(Data::from(vec![1_u16, 2]).len(), 1);
/// assert_eq!(Data::from(ndarray::array!["one", "two"]).len(), 1);
/// ```
pub trait Item: Clone {
    /// The array, as it is kept.
    #[doc(hidden)]
    fn kept<S: ndarray::Data<Elem = Self>, D: Dimension>(array: &ArrayBase<S, D>) -> Array;
}

macro_rules! items {
    (elements $($ty:ty)*; widened $($integer:ty)*) => {
        $(impl Item for $ty {
            fn kept<S: ndarray::Data<Elem = $ty>, D: Dimension>(a: &ArrayBase<S, D>) -> Array {
                Array::Numbers(Tensor::from(a))
            }
        })*
        $(impl Item for $integer {
            fn kept<S: ndarray::Data<Elem = $integer>, D: Dimension>(
                a: &ArrayBase<S, D>,
            ) -> Array {
                // Beyond int64 there is no class and no word: the largest stands for all.
                Array::Numbers(Tensor::from(a.mapv(|v| i64::try_from(v).unwrap_or(i64::MAX))))
            }
        })*
    };
}

items! { elements bool u8 i32 i64 f16 bf16 f32 f64; widened i8 i16 u16 u32 u64 isize usize }

impl Item for String {
    fn kept<S: ndarray::Data<Elem = String>, D: Dimension>(a: &ArrayBase<S, D>) -> Array {
        Array::Texts(Texts::from(a))
    }
}

impl Item for &str {
    fn kept<S: ndarray::Data<Elem = Self>, D: Dimension>(a: &ArrayBase<S, D>) -> Array {
        Array::Texts(Texts::from(a))
    }
}

impl<T: Item, S: ndarray::Data<Elem = T>, D: Dimension> From<&ArrayBase<S, D>> for Data {
    fn from(array: &ArrayBase<S, D>) -> Data {
        Data::from(T::kept(array))
    }
}

impl<T: Item, S: ndarray::Data<Elem = T>, D: Dimension> From<ArrayBase<S, D>> for Data {
    fn from(array: ArrayBase<S, D>) -> Data {
        Data::from(&array)
    }
}

/// Rows as one array; rows of different lengths are told when the data are used.
fn rows_of<T: Item>(rows: &[Vec<T>]) -> Data {
    let columns = rows.first().map_or(0, Vec::len);
    let flat: Vec<T> = rows.iter().flatten().cloned().collect();
    match ndarray::Array2::from_shape_vec((rows.len(), columns), flat) {
        Ok(array) if rows.iter().all(|row| row.len() == columns) => Data::from(array),
        _ => {
            let odd = rows.iter().position(|row| row.len() != columns).unwrap_or(0);
            let found = rows.get(odd).map_or(0, Vec::len);
            let problem = format!(
                "rows of different lengths: row 0 has {columns} numbers, row {odd} has {found}"
            );
            Data { arrays: Vec::new(), problem: Some(problem) }
        }
    }
}

macro_rules! plain_data {
    ($($ty:ty)*) => {
        $(impl From<&[$ty]> for Data {
            fn from(values: &[$ty]) -> Data {
                Data::from(ndarray::ArrayView1::from(values))
            }
        }
        impl From<Vec<$ty>> for Data {
            fn from(values: Vec<$ty>) -> Data {
                Data::from(&values[..])
            }
        }
        impl From<&Vec<$ty>> for Data {
            fn from(values: &Vec<$ty>) -> Data {
                Data::from(&values[..])
            }
        }
        impl<const N: usize> From<[$ty; N]> for Data {
            fn from(values: [$ty; N]) -> Data {
                Data::from(&values[..])
            }
        }
        impl From<Vec<Vec<$ty>>> for Data {
            fn from(rows: Vec<Vec<$ty>>) -> Data {
                rows_of(&rows)
            }
        }
        impl From<&Vec<Vec<$ty>>> for Data {
            fn from(rows: &Vec<Vec<$ty>>) -> Data {
                rows_of(rows)
            }
        }
        impl From<&[Vec<$ty>]> for Data {
            fn from(rows: &[Vec<$ty>]) -> Data {
                rows_of(rows)
            }
        }
        impl<const M: usize> From<&[[$ty; M]]> for Data {
            fn from(rows: &[[$ty; M]]) -> Data {
                Data::from(ndarray::ArrayView2::from(rows))
            }
        }
        impl<const M: usize> From<Vec<[$ty; M]>> for Data {
            fn from(rows: Vec<[$ty; M]>) -> Data {
                Data::from(&rows[..])
            }
        }
        impl<const M: usize> From<&Vec<[$ty; M]>> for Data {
            fn from(rows: &Vec<[$ty; M]>) -> Data {
                Data::from(&rows[..])
            }
        }
        impl<const N: usize, const M: usize> From<[[$ty; M]; N]> for Data {
            fn from(rows: [[$ty; M]; N]) -> Data {
                Data::from(&rows[..])
            }
        }
        impl<const N: usize, const M: usize> From<&[[$ty; M]; N]> for Data {
            fn from(rows: &[[$ty; M]; N]) -> Data {
                Data::from(&rows[..])
            }
        })*
    };
}

plain_data! { f32 f64 bool i8 i16 i32 i64 isize u8 u16 u32 u64 usize }
