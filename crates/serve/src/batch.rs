//! Requests that wait for one model, computed together.
//!
//! There are no threads for it. A request that finds the model idle makes a task that leads: it
//! takes what waits, computes, answers, and goes on until nothing waits. So a lone request is
//! computed on the thread that read it, without a switch to another one; under load, what came in
//! meanwhile is the next batch. Computations of a millisecond and more let tokio move its other
//! tasks off the thread first.
use crate::failure::{Failure, Outcome};
use crate::metrics::ModelMetrics;
use crate::options::Options;
use ferras::Tensor;
use ferras::data::Array;
use ferras::models::Model;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, oneshot};

/// A computation that is shorter does not hold up a thread's other tasks.
const SHORT: Duration = Duration::from_micros(500);

/// A model's outputs, in order, with as many rows as the inputs had.
type Outputs = Vec<Tensor>;

/// Rows of one request.
#[derive(Debug)]
struct Job {
    inputs: Vec<Array>,
    rows: usize,
    reply: oneshot::Sender<Outcome<Outputs>>,
    since: Instant,
}

impl Job {
    /// Whether both can be rows of one batch.
    fn fits(&self, other: &Job) -> bool {
        let dtype = |array: &Array| array.numbers().ok().map(Tensor::dtype);
        let same = |(a, b): (&Array, &Array)| {
            dtype(a) == dtype(b) && a.shape().get(1..) == b.shape().get(1..)
        };
        self.inputs.len() == other.inputs.len() && self.inputs.iter().zip(&other.inputs).all(same)
    }
}

#[derive(Debug, Default)]
struct Queue {
    jobs: VecDeque<Job>,
    rows: usize,
    leaders: usize,
}

/// A model with the requests that wait for it.
#[derive(Debug)]
pub(crate) struct Batcher {
    model: Model,
    queue: Mutex<Queue>,
    /// Computations at once, over all models: one for each core.
    cores: Arc<Semaphore>,
    most_leaders: usize,
    most_waiting: usize,
    max_delay: Duration,
    /// Rows computed at once: more gain nothing.
    pub(crate) max_batch: usize,
    /// How long a row takes, in nanoseconds.
    row: AtomicU64,
    pub(crate) metrics: Arc<ModelMetrics>,
}

