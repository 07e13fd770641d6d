//! `Normalization`: features with mean 0 and deviation 1.
use crate::Error;
use super::Numbers;
use crate::config::{Axes, epsilon, floatx};
use crate::layers::prelude::*;
use ferras_graph::{DType, Tensor};

/// (x − mean) / max(√variance, ε) for each place along `axis`, or, inverted, mean + x · max(√variance,
/// ε); ε is that of the settings.
///
/// Mean and variance are given, or [`Normalization::adapt`] takes them from data; then they are weights
/// that training leaves alone, and a file keeps them.
///
/// - **Input, output** any shape; floats.
/// - **Weights**, where mean and variance are not given: `mean` and `variance` of the sizes of `axis`,
///   and `count`, a number that Keras keeps and does not use.
/// - **Errors** at build: one of mean and variance without the other, an unknown size along `axis`, data
///   of other sizes.
/// - **Source** Keras 3 `layers.Normalization`.
///
/// ```
/// use ferras::prelude::*;
/// let data = Tensor::new([3, 2], vec![1.0_f32, 10.0, 2.0, 20.0, 3.0, 30.0])?;
/// let x = Input::new([2]);
/// let model = Model::new(&x, &Normalization::new().adapt(&data)?.apply(&x))?;
/// let y = model.predict(&data)?;
/// assert!(y.to_f64_vec()[..2].iter().all(|v| (v + 1.5_f64.sqrt()).abs() < 1e-6));
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Normalization {
    /// The axes, batch axis counted, whose places have a mean of their own; the last one by default.
    /// None at all makes one mean for everything.
    #[config(default = -1, written = self.axis.as_slice().to_vec())]
    axis: Axes,
    /// Whether to undo a normalization; false by default.
    #[config(default = false)]
    invert: bool,
    /// The mean: a number, one for each place of the last of the axes, or an array along the last ones.
    #[config(default)]
    mean: Option<Numbers>,
    /// The variance, as the mean.
    #[config(default)]
    variance: Option<Numbers>,
    /// What `adapt` found.
    #[config(state)]
    adapted: Option<[Tensor; 2]>,
}

impl Normalization {
    /// With mean and variance of data, whose first axis is the batch.
    pub fn adapt(mut self, data: &Tensor) -> Result<Self> {
        if self.mean.is_some() || self.variance.is_some() {
            let problem = "is given, so there is nothing to take from data";
            return Err(Error::argument("mean", problem));
        }
        let kept = self.axis.resolve(data.shape().rank())?;
        let sizes: Vec<usize> = kept.iter().map(|&axis| data.shape()[axis]).collect();
        let groups: usize = sizes.iter().product();
        let numbers = data.to_f64_vec();
        if numbers.is_empty() {
            return Err(Error::Data("adapt needs at least one number".into()));
        }
        let group = group_of(data.shape(), &kept);
        let mean_of = |value: &dyn Fn(usize, f64) -> f64| {
            let mut sums = vec![0.0; groups];
            for (i, v) in numbers.iter().enumerate() {
                sums[group(i)] += value(group(i), *v);
            }
            let count = (numbers.len() / groups) as f64;
            sums.into_iter().map(|sum| sum / count).collect::<Vec<f64>>()
        };
        let mean = mean_of(&|_, v| v);
        let variance = mean_of(&|g, v| (v - mean[g]).powi(2));
        let tensor = |v: Vec<f64>| Tensor::new(sizes.clone(), v).map(|t| t.cast(floatx()));
        self.adapted = Some([tensor(mean)?, tensor(variance)?]);
        Ok(self)
    }

    /// Whether there is nothing to learn.
    pub(crate) fn is_given(&self) -> bool {
        self.mean.is_some() || self.variance.is_some()
    }

    /// A given statistic along the input's axes.
    fn given(&self, x: &Value, numbers: &Numbers) -> Value {
        let mut shape = vec![1; x.rank()];
        let axes = self.axis.resolve(x.rank()).unwrap_or_default();
        for (&axis, &size) in axes.iter().rev().zip(numbers.shape().iter().rev()) {
            shape[axis] = size;
        }
        match Tensor::new(shape, numbers.list().to_vec()) {
            Ok(tensor) => x.builder().constant(tensor.cast(x.dtype())),
            Err(e) => x.error("mean", e.to_string()),
        }
    }

    /// A learned statistic along the input's axes.
    fn learned(&self, x: &Value, weight: &Value) -> Value {
        let axes = self.axis.resolve(x.rank()).unwrap_or_default();
        let size = |(i, &n): (usize, &usize)| if axes.contains(&i) { n } else { 1 };
        let shape: Vec<usize> = x.shape().iter().enumerate().map(size).collect();
        weight.cast(x.dtype()).reshape(shape)
    }
}

/// Which mean the number at a flat index counts for.
fn group_of(shape: &[usize], kept: &[usize]) -> impl Fn(usize) -> usize {
    let mut steps = Vec::new();
    let (mut inner, mut group) = (1, 1);
    for (axis, &size) in shape.iter().enumerate().rev() {
        if kept.contains(&axis) {
            steps.push((inner, size, group));
            group *= size;
        }
        inner *= size;
    }
    move |index| steps.iter().map(|(inner, size, group)| index / inner % size * group).sum()
}

impl Layer for Normalization {
    fn build(&self, cx: &mut Build) -> Result<()> {
        let input = cx.input()?;
        let axes = self.axis.resolve(input.shape().len())?;
        let sizes = axes.iter().map(|&a| input.known(a as isize)).collect::<Result<Vec<_>>>()?;
        match (&self.mean, &self.variance) {
            (None, None) => {}
            (Some(mean), Some(variance)) => {
                let fits = |n: &Numbers| {
                    let mut along = n.shape().iter().rev().zip(sizes.iter().rev());
                    n.shape().len() <= sizes.len() && along.all(|(&n, &size)| n == 1 || n == size)
                };
                if !fits(mean) || mean.shape() != variance.shape() {
                    return Err(cx.error(format!(
                        "mean and variance must be a number each, or as many numbers as the last \
                         of the axes have places, {sizes:?}; got {} and {}",
                        mean.list().len(),
                        variance.list().len()
                    )));
                }
                return Ok(());
            }
            _ => return Err(cx.error("mean and variance must both be given, or neither")),
        }
        let (mut mean, mut variance) = (None, None);
        if let Some([m, v]) = &self.adapted {
            if m.shape()[..] != sizes[..] {
                let found = m.shape();
                return Err(cx.error(format!(
                    "was adapted to data of sizes {found} along axis, got an input of {sizes:?}"
                )));
            }
            (mean, variance) = (Some(m), Some(v));
        }
        let weight = cx.weight("mean", sizes.clone()).frozen();
        mean.map(|mean| weight.value(mean));
        let weight = cx.weight("variance", sizes).initializer(&"ones".into()).frozen();
        variance.map(|variance| weight.value(variance));
        cx.weight("count", []).frozen().dtype(DType::I32);
        Ok(())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        let x = if x.dtype().is_float() { x } else { x.cast(floatx()) };
        let [mean, variance] = match (&self.mean, &self.variance) {
            (Some(mean), Some(variance)) => [self.given(&x, mean), self.given(&x, variance)],
            _ => ["mean", "variance"].map(|name| self.learned(&x, &cx.weight(name))),
        };
        let deviation = variance.sqrt().maximum(epsilon());
        match self.invert {
            true => mean + x * deviation,
            false => (x - mean) / deviation,
        }
    }
}
