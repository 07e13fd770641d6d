//! `OneHotEncoder`: categories as columns of zeros and ones.
use super::label::{Class, Label, collect, distinct, find, list, not_fitted};
use crate::config::suggest;
use crate::{Error, Result};
use ndarray::{Array2, ArrayBase, Data, Ix1, Ix2};

/// Columns of categories: an array `(samples, features)`, or one column as a slice or array.
pub trait Columns {
    /// What a category is kept as.
    type Class: Class;
    /// Column by column.
    fn into_columns(self) -> Result<Vec<Vec<Self::Class>>>;
}

impl<L: Label, S: Data<Elem = L>> Columns for &ArrayBase<S, Ix2> {
    type Class = L::Class;
    fn into_columns(self) -> Result<Vec<Vec<L::Class>>> {
        let columns = self.columns().into_iter().enumerate();
        columns.map(|(i, c)| collect(&format!("column {i} of x"), c.iter())).collect()
    }
}

impl<L: Label, S: Data<Elem = L>> Columns for &ArrayBase<S, Ix1> {
    type Class = L::Class;
    fn into_columns(self) -> Result<Vec<Vec<L::Class>>> {
        Ok(vec![collect("column 0 of x", self)?])
    }
}

macro_rules! one_column {
    ($([$($generic:tt)*] $slice:ty;)*) => {
        $(impl<$($generic)*> Columns for &$slice {
            type Class = L::Class;
            fn into_columns(self) -> Result<Vec<Vec<L::Class>>> {
                Ok(vec![collect("column 0 of x", self.iter())?])
            }
        })*
    };
}

one_column! {
    [L: Label] [L];
    [L: Label] Vec<L>;
    [L: Label, const N: usize] [L; N];
}

/// One column of zeros and ones for each category of each feature.
///
/// - **Input** categories `(samples, features)` as an array, or one feature as a slice: texts,
///   integers, floats or truth values.
/// - **Output** float64 `(samples, columns)`: the features in order, the categories of each in
///   alphabetical (numerical) order, less those that `drop` names.
/// - **Options** `drop`: `"first"` category of each feature, or that of features with two
///   (`"if_binary"`); `handle_unknown`: `"error"` (default), or `"ignore"` for zeros only.
/// - **Errors**: no samples, NaN, a new category at `transform`, another number of features, use
///   before `fit`, an unknown word in an option.
/// - **Source** scikit-learn `preprocessing.OneHotEncoder` with `sparse_output=False`.
///
/// ```
/// use ferras::preprocessing::OneHotEncoder;
/// use ndarray::array;
/// let mut encoder = OneHotEncoder::new().drop("first");
/// let x = encoder.fit_transform(&["Spain", "France", "Germany"])?;
/// assert_eq!(x, array![[0.0, 1.0], [0.0, 0.0], [1.0, 0.0]]);
/// assert_eq!(encoder.feature_names_out(&["geo"])?, ["geo_Germany", "geo_Spain"]);
/// assert_eq!(encoder.inverse_transform(&x)?[[1, 0]], "France");
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OneHotEncoder<C = String> {
    drop: Option<String>,
    handle_unknown: String,
    categories: Vec<Vec<C>>,
}

impl<C> Default for OneHotEncoder<C> {
    fn default() -> OneHotEncoder<C> {
        OneHotEncoder { drop: None, handle_unknown: "error".to_string(), categories: Vec::new() }
    }
}

impl<C: Class> OneHotEncoder<C> {
    /// An encoder that keeps every category and refuses unknown ones.
    pub fn new() -> OneHotEncoder<C> {
        OneHotEncoder::default()
    }

