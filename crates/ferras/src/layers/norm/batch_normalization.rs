//! `BatchNormalization`: each channel with mean 0 and variance 1 over the batch.
use super::renorm::{Correction, Renorm, RenormClipping};
use super::widen;
use crate::layers::{prelude::*, weights::WeightRule};

/// γ · (x − mean) / √(variance + ε) + β for each place of `axis`.
///
/// In training mean and variance are those of the batch, over all other axes, and the moving ones
/// follow: `moving = momentum · moving + (1 − momentum) · batch`, with the population variance. In
/// inference, and where the layer is not trainable, they are the moving ones.
///
/// With `renorm` the normalized values of a training step are put through x · r + d before γ and β, with
/// r = deviation / renorm_stddev and d = (mean − renorm_mean) / renorm_stddev: what training sees is
/// then near to what inference sees, for small batches too.
///
/// - **Input, output** any shape of rank ≥ 2.
/// - **Weights** `gamma` if `scale`, `beta` if `center`, `moving_mean`, `moving_variance`, and
///   `moving_stddev`, `renorm_mean`, `renorm_stddev` if `renorm`, each of the axis' size; all but
///   `gamma` and `beta` are not trained.
/// - **Mask** `(batch, …)`, all axes but the last: places that do not count are left out of the
///   batch's statistics.
/// - **Errors** at build: no such axis, its size unknown, bounds of `renorm_clipping` that exclude each
///   other.
/// - **Source** Keras 3 `layers.BatchNormalization`; Ioffe & Szegedy 2015, Ioffe 2017. Statistics
///   are computed in float32 at least.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([8, 8, 16]);
/// let model = Model::new(&x, &BatchNormalization::new().apply(&x))?;
/// assert_eq!(model.count_params(), 4 * 16);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct BatchNormalization {
    /// The axis that keeps its places apart; the last by default.
    #[config(default = -1)]
    axis: isize,
    /// How much of the moving statistics stays at each step; 0.99 by default.
    #[config(default = 0.99)]
    momentum: f64,
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
    /// Initial moving mean; zeros by default.
    #[config(default = "zeros")]
    moving_mean_initializer: Initializer,
    /// Initial moving variance; ones by default.
    #[config(default = "ones")]
    moving_variance_initializer: Initializer,
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
    /// Whether batches are renormalized; false by default.
    #[config(default = false, omit_default)]
    renorm: bool,
    /// Bounds of the correction by renormalization; none by default.
    #[config(default, omit_default)]
    renorm_clipping: Option<RenormClipping>,
    /// How much of the statistics that renormalization compares with stays at each step; 0.99 by
    /// default.
    #[config(default = 0.99, omit_default)]
    renorm_momentum: f64,
    /// Whether statistics are those of all devices' batches; they always are.
    #[config(default = false)]
    synchronized: bool,
}

impl BatchNormalization {
    fn renormalization(&self) -> Option<Renorm<'_>> {
        self.renorm.then_some(Renorm {
            clipping: self.renorm_clipping.as_ref(),
            renorm_momentum: self.renorm_momentum,
            momentum: self.momentum,
            epsilon: self.epsilon,
        })
    }

    /// The statistics for this call, each of the axis' size, and how to correct what they give.
    fn statistics(
        &self,
        cx: &mut Call,
        x: &Value,
        axis: usize,
    ) -> (Value, Value, Option<Correction>) {
        let moving = ["moving_mean", "moving_variance"].map(|name| cx.weight(name));
        if !(cx.training() && cx.trainable()) {
            let [mean, variance] = moving;
            return (mean, variance, None);
        }
        let others: Vec<isize> =
            (0..x.rank()).filter(|&a| a != axis).map(|a| a as isize).collect();
        let (mean, variance) = match cx.mask() {
            Some(mask) => masked_moments(x, &mask, &others),
            None => x.moments(&others, false),
        };
        if let Some(renorm) = self.renormalization() {
            let correction = renorm.correct(cx, &mean, &variance);
            return (mean, variance, Some(correction));
        }
        for (name, old, new) in
            [("moving_mean", &moving[0], &mean), ("moving_variance", &moving[1], &variance)]
        {
            let next = widen(old) * self.momentum + new * (1.0 - self.momentum);
            cx.update(name, next);
        }
        (mean, variance, None)
    }
}

