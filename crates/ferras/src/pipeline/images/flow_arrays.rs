//! `ImageDataGenerator::flow`: pictures of arrays.
use super::flow::{Course, ImageFlow, Parts, Saving, Source, Targets, part_of};
use crate::config::Choice;
use crate::pipeline::directory::Subset;
use crate::preprocessing::image::{Grid, ImageDataGenerator, grids};
use crate::trainer::data::{Data, rows};
use crate::{Config, Error, Result};
use ferras_graph::Tensor;
use std::collections::BTreeSet;
use std::ops::Range;

/// The options of [`ImageDataGenerator::flow`]: Keras' arguments and defaults.
#[derive(Clone, Debug, Config)]
#[config(module = "keras.preprocessing.image")]
pub struct Flow {
    /// Pictures of a batch; 32 by default.
    #[config(default = 32)]
    batch_size: usize,
    /// Whether pictures come in random order, another one in each pass; true by default.
    #[config(default = true)]
    shuffle: bool,
    /// What order and changes follow from; by default a seed of the program's.
    #[config(default = None)]
    seed: Option<u64>,
    /// A folder that must exist, for changed pictures to look at; none by default.
    #[config(default = None)]
    save_to_dir: Option<String>,
    /// What the names of those files begin with.
    #[config(default = "")]
    save_prefix: String,
    /// Their format; `"png"` by default.
    #[config(default = "png")]
    save_format: String,
    /// Whether subsets may have different classes; false by default.
    #[config(default = false)]
    ignore_class_split: bool,
    /// `"training"` or `"validation"`, of a generator with `validation_split`; all by default.
    #[config(default = None)]
    subset: Option<Choice<Subset>>,
    /// Threads that change pictures, 0 for the one that reads; one by default. It changes no number.
    #[config(default = 1)]
    workers: usize,
    #[config(state)]
    sample_weight: Option<Data>,
}

impl Flow {
    /// The weight of each picture; 1 by default.
    pub fn sample_weight(mut self, sample_weight: impl Into<Data>) -> Self {
        self.sample_weight = Some(sample_weight.into());
        self
    }
}

/// What a folder for changed pictures is made of.
pub(super) fn saving(folder: Option<String>, prefix: String, format: String) -> Option<Saving> {
    folder.map(|folder| Saving { folder: folder.into(), prefix, format })
}

/// Rows of arrays.
fn cut(arrays: Vec<Tensor>, rows: &Range<usize>) -> Result<Vec<Tensor>> {
    let one = |a: Tensor| Ok(a.rows(rows.clone(), &mut Vec::new())?.to_tensor());
    arrays.into_iter().map(one).collect()
}

impl ImageDataGenerator {
    /// Batches of the pictures of an array, each changed anew in each pass.
    ///
    /// - **Input** `x` `(pictures, rows, columns, channels)`, and where there are more arrays, those as
    ///   further inputs, unchanged; `y` as many targets, or `()` for none.
    /// - **Errors**: other shapes; as many rows in none; a subset without a class that the other one has.
    ///
    /// ```
    /// use ferras::data::{Dataset, Flow};
    /// use ferras::preprocessing::image::ImageDataGenerator;
    /// use ferras::prelude::*;
    /// let x = Tensor::new([4, 1, 2, 1], (0..8).map(|v| v as f32).collect())?;
    /// let generator = ImageDataGenerator::new().horizontal_flip(true).rescale(0.5);
    /// let mut flow = generator.flow(x, vec![0, 1, 0, 1], Flow::new().batch_size(2).seed(1))?;
    /// for batch in flow.batches() {
    ///     assert_eq!(batch?.x[0].shape()[..], [2, 1, 2, 1]);
    /// }
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn flow(&self, x: impl Into<Data>, y: impl Into<Data>, options: Flow) -> Result<ImageFlow> {
        let (x, y) = (x.into().into_tensors("x")?, y.into().into_tensors("y")?);
        let weights = options.sample_weight.unwrap_or_default().into_tensors("sample_weight")?;
        let all: Vec<Tensor> = x.iter().chain(&y).chain(&weights).cloned().collect();
        let count = rows(all.iter().map(Tensor::shape), "x, y and sample_weight")?;
        let part = part_of(count, options.subset.as_ref(), self)?;
        if options.subset.is_some() && !options.ignore_class_split {
            same_classes(&y, if part.start == 0 { part.end } else { part.start })?;
        }
        let mut x = cut(x, &part)?.into_iter();
        let pictures =
            x.next().ok_or_else(|| Error::argument("x", "must be pictures, got nothing"))?;
        let pictures: Vec<Grid> = grids(&pictures, self.order()?)?;
        let parts = Parts {
            generator: self.clone(),
            source: Source::Arrays { pictures, beside: x.collect() },
            targets: Targets::Arrays(cut(y, &part)?),
            weights: cut(weights, &part)?,
            saving: saving(options.save_to_dir, options.save_prefix, options.save_format),
            class_names: Vec::new(),
            filenames: Vec::new(),
        };
        parts.flow(Course {
            count: part.len(),
            batch_size: options.batch_size,
            shuffle: options.shuffle,
            seed: options.seed,
            workers: options.workers,
        })
    }
}

/// An error unless the same numbers stand before and behind a place.
fn same_classes(y: &[Tensor], place: usize) -> Result<()> {
    for target in y {
        let values = target.to_f64_vec();
        let width = values.len() / target.shape().first().copied().unwrap_or(1).max(1);
        let (before, behind) = values.split_at((place * width).min(values.len()));
        let classes = |part: &[f64]| part.iter().map(|v| v.to_bits()).collect::<BTreeSet<_>>();
        if classes(before) != classes(behind) {
            let problem = "y: training and validation have different classes; shuffle the data first, \
                           or set ignore_class_split";
            return Err(Error::Data(problem.into()));
        }
    }
    Ok(())
}