    /// Which categories get no column: `"first"`, `"if_binary"`, or `None`.
    pub fn drop<'a>(mut self, drop: impl Into<Option<&'a str>>) -> Self {
        self.drop = drop.into().map(str::to_string);
        self
    }

    /// What a category that `fit` has not seen becomes: `"error"`, or `"ignore"` for zeros.
    pub fn handle_unknown(mut self, handle_unknown: &str) -> Self {
        self.handle_unknown = handle_unknown.to_string();
        self
    }

    /// Learns the categories, in place of those known before.
    pub fn fit<X: Columns<Class = C>>(&mut self, x: X) -> Result<&mut Self> {
        self.check_options()?;
        let columns = x.into_columns()?;
        if columns.is_empty() {
            return Err(Error::Data("x has no columns: at least one is needed".to_string()));
        }
        self.categories = columns.iter().map(|c| distinct(c)).collect();
        Ok(self)
    }

    /// The columns of zeros and ones.
    pub fn transform<X: Columns<Class = C>>(&self, x: X) -> Result<Array2<f64>> {
        self.check_options()?;
        let columns = x.into_columns()?;
        if self.categories.is_empty() {
            return Err(not_fitted("OneHotEncoder"));
        }
        let (came, expected) = (columns.len(), self.categories.len());
        if came != expected {
            return Err(Error::Data(format!(
                "x has {came} columns, but this OneHotEncoder was fitted on {expected}"
            )));
        }
        let rows = columns.first().map_or(0, Vec::len);
        let width = (0..expected).map(|f| self.kept(f).len()).sum();
        let mut out = Array2::zeros((rows, width));
        let mut start = 0;
        for (feature, (column, categories)) in columns.iter().zip(&self.categories).enumerate() {
            let skipped = categories.len() - self.kept(feature).len();
            for (row, label) in column.iter().enumerate() {
                match find(categories, label) {
                    Some(i) if i >= skipped => out[[row, start + i - skipped]] = 1.0,
                    Some(_) => {}
                    None if self.handle_unknown == "ignore" => {}
                    None => return Err(unknown(label, row, feature, categories)),
                }
            }
            start += categories.len() - skipped;
        }
        Ok(out)
    }

    /// [`fit`](Self::fit), then [`transform`](Self::transform) of the same data.
    pub fn fit_transform<X: Columns<Class = C> + Copy>(&mut self, x: X) -> Result<Array2<f64>> {
        self.fit(x)?;
        self.transform(x)
    }

    /// The categories `(samples, features)` that columns of zeros and ones stand for.
    ///
    /// Of each feature the largest value counts, so probabilities may be given; where all are
    /// zero it is the dropped category, and an error if none was dropped.
    pub fn inverse_transform<S: Data<Elem = f64>>(
        &self,
        x: &ArrayBase<S, Ix2>,
    ) -> Result<Array2<C>> {
        if self.categories.is_empty() {
            return Err(not_fitted("OneHotEncoder"));
        }
        let (came, expected) = (x.ncols(), self.width());
        if came != expected {
            return Err(Error::Data(format!(
                "x has {came} columns, but this OneHotEncoder makes {expected}"
            )));
        }
        let mut flat = Vec::with_capacity(x.nrows() * self.categories.len());
        for (row, values) in x.rows().into_iter().enumerate() {
            let mut start = 0;
            for feature in 0..self.categories.len() {
                let kept = self.kept(feature);
                let ours = values.iter().skip(start).take(kept.len());
                start += kept.len();
                let label = self.decode(feature, ours);
                flat.push(label.cloned().ok_or_else(|| {
                    Error::Data(format!("row {row} of x names no category of column {feature}"))
                })?);
            }
        }
        Array2::from_shape_vec((x.nrows(), self.categories.len()), flat)
            .map_err(|e| Error::Internal(e.to_string()))
    }

    fn decode<'a>(&self, feature: usize, values: impl Iterator<Item = &'a f64>) -> Option<&C> {
        let mut best = (None, 0.0);
        for (label, &value) in self.kept(feature).iter().zip(values) {
            if value > best.1 {
                best = (Some(label), value);
            }
        }
        let all = self.categories.get(feature)?;
        let dropped = if self.kept(feature).len() < all.len() { all.first() } else { None };
        best.0.or(dropped)
    }

    /// The categories of each feature, dropped ones included; empty before `fit`.
    pub fn categories(&self) -> &[Vec<C>] {
        &self.categories
    }

    /// Names of the columns made: `feature_category`.
    pub fn feature_names_out(&self, features: &[&str]) -> Result<Vec<String>> {
        let (came, expected) = (features.len(), self.categories.len());
        if came != expected {
            let problem = format!("must name the {expected} features fitted on, got {came} names");
            return Err(Error::argument("features", problem));
        }
        let names = features.iter().enumerate().flat_map(|(i, feature)| {
            self.kept(i).iter().map(move |category| format!("{feature}_{}", category.name()))
        });
        Ok(names.collect())
    }

    fn width(&self) -> usize {
        (0..self.categories.len()).map(|f| self.kept(f).len()).sum()
    }

    /// The categories of a feature that have a column.
    fn kept(&self, feature: usize) -> &[C] {
        let all = self.categories.get(feature).map_or(&[][..], Vec::as_slice);
        let skip = match self.drop.as_deref() {
            Some("first") => 1,
            Some("if_binary") if all.len() == 2 => 1,
            _ => 0,
        };
        all.get(skip..).unwrap_or_default()
    }

    fn check_options(&self) -> Result<()> {
        let check = |kind, word: &str, known: &[&str]| match known.contains(&word) {
            true => Ok(()),
            false => {
                Err(Error::Unknown { kind, name: word.to_string(), hint: suggest(word, known) })
            }
        };
        check(
            "drop of OneHotEncoder",
            self.drop.as_deref().unwrap_or("first"),
            &["first", "if_binary"],
        )?;
        check("handle_unknown of OneHotEncoder", &self.handle_unknown, &["error", "ignore"])
    }
}

