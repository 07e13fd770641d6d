//! What `ImageDataGenerator` gives out: batches of pictures, each changed anew.
use crate::array::Array;
use crate::config::{ChannelsOrder, Choice, Vocabulary};
use crate::pipeline::directory::Subset;
use crate::pipeline::parallel::Map;
use crate::pipeline::{Elements, Pipeline, Stage};
use crate::preprocessing::image::{
    Colors, Grid, ImageDataGenerator, LoadImg, array_to_img_of, load_img, save_format, write_img,
};
use crate::preprocessing::mersenne::Mersenne;
use crate::random::next_seed;
use crate::trainer::dataset::{Batch, Dataset};
use crate::{Error, Result};
use ferras_graph::{DType, Tensor, TensorType};
use std::path::PathBuf;
use std::sync::Arc;

/// What targets are made of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassMode {
    /// A 1 at the place of the class, `(batch, classes)`.
    Categorical,
    /// 0 or 1, `(batch,)`.
    Binary,
    /// The class' number, `(batch,)`.
    Sparse,
    /// The pictures themselves, as they come out.
    Input,
    /// Numbers as they stand in the table.
    Raw,
    /// One target for each column.
    MultiOutput,
    /// None.
    None,
}

impl Vocabulary for ClassMode {
    const KIND: &'static str = "class_mode";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("categorical", ClassMode::Categorical),
        ("binary", ClassMode::Binary),
        ("sparse", ClassMode::Sparse),
        ("input", ClassMode::Input),
        ("raw", ClassMode::Raw),
        ("multi_output", ClassMode::MultiOutput),
    ];
    fn unset() -> Option<Self> {
        Some(ClassMode::None)
    }
}

impl ClassMode {
    /// Whether it is about classes.
    pub(super) fn has_classes(self) -> bool {
        matches!(self, ClassMode::Categorical | ClassMode::Binary | ClassMode::Sparse)
    }
}

/// Batches of pictures, each changed anew: what [`ImageDataGenerator::flow`] and its sisters give.
///
/// ```
/// use ferras::data::{Dataset, Flow};
/// use ferras::preprocessing::image::ImageDataGenerator;
/// use ferras::prelude::*;
/// let x = Tensor::zeros(&TensorType::new(DType::F32, [7, 4, 4, 1]));
/// let flow = ImageDataGenerator::new().flow(x, (), Flow::new().batch_size(3))?;
/// assert_eq!((flow.samples(), flow.len()), (7, Some(3)));
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Debug)]
pub struct ImageFlow {
    pipeline: Pipeline,
    samples: usize,
    class_names: Vec<String>,
    classes: Vec<usize>,
    filenames: Vec<String>,
}

impl ImageFlow {
    /// How many pictures a pass has.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// The classes in the order of their numbers, Keras' `class_indices`; empty where there are none.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The class of each picture; empty where there are none.
    pub fn classes(&self) -> &[usize] {
        &self.classes
    }

    /// The files, relative to their folder; empty for arrays.
    pub fn filenames(&self) -> &[String] {
        &self.filenames
    }

    /// As a pipeline, for further steps.
    pub fn into_pipeline(self) -> Pipeline {
        self.pipeline
    }
}

impl Dataset for ImageFlow {
    fn batches(&mut self) -> Box<dyn Iterator<Item = Result<Batch>> + Send + '_> {
        self.pipeline.batches()
    }

    fn len(&self) -> Option<usize> {
        self.pipeline.len()
    }
}

/// The rows of each batch.
struct Rows {
    count: usize,
    batch_size: usize,
    shuffle: bool,
    seed: u64,
}

impl Rows {
    /// The stream of random numbers of a batch, as Keras seeds it.
    fn random(&self, batch: u64) -> Mersenne {
        Mersenne::new(self.seed.wrapping_add(batch) as u32)
    }

    fn batches(&self) -> usize {
        self.count.div_ceil(self.batch_size)
    }

    /// The number of a batch over all passes.
    fn number(&self, pass: u64, index: u64) -> u64 {
        pass.wrapping_mul(self.batches() as u64).wrapping_add(index)
    }

    /// Draws what comes before a batch's pictures: before the first one, the order of the pass.
    fn order(&self, random: &mut Mersenne) -> Vec<usize> {
        if self.shuffle { random.permutation(self.count) } else { (0..self.count).collect() }
    }
}

