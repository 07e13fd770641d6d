//! `LearningRateScheduler`: the learning rate of each epoch, from a closure.
use crate::trainer::number::repr;
use crate::{Callback, Logs, Result, Run, console};
use std::fmt;

type Schedule<'a> = Box<dyn FnMut(usize, f64) -> f64 + 'a>;

/// Sets the learning rate before each epoch: the closure gets the epoch, from 0, and the rate so far.
///
/// The rate is logged as `learning_rate` at the end of each epoch. Rates that depend on the step are
/// [`schedules`](crate::optimizers::schedules).
///
/// - **Errors** in training: a rate that is not finite, an optimizer with a schedule.
/// - **Source** Keras 3 `callbacks.LearningRateScheduler`.
///
/// ```
/// use ferras::prelude::*;
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
/// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
/// let schedule = LearningRateScheduler::new(|epoch, rate| if epoch < 2 { rate } else { rate * 0.5 });
/// let fit = Fit::new().epochs(3).verbose(0).callback(schedule);
/// let history = model.fit([[1.0_f32]], [[1.0_f32]], fit)?;
/// let rates = history.get("learning_rate").unwrap();
/// assert!(rates[0] == rates[1] && (rates[2] / rates[0] - 0.5).abs() < 1e-6);
/// # Ok::<(), ferras::Error>(())
/// ```
pub struct LearningRateScheduler<'a> {
    schedule: Schedule<'a>,
    verbose: usize,
}

impl fmt::Debug for LearningRateScheduler<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LearningRateScheduler")
            .field("verbose", &self.verbose)
            .finish_non_exhaustive()
    }
}

impl<'a> LearningRateScheduler<'a> {
    /// A scheduler with this rule: epoch and present rate to the new rate.
    pub fn new(schedule: impl FnMut(usize, f64) -> f64 + 'a) -> LearningRateScheduler<'a> {
        LearningRateScheduler { schedule: Box::new(schedule), verbose: 0 }
    }

    /// 1 says each rate; 0 by default.
    pub fn verbose(mut self, verbose: usize) -> LearningRateScheduler<'a> {
        self.verbose = verbose;
        self
    }
}

impl Callback for LearningRateScheduler<'_> {
    fn on_epoch_begin(&mut self, epoch: usize, run: &mut Run) -> Result<()> {
        let rate = (self.schedule)(epoch, run.learning_rate()?);
        run.set_learning_rate(rate)?;
        if self.verbose > 0 {
            let text = "LearningRateScheduler setting learning rate to";
            console::print(&format!("\nEpoch {}: {text} {}.\n", epoch + 1, repr(rate)));
        }
        Ok(())
    }

    fn on_epoch_end(&mut self, _: usize, _: &Logs, run: &mut Run) -> Result<()> {
        run.log("learning_rate", run.learning_rate()?);
        Ok(())
    }
}
