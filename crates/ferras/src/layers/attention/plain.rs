//! `Attention`, `AdditiveAttention`: one head, without projections.
use super::dot_product::{causal_mask, check_dropout, drop_out};
use crate::config::{Choice, Vocabulary};
use crate::layers::prelude::*;
use ferras_graph::DType;

/// How well a query meets a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScoreMode {
    /// Σ q · k
    Dot,
    /// Σ tanh(q + k)
    Concat,
}

impl Vocabulary for ScoreMode {
    const KIND: &'static str = "score_mode";
    const WORDS: &'static [(&'static str, Self)] =
        &[("dot", ScoreMode::Dot), ("concat", ScoreMode::Concat)];
}

/// softmax(scores) · value, where scores say how well each query meets each key: Σ query · key, or
/// w · Σ tanh(s · (query + key)) with `score_mode` `"concat"`.
///
/// - **Inputs** query `(batch, queries, features)`, value `(batch, values, size)`, and key
///   `(batch, values, features)` or none: then value. **Output** `(batch, queries, size)`.
/// - **Call** `return_attention_scores` gives the weights `(batch, queries, values)` as a second output;
///   with `use_causal_mask` no query sees a later value; `mask`: one for each input, in place of those
///   that come with them.
/// - **Mask** of the query: its places are 0 in the output; of the value: no query sees its places.
/// - **Weights** `scale ()` if `use_scale`; `concat_score_weight ()` with `"concat"`.
/// - **Errors** at build: a number of inputs other than 2 or 3, `dropout` outside 0 and 1.
/// - **Source** Keras 3 `layers.Attention`; Luong et al. 2015.
///
/// ```
/// use ferras::prelude::*;
/// let (query, value) = (Input::new([4, 16]), Input::new([10, 16]));
/// let y = Attention::new().with("use_causal_mask", true).apply([&query, &value]);
/// let model = Model::new([&query, &value], &y)?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Attention {
    /// Whether scores have a learnt factor; false by default.
    #[config(default = false)]
    use_scale: bool,
    /// `"dot"` (default) or `"concat"`.
    #[config(default = "dot")]
    score_mode: Choice<ScoreMode>,
    /// The share of the weights that training drops; 0 by default.
    #[config(default = 0.0)]
    dropout: f64,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
}

/// softmax(scores) · value with scores Σ s · tanh(query + key).
///
/// - **Inputs**, **output**, **call** and **mask** as for [`Attention`].
/// - **Weights** `scale (features)` if `use_scale`.
/// - **Errors** at build: a number of inputs other than 2 or 3, `dropout` outside 0 and 1.
/// - **Source** Keras 3 `layers.AdditiveAttention`; Bahdanau et al. 2015.
///
/// ```
/// use ferras::prelude::*;
/// let (query, value) = (Input::new([4, 16]), Input::new([10, 16]));
/// let y = AdditiveAttention::new().apply([&query, &value]);
/// assert_eq!(Model::new([&query, &value], &y)?.count_params(), 16);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct AdditiveAttention {
    /// Whether the sum has learnt factors; true by default.
    #[config(default = true)]
    use_scale: bool,
    /// The share of the weights that training drops; 0 by default.
    #[config(default = 0.0)]
    dropout: f64,
    /// Own seed; none follows the program's.
    #[config(default)]
    seed: Option<u64>,
}

/// The call of both.
const SIGNATURE: Signature = Signature {
    inputs: &[],
    tensors: &["mask"],
    flags: &["return_attention_scores", "use_causal_mask"],
};

/// Checks the inputs; gives the features of the query.
fn check(cx: &Build, dropout: f64) -> Result<Option<usize>> {
    check_dropout(cx, dropout)?;
    let inputs = cx.inputs();
    if !(2..=3).contains(&inputs.len()) || inputs.iter().any(|s| s.shape.len() < 2) {
        return Err(cx.error(format!(
            "expected query and value, or query, value and key, of rank 2 at least, got {} inputs",
            inputs.len()
        )));
    }
    Ok(inputs[0].shape.last().copied().flatten())
}

