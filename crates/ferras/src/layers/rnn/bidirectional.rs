//! `Bidirectional`: a sequence read from both ends.
use super::{RNN, SIGNATURE, seen_mask};
use crate::config::{Choice, ConfigValue, Vocabulary};
use crate::layers::{LayerRef, prelude::*};
use serde_json::{Value as Json, json};

/// How the outputs of both directions become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeMode {
    /// Their sum.
    Sum,
    /// Their product.
    Mul,
    /// Their mean.
    Ave,
    /// Side by side along the last axis.
    Concat,
    /// Not at all: both are outputs. Keras' `None`.
    Separate,
}

/// `"concat"`, `"sum"`, `"mul"`, `"ave"` or [`MergeMode::Separate`].
pub type Merging = Choice<MergeMode>;

impl Vocabulary for MergeMode {
    const KIND: &'static str = "merge_mode";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("concat", MergeMode::Concat),
        ("sum", MergeMode::Sum),
        ("mul", MergeMode::Mul),
        ("ave", MergeMode::Ave),
    ];
    fn unset() -> Option<Self> {
        Some(MergeMode::Separate)
    }
}

/// A recurrent layer over a sequence and one over its reverse, with weights of their own; their outputs
/// are merged, those of all steps each at the place of its step.
///
/// - **Input** that of the layer. **Call** `initial_state`: the forward states, then the backward ones;
///   `mask`: in place of that of the input.
/// - **Output** that of the layer, its last axis twice as long with `concat`; two with
///   [`MergeMode::Separate`]. With `return_state` of the layer its states are further outputs, forward
///   and then backward.
/// - **Mask** as for the layer; a step that does not count has the output 0, where all are returned.
/// - **Weights** those of the layer, under `forward_layer` and `backward_layer`.
/// - **Errors** at build: a layer that is not recurrent, two of one direction, or that do not return
///   the same.
/// - **Source** Keras 3 `layers.Bidirectional`; Schuster & Paliwal 1997. Its argument `weights` is
///   [`Model::set_weights`](crate::models::Model::set_weights) here.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([10, 8]);
/// let y = Bidirectional::new(LSTM::new(4).return_sequences(true)).apply(&x);
/// let model = Model::new(&x, &y)?;
/// assert_eq!(model.network()?.output_specs()[0].shape.to_string(), "(None, 10, 8)");
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Bidirectional {
    /// The recurrent layer.
    #[config(written = self.written(false))]
    layer: LayerRef,
    /// How both outputs become one; `concat` by default.
    #[config(default = MergeMode::Concat)]
    merge_mode: Merging,
    /// The layer of the other direction; by default the same one, going backwards.
    #[config(default, written = self.written(true))]
    backward_layer: Option<LayerRef>,
}

/// The names of both layers inside.
const SIDES: [&str; 2] = ["forward_layer", "backward_layer"];

impl Bidirectional {
    /// One of the layers as Keras writes it.
    fn written(&self, backward: bool) -> Json {
        let (layer, prefix) = match &self.backward_layer {
            Some(own) if backward => (own, ""),
            _ => (&self.layer, if backward { "backward_" } else { "forward_" }),
        };
        let mut json = layer.to_json();
        if let Some(config) = json.get_mut("config").and_then(Json::as_object_mut) {
            if let Some(Json::String(name)) = config.get_mut("name") {
                *name = format!("{prefix}{}", name.strip_prefix(prefix).unwrap_or(name));
            }
            if backward && self.backward_layer.is_none() {
                config.insert("go_backwards".into(), json!(true));
            }
            if let Some(all) = config.get("return_sequences").cloned() {
                config.insert("zero_output_for_mask".into(), all);
            }
        }
        json
    }