impl Batcher {
    /// A model that was warmed up; see [`warm`].
    pub(crate) fn new(
        model: Model,
        warmth: Warmth,
        options: &Options,
        cores: Arc<Semaphore>,
        metrics: Arc<ModelMetrics>,
    ) -> Batcher {
        Batcher {
            model,
            queue: Mutex::default(),
            most_leaders: cores.available_permits().max(1),
            cores,
            most_waiting: options.queue,
            max_delay: options.max_delay,
            max_batch: warmth.batch,
            row: AtomicU64::new(warmth.row.as_nanos() as u64),
            metrics,
        }
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// Rows that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.queue().rows
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The outputs for these inputs of so many rows each.
    pub(crate) async fn predict(
        self: Arc<Self>,
        inputs: Vec<Array>,
        rows: usize,
    ) -> Outcome<Outputs> {
        let (reply, answer) = oneshot::channel();
        let job = Job { inputs, rows, reply, since: Instant::now() };
        if self.enqueue(job)? {
            tokio::spawn(self.lead());
        }
        answer.await.unwrap_or_else(|_| Err(Failure::internal("the computation was given up")))
    }

    /// Lets a job wait; whether somebody must lead.
    fn enqueue(&self, job: Job) -> Outcome<bool> {
        let mut queue = self.queue();
        if queue.rows > 0 && queue.rows.saturating_add(job.rows) > self.most_waiting {
            self.metrics.refused();
            return Err(Failure::busy(format!(
                "{} rows wait for the model already, and at most {} may; try again later",
                queue.rows, self.most_waiting
            )));
        }
        queue.rows += job.rows;
        queue.jobs.push_back(job);
        let lead = queue.leaders < self.most_leaders;
        queue.leaders += usize::from(lead);
        Ok(lead)
    }

    async fn lead(self: Arc<Self>) {
        loop {
            self.gather().await;
            // Closed it is never.
            let core = self.cores.acquire().await;
            let Some(batch) = self.take() else { return };
            let rows: usize = batch.iter().map(|job| job.rows).sum();
            let nanoseconds = self.row.load(Relaxed).saturating_mul(rows as u64);
            let expected = Duration::from_nanos(nanoseconds);
            match expected < SHORT {
                true => self.answer(batch),
                false => tokio::task::block_in_place(|| self.answer(batch)),
            }
            drop(core);
            tokio::task::yield_now().await;
        }
    }

    /// Waits until a batch is full, or its first job has waited for long enough.
    async fn gather(&self) {
        if self.max_delay.is_zero() {
            return;
        }
        loop {
            let due = {
                let queue = self.queue();
                let full = queue.rows >= self.max_batch;
                queue.jobs.front().filter(|_| !full).map(|job| job.since + self.max_delay)
            };
            match due {
                Some(due) if due > Instant::now() => {
                    tokio::time::sleep(Duration::from_millis(1).min(due - Instant::now())).await;
                }
                _ => return,
            }
        }
    }

    /// The next batch; with none, the leader's office ends.
    fn take(&self) -> Option<Vec<Job>> {
        let mut queue = self.queue();
        let Some(first) = queue.jobs.pop_front() else {
            queue.leaders -= 1;
            return None;
        };
        // Sizes are powers of two, for each of which the model is compiled once.
        let most = step(queue.rows, self.max_batch);
        let mut rows = first.rows;
        let mut batch = vec![first];
        while let Some(next) = queue.jobs.front() {
            // All in it fit the first.
            if rows + next.rows > most || !batch.first().is_some_and(|job| job.fits(next)) {
                break;
            }
            rows += next.rows;
            batch.extend(queue.jobs.pop_front());
        }
        queue.rows -= rows;
        Some(batch)
    }

    /// Computes a batch and answers its jobs.
    fn answer(&self, mut batch: Vec<Job>) {
        // Whoever asked may be gone.
        batch.retain(|job| !job.reply.is_closed());
        let start = Instant::now();
        batch.iter().for_each(|job| self.metrics.waited(start - job.since));
        if batch.len() < 2 {
            batch.into_iter().for_each(|job| self.alone(job));
            return;
        }
        match joined(&batch).and_then(|inputs| self.compute(inputs, &|| false)) {
            Ok(outputs) => {
                let mut row = 0;
                for job in batch {
                    let part = cut(&outputs, row, job.rows);
                    row += job.rows;
                    let _ = job.reply.send(part);
                }
            }
            // One of them spoils it for all: each for itself.
            Err(_) => batch.into_iter().for_each(|job| self.alone(job)),
        }
    }

    fn alone(&self, job: Job) {
        let outputs = self.compute(job.inputs, &|| job.reply.is_closed());
        let _ = job.reply.send(outputs);
    }

    /// The outputs, batch by batch, unless they are `given_up` meanwhile.
    fn compute(&self, inputs: Vec<Array>, given_up: &dyn Fn() -> bool) -> Outcome<Outputs> {
        let rows = inputs.first().and_then(|t| t.shape().first().copied()).unwrap_or(0);
        if rows <= 1 || step(rows, self.max_batch) == rows {
            return self.run(inputs, rows);
        }
        let mut all: Outputs = Vec::new();
        let mut from = 0;
        while from < rows {
            if given_up() {
                return Err(Failure::internal("the computation was given up"));
            }
            let count = step(rows - from, self.max_batch);
            let part = self.run(cut_inputs(&inputs, from, count)?, count)?;
            match all.is_empty() {
                true => all = part,
                false => {
                    let mut pairs = all.iter_mut().zip(&part);
                    pairs.try_for_each(|(all, part)| all.append(part)).map_err(unfit)?;
                }
            }
            from += count;
        }
        Ok(all)
    }

    fn run(&self, inputs: Vec<Array>, rows: usize) -> Outcome<Outputs> {
        let start = Instant::now();
        let outputs = caught(&self.model, inputs)?;
        let took = start.elapsed();
        self.metrics.computed(rows, took);
        // A mean that forgets: an eighth of it is the newest.
        let (old, new) = (self.row.load(Relaxed), took.as_nanos() as u64 / rows.max(1) as u64);
        self.row.store(old - old / 8 + new / 8, Relaxed);
        Ok(outputs)
    }
}

/// The model's outputs; a panic in a layer of the program's own is an error.
fn caught(model: &Model, inputs: Vec<Array>) -> Outcome<Outputs> {
    let outputs = catch_unwind(AssertUnwindSafe(|| model.predict_on_batch(inputs)));
    let panicked = |_| Err(Failure::internal("the model panicked while it computed"));
    outputs.map_or_else(panicked, |outputs| Ok(outputs?))
}

/// The largest power of two that is at most `rows`, or `most`.
fn step(rows: usize, most: usize) -> usize {
    match rows >= most {
        true => most,
        false => 1 << rows.max(1).ilog2(),
    }
}

/// Rows `from..from + count` of all tensors.
fn cut(tensors: &[Tensor], from: usize, count: usize) -> Outcome<Vec<Tensor>> {
    let mut shape = Vec::new();
    let mut part = |t: &Tensor| t.rows(from..from + count, &mut shape).map(|view| view.to_tensor());
    tensors.iter().map(&mut part).collect::<Result<_, _>>().map_err(unfit)
}

/// Rows `from..from + count` of all inputs.
fn cut_inputs(inputs: &[Array], from: usize, count: usize) -> Outcome<Vec<Array>> {
    inputs
        .iter()
        .map(|array| array.rows(from..from + count))
        .collect::<Result<_, _>>()
        .map_err(unfit)
}

/// The inputs of all jobs, one below the other.
fn joined(batch: &[Job]) -> Outcome<Vec<Array>> {
    let mut jobs = batch.iter();
    let mut all = jobs.next().map(|job| job.inputs.clone()).unwrap_or_default();
    for job in jobs {
        let mut pairs = all.iter_mut().zip(&job.inputs);
        pairs.try_for_each(|(all, part)| all.append(part)).map_err(unfit)?;
    }
    Ok(all)
}

fn unfit(error: impl std::fmt::Display) -> Failure {
    Failure::internal(format!("the model's outputs have no rows to share out: {error}"))
}

/// What warming up a model tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Warmth {
    /// How long one row takes, alone.
    pub(crate) row: Duration,
    /// Rows beyond which a larger batch gains nothing.
    pub(crate) batch: usize,
}

