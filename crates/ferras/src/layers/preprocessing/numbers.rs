//! Arguments that take a number, a list of them, or lists of lists.
use crate::config::{ConfigValue, Scope, mismatch};
use ferras_graph::Tensor;
use serde_json::{Value as Json, json};

/// One number for all places, or one for each: a list, or an array of several axes.
///
/// ```
/// use ferras::{Tensor, layers::Numbers};
/// assert_ne!(Numbers::from(1.0), Numbers::from([1.0]));
/// let table = Tensor::new([1, 2], vec![1.0, 2.0])?;
/// assert_ne!(Numbers::from(&table), Numbers::from([1.0, 2.0]));
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    list: Vec<f64>,
    /// Size of each axis; of a single number there are none.
    shape: Vec<usize>,
}

impl From<f64> for Numbers {
    fn from(number: f64) -> Numbers {
        Numbers { list: vec![number], shape: Vec::new() }
    }
}

impl<const N: usize> From<[f64; N]> for Numbers {
    fn from(numbers: [f64; N]) -> Numbers {
        Numbers::from(numbers.to_vec())
    }
}

impl From<Vec<f64>> for Numbers {
    fn from(list: Vec<f64>) -> Numbers {
        Numbers { shape: vec![list.len()], list }
    }
}

impl From<&Tensor> for Numbers {
    fn from(tensor: &Tensor) -> Numbers {
        Numbers { list: tensor.to_f64_vec(), shape: tensor.shape().to_vec() }
    }
}

impl Numbers {
    /// All of them.
    pub(crate) fn list(&self) -> &[f64] {
        &self.list
    }

    /// Size of each axis; none for a number that stands for all places.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }
}

/// The numbers of lists in lists, which must all be of one shape.
fn collect(json: &Json, list: &mut Vec<f64>) -> Option<Vec<usize>> {
    let Some(items) = json.as_array() else {
        list.push(json.as_f64()?);
        return Some(Vec::new());
    };
    let shapes: Vec<_> = items.iter().map(|item| collect(item, list)).collect::<Option<_>>()?;
    let inner = shapes.first().cloned().unwrap_or_default();
    let same = shapes.iter().all(|shape| *shape == inner);
    same.then(|| [&[items.len()], &inner[..]].concat())
}

/// Numbers as lists in lists.
fn nested(list: &[f64], shape: &[usize]) -> Json {
    match shape.split_first() {
        None => list.first().map_or(Json::Null, |number| json!(number)),
        Some((_, inner)) => {
            let width = inner.iter().product::<usize>().max(1);
            list.chunks(width).map(|part| nested(part, inner)).collect()
        }
    }
}

impl ConfigValue for Numbers {
    fn to_json(&self) -> Json {
        nested(&self.list, &self.shape)
    }

    fn from_json(json: &Json, _: &Scope) -> Result<Self, String> {
        let mut list = Vec::new();
        let shape = collect(json, &mut list);
        let shape = shape.ok_or_else(|| mismatch("a number or a list of numbers", json))?;
        Ok(Numbers { list, shape })
    }
}
