//! Windows of a time series, as samples to learn from.
use super::{Elements, Pipeline, Stage, mixed};
use crate::random::{Generator, next_seed};
use crate::trainer::data::{Data, rows};
use crate::trainer::dataset::{Batch, Dataset};
use crate::{Error, Result};
use ferras_graph::Tensor;

/// The options of [`timeseries_dataset_from_array`]: Keras' arguments and defaults.
#[derive(Clone, Debug)]
pub struct Timeseries {
    sequence_stride: usize,
    sampling_rate: usize,
    batch_size: Option<usize>,
    shuffle: bool,
    seed: Option<u64>,
    start_index: Option<usize>,
    end_index: Option<usize>,
}

impl Default for Timeseries {
    fn default() -> Timeseries {
        Timeseries::new()
    }
}

impl Timeseries {
    /// Keras' defaults.
    pub fn new() -> Timeseries {
        Timeseries {
            sequence_stride: 1,
            sampling_rate: 1,
            batch_size: Some(128),
            shuffle: false,
            seed: None,
            start_index: None,
            end_index: None,
        }
    }

    /// Steps from the beginning of a window to that of the next one; 1 by default.
    pub fn sequence_stride(mut self, sequence_stride: usize) -> Self {
        self.sequence_stride = sequence_stride;
        self
    }

    /// Steps from one value of a window to the next one; 1 by default.
    pub fn sampling_rate(mut self, sampling_rate: usize) -> Self {
        self.sampling_rate = sampling_rate;
        self
    }

    /// Windows of a batch; 128 by default, `None` for single windows without a batch axis.
    pub fn batch_size(mut self, batch_size: impl Into<Option<usize>>) -> Self {
        self.batch_size = batch_size.into();
        self
    }

    /// Whether windows come in random order, another one in each pass; false by default.
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// What the order follows from; by default a seed of the program's.
    pub fn seed(mut self, seed: impl Into<Option<u64>>) -> Self {
        self.seed = seed.into();
        self
    }

    /// The first step that is used; 0 by default.
    pub fn start_index(mut self, start_index: impl Into<Option<usize>>) -> Self {
        self.start_index = start_index.into();
        self
    }

    /// The step before which windows end; that behind the last one by default.
    pub fn end_index(mut self, end_index: impl Into<Option<usize>>) -> Self {
        self.end_index = end_index.into();
        self
    }

    fn check(&self, steps: usize) -> Result<()> {
        let start = self.start_index.unwrap_or(0);
        let below = |name: &str, value: usize| match value < steps {
            true => Ok(()),
            false => Err(Error::argument(
                name,
                format!("must be below the number of steps, {steps}, got {value}"),
            )),
        };
        for (name, value) in
            [("sampling_rate", self.sampling_rate), ("sequence_stride", self.sequence_stride)]
        {
            if value == 0 {
                return Err(Error::argument(name, "must be at least 1, got 0"));
            }
            below(name, value)?;
        }
        if start > 0 {
            below("start_index", start)?;
        }
        let Some(end) = self.end_index else { return Ok(()) };
        below("end_index", end)?;
        match end > start {
            true => Ok(()),
            false => {
                let problem = format!("must be above start_index, {start}, got {end}");
                Err(Error::argument("end_index", problem))
            }
        }
    }
}

/// Windows of `sequence_length` values of a time series, and for each the target of its first step.
///
/// - **Input** `data` `(steps, …)`; `targets` `(steps, …)`, where target i belongs to the window that
///   begins at step i, or `()` for none.
/// - **Output** batches of windows `(batch, sequence_length, …)` and targets `(batch, …)`.
/// - **Errors**: several arrays, a length of 0, strides of 0 or beyond the data, indices beyond the
///   data or in the wrong order.
/// - **Source** Keras 3 `utils.timeseries_dataset_from_array`; the random order is Ferras' own.
///
/// ```
/// use ferras::data::{Timeseries, timeseries_dataset_from_array};
/// use ferras::prelude::*;
/// // Three days of a series, and the day that follows them.
/// let series: Vec<f32> = (0..20).map(|day| (day as f32).sin()).collect();
/// let options = Timeseries::new().batch_size(4);
/// let mut days = timeseries_dataset_from_array(&series[..19], &series[3..], 3, options)?;
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(3));
/// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
/// model.fit_dataset(&mut days, Fit::new().epochs(2).verbose(0))?;
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn timeseries_dataset_from_array(
    data: impl Into<Data>,
    targets: impl Into<Data>,
    sequence_length: usize,
    options: Timeseries,
) -> Result<Pipeline> {
    let data = one(data.into(), "data")?;
    let targets = match targets.into() {
        none if none.is_empty() => None,
        some => Some(one(some, "targets")?),
    };
    let steps = rows([data.shape()].into_iter(), "data")?;
    options.check(steps)?;
    if sequence_length == 0 || options.batch_size == Some(0) {
        let name = if sequence_length == 0 { "sequence_length" } else { "batch_size" };
        return Err(Error::argument(name, "must be at least 1, got 0"));
    }
    let (start, end) = (options.start_index.unwrap_or(0), options.end_index.unwrap_or(steps));
    let reach = (sequence_length - 1).saturating_mul(options.sampling_rate);
    let have = match &targets {
        Some(targets) => rows([targets.shape()].into_iter(), "targets")?,
        None => usize::MAX,
    };
    let count = (end - start).saturating_sub(reach).min(have);
    let starts: Vec<usize> = (start..start + count).step_by(options.sequence_stride).collect();
    if let Some(beyond) = starts.iter().find(|step| **step >= have) {
        return Err(Error::Data(format!(
            "targets: a window begins at step {beyond}, but there are {have} targets"
        )));
    }
    let window = Window { length: sequence_length, rate: options.sampling_rate, reverse: false };
    let shuffle = options.shuffle.then(|| options.seed.unwrap_or_else(next_seed));
    let size = options.batch_size;
    let batched = size.is_some();
    Ok(Pipeline::new(Windows { data, targets, starts, window, size, shuffle }, batched))
}

