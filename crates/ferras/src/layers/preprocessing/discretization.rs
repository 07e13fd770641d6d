//! `Discretization`: numbers as the ranges that they lie in.
use super::encoding::{OutputMode, refuse_sparse};
use crate::Error;
use crate::config::{Choice, floatx};
use crate::layers::prelude::*;
use ferras_graph::{DType, Tensor};

/// For each number, how many of the boundaries it is not below.
///
/// The boundaries are given, or [`Discretization::adapt`] finds `num_bins` ranges that hold about as
/// many numbers each; a file keeps them.
///
/// - **Input** numbers `(batch, …)`. **Output** int32 of the same shape, or floats
///   `(batch, …, boundaries + 1)` as in [`CategoryEncoding`](super::CategoryEncoding).
/// - **Errors** at build: no boundaries, boundaries that do not ascend, `sparse`, an unknown mode.
/// - **Source** Keras 3 `layers.Discretization`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([3]);
/// let layer = Discretization::new().bin_boundaries([0.0, 1.0]);
/// let model = Model::new(&x, &layer.apply(&x))?;
/// assert_eq!(model.predict([[-0.5_f32, 0.0, 7.0]])?.to_f64_vec(), [0.0, 1.0, 2.0]);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct Discretization {
    /// Where ranges begin, ascending.
    #[config(default)]
    bin_boundaries: Option<Vec<f64>>,
    /// How many ranges `adapt` makes.
    #[config(default)]
    num_bins: Option<usize>,
    /// How exact `adapt` is: the share of numbers that a boundary may be off; 0.01 by default.
    #[config(default = 0.01)]
    epsilon: f64,
    /// `"int"` (default), `"one_hot"`, `"multi_hot"` or `"count"`.
    #[config(default = "int")]
    output_mode: Choice<OutputMode>,
    /// Not supported: only false.
    #[config(default = false)]
    sparse: bool,
}

impl Discretization {
    /// With boundaries of data, so that `num_bins` ranges hold about as many of its numbers each.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let data = Tensor::new([100], (0..100).map(|i| i as f32).collect())?;
    /// let layer = Discretization::new().num_bins(4).adapt(&data)?;
    /// assert_eq!(layer.get_config()["bin_boundaries"].as_array().map(Vec::len), Some(3));
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn adapt(self, data: &Tensor) -> Result<Self> {
        self.adapt_by(data, usize::MAX)
    }

    /// Whether there is nothing to learn.
    pub(crate) fn is_given(&self) -> bool {
        self.bin_boundaries.is_some()
    }

    /// The same where the data come in batches of so many numbers: what is known of those before is joined
    /// with each.
    pub(crate) fn adapt_by(mut self, data: &Tensor, batch: usize) -> Result<Self> {
        let Some(bins) = self.num_bins.filter(|n| (1..1 << 20).contains(n)) else {
            let problem = "must be at least 1 for adapt; with bin_boundaries there is nothing to find";
            return Err(Error::argument("num_bins", problem));
        };
        if !(1e-6..1.0).contains(&self.epsilon) {
            let problem = format!("must be above 0 and below 1, got {}", self.epsilon);
            return Err(Error::argument("epsilon", problem));
        }
        let values: Vec<f32> = data.to_f64_vec().into_iter().map(|v| v as f32).collect();
        if values.is_empty() {
            return Err(Error::Data("adapt needs at least one number".into()));
        }
        let mut summary = Summary::new();
        for batch in values.chunks(batch.min(values.len())) {
            summary.extend(summarize(batch.to_vec(), self.epsilon));
            summary.sort_by(|(a, _), (b, _)| a.total_cmp(b));
            summary = compress(summary, self.epsilon);
        }
        let mut ends = compress(summary, 1.0 / bins as f64);
        ends.pop();
        self.bin_boundaries = Some(ends.into_iter().map(|(end, _)| f64::from(end)).collect());
        Ok(self)
    }
}

/// Values and how many each stands for, at even distances in their order.
type Summary = Vec<(f32, f32)>;

fn summarize(mut values: Vec<f32>, epsilon: f64) -> Summary {
    values.sort_by(f32::total_cmp);
    let step = (values.len() as f64 / (1.0 / epsilon)).max(1.0);
    let picked = values.iter().skip((step - 1.0) as usize).step_by(step as usize);
    picked.map(|v| (*v, step as f32)).collect()
}

/// A summary of about 1 / `epsilon` values, interpolated between those of a longer one.
fn compress(summary: Summary, epsilon: f64) -> Summary {
    if (summary.len() as f64) * epsilon < 1.0 {
        return summary;
    }
    let mut sum = 0.0_f32;
    let counts: Vec<f32> = summary
        .iter()
        .map(|(_, weight)| {
            sum += weight;
            sum
        })
        .collect();
    let shares: Vec<f64> = counts.iter().map(|count| f64::from(count / sum)).collect();
    let ends: Vec<f64> = summary.iter().map(|(end, _)| f64::from(*end)).collect();
    let counts: Vec<f64> = counts.into_iter().map(f64::from).collect();
    let mut before = 0.0;
    (0..(1.0 / epsilon).ceil() as usize)
        .map(|i| {
            let share = epsilon + i as f64 * epsilon;
            let count = interpolate(share, &shares, &counts);
            let weight = count - std::mem::replace(&mut before, count);
            (interpolate(share, &shares, &ends) as f32, weight as f32)
        })
        .collect()
}

/// The height at x of the line through points whose x ascend; beyond them, that of the last one.
fn interpolate(x: f64, xs: &[f64], ys: &[f64]) -> f64 {
    let after = xs.partition_point(|v| *v <= x);
    let at = |i: usize| xs.get(i).zip(ys.get(i)).map(|(x, y)| (*x, *y));
    match (after.checked_sub(1).and_then(at), at(after)) {
        (Some((x0, y0)), Some((x1, y1))) => (y1 - y0) / (x1 - x0) * (x - x0) + y0,
        (Some((_, y)), None) | (None, Some((_, y))) => y,
        (None, None) => f64::NAN,
    }
}

impl Layer for Discretization {
    fn build(&self, cx: &mut Build) -> Result<()> {
        refuse_sparse(cx, self.sparse)?;
        let Some(boundaries) = &self.bin_boundaries else {
            return Err(cx.error("bin_boundaries must be given, or adapt be called with data"));
        };
        if boundaries.windows(2).any(|w| matches!(w, [a, b] if a > b)) {
            return Err(cx.error(format!("bin_boundaries must ascend, got {boundaries:?}")));
        }
        self.output_mode.get()?.check(cx, cx.input()?.shape())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let x = cx.input();
        let mode = match self.output_mode.get() {
            Ok(mode) => mode,
            Err(e) => return x.error("output_mode", e.to_string()),
        };
        let x = if x.dtype().is_float() { x } else { x.cast(floatx()) };
        let boundaries = self.bin_boundaries.clone().unwrap_or_default();
        let count = boundaries.len();
        let boundaries = match Tensor::new([count], boundaries) {
            Ok(boundaries) => x.builder().constant(boundaries.cast(x.dtype())),
            Err(e) => return x.error("bin_boundaries", e.to_string()),
        };
        // A number that is none lies beyond all, as in NumPy.
        let below = x.expand_dims(-1).less(boundaries);
        let range = below.logical_not().cast(DType::I32).sum(&[-1], false);
        mode.encode(&range, count + 1, None)
    }
}
