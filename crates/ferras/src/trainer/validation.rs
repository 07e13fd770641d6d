//! What `fit` validates on after its epochs: arrays, or a stream from its beginning each time.
use super::compile::Target;
use super::data::Data;
use super::dataset::{Arrays, Dataset, positive};
use super::feed::Feed;
use super::options::{Fit, ValidationFreq};
use super::targets::Weighting;
use crate::models::Model;
use crate::{Error, Result};

/// The data that `fit` is given to validate on.
pub(crate) enum ValidationData<'a> {
    Arrays(Data, Data),
    Stream(Box<dyn Dataset + 'a>),
}

/// Data that fit the model, and how they are gone through.
pub(super) struct Validation<'a> {
    source: Source<'a>,
    batch_size: Option<usize>,
    steps: Option<usize>,
    freq: ValidationFreq,
}

enum Source<'a> {
    Arrays(Arrays),
    Stream(Box<dyn Dataset + 'a>),
}

impl<'a> Validation<'a> {
    /// The validation that is asked for, if any; where it is a share of the rows, those that remain
    /// for training stay in `arrays`.
    pub(super) fn new(
        model: &Model,
        targets: &[Target],
        options: &mut Fit<'a>,
        arrays: Option<&mut Arrays>,
    ) -> Result<Option<Validation<'a>>> {
        let counted = |name, n: Option<usize>| n.map(|n| positive(name, n)).transpose();
        let batch_size = counted("validation_batch_size", options.validation_batch_size)?;
        let steps = counted("validation_steps", options.validation_steps)?;
        let freq = options.validation_freq.take().unwrap_or(ValidationFreq::Every(1));
        if freq == ValidationFreq::Every(0) {
            positive("validation_freq", 0)?;
        }
        let given = options.validation_data.take();
        let sample_weight = options.validation_weight.take();
        if given.is_none() && sample_weight.is_some() {
            return Err(Error::argument("validation_sample_weight", "needs validation_data"));
        }
        let source = match (given, arrays) {
            (Some(ValidationData::Arrays(x, y)), _) => {
                let weighting = Weighting { sample_weight, class_weight: Vec::new() };
                let arrays = model.arrays(targets, x, y, weighting);
                Source::Arrays(arrays.map_err(named)?)
            }
            (Some(ValidationData::Stream(mut dataset)), _) => {
                for_arrays("validation_sample_weight", sample_weight.is_some())?;
                for_arrays("validation_batch_size", batch_size.is_some())?;
                // Before training begins, its first batch tells whether it fits.
                batches(&mut *dataset, targets, steps)?.look(model).map_err(named)?;
                Source::Stream(dataset)
            }
            (None, Some(training)) if options.validation_split != 0.0 => {
                Source::Arrays(split(training, options)?)
            }
            (None, _) => return Ok(None),
        };
        Ok(Some(Validation { source, batch_size, steps, freq }))
    }

    /// Whether the epoch, counted from 0, is validated.
    pub(super) fn runs_after(&self, epoch: usize) -> bool {
        self.freq.runs_after(epoch)
    }

    /// The batches of a validation, of as many rows as those of training unless told otherwise.
    pub(super) fn feed<'b>(
        &'b mut self,
        targets: &'b [Target],
        batch_size: usize,
    ) -> Result<Feed<'b>> {
        let Validation { source, steps, .. } = self;
        match source {
            Source::Arrays(arrays) => {
                Ok(Feed::arrays(arrays, self.batch_size.unwrap_or(batch_size), *steps))
            }
            Source::Stream(dataset) => batches(&mut **dataset, targets, *steps),
        }
    }
}

fn batches<'b>(
    dataset: &'b mut (dyn Dataset + 'b),
    targets: &'b [Target],
    steps: Option<usize>,
) -> Result<Feed<'b>> {
    Feed::stream(dataset, steps, |model, batch| model.check_batch(targets, batch, &[]))
}

/// An error where a stream has what is for arrays.
fn for_arrays(argument: &str, given: bool) -> Result<()> {
    match given {
        true => Err(Error::argument(
            argument,
            "needs arrays; a stream's batches have their own size and weights",
        )),
        false => Ok(()),
    }
}

/// An error that tells which data it is about.
fn named(error: Error) -> Error {
    match error {
        Error::Data(problem) => Error::Data(format!("validation_data: {problem}")),
        other => other,
    }
}

/// Takes the last rows, which validate, from those that train.
fn split(arrays: &mut Arrays, options: &Fit<'_>) -> Result<Arrays> {
    let share = options.validation_split;
    let rows = (arrays.rows as f64 * (1.0 - share)).floor() as usize;
    if !(0.0..1.0).contains(&share) || rows == 0 || rows == arrays.rows {
        return Err(Error::argument(
            "validation_split",
            format!(
                "must leave rows on both sides: {share} of {} rows does not; choose a share \
                 between 0 and 1",
                arrays.rows
            ),
        ));
    }
    let (training, mut validation) = arrays.split(rows)?;
    if !options.weighting.class_weight.is_empty() {
        // Class weights are for training alone.
        validation.weights.iter_mut().for_each(|w| *w = None);
    }
    *arrays = training;
    Ok(validation)
}
