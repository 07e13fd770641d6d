//! `ReLU`, `LeakyReLU`, `ELU`, `Softmax`, `ThresholdedReLU` as layers.
use crate::activations::{ActivationFn, ELU, LeakyReLU, ReLU, Softmax, ThresholdedReLU};
use crate::layers::prelude::*;
use ferras_graph::DType;

macro_rules! layers_of_functions {
    ($($class:ident, $signature:expr, $check:expr, $call:expr;)*) => {
        $(impl Layer for $class {
            fn build(&self, cx: &mut Build) -> Result<()> {
                let check: fn(&$class, &Build) -> Result<()> = $check;
                check(self, cx)
            }

            fn call(&self, cx: &mut Call) -> Value {
                let call: fn(&$class, &Call) -> Value = $call;
                call(self, cx)
            }

            fn signature(&self) -> Signature {
                $signature
            }

            fn supports_masking(&self) -> bool {
                true
            }
        })*
    };
}

layers_of_functions! {
    ReLU, Signature::default(), |_, _| Ok(()), |f, cx| ActivationFn::call(f, &cx.input());
    LeakyReLU, Signature::default(), |_, _| Ok(()), |f, cx| ActivationFn::call(f, &cx.input());
    ELU, Signature::default(), |_, _| Ok(()), |f, cx| ActivationFn::call(f, &cx.input());
    ThresholdedReLU, Signature::default(), |layer, cx| match layer.threshold() >= 0.0 {
        true => Ok(()),
        false => Err(cx.error(format!("theta must be at least 0, got {}", layer.threshold()))),
    }, |f, cx| ActivationFn::call(f, &cx.input());
    Softmax, Signature::WITH_MASK, |layer, cx| {
        let rank = cx.input()?.shape().len();
        layer.axes().resolve(rank).map(|_| ())
    }, masked_softmax;
}

/// The softmax of what the mask leaves in, 0 elsewhere. As in Keras the mask broadcasts to the input
/// from the right: it says which entries count, not which steps.
fn masked_softmax(softmax: &Softmax, cx: &Call) -> Value {
    let x = cx.input();
    let Some(mask) = cx.mask() else { return ActivationFn::call(softmax, &x) };
    let least = if x.dtype() == DType::F16 { -3e4 } else { -1e9 };
    let y = ActivationFn::call(softmax, &mask.select(&x, least));
    mask.select(&y, 0.0)
}
