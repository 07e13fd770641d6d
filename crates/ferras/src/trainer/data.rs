//! What can be given as data: arrays and views of the usual element types, one or several.
use crate::layers::TensorSpec;
use crate::{Error, Result};
use ferras_graph::{Element, Tensor};
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
/// ```
#[derive(Clone, Debug, Default)]
pub struct Data(Vec<(Option<String>, Tensor)>);

impl Data {
    /// Number of arrays.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no array.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first array.
    pub(crate) fn first(&self) -> Option<&Tensor> {
        self.0.first().map(|(_, tensor)| tensor)
    }

    /// The arrays in the order of `names`. `what` is the argument, for errors.
    pub(crate) fn resolve(self, names: &[&str], what: &str) -> Result<Vec<Tensor>> {
        let (expected, found) = (names.len(), self.0.len());
        if expected != found {
            let names = names.join(", ");
            return Err(Error::Data(format!(
                "{what}: expected {expected} arrays ({names}), got {found}"
            )));
        }
        if self.0.iter().all(|(name, _)| name.is_none()) {
            return Ok(self.0.into_iter().map(|(_, tensor)| tensor).collect());
        }
        let find = |name: &&str| {
            let entry = self.0.iter().find(|(n, _)| n.as_deref() == Some(name));
            entry.map(|(_, tensor)| tensor.clone()).ok_or_else(|| {
                let given: Vec<&str> = self.0.iter().filter_map(|(n, _)| n.as_deref()).collect();
                let given = given.join(", ");
                Error::Data(format!("{what}: no array is named {name:?}; got {given}"))
            })
        };
        names.iter().map(find).collect()
    }
}

/// Rows of the arrays, which must agree. `what` is the argument, for errors.
pub(crate) fn rows(tensors: &[Tensor], what: &str) -> Result<usize> {
    let mut rows = None;
    for tensor in tensors {
        let Some(&n) = tensor.shape().first() else {
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

/// An error unless the arrays fit the model's inputs, whose batch axis is open.
pub(crate) fn check_inputs(
    model: &str,
    specs: &[&TensorSpec],
    names: &[&str],
    x: &[Tensor],
) -> Result<()> {
    for ((spec, name), tensor) in specs.iter().zip(names).zip(x) {
        let fits = spec.shape.len() == tensor.shape().rank()
            && spec.shape.iter().zip(tensor.shape().iter()).all(|(s, n)| s.is_none_or(|s| s == *n));
        if !fits {
            let (expected, found) = (&spec.shape, tensor.shape());
            let hint = match expected.len() {
                n if n == found.rank() + 1 && expected.last() == Some(&Some(1)) => {
                    "; add an axis of size 1 at its end"
                }
                n if n == found.rank() + 1 => "; one sample needs a batch axis in front",
                _ => "",
            };
            return Err(Error::Data(format!(
                "input {name:?} of model {model:?}: expected shape {expected}, got {found}{hint}"
            )));
        }
    }
    Ok(())
}

impl From<()> for Data {
    fn from((): ()) -> Data {
        Data::default()
    }
}

impl From<Tensor> for Data {
    fn from(tensor: Tensor) -> Data {
        Data(vec![(None, tensor)])
    }
}

impl From<&Tensor> for Data {
    fn from(tensor: &Tensor) -> Data {
        Data(vec![(None, tensor.clone())])
    }
}

impl From<&Data> for Data {
    fn from(data: &Data) -> Data {
        data.clone()
    }
}

impl From<Vec<Tensor>> for Data {
    fn from(tensors: Vec<Tensor>) -> Data {
        Data(tensors.into_iter().map(|t| (None, t)).collect())
    }
}

impl From<&[Tensor]> for Data {
    fn from(tensors: &[Tensor]) -> Data {
        Data::from(tensors.to_vec())
    }
}

impl<const N: usize> From<[&Tensor; N]> for Data {
    fn from(tensors: [&Tensor; N]) -> Data {
        Data(tensors.into_iter().map(|t| (None, t.clone())).collect())
    }
}

impl<const N: usize> From<[(&str, &Tensor); N]> for Data {
    fn from(tensors: [(&str, &Tensor); N]) -> Data {
        Data(tensors.into_iter().map(|(name, t)| (Some(name.into()), t.clone())).collect())
    }
}

impl<const N: usize> From<[(&str, Tensor); N]> for Data {
    fn from(tensors: [(&str, Tensor); N]) -> Data {
        Data(tensors.into_iter().map(|(name, t)| (Some(name.into()), t)).collect())
    }
}

impl<T: Element, S: ndarray::Data<Elem = T>, D: Dimension> From<&ArrayBase<S, D>> for Data {
    fn from(array: &ArrayBase<S, D>) -> Data {
        Data::from(Tensor::from(array))
    }
}

impl<T: Element, S: ndarray::Data<Elem = T>, D: Dimension> From<ArrayBase<S, D>> for Data {
    fn from(array: ArrayBase<S, D>) -> Data {
        Data::from(Tensor::from(array))
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
        impl<const N: usize, const M: usize> From<[[$ty; M]; N]> for Data {
            fn from(rows: [[$ty; M]; N]) -> Data {
                Data::from(ndarray::ArrayView2::from(&rows[..]))
            }
        }
        impl<const N: usize, const M: usize> From<&[[$ty; M]; N]> for Data {
            fn from(rows: &[[$ty; M]; N]) -> Data {
                Data::from(ndarray::ArrayView2::from(&rows[..]))
            }
        })*
    };
}

plain_data! { f32 f64 i32 i64 u8 bool }
