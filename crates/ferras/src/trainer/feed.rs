//! Where `evaluate`, `predict` and the validation of `fit` take their batches from.
use super::dataset::{Arrays, Batch, Dataset, Rows, caught, pass};
use crate::config::limited_steps;
use crate::models::Model;
use crate::{Error, Result};

/// Batches in their order: the rows of arrays, or a stream from its beginning.
pub(crate) struct Feed<'a> {
    source: Source<'a>,
    /// Number of batches, where it is known.
    steps: Option<usize>,
}

enum Source<'a> {
    Arrays { arrays: &'a Arrays, batch_size: usize, next: usize },
    Stream(Stream<'a>),
}

/// What a model makes of a batch: arrays that fit it.
type Check<'a> = dyn Fn(&Model, Batch) -> Result<Arrays> + 'a;

struct Stream<'a> {
    batches: Box<dyn Iterator<Item = Result<Batch>> + 'a>,
    check: Box<Check<'a>>,
    /// The batch read last; none before the first.
    last: Option<Arrays>,
    /// Whether that was only looked at.
    waits: bool,
}

impl<'a> Feed<'a> {
    /// The rows from the front, at most so many batches of this size.
    pub(crate) fn arrays(arrays: &'a Arrays, batch_size: usize, steps: Option<usize>) -> Feed<'a> {
        let all = arrays.rows.div_ceil(batch_size);
        let steps = limited_steps(Some(steps.unwrap_or(all).min(all)));
        Feed { source: Source::Arrays { arrays, batch_size, next: 0 }, steps }
    }

    /// The batches of a pass, at most so many.
    pub(crate) fn stream(
        dataset: &'a mut (dyn Dataset + 'a),
        steps: Option<usize>,
        check: impl Fn(&Model, Batch) -> Result<Arrays> + 'a,
    ) -> Result<Feed<'a>> {
        let length = caught(|| dataset.len())?;
        let steps = limited_steps(steps);
        let batches = Box::new(pass(dataset).take(steps.unwrap_or(usize::MAX)));
        let stream = Stream { batches, check: Box::new(check), last: None, waits: false };
        let steps = steps.into_iter().chain(length).min();
        Ok(Feed { source: Source::Stream(stream), steps })
    }

    /// Number of batches, where it is known.
    pub(crate) fn steps(&self) -> Option<usize> {
        self.steps
    }

    /// The arrays of the first batch, which is still to come.
    pub(crate) fn look(&mut self, model: &Model) -> Result<&Arrays> {
        match &mut self.source {
            Source::Arrays { arrays, .. } => Ok(arrays),
            Source::Stream(stream) => {
                stream.waits = stream.read(model)?;
                stream.last.as_ref().ok_or_else(no_batch)
            }
        }
    }

    /// The next batch: arrays, and which of their rows; none where there are no more.
    pub(crate) fn next(&mut self, model: &Model) -> Result<Option<(&Arrays, Rows<'static>)>> {
        match &mut self.source {
            Source::Arrays { arrays, batch_size, next } => {
                let start = next.saturating_mul(*batch_size);
                if self.steps.is_some_and(|steps| *next >= steps) || start >= arrays.rows {
                    return Ok(None);
                }
                *next += 1;
                let end = start.saturating_add(*batch_size).min(arrays.rows);
                Ok(Some((arrays, Rows::Range(start, end))))
            }
            Source::Stream(stream) => {
                let there = std::mem::take(&mut stream.waits) || stream.read(model)?;
                let last = stream.last.as_ref().ok_or_else(no_batch)?;
                Ok(there.then_some((last, Rows::Range(0, last.rows))))
            }
        }
    }
}

impl Stream<'_> {
    /// Reads the next batch, if there is one.
    fn read(&mut self, model: &Model) -> Result<bool> {
        let Some(batch) = self.batches.next().transpose()? else { return Ok(false) };
        self.last = Some((self.check)(model, batch)?);
        Ok(true)
    }
}

fn no_batch() -> Error {
    Error::Data("the data set has no batch".into())
}
