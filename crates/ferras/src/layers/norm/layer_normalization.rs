//! `LayerNormalization`: each sample with mean 0 and variance 1 over its features.
use super::{narrow, widen};
use crate::config::Axes;
use crate::layers::{prelude::*, weights::WeightRule};

/// γ · (x − mean) / √(variance + ε) + β, with mean and variance over `axis` for each sample.
///
/// - **Input, output** any shape of rank ≥ 2.
/// - **Weights** `gamma` if `scale`, `beta` if `center`; each of the axes' sizes.
/// - **Errors** at build: no such axis, its size unknown, `rms_scaling`.
/// - **Source** Keras 3 `layers.LayerNormalization`; Ba et al. 2016. Statistics are computed in
///   float32 at least.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([10, 16]);
/// let model = Model::new(&x, &LayerNormalization::new().apply(&x))?;
/// assert_eq!(model.count_params(), 2 * 16);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct LayerNormalization {
    /// The axes to normalize over; the last by default.
    #[config(default = -1)]
    axis: Axes,
    /// What keeps the division finite; 0.001 by default.
    #[config(default = 0.001)]
    epsilon: f64,
    /// Whether β is added; true by default.
    #[config(default = true)]
    center: bool,
    /// Whether γ is multiplied; true by default.
    #[config(default = true)]
    scale: bool,
    /// Keras' older form of `RMSNormalization`; must be false.
    #[config(default = false)]
    rms_scaling: bool,
    /// Initial β; zeros by default.
    #[config(default = "zeros")]
    beta_initializer: Initializer,
    /// Initial γ; ones by default.
    #[config(default = "ones")]
    gamma_initializer: Initializer,
    /// Penalty on β.
    #[config(default)]
    beta_regularizer: Option<Regularizer>,
    /// Penalty on γ.
    #[config(default)]
    gamma_regularizer: Option<Regularizer>,
    /// Projection of β after each update.
    #[config(default)]
    beta_constraint: Option<Constraint>,
    /// Projection of γ after each update.
    #[config(default)]
    gamma_constraint: Option<Constraint>,
}

impl Layer for LayerNormalization {
    fn build(&self, cx: &mut Build) -> Result<()> {
        if self.rms_scaling {
            return Err(cx.error("rms_scaling is not there yet; leave it false"));
        }
        let input = cx.input()?.min_rank(2)?;
        let axes = self.axis.resolve(input.shape().len())?;
        let sizes = axes.iter().map(|&a| input.known(a as isize)).collect::<Result<Vec<_>>>()?;
        if self.scale {
            WeightRule(&self.gamma_initializer, &self.gamma_regularizer, &self.gamma_constraint)
                .add(cx, "gamma", &sizes[..]);
        }
        if self.center {
            WeightRule(&self.beta_initializer, &self.beta_regularizer, &self.beta_constraint)
                .add(cx, "beta", &sizes[..]);
        }
        Ok(())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let input = cx.input();
        let x = widen(&input);
        let axes = match self.axis.resolve(x.rank()) {
            Ok(axes) => axes,
            Err(e) => return input.error("layer_normalization", e.to_string()),
        };
        let mut places = vec![1; x.rank()];
        axes.iter().for_each(|&a| places[a] = x.dim(a as isize));
        let along = |v: &Value| widen(v).reshape(places.clone());
        let (mean, variance) = x.moments(self.axis.as_slice(), true);
        let mut y = (&x - mean) * (variance + self.epsilon).rsqrt();
        if self.scale {
            y = y * along(&cx.weight("gamma"));
        }
        if self.center {
            y = y + along(&cx.weight("beta"));
        }
        narrow(&y, &input)
    }

    fn supports_masking(&self) -> bool {
        true
    }
}
