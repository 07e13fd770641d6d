//! `train_test_split`: rows held back for testing.
use super::label::{Class, Label, distinct, find};
use super::mersenne::Mersenne;
use crate::{Error, Result};
use ndarray::{Array, ArrayBase, Axis, Data, RemoveAxis};
use std::hash::{BuildHasher, RandomState};

/// How [`train_test_split`] splits: the size of the parts, the order, the strata.
///
/// ```
/// use ferras::preprocessing::{Split, train_test_split};
/// let labels = ["a", "a", "b", "a", "a", "b", "a", "a", "b"];
/// let options = Split::new().test_size(3).random_state(7).stratify(&labels);
/// let (train, test) = train_test_split((&labels,), options)?;
/// assert_eq!(test.iter().filter(|l| **l == "b").count(), 1); // a third, as in the whole
/// assert_eq!(train.len(), 6);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Split {
    test_size: Option<Size>,
    train_size: Option<Size>,
    random_state: Option<u32>,
    shuffle: bool,
    strata: Option<Vec<usize>>,
}

impl Default for Split {
    fn default() -> Split {
        Split::new()
    }
}

impl Split {
    /// A quarter for testing, rows shuffled, another order at each call.
    pub fn new() -> Split {
        Split { test_size: None, train_size: None, random_state: None, shuffle: true, strata: None }
    }

    /// Rows for testing: a share between 0 and 1 (`0.2`, rounded up) or a number (`1000`).
    pub fn test_size(mut self, test_size: impl Into<Size>) -> Self {
        self.test_size = Some(test_size.into());
        self
    }

    /// Rows for training: a share (rounded down) or a number; all that are not for testing.
    pub fn train_size(mut self, train_size: impl Into<Size>) -> Self {
        self.train_size = Some(train_size.into());
        self
    }

    /// The seed: equal seeds give equal splits, the same as in scikit-learn.
    pub fn random_state(mut self, random_state: u32) -> Self {
        self.random_state = Some(random_state);
        self
    }

    /// Whether to shuffle the rows first; else the last ones are for testing.
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// Keeps the share of each of these labels, one a row, the same in both parts.
    pub fn stratify<'a, L: Label + ?Sized + 'a>(
        mut self,
        labels: impl IntoIterator<Item = &'a L>,
    ) -> Self {
        let labels: Vec<L::Class> = labels.into_iter().map(Label::class).collect();
        let missing = labels.iter().any(Class::is_missing);
        let classes = distinct(&labels);
        let numbers = labels.iter().map(|l| find(&classes, l).unwrap_or_default()).collect();
        // Rows that are too few are found out when the split is made; NaN is one such mistake.
        self.strata = Some(if missing { Vec::new() } else { numbers });
        self
    }

    /// The rows for training and for testing.
    fn rows(&self, samples: usize) -> Result<(Vec<usize>, Vec<usize>)> {
        let (train, test) = self.sizes(samples)?;
        if !self.shuffle {
            if self.strata.is_some() {
                let problem = "needs shuffle(true): rows in order cannot keep the shares";
                return Err(Error::argument("stratify", problem));
            }
            return Ok(((0..train).collect(), (train..train + test).collect()));
        }
        let mut random = Mersenne::new(self.random_state.unwrap_or_else(some_seed));
        if let Some(strata) = &self.strata {
            return stratified(strata, samples, train, test, &mut random);
        }
        let mut order = random.permutation(samples);
        order.truncate(test + train);
        let for_training = order.split_off(test);
        Ok((for_training, order))
    }

    /// Rows for training and testing.
    fn sizes(&self, samples: usize) -> Result<(usize, usize)> {
        let count = |name, size: Option<Size>, round| {
            size.map(|s| s.rows(name, samples, round)).transpose()
        };
        let test = count("test_size", self.test_size, f64::ceil)?;
        let train = count("train_size", self.train_size, f64::floor)?;
        let (train, test) = match (train, test) {
            (Some(train), Some(test)) => (train, test),
            (Some(train), None) => (train, samples - train),
            (None, Some(test)) => (samples - test, test),
            (None, None) => {
                let test = samples.div_ceil(4);
                (samples - test, test)
            }
        };
        if train + test > samples {
            return Err(Error::argument(
                "train_size",
                format!("and test_size want {train} + {test} rows, but there are {samples}"),
            ));
        }
        if train == 0 || test == 0 {
            return Err(Error::Data(format!(
                "{samples} rows split into {train} for training and {test} for testing, but each \
                 part needs one; give more rows or another test_size"
            )));
        }
        Ok((train, test))
    }
}

