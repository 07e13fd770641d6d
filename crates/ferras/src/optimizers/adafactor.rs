//! `Adafactor`: Adam's mean squares, of which a matrix keeps only its rows' and columns'.
use super::common::{optimizer, positive};
use super::{Common, Initial, LearningRate, OptimizerFn, Slot, Trained, Update};
use crate::{Error, Result};
use ferras_derive::Config;
use ferras_graph::Value;

optimizer! {
    /// Steps of the size of the weight over the root of a mean square v, which a matrix keeps as the
    /// means of its rows and of its columns: Shazeer & Stern 2018, algorithm 4.
    ///
    /// With ρ = min(η, 1/√t) and α = max(ε₂, rms w)·ρ, w ← w − α·u / max(1, rms(u) / d) where
    /// u = g / √v.
    ///
    /// - **Source** Keras 3, `keras.optimizers.Adafactor`.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// use ferras::optimizers::Adafactor;
    /// assert_eq!(Adafactor::new().get_config()["beta_2_decay"], -0.8);
    /// ```
    Adafactor "adafactor", learning_rate = 0.001, weight_decay = None, {
        /// The power of the step in 1 − tᵖ, how much of the mean square stays; −0.8 by default.
        #[config(default = -0.8)]
        beta_2_decay: f64,
        /// Added to the square of the gradient; 1e-30 by default.
        #[config(default = 1e-30)]
        epsilon_1: f64,
        /// The least size of a weight, for its step; 0.001 by default.
        #[config(default = 1e-3)]
        epsilon_2: f64,
        /// The largest root mean square d of a step, before its size is set; 1 by default.
        #[config(default = 1.0)]
        clip_threshold: f64,
        /// Whether the rate is at most 1/√t; as in Keras, the steps are so anyway.
        #[config(default = true)]
        relative_step: bool,
    }

    fn slots_of(&self, weight: &Trained) -> Vec<Vec<Slot>> {
        let slot = |path: &str, shape: Vec<usize>| Slot {
            path: path.into(),
            shape: shape.into(),
            initial: Initial::Number(0.0),
        };
        let own = weight.path.rsplit('/').next().unwrap_or_default();
        let shape = weight.ty.shape.to_vec();
        let velocity = slot(&weight.slot_path("velocity"), shape.clone());
        let (rows, columns) = match &shape[..] {
            [before @ .., rows, columns] => {
                ([before, &[*rows]].concat(), [before, &[*columns]].concat())
            }
            // Keras keeps two numbers for vectors too, which nothing changes.
            _ => (Vec::new(), Vec::new()),
        };
        vec![vec![slot(own, rows), slot(own, columns), velocity]]
    }
    fn shared(&self, cx: &Update, _: &[Value]) -> (Vec<Value>, Vec<Value>) {
        let stays = 1.0 - cx.step.pow(self.beta_2_decay);
        (vec![stays, cx.learning_rate.minimum(1.0 / cx.step.sqrt())], Vec::new())
    }
    fn update(&self, cx: &Update, w: &Value, g: &Value, slots: &[Value]) -> (Value, Vec<Value>) {
        let rms = |x: &Value| x.square().mean(&[], false).sqrt();
        let [stays, rate] = [&cx.shared[0], &cx.shared[1]];
        let squares = g.square() + self.epsilon_1;
        let running = |old: &Value, new: &Value| old * stays + new * (1.0 - stays);
        let [rows, columns, velocity] = slots else { return (w.clone(), slots.to_vec()) };
        let kept = if w.rank() < 2 {
            [rows.clone(), columns.clone(), running(velocity, &squares)]
        } else {
            let rows = running(rows, &squares.mean(&[-1], false));
            let columns = running(columns, &squares.mean(&[-2], false));
            let share = (&rows / rows.mean(&[-1], true)).expand_dims(-1);
            let velocity = share * columns.expand_dims(-2);
            [rows, columns, velocity]
        };
        let step = g / kept[2].sqrt();
        let step = &step / (rms(&step) / self.clip_threshold).maximum(1.0);
        let size = rms(w).maximum(self.epsilon_2) * rate;
        (w - size * step, kept.to_vec())
    }
    fn check(&self) -> Result<()> {
        positive("epsilon_1", self.epsilon_1)?;
        positive("epsilon_2", self.epsilon_2)?;
        if !(self.clip_threshold > 0.0 && self.clip_threshold.is_finite()) {
            let problem = format!("must be above 0, got {}", self.clip_threshold);
            return Err(Error::argument("clip_threshold", problem));
        }
        self.common().check()
    }
}
