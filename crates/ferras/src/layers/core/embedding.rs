//! `Embedding`: a vector for each number.
use crate::layers::{prelude::*, weights::WeightRule};
use ferras_graph::{DType, Shape, Tensor};

/// The row of a table for each number of the input: `embeddings[x]`.
///
/// - **Input** `(batch, …)`: whole numbers from 0 to `input_dim` − 1; floats are cut off to them,
///   negative ones count from the end. **Output** `(batch, …, output_dim)`. A number that the table
///   does not have is an error of `fit`, `evaluate` and `predict` where it comes straight from the
///   data (as in Keras on TensorFlow), and gives NaN where it is computed (as on jax).
/// - **Mask** `(batch, …)` with `mask_zero`: false where the number is 0.
/// - **Weights** `embeddings (input_dim, output_dim)`.
/// - **Errors** at build: `input_dim` or `output_dim` 0, `weights` of another shape.
/// - **Source** Keras 3 `layers.Embedding`.
///
/// ```
/// use ferras::prelude::*;
/// let words = Input::new([4]);
/// let table = Tensor::new([3, 2], vec![0.0_f32, 0.1, 1.0, 1.1, 2.0, 2.1])?;
/// let model = Model::new(&words, &Embedding::new(3, 2).weights(table).apply(&words))?;
/// let y = model.predict(Tensor::new([1, 4], vec![2_i32, 0, 1, 2])?)?;
/// assert_eq!(y.as_slice::<f32>(), Some(&[2.0, 2.1, 0.0, 0.1, 1.0, 1.1, 2.0, 2.1][..]));
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Embedding {
    /// Rows of the table: one more than the largest number.
    input_dim: usize,
    /// Length of a row.
    output_dim: usize,
    /// Initial table; `uniform` by default.
    #[config(default = "uniform")]
    embeddings_initializer: Initializer,
    /// Penalty on the table.
    #[config(default)]
    embeddings_regularizer: Option<Regularizer>,
    /// Penalty on the output.
    #[config(default)]
    activity_regularizer: Option<Regularizer>,
    /// Projection of the table after each update.
    #[config(default)]
    embeddings_constraint: Option<Constraint>,
    /// Whether 0 stands for nothing: its places do not count; false by default.
    #[config(default = false)]
    mask_zero: bool,
    #[config(state)]
    weights: Option<Tensor>,
}

impl Embedding {
    /// The table to start from, `(input_dim, output_dim)`, instead of the initializer's. It is no
    /// part of the configuration.
    pub fn weights(mut self, table: impl Into<Tensor>) -> Embedding {
        self.weights = Some(table.into());
        self
    }

    /// Rows of the table.
    pub(crate) fn rows(&self) -> usize {
        self.input_dim
    }
}

impl Layer for Embedding {
    fn build(&self, cx: &mut Build) -> Result<()> {
        cx.at_least("input_dim", self.input_dim, 1)?;
        cx.at_least("output_dim", self.output_dim, 1)?;
        cx.input()?;
        let shape = Shape::from([self.input_dim, self.output_dim]);
        if let Some(table) = self.weights.as_ref().filter(|table| *table.shape() != shape) {
            let found = table.shape();
            return Err(cx.error(format!("weights must be of shape {shape}, got {found}")));
        }
        let rule = WeightRule(
            &self.embeddings_initializer,
            &self.embeddings_regularizer,
            &self.embeddings_constraint,
        );
        let weight = rule.add(cx, "embeddings", shape);
        if let Some(table) = &self.weights {
            let table = table.cast(weight.ty().dtype);
            weight.value(&table);
        }
        Ok(())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let y = look_up(&cx.weight("embeddings"), &cx.input()).cast(cx.compute_dtype());
        cx.penalize(&self.activity_regularizer, &y);
        y
    }

    fn autocast(&self) -> bool {
        false
    }

    fn supports_masking(&self) -> bool {
        self.mask_zero
    }

    fn compute_mask(&self, cx: &mut Call) -> Vec<Option<Value>> {
        vec![Some(cx.input().not_equal(0.0))]
    }
}

/// The rows of a table for these numbers; NaN for a number that it does not have.
pub(super) fn look_up(table: &Value, numbers: &Value) -> Value {
    let places = match numbers.dtype() {
        DType::I32 | DType::I64 => numbers.clone(),
        _ => numbers.cast(DType::I32),
    };
    let rows = table.dim(0) as f64;
    let known = places.greater_equal(-rows).and(places.less(rows));
    known.expand_dims(-1).select(&table.gather(&places, 0), f64::NAN)
}