/// Gives the numbers of each batch's rows.
struct Plan(Arc<Rows>);

impl Stage for Plan {
    fn pass(&mut self, number: u64) -> Elements<'_> {
        let order = self.0.order(&mut self.0.random(self.0.number(number, 0)));
        let size = self.0.batch_size;
        Box::new((0..self.0.batches()).map(move |i| {
            let rows = order.iter().skip(i * size).take(size);
            let rows: Vec<i64> = rows.map(|row| *row as i64).collect();
            Ok(Batch { x: vec![Tensor::new([rows.len()], rows)?.into()], ..Batch::default() })
        }))
    }

    fn len(&self) -> Option<usize> {
        Some(self.0.batches())
    }
}

/// Where pictures come from.
pub(super) enum Source {
    Arrays { pictures: Vec<Grid>, beside: Vec<Tensor> },
    Files { paths: Vec<PathBuf>, load: LoadImg, size: [usize; 2], colors: Colors },
}

impl Source {
    fn picture(&self, row: usize) -> Result<Grid> {
        let missing = || Error::Internal("a picture without a number".into());
        match self {
            Source::Arrays { pictures, .. } => pictures.get(row).cloned().ok_or_else(missing),
            Source::Files { paths, load, .. } => {
                Ok(Grid::of_img(&load_img(paths.get(row).ok_or_else(missing)?, load.clone())?))
            }
        }
    }

    fn size(&self) -> [usize; 3] {
        match self {
            Source::Arrays { pictures, .. } => pictures.first().map_or([0; 3], |p| p.size),
            Source::Files { size, colors, .. } => [size[0], size[1], colors.channels()],
        }
    }
}

/// What targets come from.
pub(super) enum Targets {
    /// As they are.
    Arrays(Vec<Tensor>),
    /// Of so many classes.
    Classes { mode: ClassMode, labels: Vec<usize>, count: usize },
    /// The pictures.
    Input,
}

/// Where changed pictures are written to.
#[derive(Clone, Debug)]
pub(super) struct Saving {
    pub(super) folder: PathBuf,
    pub(super) prefix: String,
    pub(super) format: String,
}

/// Everything that a flow is made of.
pub(super) struct Parts {
    pub(super) generator: ImageDataGenerator,
    pub(super) source: Source,
    pub(super) targets: Targets,
    pub(super) weights: Vec<Tensor>,
    pub(super) saving: Option<Saving>,
    pub(super) class_names: Vec<String>,
    pub(super) filenames: Vec<String>,
}

/// How a flow goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    pub(super) count: usize,
    pub(super) batch_size: usize,
    pub(super) shuffle: bool,
    pub(super) seed: Option<u64>,
    pub(super) workers: usize,
}

impl Parts {
    /// The flow of these pictures.
    pub(super) fn flow(self, course: Course) -> Result<ImageFlow> {
        self.generator.check()?;
        if course.batch_size == 0 {
            return Err(Error::argument("batch_size", "must be at least 1, got 0"));
        }
        if course.count == 0 {
            return Err(Error::argument("x", "has no pictures in this subset"));
        }
        if let Some(saving) = &self.saving {
            save_format(&saving.format)?;
        }
        let rows = Arc::new(Rows {
            count: course.count,
            batch_size: course.batch_size,
            shuffle: course.shuffle,
            seed: course.seed.unwrap_or_else(next_seed),
        });
        let classes = match &self.targets {
            Targets::Classes { labels, .. } => labels.clone(),
            _ => Vec::new(),
        };
        let (class_names, filenames) = (self.class_names.clone(), self.filenames.clone());
        let order = self.generator.order()?;
        let plan = rows.clone();
        let map = Map::new(Box::new(Plan(rows)), course.workers, move |batch, pass, index| {
            let mut random = plan.random(plan.number(pass, index));
            if index == 0 {
                plan.order(&mut random);
            }
            let rows = batch.x.first().and_then(Array::as_slice::<i64>).unwrap_or_default();
            let rows: Vec<usize> = rows.iter().map(|row| *row as usize).collect();
            self.batch(&rows, &mut random, order)
        });
        let pipeline = Pipeline::new(map, true).prefetch(2);
        Ok(ImageFlow { pipeline, samples: course.count, class_names, classes, filenames })
    }

