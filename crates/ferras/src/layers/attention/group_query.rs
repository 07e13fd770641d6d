//! `GroupQueryAttention`: attention whose heads share keys and values in groups.
use super::dot_product::{
    SIGNATURE, attention_mask, check_dropout, drop_out, masked_softmax, own_masks,
};
use crate::layers::core::Projections;
use crate::layers::prelude::*;
use crate::layers::weights::WeightRule;
use crate::config::DTypePolicy;
use crate::layers::{EinsumDense, LayerRef, Signature, TensorSpec};

/// As [`MultiHeadAttention`](super::MultiHeadAttention) over one axis, where
/// `num_query_heads / num_key_value_heads` heads share the projections of key and value.
///
/// - **Inputs** query `(batch, queries, features)`, value `(batch, values, features)`, and key alike or
///   none: then value. **Output** `(batch, queries, features)`.
/// - **Call**, **mask** as for [`MultiHeadAttention`](super::MultiHeadAttention).
/// - **Weights** `query/kernel (features, num_query_heads, head_dim)`, `key/kernel (features,
///   num_key_value_heads, head_dim)`, … each with a `bias` if `use_bias`.
/// - **Errors** at build: ranks other than 3, sizes of 0, heads that do not come in groups.
/// - **Source** Keras 3 `layers.GroupQueryAttention`; Ainslie et al. 2023.
///
/// ```
/// use ferras::prelude::*;
/// let words = Input::new([10, 16]);
/// let y = GroupQueryAttention::new(8, 4, 2).apply([&words, &words]);
/// let model = Model::new(&words, &y)?;
/// assert_eq!(model.count_params(), (16 * 32 + 32) + 2 * (16 * 16 + 16) + (32 * 16 + 16));
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct GroupQueryAttention {
    /// Size of a head.
    head_dim: usize,
    /// Number of heads.
    num_query_heads: usize,
    /// Number of heads that keys and values are projected to.
    num_key_value_heads: usize,
    /// The share of the weights of values that training drops; 0 by default.
    #[config(default = 0.0)]
    dropout: f64,
    /// Whether projections have a bias; true by default.
    #[config(default = true)]
    use_bias: bool,
    /// A query sees values less than so many places away; all by default.
    #[config(default)]
    sliding_window: Option<usize>,
    /// Accepted as in Keras; the compiled step decides how attention is computed.
    #[config(default, omit_default)]
    flash_attention: Option<bool>,
    /// Initial kernels; `glorot_uniform` by default.
    #[config(default = "glorot_uniform")]
    kernel_initializer: Initializer,
    /// Initial biases; zeros by default.
    #[config(default = "zeros")]
    bias_initializer: Initializer,
    /// Penalty on the kernels.
    #[config(default)]
    kernel_regularizer: Option<Regularizer>,
    /// Penalty on the biases.
    #[config(default)]
    bias_regularizer: Option<Regularizer>,
    /// Penalty on the outputs of the projections.
    #[config(default)]
    activity_regularizer: Option<Regularizer>,
    /// Projection of the kernels after each update.
    #[config(default)]
    kernel_constraint: Option<Constraint>,
    /// Projection of the biases after each update.
    #[config(default)]
    bias_constraint: Option<Constraint>,
    /// Whether the heads' outputs are multiplied by a learnt gate of the query; false by default.
    #[config(default = false)]
    use_gate: bool,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
}

impl GroupQueryAttention {
    fn projections(&self) -> Projections<'_> {
        Projections {
            use_bias: self.use_bias,
            kernel: WeightRule(
                &self.kernel_initializer,
                &self.kernel_regularizer,
                &self.kernel_constraint,
            ),
            bias: WeightRule(&self.bias_initializer, &self.bias_regularizer, &self.bias_constraint),
            activity_regularizer: &self.activity_regularizer,
        }
    }

    /// The layers inside, for queries of so many features, in order: name here, name in weights files
    /// of Keras 3, layer.
    fn parts(
        &self,
        features: usize,
        policy: &DTypePolicy,
    ) -> Vec<(&'static str, &'static str, LayerRef)> {
        let own = self.projections();
        let heads = |count: usize| own.layer("...x,xhd->...hd", "hd", &[count, self.head_dim]);
        let made = |layer: EinsumDense| LayerRef::new(layer).dtype(policy.clone());
        let (wide, narrow) = (self.num_query_heads, self.num_key_value_heads);
        let output = own.layer("...hd,hdx->...x", "x", &[features]);
        let gate = self.use_gate.then(|| {
            ("gate", "_gate_dense", made(heads(wide).activation("sigmoid")))
        });
        let mut parts = vec![
            ("query", "_query_dense", made(heads(wide))),
            ("key", "_key_dense", made(heads(narrow))),
        ];
        parts.extend(gate);
        parts.push(("value", "_value_dense", made(heads(narrow))));
        parts.push(("attention_output", "_output_dense", made(output)));
        parts
    }

    /// Each of the shared heads once for every head of its group.
    fn repeat(&self, x: &Value) -> Value {
        let [batch, steps, heads, size] = x.shape()[..] else { return x.clone() };
        let times = self.num_query_heads / heads.max(1);
        let apart = x.expand_dims(3).broadcast_to([batch, steps, heads, times, size]);
        apart.reshape([batch, steps, heads * times, size])
    }
}

