//! `ReduceLROnPlateau`: smaller steps where training no longer gets on.
use super::monitor;
use crate::metrics::Direction;
use crate::trainer::number::repr;
use crate::{Callback, Error, Logs, Result, Run, console};
use ferras_derive::Config;

/// Multiplies the learning rate by `factor` when a logged number has not become better for
/// `patience` epochs.
///
/// An epoch counts as better if it beats the best one so far by more than `min_delta`. After a
/// reduction `cooldown` epochs pass before epochs count again. The rate is logged as
/// `learning_rate` at the end of each epoch, as it was in the epoch.
///
/// - **Errors** before the first epoch: a factor of 1 or more, a `mode` other than `"auto"`, `"min"`,
///   `"max"`; with `"auto"`, a name that no loss or metric of the model has; when the rate is
///   reduced, an optimizer with a schedule. A number that is absent is warned of.
/// - **Source** Keras 3 `callbacks.ReduceLROnPlateau`.
///
/// ```
/// use ferras::prelude::*;
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
/// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
/// let reduce = ReduceLROnPlateau::new().monitor("loss").factor(0.5).patience(1).min_delta(1e9);
/// let fit = Fit::new().epochs(3).verbose(0).callback(reduce);
/// let history = model.fit([[1.0_f32]], [[1.0_f32]], fit)?;
/// let rates = history.get("learning_rate").unwrap();
/// assert!((rates[2] / rates[0] - 0.5).abs() < 1e-6);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.callbacks")]
pub struct ReduceLROnPlateau {
    /// The number to watch; `"val_loss"` by default.
    #[config(default = "val_loss")]
    monitor: String,
    /// What the rate is multiplied by, below 1; 0.1 by default.
    #[config(default = 0.1)]
    factor: f64,
    /// Epochs without a better one after which the rate is reduced; 10 by default.
    #[config(default = 10)]
    patience: usize,
    /// 1 says when the rate is reduced; 0 by default.
    #[config(default = 0)]
    verbose: usize,
    /// `"min"`, `"max"`, or `"auto"` (default): the metric's own direction.
    #[config(default = "auto")]
    mode: String,
    /// By how much an epoch must be better to count; 0.0001 by default, the sign is ignored.
    #[config(default = 1e-4)]
    min_delta: f64,
    /// Epochs that do not count after a reduction; 0 by default.
    #[config(default = 0)]
    cooldown: usize,
    /// The least rate; 0 by default.
    #[config(default = 0.0)]
    min_lr: f64,
    #[config(state)]
    state: State,
}

/// What is known of the epochs so far.
#[derive(Clone, Debug, Default)]
struct State {
    direction: Option<Direction>,
    best: Option<f64>,
    wait: usize,
    cooling: usize,
    warned: bool,
}

impl ReduceLROnPlateau {
    fn is_better(&self, value: f64) -> bool {
        let direction = self.state.direction.unwrap_or(Direction::Down);
        monitor::beats(direction, value, self.min_delta, self.state.best)
    }

    /// Whether there was something to take away.
    fn reduce(&self, epoch: usize, run: &mut Run) -> Result<bool> {
        let rate = run.learning_rate()?;
        if rate <= f64::from(self.min_lr as f32) {
            return Ok(false);
        }
        let reduced = (rate * self.factor).max(self.min_lr);
        run.set_learning_rate(reduced)?;
        if self.verbose > 0 {
            let text = "ReduceLROnPlateau reducing learning rate to";
            console::print(&format!("\nEpoch {}: {text} {}.\n", epoch + 1, repr(reduced)));
        }
        Ok(true)
    }
}

impl Callback for ReduceLROnPlateau {
    fn on_train_begin(&mut self, run: &mut Run) -> Result<()> {
        if self.factor >= 1.0 || self.factor.is_nan() {
            let problem = format!("must be below 1, got {}", self.factor);
            return Err(Error::argument("factor", problem));
        }
        let direction = monitor::direction(&self.monitor, &self.mode, run)?;
        self.state = State { direction: Some(direction), ..State::default() };
        Ok(())
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &Logs, run: &mut Run) -> Result<()> {
        run.log("learning_rate", run.learning_rate()?);
        let Some(value) = logs.get(&self.monitor) else {
            let warned = &mut self.state.warned;
            monitor::warn_absent("ReduceLROnPlateau", &self.monitor, logs, warned);
            return Ok(());
        };
        if self.state.cooling > 0 {
            self.state.cooling -= 1;
            self.state.wait = 0;
        }
        if self.is_better(value) {
            (self.state.best, self.state.wait) = (Some(value), 0);
        } else if self.state.cooling == 0 {
            self.state.wait += 1;
            if self.state.wait >= self.patience && self.reduce(epoch, run)? {
                (self.state.cooling, self.state.wait) = (self.cooldown, 0);
            }
        }
        Ok(())
    }
}
