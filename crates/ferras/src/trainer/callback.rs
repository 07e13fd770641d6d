//! Callbacks: what a program can do between the steps of training.
use super::History;
use super::history::Logs;
use super::metric::{Tracker, TrackerStates, Trackers};
use crate::metrics::Direction;
use crate::models::Model;
use crate::{Error, Result};
use ferras_graph::Tensor;
use std::path::Path;

/// Something to do between the steps of training, evaluation and prediction. Every hook does
/// nothing unless it is written.
///
/// ```
/// use ferras::prelude::*;
///
/// /// Counts the steps of training.
/// #[derive(Default)]
/// struct Counter(usize);
///
/// impl Callback for Counter {
///     fn on_train_batch_end(&mut self, _batch: usize, _run: &mut Run) -> Result<()> {
///         self.0 += 1;
///         Ok(())
///     }
/// }
///
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(2));
/// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
/// let mut counter = Counter::default();
/// let fit = Fit::new().epochs(3).batch_size(2).verbose(0).callback(&mut counter);
/// model.fit([[0.0_f32, 1.0], [1.0, 0.0], [1.0, 1.0]], [1.0_f32, 1.0, 2.0], fit)?;
/// assert_eq!(counter.0, 6);
/// # Ok::<(), ferras::Error>(())
/// ```
#[allow(unused_variables)]
pub trait Callback {
    /// Whether it shows the progress, so that the run adds no bar of its own; false by default.
    fn shows_progress(&self) -> bool {
        false
    }
    /// Before the first epoch.
    fn on_train_begin(&mut self, run: &mut Run) -> Result<()> {
        Ok(())
    }
    /// After the last epoch; `history` is what `fit` will return.
    fn on_train_end(&mut self, history: &History, run: &mut Run) -> Result<()> {
        Ok(())
    }
    /// Before an epoch, counted from 0.
    fn on_epoch_begin(&mut self, epoch: usize, run: &mut Run) -> Result<()> {
        Ok(())
    }
    /// After an epoch and its validation.
    fn on_epoch_end(&mut self, epoch: usize, logs: &Logs, run: &mut Run) -> Result<()> {
        Ok(())
    }
    /// Before a training step, counted from 0 in each epoch.
    fn on_train_batch_begin(&mut self, batch: usize, run: &mut Run) -> Result<()> {
        Ok(())
    }
    /// After a training step; `run.logs()` has the running numbers.
    fn on_train_batch_end(&mut self, batch: usize, run: &mut Run) -> Result<()> {
        Ok(())
    }
    /// Before an evaluation or validation.
    fn on_test_begin(&mut self, run: &mut Run) -> Result<()> {
        Ok(())
    }
    /// After an evaluation or validation.
    fn on_test_end(&mut self, logs: &Logs, run: &mut Run) -> Result<()> {
        Ok(())
    }
    /// Before an evaluation step.
    fn on_test_batch_begin(&mut self, batch: usize, run: &mut Run) -> Result<()> {
        Ok(())
    }
    /// After an evaluation step.
    fn on_test_batch_end(&mut self, batch: usize, run: &mut Run) -> Result<()> {
        Ok(())
    }
    /// Before a prediction.
    fn on_predict_begin(&mut self, run: &mut Run) -> Result<()> {
        Ok(())
    }
    /// After a prediction.
    fn on_predict_end(&mut self, run: &mut Run) -> Result<()> {
        Ok(())
    }
    /// Before the prediction of a batch.
    fn on_predict_batch_begin(&mut self, batch: usize, run: &mut Run) -> Result<()> {
        Ok(())
    }
    /// After the prediction of a batch.
    fn on_predict_batch_end(&mut self, batch: usize, run: &mut Run) -> Result<()> {
        Ok(())
    }
}

macro_rules! forward {
    ($($hook:ident($($name:ident: $ty:ty),*);)*) => {
        $(fn $hook(&mut self, $($name: $ty,)* run: &mut Run) -> Result<()> {
            (**self).$hook($($name,)* run)
        })*
    };
}