fn unknown<C: Class>(label: &C, row: usize, feature: usize, categories: &[C]) -> Error {
    let (label, known) = (label.shown(), list(categories));
    Error::Data(format!(
        "category {label} in row {row} of column {feature} is new to this OneHotEncoder; it was \
         fitted on {known} (handle_unknown(\"ignore\") turns new ones into zeros)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn several_features_and_drops() {
        let x = array![["a", "x"], ["b", "y"], ["c", "x"]];
        let all = OneHotEncoder::new().fit_transform(&x).unwrap();
        let expected =
            array![[1.0, 0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0, 0.0]];
        assert_eq!(all, expected);
        let binary = OneHotEncoder::new().drop("if_binary").fit_transform(&x).unwrap();
        assert_eq!(binary.row(1).to_vec(), [0.0, 1.0, 0.0, 1.0]);
        let mut first = OneHotEncoder::new().drop("first");
        let y = first.fit_transform(&x).unwrap();
        assert_eq!(y.row(2).to_vec(), [0.0, 1.0, 0.0]);
        assert_eq!(first.inverse_transform(&y).unwrap(), x.mapv(String::from));
    }

    #[test]
    fn numbers_and_unknowns() {
        let mut e = OneHotEncoder::new().handle_unknown("ignore");
        e.fit(&[10, 9]).unwrap();
        assert_eq!(e.transform(&[10, 11]).unwrap(), array![[0.0, 1.0], [0.0, 0.0]]);
        let error = e.inverse_transform(&array![[0.0, 0.0]]).unwrap_err().to_string();
        assert_eq!(error, "row 0 of x names no category of column 0");
    }

    #[test]
    fn refuses() {
        let message = |r: Result<Array2<f64>>| r.unwrap_err().to_string();
        let e = OneHotEncoder::new();
        assert!(message(e.transform(&["a"])).contains("call fit"));
        let mut e = OneHotEncoder::new();
        e.fit(&["a", "b"]).unwrap();
        let error = message(e.transform(&["a", "q"]));
        assert!(error.starts_with("category \"q\" in row 1 of column 0 is new"), "{error}");
        let error = message(e.transform(&array![["a", "b"]]));
        assert_eq!(error, "x has 2 columns, but this OneHotEncoder was fitted on 1");
        let error = message(OneHotEncoder::new().drop("frist").fit_transform(&["a"]));
        assert!(error.contains("did you mean \"first\"?"), "{error}");
        let error = message(OneHotEncoder::new().fit_transform(&array![[1.0], [f64::NAN]]));
        assert!(error.starts_with("column 0 of x is NaN at place 1"), "{error}");
        assert!(e.inverse_transform(&array![[1.0]]).is_err());
        assert!(e.feature_names_out(&[]).is_err());
    }
}
