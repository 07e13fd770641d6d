//! `EarlyStopping`: an end to training that no longer helps.
use super::monitor;
use crate::metrics::Direction;
use crate::{Callback, History, Logs, Result, Run, console};
use ferras_derive::Config;
use ferras_graph::Tensor;

/// Stops training when a logged number has not become better for some epochs.
///
/// An epoch counts as better if it beats the best one so far by more than `min_delta`; NaN never
/// does. After `patience` epochs without, training stops; 0 and 1 behave alike. With
/// `restore_best_weights` the model ends with the weights of the best epoch, also where training
/// was not stopped.
///
/// - **Errors** before the first epoch: a `mode` other than `"auto"`, `"min"`, `"max"`; with
///   `"auto"`, a name that no loss or metric of the model has. A number that is absent after an
///   epoch is warned of, and the epoch does not count.
/// - **Source** Keras 3 `callbacks.EarlyStopping`.
///
/// ```
/// use ferras::prelude::*;
/// set_random_seed(1);
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
/// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
/// let mut stop = EarlyStopping::new().monitor("loss").min_delta(0.5).restore_best_weights(true);
/// let fit = Fit::new().epochs(100).verbose(0).callback(&mut stop);
/// let history = model.fit([[0.0_f32], [1.0]], [[1.0_f32], [3.0]], fit)?;
/// assert!(history.epoch.len() < 100);
/// assert_eq!(stop.stopped_epoch(), history.epoch.last().copied());
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.callbacks")]
pub struct EarlyStopping {
    /// The number to watch, as `"val_accuracy"`; `"val_loss"` by default.
    #[config(default = "val_loss")]
    monitor: String,
    /// By how much an epoch must be better to count; 0 by default, the sign is ignored.
    #[config(default = 0.0)]
    min_delta: f64,
    /// Epochs without a better one after which training stops; 0 by default.
    #[config(default = 0)]
    patience: usize,
    /// 1 says when training stops and what is restored; 0 by default.
    #[config(default = 0)]
    verbose: usize,
    /// `"min"`, `"max"`, or `"auto"` (default): the metric's own direction.
    #[config(default = "auto")]
    mode: String,
    /// A value to beat: epochs that do not reach it use patience up even if they are the best.
    #[config(default)]
    baseline: Option<f64>,
    /// Whether the model ends with the weights of its best epoch; false by default.
    #[config(default = false)]
    restore_best_weights: bool,
    /// Epochs to let pass first; 0 by default.
    #[config(default = 0)]
    start_from_epoch: usize,
    #[config(state)]
    state: State,
}

/// What is known of the epochs so far.
#[derive(Clone, Debug, Default)]
struct State {
    direction: Option<Direction>,
    wait: usize,
    best: Option<f64>,
    best_epoch: usize,
    best_weights: Option<Vec<Tensor>>,
    stopped: Option<usize>,
    warned: bool,
}

impl EarlyStopping {
    /// The epoch after which training was stopped, counted from 0; `None` if it was not.
    pub fn stopped_epoch(&self) -> Option<usize> {
        self.state.stopped
    }

    /// The best value so far.
    pub fn best(&self) -> Option<f64> {
        self.state.best
    }

    /// The epoch of the best value, counted from 0.
    pub fn best_epoch(&self) -> Option<usize> {
        self.state.best.map(|_| self.state.best_epoch)
    }

    fn is_better(&self, value: f64, than: Option<f64>) -> bool {
        let direction = self.state.direction.unwrap_or(Direction::Down);
        monitor::beats(direction, value, self.min_delta, than)
    }
}

impl Callback for EarlyStopping {
    fn on_train_begin(&mut self, run: &mut Run) -> Result<()> {
        let direction = monitor::direction(&self.monitor, &self.mode, run)?;
        self.state = State { direction: Some(direction), ..State::default() };
        Ok(())
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &Logs, run: &mut Run) -> Result<()> {
        let Some(value) = logs.get(&self.monitor) else {
            monitor::warn_absent("EarlyStopping", &self.monitor, logs, &mut self.state.warned);
            return Ok(());
        };
        if epoch < self.start_from_epoch {
            return Ok(());
        }
        let better = self.is_better(value, self.state.best);
        if self.restore_best_weights && (better || self.state.best_weights.is_none()) {
            self.state.best_weights = Some(run.get_weights()?);
            self.state.best_epoch = epoch;
        }
        self.state.wait += 1;
        if better {
            self.state.best = Some(value);
            self.state.best_epoch = epoch;
            // Patience begins anew only where the baseline is beaten too.
            if self.baseline.is_none() || self.is_better(value, self.baseline) {
                self.state.wait = 0;
            }
        } else if self.state.wait >= self.patience && epoch > 0 {
            self.state.stopped = Some(epoch);
            run.stop_training();
        }
        Ok(())
    }

    fn on_train_end(&mut self, _: &History, run: &mut Run) -> Result<()> {
        if let (Some(epoch), true) = (self.state.stopped, self.verbose > 0) {
            console::print(&format!("Epoch {}: early stopping\n", epoch + 1));
        }
        let Some(weights) = self.state.best_weights.take() else { return Ok(()) };
        if self.verbose > 0 {
            let epoch = self.state.best_epoch + 1;
            let text = "Restoring model weights from the end of the best epoch";
            console::print(&format!("{text}: {epoch}.\n"));
        }
        run.set_weights(&weights)
    }
}
