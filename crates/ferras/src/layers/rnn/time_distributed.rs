//! `TimeDistributed`: a layer for each step of a sequence.
use crate::layers::{LayerRef, Masked, PartialShape, TensorSpec, prelude::*};

/// The layer inside, for each step of a sequence on its own, with the same weights.
///
/// All steps are computed at once, as one batch. Only a layer that keeps statistics, as a
/// `BatchNormalization`, sees one step after the other in training, as in Keras.
///
/// - **Input** `(batch, steps, …)`. **Output** `(batch, steps, …)`, behind `steps` what the layer gives.
/// - **Mask** `(batch, steps, …)`: each step of it goes to the layer; the output has it too.
/// - **Weights** those of the layer.
/// - **Errors** at build: rank below 3.
/// - **Source** Keras 3 `layers.TimeDistributed`. A penalty on the layer's output counts here, where
///   Keras leaves it out.
///
/// ```
/// use ferras::prelude::*;
/// let video = Input::new([10, 32, 32, 3]);
/// let y = TimeDistributed::new(Conv2D::new(4, 3)).apply(&video);
/// let model = Model::new(&video, &y)?;
/// assert_eq!(model.network()?.output_specs()[0].shape.to_string(), "(None, 10, 30, 30, 4)");
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct TimeDistributed {
    /// The layer for a step.
    layer: LayerRef,
}

impl TimeDistributed {
    /// The layer's output for these steps.
    fn run(&self, cx: &mut Call, value: Value, mask: Option<Value>) -> Value {
        let lost = value.clone();
        let outputs = cx.child_masked("layer", &self.layer, vec![Masked { value, mask }]);
        let first = outputs.into_iter().next().map(|output| output.value);
        first.unwrap_or_else(|| lost.error("time_distributed", "the layer inside gave no output"))
    }

    /// All steps as one batch.
    fn at_once(&self, cx: &mut Call, x: &Value, mask: Option<&Value>) -> Value {
        let merged = |v: &Value| {
            let shape = v.shape();
            let rest = shape.get(2..).unwrap_or_default();
            v.reshape([&[shape[..2].iter().product()], rest].concat())
        };
        let y = self.run(cx, merged(x), mask.map(merged));
        let shape = y.shape();
        y.reshape([&x.shape()[..2], shape.get(1..).unwrap_or_default()].concat())
    }

    /// One step after the other.
    fn one_by_one(&self, cx: &mut Call, x: &Value, mask: Option<&Value>) -> Value {
        let step = |v: &Value, i: usize| v.slice_axis(1, i, i + 1).squeeze(1);
        let steps = (0..x.dim(1)).map(|i| {
            self.run(cx, step(x, i), mask.map(|mask| step(mask, i))).expand_dims(1)
        });
        let steps: Vec<Value> = steps.collect();
        x.builder().concat(&steps, 1)
    }
}

impl Layer for TimeDistributed {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let shape = cx.input()?.min_rank(3)?.shape();
        let sizes: Vec<Option<usize>> = [&[None], &shape[2..]].concat();
        let dtype = cx.inputs()[0].dtype;
        let step = TensorSpec { dtype, shape: PartialShape::from(sizes) };
        cx.child("layer", &self.layer, &[step])
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        let mask = cx.mask();
        if x.is_poisoned() || x.rank() < 3 {
            return x.error("time_distributed", "expected an input of rank 3 at least");
        }
        let before = cx.mark();
        let y = self.at_once(cx, &x, mask.as_ref());
        if !cx.updated_since(&before) {
            return y;
        }
        cx.go_back(before);
        self.one_by_one(cx, &x, mask.as_ref())
    }

    fn signature(&self) -> Signature {
        Signature::WITH_MASK
    }

    fn supports_masking(&self) -> bool {
        true
    }
}
