//! `evaluate`: loss and metrics without training.
use super::callback::{Access, Callback, Course, Run, RunParams};
use super::compile::Target;
use super::data::Data;
use super::dataset::{Arrays, Dataset, Rows, Staging, pass, positive};
use super::history::Logs;
use super::metric::{TrackerStates, Trackers};
use super::options::Evaluate;
use super::progress;
use super::step::{Mode, trackers};
use super::targets::Weighting;
use crate::models::Model;
use crate::{Error, Result};

/// How an evaluation goes through its data.
pub(crate) struct Plan<'a> {
    pub(crate) batch_size: usize,
    pub(crate) steps: Option<usize>,
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
        let trackers = trackers(self, &targets, &arrays.y)?;
        let batch_size = positive("batch_size", batch_size.unwrap_or(32))?;
        let steps = steps.map(|n| positive("steps", n)).transpose()?;
        let params = RunParams { verbose: verbose.number(), ..RunParams::default() };
        callbacks.extend(progress::bar(params.verbose));
        let plan = Plan { batch_size, steps, params: &params, course: &mut Course::default() };
        evaluate(Access::Read(self), &targets, &trackers, &arrays, plan, &mut callbacks)
    }

    /// Loss and metrics of the model on a stream of batches.
    pub fn evaluate_dataset(
        &self,
        dataset: &mut dyn Dataset,
        options: Evaluate<'_>,
    ) -> Result<Logs> {
        self.compiled("evaluate")?;
        let targets = self.targets()?;
        if options.sample_weight.is_some() {
            let problem = "needs arrays; a stream gives its weights with each batch";
            return Err(Error::argument("sample_weight", problem));
        }
        let mut gathered: Option<(Trackers, TrackerStates)> = None;
        let mut staging = Staging::default();
        let steps = options.steps.map_or(Ok(usize::MAX), |n| positive("steps", n))?;
        for batch in pass(dataset).take(steps) {
            let arrays = self.check_batch(&targets, batch?, &[])?;
            let (trackers, states) = match &mut gathered {
                Some(found) => found,
                slot => {
                    let trackers = trackers(self, &targets, &arrays.y)?;
                    let states = trackers.start(self)?;
                    slot.insert((trackers, states))
                }
            };
            arrays.with_rows(Rows::Range(0, arrays.rows), &mut staging, |batch| {
                let step = self.step(Mode::Evaluate, batch, &targets, &trackers.list)?;
                self.run_evaluate(&step, batch, states)
            })?;
        }
        match gathered {
            Some((trackers, states)) => trackers.logs(&states),
            None => Err(Error::Data("the data set has no batch".into())),
        }
    }

    /// Loss and metrics of one batch.
    pub fn test_on_batch(&self, x: impl Into<Data>, y: impl Into<Data>) -> Result<Logs> {
        self.evaluate_with(x, y, Evaluate::new().batch_size(usize::MAX).verbose(0))
    }
}

/// One pass over the arrays.
pub(crate) fn evaluate(
    mut model: Access<'_>,
    targets: &[Target],
    trackers: &Trackers,
    arrays: &Arrays,
    plan: Plan<'_>,
    callbacks: &mut [Box<dyn Callback + '_>],
) -> Result<Logs> {
    let all = arrays.rows.div_ceil(plan.batch_size);
    let Plan { batch_size, steps, params, course } = plan;
    let steps = steps.unwrap_or(all).min(all);
    let params = RunParams { steps: Some(steps), ..params.clone() };
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
            hook(&mut **callback, &mut Run { model, numbers, params: &params, course })?;
        }
        Ok(())
    };
    notify(&mut model, &states, &mut |c, run| c.on_test_begin(run))?;
    let mut staging = Staging::default();
    for index in 0..steps {
        notify(&mut model, &states, &mut |c, run| c.on_test_batch_begin(index, run))?;
        let start = index * batch_size;
        let rows = Rows::Range(start, start.saturating_add(batch_size).min(arrays.rows));
        arrays.with_rows(rows, &mut staging, |batch| {
            let model = look(&model);
            let step = model.step(Mode::Evaluate, batch, targets, &trackers.list)?;
            model.run_evaluate(&step, batch, &mut states)
        })?;
        notify(&mut model, &states, &mut |c, run| c.on_test_batch_end(index, run))?;
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