/// A borrowed callback, so that what it gathered can be read after training.
impl<C: Callback + ?Sized> Callback for &mut C {
    fn shows_progress(&self) -> bool {
        (**self).shows_progress()
    }
    forward! {
        on_train_begin();
        on_train_end(history: &History);
        on_epoch_begin(epoch: usize);
        on_epoch_end(epoch: usize, logs: &Logs);
        on_train_batch_begin(batch: usize);
        on_train_batch_end(batch: usize);
        on_test_begin();
        on_test_end(logs: &Logs);
        on_test_batch_begin(batch: usize);
        on_test_batch_end(batch: usize);
        on_predict_begin();
        on_predict_end();
        on_predict_batch_begin(batch: usize);
        on_predict_batch_end(batch: usize);
    }
}

/// A callback in a box, so that callbacks of several kinds go into one list.
impl<C: Callback + ?Sized> Callback for Box<C> {
    fn shows_progress(&self) -> bool {
        (**self).shows_progress()
    }
    forward! {
        on_train_begin();
        on_train_end(history: &History);
        on_epoch_begin(epoch: usize);
        on_epoch_end(epoch: usize, logs: &Logs);
        on_train_batch_begin(batch: usize);
        on_train_batch_end(batch: usize);
        on_test_begin();
        on_test_end(logs: &Logs);
        on_test_batch_begin(batch: usize);
        on_test_batch_end(batch: usize);
        on_predict_begin();
        on_predict_end();
        on_predict_batch_begin(batch: usize);
        on_predict_batch_end(batch: usize);
    }
}

/// What a run is set to do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunParams {
    /// The epoch at which training ends.
    pub epochs: usize,
    /// Steps of an epoch, where that is known.
    pub steps: Option<usize>,
    /// 0 silent, 1 progress bar, 2 one line an epoch.
    pub verbose: usize,
    /// Whether epochs are validated.
    pub validates: bool,
}

/// A callback's view of the run: the numbers so far, the learning rate, the weights.
#[derive(Debug)]
pub struct Run<'a> {
    pub(crate) model: Access<'a>,
    pub(crate) numbers: Option<(&'a Trackers, &'a TrackerStates)>,
    pub(crate) params: &'a RunParams,
    pub(crate) course: &'a mut Course,
}

/// How a run goes on, which callbacks have a say in.
#[derive(Debug, Default)]
pub(crate) struct Course {
    /// Whether it ends after this step.
    pub(crate) stop: bool,
    /// How far training has come.
    pub(crate) place: Place,
    /// From where it is to go on, in place of its beginning.
    pub(crate) resume: Option<Place>,
    /// Numbers that callbacks add to the logs of the epoch that ends.
    pub(crate) logged: Logs,
}

/// How far a training has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The epoch that goes on.
    pub(crate) epoch: usize,
    /// Its steps that are done.
    pub(crate) batch: usize,
    /// The seed of the order of rows, and how many of them are used up; none before the first.
    pub(crate) order: Option<(u64, usize)>,
}

