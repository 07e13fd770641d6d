//! Initializers without chance.
use super::InitializerFn;
use crate::random::Generator;
use crate::{Error, Result};
use ferras_derive::Config;
use ferras_graph::{Tensor, TensorType};

/// All zeros.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).kernel_initializer(Zeros::new());
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.initializers")]
pub struct Zeros;

impl InitializerFn for Zeros {
    fn call(&self, ty: &TensorType, _: &mut Generator) -> Result<Tensor> {
        Ok(Tensor::zeros(ty))
    }
}

/// All ones.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).bias_initializer(Ones::new());
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.initializers")]
pub struct Ones;

impl InitializerFn for Ones {
    fn call(&self, ty: &TensorType, _: &mut Generator) -> Result<Tensor> {
        Ok(Tensor::full(ty, 1.0))
    }
}

/// The same number everywhere.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).bias_initializer(Constant::new().value(0.1));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.initializers")]
pub struct Constant {
    /// The number; 0 by default.
    #[config(default = 0.0)]
    value: f64,
}

impl InitializerFn for Constant {
    fn call(&self, ty: &TensorType, _: &mut Generator) -> Result<Tensor> {
        Ok(Tensor::full(ty, self.value))
    }
}

/// `gain` on the diagonal, zeros beside it; for weights of rank 2.
///
/// - **Errors** where the weight has another rank.
///
/// ```
/// use ferras::{initializers::Identity, layers::Dense};
/// let layer = Dense::new(4).kernel_initializer(Identity::new().gain(0.5));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.initializers")]
pub struct Identity {
    /// What stands on the diagonal; 1 by default.
    #[config(default = 1.0)]
    gain: f64,
}

impl InitializerFn for Identity {
    fn call(&self, ty: &TensorType, _: &mut Generator) -> Result<Tensor> {
        let &[rows, columns] = &ty.shape[..] else {
            return Err(Error::argument(
                "initializer",
                format!("\"Identity\" fits weights of rank 2, got a weight of shape {}", ty.shape),
            ));
        };
        let place = |i: usize| if i / columns == i % columns { self.gain } else { 0.0 };
        let data: Vec<f64> = (0..rows * columns).map(place).collect();
        Ok(Tensor::new(ty.shape.clone(), data)?.cast(ty.dtype))
    }
}
