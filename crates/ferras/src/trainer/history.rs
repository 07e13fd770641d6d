//! What training leaves behind: the logs of each epoch.
use super::number::{fixed, repr, scientific};
use crate::files::write_atomic;
use crate::{Error, Result};
use serde_json::json;
use std::fmt;
use std::path::Path;

/// Numbers by name, in alphabetical order but for validation's, which come last.
///
/// ```
/// use ferras::Logs;
/// let logs: Logs = [("loss".to_string(), 0.5), ("accuracy".to_string(), 0.75)].into_iter().collect();
/// assert_eq!(logs.get("loss"), Some(0.5));
/// assert_eq!(logs.to_string(), "accuracy: 0.7500 - loss: 0.5000");
/// ```
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Logs(Vec<(String, f64)>);

impl Logs {
    /// The number of this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| *v)
    }

    /// Names and numbers in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(n, v)| (n.as_str(), *v))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the numbers of `other` behind, each name with `prefix`.
    pub fn append(&mut self, prefix: &str, other: &Logs) {
        other.0.iter().for_each(|(name, value)| self.set(&format!("{prefix}{name}"), *value));
    }

    /// Adds or replaces a number.
    pub fn set(&mut self, name: &str, value: f64) {
        match self.0.iter_mut().find(|(n, _)| n == name) {
            Some(entry) => entry.1 = value,
            None => self.0.push((name.into(), value)),
        }
    }
}

impl FromIterator<(String, f64)> for Logs {
    fn from_iter<I: IntoIterator<Item = (String, f64)>>(iter: I) -> Logs {
        let mut logs = Logs::default();
        // Two outputs of one layer share a name; as in Keras the last one counts.
        iter.into_iter().for_each(|(name, value)| logs.set(&name, value));
        logs.0.sort_by(|a, b| a.0.cmp(&b.0));
        logs
    }
}

impl fmt::Display for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, value)) in self.iter().enumerate() {
            f.write_str(if i > 0 { " - " } else { "" })?;
            write!(f, "{name}: {}", format_number(value))?;
        }
        Ok(())
    }
}

/// As Keras prints numbers: four digits, and an exponent for small ones.
pub(crate) fn format_number(value: f64) -> String {
    if value.abs() > 1e-3 { fixed(value, 4) } else { scientific(value, 4) }
}

/// The record of a `fit`: the logs of each epoch.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct History {
    /// The epochs that ran, from 0.
    pub epoch: Vec<usize>,
    /// Values of each name, one an epoch in which it was logged.
    pub history: Vec<(String, Vec<f64>)>,
    /// Wall time of each epoch in seconds, its validation included.
    pub seconds: Vec<f64>,
    /// The epochs in which each name was logged: validation may run after some alone.
    logged: Vec<(String, Vec<usize>)>,
}

impl History {
    /// The values of a name, one an epoch; `None` if it was never logged.
    pub fn get(&self, name: &str) -> Option<&[f64]> {
        self.history.iter().find(|(n, _)| n == name).map(|(_, v)| &v[..])
    }

    /// The last value of a name.
    pub fn last(&self, name: &str) -> Option<f64> {
        self.get(name)?.last().copied()
    }

    /// The epochs of a name's values, from 0: with `validation_freq` not every epoch has one, and
    /// with `initial_epoch` they do not begin at 0.
    pub fn epochs(&self, name: &str) -> Option<&[usize]> {
        self.logged.iter().find(|(n, _)| n == name).map(|(_, epochs)| &epochs[..])
    }

    /// Writes the record to a file, in place of what it held: `.json` with all of it, or `.csv` as
    /// [`CSVLogger`](crate::callbacks::CSVLogger) writes it, an epoch a line, `NA` where a name was
    /// not logged.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
    /// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
    /// let history = model.fit([[1.0_f32]], [[1.0_f32]], Fit::new().epochs(2).verbose(0))?;
    /// let path = std::env::temp_dir().join(format!("ferras-doc-hist-{}.csv", std::process::id()));
    /// history.save(&path)?;
    /// let text = std::fs::read_to_string(&path).unwrap();
    /// assert!(text.starts_with("epoch,loss\r\n0,") && text.lines().count() == 3);
    /// assert!(history.save("history.txt").unwrap_err().to_string().contains("must end in .json"));
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            Some("json") => write_atomic(path, format!("{:#}\n", self.to_json()).as_bytes()),
            Some("csv") => write_atomic(path, &self.to_csv()?),
            _ => {
                let problem = format!("must end in .json or .csv, got {:?}", path.display());
                Err(Error::argument("path", problem))
            }
        }
    }

    /// Epochs, values by name and seconds as one JSON object; what is not finite is null.
    pub fn to_json(&self) -> serde_json::Value {
        let values = self.history.iter().map(|(name, values)| (name.clone(), json!(values)));
        let history: serde_json::Map<_, _> = values.collect();
        json!({"epoch": self.epoch, "history": history, "seconds": self.seconds})
    }

    fn to_csv(&self) -> Result<Vec<u8>> {
        let names = self.history.iter().map(|(name, _)| name.clone());
        let mut rows = vec![std::iter::once("epoch".to_string()).chain(names).collect::<Vec<_>>()];
        for epoch in &self.epoch {
            let value = |(name, values): &(String, Vec<f64>)| {
                let place = self.epochs(name)?.iter().position(|e| e == epoch)?;
                values.get(place).map(|v| repr(*v))
            };
            let values = self.history.iter().map(|entry| value(entry).unwrap_or("NA".into()));
            rows.push(std::iter::once(epoch.to_string()).chain(values).collect());
        }
        let lost = |e: String| Error::Internal(format!("the record as a table: {e}"));
        let mut table =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(vec![]);
        rows.iter().try_for_each(|row| table.write_record(row)).map_err(|e| lost(e.to_string()))?;
        table.into_inner().map_err(|e| lost(e.to_string()))
    }

    pub(crate) fn record(&mut self, epoch: usize, logs: &Logs, seconds: f64) {
        self.epoch.push(epoch);
        self.seconds.push(seconds);
        for (name, value) in logs.iter() {
            match self.history.iter_mut().find(|(n, _)| n == name) {
                Some((_, values)) => values.push(value),
                None => self.history.push((name.to_string(), vec![value])),
            }
            match self.logged.iter_mut().find(|(n, _)| n == name) {
                Some((_, epochs)) => epochs.push(epoch),
                None => self.logged.push((name.to_string(), vec![epoch])),
            }
        }
    }
}
