//! `Hashing`: categories as one of a number of places, without a vocabulary.
use super::arguments::{Salt, Token};
use super::encode::{Ids, LookupMode};
use super::hash::{bucket, bucket_of_number};
use super::integer_lookup::whole;
use crate::array::Array;
use crate::config::Choice;
use crate::layers::preprocessing::OutputMode;
use crate::layers::preprocessing::encoding::refuse_sparse;
use crate::layers::{Host, TensorSpec, prelude::*};
use ferras_graph::Tensor;

/// Texts or whole numbers as one of `num_bins` places, found by a hash: different ones may share a place.
///
/// FarmHash64 of the text, or of the number's digits, modulo the number of places; with a salt SipHash-2-4.
///
/// - **Input** texts or whole numbers `(batch, …)`. **Output** int64 of the same shape, or vectors, as those
///   of [`StringLookup`](super::StringLookup).
/// - **Errors** at build: `num_bins` 0, `sparse`, an unknown mode.
/// - **Source** Keras 3 `layers.Hashing`.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Hashing::new(3);
/// assert_eq!(layer.call(["A", "B", "C", "D", "E"])?.to_f64_vec(), [1.0, 0.0, 1.0, 1.0, 2.0]);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Hashing {
    /// Number of places, that of the mask counted.
    num_bins: usize,
    /// The category that gets place 0 for itself; none by default.
    #[config(default)]
    mask_value: Option<Token>,
    /// What the hash is salted with; none by default.
    #[config(default)]
    salt: Option<Salt>,
    /// `"int"` (default), `"one_hot"`, `"multi_hot"` or `"count"`.
    #[config(default = "int")]
    output_mode: Choice<OutputMode>,
    /// Not supported: only false.
    #[config(default = false)]
    sparse: bool,
}

impl Hashing {
    fn mode(&self) -> Result<LookupMode> {
        Ok(self.output_mode.get()?.into())
    }

    /// The layer's output for texts or whole numbers.
    pub fn call(&self, categories: impl Into<Array>) -> Result<Tensor> {
        let categories = categories.into();
        let shape = categories.shape().to_vec();
        // The first place is the mask's alone.
        let masks = usize::from(self.mask_value.is_some() && self.num_bins > 1);
        let places = (self.num_bins - masks.min(self.num_bins)) as u64;
        let id = |masked: bool, place: i64| match (masks, masked) {
            (1, true) => Some(0),
            _ => Some(place + masks as i64),
        };
        let ids = match &categories {
            Array::Texts(texts) => {
                let is_mask = |text: &str| self.mask_value == Some(Token::from(text));
                let one = |text: &str| id(is_mask(text), bucket(text.as_bytes(), self.salt, places));
                texts.iter().map(one).collect()
            }
            Array::Numbers(numbers) => {
                let is_mask = |n: i64| self.mask_value == Some(Token::from(n));
                let one = |n: i64| id(is_mask(n), bucket_of_number(n, self.salt, places));
                whole(numbers).into_iter().map(one).collect()
            }
        };
        let encoded = self.mode()?.encode(&Ids { shape, ids }, self.num_bins, None)?;
        encoded.numbers().cloned()
    }
}

impl Layer for Hashing {
    fn build(&self, cx: &mut Build) -> Result<()> {
        cx.at_least("num_bins", self.num_bins, 1)?;
        refuse_sparse(cx, self.sparse)?;
        self.mode()?.check(cx, cx.input()?.shape())
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

impl Host for Hashing {
    fn specs(&self, inputs: &[TensorSpec]) -> Result<Vec<TensorSpec>> {
        let mode = self.mode()?;
        Ok(inputs.iter().map(|spec| mode.spec(&spec.shape, self.num_bins)).collect())
    }

    fn run(&self, inputs: &[Array]) -> Result<Vec<Array>> {
        inputs.iter().map(|array| Ok(self.call(array)?.into())).collect()
    }
}
