//! `HashedCrossing`: several categories together as one of a number of places.
use super::encode::{Ids, LookupMode};
use super::hash::{crossed, fingerprint};
use super::integer_lookup::whole;
use crate::Error;
use crate::array::Array;
use crate::config::Choice;
use crate::layers::preprocessing::OutputMode;
use crate::layers::preprocessing::encoding::refuse_sparse;
use crate::layers::{Host, PartialShape, TensorSpec, prelude::*};
use ferras_graph::Tensor;

/// Two or more categories of a sample together as one of `num_bins` places, found by a hash.
///
/// - **Input** two or more, each texts or whole numbers `(batch,)` or `(batch, 1)`, all of one shape.
///   **Output** int64 of that shape, or vectors `(batch, num_bins)`.
/// - **Errors** at build: `num_bins` 0, one input, inputs of other shapes or of floats, `sparse`, an unknown
///   mode.
/// - **Source** Keras 3 `layers.HashedCrossing`.
///
/// ```
/// use ferras::data::Array;
/// use ferras::prelude::*;
/// let layer = HashedCrossing::new(5);
/// let letters = Array::from(["A", "B", "A", "B", "A"]);
/// let numbers = Array::from(Tensor::new([5], vec![101_i64, 101, 101, 102, 102])?);
/// assert_eq!(layer.call(&[letters, numbers])?.to_f64_vec(), [1.0, 4.0, 1.0, 1.0, 3.0]);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct HashedCrossing {
    /// Number of places.
    num_bins: usize,
    /// `"int"` (default) or `"one_hot"`.
    #[config(default = "int")]
    output_mode: Choice<OutputMode>,
    /// Not supported: only false.
    #[config(default = false)]
    sparse: bool,
}

impl HashedCrossing {
    /// The layer's output for categories, texts or whole numbers.
    pub fn call(&self, categories: &[Array]) -> Result<Tensor> {
        let [first, _, ..] = categories else {
            let found = categories.len();
            return Err(Error::Data(format!("expected two or more inputs, got {found}")));
        };
        let shape = first.shape().to_vec();
        if let Some(other) = categories.iter().find(|other| other.shape()[..] != shape[..]) {
            return Err(Error::Data(format!(
                "expected inputs of one shape, got {} and {}",
                first.shape(),
                other.shape()
            )));
        }
        let values = |array: &Array| -> Vec<u64> {
            match array {
                Array::Texts(texts) => texts.iter().map(fingerprint).collect(),
                Array::Numbers(numbers) => whole(numbers).into_iter().map(|n| n as u64).collect(),
            }
        };
        let columns: Vec<Vec<u64>> = categories.iter().map(values).collect();
        let rows = columns.first().map_or(0, Vec::len);
        let row = |i: usize| {
            let parts = columns.iter().filter_map(|column| column.get(i).copied());
            Some(crossed(parts, self.num_bins as u64))
        };
        let ids = (0..rows).map(row).collect();
        let mode = LookupMode::from(self.output_mode.get()?);
        mode.encode(&Ids { shape, ids }, self.num_bins, None)?.numbers().cloned()
    }
}

impl Layer for HashedCrossing {
    fn build(&self, cx: &mut Build) -> Result<()> {
        cx.at_least("num_bins", self.num_bins, 1)?;
        refuse_sparse(cx, self.sparse)?;
        if !matches!(self.output_mode.get()?, OutputMode::Int | OutputMode::OneHot) {
            return Err(cx.error("output_mode must be \"int\" or \"one_hot\""));
        }
        let [first, _, ..] = cx.inputs() else {
            let found = cx.inputs().len();
            return Err(cx.error(format!("expected two or more inputs, got {found}")));
        };
        let fits = |shape: &PartialShape| matches!(shape[..], [_] | [_, Some(1)]);
        match cx.inputs().iter().find(|x| !fits(&x.shape) || x.shape.len() != first.shape.len()) {
            Some(odd) => Err(cx.error(format!(
                "expected inputs of one shape, (batch,) or (batch, 1), got {} and {}",
                first.shape, odd.shape
            ))),
            None if cx.inputs().iter().any(|x| x.dtype.is_float()) => {
                Err(cx.error("expected texts or whole numbers, got floats"))
            }
            None => Ok(()),
        }
    }

    fn call(&self, cx: &mut Call) -> Value {
        cx.only_on_host()
    }

    fn autocast(&self) -> bool {
        false
    }

    fn host(&self) -> Option<&dyn Host> {
        Some(self)
    }
}

impl Host for HashedCrossing {
    fn specs(&self, inputs: &[TensorSpec]) -> Result<Vec<TensorSpec>> {
        let none = || Error::Data("expected two or more inputs, got none".into());
        let first = inputs.first().ok_or_else(none)?;
        let mode = LookupMode::from(self.output_mode.get()?);
        Ok(vec![mode.spec(&first.shape, self.num_bins)])
    }

    fn run(&self, inputs: &[Array]) -> Result<Vec<Array>> {
        Ok(vec![self.call(inputs)?.into()])
    }
}