/// A number of rows, or a share of them: `1000` and `0.2` both convert into it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    /// A share between 0 and 1.
    Share(f64),
    /// A number of rows.
    Rows(usize),
}

impl From<f64> for Size {
    fn from(share: f64) -> Size {
        Size::Share(share)
    }
}

impl From<i32> for Size {
    fn from(rows: i32) -> Size {
        // A negative number becomes 0 rows, which is refused with the others that are out of range.
        Size::Rows(usize::try_from(rows).unwrap_or_default())
    }
}

impl From<usize> for Size {
    fn from(rows: usize) -> Size {
        Size::Rows(rows)
    }
}

impl Size {
    /// The rows of so many; `name` is the argument, and `round` makes a number of a share.
    pub(crate) fn rows(self, name: &str, samples: usize, round: fn(f64) -> f64) -> Result<usize> {
        let wrong = |what: String| {
            Error::argument(
                name,
                format!(
                    "must be a share between 0 and 1 or fewer than the {samples} rows, got {what}"
                ),
            )
        };
        match self {
            Size::Share(share) if share > 0.0 && share < 1.0 => {
                Ok(round(share * samples as f64) as usize)
            }
            Size::Rows(rows) if rows > 0 && rows < samples => Ok(rows),
            Size::Share(share) => Err(wrong(share.to_string())),
            Size::Rows(rows) => Err(wrong(rows.to_string())),
        }
    }
}

/// A seed that differs from call to call.
fn some_seed() -> u32 {
    RandomState::new().hash_one(std::process::id()) as u32
}

/// Rows for training and testing in which each class has its share.
fn stratified(
    strata: &[usize],
    samples: usize,
    train: usize,
    test: usize,
    random: &mut Mersenne,
) -> Result<(Vec<usize>, Vec<usize>)> {
    if strata.len() != samples {
        let came = strata.len();
        let problem =
            format!("must be one label (not NaN) for each of the {samples} rows, got {came}");
        return Err(Error::argument("stratify", problem));
    }
    let classes = strata.iter().max().map_or(0, |m| m + 1);
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); classes];
    for (row, &class) in strata.iter().enumerate() {
        members[class].push(row);
    }
    let counts: Vec<usize> = members.iter().map(Vec::len).collect();
    let rarest = counts.iter().copied().min().unwrap_or_default();
    if rarest < 2 || train.min(test) < classes {
        return Err(Error::argument(
            "stratify",
            format!(
                "needs 2 rows or more of each label, and a row or more of each in both parts; the \
                 rarest of {classes} labels has {rarest}, the smaller part {}",
                train.min(test)
            ),
        ));
    }
    let to_train = shares(&counts, train, random);
    let left: Vec<usize> = counts.iter().zip(&to_train).map(|(c, t)| c - t).collect();
    let to_test = shares(&left, test, random);
    let (mut for_training, mut for_testing) = (Vec::new(), Vec::new());
    for (rows, (&n, &t)) in members.iter().zip(to_train.iter().zip(&to_test)) {
        let mut order = random.permutation(rows.len()).into_iter().map(|i| rows[i]);
        for_training.extend(order.by_ref().take(n));
        for_testing.extend(order.take(t));
    }
    let shuffled = |rows: &[usize], random: &mut Mersenne| {
        random.permutation(rows.len()).into_iter().map(|i| rows[i]).collect()
    };
    Ok((shuffled(&for_training, random), shuffled(&for_testing, random)))
}

/// `draws` rows shared among the classes in proportion to their counts: rounded down, and the
/// rest to those that lost most by it; which of equals, chance decides.
fn shares(counts: &[usize], draws: usize, random: &mut Mersenne) -> Vec<usize> {
    let total: usize = counts.iter().sum();
    let exact: Vec<f64> = counts.iter().map(|&c| c as f64 / total as f64 * draws as f64).collect();
    let mut shares: Vec<usize> = exact.iter().map(|e| e.floor() as usize).collect();
    let lost: Vec<f64> = exact.iter().map(|e| e - e.floor()).collect();
    let mut missing = draws.saturating_sub(shares.iter().sum());
    let mut losses = lost.clone();
    losses.sort_by(|a, b| b.total_cmp(a));
    losses.dedup();
    for loss in losses {
        let equals: Vec<usize> = (0..lost.len()).filter(|&i| lost[i] == loss).collect();
        let now = missing.min(equals.len());
        if now == 0 {
            break;
        }
        for i in random.permutation(equals.len()).into_iter().take(now) {
            shares[equals[i]] += 1;
        }
        missing -= now;
    }
    shares
}