    fn batch(&self, rows: &[usize], random: &mut Mersenne, order: ChannelsOrder) -> Result<Batch> {
        let size @ [height, width, channels] = self.source.size();
        let mut values = Vec::with_capacity(rows.len() * height * width * channels);
        for row in rows {
            let grid = self.source.picture(*row)?;
            let grid = self.generator.changed(grid, random, order)?;
            if grid.size != size {
                return Err(Error::Internal(format!("a picture of {:?} for {size:?}", grid.size)));
            }
            values.extend(grid.into_values(order));
        }
        if let Some(saving) = &self.saving {
            saving.write(&values, size, order, rows, random)?;
        }
        let shape = match order {
            ChannelsOrder::Last => [rows.len(), height, width, channels],
            ChannelsOrder::First => [rows.len(), channels, height, width],
        };
        let x = Tensor::new(shape, values)?.cast(self.generator.float());
        let y = self.targets(&x, rows)?;
        let mut all = vec![x];
        if let Source::Arrays { beside, .. } = &self.source {
            all.extend(picked(beside, rows)?);
        }
        let x = all.into_iter().map(Array::from).collect();
        Ok(Batch { x, y, sample_weight: picked(&self.weights, rows)? })
    }

    fn targets(&self, x: &Tensor, rows: &[usize]) -> Result<Vec<Tensor>> {
        let float = self.generator.float();
        Ok(match &self.targets {
            Targets::Arrays(arrays) => picked(arrays, rows)?,
            Targets::Input => vec![x.clone()],
            Targets::Classes { mode, labels, count } => {
                let labels = rows.iter().filter_map(|row| labels.get(*row).copied());
                match mode {
                    ClassMode::Categorical => {
                        let ty = TensorType::new(DType::F32, [rows.len(), *count]);
                        let mut ones = Tensor::zeros(&ty);
                        let places = ones.as_mut_slice::<f32>().unwrap_or_default();
                        for (row, label) in places.chunks_exact_mut((*count).max(1)).zip(labels) {
                            row.get_mut(label).into_iter().for_each(|one| *one = 1.0);
                        }
                        vec![ones.cast(float)]
                    }
                    _ => {
                        let labels: Vec<f32> = labels.map(|label| label as f32).collect();
                        vec![Tensor::new([rows.len()], labels)?.cast(float)]
                    }
                }
            }
        })
    }
}

/// These rows of arrays.
fn picked(arrays: &[Tensor], rows: &[usize]) -> Result<Vec<Tensor>> {
    let one = |array: &Tensor| {
        let mut out = Tensor::scalar(0_u8);
        out.gather_rows(array, rows)?;
        Ok(out)
    };
    arrays.iter().map(one).collect()
}

impl Saving {
    /// Writes changed pictures, named after their rows.
    fn write(
        &self,
        values: &[f32],
        size: [usize; 3],
        order: ChannelsOrder,
        rows: &[usize],
        random: &mut Mersenne,
    ) -> Result<()> {
        let format = save_format(&self.format)?;
        for (row, picture) in rows.iter().zip(values.chunks_exact(size.iter().product())) {
            let img = array_to_img_of(Grid::of_values(size, picture, order))?;
            let name = format!("{}_{row}_{}.{}", self.prefix, random.below(10_000), self.format);
            write_img(&self.folder.join(name), img, format)?;
        }
        Ok(())
    }
}

/// The part of `count` that a subset is.
pub(super) fn part_of(
    count: usize,
    subset: Option<&Choice<Subset>>,
    generator: &ImageDataGenerator,
) -> Result<std::ops::Range<usize>> {
    let Some(subset) = subset else { return Ok(0..count) };
    let split = generator.validation_split;
    if split == 0.0 {
        let problem = "wants a generator with validation_split";
        return Err(Error::argument("subset", problem));
    }
    let kept = (count as f64 * split) as usize;
    match subset.get()? {
        Subset::Validation => Ok(0..kept),
        Subset::Training => Ok(kept..count),
        Subset::Both => {
            let problem = "must be \"training\" or \"validation\" here: a flow is one of them";
            Err(Error::argument("subset", problem))
        }
    }
}
