//! Arguments of layers that change pictures: how much, between which bounds, what lies beyond.
use crate::config::{ConfigValue, Scope, mismatch};
pub use crate::preprocessing::image::{FillMode, FillPlace};
use crate::{Error, Result};
use serde_json::{Value as Json, json};

/// How much, at random: a number for up to that much, or the two bounds.
///
/// ```
/// use ferras::layers::Factor;
/// assert_eq!(Factor::from((0.3, -0.1)), Factor::from([0.3, -0.1]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor(Given);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Given {
    Number(f64),
    Pair(f64, f64),
}

impl Factor {
    /// The lower and the upper bound. A number stands for both directions, the lower one not below
    /// `least`.
    pub(super) fn bounds(&self, least: f64) -> (f64, f64) {
        match self.0 {
            Given::Number(n) => ((-n.abs()).max(least), n.abs()),
            Given::Pair(a, b) => (a.min(b), a.max(b)),
        }
    }

    /// The same as it stands in files.
    pub(super) fn written(&self, least: f64) -> Factor {
        let (low, high) = self.bounds(least);
        Factor(Given::Pair(low, high))
    }

    /// The same for an argument of which Keras reads no negative number, which it writes itself.
    pub(super) fn written_both_ways(&self, least: f64) -> Factor {
        match self.bounds(least) {
            (low, high) if low == -high && high > 0.0 => Factor(Given::Number(high)),
            (low, high) => Factor(Given::Pair(low, high)),
        }
    }

    /// An error unless a number lies within the bounds, or two reach into them, as Keras has it.
    pub(super) fn check(&self, name: &str, low: f64, high: f64) -> Result<()> {
        let fits = match self.0 {
            Given::Number(n) => (low..=high).contains(&n),
            Given::Pair(a, b) => a <= high && b >= low,
        };
        self.unless(fits, name, low, high)
    }

    /// An error unless all numbers lie within the bounds.
    pub(super) fn check_all(&self, name: &str, low: f64, high: f64) -> Result<()> {
        let within = |n: f64| (low..=high).contains(&n);
        let fits = match self.0 {
            Given::Number(n) => within(n),
            Given::Pair(a, b) => within(a) && within(b),
        };
        self.unless(fits, name, low, high)
    }

    fn unless(&self, fits: bool, name: &str, low: f64, high: f64) -> Result<()> {
        if fits {
            return Ok(());
        }
        let found = match self.0 {
            Given::Number(n) => format!("{n}"),
            Given::Pair(a, b) => format!("({a}, {b})"),
        };
        let problem = format!("must be a number or two within {low} and {high}, got {found}");
        Err(Error::argument(name, problem))
    }
}

impl From<f64> for Factor {
    fn from(number: f64) -> Factor {
        Factor(Given::Number(number))
    }
}

impl From<(f64, f64)> for Factor {
    fn from((a, b): (f64, f64)) -> Factor {
        Factor(Given::Pair(a, b))
    }
}

impl From<[f64; 2]> for Factor {
    fn from([a, b]: [f64; 2]) -> Factor {
        Factor(Given::Pair(a, b))
    }
}

impl ConfigValue for Factor {
    fn to_json(&self) -> Json {
        match self.0 {
            Given::Number(n) => json!(n),
            Given::Pair(a, b) => json!([a, b]),
        }
    }

    fn from_json(json: &Json, _: &Scope) -> Result<Self, String> {
        let list = json.as_array().map(Vec::as_slice);
        let pair = list.and_then(|l| match l {
            [a, b] => Some(Factor(Given::Pair(a.as_f64()?, b.as_f64()?))),
            _ => None,
        });
        let number = || json.as_f64().map(Factor::from);
        pair.or_else(number).ok_or_else(|| mismatch("a number or two", json))
    }
}

/// The least and the greatest value that a picture holds: `(0, 255)` or `(0.0, 1.0)`.
///
/// ```
/// use ferras::layers::Range;
/// assert_eq!(Range::from((0, 1)), Range::from((0.0, 1.0)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range(f64, f64);

impl Range {
    /// The two bounds, the lower one first.
    pub(super) fn bounds(self) -> (f64, f64) {
        (self.0.min(self.1), self.0.max(self.1))
    }

    /// As Keras' layers write it that sort the two.
    pub(super) fn sorted(self) -> Range {
        let (low, high) = self.bounds();
        Range(low, high)
    }

    /// An error unless the bounds are numbers and differ.
    pub(super) fn check(self) -> Result<()> {
        match self.0.is_finite() && self.1.is_finite() && self.0 != self.1 {
            true => Ok(()),
            false => {
                let problem = format!("must be two different numbers, got ({}, {})", self.0, self.1);
                Err(Error::argument("value_range", problem))
            }
        }
    }
}

impl From<(f64, f64)> for Range {
    fn from((low, high): (f64, f64)) -> Range {
        Range(low, high)
    }
}

impl From<(i32, i32)> for Range {
    fn from((low, high): (i32, i32)) -> Range {
        Range(f64::from(low), f64::from(high))
    }
}

impl From<[f64; 2]> for Range {
    fn from([low, high]: [f64; 2]) -> Range {
        Range(low, high)
    }
}

impl ConfigValue for Range {
    fn to_json(&self) -> Json {
        // Whole numbers as Keras' own defaults stand in its files.
        let number = |n: f64| match n.fract() == 0.0 && n.abs() < 1e15 {
            true => json!(n as i64),
            false => json!(n),
        };
        json!([number(self.0), number(self.1)])
    }

    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        <[f64; 2]>::from_json(json, scope).map(Range::from)
    }
}

/// A colour to fill with: one number for all channels, or one for each of three.
///
/// ```
/// use ferras::layers::Fill;
/// assert_ne!(Fill::from(0.5), Fill::from([0.5, 0.5, 0.5]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Fill(Vec<f64>, bool);

impl Fill {
    /// The number of each channel.
    pub(super) fn channels(&self) -> &[f64] {
        &self.0
    }
}

impl From<f64> for Fill {
    fn from(value: f64) -> Fill {
        Fill(vec![value], true)
    }
}

impl From<[f64; 3]> for Fill {
    fn from(values: [f64; 3]) -> Fill {
        Fill(values.to_vec(), false)
    }
}

impl ConfigValue for Fill {
    fn to_json(&self) -> Json {
        match self.0.first() {
            Some(value) if self.1 => json!(value),
            _ => json!(self.0),
        }
    }

    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        match json.as_f64() {
            Some(value) => Ok(Fill::from(value)),
            None => <[f64; 3]>::from_json(json, scope).map(Fill::from),
        }
    }
}
