//! `TensorBoard`: the course of a training for TensorBoard.
use super::events::EventWriter;
use crate::config::{ConfigValue, Scope, mismatch};
use crate::{Callback, Error, History, Logs, Result, Run};
use ferras_derive::Config;
use serde_json::Value as Json;
use std::path::Path;
use std::time::Instant;

/// How often numbers of single steps are written, besides those of epochs.
///
/// ```
/// use ferras::callbacks::UpdateFreq;
/// assert_eq!(UpdateFreq::from("batch"), UpdateFreq::from(1));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum UpdateFreq {
    /// Never: `"epoch"`.
    #[default]
    Epoch,
    /// Every so many steps; `"batch"` is every step.
    Batches(usize),
    /// A word that means nothing; an error when training begins.
    Unknown(String),
}

impl From<usize> for UpdateFreq {
    fn from(batches: usize) -> UpdateFreq {
        UpdateFreq::Batches(batches)
    }
}

impl From<&str> for UpdateFreq {
    fn from(word: &str) -> UpdateFreq {
        match word {
            "epoch" => UpdateFreq::Epoch,
            "batch" => UpdateFreq::Batches(1),
            other => UpdateFreq::Unknown(other.into()),
        }
    }
}

impl ConfigValue for UpdateFreq {
    fn to_json(&self) -> Json {
        match self {
            UpdateFreq::Epoch => "epoch".into(),
            UpdateFreq::Batches(1) => "batch".into(),
            UpdateFreq::Batches(n) => (*n).into(),
            UpdateFreq::Unknown(word) => word.as_str().into(),
        }
    }
    fn from_json(json: &Json, _: &Scope) -> Result<Self, String> {
        match (json.as_str(), json.as_u64()) {
            (Some(word), _) => Ok(word.into()),
            (_, Some(n)) => Ok(UpdateFreq::Batches(n as usize)),
            _ => Err(mismatch("\"epoch\", \"batch\" or a number", json)),
        }
    }
}

/// Writes the numbers of each epoch, and what else is asked for, into event files that TensorBoard
/// shows (`tensorboard --logdir logs`): those of training into the folder `train`, those of
/// validation into `validation`.
///
/// | tag | at | |
/// |---|---|---|
/// | `epoch_NAME` | epoch | losses and metrics, in both folders, and `epoch_learning_rate` |
/// | `evaluation_NAME_vs_iterations` | updates so far | what was found at each validation |
/// | `batch_NAME` | steps so far | with `update_freq` |
/// | `batch_steps_per_second`, `epoch_steps_per_second` | | with `write_steps_per_second` |
/// | `WEIGHT/histogram` | epoch | every `histogram_freq` epochs |
/// | `keras` | 0 | the model, with `write_graph` |
///
/// Keras' images of weights, profiles and embeddings are not written.
///
/// - **Errors** before the first epoch: a folder that cannot be written, an unknown `update_freq`;
///   later, a disk that is full.
/// - **Source** Keras 3 `callbacks.TensorBoard`.
///
/// ```
/// use ferras::prelude::*;
/// let folder = std::env::temp_dir().join(format!("ferras-doc-board-{}", std::process::id()));
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
/// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
/// let board = TensorBoard::new().log_dir(folder.display().to_string()).histogram_freq(1);
/// model.fit([[1.0_f32]], [[1.0_f32]], Fit::new().epochs(3).verbose(0).callback(board))?;
/// assert_eq!(std::fs::read_dir(folder.join("train")).unwrap().count(), 1);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Debug, Config)]
#[config(module = "keras.callbacks")]
pub struct TensorBoard {
    /// The folder; `"logs"` by default.
    #[config(default = "logs")]
    log_dir: String,
    /// After how many epochs weights are written as histograms; 0, as by default, never.
    #[config(default = 0)]
    histogram_freq: usize,
    /// Whether the model is written, for its graph; true by default.
    #[config(default = true)]
    write_graph: bool,
    /// Whether the steps a second of epochs and steps are written; false by default.
    #[config(default = false)]
    write_steps_per_second: bool,
    /// How often numbers of single steps are written; only those of epochs by default.
    #[config(default)]
    update_freq: UpdateFreq,
    #[config(state)]
    state: State,
}