/// The model of a run: to change while it is trained, else to look at.
#[derive(Debug)]
pub(crate) enum Access<'a> {
    Read(&'a Model),
    Write(&'a mut Model),
}

impl Run<'_> {
    /// What the run is set to do.
    pub fn params(&self) -> &RunParams {
        self.params
    }

    /// The running loss and metrics of this epoch or evaluation.
    pub fn logs(&self) -> Result<Logs> {
        self.numbers.map_or_else(|| Ok(Logs::default()), |(trackers, s)| trackers.logs(s))
    }

    /// Adds a number to the logs of the epoch that ends, for callbacks behind this one and for the
    /// history.
    pub fn log(&mut self, name: &str, value: f64) {
        self.course.logged.set(name, value);
    }

    /// Ends training after this step.
    pub fn stop_training(&mut self) {
        self.course.stop = true;
    }

    /// The model, to look at.
    pub fn model(&self) -> &Model {
        match &self.model {
            Access::Read(model) => model,
            Access::Write(model) => model,
        }
    }

    /// Values of all weights, in order.
    pub fn get_weights(&self) -> Result<Vec<Tensor>> {
        self.model().get_weights()
    }

    /// Replaces the values of all weights; an error outside of training.
    pub fn set_weights(&mut self, values: &[Tensor]) -> Result<()> {
        self.model_mut()?.set_weights(values)
    }

    /// Exchanges the weights with the moving averages that the optimizer keeps of them; an error
    /// outside of training, and where it keeps none.
    pub(crate) fn swap_averages(&mut self) -> Result<()> {
        self.model_mut()?.swap_averages()
    }

    /// Makes the weights, as they are, the moving averages of them too.
    pub(crate) fn set_averages(&mut self) -> Result<()> {
        self.model_mut()?.set_averages()
    }

    /// The learning rate of the next step.
    pub fn learning_rate(&self) -> Result<f64> {
        self.model().learning_rate()
    }

    /// Sets the learning rate from the next step on; an error outside of training.
    pub fn set_learning_rate(&mut self, rate: f64) -> Result<()> {
        self.model_mut()?.set_learning_rate(rate)
    }

    /// Saves the model, or its weights alone, in the format that the file's name ends in.
    pub fn save(&self, path: impl AsRef<Path>, weights_only: bool) -> Result<()> {
        match weights_only {
            true => self.model().save_weights(path),
            false => self.model().save(path),
        }
    }

    /// Writes everything that training needs to go on from here.
    pub(crate) fn save_backup(&self, path: &Path) -> Result<()> {
        crate::saving::save_backup(self.model(), self.course.place, path)
    }

    /// Goes on from where a backup was written; at the beginning of training.
    pub(crate) fn restore_backup(&mut self, path: &Path) -> Result<()> {
        let place = crate::saving::restore_backup(self.model_mut()?, path)?;
        self.course.resume = Some(place);
        Ok(())
    }

    /// Which values of a logged number are better: `val_` in front of a name does not count.
    ///
    /// An error for a name that no loss or metric of the model has, and for a metric that does
    /// not tell.
    pub fn direction(&self, name: &str) -> Result<Direction> {
        let own = name.strip_prefix("val_").unwrap_or(name);
        let list = self.numbers.map_or(&[][..], |(trackers, _)| &trackers.list);
        let found = list.iter().find(|t| t.names().iter().any(|n| n == own));
        match found.map(|tracker| tracker.kind.metric()) {
            Some(Some(metric)) => metric.direction().ok_or_else(|| {
                Error::argument(
                    "mode",
                    format!(
                        "must be \"min\" or \"max\": metric {own:?} does not tell which is better"
                    ),
                )
            }),
            Some(None) => Ok(Direction::Down),
            None => {
                let names = self.log_names(true);
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let hint = crate::config::suggest(name, &names);
                Err(Error::Unknown { kind: "logged number", name: name.into(), hint })
            }
        }
    }

    /// The names that are logged in this run, those of validation only if asked for.
    pub(crate) fn log_names(&self, validation: bool) -> Vec<String> {
        let list = self.numbers.map_or(&[][..], |(trackers, _)| &trackers.list);
        let mut names: Vec<String> = list.iter().flat_map(Tracker::names).collect();
        names.sort();
        if validation && self.params.validates {
            names.extend(names.clone().iter().map(|name| format!("val_{name}")));
        }
        names
    }

    fn model_mut(&mut self) -> Result<&mut Model> {
        match &mut self.model {
            Access::Write(model) => Ok(model),
            Access::Read(_) => {
                Err(Error::Model("a model can only be changed while it is trained".into()))
            }
        }
    }
}
