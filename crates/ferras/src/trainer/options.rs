//! The arguments of `fit`, `evaluate` and `predict`, with Keras' names and defaults.
use super::Callback;
use super::data::Data;
use super::dataset::Dataset;
use super::targets::Weighting;
use super::validation::ValidationData;
use crate::{Error, Result};
use std::fmt;

/// How much is printed: Keras' `verbose`.
///
/// ```
/// use ferras::Verbose;
/// assert_eq!(Verbose::from(2), Verbose::Line);
/// assert_eq!(Verbose::from("auto"), Verbose::Auto);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Verbose {
    /// A progress bar (1).
    #[default]
    Auto,
    /// Nothing (0).
    Silent,
    /// A progress bar (1).
    Bar,
    /// One line an epoch (2).
    Line,
    /// A word or number that means nothing; an error when the run begins.
    Unknown(String),
}

impl Verbose {
    /// Keras' number.
    pub(crate) fn number(self) -> Result<usize> {
        match self {
            Verbose::Silent => Ok(0),
            Verbose::Auto | Verbose::Bar => Ok(1),
            Verbose::Line => Ok(2),
            Verbose::Unknown(given) => {
                Err(Error::argument("verbose", format!("must be 0, 1, 2 or \"auto\", got {given}")))
            }
        }
    }
}

impl From<i32> for Verbose {
    fn from(verbose: i32) -> Verbose {
        match verbose {
            0 => Verbose::Silent,
            1 => Verbose::Bar,
            2 => Verbose::Line,
            other => Verbose::Unknown(other.to_string()),
        }
    }
}

impl From<&str> for Verbose {
    fn from(word: &str) -> Verbose {
        match word {
            "auto" => Verbose::Auto,
            other => Verbose::Unknown(format!("{other:?}")),
        }
    }
}

/// After which epochs validation runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValidationFreq {
    /// After every so many epochs.
    Every(usize),
    /// After these epochs, counted from 1.
    Epochs(Vec<usize>),
}

impl ValidationFreq {
    /// Whether the epoch, counted from 0, is validated.
    pub(crate) fn runs_after(&self, epoch: usize) -> bool {
        match self {
            ValidationFreq::Every(n) => (epoch + 1).is_multiple_of((*n).max(1)),
            ValidationFreq::Epochs(list) => list.contains(&(epoch + 1)),
        }
    }
}

/// The arguments of [`Model::fit`](crate::models::Model::fit), with Keras' names and defaults.
///
/// ```
/// use ferras::Fit;
/// let fit = Fit::new().epochs(20).batch_size(64).validation_split(0.2).shuffle(false);
/// ```
#[derive(Default)]
pub struct Fit<'a> {
    pub(crate) batch_size: Option<usize>,
    pub(crate) epochs: Option<usize>,
    pub(crate) verbose: Verbose,
    pub(crate) callbacks: Vec<Box<dyn Callback + 'a>>,
    pub(crate) validation_split: f64,
    pub(crate) validation_data: Option<ValidationData<'a>>,
    pub(crate) validation_weight: Option<Data>,
    pub(crate) keep_order: bool,
    pub(crate) weighting: Weighting,
    pub(crate) initial_epoch: usize,
    pub(crate) steps_per_epoch: Option<usize>,
    pub(crate) validation_steps: Option<usize>,
    pub(crate) validation_batch_size: Option<usize>,
    pub(crate) validation_freq: Option<ValidationFreq>,
}

impl fmt::Debug for Fit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fit")
            .field("batch_size", &self.batch_size)
            .field("epochs", &self.epochs)
            .field("verbose", &self.verbose)
            .field("callbacks", &self.callbacks.len())
            .field("validation_split", &self.validation_split)
            .field("shuffle", &!self.keep_order)
            .finish_non_exhaustive()
    }
}

