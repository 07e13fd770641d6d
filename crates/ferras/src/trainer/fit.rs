//! `fit`: the one loop. It feeds steps and calls callbacks; everything else is in the step's graph.
use super::callback::{Access, Callback, Course, Place, Run, RunParams};
use super::compile::Target;
use super::data::Data;
use super::dataset::{Arrays, Batch, Dataset, Rows, Staging, caught, pass, positive};
use super::evaluate::{Plan, evaluate};
use super::history::{History, Logs};
use super::metric::{TrackerStates, Trackers};
use super::options::{Fit, OnBatch};
use super::progress;
use super::source::{PREFETCH, Sampler, Source, Stream, no_batch, read_ahead, warn_of_end};
use super::step::{BatchView, Mode, Step, trackers};
use super::targets::Weighting;
use super::tokens::warn_of_fractions;
use super::validation::Validation;
use crate::config::{ElementType, limited_epochs, limited_steps};
use crate::layers::PartialShape;
use crate::models::{Model, Topology};
use crate::{Error, Result};
use std::sync::{Arc, mpsc};
use std::time::Instant;

impl Model {
    /// Trains the model for some epochs and returns what was logged.
    ///
    /// `x` and `y` are arrays with one row a sample, one for each input and output. An error
    /// leaves the model usable, with the weights of its last whole step.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// set_random_seed(7);
    /// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
    /// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
    /// let (x, y) = ([[0.0_f32], [1.0], [2.0], [3.0]], [[1.0_f32], [3.0], [5.0], [7.0]]);
    /// let history = model.fit(x, y, Fit::new().epochs(50).batch_size(2).verbose(0))?;
    /// assert!(history.last("loss").unwrap() < history.get("loss").unwrap()[0]);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn fit(
        &mut self,
        x: impl Into<Data>,
        y: impl Into<Data>,
        mut options: Fit<'_>,
    ) -> Result<History> {
        self.can_train("fit")?;
        let (x, y) = (x.into(), y.into());
        let weighting = options.weighting.clone();
        let (targets, mut arrays) = self.prepare(x, y, weighting)?;
        warn_of_fractions(self.network()?, &arrays.x);
        let validation = Validation::new(self, &targets, &mut options, Some(&mut arrays))?;
        let batch_size = match (options.batch_size, options.steps_per_epoch) {
            (Some(size), _) => positive("batch_size", size)?,
            (None, Some(steps)) => arrays.rows.div_ceil(positive("steps_per_epoch", steps)?),
            (None, None) => 32,
        };
        let steps = options.steps_per_epoch.unwrap_or(arrays.rows.div_ceil(batch_size));
        let steps = limited_steps(Some(steps)).unwrap_or(steps);
        let sampler = Sampler::new(arrays.rows, batch_size, !options.keep_order);
        let trackers = trackers(self, &targets, &arrays.y)?;
        let source = Source::Arrays { arrays, sampler, steps: positive("steps_per_epoch", steps)? };
        options.epochs = Some(limited_epochs(options.epochs.unwrap_or(1)));
        Training::new(self, targets, trackers, options, batch_size, validation)?.run(source)
    }

    /// Trains the model on a stream of batches; see [`Dataset`].
    ///
    /// An epoch is a pass over the stream. With `steps_per_epoch` it is that many batches, and the
    /// next epoch goes on where it ended; at the end of the stream a new pass begins.
    pub fn fit_dataset(
        &mut self,
        dataset: &mut dyn Dataset,
        mut options: Fit<'_>,
    ) -> Result<History> {
        self.can_train("fit")?;
        if options.validation_split != 0.0 && options.validation_data.is_none() {
            let problem = "needs arrays; give another stream as validation_dataset";
            return Err(Error::argument("validation_split", problem));
        }
        let Weighting { sample_weight, class_weight } = options.weighting.clone();
        if sample_weight.is_some() {
            let problem = "needs arrays; a stream gives its weights with each batch";
            return Err(Error::argument("sample_weight", problem));
        }
        let steps = options.steps_per_epoch.map(|n| positive("steps_per_epoch", n)).transpose()?;
        let first = pass(dataset).next();
        let first = first.ok_or_else(no_batch)??;
        let (x, y, weighting) = parts(first, &class_weight);
        let (targets, checked) = self.prepare(x, y, weighting)?;
        let validation = Validation::new(self, &targets, &mut options, None)?;
        let trackers = trackers(self, &targets, &checked.y)?;
        let steps = limited_steps(steps);
        options.epochs = Some(limited_epochs(options.epochs.unwrap_or(1)));
        let passes = options.epochs.unwrap_or(1).saturating_sub(options.initial_epoch);
        let batch_size = options.batch_size.unwrap_or(32);
        let training = Training::new(self, targets, trackers, options, batch_size, validation)?;
        let length = caught(|| dataset.len())?;
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::sync_channel(PREFETCH);
            scope.spawn(move || read_ahead(dataset, passes, &sender));
            training.run(Source::Stream(Stream { receiver, steps, length, class_weight }))
        })
    }

    /// One update of the weights; returns the batch's loss and metrics before it.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(1).input_dim(2));
    /// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
    /// let logs = model.train_on_batch([[0.0_f32, 1.0]], [[1.0_f32]])?;
    /// assert!(logs.get("loss").is_some());
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn train_on_batch(&mut self, x: impl Into<Data>, y: impl Into<Data>) -> Result<Logs> {
        self.train_on_batch_with(x, y, OnBatch::new())
    }

    /// [`Model::train_on_batch`] with weights of samples or classes.
    pub fn train_on_batch_with(
        &mut self,
        x: impl Into<Data>,
        y: impl Into<Data>,
        options: OnBatch,
    ) -> Result<Logs> {
        let (x, y, weighting) = (x.into(), y.into(), options.weighting);
        self.can_train("train_on_batch")?;
        let (targets, arrays) = self.prepare(x, y, weighting)?;
        let trackers = trackers(self, &targets, &arrays.y)?;
        let mut states = trackers.start(self)?;
        let rows = Rows::Range(0, arrays.rows);
        arrays.with_rows(rows, &mut Staging::default(), |batch| {
            let step = self.step(Mode::Train, batch, &targets, &trackers.list)?;
            self.run_train(&step, batch, &mut states)
        })?;
        trackers.logs(&states)
    }

    /// What is trained and on what; builds a stack from its first data. Data that do not fit leave
    /// the stack as it was, so that others may be tried.
    fn prepare(&mut self, x: Data, y: Data, weighting: Weighting) -> Result<(Vec<Target>, Arrays)> {
        let before = (!self.is_built()).then(|| self.topology.clone());
        let attempt = || {
            self.build_on(&x)?;
            self.prepare_optimizer()?;
            let targets = self.targets()?;
            let arrays = self.arrays(&targets, x, y, weighting)?;
            Ok((targets, arrays))
        };
        let prepared = attempt();
        if let (Err(_), Some(stack)) = (&prepared, before) {
            self.topology = stack;
            self.variables.clear();
            self.carried.clear();
            if let Some(compiled) = &mut self.training.compiled {
                compiled.optimizer_states.clear();
            }
        }
        prepared
    }

    /// Builds a stack from its first data.
    pub(crate) fn build_on(&mut self, x: &Data) -> Result<()> {
        if let Topology::Stack(_) = self.topology {
            let first = x.first("x")?.and_then(|array| {
                // Whatever the type of numbers: the step casts them.
                let texts = array.texts().map(|_| ElementType::Text).ok();
                Some((array.shape().get(1..).map(PartialShape::from)?, texts))
            });
            self.build_stack(first)?;
        }
        self.network().map(|_| ())
    }

    /// What is trained and measured at each output: nothing where layers or a training step of the
    /// program's own say all that is to be minimized.
    pub(crate) fn targets(&self) -> Result<Vec<Target>> {
        let (compiled, network) = (self.compiled("fit")?, self.network()?);
        let targets = compiled.targets(&network.output_names())?;
        let own = network.adds_loss || compiled.arguments.train_step.is_some();
        match targets.is_empty() && !own {
            true => Err(self.no_loss()),
            false => Ok(targets),
        }
    }

    /// A stream's batch as arrays, checked like arrays.
    pub(crate) fn check_batch(
        &self,
        targets: &[Target],
        batch: Batch,
        class_weight: &[(i64, f64)],
    ) -> Result<Arrays> {
        let (x, y, weighting) = parts(batch, class_weight);
        self.arrays(targets, x, y, weighting)
    }
}

