//! Initial values of weights: `keras.initializers`.
mod constant;
mod orthogonal;
mod random;
mod scaling;
mod stft;
mod window;

pub use constant::{Constant, Identity, Ones, Zeros};
pub use orthogonal::Orthogonal;
pub use random::{RandomNormal, RandomUniform, TruncatedNormal};
pub use scaling::{
    Distribution, FanMode, GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal,
    LecunUniform, VarianceScaling,
};
pub use stft::{STFT, StftScaling, StftSide, StftWindow};
pub use window::WindowFunction;

use crate::Result;
use crate::config::{Configured, family};
use crate::random::Generator;
use ferras_graph::{Tensor, TensorType};

/// A rule for the initial value of a weight.
///
/// ```
/// use ferras::prelude::*;
/// use ferras::random::Generator;
/// /// +1 and −1 by the toss of a coin.
/// #[derive(Clone, Debug, Config)]
/// struct Coin;
/// impl InitializerFn for Coin {
///     fn call(&self, ty: &TensorType, random: &mut Generator) -> Result<Tensor> {
///         Ok(random.fill(ty, |g| if g.next_f64() < 0.5 { -1.0 } else { 1.0 }))
///     }
/// }
/// let layer = Dense::new(4).kernel_initializer(Coin::new());
/// # let _ = layer;
/// ```
pub trait InitializerFn: Configured {
    /// A value of this type and shape; random rules draw from `random`, or from their own seed.
    fn call(&self, ty: &TensorType, random: &mut Generator) -> Result<Tensor>;

    /// The same rule for a weight whose units have their inputs and outputs along these axes, if the
    /// rule depends on them and has not been told others.
    fn with_axes(&self, inputs: &[isize], outputs: &[isize]) -> Option<Initializer> {
        let _ = (inputs, outputs);
        None
    }
}

family! {
    /// An initializer by name (`"glorot_uniform"`) or object.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// assert!(Initializer::from("he_normal").get().is_ok());
    /// assert!(Initializer::from(RandomNormal::new().stddev(0.01)).get().is_ok());
    /// ```
    Initializer, InitializerFn, "initializer",
    [
        Zeros, "zero", "zeros";
        Ones, "one", "ones";
        Constant, "constant";
        RandomNormal, "normal", "random_normal";
        RandomUniform, "uniform", "random_uniform";
        TruncatedNormal, "truncated_normal";
        VarianceScaling, "variance_scaling";
        Orthogonal, "OrthogonalInitializer", "orthogonal";
        Identity, "IdentityInitializer", "identity";
        LecunNormal, "lecun_normal";
        LecunUniform, "lecun_uniform";
        GlorotNormal, "glorot_normal";
        GlorotUniform, "glorot_uniform";
        HeNormal, "he_normal";
        HeUniform, "he_uniform";
        STFT, "STFTInitializer", "stft";
    ]
}

/// Draws from the initializer's own seed, or from the model's stream where it has none.
fn seeded<T>(
    seed: Option<u64>,
    model: &mut Generator,
    draw: impl FnOnce(&mut Generator) -> T,
) -> T {
    match seed {
        Some(seed) => draw(&mut Generator::new(seed)),
        None => draw(model),
    }
}

/// Normal with mean 0 and deviation 1, drawn again where it is beyond two deviations.
fn truncated_normal(random: &mut Generator) -> f64 {
    loop {
        let x = random.normal();
        if x.abs() <= 2.0 {
            return x;
        }
    }
}

#[cfg(test)]
mod tests;