impl Layer for BatchNormalization {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let input = cx.input()?.min_rank(2)?;
        let rank = input.shape().len() as isize;
        if self.axis == 0 || self.axis == -rank {
            return Err(cx.error("axis 0 is the batch; name the axis of the channels"));
        }
        let size = input.known(self.axis)?;
        if self.scale {
            WeightRule(&self.gamma_initializer, &self.gamma_regularizer, &self.gamma_constraint)
                .add(cx, "gamma", [size])
                .uncast();
        }
        if self.center {
            WeightRule(&self.beta_initializer, &self.beta_regularizer, &self.beta_constraint)
                .add(cx, "beta", [size])
                .uncast();
        }
        cx.weight("moving_mean", [size]).initializer(&self.moving_mean_initializer).frozen().uncast();
        cx.weight("moving_variance", [size])
            .initializer(&self.moving_variance_initializer)
            .frozen()
            .uncast();
        match self.renormalization() {
            Some(renorm) => renorm.build(
                cx,
                size,
                &self.moving_mean_initializer,
                &self.moving_variance_initializer,
            ),
            None => Ok(()),
        }
    }

    fn call(&self, cx: &mut Call) -> Value {
        let input = cx.input();
        let x = widen(&input);
        let Some(axis) = x.shape().axis(self.axis) else {
            return input.error("batch_normalization", format!("there is no axis {}", self.axis));
        };
        let (mean, variance, correction) = self.statistics(cx, &x, axis);
        let mut places = vec![1; x.rank()];
        places[axis] = x.dim(self.axis);
        let along = |v: &Value| widen(v).reshape(places.clone());
        let mut factor = (widen(&variance) + self.epsilon).rsqrt();
        let mut shift = None;
        if let Some(Correction { factor: r, shift: d }) = correction {
            (factor, shift) = (factor * r, Some(d));
        }
        if self.scale {
            let gamma = widen(&cx.weight("gamma"));
            (factor, shift) = (factor * &gamma, shift.map(|d| d * gamma));
        }
        if self.center {
            let beta = widen(&cx.weight("beta"));
            shift = Some(shift.map_or_else(|| beta.clone(), |d| d + &beta));
        }
        // The mean goes first: it may be far larger than the deviation.
        let y = (&x - along(&mean)) * along(&factor);
        let y = shift.map_or_else(|| y.clone(), |shift| &y + along(&shift));
        y.cast(cx.compute_dtype())
    }

    fn signature(&self) -> Signature {
        Signature::WITH_MASK
    }

    fn supports_masking(&self) -> bool {
        true
    }
}

/// Mean and variance of the places that count: `mask` has all axes of `x` but the last.
fn masked_moments(x: &Value, mask: &Value, axes: &[isize]) -> (Value, Value) {
    let mask = mask.expand_dims(-1).broadcast_to(x.shape());
    let count = mask.cast(x.dtype()).sum(axes, true) + crate::config::epsilon();
    let mean = mask.select(x, 0.0).sum(axes, true) / &count;
    let squares = mask.select(&(x - &mean), 0.0).square();
    let variance = squares.sum(axes, true) / count;
    let flat = |v: Value| v.reshape([v.shape().elements()]);
    (flat(mean), flat(variance))
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn each_use_of_a_shared_one_updates_the_statistics() {
        let norm = BatchNormalization::new().momentum(0.5).name("norm").layer();
        let (a, b) = (Input::new([1]), Input::new([1]));
        let sum = Add::new().apply([&norm.apply(&a), &norm.apply(&b)]);
        let mut model = Model::new([&a, &b], &sum).unwrap();
        model.compile(Compile::new().optimizer("sgd").loss("mse")).unwrap();
        let column = |values: [f32; 2]| Tensor::new([2, 1], values.to_vec()).unwrap();
        // Means 4 and 8, variances 1 and 9.
        let (x, y) = ([&column([3.0, 5.0]), &column([5.0, 11.0])], column([0.0, 0.0]));
        model.train_on_batch(x, &y).unwrap();
        let weights = model.get_weights().unwrap();
        // mean: 0 → 2 → 5; variance: 1 → 1 → 5.
        assert_eq!(weights[2].to_f64_vec(), [5.0]);
        assert_eq!(weights[3].to_f64_vec(), [5.0]);
    }
}
