//! `MultiHeadAttention`: several attentions side by side, each over projections of its own.
use super::dot_product::{
    SIGNATURE, attention_mask, check_dropout, drop_out, masked_softmax, own_masks,
};
use crate::layers::core::Projections;
use crate::layers::prelude::*;
use crate::layers::weights::WeightRule;
use crate::config::DTypePolicy;
use crate::layers::{EinsumDense, LayerRef, Signature, TensorSpec};

/// Σ over heads of softmax(q · k / √key_dim) · v, projected, where q, k and v are projections of query,
/// key and value for each head.
///
/// - **Inputs** query `(batch, …, queries, features)`, value `(batch, …, values, features)`, and key alike
///   or none: then value. **Output** `(batch, …, queries, output_shape…)`; by default the query's last
///   size.
/// - **Call** `attention_mask` bool `(batch, queries, values)`, or `(batch, heads, queries, values)`:
///   which values a query sees; `use_causal_mask`: none later than itself; `return_attention_scores`:
///   a second output, the weights `(batch, heads, queries, values)`.
/// - **Mask** of query, value and key: places that take no part; that of the query goes on.
/// - **Weights** `query/kernel (features, num_heads, key_dim)`, `query/bias (num_heads, key_dim)`, the
///   same of `key`, `gate` if `use_gate` and `value`, then `attention_output/kernel` and `bias`.
/// - **Errors** at build: sizes of 0, a size of features unknown, attention axes that are not there.
/// - **Source** Keras 3 `layers.MultiHeadAttention`; Vaswani et al. 2017.
///
/// ```
/// use ferras::prelude::*;
/// let words = Input::new([10, 16]);
/// let y = MultiHeadAttention::new(2, 8).with("use_causal_mask", true).apply([&words, &words]);
/// assert_eq!(Model::new(&words, &y)?.count_params(), 3 * (16 * 16 + 16) + 16 * 16 + 16);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct MultiHeadAttention {
    /// Number of heads.
    num_heads: usize,
    /// Size of a head's queries and keys.
    key_dim: usize,
    /// Size of a head's values; `key_dim` by default.
    #[config(default, written = self.value_size())]
    value_dim: Option<usize>,
    /// The share of the weights of values that training drops; 0 by default.
    #[config(default = 0.0)]
    dropout: f64,
    /// Whether projections have a bias; true by default.
    #[config(default = true)]
    use_bias: bool,
    /// Sizes of the output's last axes; the query's last size by default.
    #[config(default)]
    output_shape: Option<Vec<usize>>,
    /// The axes that are attended over; all but the batch and the last by default.
    #[config(default)]
    attention_axes: Option<Vec<isize>>,
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

/// The layers inside.
struct Parts {
    query: LayerRef,
    key: LayerRef,
    gate: Option<LayerRef>,
    value: LayerRef,
    output: LayerRef,
}

impl MultiHeadAttention {
    fn value_size(&self) -> usize {
        self.value_dim.unwrap_or(self.key_dim)
    }

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

    /// The projections for queries of so many features.
    fn parts(&self, features: usize, policy: &DTypePolicy) -> Parts {
        const INTO: &str = "...x,xhd->...hd";
        let own = self.projections();
        let heads = |size: usize| own.layer(INTO, "hd", &[self.num_heads, size]);
        let made = |layer: EinsumDense| LayerRef::new(layer).dtype(policy.clone());
        let sizes = self.output_shape.clone().unwrap_or_else(|| vec![features]);
        let axes: String = ('i'..='z').take(sizes.len()).collect();
        let output = own.layer(&format!("...hd,hd{axes}->...{axes}"), &axes, &sizes);
        Parts {
            query: made(heads(self.key_dim)),
            key: made(heads(self.key_dim)),
            gate: self
                .use_gate
                .then(|| made(heads(self.value_size()).activation("sigmoid"))),
            value: made(heads(self.value_size())),
            output: made(output),
        }
    }

    /// The axes that are attended over, of inputs of this rank.
    fn axes(&self, rank: usize) -> Option<Vec<usize>> {
        let Some(axes) = &self.attention_axes else { return Some((1..rank - 1).collect()) };
        let place = |&axis: &isize| {
            let place = if axis < 0 { axis + rank as isize } else { axis };
            usize::try_from(place).ok().filter(|a| (1..rank - 1).contains(a))
        };
        axes.iter().map(place).collect()
    }

