//! Activations with arguments: in Keras layers, here functions that are layers too.
use super::ActivationFn;
use crate::config::Axes;
use ferras_derive::Config;
use ferras_graph::Value;

/// x above `threshold`, at most `max_value`; `negative_slope · (x − threshold)` below.
///
/// - **Source** Keras 3 `layers.ReLU`.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).activation(ReLU::new().max_value(6.0));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct ReLU {
    /// The largest output; none by default.
    #[config(default)]
    max_value: Option<f64>,
    /// Slope below the threshold; 0 by default.
    #[config(default = 0.0)]
    negative_slope: f64,
    /// Where the ramp begins; 0 by default.
    #[config(default = 0.0)]
    threshold: f64,
}

impl ActivationFn for ReLU {
    fn call(&self, x: &Value) -> Value {
        x.relu_with(self.negative_slope, self.max_value, self.threshold)
    }
}

/// x for x > 0, else `negative_slope` · x: Maas et al. 2013.
///
/// - **Source** Keras 3 `layers.LeakyReLU`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([4]);
/// let model = Model::new(&x, &LeakyReLU::new().negative_slope(0.1).apply(&x))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct LeakyReLU {
    /// Slope below 0; 0.3 by default.
    #[config(default = 0.3)]
    negative_slope: f64,
}

impl ActivationFn for LeakyReLU {
    fn call(&self, x: &Value) -> Value {
        x.leaky_relu(self.negative_slope)
    }
}

/// x for x > 0, else `alpha` · (eˣ − 1): Clevert et al. 2015.
///
/// - **Source** Keras 3 `layers.ELU`.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).activation(ELU::new().alpha(0.5));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct ELU {
    /// What −∞ becomes, negated; 1 by default.
    #[config(default = 1.0)]
    alpha: f64,
}

impl ActivationFn for ELU {
    fn call(&self, x: &Value) -> Value {
        x.elu(self.alpha)
    }
}

/// x for x > `theta`, else 0: Konda et al. 2014.
///
/// - **Source** Keras 2 `layers.ThresholdedReLU`, which Keras 3 reads from older files.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).activation(ThresholdedReLU::new().theta(0.5));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct ThresholdedReLU {
    /// What inputs must exceed, at least 0; 1 by default.
    #[config(default = 1.0)]
    theta: f64,
}

impl ThresholdedReLU {
    /// What inputs must exceed.
    pub(crate) fn threshold(&self) -> f64 {
        self.theta
    }
}

impl ActivationFn for ThresholdedReLU {
    fn call(&self, x: &Value) -> Value {
        x.threshold(self.theta, 0.0)
    }
}

/// eˣ / Σ eˣ over one axis or several.
///
/// - **Source** Keras 3 `layers.Softmax`.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Softmax::new().axis([1, 2]);
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Softmax {
    /// The axes that sum to 1; the last by default.
    #[config(default = -1)]
    axis: Axes,
}

impl Softmax {
    /// The axes that sum to 1.
    pub(crate) fn axes(&self) -> &Axes {
        &self.axis
    }
}

impl ActivationFn for Softmax {
    fn call(&self, x: &Value) -> Value {
        x.softmax(self.axis.as_slice())
    }
}