/// Rows that can be split: an array whose first axis is the rows, or a slice.
pub trait Splittable {
    /// An owned part of the rows.
    type Part;
    /// How many rows there are.
    fn samples(&self) -> usize;
    /// A copy of these rows, in this order; all are below [`samples`](Self::samples).
    fn take(&self, rows: &[usize]) -> Self::Part;
}

impl<T: Clone, S: Data<Elem = T>, D: RemoveAxis> Splittable for &ArrayBase<S, D> {
    type Part = Array<T, D>;
    fn samples(&self) -> usize {
        self.shape().first().copied().unwrap_or_default()
    }
    fn take(&self, rows: &[usize]) -> Array<T, D> {
        self.select(Axis(0), rows)
    }
}

macro_rules! splittable_slices {
    ($([$($generic:tt)*] $slice:ty;)*) => {
        $(impl<$($generic)*> Splittable for &$slice {
            type Part = Vec<T>;
            fn samples(&self) -> usize {
                self.len()
            }
            fn take(&self, rows: &[usize]) -> Vec<T> {
                rows.iter().filter_map(|&r| self.get(r)).cloned().collect()
            }
        })*
    };
}

splittable_slices! {
    [T: Clone] [T];
    [T: Clone] Vec<T>;
    [T: Clone, const N: usize] [T; N];
}

/// A tuple of one to five [`Splittable`]s with rows that belong together.
pub trait SplitTuple {
    /// `(a_train, a_test, b_train, b_test, …)`.
    type Parts;
    /// How many rows each has.
    fn samples(&self) -> Vec<usize>;
    /// Both parts of each.
    fn parts(&self, train: &[usize], test: &[usize]) -> Self::Parts;
}

macro_rules! split_tuples {
    ($($name:ident $place:tt),*; $($part:ty),*) => {
        impl<$($name: Splittable),*> SplitTuple for ($($name,)*) {
            type Parts = ($($part),*);
            fn samples(&self) -> Vec<usize> {
                vec![$(self.$place.samples()),*]
            }
            fn parts(&self, train: &[usize], test: &[usize]) -> Self::Parts {
                split_tuples!(@ self train test [$($place)*] -> [])
            }
        }
    };
    (@ $s:ident $train:ident $test:ident [] -> [$($done:expr,)*]) => { ($($done),*) };
    (@ $s:ident $train:ident $test:ident [$place:tt $($rest:tt)*] -> [$($done:expr,)*]) => {
        split_tuples!(@ $s $train $test [$($rest)*] ->
            [$($done,)* $s.$place.take($train), $s.$place.take($test),])
    };
}

split_tuples!(A 0; A::Part, A::Part);
split_tuples!(A 0, B 1; A::Part, A::Part, B::Part, B::Part);
split_tuples!(A 0, B 1, C 2; A::Part, A::Part, B::Part, B::Part, C::Part, C::Part);
split_tuples!(A 0, B 1, C 2, E 3;
    A::Part, A::Part, B::Part, B::Part, C::Part, C::Part, E::Part, E::Part);

