//! `ReLU`, `LeakyReLU`, `ELU`, `Softmax` as layers.
use crate::activations::{ActivationFn, ELU, LeakyReLU, ReLU, Softmax};
use crate::layers::prelude::*;

macro_rules! layers_of_functions {
    ($($class:ident, $check:expr;)*) => {
        $(impl Layer for $class {
            fn build(&self, cx: &mut Build) -> Result<()> {
                let check: fn(&$class, &Build) -> Result<()> = $check;
                check(self, cx)
            }

            fn call(&self, cx: &mut Call) -> Value {
                ActivationFn::call(self, &cx.input())
            }
        })*
    };
}

layers_of_functions! {
    ReLU, |_, _| Ok(());
    LeakyReLU, |_, _| Ok(());
    ELU, |_, _| Ok(());
    Softmax, |layer, cx| {
        let rank = cx.input()?.shape().len();
        layer.axes().resolve(rank).map(|_| ())
    };
}
