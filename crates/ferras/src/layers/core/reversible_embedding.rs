//! `ReversibleEmbedding`: a vector for each number, and the way back.
use super::embedding::look_up;
use crate::layers::{prelude::*, weights::WeightRule};
use ferras_graph::DType;

/// The row of a table for each number of the input, `embeddings[x]`; with the call's argument
/// `reverse` the way back: a score for each row, `x · embeddingsᵀ`.
///
/// - **Input** `(batch, …)`: numbers as of [`Embedding`](super::Embedding); in reverse `(batch, …,
///   output_dim)`. **Output** `(batch, …, output_dim)`; in reverse `(batch, …, input_dim)`, in the
///   type that the weights are kept in, or `reverse_dtype`.
/// - **Call** `reverse`: whether this use is the way back.
/// - **Mask** `(batch, …)` with `mask_zero`: false where the number is 0; none in reverse.
/// - **Weights** `embeddings (input_dim, output_dim)`; `reverse_embeddings (output_dim, input_dim)`
///   unless `tie_weights`.
/// - **Errors** at build: `input_dim` or `output_dim` 0, `logit_soft_cap` 0; in reverse, a last
///   axis of another size than `output_dim`.
/// - **Source** Keras 3 `layers.ReversibleEmbedding`; Press & Wolf 2017.
///
/// ```
/// use ferras::prelude::*;
/// let words = Input::of([4], DType::I32);
/// let table = ReversibleEmbedding::new(1000, 16).layer();
/// let hidden = Dense::new(16).activation("relu").apply(table.apply(&words));
/// let model = Model::new(&words, table.with("reverse", true).apply(hidden))?;
/// assert_eq!(model.output_shape()?.to_string(), "(None, 4, 1000)");
/// assert_eq!(model.count_params(), 1000 * 16 + 16 * 16 + 16);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct ReversibleEmbedding {
    /// Rows of the table: one more than the largest number.
    input_dim: usize,
    /// Length of a row.
    output_dim: usize,
    /// Whether the way back uses the same table; true by default.
    #[config(default = true)]
    tie_weights: bool,
    /// Initial tables; `uniform` by default.
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
    /// The type that the way back computes in.
    #[config(default)]
    reverse_dtype: Option<DType>,
    /// The bound of the scores, c · tanh(score / c); none by default.
    #[config(default)]
    logit_soft_cap: Option<f64>,
}

impl ReversibleEmbedding {
    /// The scores of the rows for these vectors.
    fn scores(&self, cx: &Call) -> Value {
        let kernel = match self.tie_weights {
            true => cx.weight("embeddings").transpose(&[1, 0]),
            false => cx.weight("reverse_embeddings"),
        };
        let dtype = self.reverse_dtype.unwrap_or(kernel.dtype());
        let scores = cx.input().cast(dtype).matmul(&kernel.cast(dtype));
        match self.logit_soft_cap {
            Some(cap) => (scores / cap).tanh() * cap,
            None => scores,
        }
    }
}

impl ReversibleEmbedding {
    /// Rows of the table.
    pub(crate) fn rows(&self) -> usize {
        self.input_dim
    }
}

impl Layer for ReversibleEmbedding {
    fn build(&self, cx: &mut Build) -> Result<()> {
        cx.at_least("input_dim", self.input_dim, 1)?;
        cx.at_least("output_dim", self.output_dim, 1)?;
        if self.logit_soft_cap == Some(0.0) {
            return Err(cx.error("logit_soft_cap must not be 0"));
        }
        cx.input()?;
        let rule = WeightRule(
            &self.embeddings_initializer,
            &self.embeddings_regularizer,
            &self.embeddings_constraint,
        );
        rule.add(cx, "embeddings", [self.input_dim, self.output_dim]).uncast();
        if !self.tie_weights {
            let shape = [self.output_dim, self.input_dim];
            let weight = cx.weight("reverse_embeddings", shape);
            weight.initializer(&self.embeddings_initializer).uncast();
        }
        Ok(())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let y = match cx.flag("reverse") {
            true => self.scores(cx),
            false => look_up(&cx.weight("embeddings"), &cx.input()).cast(cx.compute_dtype()),
        };
        cx.penalize(&self.activity_regularizer, &y);
        y
    }

    fn signature(&self) -> Signature {
        Signature { flags: &["reverse"], ..Signature::default() }
    }

    fn autocast(&self) -> bool {
        false
    }

    fn supports_masking(&self) -> bool {
        self.mask_zero
    }

    fn compute_mask(&self, cx: &mut Call) -> Vec<Option<Value>> {
        match cx.flag("reverse") {
            true => vec![None],
            false => vec![Some(cx.input().not_equal(0.0))],
        }
    }
}
