//! Optimizers that divide by the size of past gradients.
use super::common::{fraction, optimizer, positive};
use super::{Common, Initial, LearningRate, OptimizerFn, Update};
use crate::Result;
use ferras_derive::Config;
use ferras_graph::Value;

optimizer! {
    /// Divides by the root of a running mean of squares: v ← ρ·v + (1 − ρ)·g², then
    /// w ← w − η·g / √(v + ε), or with momentum p ← μ·p + η·g / √(v + ε) and w ← w − p. Centered,
    /// the square of the mean gradient is taken from v.
    ///
    /// - **Source** Keras 3, `keras.optimizers.RMSprop`; Hinton 2012.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// use ferras::optimizers::RMSprop;
    /// assert_eq!(RMSprop::new().momentum(0.5).get_config()["rho"], 0.9);
    /// ```
    RMSprop "rm_sprop", learning_rate = 0.001, weight_decay = None, {
        /// How much of the mean square stays at each step; 0.9 by default.
        #[config(default = 0.9)]
        rho: f64,
        /// How much of the last step is kept; none by default.
        #[config(default = 0.0)]
        momentum: f64,
        /// Added under the root, against division by 0; 1e-7 by default.
        #[config(default = 1e-7)]
        epsilon: f64,
        /// Whether the variance of the gradient counts instead of its mean square.
        #[config(default = false)]
        centered: bool,
    }

    fn slots(&self) -> Vec<&'static [&'static str]> {
        let mut groups: Vec<&[&str]> = vec![&["velocity"]];
        if self.momentum > 0.0 {
            groups.push(&["momentum"]);
        }
        if self.centered {
            groups.push(&["average_gradient"]);
        }
        groups
    }
    fn update(&self, cx: &Update, w: &Value, g: &Value, slots: &[Value]) -> (Value, Vec<Value>) {
        let running = |old: &Value, new: &Value| old * self.rho + new * (1.0 - self.rho);
        let velocity = running(&slots[0], &(g * g));
        let mut kept = vec![velocity.clone()];
        let average = self.centered.then(|| running(&slots[slots.len() - 1], g));
        let spread = match &average {
            Some(a) => velocity - a * a,
            None => velocity,
        };
        let mut step = g * &cx.learning_rate / (spread + self.epsilon).sqrt();
        if self.momentum > 0.0 {
            step = &slots[1] * self.momentum + step;
            kept.push(step.clone());
        }
        kept.extend(average);
        (w - step, kept)
    }
    fn check(&self) -> Result<()> {
        fraction("rho", self.rho)?;
        fraction("momentum", self.momentum)?;
        positive("epsilon", self.epsilon)?;
        self.common().check()
    }
}

optimizer! {
    /// Divides by the root of the sum of all squares: a ← a + g², then w ← w − η·g / √(a + ε):
    /// Duchi et al. 2011.
    ///
    /// - **Source** Keras 3, `keras.optimizers.Adagrad`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// use ferras::optimizers::Adagrad;
    /// assert_eq!(Adagrad::new().get_config()["initial_accumulator_value"], 0.1);
    /// ```
    Adagrad "adagrad", learning_rate = 0.001, weight_decay = None, {
        /// What the sum of squares begins with; 0.1 by default.
        #[config(default = 0.1)]
        initial_accumulator_value: f64,
        /// Added under the root, against division by 0; 1e-7 by default.
        #[config(default = 1e-7)]
        epsilon: f64,
    }

    fn slots(&self) -> Vec<&'static [&'static str]> {
        vec![&["accumulator"]]
    }
    fn initial_slot(&self, _: &str) -> Initial {
        Initial::Number(self.initial_accumulator_value)
    }
    fn update(&self, cx: &Update, w: &Value, g: &Value, slots: &[Value]) -> (Value, Vec<Value>) {
        let sum = &slots[0] + g * g;
        (w - g * &cx.learning_rate / (&sum + self.epsilon).sqrt(), vec![sum])
    }
    fn check(&self) -> Result<()> {
        positive("initial_accumulator_value", self.initial_accumulator_value)?;
        positive("epsilon", self.epsilon)?;
        self.common().check()
    }
}

optimizer! {
    /// Steps of the size of past steps: s ← ρ·s + (1 − ρ)·g², Δ = −g·√(d + ε) / √(s + ε),
    /// d ← ρ·d + (1 − ρ)·Δ², w ← w + η·Δ: Zeiler 2012.
    ///
    /// - **Source** Keras 3, `keras.optimizers.Adadelta`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// use ferras::optimizers::Adadelta;
    /// assert_eq!(Adadelta::new().get_config()["rho"], 0.95);
    /// ```
    Adadelta "adadelta", learning_rate = 0.001, weight_decay = None, {
        /// How much of the mean squares stays at each step; 0.95 by default.
        #[config(default = 0.95)]
        rho: f64,
        /// Added under the roots, against division by 0; 1e-7 by default.
        #[config(default = 1e-7)]
        epsilon: f64,
    }

    fn slots(&self) -> Vec<&'static [&'static str]> {
        vec![&["accumulated_grad", "accumulated_delta_var"]]
    }
    fn update(&self, cx: &Update, w: &Value, g: &Value, slots: &[Value]) -> (Value, Vec<Value>) {
        let running = |old: &Value, new: &Value| old * self.rho + new * new * (1.0 - self.rho);
        let root = |x: &Value| (x + self.epsilon).sqrt();
        let squares = running(&slots[0], g);
        let step = -(root(&slots[1]) * g / root(&squares));
        let steps = running(&slots[1], &step);
        (w + step * &cx.learning_rate, vec![squares, steps])
    }
    fn check(&self) -> Result<()> {
        fraction("rho", self.rho)?;
        positive("epsilon", self.epsilon)?;
        self.common().check()
    }
}
