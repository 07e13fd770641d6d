//! `CSVLogger`: the numbers of each epoch as a table.
use crate::trainer::number::repr;
use crate::{Callback, Error, History, Logs, Result, Run};
use csv::{Terminator, Writer, WriterBuilder};
use ferras_derive::Config;
use std::fs::{File, OpenOptions};

/// Writes the numbers of each epoch into a file, one line an epoch, as soon as they are known.
///
/// The columns are `epoch` (from 0) and the names logged in the first epoch, in alphabetical
/// order. Where that was not validated, a `val_` column is added for each. `NA` stands for what an
/// epoch did not log. Lines end in CR LF.
///
/// - **Errors** before the first epoch: a file that cannot be written, a separator that is not one
///   byte; later, a disk that is full.
/// - **Source** Keras 3 `callbacks.CSVLogger`.
///
/// ```
/// use ferras::prelude::*;
/// let path = std::env::temp_dir().join(format!("ferras-doc-{}.csv", std::process::id()));
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
/// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
/// let log = CSVLogger::new(path.display().to_string());
/// model.fit([[1.0_f32]], [[1.0_f32]], Fit::new().epochs(3).verbose(0).callback(log))?;
/// let table = std::fs::read_to_string(&path).unwrap();
/// assert_eq!(table.lines().count(), 4);
/// assert!(table.starts_with("epoch,loss,val_loss\r\n"));
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Debug, Config)]
#[config(module = "keras.callbacks")]
pub struct CSVLogger {
    /// The file.
    filename: String,
    /// What stands between columns; a comma by default.
    #[config(default = ",")]
    separator: String,
    /// Whether lines are added to a file that is there, which then keeps its first line; false by
    /// default.
    #[config(default = false)]
    append: bool,
    #[config(state)]
    state: State,
}

/// The file while training runs.
#[derive(Debug, Default)]
struct State {
    writer: Option<Writer<File>>,
    names: Option<Vec<String>>,
    begins_with_names: bool,
}

impl CSVLogger {
    fn write(&mut self, row: &[String]) -> Result<()> {
        let Some(writer) = &mut self.state.writer else { return Ok(()) };
        let written = writer.write_record(row).map_err(std::io::Error::from);
        written.and_then(|()| writer.flush()).map_err(Error::io("write", &self.filename))
    }
}

/// The names of the columns behind `epoch`.
fn columns(logs: &Logs) -> Vec<String> {
    let mut names: Vec<String> = logs.iter().map(|(name, _)| name.to_string()).collect();
    names.sort();
    if !names.iter().any(|name| name.starts_with("val_")) {
        names.extend(names.clone().iter().map(|name| format!("val_{name}")));
    }
    names
}

impl Callback for CSVLogger {
    fn on_train_begin(&mut self, _: &mut Run) -> Result<()> {
        let &[separator] = self.separator.as_bytes() else {
            return Err(Error::argument(
                "separator",
                format!("must be one ASCII character, as \",\" or \";\", got {:?}", self.separator),
            ));
        };
        if self.filename.is_empty() {
            return Err(Error::argument("filename", "must name the file to write, got \"\""));
        }
        let refused = || Error::io("write", &self.filename);
        let mut options = OpenOptions::new();
        match self.append {
            true => options.append(true).create(true),
            false => options.write(true).create(true).truncate(true),
        };
        let file = options.open(&self.filename).map_err(refused())?;
        let length = file.metadata().map_err(refused())?.len();
        let mut builder = WriterBuilder::new();
        builder.terminator(Terminator::CRLF).delimiter(separator).flexible(true);
        self.state = State {
            writer: Some(builder.from_writer(file)),
            names: None,
            begins_with_names: length == 0,
        };
        Ok(())
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &Logs, _: &mut Run) -> Result<()> {
        let names = match self.state.names.take() {
            Some(names) => names,
            None => {
                let names = columns(logs);
                if self.state.begins_with_names {
                    let head = [&["epoch".to_string()], &names[..]].concat();
                    self.write(&head)?;
                }
                names
            }
        };
        let mut row = vec![epoch.to_string()];
        row.extend(names.iter().map(|name| logs.get(name).map_or("NA".into(), repr)));
        self.state.names = Some(names);
        self.write(&row)
    }

    fn on_train_end(&mut self, _: &History, _: &mut Run) -> Result<()> {
        self.state.writer = None;
        Ok(())
    }
}
