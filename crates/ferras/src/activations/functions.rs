//! Keras' activation functions, with the arguments that their names stand for.
use super::ActivationFn;
use ferras_graph::Value;

macro_rules! functions {
    ($($(#[$doc:meta])* $class:ident $keyword:literal $call:expr;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug, ferras_derive::Config)]
        #[config(module = "keras.activations")]
        #[config(class = $keyword)]
        pub struct $class;

        impl ActivationFn for $class {
            fn call(&self, x: &Value) -> Value {
                let f: fn(&Value) -> Value = $call;
                f(x)
            }
            fn keyword(&self) -> Option<&'static str> {
                Some($keyword)
            }
        })*
    };
}

functions! {
    /// x
    Linear "linear" Value::clone;
    /// max(x, 0)
    Relu "relu" Value::relu;
    /// eˣ / Σ eˣ over the last axis
    Softmax "softmax" |x| x.softmax(&[-1]);
    /// 1 / (1 + e⁻ˣ)
    Sigmoid "sigmoid" Value::sigmoid;
    /// tanh x
    Tanh "tanh" Value::tanh;
    /// x for x > 0, else eˣ − 1
    Elu "elu" |x| x.elu(1.0);
    /// 1.0507 · (x for x > 0, else 1.6733 · (eˣ − 1)): Klambauer et al. 2017.
    Selu "selu" Value::selu;
    /// log(1 + eˣ)
    Softplus "softplus" Value::softplus;
    /// x / (1 + |x|)
    Softsign "softsign" Value::softsign;
    /// x / 6 + 1/2, within 0 and 1
    HardSigmoid "hard_sigmoid" Value::hard_sigmoid;
    /// x / 5 + 1/2, within 0 and 1: what Keras 1 and 2 call `hard_sigmoid`; Keras 3 has no name for it
    HardSigmoid2 "keras2_hard_sigmoid" |x| (x * 0.2 + 0.5).clip(0.0, 1.0);
    /// eˣ
    Exponential "exponential" Value::exp;
    /// x · Φ(x) with the normal distribution function Φ: Hendrycks & Gimpel 2016.
    Gelu "gelu" |x| x.gelu(false);
    /// x / (1 + e⁻ˣ), also called swish
    Silu "silu" Value::silu;
    /// x · hard_sigmoid(x)
    HardSilu "hard_silu" Value::hard_silu;
    /// x for x > 0, else 0.2 · x
    LeakyRelu "leaky_relu" |x| x.leaky_relu(0.2);
    /// x within 0 and 6
    Relu6 "relu6" Value::relu6;
    /// x · tanh(softplus(x)): Misra 2019.
    Mish "mish" Value::mish;
    /// log softmax over the last axis
    LogSoftmax "log_softmax" |x| x.log_softmax(&[-1]);
    /// log(1 / (1 + e⁻ˣ))
    LogSigmoid "log_sigmoid" Value::log_sigmoid;
    /// max(x, 0) + min(eˣ − 1, 0)
    Celu "celu" |x| x.celu(1.0);
    /// a · sigmoid(b) with the two halves a, b of the last axis
    Glu "glu" |x| x.glu(-1);
    /// x within −1 and 1
    HardTanh "hard_tanh" Value::hard_tanh;
    /// x where |x| > 1/2, else 0
    HardShrink "hard_shrink" |x| x.hard_shrink(0.5);
    /// x drawn towards 0 by 1/2
    SoftShrink "soft_shrink" |x| x.soft_shrink(0.5);
    /// x − tanh x
    TanhShrink "tanh_shrink" Value::tanh_shrink;
    /// (x + √(x² + 4)) / 2
    Squareplus "squareplus" |x| x.squareplus(4.0);
    /// 0 for x ≤ −1, x for x ≥ 1, (x + 1)² / 4 between
    SparsePlus "sparse_plus" Value::sparse_plus;
    /// (x + 1) / 2, within 0 and 1
    SparseSigmoid "sparse_sigmoid" Value::sparse_sigmoid;
    /// The nearest point of the probability simplex: Martins & Astudillo 2016.
    Sparsemax "sparsemax" |x| x.sparsemax(-1);
}
