//! Gradient descent, and the optimizers with momentum of the gradient.
use super::common::{fraction, optimizer, positive};
use super::{Common, LearningRate, OptimizerFn, Update};
use crate::{Error, Result};
use ferras_derive::Config;
use ferras_graph::Value;

optimizer! {
    /// Gradient descent, with momentum μ: v ← μ·v − η·g, then w ← w + v, or with Nesterov's
    /// look-ahead w ← w + μ·v − η·g. Without momentum w ← w − η·g.
    ///
    /// - **Source** Keras 3, `keras.optimizers.SGD`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// use ferras::optimizers::SGD;
    /// let sgd = SGD::new().learning_rate(0.1).momentum(0.9).nesterov(true).clipnorm(1.0);
    /// assert_eq!(sgd.get_config()["momentum"], 0.9);
    /// ```
    SGD "sgd", learning_rate = 0.01, weight_decay = None, {
        /// How much of the last step is kept, from 0 to 1; none by default.
        #[config(default = 0.0)]
        momentum: f64,
        /// Whether to look ahead along the momentum.
        #[config(default = false)]
        nesterov: bool,
    }

    fn slots(&self) -> Vec<&'static [&'static str]> {
        if self.momentum == 0.0 { Vec::new() } else { vec![&["momentum"]] }
    }
    fn update(&self, cx: &Update, w: &Value, g: &Value, slots: &[Value]) -> (Value, Vec<Value>) {
        let step = g * &cx.learning_rate;
        let [velocity] = slots else { return (w - step, Vec::new()) };
        let velocity = velocity * self.momentum - &step;
        let ahead = match self.nesterov {
            true => &velocity * self.momentum - step,
            false => velocity.clone(),
        };
        (w + ahead, vec![velocity])
    }
    fn check(&self) -> Result<()> {
        fraction("momentum", self.momentum)?;
        self.common().check()
    }
}

/// What Adam and AdamW do alike.
struct AdamRule {
    beta_1: f64,
    beta_2: f64,
    epsilon: f64,
}

impl AdamRule {
    fn slots(amsgrad: bool) -> Vec<&'static [&'static str]> {
        let mut groups: Vec<&[&str]> = vec![&["momentum", "velocity"]];
        if amsgrad {
            groups.push(&["velocity_hat"]);
        }
        groups
    }

    fn check(&self) -> Result<()> {
        fraction("beta_1", self.beta_1)?;
        fraction("beta_2", self.beta_2)?;
        positive("epsilon", self.epsilon)
    }

    /// α = η·√(1 − β₂ᵗ) / (1 − β₁ᵗ): both corrections of bias.
    fn alpha(&self, cx: &Update) -> Value {
        let correction = (1.0 - cx.to_the_step(self.beta_2)).sqrt();
        &cx.learning_rate * correction / (1.0 - cx.to_the_step(self.beta_1))
    }

    fn update(&self, cx: &Update, w: &Value, g: &Value, slots: &[Value]) -> (Value, Vec<Value>) {
        let m = &slots[0] + (g - &slots[0]) * (1.0 - self.beta_1);
        let v = &slots[1] + (g * g - &slots[1]) * (1.0 - self.beta_2);
        let largest = slots.get(2).map(|hat| hat.maximum(&v));
        let scale = largest.as_ref().unwrap_or(&v).sqrt() + self.epsilon;
        let w = w - &m * &cx.shared[0] / scale;
        (w, [m, v].into_iter().chain(largest).collect())
    }
}

