//! `ScheduleFreeAdamW`: an average of the weights in place of a schedule of the learning rate.
use super::common::{fraction, optimizer, positive};
use super::{Common, Initial, LearningRate, OptimizerFn, Update};
use crate::{Error, Result};
use ferras_derive::Config;
use ferras_graph::Value;

optimizer! {
    /// AdamW without a schedule: gradients are taken between the fast weights z and their average x,
    /// at y = (1 − β₁)·z + β₁·x, which is what the model has. z ← z − η·g / (√v̂ + ε), then
    /// x ← (1 − 1/t)·x + z/t: Defazio et al. 2024.
    ///
    /// - **Source** Keras 3, `keras.optimizers.ScheduleFreeAdamW`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// use ferras::optimizers::ScheduleFreeAdamW;
    /// assert_eq!(ScheduleFreeAdamW::new().get_config()["warmup_steps"], 0);
    /// ```
    ScheduleFreeAdamW "schedule_free_adam_w", learning_rate = 0.0025, weight_decay = None, {
        /// Share of the average in what gradients are taken at, above 0; 0.9 by default.
        #[config(default = 0.9)]
        beta_1: f64,
        /// How much of the mean square stays at each step; 0.999 by default.
        #[config(default = 0.999)]
        beta_2: f64,
        /// Added to the root, against division by 0; 1e-8 by default.
        #[config(default = 1e-8)]
        epsilon: f64,
        /// Over how many steps the rate rises from 0; none by default.
        #[config(default = 0)]
        warmup_steps: usize,
    }

    fn slots(&self) -> Vec<&'static [&'static str]> {
        vec![&["momentum", "velocity"]]
    }
    fn initial_slot(&self, name: &str) -> Initial {
        // The fast weights begin where the model's are.
        if name == "momentum" { Initial::Weight } else { Initial::Number(0.0) }
    }
    fn shared(&self, cx: &Update, _: &[Value]) -> (Vec<Value>, Vec<Value>) {
        let mut rate = cx.learning_rate.clone();
        if self.warmup_steps > 0 {
            rate = rate * (&cx.step / self.warmup_steps as f64).minimum(1.0);
        }
        (vec![rate, 1.0 - cx.to_the_step(self.beta_2), 1.0 / &cx.step], Vec::new())
    }
    fn update(&self, cx: &Update, w: &Value, g: &Value, slots: &[Value]) -> (Value, Vec<Value>) {
        let [rate, correction, share] = [&cx.shared[0], &cx.shared[1], &cx.shared[2]];
        // Keras rounds β to the weight's type before it is taken from 1.
        let rest = |beta: f64| 1.0 - cx.number(beta);
        let (z, beta_1) = (&slots[0], cx.number(self.beta_1));
        let v = &slots[1] + (g * g - &slots[1]) * rest(self.beta_2);
        let average = (w - z * rest(self.beta_1)) / &beta_1;
        let z = z - g * rate / ((&v / correction).sqrt() + self.epsilon);
        let average = average * (1.0 - share) + &z * share;
        (&z * rest(self.beta_1) + average * beta_1, vec![z, v])
    }
    fn check(&self) -> Result<()> {
        fraction("beta_1", self.beta_1)?;
        if self.beta_1 == 0.0 {
            return Err(Error::argument("beta_1", "must be above 0, got 0"));
        }
        fraction("beta_2", self.beta_2)?;
        positive("epsilon", self.epsilon)?;
        self.common().check()
    }
}