/// What is open, and how far training is.
#[derive(Debug, Default)]
struct State {
    train: Option<EventWriter>,
    validation: Option<EventWriter>,
    /// Files of this program so far.
    files: usize,
    /// Training steps so far.
    step: usize,
    /// Updates at the beginning of the epoch, and when that was.
    epoch: Option<(usize, Instant)>,
    batch: Option<Instant>,
}

impl TensorBoard {
    fn open(&mut self, part: &str) -> Result<EventWriter> {
        self.state.files += 1;
        EventWriter::new(&Path::new(&self.log_dir).join(part), self.state.files - 1)
    }

    /// The writer of validations, opened when there is something to write.
    fn validation(&mut self) -> Result<&mut EventWriter> {
        let writer = match self.state.validation.take() {
            Some(writer) => writer,
            None => self.open("validation")?,
        };
        Ok(self.state.validation.insert(writer))
    }

    /// Writes what training logged at the end of an epoch.
    fn write_epoch(&mut self, epoch: usize, logs: &Logs, run: &Run) -> Result<()> {
        let mut scalars: Vec<(String, f64)> = Vec::new();
        for (name, value) in logs.iter().filter(|(name, _)| !name.starts_with("val_")) {
            scalars.push((name.to_string(), value));
        }
        if logs.get("learning_rate").is_none()
            && let Ok(rate) = run.learning_rate()
        {
            scalars.push(("learning_rate".into(), rate));
        }
        if let (true, Some((before, begun))) = (self.write_steps_per_second, self.state.epoch) {
            let steps = run.model().iterations()?.saturating_sub(before) as f64;
            scalars.push(("steps_per_second".into(), steps / begun.elapsed().as_secs_f64()));
        }
        let Some(train) = &mut self.state.train else { return Ok(()) };
        for (name, value) in scalars {
            train.scalar(&format!("epoch_{name}"), value, epoch)?;
        }
        if self.histogram_freq > 0 && epoch.is_multiple_of(self.histogram_freq) {
            for weight in run.model().weights() {
                let tag = format!("{}/histogram", weight.path());
                train.histogram(&tag, &weight.value()?.to_f64_vec(), epoch)?;
            }
        }
        train.flush()
    }
}

impl Callback for TensorBoard {
    fn on_train_begin(&mut self, run: &mut Run) -> Result<()> {
        match &self.update_freq {
            UpdateFreq::Unknown(word) => {
                let problem =
                    format!("must be \"epoch\", \"batch\" or a number of steps, got {word:?}");
                return Err(Error::argument("update_freq", problem));
            }
            UpdateFreq::Batches(0) => {
                return Err(Error::argument("update_freq", "must be at least 1, got 0"));
            }
            _ => {}
        }
        self.state = State { files: self.state.files, ..State::default() };
        let mut train = self.open("train")?;
        if self.write_graph {
            train.model("keras", &run.model().to_json()?, 0)?;
        }
        train.flush()?;
        self.state.train = Some(train);
        Ok(())
    }

    fn on_epoch_begin(&mut self, _: usize, run: &mut Run) -> Result<()> {
        self.state.epoch = Some((run.model().iterations()?, Instant::now()));
        Ok(())
    }

    fn on_train_batch_begin(&mut self, _: usize, _: &mut Run) -> Result<()> {
        self.state.step += 1;
        self.state.batch = Some(Instant::now());
        Ok(())
    }

    fn on_train_batch_end(&mut self, _: usize, run: &mut Run) -> Result<()> {
        let UpdateFreq::Batches(every) = self.update_freq else { return Ok(()) };
        let step = self.state.step;
        let Some(train) = self.state.train.as_mut().filter(|_| step.is_multiple_of(every)) else {
            return Ok(());
        };
        if let (true, Some(begun)) = (self.write_steps_per_second, self.state.batch) {
            train.scalar("batch_steps_per_second", 1.0 / begun.elapsed().as_secs_f64(), step)?;
        }
        for (name, value) in run.logs()?.iter() {
            train.scalar(&format!("batch_{name}"), value, step)?;
        }
        Ok(())
    }

