//! `LabelEncoder`: classes as numbers from 0.
use super::label::{Class, Label, collect, distinct, find, list, not_fitted};
use crate::{Error, Result};
use ndarray::Array1;

/// Numbers the classes of one column: 0 for the first in alphabetical (numerical) order.
///
/// - **Input** labels `(samples,)`: texts, integers, floats or truth values, in a slice or array.
/// - **Output** int64 `(samples,)`, each from 0 to the number of classes - 1.
/// - **Errors**: no labels, NaN, a label at `transform` that `fit` has not seen, use before `fit`.
/// - **Source** scikit-learn `preprocessing.LabelEncoder`.
///
/// ```
/// use ferras::preprocessing::LabelEncoder;
/// let mut encoder = LabelEncoder::new();
/// let genders = encoder.fit_transform(&["Male", "Female", "Male"])?;
/// assert_eq!(genders.to_vec(), [1, 0, 1]);
/// assert_eq!(encoder.classes(), ["Female", "Male"]);
/// assert_eq!(encoder.inverse_transform(&[0, 1])?, ["Female", "Male"]);
/// let error = encoder.transform(&["male"]).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "label \"male\" at place 0 is new to this LabelEncoder; it was fitted on \"Female\", \"Male\""
/// );
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LabelEncoder<C = String> {
    classes: Vec<C>,
}

impl<C> Default for LabelEncoder<C> {
    fn default() -> LabelEncoder<C> {
        LabelEncoder { classes: Vec::new() }
    }
}

impl<C: Class> LabelEncoder<C> {
    /// An encoder that knows no class yet.
    pub fn new() -> LabelEncoder<C> {
        LabelEncoder::default()
    }

    /// Learns the classes, in place of those known before.
    pub fn fit<'a, L>(&mut self, y: impl IntoIterator<Item = &'a L>) -> Result<&mut Self>
    where
        L: Label<Class = C> + ?Sized + 'a,
    {
        self.classes = distinct(&collect("y", y)?);
        Ok(self)
    }

    /// The number of each label.
    pub fn transform<'a, L>(&self, y: impl IntoIterator<Item = &'a L>) -> Result<Array1<i64>>
    where
        L: Label<Class = C> + ?Sized + 'a,
    {
        if self.classes.is_empty() {
            return Err(not_fitted("LabelEncoder"));
        }
        let number = |(place, label): (usize, &'a L)| {
            let label = label.class();
            find(&self.classes, &label).map(|i| i as i64).ok_or_else(|| {
                let (label, known) = (label.shown(), list(&self.classes));
                Error::Data(format!(
                    "label {label} at place {place} is new to this LabelEncoder; \
                     it was fitted on {known}"
                ))
            })
        };
        y.into_iter().enumerate().map(number).collect()
    }

    /// [`fit`](Self::fit), then [`transform`](Self::transform) of the same labels.
    pub fn fit_transform<'a, L>(
        &mut self,
        y: impl IntoIterator<Item = &'a L>,
    ) -> Result<Array1<i64>>
    where
        L: Label<Class = C> + ?Sized + 'a,
    {
        let labels = collect("y", y)?;
        self.classes = distinct(&labels);
        let number = |label| find(&self.classes, label).unwrap_or_default() as i64;
        Ok(labels.iter().map(number).collect())
    }

    /// The label of each number.
    pub fn inverse_transform<'a>(&self, y: impl IntoIterator<Item = &'a i64>) -> Result<Vec<C>> {
        if self.classes.is_empty() {
            return Err(not_fitted("LabelEncoder"));
        }
        let label = |(place, &number): (usize, &'a i64)| {
            let class = usize::try_from(number).ok().and_then(|i| self.classes.get(i));
            class.cloned().ok_or_else(|| {
                let last = self.classes.len() - 1;
                Error::Data(format!(
                    "{number} at place {place} is no class of this LabelEncoder: 0 to {last}"
                ))
            })
        };
        y.into_iter().enumerate().map(label).collect()
    }

    /// The classes in order; empty before `fit`.
    pub fn classes(&self) -> &[C] {
        &self.classes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn orders_texts_by_code_point_and_numbers_by_value() {
        let mut e = LabelEncoder::new();
        assert_eq!(e.fit_transform(&array![10, 9, 10]).unwrap(), array![1, 0, 1]);
        let mut e = LabelEncoder::new();
        let texts: Vec<String> = ["b", "Z", "é", "a"].map(String::from).to_vec();
        e.fit(&texts).unwrap();
        assert_eq!(e.classes(), ["Z", "a", "b", "é"]);
        let mut e = LabelEncoder::new();
        assert_eq!(e.fit_transform(&[0.0, -0.0, -1.5]).unwrap(), array![1, 1, 0]);
        assert_eq!(e.inverse_transform(&array![0]).unwrap(), [-1.5]);
    }

    #[test]
    fn refuses() {
        let mut e = LabelEncoder::new();
        let error = e.transform(&["a"]).unwrap_err().to_string();
        assert_eq!(
            error,
            "this LabelEncoder has not seen data yet: call fit or fit_transform first"
        );
        assert!(e.inverse_transform(&[0]).is_err());
        let nothing: [&str; 0] = [];
        assert!(e.fit(&nothing).unwrap_err().to_string().contains("no labels"));
        e.fit(&["a", "b"]).unwrap();
        let error = e.inverse_transform(&[1, -1]).unwrap_err().to_string();
        assert_eq!(error, "-1 at place 1 is no class of this LabelEncoder: 0 to 1");
        let error = LabelEncoder::new().fit(&[1.0, f64::NAN]).unwrap_err().to_string();
        assert_eq!(error, "y is NaN at place 1: drop such rows or fill them in first");
    }
}
