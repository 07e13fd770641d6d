//! `Muon`: matrices take steps whose singular values are all about 1, everything else AdamW's.
use super::common::{check_patterns, finds, fraction, optimizer, positive};
use super::{Common, Initial, LearningRate, OptimizerFn, Slot, Trained, Update};
use crate::{Error, Result};
use ferras_derive::Config;
use ferras_graph::Value;

/// Newton–Schulz steps, each of which is a part of the training step.
const MOST_STEPS: usize = 100;

optimizer! {
    /// Momentum of the gradient, made nearly orthogonal by Newton–Schulz steps, for weights of rank
    /// 2: X ← a·X + (b·A + c·A²)·X with A = X·Xᵀ, `ns_steps` times, from X of norm 1. All other
    /// weights, embeddings and the layers that `exclude_layers` names follow AdamW: Jordan 2024.
    ///
    /// - **Source** Keras 3, `keras.optimizers.Muon`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// use ferras::optimizers::Muon;
    /// let muon = Muon::new().exclude_layers(vec!["head".to_string()]);
    /// assert_eq!(muon.get_config()["ns_steps"], 5);
    /// ```
    Muon "muon", learning_rate = 0.001, weight_decay = 0.004, {
        /// AdamW's share of the mean gradient that stays; 0.9 by default.
        #[config(default = 0.9)]
        adam_beta_1: f64,
        /// AdamW's share of the mean square that stays; 0.999 by default.
        #[config(default = 0.999)]
        adam_beta_2: f64,
        /// Weight decay where AdamW is followed; 0.004 by default.
        #[config(default = 0.004)]
        adam_weight_decay: Option<f64>,
        /// Added to AdamW's root, against division by 0; 1e-7 by default.
        #[config(default = 1e-7)]
        epsilon: f64,
        /// Regular expressions: weights in whose paths one is found follow AdamW; none by default.
        #[config(default)]
        exclude_layers: Vec<String>,
        /// Whether weights with `embedding` in their path follow AdamW; true by default.
        #[config(default = true)]
        exclude_embeddings: bool,
        /// The factor a; 3.4445 by default.
        #[config(default = 3.4445)]
        muon_a: f64,
        /// The factor b; −4.775 by default.
        #[config(default = -4.775)]
        muon_b: f64,
        /// The factor c; 2.0315 by default.
        #[config(default = 2.0315)]
        muon_c: f64,
        /// AdamW's learning rate over that of matrices; 1 by default.
        #[config(default = 1.0)]
        adam_lr_ratio: f64,
        /// How much of the momentum stays; 0.95 by default.
        #[config(default = 0.95)]
        momentum: f64,
        /// Number of Newton–Schulz steps; 5 by default.
        #[config(default = 5)]
        ns_steps: usize,
        /// Whether to look ahead along the momentum; true by default.
        #[config(default = true)]
        nesterov: bool,
        /// The root mean square of a step over the rate, times √ of the larger side; 0.2 by default.
        #[config(default = 0.2)]
        rms_rate: Option<f64>,
    }

    fn slots_of(&self, weight: &Trained) -> Vec<Vec<Slot>> {
        let slot = |name: &str| Slot {
            path: weight.slot_path(name),
            shape: weight.ty.shape.clone(),
            initial: Initial::Number(0.0),
        };
        let mut own = vec![slot("momentum")];
        own.extend(self.follows_adam(weight).then(|| slot("velocity")));
        vec![own]
    }
    fn weight_decay_of(&self, weight: &Trained) -> Option<f64> {
        let own = self.follows_adam(weight);
        let decay = if own { self.adam_weight_decay } else { self.weight_decay };
        decay.filter(|_| !self.common().excludes(weight))
    }
    fn shared(&self, cx: &Update, _: &[Value]) -> (Vec<Value>, Vec<Value>) {
        let correction = (1.0 - cx.to_the_step(self.adam_beta_2)).sqrt();
        let rate = &cx.learning_rate * self.adam_lr_ratio;
        (vec![rate * correction / (1.0 - cx.to_the_step(self.adam_beta_1))], Vec::new())
    }
    fn update(&self, cx: &Update, w: &Value, g: &Value, slots: &[Value]) -> (Value, Vec<Value>) {
        if let [m, v] = slots {
            let m = m + (g - m) * (1.0 - self.adam_beta_1);
            let v = v + (g * g - v) * (1.0 - self.adam_beta_2);
            return (w - &m * &cx.shared[0] / (v.sqrt() + self.epsilon), vec![m, v]);
        }
        let m = &slots[0] + (g + &slots[0] * (self.momentum - 1.0));
        let ahead = if self.nesterov { g + &m * self.momentum } else { m.clone() };
        let mut step = self.orthogonal(&ahead) * &cx.learning_rate;
        if let Some(rate) = self.rms_rate {
            let side = w.dim(0).max(w.dim(1)) as f64;
            step = step * (side.sqrt() * rate);
        }
        (w - step, vec![m])
    }
    fn check(&self) -> Result<()> {
        fraction("adam_beta_1", self.adam_beta_1)?;
        fraction("adam_beta_2", self.adam_beta_2)?;
        fraction("momentum", self.momentum)?;
        positive("epsilon", self.epsilon)?;
        if self.ns_steps > MOST_STEPS {
            let problem = format!("must be at most {MOST_STEPS}, got {}", self.ns_steps);
            return Err(Error::argument("ns_steps", problem));
        }
        check_patterns("exclude_layers", &self.exclude_layers)?;
        self.common().check()
    }
}

impl Muon {
    /// Steps of the learning rate's size alone: Keras' `rms_rate=None`.
    pub fn without_rms_rate(mut self) -> Muon {
        self.rms_rate = None;
        self
    }

    fn follows_adam(&self, weight: &Trained) -> bool {
        weight.ty.shape.rank() != 2
            || self.exclude_embeddings && weight.path.to_lowercase().contains("embedding")
            || finds(&self.exclude_layers, &weight.path)
    }

    /// A matrix of the same singular vectors whose singular values are about 1.
    fn orthogonal(&self, x: &Value) -> Value {
        let tall = x.dim(-2) > x.dim(-1);
        let flip = |x: &Value| x.transpose(&[1, 0]);
        let mut y = if tall { flip(x) } else { x.clone() };
        y = &y / (y.norm(&[], true) + 1e-7);
        for _ in 0..self.ns_steps {
            let square = y.matmul(&flip(&y));
            let mix = &square * self.muon_b + (&square * self.muon_c).matmul(&square);
            y = &y * self.muon_a + mix.matmul(&y);
        }
        if tall { flip(&y) } else { y }
    }
}
