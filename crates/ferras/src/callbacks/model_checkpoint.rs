//! `ModelCheckpoint`: the model in a file, while training goes on.
use super::monitor;
use super::template::{self, Number};
use crate::config::{ConfigValue, Scope};
use crate::metrics::Direction;
use crate::{Callback, Error, Logs, Result, Run, console};
use ferras_derive::Config;
use std::path::Path;

/// Saves the model, or its weights, after epochs or after some steps.
///
/// The name may hold numbers: `"{epoch:02d}-{val_loss:.2f}.keras"`, with epochs (and `{batch}`)
/// counted from 1. Folders are made. A file is written as a whole or not at all.
///
/// - **Errors** before the first epoch: a format that cannot be written, an unknown number in the
///   name, an unknown `mode` or `save_freq`, and, with `save_best_only` and mode `"auto"`, a name
///   that no loss or metric has; later, what the system refuses.
/// - **Source** Keras 3 `callbacks.ModelCheckpoint`.
///
/// ```
/// use ferras::prelude::*;
/// let folder = std::env::temp_dir().join(format!("ferras-doc-saved-{}", std::process::id()));
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
/// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
/// let save = ModelCheckpoint::to(format!("{}/{{epoch:02d}}.keras", folder.display()));
/// model.fit([[1.0_f32]], [[1.0_f32]], Fit::new().epochs(2).verbose(0).callback(save))?;
/// let model = Model::load(folder.join("01.keras"))?;
/// assert!(folder.join("02.keras").exists());
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.callbacks")]
pub struct ModelCheckpoint {
    /// The file, with places for numbers.
    filepath: String,
    /// The number that `save_best_only` watches; `"val_loss"` by default.
    #[config(default = "val_loss")]
    monitor: String,
    /// 1 says what is saved; 0 by default.
    #[config(default = 0)]
    verbose: usize,
    /// Whether only what is better than everything before is saved; false by default.
    #[config(default = false)]
    save_best_only: bool,
    /// Whether the weights are saved without the model; false by default.
    #[config(default = false)]
    save_weights_only: bool,
    /// `"min"`, `"max"`, or `"auto"` (default): the metric's own direction.
    #[config(default = "auto")]
    mode: String,
    /// `"epoch"` (default), or a number of steps, counted over epochs.
    #[config(default = "epoch")]
    save_freq: SaveFreq,
    /// What the first one must beat with `save_best_only`.
    #[config(default)]
    initial_value_threshold: Option<f64>,
    #[config(state)]
    state: State,
}

/// When a checkpoint is written.
///
/// ```
/// use ferras::callbacks::SaveFreq;
/// assert_eq!(SaveFreq::from("epoch"), SaveFreq::Epoch);
/// assert_eq!(SaveFreq::from(100), SaveFreq::Batches(100));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaveFreq {
    /// After every epoch.
    Epoch,
    /// After every so many steps.
    Batches(usize),
    /// A word that means nothing; an error when training begins.
    Unknown(String),
}

impl SaveFreq {
    /// An error unless it tells when to save.
    pub(super) fn check(&self) -> Result<()> {
        let problem = match self {
            SaveFreq::Batches(0) => "must be at least 1 step, got 0".into(),
            SaveFreq::Unknown(word) => {
                format!("must be \"epoch\" or a number of steps, got {word:?}")
            }
            _ => return Ok(()),
        };
        Err(Error::argument("save_freq", problem))
    }
}

impl From<&str> for SaveFreq {
    fn from(word: &str) -> SaveFreq {
        match word {
            "epoch" => SaveFreq::Epoch,
            other => SaveFreq::Unknown(other.into()),
        }
    }
}

impl From<usize> for SaveFreq {
    fn from(steps: usize) -> SaveFreq {
        SaveFreq::Batches(steps)
    }
}

impl ConfigValue for SaveFreq {
    fn to_json(&self) -> serde_json::Value {
        match self {
            SaveFreq::Epoch => "epoch".into(),
            SaveFreq::Batches(steps) => (*steps).into(),
            SaveFreq::Unknown(word) => word.clone().into(),
        }
    }
    fn from_json(json: &serde_json::Value, scope: &Scope) -> std::result::Result<SaveFreq, String> {
        match json.as_str() {
            Some(word) => Ok(word.into()),
            None => usize::from_json(json, scope).map(SaveFreq::Batches),
        }
    }
}