/// The only array.
fn one(data: Data, what: &str) -> Result<Tensor> {
    let mut arrays = data.into_tensors(what)?;
    match (arrays.pop(), arrays.len()) {
        (Some(array), 0) => Ok(array),
        (_, others) => Err(Error::Data(format!("{what}: expected one array, got {}", others + 1))),
    }
}

/// Which steps make a window.
#[derive(Clone, Copy, Debug)]
struct Window {
    /// How many values it has.
    length: usize,
    /// Steps from one to the next.
    rate: usize,
    /// Whether the last one comes first.
    reverse: bool,
}

impl Window {
    /// The windows that begin at these steps, side by side.
    fn at(self, data: &Tensor, starts: &[usize]) -> Result<Tensor> {
        let place = |k: usize| if self.reverse { self.length - 1 - k } else { k };
        let steps = |start: &usize| {
            let start = *start;
            (0..self.length).map(move |k| start + place(k) * self.rate)
        };
        let picked: Vec<usize> = starts.iter().flat_map(steps).collect();
        let shape: Vec<usize> = data.shape().iter().skip(1).copied().collect();
        let values = gathered(data, &picked)?;
        Ok(values.reshape([&[starts.len(), self.length], &shape[..]].concat())?)
    }
}

fn gathered(data: &Tensor, rows: &[usize]) -> Result<Tensor> {
    let mut values = Tensor::scalar(0_u8);
    values.gather_rows(data, rows)?;
    Ok(values)
}

/// Windows in batches of `size`, or one by one.
struct Windows {
    data: Tensor,
    targets: Option<Tensor>,
    starts: Vec<usize>,
    window: Window,
    size: Option<usize>,
    /// What a random order follows from.
    shuffle: Option<u64>,
}

impl Stage for Windows {
    fn pass(&mut self, number: u64) -> Elements<'_> {
        let (mut order, size) = (self.starts.clone(), self.size.unwrap_or(1).max(1));
        if let Some(seed) = self.shuffle {
            Generator::new(mixed(seed, number, 0)).shuffle(&mut order);
        }
        Box::new((0..order.len().div_ceil(size)).map(move |i| {
            let rest = order.get(i * size..).unwrap_or_default();
            let starts = rest.get(..size).unwrap_or(rest);
            let x = self.window.at(&self.data, starts)?;
            let y = self.targets.as_ref().map(|targets| gathered(targets, starts)).transpose()?;
            let single = |t: Tensor| -> Result<Tensor> {
                match self.size {
                    Some(_) => Ok(t),
                    None => Ok(t.reshape(t.shape().get(1..).unwrap_or_default().to_vec())?),
                }
            };
            let y = y.map(single).transpose()?;
            Ok(Batch { x: vec![single(x)?.into()], y: y.into_iter().collect(), ..Batch::default() })
        }))
    }

    fn len(&self) -> Option<usize> {
        Some(self.starts.len().div_ceil(self.size.unwrap_or(1).max(1)))
    }
}

/// Windows of a time series that end before a step, and the target of that step.
///
/// - **Source** Keras' legacy `preprocessing.sequence.TimeseriesGenerator`. With `shuffle` it draws
///   windows with replacement, as there; the numbers are Ferras' own.
///
/// ```
/// use ferras::data::{Dataset, TimeseriesGenerator};
/// let series: Vec<f32> = (0..10).map(|i| i as f32).collect();
/// let windows = TimeseriesGenerator::new(&series[..], &series[..], 3)?.batch_size(4);
/// assert_eq!(windows.len(), Some(2));
/// let batch = windows.get(0)?;
/// assert_eq!(batch.x[0].shape()[..], [4, 3]);
/// assert_eq!(batch.x[0].numbers()?.to_f64_vec()[..3], [0.0, 1.0, 2.0]);
/// assert_eq!(batch.y[0].to_f64_vec(), [3.0, 4.0, 5.0, 6.0]);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TimeseriesGenerator {
    data: Tensor,
    targets: Tensor,
    length: usize,
    sampling_rate: usize,
    stride: usize,
    start_index: usize,
    end_index: Option<usize>,
    shuffle: Option<u64>,
    reverse: bool,
    batch_size: usize,
    passes: u64,
}

