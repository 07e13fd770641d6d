//! Limits on how long every run may take, for trying a program out: `keras.config.set_max_epochs`.
use crate::console;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A limit of the program; 0 while there is none.
struct Limit {
    value: OnceLock<AtomicUsize>,
    variable: &'static str,
    what: &'static str,
}

static EPOCHS: Limit =
    Limit { value: OnceLock::new(), variable: "FERRAS_MAX_EPOCHS", what: "epochs" };
static STEPS: Limit = Limit {
    value: OnceLock::new(),
    variable: "FERRAS_MAX_STEPS_PER_EPOCH",
    what: "steps_per_epoch",
};

impl Limit {
    fn value(&self) -> &AtomicUsize {
        self.value.get_or_init(|| {
            let set = std::env::var(self.variable).ok().and_then(|text| text.trim().parse().ok());
            AtomicUsize::new(set.unwrap_or(0))
        })
    }

    fn get(&self) -> Option<usize> {
        Some(self.value().load(Ordering::Relaxed)).filter(|limit| *limit > 0)
    }

    fn set(&self, limit: Option<usize>) {
        self.value().store(limit.unwrap_or(0), Ordering::Relaxed);
    }

    /// The limit where more was asked for, or nothing; says so.
    fn apply(&self, wanted: Option<usize>) -> Option<usize> {
        match self.get() {
            Some(limit) if wanted.is_none_or(|wanted| limit < wanted) => {
                console::warn(&format!(
                    "{} limited to {limit} by the program's settings",
                    self.what
                ));
                Some(limit)
            }
            _ => wanted,
        }
    }
}

/// How many epochs any `fit` takes at most, if the program set a limit: by [`set_max_epochs`], or by
/// the environment variable `FERRAS_MAX_EPOCHS`.
pub fn max_epochs() -> Option<usize> {
    EPOCHS.get()
}

/// Limits the epochs of any `fit` from now on, so that a program is tried out in a moment; `None` or 0
/// for no limit.
///
/// - **Source** Keras 3 `config.set_max_epochs`.
///
/// ```standalone_crate
/// use ferras::config::{max_epochs, set_max_epochs};
/// use ferras::prelude::*;
/// set_max_epochs(2);
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
/// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
/// let history = model.fit([[1.0_f32]], [[2.0_f32]], Fit::new().epochs(100).verbose(0))?;
/// assert_eq!(history.get("loss").map(<[f64]>::len), Some(2));
/// set_max_epochs(None);
/// assert_eq!(max_epochs(), None);
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn set_max_epochs(limit: impl Into<Option<usize>>) {
    EPOCHS.set(limit.into());
}

/// How many steps an epoch, an `evaluate` or a `predict` takes at most, if the program set a limit: by
/// [`set_max_steps_per_epoch`], or by the environment variable `FERRAS_MAX_STEPS_PER_EPOCH`.
pub fn max_steps_per_epoch() -> Option<usize> {
    STEPS.get()
}

/// Limits the steps of any epoch, `evaluate` and `predict` from now on; `None` or 0 for no limit.
///
/// - **Source** Keras 3 `config.set_max_steps_per_epoch`.
///
/// ```standalone_crate
/// use ferras::config::{max_steps_per_epoch, set_max_steps_per_epoch};
/// use ferras::prelude::*;
/// set_max_steps_per_epoch(1);
/// let model = Sequential::new().add(Dense::new(1).input_dim(1)).build()?;
/// let x = Tensor::new([100, 1], vec![1.0_f32; 100])?;
/// assert_eq!(model.predict_with(x, Predict::new().batch_size(32))?[0].shape()[0], 32);
/// set_max_steps_per_epoch(None);
/// assert_eq!(max_steps_per_epoch(), None);
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn set_max_steps_per_epoch(limit: impl Into<Option<usize>>) {
    STEPS.set(limit.into());
}

/// Epochs within the limit.
pub(crate) fn limited_epochs(epochs: usize) -> usize {
    EPOCHS.apply(Some(epochs)).unwrap_or(epochs)
}

/// Steps within the limit; none stands for all there are.
pub(crate) fn limited_steps(steps: Option<usize>) -> Option<usize> {
    STEPS.apply(steps)
}
