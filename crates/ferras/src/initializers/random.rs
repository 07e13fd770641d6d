//! Initializers of a given distribution.
use super::{InitializerFn, seeded, truncated_normal};
use crate::Result;
use crate::random::Generator;
use ferras_derive::Config;
use ferras_graph::{Tensor, TensorType};

/// Normal with a mean and a standard deviation.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).kernel_initializer(RandomNormal::new().stddev(0.01).seed(7));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.initializers")]
pub struct RandomNormal {
    /// Own seed, by which every weight starts alike; none draws from the program's.
    #[config(default)]
    seed: Option<u64>,
    /// 0 by default.
    #[config(default = 0.0)]
    mean: f64,
    /// 0.05 by default.
    #[config(default = 0.05)]
    stddev: f64,
}

impl InitializerFn for RandomNormal {
    fn call(&self, ty: &TensorType, random: &mut Generator) -> Result<Tensor> {
        let draw = |g: &mut Generator| self.mean + self.stddev * g.normal();
        Ok(seeded(self.seed, random, |g| g.fill(ty, draw)))
    }
}

/// Uniform between two numbers.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).kernel_initializer(RandomUniform::new().minval(-1.0).maxval(1.0));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.initializers")]
pub struct RandomUniform {
    /// Own seed, by which every weight starts alike; none draws from the program's.
    #[config(default)]
    seed: Option<u64>,
    /// −0.05 by default.
    #[config(default = -0.05)]
    minval: f64,
    /// 0.05 by default.
    #[config(default = 0.05)]
    maxval: f64,
}

impl InitializerFn for RandomUniform {
    fn call(&self, ty: &TensorType, random: &mut Generator) -> Result<Tensor> {
        Ok(seeded(self.seed, random, |g| g.uniform(ty, self.minval, self.maxval)))
    }
}

/// Normal, drawn again where it is beyond two standard deviations.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).kernel_initializer(TruncatedNormal::new().stddev(0.1));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.initializers")]
pub struct TruncatedNormal {
    /// Own seed, by which every weight starts alike; none draws from the program's.
    #[config(default)]
    seed: Option<u64>,
    /// 0 by default.
    #[config(default = 0.0)]
    mean: f64,
    /// The deviation before truncation; 0.05 by default.
    #[config(default = 0.05)]
    stddev: f64,
}

impl InitializerFn for TruncatedNormal {
    fn call(&self, ty: &TensorType, random: &mut Generator) -> Result<Tensor> {
        let draw = |g: &mut Generator| self.mean + self.stddev * truncated_normal(g);
        Ok(seeded(self.seed, random, |g| g.fill(ty, draw)))
    }
}