/// A stream's batch as `fit` is given data.
fn parts(batch: Batch, class_weight: &[(i64, f64)]) -> (Data, Data, Weighting) {
    let sample_weight = (!batch.sample_weight.is_empty()).then(|| Data::from(batch.sample_weight));
    let weighting = Weighting { sample_weight, class_weight: class_weight.to_vec() };
    (Data::from(batch.x), Data::from(batch.y), weighting)
}

/// A run of `fit`.
struct Training<'m, 'f> {
    model: &'m mut Model,
    targets: Vec<Target>,
    trackers: Trackers,
    callbacks: Vec<Box<dyn Callback + 'f>>,
    params: RunParams,
    initial_epoch: usize,
    batch_size: usize,
    validation: Option<Validation<'f>>,
    course: Course,
    /// Steps between two calls of the hooks of batches.
    group: usize,
    /// The steps of the last two sizes of batch: a whole one and the rest.
    recent: Vec<(usize, Arc<Step>)>,
}

impl<'m, 'f> Training<'m, 'f> {
    fn new(
        model: &'m mut Model,
        targets: Vec<Target>,
        trackers: Trackers,
        options: Fit<'f>,
        batch_size: usize,
        validation: Option<Validation<'f>>,
    ) -> Result<Training<'m, 'f>> {
        let params = RunParams {
            epochs: options.epochs.unwrap_or(1),
            steps: None,
            verbose: options.verbose.number()?,
            validates: validation.is_some(),
        };
        let mut callbacks = options.callbacks;
        callbacks.extend(progress::added(params.verbose, &callbacks));
        let group = model.compiled("fit")?.arguments.steps_per_execution;
        Ok(Training {
            model,
            targets,
            trackers,
            callbacks,
            params,
            initial_epoch: options.initial_epoch,
            batch_size,
            validation,
            course: Course::default(),
            group,
            recent: Vec::new(),
        })
    }