    /// Both layers as they run.
    pub(super) fn sides(&self) -> Result<[RNN; 2], String> {
        let rnn = |layer: &LayerRef| {
            let info = &layer.0;
            let rnn = info.layer.as_rnn(&info.dtype);
            let mut rnn = rnn.ok_or_else(|| {
                format!("expected a recurrent layer, got a {}", info.layer.class_name())
            })?;
            rnn.zero_output_for_mask = rnn.return_sequences;
            Ok::<RNN, String>(rnn)
        };
        let forward = rnn(&self.layer)?;
        let backward = match &self.backward_layer {
            Some(own) => rnn(own)?,
            None => RNN { go_backwards: true, ..forward.clone() },
        };
        if forward.go_backwards == backward.go_backwards {
            let both = forward.go_backwards;
            return Err(format!("one layer must go backwards; both have go_backwards {both}"));
        }
        for (name, [one, other]) in [
            ("stateful", [&forward, &backward].map(|rnn| rnn.stateful)),
            ("return_sequences", [&forward, &backward].map(|rnn| rnn.return_sequences)),
            ("return_state", [&forward, &backward].map(|rnn| rnn.return_state)),
        ] {
            if one != other {
                return Err(format!(
                    "both layers must have the same {name}, got {one} forward and {other} backward"
                ));
            }
        }
        Ok([forward, backward])
    }

    /// Both layers as handles.
    fn handles(&self) -> Result<[LayerRef; 2], String> {
        let [forward, backward] = self.sides()?;
        let handle = |rnn: RNN, like: &LayerRef| {
            LayerRef::new(rnn).dtype(like.0.dtype.clone()).trainable(like.0.trainable)
        };
        let like = self.backward_layer.as_ref().unwrap_or(&self.layer);
        Ok([handle(forward, &self.layer), handle(backward, like)])
    }

    fn merge(&self, y: Value, reverse: Value) -> Vec<Value> {
        match self.merge_mode.get() {
            Ok(MergeMode::Concat) => vec![y.builder().concat(&[y.clone(), reverse], -1)],
            Ok(MergeMode::Sum) => vec![y + reverse],
            Ok(MergeMode::Ave) => vec![(y + reverse) / 2.0],
            Ok(MergeMode::Mul) => vec![y * reverse],
            Ok(MergeMode::Separate) => vec![y, reverse],
            Err(e) => vec![y.error("merge_mode", e.to_string())],
        }
    }
}

impl Layer for Bidirectional {
    fn build(&self, cx: &mut Build) -> Result<()> {
        self.merge_mode.get()?;
        let layers = self.handles().map_err(|problem| cx.error(problem))?;
        let inputs = cx.inputs();
        for (name, layer) in SIDES.iter().zip(&layers) {
            cx.child(name, layer, inputs)?;
        }
        Ok(())
    }

    fn call(&self, cx: &mut Call) -> Value {
        self.call_all(cx).swap_remove(0)
    }

    fn call_all(&self, cx: &mut Call) -> Vec<Value> {
        let x = cx.input();
        let layers = match self.handles() {
            Ok(layers) => layers,
            Err(problem) => return vec![x.error("bidirectional", problem)],
        };
        let given = cx.arguments("initial_state");
        let mask = seen_mask(cx);
        let halves = given.split_at(given.len() / 2);
        let mut run = |name: &str, layer: &LayerRef, states: &[Value]| {
            let states = states.iter().map(|state| ("initial_state", state.clone()));
            let named = states.chain(mask.clone().map(|mask| ("mask", mask))).collect();
            let outputs = cx.child_with(name, layer, vec![x.clone()], named);
            outputs.into_iter().map(|output| output.cast(cx.compute_dtype())).collect()
        };
        let mut forward: Vec<Value> = run(SIDES[0], &layers[0], halves.0);
        let mut backward: Vec<Value> = run(SIDES[1], &layers[1], halves.1);
        let (y, mut reverse) = (forward.remove(0), backward.remove(0));
        if self.returns_sequences() {
            reverse = reverse.reverse(&[1]);
        }
        let mut outputs = self.merge(y, reverse);
        outputs.extend(forward.into_iter().chain(backward));
        outputs
    }

    fn signature(&self) -> Signature {
        SIGNATURE
    }

    fn supports_masking(&self) -> bool {
        true
    }

    fn compute_mask(&self, cx: &mut Call) -> Vec<Option<Value>> {
        let outputs = 1 + usize::from(matches!(self.merge_mode.get(), Ok(MergeMode::Separate)));
        vec![cx.mask().filter(|_| self.returns_sequences()); outputs]
    }
}

impl Bidirectional {
    fn returns_sequences(&self) -> bool {
        self.sides().is_ok_and(|[forward, _]| forward.return_sequences)
    }
}
