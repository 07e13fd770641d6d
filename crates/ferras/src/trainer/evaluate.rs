//! `evaluate`: loss and metrics without training.
use super::callback::{Access, Callback, Course, Run, RunParams};
use super::compile::Target;
use super::data::Data;
use super::dataset::{Dataset, Staging, positive};
use super::feed::Feed;
use super::history::Logs;
use super::metric::{TrackerStates, Trackers};
use super::options::{Evaluate, OnBatch};
use super::progress;
use super::step::{Mode, trackers};
use super::targets::Weighting;
use super::tokens::warn_of_fractions;
use crate::models::Model;
use crate::{Error, Result};

/// How an evaluation goes through its data.
pub(crate) struct Plan<'a> {
    /// With the number of steps, where that is known.
    pub(crate) params: &'a RunParams,
    /// Set where a callback ends training.
    pub(crate) course: &'a mut Course,
}

impl Model {
    /// Loss and metrics of the model on data, with Keras' defaults.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(1).input_dim(2));
    /// model.compile(Compile::new().loss("mse").metrics(["mae"]))?;
    /// let (x, y) = ([[0.0_f32, 0.0]], [[2.0_f32]]);
    /// let logs = model.evaluate_with(x, y, Evaluate::new().verbose(0))?;
    /// assert_eq!((logs.get("loss"), logs.get("mae")), (Some(4.0), Some(2.0)));
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn evaluate(&self, x: impl Into<Data>, y: impl Into<Data>) -> Result<Logs> {
        self.evaluate_with(x, y, Evaluate::new())
    }

    /// Loss and metrics of the model on data.
    pub fn evaluate_with(
        &self,
        x: impl Into<Data>,
        y: impl Into<Data>,
        options: Evaluate<'_>,
    ) -> Result<Logs> {
        self.compiled("evaluate")?;
        let targets = self.targets()?;
        let Evaluate { batch_size, verbose, steps, mut callbacks, sample_weight } = options;
        let weighting = Weighting { sample_weight, class_weight: Vec::new() };
        let arrays = self.arrays(&targets, x.into(), y.into(), weighting)?;
        warn_of_fractions(self.network()?, &arrays.x);
        let trackers = trackers(self, &targets, &arrays.y)?;
        let batch_size = positive("batch_size", batch_size.unwrap_or(32))?;
        let steps = steps.map(|n| positive("steps", n)).transpose()?;
        let mut feed = Feed::arrays(&arrays, batch_size, steps);
        let verbose = verbose.number()?;
        let params = RunParams { verbose, steps: feed.steps(), ..RunParams::default() };
        callbacks.extend(progress::added(params.verbose, &callbacks));
        let plan = Plan { params: &params, course: &mut Course::default() };
        evaluate(Access::Read(self), &targets, &trackers, &mut feed, plan, &mut callbacks)
    }

    /// Loss and metrics of the model on a stream of batches, which bring their own size.
    pub fn evaluate_dataset(
        &self,
        dataset: &mut dyn Dataset,
        options: Evaluate<'_>,
    ) -> Result<Logs> {
        self.compiled("evaluate")?;
        let targets = self.targets()?;
        let Evaluate { batch_size, verbose, steps, mut callbacks, sample_weight } = options;
        if sample_weight.is_some() {
            let problem = "needs arrays; a stream gives its weights with each batch";
            return Err(Error::argument("sample_weight", problem));
        }
        no_batch_size(batch_size)?;
        let steps = steps.map(|n| positive("steps", n)).transpose()?;
        let check = |model: &Model, batch| model.check_batch(&targets, batch, &[]);
        let mut feed = Feed::stream(dataset, steps, check)?;
        let verbose = verbose.number()?;
        let params = RunParams { verbose, steps: feed.steps(), ..RunParams::default() };
        callbacks.extend(progress::added(params.verbose, &callbacks));
        let trackers = trackers(self, &targets, &feed.look(self)?.y)?;
        let plan = Plan { params: &params, course: &mut Course::default() };
        evaluate(Access::Read(self), &targets, &trackers, &mut feed, plan, &mut callbacks)
    }

    /// Loss and metrics of one batch.
    pub fn test_on_batch(&self, x: impl Into<Data>, y: impl Into<Data>) -> Result<Logs> {
        self.test_on_batch_with(x, y, OnBatch::new())
    }

    /// [`Model::test_on_batch`] with weights of samples; class weights are for training alone.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
    /// model.compile(Compile::new().loss("mse"))?;
    /// let options = OnBatch::new().sample_weight(vec![1.0, 0.0]);
    /// let logs = model.test_on_batch_with([[0.0_f32], [1.0]], [2.0_f32, 9.0], options)?;
    /// assert_eq!(logs.get("loss"), Some(2.0)); // (1 · 4 + 0) / 2
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn test_on_batch_with(
        &self,
        x: impl Into<Data>,
        y: impl Into<Data>,
        options: OnBatch,
    ) -> Result<Logs> {
        let Weighting { sample_weight, class_weight } = options.weighting;
        if !class_weight.is_empty() {
            let problem = "is for training alone; give sample_weight to weigh what is measured";
            return Err(Error::argument("class_weight", problem));
        }
        let options = Evaluate::new().batch_size(usize::MAX).verbose(0);
        self.evaluate_with(x, y, Evaluate { sample_weight, ..options })
    }
}

/// An error for a batch size given with a stream.
pub(super) fn no_batch_size(batch_size: Option<usize>) -> Result<()> {
    match batch_size {
        None => Ok(()),
        Some(_) => Err(Error::argument(
            "batch_size",
            "needs arrays; a stream's batches have their own size",
        )),
    }
}

/// One pass over the batches.
pub(crate) fn evaluate(
    mut model: Access<'_>,
    targets: &[Target],
    trackers: &Trackers,
    feed: &mut Feed<'_>,
    plan: Plan<'_>,
    callbacks: &mut [Box<dyn Callback + '_>],
) -> Result<Logs> {
    let Plan { params, course } = plan;
    let mut states = trackers.start(look(&model))?;
    let mut notify = |model: &mut Access<'_>,
                      states: &TrackerStates,
                      hook: &mut dyn FnMut(&mut dyn Callback, &mut Run) -> Result<()>|
     -> Result<()> {
        for callback in callbacks.iter_mut() {
            let model = match model {
                Access::Read(m) => Access::Read(m),
                Access::Write(m) => Access::Write(m),
            };
            let numbers = Some((trackers, states));
            hook(&mut **callback, &mut Run { model, numbers, params, course })?;
        }
        Ok(())
    };
    notify(&mut model, &states, &mut |c, run| c.on_test_begin(run))?;
    let mut staging = Staging::default();
    for index in 0.. {
        let Some((arrays, rows)) = feed.next(look(&model))? else { break };
        arrays.with_rows(rows, &mut staging, |batch| {
            notify(&mut model, &states, &mut |c, run| c.on_test_batch_begin(index, run))?;
            let read = look(&model);
            let step = read.step(Mode::Evaluate, batch, targets, &trackers.list)?;
            read.run_evaluate(&step, batch, &mut states)?;
            notify(&mut model, &states, &mut |c, run| c.on_test_batch_end(index, run))
        })?;
    }
    let logs = trackers.logs(&states)?;
    notify(&mut model, &states, &mut |c, run| c.on_test_end(&logs, run))?;
    Ok(logs)
}

fn look<'a>(model: &'a Access<'_>) -> &'a Model {
    match model {
        Access::Read(model) => model,
        Access::Write(model) => model,
    }
}