impl<'a> Fit<'a> {
    /// Keras' defaults: one epoch, batches of 32, shuffled, with a progress bar.
    pub fn new() -> Fit<'a> {
        Fit::default()
    }

    /// Samples of a step; 32 by default.
    pub fn batch_size(mut self, batch_size: usize) -> Fit<'a> {
        self.batch_size = Some(batch_size);
        self
    }

    /// The epoch at which training ends; 1 by default.
    pub fn epochs(mut self, epochs: usize) -> Fit<'a> {
        self.epochs = Some(epochs);
        self
    }

    /// 0 silent, 1 progress bar (default), 2 one line an epoch.
    pub fn verbose(mut self, verbose: impl Into<Verbose>) -> Fit<'a> {
        self.verbose = verbose.into();
        self
    }

    /// Adds a callback; `&mut` of one keeps it for after training.
    pub fn callback(mut self, callback: impl Callback + 'a) -> Fit<'a> {
        self.callbacks.push(Box::new(callback));
        self
    }

    /// Adds callbacks of one kind, or boxed ones of several kinds.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let list: Vec<Box<dyn Callback>> =
    ///     vec![Box::new(TerminateOnNaN::new()), Box::new(EarlyStopping::new().patience(3))];
    /// let fit = Fit::new().epochs(20).callbacks(list);
    /// # let _ = fit;
    /// ```
    pub fn callbacks(mut self, callbacks: impl IntoIterator<Item = impl Callback + 'a>) -> Fit<'a> {
        for callback in callbacks {
            self.callbacks.push(Box::new(callback));
        }
        self
    }

    /// The share of the rows, taken from the end before any shuffling, that validates.
    pub fn validation_split(mut self, share: f64) -> Fit<'a> {
        self.validation_split = share;
        self
    }

    /// Data that validates after each epoch; `validation_split` is ignored then.
    pub fn validation_data(mut self, x: impl Into<Data>, y: impl Into<Data>) -> Fit<'a> {
        self.validation_data = Some(ValidationData::Arrays(x.into(), y.into()));
        self
    }

    /// A stream that validates after each epoch, from its beginning: Keras' `validation_data` for data
    /// sets. `&mut` of one keeps it for after training.
    ///
    /// ```
    /// use ferras::{data::Pipeline, prelude::*};
    /// let batches = |rows| Ok::<_, ferras::Error>(
    ///     Pipeline::from_arrays(vec![[1.0_f32]; rows], vec![3.0_f32; rows])?.batch(4),
    /// );
    /// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
    /// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
    /// let fit = Fit::new().epochs(5).validation_dataset(batches(8)?).verbose(0);
    /// let history = model.fit_dataset(&mut batches(20)?, fit)?;
    /// assert_eq!(history.get("val_loss").map(<[f64]>::len), Some(5));
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn validation_dataset(mut self, dataset: impl Dataset + 'a) -> Fit<'a> {
        self.validation_data = Some(ValidationData::Stream(Box::new(dataset)));
        self
    }

    /// Weights of the validation data's samples.
    pub fn validation_sample_weight(mut self, weight: impl Into<Data>) -> Fit<'a> {
        self.validation_weight = Some(weight.into());
        self
    }

    /// Whether rows are shuffled before each epoch; true by default.
    pub fn shuffle(mut self, shuffle: bool) -> Fit<'a> {
        self.keep_order = !shuffle;
        self
    }

    /// Weights of samples by class number; 1 for classes left out.
    pub fn class_weight(mut self, weights: impl IntoIterator<Item = (i64, f64)>) -> Fit<'a> {
        self.weighting.class_weight = weights.into_iter().collect();
        self
    }

    /// A weight for each sample: `(batch)` or `(batch, …)` of any rank that the loss has.
    pub fn sample_weight(mut self, weight: impl Into<Data>) -> Fit<'a> {
        self.weighting.sample_weight = Some(weight.into());
        self
    }

    /// The epoch to begin with, for training that goes on; 0 by default.
    pub fn initial_epoch(mut self, epoch: usize) -> Fit<'a> {
        self.initial_epoch = epoch;
        self
    }

    /// Steps of an epoch, where it is not one pass over the data.
    pub fn steps_per_epoch(mut self, steps: usize) -> Fit<'a> {
        self.steps_per_epoch = Some(steps);
        self
    }

    /// Steps of a validation, where it is not one pass over its data.
    pub fn validation_steps(mut self, steps: usize) -> Fit<'a> {
        self.validation_steps = Some(steps);
        self
    }

    /// Samples of a validation step; `batch_size` by default.
    pub fn validation_batch_size(mut self, batch_size: usize) -> Fit<'a> {
        self.validation_batch_size = Some(batch_size);
        self
    }

    /// After which epochs validation runs; after each by default.
    pub fn validation_freq(mut self, freq: ValidationFreq) -> Fit<'a> {
        self.validation_freq = Some(freq);
        self
    }
}