    fn run(mut self, mut source: Source) -> Result<History> {
        self.params.steps = match &source {
            Source::Arrays { steps, .. } => Some(*steps),
            Source::Stream(stream) => stream.steps.or(stream.length),
        };
        let mut history = History::default();
        let mut states = self.trackers.start(self.model)?;
        let mut ended_early = false;
        self.notify(&states, |c, run| c.on_train_begin(run))?;
        let mut first_batch = self.resume(&mut source);
        let mut staging = Staging::default();
        for epoch in self.initial_epoch..self.params.epochs {
            let started = Instant::now();
            states = self.trackers.start(self.model)?;
            self.notify(&states, |c, run| c.on_epoch_begin(epoch, run))?;
            let mut batch_index = std::mem::take(&mut first_batch);
            match &mut source {
                Source::Arrays { arrays, sampler, steps } => {
                    while batch_index < *steps && !self.course.stop {
                        // As in Keras: the next epoch begins at the front again.
                        if batch_index > 0 && sampler.is_at_end() {
                            warn_of_end(batch_index, *steps, &mut ended_early);
                            break;
                        }
                        sampler.advance(|| self.shuffle_seed())?;
                        let order = Some((sampler.seed, sampler.batch.end));
                        self.course.place = Place { epoch, batch: batch_index + 1, order };
                        let rows = sampler.batch();
                        arrays.with_rows(rows, &mut staging, |batch| {
                            self.train(batch_index, rows.len(), batch, &mut states)
                        })?;
                        batch_index += 1;
                    }
                    self.end_group(batch_index, &states)?;
                }
                Source::Stream(stream) => self.stream(stream, &mut states, &mut ended_early)?,
            }
            let mut logs = self.trackers.logs(&states)?;
            if self.validation.as_ref().is_some_and(|v| v.runs_after(epoch)) {
                logs.append("val_", &self.validate()?);
            }
            let seconds = started.elapsed().as_secs_f64();
            self.course.place = Place { epoch: epoch + 1, batch: 0, ..self.course.place };
            self.notify(&states, |c, run| {
                c.on_epoch_end(epoch, &logs, run)?;
                // What a callback adds, those behind it see.
                logs.append("", &std::mem::take(&mut run.course.logged));
                Ok(())
            })?;
            history.record(epoch, &logs, seconds);
            if self.course.stop {
                break;
            }
        }
        if self.params.epochs > 0 {
            self.model.finalize_weights()?;
        }
        self.notify(&states, |c, run| c.on_train_end(&history, run))?;
        Ok(history)
    }