/// Compiles a model for one row, two, four and so on, as long as twice the rows take less than 1.8
/// times the time. `zeros` gives inputs of so many rows.
pub(crate) fn warm(
    model: &Model,
    most: usize,
    zeros: impl Fn(usize) -> Vec<Array>,
) -> Result<Warmth, Failure> {
    let time = |rows: usize| -> Outcome<Duration> {
        let inputs = zeros(rows);
        let once = || {
            let start = Instant::now();
            caught(model, inputs.clone()).map(|_| start.elapsed())
        };
        // The first one compiles; the shortest of some others is the least disturbed.
        let (mut least, mut all) = (once()?, Duration::ZERO);
        for _ in 0..20 {
            let next = once()?;
            least = least.min(next);
            all += next;
            if all > Duration::from_millis(50) {
                break;
            }
        }
        Ok(least)
    };
    let row = time(1)?;
    let (mut batch, mut least) = (1, row);
    while batch * 2 <= most {
        let next = time(batch * 2)?;
        if next.as_secs_f64() > 1.8 * least.as_secs_f64() {
            break;
        }
        (batch, least) = (batch * 2, next);
    }
    Ok(Warmth { row, batch })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferras::prelude::*;

    fn batcher(options: &Options) -> Arc<Batcher> {
        let x = Input::new([None, Some(2)]);
        let model = Model::new(&x, Rescaling::new(2.0).apply(&x)).unwrap();
        let warmth = Warmth { row: Duration::from_micros(1), batch: options.max_batch };
        let cores = Arc::new(Semaphore::new(1));
        Arc::new(Batcher::new(model, warmth, options, cores, Arc::default()))
    }

    fn job(rows: usize, length: usize, value: f32) -> (Job, oneshot::Receiver<Outcome<Outputs>>) {
        let (reply, answer) = oneshot::channel();
        let x = Tensor::new([rows, length, 2], vec![value; rows * length * 2]).unwrap();
        (Job { inputs: vec![x.into()], rows, reply, since: Instant::now() }, answer)
    }

    fn answered(answer: &mut oneshot::Receiver<Outcome<Outputs>>) -> Tensor {
        answer.try_recv().unwrap().unwrap().remove(0)
    }

    #[test]
    fn what_waits_is_computed_together_if_it_fits() {
        let batcher = batcher(&Options::new());
        let mut answers = Vec::new();
        for (rows, length, value) in [(1, 1, 1.0), (2, 1, 2.0), (1, 1, 3.0), (1, 5, 4.0)] {
            let (job, answer) = job(rows, length, value);
            assert_eq!(batcher.enqueue(job).unwrap(), answers.is_empty());
            answers.push(answer);
        }
        assert_eq!(batcher.waiting(), 5);
        let batch = batcher.take().unwrap();
        assert_eq!(batch.iter().map(|job| job.rows).collect::<Vec<_>>(), [1, 2, 1]);
        batcher.answer(batch);
        assert_eq!(answered(&mut answers[1]), Tensor::new([2, 1, 2], vec![4.0_f32; 4]).unwrap());
        assert_eq!(answered(&mut answers[2]), Tensor::new([1, 1, 2], vec![6.0_f32; 2]).unwrap());
        // The longer one is a batch of its own.
        batcher.answer(batcher.take().unwrap());
        assert_eq!(answered(&mut answers[3]).shape()[..], [1, 5, 2]);
        assert!(batcher.take().is_none());
        assert_eq!((batcher.waiting(), batcher.queue().leaders), (0, 0));
    }

    #[test]
    fn many_rows_are_computed_in_steps() {
        let batcher = batcher(&Options::new().max_batch(4));
        let x: Vec<f32> = (0..22).map(|i| i as f32).collect();
        let twice: Vec<f32> = x.iter().map(|v| v * 2.0).collect();
        let x = Tensor::new([11, 1, 2], x).unwrap();
        let y = batcher.compute(vec![x.into()], &|| false).unwrap().remove(0);
        assert_eq!(y, Tensor::new([11, 1, 2], twice).unwrap());
        let steps: Vec<usize> = [1, 2, 3, 4, 5, 31].map(|rows| step(rows, 4)).to_vec();
        assert_eq!(steps, [1, 2, 2, 4, 4, 4]);
        assert_eq!(step(7, 20), 4);
        let x = Tensor::new([11, 1, 2], vec![0.0_f32; 22]).unwrap();
        assert!(batcher.compute(vec![x.into()], &|| true).is_err());
    }

    #[test]
    fn a_full_queue_refuses_and_one_bad_request_spoils_no_other() {
        let batcher = batcher(&Options::new().queue(3));
        let (first, mut good) = job(2, 1, 1.0);
        batcher.enqueue(first).unwrap();
        let (second, mut bad) = job(1, 1, 1.0);
        let wrong = Tensor::new([1, 1, 3], vec![1.0_f32; 3]).unwrap();
        batcher.enqueue(Job { inputs: vec![wrong.into()], ..second }).unwrap();
        let refused = batcher.enqueue(job(1, 1, 1.0).0).unwrap_err();
        assert_eq!(refused.status, 429);
        let mut batch = batcher.take().unwrap();
        batch.extend(batcher.take().into_iter().flatten());
        assert_eq!(batch.len(), 2);
        batcher.answer(batch);
        assert_eq!(answered(&mut good).shape()[..], [2, 1, 2]);
        assert_eq!(bad.try_recv().unwrap().unwrap_err().status, 400);
        // One that is larger than the queue is taken when nothing waits.
        assert!(batcher.enqueue(job(9, 1, 1.0).0).is_ok());
    }

    #[test]
    fn warming_ends_where_nothing_is_gained() {
        let batcher = batcher(&Options::new());
        let zeros = |rows| vec![Tensor::new([rows, 1, 2], vec![0.0_f32; rows * 2]).unwrap().into()];
        let warmth = warm(batcher.model(), 8, zeros).unwrap();
        assert!(warmth.batch.is_power_of_two() && warmth.batch <= 8);
        assert!(warm(batcher.model(), 8, |_| Vec::new()).is_err());
    }
}