/// Each query beside each key: (…, queries, 1, features) + (…, 1, keys, features).
fn sums(query: &Value, key: &Value) -> Value {
    query.expand_dims(-2) + key.expand_dims(-3)
}

/// Output and weights for these scores (…, queries, values).
fn attend(cx: &mut Call, scores: &Value, dropout: f64, seed: Option<u64>) -> Vec<Value> {
    let (value, b) = (cx.inputs()[1].clone(), scores.builder().clone());
    let [of_query, of_value] =
        [0, 1].map(|i| cx.masks().get(i).cloned().flatten().map(|m| m.cast(DType::Bool)));
    let causal = cx
        .flag("use_causal_mask")
        .then(|| causal_mask(&b, scores.dim(-2), scores.dim(-1)));
    let mask = [of_value.map(|m| m.expand_dims(-2)), causal];
    let mask = mask.into_iter().flatten().reduce(|a, b| a.and(b));
    let far = if scores.dtype() == DType::F16 { 65504.0 } else { 1e9 };
    let scores = match mask {
        Some(mask) => mask.broadcast_to(scores.shape()).select(scores, scores - far),
        None => scores.clone(),
    };
    let weights = drop_out(cx, &scores.softmax(&[-1]), dropout, seed);
    let output = weights.matmul(&value);
    let output = match of_query {
        Some(mask) => mask.expand_dims(-1).broadcast_to(output.shape()).select(&output, 0.0),
        None => output,
    };
    match cx.flag("return_attention_scores") {
        true => vec![output, weights],
        false => vec![output],
    }
}

macro_rules! attentions {
    ($($class:ident, $build:expr, $scores:expr;)*) => {
        $(impl Layer for $class {
            fn build(&self, cx: &mut Build) -> Result<()> {
                let build: fn(&$class, &mut Build) -> Result<()> = $build;
                build(self, cx)
            }

            fn call(&self, cx: &mut Call) -> Value {
                self.call_all(cx).swap_remove(0)
            }

            fn call_all(&self, cx: &mut Call) -> Vec<Value> {
                let [query, value, rest @ ..] = cx.inputs() else { return vec![cx.input()] };
                let (query, key) = (query.clone(), rest.first().unwrap_or(value).clone());
                let scores: fn(&$class, &Call, &Value, &Value) -> Value = $scores;
                let scores = scores(self, cx, &query, &key);
                attend(cx, &scores, self.dropout, self.seed)
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
        })*
    };
}

attentions! {
    Attention,
    |layer, cx| {
        check(cx, layer.dropout)?;
        let mode = layer.score_mode.get()?;
        if layer.use_scale {
            cx.weight("scale", []).initializer(&"ones".into());
        }
        if mode == ScoreMode::Concat {
            cx.weight("concat_score_weight", []).initializer(&"ones".into());
        }
        Ok(())
    },
    |layer, cx, query, key| {
        let concat = layer.score_mode.get().is_ok_and(|mode| mode == ScoreMode::Concat);
        let scale = layer.use_scale.then(|| cx.weight("scale"));
        if !concat {
            let rank = key.rank();
            let mut order: Vec<usize> = (0..rank).collect();
            order.swap(rank - 2, rank - 1);
            let scores = query.matmul(&key.transpose(&order));
            return scale.map_or(scores.clone(), |s| scores * s);
        }
        let sums = sums(query, key);
        let sums = scale.map_or(sums.clone(), |s| sums * s);
        sums.tanh().sum(&[-1], false) * cx.weight("concat_score_weight")
    };
    AdditiveAttention,
    |layer, cx| {
        let features = check(cx, layer.dropout)?;
        if layer.use_scale {
            let features = features.ok_or_else(|| cx.error("the size of the query's last axis must be known"))?;
            cx.weight("scale", [features]).initializer(&"glorot_uniform".into());
        }
        Ok(())
    },
    |layer, cx, query, key| {
        let y = sums(query, key).tanh();
        let y = if layer.use_scale { y * cx.weight("scale") } else { y };
        y.sum(&[-1], false)
    };
}
