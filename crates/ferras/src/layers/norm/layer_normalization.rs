//! `LayerNormalization`: each sample with mean 0 and variance 1 over its features.
use super::{sizes_along, widen};
use crate::config::Axes;
use crate::layers::{prelude::*, weights::WeightRule};

/// γ · (x − mean) / √(variance + ε) + β, with mean and variance over `axis` for each sample; with
/// `rms_scaling` γ · x / √(variance + ε).
///
/// - **Input, output** any shape of rank ≥ 2.
/// - **Weights** `gamma` if `scale` or `rms_scaling`, `beta` if `center` and not `rms_scaling`; each of
///   the axes' sizes.
/// - **Errors** at build: no such axis, its size unknown.
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
    /// Whether the mean stays in and β out, as in older files of Keras; false by default. It divides
    /// by the deviation: [`RMSNormalization`](super::RMSNormalization) does by the root mean square.
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

impl LayerNormalization {
    fn is_scaled(&self) -> bool {
        self.scale || self.rms_scaling
    }

    fn is_centered(&self) -> bool {
        self.center && !self.rms_scaling
    }
}

impl Layer for LayerNormalization {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let input = cx.input()?.min_rank(2)?;
        let sizes = sizes_along(&self.axis, input)?;
        if self.is_scaled() {
            WeightRule(&self.gamma_initializer, &self.gamma_regularizer, &self.gamma_constraint)
                .add(cx, "gamma", &sizes[..])
                .uncast();
        }
        if self.is_centered() {
            WeightRule(&self.beta_initializer, &self.beta_regularizer, &self.beta_constraint)
                .add(cx, "beta", &sizes[..])
                .uncast();
        }
        Ok(())
    }

    fn autocast(&self) -> bool {
        false
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
        let centered = if self.rms_scaling { x } else { &x - mean };
        let mut y = centered * (variance + self.epsilon).rsqrt();
        if self.is_scaled() {
            y = y * along(&cx.weight("gamma"));
        }
        if self.is_centered() {
            y = y + along(&cx.weight("beta"));
        }
        y.cast(cx.compute_dtype())
    }

    fn supports_masking(&self) -> bool {
        true
    }
}
