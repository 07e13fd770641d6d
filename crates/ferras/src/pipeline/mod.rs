//! Pipelines: data on its way to a model, step by step, with threads that work ahead.
mod directory;
mod feature_space;
mod folder;
mod images;
mod parallel;
mod split;
mod stages;
#[cfg(test)]
mod tests;
mod texts;
mod timeseries;

pub use directory::{BatchSize, LabelMode, Labels, Names, Subset};
pub use feature_space::{Cross, Feature, FeatureMode, FeatureSpace, FeatureSpec, SpaceMode};
pub use images::{
    ClassMode, Flow, FlowFromDirectory, FlowFromTable, ImageDataset, ImageDatasetFromDirectory,
    ImageFlow, image_dataset_from_directory, image_datasets_from_directory,
};
pub use split::{SplitDataset, split_dataset};
pub use texts::{
    TextDataset, TextDatasetFromDirectory, text_dataset_from_directory,
    text_datasets_from_directory,
};
pub use timeseries::{Timeseries, TimeseriesGenerator, timeseries_dataset_from_array};

use crate::array::Array;
use crate::layers::{Applied, LayerRef};
use crate::random::{Generator, next_seed};
use crate::trainer::data::Data;
use crate::trainer::dataset::{Batch, Dataset};
use crate::{Error, Result};
use parallel::{Ahead, Map};
use stages::{Arrays, Batched, Cache, Part, Shuffle, Stream, Zip};

/// The elements of a pass.
type Elements<'a> = Box<dyn Iterator<Item = Result<Batch>> + Send + 'a>;

/// A step of a pipeline.
trait Stage: Send {
    /// The elements of a pass of this number.
    fn pass(&mut self, number: u64) -> Elements<'_>;

    /// How many they are, where it is known.
    fn len(&self) -> Option<usize>;
}

/// Data on its way to a model: TensorFlow's `tf.data`, as Keras' guides use it.
///
/// Elements are [`Batch`]es; those of [`Pipeline::from_arrays`] are single samples without a batch
/// axis, which [`Pipeline::batch`] puts together. Each method adds a step. What is random follows
/// from seeds, the number of the pass and the number of the element: the elements are the same, in
/// the same order, whatever the number of workers. An error or a panic of a step ends the pass as an
/// error of `fit`.
///
/// ```
/// use ferras::{data::Pipeline, prelude::*};
/// let (x, y) = (vec![vec![1.0_f32]; 100], vec![0.0_f32; 100]);
/// let mut data = Pipeline::from_arrays(x, y)?
///     .cache()
///     .shuffle(100, 7)
///     .batch(10)
///     .workers(2)
///     .map_random(7, |mut batch, random| {
///         let weights = random.uniform(&TensorType::new(DType::F32, [10]), 0.5, 1.5);
///         batch.sample_weight = vec![weights];
///         Ok(batch)
///     })
///     .prefetch(2);
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
/// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
/// model.fit_dataset(&mut data, Fit::new().epochs(2).verbose(0))?;
/// # Ok::<(), ferras::Error>(())
/// ```
pub struct Pipeline {
    stage: Box<dyn Stage>,
    /// Whether elements are batches, not single samples.
    batched: bool,
    /// Threads for the maps to come.
    workers: usize,
    passes: u64,
}

impl Pipeline {
    fn new(stage: impl Stage + 'static, batched: bool) -> Pipeline {
        Pipeline { stage: Box::new(stage), batched, workers: 0, passes: 0 }
    }

    fn then(self, step: impl FnOnce(Box<dyn Stage>) -> Box<dyn Stage>) -> Pipeline {
        Pipeline { stage: step(self.stage), ..self }
    }

    /// The samples of arrays with as many rows each; `y` may be `()`.
    pub fn from_arrays(x: impl Into<Data>, y: impl Into<Data>) -> Result<Pipeline> {
        Ok(Pipeline::new(Arrays::new(x.into(), y.into())?, false))
    }

    /// The batches of another data set.
    pub fn from_dataset(dataset: impl Dataset + 'static) -> Pipeline {
        Pipeline::new(Stream(Box::new(dataset)), true)
    }

    /// How many threads compute the maps that follow; 0 (default) is the thread that reads.
    pub fn workers(self, workers: usize) -> Pipeline {
        Pipeline { workers, ..self }
    }

    /// What a function makes of each element.
    pub fn map(self, change: impl Fn(Batch) -> Result<Batch> + Send + Sync + 'static) -> Pipeline {
        self.numbered_map(move |batch, _, _| change(batch))
    }

    /// The same with random numbers, which follow from the seed, the pass and the element.
    pub fn map_random(
        self,
        seed: u64,
        change: impl Fn(Batch, &mut Generator) -> Result<Batch> + Send + Sync + 'static,
    ) -> Pipeline {
        self.numbered_map(move |batch, pass, index| {
            change(batch, &mut Generator::new(mixed(seed, pass, index)))
        })
    }

