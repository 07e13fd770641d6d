//! Pictures brought to scale, by numbers of their own or of all data.
use super::generator::ImageDataGenerator;
use super::pixels::Grid;
use super::transform::seeded;
use super::whitening::{Whitening, whitening};
use crate::config::ChannelsOrder;
use crate::{Config, Error, Result, console};
use ferras_graph::{DType, Tensor};
use std::sync::Arc;

/// What [`ImageDataGenerator::fit`] found out.
#[derive(Clone, Debug, Default)]
pub(super) struct Statistics {
    /// Of each channel.
    mean: Option<Vec<f32>>,
    deviation: Option<Vec<f32>>,
    whitening: Option<Arc<Whitening>>,
}

/// The options of [`ImageDataGenerator::fit`]: Keras' arguments and defaults.
#[derive(Clone, Debug, Config)]
#[config(module = "keras.preprocessing.image")]
pub struct FitImages {
    /// Whether statistics are those of pictures changed at random; false by default.
    #[config(default = false)]
    augment: bool,
    /// How often each picture is taken with `augment`; 1 by default.
    #[config(default = 1)]
    rounds: usize,
    /// What random changes follow from; by default a seed of the program's.
    #[config(default = None)]
    seed: Option<u64>,
}

/// What is added to deviations, so that pictures of one colour are divided by something.
const LEAST: f32 = 1e-6;

impl ImageDataGenerator {
    /// Finds out means, deviations and what makes pixels independent, as the arguments want them.
    ///
    /// - **Input** pictures `(batch, rows, columns, channels)`.
    /// - **Errors**: another rank, no pictures.
    ///
    /// ```
    /// use ferras::Tensor;
    /// use ferras::preprocessing::image::{FitImages, ImageDataGenerator};
    /// let x = Tensor::new([2, 1, 1, 1], vec![1.0_f32, 3.0])?;
    /// let mut generator = ImageDataGenerator::new().featurewise_center(true);
    /// generator.fit(&x, FitImages::new())?;
    /// let first = Tensor::new([1, 1, 1], vec![1.0_f32])?;
    /// assert_eq!(generator.standardize(&first)?.to_f64_vec(), [-1.0]);
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn fit(&mut self, x: &Tensor, options: FitImages) -> Result<()> {
        self.check()?;
        let mut pictures = grids(x, self.order()?)?;
        let scale = self.rescale.filter(|r| *r != 0.0).map(|r| r as f32);
        if let Some(scale) = scale {
            pictures.iter_mut().flat_map(|p| &mut p.values).for_each(|v| *v *= scale);
        }
        if options.augment {
            let mut random = seeded(options.seed);
            let mut changed = Vec::new();
            for picture in (0..options.rounds).flat_map(|_| &pictures) {
                let [rows, columns, _] = picture.size;
                let transform = self.draw(&mut random, [rows, columns]);
                changed.push(transform.apply(picture.clone(), self.sight()?)?);
            }
            pictures = changed;
        }
        let Some(channels) = pictures.first().map(|p| p.size[2]) else {
            return Err(Error::argument("x", "must have at least one picture"));
        };
        self.statistics = Statistics::default();
        if self.centers() {
            let mean = means(&pictures, channels, |v, _| v);
            each(&mut pictures, |v, c| *v -= mean[c]);
            self.statistics.mean = Some(mean);
        }
        if self.deviates() {
            let mean = means(&pictures, channels, |v, _| v);
            let squares = means(&pictures, channels, |v, c| (v - f64::from(mean[c])).powi(2));
            let deviation: Vec<f32> = squares.iter().map(|v| v.sqrt()).collect();
            each(&mut pictures, |v, c| *v /= deviation[c] + LEAST);
            self.statistics.deviation = Some(deviation);
        }
        if self.zca_whitening {
            let rows: Vec<Vec<f32>> = pictures.into_iter().map(|p| p.values).collect();
            self.statistics.whitening = Some(Arc::new(whitening(&rows, self.zca_epsilon)?));
        }
        Ok(())
    }

    /// A picture brought to scale: `preprocessing_function`, `rescale`, its own mean and deviation, then
    /// those of all data and whitening, as far as the arguments ask for them. What wants
    /// [`ImageDataGenerator::fit`] first is left out with a warning, as in Keras.
    pub fn standardize(&self, x: &Tensor) -> Result<Tensor> {
        self.check()?;
        let order = self.order()?;
        let grid = self.scaled(Grid::of(x, order)?, order)?;
        Ok(grid.into_tensor(order)?.cast(self.float()))
    }