/// What is known of the epochs so far.
#[derive(Clone, Debug, Default)]
struct State {
    direction: Option<Direction>,
    best: Option<f64>,
    epoch: usize,
    /// Steps since the last file.
    steps: usize,
    warned: bool,
}

impl ModelCheckpoint {
    /// Saves to this file: [`ModelCheckpoint::new`], as a sentence.
    pub fn to(filepath: impl Into<String>) -> ModelCheckpoint {
        ModelCheckpoint::new(filepath)
    }

    /// The best value so far, with `save_best_only`.
    pub fn best(&self) -> Option<f64> {
        self.state.best
    }

    /// The name of a file, with its numbers.
    fn path(&self, batch: Option<usize>, logs: &[(&str, f64)]) -> Result<String> {
        let mut numbers = vec![("epoch", Number::Whole(self.state.epoch + 1))];
        numbers.extend(batch.map(|batch| ("batch", Number::Whole(batch + 1))));
        numbers.extend(logs.iter().map(|(name, value)| (*name, Number::Real(*value))));
        template::fill(&self.filepath, &numbers)
    }

    fn consider(&mut self, batch: Option<usize>, logs: &Logs, run: &Run) -> Result<()> {
        let numbers: Vec<(&str, f64)> = logs.iter().collect();
        let path = self.path(batch, &numbers)?;
        let epoch = self.state.epoch + 1;
        let monitored = logs.get(&self.monitor).filter(|_| self.save_best_only);
        if self.save_best_only && monitored.is_none() {
            let warned = &mut self.state.warned;
            monitor::warn_absent("ModelCheckpoint", &self.monitor, logs, warned);
        }
        let Some(value) = monitored else {
            self.say(&format!("\nEpoch {epoch}: saving model to {path}\n"));
            return self.save(&path, run);
        };
        let direction = self.state.direction.unwrap_or(Direction::Down);
        let name = &self.monitor;
        let best = match self.state.best {
            Some(best) if !monitor::is_better(direction, value, best) => {
                self.say(&format!("\nEpoch {epoch}: {name} did not improve from {best:.5}\n"));
                return Ok(());
            }
            Some(best) => format!("{best:.5}"),
            None => "None".into(),
        };
        let change = format!("{name} improved from {best} to {value:.5}");
        self.say(&format!("\nEpoch {epoch}: {change}, saving model to {path}\n"));
        self.save(&path, run)?;
        // Only what is in a file is the best so far.
        self.state.best = Some(value);
        Ok(())
    }

    fn save(&self, path: &str, run: &Run) -> Result<()> {
        let folder = Path::new(path).parent().filter(|f| !f.as_os_str().is_empty());
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder).map_err(Error::io("make the folder", folder))?;
        }
        run.save(path, self.save_weights_only)?;
        let epoch = self.state.epoch + 1;
        self.say(&format!("\nEpoch {epoch}: finished saving model to {path}\n"));
        Ok(())
    }

    fn say(&self, text: &str) {
        if self.verbose > 0 {
            console::print(text);
        }
    }
}

impl Callback for ModelCheckpoint {
    fn on_train_begin(&mut self, run: &mut Run) -> Result<()> {
        self.state = State { best: self.initial_value_threshold, ..State::default() };
        if self.save_best_only {
            self.state.direction = Some(monitor::direction(&self.monitor, &self.mode, run)?);
        }
        self.save_freq.check()?;
        let batch = matches!(self.save_freq, SaveFreq::Batches(_)).then_some(0);
        // A name that cannot be filled, or a format that cannot be written, is told before the
        // training and not after its first epoch.
        let names = run.log_names(batch.is_none());
        let numbers: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 0.0)).collect();
        crate::saving::check_path(Path::new(&self.path(batch, &numbers)?), self.save_weights_only)
    }

    fn on_epoch_begin(&mut self, epoch: usize, _: &mut Run) -> Result<()> {
        self.state.epoch = epoch;
        Ok(())
    }

    fn on_train_batch_end(&mut self, batch: usize, run: &mut Run) -> Result<()> {
        let SaveFreq::Batches(freq) = self.save_freq else { return Ok(()) };
        self.state.steps += 1;
        if self.state.steps < freq {
            return Ok(());
        }
        self.state.steps = 0;
        self.consider(Some(batch), &run.logs()?, run)
    }

    fn on_epoch_end(&mut self, _: usize, logs: &Logs, run: &mut Run) -> Result<()> {
        match self.save_freq {
            SaveFreq::Epoch => self.consider(None, logs, run),
            _ => Ok(()),
        }
    }
}
