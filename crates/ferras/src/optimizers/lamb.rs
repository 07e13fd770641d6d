//! `Lamb`: Adam's step, in each weight of the size of the weight itself.
use super::common::{fraction, optimizer, positive};
use super::{Common, LearningRate, OptimizerFn, Update};
use crate::Result;
use ferras_derive::Config;
use ferras_graph::Value;

optimizer! {
    /// Adam's step u = m̂ / (√v̂ + ε), scaled to the weight: w ← w − η·(‖w‖ / ‖u‖)·u, for large
    /// batches: You et al. 2019. Where a norm is 0 the scale is 1.
    ///
    /// - **Source** Keras 3, `keras.optimizers.Lamb`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// use ferras::optimizers::Lamb;
    /// assert_eq!(Lamb::new().get_config()["beta_2"], 0.999);
    /// ```
    Lamb "lamb", learning_rate = 0.001, weight_decay = None, {
        /// How much of the mean gradient stays at each step, from 0 to 1; 0.9 by default.
        #[config(default = 0.9)]
        beta_1: f64,
        /// How much of the mean square stays at each step; 0.999 by default.
        #[config(default = 0.999)]
        beta_2: f64,
        /// Added to the root, against division by 0; 1e-7 by default.
        #[config(default = 1e-7)]
        epsilon: f64,
    }

    fn slots(&self) -> Vec<&'static [&'static str]> {
        vec![&["momentum", "velocity"]]
    }
    fn shared(&self, cx: &Update, _: &[Value]) -> (Vec<Value>, Vec<Value>) {
        let corrections = [self.beta_1, self.beta_2].map(|beta| 1.0 - cx.to_the_step(beta));
        (corrections.to_vec(), Vec::new())
    }
    fn update(&self, cx: &Update, w: &Value, g: &Value, slots: &[Value]) -> (Value, Vec<Value>) {
        let m = &slots[0] + (g - &slots[0]) * (1.0 - self.beta_1);
        let v = &slots[1] + (g * g - &slots[1]) * (1.0 - self.beta_2);
        let step = &m / &cx.shared[0] / ((&v / &cx.shared[1]).sqrt() + self.epsilon);
        let (own, size) = (w.norm(&[], false), step.norm(&[], false));
        let both = own.greater(0.0).and(size.greater(0.0));
        // A harmless divisor where the quotient does not count.
        let quotient = own / both.select(&size, 1.0);
        let scale = both.select(&quotient, 1.0);
        (w - scale * &cx.learning_rate * step, vec![m, v])
    }
    fn check(&self) -> Result<()> {
        fraction("beta_1", self.beta_1)?;
        fraction("beta_2", self.beta_2)?;
        positive("epsilon", self.epsilon)?;
        self.common().check()
    }
}
