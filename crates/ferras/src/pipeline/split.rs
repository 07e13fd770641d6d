//! `split_dataset`: the samples of a data set in two parts.
use super::Pipeline;
use super::stages::{Samples, unstacked};
use crate::preprocessing::{Size, mersenne::Mersenne};
use crate::random::next_seed;
use crate::trainer::dataset::Dataset;
use crate::{Error, Result};

/// The options of [`split_dataset`]: Keras' arguments and their defaults.
///
/// ```
/// use ferras::data::{Dataset, Pipeline, SplitDataset, split_dataset};
/// let data = Pipeline::from_arrays(vec![[0.0_f32]; 10], ())?;
/// let error = split_dataset(data, SplitDataset::new()).unwrap_err().to_string();
/// assert!(error.contains("left_size"), "{error}");
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SplitDataset {
    left_size: Option<Size>,
    right_size: Option<Size>,
    shuffle: bool,
    seed: Option<u64>,
}

impl SplitDataset {
    /// Keras' defaults; one of the sizes must be given.
    pub fn new() -> SplitDataset {
        SplitDataset::default()
    }

    /// Samples of the left part: a share between 0 and 1 (`0.8`) or a number (`1000`); by default all
    /// that are not in the right one.
    pub fn left_size(mut self, left_size: impl Into<Size>) -> Self {
        self.left_size = Some(left_size.into());
        self
    }

    /// Samples of the right part: a share or a number; by default all that are not in the left one.
    pub fn right_size(mut self, right_size: impl Into<Size>) -> Self {
        self.right_size = Some(right_size.into());
        self
    }

    /// Whether the samples are shuffled before; false by default.
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// The seed of the shuffling, which gives the very order of Keras; by default one of the program's
    /// ([`set_random_seed`](crate::set_random_seed)).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The samples of both parts.
    fn sizes(&self, samples: usize) -> Result<(usize, usize)> {
        if let (Some(Size::Share(left)), Some(Size::Share(right))) =
            (self.left_size, self.right_size)
            && left + right > 1.0
        {
            let problem = format!("and right_size must come to 1 at most, got {left} and {right}");
            return Err(Error::argument("left_size", problem));
        }
        let rows = |name, size: Option<Size>| {
            size.map(|size| size.rows(name, samples, f64::round_ties_even)).transpose()
        };
        let (left, right) =
            (rows("left_size", self.left_size)?, rows("right_size", self.right_size)?);
        let (left, right) = match (left, right) {
            (Some(left), Some(right)) => (left, right),
            (Some(left), None) => (left, samples - left),
            (None, Some(right)) => (samples - right, right),
            (None, None) => {
                let problem = "or right_size must be given: samples, or a share of them";
                return Err(Error::argument("left_size", problem));
            }
        };
        match left > 0 && right > 0 && left + right <= samples {
            true => Ok((left, right)),
            false => Err(Error::Data(format!(
                "{samples} samples do not part into {left} on the left and {right} on the right: each \
                 part needs one, and both together have no more than there are"
            ))),
        }
    }
}