    /// Goes to where a callback wants training to go on; the first step of its first epoch.
    fn resume(&mut self, source: &mut Source) -> usize {
        let Some(place) = self.course.resume.take() else { return 0 };
        (self.course.place, self.initial_epoch) = (place, place.epoch);
        let Source::Arrays { sampler, steps, .. } = source else { return 0 };
        if let Some((seed, at)) = place.order {
            sampler.shuffle(seed, at);
        }
        if place.batch < *steps {
            return place.batch;
        }
        self.initial_epoch += 1;
        0
    }

    /// An epoch of a stream.
    fn stream(
        &mut self,
        stream: &Stream,
        states: &mut TrackerStates,
        ended_early: &mut bool,
    ) -> Result<()> {
        let mut staging = Staging::default();
        let mut steps = 0;
        for index in 0..stream.steps.unwrap_or(usize::MAX) {
            if self.course.stop {
                break;
            }
            let Some(batch) = stream.next(index)? else {
                stream.steps.iter().for_each(|steps| warn_of_end(index, *steps, ended_early));
                break;
            };
            let arrays = self.model.check_batch(&self.targets, batch, &stream.class_weight)?;
            self.recent.clear();
            let rows = Rows::Range(0, arrays.rows);
            arrays.with_rows(rows, &mut staging, |batch| {
                self.train(index, rows.len(), batch, states)
            })?;
            steps = index + 1;
        }
        self.end_group(steps, states)
    }

    /// One training step between its hooks.
    fn train(
        &mut self,
        index: usize,
        rows: usize,
        batch: &BatchView<'_>,
        states: &mut TrackerStates,
    ) -> Result<()> {
        if index.is_multiple_of(self.group) {
            self.notify(states, |c, run| c.on_train_batch_begin(index, run))?;
        }
        let step = match self.recent.iter().find(|(n, _)| *n == rows) {
            Some((_, step)) => step.clone(),
            None => {
                let list = &self.trackers.list;
                let step = self.model.step(Mode::Train, batch, &self.targets, list)?;
                self.recent.push((rows, step.clone()));
                step
            }
        };
        self.model.run_train(&step, batch, states)?;
        match (index + 1).is_multiple_of(self.group) {
            true => self.notify(states, |c, run| c.on_train_batch_end(index, run)),
            false => Ok(()),
        }
    }

    /// At the end of an epoch of so many steps: ends the group of them that is not full.
    fn end_group(&mut self, steps: usize, states: &TrackerStates) -> Result<()> {
        if steps.is_multiple_of(self.group) {
            return Ok(());
        }
        let last = steps.next_multiple_of(self.group) - 1;
        self.notify(states, |c, run| c.on_train_batch_end(last, run))
    }

    fn validate(&mut self) -> Result<Logs> {
        let Some(mut validation) = self.validation.take() else { return Ok(Logs::default()) };
        let logs = validation.feed(&self.targets, self.batch_size).and_then(|mut feed| {
            let params = RunParams { steps: feed.steps(), ..self.params.clone() };
            evaluate(
                Access::Write(&mut *self.model),
                &self.targets,
                &self.trackers,
                &mut feed,
                Plan { params: &params, course: &mut self.course },
                &mut self.callbacks,
            )
        });
        self.validation = Some(validation);
        logs
    }

    fn notify(
        &mut self,
        states: &TrackerStates,
        mut hook: impl FnMut(&mut dyn Callback, &mut Run) -> Result<()>,
    ) -> Result<()> {
        for callback in &mut self.callbacks {
            let mut run = Run {
                model: Access::Write(&mut *self.model),
                numbers: Some((&self.trackers, states)),
                params: &self.params,
                course: &mut self.course,
            };
            hook(&mut **callback, &mut run)?;
        }
        Ok(())
    }

    /// The seed of the next order of rows: it follows from the model's seed and the steps taken.
    fn shuffle_seed(&self) -> Result<u64> {
        let key = self.model.compiled("fit")?.key.download()?;
        match key.as_slice::<i64>() {
            Some([seed, steps]) => {
                Ok((*seed as u64).wrapping_add((*steps as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)))
            }
            _ => Err(Error::Internal("the random key has another form".into())),
        }
    }
}
