//! `GroupNormalization`: groups of channels with mean 0 and variance 1 in each sample.
use super::widen;
use crate::layers::{prelude::*, weights::WeightRule};

/// γ · (x − mean) / √(variance + ε) + β, with mean and variance of each sample over a group of
/// neighbouring channels and all other axes.
///
/// - **Input, output** any shape of rank ≥ 2.
/// - **Weights** `gamma` if `scale`, `beta` if `center`; each of the axis' size.
/// - **Errors** at build: no such axis, its size unknown, groups that do not divide it.
/// - **Source** Keras 3 `layers.GroupNormalization`; Wu & He 2018. Statistics are computed in float32
///   at least.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([8, 8, 16]);
/// let model = Model::new(&x, &GroupNormalization::new().groups(4).apply(&x))?;
/// assert_eq!(model.count_params(), 2 * 16);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct GroupNormalization {
    /// Number of groups; 32 by default. −1 makes each channel a group: instance normalization.
    #[config(default = 32)]
    groups: isize,
    /// The axis of the channels; the last by default.
    #[config(default = -1)]
    axis: isize,
    /// What keeps the division finite; 0.001 by default.
    #[config(default = 0.001)]
    epsilon: f64,
    /// Whether β is added; true by default.
    #[config(default = true)]
    center: bool,
    /// Whether γ is multiplied; true by default.
    #[config(default = true)]
    scale: bool,
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

impl GroupNormalization {
    /// The number of groups of so many channels.
    fn count(&self, channels: usize) -> usize {
        if self.groups == -1 { channels } else { self.groups.unsigned_abs() }
    }
}

impl Layer for GroupNormalization {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let input = cx.input()?.min_rank(2)?;
        let rank = input.shape().len() as isize;
        if self.axis == 0 || self.axis == -rank {
            return Err(cx.error("axis 0 is the batch; name the axis of the channels"));
        }
        let channels = input.known(self.axis)?;
        let groups = self.count(channels);
        if self.groups < -1 || groups == 0 || !channels.is_multiple_of(groups) {
            return Err(cx.error(format!(
                "groups must divide the {channels} channels of its input, or be -1, got {}",
                self.groups
            )));
        }
        if self.scale {
            WeightRule(&self.gamma_initializer, &self.gamma_regularizer, &self.gamma_constraint)
                .add(cx, "gamma", [channels])
                .uncast();
        }
        if self.center {
            WeightRule(&self.beta_initializer, &self.beta_regularizer, &self.beta_constraint)
                .add(cx, "beta", [channels])
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
        let Some(axis) = x.shape().axis(self.axis) else {
            return input.error("group_normalization", format!("there is no axis {}", self.axis));
        };
        let (channels, mut apart) = (x.dim(self.axis), x.shape().to_vec());
        let groups = self.count(channels);
        // The channels as (groups, channels of a group).
        apart.splice(axis..=axis, [groups, channels / groups.max(1)]);
        let x = x.reshape(apart);
        let others: Vec<isize> =
            (1..x.rank()).filter(|&a| a != axis).map(|a| a as isize).collect();
        let (mean, variance) = x.moments(&others, true);
        let y = (&x - mean) * (variance + self.epsilon).rsqrt();
        let mut y = y.reshape(input.shape());
        let mut places = vec![1; y.rank()];
        places[axis] = channels;
        let along = |v: &Value| widen(v).reshape(places.clone());
        if self.scale {
            y = y * along(&cx.weight("gamma"));
        }
        if self.center {
            y = y + along(&cx.weight("beta"));
        }
        y.cast(cx.compute_dtype())
    }

    fn supports_masking(&self) -> bool {
        true
    }
}