    /// Weighted means of the values, and the weights; all of them (batch, …, heads, size).
    fn attend(&self, cx: &mut Call, [query, key, value]: [&Value; 3], axes: &[usize]) -> [Value; 2] {
        let rank = query.rank();
        // Axes by letters: lower ones for the query, upper ones where the key differs.
        let letter = |axis: usize, upper: bool| {
            let base = if upper && axes.contains(&axis) { b'A' } else { b'a' };
            char::from(base + axis as u8)
        };
        let named = |upper: bool| (0..rank).map(|a| letter(a, upper)).collect::<String>();
        let (of_query, of_key) = (named(false), named(true));
        let rest = (0..rank - 1).filter(|a| !axes.contains(a)).map(|a| letter(a, false));
        let attended = |upper: bool| axes.iter().map(move |&a| letter(a, upper));
        let of_scores: String = rest.chain(attended(false)).chain(attended(true)).collect();
        let b = query.builder();
        let scaled = query * (1.0 / (self.key_dim as f64).sqrt());
        let scores = b.einsum(&format!("{of_query},{of_key}->{of_scores}"), &[scaled, key.clone()]);
        let masks = own_masks(cx);
        let of_query_mask = cx.masks().first().cloned().flatten();
        let [_, of_value, of_key_mask] = masks;
        let mask =
            attention_mask(cx, [of_query_mask, of_value, of_key_mask], self.sliding_window);
        let mask = mask.map(|mut mask| {
            while mask.rank() < scores.rank() {
                mask = mask.expand_dims(-(axes.len() as isize) * 2 - 1);
            }
            mask
        });
        let over: Vec<isize> = (1..=axes.len() as isize).map(|i| -i).collect();
        let whole = self.dropout > 0.0 || cx.flag("return_attention_scores") || rank != 4;
        let weights = masked_softmax(&scores, &over, mask.as_ref(), whole);
        let kept = drop_out(cx, &weights, self.dropout, self.seed);
        let output = b.einsum(&format!("{of_scores},{of_key}->{of_query}"), &[kept, value.clone()]);
        [output, weights]
    }
}

impl Layer for MultiHeadAttention {
    fn build(&self, cx: &mut Build) -> Result<()> {
        for (name, size) in [
            ("num_heads", self.num_heads),
            ("key_dim", self.key_dim),
            ("value_dim", self.value_size()),
            ("sliding_window", self.sliding_window.unwrap_or(1)),
        ] {
            cx.at_least(name, size, 1)?;
        }
        check_dropout(cx, self.dropout)?;
        let inputs = cx.inputs();
        let [query, value, rest @ ..] = inputs else {
            return Err(cx.error(format!("expected query and value, got {} inputs", inputs.len())));
        };
        let key = rest.first().unwrap_or(value);
        let rank = query.shape.len();
        if rest.len() > 1 || rank < 3 || inputs.iter().any(|s| s.shape.len() != rank) || rank > 20 {
            return Err(cx.error("expected query, value and key of one rank of 3 at least"));
        }
        if self.axes(rank).is_none_or(|axes| axes.is_empty()) {
            let axes = &self.attention_axes;
            return Err(cx.error(format!(
                "attention_axes must lie between the batch and the last axis, got {axes:?}"
            )));
        }
        let known = |spec: &TensorSpec| spec.shape.last().copied().flatten();
        let features = known(query)
            .ok_or_else(|| cx.error("the size of the query's last axis must be known"))?;
        let parts = self.parts(features, cx.policy());
        let heads = |size: usize| {
            let mut shape = query.shape.to_vec();
            shape.pop();
            shape.extend([Some(self.num_heads), Some(size)]);
            TensorSpec { dtype: query.dtype, shape: shape.into() }
        };
        let of_output = heads(self.value_size());
        let gate = parts.gate.map(|gate| ("gate", "_gate_dense", gate, query));
        let children = [
            Some(("query", "query_dense", parts.query, query)),
            Some(("key", "key_dense", parts.key, key)),
            gate,
            Some(("value", "value_dense", parts.value, value)),
            Some(("attention_output", "output_dense", parts.output, &of_output)),
        ];
        for (name, stored, layer, spec) in children.into_iter().flatten() {
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
        let rank = query.rank();
        let Some(axes) = self.axes(rank.max(2)) else {
            return vec![query.error("attention", "there are no such attention_axes")];
        };
        let parts = self.parts(query.dim(-1), cx.policy());
        let mut project = |name: &str, layer: &LayerRef, x: &Value| {
            cx.child(name, layer, vec![x.clone()]).swap_remove(0)
        };
        let gate = parts.gate.as_ref().map(|gate| project("gate", gate, &query));
        let q = project("query", &parts.query, &query);
        let k = project("key", &parts.key, &key);
        let v = project("value", &parts.value, &value);
        let [heads, weights] = self.attend(cx, [&q, &k, &v], &axes);
        let heads = gate.map_or(heads.clone(), |gate| heads * gate);
        let output = cx.child("attention_output", &parts.output, vec![heads]).swap_remove(0);
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