/// Declares a class of Adam's rule.
macro_rules! adam {
    ($(#[$doc:meta])* $class:ident $name:literal, weight_decay = $decay:tt, $($check:item)*) => {
        optimizer! {
            $(#[$doc])*
            $class $name, learning_rate = 0.001, weight_decay = $decay, {
                /// How much of the mean gradient stays at each step, from 0 to 1; 0.9 by default.
                #[config(default = 0.9)]
                beta_1: f64,
                /// How much of the mean square stays at each step; 0.999 by default.
                #[config(default = 0.999)]
                beta_2: f64,
                /// Added to the root, against division by 0; 1e-7 by default.
                #[config(default = 1e-7)]
                epsilon: f64,
                /// Whether the largest mean square so far counts: Reddi et al. 2018.
                #[config(default = false)]
                amsgrad: bool,
            }

            fn slots(&self) -> Vec<&'static [&'static str]> {
                AdamRule::slots(self.amsgrad)
            }
            fn shared(&self, cx: &Update, _: &[Value]) -> (Vec<Value>, Vec<Value>) {
                (vec![self.rule().alpha(cx)], Vec::new())
            }
            fn update(
                &self,
                cx: &Update,
                w: &Value,
                g: &Value,
                slots: &[Value],
            ) -> (Value, Vec<Value>) {
                self.rule().update(cx, w, g, slots)
            }
            $($check)*
        }

        impl $class {
            fn rule(&self) -> AdamRule {
                AdamRule { beta_1: self.beta_1, beta_2: self.beta_2, epsilon: self.epsilon }
            }
        }
    };
}

adam! {
    /// Adam: m and v are running means of g and g², and w ← w − α·m / (√v + ε), with the bias of
    /// both means corrected in α: Kingma & Ba 2014, the form before section 2.1.
    ///
    /// - **Source** Keras 3, `keras.optimizers.Adam`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// use ferras::optimizers::Adam;
    /// let adam = Adam::new().learning_rate(1e-4).global_clipnorm(1.0);
    /// assert_eq!(adam.get_config()["beta_2"], 0.999);
    /// ```
    Adam "adam", weight_decay = None,
    fn check(&self) -> Result<()> {
        self.rule().check()?;
        self.common().check()
    }
}

adam! {
    /// Adam with weight decay apart from the gradient: Loshchilov & Hutter 2017.
    ///
    /// - **Source** Keras 3, `keras.optimizers.AdamW`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// use ferras::optimizers::AdamW;
    /// assert_eq!(AdamW::new().get_config()["weight_decay"], 0.004);
    /// ```
    AdamW "adam_w", weight_decay = 0.004,
    fn check(&self) -> Result<()> {
        if self.weight_decay.is_none() {
            let problem = "must be a number for AdamW; use Adam to train without it";
            return Err(Error::argument("weight_decay", problem));
        }
        self.rule().check()?;
        self.common().check()
    }
}

optimizer! {
    /// Adam with the largest gradient instead of the mean square: u ← max(β₂·u, |g|), then
    /// w ← w − η·m / ((1 − β₁ᵗ)·(u + ε)): Kingma & Ba 2014, section 7.1.
    ///
    /// - **Source** Keras 3, `keras.optimizers.Adamax`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// use ferras::optimizers::Adamax;
    /// assert_eq!(Adamax::new().get_config()["name"], "adamax");
    /// ```
    Adamax "adamax", learning_rate = 0.001, weight_decay = None, {
        /// How much of the mean gradient stays at each step, from 0 to 1; 0.9 by default.
        #[config(default = 0.9)]
        beta_1: f64,
        /// How much of the largest gradient stays at each step; 0.999 by default.
        #[config(default = 0.999)]
        beta_2: f64,
        /// Added to the largest gradient, against division by 0; 1e-7 by default.
        #[config(default = 1e-7)]
        epsilon: f64,
    }

    fn slots(&self) -> Vec<&'static [&'static str]> {
        vec![&["momentum", "norm"]]
    }
    fn shared(&self, cx: &Update, _: &[Value]) -> (Vec<Value>, Vec<Value>) {
        (vec![1.0 - cx.to_the_step(self.beta_1)], Vec::new())
    }
    fn update(&self, cx: &Update, w: &Value, g: &Value, slots: &[Value]) -> (Value, Vec<Value>) {
        let m = &slots[0] + (g - &slots[0]) * (1.0 - self.beta_1);
        let u = (&slots[1] * self.beta_2).maximum(g.abs());
        let w = w - &m * &cx.learning_rate / ((&u + self.epsilon) * &cx.shared[0]);
        (w, vec![m, u])
    }
    fn check(&self) -> Result<()> {
        AdamRule { beta_1: self.beta_1, beta_2: self.beta_2, epsilon: self.epsilon }.check()?;
        self.common().check()
    }
}

