//! Ranges that [`ImageDataGenerator`](super::ImageDataGenerator) draws from.
use super::super::mersenne::Mersenne;
use crate::config::{ConfigValue, Scope, mismatch};
use serde_json::{Value as Json, json};

/// How far pictures are moved: a number below 1 is a share of the side, drawn from both directions; a
/// whole number n draws a whole number of pixels below n; a list draws one of its numbers, shares if
/// all are below 1.
///
/// ```
/// use ferras::preprocessing::image::ShiftRange;
/// assert_ne!(ShiftRange::from(2.0), ShiftRange::from(2));
/// assert_eq!(ShiftRange::from([-1.0, 1.0]), ShiftRange::from(vec![-1.0, 1.0]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ShiftRange(Shift);

#[derive(Clone, Debug, PartialEq)]
enum Shift {
    Within(f64),
    Below(u32),
    OneOf(Vec<f64>),
}

impl From<f64> for ShiftRange {
    fn from(range: f64) -> ShiftRange {
        ShiftRange(Shift::Within(range))
    }
}

impl From<u32> for ShiftRange {
    fn from(pixels: u32) -> ShiftRange {
        ShiftRange(Shift::Below(pixels))
    }
}

impl From<i32> for ShiftRange {
    fn from(pixels: i32) -> ShiftRange {
        ShiftRange(Shift::Below(pixels.unsigned_abs()))
    }
}

impl From<Vec<f64>> for ShiftRange {
    fn from(numbers: Vec<f64>) -> ShiftRange {
        ShiftRange(Shift::OneOf(numbers))
    }
}

impl<const N: usize> From<[f64; N]> for ShiftRange {
    fn from(numbers: [f64; N]) -> ShiftRange {
        ShiftRange(Shift::OneOf(numbers.to_vec()))
    }
}

impl ShiftRange {
    /// All numbers that it holds.
    pub(super) fn numbers(&self) -> Vec<f64> {
        match &self.0 {
            Shift::Within(range) => vec![*range],
            Shift::Below(pixels) => vec![f64::from(*pixels)],
            Shift::OneOf(numbers) => numbers.clone(),
        }
    }

    /// A shift in pixels along a side of this length.
    pub(super) fn draw(&self, random: &mut Mersenne, side: usize) -> f64 {
        let drawn = match &self.0 {
            Shift::Within(range) if *range == 0.0 => return 0.0,
            Shift::Below(0) => return 0.0,
            Shift::Within(range) => random.uniform(-range, *range),
            Shift::Below(pixels) => {
                let pixel = random.below(u64::from(*pixels)) as f64;
                pixel * [-1.0, 1.0][random.below(2) as usize % 2]
            }
            Shift::OneOf(numbers) => {
                let place = random.below(numbers.len() as u64) as usize;
                let number = numbers.get(place).copied().unwrap_or(0.0);
                number * [-1.0, 1.0][random.below(2) as usize % 2]
            }
        };
        let largest = self.numbers().into_iter().fold(f64::NEG_INFINITY, f64::max);
        if largest < 1.0 { drawn * side as f64 } else { drawn }
    }
}

impl ConfigValue for ShiftRange {
    fn to_json(&self) -> Json {
        match &self.0 {
            Shift::Within(range) => json!(range),
            Shift::Below(pixels) => json!(pixels),
            Shift::OneOf(numbers) => json!(numbers),
        }
    }

    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        let whole = json.as_u64().and_then(|n| u32::try_from(n).ok());
        let number = || json.as_f64().map(ShiftRange::from);
        let list = || Vec::<f64>::from_json(json, scope).ok().map(ShiftRange::from);
        let found = whole.map(ShiftRange::from).or_else(number).or_else(list);
        found.ok_or_else(|| mismatch("a number or a list of numbers", json))
    }
}

/// How much smaller or larger pictures become: a number z for 1 - z to 1 + z, or the two bounds.
///
/// ```
/// use ferras::preprocessing::image::ZoomRange;
/// assert_eq!(ZoomRange::from(0.25), ZoomRange::from((0.75, 1.25)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZoomRange(pub(super) f64, pub(super) f64);

impl From<f64> for ZoomRange {
    fn from(zoom: f64) -> ZoomRange {
        ZoomRange(1.0 - zoom, 1.0 + zoom)
    }
}

impl From<(f64, f64)> for ZoomRange {
    fn from((low, high): (f64, f64)) -> ZoomRange {
        ZoomRange(low, high)
    }
}

impl From<[f64; 2]> for ZoomRange {
    fn from([low, high]: [f64; 2]) -> ZoomRange {
        ZoomRange(low, high)
    }
}

impl ConfigValue for ZoomRange {
    fn to_json(&self) -> Json {
        json!([self.0, self.1])
    }

    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        match json.as_f64() {
            Some(zoom) => Ok(zoom.into()),
            None => <[f64; 2]>::from_json(json, scope).map(ZoomRange::from),
        }
    }
}
