//! Initial values of weights: `keras.initializers`.
use crate::Result;
use crate::config::{Configured, family};
use crate::random::Generator;
use ferras_derive::Config;
use ferras_graph::{Tensor, TensorType};

/// A rule for the initial value of a weight.
pub trait InitializerFn: Configured {
    /// A value of this type and shape; random rules draw from `random`, or from their own seed.
    fn call(&self, ty: &TensorType, random: &mut Generator) -> Result<Tensor>;
}

/// All zeros.
#[derive(Clone, Debug, Config)]
#[config(module = "keras.initializers")]
pub struct Zeros;

impl InitializerFn for Zeros {
    fn call(&self, ty: &TensorType, _: &mut Generator) -> Result<Tensor> {
        Ok(Tensor::zeros(ty))
    }
}

/// U(−l, l) with l = √(6 / (fan_in + fan_out)): Glorot & Bengio 2010, eq. 16.
#[derive(Clone, Debug, Config)]
#[config(module = "keras.initializers")]
pub struct GlorotUniform {
    /// Own seed; none draws from the program's.
    #[config(default)]
    seed: Option<u64>,
}

impl InitializerFn for GlorotUniform {
    fn call(&self, ty: &TensorType, random: &mut Generator) -> Result<Tensor> {
        let (fan_in, fan_out) = fans(&ty.shape);
        let limit = (6.0 / (fan_in + fan_out).max(1.0)).sqrt();
        let mut own = self.seed.map(Generator::new);
        let random = own.as_mut().unwrap_or(random);
        Ok(random.uniform(ty, -limit, limit))
    }
}

/// Inputs and outputs of one unit of a kernel of this shape: (receptive field × channels in,
/// receptive field × channels out).
fn fans(shape: &[usize]) -> (f64, f64) {
    match shape {
        [] => (1.0, 1.0),
        [n] => (*n as f64, *n as f64),
        [field @ .., a, b] => {
            let field = field.iter().product::<usize>() as f64;
            (field * *a as f64, field * *b as f64)
        }
    }
}

family! {
    /// An initializer by name (`"glorot_uniform"`) or object.
    Initializer, InitializerFn, "initializer",
    [
        Zeros, "zeros";
        GlorotUniform, "glorot_uniform";
    ]
}