optimizer! {
    /// Adam with Nesterov's look-ahead: Dozat 2016.
    ///
    /// - **Source** Keras 3, `keras.optimizers.Nadam`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// use ferras::optimizers::Nadam;
    /// assert_eq!(Nadam::new().get_config()["name"], "nadam");
    /// ```
    Nadam "nadam", learning_rate = 0.001, weight_decay = None, {
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
    fn scalars(&self) -> &'static [(&'static str, f64)] {
        &[("u_product", 1.0)]
    }
    fn shared(&self, cx: &Update, kept: &[Value]) -> (Vec<Value>, Vec<Value>) {
        // The momentum of step t is u = β₁·(1 − 0.96ᵗ / 2).
        let momentum = |t: &Value| (1.0 - cx.number(0.96).pow(t) * 0.5) * self.beta_1;
        let (u, next) = (momentum(&cx.step), momentum(&(&cx.step + 1.0)));
        let product = &kept[0] * &u;
        let of_mean = &next / (1.0 - &product * &next);
        let of_gradient = (1.0 - &u) / (1.0 - &product);
        let correction = 1.0 - cx.to_the_step(self.beta_2);
        (vec![of_mean, of_gradient, correction], vec![product])
    }
    fn update(&self, cx: &Update, w: &Value, g: &Value, slots: &[Value]) -> (Value, Vec<Value>) {
        // Keras rounds β to the weight's type before it is taken from 1.
        let rest = |beta: f64| 1.0 - cx.number(beta);
        let m = &slots[0] + (g - &slots[0]) * rest(self.beta_1);
        let v = &slots[1] + (g * g - &slots[1]) * rest(self.beta_2);
        let mean = &m * &cx.shared[0] + g * &cx.shared[1];
        let scale = (&v / &cx.shared[2]).sqrt() + self.epsilon;
        (w - mean * &cx.learning_rate / scale, vec![m, v])
    }
    fn check(&self) -> Result<()> {
        AdamRule { beta_1: self.beta_1, beta_2: self.beta_2, epsilon: self.epsilon }.check()?;
        self.common().check()
    }
}

optimizer! {
    /// The sign of a momentum: w ← w − η·sign(β₁·m + (1 − β₁)·g), then m ← β₂·m + (1 − β₂)·g:
    /// Chen et al. 2023.
    ///
    /// - **Source** Keras 3, `keras.optimizers.Lion`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// use ferras::optimizers::Lion;
    /// assert_eq!(Lion::new().get_config()["beta_2"], 0.99);
    /// ```
    Lion "lion", learning_rate = 0.001, weight_decay = None, {
        /// Share of the momentum in the step, above 0 and at most 1; 0.9 by default.
        #[config(default = 0.9)]
        beta_1: f64,
        /// How much of the momentum stays at each step; 0.99 by default.
        #[config(default = 0.99)]
        beta_2: f64,
    }

    fn slots(&self) -> Vec<&'static [&'static str]> {
        vec![&["momentum"]]
    }
    fn update(&self, cx: &Update, w: &Value, g: &Value, slots: &[Value]) -> (Value, Vec<Value>) {
        // Keras rounds β to the weight's type before it is taken from 1.
        let blend = |beta: f64| &slots[0] * beta + g * (1.0 - cx.number(beta));
        (w - blend(self.beta_1).sign() * &cx.learning_rate, vec![blend(self.beta_2)])
    }
    fn check(&self) -> Result<()> {
        fraction("beta_1", self.beta_1)?;
        if self.beta_1 == 0.0 {
            return Err(Error::argument("beta_1", "must be above 0, got 0"));
        }
        fraction("beta_2", self.beta_2)?;
        self.common().check()
    }
}
