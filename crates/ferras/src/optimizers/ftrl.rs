//! `Ftrl`: follow the regularized leader.
use super::common::{optimizer, positive};
use super::{Common, Initial, LearningRate, OptimizerFn, Update};
use crate::{Error, Result};
use ferras_derive::Config;
use ferras_graph::Value;

optimizer! {
    /// Follow the regularized leader, which makes weights exactly 0 that do not pay: McMahan et al.
    /// 2013. With the power p = −`learning_rate_power`, n' = n + g² and
    /// l ← l + g + 2·s·w − (n'ᵖ − nᵖ) / η · w, the weight is (clip(l, ±λ₁) − l) / (n'ᵖ / η + 2·λ₂ + β / η).
    ///
    /// - **Source** Keras 3, `keras.optimizers.Ftrl`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// use ferras::optimizers::Ftrl;
    /// let ftrl = Ftrl::new().l1_regularization_strength(0.01);
    /// assert_eq!(ftrl.get_config()["initial_accumulator_value"], 0.1);
    /// ```
    Ftrl "ftrl", learning_rate = 0.001, weight_decay = None, {
        /// How the rate falls with the sum of squares, at most 0; −0.5, its root, by default.
        #[config(default = -0.5)]
        learning_rate_power: f64,
        /// What the sum of squares n begins with; 0.1 by default.
        #[config(default = 0.1)]
        initial_accumulator_value: f64,
        /// The factor λ₁ of the sum of sizes; none by default.
        #[config(default = 0.0)]
        l1_regularization_strength: f64,
        /// The factor λ₂ of the sum of squares; none by default.
        #[config(default = 0.0)]
        l2_regularization_strength: f64,
        /// The factor s of the penalty on the present weight; none by default.
        #[config(default = 0.0)]
        l2_shrinkage_regularization_strength: f64,
        /// The term β of the rate, which keeps early steps small; none by default.
        #[config(default = 0.0)]
        beta: f64,
    }

    fn slots(&self) -> Vec<&'static [&'static str]> {
        vec![&["accumulator", "linear"]]
    }
    fn initial_slot(&self, name: &str) -> Initial {
        match name {
            "accumulator" => Initial::Number(self.initial_accumulator_value),
            _ => Initial::Number(0.0),
        }
    }
    fn update(&self, cx: &Update, w: &Value, g: &Value, slots: &[Value]) -> (Value, Vec<Value>) {
        let rate = &cx.learning_rate;
        let power = |n: &Value| match self.learning_rate_power {
            -0.5 => n.sqrt(),
            p => n.pow(-p),
        };
        let (sum, linear) = (&slots[0] + g * g, &slots[1]);
        let shrunk = g + w * (2.0 * self.l2_shrinkage_regularization_strength);
        let linear = linear + (shrunk - (power(&sum) - power(&slots[0])) / rate * w);
        let l2 = self.beta / (rate * 2.0) + self.l2_regularization_strength;
        let quadratic = power(&sum) / rate + l2 * 2.0;
        let l1 = self.l1_regularization_strength;
        ((linear.clip(-l1, l1) - &linear) / quadratic, vec![sum, linear])
    }
    fn check(&self) -> Result<()> {
        if !(self.learning_rate_power <= 0.0 && self.learning_rate_power.is_finite()) {
            let problem = format!("must be at most 0, got {}", self.learning_rate_power);
            return Err(Error::argument("learning_rate_power", problem));
        }
        positive("initial_accumulator_value", self.initial_accumulator_value)?;
        positive("l1_regularization_strength", self.l1_regularization_strength)?;
        positive("l2_regularization_strength", self.l2_regularization_strength)?;
        let shrinkage = self.l2_shrinkage_regularization_strength;
        positive("l2_shrinkage_regularization_strength", shrinkage)?;
        self.common().check()
    }
}
