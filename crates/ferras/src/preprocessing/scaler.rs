//! `StandardScaler`: columns of mean 0 and deviation 1.
use super::label::not_fitted;
use crate::{Error, Result};
use ndarray::{Array2, ArrayBase, ArrayView1, Data, Ix2};
use num_traits::Float;

/// Shifts and scales each column to mean 0 and standard deviation 1: `(x - mean) / scale`.
///
/// - **Input** `(samples, features)`, float32 or float64, finite. **Output** the same shape, type.
/// - `scale` is the population deviation (divided by `samples`), 1 for a column that is constant
///   but for rounding. Sums run in float64, whatever the type.
/// - **Options** `with_mean`, `with_std`: true.
/// - **Errors**: no samples, NaN or infinite values, another number of columns, use before `fit`.
/// - **Source** scikit-learn `preprocessing.StandardScaler`, which however lets NaN through.
///
/// ```
/// use ferras::preprocessing::StandardScaler;
/// use ndarray::array;
/// let mut scaler = StandardScaler::new();
/// let x = scaler.fit_transform(&array![[1.0, 5.0], [3.0, 5.0]])?;
/// assert_eq!(x, array![[-1.0, 0.0], [1.0, 0.0]]);
/// assert_eq!((scaler.mean(), scaler.scale()), (&[2.0, 5.0][..], &[1.0, 1.0][..]));
/// assert_eq!(scaler.transform(&array![[2.0, 6.0]])?, array![[0.0, 1.0]]);
/// assert_eq!(scaler.inverse_transform(&x)?, array![[1.0, 5.0], [3.0, 5.0]]);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct StandardScaler {
    with_mean: bool,
    with_std: bool,
    mean: Vec<f64>,
    var: Vec<f64>,
    scale: Vec<f64>,
}

impl Default for StandardScaler {
    fn default() -> StandardScaler {
        StandardScaler::new()
    }
}

impl StandardScaler {
    /// A scaler that has not seen data yet.
    pub fn new() -> StandardScaler {
        StandardScaler { with_mean: true, with_std: true, mean: vec![], var: vec![], scale: vec![] }
    }

    /// Whether to shift to mean 0.
    pub fn with_mean(mut self, with_mean: bool) -> Self {
        self.with_mean = with_mean;
        self
    }

    /// Whether to scale to deviation 1.
    pub fn with_std(mut self, with_std: bool) -> Self {
        self.with_std = with_std;
        self
    }

    /// Learns mean and deviation of each column, in place of those known before.
    pub fn fit<F: Float, S: Data<Elem = F>>(&mut self, x: &ArrayBase<S, Ix2>) -> Result<&mut Self> {
        if x.is_empty() {
            let (samples, features) = x.dim();
            return Err(Error::Data(format!(
                "x of shape ({samples}, {features}) is empty: at least one value is needed"
            )));
        }
        check_finite(x)?;
        let moments: Vec<(f64, f64)> = x.columns().into_iter().map(moments).collect();
        let samples = x.nrows() as f64;
        self.mean = moments.iter().map(|m| m.0).collect();
        self.var = moments.iter().map(|m| m.1).collect();
        self.scale = moments.iter().map(|&(mean, var)| deviation(mean, var, samples)).collect();
        Ok(self)
    }

    /// `(x - mean) / scale`, column by column.
    pub fn transform<F: Float, S: Data<Elem = F>>(
        &self,
        x: &ArrayBase<S, Ix2>,
    ) -> Result<Array2<F>> {
        self.map(x, |value, mean, scale| (value - mean) / scale)
    }

    /// [`fit`](Self::fit), then [`transform`](Self::transform) of the same data.
    pub fn fit_transform<F: Float, S: Data<Elem = F>>(
        &mut self,
        x: &ArrayBase<S, Ix2>,
    ) -> Result<Array2<F>> {
        self.fit(x)?.transform(x)
    }

    /// `x * scale + mean`: back to the units of the data.
    pub fn inverse_transform<F: Float, S: Data<Elem = F>>(
        &self,
        x: &ArrayBase<S, Ix2>,
    ) -> Result<Array2<F>> {
        self.map(x, |value, mean, scale| value * scale + mean)
    }

    /// Mean of each column; empty before `fit`.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Population variance of each column; empty before `fit`.
    pub fn var(&self) -> &[f64] {
        &self.var
    }