/// Splits rows that belong together into a part for training and one for testing.
///
/// - **Input** a tuple of one to four arrays (rows along the first axis) or slices of one length.
/// - **Output** `(a_train, a_test, b_train, b_test, …)`, copies.
/// - **Errors**: different lengths, a part without rows, sizes out of range, labels to stratify
///   by that are too rare.
/// - **Source** scikit-learn `model_selection.train_test_split`; with the same `random_state` it
///   gives the same rows in the same order.
///
/// ```
/// use ferras::preprocessing::{Split, train_test_split};
/// use ndarray::array;
/// let x = array![[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]];
/// let y = [0, 1, 2, 3, 4];
/// let options = Split::new().test_size(0.33).random_state(42);
/// let (x_train, x_test, y_train, y_test) = train_test_split((&x, &y), options)?;
/// assert_eq!(x_train, array![[4, 5], [0, 1], [6, 7]]);
/// assert_eq!(x_test, array![[2, 3], [8, 9]]);
/// assert_eq!((y_train, y_test), (vec![2, 0, 3], vec![1, 4]));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn train_test_split<T: SplitTuple>(arrays: T, options: Split) -> Result<T::Parts> {
    let samples = arrays.samples();
    let rows = samples.first().copied().unwrap_or_default();
    if samples.iter().any(|s| *s != rows) {
        return Err(Error::Data(format!(
            "the arrays to split must have as many rows each, got {samples:?}"
        )));
    }
    let (train, test) = options.rows(rows)?;
    Ok(arrays.parts(&train, &test))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array2, array};

    fn split(options: Split) -> (Vec<usize>, Vec<usize>) {
        let rows: Vec<usize> = (0..20).collect();
        train_test_split((&rows,), options).unwrap()
    }

    /// Expected rows are scikit-learn's for the same arguments.
    #[test]
    fn equals_scikit_learn() {
        let rows: Vec<usize> = (0..10_000).collect();
        let options = Split::new().test_size(0.2).random_state(0);
        let (train, test) = train_test_split((&rows,), options).unwrap();
        assert_eq!(train[..8], [7389, 9275, 2995, 5316, 356, 49, 7931, 1523]);
        assert_eq!(test[..8], [9394, 898, 2398, 5906, 2343, 8225, 5506, 6451]);
        let weighted = |v: &[usize]| v.iter().enumerate().map(|(i, r)| i * r).sum::<usize>();
        assert_eq!((weighted(&train), weighted(&test)), (159_323_690_341, 10_134_821_052));

        let both = split(Split::new().test_size(0.3).train_size(0.4).random_state(3));
        assert_eq!(both, (vec![6, 7, 15, 12, 9, 11, 19, 18], vec![14, 2, 1, 17, 4, 16]));
        let still = split(Split::new().shuffle(false));
        assert_eq!(still, ((0..15).collect(), (15..20).collect()));
    }

    #[test]
    fn stratified_equals_scikit_learn() {
        let labels: Vec<u8> = (0..20).map(|i| u8::from(i > 10) + u8::from(i > 16)).collect();
        let (train, test) = split(Split::new().test_size(0.3).random_state(1).stratify(&labels));
        assert_eq!(train, [16, 9, 6, 17, 2, 0, 3, 14, 7, 1, 4, 15, 18, 11]);
        assert_eq!(test, [13, 5, 10, 12, 19, 8]);
        let options = Split::new().test_size(7).train_size(8).random_state(5).stratify(&labels);
        let expected = (vec![12, 2, 13, 8, 4, 10, 5, 17], vec![7, 9, 1, 14, 0, 15, 19]);
        assert_eq!(split(options), expected);
    }

    #[test]
    fn rows_stay_together_whatever_their_kind() {
        let x = Array2::from_shape_fn((30, 2), |(r, c)| r * 2 + c);
        let y = Array1::from_iter(0..30);
        let names: Vec<String> = (0..30).map(|i| i.to_string()).collect();
        let arrays = (&x.view(), &y, &names, names.as_slice());
        let (a, a_test, b, _, c, _, d, _) = train_test_split(arrays, Split::new()).unwrap();
        assert_eq!((a.dim(), a_test.dim()), ((22, 2), (8, 2)));
        for (i, row) in a.rows().into_iter().enumerate() {
            assert_eq!(row[0], b[i] * 2);
            assert_eq!((&c[i], &d[i]), (&b[i].to_string(), &b[i].to_string()));
        }
    }

    #[test]
    fn refuses() {
        let x = array![1, 2, 3, 4];
        let message = |o: Split| train_test_split((&x,), o).map(|_| ()).unwrap_err().to_string();
        for size in [Size::Share(0.0), Size::Share(f64::NAN), Size::Rows(4), Size::from(-1)] {
            let error = message(Split::new().test_size(size));
            assert!(error.starts_with("argument \"test_size\" must be a share"), "{error}");
        }
        let error = message(Split::new().test_size(3).train_size(2));
        assert!(error.contains("want 2 + 3 rows, but there are 4"), "{error}");
        let error = message(Split::new().test_size(0.9));
        assert!(error.starts_with("4 rows split into 0 for training and 4"), "{error}");
        let error = message(Split::new().stratify(&[1, 1, 2]));
        assert!(error.contains("one label (not NaN) for each of the 4 rows, got 3"), "{error}");
        let error = message(Split::new().test_size(2).stratify(&[1, 1, 1, 2]));
        assert!(error.contains("the rarest of 2 labels has 1"), "{error}");
        let error = message(Split::new().shuffle(false).stratify(&[1, 1, 2, 2]));
        assert!(error.contains("needs shuffle(true)"), "{error}");
        let error = train_test_split((&x, &[1, 2]), Split::new()).unwrap_err().to_string();
        assert_eq!(error, "the arrays to split must have as many rows each, got [4, 2]");
        let nothing: [u8; 0] = [];
        assert!(train_test_split((&nothing,), Split::new()).is_err());
    }
}
