//! `BackupAndRestore`: a training that was cut off goes on where it was.
use super::SaveFreq;
use crate::files::remove_leftovers;
use crate::{Callback, Error, Logs, Result, Run, console};
use ferras_derive::Config;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Keeps the state of a training in a folder, so that the same program, started again after a
/// crash, goes on where it was: weights, optimizer, the order of the rows and all random numbers,
/// bit for bit as if it had not stopped.
///
/// The state is written after every epoch, or after some steps, as a whole or not at all. Fitting
/// with the folder of an unfinished training begins at the epoch (and step) that the folder tells;
/// the history has the epochs from there on. What other callbacks remember is not kept, and with
/// a step's backup the logs of its epoch count the steps from there on. A
/// [`Dataset`](crate::data::Dataset) begins anew: only whole epochs of it are resumed.
///
/// - **Errors** before the first epoch: an empty `backup_dir`, a wrong `save_freq`, a backup of
///   another model.
/// - **Source** Keras 3 `callbacks.BackupAndRestore`.
///
/// ```
/// use ferras::callbacks::BackupAndRestore;
/// use ferras::prelude::*;
/// let folder = std::env::temp_dir().join(format!("ferras-doc-backup-{}", std::process::id()));
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
/// model.compile(Compile::new().optimizer("adam").loss("mse"))?;
/// let backup = BackupAndRestore::new(folder.to_string_lossy());
/// let (x, y) = ([[0.0_f32], [1.0]], [[1.0_f32], [2.0]]);
/// model.fit(x, y, Fit::new().epochs(3).verbose(0).callback(backup))?;
/// assert!(!folder.exists()); // it ended well: nothing is to be restored
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.callbacks")]
pub struct BackupAndRestore {
    /// The folder, which belongs to this training alone.
    backup_dir: String,
    /// `"epoch"` (default), or a number of steps, counted over epochs.
    #[config(default = "epoch")]
    save_freq: SaveFreq,
    /// Whether the backup before the last one is kept too, for a disk that loses files; false by
    /// default.
    #[config(default = false)]
    double_checkpoint: bool,
    /// Whether the backup is removed after the training has ended well; true by default.
    #[config(default = true)]
    delete_checkpoint: bool,
    /// Steps since the last backup.
    #[config(state)]
    steps: usize,
}

impl BackupAndRestore {
    fn file(&self) -> PathBuf {
        Path::new(&self.backup_dir).join("latest.weights.h5")
    }

    fn file_before(&self) -> PathBuf {
        Path::new(&self.backup_dir).join("latest.weights.h5.bkp")
    }

    fn save(&self, run: &Run) -> Result<()> {
        let folder = Path::new(&self.backup_dir);
        fs::create_dir_all(folder).map_err(Error::io("make the folder", folder))?;
        let (file, before) = (self.file(), self.file_before());
        if self.double_checkpoint && file.exists() {
            // A copy, so that there is a whole backup at every moment.
            fs::copy(&file, &before).map_err(Error::io("write", &before))?;
        }
        run.save_backup(&file)
    }

    /// Restores the last backup, or the one before it where that cannot be read.
    fn restore(&self, run: &mut Run) -> Result<()> {
        let (file, before) = (self.file(), self.file_before());
        match (file.exists(), before.exists()) {
            (false, false) => Ok(()),
            (false, true) => run.restore_backup(&before),
            (true, false) => run.restore_backup(&file),
            (true, true) => run.restore_backup(&file).or_else(|e| {
                console::warn(&format!("{e}; the backup before it is used"));
                run.restore_backup(&before)
            }),
        }
    }
}

impl Callback for BackupAndRestore {
    fn on_train_begin(&mut self, run: &mut Run) -> Result<()> {
        self.steps = 0;
        if self.backup_dir.is_empty() {
            return Err(Error::argument("backup_dir", "must name a folder, got \"\""));
        }
        self.save_freq.check()?;
        self.restore(run)
    }

    fn on_train_batch_end(&mut self, _: usize, run: &mut Run) -> Result<()> {
        let SaveFreq::Batches(freq) = self.save_freq else { return Ok(()) };
        self.steps += 1;
        if self.steps < freq {
            return Ok(());
        }
        self.steps = 0;
        self.save(run)
    }

    fn on_epoch_end(&mut self, _: usize, _: &Logs, run: &mut Run) -> Result<()> {
        match self.save_freq {
            SaveFreq::Epoch => self.save(run),
            _ => Ok(()),
        }
    }

    fn on_train_end(&mut self, _: &crate::History, _: &mut Run) -> Result<()> {
        if !self.delete_checkpoint {
            return Ok(());
        }
        for file in [self.file(), self.file_before()] {
            if file.exists() {
                fs::remove_file(&file).map_err(Error::io("remove", &file))?;
            }
            remove_leftovers(&file, Duration::ZERO);
        }
        // What else is in the folder is not ours to remove.
        let _ = fs::remove_dir(&self.backup_dir);
        Ok(())
    }
}
