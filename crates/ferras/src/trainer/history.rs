//! What training leaves behind: the logs of each epoch.
use super::number::{fixed, scientific};
use std::fmt;

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
        self.0.extend(other.0.iter().map(|(n, v)| (format!("{prefix}{n}"), *v)));
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
        let mut list: Vec<(String, f64)> = iter.into_iter().collect();
        list.sort_by(|a, b| a.0.cmp(&b.0));
        Logs(list)
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

impl crate::plot::Curves for History {
    fn curves(&self) -> Vec<(String, Vec<f64>)> {
        self.history.clone()
    }

    fn epochs(&self, name: &str) -> Option<&[usize]> {
        History::epochs(self, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_stand_over_their_own_epochs() {
        // Goes on at the sixth epoch and validates after each second one.
        let mut history = History::default();
        for epoch in 5..9 {
            let mut logs = Logs::default();
            logs.set("loss", 1.0 / epoch as f64);
            if epoch % 2 == 1 {
                logs.set("val_loss", if epoch == 5 { 0.25 } else { 0.5 });
            }
            history.record(epoch, &logs, 1.0);
        }
        assert_eq!(history.epochs("loss"), Some(&[5, 6, 7, 8][..]));
        assert_eq!(history.epochs("val_loss"), Some(&[5, 7][..]));
        assert_eq!(history.epochs("mae"), None);
        let svg = crate::plot::history(&history).to_svg();
        assert!(svg.contains("best 0.2500, epoch 6"), "{svg}");
        assert!(svg.contains(">9</text>") && !svg.contains(">1</text>"), "{svg}");
    }
}
