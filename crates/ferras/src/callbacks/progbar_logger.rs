//! `ProgbarLogger`: the progress bar as a callback.
use crate::trainer::progress_bar;
use crate::{Callback, History, Logs, Result, Run};
use std::fmt;

/// Prints the progress as `verbose` says, at its own place among the callbacks: what those before
/// it log stands in its lines. A run that has none adds the same behind all callbacks.
///
/// - **Source** Keras 3 `callbacks.ProgbarLogger`.
///
/// ```
/// use ferras::prelude::*;
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
/// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
/// let fit = Fit::new().epochs(2).verbose(2).callback(ProgbarLogger::new());
/// model.fit([[1.0_f32]], [[1.0_f32]], fit)?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Default)]
pub struct ProgbarLogger {
    /// What prints; none before a run, or in one that is silent.
    bar: Option<Box<dyn Callback>>,
}

impl fmt::Debug for ProgbarLogger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgbarLogger").finish_non_exhaustive()
    }
}

impl ProgbarLogger {
    /// A bar that was not drawn yet.
    pub fn new() -> ProgbarLogger {
        ProgbarLogger::default()
    }

    /// Does something with the bar, if this run has one.
    fn with(&mut self, hook: impl FnOnce(&mut dyn Callback) -> Result<()>) -> Result<()> {
        match &mut self.bar {
            Some(bar) => hook(&mut **bar),
            None => Ok(()),
        }
    }

    /// At the beginning of a run: the bar that it asks for.
    fn begin(&mut self, run: &Run) {
        self.bar = progress_bar(run.params().verbose);
    }
}

impl Callback for ProgbarLogger {
    fn shows_progress(&self) -> bool {
        true
    }

    fn on_train_begin(&mut self, run: &mut Run) -> Result<()> {
        self.begin(run);
        self.with(|bar| bar.on_train_begin(run))
    }

    fn on_train_end(&mut self, history: &History, run: &mut Run) -> Result<()> {
        self.with(|bar| bar.on_train_end(history, run))?;
        self.bar = None;
        Ok(())
    }

    fn on_epoch_begin(&mut self, epoch: usize, run: &mut Run) -> Result<()> {
        self.with(|bar| bar.on_epoch_begin(epoch, run))
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &Logs, run: &mut Run) -> Result<()> {
        self.with(|bar| bar.on_epoch_end(epoch, logs, run))
    }

    fn on_train_batch_end(&mut self, batch: usize, run: &mut Run) -> Result<()> {
        self.with(|bar| bar.on_train_batch_end(batch, run))
    }

    fn on_test_begin(&mut self, run: &mut Run) -> Result<()> {
        // The validation of a training belongs to the bar that is there.
        if self.bar.is_none() {
            self.begin(run);
        }
        self.with(|bar| bar.on_test_begin(run))
    }

    fn on_test_batch_end(&mut self, batch: usize, run: &mut Run) -> Result<()> {
        self.with(|bar| bar.on_test_batch_end(batch, run))
    }

    fn on_test_end(&mut self, logs: &Logs, run: &mut Run) -> Result<()> {
        self.with(|bar| bar.on_test_end(logs, run))
    }

    fn on_predict_begin(&mut self, run: &mut Run) -> Result<()> {
        self.begin(run);
        self.with(|bar| bar.on_predict_begin(run))
    }

    fn on_predict_batch_end(&mut self, batch: usize, run: &mut Run) -> Result<()> {
        self.with(|bar| bar.on_predict_batch_end(batch, run))
    }

    fn on_predict_end(&mut self, run: &mut Run) -> Result<()> {
        self.with(|bar| bar.on_predict_end(run))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::tests::captured;
    use crate::prelude::*;

    #[test]
    fn it_prints_what_a_run_prints_and_stands_in_for_it() {
        let printed = |own: bool, verbose: i32| {
            let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
            model.compile(Compile::new().optimizer("sgd").loss("mse")).unwrap();
            let fit = Fit::new().epochs(2).verbose(verbose).validation_split(0.5);
            let fit = if own { fit.callback(ProgbarLogger::new()) } else { fit };
            let run = || model.fit([[1.0_f32], [2.0]], [[1.0_f32], [0.0]], fit).map(|_| ());
            let (result, text, _) = captured(run);
            result.unwrap();
            // Times and the initial weights differ.
            text.lines().map(|l| l.split(" - ").next().unwrap().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(printed(true, 2), ["Epoch 1/2", "1/1", "Epoch 2/2", "1/1"]);
        assert_eq!(printed(true, 2), printed(false, 2));
        assert_eq!(printed(true, 0), [""; 0]);
    }
}