    /// What a layer, or a model of layers, makes of each element's first input in training: augmented
    /// pictures. Before [`Pipeline::batch`] a sample goes through it as a batch of one. Random numbers
    /// follow from the seed, the pass and the element.
    ///
    /// ```
    /// use ferras::{data::Pipeline, prelude::*};
    /// let (x, y) = (Tensor::zeros(&TensorType::new(DType::F32, [8, 6, 6, 1])), vec![0; 8]);
    /// let turned = Pipeline::from_arrays(x, y)?.batch(4).map_layer(RandomRotation::new(0.1), 7);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn map_layer(self, layer: impl Into<LayerRef>, seed: u64) -> Pipeline {
        let (applied, batched) = (Applied::new(layer.into()), self.batched);
        self.numbered_map(move |mut batch, pass, index| {
            let Some(x) = batch.x.first_mut() else { return Ok(batch) };
            let input = if batched { x.clone() } else { grown(x)? };
            let outputs = applied.run(&[input], Some(mixed(seed, pass, index)))?;
            if let Some(output) = outputs.into_iter().next() {
                *x = if batched { output } else { shrunk(&output)? };
            }
            Ok(batch)
        })
    }

    /// The same for layers that change pictures and their labels together: [`MixUp`], [`CutMix`].
    ///
    /// [`MixUp`]: crate::layers::MixUp
    /// [`CutMix`]: crate::layers::CutMix
    pub fn map_layer_with_labels(self, layer: impl Into<LayerRef>, seed: u64) -> Pipeline {
        let (applied, batched) = (Applied::new(layer.into()), self.batched);
        self.numbered_map(move |mut batch, pass, index| {
            if !batched {
                let problem =
                    "map_layer_with_labels mixes the samples of a batch: call batch before it";
                return Err(Error::Data(problem.into()));
            }
            let (Some(x), Some(y)) = (batch.x.first_mut(), batch.y.first_mut()) else {
                let problem = "map_layer_with_labels needs elements with an input and a target";
                return Err(Error::Data(problem.into()));
            };
            let inputs = [x.clone(), Array::from(&*y)];
            let outputs = applied.run(&inputs, Some(mixed(seed, pass, index)))?;
            if let [new_x, new_y] = &outputs[..] {
                (*x, *y) = (new_x.clone(), new_y.numbers()?.clone());
            }
            Ok(batch)
        })
    }

    fn numbered_map(
        self,
        change: impl Fn(Batch, u64, u64) -> Result<Batch> + Send + Sync + 'static,
    ) -> Pipeline {
        let workers = self.workers;
        self.then(|stage| Box::new(Map::new(stage, workers, change)))
    }

    /// So many elements put together along a new first axis; the last ones may be fewer.
    pub fn batch(self, size: usize) -> Pipeline {
        let samples = Pipeline { batched: true, ..self };
        samples.then(|stage| Box::new(Batched { stage, size }))
    }

    /// The elements in random order: each is drawn from the next `buffer_size` ones, in another order
    /// in each pass.
    pub fn shuffle(self, buffer_size: usize, seed: u64) -> Pipeline {
        self.then(|stage| Box::new(Shuffle { stage, buffer_size, seed }))
    }

    /// The same with a seed of the program's ([`set_random_seed`](crate::set_random_seed)).
    pub fn shuffle_unseeded(self, buffer_size: usize) -> Pipeline {
        self.shuffle(buffer_size, next_seed())
    }

    /// Keeps the elements of the first whole pass in memory, and gives them again in later ones.
    pub fn cache(self) -> Pipeline {
        self.then(|stage| Box::new(Cache { stage, kept: None }))
    }

    /// So many passes one after the other as one.
    pub fn repeat(self, count: usize) -> Pipeline {
        self.then(|stage| Box::new(Ahead::new(stage, count as u64, 1)))
    }

    /// The first elements alone.
    pub fn take(self, count: usize) -> Pipeline {
        self.then(|stage| Box::new(Part { stage, skip: 0, take: count }))
    }

    /// All but the first elements.
    pub fn skip(self, count: usize) -> Pipeline {
        self.then(|stage| Box::new(Part { stage, skip: count, take: usize::MAX }))
    }

    /// Pairs of elements as one, with the inputs, targets and weights of both; ends with the shorter.
    pub fn zip(self, other: Pipeline) -> Pipeline {
        self.then(|stage| Box::new(Zip { stage, other: other.stage }))
    }

    /// Lets a thread of its own read so many elements ahead.
    pub fn prefetch(self, count: usize) -> Pipeline {
        self.then(|stage| Box::new(Ahead::new(stage, 1, count)))
    }
}

/// A sample as a batch of one.
fn grown(array: &Array) -> Result<Array> {
    array.reshape([&[1], &array.shape()[..]].concat())
}

/// The sample of a batch of one.
fn shrunk(array: &Array) -> Result<Array> {
    match array.shape().split_first() {
        Some((1, sample)) => array.reshape(sample.to_vec()),
        _ => {
            let problem = format!("map_layer: the layer made {} of one sample", array.shape());
            Err(Error::Data(problem))
        }
    }
}

/// A seed for one element of one pass.
fn mixed(seed: u64, pass: u64, index: u64) -> u64 {
    Generator::new(seed ^ pass.wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .next_u64()
        .wrapping_add(index.wrapping_mul(0xD1B5_4A32_D192_ED03))
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline").field("len", &self.stage.len()).finish_non_exhaustive()
    }
}

impl Dataset for Pipeline {
    fn batches(&mut self) -> Box<dyn Iterator<Item = Result<Batch>> + Send + '_> {
        let number = self.passes;
        self.passes += 1;
        self.stage.pass(number)
    }

    fn len(&self) -> Option<usize> {
        self.stage.len()
    }
}