    fn on_test_end(&mut self, logs: &Logs, run: &mut Run) -> Result<()> {
        let iterations = run.model().iterations()?;
        let validation = self.validation()?;
        for (name, value) in logs.iter() {
            validation.scalar(&format!("evaluation_{name}_vs_iterations"), value, iterations)?;
        }
        validation.flush()
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &Logs, run: &mut Run) -> Result<()> {
        self.write_epoch(epoch, logs, run)?;
        let of_validation = logs.iter().filter_map(|(n, v)| Some((n.strip_prefix("val_")?, v)));
        let of_validation: Vec<(&str, f64)> = of_validation.collect();
        if of_validation.is_empty() {
            return Ok(());
        }
        let validation = self.validation()?;
        for (name, value) in of_validation {
            validation.scalar(&format!("epoch_{name}"), value, epoch)?;
        }
        validation.flush()
    }

    fn on_train_end(&mut self, _: &History, _: &mut Run) -> Result<()> {
        let writers = [self.state.train.take(), self.state.validation.take()];
        writers.into_iter().flatten().try_for_each(|mut writer| writer.flush())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    /// The records of the only event file in a folder.
    fn records(folder: &Path) -> Vec<Vec<u8>> {
        let mut files = std::fs::read_dir(folder).unwrap();
        let bytes = std::fs::read(files.next().unwrap().unwrap().path()).unwrap();
        assert!(files.next().is_none());
        let (mut rest, mut records) = (&bytes[..], Vec::new());
        while let Some((head, behind)) = rest.split_at_checked(12) {
            let length = u64::from_le_bytes(head[..8].try_into().unwrap()) as usize;
            records.push(behind[..length].to_vec());
            rest = &behind[length + 4..];
        }
        assert!(rest.is_empty());
        records
    }

    fn with(records: &[Vec<u8>], tag: &str) -> usize {
        let has = |record: &&Vec<u8>| record.windows(tag.len()).any(|w| w == tag.as_bytes());
        records.iter().filter(has).count()
    }

    #[test]
    fn the_course_of_a_training_is_written() {
        let folder = std::env::temp_dir().join(format!("ferras-board-{}", std::process::id()));
        let mut model = Sequential::new().add(Dense::new(2).input_dim(1)).add(Dense::new(1));
        model.compile(Compile::new().optimizer("sgd").loss("mse").metrics(["mae"])).unwrap();
        let board = TensorBoard::new()
            .log_dir(folder.display().to_string())
            .histogram_freq(2)
            .update_freq(2)
            .write_steps_per_second(true);
        let x = [[1.0_f32], [2.0], [3.0], [4.0], [5.0]];
        let fit = Fit::new().epochs(3).batch_size(1).verbose(0).validation_split(0.4);
        model.fit(x, x, fit.callback(board)).unwrap();
        let [train, validation] = ["train", "validation"].map(|part| records(&folder.join(part)));
        std::fs::remove_dir_all(&folder).unwrap();
        let parts = ["epoch_loss", "epoch_mae", "epoch_learning_rate", "epoch_steps_per_second"];
        assert_eq!(parts.map(|tag| with(&train, tag)), [3, 3, 3, 3]);
        // Three steps an epoch, of which every second is written.
        assert_eq!(["batch_loss", "batch_steps_per_second"].map(|tag| with(&train, tag)), [4, 4]);
        let weights = ["dense/kernel/histogram", "dense_1/bias/histogram"];
        assert_eq!(weights.map(|tag| with(&train, tag)), [2, 2]);
        assert_eq!(with(&train, "graph_keras_model"), 1);
        let parts = ["epoch_loss", "epoch_mae", "evaluation_loss_vs_iterations"];
        assert_eq!(parts.map(|tag| with(&validation, tag)), [3, 3, 3]);
    }

    #[test]
    fn what_cannot_be_written_is_told_before_training() {
        let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
        model.compile(Compile::new().optimizer("sgd").loss("mse")).unwrap();
        let mut error = |board: TensorBoard| {
            let fit = Fit::new().verbose(0).callback(board);
            model.fit([[1.0_f32]], [[1.0_f32]], fit).unwrap_err().to_string()
        };
        assert!(error(TensorBoard::new().update_freq("bach")).contains("got \"bach\""));
        assert!(error(TensorBoard::new().update_freq(0)).contains("at least 1, got 0"));
        assert!(error(TensorBoard::new().log_dir("/dev/null/logs")).contains("/dev/null/logs"));
    }
}
