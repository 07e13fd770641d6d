//! Thresholds above which a prediction counts as positive: one, or a list.
use crate::config::{ConfigValue, Scope};
use crate::{Error, Result};
use serde_json::{Value as Json, json};

/// One threshold or several, from 0 to 1; a metric gives a number for each.
///
/// ```
/// use ferras::metrics::Thresholds;
/// assert_eq!(Thresholds::from(0.5).as_slice(), [0.5]);
/// assert_eq!(Thresholds::from([0.25, 0.75]).as_slice(), [0.25, 0.75]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Thresholds {
    list: Vec<f64>,
    /// Given as a number, not as a list: it is written as it was given.
    single: bool,
}

impl Thresholds {
    /// The thresholds.
    pub fn as_slice(&self) -> &[f64] {
        &self.list
    }

    /// An error unless there are some, all from 0 to 1.
    pub(super) fn check(&self) -> Result<()> {
        if self.list.is_empty() {
            return Err(Error::argument("thresholds", "must have at least one number"));
        }
        match self.list.iter().find(|t| !(0.0..=1.0).contains(*t)) {
            None => Ok(()),
            Some(t) => Err(Error::argument("thresholds", format!("must be from 0 to 1, got {t}"))),
        }
    }
}

impl From<f64> for Thresholds {
    fn from(threshold: f64) -> Thresholds {
        Thresholds { list: vec![threshold], single: true }
    }
}

impl<const N: usize> From<[f64; N]> for Thresholds {
    fn from(list: [f64; N]) -> Thresholds {
        Thresholds { list: list.to_vec(), single: false }
    }
}

impl From<Vec<f64>> for Thresholds {
    fn from(list: Vec<f64>) -> Thresholds {
        Thresholds { list, single: false }
    }
}

impl ConfigValue for Thresholds {
    fn to_json(&self) -> Json {
        match self.list.first() {
            Some(threshold) if self.single => json!(threshold),
            _ => json!(self.list),
        }
    }

    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        match json.is_array() {
            true => Vec::from_json(json, scope).map(|list| Thresholds { list, single: false }),
            false => f64::from_json(json, scope).map(Thresholds::from),
        }
    }
}