macro_rules! run_options {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $ty:ty,)* }) => {
        $(#[$doc])*
        #[derive(Default)]
        pub struct $name<'a> {
            pub(crate) batch_size: Option<usize>,
            pub(crate) verbose: Verbose,
            pub(crate) steps: Option<usize>,
            pub(crate) callbacks: Vec<Box<dyn Callback + 'a>>,
            $(pub(crate) $field: Option<$ty>,)*
        }

        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("batch_size", &self.batch_size)
                    .field("verbose", &self.verbose)
                    .field("steps", &self.steps)
                    .finish_non_exhaustive()
            }
        }

        impl<'a> $name<'a> {
            /// Keras' defaults: batches of 32, with a progress bar.
            pub fn new() -> $name<'a> {
                $name::default()
            }
            /// Samples of a step; 32 by default.
            pub fn batch_size(mut self, batch_size: usize) -> $name<'a> {
                self.batch_size = Some(batch_size);
                self
            }
            /// 0 silent, 1 progress bar (default), 2 without a bar.
            pub fn verbose(mut self, verbose: impl Into<Verbose>) -> $name<'a> {
                self.verbose = verbose.into();
                self
            }
            /// Number of steps, where it is not one pass over the data.
            pub fn steps(mut self, steps: usize) -> $name<'a> {
                self.steps = Some(steps);
                self
            }
            /// Adds a callback; `&mut` of one keeps it for afterwards.
            pub fn callback(mut self, callback: impl Callback + 'a) -> $name<'a> {
                self.callbacks.push(Box::new(callback));
                self
            }
            $($(#[$field_doc])*
            pub fn $field(mut self, $field: impl Into<$ty>) -> $name<'a> {
                self.$field = Some($field.into());
                self
            })*
        }
    };
}

run_options! {
    /// The arguments of [`Model::evaluate_with`](crate::models::Model::evaluate_with).
    ///
    /// ```
    /// let evaluate = ferras::Evaluate::new().batch_size(256).verbose(0);
    /// ```
    Evaluate {
        /// A weight for each sample.
        sample_weight: Data,
    }
}

run_options! {
    /// The arguments of [`Model::predict_with`](crate::models::Model::predict_with).
    ///
    /// ```
    /// let predict = ferras::Predict::new().batch_size(256).verbose(0);
    /// ```
    Predict {}
}

/// The arguments of [`Model::train_on_batch_with`](crate::models::Model::train_on_batch_with).
///
/// ```
/// let options = ferras::OnBatch::new().class_weight([(0, 1.0), (1, 2.5)]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct OnBatch {
    pub(crate) weighting: Weighting,
}

impl OnBatch {
    /// Keras' defaults: all samples count the same.
    pub fn new() -> OnBatch {
        OnBatch::default()
    }

    /// Weights of samples by class number; 1 for classes left out.
    pub fn class_weight(mut self, weights: impl IntoIterator<Item = (i64, f64)>) -> OnBatch {
        self.weighting.class_weight = weights.into_iter().collect();
        self
    }

    /// A weight for each sample: `(batch)` or `(batch, …)` of any rank that the loss has.
    pub fn sample_weight(mut self, weight: impl Into<Data>) -> OnBatch {
        self.weighting.sample_weight = Some(weight.into());
        self
    }
}