/// The first samples of a data set and the last ones, as two data sets. What lies between them, where the
/// sizes leave some, is in neither.
///
/// - **Input** a pipeline: `Pipeline::from_arrays(x, y)?` for arrays; one that gives batches is taken apart
///   into samples, and the parts give batches of as many again. All of it is read, once, and kept in
///   memory.
/// - **Errors** no size, sizes out of range, a part without samples; what reading gives.
/// - **Source** Keras 3 `utils.split_dataset`; with the same `seed` the samples come in the same order.
///
/// ```
/// use ferras::data::{Dataset, Pipeline, SplitDataset, split_dataset};
/// let (x, y) = (vec![[0.0_f32, 1.0]; 100], vec![1.0_f32; 100]);
/// let data = Pipeline::from_arrays(x, y)?;
/// let options = SplitDataset::new().left_size(0.8).shuffle(true).seed(7);
/// let (train, test) = split_dataset(data, options)?;
/// assert_eq!((train.len(), test.len()), (Some(80), Some(20)));
/// let batches = train.batch(16);
/// assert_eq!(batches.len(), Some(5));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn split_dataset(mut dataset: Pipeline, options: SplitDataset) -> Result<(Pipeline, Pipeline)> {
    let (mut size, mut samples) = (None, Vec::new());
    let batched = dataset.batched;
    for element in dataset.batches() {
        let element = element?;
        if !batched {
            samples.push(element);
            continue;
        }
        let batch = unstacked(&element)?;
        size = size.or(Some(batch.len()));
        samples.extend(batch);
    }
    let (left, right) = options.sizes(samples.len())?;
    if options.shuffle {
        let seed = options.seed.unwrap_or_else(next_seed);
        let order = Mersenne::of_python(seed).shuffle_of_python(samples.len());
        samples = order.iter().filter_map(|&place| samples.get(place).cloned()).collect();
    }
    let last = samples.split_off(samples.len() - right);
    samples.truncate(left);
    let part = |samples| {
        let part = Pipeline::new(Samples(samples), false);
        size.into_iter().fold(part, Pipeline::batch)
    };
    Ok((part(samples), part(last)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;
    use crate::trainer::dataset::Batch;
    use serde_json::Value as Json;

    fn size(json: &Json) -> Option<Size> {
        match json.as_u64() {
            Some(rows) => Some(Size::Rows(rows as usize)),
            None => json.as_f64().map(Size::Share),
        }
    }

    /// The numbers of the samples of each element.
    fn values(mut part: Pipeline) -> Vec<Vec<f64>> {
        let numbers = |batch: Batch| {
            let x = batch.x[0].numbers().unwrap().to_f64_vec();
            let x: Vec<f64> = x.chunks(2).map(|x| x[1]).collect();
            let y = batch.y[0].to_f64_vec();
            assert!(x.iter().zip(&y).all(|(x, y)| x * 10.0 == *y), "{x:?}, {y:?}");
            x
        };
        part.batches().map(|element| numbers(element.unwrap())).collect()
    }

    fn data(samples: usize, batch: Option<usize>) -> Pipeline {
        let x: Vec<[f32; 2]> = (0..samples).map(|i| [0.5, i as f32]).collect();
        let y: Vec<f32> = (0..samples).map(|i| i as f32 * 10.0).collect();
        let data = Pipeline::from_arrays(x, y).unwrap();
        batch.into_iter().fold(data, Pipeline::batch)
    }

    #[test]
    fn parts_are_those_of_keras() {
        for case in golden::load("splits")["cases"].as_array().unwrap() {
            let mut options = SplitDataset::new().shuffle(case["shuffle"] == true);
            (options.left_size, options.right_size) =
                (size(&case["left_size"]), size(&case["right_size"]));
            options.seed = case["seed"].as_u64();
            let count = case["samples"].as_u64().unwrap() as usize;
            let batch = case["batch"].as_u64().map(|n| n as usize);
            let split = split_dataset(data(count, batch), options);
            if case["error"].is_string() {
                assert!(split.is_err(), "{case}");
                continue;
            }
            let (left, right) = split.unwrap();
            for (part, name) in [(left, "left"), (right, "right")] {
                let expected = case[name].as_array().unwrap();
                let list =
                    |v: &Json| v.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
                let expected: Vec<Vec<f64>> = expected.iter().map(list).collect();
                assert_eq!(values(part), expected, "{name} of {case}");
            }
        }
    }

    #[test]
    fn sample_weights_stay_with_their_samples_and_parts_can_be_read_again() {
        let weighted = data(6, Some(4)).map(|mut batch| {
            batch.sample_weight = vec![batch.y[0].clone()];
            Ok(batch)
        });
        let (_, right) = split_dataset(weighted, SplitDataset::new().right_size(3)).unwrap();
        let mut right = right;
        for _ in 0..2 {
            let batch = right.batches().next().unwrap().unwrap();
            assert_eq!(batch.sample_weight[0].to_f64_vec(), [30.0, 40.0, 50.0]);
        }
    }
}
