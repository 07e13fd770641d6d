//! `LambdaCallback`: a callback of closures.
use crate::{Callback, History, Logs, Result, Run};
use std::fmt;

type Plain<'a> = Box<dyn FnMut(&mut Run) -> Result<()> + 'a>;
type Counted<'a> = Box<dyn FnMut(usize, &mut Run) -> Result<()> + 'a>;
type Logged<'a> = Box<dyn FnMut(usize, &Logs, &mut Run) -> Result<()> + 'a>;
type Ended<'a> = Box<dyn FnMut(&History, &mut Run) -> Result<()> + 'a>;

/// A callback made of closures, for what is too small for a type of its own.
///
/// - **Source** Keras 3 `callbacks.LambdaCallback`.
///
/// ```
/// use ferras::prelude::*;
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
/// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
/// let mut losses = Vec::new();
/// let note = LambdaCallback::new().on_epoch_end(|_epoch, logs, _run| {
///     losses.extend(logs.get("loss"));
///     Ok(())
/// });
/// model.fit([[1.0_f32]], [[1.0_f32]], Fit::new().epochs(3).verbose(0).callback(note))?;
/// assert_eq!(losses.len(), 3);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Default)]
pub struct LambdaCallback<'a> {
    on_epoch_begin: Option<Counted<'a>>,
    on_epoch_end: Option<Logged<'a>>,
    on_train_begin: Option<Plain<'a>>,
    on_train_end: Option<Ended<'a>>,
    on_train_batch_begin: Option<Counted<'a>>,
    on_train_batch_end: Option<Counted<'a>>,
}

impl fmt::Debug for LambdaCallback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LambdaCallback").finish_non_exhaustive()
    }
}

impl<'a> LambdaCallback<'a> {
    /// A callback that does nothing yet.
    pub fn new() -> LambdaCallback<'a> {
        LambdaCallback::default()
    }

    /// Before an epoch, counted from 0.
    pub fn on_epoch_begin(
        mut self,
        hook: impl FnMut(usize, &mut Run) -> Result<()> + 'a,
    ) -> LambdaCallback<'a> {
        self.on_epoch_begin = Some(Box::new(hook));
        self
    }

    /// After an epoch and its validation.
    pub fn on_epoch_end(
        mut self,
        hook: impl FnMut(usize, &Logs, &mut Run) -> Result<()> + 'a,
    ) -> LambdaCallback<'a> {
        self.on_epoch_end = Some(Box::new(hook));
        self
    }

    /// Before the first epoch.
    pub fn on_train_begin(
        mut self,
        hook: impl FnMut(&mut Run) -> Result<()> + 'a,
    ) -> LambdaCallback<'a> {
        self.on_train_begin = Some(Box::new(hook));
        self
    }

    /// After the last epoch.
    pub fn on_train_end(
        mut self,
        hook: impl FnMut(&History, &mut Run) -> Result<()> + 'a,
    ) -> LambdaCallback<'a> {
        self.on_train_end = Some(Box::new(hook));
        self
    }

    /// Before a training step, counted from 0 in each epoch.
    pub fn on_train_batch_begin(
        mut self,
        hook: impl FnMut(usize, &mut Run) -> Result<()> + 'a,
    ) -> LambdaCallback<'a> {
        self.on_train_batch_begin = Some(Box::new(hook));
        self
    }

    /// After a training step; `run.logs()` has the running numbers.
    pub fn on_train_batch_end(
        mut self,
        hook: impl FnMut(usize, &mut Run) -> Result<()> + 'a,
    ) -> LambdaCallback<'a> {
        self.on_train_batch_end = Some(Box::new(hook));
        self
    }
}

impl Callback for LambdaCallback<'_> {
    fn on_epoch_begin(&mut self, epoch: usize, run: &mut Run) -> Result<()> {
        self.on_epoch_begin.as_mut().map_or(Ok(()), |hook| hook(epoch, run))
    }
    fn on_epoch_end(&mut self, epoch: usize, logs: &Logs, run: &mut Run) -> Result<()> {
        self.on_epoch_end.as_mut().map_or(Ok(()), |hook| hook(epoch, logs, run))
    }
    fn on_train_begin(&mut self, run: &mut Run) -> Result<()> {
        self.on_train_begin.as_mut().map_or(Ok(()), |hook| hook(run))
    }
    fn on_train_end(&mut self, history: &History, run: &mut Run) -> Result<()> {
        self.on_train_end.as_mut().map_or(Ok(()), |hook| hook(history, run))
    }
    fn on_train_batch_begin(&mut self, batch: usize, run: &mut Run) -> Result<()> {
        self.on_train_batch_begin.as_mut().map_or(Ok(()), |hook| hook(batch, run))
    }
    fn on_train_batch_end(&mut self, batch: usize, run: &mut Run) -> Result<()> {
        self.on_train_batch_end.as_mut().map_or(Ok(()), |hook| hook(batch, run))
    }
}