    /// The same for pixels on their way.
    pub(crate) fn scaled(&self, mut grid: Grid, order: ChannelsOrder) -> Result<Grid> {
        if let Some(function) = &self.preprocessing_function {
            let size = grid.size;
            grid = Grid::of(&(function.0)(grid.into_tensor(order)?)?, order)?;
            if grid.size != size {
                let problem = format!("must keep the shape {size:?}, it gave {:?}", grid.size);
                return Err(Error::argument("preprocessing_function", problem));
            }
        }
        if let Some(scale) = self.rescale.filter(|r| *r != 0.0) {
            grid.values.iter_mut().for_each(|v| *v *= scale as f32);
        }
        if self.samplewise_center || self.samplewise_std_normalization {
            let mean = mean(&grid.values, |v| v);
            grid.values.iter_mut().for_each(|v| *v -= mean as f32);
        }
        if self.samplewise_std_normalization {
            let middle = mean(&grid.values, |v| v);
            let deviation = mean(&grid.values, |v| (v - middle).powi(2)).sqrt() as f32 + LEAST;
            grid.values.iter_mut().for_each(|v| *v /= deviation);
        }
        self.by_statistics(&mut grid)?;
        Ok(grid)
    }

    fn by_statistics(&self, grid: &mut Grid) -> Result<()> {
        let found = &self.statistics;
        let parts = [
            ("featurewise_center", self.centers(), found.mean.is_some()),
            ("featurewise_std_normalization", self.deviates(), found.deviation.is_some()),
            ("zca_whitening", self.zca_whitening, found.whitening.is_some()),
        ];
        for (name, wanted, known) in parts {
            if wanted && !known {
                console::warn(&format!("{name} is left out: it wants fit with sample data first"));
            }
        }
        let channels = grid.size[2];
        let misfit = |found: usize| {
            let problem =
                format!("must have the {found} channels of the data of fit, got {channels}");
            Err(Error::argument("x", problem))
        };
        if let Some(mean) = &found.mean {
            if mean.len() != channels {
                return misfit(mean.len());
            }
            each(std::slice::from_mut(grid), |v, c| *v -= mean[c]);
        }
        if let Some(deviation) = &found.deviation {
            each(std::slice::from_mut(grid), |v, c| *v /= deviation[c] + LEAST);
        }
        match &found.whitening {
            Some(whitening) => whitening.apply(&mut grid.values),
            None => Ok(()),
        }
    }
}

fn mean(values: &[f32], of: impl Fn(f64) -> f64) -> f64 {
    values.iter().map(|v| of(f64::from(*v))).sum::<f64>() / values.len().max(1) as f64
}

/// The mean of each channel over all pictures, of a function of the values.
fn means(pictures: &[Grid], channels: usize, of: impl Fn(f64, usize) -> f64) -> Vec<f32> {
    let mut sums = vec![0.0_f64; channels];
    let mut count = 0;
    for pixel in pictures.iter().flat_map(|p| p.values.chunks_exact(channels.max(1))) {
        sums.iter_mut().zip(pixel).enumerate().for_each(|(c, (s, v))| *s += of(f64::from(*v), c));
        count += 1;
    }
    sums.iter().map(|s| (s / f64::from(count.max(1))) as f32).collect()
}

/// Changes each value, knowing its channel.
fn each(pictures: &mut [Grid], mut change: impl FnMut(&mut f32, usize)) {
    for picture in pictures {
        let channels = picture.size[2].max(1);
        picture.values.iter_mut().enumerate().for_each(|(i, v)| change(v, i % channels));
    }
}

/// The pictures of a batch.
pub(crate) fn grids(x: &Tensor, order: ChannelsOrder) -> Result<Vec<Grid>> {
    let &[count, a, b, c] = &x.shape()[..] else {
        let problem = format!("must be pictures, an array of rank 4, got {}", x.ty());
        return Err(Error::argument("x", problem));
    };
    let x = x.cast(DType::F32);
    let one = |row: usize| {
        let mut kept = Vec::new();
        let picture = x.rows(row..row + 1, &mut kept)?.to_tensor().reshape([a, b, c])?;
        Grid::of(&picture, order)
    };
    (0..count).map(one).collect()
}