    /// What each column is divided by; empty before `fit`.
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }

    fn map<F: Float, S: Data<Elem = F>>(
        &self,
        x: &ArrayBase<S, Ix2>,
        f: impl Fn(f64, f64, f64) -> f64,
    ) -> Result<Array2<F>> {
        if self.mean.is_empty() {
            return Err(not_fitted("StandardScaler"));
        }
        let (came, expected) = (x.ncols(), self.mean.len());
        if came != expected {
            return Err(Error::Data(format!(
                "x has {came} columns, but this StandardScaler was fitted on {expected}"
            )));
        }
        check_finite(x)?;
        let mut out = x.to_owned();
        for (mut column, (&mean, &scale)) in
            out.columns_mut().into_iter().zip(self.mean.iter().zip(&self.scale))
        {
            let mean = if self.with_mean { mean } else { 0.0 };
            let scale = if self.with_std { scale } else { 1.0 };
            column.mapv_inplace(|v| F::from(f(wide(v), mean, scale)).unwrap_or_else(F::nan));
        }
        Ok(out)
    }
}

fn wide<F: Float>(value: F) -> f64 {
    value.to_f64().unwrap_or(f64::NAN)
}

fn check_finite<F: Float, S: Data<Elem = F>>(x: &ArrayBase<S, Ix2>) -> Result<()> {
    match x.indexed_iter().find(|(_, v)| !v.is_finite()) {
        Some(((row, column), &v)) => Err(Error::Data(format!(
            "x holds {} in row {row}, column {column}: drop such rows or fill them in first",
            wide(v)
        ))),
        None => Ok(()),
    }
}

/// Mean and population variance, in two passes: the second corrects the first's rounding.
fn moments<F: Float>(column: ArrayView1<F>) -> (f64, f64) {
    let count = column.len() as f64;
    let mean = column.iter().map(|v| wide(*v)).sum::<f64>() / count;
    let (mut squares, mut rest) = (0.0, 0.0);
    for v in column {
        let distance = wide(*v) - mean;
        squares += distance * distance;
        rest += distance;
    }
    (mean, (squares - rest * rest / count) / count)
}

/// The deviation, 1 where it is no more than what rounding alone could leave of a constant.
fn deviation(mean: f64, var: f64, samples: f64) -> f64 {
    let rounding = samples * f64::EPSILON * var + (samples * mean * f64::EPSILON).powi(2);
    if var <= rounding { 1.0 } else { var.sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn float32_and_views() {
        let x = array![[1.0_f32, 3.0, 5.0], [2.0, 2.0, 2.0]];
        let mut scaler = StandardScaler::new();
        let y = scaler.fit_transform(&x.t()).unwrap();
        let d = 1.5_f32.sqrt();
        assert_eq!(y, array![[-d, 0.0], [0.0, 0.0], [d, 0.0]]);
        assert_eq!(scaler.scale()[1], 1.0);
        assert!((scaler.var()[0] - 8.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn options() {
        let x = array![[1.0], [3.0]];
        let shifted = StandardScaler::new().with_std(false).fit_transform(&(&x * 2.0)).unwrap();
        assert_eq!(shifted, array![[-2.0], [2.0]]);
        assert_eq!(StandardScaler::new().with_mean(false).fit_transform(&x).unwrap(), x);
    }

    #[test]
    fn a_constant_that_does_not_fit_binary_is_constant() {
        let x = Array2::from_elem((1000, 1), 0.1 + 1e7);
        let mut scaler = StandardScaler::new();
        scaler.fit(&x).unwrap();
        assert_eq!(scaler.scale(), [1.0]);
    }

    #[test]
    fn refuses() {
        let mut s = StandardScaler::new();
        let error = s.transform(&array![[1.0]]).unwrap_err().to_string();
        assert!(error.starts_with("this StandardScaler has not seen data"), "{error}");
        let error = s.fit(&array![[1.0], [f64::NAN]]).unwrap_err().to_string();
        assert!(error.starts_with("x holds NaN in row 1, column 0"), "{error}");
        assert!(s.fit(&Array2::<f32>::zeros((0, 3))).unwrap_err().to_string().contains("(0, 3)"));
        s.fit(&array![[1.0], [2.0]]).unwrap();
        let error = s.transform(&array![[1.0, 2.0]]).unwrap_err().to_string();
        assert_eq!(error, "x has 2 columns, but this StandardScaler was fitted on 1");
        assert!(s.inverse_transform(&array![[f64::INFINITY]]).is_err());
    }
}