impl TimeseriesGenerator {
    /// Windows over `length` steps of `data` `(steps, …)`, with the target of the step behind each;
    /// `targets` `(steps, …)`.
    ///
    /// Errors: not one array each, or not as many rows in both.
    pub fn new(
        data: impl Into<Data>,
        targets: impl Into<Data>,
        length: usize,
    ) -> Result<TimeseriesGenerator> {
        let (data, targets) = (one(data.into(), "data")?, one(targets.into(), "targets")?);
        rows([data.shape(), targets.shape()].into_iter(), "data and targets")?;
        Ok(TimeseriesGenerator {
            data,
            targets,
            length,
            sampling_rate: 1,
            stride: 1,
            start_index: 0,
            end_index: None,
            shuffle: None,
            reverse: false,
            batch_size: 128,
            passes: 0,
        })
    }

    /// Steps from one value of a window to the next one; 1 by default.
    pub fn sampling_rate(mut self, sampling_rate: usize) -> Self {
        self.sampling_rate = sampling_rate;
        self
    }

    /// Steps from one window to the next one; 1 by default.
    pub fn stride(mut self, stride: usize) -> Self {
        self.stride = stride;
        self
    }

    /// The first step that is used; 0 by default.
    pub fn start_index(mut self, start_index: usize) -> Self {
        self.start_index = start_index;
        self
    }

    /// The last step whose target is used; the last one by default.
    pub fn end_index(mut self, end_index: impl Into<Option<usize>>) -> Self {
        self.end_index = end_index.into();
        self
    }

    /// Whether each batch draws its windows at random; false by default.
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle.then(next_seed);
        self
    }

    /// Whether the last step of a window comes first; false by default.
    pub fn reverse(mut self, reverse: bool) -> Self {
        self.reverse = reverse;
        self
    }

    /// Windows of a batch; 128 by default.
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// The batch of this number, from 0.
    ///
    /// Errors: arguments that leave no window, or of 0; a number beyond the last batch.
    pub fn get(&self, index: usize) -> Result<Batch> {
        self.batch(index, self.passes)
    }

    /// The first and last steps whose targets are used.
    fn range(&self) -> Result<(usize, usize)> {
        for (name, value) in [
            ("length", self.length),
            ("sampling_rate", self.sampling_rate),
            ("stride", self.stride),
            ("batch_size", self.batch_size),
        ] {
            if value == 0 {
                return Err(Error::argument(name, "must be at least 1, got 0"));
            }
        }
        let steps = self.data.shape().first().copied().unwrap_or(0);
        let end = self.end_index.unwrap_or(steps.saturating_sub(1));
        let start = self.start_index.saturating_add(self.length);
        if end >= steps || start > end {
            return Err(Error::argument(
                "end_index",
                format!(
                    "must be below the number of steps, {steps}, and at least start_index + \
                     length, {start}, got {end}"
                ),
            ));
        }
        Ok((start, end))
    }

    fn count(&self, (start, end): (usize, usize)) -> usize {
        let of_batch = self.batch_size.saturating_mul(self.stride).max(1);
        (end - start).saturating_add(of_batch) / of_batch
    }

    fn batch(&self, index: usize, pass: u64) -> Result<Batch> {
        let (start, end) = self.range()?;
        let count = self.count((start, end));
        if index >= count {
            let problem = format!("must be below the number of batches, {count}, got {index}");
            return Err(Error::argument("index", problem));
        }
        let picked: Vec<usize> = match self.shuffle {
            Some(seed) => {
                let mut random = Generator::new(mixed(seed, pass, index as u64));
                let among = (end - start + 1) as u64;
                (0..self.batch_size).map(|_| start + random.below(among) as usize).collect()
            }
            None => {
                let first = start + self.batch_size * self.stride * index;
                (first..=end).step_by(self.stride).take(self.batch_size).collect()
            }
        };
        let length = self.length.div_ceil(self.sampling_rate);
        let window = Window { length, rate: self.sampling_rate, reverse: self.reverse };
        let starts: Vec<usize> = picked.iter().map(|row| row - self.length).collect();
        Ok(Batch::new(window.at(&self.data, &starts)?, gathered(&self.targets, &picked)?))
    }
}

impl Dataset for TimeseriesGenerator {
    fn batches(&mut self) -> Box<dyn Iterator<Item = Result<Batch>> + Send + '_> {
        let (pass, range) = (self.passes, self.range());
        self.passes += 1;
        match range {
            Ok(range) => Box::new((0..self.count(range)).map(move |i| self.batch(i, pass))),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }

    fn len(&self) -> Option<usize> {
        self.range().ok().map(|range| self.count(range))
    }
}

#[cfg(test)]
mod tests;
