//! Arguments that take a number or a list of them.
use crate::config::{ConfigValue, Scope, mismatch};
use serde_json::{Value as Json, json};

/// One number for all places, or one for each.
///
/// ```
/// use ferras::layers::Numbers;
/// assert_ne!(Numbers::from(1.0), Numbers::from([1.0]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    list: Vec<f64>,
    single: bool,
}

impl From<f64> for Numbers {
    fn from(number: f64) -> Numbers {
        Numbers { list: vec![number], single: true }
    }
}

impl<const N: usize> From<[f64; N]> for Numbers {
    fn from(numbers: [f64; N]) -> Numbers {
        Numbers::from(numbers.to_vec())
    }
}

impl From<Vec<f64>> for Numbers {
    fn from(list: Vec<f64>) -> Numbers {
        Numbers { list, single: false }
    }
}

impl Numbers {
    /// All of them.
    pub(crate) fn list(&self) -> &[f64] {
        &self.list
    }

    /// Whether one number stands for all places.
    pub(crate) fn is_single(&self) -> bool {
        self.single
    }
}

impl ConfigValue for Numbers {
    fn to_json(&self) -> Json {
        match self.list.first() {
            Some(number) if self.single => json!(number),
            _ => json!(self.list),
        }
    }

    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        match json.as_f64() {
            Some(number) => Ok(Numbers::from(number)),
            None => Vec::from_json(json, scope)
                .map(Numbers::from)
                .map_err(|_| mismatch("a number or a list of numbers", json)),
        }
    }
}
