//! Where `fit` takes its batches from: rows of arrays, in order or shuffled, or a stream read ahead.
use super::dataset::{Arrays, Batch, Dataset, Rows, pass};
use crate::random::Generator;
use crate::{Error, Result, console};
use std::ops::Range;
use std::sync::mpsc;

/// Batches that a stream's thread may be ahead of training.
pub(super) const PREFETCH: usize = 2;

/// Where batches come from.
pub(super) enum Source {
    Arrays { arrays: Arrays, sampler: Sampler, steps: usize },
    Stream(Stream),
}

/// A stream that a thread of its own reads ahead; a `None` comes at the end of each pass.
pub(super) struct Stream {
    pub(super) receiver: mpsc::Receiver<Option<Result<Batch>>>,
    pub(super) steps: Option<usize>,
    pub(super) length: Option<usize>,
    pub(super) class_weight: Vec<(i64, f64)>,
}

impl Stream {
    /// The batch of this number in an epoch, unless the pass ends before it.
    pub(super) fn next(&self, index: usize) -> Result<Option<Batch>> {
        let mut next = self.receiver.recv();
        // An epoch of so many steps may have ended just before its pass did.
        if index == 0 && self.steps.is_some() && matches!(next, Ok(None)) {
            next = self.receiver.recv();
        }
        match next {
            Ok(Some(batch)) => batch.map(Some),
            _ if index == 0 => Err(no_batch()),
            _ => Ok(None),
        }
    }
}

/// Sends the batches of some passes until nobody wants them any more.
pub(super) fn read_ahead(
    dataset: &mut dyn Dataset,
    passes: usize,
    sender: &mpsc::SyncSender<Option<Result<Batch>>>,
) {
    for _ in 0..passes {
        for batch in pass(dataset).map(Some).chain(std::iter::once(None)) {
            if sender.send(batch).is_err() {
                return;
            }
        }
    }
}

pub(super) fn no_batch() -> Error {
    let text = "the data set has no batch to begin an epoch with: each call of batches() must begin \
                anew, and fit calls it once more to look at the first batch";
    Error::Data(text.into())
}

/// Which rows come next.
pub(super) struct Sampler {
    rows: usize,
    batch_size: usize,
    /// The rows in shuffled order; empty where they keep their own.
    order: Vec<usize>,
    /// The seed of that order.
    pub(super) seed: u64,
    /// The batch of this moment.
    pub(super) batch: Range<usize>,
}

impl Sampler {
    pub(super) fn new(rows: usize, batch_size: usize, shuffle: bool) -> Sampler {
        let order = if shuffle { (0..rows).collect() } else { Vec::new() };
        Sampler { rows, batch_size, order, seed: 0, batch: rows..rows }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.batch.end >= self.rows
    }

    /// Goes to the next batch; at the end of the data it begins again, in a new order of `seed`.
    pub(super) fn advance(&mut self, seed: impl FnOnce() -> Result<u64>) -> Result<()> {
        if self.is_at_end() {
            self.shuffle(seed()?, 0);
        }
        let start = self.batch.end;
        self.batch = start..(start + self.batch_size).min(self.rows);
        Ok(())
    }

    /// The rows of the batch.
    pub(super) fn batch(&self) -> Rows<'_> {
        match self.order.get(self.batch.clone()) {
            Some(rows) if !self.order.is_empty() => Rows::Picked(rows),
            _ => Rows::Range(self.batch.start, self.batch.end),
        }
    }

    /// Goes to row `at` of the order of `seed`.
    pub(super) fn shuffle(&mut self, seed: u64, at: usize) {
        self.seed = seed;
        self.batch = at.min(self.rows)..at.min(self.rows);
        // From the plain order, so that the new one follows from the seed alone.
        self.order.iter_mut().enumerate().for_each(|(i, row)| *row = i);
        if !self.order.is_empty() {
            Generator::new(seed).shuffle(&mut self.order);
        }
    }
}

/// Warns, once a run, of an epoch that is shorter than it should be.
pub(super) fn warn_of_end(step: usize, steps: usize, warned: &mut bool) {
    if !std::mem::replace(warned, true) {
        console::warn(&format!(
            "the data ended in step {step} of the {steps} of an epoch, which is shorter for it; \
             steps_per_epoch times batch_size should divide the number of rows"
        ));
    }
}