impl Layer for GroupQueryAttention {
    fn build(&self, cx: &mut Build) -> Result<()> {
        for (name, size) in [
            ("head_dim", self.head_dim),
            ("num_query_heads", self.num_query_heads),
            ("num_key_value_heads", self.num_key_value_heads),
            ("sliding_window", self.sliding_window.unwrap_or(1)),
        ] {
            cx.at_least(name, size, 1)?;
        }
        check_dropout(cx, self.dropout)?;
        let (heads, shared) = (self.num_query_heads, self.num_key_value_heads);
        if !heads.is_multiple_of(shared) {
            return Err(cx.error(format!(
                "num_query_heads must be a multiple of num_key_value_heads, got {heads} and {shared}"
            )));
        }
        let inputs = cx.inputs();
        let [query, value, rest @ ..] = inputs else {
            return Err(cx.error(format!("expected query and value, got {} inputs", inputs.len())));
        };
        if rest.len() > 1 || inputs.iter().any(|spec| spec.shape.len() != 3) {
            return Err(cx.error("expected query, value and key of rank 3"));
        }
        let key = rest.first().unwrap_or(value);
        let features = query.shape.last().copied().flatten();
        let features = features
            .ok_or_else(|| cx.error("the size of the query's last axis must be known"))?;
        let mut shape = query.shape[..2].to_vec();
        shape.extend([Some(heads), Some(self.head_dim)]);
        let of_output = TensorSpec { dtype: query.dtype, shape: shape.into() };
        for (name, stored, layer) in self.parts(features, cx.policy()) {
            let spec = match name {
                "key" => key,
                "value" => value,
                "attention_output" => &of_output,
                _ => query,
            };
            cx.child_stored(name, stored, &layer, std::slice::from_ref(spec))?;
        }
        Ok(())
    }

    fn call(&self, cx: &mut Call) -> Value {
        self.call_all(cx).swap_remove(0)
    }

    fn call_all(&self, cx: &mut Call) -> Vec<Value> {
        let [query, value, rest @ ..] = cx.inputs() else { return vec![cx.input()] };
        let (query, value) = (query.clone(), value.clone());
        let key = rest.first().unwrap_or(&value).clone();
        let parts = self.parts(query.dim(-1), cx.policy());
        let mut project = |wanted: &str, x: &Value| {
            let part = parts.iter().find(|(name, ..)| *name == wanted)?;
            cx.child(wanted, &part.2, vec![x.clone()]).into_iter().next()
        };
        let gate = project("gate", &query);
        let projected = [("query", &query), ("key", &key), ("value", &value)]
            .map(|(name, x)| project(name, x).unwrap_or_else(|| x.clone()));
        let [q, k, v] = projected;
        let (k, v) = (self.repeat(&k), self.repeat(&v));
        let scaled = &q * (1.0 / (self.head_dim as f64).sqrt());
        let b = query.builder().clone();
        let scores = b.einsum("bquh,bkuh->buqk", &[scaled, k]);
        let masks = own_masks(cx);
        let mask = attention_mask(cx, masks, self.sliding_window);
        let mask = mask.map(|mask| if mask.rank() < 4 { mask.expand_dims(-3) } else { mask });
        let whole = self.dropout > 0.0 || cx.flag("return_attention_scores");
        let weights = masked_softmax(&scores, &[-1], mask.as_ref(), whole);
        let kept = drop_out(cx, &weights, self.dropout, self.seed);
        let heads = b.einsum("buqk,bkuh->bquh", &[kept, v]);
        let heads = gate.map_or(heads.clone(), |gate| heads * gate);
        let output = parts.last().map(|part| cx.child(part.0, &part.2, vec![heads]));
        let output = output.into_iter().flatten().next().unwrap_or(query);
        match cx.flag("return_attention_scores") {
            true => vec![output, weights],
            false => vec![output],
        }
    }

    fn signature(&self) -> Signature {
        SIGNATURE
    }

    fn supports_masking(&self) -> bool {
        true
    }

    fn compute_mask(&self, cx: &mut Call) -> Vec<Option<Value>> {
        cx.masks().first().cloned().into_iter().collect()
    }
}
